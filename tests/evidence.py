"""Evidence for the claims that was made by hand, and results to make it of: what rules are judged on in the tests."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.figure_results import ApproachCurves, Branches, ConceptDynamics, Geometry, LabelMap, LatentSweep
from core.library import Entry
from core.model_card import ModelCard
from core.paper.claims import CLAIMS, Claim
from core.paper.claims.evidence import Evidence
from core.results import NoiseSweep
from core.specs import ModelSpec

HOLDS, PART, NOT = "holds", "holds in part", "does not hold"
P = np.arange(41) / 40


class Made(Evidence):
    """Evidence that was made by hand: one result for all models, or one per N_z."""

    def __init__(self, results: dict[str, Any], sizes: tuple[int, ...] = (2, 20, 100), bounds: Any = None):
        self.results, self.sizes, self.bounds = results, sizes, bounds or {}

    def plain(self, dataset: str) -> list[Entry]:
        return [
            Entry(
                Path(f"{dataset}-{n}.safetensors"),
                "shipped",
                ModelSpec(dataset=dataset, n_latent=n),
                ModelCard(test_negative_elbo=self.bounds.get(n, 100.0)),
            )
            for n in self.sizes
        ]

    def seeds(self, dataset: str) -> list[Entry]:
        main = self.main(dataset)
        return [main, replace(main, path=Path(f"{dataset}-other.safetensors"), spec=replace(main.spec, seed=1))]

    def betas(self, dataset: str) -> list[Entry]:
        main = self.main(dataset)
        return [main, replace(main, path=Path(f"{dataset}-beta2.safetensors"), spec=replace(main.spec, beta=2.0))]

    def result(self, name: str, model: Entry, label: int = 6) -> Any:
        found = self.results[name]
        return found(model, label) if callable(found) else found

    def approach(self, model: Entry) -> ApproachCurves:
        return self.result("approach", model)

    def sweep(self, model: Entry, label: int = 6) -> NoiseSweep:
        return self.result("sweep", model, label)

    def label_map(self, model: Entry, label: int) -> LabelMap:
        return self.result("reading", model, label)

    def map_sweep(self, model: Entry) -> NoiseSweep:
        return self.sweep(model)

    def grid(self) -> LatentSweep | None:
        return self.results.get("grid")

    def count(self, what: str, model: Entry) -> int:
        return 100

    def branches(self, model: Entry) -> Branches:
        return self.result("branches", model)

    def geometry(self, model: Entry) -> Geometry:
        return self.result("geometry", model)

    def dynamics(self, model: Entry) -> ConceptDynamics:
        return self.result("dynamics", model)


def check(number: int, made: Made) -> Claim:
    found = CLAIMS[number - 1].check(made)
    assert found.number == number
    assert found.statement
    assert found.rule
    assert found.paper
    json.dumps(found.values)
    return found


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def approach(
    share: Any = 0.8,
    own: float = 0.9,
    *,
    later: Any = 5.0,
    dimension: tuple[float, float, float] = (9.0, 6.0, 5.0),
    apart: Any = (3.0, 1.0),
    anywhere: float = 0.3,
) -> ApproachCurves:
    """Runs of which a share approaches; `dimension` at t = 0, 10, 20, `apart` from the numeric space at 0 and later."""
    winners = np.full((10, 10), (1 - own) / 9)
    np.fill_diagonal(winners, own)
    shares = np.broadcast_to(np.asarray(share, float), 10)
    curves, every, steps = zeros(10, 21), np.full(10, True), np.zeros((10, 2))
    steps[:, 1] = later
    distance = np.repeat(np.broadcast_to(np.asarray(apart, float), (10, 2)), (1, 20), axis=1)
    return ApproachCurves(
        *(curves, curves, curves, curves, curves, zeros(10, 10, 21)),
        winners=winners,
        minimum_step=steps,
        minimum_step_sem=np.full((10, 2), 9.0),
        minimum_step_difference_sem=np.full(10, 2.0),
        approach_share=np.full(10, anywhere),
        strict_approach_share=np.full(10, 0.05),
        same_step_approach_share=shares,
        mean_path_approaches=every,
        mean_curve_approaches=every,
        effective_dimension=np.tile(np.interp(np.arange(21), (0, 10, 20), dimension), (10, 1)),
        subspace_dimensions=np.full(10, 5),
        subspace_distance=distance,
        subspace_fall_sem=np.full((10, 21), 0.5),
        memory_subspace_distance=np.full(10, 0.9),
    )


def sweep(stages: str, memory: Any = 5.0, concept: Any = 25.0, share: float = 0.6, error: float = 0.4) -> NoiseSweep:
    """Stages by their numbers, one for each p; 0 for I, undecided. The nearest point is nearer by 1 with some error."""
    minima, errors = np.full((3, 41), 2.0), np.full((3, 41), error)
    minima[[max(int(stage) - 1, 0) for stage in stages], np.arange(41)] = 1.0
    errors[:, [stage == "0" for stage in stages]] = 0.6
    steps = np.stack([np.broadcast_to(np.asarray(v, float), 41) for v in (memory, concept, 20.0)])
    wide, flat = np.full((3, 41), 9.0), np.full(41, share)
    paired = np.repeat([[0.5], [9.0], [9.0]], 41, axis=1)  # memory and concept, and the pairs that no claim asks for
    return NoiseSweep(P, minima, wide, errors, steps, wide / 10, paired, minima / 9, flat / 2, flat / 4, flat)


def label_map_of(
    label: int, always: int, middle: int, first: int = 3, last: int = 0, restored: Any = 10 * P, begin: int = 0
) -> LabelMap:
    """Read at every step from `begin` on for `always` values of p, at steps 20 to 30 for `middle`; else `first`, later
    `last`; `restored` is the step of the least error."""
    labels = np.full((41, 61), last)
    labels[:, :20] = first
    labels[:middle, 20:31] = label
    labels[:always, begin:] = label
    labels[:always, :begin] = first
    steps = 1 + np.round(np.broadcast_to(np.asarray(restored, float), 41))[:, None].astype(int) + np.arange(20) % 2
    ones = np.ones((41, 61))
    return LabelMap(P, labels, ones, (labels == label) * 0.9, ones / 10, steps)


def branch(
    narrow: float, wide: float, later: float, silhouette: float = 0.5, string: tuple[float, float] = (4.0, 1.5)
) -> Branches:
    share = zeros(2, 10)
    share[:, 1] = narrow, wide
    variance = np.full((2, 61), 4.0)
    variance[:, -1] = later
    return Branches(
        *(10, np.array([0, 0, 1]), zeros(61, 3, 2), variance, variance / 10, zeros(2, 4), zeros(2, 8, 4), share),
        elongation=np.array(string),
        silhouette=silhouette,
        unimodal_silhouettes=np.linspace(0.2, 0.3, 19),
    )


def geometry(active: int = 1, nearly: int = 1, mostly: int = 1, gap: float = 0.0) -> Geometry:
    ratio = np.linspace(0.01, 0.5, 100)
    ratio[mostly - 1 :] = 0.8
    ratio[nearly - 1 :] = 1.0
    return Geometry(zeros(10, 100), zeros(100), np.arange(100) < active, ratio, zeros(10, 10), gap, 1.1, 4.5)


def of(results: Mapping[int, Any]) -> Callable[..., Any]:
    """A result for each N_z."""
    return lambda model, label: results[model.spec.n_latent]


def by_size(make: Callable[..., Any], *values: Any) -> Callable[..., Any]:
    """A result for each of N_z = 2, 20, 100."""
    return of(dict(zip((2, 20, 100), map(make, values), strict=True)))


def gaps(*values: float) -> Callable[..., Any]:
    return by_size(lambda gap: geometry(gap=float(gap)), *values)


def shares(*values: float) -> Callable[..., Any]:
    return by_size(approach, *values)


def bands(*values: NoiseSweep) -> Callable[..., Any]:
    return by_size(lambda value: value, *values)


def dynamics(noise: float, orthogonal: float, largest: float, rotation: float = 0.0) -> ConceptDynamics:
    """What remains of displacements along the noise and across it; gains are larger by what rotation adds."""
    ten, moduli = np.ones(10), np.full((10, 5), 0.5)
    moduli[:, 0] = largest
    gains = (abs(noise) + rotation) * ten, (orthogonal + rotation) * ten
    return ConceptDynamics(1.5 * ten, moduli, gains[0], noise * ten, gains[1], orthogonal * ten, largest * ten)
