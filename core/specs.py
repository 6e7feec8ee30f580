"""The specs: what to train, and what to compute."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from core.schema import Choice, Integer, Integers, Name, Packed, Rates, Real, Reals, Spec, SpecError, setting

DATASETS = ("mnist", "fashion", "digits")
READINGS = ("permute", "invert")
"""How the paper's "swapped" can be read; claims and shipped sweeps have both."""
NOISE_KINDS = (*READINGS, "salt")
SOURCES = ("original", "decoded")
METRICS = ("euclidean", "mahalanobis")
BASES = ("windowed", "rotated", "fixed")
N_LABELS = 10


@dataclass(frozen=True)
class ModelSpec(Spec):
    """What to train: the paper's recipe, its silent points filled in as marked (see the README)."""

    dataset: str = setting(Choice(DATASETS), "mnist", help="data set to train on")
    n_latent: int = setting(Integer(1, 512), 100, help="latent units N_z; the paper's default is 100")
    n_hidden: int = setting(Integer(1, 8192), 1024, help="hidden units of encoder and decoder; the paper: 1024")
    epochs: int = setting(Integer(1, 5000), 90, help="passes over the training set; the paper: 1500")
    batch_size: int = setting(Integer(1, 10_000), 100, help="images a step; not stated in the paper")
    n_samples: int = setting(Integer(1, 64), 2, help="latent samples L that the reconstruction is averaged over")
    learning_rates: tuple[float, ...] = setting(
        Rates(), (5e-4, 1e-4, 5e-5), help="Adam's rates, each for an equal part of the run"
    )
    beta: float = setting(Real(0, 100), 1.0, help="weight of the KL term; 1 in the paper")
    binarize: str = setting(
        Choice(("no", "threshold", "sample")), "no", help="grey values as they are, cut at 0.5, or drawn anew each time"
    )
    seed: int = setting(Integer(0, 2**31 - 1), 0, help="fixes initial weights, order of images and latent samples")
    precision: str = setting(
        Choice(("bfloat16", "float32")),
        "bfloat16",
        help="of the matrix products, where the machine has it; all else is float32",
    )
    initialisation: str = setting(
        Choice(("glorot", "torch")), "glorot", help="Glorot uniform with zero biases (Keras 2.0.2), or torch's default"
    )


@dataclass(frozen=True)
class SeriesSpec(ModelSpec):
    """A training, and the epochs after which its weights were kept on the way."""

    kept: tuple[int, ...] = setting(Integers(1, 5000), (1, 5, 20, 60, 150, 500), help="epochs, in their order")

    def __post_init__(self) -> None:
        super().__post_init__()
        if sorted(set(self.kept)) != list(self.kept) or self.kept[-1] >= self.epochs:
            raise SpecError(f"snapshots must be epochs in their order, each once, before the last, {self.epochs}.")


def with_snapshots(spec: ModelSpec, epochs: Iterable[int]) -> ModelSpec:
    """A training that keeps its weights after some epochs, in any order; the plain recipe where there are none.

    Raises:
        SpecError: They are no epochs before the last.
    """
    ordered, plain = tuple(sorted(set(epochs))), spec.part(ModelSpec)
    return SeriesSpec(**plain.to_dict(), kept=ordered) if ordered else plain


def snapshot_epochs(spec: ModelSpec) -> tuple[int, ...]:
    """The epochs after which a training keeps its weights on the way."""
    return spec.kept if isinstance(spec, SeriesSpec) else ()


def training_of(values: Mapping[str, Any]) -> ModelSpec:
    """The inverse of `to_dict` for a training, whether it keeps weights on the way or not.

    Raises:
        SpecError: As `Spec.from_dict`.
    """
    return (SeriesSpec if "kept" in values else ModelSpec).from_dict(values)


