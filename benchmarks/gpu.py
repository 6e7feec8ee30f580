"""What a GPU gives in ten minutes: Fig. 9's grid, a series of snapshots with four more models, and rates.

In this order, a file after every part, within a limit of seconds: what does not fit is left out, and said.

(a) compiled and recorded steps against plain ones, and steps a second;
(b) the 81 trainings of Fig. 9 -> elbo-grid.json;
(c) models of the zoo's recipe side by side, one of them kept at several epochs -> models-N.tar;
(d) steps a second of the engines, a plain loop and the zoo's length -> gpu.json.

Every stack is of another shape, which takes half a minute to compile: processes of their own compile all of them at
once at the beginning, and leave the kernels in the cache of torch's compiler.

Try: python -m benchmarks.gpu --out out --dataset digits --epochs 6 --grid-epochs 2 --snapshots 1,3,6
"""

import argparse
import gc
import json
import math
import os
import shutil
import subprocess
import sys
import tarfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core import experiments, train
from core.checkpoint import TrainingState
from core.data import Dataset, load_dataset
from core.device_epoch import DeviceEpoch, Images
from core.device_stack import DeviceStack
from core.experiments.training import file_trained
from core.settings import Settings
from core.specs import GridSpec, ModelSpec
from core.stack import Stack
from core.zoo import recipe, zoo_name

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
TAR_BYTES = 15_000_000  # of one archive: what comes back from a lent machine is limited
CLOSE = {"loss in float32": 1e-3, "updates in float32": 0.05, "loss": 0.01, "padding": 0.01}  # relative, but padding
TARGETS = {1: 8000, 12: 2300}  # steps a second on an H100, by models side by side
PATIENCE = 100.0  # s to wait for the processes that compile
SERIES_EPOCH = 0.15  # s, of the series on an H100, where part (a) did not measure it
FEW = 2400  # images of the check in float32


@dataclass
class Bench:
    """The run of this script: its options, images, clock, and what was found."""

    args: argparse.Namespace
    training: Dataset
    test: Dataset
    started: float
    found: dict[str, Any] = field(default_factory=dict)
    packed: list[list[Path]] = field(default_factory=list)
    compiled: bool = DEVICE.type == "cuda"

    @property
    def left(self) -> float:
        """Seconds."""
        return self.args.seconds - (time.monotonic() - self.started)

    @property
    def pixels(self) -> int:
        """Of an image."""
        return self.training.images.shape[1]

    def say(self, text: str) -> None:
        """A line with the time, on stderr and in the log."""
        line = f"{time.monotonic() - self.started:6.1f} s  {text}"
        print(line, file=sys.stderr, flush=True)
        with (self.args.out / "log.txt").open("a") as log:
            log.write(line + "\n")

    def note(self, **found: Any) -> None:
        """Add to what was found, and write it."""
        self.found |= found
        versions = {"torch": torch.__version__, "device": name_of_device(), "seconds": round(self.args.seconds)}
        (self.args.out / "gpu.json").write_text(json.dumps(versions | self.found, indent=1) + "\n")

    def pack(self, path: Path) -> None:
        """Add a file to the last archive, or to a new one where that would become too large."""
        size = path.stat().st_size
        if not self.packed or sum(other.stat().st_size for other in self.packed[-1]) + size > TAR_BYTES:
            self.packed.append([])
        self.packed[-1].append(path)
        archive = self.args.out / f"models-{len(self.packed)}.tar"
        with tarfile.open(archive, "w") as tar:
            for member in self.packed[-1]:
                tar.add(member, member.name)

    @property
    def engine(self) -> type[DeviceStack]:
        """How to train."""
        return DeviceStack if self.compiled else Plain

    def stop_when_late(self, reserve: float = 0.0) -> Callable[[float, str], None]:
        """A progress that ends a training in time."""

        def progress(share: float, text: str) -> None:
            if self.left < reserve:
                raise train.CancelledError(f"stopped at {share:.0%}")

        return progress


def name_of_device() -> str:
    """The GPU's name, or cpu."""
    return torch.cuda.get_device_name() if DEVICE.type == "cuda" else "cpu"


# The stacks


def of_zoo(args: argparse.Namespace, n_latent: int = 100, seed: int = 0, beta: float = 1.0) -> ModelSpec:
    """A recipe of the zoo, of the length and data set that were asked for."""
    spec = replace(recipe(args.dataset, n_latent, seed, beta), epochs=args.epochs)
    return replace(spec, n_hidden=args.hidden)


