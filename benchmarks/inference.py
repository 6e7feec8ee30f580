"""300 runs of 60 steps: ours in one batch, a loop over single runs, and pythae; same weights, same inputs, same run.

That all compute the same is checked in float64. In float32, which is timed, the order of additions differs between
ways and repeated inference amplifies that rounding in the runs that pass near a border of two basins: 1e-6 at t = 0
is 1e-2 at t = 60 in the worst of 300 runs. The table says how far they come apart.

pythae is optional: pip install -r benchmarks/requirements.txt

Try: python -m benchmarks.inference --repeats 5
"""

import argparse
import importlib
import statistics
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import report
from benchmarks.server import images_here
from core import experiments
from core.inference import repeated_inference
from core.session import Session
from core.settings import Settings
from core.specs import InferenceSpec, NoiseSweepSpec
from core.store import Model
from core.vae import VAE

MODEL = "mnist-nz100-seed0"
TOLERANCE = 1e-4  # of every latent coordinate at every step, in float64
OURS = "ours, one batch"
THREADS = torch.get_num_threads()

Follow = Callable[[Tensor, int], Tensor]
"""Starting images and T -> z(0), ..., z(T)."""


@dataclass(frozen=True)
class Timing:
    """Seconds of the repeats of one way of computing."""

    what: str
    threads: int
    seconds: list[float]
    difference: float

    @property
    def median(self) -> float:
        """Of the seconds."""
        return statistics.median(self.seconds)


def ours(vae: VAE) -> Follow:
    """The core's function, all runs in one batch."""
    return lambda x, n_steps: repeated_inference(vae, x, n_steps)


def one_by_one(vae: VAE) -> Follow:
    """A plain loop over runs, written as a script would write it."""

    @torch.no_grad()
    def follow(x: Tensor, n_steps: int) -> Tensor:
        runs = []
        for image in x.split(1):
            z = [vae.encode(image)[0]]
            for _ in range(n_steps):
                z.append(vae.encode(vae.decode(z[-1]))[0])
            runs.append(torch.stack(z))
        return torch.cat(runs, dim=1)

    return follow


