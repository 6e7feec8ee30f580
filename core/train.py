"""The paper's training recipe: Adam with three learning rates on the negative evidence lower bound."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from core.checkpoint import Metrics, TrainingState
from core.data import Dataset
from core.device_epoch import RECORDED, Images
from core.device_stack import DeviceStack, device_common
from core.held_out import HeldOut, held_out_metrics
from core.progress import Progress, silent
from core.results import TrainingRun
from core.specs import ModelSpec
from core.stack import Stack, common
from core.vae import VAE

TEST_SAMPLES = 2  # latent samples per image of the test bound while training
CPU = torch.device("cpu")
STATE_EVERY = 20.0  # s between two writings of the training state, which take 0.1 s

Watch = Callable[[list[TrainingRun]], None]
Keep = Callable[[TrainingState], None]
Engine = type[Stack] | type[DeviceStack]


def unwatched(histories: list[TrainingRun]) -> None:
    """Do nothing with the histories so far."""


def unkept(state: TrainingState) -> None:
    """Keep nothing of a training on its way."""


def is_tested(epoch: int, epochs: int) -> bool:
    """Whether the test bound is taken after an epoch (from 1): some thirty times, and at the end."""
    return (epoch - 1) % max(1, epochs // 30) == 0 or epoch == epochs


class CancelledError(RuntimeError):
    """Raised by a progress callback to stop a training."""


def train(
    spec: ModelSpec,
    training: Dataset,
    test: Dataset,
    *,
    device: torch.device,
    state: Path | None = None,
    progress: Progress = silent,
    watch: Watch = unwatched,
    keep: Keep = unkept,
) -> tuple[VAE, TrainingRun]:
    """Train one model: a stack of one, see `train_stack`."""
    hooks: dict[str, Any] = {"progress": progress, "watch": watch, "keep": keep}
    return train_stack([spec], training, test, device=device, state=state, **hooks)[0]


def train_stack(
    specs: Sequence[ModelSpec],
    training: Dataset,
    test: Dataset,
    *,
    device: torch.device,
    state: Path | None = None,
    every: float = STATE_EVERY,
    progress: Progress = silent,
    watch: Watch = unwatched,
    keep: Keep = unkept,
    is_tested: Callable[[int, int], bool] = is_tested,
    test_samples: int = TEST_SAMPLES,
    engine: Engine | None = None,
) -> list[tuple[VAE, TrainingRun]]:
    """Train models side by side.

    Args:
        specs: The recipes; they may differ in `core.stack.OWN`, on a GPU in `core.device_stack.DEVICE_OWN`.
        training: Images to learn.
        test: Images for the test bound.
        device: Where to compute.
        state: A file for the training state. A training that finds its own state there goes on from it.
        every: Seconds between two writings of the state, which come at the end of an epoch.
        progress: Called after every epoch; may raise `CancelledError`: the state is written, and the training stops.
        watch: Called after every epoch with the histories so far.
        keep: Called after every epoch with the training itself, before its state is written.
        is_tested: Whether the test bound is taken after an epoch (from 1) of so many.
        test_samples: Latent samples per image of that bound.
        engine: How to train; else as `engine_of` says.

    Returns:
        For every spec the network, in float32, and its history; one of several on a GPU may have diverged.

    Raises:
        SpecError: The recipes do not fit into one stack.
        TrainingError: No loss is finite (on a CPU: one is not), or the state cannot be read or written.
    """
    stack = begun(specs, training, device, state, engine or engine_of(device))
    run_epoch, tested = epoch_of(stack, training, device), metrics_of(stack, test, device, test_samples)
    epochs, earlier, first, start = specs[0].epochs, stack.seconds, stack.epoch, time.monotonic()
    written = start
    while stack.epoch < epochs:
        run_epoch()
        if is_tested(stack.epoch, epochs):
            stack.test_metrics[stack.epoch] = tested()
        keep(stack)
        now = time.monotonic()
        stack.seconds = earlier + now - start
        if state is not None and now - written >= every and stack.epoch < epochs:
            stack.save(state)
            written = now
        watch(stack.histories())
        try:
            progress(stack.epoch / epochs, sentence(stack, epochs, (now - start) / (stack.epoch - first)))
        except CancelledError:
            if state is not None and stack.epoch < epochs:
                stack.save(state)
            raise
    return list(zip(stack.networks(), stack.histories(), strict=True))


def begun(
    specs: Sequence[ModelSpec], training: Dataset, device: torch.device, state: Path | None, engine: Engine
) -> Stack | DeviceStack:
    """The models as they were written down, or as they are before the first epoch."""
    stack = engine.begin(specs, training.images.shape[1], device)
    if state is not None and state.exists():
        stack.load(state)
    return stack


def epoch_of(stack: Stack | DeviceStack, training: Dataset, device: torch.device) -> Callable[[], None]:
    """A pass over the training images, which lie on the device."""
    if isinstance(stack, DeviceStack):
        bytes_of_images = Images.of(training.images, device)
        return lambda: stack.run_epoch(bytes_of_images)
    images = torch.from_numpy(training.images).to(device)
    return lambda: stack.run_epoch(images)


def metrics_of(
    stack: Stack | DeviceStack, test: Dataset, device: torch.device, n_samples: int
) -> Callable[[], list[Metrics]]:
    """The test metrics of all models: on a GPU side by side, with images and draws that stay there."""
    if isinstance(stack, DeviceStack):
        widths = [spec.n_latent for spec in stack.specs]
        held_out = HeldOut.of(test, widths, device, n_samples=n_samples)
        return lambda: held_out.metrics(stack.vae)
    return lambda: [held_out_metrics(vae, test, n_samples=n_samples) for vae in stack.networks()]


def stacks_of(specs: Sequence[ModelSpec], device: torch.device = CPU) -> list[list[ModelSpec]]:
    """Group recipes into the fewest stacks, in the order of their first members."""
    key, groups = device_common if device.type == "cuda" else common, dict[str, list[ModelSpec]]()
    for spec in specs:
        groups.setdefault(key(spec), []).append(spec)
    return list(groups.values())


def sentence(stack: TrainingState, epochs: int, seconds: float) -> str:
    """How a training stands, given the seconds that an epoch takes; of several models the best and the worst."""

    def span(values: Sequence[float | int], digits: int) -> str:
        low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
        return low if low == high else f"{low} to {high}"

    left = seconds * (epochs - stack.epoch)
    text = (
        f"epoch {stack.epoch} of {epochs}, {1 / seconds:.2g} epochs/s, "
        f"{f'{left / 60:.0f} min' if left >= 90 else f'{left:.0f} s'} left, −ELBO {span(stack.losses[-1], 1)} (train)"
    )
    if not stack.test_metrics:
        return f"{text} nats"
    latest = list(stack.test_metrics.values())[-1]
    return (
        f"{text} {span([b.negative_elbo for b in latest], 1)} (test) nats, "
        f"KL {span([b.kl for b in latest], 1)}, {span([b.active_units for b in latest], 0)} active units"
    )


def estimated_seconds(
    spec: ModelSpec,
    n_images: int,
    n_pixels: int,
    *,
    device: torch.device,
    steps: int = 12,
    engine: Engine | None = None,
    others: Sequence[ModelSpec] = (),
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Expected length of a training on this machine, from a few steps timed now (the first warm it up).

    On a GPU, where the warming up is a compilation of half a minute, it counts: a training has it too. `others` are
    the recipes of the models that are trained side by side with it.
    """
    batch = min(spec.batch_size, n_images)
    to_come = -(-n_images // batch) * spec.epochs
    generator = torch.Generator().manual_seed(0)
    engine = engine or engine_of(device)
    if issubclass(engine, DeviceStack):
        steps = max(steps, 10 * RECORDED)
        grey = torch.randint(256, (steps * batch, n_pixels), generator=generator).float() / 255
        warm, images = [Images.of(grey.numpy(), device)] * 2
    else:
        images = torch.rand(steps * batch, n_pixels, generator=generator).to(device)
        warm = images[: 3 * batch]
    stack = engine.begin([replace(recipe, epochs=2) for recipe in (spec, *others)], n_pixels, device)
    begun = clock()
    stack.run_epoch(warm)  # pyright: ignore[reportArgumentType] (each engine its own images)
    start = clock()
    stack.run_epoch(images)  # pyright: ignore[reportArgumentType]
    end = clock()
    return (end - start) / steps * to_come + (start - begun if device.type == "cuda" else 0.0)


def engine_of(device: torch.device) -> Engine:
    """How to train on a device."""
    return DeviceStack if device.type == "cuda" else Stack
