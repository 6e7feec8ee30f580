"""Models come to be: trained, brought, or taken up again; with the concepts and memories that belong to them."""

import copy
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core import checkpoint, data, files, store, train
from core import snapshots as series
from core.analysis import subspace
from core.config import N_LABELS, ClassifierSpec, ModelSpec, Progress, SeriesSpec, Settings, silent
from core.experiments.classifier import train_classifier
from core.experiments.machine import device_of, library_of, machine_of, versions
from core.library import IMPORTED, is_name, is_reserved
from core.model_card import ModelCard, measured
from core.results import TrainingRun
from core.spec import Integer, RefusedError
from core.vae import VAE

MEMORIES_PER_LABEL = 500
STATE = ".training"  # ending of the file that a training goes on from
ELSEWHERE = ".elsewhere"  # ending of the note that a training's state lies with a worker of another machine
WAITING = ".waiting"  # ending of the note that a training was asked for, until it has come to an end


def train_model(
    spec: ModelSpec,
    settings: Settings,
    *,
    path: Path | None = None,
    state: Path | None = None,
    keep_state: bool = False,
    snapshots: Sequence[int] = (),
    progress: Progress = silent,
    watch: train.Watch = train.unwatched,
) -> tuple[Path, TrainingRun]:
    """Train a model, compute its concepts and memories, and file it; goes on where an earlier attempt was stopped.

    Args:
        spec: The recipe.
        settings: Where the images are, and the folder that the model goes to.
        path: Another place for the file.
        state: Another place for the training state, which else lies beside the file.
        keep_state: Whether the state stays when the model is there.
        snapshots: Epochs after which the weights are kept too, see `core.snapshots`. They lie beside the state until
            the model is there; a training that goes on keeps those that are left.
        progress: Called after every epoch.
        watch: Called after every epoch with the course so far.

    Returns:
        The file, and the course of the training.

    Raises:
        DataError: The images are not there.
        TrainingError: The loss is not finite, or the training state cannot be read or written.
        SpecError: No such snapshots can be kept.
    """
    kept = SeriesSpec(**spec.to_dict(), kept=tuple(snapshots)).kept if snapshots else ()
    training = data.load_dataset(spec.dataset, settings.data)
    test = data.load_dataset(spec.dataset, settings.data, train=False)
    target = path or settings.models / f"{id_of(spec)}.safetensors"
    state = state or target.with_suffix(STATE)
    place = state  # where the snapshots lie until all are there

    def keep(training_state: checkpoint.TrainingState) -> None:
        if training_state.epoch in kept:
            network, course = copy.deepcopy(training_state.networks()[0]), training_state.courses()[0]
            part = part_of(place, training_state.epoch)
            file_trained(part, spec, network, course, (training, test), settings, series.N_MEMORIES)

    options: dict[str, Any] = {"device": device_of(settings), "progress": progress, "watch": watch, "keep": keep}
    vae, course = train.train(spec, training, test, state=state, **options)
    file_trained(target, spec, vae, course, (training, test), settings)
    join_parts(place, kept, target)
    if not keep_state:
        state.unlink(missing_ok=True)
    return target, course


def part_of(state: Path, epoch: int) -> Path:
    """The file of a snapshot while its training is not at its end."""
    return state.with_suffix(f".epoch-{epoch}")


def join_parts(state: Path, kept: Sequence[int], model: Path) -> None:
    """Join the snapshots that lie beside a state to a file beside the model; there may be none."""
    parts = {epoch: path for epoch in kept if (path := part_of(state, epoch)).exists()}
    if parts:
        series.save_series(model.with_name(f"{model.stem}{series.ENDING}"), parts)
    for path in parts.values():
        path.unlink()


