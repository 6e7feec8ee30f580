"""The shipped stage bands beside an independent computation: plain NumPy from the weights, other images, other noise.

Nothing of the program computes here; it reads the images and the shipped bands. Where other images of a label are few
(the 8x8 digits) each of them runs several times, and the errors are over images. A stage agrees where it is the stage
of the other side within 0.05 in p. The stage is the smallest of three means over runs: where the two smallest differ by
less than two standard errors, on either side, another draw of runs may turn it, and the stage is undecided (the
explorer draws it paler). The error is that of the differences between the distances of each run. A stage that is
decided on both sides must agree.

Try: LT_DATA=data python -m benchmarks.stages mnist-nz100-seed0 --runs 300
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

from benchmarks import report
from benchmarks.server import images_here
from core.data import load_dataset
from core.specs import READINGS, SOURCES

MODELS = Path(__file__).resolve().parent.parent / "models"
STEPS = 60
WITHIN = 0.05 + 1e-9  # in p
PAIRS = ((0, 1), (0, 2), (1, 2))
VERDICTS = ("same within .05", "undecided", "apart")
Array = np.ndarray


@dataclass(frozen=True)
class Bands:
    """Stages over p (0, 1, 2), whether each is decided, and the two means it rests on, in words."""

    noises: Array
    stage: Array
    is_decided: Array
    text: list[str]


class Network:
    """The shipped weights, in float32."""

    def __init__(self, name: str):
        self.w = {key: value.astype(np.float32) for key, value in load_file(MODELS / f"{name}.safetensors").items()}
        self.n_latent = self.w["decoder.hidden.weight"].shape[1]

    def affine(self, x: Array, name: str) -> Array:
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def encode(self, x: Array) -> Array:
        return self.affine(np.tanh(self.affine(x, "encoder.hidden")), "encoder.output")[:, : self.n_latent]

    def decode(self, z: Array) -> Array:
        return 1 / (1 + np.exp(-self.affine(np.tanh(self.affine(z, "decoder.hidden")), "decoder.output")))


def swapped(images: Array, p: float, kind: str, rng: np.random.Generator) -> Array:
    """Noise that has nothing in common with the program's: another generator, drawn anew at every p."""
    selected = rng.random(images.shape) < p
    if kind == "invert":
        return np.where(selected, 1 - images, images)
    x = images.copy()
    for row, chosen in zip(x, selected, strict=True):
        row[chosen] = rng.permutation(row[chosen])
    return x


def minimum_distances(net: Network, x: Array, memories: Array, points: Array) -> Array:
    """Of every run to its memory and to each point, over t = 0 ... 60: (runs, 1 + points)."""
    smallest = np.full((len(x), 1 + len(points)), np.inf, np.float32)
    for t in range(STEPS + 1):
        z = net.encode(x)
        to_points = np.linalg.norm(z[:, None] - points, axis=-1)
        smallest = np.minimum(smallest, np.column_stack([np.linalg.norm(z - memories, axis=1), to_points]))
        if t < STEPS:
            x = net.decode(z)
    return smallest


def decided(noises: Array, mean: Array, sem: Array) -> Bands:
    """Stages of means (points, noises), with what is undecided within two standard errors of a difference (pairs)."""
    first, second = mean.argsort(0, kind="stable")[:2]
    at = np.arange(len(noises))
    apart = mean[second, at] - mean[first, at]
    pairs = np.array([PAIRS.index((min(pair), max(pair))) for pair in zip(first, second, strict=True)])
    error = sem[pairs, at]
    text = [f"{d:.3f} apart, SEM {e:.3f}" for d, e in zip(apart, error, strict=True)]
    return Bands(noises, first, apart > 2 * error, text)


def verdict(i: int, other: Bands, shipped: Bands) -> str:
    """How the other computation's stage at its i-th p compares with the shipped band around it."""
    near = np.abs(shipped.noises - other.noises[i]) < WITHIN
    if other.stage[i] in shipped.stage[near]:
        return VERDICTS[0]
    here = np.abs(shipped.noises - other.noises[i]).argmin()
    return VERDICTS[2] if other.is_decided[i] and shipped.is_decided[here] else VERDICTS[1]


