"""Every claim on results made by hand: each rule can be kept, half kept and broken."""

import re
import runpy
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.experiments.grid import latent_sweep
from core.figure_results import LatentSweep
from core.library import Entry
from core.paper.claims import CLAIMS, check_evidence, evidence, measures, stages, wording
from core.paper.claims.evidence import Evidence
from core.results import Stage
from core.schema import SpecError
from core.session import Session
from core.settings import Settings
from core.specs import GridSpec, ModelSpec
from tests.evidence import (
    HOLDS,
    NOT,
    PART,
    Made,
    P,
    approach,
    bands,
    branch,
    check,
    dynamics,
    gaps,
    geometry,
    label_map_of,
    shares,
    sweep,
)

GOOD = "1" * 6 + "2" * 10 + "3" * 25  # III from 0.4
EARLY = "1" * 3 + "2" * 4 + "3" * 34
NO_SECOND = "1" * 20 + "3" * 21
ONE_POINT = "1" * 15 + "2" + "3" * 25
UNDECIDED = "1" * 6 + "2" * 8 + "0302" + "3" * 23  # what is undecided between II and III interrupts nothing
RISING = np.linspace(1, 30, 41)
UP, DOWN = {2: 150.0, 20: 101.0, 100: 99.0}, {2: 99.0, 20: 101.0, 100: 150.0}
FOURTEEN = (2, 8, 14, 50, 100)
HALF = [0.8] * 5 + [0.4] * 5

