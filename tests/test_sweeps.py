"""Ensembles over p: computed, filed beside their model, and read from there."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from core import experiments, store
from core.config import NOISE_KINDS, SOURCES, InferenceSpec, NoiseSweepSpec, Settings
from core.experiments import sweeps
from core.library import save_sweeps
from core.results import NoiseSweep, Stage

Trained = tuple[Settings, str]


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_a_sweep_is_an_ensemble_at_every_p(kind: str, trained: Trained):
    common = {"model": trained[1], "label": 3, "noise_kind": kind, "n_runs": 20, "n_steps": 8}
    sweep = experiments.noise_sweep(NoiseSweepSpec(**common), trained[0])
    assert sweep.noises.tolist() == list(NoiseSweepSpec(**common).noises)
    for i in (0, 8, 25, 40):
        ensemble = experiments.trajectories(InferenceSpec(noise=float(sweep.noises[i]), **common), trained[0]).ensemble
        for name, value in asdict(ensemble).items():
            np.testing.assert_allclose(getattr(sweep, name)[..., i], value, rtol=1e-3, atol=1e-4, err_msg=name)
        assert sweep.stages[i] == ensemble.stage


def test_a_sweep_does_not_depend_on_how_many_runs_are_computed_at_once(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
):
    spec = NoiseSweepSpec(model=trained[1], n_runs=20, n_steps=8)
    together = experiments.noise_sweep(spec, trained[0])
    monkeypatch.setattr(sweeps, "SWEEP_BATCH", 70)
    apart = experiments.noise_sweep(spec, trained[0])
    np.testing.assert_allclose(apart.minimum_distance, together.minimum_distance, rtol=1e-4, atol=1e-5)


def test_a_sweep_can_be_watched_while_it_grows(trained: Trained, monkeypatch: pytest.MonkeyPatch):
    spec = NoiseSweepSpec(model=trained[1], n_runs=20, n_steps=6)
    monkeypatch.setattr(sweeps, "SWEEP_BATCH", 200)
    seen: list[NoiseSweep] = []
    whole = experiments.noise_sweep(spec, trained[0], watch=seen.append)
    assert [len(part.noises) for part in seen] == [10, 20, 30, 40, 41]
    np.testing.assert_array_equal(seen[1].minimum_distance, whole.minimum_distance[:, :20])
    np.testing.assert_array_equal(seen[-1].minimum_step_sem, whole.minimum_step_sem)


def test_without_noise_the_memory_is_nearest(trained: Trained):
    sweep = experiments.noise_sweep(NoiseSweepSpec(model=trained[1], n_runs=20, n_steps=8), trained[0])
    assert sweep.stages[0] == Stage.MEMORY
    assert sweep.minimum_distance[0, 0] == pytest.approx(0, abs=1e-4)
    assert sweep.minimum_step[0, 0] == 0


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, write_model: Callable[..., Path]) -> Settings:
    """A home with a model "a" and all its sweeps."""
    folder = tmp_path_factory.mktemp("stored")
    home = Settings(data=folder, models=folder, cache=folder, device="cpu")
    write_model(folder / "a.safetensors")
    path = experiments.store_noise_sweeps("a", home)
    assert path == folder / "a.sweeps.safetensors"
    return home


@pytest.mark.parametrize(("source", "kind", "label"), [("original", "invert", 0), ("decoded", "permute", 9)])
def test_a_stored_sweep_is_the_one_computed(stored: Settings, source: str, kind: str, label: int):
    spec = NoiseSweepSpec(model="a", source=source, noise_kind=kind, label=label, n_runs=12)
    found, expected = experiments.stored_noise_sweep(spec, stored), experiments.noise_sweep(spec, stored)
    assert found is not None
    for name, value in vars(expected).items():
        np.testing.assert_allclose(getattr(found, name), value, rtol=1e-4, atol=1e-5, err_msg=name)


def test_sweeps_of_one_source_are_filed_beside_those_of_the_other(
    settings: Settings, write_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    """The second command keeps what the first one has computed, unless the weights have changed."""
    write_model(settings.models / "a.safetensors")
    asked: list[NoiseSweepSpec] = []

    def made(spec: NoiseSweepSpec, settings: Settings) -> NoiseSweep:
        asked.append(spec)
        shapes = {name: (41,) if name.endswith("approach_share") else (3, 41) for name in sweeps.NAMES}
        value = 100.0 * SOURCES.index(spec.source) + 10 * NOISE_KINDS.index(spec.noise_kind) + spec.label
        return NoiseSweep(np.arange(41) / 40, **{name: np.full(shape, value) for name, shape in shapes.items()})

    def found(source: str) -> list[float | None]:
        specs = [NoiseSweepSpec(model="a", source=source, noise_kind=k, label=7, n_runs=12) for k in NOISE_KINDS]
        stored = [experiments.stored_noise_sweep(spec, settings) for spec in specs]
        return [sweep and float(sweep.minimum_distance[2, 40]) for sweep in stored]

    monkeypatch.setattr(sweeps, "noise_sweep", made)
    experiments.store_noise_sweeps("a", settings, sources=("decoded",))
    assert (found("decoded"), found("original")) == ([107, 117], [None, None])
    experiments.store_noise_sweeps("a", settings, sources=("original",))
    assert (found("decoded"), found("original")) == ([107, 117], [7, 17])
    assert len(asked) == len(set(asked)) == 40
    write_model(settings.models / "a.safetensors", seed=1)
    experiments.store_noise_sweeps("a", settings, sources=("original",))
    assert (found("decoded"), found("original")) == ([None, None], [7, 17])


@pytest.mark.parametrize("change", [{"n_runs": 11}, {"n_steps": 59}, {"seed": 1}])
def test_a_stored_sweep_of_other_settings_is_not_used(stored: Settings, change: dict):
    spec = NoiseSweepSpec(model="a", n_runs=12)
    assert experiments.stored_noise_sweep(spec, stored) is not None
    assert experiments.stored_noise_sweep(replace(spec, **change), stored) is None


def test_a_stored_sweep_of_other_weights_is_not_used(
    stored: Settings, settings: Settings, write_model: Callable[..., Path]
):
    write_model(settings.models / "a.safetensors", seed=1)
    sweeps = stored.models / "a.sweeps.safetensors"
    (settings.models / sweeps.name).write_bytes(sweeps.read_bytes())
    assert experiments.stored_noise_sweep(NoiseSweepSpec(model="a", n_runs=12), settings) is None


def test_stored_sweeps_that_lack_an_array_are_not_used(settings: Settings, write_model: Callable[..., Path]):
    """As an older version of this program may have left them."""
    path = write_model(settings.models / "a.safetensors")
    arrays = {"minimum_distance": np.zeros((2, 2, 10, 3, 41), np.float32)}
    recipe = {"n_runs": 12, "n_steps": 60, "seed": 0}
    save_sweeps(path.with_name("a.sweeps.safetensors"), store.file_sha256(path), recipe, arrays)
    assert experiments.stored_noise_sweep(NoiseSweepSpec(model="a", n_runs=12), settings) is None