def file_trained(
    path: Path,
    spec: ModelSpec,
    vae: VAE,
    course: TrainingRun,
    images: tuple[data.Dataset, data.Dataset],
    settings: Settings,
    n_memories: int = MEMORIES_PER_LABEL,
) -> None:
    """File a network that was trained, with its concepts, memories and card.

    Args:
        path: The file.
        spec: The recipe.
        vae: The network; its weights are rounded to those that are stored.
        course: Of its training.
        images: Those of the training and of the test.
        settings: Say which machine it was.
        n_memories: Of every label, at most.
    """
    training, test = images
    vae.half().float()  # what is computed from the weights is computed from the weights that are stored
    means = posterior_means(vae, training.images)
    memories, index, means_of_labels = memories_of(means, training.labels, n_memories)
    bound = train.held_out_bound(vae, test)
    card = ModelCard(
        test_negative_elbo=measured(bound.negative_elbo, 3),
        test_kl=measured(bound.kl, 3),
        test_samples=train.REPORTED_SAMPLES,
        active_units=int(subspace.active_units(means).sum()),
        contribution_ratio=all_measured(subspace.contribution_ratio(memories.flatten(0, 1)).tolist(), 4),
        orthogonality_gap=measured(subspace.orthogonality_gap(means_of_labels), 4),
        test_epochs=tuple(course.test_epochs.tolist()),
        test_curve=all_measured(course.test_negative_elbo, 2),
        image_shape=data.IMAGE_SHAPES[spec.dataset],
        label_names=data.LABEL_NAMES[spec.dataset],
        seconds=round(course.seconds),
        machine=machine_of(settings),
        weights_sha256=store.weights_sha256(vae),
        versions=tuple(versions().items()),
    )
    tensors = {"concepts": means_of_labels, "memories": memories, "memory_index": index}
    store.save_model(path, spec, card, vae, tensors)


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


def state_of(spec: ModelSpec, settings: Settings) -> Path:
    """The file for the state of a training on this machine."""
    return settings.models / f"{id_of(spec)}{STATE}"


def forget_state(spec: ModelSpec, settings: Settings) -> None:
    """Remove the state of a training that has come to its end, its snapshots so far, and the notes about it."""
    state = state_of(spec, settings)
    for ending in (STATE, ELSEWHERE, WAITING):
        state.with_suffix(ending).unlink(missing_ok=True)
    for part in state.parent.glob(f"{state.stem}.epoch-*"):
        part.unlink(missing_ok=True)


def note_elsewhere(spec: ModelSpec, settings: Settings) -> None:
    """Note that a worker has the state of a training: a restarted server knows it then.

    Raises:
        OSError: The note cannot be written.
    """
    _note(spec, settings, ELSEWHERE)


def note_waiting(spec: ModelSpec, settings: Settings) -> None:
    """Note that a training was asked for: a server that was killed before it began offers it again.

    Raises:
        OSError: The note cannot be written.
    """
    _note(spec, settings, WAITING)


def forget_waiting(spec: ModelSpec, settings: Settings) -> None:
    """Remove the note of a training that nobody waits for any more; what it has learnt stays."""
    state_of(spec, settings).with_suffix(WAITING).unlink(missing_ok=True)


def _note(spec: ModelSpec, settings: Settings, ending: str) -> None:
    files.write_whole(state_of(spec, settings).with_suffix(ending), json.dumps(spec.to_dict()).encode())


def zoo_model(
    name: str,
    spec: ModelSpec | ClassifierSpec,
    settings: Settings,
    *,
    folder: Path = store.SHIPPED,
    progress: Progress = silent,
) -> tuple[Path, bool]:
    """Train a model or classifier of the zoo unless it is there; a model goes on where it was stopped.

    Args:
        name: Of its file.
        spec: The recipe.
        settings: Where the images are; the training state is kept in a folder of its own beside the models there.
        folder: Where the zoo is.
        progress: Called after every epoch.

    Returns:
        The file, and whether it was trained now.

    Raises: as `train_model`.
    """
    path = folder / f"{name}.safetensors"
    if isinstance(spec, ClassifierSpec):
        return train_classifier(spec, settings, path=path, progress=progress)
    if path.exists() and store.read_metadata(path)[0] == spec:
        return path, False
    state = settings.models / "zoo" / f"{name}{STATE}"
    return train_model(spec, settings, path=path, state=state, progress=progress)[0], True


def id_of(spec: ModelSpec) -> str:
    """The id of a model that is trained here."""
    return f"{spec.dataset}-nz{spec.n_latent}-{spec.key()[:8]}"


