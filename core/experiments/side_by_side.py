"""The zoo and the grid on a GPU: as many models side by side as its memory holds. On a CPU one by one is faster."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core import checkpoint, data, store, train
from core.experiments.grid import GRID, grid_cells, record_cell
from core.experiments.machine import device_of
from core.experiments.states import STATE
from core.experiments.training import file_trained
from core.figure_results import GridCell
from core.progress import Progress, silent
from core.schema import RefusedError
from core.settings import Settings
from core.specs import ModelSpec

SHARE = 0.7  # of the memory that is free: kernels and the allocator want some, too


def zoo_stacks(
    zoo: Mapping[str, ModelSpec],
    settings: Settings,
    *,
    folder: Path = store.SHIPPED,
    memory: int = 0,
    progress: Progress = silent,
    engine: train.Engine | None = None,
) -> list[Path]:
    """Train models of the zoo that are not there side by side, and file each; stacks go on where they were stopped.

    Args:
        zoo: The recipes by the names of their files.
        settings: Where the images are; the training states are kept in a folder of its own beside the models there.
        folder: Where the zoo is.
        memory: Bytes for a stack; else a share of what is free on the GPU.
        progress: Called after every epoch.
        engine: How to train, if not as the device asks for.

    Returns:
        The files that were written now.

    Raises:
        DataError: The images are not there.
        TrainingError: Some models diverged: said at the end, when all others are filed.
    """
    missing = {spec: name for name, spec in zoo.items() if not has_recipe(folder / f"{name}.safetensors", spec)}
    filed, diverged = [], []
    stacks = stacks_within(list(missing), memory or free_memory(settings))
    for i, specs in enumerate(stacks):
        named, state = [missing[spec] for spec in specs], state_of_stack(specs, settings)
        images = images_of(specs[0], settings)
        options: dict[str, Any] = {
            "state": state,
            "progress": stack_progress(progress, i, len(stacks)),
            "engine": engine,
        }
        try:
            trained = train.train_stack(specs, *images, device=device_of(settings), **options)
        except checkpoint.DivergedError:
            diverged += named
            continue
        for name, spec, (vae, history) in zip(named, specs, trained, strict=True):
            if np.isfinite(history.train_negative_elbo).all():
                filed.append(folder / f"{name}.safetensors")
                file_trained(filed[-1], spec, vae, history, images, settings)
            else:
                diverged.append(name)
        state.unlink(missing_ok=True)
    if diverged:
        raise checkpoint.TrainingError(
            f"The loss of {', '.join(diverged)} is not finite. Train with lower learning rates; the others are filed."
        )
    return filed


def grid_stacks(
    cells: Sequence[ModelSpec],
    settings: Settings,
    *,
    path: Path = GRID,
    memory: int = 0,
    progress: Progress = silent,
    engine: train.Engine | None = None,
) -> list[GridCell]:
    """Train cells of a grid side by side, and file those of a stack as it ends.

    Args:
        cells: Which.
        settings: Where the images are.
        path: The file.
        memory: Bytes for a stack; else a share of what is free on the GPU.
        progress: Called after every epoch.
        engine: How to train, if not as the device asks for.

    Raises: as `core.experiments.grid.grid_cells`.
    """
    stacks, filed = stacks_within(cells, memory or free_memory(settings)), []
    for i, specs in enumerate(stacks):
        report = stack_progress(progress, i, len(stacks))
        ended = grid_cells(specs, settings.device, progress=report, engine=engine)
        for cell in ended:
            record_cell(cell, path)
        filed += ended
    return filed


def stacks_within(specs: Sequence[ModelSpec], memory: int) -> list[list[ModelSpec]]:
    """The stacks of a GPU, each with as many models as a memory holds: one at least."""
    stacks: list[list[ModelSpec]] = []
    for group in train.stacks_of(specs, torch.device("cuda")):
        height, width = data.IMAGE_SHAPES[group[0].dataset]
        n_images = data.TRAINING_IMAGES[group[0].dataset]
        size = max(bytes_of(spec, n_images, height * width) for spec in group)  # all are padded to the widest
        most = max(1, memory // size)
        n_stacks = -(-len(group) // most)
        per_stack = -(-len(group) // n_stacks)  # of equal sizes, not a full stack and one model
        stacks += [group[i : i + per_stack] for i in range(0, len(group), per_stack)]
    return stacks


def bytes_of(spec: ModelSpec, n_images: int, n_pixels: int) -> int:
    """Memory of a model in a stack: draws of an epoch, weights with Adam's means and gradient, and a batch."""
    n_weights = spec.n_hidden * (2 * n_pixels + 3 * spec.n_latent)
    draws = n_images * (8 + 8 * spec.n_samples * spec.n_latent)  # once as it is drawn, once in its place
    sampled = n_images * n_pixels * 9 if spec.binarize == "sample" else 0
    batch = 4 * spec.batch_size * spec.n_samples * (4 * n_pixels + 6 * spec.n_hidden + 8 * spec.n_latent)
    return draws + sampled + n_weights * 22 + batch


def free_memory(settings: Settings) -> int:
    """Bytes of the GPU that a stack may have; on another device those of a single model's stack."""
    device = device_of(settings)
    return int(SHARE * torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else 1


def has_recipe(path: Path, spec: ModelSpec) -> bool:
    """Whether a file holds a model of a recipe."""
    try:
        return path.exists() and store.read_metadata(path)[0] == spec
    except RefusedError:
        return False


def state_of_stack(specs: Sequence[ModelSpec], settings: Settings) -> Path:
    """The file for the state of a stack: another stack has another."""
    digest = hashlib.sha256("".join(spec.key() for spec in specs).encode()).hexdigest()
    return settings.models / "zoo" / f"stack-{digest[:16]}{STATE}"


def images_of(spec: ModelSpec, settings: Settings) -> tuple[data.Dataset, data.Dataset]:
    """Images to learn and to test with."""
    training, test = (
        data.load_dataset(spec.dataset, settings.data, train=is_training) for is_training in (True, False)
    )
    return training, test


def stack_progress(progress: Progress, stack: int, stacks: int) -> Progress:
    """The progress of one of several parts of equal length, as a share of the whole."""
    return lambda share, text: progress((stack + share) / stacks, f"stack {stack + 1} of {stacks}: {text}")
