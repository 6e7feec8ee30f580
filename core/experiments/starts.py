"""What runs start from: images of the training set or decoded memories, and their noise."""

import torch
from jaxtyping import Float
from torch import Tensor

from core import data, inference, store
from core.experiments.machine import check_index
from core.schema import SpecError
from core.session import Session
from core.specs import EnsembleSpec, NoiseSweepSpec


def noisy_starts(model: store.Model, spec: EnsembleSpec, session: Session) -> Float[Tensor, "runs pixels"]:
    """x(0) of the runs of a label."""
    rows = list(range(spec.n_runs))
    return noisy(model, spec, starts(model, spec, rows, session), rows, spec.noise)


def starts(
    model: store.Model, spec: EnsembleSpec | NoiseSweepSpec, rows: list[int], session: Session
) -> Float[Tensor, "runs pixels"]:
    """Clean starting images: originals of the training set, or images decoded from the memories.

    Args:
        model: With its memories.
        spec: Names label and source.
        rows: Positions among the memories of the label.
        session: Knows where the images are.

    Raises:
        SpecError: The model has fewer memories.
    """
    most = model.memories.shape[1]
    if max(rows) >= most:
        raise SpecError(f"{model.id} holds {most} memories per label. Ask for at most {most} runs, or a lower sample.")
    if spec.source == "decoded":
        with torch.no_grad():
            return model.vae.decode(model.memories[spec.label, rows])
    name, root = model.spec.dataset, session.settings.data
    check_index(model, data.load_labels(name, root))
    images = data.load_images(name, root, model.memory_index[spec.label, rows].numpy())
    return torch.from_numpy(images).to(model.concepts.device)


def index_of(model: store.Model, label: int, rows: list[int]) -> tuple[int, ...]:
    """Positions in the training set of some images of a label."""
    return tuple(model.memory_index[label, rows].tolist())


def noisy(
    model: store.Model,
    spec: EnsembleSpec | NoiseSweepSpec,
    clean: Float[Tensor, "runs pixels"],
    rows: list[int],
    *noises: float,
) -> Float[Tensor, "all_runs pixels"]:
    """x(0) of all runs at the first p, then at the next: clean images with swapped pixels, the same on every device."""
    return swapped(model, spec, clean, index_of(model, spec.label, rows), *noises)


def swapped(
    model: store.Model,
    spec: EnsembleSpec | NoiseSweepSpec,
    images: Float[Tensor, "runs pixels"],
    index: tuple[int, ...],
    *noises: float,
    split: str = "train",
) -> Float[Tensor, "all_runs pixels"]:
    """Images with swapped pixels, all at the first p, then at the next.

    Args:
        model: Its data set is a part of what decides about the noise.
        spec: The kind and the seed of the noise.
        images: What is damaged.
        index: Of each image in the split.
        noises: p.
        split: See `inference.pixel_noise`.
    """
    drawn = inference.pixel_noise(spec.seed, model.spec.dataset, index, images.shape[1], split)
    uniform, order = (torch.from_numpy(values).to(images.device).repeat(len(noises), 1) for values in drawn)
    p = torch.tensor(noises, device=images.device).repeat_interleave(len(index))[:, None]
    return inference.swap(images.repeat(len(noises), 1), p, spec.noise_kind, uniform, order)
