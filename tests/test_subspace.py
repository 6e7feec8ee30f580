import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from core.analysis import subspace

WINDOW = 3
E12 = torch.eye(5)[:2]


def walks(n_steps: int = 12, n_runs: int = 30, n_latent: int = 5, *, seed: int = 0) -> torch.Tensor:
    """Random walks that spread by another amount along every axis, and whose axes turn with time."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn(n_steps, n_runs, n_latent, generator=generator) * torch.linspace(2, 0.5, n_latent)
    z = steps.cumsum(0) + 3
    if n_latent > 2:
        for t in range(n_steps):
            z[t] = z[t] @ rotation(0.1 * t, n_latent)
    return z


def rotation(angle: float, n_latent: int) -> torch.Tensor:
    """Turns the first axis towards the third."""
    turn = torch.eye(n_latent)
    turn[0, 0] = turn[2, 2] = math.cos(angle)
    turn[0, 2], turn[2, 0] = math.sin(angle), -math.sin(angle)
    return turn


@pytest.mark.parametrize("window", [0, 1, WINDOW])
def test_windowed_axes_are_the_pca_of_the_window(window: int, device: torch.device):
    z = walks()
    found = subspace.windowed_axes(z.to(device), window, E12.to(device))
    assert len(found.basis) == len(z) - window
    for t in range(len(z) - window):
        cloud = z[t : t + window + 1].flatten(0, 1).numpy()
        expected = PCA(2).fit(cloud)
        np.testing.assert_allclose(found.mean[t].cpu(), cloud.mean(0), atol=1e-4)
        ratio = found.explained_variance_ratio[t].cpu().numpy()
        np.testing.assert_allclose(ratio, expected.explained_variance_ratio_, atol=1e-4)
        cosines = (found.basis[t].cpu().numpy() * expected.components_).sum(1)
        np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-4)


def test_signs_agree_with_the_step_before():
    found = subspace.windowed_axes(walks(), WINDOW, E12)
    assert ((found.basis[1:] * found.basis[:-1]).sum(-1) >= 0).all()
    assert ((found.basis[0] * E12).sum(-1) >= 0).all()


def test_the_reference_turns_all_signs():
    one, other = (subspace.windowed_axes(walks(), WINDOW, sign * E12) for sign in (1, -1))
    torch.testing.assert_close(one.basis, -other.basis)


def test_rotated_axes_lie_in_the_same_plane():
    plain, turned = (subspace.windowed_axes(walks(), WINDOW, E12, rotate=rotate) for rotate in (False, True))
    projector, other = (axes.basis.mT @ axes.basis for axes in (plain, turned))
    torch.testing.assert_close(projector, other, atol=1e-5, rtol=0)
    torch.testing.assert_close(turned.basis @ turned.basis.mT, torch.eye(2).expand(len(turned.basis), -1, -1))
    torch.testing.assert_close(turned.mean, plain.mean)
    total, other_total = (axes.explained_variance_ratio.sum(-1) for axes in (plain, turned))
    torch.testing.assert_close(total, other_total)


def test_rotation_agrees_best_with_the_step_before():
    basis = subspace.windowed_axes(walks(), WINDOW, E12, rotate=True).basis.double()
    for before, now in itertools.pairwise(basis):
        best = (before * now).sum()
        for angle in np.linspace(0, 2 * np.pi, 73):
            turn = rotation(angle, 3)[[0, 2]][:, [0, 2]].double()
            assert (before * (turn @ now)).sum() <= best + 1e-6


def test_rotated_axes_carry_the_variance_along_themselves():
    z = walks()
    found = subspace.windowed_axes(z, WINDOW, E12, rotate=True)
    for t in (0, 4):
        cloud = z[t : t + WINDOW + 1].flatten(0, 1)
        along = (cloud @ found.basis[t].T).var(0) / cloud.var(0).sum()
        torch.testing.assert_close(found.explained_variance_ratio[t], along, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("rotate", [False, True])
def test_one_latent_unit_has_an_empty_second_axis(rotate: bool):
    z = walks(n_latent=1)
    fixed = subspace.fixed_axes(z.flatten(0, 1))
    found = subspace.windowed_axes(z, WINDOW, fixed.basis[0], rotate=rotate)
    for axes in (fixed, found):
        torch.testing.assert_close(axes.basis[:, 0].abs(), torch.ones_like(axes.basis[:, 0]))
        assert axes.basis[:, 1].abs().max() == 0
        torch.testing.assert_close(axes.explained_variance_ratio[:, 0], torch.ones(len(axes.basis)))
    embedding = subspace.embed(z[: len(found.basis)], found)
    torch.testing.assert_close(embedding[..., 0], z[: len(found.basis), :, 0] - found.mean)
    assert embedding[..., 1].abs().max() == 0


@pytest.mark.parametrize("rotate", [False, True])
def test_runs_that_have_met_in_one_point_do_not_crash(rotate: bool):
    z = torch.ones(8, 10, 5)
    found = subspace.windowed_axes(z, 2, E12, rotate=rotate)
    assert torch.isfinite(found.basis).all()
    assert found.explained_variance_ratio.abs().max() == pytest.approx(0, abs=1e-6)
    assert subspace.embed(z[:6], found).abs().max() == pytest.approx(0, abs=1e-6)


def test_fixed_axes_are_the_pca_of_the_points():
    points = walks().flatten(0, 1)
    found, expected = subspace.fixed_axes(points), PCA(2).fit(points.numpy())
    np.testing.assert_allclose(np.abs((found.basis[0].numpy() * expected.components_).sum(1)), 1, atol=1e-5)
    np.testing.assert_allclose(found.mean[0], expected.mean_, rtol=1e-5)
    np.testing.assert_allclose(found.explained_variance_ratio[0], expected.explained_variance_ratio_, rtol=1e-4)


def test_the_largest_component_of_a_fixed_axis_is_positive():
    points = walks().flatten(0, 1)
    for cloud in (points, -points):
        axes = subspace.fixed_axes(cloud).basis[0]
        assert (axes.gather(1, axes.abs().argmax(1, keepdim=True)) > 0).all()


def test_a_planar_cloud_has_two_principal_variances():
    points = torch.zeros(100, 5)
    points[:, [1, 3]] = torch.randn(100, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([3.0, 1.0])
    assert subspace.fixed_axes(points).explained_variance_ratio.sum().item() == pytest.approx(1)
    np.testing.assert_allclose(subspace.contribution_ratio(points)[1:], 1, atol=1e-6)


def test_embedding_is_the_projection_on_the_axes_of_the_step():
    z = walks()
    axes = subspace.windowed_axes(z, WINDOW, E12)
    z = z[: len(axes.basis)]
    found = subspace.embed(z, axes)
    for t in range(len(z)):
        expected = (z[t].numpy() - axes.mean[t].numpy()) @ axes.basis[t].numpy().T
        np.testing.assert_allclose(found[t], expected, atol=1e-4)


@pytest.mark.parametrize("lag", [1, 3])
def test_the_past_is_drawn_on_the_axes_of_now(lag: int):
    z = walks()
    axes = subspace.windowed_axes(z, WINDOW, E12)
    z = z[: len(axes.basis)]
    found = subspace.embed(z, axes, lag=lag)
    for t in range(len(z)):
        expected = (z[max(0, t - lag)] - axes.mean[t]) @ axes.basis[t].T
        torch.testing.assert_close(found[t], expected, atol=1e-4, rtol=1e-4)


def test_active_units_are_those_that_vary():
    generator = torch.Generator().manual_seed(0)
    means = torch.randn(5000, 4, generator=generator) * torch.tensor([1.0, 0.12, 0.08, 0.0]) + 5
    assert subspace.active_units(means).tolist() == [True, True, False, False]


def test_contribution_ratio_is_cumulative_explained_variance():
    points = walks().flatten(0, 1)
    expected = PCA().fit(points.numpy()).explained_variance_ratio_.cumsum()
    np.testing.assert_allclose(subspace.contribution_ratio(points), expected, rtol=1e-5)


@examples(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n_latent=st.integers(1, 6))
def test_contribution_ratio_rises_to_one(seed: int, n_latent: int):
    ratio = subspace.contribution_ratio(torch.randn(9, n_latent, generator=torch.Generator().manual_seed(seed)))
    assert (ratio.diff() >= -1e-6).all()
    assert ratio[-1].item() == pytest.approx(1, abs=1e-6)


def test_orthogonality_gap_of_known_concepts():
    angle = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    assert subspace.orthogonality_gap(angle) == pytest.approx(2 * 0.36)
    assert subspace.orthogonality_gap(torch.ones(10, 3)) == pytest.approx(90, rel=1e-5)
    assert subspace.orthogonality_gap(torch.tensor([[2.0, 0.0], [0.0, 7.0]])) == pytest.approx(0, abs=1e-9)


def test_orthogonality_gap_asks_for_directions_alone():
    concepts = walks()[0]
    scaled = concepts * torch.linspace(0.1, 10, len(concepts))[:, None]
    assert subspace.orthogonality_gap(scaled) == pytest.approx(subspace.orthogonality_gap(concepts), rel=1e-5)


def test_no_vectors_of_zero_mean_are_nearer_to_orthogonal_than_the_floor():
    simplex = torch.eye(10) - 0.1  # ten vectors of zero mean, at equal angles
    assert subspace.orthogonality_gap(simplex) == pytest.approx(subspace.orthogonality_floor(10, 20), rel=1e-4)
    assert subspace.orthogonality_floor(10, 9) == pytest.approx(90 / 81)
    angles = torch.arange(10) * 2 * torch.pi / 10
    circle = torch.stack([angles.cos(), angles.sin()], dim=1)
    assert subspace.orthogonality_gap(circle) == pytest.approx(subspace.orthogonality_floor(10, 2), rel=1e-4)
    generator = torch.Generator().manual_seed(0)
    for n in (2, 5, 20):
        vectors = torch.randn(10, n, generator=generator)
        assert subspace.orthogonality_gap(vectors - vectors.mean(0)) > subspace.orthogonality_floor(10, n) - 1e-4


def test_random_directions_have_the_gap_that_is_expected_of_them():
    generator = torch.Generator().manual_seed(0)
    found = [subspace.orthogonality_gap(torch.randn(10, 20, generator=generator)) for _ in range(400)]
    assert np.mean(found) == pytest.approx(subspace.random_orthogonality_gap(10, 20), rel=0.03)


def test_the_effective_dimension_counts_directions():
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(3, 5000, 6, generator=generator) * torch.tensor(
        [[[1.0] * 6], [[1.0] + [0.0] * 5], [[1.0] * 2 + [0.0] * 4]]
    )
    np.testing.assert_allclose(subspace.effective_dimension(z + 9), [6, 1, 2], rtol=0.02)
    values = np.linalg.eigvalsh(np.cov(walks()[3].numpy().T))
    assert float(subspace.effective_dimension(walks()[3])) == pytest.approx(
        values.sum() ** 2 / (values**2).sum(), rel=1e-4
    )
    assert float(subspace.effective_dimension(torch.ones(4, 3))) == 0  # all runs at one place


@pytest.mark.parametrize(("share", "dimensions"), [(0.5, 1), (0.8, 1), (0.9, 2), (0.99, 3)])
def test_the_numeric_subspace_holds_the_share_that_is_asked_for(share: float, dimensions: int):
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(4000, 5, generator=generator) * torch.tensor([3.0, 0.9, 0.7, 0.0, 0.0]) + 4
    points = points.double()  # of the variance 87, 8 and 5 %
    found = subspace.leading_subspace(points, share)
    assert len(found.basis) == dimensions
    model = PCA(dimensions).fit(points.numpy())
    rest = points.numpy() - model.inverse_transform(model.transform(points.numpy()))
    np.testing.assert_allclose(subspace.subspace_distance(points, found), np.linalg.norm(rest, axis=1), atol=1e-4)
