"""The terms of the pages, each with a definition in one sentence: that of Nagano et al. (2020) where they give one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A term.

    Args:
        name: As the popover says it.
        definition: One sentence.
        forms: How it is written in texts, the first letter small; that a text may begin with it goes without saying.
    """

    name: str
    definition: str
    forms: tuple[str, ...]


def entry(name: str, definition: str, *forms: str) -> Entry:
    """A term that is written as its name or in other forms."""
    return Entry(name, definition, (name, *forms))


LANDMARKS = (
    entry(
        "memory",
        "The latent activity of one clean training image: the mean that the encoder gives for it, without any noise.",
        "memories",
        "own memory",
    ),
    entry("concept", "The mean of the memories of all training images of one label.", "concepts"),
    entry(
        "abstract concept",
        "The mean of the concepts of all labels: one point for the whole data set.",
        "abstract concepts",
        "abstract",
    ),
    entry(
        "landmark",
        "One of the three points that runs are measured against: own memory, concept and abstract concept.",
        "landmarks",
        "three points",
    ),
)
STAGES = (
    entry(
        "stage",
        "What runs with one noise p come nearest to on average: I their own memories, II their label’s concept, III "
        "the abstract concept.",
        "stages",
    ),
    entry("stage I", "With little noise the runs come nearest to their own memories.", "I"),
    entry("stage II", "With more noise the runs come nearest to the concept of their label.", "II"),
    entry(
        "stage III", "With much noise the runs come nearest to the abstract concept, whatever they started from.", "III"
    ),
    entry(
        "decided",
        "A stage is decided at a p where the two nearest points differ by more than 2 SEM; elsewhere other runs might "
        "give the other stage.",
        "undecided",
    ),
    entry(
        "runner-up",
        "The stage that comes second where it cannot be told from the first within 2 SEM.",
        "runners-up",
    ),
)
RUNS = (
    entry(
        "repeated inference",
        "An image is encoded, what is decoded from it is encoded again, and so on: x(t) → z(t) → x(t + 1).",
        "inference",
    ),
    entry(
        "run", "One noisy image and all that follows from it by repeated inference, from t = 0 to the last step T.",
        "runs",
    ),
    entry(
        "highlighted run",
        "The one run whose images and whose own path are shown.",
        "highlighted image",
    ),
    entry("ensemble", "All runs of one label with one noise p, over which means and stages are taken.", "ensembles"),
    entry(
        "step t",
        "How often the image has been encoded and decoded: t = 0 is the noisy image, T the last step.",
        "t",
        "T",
        "step",
        "steps",
        "steps T",
    ),
    entry("x(t)", "The image at step t: x(0) is the noisy one, each later one is decoded from the step before.",
          "x(0)", "x(1)", "x(T)", "decoded images"),
    entry(
        "approach",
        "A run approaches its concept if it is nearest to it half way, not at its ends, and then nearer than the "
        "straight line at the same step.",
        "approaches",
        "approaching",
    ),
    entry(
        "straight line",
        "The straight way from z(0) to z(T) in equal steps, which a run is compared with.",
        "linear interpolation",
        "synthetic linear interpolation",
    ),
    entry("branch", "A group of runs that take the same way.", "branches"),
)  # fmt: skip
NOISE = (
    entry(
        "noise p",
        "The probability p with which every pixel of the clean image is selected and changed before the run begins.",
        "noise",
        "p",
        "values of p",
    ),
    entry("permuted", "The selected pixels exchange their intensities among themselves.", "permute"),
    entry("inverted", "Every selected pixel turns from x to 1 − x, from white to black and from black to white.",
          "invert"),
    entry("clean image", "The image before any noise, from the training set or decoded from a memory.", "clean"),
    entry(
        "seed",
        "The number that all random choices follow from: the same seed gives the same result.",
        "seeds",
    ),
)  # fmt: skip
SPACE = (
    entry("latent space", "The space of what the encoder says about images: every image is a point with N_z "
          "coordinates in it."),
    entry(
        "latent activity",
        "The values of the N_z latent units for an image, here the mean that the encoder gives: a point of the latent "
        "space.",
        "activity",
        "activity pattern",
        "activity patterns",
        "z",
        "z(t)",
        "z(0)",
        "z(T)",
    ),
    entry("N_z", "The number of latent units: the dimension of the latent space.", "latent units N_z"),
    entry("latent unit", "One of the N_z numbers into which the encoder turns an image.", "latent units", "latents"),
    entry(
        "active unit",
        "A latent unit that carries information: its mean varies over the training images with a variance above 0.01.",
        "active units",
        "active neurons",
        "active latents",
        "active",
    ),
    entry("distance", "The Euclidean distance in the latent space, over all of its N_z dimensions.", "distances"),
    entry(
        "minimum distance",
        "The smallest distance of a run to a point over all steps.",
        "minimum distances",
        "smallest distance",
    ),
    entry(
        "Mahalanobis distance",
        "A distance in units of how far the memories of a label spread in each direction, since they do not form a "
        "ball.",
    ),
    entry(
        "PCA",
        "Principal component analysis: it finds the directions along which activity varies most, and PC 1 and PC 2 "
        "are the first two.",
        "PC 1",
        "PC 2",
        "PC1",
        "PC2",
        "principal component",
        "principal components",
        "principal axis",
        "principal axes",
    ),
    entry(
        "windowed PCA",
        "The PCA of all activity from step t on, for as many steps as the window has: its axes change with t, as in "
        "the paper.",
        "windowed",
        "window of the PCA",
    ),
    entry(
        "explained variance",
        "The share of the variance of the activity that lies along the directions named; the rest cannot be seen "
        "there.",
        "variance explained",
        "explain",
        "explains",
    ),
    entry("latent plane", "A flat map of the latent space: what is drawn is projected on two axes.", "plane"),
    entry(
        "landmark plane",
        "The plane through own memory, concept and abstract concept, drawn so that these three stand still for every "
        "run.",
    ),
    entry(
        "orthogonality",
        "How far the concepts are from being at right angles to one another: the sum of the squares of their cosine "
        "similarities, each with all others; 0 if they are.",
        "orthogonality measure",
    ),
    entry(
        "cosine similarity",
        "The cosine of the angle between two vectors: 1 if they point the same way, 0 at right angles.",
        "cosine similarities",
    ),
    entry("cluster", "A group of points that lie closer to one another than to others.", "clusters"),
    entry("saddle", "A point that attracts along some directions and repels along others.", "saddles"),
    entry("fixed point", "A point that one step of repeated inference leaves where it is.", "fixed points"),
    entry("numeric space", "The part of the latent space in which the memories of the digits lie."),
)  # fmt: skip
MODELS = (
    entry(
        "variational autoencoder",
        "A network that learns to encode an image as a few numbers, whose distribution is kept close to a normal one, "
        "and to decode it from them again.",
        "VAE",
    ),
    entry("encode", "To turn an image into its latent activity, by the first half of the network.", "encoded",
          "encoder"),
    entry("decode", "To turn a latent activity back into an image, by the second half of the network.", "decoded",
          "decoder"),
    entry(
        "reconstruction",
        "The image that a model decodes from the latent activity of an image: what it keeps of it.",
        "reconstructions",
    ),
    entry("test image", "An image that no training uses, so that it measures what a model does with images that it has "
          "not seen.", "test images"),
    entry("recipe", "All that decides what a training gives: data set, sizes, epochs, rates, β and seed.", "recipes"),
    entry("hidden unit", "A unit between image and latent units, of which encoder and decoder have one layer each.",
          "hidden units"),
    entry("label", "The class of an image, such as the digit that it shows.", "labels"),
    entry("epoch", "One pass of a training through all images of the training set.", "epochs"),
    entry(
        "ELBO",
        "The evidence lower bound, which training makes large: a bound from below on the log-likelihood of an image; "
        "of −ELBO a smaller value is better.",
        "−ELBO",
        "test −ELBO",
        "test ELBO",
        "test bound",
    ),
    entry("nats", "Units of information with the natural logarithm: 1 nat is 1.44 bits.", "nat"),
    entry(
        "KL term",
        "The Kullback-Leibler divergence of the encoder’s distribution for an image from the standard normal one: the "
        "part of the loss that keeps the latent space together.",
        "KL",
    ),
    entry("β", "The weight of the KL term in the loss: 1 in the paper.", "beta", "weight β"),
    entry("Bernoulli", "Every grey value counts as the probability with which its pixel is white.",
          "grey-value Bernoulli"),
    entry(
        "label map",
        "What a classifier takes the decoded images for: the most frequent label for every step t and noise p.",
        "label maps",
        "are read",
        "is read",
        "read as",
    ),
    entry("MNIST", "70,000 grey images of handwritten digits with 28 × 28 pixels, 60,000 of them for training."),
    entry("Fashion-MNIST", "Grey images of ten kinds of clothes, as many and as large as those of MNIST."),
)  # fmt: skip
STATISTICS = (
    entry(
        "SEM",
        "The standard error of the mean: how much a mean over these runs would vary if other runs were drawn.",
        "2 SEM",
        "standard error",
        "standard errors",
        "two standard errors",
    ),
    entry(
        "rank correlation",
        "Spearman’s correlation: 1 if one quantity always rises with the other, −1 if it always falls.",
        "rank correlations",
    ),
    entry("silhouette", "How well clusters are separated: 1 at best, 0 where they overlap."),
    entry(
        "participation ratio",
        "How many directions share the variance: the square of the sum of the variances over the sum of their squares.",
        "effective dimension",
        "effective dimensions",
    ),
)
ENTRIES = (*LANDMARKS, *STAGES, *RUNS, *NOISE, *SPACE, *MODELS, *STATISTICS)
