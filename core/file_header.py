"""The header of a safetensors file: read within bounds, and before anything is made of the file."""

import json
import math
import os
import re
import stat
import struct
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any, NoReturn

from core.schema import Integer, RefusedError, SpecError, shown

MAX_HEADER = 1_000_000  # bytes of metadata; our own headers have about 3,000
DIMENSION = Integer(0, 10**7)  # of a tensor, on each axis
FLOATS = {"F16": 2, "F32": 4}  # bytes of a value
INTEGERS = {"I8": 1, "U8": 1, "I16": 2, "U16": 2, "I32": 4, "U32": 4, "I64": 8}
OTHERS = {"F64": 8, "BF16": 2, "BOOL": 1, "U64": 8}
Readable = BufferedReader | BytesIO
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError)


class StoreError(RefusedError):
    """A file that is not a usable model."""


class OtherKindError(StoreError):
    """A file of this program, but of another kind."""


@dataclass(frozen=True)
class TensorHeader:
    """A tensor as the header describes it."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Header:
    """What stands before the tensors; `size` is that of a file with this header, in bytes."""

    metadata: Mapping[str, Any]
    tensors: Mapping[str, TensorHeader]
    size: int


def file_name(path: Path) -> str:
    """The name of a file as a sentence quotes it: anyone may have chosen it."""
    return path.name if re.fullmatch(r"[\w.() -]{1,80}", path.name, re.ASCII) else shown(path.name)


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A file to be read.

    Raises:
        StoreError: It cannot be read, or is a folder or a pipe.
    """
    try:
        with open(path, "rb", opener=open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise IsADirectoryError
            yield file
    except IsADirectoryError as error:
        raise StoreError(f"{file_name(path)} is a folder or a pipe and not a file. Remove it.") from error
    except OSError as error:
        raise StoreError(f"{file_name(path)} cannot be read ({error.strerror}). Choose another file.") from error


def open_at_once(path: str, flags: int) -> int:
    """Opens a file as `open` does, but waits for nobody at the other end of a named pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_header(file: Readable) -> Header:
    """The header of a file that is open at its beginning.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError: It is none.
    """
    (length,) = struct.unpack("<Q", file.read(8))
    if length > MAX_HEADER:
        raise ValueError("no safetensors header")
    content = read_json(file.read(length))
    metadata = content.pop("__metadata__")
    tensors = {name: TensorHeader(tensor["dtype"], shape_of(tensor["shape"])) for name, tensor in content.items()}
    widths = FLOATS | INTEGERS | OTHERS
    data = sum(widths[tensor.dtype] * math.prod(tensor.shape) for tensor in tensors.values())
    return Header({str(name): value for name, value in metadata.items()}, tensors, 8 + length + data)


def read_json(text: str | bytes) -> Any:
    """Plain JSON, without the NaN and Infinity that Python adds to it.

    Raises:
        ValueError, RecursionError: It is none.
    """
    return json.loads(text, parse_constant=refuse_constant)


def refuse_constant(word: str) -> NoReturn:
    """Called for the names that are no numbers of JSON."""
    raise SpecError(f"{word} is not a number")


def shape_of(values: Collection[object]) -> tuple[int, ...]:
    """The shape of a tensor.

    Raises:
        ValueError, TypeError: It is none.
    """
    if not isinstance(values, list) or len(values) > 4:
        raise TypeError("no shape of a tensor here")
    return tuple(DIMENSION.check("a dimension", value) for value in values)


def check_tensors(
    name: str,
    tensors: Mapping[str, TensorHeader],
    expected: Mapping[str, tuple[int, ...]],
    integers: Collection[str] = (),
) -> None:
    """Refuse tensors that are missing, too many, of another shape or of another type.

    Args:
        name: Of the file.
        tensors: The tensors that it has.
        expected: Names and shapes of those that it must have.
        integers: Those among them that hold whole numbers; the others hold float16 or float32.

    Raises:
        StoreError: Names the first tensor that does not fit.
    """
    for key in tensors.keys() - expected.keys():
        raise StoreError(f"{name} has a tensor {shown(key)} that does not belong there. Export it again without.")
    for key, shape in expected.items():
        if key not in tensors:
            raise StoreError(f"{name} has no tensor '{key}'. Export it again from the program that made it.")
        if tensors[key].shape != shape:
            actual = "x".join(map(str, tensors[key].shape)) or "a single number"
            raise StoreError(f"{name}: '{key}' should be {'x'.join(map(str, shape))} for its recipe, but is {actual}.")
        if tensors[key].dtype not in (INTEGERS if key in integers else FLOATS):
            right = "whole numbers" if key in integers else "float16 or float32"
            raise StoreError(f"{name}: '{key}' should be {right}, but is {shown(tensors[key].dtype)}. Export it again.")
