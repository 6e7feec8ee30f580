"""What pages ask is computed once for all who ask, and found again without a place in the queue."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask

from core import experiments
from core.computations import BusyError, Computations, Question, Reporter
from core.library import Library
from core.session import Session
from core.settings import Settings
from core.specs import EmbeddingSpec, EnsembleSpec, InferenceSpec, NoiseSweepSpec
from core.store import StoreError
from dashboard.experiments import Experiments
from dashboard.pages.explore.replies import run_film_spec
from tests.processes import until
from tests.served import NEVER, Watched, own_cache
from tests.threads import PATIENCE, together

Trained = tuple[Settings, str]


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def asked(trained: Trained, tmp_path: Path, watched: Watched) -> Experiments:
    settings = own_cache(trained[0], tmp_path / "cache")
    return Experiments.on(Flask("test"), settings, Library.of(settings.models), watched)


@pytest.fixture
def spec(trained: Trained) -> InferenceSpec:
    return InferenceSpec(model=trained[1], source="decoded", n_runs=20, n_steps=6, window=2)


def test_the_plane_and_the_curves_of_many_tabs_are_one_computation_of_runs(
    asked: Experiments, spec: InferenceSpec, watched: Watched
):
    barrier = threading.Barrier(8)

    def ask(i: int) -> Any:
        barrier.wait(PATIENCE)
        question = Question(f"tab {i // 2}", f"topic {i % 2}")
        if i % 2:
            return asked.result(question, experiments.embedding, spec.part(EmbeddingSpec))
        return asked.result(question, experiments.trajectories, spec.part(EnsembleSpec))

    found = together(*[lambda i=i: ask(i) for i in range(8)])
    assert {type(each).__name__ for each in found} == {"Embedding", "Trajectories"}
    assert watched.computed.count("latent_activity") <= 2  # asked by both, computed once
    results = list((asked.session.settings.cache / "results").iterdir())
    assert len(results) == 3  # the activity, the plane, the distances


def test_what_is_in_the_cache_needs_no_place_in_the_queue(asked: Experiments, spec: InferenceSpec, watched: Watched):
    runs = spec.part(EnsembleSpec)
    first = asked.result(Question("tab", "cloud"), experiments.trajectories, runs)
    watched.most = 0
    again = asked.result(Question("other tab", "cloud"), experiments.trajectories, runs)
    np.testing.assert_array_equal(again.distances, first.distances)
    with pytest.raises(BusyError):
        asked.result(Question("tab", "cloud"), experiments.trajectories, replace(runs, noise=0.7))


def test_the_highlighted_image_and_the_plane_are_no_part_of_the_ensemble(
    asked: Experiments, spec: InferenceSpec, watched: Watched
):
    for other in (spec, replace(spec, sample=5), replace(spec, basis="fixed"), replace(spec, window=0)):
        asked.result(Question("tab", "cloud"), experiments.trajectories, other.part(EnsembleSpec))
    assert watched.computed == ["latent_activity"]


def test_single_runs_wait_for_a_batch_and_each_is_its_own(trained: Trained, tmp_path: Path, spec: InferenceSpec):
    computations = Computations(width=1, calm=NEVER)
    settings = own_cache(trained[0], tmp_path / "cache")
    asked = Experiments.on(Flask("test"), settings, Library.of(settings.models), computations)
    specs = [run_film_spec(replace(spec, seed=seed), (0.3,)) for seed in range(5)]
    is_free = threading.Event()

    def block(values: list[int]) -> list[int]:
        assert is_free.wait(PATIENCE)
        return values

    def hold() -> None:
        with computations.run("others", 0, block):
            pass

    def let_go() -> None:
        until(lambda: len(computations.runs.waiting) == 5, "five runs wait")
        is_free.set()

    found = together(hold, let_go, *[lambda one=one: asked.single_run(one) for one in specs])[2:]
    for one, film in zip(specs, found, strict=True):
        alone = experiments.run_film(one, asked.session)
        np.testing.assert_allclose(film.distances, alone.distances, atol=1e-4)
    assert len({film.distances.tobytes() for film in found}) == 5


def test_a_reply_in_memory_ends_the_wait_for_an_older_question(trained: Trained, tmp_path: Path, spec: InferenceSpec):
    class Leaving(Watched):
        def __init__(self) -> None:
            super().__init__()
            self.left: list[tuple[str, str]] = []

        def leave(self, client: str, topic: str) -> bool:
            self.left.append((client, topic))
            return super().leave(client, topic)

    leaving, settings = Leaving(), own_cache(trained[0], tmp_path / "cache")
    asked = Experiments.on(Flask("test"), settings, Library.of(settings.models), leaving)

    def compute(question: Question) -> Any:
        return asked.result(question, experiments.trajectories, spec.part(EnsembleSpec))

    def ask(build: Callable[[Any], str]) -> str:
        return asked.awaited(Question("tab", "cloud"), "cloud", spec, "light", compute, build)

    assert ask(lambda found: str(found.distances.shape)) == "(3, 7)"
    leaving.left.clear()
    assert ask(lambda found: pytest.fail("It is built again.")) == "(3, 7)"
    assert leaving.left == [("tab", "cloud")]


def test_a_sweep_beside_the_model_is_not_computed(settings: Settings, watched: Watched, write_model: Any):
    write_model(settings.models / "a.safetensors")
    experiments.store_noise_sweeps("a", Session.open(settings), sources=("decoded",))
    asked = Experiments.on(Flask("test"), settings, Library.of(settings.models), watched)
    spec = NoiseSweepSpec(model="a", source="decoded", n_runs=12)
    screen = InferenceSpec(model="a", source="decoded", n_runs=12, noise=0.3)
    assert len(asked.noise_sweep(Question("tab", "sweep"), spec, screen).stages) == 41
    assert watched.computed == []
    fewer = asked.noise_sweep(Question("tab", "sweep"), replace(spec, noises=(0.1, 0.4)), screen)
    assert fewer.noises.tolist() == [0.1, 0.4]
    assert watched.computed == ["film_frame", "film_frame"]


@pytest.mark.parametrize("other", [{"label": 3}, {"seed": 1}, {"n_runs": 11}, {"n_steps": 9}, {"noise_kind": "invert"}])
def test_a_sweep_of_other_runs_than_the_screen_shows_takes_none_of_its_frames(
    settings: Settings, watched: Watched, write_model: Any, other: dict[str, Any]
):
    write_model(settings.models / "a.safetensors")
    asked = Experiments.on(Flask("test"), settings, Library.of(settings.models), watched)
    spec = NoiseSweepSpec(model="a", source="decoded", n_runs=12, noises=(0.1, 0.4))
    screen = InferenceSpec(model="a", source="decoded", **{"n_runs": 12, **other})
    assert len(asked.noise_sweep(Question("tab", "sweep"), spec, screen).stages) == 2
    assert watched.computed == []


def test_a_sweep_keeps_the_runs_of_the_screen_for_other_axes_and_those_of_no_other_noise(
    settings: Settings, watched: Watched, write_model: Any
):
    write_model(settings.models / "a.safetensors")
    asked = Experiments.on(Flask("test"), settings, Library.of(settings.models), watched)
    spec = NoiseSweepSpec(model="a", source="decoded", n_runs=12, noises=(0.1, 0.4))
    screen = InferenceSpec(model="a", source="decoded", n_runs=12, noise=0.4)
    asked.noise_sweep(Question("tab", "sweep"), spec, screen)
    kept = [replace(screen, noise=p).part(EnsembleSpec) for p in spec.noises]
    assert [asked.session.cached(experiments.latent_activity, one) is not None for one in kept] == [False, True]


def test_neighbours_that_are_in_the_cache_or_have_no_model_are_not_computed_ahead(
    trained: Trained, tmp_path: Path, spec: InferenceSpec
):
    class Noting(Watched):
        def __init__(self) -> None:
            super().__init__()
            self.noted: list[str] = []

        def ahead(self, key: str, compute: Callable[[Reporter], Any]) -> None:
            self.noted.append(key.partition(":")[0])

    noting, settings = Noting(), own_cache(trained[0], tmp_path)
    asked = Experiments.on(Flask("test"), settings, Library.of(settings.models), noting)
    asked.compute_ahead(spec, replace(spec, model="unknown"))
    assert noting.noted == ["film_frame"]
    asked.result(Question("tab"), experiments.film_frame, spec.part(EmbeddingSpec))
    asked.compute_ahead(spec)
    assert noting.noted == ["film_frame"]


def test_what_was_computed_ahead_is_found(trained: Trained, tmp_path: Path, spec: InferenceSpec):
    class Eager(Watched):
        """Computes at once what others would compute at leisure."""

        def ahead(self, key: str, compute: Callable[[Any], Any]) -> None:
            compute(lambda fraction, text: None)

    eager, settings = Eager(), own_cache(trained[0], tmp_path)
    asked = Experiments.on(Flask("test"), settings, Library.of(settings.models), eager)
    asked.compute_ahead(spec)
    eager.most = 0  # whoever had to wait would be refused
    assert asked.result(Question("tab"), experiments.film_frame, spec.part(EmbeddingSpec)).landmark.shape[0] == 7
    assert asked.result(Question("tab"), experiments.film_frame, spec.part(EmbeddingSpec)).trajectories.line.shape == (
        7,
    )


def test_films_that_are_computed_ahead_are_given_up_as_soon_as_somebody_asks_and_go_on_where_they_were(
    trained: Trained, tmp_path: Path, spec: InferenceSpec
):
    begun, asked_for = threading.Event(), threading.Event()

    class Halting(Watched):
        """Stops before the fourth frame until somebody has asked."""

        def once(self, key: str, compute: Callable[..., Any], **more: Any) -> Any:
            if key.startswith("film_frame") and self.computed.count("film_frame") == 3 and not begun.is_set():
                begun.set()
                assert asked_for.wait(PATIENCE)
            return super().once(key, compute, **more)

    halting, settings = Halting(calm=0), own_cache(trained[0], tmp_path)
    asked = Experiments.on(Flask("test"), settings, Library.of(settings.models), halting)
    asked.films_ahead(spec)
    assert begun.wait(PATIENCE)
    gate = threading.Event()

    def ask() -> Any:
        return halting.wait_for(Question("tab"), "other", lambda report: gate.wait(PATIENCE))

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask)
        until(lambda: halting.works.open, "somebody waits")
        asked_for.set()
        until(lambda: halting.later._thread is None, "the films are given up")
        gate.set()
        assert answer.result()
    films = experiments.other_films(spec.part(EmbeddingSpec))
    assert [asked.session.cached(experiments.film_frame, one) is not None for one in films[:5]] == [True] * 3 + [
        False
    ] * 2
    halting.computed.clear()
    asked.films_ahead(spec)
    until(lambda: halting.later._thread is None, "all are done")
    assert halting.computed.count("film_frame") == len(films) - 3


def test_a_model_that_is_not_there_is_refused(asked: Experiments, spec: InferenceSpec):
    with pytest.raises(StoreError, match="'unknown'"):
        asked.result(Question("tab"), experiments.trajectories, replace(spec.part(EnsembleSpec), model="unknown"))
