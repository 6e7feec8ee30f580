"""The library: all model files of this machine, the shipped ones and its own, with what was derived from them."""

import glob
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core import snapshots
from core.data import IMAGE_SHAPES, LABEL_NAMES
from core.file_header import OtherKindError, StoreError
from core.files import stamp
from core.model_card import ModelCard
from core.schema import Name, RefusedError, shown
from core.specs import ModelSpec
from core.store import (
    SHIPPED,
    Model,
    cached_sha256,
    load_model,
    read_metadata,
)
from core.sweep_files import SWEEPS, read_sweeps
from core.zoo import ZOO

ENDING = ".safetensors"
BESIDE = (SWEEPS, snapshots.ENDING)  # of what lies beside a model
IMPORTED = "imported"  # the folder, beside the models trained here, of those that somebody brought; also their origin
RESERVED = re.compile(r"-classifier$|sweeps$|snapshots$|-epoch\d+$|^elbo-grid|^claims-")  # names of what is derived


@dataclass(frozen=True)
class Entry:
    """One file of the library, read no further than its metadata; `problem` says why it cannot be used.

    Of a snapshot `epoch` says how far the training of `spec` was; 0 of a model at its end.
    """

    path: Path
    origin: str
    spec: ModelSpec = field(default_factory=ModelSpec)
    card: ModelCard = field(default_factory=ModelCard)
    problem: str = ""
    is_model: bool = True
    epoch: int = 0

    @property
    def id(self) -> str:
        """The file's name without its ending; in place of one that is no id, an id that anything can quote."""
        if self.epoch:
            return snapshots.snapshot_id(self.path.name.removesuffix(snapshots.ENDING), self.epoch)
        stem = self.path.stem
        if is_name(stem):
            return stem
        return f"{shown(stem)} {hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]}"

    @property
    def size(self) -> int:
        """Bytes of the file; none where it is gone by now."""
        return (*stamp(self.path), 0, 0)[1]

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of the images."""
        return IMAGE_SHAPES[self.spec.dataset]

    @property
    def label_names(self) -> tuple[str, ...]:
        """What the labels stand for."""
        return LABEL_NAMES[self.spec.dataset]


def one_per_n_latent(entries: Iterable[Entry]) -> list[Entry]:
    """One model for every N_z, the smallest first: of those whose beta is nearest to the paper's the lowest seed."""
    order = sorted(entries, key=lambda e: (apart_from_paper(e), e.spec.seed, e.id), reverse=True)
    first = {e.spec.n_latent: e for e in order}
    return [first[n] for n in sorted(first)]