def peer(vae: VAE) -> Any:
    """The same network in pythae, through its base classes for encoders and decoders.

    Raises:
        ImportError: pythae is not installed, or does not run here.
    """
    models = importlib.import_module("pythae.models")
    bases = importlib.import_module("pythae.models.nn")
    answer = importlib.import_module("pythae.models.base.base_utils").ModelOutput
    n = vae.n_latent

    class Encoder(bases.BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = torch.nn.Linear(vae.n_pixels, vae.n_hidden)
            self.embedding = torch.nn.Linear(vae.n_hidden, n)
            self.log_var = torch.nn.Linear(vae.n_hidden, n)

        def forward(self, x: Tensor) -> Any:
            hidden = torch.tanh(self.hidden(x))
            return answer(embedding=self.embedding(hidden), log_covariance=self.log_var(hidden))

    class Decoder(bases.BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = torch.nn.Linear(n, vae.n_hidden)
            self.output = torch.nn.Linear(vae.n_hidden, vae.n_pixels)

        def forward(self, z: Tensor) -> Any:
            return answer(reconstruction=torch.sigmoid(self.output(torch.tanh(self.hidden(z)))))

    config = models.VAEConfig(input_dim=(vae.n_pixels,), latent_dim=n, reconstruction_loss="bce")
    model = models.VAE(config, encoder=Encoder(), decoder=Decoder())
    given = vae.state_dict()
    weights = {name: value for name, value in given.items() if not name.startswith("encoder.output")}
    for kind in ("weight", "bias"):
        mean, log_var = given[f"encoder.output.{kind}"].chunk(2)
        weights |= {f"encoder.embedding.{kind}": mean, f"encoder.log_var.{kind}": log_var}
    model.load_state_dict(weights)
    return model.eval().to(given["decoder.hidden.weight"].dtype)


def through_parts(model: Any) -> Follow:
    """pythae's encoder and decoder in turn: its way to the posterior mean."""

    @torch.no_grad()
    def follow(x: Tensor, n_steps: int) -> Tensor:
        z = [model.encoder(x).embedding]
        for _ in range(n_steps):
            z.append(model.encoder(model.decoder(z[-1]).reconstruction).embedding)
        return torch.stack(z)

    return follow


def through_reconstruct(model: Any) -> Follow:
    """pythae's public `reconstruct`, then its encoder to read z."""

    @torch.no_grad()
    def follow(x: Tensor, n_steps: int) -> Tensor:
        z = [model.encoder(x).embedding]
        for _ in range(n_steps):
            x = model.reconstruct(x)
            z.append(model.encoder(x).embedding)
        return torch.stack(z)

    return follow


def is_deterministic(model: Any, x: Tensor) -> bool:
    """Whether `reconstruct` gives the same image twice."""
    with torch.no_grad():
        return torch.equal(model.reconstruct(x[:1]), model.reconstruct(x[:1]))


def ways_of(vae: VAE, x: Tensor) -> tuple[dict[str, Follow], list[str]]:
    """All ways to compute the same trajectories, and what is not measured, with the reason."""
    ways, notes = {OURS: ours(vae), "plain loop, one run at a time": one_by_one(vae)}, []
    try:
        model = peer(vae)
    except ImportError as error:
        return ways, [f"pythae: not measured ({error}); try: pip install -r benchmarks/requirements.txt"]
    ways["pythae, one batch: model.encoder, model.decoder"] = through_parts(model)
    if is_deterministic(model, x):
        ways["pythae, one batch: model.reconstruct"] = through_reconstruct(model)
    else:
        notes.append("pythae's `reconstruct`: not measured (it samples z at every call: another experiment)")
    return ways, notes


def check(vae: VAE, x: Tensor, n_steps: int) -> None:
    """Refuse to time ways that do not compute the same trajectories.

    Raises:
        RuntimeError: Two ways differ, in float64, by more than rounding.
    """
    exact = deepcopy(vae).double()
    ways, _ = ways_of(exact, x.double())
    for name, difference in differences(ways, x.double(), n_steps).items():
        if not difference <= TOLERANCE:
            raise RuntimeError(f"'{name}' differs from '{OURS}' by {difference:.2g}.")


def differences(ways: dict[str, Follow], x: Tensor, n_steps: int) -> dict[str, float]:
    """The largest difference of any coordinate at any step from ours."""
    reference = ways[OURS](x, n_steps)
    return {name: float((way(x, n_steps) - reference).abs().max()) for name, way in ways.items()}


def compare(ways: dict[str, Follow], x: Tensor, n_steps: int, repeats: int) -> list[Timing]:
    """Time all ways in turns, on one thread and on all; the first round, untimed, warms them up."""
    timings = []
    for threads in sorted({1, THREADS}):
        torch.set_num_threads(threads)
        apart = differences(ways, x, n_steps)
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for i in range(repeats):
            report.say(f"{threads} threads, repeat {i + 1} of {repeats}")
            for name, way in ways.items():
                seconds[name].append(timed(lambda way=way: way(x, n_steps)))
        timings += [Timing(name, threads, found, apart[name]) for name, found in seconds.items()]
    return timings


def sweeps(spec: InferenceSpec, session: Session) -> list[Timing]:
    """A whole sweep of 41 p on all cores: each follows runs of its own (one thread of torch), or all share products."""
    sweep = NoiseSweepSpec(model=spec.model, source=spec.source, n_runs=spec.n_runs, n_steps=spec.n_steps)
    found = []
    for threads in sorted({1, THREADS}):
        torch.set_num_threads(threads)
        how = "all cores, runs of its own each" if threads == 1 else "all cores, products shared"
        report.say(f"sweep, {how}")
        seconds = timed(lambda: experiments.noise_sweep(sweep, session))
        found.append(Timing(f"sweep of {len(sweep.noises)} p, {how}", threads, [seconds], 0.0))
    return found


def timed(act: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def starts(model: Model, spec: InferenceSpec, session: Session) -> Tensor:
    """x(0) of all runs."""
    rows = list(range(spec.n_runs))
    return experiments.noisy(model, spec, experiments.starts(model, spec, rows, session), rows, spec.noise)


def written(timings: list[Timing], swept: list[Timing], notes: list[str], n_noises: int) -> str:
    """Both tables in Markdown; a ratio above 1 says how many times faster ours is."""
    base = {each.threads: each.median for each in timings if each.what == OURS}
    rows = [
        [
            *(t.what, str(t.threads), str(len(t.seconds)), f"{t.median:.3f}", f"{min(t.seconds):.3f}"),
            *(f"{max(t.seconds):.3f}", f"{t.median / base[t.threads]:.2f}", f"{t.difference:.1e}"),
        ]
        for t in timings
    ]
    columns = (
        "what",
        "threads",
        "n",
        "median, s",
        "min, s",
        "max, s",
        "time / ours",
        "largest difference in z, float32",
    )
    swept_rows = [[t.what, str(t.threads), f"{t.median:.2f}", f"{1000 * t.median / n_noises:.0f}"] for t in swept]
    below = report.table(("what", "threads of torch", "s", "ms per p"), swept_rows)
    return "\n\n".join([report.table(columns, rows), *(f"- {note}" for note in notes), below])


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    options = report.parser(__doc__)
    options.add_argument("--repeats", type=int, default=9, help="of every way of computing (default: 9)")
    return options.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    args = read_arguments(arguments)
    images = images_here()
    session = Session.open(replace(Settings.from_environment({}), data=images or Path(), device="cpu"))
    spec = InferenceSpec(model=MODEL, source="original" if images else "decoded")
    model = session.model(MODEL)
    x = starts(model, spec, session)
    ways, notes = ways_of(model.vae, x)
    check(model.vae, x, spec.n_steps)
    timings, swept = compare(ways, x, spec.n_steps, args.repeats), sweeps(spec, session)
    head = f"{MODEL}, {spec.n_runs} runs x {spec.n_steps} steps, label {spec.label}, p = {spec.noise:g}, "
    head += f"from {spec.source} images; torch {torch.__version__.partition('+')[0]}, float32, CPU."
    text = written(timings, swept, notes, len(NoiseSweepSpec(model=MODEL).noises))
    values = {"notes": notes, "timings": [vars(t) for t in timings], "sweeps": [vars(t) for t in swept]}
    report.publish("inference", f"{head}\n\n{text}", values, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
