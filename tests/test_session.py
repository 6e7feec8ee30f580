"""One key for a question, whoever asks it: spec, weights, code; and nothing of where it is computed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import experiments
from core.library import Library
from core.paper.claims.evidence import Evidence
from core.progress import Progress, silent
from core.results import LatentActivity, NoiseSweep
from core.schema import SpecError
from core.session import Session, device_of
from core.settings import Settings
from core.specs import EmbeddingSpec, EnsembleSpec, LabelMapSpec, NoiseSweepSpec
from tests.served import own_cache

Trained = tuple[Settings, str]


@pytest.fixture
def spec(trained: Trained) -> EnsembleSpec:
    return EnsembleSpec(model=trained[1], source="decoded", n_runs=20, n_steps=6)


class Turns:
    """Counts what was computed."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.count += 1
        yield


def opened(home: Settings, cache: Path) -> tuple[Session, Turns]:
    turns = Turns()
    return Session.open(own_cache(home, cache), turn=turns), turns


def test_a_result_is_computed_once_and_by_one_process_for_all(trained: Trained, spec: EnsembleSpec, tmp_path: Path):
    one, turns = opened(trained[0], tmp_path)
    first = one.result(experiments.trajectories, spec)
    assert turns.count == 2  # the distances, and the runs
    assert one.cached(experiments.trajectories, spec) is not None
    two, more = opened(trained[0], tmp_path)
    again = two.result(experiments.trajectories, spec)
    assert more.count == 0
    np.testing.assert_array_equal(again.distances, first.distances)
    assert again.ensemble.stage == first.ensemble.stage


@pytest.mark.parametrize(
    "change", [{"noise": 0.3}, {"label": 2}, {"seed": 1}, {"n_runs": 21}, {"n_steps": 7}, {"noise_kind": "invert"}]
)
def test_every_setting_of_a_question_is_in_its_key(session: Session, trained: Trained, spec: EnsembleSpec, change: Any):
    session = Session.open(trained[0])
    key = session.key(experiments.trajectories, spec)
    assert session.key(experiments.trajectories, replace(spec, **change)) != key
    assert session.key(experiments.latent_activity, spec) != key
    assert session.key(experiments.trajectories, replace(spec)) == key


def test_the_grid_of_p_is_in_the_key(trained: Trained):
    session = Session.open(trained[0])
    one, two = (NoiseSweepSpec(model=trained[1], noises=noises) for noises in ((0.1, 0.2), (0.1, 0.3)))
    assert session.key(experiments.noise_sweep, one) != session.key(experiments.noise_sweep, two)


def test_where_it_is_computed_is_not(trained: Trained, spec: EnsembleSpec, tmp_path: Path):
    home = replace(own_cache(trained[0], tmp_path), data=tmp_path, max_cache=5_000_000, max_jobs=1)
    keys = {Session.open(each).key(experiments.trajectories, spec) for each in (home, trained[0])}
    assert len(keys) == 1


def test_other_weights_under_the_same_name_are_another_result(settings: Settings, write_model: Callable[..., Path]):
    session, found = Session.open(settings), []
    spec = EnsembleSpec(model="same", source="decoded", n_runs=10, n_steps=5)
    for seed in (0, 1):
        write_model(settings.models / "same.safetensors", seed=seed)
        found.append((session.key(experiments.trajectories, spec), session.result(experiments.trajectories, spec)))
    assert found[0][0] != found[1][0]
    assert (found[0][1].distances != found[1][1].distances).any()


def test_the_classifier_is_in_the_key_of_what_reads_images(settings: Settings, write_model: Callable[..., Path]):
    write_model(settings.models / "a.safetensors")
    spec, keys = LabelMapSpec(model="a"), []
    for folder in (settings.models, settings.models / "other"):
        folder.mkdir(exist_ok=True)
        session = Session.open(settings, library=Library([(settings.models, "trained here"), (folder, "shipped")]))
        (folder / "digits-classifier.safetensors").write_bytes(str(folder).encode())
        keys.append([session.key(each, spec) for each in (experiments.label_map, experiments.noise_sweep)])
        (folder / "digits-classifier.safetensors").unlink()
    assert keys[0][0] != keys[1][0]
    assert keys[0][1] == keys[1][1]


def counting(spec: EnsembleSpec, session: Session, *, progress: Progress = silent) -> LatentActivity:
    """An experiment of a test."""
    progress(0.5, "half")
    return LatentActivity(np.full((2, 3, 1), spec.noise, np.float32))


def test_what_is_not_in_the_cache_is_shared(trained: Trained, spec: EnsembleSpec, tmp_path: Path):
    asked: list[str] = []

    def shared(key: str, compute: Callable[[Progress], Any], progress: Progress) -> Any:
        asked.append(key)
        return compute(progress)

    session = Session.open(own_cache(trained[0], tmp_path), shared=shared)
    told: list[float] = []
    for _ in range(2):
        session.result(counting, spec, progress=lambda fraction, text: told.append(fraction))
    assert asked == [session.key(counting, spec)]
    assert told == [0.5]


def test_what_other_code_computed_is_not_used(trained: Trained, spec: EnsembleSpec, tmp_path: Path):
    """... not even where its key were the same: an older result lacks a field that this version has."""
    session, _ = opened(trained[0], tmp_path)
    session.cache.put(session.key(experiments.trajectories, spec), LatentActivity(np.zeros((2, 3, 1), np.float32)))
    assert session.cached(experiments.trajectories, spec) is None
    assert session.result(experiments.trajectories, spec).distances.shape == (3, 7)


def test_a_claim_finds_what_the_explorer_computed_and_the_other_way_round(settings: Settings, write_model: Any):
    write_model(settings.models / "a.safetensors")
    session = Session.open(settings, library=Library([(settings.models, "shipped")]))
    entry = session.library.entry("a")
    asked = NoiseSweepSpec(model="a", source="original", n_runs=10)
    mine = session.result(experiments.noise_sweep, asked)

    def refused(*_: Any) -> Any:
        raise AssertionError("it is there")

    again = replace(session, shared=refused)
    theirs = Evidence(again, n_runs=10).sweep(entry)
    np.testing.assert_array_equal(theirs.minimum_distance, mine.minimum_distance)
    assert isinstance(again.result(experiments.noise_sweep, asked), NoiseSweep)
    curves = Evidence(session, n_runs=10).approach(entry)
    runs = again.result(experiments.latent_activity, EnsembleSpec(model="a", n_runs=10, label=3))
    np.testing.assert_allclose(
        np.linalg.norm(runs.z - session.model("a").concepts[3].numpy(), axis=-1).mean(1), curves.concept[3], rtol=1e-5
    )


def test_a_plane_is_part_of_no_other_key(trained: Trained, spec: EnsembleSpec):
    session = Session.open(trained[0])
    one, two = (EmbeddingSpec(**spec.to_dict(), window=window) for window in (0, 5))
    assert session.key(experiments.embedding, one) != session.key(experiments.embedding, two)
    assert session.key(experiments.trajectories, one.part(EnsembleSpec)) == session.key(experiments.trajectories, spec)


def test_a_device_that_is_not_here_is_refused(settings: Settings):
    with pytest.raises(SpecError, match="has no device 'mps'"):
        device_of(replace(settings, device="mps"))
