"""The models that are shipped are whole, and what their cards and sweeps say is true."""

from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import data, experiments, store, train
from core.config import NOISE_KINDS, SOURCES, ZOO, InferenceSpec, NoiseSweepSpec, Settings
from core.library import Library
from core.results import Stage

CPU = torch.device("cpu")
SHIPPED = sorted(entry.path for entry in Library([(store.SHIPPED, "shipped")]).entries())


def test_the_shipped_models_are_of_the_zoo():
    names = {path.stem for path in SHIPPED}
    assert names <= set(ZOO)
    assert {f"mnist-nz{n}-seed0" for n in (2, 4, 6, 8, 10, 14, 20, 50, 100)} <= names
    assert {"digits-nz2-seed0", "digits-nz10-seed0", "fashion-nz100-seed0"} <= names


def of_every_shipped_model(test: Callable) -> Callable:
    return pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])(test)


@of_every_shipped_model
def test_a_shipped_model_is_whole(path: Path):
    model = store.load_model(path, CPU)
    spec = model.spec
    assert path.stem == f"{spec.dataset}-nz{spec.n_latent}-seed{spec.seed}"
    n_memories = model.memories.shape[1]
    assert n_memories == 500 if spec.dataset != "digits" else n_memories >= 100
    assert model.concepts.shape == (10, spec.n_latent)
    assert model.memories.shape == (10, n_memories, spec.n_latent)
    assert 0 <= model.memory_index.min() <= model.memory_index.max() < data.TRAINING_IMAGES[spec.dataset]
    assert all(len(set(row)) == n_memories for row in model.memory_index.tolist())
    assert (model.card.test_negative_elbo or 0) > 0
    assert 1 <= (model.card.active_units or 0) <= spec.n_latent


@of_every_shipped_model
def test_a_shipped_model_reads_most_of_its_own_memories_back(path: Path):
    """A memory decoded and encoded again lies nearer to where it was than another memory does."""
    model = store.load_model(path, CPU)
    memories = model.memories.flatten(0, 1)
    moved = (model.vae.latent_map(memories) - memories).norm(dim=1)
    apart = (memories.roll(1, 0) - memories).norm(dim=1)
    assert (moved < apart).float().mean() > 0.7


@pytest.mark.skipif(not any(path.stem == "mnist-nz100-seed0" for path in SHIPPED), reason="that model is not here yet")
def test_the_bound_of_the_paper_s_model():
    _, card = store.read_metadata(store.SHIPPED / "mnist-nz100-seed0.safetensors")
    assert 0 < (card.test_negative_elbo or 0) <= 101


@pytest.mark.parametrize("path", [path for path in SHIPPED if "nz100" not in path.stem], ids=lambda path: path.stem)
def test_the_card_of_a_shipped_model_is_true(path: Path, request: pytest.FixtureRequest):
    model = store.load_model(path, CPU)
    root = Path() if model.spec.dataset == "digits" else request.getfixturevalue("mnist_root")
    test = data.load_dataset(model.spec.dataset, root, train=False)
    bound = train.held_out_bound(model.vae, test, n_samples=1)
    assert model.card.test_negative_elbo == pytest.approx(bound.negative_elbo, rel=5e-3)


def recipe_of_sweeps(path: Path, settings: Settings) -> Mapping[str, Any]:
    """What the sweeps beside a model are of; they must be there, and of its very weights."""
    recipe, _ = experiments.library_of(settings).load_sweeps(path.stem)
    assert recipe, f"{path.stem} has no sweeps of these weights. Compute them: python -m core sweeps"
    assert (recipe["n_steps"], recipe["seed"]) == (60, 0)
    return recipe


SWEPT = [path for path in SHIPPED if path.with_name(f"{path.stem}.sweeps.safetensors").exists()]
of_every_swept_model = pytest.mark.parametrize("path", SWEPT, ids=lambda path: path.stem)


def test_the_models_of_the_first_screen_have_their_stage_bands_at_once():
    there = {path.stem for path in SWEPT}
    assert {"mnist-nz100-seed0", "mnist-nz20-seed0", "mnist-nz2-seed0"} <= there
    assert {"fashion-nz100-seed0", "digits-nz10-seed0", "digits-nz2-seed0"} <= there


def test_everything_that_is_shipped_has_90_mb_at_most():
    assert sum(path.stat().st_size for path in store.SHIPPED.iterdir()) <= 90_000_000


@of_every_swept_model
def test_shipped_sweeps_cover_everything(path: Path, settings: Settings):
    recipe = recipe_of_sweeps(path, settings)
    n_runs, sources = recipe["n_runs"], recipe.get("sources", SOURCES)
    assert "decoded" in sources  # what a machine without the images starts from
    assert n_runs == 300 or path.stem.startswith("digits")
    for source, kind, label in product(sources, NOISE_KINDS, range(10)):
        spec = NoiseSweepSpec(model=path.stem, source=source, label=label, noise_kind=kind, n_runs=n_runs)
        sweep = experiments.stored_noise_sweep(spec, settings)
        assert sweep is not None
        assert sweep.minimum_distance.shape == (3, 41)
        assert all(np.isfinite(value).all() for value in vars(sweep).values())
        np.testing.assert_allclose(sweep.nearest_share.sum(0), 1, atol=1e-5)
        assert source == "decoded" or sweep.stages[0] == Stage.MEMORY


@of_every_swept_model
@pytest.mark.parametrize(("label", "kind", "noise"), [(6, "invert", 0.2), (1, "permute", 0.5)])
def test_a_shipped_sweep_can_be_computed_again(path: Path, label: int, kind: str, noise: float, settings: Settings):
    common = {"model": path.stem, "source": "decoded", "label": label, "noise_kind": kind}
    common["n_runs"] = recipe_of_sweeps(path, settings)["n_runs"]
    sweep = experiments.stored_noise_sweep(NoiseSweepSpec(**common), settings)
    assert sweep is not None
    again = experiments.trajectories(InferenceSpec(noise=noise, window=0, basis="fixed", **common), settings).ensemble
    i = sweep.noises.tolist().index(noise)
    np.testing.assert_allclose(sweep.minimum_distance[:, i], again.minimum_distance, rtol=1e-3)
    np.testing.assert_allclose(sweep.minimum_distance_sem[:, i], again.minimum_distance_sem, rtol=1e-2)
    np.testing.assert_allclose(sweep.minimum_step[:, i], again.minimum_step, atol=0.5)
    assert sweep.stages[i] == again.stage
