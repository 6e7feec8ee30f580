"""Models that a worker trains and another process files, with what was kept on the way: no shared disk is needed."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core import files, snapshots, store, train
from core.experiments.states import id_of, state_of
from core.experiments.sweeps import compute_sweeps
from core.experiments.training import train_model
from core.library import Library
from core.progress import Progress, silent
from core.session import Session
from core.settings import Settings
from core.specs import READINGS, ModelSpec, NoiseSweepSpec, snapshot_epochs
from core.sweep_files import SWEEPS, save_sweeps

Sweeps = tuple[Mapping[str, Any], Mapping[str, np.ndarray]]
LABEL, MOST_RUNS = 6, 300  # of the stages that are derived: the paper's label


@dataclass(frozen=True)
class TrainedFiles:
    """A model that was trained, and what belongs to it.

    Attributes:
        model: Content of its file.
        snapshots: Content of the file of its snapshots; empty where none were kept.
        sweeps: Recipe and arrays of the stages of '6' by epoch, those of the model itself under its last.
    """

    model: bytes
    snapshots: bytes = b""
    sweeps: Mapping[int, Sweeps] = field(default_factory=dict[int, Sweeps])


def train_file(
    spec: ModelSpec, settings: Settings, *, progress: Progress = silent, watch: train.Watch = train.unwatched
) -> TrainedFiles:
    """Train a model that another process files, see `file_model`.

    The state lies in this machine's folder of models and stays, because the contents can still be lost on their way;
    `forget_state` ends it.

    Args:
        spec: The recipe; with the epochs after which weights are kept on the way, if any are.
        settings: Of this machine.
        progress: Called after every epoch, and before the stages of every age are derived.
        watch: Called after every epoch with the history so far.

    Raises: as `train_model`.
    """
    hooks: dict[str, Any] = {"progress": progress, "watch": watch}
    with tempfile.TemporaryDirectory(prefix="latent-trajectories-") as scratch:
        path, state = Path(scratch) / f"{id_of(spec)}.safetensors", state_of(spec, settings)
        recipe, epochs = spec.part(ModelSpec), snapshot_epochs(spec)
        train_model(recipe, settings, path=path, state=state, keep_state=True, snapshots=epochs, **hooks)
        return contents_of(path, settings, progress)


def contents_of(path: Path, settings: Settings, progress: Progress = silent) -> TrainedFiles:
    """The contents of a model's file and of its snapshots beside it; where it has these, with the stages of every age.

    Args:
        path: The model, in a folder that is written to.
        settings: Of this machine.
        progress: Called before the stages of every age are derived.
    """
    library = Library([(path.parent, "trained here")])
    ages = library.ages(path.stem)
    if not ages:
        return TrainedFiles(path.read_bytes())
    derive_ages(path, settings, progress=lambda _, text: progress(1.0, f"stages of '6', {text}"))
    series = path.with_name(f"{path.stem}{snapshots.ENDING}")
    sweeps = {epoch: library.load_sweeps(id) for epoch, id in ages}
    return TrainedFiles(path.read_bytes(), series.read_bytes(), sweeps)


def derive_ages(model: Path, settings: Settings, *, progress: Progress = silent) -> None:
    """Compute the stages of '6' of a model that was trained now at all ages, from decoded images; file them beside it.

    Raises:
        StoreError: There is no such model.
    """
    library = Library([(model.parent, "trained here")])
    session = Session.open(settings, library=library)
    common = [
        NoiseSweepSpec(model=id, source="decoded", n_runs=min(MOST_RUNS, session.n_memories(id)), label=LABEL)
        for _, id in library.ages(model.stem)
    ]
    compute_sweeps(
        [replace(sweep, noise_kind=kind) for sweep in common for kind in READINGS], session, progress=progress
    )


def file_model(trained: TrainedFiles, spec: ModelSpec, settings: Settings) -> str:
    """File a model that a worker has trained, verified, whole or not at all; returns its id.

    What belongs to it is filed first, because nobody looks for it while there is no model.

    Raises:
        StoreError: It is no usable model, or one of another recipe, or its snapshots are; nothing is filed.
    """
    path, recipe = settings.models / f"{id_of(spec)}.safetensors", spec.part(ModelSpec)
    series = path.with_name(f"{path.stem}{snapshots.ENDING}")
    cpu = torch.device("cpu")
    models = snapshots.models_of(series, trained.snapshots, cpu) if trained.snapshots else {}
    for model in (store.model_of(path, trained.model, cpu), *models.values()):
        if model.spec != recipe or model.card.weights_sha256 != store.weights_sha256(model.vae):
            raise store.StoreError("What the worker sent is not the model that was asked for. Train it again.")
    if models:
        files.write_atomically(series, trained.snapshots)
    for epoch, sweeps in trained.sweeps.items():
        id = models[epoch].id if epoch in models else path.stem
        of = trained.snapshots if epoch in models else trained.model
        save_sweeps(path.with_name(f"{id}{SWEEPS}"), hashlib.sha256(of).hexdigest(), *sweeps)
    files.write_atomically(path, trained.model)
    return path.stem
