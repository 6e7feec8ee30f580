"""Runs of every label on their way past memory and concepts (Fig. 3, Supplements C and F)."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core import store
from core.analysis import concepts, subspace
from core.experiments.distances import line_distances, mean_curve_approaches, mean_path_approaches
from core.experiments.machine import array, within
from core.experiments.runs import activity
from core.figure_results import ApproachCurves
from core.progress import Progress, silent
from core.session import Session
from core.specs import N_LABELS, ApproachSpec

SUBSPACE_SHARE = 0.9  # of the variance of the memories of a label, in its numeric subspace


def approach_curves(spec: ApproachSpec, session: Session, *, progress: Progress = silent) -> ApproachCurves:
    """Mean distances over time, and who comes nearest, for the runs of every label.

    Raises: as `run`.

    Source:
        Nagano et al. (2020), Fig. 3; with spec.metric "mahalanobis" Supplement C; `winners` is Supplement F.
    """
    model = session.model(spec.model)
    rows = []
    for label in range(N_LABELS):
        report = within(progress, label, N_LABELS)
        report(0.0, f"runs of label {label}")
        z = activity(spec.runs_of(label), session, progress=report)
        rows.append(one_label(model, spec, label, z))
    progress(1.0, "done")
    return ApproachCurves(**{name: np.stack([row[name] for row in rows]) for name in rows[0]})


def one_label(
    model: store.Model, spec: ApproachSpec, label: int, z: Float[Tensor, "steps runs latent"]
) -> dict[str, np.ndarray]:
    """The fields of `ApproachCurves` for the runs of one label, each without its first axis.

    Args:
        model: Its memories and concepts.
        spec: Of the curves.
        label: Whose runs.
        z: Latent activity of the runs.

    Source:
        Nagano et al. (2020), Fig. 3: Eq. 7 averaged over the runs.
    """
    whiten = metric(model, spec.metric, label)
    z = z @ whiten
    points = model.concepts @ whiten
    memory = concepts.distance(z, model.memories[label, : spec.n_runs] @ whiten)
    every = torch.stack([concepts.distance(z, point) for point in points])
    own, to_memory = concepts.mean_error(every[label]), concepts.mean_error(memory)
    steps = torch.stack([concepts.minimum(d)[1] for d in (memory, every[label])]).float()
    when = concepts.mean_error(steps)
    segment, line = concepts.linear_interpolation(z[0], z[-1], points[label]), line_distances(z, points[label])
    nearest = torch.nn.functional.one_hot(every.amin(1).argmin(0), N_LABELS).float().mean(0)
    return {
        "memory": array(to_memory.mean),
        "memory_sem": array(to_memory.sem),
        "concept": array(own.mean),
        "concept_sem": array(own.sem),
        "line": array(line.mean(1)),
        "all_concepts": array(every.mean(-1)),
        "winners": array(nearest),
        "minimum_step": array(when.mean),
        "minimum_step_sem": array(when.sem),
        "minimum_step_difference_sem": array(concepts.paired_error(steps, [(1, 0)])[0]),
        "approach_share": array(concepts.is_approach(every[label], segment).float().mean()),
        "strict_approach_share": array(concepts.is_strict_approach(every[label], segment).float().mean()),
        "same_step_approach_share": array(concepts.is_approach_at_same_step(every[label], line).float().mean()),
        "mean_path_approaches": np.array(mean_path_approaches(z, points[label])),
        "mean_curve_approaches": np.array(mean_curve_approaches(every[label], line)),
        **spread(z, model.memories[label] @ whiten),
    }


def spread(z: Float[Tensor, "steps runs latent"], memories: Float[Tensor, "points latent"]) -> dict[str, np.ndarray]:
    """In how many dimensions the runs are spread at every step, and how far they are from the numeric subspace.

    Args:
        z: Latent activity of the runs.
        memories: Of their label; the numeric subspace holds `SUBSPACE_SHARE` of their variance.

    Returns:
        The fields of `ApproachCurves` for one label: (steps,) or single numbers, in the units of z.
    """
    numeric = subspace.leading_subspace(memories, SUBSPACE_SHARE)
    apart = subspace.subspace_distance(z, numeric)
    return {
        "effective_dimension": array(subspace.effective_dimension(z)),
        "subspace_dimensions": np.array(len(numeric.basis)),
        "subspace_distance": array(apart.mean(1)),
        "subspace_fall_sem": array(concepts.mean_error(apart - apart[0]).sem),
        "memory_subspace_distance": array(subspace.subspace_distance(memories, numeric).mean()),
    }


def metric(model: store.Model, name: str, label: int) -> torch.Tensor:
    """The map after which distances are measured: none, or the one that makes the memories of a label spherical.

    Returns:
        (latent, latent), to be multiplied from the right.
    """
    if name == "mahalanobis":
        return concepts.whitening(model.memories[label])
    return torch.eye(model.spec.n_latent, device=model.concepts.device)
