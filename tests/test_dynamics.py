"""Derivatives of maps whose derivatives are known."""

import torch

from core.analysis import dynamics
from core.vae import VAE, initialise


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_jacobian_of_a_linear_map_is_its_matrix():
    matrix = draw(4, 4)
    found = dynamics.jacobian(lambda z: z @ matrix.mT + 1, draw(3, 4, seed=1))
    torch.testing.assert_close(found, matrix.expand(3, 4, 4))


def test_the_jacobian_of_a_network_agrees_with_differences():
    vae = VAE(9, 7, 3).double().requires_grad_(False)
    initialise(vae, "torch", torch.Generator().manual_seed(0))
    points, h = draw(5, 3).double(), 1e-5
    found = dynamics.jacobian(vae.latent_map, points)
    for j in range(3):
        step = h * torch.eye(3, dtype=torch.float64)[j]
        difference = (vae.latent_map(points + step) - vae.latent_map(points - step)) / (2 * h)
        torch.testing.assert_close(found[:, :, j], difference, rtol=1e-5, atol=1e-8)


def test_a_rotation_keeps_lengths_and_a_shear_does_not_change_the_moduli():
    turn = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])
    torch.testing.assert_close(dynamics.moduli(turn), torch.ones(1, 2))
    torch.testing.assert_close(dynamics.gain(turn, draw(1, 2)), torch.ones(1))
    shear = torch.tensor([[[3.0, 7.0], [0.0, 0.5]]])
    torch.testing.assert_close(dynamics.moduli(shear), torch.tensor([[3.0, 0.5]]))


def test_orthogonal_gain_is_the_mean_over_a_basis_of_the_rest():
    matrices, directions = draw(6, 5, 5), draw(6, 5, seed=1)
    basis = torch.linalg.qr(torch.cat([directions[:, :, None], draw(6, 5, 4, seed=2)], -1)).Q[:, :, 1:]
    expected = (matrices @ basis).square().sum(1).mean(-1).sqrt()
    torch.testing.assert_close(dynamics.orthogonal_gain(matrices, directions), expected)


def test_stretches_are_the_diagonal_of_the_matrix_in_a_basis_that_begins_with_the_direction():
    matrices, directions = draw(6, 5, 5), draw(6, 5, seed=1)
    basis = torch.linalg.qr(torch.cat([directions[:, :, None], draw(6, 5, 4, seed=2)], -1)).Q
    inside = basis.mT @ matrices @ basis
    torch.testing.assert_close(dynamics.stretch(matrices, directions), inside[:, 0, 0])
    across = inside[:, 1:, 1:]
    mean = across.diagonal(dim1=1, dim2=2).mean(1)
    torch.testing.assert_close(dynamics.orthogonal_stretch(matrices, directions), mean)
    largest = torch.linalg.eigvalsh((across + across.mT) / 2)[:, -1]
    torch.testing.assert_close(dynamics.largest_orthogonal_stretch(matrices, directions), largest)


def test_the_direction_itself_is_none_of_those_across_it():
    downhill = torch.diag(torch.tensor([5.0, -3.0, -4.0]))[None]
    found = dynamics.largest_orthogonal_stretch(downhill, torch.tensor([[2.0, 0.0, 0.0]]))
    torch.testing.assert_close(found, torch.tensor([-3.0]))
    assert dynamics.largest_orthogonal_stretch(torch.ones(2, 1, 1), torch.ones(2, 1)).tolist() == [0, 0]
