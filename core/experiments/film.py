"""The film over p: all that a screen shows of collective runs, and of the highlighted one, at every p."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core import store
from core.analysis import concepts, landmarks, subspace
from core.experiments.distances import line_distances, point_distances
from core.experiments.highlighted import (
    Follow,
    alone,
    clean_image,
    first_images,
    followed,
    memory_of,
    runs_and_images,
)
from core.experiments.machine import array
from core.experiments.runs import (
    activity,
    axes_of,
    every_step,
    latent_activity,
    memory_axes,
    trajectories_of,
)
from core.experiments.starts import starts
from core.progress import Progress, silent
from core.result_bytes import to_bytes
from core.results import Ensemble, FilmFrame, FixedPlane, RunFilm, StartingImages
from core.session import Session
from core.specs import N_LABELS, NOISES, EmbeddingSpec, EnsembleSpec, RunFilmSpec

MARGIN = 0.08  # of the extent of the memories, on either side
SHARE = 4  # what is computed ahead of any question has this part of the cache: what was asked for is worth more
HALF = float(np.finfo(np.float16).max)


def film_frame(spec: EmbeddingSpec, session: Session, *, progress: Progress = silent, keep: bool = False) -> FilmFrame:
    """Collective runs at one p: their distances, and their positions in the two planes.

    Args:
        spec: Which runs, on which axes.
        session: What is computed with.
        progress: Called before every part.
        keep: Whether the latent activity is put into the cache, so that other axes need no run again. That of a whole
            film would fill it: it is only looked for there.

    Raises: as `run`.
    """
    model = session.model(spec.model)
    ensemble = spec.part(EnsembleSpec)
    if keep:
        z = activity(ensemble, session, progress=progress)
    else:
        latent = session.cached(latent_activity, ensemble) or latent_activity(ensemble, session, progress=progress)
        z = torch.from_numpy(latent.z).to(session.device)
    axes = axes_of(model, spec, z)
    bases = slice(1) if spec.basis == "fixed" else slice(None)
    memories = model.memories[spec.label, : spec.n_runs]
    concept, abstract = centres(model, spec.label)
    landmark, rest = landmarks.landmark_coordinates(z.cpu(), memories.cpu(), concept, abstract)
    return FilmFrame(
        trajectories=trajectories_of(z, model, spec.label),
        embedding=half(subspace.embed(z.cpu(), axes)),
        basis=array(axes.basis[bases].contiguous()),
        mean=array(axes.mean[bases].contiguous()),
        explained_variance_ratio=array(axes.explained_variance_ratio[bases].contiguous()),
        landmark=half(landmark),
        rest=half(rest),
        inside=array(landmarks.share_inside(z.cpu(), rest, abstract)),
        nearest=array(landmarks.nearest_now(point_distances(model, spec.label, z, memories)).to(torch.int8)),
        is_flat=landmarks.are_nearly_on_a_line(memories.cpu(), concept, abstract),
    )


def filmed_ensemble(
    spec: EmbeddingSpec, session: Session, *, progress: Progress = silent, keep: bool = False
) -> Ensemble:
    """The ensemble of a frame: whoever asks for it, or for the frame, later or meanwhile, needs no run again.

    Args: as `film_frame`.

    Raises: as `run`.
    """
    return session.result(film_frame, spec, progress=progress, keep=keep).trajectories.ensemble


def other_films(screen: EmbeddingSpec) -> list[EmbeddingSpec]:
    """The films of the other labels, all that is nearest to the p of the screen first."""
    labels = [(screen.label + i) % N_LABELS for i in range(1, N_LABELS)]
    noises = sorted(NOISES, key=lambda p: abs(p - screen.noise))
    return [replace(screen, noise=noise, label=label) for noise in noises for label in labels]


def keep_frames(specs: Sequence[EmbeddingSpec], session: Session, *, progress: Progress = silent) -> int:
    """Have frames in the cache before anybody asks for them, as far as a share of it has room for them.

    Where nothing is kept, no more than one is computed.

    Args:
        specs: Which, the first of them first.
        session: What is computed with.
        progress: Called before every frame and every part of one; may raise to give up.

    Returns:
        How many are in the cache.

    Raises: as `run`.
    """
    room = session.settings.max_cache // SHARE
    for i, spec in enumerate(specs):
        progress(0, f"label {spec.label}, p = {spec.noise:.3f}")
        frame = session.result(film_frame, spec, progress=progress)
        if session.cached(film_frame, spec) is None:
            return i
        room -= len(to_bytes(frame))
        if room < 0:
            return i + 1
    return len(specs)


def run_film(spec: RunFilmSpec, session: Session, *, progress: Progress = silent, follow: Follow = alone) -> RunFilm:
    """One run at many p, all of them in one batch; computed, not kept, as `run`.

    Args:
        spec: Which run, and at which p.
        session: What is computed with.
        progress: Called once, at the beginning.
        follow: Gives what `runs_and_images` does, maybe computed with the runs of other films. What is made of it is
            done within its context.

    Raises: as `run`, and what `follow` does.
    """
    progress(0, f"one run at {len(spec.noises)} p")
    model = session.model(spec.model)
    clean = clean_image(model, spec, session)
    with followed(model, spec, first_images(model, spec, clean, *spec.noises), follow) as (z, images):
        return run_film_of(spec, model, clean, z, images)


def run_film_of(
    spec: RunFilmSpec,
    model: store.Model,
    clean: Float[Tensor, "1 pixels"],
    z: Float[Tensor, "steps noises latent"],
    images: Float[Tensor, "steps noises pixels"],
) -> RunFilm:
    """The same of runs that are there: distances, minima, and positions in the two planes."""
    memory = memory_of(model, spec, clean).expand(z.shape[1], -1)
    d = point_distances(model, spec.label, z, memory)
    smallest, step = concepts.minimum(d)
    at_same_step = concepts.is_approach_at_same_step(d[1], line_distances(z, model.concepts[spec.label]))
    landmark, rest = landmarks.landmark_coordinates(z.cpu(), memory.cpu(), *centres(model, spec.label))
    return RunFilm(
        noises=np.array(spec.noises),
        clean=array(clean[0]),
        images=array(images.transpose(0, 1)),
        distances=array(d.permute(2, 0, 1)),
        minimum_distance=array(smallest.T),
        minimum_step=array(step.T),
        approaches_at_same_step=array(at_same_step),
        embedding=array(subspace.embed(z.cpu(), every_step(memory_axes(model), len(z))).transpose(0, 1)),
        landmark=array(landmark.transpose(0, 1)),
        rest=array(rest.T),
        memory=array(memory[0]),
    )


def starting_images(spec: EnsembleSpec, session: Session, *, progress: Progress = silent) -> StartingImages:
    """The clean images of the runs of a spec; looked up, not kept.

    Raises: as `run`.
    """
    progress(0, "images")
    return StartingImages(array(starts(session.model(spec.model), spec, list(range(spec.n_runs)), session)))


def fixed_plane(id: str, session: Session) -> FixedPlane:
    """The axes of the memories of a model, and the part of their plane that a screen shows.

    Raises:
        StoreError: There is no such model.
    """
    model = session.model(id)
    axes, memories = memory_axes(model), model.memories.flatten(0, 1).cpu()
    placed = array(subspace.embed(memories[None], axes)[0])
    low, high = placed.min(0), placed.max(0)
    margin = np.where(high > low, MARGIN * (high - low), 1).astype(placed.dtype)  # a model of N_z = 1 has one axis
    return FixedPlane(
        basis=array(axes.basis[0]),
        mean=array(axes.mean[0]),
        explained_variance_ratio=array(axes.explained_variance_ratio[0]),
        ranges=np.stack([low - margin, high + margin], axis=1),
    )


def runs_of_films(model: store.Model, starts: Sequence[Tensor], n_steps: int) -> list[tuple[Tensor, Tensor]]:
    """The same from the noisy images of several films, (noises, pixels) each, in one batch.

    Returns:
        For each film z, (steps, noises, latent), and its images, (steps, noises, pixels).
    """
    z, images = runs_and_images(model, torch.cat(list(starts)), n_steps)
    sizes = [len(x) for x in starts]
    return list(zip(z.split(sizes, dim=1), images.split(sizes, dim=1), strict=True))


def centres(model: store.Model, label: int) -> tuple[Float[Tensor, "latent"], Float[Tensor, "latent"]]:
    """The concept of a label and the abstract concept; on the CPU, because not every device has float64."""
    means = model.concepts.cpu()
    return means[label], concepts.abstract_concept(means)


def half(values: Tensor) -> np.ndarray:
    """Values of any shape rounded to 16 bits, which is finer than a screen shows; beyond their range they end there."""
    return array(values.clamp(-HALF, HALF).half())
