"""Figs. 7 and 8 and the Jacobian, from the weights of a file and NumPy alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from core import experiments
from core.session import Session
from core.settings import Settings
from core.specs import DynamicsSpec, InferenceSpec


@pytest.fixture(scope="module")
def tensors(trained: tuple[Settings, str]) -> dict[str, np.ndarray]:
    home, id = trained
    return {name: value.astype(np.float64) for name, value in load_file(home.models / f"{id}.safetensors").items()}


def test_geometry_from_the_file_alone(trained: tuple[Settings, str], tensors: dict[str, np.ndarray]):
    home, id = trained
    found = experiments.geometry(id, Session.open(home))
    memories = tensors["memories"].reshape(-1, 4)
    variances = np.sort(np.linalg.eigvalsh(np.cov(memories.T)))[::-1]
    np.testing.assert_allclose(found.contribution_ratio, np.cumsum(variances) / variances.sum(), rtol=1e-5)
    np.testing.assert_allclose(found.variance, memories.var(0, ddof=1), rtol=1e-4)
    assert found.active.tolist() == (memories.var(0, ddof=1) > 0.01).tolist()
    unit = tensors["concepts"] / np.linalg.norm(tensors["concepts"], axis=1, keepdims=True)
    np.testing.assert_allclose(found.cosine_similarity, unit @ unit.T, atol=1e-6)
    assert found.orthogonality_gap == pytest.approx(((unit @ unit.T - np.eye(10)) ** 2).sum(), rel=1e-4)
    assert found.random_orthogonality_gap == 90 / found.active.sum()
    assert found.orthogonality_floor == 100 / found.active.sum() - 10  # fewer than nine are active


def test_units_that_are_not_active_have_no_part_in_the_dynamics(settings: Settings, write_model: Callable[..., Path]):
    path = write_model(settings.models / "a.safetensors")
    tensors = load_file(path)
    memories = tensors["memories"].copy()
    memories[..., 1] *= 0.01  # the variance of the second of three units is 1e-4
    write_model(path, replace={"memories": torch.from_numpy(memories)})
    found = experiments.concept_dynamics(DynamicsSpec(model="a", n_runs=10, noise=0.2), Session.open(settings))
    rest = [0, 2]
    jacobians = differences({name: value.astype(np.float64) for name, value in load_file(path).items()}, 3)
    inside = jacobians[:, rest][:, :, rest]
    moduli = np.sort(np.abs(np.linalg.eigvals(inside)), axis=1)[:, ::-1]
    np.testing.assert_allclose(found.moduli, moduli, rtol=2e-3, atol=1e-5)
    total = (inside**2).sum((1, 2))
    np.testing.assert_allclose(found.noise_gain**2 + found.orthogonal_gain**2, total, rtol=2e-3)
    trace = np.trace(inside, axis1=1, axis2=2)
    np.testing.assert_allclose(found.noise_stretch + found.orthogonal_stretch, trace, rtol=2e-3, atol=1e-5)
    np.testing.assert_allclose(found.orthogonal_stretch, found.largest_orthogonal_stretch, rtol=1e-4, atol=1e-6)


def step(tensors: dict[str, np.ndarray], z: np.ndarray) -> np.ndarray:
    """One step of repeated inference, in NumPy."""

    def affine(x: np.ndarray, name: str) -> np.ndarray:
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    x = 1 / (1 + np.exp(-affine(np.tanh(affine(z, "decoder.hidden")), "decoder.output")))
    return affine(np.tanh(affine(x, "encoder.hidden")), "encoder.output")[:, : z.shape[1]]


def differences(tensors: dict[str, np.ndarray], n_latent: int, h: float = 1e-5) -> np.ndarray:
    """The Jacobians at the concepts, by differences."""
    at = tensors["concepts"]
    columns = [(step(tensors, at + h * e) - step(tensors, at - h * e)) / (2 * h) for e in np.eye(n_latent)]
    return np.stack(columns, axis=-1)


def test_dynamics_around_the_concepts_agree_with_differences(
    trained: tuple[Settings, str], tensors: dict[str, np.ndarray]
):
    home, id = trained
    spec = DynamicsSpec(model=id, n_runs=20, noise=0.2)
    found = experiments.concept_dynamics(spec, Session.open(home))
    concepts = tensors["concepts"]
    np.testing.assert_allclose(found.moved, np.linalg.norm(step(tensors, concepts) - concepts, axis=1), rtol=1e-3)
    jacobians = differences(tensors, 4)
    moduli = np.sort(np.abs(np.linalg.eigvals(jacobians)), axis=1)[:, ::-1]
    np.testing.assert_allclose(found.moduli, moduli, rtol=2e-3, atol=1e-4)
    assert found.expanding.tolist() == (moduli > 1).sum(1).tolist()
    model = Session.open(home).model(id)
    own = InferenceSpec(model=id, n_runs=20, noise=0.2, label=2)
    x = experiments.noisy(
        model, own, experiments.starts(model, own, list(range(20)), Session.open(home)), list(range(20)), 0.2
    )
    with torch.no_grad():
        u = (model.vae.mean(x) - model.memories[2, :20]).mean(0).double().numpy()
    u /= np.linalg.norm(u)
    along = np.linalg.norm(jacobians[2] @ u)
    assert found.noise_gain[2] == pytest.approx(along, rel=2e-3)
    rest = np.sqrt((np.linalg.norm(jacobians[2]) ** 2 - along**2) / 3)
    assert found.orthogonal_gain[2] == pytest.approx(rest, rel=2e-3)
    assert found.noise_stretch[2] == pytest.approx(u @ jacobians[2] @ u, rel=2e-3)
    across = np.linalg.svd(u[None])[2][1:]  # an orthonormal basis of the directions across
    inside = across @ jacobians[2] @ across.T
    assert found.orthogonal_stretch[2] == pytest.approx(np.trace(inside) / 3, rel=2e-3)
    largest = np.linalg.eigvalsh((inside + inside.T) / 2)[-1]
    assert found.largest_orthogonal_stretch[2] == pytest.approx(largest, rel=2e-3)
