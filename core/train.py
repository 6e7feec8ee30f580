"""The paper's training recipe: Adam with three learning rates on the negative evidence lower bound."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.config import ModelSpec, Progress, RefusedError, silent
from core.data import Dataset
from core.results import TrainingRun
from core.vae import VAE, elbo, initialise

TEST_SAMPLES = 2  # latent samples per image of the test bound while training
REPORTED_SAMPLES = 10  # and of the bound that a model's card states


class TrainingError(RefusedError):
    """A training that cannot go on."""


class CancelledError(RuntimeError):
    """Raised by a progress callback to stop a training."""


@dataclass(frozen=True)
class Bound:
    """A test bound: the negative ELBO and its KL term, in nats per image."""

    negative_elbo: float
    kl: float


def train(
    spec: ModelSpec, training: Dataset, test: Dataset, *, device: torch.device, progress: Progress = silent
) -> tuple[VAE, TrainingRun]:
    """Train one model.

    Args:
        spec: The recipe.
        training: Images to learn.
        test: Images for the test bound.
        device: Where to compute.
        progress: Called after every epoch; may raise `CancelledError`.

    Returns:
        The network, in float32 and on `device`, and the course of its training.

    Raises:
        TrainingError: The loss is not finite.
    """
    generator = torch.Generator().manual_seed(spec.seed)
    vae = VAE(training.images.shape[1], spec.n_hidden, spec.n_latent)
    initialise(vae, spec.initialisation, generator)
    vae.to(device)
    images = torch.from_numpy(training.images).to(device)
    optimiser = torch.optim.Adam(vae.parameters(), lr=spec.learning_rates[0], fused=device.type in ("cpu", "cuda"))
    start, losses, bounds = time.monotonic(), [], {}
    for epoch in range(spec.epochs):
        rate = learning_rate(spec, epoch)
        optimiser.param_groups[0]["lr"] = rate
        losses.append(run_epoch(vae, optimiser, images, spec, generator))
        if not np.isfinite(losses[-1]):
            raise TrainingError(f"The loss is not finite after epoch {epoch + 1}. Train with lower learning rates.")
        if epoch % max(1, spec.epochs // 30) == 0 or epoch == spec.epochs - 1:
            bounds[epoch + 1] = held_out_bound(vae, test, n_samples=TEST_SAMPLES)
        latest = list(bounds.values())[-1]
        progress((epoch + 1) / spec.epochs, f"epoch {epoch + 1}, test -ELBO {latest.negative_elbo:.1f} nats")
    return vae, TrainingRun(
        train_negative_elbo=np.array(losses),
        test_epochs=np.array(list(bounds)),
        test_negative_elbo=np.array([bound.negative_elbo for bound in bounds.values()]),
        test_kl=np.array([bound.kl for bound in bounds.values()]),
        seconds=time.monotonic() - start,
    )


def learning_rate(spec: ModelSpec, epoch: int) -> float:
    """The rate of an epoch (from 0): the run is divided into equal parts, one per rate.

    Example:
        >>> [learning_rate(ModelSpec(epochs=3), epoch) for epoch in range(3)]
        [0.0005, 0.0001, 5e-05]
    """
    return spec.learning_rates[epoch * len(spec.learning_rates) // spec.epochs]


def run_epoch(
    vae: VAE, optimiser: torch.optim.Optimizer, images: Tensor, spec: ModelSpec, generator: torch.Generator
) -> float:
    """One pass over the images in random order; returns the mean negative ELBO in nats per image."""
    order = torch.randperm(len(images), generator=generator).to(images.device)
    total = torch.zeros((), device=images.device)
    for rows in order.split(spec.batch_size):
        noise = torch.randn(spec.n_samples, len(rows), spec.n_latent, generator=generator).to(images.device)
        with matrix_precision(spec.precision, images.device):
            bound, _ = elbo(vae, images[rows], noise)
        loss = -bound.mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total += loss.detach() * len(rows)
    return float(total) / len(images)


def matrix_precision(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """Matrix products in bfloat16 where asked for; everything else stays float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")


@torch.no_grad()
def held_out_bound(vae: VAE, test: Dataset, *, n_samples: int = REPORTED_SAMPLES, seed: int = 0) -> Bound:
    """Test -ELBO in float32, with fixed latent samples so that models are compared on the same draws."""
    device = vae.encoder.hidden.weight.device
    generator = torch.Generator().manual_seed(seed)
    totals = torch.zeros(2, dtype=torch.float64)
    for batch in torch.from_numpy(test.images).split(1000):
        noise = torch.randn(n_samples, len(batch), vae.n_latent, generator=generator).to(device)
        bound, divergence = elbo(vae, batch.to(device), noise)
        totals += torch.stack([-bound.sum(), divergence.sum()]).cpu().double()
    negative_elbo, kl = (totals / len(test.images)).tolist()
    return Bound(negative_elbo, kl)


def estimated_seconds(spec: ModelSpec, n_images: int, n_pixels: int, *, device: torch.device, steps: int = 12) -> float:
    """Expected length of a training on this machine, from a few steps timed now (the first warm it up)."""
    generator = torch.Generator().manual_seed(0)
    vae = VAE(n_pixels, spec.n_hidden, spec.n_latent).to(device)
    optimiser = torch.optim.Adam(vae.parameters(), lr=0.0, fused=device.type in ("cpu", "cuda"))
    batch = min(spec.batch_size, n_images)
    images = torch.rand(steps * batch, n_pixels, generator=generator).to(device)
    run_epoch(vae, optimiser, images[: 3 * batch], spec, generator)
    start = time.perf_counter()
    run_epoch(vae, optimiser, images, spec, generator)
    return (time.perf_counter() - start) / steps * -(-n_images // batch) * spec.epochs
