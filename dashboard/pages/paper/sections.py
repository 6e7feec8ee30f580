"""The article: its sections in the paper's order, in our words, with the figures that each has."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Caption:
    """What stands below a figure of the registry in the article.

    Args:
        id: Of the figure.
        text: What to look for in it.
        height: Of its picture, in pixels: its place on the page is there before the picture is.
    """

    id: str
    text: str
    height: int


@dataclass(frozen=True)
class Section:
    """A section of the article."""

    id: str
    title: str
    text: str
    figures: tuple[Caption, ...]


TITLE = "Repeated inference in a variational autoencoder"
SUMMARY = (
    "A variational autoencoder is given a noisy digit and repeats encode and decode. Nagano, Karakida and Okada (2020) "
    "found that the latent activity does not go straight to its end: on its way it comes close to the image's own "
    "memory, to the concept of its label, or to the abstract concept, and the noise decides which. This page retells "
    "the paper, figure by figure, with networks that were trained here by its recipe, and says where they agree and "
    "where not."
)

SECTIONS: tuple[Section, ...] = (
    Section(
        "overview",
        "Three stages",
        "The nearest landmark of a run is its own memory where noise is small (stage I), the concept of its label in "
        "between (stage II), and the abstract concept where noise is large (stage III). The map shows where each stage "
        "lies, for every label.",
        (Caption("stages", "Most labels have stage II between p = 0.2 and 0.5, some of them up to p = 1.", 330),),
    ),
    Section(
        "dynamics",
        "Dynamics: a run passes its concept",
        "After the first noisy image everything is deterministic: z(t) is the mean of the encoder, x(t + 1) the mean "
        "of the decoder. One run is a strip of images; many runs of a label are a cloud that moves.",
        (
            Caption("fig1", "Noise goes in a few steps; then the image drifts to what its label has in common.", 104),
            Caption("suppA", "Each row is one run; at its right stands the image of the label's concept.", 680),
            Caption("fig2", "Each panel has axes of its own: two principal components of five steps.", 686),
            Caption("movies", "The same runs, step by step: press Play.", 560),
            Caption("suppB", "At t = 10 the runs are divided in two; the images show the mean of each branch.", 330),
            Caption("fig3", "The curve of the concept has its minimum half way, below that of a straight line.", 386),
            Caption("suppC", "Clusters are no spheres: in units of their own spread the curves keep their form.", 386),
            Caption("suppD", "Shirts and shoes behave as digits do.", 386),
            Caption("suppF", "The thick curve is the run's own label: no other concept comes nearer on average.", 466),
        ),
    ),
    Section(
        "noise",
        "Hierarchy: the noise decides which landmark is nearest",
        "The same runs with more and more noise: the three smallest distances change places twice, and what a "
        "classifier reads in the images changes with them.",
        (
            Caption("fig4a", "Where two bands of errors overlap the stage is undecided, and its background pale.", 380),
            Caption("fig4b", "With more noise the memory is passed later, the concept at much the same step.", 380),
            Caption("fig5a", "What most runs are read as, at every step and every p.", 360),
            Caption("fig5b", "The same for '1'.", 360),
            Caption("fig6", "Where memory, concept and abstract concept lie, and a run among them.", 440),
        ),
    ),
    Section(
        "dimension",
        "Dimension: stage II needs latent units",
        "How many latent units a network has decides how its concepts lie: near each other where there are few, "
        "almost orthogonal where there are enough.",
        (
            Caption("stagesNz", "The same map with a row for every N_z: few units, no stage II.", 304),
            Caption("fig7a", "Units alike for every image are silent; the others carry what is remembered.", 400),
            Caption("fig7b", "So many dimensions hold the variance of all memories.", 300),
            Caption("fig8", "The more units, the nearer to orthogonal, and the clearer the minimum half way.", 520),
            Caption("suppE", "Each matrix compares the ten concepts of one network.", 516),
            Caption("fig9", "How well the networks describe images that they never saw.", 320),
        ),
    ),
    Section(
        "discussion",
        "Discussion: are concepts saddles?",
        "The authors suppose that a concept attracts along the direction of the noise and repels across it. They did "
        "not test it; one step of the map, linearised at each concept, can.",
        (Caption("saddles", "Below 1: attracted; above 1: repelled.", 340),),
    ),
    Section(
        "methods",
        "Methods",
        "Encoder and decoder with one hidden layer of tanh units each, Gaussian latent units, grey values as Bernoulli "
        "means; 1,500 epochs of Adam at three rates, batches of 100, two samples per image.",
        (Caption("fig10", "One pass from left to right is one step.", 260),),
    ),
)  # fmt: skip
"""The map of stages comes first: it is what the paper is about."""
