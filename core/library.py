"""The library: all model files of this machine, the shipped ones and its own, with what was derived from them."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from core.config import ModelSpec
from core.data import IMAGE_SHAPES, LABEL_NAMES
from core.spec import Name, RefusedError
from core.store import (
    SHIPPED,
    Model,
    OtherKindError,
    StoreError,
    check_header,
    kept_sha256,
    load_model,
    read_metadata,
    stamp,
    write_whole,
)

ENDING, SWEEPS = ".safetensors", ".sweeps.safetensors"
IMPORTED = "imported"  # the folder, beside the models trained here, of those that somebody brought


@dataclass(frozen=True)
class Entry:
    """One file of the library, read no further than its metadata; `problem` says why it cannot be used."""

    path: Path
    origin: str
    spec: ModelSpec = field(default_factory=ModelSpec)
    card: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    is_model: bool = True

    @property
    def id(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of the images."""
        return IMAGE_SHAPES[self.spec.dataset]

    @property
    def label_names(self) -> tuple[str, ...]:
        """What the labels stand for."""
        return LABEL_NAMES[self.spec.dataset]


def ladder(entries: Iterable[Entry]) -> list[Entry]:
    """One model for every N_z, the smallest first: the one with the lowest seed."""
    lowest = {e.spec.n_latent: e for e in sorted(entries, key=lambda e: -e.spec.seed)}
    return [lowest[n] for n in sorted(lowest)]


class Library:
    """All models of this machine: the shipped ones and those trained here.

    Args:
        folders: (folder, origin) pairs; where two files have the same name the first folder wins.
    """

    def __init__(self, folders: Iterable[tuple[Path, str]]):
        self.folders = tuple(folders)

    @staticmethod
    def of(trained: Path, shipped: Path = SHIPPED) -> "Library":
        """The shipped models and those in the folder of this machine."""
        return Library([(shipped, "shipped"), (trained, "trained here"), (trained / IMPORTED, "imported")])

    def entries(self) -> list[Entry]:
        """Every model file, usable or not, by data set, latent units and id."""
        found: dict[str, Entry] = {}
        for folder, origin in self.folders:
            for path in model_files(folder):
                entry = _entry(path, origin, stamp(path))
                found.setdefault(entry.id, entry)
        models = [entry for entry in found.values() if entry.is_model]
        return sorted(models, key=lambda e: (bool(e.problem), e.spec.dataset, e.spec.n_latent, e.id))

    def usable(self, dataset: str | None = None) -> list[Entry]:
        """The models that can be opened, of one data set if named."""
        return [e for e in self.entries() if not e.problem and dataset in (None, e.spec.dataset)]

    def ladder(self, dataset: str) -> list[Entry]:
        """Of the shipped models one for every N_z, see `ladder`."""
        return ladder([e for e in self.usable(dataset) if e.origin == "shipped"])

    def find(self, id: str) -> Entry:
        """The entry with an id.

        Raises:
            StoreError: There is none, or it cannot be used.
        """
        for folder, origin in self.folders if re.fullmatch(Name().pattern, id) else ():
            path = folder / f"{id}.safetensors"
            if os.path.lexists(path):
                entry = _entry(str(path), origin, stamp(path))
                if entry.problem:
                    raise StoreError(entry.problem)
                return entry
        raise StoreError(f"There is no model '{id[:64]}' here. Choose one of the list, or train it.")

    def files(self, name: str) -> list[Path]:
        """Files of a name that are there, whatever they hold: those of this machine first."""
        return [path for folder, _ in reversed(self.folders) if (path := folder / f"{name}.safetensors").exists()]

    def load(self, id: str, device: torch.device) -> Model:
        """Open a model; kept in memory until its file changes."""
        path = self.find(id).path
        return _loaded(path, device, stamp(path))

    def default(self, dataset: str, n_latent: int) -> Entry:
        """The model of a data set and number of latent units: a shipped one first, then the lowest id.

        Raises:
            StoreError: There is none.
        """
        found = [e for e in self.usable(dataset) if e.spec.n_latent == n_latent]
        if not found:
            raise StoreError(
                f"There is no model of {dataset} with {n_latent} latent units here. "
                f"Train one: python -m core train --dataset {dataset} --n-latent {n_latent}"
            )
        return preferred(found)

    def delete(self, id: str) -> None:
        """Delete a model of this machine, usable or not, with its sweeps.

        Raises:
            StoreError: There is none, or it is a shipped one.
        """
        entry = next((e for e in self.entries() if e.id == id), None)
        if entry is None:
            raise StoreError(f"There is no model '{id[:64]}' here any more.")
        if entry.origin == "shipped":
            raise StoreError(f"'{id}' is shipped with the program and stays. Only models of this machine are deleted.")
        entry.path.with_name(f"{id}{SWEEPS}").unlink(missing_ok=True)
        entry.path.unlink(missing_ok=True)

    def load_sweeps(self, id: str) -> tuple[Mapping[str, Any], Mapping[str, np.ndarray]]:
        """Recipe and arrays of the noise sweeps beside a model; empty where there are none for these weights."""
        path = self.find(id).path
        sweeps = path.with_name(f"{id}{SWEEPS}")
        return _sweeps(sweeps, stamp(sweeps), kept_sha256(path)) if sweeps.exists() else ({}, {})


def model_files(folder: Path) -> list[str]:
    """The files of a folder that may be models, by name; asked for at every question, so without a `Path` for each."""
    try:
        with os.scandir(folder) as there:
            return sorted(file.path for file in there if file.name.endswith(ENDING) and not file.name.endswith(SWEEPS))
    except OSError:  # no such folder
        return []


def preferred(entries: Iterable[Entry]) -> Entry:
    """The model that is shown when nobody names one: a shipped one first, then the lowest id."""
    return min(entries, key=lambda e: (e.origin != "shipped", e.id))


def save_sweeps(path: Path, sha256: str, recipe: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write derived results beside a model, stamped with the SHA-256 of the model's file."""
    tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in arrays.items()}
    write_whole(path, save(tensors, {"sha256": sha256, "recipe": json.dumps(dict(recipe))}))


@lru_cache(maxsize=512)
def _entry(address: str, origin: str, stamp: tuple[int, int]) -> Entry:
    path = Path(address)
    try:
        Name().check("The name of a model's file", path.stem)
        spec, card = read_metadata(path)
        check_header(path, spec)
    except RefusedError as error:
        return Entry(path, origin, problem=str(error), is_model=not isinstance(error, OtherKindError))
    return Entry(path, origin, spec, card)


@lru_cache(maxsize=8)
def _loaded(path: Path, device: torch.device, stamp: tuple[int, int]) -> Model:
    return load_model(path, device)


@lru_cache(maxsize=16)
def _sweeps(path: Path, stamp: tuple[int, int], sha256: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            if metadata.get("sha256") != sha256:
                return {}, {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return json.loads(metadata["recipe"]), arrays
    except (SafetensorError, OSError, ValueError, KeyError):
        return {}, {}
