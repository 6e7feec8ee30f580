import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from sklearn.datasets import load_digits

from core import data, experiments, inference, store
from core.analysis import subspace
from core.data import DataError
from core.experiments import runs, training
from core.held_out import held_out_metrics
from core.progress import Progress
from core.results import Run, Stage
from core.schema import SpecError
from core.session import Session
from core.settings import Settings
from core.specs import SOURCES, EmbeddingSpec, EnsembleSpec, InferenceSpec, ModelSpec, NoiseSweepSpec
from core.store import StoreError
from tests.served import own_cache

Trained = tuple[Settings, str]
CPU = torch.device("cpu")


def spec_of(trained: Trained, **changes) -> InferenceSpec:
    return InferenceSpec(**({"model": trained[1], "n_runs": 20, "n_steps": 8, "window": 2, "sample": 7} | changes))


# Training, as a file


def test_memories_and_concepts_are_those_of_the_weights_in_the_file(trained: Trained):
    settings, id = trained
    model = Session.open(settings).model(id)
    digits = data.load_dataset("digits", settings.data)
    means = model.vae.mean(torch.from_numpy(digits.images))
    torch.testing.assert_close(model.memories, means[model.memory_index], atol=1e-5, rtol=2**-11)  # filed as float16
    for label in range(10):
        rows = digits.index_of_label(label)
        torch.testing.assert_close(model.concepts[label], means[rows].mean(0), atol=1e-5, rtol=1e-5)
        assert set(model.memory_index[label].tolist()) <= set(rows.tolist())


def test_memories_come_from_everywhere_in_the_data_set():
    """MNIST is in the order of its writers: its first images are more alike than others."""
    labels = np.repeat(np.arange(10), 1000)
    memories, index, means = training.memories_of(torch.arange(10_000.0)[:, None], labels)
    for label, rows in enumerate(index):
        assert len(set(rows.tolist())) == len(rows) == 500
        assert set(labels[rows.numpy()]) == {label}
        for part in (rows[:300], rows[300:]):
            assert part.float().mean() == pytest.approx(1000 * label + 499.5, abs=60)
    torch.testing.assert_close(means[:, 0], 1000.0 * torch.arange(10) + 499.5)
    torch.testing.assert_close(memories[..., 0], index.float())


def test_the_card_states_the_bound_of_the_weights_in_the_file(trained: Trained):
    settings, id = trained
    model = Session.open(settings).model(id)
    metrics = held_out_metrics(model.vae, data.load_dataset("digits", settings.data, train=False))
    assert model.card.test_negative_elbo == pytest.approx(metrics.negative_elbo, abs=2e-3)
    assert model.card.test_kl == pytest.approx(metrics.kl, abs=2e-3)
    assert model.card.orthogonality_gap == pytest.approx(subspace.orthogonality_gap(model.concepts), abs=1e-3)
    assert (model.card.contribution_ratio or (0.0,))[-1] == pytest.approx(1)
    assert model.card.image_shape == (8, 8)
    json.dumps(model.card.to_dict(), allow_nan=False)


def test_a_model_is_filed_where_it_is_told(settings: Settings, tiny_recipe: ModelSpec, tmp_path: Path):
    brief = replace(tiny_recipe, epochs=1)
    path, history = experiments.train_model(brief, settings, path=tmp_path / "elsewhere.safetensors")
    assert path == tmp_path / "elsewhere.safetensors"
    assert store.load_model(path, CPU).spec == brief
    assert len(history.train_negative_elbo) == 1
    assert not settings.models.exists()


def test_training_without_images_is_refused(settings: Settings):
    with pytest.raises(DataError, match="download --dataset mnist"):
        experiments.train_model(ModelSpec(epochs=1), settings)


# Runs


def test_the_run_is_one_of_the_trajectories(trained: Trained):
    spec = spec_of(trained)
    session = Session.open(trained[0])
    one, all_runs = experiments.run(spec, session), experiments.embedding(spec, session)
    steps = np.arange(spec.n_steps + 1)
    for lag in range(experiments.TRAIL):
        past = one.z[np.maximum(steps - lag, 0)]
        on_axes = np.einsum("tkn,tn->tk", all_runs.basis, past - all_runs.mean)
        np.testing.assert_allclose(all_runs.embedding[:, lag, spec.sample], on_axes, atol=1e-4)


