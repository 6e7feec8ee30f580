"""What a spec is: frozen plain values, each of them checked.

A spec is at once the cache key, the command line's arguments, the recipe stamped on every result and the core of a
link.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from typing import Any, Self, TypeVar, cast
from urllib.parse import parse_qsl, urlencode

Part = TypeVar("Part", bound="Spec")


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
class Packed:
    """An image or a mask as text, see packed_images.py; empty where there is none. Its size is the model's to judge."""

    least: int = 11  # characters: a mask of 8 x 8 pixels has 11, an image of 28 x 28 has 523
    most: int = 1400

    def check(self, name: str, value: object) -> str:
        is_size = isinstance(value, str) and (not value or self.least <= len(value) <= self.most)
        if isinstance(value, str) and is_size and re.fullmatch(r"[A-Za-z0-9_-]*", value):
            return value
        raise SpecError(f"{name} must be an image as a link of the page has it, not {shown(value)}. Draw it anew.")

    def read(self, name: str, text: str) -> str:
        return self.check(name, text)


@dataclass(frozen=True)
class Link:
    """The settings of another screen as its link has them, none of which needs an escape; empty where there is none."""

    without: tuple[str, ...] = ()  # keys that it must not have
    most: int = 2000  # characters

    def check(self, name: str, value: object) -> str:
        pair = r"[A-Za-z_]{1,32}=[A-Za-z0-9._-]*"
        text = value if isinstance(value, str) and len(value) <= self.most else "?"
        keys = {part.partition("=")[0] for part in text.split("&")}
        if re.fullmatch(f"(?:{pair}(?:&{pair})*)?", text) and not keys & set(self.without):
            return text
        raise SpecError(f"{name} must be the settings of a link of the page, not {shown(value)}. Pin that screen anew.")

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
        return self.check(name, [Real(1e-8, 1.0, 12).read(name, number) for number in text.split(",")])


@dataclass(frozen=True)
class Reals:
    """Some numbers between two bounds, each once, the smallest first."""

    low: float
    high: float
    most: int = 201

    def check(self, name: str, value: object) -> tuple[float, ...]:
        if isinstance(value, list | tuple) and 1 <= len(value) <= self.most:
            return tuple(sorted({Real(self.low, self.high).check(name, item) for item in value}))
        raise SpecError(f"{name} must be 1 to {self.most} numbers, not {shown(value)}.")

    def read(self, name: str, text: str) -> tuple[float, ...]:
        return self.check(name, [Real(self.low, self.high).read(name, number) for number in text.split(",")])


@dataclass(frozen=True)
class Integers:
    """Some whole numbers between two bounds."""

    low: int
    high: int
    least: int = 1
    most: int = 50

    def check(self, name: str, value: object) -> tuple[int, ...]:
        if isinstance(value, list | tuple) and self.least <= len(value) <= self.most:
            return tuple(Integer(self.low, self.high).check(name, item) for item in value)
        raise SpecError(f"{name} must be {self.least} to {self.most} whole numbers, not {shown(value)}.")

    def read(self, name: str, text: str) -> tuple[int, ...]:
        return self.check(name, [Integer(self.low, self.high).read(name, number) for number in text.split(",")])


Check = Integer | Real | Choice | Name | Packed | Link | Rates | Reals | Integers


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

    def part(self, kind: type[Part]) -> Part:
        """What another kind of spec asks of this one: the fields that it has."""
        return kind(**{item.name: getattr(self, item.name) for item in fields(kind)})

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
        changed = [
            (key, value) for (key, value), item in zip(pairs, fields(self), strict=True) if value != item.default
        ]
        return urlencode([(key, written(value)) for key, value in changed])

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
                    default = written(item.default)
                    notes.append(f"{error} The default{f', {default},' if 0 < len(default) < 40 else ''} is used.")
        return cls.complete(values), notes


def key_of(item: Field[Any]) -> str:
    """The short key of a field in links; its name where it has none."""
    return item.metadata["key"] or item.name


def written(value: object) -> str:
    """A setting as text: the shortest form that reads back as the same value."""
    if isinstance(value, tuple):
        return ",".join(written(item) for item in value)
    return format(value, ".12g") if isinstance(value, float) else str(value)


def checked(item: Field[Any]) -> Check:
    """The check of a spec's field."""
    return cast(Check, item.metadata["check"])
