"""Where the concepts of a model lie, and how one step moves what is near them (Figs. 7 and 8, Supplement E)."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from core import store
from core.analysis import concepts, dynamics, subspace
from core.config import N_LABELS, InferenceSpec, Settings
from core.experiments.machine import array, open_model
from core.experiments.runs import noisy_starts
from core.results import ConceptDynamics, Geometry


def geometry(id: str, settings: Settings) -> Geometry:
    """Concepts, active units, contribution ratio and orthogonality of a model, from its shipped memories.

    Source:
        Nagano et al. (2020), Figs. 7 and 8, Supplement E.
    """
    model = open_model(id, settings)
    memories = model.memories.flatten(0, 1)
    return Geometry(
        concepts=array(model.concepts),
        variance=array(memories.var(0)),
        active=array(subspace.active_units(memories)),
        contribution_ratio=array(subspace.contribution_ratio(memories)),
        cosine_similarity=array(subspace.cosine_similarity(model.concepts)),
        orthogonality_gap=subspace.orthogonality_gap(model.concepts),
    )


def concept_dynamics(spec: InferenceSpec, settings: Settings) -> ConceptDynamics:
    """How one step moves each concept and what lies around it; the spec's label is not used.

    The direction of the noise is the mean, over the runs of a label, of z(0) minus the run's own memory.

    Source:
        Nagano et al. (2020), Discussion, where it is a conjecture.
    """
    model = open_model(spec.model, settings)
    jacobians = dynamics.jacobian(model.vae.latent_map, model.concepts)
    directions = torch.stack([noise_direction(model, replace(spec, label=i), settings) for i in range(N_LABELS)])
    with torch.no_grad():
        moved = concepts.distance(model.vae.latent_map(model.concepts)[None], model.concepts)[0]
    return ConceptDynamics(
        moved=array(moved),
        moduli=array(dynamics.moduli(jacobians)),
        noise_gain=array(dynamics.gain(jacobians, directions)),
        orthogonal_gain=array(dynamics.orthogonal_gain(jacobians, directions)),
    )


def noise_direction(model: store.Model, spec: InferenceSpec, settings: Settings) -> Float[Tensor, "latent"]:
    """Where the noise moves the activity of a label's images, on average."""
    with torch.no_grad():
        z = model.vae.mean(noisy_starts(model, spec, settings))
    return (z - model.memories[spec.label, : spec.n_runs]).mean(0)
