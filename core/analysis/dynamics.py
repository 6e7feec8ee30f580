"""The map of one step of repeated inference near a point: its Jacobian, what it stretches, and along which way."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Map = Callable[[Float[Tensor, "points latent"]], Float[Tensor, "points latent"]]


def jacobian(step: Map, points: Float[Tensor, "points latent"]) -> Float[Tensor, "points latent latent"]:
    r"""Derivative of one step at every point.

    .. math:: J_{ij} = \partial F_i / \partial z_j, \quad F(\mathbf z) = \boldsymbol\mu(E[\mathbf x \mid \mathbf z])

    Args:
        step: F, on rows; each row's image depends on that row alone.
        points: Where to take the derivative.

    Source:
        Nagano et al. (2020), Discussion, conjectures what it would show; the paper does not compute it.

    Example:
        >>> jacobian(lambda z: z * torch.tensor([2.0, 0.5]), torch.zeros(1, 2))
        tensor([[[2.0000, 0.0000],
                 [0.0000, 0.5000]]])
    """
    return torch.func.vmap(torch.func.jacrev(lambda point: step(point[None])[0]))(points)


def moduli(jacobians: Float[Tensor, "points latent latent"]) -> Float[Tensor, "points latent"]:
    """Moduli of the eigenvalues, the largest first; above 1 a small displacement grows with every step.

    Example:
        >>> moduli(torch.diag(torch.tensor([0.5, -2.0]))[None])
        tensor([[2.0000, 0.5000]])
    """
    return torch.linalg.eigvals(jacobians.double().cpu()).abs().sort(-1, descending=True).values.float()


def gain(
    jacobians: Float[Tensor, "points latent latent"], directions: Float[Tensor, "points latent"]
) -> Float[Tensor, "points"]:
    r"""How one step changes the length of a small displacement along a direction.

    .. math:: \lVert J \mathbf u \rVert_2 / \lVert \mathbf u \rVert_2

    Returns:
        Below 1 the step attracts along the direction, above 1 it repels.

    Example:
        >>> gain(torch.diag(torch.tensor([0.5, 2.0]))[None], torch.tensor([[0.0, 3.0]]))
        tensor([2.])
    """
    moved = (jacobians @ directions[..., None])[..., 0]
    return torch.linalg.vector_norm(moved, dim=-1) / torch.linalg.vector_norm(directions, dim=-1)


def orthogonal_gain(
    jacobians: Float[Tensor, "points latent latent"], directions: Float[Tensor, "points latent"]
) -> Float[Tensor, "points"]:
    r"""Root mean square gain over all directions orthogonal to one.

    .. math:: \sqrt{\big(\lVert J \rVert_F^2 - \lVert J \mathbf u \rVert_2^2\big) / (N - 1)}, \quad
        \lVert \mathbf u \rVert_2 = 1

    Example:
        >>> orthogonal_gain(torch.diag(torch.tensor([0.5, 2.0]))[None], torch.tensor([[0.0, 3.0]]))
        tensor([0.5000])
    """
    total = jacobians.square().sum((-2, -1))
    rest = (total - gain(jacobians, directions).square()).clamp_min(0)
    return (rest / max(1, jacobians.shape[-1] - 1)).sqrt()


def stretch(
    jacobians: Float[Tensor, "points latent latent"], directions: Float[Tensor, "points latent"]
) -> Float[Tensor, "points"]:
    r"""What remains of a small displacement along its own direction after one step.

    .. math:: \mathbf u^\top J \mathbf u, \quad \lVert \mathbf u \rVert_2 = 1

    A step that turns a displacement has a gain but no stretch: a rotation is no repulsion.

    Example:
        >>> turn = torch.tensor([[[0.0, -2.0], [2.0, 0.0]]])
        >>> stretch(turn, torch.tensor([[0.0, 3.0]])), gain(turn, torch.tensor([[0.0, 3.0]]))
        (tensor([0.]), tensor([2.]))
    """
    moved = (jacobians @ directions[..., None])[..., 0]
    return (moved * directions).sum(-1) / directions.square().sum(-1)


def orthogonal_stretch(
    jacobians: Float[Tensor, "points latent latent"], directions: Float[Tensor, "points latent"]
) -> Float[Tensor, "points"]:
    r"""Mean stretch over all directions orthogonal to one.

    .. math:: (\mathrm{tr}\, J - \mathbf u^\top J \mathbf u) / (N - 1), \quad \lVert \mathbf u \rVert_2 = 1

    Example:
        >>> orthogonal_stretch(torch.diag(torch.tensor([0.5, 2.0]))[None], torch.tensor([[0.0, 3.0]]))
        tensor([0.5000])
    """
    trace = jacobians.diagonal(dim1=-2, dim2=-1).sum(-1)
    return (trace - stretch(jacobians, directions)) / max(1, jacobians.shape[-1] - 1)


def largest_orthogonal_stretch(
    jacobians: Float[Tensor, "points latent latent"], directions: Float[Tensor, "points latent"]
) -> Float[Tensor, "points"]:
    r"""Stretch along the direction orthogonal to one in which it is largest.

    .. math:: \max_{\mathbf v \perp \mathbf u, \lVert \mathbf v \rVert_2 = 1} \mathbf v^\top J \mathbf v

    Example:
        >>> largest_orthogonal_stretch(torch.diag(torch.tensor([0.5, 2.0, 9.0]))[None], torch.tensor([[0.0, 0.0, 3.0]]))
        tensor([2.])
    """
    if jacobians.shape[-1] == 1:
        return jacobians.new_zeros(len(jacobians))
    j, u = jacobians.double().cpu(), torch.nn.functional.normalize(directions.double().cpu(), dim=-1)
    across = torch.eye(j.shape[-1], dtype=j.dtype) - u[..., None] * u[..., None, :]
    symmetric = across @ (j + j.mT) / 2 @ across
    low = 1 + 2 * torch.linalg.matrix_norm(symmetric)[..., None, None]  # puts u itself below all others
    return torch.linalg.eigvalsh(symmetric - low * u[..., None] * u[..., None, :])[..., -1].to(jacobians)
