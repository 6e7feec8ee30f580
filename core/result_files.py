"""A result as the bytes of a file, with the recipe that it can be computed from again."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def as_npz(arrays: Mapping[str, np.ndarray], recipe: Mapping[str, Any]) -> bytes:
    """All arrays and the recipe in one file; equal ones give equal bytes."""
    buffer = io.BytesIO()
    named: dict[str, Any] = {"recipe": np.array(json.dumps(recipe)), **arrays}
    np.savez_compressed(buffer, **named)
    return buffer.getvalue()


def as_json(recipe: Mapping[str, Any]) -> str:
    """The recipe, whose `command` computes the same again."""
    return json.dumps(recipe, indent=2) + "\n"