def apart_from_paper(entry: Entry) -> float:
    """How far the weight of a model's KL term is from the paper's, which is 1."""
    return abs(entry.spec.beta - 1)


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
        entries: dict[str, Entry] = {}
        for folder, origin in self.folders:
            for path in model_files(folder):
                entry = _entry(path, origin, stamp(path))
                if entry.is_model:
                    entries.setdefault(entry.id, entry)
        return sorted(entries.values(), key=lambda e: (bool(e.problem), e.spec.dataset, e.spec.n_latent, e.id))

    def usable(self, dataset: str | None = None) -> list[Entry]:
        """The models that can be opened, of one data set if named."""
        return [e for e in self.entries() if not e.problem and dataset in (None, e.spec.dataset)]

    def one_per_n_latent(self, dataset: str) -> list[Entry]:
        """Of the shipped models one for every N_z, see `one_per_n_latent`."""
        return one_per_n_latent([e for e in self.usable(dataset) if e.origin == "shipped"])

    def entry(self, id: str) -> Entry:
        """The entry with an id, which may be that of a snapshot: `entries` lists none of those.

        Raises:
            StoreError: There is none, or it cannot be used.
        """
        for folder, origin in self.folders if is_name(id) else ():
            path = folder / f"{id}.safetensors"
            if os.path.lexists(path):
                entry = _entry(str(path), origin, stamp(path))
                if entry.problem:
                    raise StoreError(entry.problem)
                return entry
        name, epoch = snapshots.model_and_epoch(id) if is_name(id) else ("", 0)
        entry = self.snapshots(name).get(epoch) if epoch else None
        if entry is None:
            raise StoreError(
                f"There is no model {shown(id)} here, or not any more. Choose one of the list, or train it."
            )
        return entry

    def snapshots(self, id: str) -> dict[int, Entry]:
        """The snapshots of a model's training by their epochs, which its file of them names; empty without one.

        Raises:
            StoreError: There is no such model, or the file is damaged.
        """
        model = self.entry(id)
        path = model.path.with_name(f"{id}{snapshots.ENDING}")
        if model.epoch or not path.exists():
            return {}
        spec, cards = _series(path, stamp(path))
        if spec != model.spec:  # the model was trained anew
            return {}
        return {epoch: Entry(path, model.origin, spec, card, epoch=epoch) for epoch, card in cards.items()}

    def base(self, id: str) -> str:
        """The model whose age an id names; the id itself where it is that of no snapshot."""
        return snapshots.model_and_epoch(id)[0]

    def ages(self, id: str) -> list[tuple[int, str]]:
        """Epochs and ids of a model at all ages that were kept, its end included; empty where only that is here.

        Raises:
            StoreError: There is no such model.
        """
        model = self.entry(self.base(id))
        try:
            by_epoch = self.snapshots(model.id)
        except StoreError:
            return []  # whoever opens a snapshot is told what is wrong with the file
        ages = [(epoch, snapshot.id) for epoch, snapshot in sorted(by_epoch.items())]
        return [*ages, (model.spec.epochs, model.id)] if ages else []

    def files(self, name: str) -> list[Path]:
        """Files of a name that are there, whatever they hold: those trained here first, and never an imported one."""
        own = [folder for folder, origin in reversed(self.folders) if origin != IMPORTED]
        return [path for folder in own if (path := folder / f"{name}{ENDING}").exists()]

    def load(self, id: str, device: torch.device) -> Model:
        """Open a model; kept in memory until its file changes."""
        entry = self.entry(id)
        if entry.epoch:
            return snapshots.load_snapshot(entry.path, entry.epoch, device)
        return _loaded(entry.path, device, stamp(entry.path))

    def default(self, dataset: str, n_latent: int, beta: float | None = None) -> Entry:
        """The model of a data set and number of latent units: see `preferred`.

        Args:
            dataset: Name of the data set.
            n_latent: Latent units.
            beta: Weight of the KL term; the one nearest to 1 where none is named.

        Raises:
            StoreError: There is none.
        """
        entries = [e for e in self.usable(dataset) if e.spec.n_latent == n_latent and beta in (None, e.spec.beta)]
        if not entries:
            raise StoreError(
                f"There is no model of {dataset} with {n_latent} latent units here. "
                f"Train one: python -m core train --dataset {dataset} --n-latent {n_latent}"
            )
        return preferred(entries)

    def delete(self, id: str) -> None:
        """Delete a model of this machine, usable or not, with its sweeps, and its snapshots with theirs.

        Raises:
            StoreError: There is none, it is a shipped one, or its file cannot be removed; then nothing is lost.
        """
        entry = next((e for e in self.entries() if e.id == id), None)
        if entry is None:
            raise StoreError(f"There is no model {shown(id)} here any more.")
        if entry.origin == "shipped":
            raise StoreError(f"'{id}' is shipped with the program and stays. Only models of this machine are deleted.")
        try:
            entry.path.rmdir() if entry.path.is_dir() and not entry.path.is_symlink() else entry.path.unlink()
            for path in beside(entry.path):  # of no use without the model
                path.unlink(missing_ok=True)
        except FileNotFoundError as error:
            raise StoreError(f"There is no model {shown(id)} here any more.") from error
        except OSError as error:
            raise StoreError(
                f"{shown(id)} could not be deleted ({error.strerror}). Make its folder writable, or remove it by hand."
            ) from error

    def load_sweeps(self, id: str) -> tuple[Mapping[str, Any], Mapping[str, np.ndarray]]:
        """Recipe and arrays of the noise sweeps beside a model; empty where there are none for these weights."""
        path = self.entry(id).path
        sweeps = path.with_name(f"{id}{SWEEPS}")
        return read_sweeps(sweeps, cached_sha256(path))


def model_files(folder: Path) -> list[str]:
    """The files of a folder that may be models, by name; asked for at every question, so without a `Path` for each."""
    try:
        with os.scandir(folder) as files:
            return sorted(file.path for file in files if file.name.endswith(ENDING) and not file.name.endswith(BESIDE))
    except OSError:  # no such folder
        return []


def beside(model: Path) -> list[Path]:
    """The files that were derived from a model or its snapshots: there, or not."""
    id = model.stem
    of_snapshots = model.parent.glob(f"{glob.escape(snapshots.snapshot_id(id, 0)[:-1])}*{SWEEPS}")
    return [*(model.with_name(f"{id}{ending}") for ending in BESIDE), *of_snapshots]


def preferred(entries: Iterable[Entry]) -> Entry:
    """The model that is shown when nobody names one: beta nearest to 1, shipped before imported, the lowest id."""
    return min(entries, key=lambda e: (apart_from_paper(e), e.origin != "shipped", e.origin == IMPORTED, e.id))


def is_name(text: str) -> bool:
    """Whether a text can be the id of a model."""
    return re.fullmatch(Name().pattern, text) is not None


def is_reserved(name: str) -> bool:
    """Whether a name belongs to what is shipped or trained, so that an import must not have it."""
    return name in ZOO or RESERVED.search(name) is not None


@lru_cache(maxsize=512)
def _entry(address: str, origin: str, stamp: tuple[int, ...]) -> Entry:
    path = Path(address)
    try:
        Name().check("The name of a model's file", path.stem)
        if origin == IMPORTED and is_reserved(path.stem):
            raise StoreError(f"{path.name} has a name that is reserved. Delete it, and import it by another name.")
        spec, card = read_metadata(path)
    except OtherKindError as error:
        return Entry(path, origin, problem=str(error), is_model=origin == IMPORTED)
    except RefusedError as error:
        return Entry(path, origin, problem=str(error))
    return Entry(path, origin, spec, card)


@lru_cache(maxsize=8)
def _loaded(path: Path, device: torch.device, stamp: tuple[int, ...]) -> Model:
    return load_model(path, device)


@lru_cache(maxsize=64)
def _series(path: Path, stamp: tuple[int, ...]) -> tuple[ModelSpec, dict[int, ModelCard]]:
    return snapshots.read_series(path)