def compare(name: str, noises: Array, root: Path, args: argparse.Namespace) -> Counter[str]:
    """Count the verdicts over labels, kinds and p of one model."""
    source, n_runs = args.source, args.runs
    net, (train, test) = Network(name), (load_dataset(name.split("-")[0], root, train=part) for part in (True, False))
    memories = np.concatenate([net.encode(part) for part in np.array_split(train.images, 60)])
    concepts = np.stack([memories[train.labels == label].mean(0) for label in range(10)])
    shipped = ShippedBands(name)
    grid = shipped.grid
    counts: Counter[str] = Counter()
    for label in args.labels:
        index = np.setdiff1d(train.index_of_label(label), net.w["memory_index"][label].astype(int))
        others = np.concatenate([train.images[index], test.images[test.index_of_label(label)]])[:n_runs]
        own, rounds = net.encode(others), -(-n_runs // len(others))
        start = others if source == "original" else net.decode(own)
        points = np.stack([concepts[label], concepts.mean(0)])
        for kind in args.kinds:
            rng = np.random.default_rng([2026, label, READINGS.index(kind)])
            found = []
            for p in noises:
                again = [minimum_distances(net, swapped(start, p, kind, rng), own, points) for _ in range(rounds)]
                found.append(np.mean(again, 0))
            mean = np.stack([d.mean(0) for d in found], -1)
            apart = [np.stack([d[:, i] - d[:, j] for i, j in PAIRS], -1) for d in found]
            sem = np.stack([d.std(0, ddof=1) / np.sqrt(len(d)) for d in apart], -1)
            ours, theirs = decided(noises, mean, sem), shipped.bands(source, kind, label)
            verdicts = [verdict(i, ours, theirs) for i in range(len(noises))]
            counts.update(verdicts)
            for i in [i for i, each in enumerate(verdicts) if each != VERDICTS[0]]:
                near = int(np.abs(grid - noises[i]).argmin())
                report.say(
                    f"  '{label}' {kind} p = {noises[i]:.3f}: {verdicts[i]}, {ours.text[i]}; {theirs.text[near]}"
                )
    return counts


class ShippedBands:
    """The file of sweeps beside a model."""

    def __init__(self, name: str):
        path = MODELS / f"{name}.sweeps.safetensors"
        with safe_open(path, framework="np") as file:
            cells = json.loads(file.metadata()["recipe"])["cells"]
        self.place = {tuple(cell): i for i, cell in enumerate(cells)}
        self.arrays = load_file(path)
        self.grid = np.linspace(0, 1, self.arrays["minimum_distance"].shape[-1])

    def bands(self, source: str, kind: str, label: int) -> Bands:
        """Those of one sweep."""
        i = self.place[source, kind, label]
        mean, sem = (self.arrays[f"minimum_distance{part}"][i] for part in ("", "_difference_sem"))
        return decided(self.grid, mean, sem)


def main(arguments: list[str] | None = None) -> int:
    """Compare, print and publish."""
    there = sorted(path.name.split(".")[0] for path in MODELS.glob("*.sweeps.safetensors"))
    options = report.parser(__doc__)
    options.add_argument("models", nargs="*", default=there, help="(default: all with shipped bands)")
    options.add_argument("--runs", type=int, default=300, help="of every label, kind and p (default: 300)")
    options.add_argument("--step", type=float, default=0.05, help="of p (default: 0.05)")
    options.add_argument("--labels", nargs="+", type=int, choices=range(10), default=range(10), help="(default: all)")
    options.add_argument("--kinds", nargs="+", choices=READINGS, default=READINGS, help="(default: both)")
    options.add_argument("--source", choices=SOURCES, default=SOURCES[0], help="what runs start from")
    args: argparse.Namespace = options.parse_args(arguments)
    noises = np.arange(0, 1 + args.step / 2, args.step)
    found: dict[str, Counter[str]] = {}
    for name in args.models:
        report.say(name)
        found[name] = compare(name, noises, images_here() or MODELS, args)
    rows = [[name, str(sum(c.values())), *(str(c[v]) for v in VERDICTS)] for name, c in found.items()]
    text = f"{args.runs} runs from {args.source} images.\n\n" + report.table(["model", "stages", *VERDICTS], rows)
    report.publish("stages", text, {"counts": {name: dict(c) for name, c in found.items()}}, args)
    return 0 if not sum(c["apart"] for c in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