@dataclass(frozen=True)
class Unfinished:
    """A training that was stopped: its recipe and the epochs that its last state holds; `problem` if it is damaged.

    The state lies with a worker where `is_elsewhere`.
    """

    path: Path
    spec: ModelSpec = field(default_factory=ModelSpec)
    epoch: int = 0
    problem: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether only a note is here."""
        return self.path.suffix == ELSEWHERE

    @property
    def is_waiting(self) -> bool:
        """Whether it had not begun."""
        return self.path.suffix == WAITING


def unfinished(settings: Settings) -> list[Unfinished]:
    """The trainings of this machine that have a state, or were asked for, and have no model yet."""
    if not settings.models.is_dir():
        return []
    named = [path for path in sorted(settings.models.iterdir()) if is_name(path.stem) and path.is_file()]
    found: list[Unfinished] = []
    for ending in (STATE, ELSEWHERE, WAITING):  # what says most goes first
        of_before = [each.spec for each in found if not each.problem]
        these = [read_unfinished(path) for path in named if path.suffix == ending]
        found += [each for each in these if each.problem or each.spec not in of_before]
    return found


def read_unfinished(path: Path) -> Unfinished:
    """What a state says, or a note about a training."""
    try:
        if path.suffix in (ELSEWHERE, WAITING):
            return Unfinished(path, ModelSpec.from_dict(json.loads(path.read_text())))
        course = checkpoint.read_course(path)
        spec = ModelSpec.from_dict(course["specs"][0])
        return Unfinished(path, spec, Integer(0, spec.epochs).check("epoch", course["epoch"]))
    except (RefusedError, ValueError, TypeError, LookupError, RecursionError, OSError) as error:
        if isinstance(error, checkpoint.TrainingError):
            return Unfinished(path, problem=str(error))
        what = "training state" if path.suffix == STATE else "note"
        return Unfinished(path, problem=f"The {what} {path.name} is damaged. Discard it.")


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
    spec, card, tensors = store.unpacked(path.name, content, ModelSpec, store.partial_shapes)
    check_name(path.stem, spec, settings)
    if not set(store.DERIVED) <= set(tensors):
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


def all_measured(values: Iterable[float], digits: int) -> tuple[float, ...] | None:
    """Numbers for a card; None where one of them is not finite."""
    rounded = [measured(float(value), digits) for value in values]
    known = tuple(value for value in rounded if value is not None)
    return known if len(known) == len(rounded) else None


def posterior_means(vae: VAE, images: Float[np.ndarray, "images pixels"]) -> Float[Tensor, "images latent"]:
    """mu of every image, in float32, on the CPU."""
    device = next(vae.parameters()).device
    with torch.no_grad():
        batches = torch.from_numpy(images).split(2000)
        return torch.cat([vae.encode(batch.to(device))[0].cpu() for batch in batches])


def memories_of(
    means: Tensor, labels: np.ndarray, n_memories: int = MEMORIES_PER_LABEL
) -> tuple[Tensor, Tensor, Tensor]:
    """Memories of some images of every label, which images these are, and the concepts (means over all images).

    The images are drawn from the whole data set. MNIST is in the order of its writers: the first 300 images of ‘6’ are
    more alike than any 300, and at N_z = 2 that alone moves a border of its stages by 0.05 in p.
    """
    shuffled = np.random.default_rng(0).permutation(len(labels))
    rows = [torch.from_numpy(shuffled[labels[shuffled] == label]) for label in range(N_LABELS)]
    kept = min(n_memories, *(len(r) for r in rows))
    index = torch.stack([r[:kept] for r in rows])
    return means[index], index, torch.stack([means[r].mean(0) for r in rows])


def estimated_seconds(spec: ModelSpec, settings: Settings, *, clock: Callable[[], float] = time.perf_counter) -> float:
    """How long a training would take on this machine, from a few steps timed now, by a clock of seconds."""
    height, width = data.IMAGE_SHAPES[spec.dataset]
    n_images = data.TRAINING_IMAGES[spec.dataset]
    return train.estimated_seconds(spec, n_images, height * width, device=device_of(settings), clock=clock)
