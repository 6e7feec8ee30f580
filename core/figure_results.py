"""The frozen results behind the figures of the paper."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float, Int

from core.specs import ModelSpec


@dataclass(frozen=True)
class ApproachCurves:
    """Runs of every label on their way past memory and concepts (the paper's Fig. 3, Supplements C and F).

    `winners` is the share of the runs of a label (first axis) whose smallest distance of all is to the concept of a
    label (second axis). `minimum_step_difference_sem` is the standard error of the concept's step minus the memory's.
    `mean_path_approaches` and `mean_curve_approaches` are those of `Trajectories`. `subspace_distance` is the distance
    from the numeric subspace: that of `subspace_dimensions` which holds nine tenths of the variance of the memories of
    the label; these themselves lie `memory_subspace_distance` from it, on average; `subspace_fall_sem` is the
    standard error of that distance minus the one at t = 0.
    """

    memory: Float[np.ndarray, "labels steps"]
    memory_sem: Float[np.ndarray, "labels steps"]
    concept: Float[np.ndarray, "labels steps"]
    concept_sem: Float[np.ndarray, "labels steps"]
    line: Float[np.ndarray, "labels steps"]
    all_concepts: Float[np.ndarray, "labels concepts steps"]
    winners: Float[np.ndarray, "labels concepts"]
    minimum_step: Float[np.ndarray, "labels two"]
    minimum_step_sem: Float[np.ndarray, "labels two"]
    minimum_step_difference_sem: Float[np.ndarray, "labels"]
    approach_share: Float[np.ndarray, "labels"]
    strict_approach_share: Float[np.ndarray, "labels"]
    same_step_approach_share: Float[np.ndarray, "labels"]
    mean_path_approaches: Bool[np.ndarray, "labels"]
    mean_curve_approaches: Bool[np.ndarray, "labels"]
    effective_dimension: Float[np.ndarray, "labels steps"]
    subspace_dimensions: Int[np.ndarray, "labels"]
    subspace_distance: Float[np.ndarray, "labels steps"]
    subspace_fall_sem: Float[np.ndarray, "labels steps"]
    memory_subspace_distance: Float[np.ndarray, "labels"]


@dataclass(frozen=True)
class Branches:
    """Two clusters of runs at one step, the narrower or the chosen first (the paper's Supplement B).

    `variance` is the mean squared distance of a branch's runs to their own mean; `elongation` the variance along its
    first principal axis by that along the second. K-means always finds two clusters: `unimodal_silhouettes` are the
    silhouettes of the two that it finds in one normal distribution, none where the branches were chosen.
    """

    t: int
    branch: Int[np.ndarray, "runs"]
    embedding: Float[np.ndarray, "steps runs 2"]
    variance: Float[np.ndarray, "branches steps"]
    variance_sem: Float[np.ndarray, "branches steps"]
    mean_images: Float[np.ndarray, "branches pixels"]
    sample_images: Float[np.ndarray, "branches samples pixels"]
    predicted_share: Float[np.ndarray, "branches labels"]
    elongation: Float[np.ndarray, "branches"]
    silhouette: float
    unimodal_silhouettes: Float[np.ndarray, "draws"]


@dataclass(frozen=True)
class LabelMap:
    """How decoded images are read at every step and p (the paper's Fig. 5), and how far they are from the clean ones.

    `share` is that of the runs which are given the most frequent label, `correct_share` that of those which are given
    their own; `error` the mean squared difference of a pixel from the clean image; `restored_step` the step from 1 on
    at which that of a run is smallest.
    """

    noises: Float[np.ndarray, "noises"]
    predicted_labels: Int[np.ndarray, "noises steps"]
    share: Float[np.ndarray, "noises steps"]
    correct_share: Float[np.ndarray, "noises steps"]
    error: Float[np.ndarray, "noises steps"]
    restored_step: Int[np.ndarray, "noises runs"]

    @staticmethod
    def joined(parts: "Sequence[LabelMap]") -> "LabelMap":
        """Maps of some p each, as one."""
        names = [item.name for item in fields(LabelMap)]
        return LabelMap(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


@dataclass(frozen=True)
class Geometry:
    """Where the concepts of a model lie (the paper's Figs. 7 and 8, Supplement E).

    `orthogonality_floor` is the least gap that ten vectors of zero mean can have in as many dimensions as units are
    active, `random_orthogonality_gap` that of ten random directions there.
    """

    concepts: Float[np.ndarray, "labels latent"]
    variance: Float[np.ndarray, "latent"]
    active: Bool[np.ndarray, "latent"]
    contribution_ratio: Float[np.ndarray, "latent"]
    cosine_similarity: Float[np.ndarray, "labels labels"]
    orthogonality_gap: float
    orthogonality_floor: float
    random_orthogonality_gap: float


@dataclass(frozen=True)
class ConceptDynamics:
    """One step of repeated inference around each concept: a first test of the authors' conjecture of saddles.

    All but `moved` are of the active units alone. A gain is the length of a displacement after a step, a stretch what
    of it remains along its own direction: a rotation is no repulsion. Along the noise, on average over the directions
    orthogonal to it (root mean square of gains, mean of stretches), and along that in which the stretch is largest.
    """

    moved: Float[np.ndarray, "labels"]
    moduli: Float[np.ndarray, "labels units"]
    noise_gain: Float[np.ndarray, "labels"]
    noise_stretch: Float[np.ndarray, "labels"]
    orthogonal_gain: Float[np.ndarray, "labels"]
    orthogonal_stretch: Float[np.ndarray, "labels"]
    largest_orthogonal_stretch: Float[np.ndarray, "labels"]

    @property
    def expanding(self) -> Int[np.ndarray, "labels"]:
        """How many eigenvalues lie outside the unit circle."""
        return (self.moduli > 1).sum(1)


@dataclass(frozen=True)
class GridCell:
    """How one training of a grid ended, on the test images; the bound is infinite where the training diverged."""

    spec: ModelSpec
    negative_elbo: float
    kl: float
    active_units: int
    seconds: int
    machine: str

    @property
    def diverged(self) -> bool:
        """Whether the loss, or the bound, was not finite."""
        return not np.isfinite(self.negative_elbo)


@dataclass(frozen=True)
class LatentSweep:
    """The test bound over N_z, for every learning rate and batch size (the paper's Fig. 9).

    `negative_elbo` is NaN where a training is missing and infinite where it diverged; `epochs` says how long each ran,
    0 where it is missing.
    """

    n_latents: Int[np.ndarray, "latents"]
    learning_rates: Float[np.ndarray, "rates"]
    batch_sizes: Int[np.ndarray, "batches"]
    epochs: Int[np.ndarray, "latents rates batches"]
    negative_elbo: Float[np.ndarray, "latents rates batches"]

    @property
    def best_epochs(self) -> Int[np.ndarray, "latents"]:
        """The epochs of the trainings that are compared: the most that any of this N_z has; 0 where there is none."""
        return self.epochs.max((1, 2))

    @property
    def best(self) -> Float[np.ndarray, "latents"]:
        """The lowest bound of every N_z among trainings of equal length; NaN where there is none."""
        compared = np.where(self.epochs == self.best_epochs[:, None, None], self.negative_elbo, np.nan)
        return np.fmin.reduce(compared, axis=(1, 2))