@dataclass(frozen=True)
class ClassifierSpec(Spec):
    """How the network that names images is trained: the paper's Fig. 5, its silent points filled in."""

    dataset: str = setting(Choice(DATASETS), "mnist", help="data set to train on")
    epochs: int = setting(Integer(1, 5000), 8, help="passes over the training set; the shipped one of the digits: 100")
    batch_size: int = setting(Integer(1, 10_000), 128, help="images a step; the shipped one of the digits: 32")
    learning_rate: float = setting(Real(1e-8, 1, 12), 1e-3, help="Adam's rate at first; it falls evenly to zero")
    seed: int = setting(Integer(0, 2**31 - 1), 0, help="fixes initial weights, order of images and dropout")
    precision: str = setting(
        Choice(("bfloat16", "float32")),
        "bfloat16",
        help="of the products while training, where the machine has it; all else is float32",
    )


@dataclass(frozen=True)
class GridSpec(Spec):
    """Trainings of every N_z with each learning rate and batch size (the paper's Fig. 9: the best of nine)."""

    dataset: str = setting(Choice(DATASETS), "mnist", help="data set to train on")
    n_latents: tuple[int, ...] = setting(Integers(1, 512), (2, 4, 6, 8, 10, 14, 20, 50, 100), help="latent units N_z")
    learning_rates: tuple[float, ...] = setting(
        Rates(), (1e-2, 1e-3, 1e-4), help="Adam's rates to compare, each of them constant"
    )
    batch_sizes: tuple[int, ...] = setting(Integers(1, 10_000), (50, 100, 200), help="batch sizes to compare")
    epochs: int = setting(Integer(1, 5000), 100, help="passes over the training set; the paper: 100")
    seed: int = setting(Integer(0, 2**31 - 1), 0, help="fixes initial weights, order of images and latent samples")

    @property
    def cells(self) -> tuple[ModelSpec, ...]:
        """The trainings, N_z by N_z, rate by rate, batch size by batch size."""
        return tuple(
            ModelSpec(
                dataset=self.dataset,
                n_latent=n_latent,
                epochs=self.epochs,
                batch_size=batch_size,
                learning_rates=(rate,),
                seed=self.seed,
            )
            for n_latent, rate, batch_size in product(self.n_latents, self.learning_rates, self.batch_sizes)
        )


SOME_RUNS = Integers(0, 499, least=0, most=499)
NOISES = tuple(round(i / 40, 4) for i in range(41))
"""The grid of p of the shipped sweeps: 0, 0.025, ..., 1."""


@dataclass(frozen=True)
class ExperimentSpec(Spec):
    """What all experiments on a model share: where runs start, how pixels are swapped, how many runs for how long."""

    model: str = setting(Name(), help="id of a model: its file name without the ending")
    source: str = setting(Choice(SOURCES), "original", help="start from original images, or from decoded memories")
    noise_kind: str = setting(
        Choice(NOISE_KINDS),
        "permute",
        help="selected pixels exchange their intensities, are inverted, or become white or black",
    )
    n_runs: int = setting(Integer(10, 500), 300, help="runs in the ensemble")
    n_steps: int = setting(Integer(5, 200), 60, help="steps T of encode and decode")
    seed: int = setting(Integer(0, 2**31 - 1), 0, help="fixes which pixels are swapped")


@dataclass(frozen=True)
class EnsembleSpec(ExperimentSpec):
    """Runs from images of one label, with one noise."""

    label: int = setting(Integer(0, N_LABELS - 1), 6, help="label of the images")
    noise: float = setting(Real(0, 1), 0.2, help="share p of the pixels that are swapped")


@dataclass(frozen=True)
class HighlightedSpec(ExperimentSpec):
    """What one run alone starts from, and how it alone is damaged besides."""

    sample: int = setting(Integer(0, 499), 17, help="which image of the label the highlighted run starts from")
    own: str = setting(Packed(), "", help="an image of one's own instead, as the page packs it")
    covered: str = setting(Packed(), "", help="mask of the pixels of x(0) that are covered, packed alike")
    damage_step: int = setting(Integer(0, 200), 0, help="step t at which pixels of x(t) are swapped once more; 0: none")
    damage_noise: float = setting(Real(0, 1), 0.0, help="share p of the pixels that are swapped then")

    @property
    def is_damaged(self) -> bool:
        """Whether pixels are swapped once more on the way: after the last step, or of no pixel, that is none."""
        return 0 < self.damage_step <= self.n_steps and self.damage_noise > 0


