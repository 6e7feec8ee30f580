"""What a movie is drawn from: the arrays of its runs, as the explorer has them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from core import experiments
from core.progress import Progress
from core.results import POINTS, FilmFrame, LatentSpace, Run
from core.schema import SpecError
from core.session import Session
from core.specs import N_LABELS, RunSpec
from dashboard.captions import SELECTED, STARTS
from dashboard.movies.spec import MovieSpec
from dashboard.theme import TITLES
from dashboard.wire import PALENESS_CUTS

ACROSS, UP = (-0.85, 1.95), (-0.75, 1.75)  # of the plane of the landmarks: they hold nearly all runs
ABSTRACT, MEMORY = N_LABELS, N_LABELS + 1
"""Places in `Scene.landmarks`, behind the concepts of all labels."""


@dataclass(frozen=True)
class Scene:
    """All that the frames of a movie show. Positions are on the axes of their own step.

    `landmarks` are the concepts of all labels, the abstract concept and the memory of the highlighted run; those that a
    plane does not have are NaN. `paleness` is 0 for runs near the plane, 3 for those farthest outside.
    """

    positions: Float[np.ndarray, "steps runs 2"]
    nearest: Int[np.ndarray, "steps runs"]
    paleness: Int[np.ndarray, "steps runs"]
    landmarks: Float[np.ndarray, "steps landmarks 2"]
    extent: Float[np.ndarray, "2 axes"]
    images: Float[np.ndarray, "steps height width"]
    thumbnails: Float[np.ndarray, "points height width"]
    axes: tuple[str, str]
    label: str
    label_names: tuple[str, ...]
    title: str
    setting: str
    notes: tuple[str, ...]

    def shares(self, t: int) -> Float[np.ndarray, "points"]:
        """Share of the runs that are nearest to each landmark at a step."""
        return np.bincount(self.nearest[t], minlength=len(POINTS)) / self.nearest.shape[1]


def scene_of(spec: MovieSpec, session: Session, progress: Progress) -> Scene:
    """Compute what a movie shows.

    Raises:
        StoreError: There is no such model.
        DataError: Original images are asked for and not there.
        SpecError: The model has not so many memories, or its landmarks span no plane.
    """
    frame = session.result(experiments.film_frame, spec.runs, progress=progress)
    run = experiments.run(spec.part(RunSpec), session)
    space = experiments.latent_space(spec.model, session)
    entry = session.library.entry(spec.model)
    project = on_landmark_plane if spec.plane == "landmark" else on_windowed_plane
    positions, paleness, landmarks, extent, notes = project(spec, frame, run, space)
    dataset = TITLES[entry.spec.dataset].replace("×", "x")  # Pillow's font has no such sign
    label, shape = entry.label_names[spec.label], entry.image_shape
    pictures = np.stack([run.clean, space.concept_images[spec.label], space.abstract_image])
    return Scene(
        positions=positions,
        nearest=frame.nearest.astype(int),
        paleness=paleness,
        landmarks=landmarks,
        extent=extent,
        images=run.images.reshape(-1, *shape),
        thumbnails=pictures.reshape(-1, *shape),
        axes=("like its label", "like its own image") if spec.plane == "landmark" else ("PC 1", "PC 2"),
        label=label,
        label_names=tuple(entry.label_names),
        title=f"{dataset}, label ‘{label}’, p = {spec.noise:g}, pixels {SELECTED[spec.noise_kind]}",
        setting=f"{spec.n_runs} runs of {spec.model} from {STARTS[spec.source]}, seed {spec.seed}",
        notes=notes,
    )


Placed = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]]
"""Positions, paleness, landmarks, extent and notes of a scene."""


def on_windowed_plane(spec: MovieSpec, frame: FilmFrame, run: Run, space: LatentSpace) -> Placed:
    """The plane of the PCA of the runs around each step (Fig. 2).

    The extent holds all runs, and the three landmarks that matter, at all steps: the axes of the picture do not move.
    """
    vectors = np.vstack([space.concepts, space.abstract_concept, run.memory])
    centred = vectors - frame.mean[:, None]
    landmarks = np.einsum("tln,tkn->tlk", centred, frame.basis)
    positions = frame.embedding.astype(np.float32)
    shown = np.concatenate([positions, landmarks[:, [spec.label, ABSTRACT, MEMORY]]], axis=1).reshape(-1, 2)
    low, high = shown.min(0), shown.max(0)
    margin = 0.06 * np.maximum(high - low, 1e-6)
    notes = tuple(
        f"PC 1 + PC 2 explain {100 * share:.0f} % of the variance of the runs around t, and turn with them."
        for share in frame.explained_variance_ratio.sum(1)
    )
    extent = np.stack([low - margin, high + margin])
    return positions, np.zeros(frame.nearest.shape, int), landmarks, extent, notes


def on_landmark_plane(spec: MovieSpec, frame: FilmFrame, run: Run, space: LatentSpace) -> Placed:
    """The plane in which memory, concept and abstract concept of every run stand still.

    Raises:
        SpecError: The landmarks of most runs span no plane.
    """
    if frame.is_flat:
        raise SpecError(
            f"The landmarks of most runs of {spec.model} lie nearly on a line: they span no plane. Take the "
            "plane of the windowed PCA (--plane windowed), or a model with more latent units."
        )
    positions, extent = frame.landmark.astype(np.float32), np.array([ACROSS, UP]).T
    landmarks = np.full((len(positions), MEMORY + 1, 2), np.nan)
    landmarks[:, [spec.label, ABSTRACT, MEMORY]] = [(1, 0), (0, 0), (1, 1)]
    paleness = np.searchsorted(PALENESS_CUTS, frame.rest.astype(np.float32))
    notes = tuple(
        f"This plane holds {100 * share:.0f} % of the squared distance from the abstract concept; runs farther outside "
        "are paler."
        for share in frame.inside
    )
    return positions, paleness, landmarks, extent, notes
