"""The noise sweeps of a model, in a file beside it, which is of use with these weights alone."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from core.file_header import read_json
from core.files import stamp, write_atomically

SWEEPS = ".sweeps.safetensors"  # in place of the ending of the model's file


def save_sweeps(path: Path, sha256: str, recipe: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write derived results beside a model, stamped with the SHA-256 of the model's file."""
    tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in arrays.items()}
    write_atomically(path, save(tensors, {"sha256": sha256, "recipe": json.dumps(dict(recipe))}))


def read_sweeps(path: Path, sha256: str) -> tuple[Mapping[str, Any], Mapping[str, np.ndarray]]:
    """Recipe and arrays of a file of sweeps, cached until it changes.

    Args:
        path: The file.
        sha256: Of the model's file; both are empty where the sweeps are of another one, or no file is there.
    """
    return _read(path, stamp(path), sha256) if path.exists() else ({}, {})


@lru_cache(maxsize=16)
def _read(path: Path, stamp: tuple[int, ...], sha256: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            if metadata.get("sha256") != sha256:
                return {}, {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            recipe = read_json(metadata["recipe"])
            return (recipe, arrays) if isinstance(recipe, dict) else ({}, {})
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}, {}