CASES: list[tuple[int, str, Made]] = [
    (1, HOLDS, Made({"approach": approach(0.6)})),  # 0.3 are nearer than any point of the line
    (1, PART, Made({"approach": approach([0.6] * 5 + [0.4] * 5)})),
    (1, NOT, Made({"approach": approach(0.4, anywhere=0.9)})),
    (2, HOLDS, Made({"sweep": sweep(GOOD)})),
    (2, HOLDS, Made({"sweep": sweep(GOOD, memory=23.9)})),  # 1.1 apart: beyond 2 paired SEM of 0.5, within others
    (2, PART, Made({"sweep": sweep(GOOD, memory=np.where(P < 0.3, 25.0, 5.0))})),
    (2, NOT, Made({"sweep": sweep(GOOD, memory=24.1)})),
    (2, NOT, Made({"sweep": sweep(GOOD, memory=45.0)})),
    (3, HOLDS, Made({"sweep": sweep(GOOD)})),
    (3, HOLDS, Made({"sweep": sweep(UNDECIDED)})),
    (3, PART, Made({"sweep": sweep(EARLY)})),
    (3, NOT, Made({"sweep": sweep(NO_SECOND)})),
    (3, NOT, Made({"sweep": sweep(ONE_POINT)})),
    (4, HOLDS, Made({"sweep": sweep(GOOD, memory=RISING)})),
    (4, HOLDS, Made({"sweep": sweep("3" * 41, memory=RISING)})),  # over all p, whatever the stage
    (4, PART, Made({"sweep": sweep(GOOD, memory=RISING, concept=50.0)})),
    (4, NOT, Made({"sweep": sweep(GOOD, memory=RISING[::-1], concept=60 * P + 5)})),
    (5, HOLDS, Made({"reading": label_map_of(6, 16, 28)})),
    (5, HOLDS, Made({"reading": label_map_of(6, 16, 28, begin=1)})),  # however the input x(0) is read
    (5, PART, Made({"reading": label_map_of(6, 16, 28, begin=2)})),
    (5, PART, Made({"reading": label_map_of(6, 4, 28)})),
    (5, NOT, Made({"reading": label_map_of(6, 4, 8, last=4)})),
    (6, HOLDS, Made({"reading": lambda m, n: label_map_of(n, 5, 28 if n == 6 else 17)})),
    (6, HOLDS, Made({"reading": lambda m, n: label_map_of(n, 5, 5)})),  # vanishes for both
    (6, PART, Made({"reading": lambda m, n: label_map_of(n, 5, 28 if n == 6 else 20)})),
    (6, NOT, Made({"reading": lambda m, n: label_map_of(n, 5, 20)})),
    (7, HOLDS, Made({"branches": branch(0.95, 0.2, 1.0)})),
    (7, PART, Made({"branches": branch(0.95, 0.9, 1.0)})),
    (7, PART, Made({"branches": branch(0.95, 0.2, 1.0, string=(1.8, 1.5))})),
    (7, PART, Made({"branches": branch(0.95, 0.2, 1.0, string=(4.0, 5.0))})),
    (7, NOT, Made({"branches": branch(0.95, 0.2, 1.0, silhouette=0.29)})),
    (7, NOT, Made({"branches": branch(0.3, 0.9, 9.0, string=(1.0, 1.0))})),
    (8, HOLDS, Made({"geometry": geometry(15, 13, 9)})),
    (8, PART, Made({"geometry": lambda m, n: geometry(*((14, 14, 9) if m.spec.beta == 2 else (20, 19, 12)))})),
    (8, PART, Made({"geometry": geometry(30, 28, 16)})),
    (8, NOT, Made({"geometry": geometry(80, 70, 30)})),
    (9, HOLDS, Made({"geometry": gaps(50, 4, 3)})),
    (9, PART, Made({"geometry": gaps(50, 3, 4)})),
    (9, NOT, Made({"geometry": gaps(5, 40, 30)})),
    (10, HOLDS, Made({"approach": shares(0.1, 0.5, 0.7)}, bounds=UP)),
    (10, PART, Made({"approach": shares(0.1, 0.8, 0.7)}, bounds=UP)),
    (10, NOT, Made({"approach": shares(0.1, 0.5, 0.7)}, bounds=DOWN)),
    (11, HOLDS, Made({"sweep": bands(sweep(NO_SECOND), sweep(GOOD), sweep(GOOD))})),
    (11, HOLDS, Made({"sweep": bands(sweep(ONE_POINT), sweep(NO_SECOND), sweep(GOOD, share=0.1))})),
    (11, PART, Made({"sweep": bands(sweep(GOOD, share=0.4), sweep(GOOD), sweep(GOOD))})),
    (11, NOT, Made({"sweep": bands(sweep(GOOD), sweep(GOOD), sweep(GOOD))})),
    (11, NOT, Made({"sweep": bands(sweep(NO_SECOND), sweep(GOOD), sweep(ONE_POINT))})),
    (12, HOLDS, Made({}, FOURTEEN, {2: 150.0, 8: 110.0, 14: 100.0, 50: 101.0, 100: 100.5})),
    (12, PART, Made({}, FOURTEEN, {2: 150.0, 8: 110.0, 14: 101.0, 50: 100.5, 100: 100.0})),
    (12, NOT, Made({}, FOURTEEN, {2: 150.0, 8: 110.0, 14: 104.0, 50: 101.0, 100: 99.0})),
    (13, HOLDS, Made({"approach": approach(own=0.4)})),
    (13, NOT, Made({"approach": approach(own=0.01)})),
    (14, HOLDS, Made({"approach": lambda m, n: approach(0.1 if m.id.startswith("mnist") else 0.8)})),
    (14, PART, Made({"approach": approach(HALF)})),
    (14, PART, Made({"approach": approach(0.8, later=[5.0] * 5 + [3.9] * 5)})),
    (14, NOT, Made({"approach": lambda m, n: approach(0.8 if m.id.startswith("mnist") else 0.3)})),
    (14, NOT, Made({"approach": approach(HALF, later=[3.9] + [5.0] * 9)})),
    (15, HOLDS, Made({"dynamics": dynamics(0.5, 1.2, 2.0)})),
    (15, HOLDS, Made({"dynamics": dynamics(0.5, 1.2, 2.0, rotation=9.0)})),  # |Ju| is 9.5: it turns, and comes nearer
    (15, PART, Made({"dynamics": dynamics(0.5, 0.6, 2.0)})),
    (15, NOT, Made({"dynamics": dynamics(0.5, 0.6, 0.9, rotation=9.0)})),  # |Jv| is 9.6, and no direction repels
    (15, NOT, Made({"dynamics": dynamics(1.5, 1.2, 2.0)})),
    (15, NOT, Made({"dynamics": dynamics(-1.5, 1.2, 2.0)})),
    (16, HOLDS, Made({"approach": approach(dimension=(9, 6, 5))})),
    (16, NOT, Made({"approach": approach(dimension=(9, 8, 5))})),  # falls, but late
    (16, NOT, Made({"approach": approach(dimension=(5, 4, 6))})),
    (17, HOLDS, Made({"approach": approach(apart=(3.0, 1.9))})),
    (17, PART, Made({"approach": approach(apart=[(3.0, 1.9)] * 5 + [(3.0, 2.1)] * 5)})),
    (17, NOT, Made({"approach": approach(apart=(1.0, 3.0))})),
    (18, HOLDS, Made({"reading": label_map_of(6, 16, 28)})),
    (18, PART, Made({"reading": label_map_of(6, 16, 28, restored=np.where(P < 0.2, 9 - 10 * P, 20.0))})),
    (18, NOT, Made({"reading": label_map_of(6, 16, 28, restored=20 - 10 * P)})),
    (19, HOLDS, Made({"approach": shares(0.1, 0.5, 0.7), "geometry": gaps(50, 4, 3)}, bounds=UP)),
    (19, PART, Made({"approach": shares(0.1, 0.5, 0.7), "geometry": gaps(50, 4, 3)}, bounds=DOWN)),
    (19, NOT, Made({"approach": shares(0.7, 0.5, 0.1), "geometry": gaps(50, 4, 3)}, bounds=UP)),
]


