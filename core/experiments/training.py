"""Models come to be: trained, or taken up again; with the concepts and memories that belong to them."""

import copy
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core import checkpoint, data, store, train
from core import snapshots as series
from core.analysis import subspace
from core.experiments.classifier import train_classifier
from core.experiments.machine import device_of, machine_of, versions
from core.experiments.states import STATE, id_of, snapshot_path
from core.held_out import REPORTED_SAMPLES, held_out_metrics
from core.model_card import ModelCard, measured
from core.progress import Progress, silent
from core.results import TrainingRun
from core.schema import SpecError
from core.settings import Settings
from core.specs import N_LABELS, ClassifierSpec, ModelSpec, snapshot_epochs, with_snapshots
from core.vae import VAE

MEMORIES_PER_LABEL = 500


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
            the model is there; a training that goes on also keeps what it was begun with.
        progress: Called after every epoch.
        watch: Called after every epoch with the history so far.

    Returns:
        The file, and the history of the training.

    Raises:
        DataError: The images are not there.
        TrainingError: The loss is not finite, or the training state cannot be read or written.
        SpecError: No such snapshots can be kept.
    """
    training = data.load_dataset(spec.dataset, settings.data)
    test = data.load_dataset(spec.dataset, settings.data, train=False)
    target = path or settings.models / f"{id_of(spec)}.safetensors"
    state = state or target.with_suffix(STATE)
    state_path = state  # where the snapshots lie until all are there
    epochs = epochs_to_keep(spec, snapshots, state)

    def keep(training_state: checkpoint.TrainingState) -> None:
        training_state.snapshot_epochs = epochs
        if training_state.epoch in epochs:
            network, history = copy.deepcopy(training_state.networks()[0]), training_state.histories()[0]
            snapshot = snapshot_path(state_path, training_state.epoch)
            file_trained(snapshot, spec, network, history, (training, test), settings, series.N_MEMORIES)

    options: dict[str, Any] = {"device": device_of(settings), "progress": progress, "watch": watch, "keep": keep}
    vae, history = train.train(spec, training, test, state=state, **options)
    file_trained(target, spec, vae, history, (training, test), settings)
    join_parts(state_path, epochs, target)
    if not keep_state:
        for path in (state, *(snapshot_path(state_path, epoch) for epoch in epochs)):
            path.unlink(missing_ok=True)
    return target, history


def epochs_to_keep(spec: ModelSpec, epochs: Sequence[int], state: Path) -> tuple[int, ...]:
    """The epochs that are asked for, and those that a stopped training was to keep before.

    Raises:
        SpecError: They are no epochs of this training, or its state is past one that was not kept.
        TrainingError: The state cannot be read.
    """
    epochs = snapshot_epochs(with_snapshots(spec, epochs))
    history = checkpoint.read_history(state) if state.exists() else {"epoch": 0, "kept": []}
    past = [str(epoch) for epoch in epochs if epoch <= history["epoch"] and not snapshot_path(state, epoch).exists()]
    if past:
        raise SpecError(
            f"A training of this recipe was stopped after epoch {history['epoch']}, and what it was after "
            f"{', '.join(past)} was not kept. Discard its state to begin anew, or train without these epochs."
        )
    return snapshot_epochs(with_snapshots(spec, [*epochs, *history["kept"]]))


def join_parts(state: Path, epochs: Sequence[int], model: Path) -> None:
    """Join the snapshots that lie beside a state to a file beside the model; there may be none."""
    paths = {epoch: path for epoch in epochs if (path := snapshot_path(state, epoch)).exists()}
    if paths:
        series.save_series(model.with_name(f"{model.stem}{series.ENDING}"), paths)


def file_trained(
    path: Path,
    spec: ModelSpec,
    vae: VAE,
    history: TrainingRun,
    images: tuple[data.Dataset, data.Dataset],
    settings: Settings,
    n_memories: int = MEMORIES_PER_LABEL,
) -> None:
    """File a network that was trained, with its concepts, memories and card.

    Args:
        path: The file.
        spec: The recipe.
        vae: The network; its weights are rounded to those that are stored.
        history: Of its training.
        images: Those of the training and of the test.
        settings: Say which machine it was.
        n_memories: Of every label, at most.
    """
    training, test = images
    vae.half().float()  # what is computed from the weights is computed from the weights that are stored
    means = posterior_means(vae, training.images)
    memories, index, means_of_labels = memories_of(means, training.labels, n_memories)
    metrics = held_out_metrics(vae, test)
    card = ModelCard(
        test_negative_elbo=measured(metrics.negative_elbo, 3),
        test_kl=measured(metrics.kl, 3),
        test_samples=REPORTED_SAMPLES,
        active_units=int(subspace.active_units(means).sum()),
        contribution_ratio=all_measured(subspace.contribution_ratio(memories.flatten(0, 1)).tolist(), 4),
        orthogonality_gap=measured(subspace.orthogonality_gap(means_of_labels), 4),
        test_epochs=tuple(history.test_epochs.tolist()),
        test_curve=all_measured(history.test_negative_elbo, 2),
        image_shape=data.IMAGE_SHAPES[spec.dataset],
        label_names=data.LABEL_NAMES[spec.dataset],
        seconds=round(history.seconds),
        machine=machine_of(settings),
        weights_sha256=store.weights_sha256(vae),
        versions=tuple(versions().items()),
    )
    tensors = {"concepts": means_of_labels, "memories": memories, "memory_index": index}
    store.save_model(path, spec, card, vae, tensors)


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

    Args:
        means: (images, latent), mu of every training image.
        labels: (images,), 0 to 9.
        n_memories: Of every label, at most.

    Returns:
        Memories (labels, memories, latent), their index in the data set (labels, memories), concepts (labels, latent).

    Source:
        Nagano et al. (2020), Eqs. 5-6.
    """
    shuffled = np.random.default_rng(0).permutation(len(labels))
    rows = [torch.from_numpy(shuffled[labels[shuffled] == label]) for label in range(N_LABELS)]
    n_kept = min(n_memories, *(len(r) for r in rows))
    index = torch.stack([r[:n_kept] for r in rows])
    return means[index], index, torch.stack([means[r].mean(0) for r in rows])


def estimated_seconds(
    spec: ModelSpec,
    settings: Settings,
    *,
    others: Sequence[ModelSpec] = (),
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """How long a training would take on this machine, from a few steps timed now, by a clock of seconds.

    `others` are trained side by side with it.
    """
    height, width = data.IMAGE_SHAPES[spec.dataset]
    n_images = data.TRAINING_IMAGES[spec.dataset]
    device = device_of(settings)
    return train.estimated_seconds(spec, n_images, height * width, device=device, others=others, clock=clock)
