"""Images a second in training: ours, pythae's trainer and a plain PyTorch loop; same network, batch, images and run.

All take turns, round by round; a ratio compares the two times of one round. Then ours and the plain loop are trained
with one recipe, and their test bounds compared: speed at the price of a worse model would be none.

pythae is optional: pip install -r benchmarks/requirements.txt

Try: python -m benchmarks.training --rounds 3 --epochs 1
"""

import argparse
import importlib
import logging
import math
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import report
from benchmarks.inference import peer
from benchmarks.report import Measure
from benchmarks.server import images_here
from core.data import Dataset, load_dataset
from core.held_out import held_out_metrics
from core.precision import has_bfloat16
from core.specs import ModelSpec
from core.stack import Stack, learning_rate
from core.vae import VAE, affine, elbo, initialise

SPEC = ModelSpec(epochs=5000)  # the paper's network; an epoch here is one pass over the images of a round
PIXELS = 784
FASTER, CLOSE, STACKED = 2.2, 0.3, 5.0  # targets: times as fast, nats, times as fast
SQUARE = 2048  # rows and columns of the large product
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
OPERATIONS = {  # of torch, by what they are in a step; all others are "the rest"
    "matrix products": ("aten::mm", "aten::addmm"),
    "Adam": ("aten::_fused_adam_", "Optimizer.step#Adam.step"),
    "conversions and copies": ("aten::copy_", "aten::_to_copy", "aten::to"),
}
PRECISIONS = ("bfloat16", "float32") if has_bfloat16(DEVICE) else ("float32",)  # of products, the default first


@dataclass
class PlainLoop:
    """Training as a script would write it: a DataLoader, automatic differentiation, `torch.optim.Adam`, float32."""

    spec: ModelSpec
    images: Tensor

    def __post_init__(self) -> None:
        self.vae = VAE(self.images.shape[1], self.spec.n_hidden, self.spec.n_latent)
        initialise(self.vae, self.spec.initialisation, torch.Generator().manual_seed(self.spec.seed))
        self.vae.to(DEVICE)
        self.loader = DataLoader(TensorDataset(self.images), batch_size=self.spec.batch_size, shuffle=True)
        self.optimiser = torch.optim.Adam(self.vae.parameters())
        self.epoch = 0

    def run_epoch(self) -> float:
        """One pass over the images; returns the mean loss."""
        self.optimiser.param_groups[0]["lr"] = learning_rate(self.spec, self.epoch)
        total = 0.0
        for (rows,) in self.loader:
            x = rows.to(DEVICE)
            noise = torch.randn(self.spec.n_samples, len(x), self.spec.n_latent, device=DEVICE)
            loss = -elbo(self.vae, x, noise)[0].mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            total += loss.item()
        self.epoch += 1
        return total / len(self.loader)


def ours(images: Tensor, **recipe: Any) -> Callable[[], object]:
    """One pass of the core's training; the images lie on the device."""
    stack, there = Stack.begin([replace(SPEC, **recipe)], PIXELS, DEVICE), images.to(DEVICE)
    return lambda: stack.run_epoch(there)


def pythae_trainer(images: Tensor, folder: str) -> Callable[[], object]:
    """One pass of pythae's `BaseTrainer.train_step`; its progress bars are off.

    Not in it: what `train` does around it once an epoch (a copy of the best model) and at the end (files).

    Raises:
        ImportError: pythae is not installed, or does not run here.
    """
    vae = VAE(PIXELS, SPEC.n_hidden, SPEC.n_latent)
    initialise(vae, SPEC.initialisation, torch.Generator().manual_seed(SPEC.seed))
    model = peer(vae)
    data, trainers = importlib.import_module("pythae.data.datasets"), importlib.import_module("pythae.trainers")
    logging.disable(logging.INFO)  # pythae prints its progress
    config = trainers.BaseTrainerConfig(
        output_dir=folder,
        per_device_train_batch_size=SPEC.batch_size,
        learning_rate=SPEC.learning_rates[0],
        no_cuda=DEVICE.type == "cpu",
    )
    dataset = data.BaseDataset(images, torch.zeros(len(images)))
    trainer = trainers.BaseTrainer(model, dataset, training_config=config)
    trainer.prepare_training()
    trainer.callback_handler.callbacks.clear()
    return lambda: trainer.train_step(1)


