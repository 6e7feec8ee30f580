"""Where the concepts of a model lie, and how one step moves what is near them (Figs. 7 and 8, Supplement E)."""

import torch
from jaxtyping import Float
from torch import Tensor

from core import store
from core.analysis import concepts, dynamics, subspace
from core.experiments.machine import array
from core.experiments.starts import noisy_starts
from core.figure_results import ConceptDynamics, Geometry
from core.progress import Progress, silent
from core.session import Session
from core.specs import N_LABELS, DynamicsSpec, EnsembleSpec


def geometry(id: str, session: Session) -> Geometry:
    """Concepts, active units, contribution ratio and orthogonality of a model, from its shipped memories.

    Source:
        Nagano et al. (2020), Figs. 7 and 8, Supplement E.
    """
    model = session.model(id)
    memories = model.memories.flatten(0, 1)
    active = subspace.active_units(memories)
    dimensions = max(1, int(active.sum()))
    return Geometry(
        concepts=array(model.concepts),
        variance=array(memories.var(0)),
        active=array(active),
        contribution_ratio=array(subspace.contribution_ratio(memories)),
        cosine_similarity=array(subspace.cosine_similarity(model.concepts)),
        orthogonality_gap=subspace.orthogonality_gap(model.concepts),
        orthogonality_floor=subspace.orthogonality_floor(N_LABELS, dimensions),
        random_orthogonality_gap=subspace.random_orthogonality_gap(N_LABELS, dimensions),
    )


def concept_dynamics(spec: DynamicsSpec, session: Session, *, progress: Progress = silent) -> ConceptDynamics:
    """How one step moves each concept and what lies around it.

    Of the active units alone: the others do not answer to a displacement, which is no attraction.

    The direction of the noise is the mean, over the runs of a label, of z(0) minus the run's own memory.

    Source:
        Nagano et al. (2020), Discussion, where it is a conjecture.
    """
    model = session.model(spec.model)
    active = subspace.active_units(model.memories.flatten(0, 1))
    jacobians = dynamics.jacobian(model.vae.latent_map, model.concepts)[:, active][:, :, active]
    noise = [noise_direction(model, spec.runs_of(label), session) for label in range(N_LABELS)]
    directions = torch.stack(noise)[:, active]
    with torch.no_grad():
        moved = concepts.distance(model.vae.latent_map(model.concepts)[None], model.concepts)[0]
    return ConceptDynamics(
        moved=array(moved),
        moduli=array(dynamics.moduli(jacobians)),
        noise_gain=array(dynamics.gain(jacobians, directions)),
        noise_stretch=array(dynamics.stretch(jacobians, directions)),
        orthogonal_gain=array(dynamics.orthogonal_gain(jacobians, directions)),
        orthogonal_stretch=array(dynamics.orthogonal_stretch(jacobians, directions)),
        largest_orthogonal_stretch=array(dynamics.largest_orthogonal_stretch(jacobians, directions)),
    )


def noise_direction(model: store.Model, spec: EnsembleSpec, session: Session) -> Float[Tensor, "latent"]:
    """Where the noise moves the activity of a label's images, on average."""
    with torch.no_grad():
        z = model.vae.mean(noisy_starts(model, spec, session))
    return (z - model.memories[spec.label, : spec.n_runs]).mean(0)
