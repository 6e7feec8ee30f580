"""Models that a worker trains and another process files: no shared disk is needed."""

import tempfile
from pathlib import Path

import torch

from core import files, store, train
from core.config import ModelSpec, Progress, Settings, silent
from core.experiments.states import id_of, state_of
from core.experiments.training import train_model


def train_file(
    spec: ModelSpec, settings: Settings, *, progress: Progress = silent, watch: train.Watch = train.unwatched
) -> bytes:
    """Train a model that another process files: returns the file's content, see `file_model`.

    The state lies in this machine's folder of models and stays, because the content can still be lost on its way;
    `forget_state` ends it.

    Raises: as `train_model`.
    """
    with tempfile.TemporaryDirectory(prefix="latent-trajectories-") as scratch:
        path, state = Path(scratch) / f"{id_of(spec)}.safetensors", state_of(spec, settings)
        train_model(spec, settings, path=path, state=state, keep_state=True, progress=progress, watch=watch)
        return path.read_bytes()


def file_model(content: bytes, spec: ModelSpec, settings: Settings) -> str:
    """File a model that a worker has trained, verified, whole or not at all; returns its id.

    Raises:
        StoreError: It is no usable model, or one of another recipe; nothing is filed.
    """
    path = settings.models / f"{id_of(spec)}.safetensors"
    model = store.model_of(path, content, torch.device("cpu"))
    if model.spec != spec or model.card.weights_sha256 != store.weights_sha256(model.vae):
        raise store.StoreError("What the worker sent is not the model that was asked for. Train it again.")
    files.write_whole(path, content)
    return model.id