def series(args: argparse.Namespace) -> list[ModelSpec]:
    """The models of part (c), the first of which is kept at several epochs."""
    return [of_zoo(args, seed=3), of_zoo(args, seed=4), *(of_zoo(args, seed=seed, beta=2.0) for seed in (1, 2))]


def zoo(args: argparse.Namespace) -> list[ModelSpec]:
    """The 14 models of the zoo that are trained on MNIST."""
    sizes = (100, 50, 20, 14, 10, 8, 6, 4, 2)
    others = [of_zoo(args, seed=seed) for seed in (1, 2)] + [of_zoo(args, beta=beta) for beta in (2.0, 1.5, 3.0)]
    return [*(of_zoo(args, n_latent) for n_latent in sizes), *others]


def seeds(args: argparse.Namespace, n_models: int) -> list[ModelSpec]:
    """Models that differ in their seed."""
    return [of_zoo(args, seed=seed) for seed in range(n_models)]


def grid(args: argparse.Namespace) -> GridSpec:
    """The trainings of Fig. 9."""
    return GridSpec(dataset=args.dataset, epochs=args.grid_epochs)


def grid_stacks(args: argparse.Namespace) -> list[list[ModelSpec]]:
    """The three stacks of the grid, the quickest first."""
    return sorted(train.stacks_of(grid(args).cells, torch.device("cuda")), key=lambda stack: -stack[0].batch_size)


def shapes(args: argparse.Namespace) -> dict[str, list[ModelSpec]]:
    """A stack of every shape that is compiled."""
    stacks = {f"grid {stack[0].batch_size}": stack for stack in reversed(grid_stacks(args))}
    stacks |= {f"{n} models": seeds(args, n) for n in (12, 1, 8)}
    return stacks | {"series": series(args), "zoo": zoo(args), "check": pair(args)}


def pair(args: argparse.Namespace) -> list[ModelSpec]:
    """Two models of different N_z and beta, in float32."""
    return [replace(spec, precision="float32") for spec in (of_zoo(args, 100, 0, 2.0), of_zoo(args, 20, 1))]


def few(training: Dataset) -> Dataset:
    """The images of the check in float32."""
    return replace(training, images=training.images[:FEW], labels=training.labels[:FEW])


class Plain(DeviceStack):
    """The engine without the compiler."""

    @staticmethod
    def begin(
        specs: Sequence[ModelSpec], n_pixels: int, device: torch.device, compiled: bool | None = None
    ) -> DeviceStack:
        """As `DeviceStack.begin`."""
        return DeviceStack.begin(specs, n_pixels, device, False)


def prepared(specs: Sequence[ModelSpec], training: Dataset, compiled: bool) -> DeviceStack:
    """A stack with its buffers and a first epoch behind it, so that the graph is there."""
    stack = DeviceStack.begin(specs, training.images.shape[1], DEVICE, compiled)
    stack.run_epoch(Images.of(training.images, DEVICE))
    return stack


