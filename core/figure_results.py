"""The frozen results behind the figures of the paper; units as in `core.results`.

With Mahalanobis distances (Supplement C) the latent space is the one in which the memories of the label are spherical.
"""

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

    memory: Float[np.ndarray, "labels steps"]  # latent space
    memory_sem: Float[np.ndarray, "labels steps"]  # latent space
    concept: Float[np.ndarray, "labels steps"]  # latent space
    concept_sem: Float[np.ndarray, "labels steps"]  # latent space
    line: Float[np.ndarray, "labels steps"]  # latent space
    all_concepts: Float[np.ndarray, "labels concepts steps"]  # latent space
    winners: Float[np.ndarray, "labels concepts"]  # 0 to 1
    minimum_step: Float[np.ndarray, "labels two"]  # t, from 0
    minimum_step_sem: Float[np.ndarray, "labels two"]  # steps
    minimum_step_difference_sem: Float[np.ndarray, "labels"]  # steps
    approach_share: Float[np.ndarray, "labels"]  # 0 to 1
    strict_approach_share: Float[np.ndarray, "labels"]  # 0 to 1
    same_step_approach_share: Float[np.ndarray, "labels"]  # 0 to 1
    mean_path_approaches: Bool[np.ndarray, "labels"]
    mean_curve_approaches: Bool[np.ndarray, "labels"]
    effective_dimension: Float[np.ndarray, "labels steps"]  # dimensions
    subspace_dimensions: Int[np.ndarray, "labels"]  # dimensions
    subspace_distance: Float[np.ndarray, "labels steps"]  # latent space
    subspace_fall_sem: Float[np.ndarray, "labels steps"]  # latent space
    memory_subspace_distance: Float[np.ndarray, "labels"]  # latent space


@dataclass(frozen=True)
class Branches:
    """Two clusters of runs at one step, the narrower or the chosen first (the paper's Supplement B).

    `variance` is the mean squared distance of a branch's runs to their own mean; `elongation` the variance along its
    first principal axis by that along the second. K-means always finds two clusters: `unimodal_silhouettes` are the
    silhouettes of the two that it finds in one normal distribution, none where the branches were chosen.
    """

    t: int  # step, from 0
    branch: Int[np.ndarray, "runs"]  # 0 or 1
    embedding: Float[np.ndarray, "steps runs 2"]  # latent space
    variance: Float[np.ndarray, "branches steps"]  # latent space, squared
    variance_sem: Float[np.ndarray, "branches steps"]  # latent space, squared
    mean_images: Float[np.ndarray, "branches pixels"]  # grey, 0 to 1
    sample_images: Float[np.ndarray, "branches samples pixels"]  # grey, 0 to 1
    predicted_share: Float[np.ndarray, "branches labels"]  # 0 to 1
    elongation: Float[np.ndarray, "branches"]  # ratio of variances
    silhouette: float  # -1 to 1
    unimodal_silhouettes: Float[np.ndarray, "draws"]  # -1 to 1


@dataclass(frozen=True)
class LabelMap:
    """How decoded images are read at every step and p (the paper's Fig. 5), and how far they are from the clean ones.

    `share` is that of the runs which are given the most frequent label, `correct_share` that of those which are given
    their own; `error` the mean squared difference of a pixel from the clean image; `restored_step` the step from 1 on
    at which that of a run is smallest.
    """

    noises: Float[np.ndarray, "noises"]  # p, 0 to 1
    predicted_labels: Int[np.ndarray, "noises steps"]  # 0 to 9
    share: Float[np.ndarray, "noises steps"]  # 0 to 1
    correct_share: Float[np.ndarray, "noises steps"]  # 0 to 1
    error: Float[np.ndarray, "noises steps"]  # grey, squared
    restored_step: Int[np.ndarray, "noises runs"]  # t, from 1

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

    concepts: Float[np.ndarray, "labels latent"]  # latent space
    variance: Float[np.ndarray, "latent"]  # latent space, squared
    active: Bool[np.ndarray, "latent"]
    contribution_ratio: Float[np.ndarray, "latent"]  # 0 to 1, cumulative
    cosine_similarity: Float[np.ndarray, "labels labels"]  # -1 to 1
    orthogonality_gap: float  # squared Frobenius norm
    orthogonality_floor: float  # the same
    random_orthogonality_gap: float  # the same


@dataclass(frozen=True)
class ConceptDynamics:
    """One step of repeated inference around each concept: a first test of the authors' conjecture of saddles.

    All but `moved` are of the active units alone. A gain is the length of a displacement after a step, a stretch what
    of it remains along its own direction: a rotation is no repulsion. Along the noise, on average over the directions
    orthogonal to it (root mean square of gains, mean of stretches), and along that in which the stretch is largest.
    """

    moved: Float[np.ndarray, "labels"]  # latent space
    moduli: Float[np.ndarray, "labels units"]  # ratio of lengths
    noise_gain: Float[np.ndarray, "labels"]  # ratio of lengths
    noise_stretch: Float[np.ndarray, "labels"]  # ratio of lengths
    orthogonal_gain: Float[np.ndarray, "labels"]  # ratio of lengths
    orthogonal_stretch: Float[np.ndarray, "labels"]  # ratio of lengths
    largest_orthogonal_stretch: Float[np.ndarray, "labels"]  # ratio of lengths

    @property
    def expanding(self) -> Int[np.ndarray, "labels"]:
        """How many eigenvalues lie outside the unit circle."""
        return (self.moduli > 1).sum(1)


@dataclass(frozen=True)
class GridCell:
    """How one training of a grid ended, on the test images; the bound is infinite where the training diverged."""

    spec: ModelSpec
    negative_elbo: float  # nats per image
    kl: float  # nats per image
    active_units: int  # number of units
    seconds: int  # s
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

    n_latents: Int[np.ndarray, "latents"]  # units
    learning_rates: Float[np.ndarray, "rates"]  # of Adam
    batch_sizes: Int[np.ndarray, "batches"]  # images
    epochs: Int[np.ndarray, "latents rates batches"]  # number of epochs
    negative_elbo: Float[np.ndarray, "latents rates batches"]  # nats per image

    @property
    def best_epochs(self) -> Int[np.ndarray, "latents"]:
        """The epochs of the trainings that are compared: the most that any of this N_z has; 0 where there is none."""
        return self.epochs.max((1, 2))

    @property
    def best(self) -> Float[np.ndarray, "latents"]:
        """The lowest bound of every N_z among trainings of equal length; NaN where there is none."""
        compared = np.where(self.epochs == self.best_epochs[:, None, None], self.negative_elbo, np.nan)
        return np.fmin.reduce(compared, axis=(1, 2))
