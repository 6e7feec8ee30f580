"""The specs: frozen plain values that say what to train and what to compute, and the settings of this machine.

A spec is at once the cache key, the command line's arguments, the recipe stamped on every result and the core of a
link. Settings (paths, device, addresses) change where a thing is computed, never what, and are therefore not hashed.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from itertools import product
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import parse_qsl, urlencode

DATASETS = ("mnist", "fashion", "digits")
NOISE_KINDS = ("invert", "permute")
SOURCES = ("original", "decoded")
METRICS = ("euclidean", "mahalanobis")
BASES = ("windowed", "rotated", "fixed")
N_LABELS = 10


class RefusedError(ValueError):
    """What was asked for cannot be done; the message is a sentence with a remedy, fit to be shown to anyone."""


class SpecError(RefusedError):
    """A setting that cannot be used."""


@dataclass(frozen=True)
class Integer:
    """A whole number between two bounds, both allowed."""

    low: int
    high: int

    def check(self, name: str, value: object) -> int:
        value = int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high:
            return value
        raise SpecError(f"{name} must be a whole number from {self.low} to {self.high}, not {shown(value)}.")

    def read(self, name: str, text: str) -> int:
        return self.check(name, int(text) if re.fullmatch(r"-?\d{1,10}", text) else text)


@dataclass(frozen=True)
class Real:
    """A finite number between two bounds, rounded so that equal settings are equal keys."""

    low: float
    high: float
    digits: int = 4

    def check(self, name: str, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high:
            return round(float(value), self.digits) + 0.0  # + 0.0 turns -0.0 into 0.0: one key
        raise SpecError(f"{name} must be a number from {self.low:g} to {self.high:g}, not {shown(value)}.")

    def read(self, name: str, text: str) -> float:
        try:
            return self.check(name, float(text[:32]))
        except ValueError:
            return self.check(name, text)


@dataclass(frozen=True)
class Choice:
    """One word of a short list."""

    words: tuple[str, ...]

    def check(self, name: str, value: object) -> str:
        if isinstance(value, str) and value in self.words:
            return value
        raise SpecError(f"{name} must be one of {', '.join(self.words)}, not {shown(value)}.")

    def read(self, name: str, text: str) -> str:
        return self.check(name, text)


@dataclass(frozen=True)
class Name:
    """A short name that is safe as a file name; empty where a default is found."""

    pattern: str = r"[a-z0-9][a-z0-9-]{0,63}"

    def check(self, name: str, value: object) -> str:
        if isinstance(value, str) and re.fullmatch(self.pattern, value):
            return value
        raise SpecError(f"{name} must be a short name of lower-case letters, digits and '-', not {shown(value)}.")

    def read(self, name: str, text: str) -> str:
        return self.check(name, text)


@dataclass(frozen=True)
class Rates:
    """Learning rates, one per equal part of the run."""

    def check(self, name: str, value: object) -> tuple[float, ...]:
        if isinstance(value, list | tuple) and 1 <= len(value) <= 10:
            return tuple(Real(1e-8, 1.0, 12).check(name, rate) for rate in value)
        raise SpecError(f"{name} must be one to ten learning rates, not {shown(value)}.")

    def read(self, name: str, text: str) -> tuple[float, ...]:
        return self.check(name, [Real(1e-8, 1.0, 12).read(name, part) for part in text.split(",")])


@dataclass(frozen=True)
class Integers:
    """A few whole numbers between two bounds."""

    low: int
    high: int

    def check(self, name: str, value: object) -> tuple[int, ...]:
        if isinstance(value, list | tuple) and 1 <= len(value) <= 50:
            return tuple(Integer(self.low, self.high).check(name, part) for part in value)
        raise SpecError(f"{name} must be one to fifty whole numbers, not {shown(value)}.")

    def read(self, name: str, text: str) -> tuple[int, ...]:
        return self.check(name, [Integer(self.low, self.high).read(name, part) for part in text.split(",")])


Check = Integer | Real | Choice | Name | Rates | Integers


def shown(value: object) -> str:
    """A value as an error message quotes it: one short line whatever was sent."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a very long number"  # Python refuses to print the longest ones
    text = repr(value) if isinstance(value, str | int | float | bool | type(None)) else f"a {type(value).__name__}"
    return text if len(text) <= 40 else text[:37] + "..."


