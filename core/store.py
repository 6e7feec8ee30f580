"""Model files: safetensors with JSON metadata, verified on load, written in one piece or not at all.

A file is read once: what is verified are the very bytes that are used, whatever becomes of the file meanwhile.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import torch
from jaxtyping import Float, Int
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from core.data import IMAGE_SHAPES, LABEL_NAMES, TRAINING_IMAGES
from core.file_header import (
    UNREADABLE,
    Header,
    OtherKindError,
    Readable,
    StoreError,
    check_tensors,
    file_name,
    opened,
    read_header,
    read_json,
)
from core.files import stamp, write_atomically
from core.model_card import ClassifierCard, ModelCard, SeriesCard
from core.schema import SpecError
from core.specs import ClassifierSpec, ModelSpec, SeriesSpec
from core.tensor_shapes import Shapes, model_shapes, pixels_of
from core.vae import VAE

SHIPPED = Path(__file__).resolve().parent.parent / "models"
KINDS = {
    ModelSpec: "model",
    ClassifierSpec: "classifier",
    SeriesSpec: "series of snapshots",
}  # what a file holds, by its recipe
CARDS = {ModelSpec: ModelCard, ClassifierSpec: ClassifierCard, SeriesSpec: SeriesCard}
COMMANDS = {
    ModelSpec: "train",
    ClassifierSpec: "classifier",
    SeriesSpec: "train --snapshots",
}  # of `python -m core`, which make such a file
Recipe = TypeVar("Recipe", ModelSpec, ClassifierSpec, SeriesSpec)
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network with what was computed from its training images."""

    id: str
    spec: ModelSpec
    card: ModelCard
    sha256: str
    vae: VAE
    concepts: Float[Tensor, "labels latent"]
    memories: Float[Tensor, "labels images latent"]
    memory_index: Int[Tensor, "labels images"]


def save_model(
    path: Path,
    spec: ModelSpec | ClassifierSpec,
    card: ModelCard | ClassifierCard,
    network: nn.Module,
    tensors: Mapping[str, Tensor],
) -> None:
    """Write a network, see `packed`."""
    write_atomically(path, packed(spec, card, network, tensors))


def packed(
    spec: ModelSpec | ClassifierSpec,
    card: ModelCard | ClassifierCard,
    network: nn.Module,
    tensors: Mapping[str, Tensor],
) -> bytes:
    """The content of a file: weights and memories as float16, what else was computed (`tensors`) as it is."""
    weights = {name: value.detach().half() for name, value in network.state_dict().items()}
    memories = {
        name: value.half() for name, value in tensors.items() if name == "memories" and value.is_floating_point()
    }
    return content_of(spec, card, weights | dict(tensors) | memories)


def content_of(
    spec: ModelSpec | ClassifierSpec | SeriesSpec,
    card: ModelCard | ClassifierCard | SeriesCard,
    tensors: Mapping[str, Tensor],
) -> bytes:
    """The content of a file with these tensors as they are."""
    metadata = {"kind": KINDS[type(spec)], "spec": json.dumps(spec.to_dict()), "card": json.dumps(card.to_dict())}
    return save({name: value.cpu().contiguous() for name, value in tensors.items()}, metadata)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content.

    Raises:
        StoreError: It cannot be read.
    """
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cached_sha256(path: Path) -> str:
    """SHA-256 of a file's content, cached until the file changes; raises as `file_sha256`."""
    return _sha256(path, stamp(path))