@pytest.mark.parametrize(
    ("number", "verdict", "made"), CASES, ids=[f"{n}-{v}-{i}" for i, (n, v, _) in enumerate(CASES)]
)
def test_a_rule_is_kept_half_kept_or_broken(number: int, verdict: str, made: Made):
    found = check(number, made)
    assert found.verdict == verdict
    if verdict == HOLDS:
        assert found.why == ""
    else:  # a sentence with a number
        assert re.fullmatch(r"[A-Z0-9'].*\d.*\.", found.why)
        assert "nan" not in found.why


def test_the_claims_are_numbered_from_1_to_19():
    assert [rule.number for rule in CLAIMS] == list(range(1, 20))


def test_every_claim_is_seen_to_hold_and_not_to():
    assert {n for n, verdict, _ in CASES if verdict == HOLDS} == set(range(1, 20))
    assert {n for n, verdict, _ in CASES if verdict == NOT} == set(range(1, 20))


def test_a_claim_is_a_value_that_no_import_enters_anywhere():
    """A file of claims that is imported once more has claims of its own, and changes none."""
    before = list(CLAIMS)
    again = runpy.run_path(stages.__file__)["memory_comes_first"]
    assert again == replace(stages.memory_comes_first, compute=again.compute)
    assert again is not stages.memory_comes_first
    assert list(CLAIMS) == before
    assert runpy.run_path(f"{Path(stages.__file__).parent}/__init__.py")["CLAIMS"] == CLAIMS
    with pytest.raises(FrozenInstanceError):
        again.number = 3  # pyright: ignore[reportAttributeAccessIssue]


def test_the_verdict_is_that_of_the_lowest_seed_and_those_of_the_others_stand_beside_it():
    made = Made({"approach": lambda m, n: approach(0.8 if m.spec.seed == 0 else 0.3)})
    found = check(1, made)
    assert (found.verdict, found.seeds, found.why) == (HOLDS, (HOLDS, NOT), "")
    assert check(9, Made({"geometry": gaps(50, 4, 3)})).seeds == ()


def test_other_weights_of_the_kl_term_stand_beside_the_paper_s():
    made = Made({"geometry": lambda m, n: geometry(*((14, 14, 9) if m.spec.beta == 2 else (20, 19, 12)))})
    found = check(8, made)
    assert "beta = 2: 14 / 14 / 9" in found.ours
    assert found.values["beta"] == {"1": (20, 19, 12), "2": (14, 14, 9)}
    assert "mnist-beta2" in found.models
    assert "14 / 14 / 9" in found.why