@dataclass(frozen=True)
class RunSpec(HighlightedSpec, EnsembleSpec):
    """One of these runs, or one from an image of one's own."""


@dataclass(frozen=True)
class EmbeddingSpec(EnsembleSpec):
    """The plane that these runs are shown in."""

    window: int = setting(Integer(0, 30), 5, help="steps that the PCA of step t looks ahead")
    basis: str = setting(Choice(BASES), "windowed", help="PCA per window, rotated to the one before, or fixed")


@dataclass(frozen=True)
class InferenceSpec(RunSpec, EmbeddingSpec):
    """What a screen shows: an ensemble in its plane, and the run that is highlighted."""


@dataclass(frozen=True)
class FigureSpec(InferenceSpec):
    """What a figure of the paper is asked with: each takes of it what it needs."""

    t: int = setting(Integer(0, 200), 10, help="step at which the branches of Supplement B are told apart")
    chosen: tuple[int, ...] = setting(SOME_RUNS, (), help="runs of one of these branches; two clusters where none")


@dataclass(frozen=True)
class NoiseSweepSpec(ExperimentSpec):
    """Minimum distances and stage of an ensemble at many p (the paper's Fig. 4, there with 500 runs)."""

    label: int = setting(Integer(0, N_LABELS - 1), 6, help="label of the images")
    noises: tuple[float, ...] = setting(
        Reals(0, 1), NOISES, help="values of p; else 0, 0.025, ..., 1: stage II can be narrow"
    )


@dataclass(frozen=True)
class RunFilmSpec(HighlightedSpec, NoiseSweepSpec):
    """One of the runs of a label at many p, or one from an image of one's own."""


@dataclass(frozen=True)
class LabelMapSpec(NoiseSweepSpec):
    """How the decoded images are read at every step and p (the paper's Fig. 5)."""

    n_runs: int = setting(Integer(10, 500), 200, help="runs for each p; the paper has 200")


@dataclass(frozen=True)
class ApproachSpec(ExperimentSpec):
    """Distance to memory and concepts over time, for every label (the paper's Fig. 3 and Supplements C and F)."""

    noise: float = setting(Real(0, 1), 0.2, help="share p of the pixels that are swapped")
    metric: str = setting(Choice(METRICS), "euclidean", help="or in units of the spread of the label's memories")

    def runs_of(self, label: int) -> EnsembleSpec:
        """The runs of one label."""
        return EnsembleSpec(**self.part(ExperimentSpec).to_dict(), noise=self.noise, label=label)


@dataclass(frozen=True)
class DynamicsSpec(ExperimentSpec):
    """How one step moves what is near the concepts, and the noise among it."""

    noise: float = setting(Real(0, 1), 0.2, help="share p of the pixels that are swapped")

    def runs_of(self, label: int) -> EnsembleSpec:
        """The runs of one label."""
        return EnsembleSpec(**self.to_dict(), label=label)


@dataclass(frozen=True)
class BranchSpec(EnsembleSpec):
    """Two clusters of runs at one step, or some runs and the others (the paper's Supplement B)."""

    label: int = setting(Integer(0, N_LABELS - 1), 1, help="label of the images; the paper shows '1'")
    t: int = setting(Integer(0, 200), 10, help="step at which the runs are told apart; 10 in the paper")
    chosen: tuple[int, ...] = setting(SOME_RUNS, (), help="runs of the first branch; two clusters where none")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.chosen and (max(self.chosen) >= self.n_runs or len(set(self.chosen)) == self.n_runs):
            raise SpecError(f"chosen must be some of the {self.n_runs} runs, from 0 on, and leave others.")
        if self.t > self.n_steps:
            raise SpecError(f"t must not be above n_steps = {self.n_steps}, but is {self.t}.")