def weights_sha256(network: nn.Module) -> str:
    """SHA-256 of the weights as they are stored: float16, in the order of the network's state."""
    digest = hashlib.sha256()
    for value in network.state_dict().values():
        digest.update(value.half().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def load_model(path: Path, device: torch.device) -> Model:
    """Read and verify a model.

    Raises:
        StoreError: Truncated, foreign, of other tensors than its recipe has, or not finite.
    """
    return model_of(path, read_content(path, ModelSpec, model_shapes), device)


def model_of(path: Path, content: bytes, device: torch.device) -> Model:
    """The model that the content of a file holds, verified; the path only gives its name.

    Raises: as `load_model`.
    """
    spec, card, tensors = unpacked(file_name(path), content, ModelSpec, model_shapes)
    return Model(
        id=path.stem,
        spec=spec,
        card=card,
        sha256=hashlib.sha256(content).hexdigest(),
        vae=network_of(spec, tensors).to(device),
        concepts=tensors["concepts"].float().to(device),
        memories=tensors["memories"].float().to(device),
        memory_index=tensors["memory_index"].long(),
    )


def read_content(path: Path, kind: type[Recipe], shapes: Callable[[Recipe, Header], Shapes]) -> bytes:
    """All bytes of a file, once its header says that it is worth reading: no larger than what its recipe asks for.

    Raises:
        StoreError: Truncated, foreign, or of other tensors than its recipe has.
    """
    with opened(path) as file:
        header, _, _ = described(file_name(path), file, kind, shapes)
        file.seek(0)
        return file.read(header.size + 1)


def unpacked(
    name: str, content: bytes, kind: type[Recipe], shapes: Callable[[Recipe, Header], Shapes]
) -> tuple[Recipe, Any, dict[str, Tensor]]:
    """Recipe, card and tensors of the content of a file, every value verified.

    Raises:
        StoreError: Truncated, foreign, of other tensors than its recipe has, or not finite.
    """
    _, spec, card = described(name, io.BytesIO(content), kind, shapes)
    try:
        tensors = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:  # what it says may quote the file
        raise damaged(name) from error
    for key, value in tensors.items():
        if value.is_floating_point():
            check_finite(name, key, value)
        elif not in_range(value, TRAINING_IMAGES[spec.dataset]):
            raise StoreError(f"{name}: '{key}' points beyond the training images. Export it again.")
    return spec, card, tensors


def described(
    name: str, file: Readable, kind: type[Recipe], shapes: Callable[[Recipe, Header], Shapes]
) -> tuple[Header, Recipe, Any]:
    """Header, recipe and card of a file, its header checked against the recipe and against the file's length.

    Raises:
        StoreError: Truncated, foreign, or of other tensors than its recipe has.
        OtherKindError: It holds something else of this program.
    """
    header, spec, card = recipe_of(name, file, kind)
    check_tensors(name, header.tensors, shapes(spec, header), integers=("memory_index",))
    if file.seek(0, os.SEEK_END) != header.size:
        raise damaged(name)
    return header, spec, card


def damaged(name: str) -> StoreError:
    """What is said about a file whose tensors do not fit its header."""
    return StoreError(f"{name} is truncated or damaged. Copy it again or train it again.")


def network_of(spec: ModelSpec, tensors: Mapping[str, Tensor]) -> VAE:
    """The network of a recipe with the weights of a file that was verified."""
    return with_weights(VAE(pixels_of(spec), spec.n_hidden, spec.n_latent), tensors)


def with_weights(network: Network, tensors: Mapping[str, Tensor]) -> Network:
    """A network, its weights replaced by those of a file that was verified."""
    network.load_state_dict({key: tensors[key].float() for key in network.state_dict()})
    return network.requires_grad_(False)


def read_metadata(path: Path) -> tuple[ModelSpec, ModelCard]:
    """The recipe and the card of a model file, without reading its tensors.

    Raises:
        StoreError: No safetensors file, not of this program, or its header does not fit its recipe or its length.
        OtherKindError: It holds something else of this program.
    """
    with opened(path) as file:
        return described(file_name(path), file, ModelSpec, model_shapes)[1:]


def read_recipe(path: Path, kind: type[Recipe]) -> tuple[Recipe, Any]:
    """The recipe and the card of a file, whatever its tensors are.

    Raises: as `read_metadata`.
    """
    with opened(path) as file:
        return recipe_of(file_name(path), file, kind)[1:]


def recipe_of(name: str, file: Readable, kind: type[Recipe]) -> tuple[Header, Recipe, Any]:
    """Header, recipe and card of an open file.

    Raises:
        StoreError: No safetensors file, or not of this program.
        OtherKindError: It holds something else of this program.
    """
    try:
        header = read_header(file)
        stated = header.metadata.get("kind", KINDS[ModelSpec])  # the first models did not say
        if stated != KINDS[kind] and stated in KINDS.values():
            raise OtherKindError(f"{name} is a {stated} of this program, not a {KINDS[kind]}. Choose another file.")
        if stated != KINDS[kind]:
            raise SpecError("it says that it is something else")
        spec = kind.from_dict(read_json(header.metadata["spec"]))
        names = {"image_shape": IMAGE_SHAPES[spec.dataset], "label_names": LABEL_NAMES[spec.dataset]}
        card = CARDS[kind].read(read_json(header.metadata["card"]), **names)
    except OtherKindError:
        raise
    except UNREADABLE as error:
        reason = f" ({str(error).rstrip('.')})" if isinstance(error, SpecError) else ""
        raise StoreError(
            f"{name} is not a {KINDS[kind]} of this program{reason}. A {KINDS[kind]} is a safetensors file "
            f"with the metadata 'spec' and 'card', as `python -m core {COMMANDS[kind]}` writes it."
        ) from error
    return header, spec, card


def check_finite(name: str, key: str, tensor: Tensor) -> None:
    """Refuse a tensor that holds infinities or NaN.

    Raises:
        StoreError: Names the tensor `key` of the file `name`.
    """
    if not torch.isfinite(tensor.float()).all():
        raise StoreError(f"{name}: '{key}' has values that are not finite. Train it with lower learning rates.")


def in_range(index: Tensor, size: int) -> bool:
    """Whether every position is one of `size` images."""
    return bool(((index.long() >= 0) & (index.long() < size)).all())


@lru_cache(maxsize=64)
def _sha256(path: Path, stamp: tuple[int, ...]) -> str:
    return file_sha256(path)
