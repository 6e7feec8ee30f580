"""Sentences that state what is on the screen."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.library import Entry
from core.packed_images import packed_image, packed_mask
from core.results import Stage
from core.specs import ModelSpec, RunFilmSpec
from dashboard import captions
from dashboard.languages import catalogues
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


# in Japanese, every sentence that there can be

NUMBER = re.compile(r"\d[\d.,]*\d|\d")
NAMES = re.compile(r"III|SEM|m-seed\d")
"""Words that stay as they are; all others are English."""
OTHER_STAGES = (None, *Stage)


def starts() -> list[str]:
    """What the highlighted run may start from."""
    own, covered = packed_image(np.zeros(64, np.uint8)), packed_mask(np.ones(64, bool))
    fields: Any = product(("", own), ("", covered), ((0, 0.0), (9, 0.5)))
    specs = (
        RunFilmSpec(model="m", own=own, covered=covered, damage_step=step, damage_noise=noise)
        for own, covered, (step, noise) in fields
    )
    return [captions.start_of(spec) for spec in specs]


def ensembles() -> Iterator[str]:
    minima = ([1, 2, 3], [2, 1, 3], [3, 2, 1])
    for least, other, kind, source in product(minima, OTHER_STAGES, captions.SELECTED, captions.STARTS):
        settings: dict[str, Any] = ENSEMBLE | {"noise": 0.025, "noise_kind": kind, "source": source}
        yield captions.ensemble_caption(least, other, **settings)


def single_runs() -> Iterator[str]:
    film = make_run_film(n_noises=6)
    nearest = np.array([[1, 2, 3], [2, 1, 3], [3, 2, 1]] * 2, np.float32)
    steps, comes_near = np.tile([4, 5, 6], (6, 1)), np.array([True] * 3 + [False] * 3)
    film = replace(film, minimum_distance=nearest, minimum_step=steps, approaches_at_same_step=comes_near)
    for start in starts():
        yield from captions.run_captions(film, label="6", start=start)


def shares() -> Iterator[str]:
    for path, curve in product((True, False), repeat=2):
        yield captions.approach_caption(0.76, 0.5, 0.25, mean_path=path, mean_curve=curve)


def trainings() -> Iterator[str]:
    yield from (captions.epochs_of(ModelSpec(epochs=n)) for n in (60, 1500, 3000))
    yield captions.with_beta(ModelSpec(beta=1.5))
    yield from map(captions.duration, (59, 61, 130))


def choices() -> Iterator[str]:
    """Of models that differ in some of what can tell them apart; the last two in nothing, and have their ids."""
    varies: Any = [
        (0, 1),
        (60, 90),
        ("shipped", "trained here", "imported"),
        ("no", "threshold", "sample"),
    ]
    for are_varied in product((True, False), repeat=4):
        values = product(
            *(column if is_varied else column[:1] for column, is_varied in zip(varies, are_varied, strict=True))
        )
        entries = [
            Entry(Path(f"m-seed{i}.pt"), origin, ModelSpec(seed=seed, epochs=epochs, binarize=binarize))
            for i, (seed, epochs, origin, binarize) in enumerate(values)
        ]
        yield from captions.model_choices([*entries, replace(entries[0], path=Path("m-seed9.pt"))]).values()


SENTENCES: dict[str, Iterable[str]] = {
    "ensemble": ensembles(),
    "run": single_runs(),
    "start": starts(),
    "approach": shares(),
    "training": trainings(),
    "choice": choices(),
    "kind": captions.SELECTED.values(),
    "source": captions.STARTS.values(),
    "nearest": [point.format(label="6") for point in captions.NEAREST.values()],
}


@pytest.mark.parametrize("kind", SENTENCES)
def test_every_caption_there_can_be_is_japanese_and_says_the_same_numbers(kind: str):
    words, given = catalogues()["ja"], list(dict.fromkeys(SENTENCES[kind]))
    assert given
    said = {sentence: words(sentence) for sentence in given}
    assert {text for text in said.values() if re.search(r"[A-Za-z]{3}", NAMES.sub("", text))} == set()
    for sentence, text in said.items():
        assert Counter(NUMBER.findall(sentence)) <= Counter(NUMBER.findall(text)), text
        assert not re.search(r"[{}]|\w, ", text), text
    assert len(set(said.values())) == len(given)
