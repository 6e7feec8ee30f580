"""Sentences that state what is on the screen."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.results import Stage
from dashboard import captions
from tests.synthetic import make_run_film

ENSEMBLE: dict[str, Any] = {
    "noise": 0.2,
    "label": "6",
    "n_runs": 300,
    "source": "original",
    "noise_kind": "invert",
}


@pytest.mark.parametrize(
    ("minima", "point", "stage"),
    [
        ([1, 2, 3], "their own memory", Stage.MEMORY),
        ([2, 1, 3], "the concept of ‘6’", Stage.CONCEPT),
        ([3, 2, 1], "the abstract concept", Stage.ABSTRACT),
        ([1, 1, 1], "their own memory", Stage.MEMORY),
    ],
)
def test_the_caption_names_the_point_and_the_stage(minima: list[float], point: str, stage: Stage):
    text = captions.ensemble_caption(minima, None, **ENSEMBLE)
    assert f"come nearest to {point}: stage {stage}." in text
    assert "300 runs of ‘6’" in text


def test_the_caption_names_the_stage_that_other_runs_might_give():
    text = captions.ensemble_caption([2, 1, 1.1], Stage.ABSTRACT, **ENSEMBLE)
    assert text.endswith("the concept of ‘6’: stage II, or III (within 2 SEM).")


@pytest.mark.parametrize(("noise", "text"), [(0, "0 %"), (0.025, "2.5 %"), (0.2, "20 %"), (1, "100 %"), (0.3, "30 %")])
def test_the_noise_is_said_as_it_is(noise: float, text: str):
    settings: dict[str, Any] = ENSEMBLE | {"noise": noise}
    assert captions.ensemble_caption([1, 2, 3], None, **settings).startswith(f"With {text} of the pixels")


@pytest.mark.parametrize("source", ["original", "decoded"])
@pytest.mark.parametrize("kind", ["invert", "permute"])
def test_the_caption_says_what_the_runs_start_from(source: str, kind: str):
    settings: dict[str, Any] = ENSEMBLE | {"source": source, "noise_kind": kind}
    text = captions.ensemble_caption([1, 2, 3], None, **settings)
    assert {"original": "original images", "decoded": "images decoded from memories"}[source] in text
    assert {"invert": "inverted", "permute": "permuted"}[kind] in text


def test_the_run_is_described_by_its_own_nearest_point():
    film = make_run_film(n_noises=2)
    smallest, steps = np.array([[2.5, 1.25, 3], [1, 2, 3]], np.float32), np.array([[1, 3, 5], [1, 4, 6]])
    film = replace(film, minimum_distance=smallest, minimum_step=steps, approaches_at_same_step=np.array([True, False]))
    one, other = captions.run_captions(film, label="6", start="image 17")
    assert one == (
        "The highlighted run (image 17): nearest to the concept of ‘6’, 1.25 at t = 3; it approaches its concept."
    )
    assert "its own memory, 1.00 at t = 1; it does not approach" in other


@pytest.mark.parametrize(
    ("path", "curve", "means"),
    [
        (True, True, "Their mean position and mean distance do so too."),
        (False, False, "Their mean position and mean distance do not."),
        (True, False, "Their mean position does, their mean distance does not."),
        (False, True, "Their mean position does not, their mean distance does."),
    ],
)
def test_approach_is_a_share(path: bool, curve: bool, means: str):
    text = captions.approach_caption(0.756, 0.5, 0.25, mean_path=path, mean_curve=curve)
    assert text == (
        "76 % of the runs approach their concept: nearest half way, then nearer than the straight line (50 % than all "
        f"of it, 25 % with one minimum). {means}"
    )
