"""Ensembles over p: computed, filed beside their model, and read from there."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import experiments, store
from core.experiments import sweeps
from core.progress import Progress
from core.results import Ensemble, NoiseSweep, Stage
from core.session import Session
from core.settings import Settings
from core.specs import NOISE_KINDS, READINGS, SOURCES, EmbeddingSpec, InferenceSpec, NoiseSweepSpec
from core.sweep_files import save_sweeps

Trained = tuple[Settings, str]


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_a_sweep_is_an_ensemble_at_every_p(kind: str, trained: Trained):
    common = {"model": trained[1], "label": 3, "noise_kind": kind, "n_runs": 20, "n_steps": 8}
    sweep = experiments.noise_sweep(NoiseSweepSpec(**common), Session.open(trained[0]))
    assert sweep.noises.tolist() == list(NoiseSweepSpec(**common).noises)
    for i in (0, 8, 25, 40):
        ensemble = experiments.trajectories(
            InferenceSpec(noise=float(sweep.noises[i]), **common), Session.open(trained[0])
        ).ensemble
        for name, value in asdict(ensemble).items():
            np.testing.assert_allclose(getattr(sweep, name)[..., i], value, rtol=1e-3, atol=1e-4, err_msg=name)
        assert sweep.stages[i] == ensemble.stage


def test_a_sweep_does_not_depend_on_how_many_runs_are_computed_at_once(trained: Trained):
    spec = NoiseSweepSpec(model=trained[1], n_runs=20, n_steps=8)
    together = experiments.noise_sweep(spec, Session.open(trained[0]))
    apart = experiments.noise_sweep(spec, Session.open(trained[0]), batch=70)
    np.testing.assert_allclose(apart.minimum_distance, together.minimum_distance, rtol=1e-4, atol=1e-5)


def test_a_sweep_can_be_watched_while_it_grows(trained: Trained):
    spec = NoiseSweepSpec(model=trained[1], n_runs=20, n_steps=6)
    seen: list[NoiseSweep] = []
    whole = experiments.noise_sweep(spec, Session.open(trained[0]), watch=seen.append, batch=200)
    assert [len(part.noises) for part in seen] == [10, 20, 30, 40, 41]
    np.testing.assert_array_equal(seen[1].minimum_distance, whole.minimum_distance[:, :20])
    np.testing.assert_array_equal(seen[-1].minimum_step_sem, whole.minimum_step_sem)


def test_a_sweep_of_filmed_runs_is_the_same_and_has_those_nearest_to_the_finger_first(trained: Trained):
    spec = NoiseSweepSpec(model=trained[1], n_runs=20, n_steps=6, noises=(0.0, 0.2, 0.4, 0.5))
    runs = EmbeddingSpec(model=trained[1], n_runs=20, n_steps=6, basis="fixed")
    session, asked, told = Session.open(trained[0]), list[float](), list[tuple[float, str]]()

    def at(noise: float, session: Session, progress: Progress) -> Ensemble:
        asked.append(noise)
        progress(0.5, "10 of 20 runs")
        return experiments.filmed_ensemble(replace(runs, noise=noise), session)

    filmed = experiments.noise_sweep(spec, session, at=at, first=0.4, progress=lambda *news: told.append(news))
    assert asked == [0.4, 0.5, 0.2, 0.0]
    assert told == [(0.125, "p = 0.400"), (0.375, "p = 0.500"), (0.625, "p = 0.200"), (0.875, "p = 0.000"), (1, "done")]
    computed = experiments.noise_sweep(spec, session)
    for name, value in vars(computed).items():
        np.testing.assert_allclose(getattr(filmed, name), value, rtol=1e-5, atol=1e-6, err_msg=name)
        assert getattr(filmed, name).dtype == value.dtype
    assert filmed.stages == computed.stages


def test_without_noise_the_memory_is_nearest(trained: Trained):
    sweep = experiments.noise_sweep(NoiseSweepSpec(model=trained[1], n_runs=20, n_steps=8), Session.open(trained[0]))
    assert sweep.stages[0] == Stage.MEMORY
    far = Session.open(trained[0]).model(trained[1]).memories[6].norm(dim=1).mean()
    assert sweep.minimum_distance[0, 0] == pytest.approx(0, abs=2**-11 * float(far))  # memories are filed as float16
    assert sweep.minimum_step[0, 0] == 0


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, write_model: Callable[..., Path]) -> Settings:
    """A home with a model "a" and all its sweeps."""
    folder = tmp_path_factory.mktemp("stored")
    home = Settings(data=folder, models=folder, cache=folder, device="cpu")
    write_model(folder / "a.safetensors")
    path = experiments.store_noise_sweeps("a", Session.open(home))
    assert path == folder / "a.sweeps.safetensors"
    return home


@pytest.mark.parametrize(("source", "kind", "label"), [("original", "invert", 0), ("decoded", "permute", 9)])
def test_a_stored_sweep_is_the_one_computed(stored: Settings, source: str, kind: str, label: int):
    spec = NoiseSweepSpec(model="a", source=source, noise_kind=kind, label=label, n_runs=12)
    found, expected = (
        experiments.stored_noise_sweep(spec, Session.open(stored)),
        experiments.noise_sweep(spec, Session.open(stored)),
    )
    assert found is not None
    for name, value in vars(expected).items():
        exact = name in (*sweeps.EXACT, "noises")  # else float16
        rtol = 1e-5 if exact else 2**-10
        np.testing.assert_allclose(getattr(found, name), value, rtol=rtol, atol=1e-6, err_msg=name)
        assert getattr(found, name).dtype == value.dtype
    assert found.stages == expected.stages
    assert found.runners_up == expected.runners_up


def test_all_sweeps_of_a_model_take_little_room(stored: Settings):
    cells = len(SOURCES) * len(READINGS) * 10
    recipe, arrays = experiments.library_of(stored).load_sweeps("a")
    assert len(recipe["cells"]) == cells
    assert {name for name, value in arrays.items() if value.dtype == np.float32} == set(sweeps.EXACT)
    assert (stored.models / "a.sweeps.safetensors").stat().st_size < 130_000


def made_up(spec: NoiseSweepSpec) -> NoiseSweep:
    """A sweep whose numbers say which it is."""
    value = 100.0 * SOURCES.index(spec.source) + 10 * NOISE_KINDS.index(spec.noise_kind) + spec.label
    filled = {name: np.full((*sweeps.shape_of(name), 41), value, np.float32) for name in sweeps.NAMES}
    return NoiseSweep(np.array(spec.noises), **filled)


def test_a_file_that_holds_some_sweeps_is_read_for_these(settings: Settings, write_model: Callable[..., Path]):
    write_model(settings.models / "a.safetensors")
    cells = [("decoded", "permute", 3), ("original", "invert", 6), ("decoded", "invert", 9)]
    specs = [NoiseSweepSpec(model="a", source=s, noise_kind=k, label=n, n_runs=12) for s, k, n in cells]
    for spec in specs:
        assert experiments.stored_noise_sweep(spec, Session.open(settings)) is None
        experiments.file_noise_sweeps({spec: made_up(spec)}, Session.open(settings))
    for spec in specs:
        found = experiments.stored_noise_sweep(spec, Session.open(settings))
        assert found is not None
        np.testing.assert_array_equal(found.minimum_step, made_up(spec).minimum_step)
    missing = experiments.missing_sweeps("a", Session.open(settings))
    assert len(missing) == 37
    assert not set(missing) & set(specs)
    assert all(experiments.stored_noise_sweep(spec, Session.open(settings)) is None for spec in missing)


def test_a_command_that_was_stopped_goes_on_where_it_was(settings: Settings, write_model: Callable[..., Path]):
    write_model(settings.models / "a.safetensors")
    asked: list[NoiseSweepSpec] = []

    def stops_at_the_third(spec: NoiseSweepSpec, session: Session) -> NoiseSweep:
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(spec)
        return made_up(spec)

    with pytest.raises(KeyboardInterrupt):
        experiments.store_noise_sweeps("a", Session.open(settings), compute=stops_at_the_third)
    goes_on: dict[str, Any] = {"compute": lambda spec, session: asked.append(spec) or made_up(spec)}
    experiments.store_noise_sweeps("a", Session.open(settings), **goes_on)
    assert len(asked) == len(set(asked)) == 40
    experiments.store_noise_sweeps("a", Session.open(settings), **goes_on)
    assert len(asked) == 40


def test_sweeps_of_one_source_are_filed_beside_those_of_the_other(settings: Settings, write_model: Callable[..., Path]):
    """The second command keeps what the first one has computed, unless the weights have changed."""
    write_model(settings.models / "a.safetensors")
    asked: list[NoiseSweepSpec] = []

    def made(spec: NoiseSweepSpec, session: Session) -> NoiseSweep:
        asked.append(spec)
        return made_up(spec)

    def found(source: str) -> list[float | None]:
        specs = [NoiseSweepSpec(model="a", source=source, noise_kind=k, label=7, n_runs=12) for k in READINGS]
        stored = [experiments.stored_noise_sweep(spec, Session.open(settings)) for spec in specs]
        return [sweep and float(sweep.minimum_distance[2, 40]) for sweep in stored]

    experiments.store_noise_sweeps("a", Session.open(settings), sources=("decoded",), compute=made)
    assert (found("decoded"), found("original")) == ([107, 117], [None, None])
    experiments.store_noise_sweeps("a", Session.open(settings), sources=("original",), compute=made)
    assert (found("decoded"), found("original")) == ([107, 117], [7, 17])
    assert len(asked) == len(set(asked)) == 40
    write_model(settings.models / "a.safetensors", seed=1)
    experiments.store_noise_sweeps("a", Session.open(settings), sources=("original",), compute=made)
    assert (found("decoded"), found("original")) == ([None, None], [7, 17])


@pytest.mark.parametrize("change", [{"n_runs": 11}, {"n_steps": 59}, {"seed": 1}])
def test_a_stored_sweep_of_other_settings_is_not_used(stored: Settings, change: dict):
    spec = NoiseSweepSpec(model="a", n_runs=12)
    assert experiments.stored_noise_sweep(spec, Session.open(stored)) is not None
    assert experiments.stored_noise_sweep(replace(spec, **change), Session.open(stored)) is None


def test_a_stored_sweep_of_other_weights_is_not_used(
    stored: Settings, settings: Settings, write_model: Callable[..., Path]
):
    write_model(settings.models / "a.safetensors", seed=1)
    sweeps = stored.models / "a.sweeps.safetensors"
    (settings.models / sweeps.name).write_bytes(sweeps.read_bytes())
    assert experiments.stored_noise_sweep(NoiseSweepSpec(model="a", n_runs=12), Session.open(settings)) is None


def test_stored_sweeps_that_lack_an_array_are_not_used(settings: Settings, write_model: Callable[..., Path]):
    """As an older version of this program may have left them."""
    path = write_model(settings.models / "a.safetensors")
    arrays = {name: np.zeros((2, 2, 10, 3, 41), np.float32) for name in sweeps.NAMES[:-1]}
    recipe = {"n_runs": 12, "n_steps": 60, "seed": 0}
    save_sweeps(path.with_name("a.sweeps.safetensors"), store.file_sha256(path), recipe, arrays)
    assert experiments.stored_noise_sweep(NoiseSweepSpec(model="a", n_runs=12), Session.open(settings)) is None
