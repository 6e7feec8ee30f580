"""Model files: safetensors with JSON metadata, verified on load, written whole or not at all."""

import hashlib
import json
import os
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import torch
from jaxtyping import Float, Int
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from core.config import N_LABELS, ClassifierSpec, ModelSpec
from core.data import IMAGE_SHAPES, TRAINING_IMAGES
from core.spec import RefusedError, SpecError
from core.vae import VAE

SHIPPED = Path(__file__).resolve().parent.parent / "models"
MAX_HEADER = 1_000_000  # bytes of metadata; our own headers have about 3,000
KINDS = {ModelSpec: "model", ClassifierSpec: "classifier"}  # what a file holds, by its recipe
COMMANDS = {ModelSpec: "train", ClassifierSpec: "classifier"}  # of `python -m core`, which make such a file
Recipe = TypeVar("Recipe", ModelSpec, ClassifierSpec)
Network = TypeVar("Network", bound=nn.Module)


class StoreError(RefusedError):
    """A file that is not a usable model."""


class OtherKindError(StoreError):
    """A file of this program, but of another kind."""


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network with what was computed from its training images."""

    id: str
    spec: ModelSpec
    card: Mapping[str, Any]
    sha256: str
    vae: VAE
    concepts: Float[Tensor, "labels latent"]
    memories: Float[Tensor, "labels images latent"]
    memory_index: Int[Tensor, "labels images"]


def save_model(
    path: Path,
    spec: ModelSpec | ClassifierSpec,
    card: Mapping[str, Any],
    network: nn.Module,
    tensors: Mapping[str, Tensor],
) -> None:
    """Write a network: weights as float16, what was computed from them (`tensors`) as it is."""
    weights = {name: value.detach().half() for name, value in network.state_dict().items()}
    content = {name: value.cpu().contiguous() for name, value in (weights | dict(tensors)).items()}
    metadata = {"kind": KINDS[type(spec)], "spec": json.dumps(spec.to_dict()), "card": json.dumps(dict(card))}
    write_whole(path, save(content, metadata))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically: a reader sees the old file or the new one, a crash leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kept_sha256(path: Path) -> str:
    """The same, remembered until the file changes."""
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
        StoreError: Truncated, foreign, of wrong shape, or not finite.
    """
    spec, card = read_metadata(path)
    tensors = read_tensors(path)
    check_tensors(path.name, spec, tensors)
    vae = network_of(path.name, spec, tensors).to(device)
    return Model(
        id=path.stem,
        spec=spec,
        card=card,
        sha256=file_sha256(path),
        vae=vae,
        concepts=tensors["concepts"].float().to(device),
        memories=tensors["memories"].float().to(device),
        memory_index=tensors["memory_index"].long(),
    )


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a file.

    Raises:
        StoreError: Truncated or foreign.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, ValueError) as error:
        raise StoreError(f"{path.name} is truncated or damaged ({error}). Copy it again or train it again.") from error


def network_of(name: str, spec: ModelSpec, tensors: Mapping[str, Tensor]) -> VAE:
    """The network of a recipe with the weights of a file.

    Raises:
        StoreError: A weight is missing or of another shape.
    """
    return with_weights(name, VAE(pixels_of(spec), spec.n_hidden, spec.n_latent), tensors)


def with_weights(name: str, network: Network, tensors: Mapping[str, Tensor]) -> Network:
    """A network, its weights replaced by those of a file.

    Raises:
        StoreError: A weight is missing or of another shape.
    """
    shapes = {key: tuple(value.shape) for key, value in tensors.items()}
    check_shapes(name, shapes, {key: tuple(value.shape) for key, value in network.state_dict().items()})
    network.load_state_dict({key: tensors[key].float() for key in network.state_dict()})
    return network.requires_grad_(False)


def pixels_of(spec: ModelSpec) -> int:
    """D, the number of pixels of the images that a model was trained on."""
    height, width = IMAGE_SHAPES[spec.dataset]
    return height * width


def read_metadata(path: Path) -> tuple[ModelSpec, dict[str, Any]]:
    """The recipe and the card of a model file, see `read_recipe`."""
    return read_recipe(path, ModelSpec)