def test_why_names_what_fails_with_its_number():
    assert check(10, Made({"approach": shares(0.1, 0.8, 0.7)}, bounds=UP)).why == (
        "From N_z = 20 to 100 the share goes from 80% to 70%."
    )
    assert check(4, Made({"sweep": sweep(GOOD, memory=RISING, concept=50.0)})).why == (
        "The concept's step is 50.0 ± 1.8 on average."
    )
    ones = check(6, Made({"reading": lambda m, n: label_map_of(n, 5, 28 if n == 6 else 20)}))
    assert ones.why == "'1' is read around t = 20-30 at 3 of the 11 values of p, '6' at 11."


def test_the_input_is_no_image_that_is_read():
    late, images = label_map_of(6, 16, 28), np.full((41, 61), 0.5)
    labels = late.predicted_labels.copy()
    labels[20:, 1] = 6  # x(0) is read as '3', x(1) as '6'
    assert check(5, Made({"reading": replace(late, predicted_labels=labels)})).verdict == PART
    images[:, 0], images[:, 20:31], images[:, -1] = 0.0, 0.7, 0.2
    found = check(5, Made({"reading": replace(late, correct_share=images)}))
    assert "50% ± 10% at x(1), 70% ± 9% at t = 20-30, 20% ± 8% at x(T)" in found.ours


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        (GOOD, "I to 0.125, II to 0.375, III to 1"),
        (UNDECIDED, "I to 0.125, II to 0.325, III to 1"),
        (ONE_POINT, "I to 0.35, III to 1"),
        ("1" * 20 + "0" + "1" * 20, "I to 1"),
        ("1" * 20 + "3" + "1" * 20, "I to 1"),
        ("0" * 41, "no stage decided"),
    ],
)
def test_a_stage_counts_from_two_decided_points_on(stages: str, words: str):
    assert wording.bands(sweep(stages)) == words
    assert measures.has(sweep(stages), Stage.CONCEPT).any() == ("II to" in words.replace("III", ""))


def test_only_models_of_the_main_one_s_recipe_are_compared(settings: Settings):
    def entry(name: str, **changes: Any) -> Entry:
        spec = ModelSpec(**{"n_latent": 100, "epochs": 1500, **changes})
        return Entry(Path(f"{name}.safetensors"), "shipped", spec)

    there = [
        *(entry("a"), entry("b", seed=1), entry("beta", beta=2.0), entry("half", beta=0.5), entry("young", epochs=150)),
        *(entry("e", seed=4), entry("d", seed=3), entry("c", seed=2), entry("beta-of-b", seed=1, beta=2.0)),
        *(
            entry("small", n_latent=2),
            entry("small-young", n_latent=4, epochs=60),
            entry("huge", n_latent=200, beta=2.0),
        ),
    ]

    class Few(Evidence):
        def shipped(self, dataset: str) -> list[Entry]:
            return there

    made = Few(Session.open(settings))
    assert [e.id for e in made.seeds("mnist")] == ["a", "b", "c"]
    assert [e.id for e in made.one_per_n_latent("mnist")] == ["small", "a"]
    assert [e.id for e in made.betas("mnist")] == ["half", "a", "beta"]


def test_a_claim_that_lacks_a_model_says_so_and_the_others_are_checked(settings: Settings):
    class Without(Evidence):
        def main(self, dataset: str) -> Entry:
            raise SpecError("There is no shipped model of mnist.")

    told: list[float] = []
    found = check_evidence(Without(Session.open(settings), progress=lambda share, text: told.append(share))).claims
    assert [claim.number for claim in found] == list(range(1, 20))
    assert {claim.verdict for claim in found} == {"not measured"}
    assert {claim.why for claim in found} == {"There is no shipped model of mnist."}
    assert {claim.ours for claim in found} == {""}
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_numbers_in_words():
    assert measures.begin(sweep(GOOD), Stage.ABSTRACT) == 0.4
    assert measures.begin(sweep("1" * 41), Stage.CONCEPT) is None
    assert measures.begin(sweep(UNDECIDED), Stage.ABSTRACT) == 0.375
    assert measures.begin(sweep(UNDECIDED), Stage.MEMORY) == 0
    assert measures.begin(sweep("1" * 6 + "3" + "2" * 8 + "3" * 26), Stage.ABSTRACT) == 0.375
    assert measures.begin(sweep(ONE_POINT), Stage.CONCEPT) is None
    assert measures.read_up_to(np.array([True, True, False, True]), P[:4]) == 0.025
    assert measures.read_up_to(np.array([False, True]), P[:2]) == -1
    assert measures.read_up_to(np.array([True, True]), P[:2]) == 0.025
    assert wording.over_seeds(np.array([0.5]), ".0%") == ""
    assert wording.over_seeds(np.array([0.5, 0.7]), ".0%") == " (over 2 seeds 60%, 50% to 70%)"
    assert wording.some([0.1, None]) == "0.1, none"
    assert wording.digits(np.array([3, 3, 0, 3])) == "'3' (75%), '0' (25%)"


