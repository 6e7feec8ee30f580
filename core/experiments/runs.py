"""Repeated inference from one image and from many, and the landmarks that it passes (Figs. 1 to 3)."""

from collections.abc import Callable
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from core import inference, store
from core.analysis import concepts, subspace
from core.experiments.distances import (
    ensemble_of,
    line_distances,
    mean_curve_approaches,
    mean_path_approaches,
    point_distances,
)
from core.experiments.highlighted import clean_image, first_images, followed, memory_of
from core.experiments.machine import array, in_parts
from core.experiments.starts import noisy_starts
from core.progress import Progress, silent
from core.results import Embedding, LatentActivity, LatentSpace, Run, Trajectories
from core.session import Session
from core.specs import EmbeddingSpec, EnsembleSpec, RunSpec

TRAIL = 4  # positions of a run that are drawn at once: now and the three steps before


def latent_space(id: str, session: Session) -> LatentSpace:
    """The concepts of a model, the abstract concept, and the images that they decode to."""
    model = session.model(id)
    centre = concepts.abstract_concept(model.concepts)
    with torch.no_grad():
        images = model.vae.decode(torch.cat([model.concepts, centre[None]]))
    return LatentSpace(array(model.concepts), array(centre), array(images[:-1]), array(images[-1]))


def run(spec: RunSpec, session: Session) -> Run:
    """One run of repeated inference, with its images and distances; milliseconds, so it is computed, not kept.

    Raises:
        StoreError: There is no such model.
        DataError: Original images are asked for and not there.
        SpecError: The model does not hold that many memories, or has images of another size than one's own.
    """
    model = session.model(spec.model)
    clean = clean_image(model, spec, session)
    memory = memory_of(model, spec, clean)
    with followed(model, spec, first_images(model, spec, clean, spec.noise)) as (z, images):
        pass
    d = point_distances(model, spec.label, z, memory[None])
    nearest, step = concepts.minimum(d)
    concept = model.concepts[spec.label]
    segment, line = concepts.linear_interpolation(z[0], z[-1], concept), line_distances(z, concept)
    return Run(
        z=array(z[:, 0]),
        clean=array(clean[0]),
        images=array(images[:, 0]),
        distances=array(d[:, :, 0]),
        concept_distances=array(torch.stack([concepts.distance(z, c)[:, 0] for c in model.concepts])),
        line=array(line[:, 0]),
        minimum_distance=array(nearest[:, 0]),
        minimum_step=array(step[:, 0]),
        approaches=bool(concepts.is_approach(d[1], segment)[0]),
        approaches_at_same_step=bool(concepts.is_approach_at_same_step(d[1], line)[0]),
        memory=array(memory),
    )


def latent_activity(spec: EnsembleSpec, session: Session, *, progress: Progress = silent) -> LatentActivity:
    """Runs from different images of a label: what all else that is asked about them is computed from.

    Raises: as `run`.

    Source:
        Nagano et al. (2020), Eqs. 3-4.
    """
    model = session.model(spec.model)

    def report(done: int) -> None:
        progress(done / spec.n_runs, f"{done} of {spec.n_runs} runs")

    return LatentActivity(array(all_runs(model, noisy_starts(model, spec, session), spec.n_steps, before=report)))


def trajectories(spec: EnsembleSpec, session: Session, *, progress: Progress = silent) -> Trajectories:
    """Mean distances of collective runs to memory and concepts over time, and their stage.

    Raises: as `run`.

    Source:
        Nagano et al. (2020), Fig. 3.
    """
    z = activity(spec, session, progress=progress)
    return trajectories_of(z, session.model(spec.model), spec.label)


def trajectories_of(z: Float[Tensor, "steps runs latent"], model: store.Model, label: int) -> Trajectories:
    """The same of runs that are there."""
    concept = model.concepts[label]
    d = point_distances(model, label, z, model.memories[label, : z.shape[1]])
    means, line = concepts.mean_error(d), line_distances(z, concept)
    return Trajectories(
        distances=array(means.mean),
        distances_sem=array(means.sem),
        concept_distances=array(torch.stack([concepts.distance(z, c).mean(1) for c in model.concepts])),
        line=array(line.mean(1)),
        mean_path_approaches=mean_path_approaches(z, concept),
        mean_curve_approaches=mean_curve_approaches(d[1], line),
        ensemble=ensemble_of(d, z, concept),
    )


def embedding(spec: EmbeddingSpec, session: Session, *, progress: Progress = silent) -> Embedding:
    """Collective runs in the plane of their leading principal components, step by step.

    Raises: as `run`.

    Source:
        Nagano et al. (2020), Fig. 2.
    """
    model = session.model(spec.model)
    z = activity(spec, session, progress=progress)
    axes = axes_of(model, spec, z)
    return Embedding(
        embedding=array(torch.stack([subspace.embed(z.cpu(), axes, lag=lag) for lag in range(TRAIL)], dim=1)),
        basis=array(axes.basis),
        mean=array(axes.mean),
        explained_variance_ratio=array(axes.explained_variance_ratio),
    )


def activity(
    spec: EnsembleSpec, session: Session, *, progress: Progress = silent
) -> Float[Tensor, "steps runs latent"]:
    """The latent activity of the runs of a spec, on the device; computed once for all that is asked about it."""
    result = session.result(latent_activity, spec.part(EnsembleSpec), progress=progress)
    return torch.from_numpy(result.z).to(session.device)


def longer(model: store.Model, z: Float[Tensor, "steps runs latent"], n_more: int) -> Float[Tensor, "more runs latent"]:
    """The same runs some steps longer."""
    if not n_more:
        return z
    parts = in_parts(lambda chunk: inference.continued(model.vae, chunk, n_more), z[-1])
    return torch.cat([z, torch.cat(parts, dim=1)[1:]])


def all_runs(
    model: store.Model,
    x: Float[Tensor, "runs pixels"],
    n_steps: int,
    *,
    before: Callable[[int], None] = lambda done: None,
) -> Float[Tensor, "steps runs latent"]:
    """Repeated inference on all cores; `before` as in `in_parts`."""
    parts = in_parts(lambda chunk: inference.repeated_inference(model.vae, chunk, n_steps), x, before=before)
    return torch.cat(parts, dim=1)


def axes_of(model: store.Model, spec: EmbeddingSpec, z: Float[Tensor, "steps runs latent"]) -> subspace.Subspace:
    """The axes of the plane at every step; on the CPU, because not every device has float64."""
    fixed = memory_axes(model)
    if spec.basis == "fixed":
        return every_step(fixed, len(z))
    z = longer(model, z, spec.window).cpu()
    return subspace.windowed_axes(z, spec.window, fixed.basis[0], rotate=spec.basis == "rotated")


@lru_cache(maxsize=8)
def memory_axes(model: store.Model) -> subspace.Subspace:
    """The axes that do not move, as a subspace of one step; every film needs those of its model."""
    return subspace.fixed_axes(model.memories.flatten(0, 1).cpu())


def every_step(fixed: subspace.Subspace, n: int) -> subspace.Subspace:
    """Axes that do not move, for n steps."""
    return subspace.Subspace(
        fixed.basis.expand(n, -1, -1), fixed.mean.expand(n, -1), fixed.explained_variance_ratio.expand(n, -1)
    )
