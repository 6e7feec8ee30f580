"""Directions in latent space: PCA, windowed PCA with aligned bases, active units, orthogonality of concepts."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

ACTIVE_VARIANCE = 0.01  # Burda et al. (2016)


@dataclass(frozen=True)
class Subspace:
    """Two axes at every step, with the point they start from and the share of variance each explains."""

    basis: Float[Tensor, "steps 2 latent"]
    mean: Float[Tensor, "steps latent"]
    explained_variance_ratio: Float[Tensor, "steps 2"]


def principal_components(
    covariance: Float[Tensor, "... latent latent"],
) -> tuple[Float[Tensor, "... latent latent"], Float[Tensor, "... latent"]]:
    """Eigenvectors as rows, the leading one first, and the share of the variance that each explains."""
    values, vectors = torch.linalg.eigh(covariance)
    values = values.flip(-1).clamp_min(0)
    total = values.sum(-1, keepdim=True).clamp_min(torch.finfo(values.dtype).tiny)
    return vectors.flip(-1).mT, values / total


def fixed_axes(points: Float[Tensor, "points latent"]) -> Subspace:
    """PCA of a cloud of points (the memories), as a subspace of one step.

    The sign of each axis is such that its largest component is positive.
    """
    centred = points.double() - points.double().mean(0)
    axes, ratio = principal_components(centred.mT @ centred / max(1, len(points) - 1))
    if axes.shape[-1] < 2:  # N_z = 1 has one axis; the second one of the picture is empty
        axes, ratio = torch.nn.functional.pad(axes, (0, 0, 0, 1)), torch.nn.functional.pad(ratio, (0, 1))
    axes = axes[:2]
    largest = axes.gather(-1, axes.abs().argmax(-1, keepdim=True))
    axes = torch.where(largest < 0, -axes, axes)
    mean = points.double().mean(0)
    return Subspace(axes[None].to(points.dtype), mean[None].to(points.dtype), ratio[None, :2].to(points.dtype))


def windowed_axes(
    z: Float[Tensor, "all_steps runs latent"],
    window: int,
    reference: Float[Tensor, "2 latent"],
    *,
    rotate: bool = False,
) -> Subspace:
    r"""PCA of all activity patterns of all runs within [t, t + window], for every t.

    Args:
        z: Trajectories over T + 1 + window steps.
        window: Steps to look ahead; 0 takes step t alone.
        reference: Two axes that fix the signs of the first step (the fixed axes of the memories).
        rotate: Turn each pair of axes within its plane so that it agrees best with the pair before. The axes are
            then no longer the first and second principal component, and no order of variance is promised.

    Returns:
        Axes for the T + 1 steps that have a whole window.

    Source:
        Nagano et al. (2020), Fig. 2 and Methods; centring by the window's mean and the sign that agrees best with the
        step before are our reading.
    """
    z = z.double()
    n_runs = z.shape[1]
    sums = z.sum(1).unfold(0, window + 1, 1).sum(-1)
    squares = torch.einsum("sbi,sbj->sij", z, z).unfold(0, window + 1, 1).sum(-1)
    count = n_runs * (window + 1)
    mean = sums / count
    covariance = squares / count - mean[:, :, None] * mean[:, None, :]
    axes, ratio = principal_components(covariance)
    if axes.shape[-1] < 2:
        axes, ratio = torch.nn.functional.pad(axes, (0, 0, 0, 1)), torch.nn.functional.pad(ratio, (0, 1))
    basis, shares = align(axes[:, :2], ratio[:, :2], reference.double(), rotate=rotate)
    return Subspace(basis.float(), mean.float(), shares.float())


def align(
    axes: Float[Tensor, "steps 2 latent"],
    ratio: Float[Tensor, "steps 2"],
    reference: Float[Tensor, "2 latent"],
    *,
    rotate: bool = False,
) -> tuple[Float[Tensor, "steps 2 latent"], Float[Tensor, "steps 2"]]:
    """Choose the sign (or the rotation) of every pair of axes that agrees best with the pair before.

    Returns:
        The aligned axes, and the share of variance along each (a rotation mixes the two shares).
    """
    aligned, shares, before = [], [], reference
    for pair, share in zip(axes, ratio, strict=True):
        if rotate:
            left, _, right = torch.linalg.svd(before @ pair.mT)
            turn = left @ right
        else:
            agreement = (before * pair).sum(-1)
            turn = torch.diag(torch.where(agreement < 0, -1.0, 1.0).to(pair.dtype))
        before = turn @ pair
        aligned.append(before)
        shares.append(turn.square() @ share)
    return torch.stack(aligned), torch.stack(shares)


def embed(z: Float[Tensor, "steps runs latent"], subspace: Subspace, *, lag: int = 0) -> Float[Tensor, "steps runs 2"]:
    r"""Coordinates of z(t - lag) on the axes of step t (of step 0 before there is a past).

    .. math:: [\mathbf q_1, \mathbf q_2]^\top (\mathbf z - \bar{\mathbf z}_t)

    Source:
        Nagano et al. (2020), Eq. 14.
    """
    steps = torch.arange(len(subspace.basis), device=z.device)
    past = z[(steps - lag).clamp_min(0)]
    return torch.einsum("tbn,tkn->tbk", past - subspace.mean[:, None], subspace.basis)


def active_units(means: Float[Tensor, "images latent"]) -> Bool[Tensor, "latent"]:
    """Latent units that carry information: variance of mu over the training images above 0.01.

    Source:
        Burda et al. (2016); the paper's "active neurons", Fig. 7a.
    """
    return means.var(0) > ACTIVE_VARIANCE


def contribution_ratio(points: Float[Tensor, "points latent"]) -> Float[Tensor, "latent"]:
    """Cumulative share of variance that the leading principal components explain.

    Source:
        Nagano et al. (2020), Fig. 7b.
    """
    centred = points.double() - points.double().mean(0)
    return principal_components(centred.mT @ centred)[1].cumsum(-1).to(points.dtype)


def cosine_similarity(concepts: Float[Tensor, "labels latent"]) -> Float[Tensor, "labels labels"]:
    r"""Cosines of the angles between concepts, seen from the origin.

    .. math:: C_{ij} = \bar{\boldsymbol\xi}_i^\top \bar{\boldsymbol\xi}_j /
        (\lVert \bar{\boldsymbol\xi}_i \rVert \lVert \bar{\boldsymbol\xi}_j \rVert)

    Source:
        Nagano et al. (2020), Supplement E.

    Example:
        >>> cosine_similarity(torch.tensor([[2.0, 0.0], [0.0, 3.0]]))
        tensor([[1., 0.],
                [0., 1.]])
    """
    unit = torch.nn.functional.normalize(concepts, dim=-1)
    return unit @ unit.mT


def orthogonality_gap(concepts: Float[Tensor, "labels latent"]) -> float:
    r"""Squared Frobenius norm of C - I, with C the cosine similarities of the concepts; 0 = orthogonal.

    Source:
        Nagano et al. (2020), Fig. 8 (squared, as its symbol says; the formula there is the unsquared norm).

    Example:
        >>> orthogonality_gap(torch.eye(3))
        0.0
    """
    cosines = cosine_similarity(concepts)
    return float((cosines - torch.eye(len(cosines), device=cosines.device)).square().sum())


def orthogonality_floor(n_vectors: int, n_dimensions: int) -> float:
    r"""The least squared norm of C - I that vectors of zero mean can have in some dimensions.

    .. math:: n^2 / \min(d, n - 1) - n

    Ten vectors whose mean, the abstract concept, is the origin span nine dimensions at most: 90 / 81 remain.

    Source:
        Welch (1974).

    Example:
        >>> round(orthogonality_floor(10, 20), 3), orthogonality_floor(10, 2)
        (1.111, 40.0)
    """
    return n_vectors**2 / min(n_dimensions, n_vectors - 1) - n_vectors


def random_orthogonality_gap(n_vectors: int, n_dimensions: int) -> float:
    r"""The squared norm of C - I of independent random directions, on average.

    .. math:: n (n - 1) / d, \quad \text{since } E[\cos^2] = 1 / d

    Example:
        >>> random_orthogonality_gap(10, 20)
        4.5
    """
    return n_vectors * (n_vectors - 1) / n_dimensions


def effective_dimension(z: Float[Tensor, "... runs latent"]) -> Float[Tensor, "..."]:
    r"""In how many dimensions runs are spread: the participation ratio of the variances along their principal axes.

    .. math:: \frac{(\sum_i \lambda_i)^2}{\sum_i \lambda_i^2}

    Returns:
        1 for runs on a line, d for runs that are spread evenly in d dimensions.

    Source:
        Gao et al. (2017), "participation ratio".

    Example:
        >>> effective_dimension(torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]]))
        tensor(2.)
    """
    centred = z.double() - z.double().mean(-2, keepdim=True)
    covariance = centred.mT @ centred
    total = covariance.diagonal(dim1=-2, dim2=-1).sum(-1)
    squares = covariance.square().sum((-2, -1)).clamp_min(torch.finfo(covariance.dtype).tiny)
    return (total.square() / squares).to(z.dtype)


@dataclass(frozen=True)
class AffineSubspace:
    """A point and the orthonormal directions that lead from it."""

    basis: Float[Tensor, "dimensions latent"]
    mean: Float[Tensor, "latent"]


def leading_subspace(points: Float[Tensor, "points latent"], share: float) -> AffineSubspace:
    """The subspace of the fewest principal axes of a cloud of points that hold a share of its variance.

    Source:
        Nagano et al. (2020), Fig. 6, draws memories and concepts in a "numeric space"; the share is our choice.
    """
    mean = points.double().mean(0)
    axes, ratio = principal_components((points.double() - mean).mT @ (points.double() - mean))
    count = int((ratio.cumsum(-1) < share).sum()) + 1
    return AffineSubspace(axes[:count].to(points.dtype), mean.to(points.dtype))


def subspace_distance(z: Float[Tensor, "... latent"], subspace: AffineSubspace) -> Float[Tensor, "..."]:
    r"""Distance from activity patterns to a subspace.

    .. math:: \lVert (I - Q^\top Q)(\mathbf z - \bar{\mathbf z}) \rVert_2

    Example:
        >>> line = AffineSubspace(torch.tensor([[1.0, 0.0]]), torch.tensor([0.0, 1.0]))
        >>> subspace_distance(torch.tensor([[5.0, 4.0]]), line)
        tensor([3.])
    """
    moved = z - subspace.mean
    return torch.linalg.vector_norm(moved - moved @ subspace.basis.mT @ subspace.basis, dim=-1)