def test_trajectories_are_the_mean_of_their_runs(trained: Trained):
    spec = spec_of(trained, noise=0.3, noise_kind="permute", label=3)
    runs = [experiments.run(replace(spec, sample=i), Session.open(trained[0])) for i in range(spec.n_runs)]
    found = experiments.trajectories(spec, Session.open(trained[0]))

    def mean(name: str) -> np.ndarray:
        return np.stack([getattr(run, name) for run in runs]).mean(0)

    for name in ("distances", "concept_distances", "line"):
        np.testing.assert_allclose(getattr(found, name), mean(name), atol=1e-4)
    np.testing.assert_allclose(found.ensemble.minimum_distance, mean("minimum_distance"), atol=1e-4)
    assert found.ensemble.approach_share == pytest.approx(np.mean([run.approaches for run in runs]))
    at_same_step = np.mean([run.approaches_at_same_step for run in runs])
    assert found.ensemble.same_step_approach_share == pytest.approx(at_same_step)
    nearest = [[run.nearest == stage for stage in Stage] for run in runs]
    np.testing.assert_allclose(found.ensemble.nearest_share, np.mean(nearest, 0), atol=1e-6)


def test_a_run_begins_at_its_image_and_follows_the_network(trained: Trained):
    settings, id = trained
    spec = spec_of(trained, noise_kind="invert")
    run, model = experiments.run(spec, Session.open(settings)), Session.open(settings).model(id)
    position = model.memory_index[spec.label, spec.sample]
    clean = load_digits(return_X_y=True)[0][position] / 16
    np.testing.assert_allclose(run.clean, clean, atol=1e-6)
    swapped = run.images[0] != run.clean
    np.testing.assert_allclose(run.images[0][swapped], 1 - run.clean[swapped], atol=1e-6)
    assert 0 < swapped.sum() < 64
    assert run.images.shape == (spec.n_steps + 1, 64)
    for t in range(spec.n_steps + 1):
        mean = model.vae.mean(torch.from_numpy(run.images[t])[None])[0]
        np.testing.assert_allclose(run.z[t], mean, atol=1e-4)


def test_a_run_without_noise_begins_at_its_memory(trained: Trained):
    run = experiments.run(spec_of(trained, noise=0), Session.open(trained[0]))
    assert run.distances[0, 0] == pytest.approx(0, abs=2**-11 * float(np.linalg.norm(run.memory)))  # filed as float16
    assert run.minimum_step[0] == 0
    assert run.nearest == Stage.MEMORY
    np.testing.assert_array_equal(run.images[0], run.clean)


def test_the_line_of_a_run_joins_its_ends(trained: Trained):
    run = experiments.run(spec_of(trained), Session.open(trained[0]))
    assert run.line[[0, -1]] == pytest.approx(run.distances[1, [0, -1]], abs=1e-5)
    np.testing.assert_allclose(run.concept_distances[6], run.distances[1], atol=1e-6)


@pytest.mark.parametrize("basis", ["windowed", "rotated", "fixed"])
def test_every_basis_has_two_axes_at_every_step(basis: str, trained: Trained):
    spec = spec_of(trained, basis=basis)
    found = experiments.embedding(spec, Session.open(trained[0]))
    steps = spec.n_steps + 1
    assert found.embedding.shape == (steps, experiments.TRAIL, spec.n_runs, 2)
    assert found.basis.shape == (steps, 2, 4)
    np.testing.assert_allclose(found.basis @ found.basis.swapaxes(1, 2), np.eye(2)[None].repeat(steps, 0), atol=1e-5)
    assert (np.ptp(found.basis, axis=0).max() == 0) == (basis == "fixed")


def test_the_window_changes_the_axes_alone(trained: Trained):
    short, long = (
        experiments.embedding(spec_of(trained, window=window), Session.open(trained[0])) for window in (0, 5)
    )
    assert not np.allclose(short.basis, long.basis, atol=1e-3)


