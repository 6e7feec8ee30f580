"""Several models that are asked for together: side by side on a GPU, one after the other elsewhere.

On a GPU a stack of eight takes little longer than one model. On a CPU a stack of four is slower than four trainings
(0.91 of their rate, see benchmarks/README.md).
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core import data, snapshots, train
from core.checkpoint import TrainingState
from core.experiments import side_by_side
from core.experiments.machine import device_of
from core.experiments.states import Training, id_of, models_of, snapshot_path, state_of
from core.experiments.trained_files import TrainedFiles, contents_of
from core.experiments.training import MEMORIES_PER_LABEL, estimated_seconds, file_trained, join_parts
from core.progress import Progress, silent
from core.settings import Settings
from core.specs import N_LABELS, ModelSpec, snapshot_epochs


def groups_of(specs: Sequence[ModelSpec], device: torch.device, memory: int) -> list[list[ModelSpec]]:
    """Which models are trained side by side: the stacks of a GPU; elsewhere every model is a group of its own.

    Args:
        specs: The recipes.
        device: Where they are trained.
        memory: Bytes of the device that a stack may have.

    Example:
        >>> specs = [ModelSpec(seed=seed) for seed in range(3)]
        >>> [len(group) for group in groups_of(specs, torch.device("cuda"), 10**10)]
        [3]
        >>> [len(group) for group in groups_of(specs, torch.device("cpu"), 10**10)]
        [1, 1, 1]
    """
    if device.type != "cuda":
        return [[spec] for spec in specs]
    return side_by_side.stacks_within(specs, memory)


def groups_here(specs: Sequence[ModelSpec], settings: Settings) -> list[list[ModelSpec]]:
    """The groups of `groups_of` on the device of this machine, with the memory that is free now."""
    return groups_of(specs, device_of(settings), side_by_side.free_memory(settings))


def train_files(
    specs: tuple[ModelSpec, ...],
    settings: Settings,
    *,
    progress: Progress = silent,
    watch: train.Watch = train.unwatched,
    engine: train.Engine | None = None,
) -> list[TrainedFiles | str]:
    """Train models side by side that another process files; the counterpart of `train_file` for a stack.

    Args:
        specs: The recipes, all with the same epochs after which weights are kept on the way, if any are.
        settings: Of this machine. The state lies in its folder of models and stays: `forget_state` ends it.
        progress: Called after every epoch, and before the stages of every age are derived.
        watch: Called after every epoch with the histories so far.
        engine: How to train, if not as the device asks for.

    Returns:
        For every recipe the contents of its files, or why it came to no model: one that diverges leaves the others
        alone.

    Raises: as `core.train.train_stack`.
    """
    recipes, epochs = [spec.part(ModelSpec) for spec in specs], snapshot_epochs(specs[0])
    images = side_by_side.images_of(recipes[0], settings)

    def keep(state: TrainingState) -> None:
        state.snapshot_epochs = epochs
        if state.epoch in epochs:
            for spec, network, history in zip(recipes, state.networks(), state.histories(), strict=True):
                if np.isfinite(history.train_negative_elbo).all():
                    snapshot = snapshot_path(state_of(spec, settings), state.epoch)
                    file_trained(snapshot, spec, network, history, images, settings, snapshots.N_MEMORIES)

    hooks: dict[str, Any] = {"progress": progress, "watch": watch, "keep": keep, "engine": engine}
    device, state = device_of(settings), state_of(specs, settings)
    trained = train.train_stack(recipes, *images, device=device, state=state, **hooks)
    outcomes: list[TrainedFiles | str] = []
    with tempfile.TemporaryDirectory(prefix="latent-trajectories-") as scratch:
        for spec, (vae, history) in zip(recipes, trained, strict=True):
            if not np.isfinite(history.train_negative_elbo).all():
                outcomes.append(f"The loss of {id_of(spec)} is not finite. Train it with lower learning rates.")
                continue
            path = Path(scratch) / f"{id_of(spec)}.safetensors"
            file_trained(path, spec, vae, history, images, settings)
            join_parts(state_of(spec, settings), epochs, path)
            outcomes.append(contents_of(path, settings, progress))
    return outcomes


def estimated_seconds_of(
    training: Training, settings: Settings, estimate: Callable[..., float] = estimated_seconds
) -> float:
    """How long models that are asked for together would take on this machine, as they would be trained here.

    What changes no duration (seed, beta, learning rates, initialisation) is timed once, with `estimate`.
    """
    total, timed = 0.0, dict[tuple[ModelSpec, ...], float]()
    for group in groups_here([spec.part(ModelSpec) for spec in models_of(training)], settings):
        key = tuple(sorted((same_duration(spec) for spec in group), key=ModelSpec.key))
        if key not in timed:
            timed[key] = estimate(key[0], settings, others=key[1:])
        total += timed[key]
    return total


def same_duration(spec: ModelSpec) -> ModelSpec:
    """A recipe whose training takes as long."""
    usual = ModelSpec()
    return replace(
        spec, seed=usual.seed, beta=usual.beta, learning_rates=usual.learning_rates, initialisation=usual.initialisation
    )


def bytes_of_files(specs: Sequence[ModelSpec]) -> int:
    """About what the files of models have: weights in float16, memories in float32; again for every epoch kept."""
    total = 0
    for spec in specs:
        height, width = data.IMAGE_SHAPES[spec.dataset]
        weights = 2 * spec.n_hidden * (2 * height * width + 3 * spec.n_latent)
        memories = 4 * N_LABELS * MEMORIES_PER_LABEL * spec.n_latent
        total += (weights + memories) * (1 + len(snapshot_epochs(spec)))
    return total