def test_errors_in_words():
    assert wording.share(0.25, 300) == "25% ± 5%"  # 2 sqrt(0.25 * 0.75 / 300)
    values = np.array([0.2, 0.8])
    assert (
        wording.of_labels(values, ("Shirt", "Bag"), 400)
        == "50.0% ± 2.8% of the runs, 20% ± 4% ('Shirt') to 80% ± 4% ('Bag')"
    )
    assert wording.with_error(12.3, 0.2, ".1f") == "12.3 ± 0.4"
    assert wording.undecided(sweep(GOOD)) == ""
    assert wording.undecided(sweep("0" * 8 + GOOD[8:])) == " (undecided at p = 0, 0.025, 0.05, 0.075, 0.1, 0.125 ...)"


def test_equal_values_are_no_rise():
    assert measures.rank_correlation(np.zeros(5)) == 0
    assert measures.rank_correlation(np.array([0.0, 0, 0, 0, 1])) < 0.8
    assert measures.rank_correlation(np.arange(5.0) ** 2) == pytest.approx(1)


def grid_of(bounds: list[float], epochs: Any = 100) -> LatentSweep:
    shape = (3, 1, 1)
    lengths = np.broadcast_to(np.asarray(epochs), 3).reshape(shape)
    return LatentSweep(np.array([2, 14, 100]), np.array([1e-3]), np.array([100]), lengths, np.reshape(bounds, shape))


def test_the_grid_of_figure_9_goes_before_the_shipped_models():
    grid = grid_of([120.0, 99.0, 99.5], 5)
    found = check(12, Made({"grid": grid}, FOURTEEN, {2: 150.0, 8: 110.0, 14: 104.0, 50: 101.0, 100: 99.0}))
    assert found.verdict == HOLDS
    assert "best of the grid's settings after 5 epochs" in found.ours
    assert "shipped models after 90 epochs: 2: 150.0" in found.ours
    assert found.values["test_negative_elbo"] == [120.0, 99.0, 99.5]


@pytest.mark.parametrize(
    ("grid", "counts"),
    [
        (grid_of([120.0, 99.0, 99.5], 5), True),
        (grid_of([120.0, 99.0, 99.5], [5, 5, 100]), False),
        (grid_of([120.0, np.nan, 99.5], [5, 0, 5]), False),
        (grid_of([120.0, np.inf, 99.5], 5), False),
    ],
    ids=["one epoch", "two lengths", "a hole", "one N_z diverged"],
)
def test_a_grid_counts_where_it_has_every_size_at_one_epoch(grid: LatentSweep, counts: bool):
    assert evidence.is_comparable(grid) is counts


def test_the_shipped_grid_is_taken_where_it_counts(settings: Settings):
    shipped, found = latent_sweep(GridSpec()), Evidence(Session.open(settings)).grid()
    assert (found is not None) == evidence.is_comparable(shipped)
    if found is not None:
        np.testing.assert_array_equal(found.best, shipped.best)


@pytest.mark.parametrize("number", [9, 10, 12, 19])
def test_a_claim_over_sizes_is_not_judged_on_one_size(number: int):
    made = Made({"geometry": geometry(), "approach": approach()}, (100,))
    assert check(number, made).verdict == "not measured"
