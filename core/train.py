"""The paper's training recipe: Adam with three learning rates on the negative evidence lower bound."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from core.analysis import subspace
from core.config import ModelSpec, Progress, silent
from core.data import Dataset
from core.results import TrainingRun
from core.stack import Bound, Stack, common
from core.vae import VAE, elbo

TEST_SAMPLES = 2  # latent samples per image of the test bound while training
REPORTED_SAMPLES = 10  # and of the bound that a model's card states
STATE_EVERY = 20.0  # s between two writings of the training state, which take 0.1 s


Watch = Callable[[list[TrainingRun]], None]


def unwatched(courses: list[TrainingRun]) -> None:
    """Do nothing with the courses so far."""


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
) -> tuple[VAE, TrainingRun]:
    """Train one model: a stack of one, see `train_stack`."""
    return train_stack([spec], training, test, device=device, state=state, progress=progress, watch=watch)[0]


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
) -> list[tuple[VAE, TrainingRun]]:
    """Train models side by side.

    Args:
        specs: The recipes; they may differ in what `core.stack.OWN` names.
        training: Images to learn.
        test: Images for the test bound.
        device: Where to compute.
        state: A file for the training state. A training that finds its own state there goes on from it, and ends in
            the same weights as one that was never stopped (on the same device).
        every: Seconds between two writings of the state, which come at the end of an epoch.
        progress: Called after every epoch; may raise `CancelledError`: the state is written, and the training stops.
        watch: Called after every epoch with the courses so far.

    Returns:
        For every spec the network, in float32 and on `device`, and the course of its training.

    Raises:
        SpecError: The recipes do not fit into one stack.
        TrainingError: A loss is not finite, or the state cannot be read or written; the last good state is kept.
    """
    stack = Stack.begin(specs, training.images.shape[1], device)
    if state is not None and state.exists():
        stack.load(state)
    images = torch.from_numpy(training.images).to(device)
    epochs, earlier, first = specs[0].epochs, stack.seconds, stack.epoch
    start = written = time.monotonic()
    while stack.epoch < epochs:
        stack.run_epoch(images)
        if is_tested(stack.epoch, epochs):
            stack.bounds[stack.epoch] = [held_out_bound(vae, test, n_samples=TEST_SAMPLES) for vae in stack.networks()]
        now = time.monotonic()
        stack.seconds = earlier + now - start
        if state is not None and now - written >= every and stack.epoch < epochs:
            stack.save(state)
            written = now
        watch(stack.courses())
        try:
            progress(stack.epoch / epochs, sentence(stack, epochs, (now - start) / (stack.epoch - first)))
        except CancelledError:
            if state is not None and stack.epoch < epochs:
                stack.save(state)
            raise
    return list(zip(stack.networks(), stack.courses(), strict=True))


def stacks_of(specs: Sequence[ModelSpec]) -> list[list[ModelSpec]]:
    """Group recipes into the fewest stacks, in the order of their first members."""
    groups: dict[str, list[ModelSpec]] = {}
    for spec in specs:
        groups.setdefault(common(spec), []).append(spec)
    return list(groups.values())


def is_tested(epoch: int, epochs: int) -> bool:
    """Whether the test bound is taken after an epoch (from 1): some thirty times, and at the end."""
    return (epoch - 1) % max(1, epochs // 30) == 0 or epoch == epochs


def sentence(stack: Stack, epochs: int, seconds: float) -> str:
    """How a training stands, given the seconds that an epoch takes; of several models the best and the worst."""

    def span(values: Sequence[float | int], digits: int) -> str:
        low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
        return low if low == high else f"{low} to {high}"

    latest = list(stack.bounds.values())[-1]
    left = seconds * (epochs - stack.epoch)
    return (
        f"epoch {stack.epoch} of {epochs}, {1 / seconds:.2g} epochs/s, "
        f"{f'{left / 60:.0f} min' if left >= 90 else f'{left:.0f} s'} left, "
        f"−ELBO {span(stack.losses[-1], 1)} (train) {span([b.negative_elbo for b in latest], 1)} (test) nats, "
        f"KL {span([b.kl for b in latest], 1)}, {span([b.active_units for b in latest], 0)} active units"
    )


@torch.no_grad()
def held_out_bound(vae: VAE, test: Dataset, *, n_samples: int = REPORTED_SAMPLES, seed: int = 0) -> Bound:
    """Test -ELBO of grey values in float32, with fixed latent samples: models are compared on the same draws."""
    device = vae.encoder.hidden.weight.device
    generator = torch.Generator().manual_seed(seed)
    totals, means = torch.zeros(2, dtype=torch.float64), []
    for batch in torch.from_numpy(test.images).split(1000):
        noise = torch.randn(n_samples, len(batch), vae.n_latent, generator=generator).to(device)
        bound, divergence = elbo(vae, batch.to(device), noise)
        totals += torch.stack([-bound.sum(), divergence.sum()]).cpu().double()
        means.append(vae.mean(batch.to(device)))
    negative_elbo, kl = (totals / len(test.images)).tolist()
    return Bound(negative_elbo, kl, int(subspace.active_units(torch.cat(means)).sum()))


def estimated_seconds(spec: ModelSpec, n_images: int, n_pixels: int, *, device: torch.device, steps: int = 12) -> float:
    """Expected length of a training on this machine, from a few steps timed now (the first warm it up)."""
    stack = Stack.begin([replace(spec, epochs=2)], n_pixels, device)
    batch = min(spec.batch_size, n_images)
    images = torch.rand(steps * batch, n_pixels, generator=torch.Generator().manual_seed(0)).to(device)
    stack.run_epoch(images[: 3 * batch])
    start = time.perf_counter()
    stack.run_epoch(images)
    return (time.perf_counter() - start) / steps * -(-n_images // batch) * spec.epochs
