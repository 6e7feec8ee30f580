"""The test bound: models are compared on the same held-out images and the same latent samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.analysis import subspace
from core.checkpoint import Metrics
from core.data import Dataset
from core.vae import VAE, elbo

REPORTED_SAMPLES = 10  # latent samples per image of the bound that a model's card states
TEST_BATCH = 1000  # test images at a time
MOST_PIXELS = 2**26  # decoded at a time when models are tested side by side: 256 MiB in float32


@torch.no_grad()
def held_out_metrics(
    vae: VAE, test: Dataset, *, n_samples: int = REPORTED_SAMPLES, seed: int = 0, batch_size: int = TEST_BATCH
) -> Metrics:
    """Test -ELBO of grey values in float32, with fixed latent samples: models are compared on the same draws.

    Args:
        vae: One network.
        test: Images (images, pixels), 0 to 1.
        n_samples: L, latent samples per image.
        seed: Of these samples.
        batch_size: Images at a time.

    Returns:
        Means over the images, in nats per image, and the number of active units.

    Source:
        Nagano et al. (2020), Eqs. 11-13.
    """
    device = vae.encoder.hidden.weight.device
    generator = torch.Generator().manual_seed(seed)
    totals, means = torch.zeros(2, dtype=torch.float64), []
    for batch in torch.from_numpy(test.images).split(batch_size):
        noise = torch.randn(n_samples, len(batch), vae.n_latent, generator=generator).to(device)
        bound, divergence = elbo(vae, batch.to(device), noise)
        totals += torch.stack([-bound.sum(), divergence.sum()]).cpu().double()
        means.append(vae.mean(batch.to(device)))
    negative_elbo, kl = (totals / len(test.images)).tolist()
    return Metrics(negative_elbo, kl, int(subspace.active_units(torch.cat(means)).sum()))


@dataclass(frozen=True)
class HeldOut:
    """A test set on a device with the draws of `held_out_metrics`, for models side by side that differ in N_z.

    Attributes:
        images: (images, pixels).
        noise: By N_z (samples, images, latent).
        widths: N_z of every model.
        batch_size: Images at a time, at most.
        most_pixels: Decoded at a time, at most; those of one image at least.
    """

    images: Tensor
    noise: dict[int, Tensor]
    widths: Sequence[int]
    batch_size: int = TEST_BATCH
    most_pixels: int = MOST_PIXELS

    @staticmethod
    def of(
        test: Dataset,
        widths: Sequence[int],
        device: torch.device,
        *,
        n_samples: int,
        seed: int = 0,
        batch_size: int = TEST_BATCH,
        most_pixels: int = MOST_PIXELS,
    ) -> "HeldOut":
        """Draw for every N_z, on the CPU, as `held_out_metrics` does."""
        images, noise = torch.from_numpy(test.images), {}
        for width in sorted(set(widths)):
            generator = torch.Generator().manual_seed(seed)
            sizes = [len(batch) for batch in images.split(batch_size)]
            parts = [torch.randn(n_samples, size, width, generator=generator) for size in sizes]
            noise[width] = torch.cat(parts, dim=1).to(device)
        return HeldOut(images.to(device), noise, widths, batch_size, most_pixels)

    @torch.no_grad()
    def metrics(self, vae: VAE) -> list[Metrics]:
        """What `held_out_metrics` gives, of every model of a network with one leading axis, padded to one N_z."""
        n_models, n_samples = len(self.widths), next(iter(self.noise.values())).shape[0]
        totals, means = torch.zeros(2, n_models, dtype=torch.float64), []
        batch = max(1, min(self.batch_size, self.most_pixels // (n_models * n_samples * vae.n_pixels)))
        for start in range(0, len(self.images), batch):
            x = self.images[start : start + batch].expand(n_models, -1, -1)
            noise = x.new_zeros(n_samples, n_models, x.shape[1], vae.n_latent)
            for s, width in enumerate(self.widths):
                noise[:, s, :, :width] = self.noise[width][:, start : start + batch]
            bound, divergence = elbo(vae, x, noise)
            totals += torch.stack([-bound.sum(-1), divergence.sum(-1)]).cpu().double()
            means.append(vae.mean(x))
        active = [int(subspace.active_units(of_model).sum()) for of_model in torch.cat(means, dim=1)]
        per_image = (totals / len(self.images)).T.tolist()
        return [Metrics(negative_elbo, kl, units) for (negative_elbo, kl), units in zip(per_image, active, strict=True)]
