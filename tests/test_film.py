"""The film over p says what the single experiments say, and leaves no activity behind."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import experiments
from core.analysis import landmarks
from core.experiments.film import alone as by_itself
from core.experiments.film import half
from core.results import Ensemble, Trajectories
from core.session import Session
from core.settings import Settings
from core.specs import BASES, NOISES, EmbeddingSpec, EnsembleSpec, RunFilmSpec, RunSpec
from core.store import Model

MODEL = "digits-nz10-seed0"
FEW: dict[str, Any] = {"model": MODEL, "source": "decoded", "n_runs": 30, "n_steps": 10}
RUNS = EmbeddingSpec(**FEW, noise=0.3, window=2)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session on the shipped models, with a cache of its own."""
    folder = tmp_path_factory.mktemp("film")
    return Session.open(Settings(folder / "data", folder / "models", folder / "cache", device="cpu"))


def equal(found: Any, expected: Any) -> None:
    """Two results of one class with the same arrays and values."""
    assert type(found) is type(expected)
    for item in fields(expected):
        one, other = getattr(found, item.name), getattr(expected, item.name)
        if isinstance(other, Trajectories | Ensemble):
            equal(one, other)
        else:
            np.testing.assert_array_equal(one, other, err_msg=item.name)


@pytest.mark.parametrize("basis", BASES)
def test_a_frame_has_the_trajectories_and_the_plane_of_their_own_experiments(home: Session, basis: str):
    spec = replace(RUNS, basis=basis)
    frame, plane = experiments.film_frame(spec, home), experiments.embedding(spec, home)
    equal(frame.trajectories, experiments.trajectories(spec.part(EnsembleSpec), home))
    shown = plane.embedding[:, 0]
    assert np.abs(frame.embedding - shown).max() <= 0.002 * np.ptp(shown)
    n = 1 if basis == "fixed" else 11
    assert frame.has_fixed_axes == (basis == "fixed")
    for name in ("basis", "mean", "explained_variance_ratio"):
        np.testing.assert_array_equal(getattr(frame, name), getattr(plane, name)[:n])
        assert len(getattr(frame, name)) == n


def test_a_frame_places_every_run_among_its_own_landmarks(home: Session):
    frame, model = experiments.film_frame(RUNS, home), home.model(MODEL)
    z = torch.from_numpy(experiments.latent_activity(RUNS.part(EnsembleSpec), home).z)
    memories, abstract = model.memories[6, :30], model.concepts.mean(0)
    exact, rest = landmarks.landmark_coordinates(z, memories, model.concepts[6], abstract)
    assert np.abs(frame.landmark - exact.numpy()).max() <= 0.002 * np.ptp(exact.numpy())
    assert np.abs(frame.rest - rest.numpy()).max() <= 0.002 * np.ptp(rest.numpy())
    np.testing.assert_allclose(frame.inside, landmarks.share_inside(z, rest, abstract), rtol=1e-5)
    points = (memories, model.concepts[6].expand(30, -1), abstract.expand(30, -1))
    d = np.stack([np.linalg.norm(z.numpy() - point.numpy(), axis=-1) for point in points])
    np.testing.assert_array_equal(frame.nearest, d.argmin(0))
    assert set(np.unique(frame.nearest)) == {0, 1, 2}
    assert not frame.is_flat


def test_a_frame_is_kept_without_the_activity_that_it_was_computed_from(settings: Settings):
    session = Session.open(settings)
    frame = session.result(experiments.film_frame, RUNS)
    assert session.cached(experiments.latent_activity, RUNS.part(EnsembleSpec)) is None
    kept = session.cached(experiments.film_frame, RUNS)
    assert kept is not None
    equal(kept, frame)
    assert [kept.embedding.dtype, kept.landmark.dtype, kept.rest.dtype, kept.nearest.dtype] == [*"eeeb"]


def test_a_frame_takes_the_activity_that_is_there(settings: Settings):
    session = Session.open(settings)
    told: list[str] = []

    def tell(fraction: float, text: str) -> None:
        told.append(text)

    frame = experiments.film_frame(RUNS, session, progress=tell)
    assert told
    told.clear()
    session.result(experiments.latent_activity, RUNS.part(EnsembleSpec))
    equal(experiments.film_frame(RUNS, session, progress=tell), frame)
    assert not told


@pytest.mark.parametrize("kind", ["permute", "invert"])
def test_the_run_film_is_the_run_at_every_noise(home: Session, kind: str):
    spec = RunFilmSpec(**FEW, noise_kind=kind, noises=NOISES[::4], sample=7, label=6)
    film, axes = experiments.run_film(spec, home), experiments.fixed_plane(MODEL, home)
    model = home.model(MODEL)
    assert film.noises.tolist() == list(spec.noises)
    for i, noise in enumerate(spec.noises):
        run = experiments.run(RunSpec(**FEW, noise_kind=kind, noise=noise, sample=7, label=6), home)
        for name in ("images", "distances", "minimum_distance"):
            np.testing.assert_allclose(getattr(film, name)[i], getattr(run, name), atol=1e-5, err_msg=name)
        for name in ("minimum_step", "approaches_at_same_step"):
            np.testing.assert_array_equal(getattr(film, name)[i], getattr(run, name))
        np.testing.assert_array_equal(film.clean, run.clean)
        np.testing.assert_array_equal(film.memory, run.memory)
        np.testing.assert_allclose(film.embedding[i], (run.z - axes.mean) @ axes.basis.T, atol=1e-5)
        exact = landmarks.landmark_coordinates(
            torch.from_numpy(run.z)[:, None], model.memories[6, 7:8], model.concepts[6], model.concepts.mean(0)
        )
        np.testing.assert_allclose(film.landmark[i], exact[0][:, 0], atol=1e-5)
        np.testing.assert_allclose(film.rest[i], exact[1][:, 0], atol=1e-5)
    assert len(set(film.approaches_at_same_step.tolist())) == 2  # else it could be any constant