def test_another_plane_computes_no_run_again(trained: Trained, tmp_path: Path):
    """... nor do the curves: what is computed of the runs is in the cache."""
    computed: list[str] = []

    def shared(key: str, compute: Callable[[Progress], Any], progress: Progress) -> Any:
        computed.append(key.partition(":")[0])
        return compute(progress)

    session, spec = Session.open(own_cache(trained[0], tmp_path), shared=shared), spec_of(trained, window=0)
    session.result(experiments.embedding, spec.part(EmbeddingSpec))
    session.result(experiments.trajectories, spec.part(EnsembleSpec))
    for change in ({"basis": "fixed"}, {"basis": "rotated"}, {"window": 3}):
        session.result(experiments.embedding, replace(spec, **change).part(EmbeddingSpec))
    assert computed == ["embedding", "latent_activity", "trajectories", "embedding", "embedding", "embedding"]


def test_the_steps_beyond_the_last_are_those_of_a_longer_run(trained: Trained):
    """The window of the last steps looks ahead: further along the same runs."""
    session, spec = Session.open(trained[0]), spec_of(trained, n_steps=12)
    model = session.model(spec.model)
    short, long = (runs.activity(replace(spec, n_steps=n).part(EnsembleSpec), session) for n in (12, 15))
    torch.testing.assert_close(runs.longer(model, short, 3), long)


def test_fewer_runs_are_the_first_of_many(trained: Trained):
    few, many = (
        experiments.embedding(spec_of(trained, n_runs=n, basis="fixed"), Session.open(trained[0])) for n in (10, 120)
    )
    np.testing.assert_allclose(few.embedding, many.embedding[:, :, :10], atol=1e-4)


def test_another_seed_is_another_noise(trained: Trained):
    one, same, other = (experiments.run(spec_of(trained, seed=seed), Session.open(trained[0])) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.z, same.z)
    assert not np.allclose(one.images[0], other.images[0])


def test_progress_of_trajectories_rises(trained: Trained, tmp_path: Path):
    told: list[float] = []
    session = Session.open(own_cache(trained[0], tmp_path))
    experiments.trajectories(spec_of(trained, n_runs=120), session, progress=lambda share, text: told.append(share))
    assert told
    assert told == sorted(told)
    assert 0 <= min(told) <= max(told) <= 1


# The whole chain once more, in NumPy alone


def encoded(w: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    hidden = np.tanh(w["encoder.hidden.weight"] @ x + w["encoder.hidden.bias"])
    return (w["encoder.output.weight"] @ hidden + w["encoder.output.bias"])[: w["concepts"].shape[1]]


def decoded(w: dict[str, np.ndarray], z: np.ndarray) -> np.ndarray:
    hidden = np.tanh(w["decoder.hidden.weight"] @ z + w["decoder.hidden.bias"])
    return 1 / (1 + np.exp(-(w["decoder.output.weight"] @ hidden + w["decoder.output.bias"])))


def swapped(x: np.ndarray, spec: InferenceSpec, position: int) -> np.ndarray:
    uniform, order = inference.pixel_noise(spec.seed, "digits", (position,), len(x))
    chosen = [pixel for pixel in order[0] if uniform[0][pixel] < spec.noise]
    result = x.copy()
    for i, pixel in enumerate(chosen):
        result[pixel] = 1 - x[pixel] if spec.noise_kind == "invert" else x[chosen[i - 1]]
    return result


def chain(path: Path, spec: InferenceSpec) -> tuple[np.ndarray, np.ndarray]:
    """z (runs, steps, latent) and distances (points, runs, steps) of an ensemble."""
    w = {name: value.astype(np.float64) for name, value in load_file(path).items()}
    images, runs = np.asarray(load_digits(return_X_y=True)[0]) / 16, []
    for i in range(spec.n_runs):
        position = int(w["memory_index"][spec.label, i])
        clean = images[position] if spec.source == "original" else decoded(w, w["memories"][spec.label, i])
        z = [encoded(w, swapped(clean, spec, position))]
        for _ in range(spec.n_steps):
            z.append(encoded(w, decoded(w, z[-1])))
        runs.append(z)
    z = np.array(runs)
    own = w["memories"][spec.label, : spec.n_runs, None]
    points = (own, w["concepts"][spec.label], w["concepts"].mean(0))
    return z, np.stack([np.sqrt(((z - point) ** 2).sum(-1)) for point in points])


def sem(values: np.ndarray) -> np.ndarray:
    """Standard error of the mean over the last axis, by the formula."""
    n = values.shape[-1]
    return np.sqrt(((values - values.mean(-1, keepdims=True)) ** 2).sum(-1) / (n - 1) / n)


def approach_share(z: np.ndarray, d: np.ndarray, concept: np.ndarray) -> float:
    """Share of runs whose nearest step is inside, and nearer than a finely sampled straight line."""
    count = 0
    for path, curve in zip(z, d, strict=True):
        along = np.linspace(0, 1, 20_001)[:, None]
        line = np.linalg.norm((1 - along) * path[0] + along * path[-1] - concept, axis=1).min()
        count += 0 < curve.argmin() < len(curve) - 1 and curve.min() < line
    return count / len(z)


def same_step_approach_share(z: np.ndarray, d: np.ndarray, concept: np.ndarray) -> float:
    """The same, nearer than the point of the straight line that is walked to at this step."""
    count = 0
    for path, curve in zip(z, d, strict=True):
        step, last = int(curve.argmin()), len(curve) - 1
        line = path[0] + step / last * (path[-1] - path[0])
        count += 0 < step < last and curve[step] < np.linalg.norm(line - concept)
    return count / len(z)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("label", "noise", "kind"), [(6, 0.2, "invert"), (1, 0.6, "permute"), (8, 0.9, "invert")])
