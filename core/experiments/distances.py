"""Distances of runs to their landmarks, and what an ensemble does on average (Figs. 3 and 4)."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from core import store
from core.analysis import concepts
from core.experiments.machine import array
from core.results import PAIRS, POINTS, Ensemble


def point_distances(
    model: store.Model, label: int, z: Tensor, memories: Float[Tensor, "runs latent"]
) -> Float[Tensor, "points steps runs"]:
    """Distances to each run's own memory, to the label's concept and to the abstract concept.

    Args:
        model: Its concepts.
        label: Of the runs.
        z: (steps, runs, latent), their latent activity.
        memories: Each run's own.

    Returns:
        Distances in the units of the latent space, in the order of `POINTS`.

    Source:
        Nagano et al. (2020), Eq. 7.
    """
    centre = concepts.abstract_concept(model.concepts)
    return torch.stack([concepts.distance(z, point) for point in (memories, model.concepts[label], centre)])


def line_distances(z: Float[Tensor, "steps runs latent"], point: Tensor) -> Float[Tensor, "steps runs"]:
    """Distance to a point along the straight line from z(0) to z(T), walked at constant speed.

    Args:
        z: Latent activity of the runs.
        point: (latent,) for all runs, or (runs, latent).

    Source:
        Nagano et al. (2020), Fig. 3, the line that distances are compared with.
    """
    share = torch.linspace(0, 1, len(z), device=z.device)[:, None, None]
    return concepts.distance(z[0] + share * (z[-1] - z[0]), point)


def mean_path_approaches(z: Float[Tensor, "steps runs latent"], concept: Float[Tensor, "latent"]) -> bool:
    """Whether the mean position of the runs approaches a concept, compared with the segment between its own ends."""
    path = z.mean(1, keepdim=True)
    segment = concepts.linear_interpolation(path[0], path[-1], concept)
    return bool(concepts.is_approach(concepts.distance(path, concept), segment)[0])


def mean_curve_approaches(d: Float[Tensor, "steps runs"], line: Float[Tensor, "steps runs"]) -> bool:
    """Whether the mean of the distances is smallest half way, and then smaller than the mean along the lines."""
    return bool(concepts.is_approach_at_same_step(d.mean(1, keepdim=True), line.mean(1, keepdim=True))[0])


def ensemble_of(
    d: Float[Tensor, "points steps runs"], z: Float[Tensor, "steps runs latent"], concept: Tensor
) -> Ensemble:
    """Average over runs.

    Args:
        d: Distances to memory, concept and abstract concept, see `point_distances`.
        z: Latent activity of the runs.
        concept: (latent,), of their label.
    """
    smallest, step = concepts.minimum(d)
    line = concepts.linear_interpolation(z[0], z[-1], concept)
    return ensemble_of_minima(
        smallest,
        step,
        concepts.is_approach(d[1], line),
        concepts.is_strict_approach(d[1], line),
        concepts.is_approach_at_same_step(d[1], line_distances(z, concept)),
    )


def ensemble_of_minima(
    smallest: Float[Tensor, "points runs"],
    step: Int[Tensor, "points runs"],
    approaches: Bool[Tensor, "runs"],
    strictly: Bool[Tensor, "runs"],
    at_same_step: Bool[Tensor, "runs"],
) -> Ensemble:
    """Average over runs of which the minima are known.

    Args:
        smallest: Smallest distance of each run to memory, concept and abstract concept.
        step: The step at which each is reached.
        approaches: See `concepts.is_approach`.
        strictly: See `concepts.is_strict_approach`.
        at_same_step: See `concepts.is_approach_at_same_step`.
    """
    distance, when = concepts.mean_error(smallest), concepts.mean_error(step.float())
    nearest = torch.nn.functional.one_hot(concepts.stage(smallest.mT), len(POINTS)).float().mean(0)
    return Ensemble(
        minimum_distance=array(distance.mean),
        minimum_distance_sem=array(distance.sem),
        minimum_distance_difference_sem=array(concepts.paired_error(smallest, PAIRS)),
        minimum_step=array(when.mean),
        minimum_step_sem=array(when.sem),
        minimum_step_difference_sem=array(concepts.paired_error(step.float(), PAIRS)),
        nearest_share=array(nearest),
        approach_share=float(approaches.float().mean()),
        strict_approach_share=float(strictly.float().mean()),
        same_step_approach_share=float(at_same_step.float().mean()),
    )
