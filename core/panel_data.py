"""The numbers behind each panel of the explorer, for files: exact where the browser has them rounded.

::

    name, InferenceSpec --> panel_spec: the settings that matter --> panel_data --> a frozen result --> CSV, NPZ
                                                                `--> panel_recipe --> JSON
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from core import experiments
from core.progress import Progress, silent
from core.provenance import command_of, provenance, weights_of
from core.results import POINTS, FilmFrame, NoiseSweep
from core.schema import SpecError
from core.session import Session
from core.specs import EmbeddingSpec, EnsembleSpec, ExperimentSpec, InferenceSpec, NoiseSweepSpec, RunSpec


@dataclass(frozen=True)
class PlanePositions:
    """Runs in the PCA plane at every step, rounded to 16 bits, and the axes of the plane.

    `nearest` names the landmark that is nearest in all dimensions.
    """

    embedding: Float[np.ndarray, "steps runs 2"]
    nearest: Shaped[np.ndarray, "steps runs"]
    basis: Float[np.ndarray, "bases 2 latent"] = field(metadata={"only_npz": True})
    mean: Float[np.ndarray, "bases latent"] = field(metadata={"only_npz": True})


@dataclass(frozen=True)
class LandmarkPositions:
    """Runs in the plane of their landmarks at every step, rounded to 16 bits.

    Memory lies at (1, 1), concept at (1, 0), abstract concept at (0, 0).
    """

    like_label: Float[np.ndarray, "steps runs"]
    like_own_image: Float[np.ndarray, "steps runs"]
    distance_from_plane: Float[np.ndarray, "steps runs"]
    nearest: Shaped[np.ndarray, "steps runs"]


@dataclass(frozen=True)
class NearestNow:
    """Share of the runs that are nearest to each landmark at every step."""

    nearest_share: Float[np.ndarray, "points steps"]


@dataclass(frozen=True)
class DistanceCurves:
    """Mean distances of the runs at every step with their standard errors, and those of the highlighted run."""

    distances: Float[np.ndarray, "points steps"]
    distances_sem: Float[np.ndarray, "points steps"]
    line: Float[np.ndarray, "steps"]
    concept_distances: Float[np.ndarray, "labels steps"]
    run_distances: Float[np.ndarray, "points steps"]


@dataclass(frozen=True)
class RunImages:
    """The highlighted run at every step: latent activity, distances, and the image x(t)."""

    distances: Float[np.ndarray, "points steps"]
    z: Float[np.ndarray, "steps latent"]
    images: Float[np.ndarray, "steps pixels"]
    clean: Float[np.ndarray, "pixels"] = field(metadata={"only_npz": True})
    concept_image: Float[np.ndarray, "pixels"] = field(metadata={"only_npz": True})


@dataclass(frozen=True)
class StageChart:
    """The noise sweep, with the stage at every p and the one that other runs might give as well."""

    noises: Float[np.ndarray, "noises"]
    stage: Shaped[np.ndarray, "noises"]
    runner_up: Shaped[np.ndarray, "noises"]
    minimum_distance: Float[np.ndarray, "points noises"]
    minimum_distance_sem: Float[np.ndarray, "points noises"]
    minimum_distance_difference_sem: Float[np.ndarray, "pairs noises"]
    minimum_step: Float[np.ndarray, "points noises"]
    minimum_step_sem: Float[np.ndarray, "points noises"]
    nearest_share: Float[np.ndarray, "points noises"]
    approach_share: Float[np.ndarray, "noises"]


PanelData = PlanePositions | LandmarkPositions | NearestNow | DistanceCurves | RunImages | StageChart
SPECS: Mapping[str, type[ExperimentSpec]] = {
    "landmark": EnsembleSpec,
    "plane": EmbeddingSpec,
    "nearest": EnsembleSpec,
    "curves": RunSpec,
    "strip": RunSpec,
    "stage": NoiseSweepSpec,
}
"""The settings that matter for each panel."""
FILES = {
    "landmark": "landmark-plane",
    "plane": "pca-plane",
    "nearest": "nearest-now",
    "curves": "distances",
    "strip": "decoded-images",
    "stage": "stages",
}
"""What the files of a panel are called, by what they hold."""


def panel_spec(name: str, screen: InferenceSpec) -> ExperimentSpec:
    """The settings of a screen that matter for a panel.

    Raises:
        SpecError: There is no such panel.
    """
    if name not in SPECS:
        raise SpecError("There is no such panel. Choose one of the explorer's.")
    if name == "stage":
        return NoiseSweepSpec(**screen.part(ExperimentSpec).to_dict(), label=screen.label)
    return screen.part(SPECS[name])


def panel_data(name: str, screen: InferenceSpec, session: Session, *, progress: Progress = silent) -> PanelData:
    """The numbers behind a panel.

    Args:
        name: Of the panel.
        screen: What the screen shows.
        session: What is computed with.
        progress: Called before every part.

    Raises:
        SpecError: There is no such panel, or the model has too few memories.
        StoreError: There is no such model.
        DataError: Original images are asked for and not there.
    """
    spec = panel_spec(name, screen)
    if isinstance(spec, NoiseSweepSpec):
        return stage_chart(experiments.cached_noise_sweep(spec, session, progress=progress))
    if name == "strip":
        return run_images(screen, session)
    frame = session.result(experiments.film_frame, screen.part(EmbeddingSpec), progress=progress)
    nearest = np.array(POINTS)[frame.nearest]
    if name == "plane":
        return PlanePositions(frame.embedding, nearest, frame.basis, frame.mean)
    if name == "landmark":
        return LandmarkPositions(frame.landmark[..., 0], frame.landmark[..., 1], frame.rest, nearest)
    return nearest_now(frame) if name == "nearest" else distance_curves(frame, screen, session)


def nearest_now(frame: FilmFrame) -> NearestNow:
    """How the runs divide among the landmarks."""
    return NearestNow(np.stack([(frame.nearest == i).mean(1) for i in range(len(POINTS))]))


def distance_curves(frame: FilmFrame, screen: InferenceSpec, session: Session) -> DistanceCurves:
    """The curves of the ensemble, and of one run."""
    runs, own = frame.trajectories, experiments.run(screen, session)
    return DistanceCurves(runs.distances, runs.distances_sem, runs.line, runs.concept_distances, own.distances)


def run_images(screen: InferenceSpec, session: Session) -> RunImages:
    """One run with its images."""
    run, space = experiments.run(screen, session), experiments.latent_space(screen.model, session)
    return RunImages(run.distances, run.z, run.images, run.clean, space.concept_images[screen.label])


def stage_chart(sweep: NoiseSweep) -> StageChart:
    """A sweep with its stages in words."""
    of_sweep = {name: getattr(sweep, name) for name in StageChart.__dataclass_fields__ if hasattr(sweep, name)}
    stages = np.array([str(stage) for stage in sweep.stages])
    runners_up = np.array([str(stage or "") for stage in sweep.runners_up])
    return StageChart(**of_sweep, stage=stages, runner_up=runners_up)


def panel_recipe(name: str, screen: InferenceSpec, session: Session) -> dict[str, Any]:
    """What the numbers of a panel can be computed from again.

    Raises: as `panel_data`.
    """
    spec = panel_spec(name, screen)
    command = command_of(f"python -m core export {name}", spec)
    return {
        "panel": name,
        "spec": spec.to_dict(),
        "weights": weights_of(session, spec.model),
        **provenance(session, spec, command),
    }


def file_stem(name: str, screen: InferenceSpec) -> str:
    """What the files of a panel are called: what they hold.

    Example:
        >>> file_stem("landmark", InferenceSpec(model="mnist-nz100-seed0", noise=0.3))
        'landmark-plane_mnist-nz100-seed0_6_p0.3_permute_seed0'
        >>> file_stem("strip", InferenceSpec(model="mnist-nz100-seed0", noise=0.3, sample=40))
        'decoded-images_mnist-nz100-seed0_6_p0.3_permute_seed0_image40'
    """
    spec = panel_spec(name, screen)
    words = [FILES[name], spec.model, str(screen.label)]
    words += [f"p{spec.noise:g}"] if isinstance(spec, EnsembleSpec) else []
    words += [spec.noise_kind, f"seed{spec.seed}"]
    return "_".join([*words, *([image_of(spec)] if isinstance(spec, RunSpec) else [])])


def image_of(spec: RunSpec) -> str:
    """What the highlighted run starts from, in the name of a file.

    Example:
        >>> image_of(RunSpec(model="m", sample=4, damage_step=9, damage_noise=0.5))
        'image4-damaged9'
    """
    words = "own" if spec.own else f"image{spec.sample}"
    words += "-covered" if spec.covered else ""
    return words + (f"-damaged{spec.damage_step}" if spec.is_damaged else "")
