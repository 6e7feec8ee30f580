"""Classifiers come to be, and name images (Fig. 5)."""

import time
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int

from core import classifier, data, files, store
from core.experiments.machine import device_of, library_of, machine_of, versions
from core.file_header import Header
from core.library import Library
from core.model_card import ClassifierCard
from core.progress import Progress, silent
from core.session import Session
from core.settings import Settings
from core.specs import ClassifierSpec
from core.tensor_shapes import Shapes


def train_classifier(
    spec: ClassifierSpec,
    settings: Settings,
    *,
    library: Library | None = None,
    path: Path | None = None,
    progress: Progress = silent,
) -> tuple[Path, bool]:
    """Train a classifier and file it, unless there is one of this recipe.

    Args:
        spec: The recipe.
        settings: Where the images are, and the folder that the classifier goes to.
        library: Where one of this recipe may be; what is here where none is given.
        path: Another place for the file; then only that place is looked at.
        progress: Called after every step.

    Returns:
        The file, and whether it was trained now.

    Raises:
        DataError: The images are not there.
        RefusedError: The loss is not finite.
    """
    for file in [path] if path else (library or library_of(settings)).files(name_of(spec.dataset)):
        if file.exists() and store.read_recipe(file, ClassifierSpec)[0] == spec:
            progress(1.0, "it is there already")
            return file, False
    training = data.load_dataset(spec.dataset, settings.data)
    test = data.load_dataset(spec.dataset, settings.data, train=False)
    start = time.monotonic()
    network = classifier.train_classifier(spec, training, device=device_of(settings), progress=progress)
    seconds = time.monotonic() - start
    network.half().float()  # the accuracy is that of the weights that are stored
    card = ClassifierCard(
        test_accuracy=round(classifier.accuracy(network, test), 4),
        epochs=spec.epochs,
        image_shape=data.IMAGE_SHAPES[spec.dataset],
        label_names=data.LABEL_NAMES[spec.dataset],
        seconds=round(seconds),
        machine=machine_of(settings),
        weights_sha256=store.weights_sha256(network),
        versions=tuple(versions().items()),
    )
    target = path or settings.models / f"{name_of(spec.dataset)}.safetensors"
    store.save_model(target, spec, card, network, {})
    return target, True


def name_of(dataset: str) -> str:
    """The name of a data set's classifier, which is its file name without the ending."""
    return f"{dataset}-classifier"


def predicted_labels(
    dataset: str, images: Float[np.ndarray, "*axes pixels"], session: Session
) -> Int[np.ndarray, "*axes"]:
    """The labels that the classifier of a data set gives to images, originals or decoded ones.

    A classifier that was trained here goes before the shipped one.

    Args:
        dataset: Whose labels.
        images: Grey values from 0 to 1, of that data set's size; any number of leading axes.
        session: Where models are, and what to compute on.

    Raises:
        StoreError: There is no classifier, or its file is damaged.

    Source:
        Nagano et al. (2020), Fig. 5.
    """
    network = open_classifier(dataset, session)
    pixels = np.ascontiguousarray(images, np.float32).reshape(-1, images.shape[-1])
    return classifier.predicted_labels(network, torch.from_numpy(pixels)).numpy().reshape(images.shape[:-1])


def label_probabilities(
    dataset: str, images: Float[np.ndarray, "images pixels"], session: Session
) -> Float[np.ndarray, "images labels"]:
    """How probable the classifier finds each label of a few images.

    Args and errors: as `predicted_labels`.
    """
    network = open_classifier(dataset, session)
    return classifier.label_probabilities(network, torch.from_numpy(images.astype(np.float32))).numpy()


def open_classifier(dataset: str, session: Session) -> classifier.Classifier:
    """The classifier of a data set, on this machine's device; cached in memory until its file changes.

    Raises:
        StoreError: There is none, or its file is damaged.
    """
    paths = session.library.files(name_of(dataset))
    if not paths:
        raise store.StoreError(
            f"There is no classifier of {dataset} here. Train one: python -m core classifier --dataset {dataset}"
        )
    return _loaded(paths[0], session.device, files.stamp(paths[0]))


@lru_cache(maxsize=3)
def _loaded(path: Path, device: torch.device, stamp: tuple[int, ...]) -> classifier.Classifier:
    content = store.read_content(path, ClassifierSpec, tensor_shapes)
    spec, _, tensors = store.unpacked(path.name, content, ClassifierSpec, tensor_shapes)
    network = store.with_weights(classifier.Classifier(data.IMAGE_SHAPES[spec.dataset]), tensors)
    return network.eval().to(device)


def tensor_shapes(spec: ClassifierSpec, _: Header) -> Shapes:
    """Names and shapes of the tensors of a classifier's file."""
    with torch.device("meta"):
        network = classifier.Classifier(data.IMAGE_SHAPES[spec.dataset])
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}
