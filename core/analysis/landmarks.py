"""The plane of the three landmarks of a run: in it memory, concept and abstract concept stand still for every run."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

LEAST_SINE = 0.1  # of the angle between two directions: below it (6 degrees) they count as one
TINY = 1e-6  # a direction is none where it is shorter than this share of the others


def landmark_coordinates(
    z: Float[Tensor, "steps runs latent"],
    memories: Float[Tensor, "runs latent"],
    concept: Float[Tensor, "latent"],
    abstract: Float[Tensor, "latent"],
) -> tuple[Float[Tensor, "steps runs 2"], Float[Tensor, "steps runs"]]:
    r"""Coordinates of every run in the plane of its own three landmarks, and how far outside that plane it is.

    .. math:: \mathbf z - \bar{\boldsymbol\xi}_{all} = a\, (\bar{\boldsymbol\xi} - \bar{\boldsymbol\xi}_{all})
        + b\, (\boldsymbol\xi - \bar{\boldsymbol\xi}) + \mathbf r, \quad \min \lVert \mathbf r \rVert_2

    a says how much a pattern is like its label, b how much it is like its own image. Where both directions of a run
    are nearly one (see `LEAST_SINE`), or one has no length, the plane is a line: of all solutions that are equally
    good, the one with the shortest path along the directions is taken, and what leads away from the line is rest.

    Args:
        z: Trajectories.
        memories: Each run's own memory.
        concept: The concept of their label.
        abstract: The abstract concept.

    Returns:
        (a, b), and the length of r in the units of the latent space. The memory has (1, 1), the concept (1, 0) and the
        abstract concept (0, 0).

    Source:
        Our own view; the landmarks are those of Nagano et al. (2020), Eqs. 5-6.

    Example:
        >>> memory, concept, abstract = torch.tensor([[2.0, 3.0, 0.0]]), torch.tensor([2.0, 0.0, 0.0]), torch.zeros(3)
        >>> landmark_coordinates(torch.tensor([[[1.0, 1.5, 4.0]]]), memory, concept, abstract)
        (tensor([[[0.5000, 0.5000]]]), tensor([[4.]]))
    """
    unit, length = directions(memories, concept, abstract)
    least = (1 - (1 - LEAST_SINE**2) ** 0.5) / (1 + (1 - LEAST_SINE**2) ** 0.5)  # of the eigenvalues 1 - cos, 1 + cos
    solve = torch.linalg.pinv(unit @ unit.mT, rtol=least, hermitian=True) @ unit
    inverse = torch.where(length > 0, 1 / length, 0)
    offset = z - abstract
    along = torch.einsum("tbn,bkn->tbk", offset, solve.to(z.dtype))
    rest = offset - torch.einsum("tbk,bkn->tbn", along, unit.to(z.dtype))
    return along * inverse.to(z.dtype), torch.linalg.vector_norm(rest, dim=-1)


def are_nearly_on_a_line(
    memories: Float[Tensor, "runs latent"], concept: Float[Tensor, "latent"], abstract: Float[Tensor, "latent"]
) -> bool:
    """Whether the three landmarks of more than half of the runs span no plane: the view should then be left out.

    Example:
        >>> are_nearly_on_a_line(torch.tensor([[3.0, 0.1], [5.0, 0.0]]), torch.tensor([1.0, 0.0]), torch.zeros(2))
        True
    """
    unit, _ = directions(memories, concept, abstract)
    cosine = (unit[:, 0] * unit[:, 1]).sum(-1)
    spans = (unit.square().sum(-1) > 0).all(-1) & (1 - cosine.square() >= LEAST_SINE**2)
    return bool(spans.double().mean() < 0.5)


def directions(
    memories: Float[Tensor, "runs latent"], concept: Float[Tensor, "latent"], abstract: Float[Tensor, "latent"]
) -> tuple[Float[Tensor, "runs 2 latent"], Float[Tensor, "runs 2"]]:
    """From the abstract concept to the concept and from there to the memory: unit vectors, and lengths.

    Both are zero where there is no direction, as when a memory is its label's concept. In double precision.
    """
    second = memories.double() - concept.double()
    ways = torch.stack([(concept.double() - abstract.double()).expand_as(second), second], dim=1)
    length = torch.linalg.vector_norm(ways, dim=-1)
    length = torch.where(length > TINY * length.amax(), length, 0)
    return torch.where(length[..., None] > 0, ways / length[..., None], 0), length


def nearest_now(d: Float[Tensor, "points steps runs"]) -> Int[Tensor, "steps runs"]:
    """Index of the landmark that each run is nearest to at each step, in all dimensions of the latent space.

    Example:
        >>> nearest_now(torch.tensor([[[1.0, 5.0]], [[2.0, 3.0]], [[4.0, 4.0]]]))
        tensor([[0, 1]])
    """
    return d.argmin(0)


def share_inside(
    z: Float[Tensor, "steps runs latent"], rest: Float[Tensor, "steps runs"], abstract: Float[Tensor, "latent"]
) -> Float[Tensor, "steps"]:
    r"""Share of the squared distance from the abstract concept that lies inside the planes of the landmarks.

    .. math:: 1 - \frac{\sum_b \lVert \mathbf r_b \rVert^2}{\sum_b \lVert \mathbf z_b - \bar{\boldsymbol\xi}_{all}
        \rVert^2}

    Example:
        >>> share_inside(torch.tensor([[[3.0, 4.0]]]), torch.tensor([[4.0]]), torch.zeros(2))
        tensor([0.3600])
    """
    total = (z - abstract).square().sum((-2, -1)).clamp_min(torch.finfo(z.dtype).tiny)
    return (1 - rest.square().sum(-1) / total).clamp(0, 1)
