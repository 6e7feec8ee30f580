"""Memories, concepts and the abstract concept; how near a trajectory comes to them, and the stage that follows."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from sklearn.covariance import LedoitWolf
from torch import Tensor

RESOLUTION = 1e-5  # of a run's largest distance: ten times what rounding in float32 does to a run that has come to rest


def abstract_concept(concepts: Float[Tensor, "labels latent"]) -> Float[Tensor, "latent"]:
    r"""The mean of the concepts of all labels.

    .. math:: \bar{\boldsymbol\xi}_{all} = \frac{1}{10} \sum_{num} \bar{\boldsymbol\xi}_{num}

    Source:
        Nagano et al. (2020), Eq. 6.
    """
    return concepts.mean(0)


def distance(
    z: Float[Tensor, "steps runs latent"], point: Float[Tensor, "*runs latent"]
) -> Float[Tensor, "steps runs"]:
    r"""Euclidean distance from each latent activity pattern to a point.

    .. math:: d(t) = \lVert \mathbf{z}(t) - \boldsymbol\xi \rVert_2

    Args:
        z: Trajectories :math:`\mathbf{z}(t)` of repeated inference.
        point: One point for all runs (a concept), or one per run (each run's own memory).

    Returns:
        Distances, in the units of the latent space.

    Source:
        Nagano et al. (2020), Eq. 7; drawn in Fig. 3.

    Example:
        >>> distance(torch.tensor([[[3.0, 4.0]]]), torch.zeros(2))
        tensor([[5.]])
    """
    return torch.linalg.vector_norm(z - point, dim=-1)


@dataclass(frozen=True)
class MeanError:
    """A mean over runs and its standard error."""

    mean: Tensor
    sem: Tensor


def mean_error(values: Float[Tensor, "... runs"]) -> MeanError:
    r"""Mean over the runs and standard error of that mean.

    .. math:: \mathrm{SEM} = s / \sqrt{B}, \quad s^2 = \tfrac{1}{B-1} \sum_b (v_b - \bar v)^2

    Example:
        >>> mean_error(torch.tensor([1.0, 3.0])).sem
        tensor(1.)
    """
    return MeanError(values.mean(-1), values.std(-1, correction=1) / values.shape[-1] ** 0.5)


def paired_error(values: Float[Tensor, "points runs"], pairs: Sequence[tuple[int, int]]) -> Float[Tensor, "pairs"]:
    r"""Standard errors of the differences between quantities of the same runs.

    .. math:: \mathrm{SEM}_{ij} = \frac{s(v_i - v_j)}{\sqrt B}

    Runs that are far from one point are far from the others too: their differences vary less than independent
    quantities would, whose error is the root of :math:`\mathrm{SEM}_i^2 + \mathrm{SEM}_j^2`.

    Args:
        values: A quantity of every run for several points.
        pairs: The points that are compared.

    Example:
        >>> paired_error(torch.tensor([[1.0, 5.0], [2.0, 8.0]]), [(0, 1)])
        tensor([1.])
    """
    return mean_error(torch.stack([values[i] - values[j] for i, j in pairs])).sem


def resolution(d: Float[Tensor, "*points steps runs"]) -> Float[Tensor, "*points runs"]:
    """Differences between distances of one run that are too small to mean anything."""
    return RESOLUTION * d.amax(-2)


def minimum(
    d: Float[Tensor, "*points steps runs"],
) -> tuple[Float[Tensor, "*points runs"], Int[Tensor, "*points runs"]]:
    """Smallest distance of each run, and the first step at which it is reached.

    "Reached" within `resolution`: a run at rest would else have its minimum wherever rounding puts it.

    Source:
        Nagano et al. (2020), Fig. 4 (a: distance, b: step).
    """
    smallest = d.amin(-2)
    reached = d <= (smallest + resolution(d)).unsqueeze(-2)
    return smallest, reached.to(torch.uint8).argmax(-2)


def linear_interpolation(
    start: Float[Tensor, "runs latent"], end: Float[Tensor, "runs latent"], point: Float[Tensor, "*runs latent"]
) -> Float[Tensor, "runs"]:
    r"""Distance from a point to the straight segment between the ends of a trajectory.

    .. math:: \min_{0 \le s \le 1} \lVert (1 - s)\, \mathbf z(0) + s\, \mathbf z(T) - \boldsymbol\xi \rVert_2

    Source:
        Nagano et al. (2020), the "synthetic linear interpolation" of Fig. 3, in closed form.

    Example:
        >>> linear_interpolation(torch.tensor([[-1.0, 2.0]]), torch.tensor([[1.0, 2.0]]), torch.zeros(2))
        tensor([2.])
    """
    along = end - start
    length = along.square().sum(-1).clamp_min(torch.finfo(along.dtype).tiny)
    share = (((point - start) * along).sum(-1) / length).clamp(0, 1)
    return torch.linalg.vector_norm(start + share[..., None] * along - point, dim=-1)


def is_approach(d: Float[Tensor, "steps runs"], line: Float[Tensor, "runs"]) -> Bool[Tensor, "runs"]:
    """Whether a run approaches a point: it is nearest half way, and nearer than the straight line comes.

    Args:
        d: Distances to the point at t = 0, ..., T.
        line: Distance from the point to the straight segment, see `linear_interpolation`.

    Source:
        Nagano et al. (2020), text on Fig. 3: "takes a minimum at a unique halfway point and is closer than its
        synthetic linear interpolation"; uniqueness is not asked for here, see `is_strict_approach`.
    """
    smallest, step = minimum(d)
    return (step > 0) & (step < len(d) - 1) & (smallest < line - resolution(d))


def is_approach_at_same_step(d: Float[Tensor, "steps runs"], line: Float[Tensor, "steps runs"]) -> Bool[Tensor, "runs"]:
    r"""Whether a run is nearest half way, and then nearer than the straight line at the same step.

    .. math:: 0 < t^* < T, \quad d(t^*) < \lVert (1 - t^*/T)\, \mathbf z(0) + t^*/T\, \mathbf z(T)
        - \boldsymbol\xi \rVert_2, \quad t^* = \arg\min_t d(t)

    Args:
        d: Distances to the point at t = 0, ..., T.
        line: Distances to the point along the straight line from z(0) to z(T), walked at constant speed.

    Source:
        Nagano et al. (2020), Fig. 3, which draws the synthetic linear interpolation over t: the other reading of
        "closer than its synthetic linear interpolation". The line comes nearest where it will, so that `is_approach`
        asks for more.

    Example:
        >>> d, line = torch.tensor([[4.0], [1.0], [2.0]]), torch.tensor([[4.0], [1.5], [0.5]])
        >>> is_approach_at_same_step(d, line), is_approach(d, line.amin(0))
        (tensor([True]), tensor([False]))
    """
    step = minimum(d)[1]
    near, interpolated = (curve.gather(0, step[None])[0] for curve in (d, line))
    return (step > 0) & (step < len(d) - 1) & (near < interpolated - resolution(d))


def is_strict_approach(d: Float[Tensor, "steps runs"], line: Float[Tensor, "runs"]) -> Bool[Tensor, "runs"]:
    """The same with "unique" taken literally: the minimum is also the only local minimum of the curve."""
    return is_approach(d, line) & (dips(d) == 1)


def dips(d: Float[Tensor, "steps runs"]) -> Int[Tensor, "runs"]:
    """How often the distance of each run falls and rises again, changes below `resolution` apart.

    Example:
        >>> dips(torch.tensor([[4.0], [1.0], [1.0], [3.0], [2.0], [2.5]]))
        tensor([2])
    """
    least, last = resolution(d), d[0]
    falling = torch.zeros_like(last, dtype=torch.bool)
    count = torch.zeros_like(last, dtype=torch.int64)
    for value in d[1:]:
        down, up = value < last - least, value > last + least
        count += up & falling
        falling = down | (falling & ~up)
        last = torch.where(down | up, value, last)
    return count


def stage(minimum_distance: Float[Tensor, "... points"]) -> Int[Tensor, "..."]:
    """Index of the nearest point: 0 memory (stage I), 1 concept (II), 2 abstract concept (III).

    Source:
        Nagano et al. (2020), Fig. 4a, shaded regions: a property of the mean over runs.
    """
    return minimum_distance.argmin(-1)


def whitening(points: Float[Tensor, "points latent"]) -> Float[Tensor, "latent latent"]:
    r"""The linear map after which a Euclidean distance is the Mahalanobis distance of a cloud of points.

    .. math:: W W^\top = \Sigma^{-1}, \quad \lVert W^\top (\mathbf z - \boldsymbol\xi) \rVert_2^2 =
        (\mathbf z - \boldsymbol\xi)^\top \Sigma^{-1} (\mathbf z - \boldsymbol\xi)

    Sigma is the Ledoit-Wolf estimate: units that are not active make the plain covariance singular.

    Returns:
        W, to be multiplied from the right: ``z @ W``.

    Source:
        Ledoit & Wolf (2004); our reading of Nagano et al. (2020), Supplement C, which does not name its metric.
    """
    covariance = torch.from_numpy(LedoitWolf().fit(points.double().cpu().numpy()).covariance_)
    return torch.linalg.cholesky(torch.linalg.inv(covariance)).to(points)
