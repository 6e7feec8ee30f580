"""The shipped results of the paper's figures: they are those of the models here, and of the code that computes them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.paper import shipped
from core.paper.figures.registry import FIGURES
from core.paper.results import arrays_of
from core.paper.shipped import save_figure, shipped_figure
from core.progress import silent
from core.session import Session
from core.specs import FigureSpec
from core.store import StoreError
from dashboard.drawing import draw_figure
from dashboard.pages.paper.layout import still
from dashboard.pages.paper.sections import SECTIONS
from dashboard.theme import LIGHT
from tests.conftest import settings_in

CAPTIONS = {caption.id: caption for section in SECTIONS for caption in section.figures}
WITHOUT_IMAGES = ("fig7a", "fig7b", "suppE", "fig9", "fig10")
CHOSEN = {"label": 3, "noise_kind": "invert", "noise": 0.7, "n_runs": 14, "t": 3}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session.open(settings_in(tmp_path_factory.mktemp("figures")))


@pytest.mark.parametrize("id", FIGURES)
def test_every_figure_is_shipped_for_the_models_here(session: Session, id: str):
    found = shipped_figure(id, session)
    assert found, "Compute it: python -m core figures --only " + id
    assert (found.spec.label, found.spec.n_runs) == (FIGURES[id].label, FIGURES[id].n_runs)
    figure: Any = still(draw_figure(session.library, id, found.spec, found.result(), LIGHT))
    assert figure.data or figure.layout.shapes
    assert figure.layout.height == CAPTIONS[id].height  # else the page jumps when it is drawn


@pytest.mark.parametrize("id", WITHOUT_IMAGES)
def test_what_needs_no_images_is_computed_again(session: Session, id: str):
    found = shipped_figure(id, session)
    assert found
    same(found.result(), FIGURES[id].compute(session, found.spec, silent))


@pytest.mark.parametrize("id", ["fig1", "fig2"])
def test_what_starts_from_original_images_is_computed_again(mnist_root: Path, tmp_path: Path, id: str):
    session = Session.open(replace(settings_in(tmp_path), data=mnist_root))
    found = shipped_figure(id, session)
    assert found
    assert found.spec.source == "original"
    same(found.result(), FIGURES[id].compute(session, found.spec, silent))


def same(shipped: object, computed: object) -> None:
    """Up to the rounding of another machine."""
    theirs, ours = arrays_of(shipped), arrays_of(computed)
    assert list(theirs) == list(ours)
    for name, array in theirs.items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(array, ours[name], rtol=2e-2, atol=2e-2, err_msg=name)


@pytest.mark.parametrize("id", [id for id in FIGURES if id not in ("stages", "stagesNz", "suppD", "fig8", "suppE")])
def test_a_setting_that_is_not_offered_changes_nothing(session: Session, id: str):
    """And every one that is offered does, but for the model."""
    figure, spec = FIGURES[id], FigureSpec(model="digits-nz10-seed0", source="decoded", n_runs=12, n_steps=5, t=2)

    def arrays(**changed: Any) -> dict[str, np.ndarray]:
        return arrays_of(figure.compute(session, replace(spec, **changed), silent))

    def differs(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
        return list(one) != list(other) or any(
            one[k].shape != other[k].shape or not np.array_equal(one[k], other[k], equal_nan=one[k].dtype.kind == "f")
            for k in one
        )

    before = arrays()
    assert {name for name, value in CHOSEN.items() if differs(before, arrays(**{name: value}))} == {
        name for name in figure.choices if name != "model"
    }


def filed(session: Session, folder: Path) -> Path:
    """A shipped figure of the digits in a folder."""
    spec = FigureSpec(model="digits-nz10-seed0", source="decoded", n_runs=12)
    return save_figure("suppA", spec, FIGURES["suppA"].compute(session, spec, silent), session, folder)


def test_a_result_comes_back_as_it_was(session: Session, tmp_path: Path):
    filed(session, tmp_path)
    found = shipped_figure("suppA", session, tmp_path)
    assert found
    computed = FIGURES["suppA"].compute(session, found.spec, silent)
    assert type(found.result()) is type(computed)
    for name, array in arrays_of(computed).items():
        np.testing.assert_array_equal(arrays_of(found.result())[name], array)


def test_a_result_of_other_weights_is_none(session: Session, tmp_path: Path):
    path = filed(session, tmp_path)
    content = path.read_bytes()
    digest = content.split(b'"weights"')[1].split(b'"')[3]
    path.write_bytes(content.replace(digest, digest[::-1], 1))
    assert shipped_figure("suppA", session, tmp_path) is None
    assert shipped_figure("fig1", session, tmp_path) is None  # there is no file


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content.partition(b"\n")[0] + b"\n" + b"x" * 100,
        lambda content: content.replace(b'"suppA"', b'"fig9x"', 1),
        lambda content: b"[" * 10_000,
        lambda content: b"",
    ],
    ids=["cut", "no brotli", "another figure", "deep", "empty"],
)
def test_a_damaged_file_is_refused_with_a_sentence(session: Session, tmp_path: Path, damage: Any):
    path = filed(session, tmp_path)
    path.write_bytes(damage(path.read_bytes()))

    def read() -> object:
        found = shipped_figure("suppA", session, tmp_path)
        return found and found.result()

    with pytest.raises(StoreError, match="Compute it anew: python -m core figures"):
        read()


def test_a_bomb_is_not_unpacked(session: Session, tmp_path: Path):
    path = filed(session, tmp_path)
    head = path.read_bytes().partition(b"\n")[0]
    path.write_bytes(head + b"\n" + shipped.brotli.compress(bytes(2 * shipped.LARGEST)))
    found = shipped_figure("suppA", session, tmp_path)
    assert found
    with pytest.raises(StoreError, match="too large"):
        found.result()
