"""Every claim on results made by hand: each rule can be kept, half kept and broken."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config import ModelSpec, Settings
from core.experiments import statements
from core.experiments.claims import CHECKS, claims
from core.experiments.evidence import Evidence
from core.library import Entry
from core.model_card import ModelCard
from core.results import (
    ApproachCurves,
    Branches,
    Claim,
    ConceptDynamics,
    Geometry,
    LabelMap,
    LatentSweep,
    NoiseSweep,
    Stage,
)
from core.spec import SpecError

P = np.arange(41) / 40


class Made(Evidence):
    """Evidence that was made by hand: one result for all models, or one per N_z."""

    def __init__(self, results: dict[str, Any], sizes: tuple[int, ...] = (2, 20, 100), bounds: Any = None):
        self.results, self.sizes, self.bounds = results, sizes, bounds or {}

    def ladder(self, dataset: str) -> list[Entry]:
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
        return [self.main(dataset), self.main(dataset)]

    def result(self, name: str, model: Entry, label: int = 6) -> Any:
        found = self.results[name]
        return found(model, label) if callable(found) else found

    def approach(self, model: Entry) -> ApproachCurves:
        return self.result("approach", model)

    def sweep(self, model: Entry, label: int = 6) -> NoiseSweep:
        return self.result("sweep", model, label)

    def reading(self, model: Entry, label: int) -> LabelMap:
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
    found = CHECKS[number](made)
    assert found.number == number
    assert found.statement
    assert found.rule
    assert found.paper
    return found


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def approach(share: Any = 0.8, own: float = 0.9) -> ApproachCurves:
    winners = np.full((10, 10), (1 - own) / 9)
    np.fill_diagonal(winners, own)
    shares = np.broadcast_to(np.asarray(share, float), 10)
    curves = zeros(10, 3)
    return ApproachCurves(
        *(curves, curves, curves, curves, curves, zeros(10, 10, 3)),
        winners=winners,
        minimum_step=zeros(10, 2),
        minimum_step_sem=zeros(10, 2),
        approach_share=shares,
        strict_approach_share=np.full(10, 0.05),
    )


def sweep(stages: str, memory: Any = 5.0, concept: Any = 25.0) -> NoiseSweep:
    """Stages by their numbers, one for each p."""
    minima = np.full((3, 41), 2.0)
    minima[[int(stage) - 1 for stage in stages], np.arange(41)] = 1.0
    steps = np.stack([np.broadcast_to(np.asarray(v, float), 41) for v in (memory, concept, 20.0)])
    errors = np.full((3, 41), 0.5)
    return NoiseSweep(P, minima, errors, errors, steps, errors, errors, minima / 9, P, P, P)


def reading(label: int, always: int, middle: int, first: int = 3, last: int = 0) -> LabelMap:
    """Read at every step for `always` values of p, at steps 20 to 30 for `middle`; else `first`, later `last`."""
    labels = np.full((41, 61), last)
    labels[:, :20] = first
    labels[:middle, 20:31] = label
    labels[:always] = label
    return LabelMap(P, labels, np.ones((41, 61)))


def branch(narrow: float, wide: float, later: float) -> Branches:
    share = zeros(2, 10)
    share[:, 1] = narrow, wide
    variance = np.full((2, 61), 4.0)
    variance[:, -1] = later
    return Branches(
        10, np.array([0, 0, 1]), zeros(61, 3, 2), variance, variance / 10, zeros(2, 4), zeros(2, 8, 4), share
    )


def geometry(active: int = 1, nearly: int = 1, mostly: int = 1, gap: float = 0.0) -> Geometry:
    ratio = np.linspace(0.01, 0.5, 100)
    ratio[mostly - 1 :] = 0.8
    ratio[nearly - 1 :] = 1.0
    return Geometry(zeros(10, 100), zeros(100), np.arange(100) < active, ratio, zeros(10, 10), gap)


def by_size(make: Callable[..., Any], *values: Any) -> Callable[..., Any]:
    """A result for each of N_z = 2, 20, 100."""
    made = dict(zip((2, 20, 100), map(make, values), strict=True))
    return lambda model, label: made[model.spec.n_latent]


def gaps(*values: float) -> Callable[..., Any]:
    return by_size(lambda gap: geometry(gap=float(gap)), *values)


def shares(*values: float) -> Callable[..., Any]:
    return by_size(approach, *values)


def bands(*values: str) -> Callable[..., Any]:
    return by_size(sweep, *values)


def dynamics(noise: float, orthogonal: float, largest: float) -> ConceptDynamics:
    moduli = np.full((10, 5), 0.5)
    moduli[:, 0] = largest
    return ConceptDynamics(np.full(10, 1.5), moduli, np.full(10, noise), np.full(10, orthogonal))


GOOD = "1" * 6 + "2" * 10 + "3" * 25  # III from 0.4
EARLY = "1" * 3 + "2" * 4 + "3" * 34
NO_SECOND = "1" * 20 + "3" * 21
RISING = np.linspace(1, 30, 41)
UP, DOWN = {2: 150.0, 20: 101.0, 100: 99.0}, {2: 99.0, 20: 101.0, 100: 150.0}
HOLDS, PART, NOT = "holds", "holds in part", "does not hold"
FOURTEEN = (2, 8, 14, 50, 100)

CASES: list[tuple[int, str, Made]] = [
    (1, HOLDS, Made({"approach": approach(0.6)})),
    (1, PART, Made({"approach": approach([0.6] * 5 + [0.4] * 5)})),
    (1, NOT, Made({"approach": approach(0.4)})),
    (2, HOLDS, Made({"sweep": sweep(GOOD)})),
    (2, PART, Made({"sweep": sweep(GOOD, memory=np.where(P < 0.3, 25.0, 5.0))})),
    (2, NOT, Made({"sweep": sweep(GOOD, memory=24.9)})),
    (3, HOLDS, Made({"sweep": sweep(GOOD)})),
    (3, PART, Made({"sweep": sweep(EARLY)})),
    (3, NOT, Made({"sweep": sweep(NO_SECOND)})),
    (4, HOLDS, Made({"sweep": sweep(GOOD, memory=RISING)})),
    (4, PART, Made({"sweep": sweep(GOOD, memory=RISING, concept=50.0)})),
    (4, NOT, Made({"sweep": sweep(GOOD, memory=RISING[::-1], concept=60 * P)})),
    (5, HOLDS, Made({"reading": reading(6, 16, 28)})),
    (5, PART, Made({"reading": reading(6, 4, 28)})),
    (5, NOT, Made({"reading": reading(6, 4, 8, last=4)})),
    (6, HOLDS, Made({"reading": lambda m, n: reading(n, 5, 28 if n == 6 else 18)})),
    (6, PART, Made({"reading": lambda m, n: reading(n, 5, 20)})),
    (6, NOT, Made({"reading": lambda m, n: reading(n, 5, 18 if n == 6 else 28)})),
    (6, NOT, Made({"reading": lambda m, n: reading(n, 5, 5)})),  # neither is read at all
    (7, HOLDS, Made({"branches": branch(0.95, 0.2, 1.0)})),
    (7, PART, Made({"branches": branch(0.95, 0.9, 1.0)})),
    (7, NOT, Made({"branches": branch(0.3, 0.9, 9.0)})),
    (8, HOLDS, Made({"geometry": geometry(15, 13, 9)})),
    (8, PART, Made({"geometry": geometry(30, 28, 16)})),
    (8, NOT, Made({"geometry": geometry(80, 70, 30)})),
    (9, HOLDS, Made({"geometry": gaps(50, 4, 3)})),
    (9, PART, Made({"geometry": gaps(50, 3, 4)})),
    (9, NOT, Made({"geometry": gaps(5, 40, 30)})),
    (10, HOLDS, Made({"approach": shares(0.1, 0.5, 0.7)}, bounds=UP)),
    (10, PART, Made({"approach": shares(0.1, 0.8, 0.7)}, bounds=UP)),
    (10, NOT, Made({"approach": shares(0.1, 0.5, 0.7)}, bounds=DOWN)),
    (11, HOLDS, Made({"approach": approach(0.7), "sweep": bands(NO_SECOND, GOOD, GOOD)})),
    (11, HOLDS, Made({"approach": shares(0.1, 0.7, 0.7), "sweep": bands(GOOD, GOOD, GOOD)})),
    (11, NOT, Made({"approach": approach(0.7), "sweep": bands(GOOD, GOOD, NO_SECOND)})),
    (12, HOLDS, Made({}, FOURTEEN, {2: 150.0, 8: 110.0, 14: 100.0, 50: 101.0, 100: 100.5})),
    (12, PART, Made({}, FOURTEEN, {2: 150.0, 8: 110.0, 14: 101.0, 50: 100.5, 100: 100.0})),
    (12, NOT, Made({}, FOURTEEN, {2: 150.0, 8: 110.0, 14: 104.0, 50: 101.0, 100: 99.0})),
    (13, HOLDS, Made({"approach": approach(own=0.4)})),
    (13, NOT, Made({"approach": approach(own=0.01)})),
    (14, HOLDS, Made({"approach": approach()})),
    (14, PART, Made({"approach": lambda m, n: approach(0.8 if m.id.startswith("mnist") else 0.3)})),
    (15, HOLDS, Made({"dynamics": dynamics(0.5, 1.2, 2.0)})),
    (15, PART, Made({"dynamics": dynamics(0.5, 0.6, 2.0)})),
    (15, NOT, Made({"dynamics": dynamics(1.5, 0.6, 2.0)})),
]


@pytest.mark.parametrize(
    ("number", "verdict", "made"), CASES, ids=[f"{n}-{v}-{i}" for i, (n, v, _) in enumerate(CASES)]
)
def test_a_rule_is_kept_half_kept_or_broken(number: int, verdict: str, made: Made):
    assert check(number, made).verdict == verdict


def test_a_claim_that_lacks_a_model_says_so_and_the_others_are_checked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    def none(self: Evidence, dataset: str) -> Any:
        raise SpecError("There is no shipped model of mnist.")

    monkeypatch.setattr(Evidence, "main", none)
    monkeypatch.setattr(Evidence, "seeds", none)
    monkeypatch.setattr(Evidence, "ladder", none)
    told: list[float] = []
    found = claims(settings, progress=lambda share, text: told.append(share)).claims
    assert [claim.number for claim in found] == list(range(1, 16))
    assert {claim.verdict for claim in found} == {"not measured"}
    assert {claim.ours for claim in found} == {"There is no shipped model of mnist."}
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_numbers_in_words():
    assert statements.bands(sweep(GOOD)) == "I to 0.125, II to 0.375, III to 1"
    assert statements.begin(sweep(GOOD), Stage.ABSTRACT) == 0.4
    assert statements.begin(sweep("1" * 41), Stage.CONCEPT) is None
    assert statements.read_up_to(np.array([True, True, False, True]), P[:4]) == 0.025
    assert statements.read_up_to(np.array([False, True]), P[:2]) == -1
    assert statements.read_up_to(np.array([True, True]), P[:2]) == 0.025
    assert statements.over_seeds(np.array([0.5]), ".0%") == ""
    assert statements.over_seeds(np.array([0.5, 0.7]), ".0%") == " (over 2 seeds 60%, 50% to 70%)"
    assert statements.some([0.1, None]) == "0.1, none"
    assert statements.digits(np.array([3, 3, 0, 3])) == "'3' (75%), '0' (25%)"


def test_errors_in_words():
    assert statements.share(0.25, 300) == "25% ± 5%"  # 2 sqrt(0.25 * 0.75 / 300)
    values = np.array([0.2, 0.8])
    assert (
        statements.of_labels(values, ("Shirt", "Bag"), 400)
        == "50.0% ± 2.8% of the runs, 20% ± 4% ('Shirt') to 80% ± 4% ('Bag')"
    )
    assert statements.with_error(12.3, 0.2, ".1f") == "12.3 ± 0.4"
    assert statements.undecided(sweep(GOOD)) == " (within 2 SEM at p = 0, 0.025, 0.05, 0.075, 0.1, 0.125 ...)"


def test_equal_values_are_no_rise():
    assert statements.rank_correlation(np.zeros(5)) == 0
    assert statements.rank_correlation(np.array([0.0, 0, 0, 0, 1])) < 0.8
    assert statements.rank_correlation(np.arange(5.0) ** 2) == pytest.approx(1)


def test_the_grid_of_figure_9_goes_before_the_shipped_models():
    shape = (3, 1, 1)
    bounds = np.array([120.0, 99.0, 99.5]).reshape(shape)
    grid = LatentSweep(np.array([2, 14, 100]), np.array([1e-3]), np.array([100]), np.full(shape, 100), bounds)
    found = check(12, Made({"grid": grid}, FOURTEEN, {2: 150.0, 8: 110.0, 14: 104.0, 50: 101.0, 100: 99.0}))
    assert (found.verdict, found.models) == (HOLDS, ())
    assert "best of nine" in found.ours
    assert found.values["test_negative_elbo"] == [120.0, 99.0, 99.5]


@pytest.mark.parametrize("number", [9, 10, 12])
def test_a_claim_over_sizes_is_not_judged_on_one_size(number: int):
    made = Made({"geometry": geometry(), "approach": approach()}, (100,))
    assert check(number, made).verdict == "not measured"
