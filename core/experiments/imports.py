"""Models that somebody brings: verified, completed where something is missing, and filed under a name of their own."""

import re
from pathlib import Path

import torch

from core import data, files, store
from core.experiments.machine import library_of
from core.experiments.states import id_of
from core.experiments.training import memories_of, posterior_means
from core.library import IMPORTED, is_reserved
from core.settings import Settings
from core.specs import ModelSpec
from core.tensor_shapes import DERIVED, partial_shapes


def import_model(content: bytes, filename: str, settings: Settings) -> str:
    """File a model that somebody brings: a safetensors file with our metadata, verified and never unpickled.

    Concepts and memories are computed where the file has none and the images are on this machine. Of several imports
    of one name at once one succeeds.

    Args:
        content: The file.
        filename: Its name; the model's id is made from it.
        settings: Where models and images are.

    Returns:
        The model's id.

    Raises:
        StoreError: No usable model, there is one of this name, the name is reserved, or the disk takes no file.
        DataError: Concepts and memories are missing, and so are the images.
    """
    path = settings.models / IMPORTED / f"{imported_id(filename)}.safetensors"
    spec, card, tensors = store.unpacked(path.name, content, ModelSpec, partial_shapes)
    check_name(path.stem, spec, settings)
    if not set(DERIVED) <= set(tensors):
        vae = store.network_of(spec, tensors)
        training = data.load_dataset(spec.dataset, settings.data)
        memories, index, means = memories_of(posterior_means(vae, training.images), training.labels)
        content = store.packed(spec, card, vae, {"concepts": means, "memories": memories, "memory_index": index})
    store.model_of(path, content, torch.device("cpu"))
    try:
        files.write_new(path, content)
    except FileExistsError as error:
        raise taken(path.stem) from error
    except OSError as error:
        raise store.StoreError(
            f"The model could not be filed ({error.strerror}); nothing was changed. Make room on the disk, or its "
            "folder writable, and import it again."
        ) from error
    return path.stem


def imported_id(filename: str) -> str:
    """The id of a model that is imported from a file of a name."""
    id = re.sub(r"[^a-z0-9]+", "-", Path(filename).stem.lower()).strip("-")[:64].strip("-")
    return id or "model"


def check_name(id: str, spec: ModelSpec, settings: Settings) -> None:
    """Refuse the name of something else: of what is shipped or derived, of another recipe's training, of a model here.

    Raises:
        StoreError: The name cannot be had.
    """
    trained = re.fullmatch(r"[a-z]+-nz\d+-[0-9a-f]{8}", id)
    if is_reserved(id) or (trained and id != id_of(spec)):
        raise store.StoreError(
            f"The name '{id}' is reserved for what this program ships, trains or computes. Rename the file."
        )
    if any(entry.id == id for entry in library_of(settings).entries()):
        raise taken(id)


def taken(id: str) -> store.StoreError:
    """What is said where there is a model of the name already."""
    return store.StoreError(f"There is a model '{id}' here already. Rename the file, or delete that model first.")