def test_the_whole_chain_agrees_with_plain_numpy(trained: Trained, source: str, label: int, noise: float, kind: str):
    spec = spec_of(trained, source=source, label=label, noise=noise, noise_kind=kind)
    path = experiments.library_of(trained[0]).entry(trained[1]).path
    z, d = chain(path, spec)
    found = experiments.trajectories(spec, Session.open(trained[0]))
    np.testing.assert_allclose(found.distances, d.mean(1), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.distances_sem, sem(d.swapaxes(1, 2)), rtol=1e-3, atol=1e-4)
    ensemble, smallest = found.ensemble, d.min(2)
    np.testing.assert_allclose(ensemble.minimum_distance, smallest.mean(1), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(ensemble.minimum_distance_sem, sem(smallest), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(ensemble.minimum_step, d.argmin(2).mean(1), rtol=1e-3)
    np.testing.assert_allclose(ensemble.minimum_step_sem, sem(d.argmin(2)), rtol=1e-3, atol=1e-4)
    for name, values in (("distance", smallest), ("step", d.argmin(2))):
        paired = sem(np.stack([values[0] - values[1], values[0] - values[2], values[1] - values[2]]))
        found_sem = getattr(ensemble, f"minimum_{name}_difference_sem")
        np.testing.assert_allclose(found_sem, paired, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(
        ensemble.nearest_share, np.bincount(smallest.argmin(0), minlength=3) / spec.n_runs, atol=1e-6
    )
    assert ensemble.stage == ["I", "II", "III"][smallest.mean(1).argmin()]
    concept = load_file(path)["concepts"][label]
    assert ensemble.approach_share == pytest.approx(approach_share(z, d[1], concept))
    assert ensemble.same_step_approach_share == pytest.approx(same_step_approach_share(z, d[1], concept))


# What cannot be done


@pytest.fixture
def without_images(settings: Settings, write_model: Callable[..., Path]) -> Settings:
    """A home with a model of MNIST, but without MNIST."""
    write_model(settings.models / "m.safetensors", dataset="mnist")
    return settings


def test_decoded_starts_need_no_images(without_images: Settings):
    spec = InferenceSpec(model="m", source="decoded", n_runs=10, n_steps=5, sample=3)
    assert Session.open(without_images).source("mnist") == "decoded"
    run = experiments.run(spec, Session.open(without_images))
    model = Session.open(without_images).model("m")
    np.testing.assert_allclose(run.clean, model.vae.decode(model.memories[6, 3]), atol=1e-6)
    assert experiments.trajectories(spec, Session.open(without_images)).distances.shape == (3, 6)
    sweep = NoiseSweepSpec(model="m", source="decoded", n_runs=10, n_steps=5)
    assert len(experiments.noise_sweep(sweep, Session.open(without_images)).stages) == 41


def test_original_starts_without_images_are_refused(without_images: Settings):
    for experiment in (experiments.run, experiments.trajectories):
        with pytest.raises(DataError, match="download --dataset mnist"):
            experiment(InferenceSpec(model="m", n_runs=10, sample=3), Session.open(without_images))


def test_more_runs_than_memories_are_refused(without_images: Settings):
    with pytest.raises(SpecError, match="12 memories"):
        experiments.trajectories(InferenceSpec(model="m", source="decoded", n_runs=13), Session.open(without_images))
    with pytest.raises(SpecError, match="12 memories"):
        experiments.noise_sweep(NoiseSweepSpec(model="m", source="decoded", n_runs=13), Session.open(without_images))
    with pytest.raises(SpecError, match="12 memories"):
        experiments.run(InferenceSpec(model="m", source="decoded", n_runs=10, sample=12), Session.open(without_images))


def test_an_unknown_model_is_refused(settings: Settings):
    with pytest.raises(StoreError, match="'none'"):
        experiments.run(InferenceSpec(model="none"), Session.open(settings))


def test_images_that_are_there_are_not_fetched(settings: Settings):
    """Where a file stands in the place of the folder, whoever fetches is refused."""
    settings.data.write_text("a file")
    told: list[float] = []
    experiments.fetch_images("digits", settings, progress=lambda share, _: told.append(share))
    assert told == []
    with pytest.raises(DataError, match="could not be written"):
        experiments.fetch_images("mnist", settings)


def test_the_estimate_of_a_training_grows_with_its_images(settings: Settings):
    ticks = count(0.0)
    small = ModelSpec(n_hidden=4, n_latent=2, epochs=1, batch_size=1000)
    digits, mnist = (
        experiments.estimated_seconds(replace(small, dataset=name), settings, clock=lambda: next(ticks))
        for name in ("digits", "mnist")
    )
    assert mnist == pytest.approx(30 * digits)  # 60 batches against two


def test_digits_are_always_there(settings: Settings):
    assert Session.open(settings).source("digits") == "original"


def test_the_landmarks_of_a_model(trained: Trained):
    settings, id = trained
    found, model = experiments.latent_space(id, Session.open(settings)), Session.open(settings).model(id)
    np.testing.assert_allclose(found.abstract_concept, found.concepts.mean(0), atol=1e-6)
    np.testing.assert_allclose(found.concept_images[4], model.vae.decode(model.concepts[4]), atol=1e-6)
    np.testing.assert_allclose(found.abstract_image, model.vae.decode(model.concepts.mean(0)), atol=1e-6)


def test_one_latent_unit_can_be_followed(settings: Settings, write_model: Callable[..., Path]):
    write_model(settings.models / "one.safetensors", n_latent=1)
    for basis in ("windowed", "rotated", "fixed"):
        spec = InferenceSpec(model="one", n_runs=10, n_steps=5, sample=3, basis=basis)
        found = experiments.trajectories(spec, Session.open(settings))
        assert np.isfinite(found.distances).all()
        assert np.isfinite(experiments.embedding(spec, Session.open(settings)).embedding).all()
        assert isinstance(experiments.run(spec, Session.open(settings)), Run)


def test_results_hold_no_tensor(trained: Trained):
    spec = spec_of(trained)
    sweep = NoiseSweepSpec(model=trained[1], n_runs=10, n_steps=5)
    results = [
        experiments.run(spec, Session.open(trained[0])),
        experiments.trajectories(spec, Session.open(trained[0])),
        experiments.noise_sweep(sweep, Session.open(trained[0])),
        experiments.latent_space(trained[1], Session.open(trained[0])),
    ]
    assert not [name for result in results for name, value in vars(result).items() if torch.is_tensor(value)]