def setting(check: Check, default: Any = MISSING, *, key: str = "", help: str = "") -> Any:
    """A checked dataclass field: how it is validated, its short key in links, and what it means."""
    metadata = {"check": check, "key": key, "help": help}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Spec:
    """Base of all specs: values are checked and normalised at construction.

    Raises:
        SpecError: A value of the wrong type or out of range.
    """

    def __post_init__(self) -> None:
        for item in fields(self):
            checked = item.metadata["check"].check(item.name, getattr(self, item.name))
            object.__setattr__(self, item.name, checked)

    def to_dict(self) -> dict[str, Any]:
        """Plain values by field name, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`; an unknown name is an error (it would silently change the meaning)."""
        unknown = set(values) - {item.name for item in fields(cls)}
        if unknown:
            raise SpecError(f"{cls.__name__} has no setting {shown(sorted(unknown)[0])}. Leave it out.")
        return cls.complete(values)

    @classmethod
    def complete(cls, values: Mapping[str, Any]) -> Self:
        """Build a spec; a value that is needed and was not given is an error."""
        for item in fields(cls):
            if item.name not in values and item.default is MISSING:
                raise SpecError(f"{cls.__name__} needs a {item.name}.")
        return cls(**values)

    def key(self) -> str:
        """SHA-256 of the canonical JSON: the same for equal specs, in every process and on every machine."""
        text = json.dumps({"spec": type(self).__name__} | self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_query(self) -> str:
        """Query string with short keys; defaults are left out. `from_query` reads it back exactly."""
        pairs = [(key_of(item), getattr(self, item.name)) for item in fields(self)]
        kept = [(key, value) for (key, value), item in zip(pairs, fields(self), strict=True) if value != item.default]
        return urlencode([(key, written(value)) for key, value in kept])

    @classmethod
    def from_query(cls, query: str) -> tuple[Self, list[str]]:
        """Read a query string leniently: unknown keys are ignored, bad values fall back.

        Returns:
            The spec, and one sentence for each value that could not be used.
        """
        values, notes = {}, []
        try:
            given = dict(parse_qsl(query.lstrip("?")[:20_000], keep_blank_values=True, max_num_fields=200))
        except ValueError:
            return cls.complete({}), ["The address has too many settings to be read. The defaults are used."]
        for item in fields(cls):
            if key_of(item) in given:
                try:
                    values[item.name] = item.metadata["check"].read(item.name, given[key_of(item)])
                except SpecError as error:
                    if item.default is MISSING:
                        raise
                    notes.append(f"{error} The default, {written(item.default)}, is used.")
        return cls.complete(values), notes


def key_of(item: Field[Any]) -> str:
    """The short key of a field in links; its name where it has none."""
    return item.metadata["key"] or item.name


def written(value: object) -> str:
    """A setting as text: the shortest form that reads back as the same value."""
    if isinstance(value, tuple):
        return ",".join(written(part) for part in value)
    return format(value, ".12g") if isinstance(value, float) else str(value)


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


def recipe(dataset: str, n_latent: int, seed: int = 0) -> ModelSpec:
    """The recipe of the shipped models, fixed before any of them was trained: only the epochs differ."""
    epochs = 1500 if dataset == "digits" else 150 if n_latent >= 100 else 60
    return ModelSpec(dataset=dataset, n_latent=n_latent, epochs=epochs, seed=seed)


ZOO = {
    f"{dataset}-nz{n_latent}-seed{seed}": recipe(dataset, n_latent, seed)
    for dataset, n_latent, seed in (
        *(("digits", n, 0) for n in (10, 2)),
        *(("mnist", n, 0) for n in (100, 50, 20, 14, 10, 8, 6, 4, 2)),
        *(("fashion", n, 0) for n in (100, 20, 10, 2)),
        *(("mnist", 100, seed) for seed in (1, 2)),
    )
}
"""The shipped models by name, in the order in which they are trained."""


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


CLASSIFIERS = {
    "mnist-classifier": ClassifierSpec(dataset="mnist"),
    "fashion-classifier": ClassifierSpec(dataset="fashion"),
    "digits-classifier": ClassifierSpec(dataset="digits", epochs=100, batch_size=32),
}
"""The shipped classifiers by name; the recipe was fixed before any of them was trained."""


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


@dataclass(frozen=True)
class EnsembleSpec(Spec):
    """What all experiments on a model share: where runs start, how pixels are swapped, how many runs for how long."""

    model: str = setting(Name(), help="id of a model: its file name without the ending")
    source: str = setting(Choice(SOURCES), "original", help="start from original images, or from decoded memories")
    noise_kind: str = setting(Choice(NOISE_KINDS), "invert", help="invert pixels, or permute them among each other")
    n_runs: int = setting(Integer(10, 500), 300, help="runs in the ensemble")
    n_steps: int = setting(Integer(5, 200), 60, help="steps T of encode and decode")
    seed: int = setting(Integer(0, 2**31 - 1), 0, help="fixes which pixels are swapped")


@dataclass(frozen=True)
class InferenceSpec(EnsembleSpec):
    """One experiment of repeated inference: a model, a label, a noise, and how many runs for how long."""

    label: int = setting(Integer(0, N_LABELS - 1), 6, help="label of the images")
    sample: int = setting(Integer(0, 499), 17, help="which image of the label the highlighted run starts from")
    noise: float = setting(Real(0, 1), 0.2, help="share p of the pixels that are swapped")
    window: int = setting(Integer(0, 30), 5, help="steps that the PCA of step t looks ahead")
    basis: str = setting(Choice(BASES), "windowed", help="PCA per window, rotated to the one before, or fixed")


@dataclass(frozen=True)
class FigureSpec(InferenceSpec):
    """What a figure of the paper is asked with: each takes of it what it needs."""

    t: int = setting(Integer(0, 200), 10, help="step at which the branches of Supplement B are told apart")

    @property
    def runs(self) -> InferenceSpec:
        """The runs alone, as the explorer asks for them."""
        return InferenceSpec(**{item.name: getattr(self, item.name) for item in fields(InferenceSpec)})


@dataclass(frozen=True)
class NoiseSweepSpec(EnsembleSpec):
    """Minimum distances and stage of an ensemble at p = 0, step, ..., 1 (the paper's Fig. 4, there with 500 runs)."""

    label: int = setting(Integer(0, N_LABELS - 1), 6, help="label of the images")

    @property
    def noises(self) -> tuple[float, ...]:
        """The grid of p: stage II can be narrow, so it is fine."""
        return tuple(round(i / 40, 4) for i in range(41))


@dataclass(frozen=True)
class LabelMapSpec(NoiseSweepSpec):
    """How the decoded images are read at every step and p (the paper's Fig. 5)."""

    n_runs: int = setting(Integer(10, 500), 200, help="runs for each p; the paper has 200")


@dataclass(frozen=True)
class ApproachSpec(EnsembleSpec):
    """Distance to memory and concepts over time, for every label (the paper's Fig. 3 and Supplements C and F)."""

    noise: float = setting(Real(0, 1), 0.2, help="share p of the pixels that are swapped")
    metric: str = setting(Choice(METRICS), "euclidean", help="or in units of the spread of the label's memories")

    def runs_of(self, label: int) -> InferenceSpec:
        """The runs of one label."""
        shared = {item.name: getattr(self, item.name) for item in fields(EnsembleSpec)}
        return InferenceSpec(**shared, noise=self.noise, label=label)


@dataclass(frozen=True)
class BranchSpec(EnsembleSpec):
    """Two clusters of runs at one step (the paper's Supplement B)."""

    label: int = setting(Integer(0, N_LABELS - 1), 1, help="label of the images; the paper shows '1'")
    noise: float = setting(Real(0, 1), 0.2, help="share p of the pixels that are swapped")
    t: int = setting(Integer(0, 200), 10, help="step at which the runs are told apart; 10 in the paper")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.t > self.n_steps:
            raise SpecError(f"t must not be above n_steps = {self.n_steps}, but is {self.t}.")


@dataclass(frozen=True)
class Settings:
    """Where this machine keeps things and what it computes on; from environment variables."""

    data: Path
    models: Path
    cache: Path
    device: str = "auto"
    redis_url: str = ""
    scheduler: str = ""

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read LT_DATA, LT_MODELS, LT_CACHE, LT_DEVICE, LT_SCHEDULER and REDIS_URL; everything has a default."""
        work = Path(environ.get("LT_HOME") or Path.home() / ".latent-trajectories")
        device = environ.get("LT_DEVICE") or "auto"
        Choice(("auto", "cpu", "cuda", "mps")).check("LT_DEVICE", device)
        return Settings(
            data=Path(environ.get("LT_DATA") or work / "data"),
            models=Path(environ.get("LT_MODELS") or work / "models"),
            cache=Path(environ.get("LT_CACHE") or work / "cache"),
            device=device,
            redis_url=environ.get("REDIS_URL", ""),
            scheduler=environ.get("LT_SCHEDULER", ""),
        )


def checked(item: Field[Any]) -> Check:
    """The check of a spec's field."""
    return cast(Check, item.metadata["check"])


Progress = Callable[[float, str], None]
"""Called with the share that is done (0 to 1) and a short text."""


def silent(fraction: float, text: str) -> None:
    """Report nothing: the progress of callers that do not listen."""
