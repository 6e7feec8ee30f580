"""Films of ensembles: those that are shipped are of the weights beside them, and are what would be computed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import brotli
import numpy as np
import pytest

from core import experiments
from core.library import Entry, Library
from core.session import Session
from core.settings import Settings
from core.specs import NOISES, EmbeddingSpec
from dashboard import films, wire
from dashboard.controls import ScreenState
from tests.conftest import settings_in

FIRST = ScreenState()


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session.open(settings_in(tmp_path))


@pytest.fixture
def entry(session: Session) -> Entry:
    return session.library.default(FIRST.dataset, FIRST.n_latent)


def spec_of(entry: Entry, source: str, **changes: Any) -> EmbeddingSpec:
    return replace(FIRST.inference_spec(entry.id, source).part(EmbeddingSpec), **changes)


@pytest.mark.parametrize("source", ["original", "decoded"])
def test_the_first_screen_has_its_film(entry: Entry, source: str):
    for noise in NOISES:
        frame = films.shipped_frame(entry, spec_of(entry, source, noise=noise))
        assert frame
        assert (frame["noise"], frame["label"]) == (noise, FIRST.label)


@pytest.mark.parametrize(
    "other",
    [{"label": 5}, {"n_runs": 200}, {"n_steps": 50}, {"seed": 1}, {"basis": "windowed"}, {"noise_kind": "invert"}],
    ids=lambda other: next(iter(other)),
)
def test_other_settings_have_none(entry: Entry, other: dict[str, Any]):
    assert films.shipped_frame(entry, spec_of(entry, "decoded", **other)) is None


def test_a_film_of_other_weights_is_not_shown(entry: Entry, tmp_path: Path):
    model = tmp_path / f"{entry.id}.safetensors"
    model.write_bytes(entry.path.read_bytes())
    film = films.film_path(entry, spec_of(entry, "decoded"))
    content = json.loads(brotli.decompress(film.read_bytes())) | {"sha256": "0" * 64}
    (tmp_path / film.name).write_bytes(brotli.compress(json.dumps(content).encode(), quality=1))
    copied = Library([(tmp_path, "shipped")]).entry(entry.id)
    assert films.shipped_frame(copied, spec_of(copied, "decoded")) is None
    (tmp_path / film.name).write_bytes(film.read_bytes())
    assert films.shipped_frame(copied, spec_of(copied, "decoded"))


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_a_shipped_film_is_what_would_be_computed(entry: Entry, session: Session, noise: float):
    spec = spec_of(entry, "decoded", noise=noise)
    shipped = films.shipped_frame(entry, spec)
    assert shipped
    computed = films.frame_payload(experiments.film_frame(spec, session), entry, spec)
    assert computed.keys() == shipped.keys()
    for name in ("caption", "approach", "runner_up", "flat", "noise", "label"):
        assert computed[name] == shipped[name]
    for name in ("minimum_distance", "minimum_distance_difference_sem", "inside"):
        np.testing.assert_allclose(computed[name], shipped[name], atol=2e-3)
    same = np.mean([a == b for a, b in zip(computed["nearest"], shipped["nearest"], strict=True)])
    assert same > 0.999  # of the runs at all steps; other machines round differently
    for view in ("plane", "landmark"):
        assert computed[view]["levels"] == shipped[view]["levels"] == wire.PLANE_LEVELS
        np.testing.assert_allclose(computed[view]["low"], shipped[view]["low"], atol=1e-2)


def test_a_film_is_filed_and_found(trained: tuple[Settings, str]):
    settings, id = trained
    session = Session.open(settings, library=Library([(settings.models, "shipped")]))
    entry = session.library.entry(id)
    spec = EmbeddingSpec(model=id, source="decoded", label=0, n_runs=20, n_steps=6, basis="fixed")
    path = films.compute_film(entry, spec, session)
    try:
        frame = films.shipped_frame(entry, replace(spec, noise=0.5))
        expected = films.frame_payload(
            experiments.film_frame(replace(spec, noise=0.5), session), entry, replace(spec, noise=0.5)
        )
        assert frame == json.loads(json.dumps(expected))
    finally:
        path.unlink()