def test_films_that_are_computed_together_are_those_computed_alone(home: Session):
    specs = [RunFilmSpec(**FEW, noises=NOISES[::n], sample=n, label=n) for n in (4, 8, 9)]
    starts: list[torch.Tensor] = []
    alone = [experiments.run_film(spec, home, follow=partial(keep, starts)) for spec in specs]
    together = experiments.runs_of_films(home.model(MODEL), starts, specs[0].n_steps)
    for spec, runs, film in zip(specs, together, alone, strict=True):
        same = experiments.run_film(spec, home, follow=lambda *_, runs=runs: nullcontext(runs))
        for name in ("images", "distances", "embedding", "landmark"):
            np.testing.assert_allclose(getattr(same, name), getattr(film, name), atol=1e-5, err_msg=name)


def keep(starts: list[torch.Tensor], model: Model, x: torch.Tensor, n_steps: int) -> Any:
    """Note from where the runs of a film start."""
    starts.append(x)
    return by_itself(model, x, n_steps)


def test_the_fixed_plane_reaches_a_twelfth_beyond_all_memories(home: Session):
    plane = experiments.fixed_plane(MODEL, home)
    memories = home.model(MODEL).memories.flatten(0, 1).numpy()
    placed = (memories - plane.mean) @ plane.basis.T
    low, high = placed.min(0), placed.max(0)
    np.testing.assert_allclose(plane.ranges[:, 0], low - 0.08 * (high - low), rtol=1e-4)
    np.testing.assert_allclose(plane.ranges[:, 1], high + 0.08 * (high - low), rtol=1e-4)
    np.testing.assert_allclose(plane.basis @ plane.basis.T, np.eye(2), atol=1e-5)
    shares = placed.var(0) / memories.var(0).sum()
    np.testing.assert_allclose(plane.explained_variance_ratio, shares, rtol=1e-4)


def test_one_latent_unit_has_no_plane_and_is_filmed_all_the_same(settings: Settings, write_model: Callable[..., Path]):
    write_model(settings.models / "one.safetensors", n_latent=1)
    session, few = Session.open(settings), FEW | {"model": "one", "n_runs": 12}
    frame = experiments.film_frame(EmbeddingSpec(**few, basis="fixed"), session)
    film = experiments.run_film(RunFilmSpec(**few, noises=(0.0, 1.0), sample=3), session)
    assert frame.is_flat
    for values in (frame.landmark, frame.rest, frame.inside, film.landmark, film.rest):
        assert np.isfinite(values).all()
    low, high = experiments.fixed_plane("one", session).ranges.T
    assert (low < high).all()


def test_what_is_too_large_for_16_bits_ends_at_their_range():
    """A coordinate can be so where a memory all but is its concept."""
    assert half(torch.tensor([1e6, -1e9, 0.5])).tolist() == [65504, -65504, 0.5]


# Ahead of any question


def test_of_the_other_labels_all_that_is_nearest_to_the_finger_comes_first():
    specs = experiments.other_films(replace(RUNS, label=6, noise=0.3))
    assert len(specs) == len(set(specs)) == 9 * len(NOISES)
    assert [one.label for one in specs[:9]] == [7, 8, 9, 0, 1, 2, 3, 4, 5]
    assert [one.noise for one in specs[:27:9]] == [0.3, 0.275, 0.325]
    assert {replace(one, label=6, noise=0.3) for one in specs} == {replace(RUNS, label=6, noise=0.3)}


def test_what_is_kept_ahead_is_found_and_what_is_found_is_not_computed(settings: Settings):
    session, told = Session.open(settings), list[str]()
    specs = [replace(RUNS, label=label) for label in (1, 2, 3)]
    session.result(experiments.film_frame, specs[1])
    kept = experiments.keep_frames(specs, session, progress=lambda fraction, text: told.append(text))
    assert kept == 3
    assert [text for text in told if "runs" not in text] == [f"label {label}, p = 0.300" for label in (1, 2, 3)]
    assert sum("0 of 30 runs" in text for text in told) == 2
    assert all(session.cached(experiments.film_frame, one) for one in specs)


def test_what_is_kept_ahead_takes_a_quarter_of_the_cache_at_most(settings: Settings):
    session = Session.open(settings)
    specs = [replace(RUNS, label=label) for label in range(5)]
    session.result(experiments.film_frame, specs[0])
    (file,) = (settings.cache / "results").iterdir()
    size = file.stat().st_size
    small = Session.open(replace(settings, max_cache=int(4 * 2.5 * size)))
    assert experiments.keep_frames(specs, small) == 3  # the third does not quite fit
    assert small.cached(experiments.film_frame, specs[2])
    assert small.cached(experiments.film_frame, specs[3]) is None


@pytest.mark.parametrize("fails", [False, True])
def test_where_nothing_is_kept_nothing_more_is_computed_ahead(settings: Settings, fails: bool):
    class Forgetful:
        """A store that keeps nothing; a read-only one fails."""

        def get(self, key: str) -> bytes | None:
            return None

        def set(self, key: str, value: bytes) -> None:
            if fails:
                raise OSError(30, "Read-only file system")

        def delete(self, key: str) -> None:
            pass

    told: list[str] = []
    specs = [replace(RUNS, label=label) for label in (1, 2, 3)]
    session = Session.open(settings, store=Forgetful())
    assert experiments.keep_frames(specs, session, progress=lambda fraction, text: told.append(text)) == 0
    assert [text for text in told if "runs" not in text] == ["label 1, p = 0.300"]
