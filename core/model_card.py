"""Model cards: what a file says about its network, read as checked numbers and short strings and nothing else.

A file can come from anyone and its card is shown on pages, so nothing in it is taken as it stands. Names that this
version does not know are left out: another version may write more, and nobody here reads them.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from core.schema import Integer, Real, SpecError, shown


@dataclass(frozen=True)
class Finite(Real):
    """A finite number between two bounds, every digit kept: a card is a record, not a key."""

    digits: int = 12


@dataclass(frozen=True)
class Text:
    """One short line."""

    most: int = 200

    def check(self, name: str, value: object) -> str:
        if isinstance(value, str) and len(value) <= self.most and value.isprintable():
            return value
        raise SpecError(f"{name} must be a line of at most {self.most} characters, not {shown(value)}.")


@dataclass(frozen=True)
class Sequence:
    """Some values of one kind."""

    of: Integer | Finite | Text
    most: int

    def check(self, name: str, value: object) -> tuple[Any, ...]:
        if isinstance(value, list | tuple) and len(value) <= self.most:
            return tuple(self.of.check(name, item) for item in value)
        raise SpecError(f"{name} must be a list of at most {self.most} values, not {shown(value)}.")


@dataclass(frozen=True)
class Versions:
    """Programs and their versions."""

    most: int = 20

    def check(self, name: str, value: object) -> tuple[tuple[str, str], ...]:
        pairs = value if isinstance(value, tuple) else list(value.items()) if isinstance(value, Mapping) else None
        if pairs is None or len(pairs) > self.most or any(len(pair) != 2 for pair in pairs):
            raise SpecError(f"{name} must name at most {self.most} programs, not {shown(value)}.")
        line = Text(64)
        return tuple((line.check(name, program), line.check(name, version)) for program, version in pairs)


def given(check: Finite | Integer | Text | Sequence | Versions) -> Any:
    """A field of a card: None where the file has none."""
    return field(default=None, metadata={"check": check})


SIZE = Finite(-1e9, 1e9)  # nats, squared norms, seconds: far more than any of them can be
COUNT = Integer(0, 10**9)
MOST_SNAPSHOTS = 50  # of a training


@dataclass(frozen=True)
class Card:
    """What the cards of all files have; a value that a file does not give is None.

    Raises:
        SpecError: A value that cannot be one of a card.
    """

    image_shape: tuple[int, ...] | None = given(Sequence(COUNT, 2))
    label_names: tuple[str, ...] | None = given(Sequence(Text(40), 10))
    seconds: float | None = given(Finite(0, 1e9))
    machine: str | None = given(Text())
    weights_sha256: str | None = given(Text(64))
    versions: tuple[tuple[str, str], ...] | None = given(Versions())

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is not None:
                object.__setattr__(self, item.name, item.metadata["check"].check(item.name, value))

    @classmethod
    def read(cls, values: object, *, image_shape: tuple[int, ...], label_names: tuple[str, ...]) -> Self:
        """The card that a file holds.

        Args:
            values: As JSON gives them.
            image_shape: That of the data set of the file's recipe, with which the card has to agree.
            label_names: Those of that data set.

        Raises:
            SpecError: A value that cannot be one of a card, or images of another data set.
        """
        if not isinstance(values, Mapping):
            raise SpecError(f"the card must be an object, not {shown(values)}.")
        card = cls(**{item.name: values[item.name] for item in fields(cls) if item.name in values})
        if card.image_shape not in (None, image_shape) or card.label_names not in (None, label_names):
            raise SpecError("image_shape and label_names of the card are not those of its data set.")
        return card

    def to_dict(self) -> dict[str, Any]:
        """Plain values by name, ready for JSON; what is not known is left out."""
        known = {name: value for name, value in asdict(self).items() if value is not None}
        return known | ({"versions": dict(known["versions"])} if "versions" in known else {})


@dataclass(frozen=True)
class ModelCard(Card):
    """What was measured of a model: bounds in nats per image, activity of its latent units, the history of its test."""

    test_negative_elbo: float | None = given(SIZE)
    test_kl: float | None = given(SIZE)
    test_samples: int | None = given(COUNT)
    active_units: int | None = given(COUNT)
    contribution_ratio: tuple[float, ...] | None = given(Sequence(SIZE, 512))
    orthogonality_gap: float | None = given(SIZE)
    test_epochs: tuple[int, ...] | None = given(Sequence(COUNT, 5000))
    test_curve: tuple[float, ...] | None = given(Sequence(SIZE, 5000))

    @property
    def history(self) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Epochs and test bounds; empty where the card does not hold as many of both."""
        epochs, curve = self.test_epochs or (), self.test_curve or ()
        return (epochs, curve) if len(epochs) == len(curve) else ((), ())


@dataclass(frozen=True)
class SeriesCard:
    """The cards of the snapshots of a training, in the order of their epochs."""

    cards: tuple[ModelCard, ...]

    @classmethod
    def read(cls, values: object, *, image_shape: tuple[int, ...], label_names: tuple[str, ...]) -> Self:
        """The cards that a file holds: see `Card.read`.

        Raises:
            SpecError: No list of cards, or one with too many.
        """
        cards = values.get("cards") if isinstance(values, Mapping) else None
        if not isinstance(cards, list) or len(cards) > MOST_SNAPSHOTS:
            raise SpecError(f"the card must be a list of at most {MOST_SNAPSHOTS} cards, not {shown(cards)}.")
        return cls(tuple(ModelCard.read(card, image_shape=image_shape, label_names=label_names) for card in cards))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {"cards": [card.to_dict() for card in self.cards]}


@dataclass(frozen=True)
class ClassifierCard(Card):
    """What was measured of a classifier."""

    test_accuracy: float | None = given(Finite(0, 1))
    epochs: int | None = given(COUNT)


def measured(value: float, digits: int) -> float | None:
    """A number for a card; None where it is not finite, as of a network that has collapsed."""
    return round(float(value), digits) if math.isfinite(value) else None
