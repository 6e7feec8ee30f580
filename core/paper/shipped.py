"""Results of the figures with the paper's settings, shipped beside the models: they can be drawn at once.

A file holds what the figure was asked with and what it rests on (its recipe, a line of JSON), and behind it the
compressed result. One that rests on other weights than those here is not used.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, get_type_hints

import brotli

from core import store
from core.files import stamp, write_atomically
from core.paper.figures.figure import Figure
from core.paper.figures.questions import recipe
from core.paper.figures.registry import figure_of
from core.paper.results import FigureResult
from core.result_bytes import ResultError, from_bytes, to_bytes
from core.schema import SpecError
from core.session import Session
from core.specs import FigureSpec

FOLDER = store.SHIPPED / "figures"
LARGEST = 50_000_000  # bytes of a result once it is unpacked
LONGEST = 100_000  # bytes of a recipe


@dataclass(frozen=True)
class ShippedFigure:
    """A figure that is ready: its settings, and the file, in this version, of what it is drawn from."""

    figure: Figure
    spec: FigureSpec
    path: Path
    stamp: tuple[int, ...]

    def result(self) -> FigureResult:
        """What the figure is drawn from.

        Raises:
            StoreError: The file is damaged.
        """
        return _result(self.figure, self.path, self.stamp)


def path_of(id: str, folder: Path = FOLDER) -> Path:
    """The file of a figure."""
    return folder / f"{id}.result.br"


def save_figure(id: str, spec: FigureSpec, result: FigureResult, session: Session, folder: Path = FOLDER) -> Path:
    """Write a result with its recipe; a reader sees the old file or the new one."""
    head = json.dumps(recipe(session, id, spec)).encode()
    path = path_of(id, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, head + b"\n" + brotli.compress(to_bytes(result), quality=11, lgwin=24))
    return path


def shipped_figure(id: str, session: Session, folder: Path = FOLDER) -> ShippedFigure | None:
    """The figure whose result is shipped; None where there is none for the weights of this machine.

    Args:
        id: Of the figure.
        session: Where models are.
        folder: Where the files lie.

    Raises:
        SpecError: There is no such figure.
        StoreError: The file is damaged.
    """
    figure, path = figure_of(id), path_of(id, folder)
    if not path.exists():
        return None
    version = stamp(path)
    own, spec = _recipe(figure, path, version)
    try:
        is_current = recipe(session, id, spec)["weights"] == own["weights"]
    except store.StoreError:
        return None  # its model is not here
    return ShippedFigure(figure, spec, path, version) if is_current else None


@lru_cache(maxsize=64)
def _recipe(figure: Figure, path: Path, stamp: tuple[int, ...]) -> tuple[dict[str, Any], FigureSpec]:
    """Recipe and settings of a file; `stamp` tells its versions apart."""
    with refused(figure, path), path.open("rb") as file:
        own = json.loads(file.readline(LONGEST))
        if own["figure"] != figure.id or not isinstance(own["weights"], dict):
            raise ValueError("of another figure")
        return own, FigureSpec.from_dict(own["spec"])


@lru_cache(maxsize=8)
def _result(figure: Figure, path: Path, stamp: tuple[int, ...]) -> FigureResult:
    """The result of a file."""
    with refused(figure, path):
        return from_bytes(result_type(figure), unpacked(path.read_bytes().partition(b"\n")[2]))


@contextmanager
def refused(figure: Figure, path: Path) -> Iterator[None]:
    """Refuse a damaged file with a sentence."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, SpecError, ResultError, RecursionError, brotli.error) as error:
        raise store.StoreError(
            f"{path.name} holds no result of {figure.number} ({error}). Compute it anew: python -m core figures"
        ) from error


def unpacked(content: bytes) -> bytes:
    """Decompress, but no more than a result can have."""
    reader, result = brotli.Decompressor(), b""
    for start in range(0, len(content), 65536):
        result += reader.process(content[start : start + 65536])
        if len(result) > LARGEST:
            raise ValueError("too large")
    if not reader.is_finished():
        raise ValueError("it is cut off")
    return result


def result_type(figure: Figure) -> type:
    """What a figure is drawn from."""
    return get_type_hints(figure.compute)["return"]