def read_recipe(path: Path, kind: type[Recipe]) -> tuple[Recipe, dict[str, Any]]:
    """The recipe and the card of a file, without reading its tensors.

    Raises:
        StoreError: No safetensors file, or one without our metadata.
        OtherKindError: It holds something else of this program.
    """
    if not path.is_file():  # opening a named pipe would wait for ever
        raise StoreError(f"{path.name} is a folder, a pipe or a link to nowhere. Remove it.")
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > MAX_HEADER:
                raise ValueError("no safetensors header")
            metadata = json.loads(file.read(length))["__metadata__"]
        held = metadata.get("kind", KINDS[ModelSpec])
        if held != KINDS[kind] and held in KINDS.values():
            raise OtherKindError(f"{path.name} is a {held} of this program, not a {KINDS[kind]}. Choose another file.")
        spec = kind.from_dict(json.loads(metadata["spec"]))
        card = json.loads(metadata["card"])
        if not isinstance(card, dict):
            raise TypeError("the card is not an object")
    except OtherKindError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error, SpecError, RecursionError) as error:
        reason = f" ({error})" if isinstance(error, SpecError) else ""
        raise StoreError(
            f"{path.name} is not a {KINDS[kind]} of this program{reason}. A {KINDS[kind]} is a safetensors file "
            f"with the metadata 'spec' and 'card', as `python -m core {COMMANDS[kind]}` writes it."
        ) from error
    return spec, card


def expected_shapes(spec: ModelSpec, n_memories: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors of a model file: the contract that an imported model fulfils."""
    with torch.device("meta"):
        network = VAE(pixels_of(spec), spec.n_hidden, spec.n_latent).state_dict()
    return {name: tuple(value.shape) for name, value in network.items()} | {
        "concepts": (N_LABELS, spec.n_latent),
        "memories": (N_LABELS, n_memories, spec.n_latent),
        "memory_index": (N_LABELS, n_memories),
    }


def check_tensors(name: str, spec: ModelSpec, tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors that are missing, of another shape, or not finite."""
    index = tensors.get("memory_index")
    expected = expected_shapes(spec, index.shape[-1] if index is not None and index.ndim == 2 else 0)
    check_shapes(name, {key: tuple(value.shape) for key, value in tensors.items()}, expected)
    for key in expected:
        if key == "memory_index" and not in_range(tensors[key], TRAINING_IMAGES[spec.dataset]):
            raise StoreError(f"{name}: 'memory_index' points beyond the training images. Export it again.")
        check_finite(name, key, tensors[key])


def check_finite(name: str, key: str, tensor: Tensor) -> None:
    """Refuse a tensor that holds infinities or NaN."""
    if not torch.isfinite(tensor.float()).all():
        raise StoreError(f"{name}: '{key}' has values that are not finite. Train it with lower learning rates.")


def in_range(index: Tensor, size: int) -> bool:
    """Whether every position is one of `size` images."""
    return not index.is_floating_point() and bool(((index >= 0) & (index < size)).all())


def check_header(path: Path, spec: ModelSpec) -> None:
    """Refuse a file whose header does not fit its recipe or its length, without reading its tensors."""
    try:
        with safe_open(path, framework="np") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise StoreError(f"{path.name} is truncated or damaged ({error}). Copy it again or train it again.") from error
    index = shapes.get("memory_index", ())
    check_shapes(path.name, shapes, expected_shapes(spec, index[-1] if len(index) == 2 else 0))


def check_shapes(name: str, shapes: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse tensors that are missing or of another shape."""
    for key, shape in expected.items():
        if key not in shapes:
            raise StoreError(f"{name} has no tensor '{key}'. Export it again from the program that made it.")
        if shapes[key] != shape:
            found = "x".join(map(str, shapes[key]))
            raise StoreError(f"{name}: '{key}' should be {'x'.join(map(str, shape))} for its recipe, but is {found}.")


def stamp(path: str | Path) -> tuple[int, int]:
    """Changes when a file is replaced: the key under which it may be kept in memory."""
    try:
        status = os.stat(path)  # noqa: PTH116 (a Path for each of many files takes longer than asking the disk)
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _sha256(path: Path, stamp: tuple[int, int]) -> str:
    return file_sha256(path)