def compile_one(args: argparse.Namespace, training: Dataset) -> None:
    """Compile the steps of one shape in this process: the kernels stay in the cache on the disk."""
    start, specs = time.monotonic(), shapes(args)[args.compile]
    training = few(training) if args.compile == "check" else training
    stack = DeviceStack.begin(specs, training.images.shape[1], DEVICE)
    images = Images.of(training.images, DEVICE)
    epoch = DeviceEpoch(specs, stack.weights, stack.first, stack.second, images)
    epoch.prepare(0, [1e-4] * len(specs))
    if epoch.recorded:
        epoch.begin()
    else:
        epoch.advance()
    synchronize()
    print(f"compiled {args.compile} in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)


def compile_all(bench: Bench) -> dict[str, subprocess.Popen[bytes]]:
    """Start a process for every shape."""
    if not bench.compiled and not bench.args.try_compile:
        return {}
    log = (bench.args.out / "log.txt").open("ab")
    started = {}
    for name in shapes(bench.args):
        command = [sys.executable, "-m", "benchmarks.gpu", *sys.argv[1:], "--compile", name]
        environment = os.environ | {"TORCHINDUCTOR_COMPILE_THREADS": "1", "OMP_NUM_THREADS": "1"}
        started[name] = subprocess.Popen(command, env=environment, stderr=log, stdout=log)
    return started


def wait_for(bench: Bench, started: dict[str, subprocess.Popen[bytes]]) -> None:
    """Wait until all shapes are compiled; what fails or takes too long is compiled again when it is needed."""
    until = time.monotonic() + PATIENCE
    for name, process in started.items():
        try:
            status = process.wait(max(0.0, until - time.monotonic()))
            bench.say(f"the process that compiles {name} ended with {status}")
        except subprocess.TimeoutExpired:
            process.kill()
            bench.say(f"the process that compiles {name} took too long and was ended")


def synchronize() -> None:
    """Wait for the GPU."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def freed() -> None:
    """Give memory back that nothing refers to any more."""
    gc.collect()
    if DEVICE.type == "cuda":
        torch.cuda.empty_cache()


# (a) Are the numbers right, and how fast do they come?


def movement(stack: DeviceStack, before: list[Tensor], other: DeviceStack) -> float:
    """How far two trainings from the same weights came apart, relative to how far they went, in the worst layer."""
    shifts = zip(stack.weights, other.weights, before, strict=True)
    return max(float((a - b).norm() / (b - start).norm().clamp_min(1e-30)) for a, b, start in shifts)


def compare(bench: Bench, specs: list[ModelSpec], training: Dataset) -> dict[str, float]:
    """The same epoch, compiled and recorded, and plain."""
    ways = [DeviceStack.begin(specs, bench.pixels, DEVICE, compiled) for compiled in (bench.compiled, False)]
    before, images = [each.clone() for each in ways[0].weights], Images.of(training.images, DEVICE)
    for stack in ways:
        stack.run_epoch(images)
    pairs = list(zip(ways[0].losses[0], ways[1].losses[0], strict=True))
    padding = max(float(ways[0].weights[4][s, :, spec.n_latent :].abs().sum()) for s, spec in enumerate(specs))
    return {
        "loss": max(abs(a - b) / abs(b) for a, b in pairs),
        "updates": movement(ways[0], before, ways[1]),
        "padding": padding,
        "first loss": pairs[0][1],
    }


def check(bench: Bench) -> None:
    """Compare in bfloat16 at full size, and in float32 with two models of 24 steps; without the compiler if wrong."""
    exact = compare(bench, pair(bench.args), few(bench.training))
    bench.say(f"compiled against plain, float32, 24 steps: {rounded(exact)}")
    rough = compare(bench, zoo(bench.args)[:1], bench.training)
    bench.say(f"compiled against plain, {zoo(bench.args)[0].precision}, an epoch: {rounded(rough)}")
    right = {
        "loss in float32": exact["loss"] < CLOSE["loss in float32"],
        "updates in float32": exact["updates"] < CLOSE["updates in float32"],
        "loss": rough["loss"] < CLOSE["loss"],
        "padding": max(exact["padding"], rough["padding"]) < CLOSE["padding"],
    }
    bench.note(check={"float32": exact, "bfloat16": rough, "close": CLOSE, "right": right})
    if not all(right.values()):
        bench.compiled = False
        bench.say(f"WRONG: {right}. All goes on without the compiler.")
    freed()


def rounded(values: dict[str, float]) -> str:
    """Numbers for a line of the log."""
    return ", ".join(f"{name} {value:.3g}" for name, value in values.items())


def seconds_of_epoch(bench: Bench, specs: Sequence[ModelSpec], epochs: int = 3) -> float:
    """Of a stack, the fastest of some epochs after the first."""
    stack = prepared(specs, bench.training, bench.compiled)
    images = Images.of(bench.training.images, DEVICE)
    taken = []
    for _ in range(min(epochs, specs[0].epochs - 1)):
        start = time.perf_counter()
        stack.run_epoch(images)
        taken.append(time.perf_counter() - start)
    del stack
    freed()
    return min(taken)


def rate(bench: Bench, specs: Sequence[ModelSpec]) -> float:
    """Steps a second of a stack: of all its models, side by side."""
    return math.ceil(len(bench.training.images) / specs[0].batch_size) / seconds_of_epoch(bench, specs)


def rates_at_first(bench: Bench) -> None:
    """Steps a second alone and with twelve models, and how long the series would take."""
    rates = {}
    for n_models, target in TARGETS.items():
        rates[f"{n_models} side by side"] = round(rate(bench, seeds(bench.args, n_models)))
        bench.say(f"{n_models} side by side: {rates[f'{n_models} side by side']:,} steps/s, target {target:,}")
    bench.note(rates=rates, series_epoch=seconds_of_epoch(bench, series(bench.args)))
    bench.say(f"the series: {bench.found['series_epoch']:.4f} s an epoch")


# (b) Fig. 9


def run_grid(bench: Bench) -> None:
    """Train the cells that are missing, stack by stack, as long as enough time is left for the series."""
    path, taken, previous = bench.args.out / "elbo-grid.json", {}, 0.0
    if experiments.GRID.exists() and not path.exists():
        shutil.copy(experiments.GRID, path)
    reserve = series_seconds(bench, bench.args.epochs) + bench.args.spare
    missing = set(experiments.missing_cells(grid(bench.args), path))
    for stack in grid_stacks(bench.args):
        cells = [spec for spec in stack if spec in missing]
        name = f"batch {stack[0].batch_size}"
        if not cells or previous * 2.0 > bench.left - reserve:
            bench.say(f"grid, {name}: left out, {len(cells)} cells, {bench.left:.0f} s left, {reserve:.0f} s reserved")
            continue
        start = time.monotonic()
        options: dict[str, Any] = {"engine": bench.engine, "progress": bench.stop_when_late(reserve)}
        try:
            found = experiments.grid_cells(cells, **options)
        except train.CancelledError as error:
            bench.say(f"grid, {name}: {error}; its cells are lost")
            continue
        for cell in found:
            experiments.record_cell(cell, path)
        previous = taken[name] = time.monotonic() - start
        best = min(cell.negative_elbo for cell in found)
        bench.say(f"grid, {name}: {len(cells)} cells in {previous:.1f} s, best {best:.2f} nats")
        bench.note(grid=taken, grid_total=sum(taken.values()))
        freed()


# (c) The series


def series_seconds(bench: Bench, epochs: int) -> float:
    """What the series takes, with the filing of its models."""
    return bench.found.get("series_epoch", SERIES_EPOCH) * 1.03 * epochs + bench.args.filing


def run_series(bench: Bench) -> None:
    """Train the models of part (c); where the time does not suffice, by a recipe of fewer epochs."""
    choices = [bench.args.epochs, *(bench.args.epochs * share // 6 for share in (4, 3, 2, 1))]
    epochs = next((n for n in choices if series_seconds(bench, n) < bench.left), 0)
    if not epochs:
        bench.say("series: left out, too little time is left")
        return
    if epochs != bench.args.epochs:
        bench.say(f"series: {epochs} epochs instead of {bench.args.epochs}, {bench.left:.0f} s are left")
    specs = [replace(spec, epochs=epochs) for spec in series(bench.args)]
    settings, images = Settings.from_environment(), (bench.training, bench.test)
    folder, last, start = bench.args.work, [], time.monotonic()

    def file(name: str, s: int, spec: ModelSpec, found: list[Any], n_memories: int) -> None:
        vae, course = found[s]
        file_trained(folder / f"{name}.safetensors", spec, vae, course, images, settings, n_memories)
        bench.pack(folder / f"{name}.safetensors")

    def keep(state: TrainingState) -> None:
        last[:] = [state]
        if state.epoch in bench.args.snapshots and state.epoch <= epochs:
            found = list(zip(state.networks(), state.courses(), strict=True))
            file(f"{zoo_name(specs[0])}.epoch-{state.epoch:04}", 0, specs[0], found, 100)
            bench.say(f"snapshot at epoch {state.epoch}: test -ELBO {found[0][1].test_negative_elbo[-1]:.2f} nats")

    options: dict[str, Any] = {"device": DEVICE, "engine": bench.engine, "keep": keep}
    stopped = ""
    try:
        found = train.train_stack(specs, *images, progress=bench.stop_when_late(bench.args.filing / 2), **options)
    except train.CancelledError as error:
        found = list(zip(last[0].networks(), last[0].courses(), strict=True))
        stopped = f".stopped-{last[0].epoch:04}"
        bench.say(f"series: {error}; what there is is filed")
    trained = time.monotonic() - start
    for s, spec in enumerate(specs):
        file(f"{zoo_name(spec)}{stopped}", s, spec, found, 500)
        bench.say(f"{zoo_name(spec)}{stopped}: test -ELBO {found[s][1].test_negative_elbo[-1]:.2f} nats")
    bench.note(series={"seconds": trained, "epochs": len(found[0][1].train_negative_elbo), "models": len(specs)})
    freed()


# (d) Rates


def timed(act: Callable[[], object], repeats: int = 3) -> float:
    """Seconds of the fastest of some repeats, after one that warms up."""
    act()
    taken = []
    for _ in range(repeats):
        synchronize()
        start = time.perf_counter()
        act()
        synchronize()
        taken.append(time.perf_counter() - start)
    return min(taken)


def before(bench: Bench, n_models: int) -> float:
    """Steps a second of the engine that draws on the CPU and takes one step at a time."""
    images = torch.from_numpy(bench.training.images[: 100 * bench.args.few]).to(DEVICE)
    stack = Stack.begin([replace(spec, epochs=5000) for spec in seeds(bench.args, n_models)], bench.pixels, DEVICE)
    return math.ceil(len(images) / 100) / timed(lambda: stack.run_epoch(images))


def plain(bench: Bench) -> float:
    """Steps a second of a script: a DataLoader, automatic differentiation, torch.optim.Adam."""
    from benchmarks.training import PlainLoop

    images = torch.from_numpy(bench.training.images[: 100 * bench.args.few])
    loop = PlainLoop(replace(of_zoo(bench.args), epochs=5000), images)
    return math.ceil(len(images) / 100) / timed(loop.run_epoch)


def run_rates(bench: Bench) -> None:
    """Rates of the engine, of the one before it and of a plain loop, as far as the time goes."""
    args, rates = bench.args, dict(bench.found.get("rates", {}))

    def zoo_minutes() -> float:
        seconds = seconds_of_epoch(bench, zoo(args)) + seconds_of_epoch(bench, series(args))
        return seconds * args.epochs / 60

    parts: dict[str, Callable[[], float]] = {
        "alone": lambda: rate(bench, seeds(args, 1)),
        "8 side by side": lambda: rate(bench, seeds(args, 8)),
        "12 side by side": lambda: rate(bench, seeds(args, 12)),
        "before, alone": lambda: before(bench, 1),
        "before, 8 side by side": lambda: before(bench, 8),
        "plain loop": lambda: plain(bench),
        "zoo of 14 and 4 models, minutes": zoo_minutes,
    }
    for name, part in parts.items():
        if bench.left < args.spare:
            bench.say(f"{name}: left out")
            continue
        try:
            rates[name] = part()
        except Exception as error:
            bench.say(f"FAILED: {name}: {type(error).__name__}: {error}")
            continue
        bench.say(f"{name}: {rates[name]:,.4g}")
        bench.note(rates=rates)
        freed()
    if {"alone", "8 side by side"} <= set(rates):
        bench.note(stack_of_8_against_8_apart=8 * rates["8 side by side"] / rates["alone"])


# The command


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="folder for the results")
    options.add_argument("--work", type=Path, default=Path("gpu-work"), help="folder for the models one by one")
    options.add_argument("--seconds", type=float, default=560, help="limit for all (default: 560)")
    options.add_argument("--dataset", default="mnist", help="mnist, or digits to try it out")
    options.add_argument("--epochs", type=int, default=1500, help="of the series (default: 1500)")
    options.add_argument("--grid-epochs", type=int, default=100, help="of the grid (default: 100)")
    options.add_argument("--hidden", type=int, default=1024, help="hidden units (default: 1024)")
    options.add_argument("--few", type=int, default=300, help="steps of the slower ways (default: 300)")
    options.add_argument("--snapshots", default="1,5,20,60,150,500,1500", help="epochs that are kept")
    options.add_argument("--filing", type=float, default=15, help="seconds to file the models of the series")
    options.add_argument("--spare", type=float, default=10, help="seconds that are left at the end")
    options.add_argument("--parts", default="abcd", help="which parts (default: abcd)")
    options.add_argument("--compile", help=argparse.SUPPRESS)
    options.add_argument("--try-compile", action="store_true", help="start the processes that compile on a CPU too")
    args = options.parse_args(arguments)
    args.snapshots = [int(epoch) for epoch in args.snapshots.split(",")]
    return args


def main(arguments: list[str] | None = None) -> int:
    """All parts in order; one that fails is said, and the next one begins."""
    started, args = time.monotonic(), read_arguments(arguments)
    folder = Settings.from_environment().data
    training = load_dataset(args.dataset, folder)
    if args.compile:
        compile_one(args, training)
        return 0
    for path in (args.out, args.work):
        path.mkdir(parents=True, exist_ok=True)
    bench = Bench(args, training, load_dataset(args.dataset, folder, train=False), started)
    bench.say(f"torch {torch.__version__}, {name_of_device()}, {len(training.images):,} images of {args.dataset}")
    wait_for(bench, compile_all(bench))
    parts = {"a": (check, rates_at_first), "b": (run_grid,), "c": (run_series,), "d": (run_rates,)}
    status = 0
    for part, acts in parts.items():
        for act in acts if part in args.parts else ():
            try:
                act(bench)
            except Exception as error:
                bench.say(f"FAILED: {act.__name__}: {type(error).__name__}: {error}")
                bench.say(traceback.format_exc())
                status = 1
    bench.say("done")
    return status


if __name__ == "__main__":
    sys.exit(main())