def ways_of(images: Tensor, folder: str) -> tuple[dict[str, Callable[[], object]], list[str]]:
    """Ways to train, with a pass over the images for each, and what is not measured, with the reason."""
    ways: dict[str, Callable[[], object]] = {
        **{f"ours, {name}, L = 1": ours(images, n_samples=1, precision=name) for name in PRECISIONS},
        "plain loop, L = 1": PlainLoop(replace(SPEC, n_samples=1), images).run_epoch,
        f"ours, {PRECISIONS[0]}, L = 2": ours(images),
        "plain loop, L = 2": PlainLoop(SPEC, images).run_epoch,
    }
    try:
        return ways | {"pythae, L = 1": pythae_trainer(images, folder)}, []
    except ImportError as error:
        return ways, [f"pythae: not measured ({error}); try: pip install -r benchmarks/requirements.txt"]


def in_turns(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of every way in every round; each round starts with another one, and the first, untimed, warms up."""
    names, seconds = list(ways), {name: [] for name in ways}
    for i in range(rounds + 1):
        report.say(f"round {i} of {rounds}" if i else "warming up")
        for name in names[i % len(names) :] + names[: i % len(names)]:
            taken = timed(ways[name])
            if i:
                seconds[name].append(taken)
    return seconds


def timed(act: Callable[[], object]) -> float:
    """Seconds until a call and all that it put on the GPU are done."""
    start = time.perf_counter()
    act()
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def layers(n_samples: int) -> list[tuple[int, int, int]]:
    """Rows, inputs and outputs of every layer in one step."""
    n, hidden, latent = SPEC.batch_size, SPEC.n_hidden, SPEC.n_latent
    decoded = n * n_samples
    return [(n, PIXELS, hidden), (n, hidden, 2 * latent), (decoded, latent, hidden), (decoded, hidden, PIXELS)]


def operations(n_samples: int) -> int:
    """Floating point operations of the 11 matrix products of one step, two per multiplication and addition.

    Each layer has three: outputs, gradient of the weights and gradient of the inputs; the first needs no last.
    """
    return sum(2 * math.prod(sizes) * (3 if i else 2) for i, sizes in enumerate(layers(n_samples)))


def products(dtype: torch.dtype) -> list[tuple[int, Callable[[], Tensor]]]:
    """The matrix products of one step at L = 1, as the core does them, each with its floating point operations."""
    found: list[tuple[int, Callable[[], Tensor]]] = []
    for i, (rows, n_in, n_out) in enumerate(layers(1)):
        x, d = (torch.randn(rows, width, device=DEVICE, dtype=dtype) for width in (n_in, n_out))
        w, b = torch.randn(n_out, n_in, device=DEVICE, dtype=dtype), torch.zeros(n_out, device=DEVICE, dtype=dtype)
        acts = [lambda x=x, w=w, b=b: affine(x, w, b), lambda x=x, d=d: d.mT @ x, lambda d=d, w=w: d @ w]
        found += [(2 * rows * n_in * n_out, act) for act in (acts if i else acts[:2])]
    return found


def product_rates(dtype: torch.dtype, repeats: int = 300) -> dict[str, float]:
    """GFLOP/s of matrix products; of every size the fastest repeat counts.

    Returns:
        "best" of the network's sizes and a large square product; "network": the network's sizes as one step mixes
        them, which is what training could reach if it did nothing else.
    """
    a = torch.randn(SQUARE, SQUARE, device=DEVICE, dtype=dtype)
    own, square = products(dtype), (2 * SQUARE**3, lambda: a @ a)
    fastest = [min(timed(act) for _ in range(repeats)) for _, act in own]
    fastest.append(min(timed(square[1]) for _ in range(10)))
    rates = [work / seconds / 1e9 for (work, _), seconds in zip([*own, square], fastest, strict=True)]
    return {"best": max(rates), "network": operations(1) / sum(fastest[:-1]) / 1e9}


def speeds(seconds: dict[str, list[float]], n_images: int, rates: dict[str, dict[str, float]]) -> list[Measure]:
    """Images a second, the ratios that have targets, and the share of the product rate that ours reaches."""
    found = [Measure(name, "images/s", [n_images / each for each in taken]) for name, taken in seconds.items()]

    def ratio(other: str, n_samples: int) -> Measure:
        end = f"{PRECISIONS[0]}, L = {n_samples}"
        mine, theirs = seconds[f"ours, {end}"], seconds.get(f"{other}, L = {n_samples}", [])
        values = [b / a for a, b in zip(mine, theirs, strict=True)] if theirs else []
        return Measure(f"{other} / ours in {end}", "times", values, {"p50": FASTER}, at_least=True)

    found += [ratio("pythae", 1), ratio("plain loop", 1), ratio("plain loop", 2)]
    for precision, rate in rates.items():
        for name in ("best", "network"):
            words = {"best": "the fastest size", "network": "the sizes of one step, L = 1"}[name]
            found.append(Measure(f"matrix products in {precision}: {words}", "GFLOP/s", [rate[name]]))
        steps = [n_images / SPEC.batch_size / each for each in seconds[f"ours, {precision}, L = 1"]]
        reached = [100 * operations(1) * each / 1e9 / rate["best"] for each in steps]
        found.append(Measure(f"ours, {precision}, L = 1, of the fastest size's rate", "%", reached))
    return found


def together(images: Tensor, n_models: int, rounds: int) -> list[Measure]:
    """A stack of models beside the same models one after another."""
    specs = [replace(SPEC, seed=seed) for seed in range(n_models)]
    stack, apart = Stack.begin(specs, PIXELS, DEVICE), [Stack.begin([spec], PIXELS, DEVICE) for spec in specs]
    there = images.to(DEVICE)
    ways: dict[str, Callable[[], object]] = {
        "stack": lambda: stack.run_epoch(there),
        "apart": lambda: [one.run_epoch(there) for one in apart],
    }
    seconds = in_turns(ways, rounds)
    values = [b / a for a, b in zip(seconds["stack"], seconds["apart"], strict=True)]
    limits = {"p50": STACKED} if DEVICE.type == "cuda" else {}
    return [Measure(f"{n_models} models apart / in one stack, L = 2", "times", values, limits, at_least=True)]


def trained(training: Dataset, test: Dataset, epochs: int) -> list[tuple[str, float, float]]:
    """Test bound and seconds of training, of ours in every precision and of the plain loop, all by one recipe."""
    spec, images = replace(SPEC, epochs=epochs), torch.from_numpy(training.images)
    stacks = {name: Stack.begin([replace(spec, precision=name)], PIXELS, DEVICE) for name in PRECISIONS}
    loop, there = PlainLoop(spec, images), images.to(DEVICE)
    ways: list[tuple[str, Callable[[], object], VAE]] = [
        *((f"ours, {name}", lambda stack=stack: stack.run_epoch(there), stack.vae) for name, stack in stacks.items()),
        ("plain loop", loop.run_epoch, loop.vae),
    ]
    found = []
    for name, run, vae in ways:
        report.say(f"{epochs} epochs: {name}")
        seconds = sum(timed(run) for _ in range(epochs))
        found.append((name, held_out_metrics(vae, test).negative_elbo, seconds))
    return found


def bounds_table(found: list[tuple[str, float, float]], epochs: int) -> str:
    """The test bounds in Markdown."""
    exact = {name: bound for name, bound, _ in found}["ours, float32"]
    rows = [[name, f"{bound:.2f}", f"{bound - exact:+.2f}", f"{seconds:.0f}"] for name, bound, seconds in found]
    head = ("what", f"test −ELBO after {epochs} epochs, nats", "beside ours in float32", "s")
    if len(PRECISIONS) == 1:
        return report.table(head, rows)
    away = abs(found[0][1] - exact)
    verdict = "pass" if away <= CLOSE else "miss"
    return f"{report.table(head, rows)}\n\nbfloat16 at most {CLOSE:g} nats from float32: {away:.2f}, {verdict}."


def step_table(images: Tensor, precision: str) -> str:
    """Where the time of a step goes at L = 1, by torch's profiler, in Markdown."""
    run = ours(images, n_samples=1, precision=precision)
    run()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        run()
    steps = len(images) / SPEC.batch_size
    spent = {event.key: event.self_cpu_time_total / steps / 1000 for event in profile.key_averages()}
    shares = {name: sum(spent.pop(key, 0.0) for key in keys) for name, keys in OPERATIONS.items()}
    shares["the rest"] = sum(spent.values())
    rows = [[name, f"{took:.2f}", f"{took / sum(shares.values()):.0%}"] for name, took in shares.items()]
    return report.table((f"a step, {precision}, L = 1", "ms", "share"), rows)


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    options = report.parser(__doc__)
    options.add_argument("--rounds", type=int, default=9, help="of every way to train (default: 9)")
    options.add_argument("--images", type=int, default=20_000, help="that a way trains on in a round (default: 20000)")
    options.add_argument(
        "--epochs", type=int, default=5, help="of the trainings whose bounds are compared (default: 5)"
    )
    return options.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    args = read_arguments(arguments)
    folder, bounds = images_here(), []
    images = torch.rand(args.images, PIXELS)
    if folder:
        training = load_dataset("mnist", folder)
        bounds = trained(training, load_dataset("mnist", folder, train=False), args.epochs)
        images = torch.from_numpy(training.images[: args.images])
    rates = {name: product_rates(getattr(torch, name)) for name in PRECISIONS}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as home:
        ways, notes = ways_of(images, home)
        measures = speeds(in_turns(ways, args.rounds), len(images), rates)
    n_models = 8 if DEVICE.type == "cuda" else 4
    measures += together(images[: len(images) // n_models], n_models, args.rounds)
    notes += [] if DEVICE.type == "cuda" else ["8 models in one stack beside 8 runs: not measured (no GPU)"]
    if not has_bfloat16(DEVICE):
        notes.append("ours in bfloat16, the default: not measured (products in bfloat16 are no faster here)")
    notes += [] if bounds else ["test bounds: not measured (no MNIST in LT_DATA)"]
    head = (
        f"{PIXELS}-{SPEC.n_hidden}-2x{SPEC.n_latent} and {SPEC.n_latent}-{SPEC.n_hidden}-{PIXELS}, batch "
        f"{SPEC.batch_size}, {len(images):,} {'images of MNIST' if folder else 'random images'} a round; torch "
        f"{torch.__version__.partition('+')[0]}, {DEVICE.type}, {torch.get_num_threads()} threads; "
        f"{operations(1) / 1e6:,.0f} million floating point operations a step at L = 1."
    )
    parts = [head, report.measures_table(measures), *(f"- {note}" for note in notes)]
    parts += [bounds_table(bounds, args.epochs)] if bounds else []
    parts += [step_table(images, PRECISIONS[0])] if DEVICE.type == "cpu" else []
    values = {"measures": [m.to_dict() for m in measures], "notes": notes, "bounds": bounds, "rates": rates}
    report.publish("training", "\n\n".join(parts), values, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
