"""A frozen result as bytes and back: arrays and JSON, never pickle; nothing that is read can run."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

T = TypeVar("T")
PLAIN = "plain values"  # the name of the tensor that holds, as JSON, what is no array


class ResultError(ValueError):
    """Bytes that are no such result."""


def to_bytes(result: Any) -> bytes:
    """A result in the safetensors format.

    Args:
        result: A dataclass of arrays, plain numbers and texts, of other such dataclasses, and of mappings from numbers
            or texts to any of these.
    """
    arrays: dict[str, np.ndarray] = {}
    plain = json.dumps(_taken_apart(result, "", arrays)).encode()
    return save({**arrays, PLAIN: np.frombuffer(plain, np.uint8)})


def from_bytes(kind: type[T], content: bytes) -> T:
    """The result of a kind.

    Raises:
        ResultError: These bytes are damaged, or of another kind, or of a class that has other fields by now.
    """
    try:
        arrays = load(content)
        plain = json.loads(arrays.pop(PLAIN).tobytes())
        result = _put_together(kind, "", arrays, plain)
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ResultError(f"no {kind.__name__}: {error}") from error
    if arrays or plain:
        raise ResultError(f"no {kind.__name__}: it has more fields")
    return result


def _taken_apart(result: Any, prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    is_mapping = isinstance(result, Mapping)
    members = result.items() if is_mapping else [(item.name, getattr(result, item.name)) for item in fields(result)]
    for key, value in members:
        name = f"{prefix}{key}"
        if isinstance(value, np.ndarray):
            arrays[name] = np.ascontiguousarray(value).reshape(value.shape)
        elif isinstance(value, Mapping):
            plain |= {name: list(value)} | _taken_apart(value, f"{name}.", arrays)
        elif is_dataclass(value):
            plain |= _taken_apart(value, f"{name}.", arrays)
        else:
            plain[name] = value.item() if isinstance(value, np.generic) else value
    return plain


def _put_together(kind: type[T], prefix: str, arrays: dict[str, np.ndarray], plain: dict[str, Any]) -> T:
    return kind(**{name: _member(hint, prefix + name, arrays, plain) for name, hint in _fields_of(kind).items()})


def _member(hint: Any, where: str, arrays: dict[str, np.ndarray], plain: dict[str, Any]) -> Any:
    """What a field or a value of a mapping holds, by its type."""
    if get_origin(hint) is Mapping:
        inner = get_args(hint)[1]
        return {key: _member(inner, f"{where}.{key}", arrays, plain) for key in plain.pop(where)}
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    of_results = [argument for argument in kinds if isinstance(argument, type) and is_dataclass(argument)]
    if of_results and where not in plain:  # None may stand for a result
        return _put_together(of_results[0], f"{where}.", arrays, plain)
    value = arrays.pop(where) if where in arrays else plain.pop(where)
    return tuple(value) if isinstance(value, list) else value


@lru_cache(maxsize=64)
def _fields_of(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in fields(kind)}
