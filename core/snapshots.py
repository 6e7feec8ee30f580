"""Snapshots of a training: its weights after some epochs, with concepts and memories, in one file beside the model.

Each opens as a model of its own, whose id names the epoch. The last epoch is not among them: that is the model itself.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from core.file_header import Header, StoreError, file_name, opened
from core.files import stamp, write_atomically
from core.model_card import ModelCard, SeriesCard
from core.specs import N_LABELS, ModelSpec, SeriesSpec
from core.store import Model, content_of, load_model, network_of, read_content, recipe_of, unpacked
from core.tensor_shapes import MEMORIES, Shapes, weight_shapes

ENDING = ".snapshots.safetensors"
NAMED = re.compile(r"(.+)-epoch([1-9]\d{0,3})")
N_MEMORIES = 100  # of every label


def snapshot_id(id: str, epoch: int) -> str:
    """The id of a snapshot of a model.

    Example:
        >>> snapshot_id("mnist-nz100-seed3", 60)
        'mnist-nz100-seed3-epoch60'
    """
    return f"{id}-epoch{epoch}"


def model_and_epoch(id: str) -> tuple[str, int]:
    """The inverse of `snapshot_id`; the id itself and 0 where it is that of no snapshot."""
    named = NAMED.fullmatch(id)
    return (named[1], int(named[2])) if named else (id, 0)


def save_series(path: Path, parts: Mapping[int, Path]) -> None:
    """Join model files, each of an epoch of one training, to the file of its snapshots, whole or not at all.

    Args:
        path: The file.
        parts: By epoch.

    Raises:
        StoreError: A part is damaged, or its images are not those of the others.
    """
    models = {epoch: load_model(parts[epoch], torch.device("cpu")) for epoch in sorted(parts)}
    first = next(iter(models.values()))
    tensors: dict[str, Tensor] = {"memory_index": first.memory_index.int()}
    for epoch, model in models.items():
        if not torch.equal(model.memory_index, first.memory_index) or model.spec != first.spec:
            raise StoreError(f"{file_name(parts[epoch])} is a snapshot of another training. Train it again.")
        weights = {name: value.half() for name, value in model.vae.state_dict().items()}
        own = weights | {"concepts": model.concepts, "memories": model.memories.half()}
        tensors |= {f"{epoch}.{name}": value for name, value in own.items()}
    spec = SeriesSpec(**first.spec.to_dict(), kept=tuple(models))
    write_atomically(path, content_of(spec, SeriesCard(tuple(model.card for model in models.values())), tensors))


def read_series(path: Path) -> tuple[ModelSpec, dict[int, ModelCard]]:
    """The recipe of the training, and the cards of its snapshots by epoch; no tensor is read.

    Raises:
        StoreError: The file is damaged, or of another kind.
    """
    with opened(path) as file:
        _, spec, series = recipe_of(file_name(path), file, SeriesSpec)
    return spec.part(ModelSpec), cards_of(path, spec, series)


def cards_of(path: Path, spec: SeriesSpec, series: SeriesCard) -> dict[int, ModelCard]:
    """The cards by epoch.

    Raises:
        StoreError: There are not as many as snapshots.
    """
    if len(series.cards) != len(spec.kept):
        raise StoreError(
            f"{file_name(path)} has {len(series.cards)} cards for {len(spec.kept)} snapshots. Train again."
        )
    return dict(zip(spec.kept, series.cards, strict=True))


def load_snapshot(path: Path, epoch: int, device: torch.device) -> Model:
    """A snapshot as a model; all of a file are kept in memory until it changes, because a slider goes through them.

    Raises:
        StoreError: The file is damaged, of another kind, or has no such epoch.
    """
    model = _loaded(path, device, stamp(path)).get(epoch)
    if model is None:
        raise StoreError(f"{file_name(path)} has no snapshot of epoch {epoch}. Choose one that it has.")
    return model


@lru_cache(maxsize=2)
def _loaded(path: Path, device: torch.device, stamp: tuple[int, ...]) -> dict[int, Model]:
    return models_of(path, read_content(path, SeriesSpec, series_shapes), device)


def models_of(path: Path, content: bytes, device: torch.device) -> dict[int, Model]:
    """The models by epoch of a file of snapshots that has been read; nothing else is read.

    Raises:
        StoreError: The content is damaged, or of another kind.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    spec, series, tensors = unpacked(file_name(path), content, SeriesSpec, series_shapes)
    id, models, recipe = path.name.removesuffix(ENDING), {}, spec.part(ModelSpec)
    for epoch, card in cards_of(path, spec, series).items():
        own = {name.partition(".")[2]: value for name, value in tensors.items() if name.startswith(f"{epoch}.")}
        models[epoch] = Model(
            id=snapshot_id(id, epoch),
            spec=recipe,
            card=card,
            sha256=sha256,
            vae=network_of(recipe, own).to(device),
            concepts=own["concepts"].float().to(device),
            memories=own["memories"].float().to(device),
            memory_index=tensors["memory_index"].long(),
        )
    return models


def series_shapes(spec: SeriesSpec, header: Header) -> Shapes:
    """Names and shapes of the tensors of a file: those of a model for each epoch, and one index for all."""
    tensor = header.tensors.get("memory_index")
    n_memories = tensor.shape[-1] if tensor is not None and len(tensor.shape) == 2 else 0
    n_memories = min(max(n_memories, MEMORIES[0]), MEMORIES[1])
    own = weight_shapes(spec) | {
        "concepts": (N_LABELS, spec.n_latent),
        "memories": (N_LABELS, n_memories, spec.n_latent),
    }
    return {f"{epoch}.{name}": shape for epoch in spec.kept for name, shape in own.items()} | {
        "memory_index": (N_LABELS, n_memories)
    }
