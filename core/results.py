"""The frozen results: NumPy arrays and plain values, all that leaves the core.

Shapes stand in the annotations, units behind the fields: "latent space" is that of z and of distances there, "grey" is
0 for black and 1 for white, p the probability that a pixel is selected, t a step of repeated inference.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float, Int


class Stage(StrEnum):
    """Whose neighbourhood the runs come closest to (the paper's stages I, II and III)."""

    MEMORY = "I"
    CONCEPT = "II"
    ABSTRACT = "III"


POINTS = ("memory", "concept", "abstract")
"""The order of the three points wherever an axis is called `points`."""
PAIRS = ((0, 1), (0, 2), (1, 2))
"""The order of two of these points wherever an axis is called `pairs`."""


@dataclass(frozen=True)
class TrainingRun:
    """The history of a training; bounds in nats per image."""

    train_negative_elbo: Float[np.ndarray, "epochs"]  # nats per image
    test_epochs: Int[np.ndarray, "tests"]  # from 1
    test_negative_elbo: Float[np.ndarray, "tests"]  # nats per image
    test_kl: Float[np.ndarray, "tests"]  # nats per image
    test_active_units: Int[np.ndarray, "tests"]  # number of units
    seconds: float  # s


@dataclass(frozen=True)
class OwnImage:
    """An image that somebody drew, packed for a spec, and the label that the classifier proposes."""

    packed: str  # see packed_images.py
    label: int  # 0 to 9
    label_probabilities: Float[np.ndarray, "labels"]  # probability, 0 to 1


@dataclass(frozen=True)
class Run:
    """One run of repeated inference: the highlighted one.

    It approaches its concept where it is nearest half way and nearer than the straight line comes; or, as Fig. 3 draws
    the line, nearer than the line at the same step.
    """

    z: Float[np.ndarray, "steps latent"]  # latent space
    clean: Float[np.ndarray, "pixels"]  # grey, 0 to 1
    images: Float[np.ndarray, "steps pixels"]  # grey, 0 to 1
    distances: Float[np.ndarray, "points steps"]  # latent space
    concept_distances: Float[np.ndarray, "labels steps"]  # latent space
    line: Float[np.ndarray, "steps"]  # latent space
    minimum_distance: Float[np.ndarray, "points"]  # latent space
    minimum_step: Int[np.ndarray, "points"]  # t, from 0
    approaches: bool
    approaches_at_same_step: bool
    memory: Float[np.ndarray, "latent"]  # latent space

    @property
    def nearest(self) -> Stage:
        """The point that this run comes nearest to: its own nearest class, not the stage of the ensemble."""
        return tuple(Stage)[int(self.minimum_distance.argmin())]


def runner_up(mean: Float[np.ndarray, "points"], difference_sem: Float[np.ndarray, "pairs"]) -> Stage | None:
    """The point that is next nearest, where it lies no more than 2 standard errors beyond the nearest.

    Args:
        mean: Mean minimum distances.
        difference_sem: Standard errors of their differences: paired, for the distances are those of the same runs.

    Example:
        >>> runner_up(np.array([1.0, 1.2, 3.0]), np.array([0.1, 0.1, 0.1]))
        <Stage.CONCEPT: 'II'>
    """
    near, following = (int(i) for i in np.argsort(mean, kind="stable")[:2])
    error = difference_sem[PAIRS.index((min(near, following), max(near, following)))]
    return None if mean[following] - mean[near] > 2 * error else tuple(Stage)[following]


@dataclass(frozen=True)
class Ensemble:
    """What many runs of one label and noise do on average; errors are standard errors of the mean over runs.

    Those of differences are over the differences of each run. The shares that approach: nearer than the straight line
    comes anywhere, the same with a single minimum, and nearer than the line at the step of the minimum.
    """

    minimum_distance: Float[np.ndarray, "points"]  # latent space
    minimum_distance_sem: Float[np.ndarray, "points"]  # latent space
    minimum_distance_difference_sem: Float[np.ndarray, "pairs"]  # latent space
    minimum_step: Float[np.ndarray, "points"]  # t, from 0
    minimum_step_sem: Float[np.ndarray, "points"]  # steps
    minimum_step_difference_sem: Float[np.ndarray, "pairs"]  # steps
    nearest_share: Float[np.ndarray, "points"]  # 0 to 1
    approach_share: float  # 0 to 1
    strict_approach_share: float  # 0 to 1
    same_step_approach_share: float  # 0 to 1

    @property
    def stage(self) -> Stage:
        """The stage of the ensemble: whose mean minimum distance is the smallest."""
        return tuple(Stage)[int(self.minimum_distance.argmin())]

    @property
    def runner_up(self) -> Stage | None:
        """The stage that other runs might give as well."""
        return runner_up(self.minimum_distance, self.minimum_distance_difference_sem)


@dataclass(frozen=True)
class LatentActivity:
    """Collective runs: z(t) of every run."""

    z: Float[np.ndarray, "steps runs latent"]  # latent space


@dataclass(frozen=True)
class StartingImages:
    """Images that runs of a label start from, before any pixel is swapped."""

    images: Float[np.ndarray, "runs pixels"]  # grey, 0 to 1


@dataclass(frozen=True)
class Embedding:
    """Collective runs in the plane, at every step and at the steps before it (`lags`), and the axes of that plane."""

    embedding: Float[np.ndarray, "steps lags runs 2"]  # latent space
    basis: Float[np.ndarray, "steps 2 latent"]  # unit vectors
    mean: Float[np.ndarray, "steps latent"]  # latent space
    explained_variance_ratio: Float[np.ndarray, "steps 2"]  # 0 to 1


@dataclass(frozen=True)
class Trajectories:
    """Collective runs on average: what the distance curves show.

    `mean_path_approaches` compares the path of the mean position with the segment between its ends;
    `mean_curve_approaches` the mean of the distances with the mean of the distances along the straight lines of the
    runs, at the step of its minimum, as Fig. 3 draws both.
    """

    distances: Float[np.ndarray, "points steps"]  # latent space
    distances_sem: Float[np.ndarray, "points steps"]  # latent space
    concept_distances: Float[np.ndarray, "labels steps"]  # latent space
    line: Float[np.ndarray, "steps"]  # latent space
    mean_path_approaches: bool
    mean_curve_approaches: bool
    ensemble: Ensemble


@dataclass(frozen=True)
class FilmFrame:
    """All that a screen shows of collective runs at one p: a frame of the film over p.

    `embedding` is the position in the plane of the principal components, of which there is one pair of axes where they
    are fixed and one for every step otherwise. `landmark` is the position (a, b) in the plane of a run's own landmarks
    (memory at (1, 1), concept at (1, 0), abstract concept at (0, 0)), `rest` the distance from that plane, `inside` the
    share of the squared distance from the abstract concept that lies in it; `nearest` the index in `POINTS` of the
    landmark that is nearest at that step in all dimensions. `is_flat` says that the landmarks of most runs span no
    plane. Positions are rounded to 16 bits.
    """

    trajectories: Trajectories
    embedding: Float[np.ndarray, "steps runs 2"]  # latent space
    basis: Float[np.ndarray, "bases 2 latent"]  # unit vectors
    mean: Float[np.ndarray, "bases latent"]  # latent space
    explained_variance_ratio: Float[np.ndarray, "bases 2"]  # 0 to 1
    landmark: Float[np.ndarray, "steps runs 2"]  # in distances between landmarks
    rest: Float[np.ndarray, "steps runs"]  # latent space
    inside: Float[np.ndarray, "steps"]  # 0 to 1
    nearest: Int[np.ndarray, "steps runs"]  # 0, 1 or 2
    is_flat: bool

    @property
    def has_fixed_axes(self) -> bool:
        """Whether one pair of axes serves all steps."""
        return len(self.basis) == 1


@dataclass(frozen=True)
class RunFilm:
    """One run at many p: the highlighted one, with its images, and where it is in the two planes.

    `embedding` is on the axes of the memories of the model (see `FixedPlane`); `landmark` and `rest` as in `FilmFrame`,
    the rest as in `Run`.
    """

    noises: Float[np.ndarray, "noises"]  # p, 0 to 1
    clean: Float[np.ndarray, "pixels"]  # grey, 0 to 1
    images: Float[np.ndarray, "noises steps pixels"]  # grey, 0 to 1
    distances: Float[np.ndarray, "noises points steps"]  # latent space
    minimum_distance: Float[np.ndarray, "noises points"]  # latent space
    minimum_step: Int[np.ndarray, "noises points"]  # t, from 0
    approaches_at_same_step: Bool[np.ndarray, "noises"]
    embedding: Float[np.ndarray, "noises steps 2"]  # latent space
    landmark: Float[np.ndarray, "noises steps 2"]  # in distances between landmarks
    rest: Float[np.ndarray, "noises steps"]  # latent space
    memory: Float[np.ndarray, "latent"]  # latent space


@dataclass(frozen=True)
class FixedPlane:
    """The plane that all memories of a model vary most in; `ranges` is how far they reach on its axes, and a margin."""

    basis: Float[np.ndarray, "2 latent"]  # unit vectors
    mean: Float[np.ndarray, "latent"]  # latent space
    explained_variance_ratio: Float[np.ndarray, "2"]  # 0 to 1
    ranges: Float[np.ndarray, "axes 2"]  # latent space


@dataclass(frozen=True)
class NoiseSweep:
    """Ensembles over a grid of p (the paper's Fig. 4): one `Ensemble` field each, with noises as the last axis."""

    noises: Float[np.ndarray, "noises"]  # p, 0 to 1
    minimum_distance: Float[np.ndarray, "points noises"]  # latent space
    minimum_distance_sem: Float[np.ndarray, "points noises"]  # latent space
    minimum_distance_difference_sem: Float[np.ndarray, "pairs noises"]  # latent space
    minimum_step: Float[np.ndarray, "points noises"]  # t, from 0
    minimum_step_sem: Float[np.ndarray, "points noises"]  # steps
    minimum_step_difference_sem: Float[np.ndarray, "pairs noises"]  # steps
    nearest_share: Float[np.ndarray, "points noises"]  # 0 to 1
    approach_share: Float[np.ndarray, "noises"]  # 0 to 1
    strict_approach_share: Float[np.ndarray, "noises"]  # 0 to 1
    same_step_approach_share: Float[np.ndarray, "noises"]  # 0 to 1

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stage at every p."""
        return tuple(tuple(Stage)[int(i)] for i in self.minimum_distance.argmin(0))

    @property
    def runners_up(self) -> tuple[Stage | None, ...]:
        """The stage that other runs might give as well, at every p."""
        return tuple(map(runner_up, self.minimum_distance.T, self.minimum_distance_difference_sem.T))

    @property
    def is_decided(self) -> Bool[np.ndarray, "noises"]:
        """Where other runs would give the same stage."""
        return np.array([stage is None for stage in self.runners_up])


@dataclass(frozen=True)
class LatentSpace:
    """The landmarks of a model: concepts, their images, and axes that do not move."""

    concepts: Float[np.ndarray, "labels latent"]  # latent space
    abstract_concept: Float[np.ndarray, "latent"]  # latent space
    concept_images: Float[np.ndarray, "labels pixels"]  # grey, 0 to 1
    abstract_image: Float[np.ndarray, "pixels"]  # grey, 0 to 1
