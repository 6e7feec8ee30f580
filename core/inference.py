"""The paper's experiment: swap pixels of an image, then encode and decode it again and again."""

import hashlib
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from core.vae import VAE


def pixel_noise(
    seed: int, dataset: str, index: tuple[int, ...], n_pixels: int, split: str = "train"
) -> tuple[Float32[np.ndarray, "runs pixels"], Int64[np.ndarray, "runs pixels"]]:
    """What decides which pixels of each image are swapped, whatever the share p.

    Drawn on the CPU by a counter-based generator keyed by (seed, data set, split) and counted by the image: it depends
    neither on the device, nor on the batch, nor on how many runs there are.

    Args:
        seed: Another seed, another noise.
        dataset: Name of the data set.
        index: Positions of the images in the split.
        n_pixels: D.
        split: "train", or what else is damaged: other names, other noise.

    Returns:
        One uniform number per pixel (a pixel is selected iff it is below p), and one cyclic order of the pixels per
        image (selected pixels pass their intensities on along it).
    """
    uniform, order = zip(*(_image_noise(seed, f"{dataset}/{split}", i, n_pixels) for i in index), strict=True)
    return np.stack(uniform), np.stack(order)


@lru_cache(maxsize=4096)
def _image_noise(seed: int, split: str, index: int, n_pixels: int) -> tuple[np.ndarray, np.ndarray]:
    digest = hashlib.sha256(f"{seed}/{split}".encode()).digest()
    key = np.frombuffer(digest[:16], np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key, counter=[0, 0, index, 0]))
    draws = generator.random((2, n_pixels))
    below_one = np.nextafter(np.float32(1), np.float32(0))  # rounding may reach 1, which no p would select
    return np.minimum(draws[0].astype(np.float32), below_one), np.argsort(draws[1], kind="stable")


def swap(
    x: Float[Tensor, "runs pixels"],
    noise: float | Float[Tensor, "runs 1"],
    kind: str,
    uniform: Float[Tensor, "runs pixels"],
    order: torch.Tensor,
) -> Float[Tensor, "runs pixels"]:
    """Swap the intensities of the selected pixels.

    Args:
        x: Clean images.
        noise: p, the probability that a pixel is selected; one for all images, or one for each.
        kind: "invert": a selected pixel becomes 1 - x. "permute": the selected pixels of an image exchange their
            intensities, so that the image keeps its multiset of grey values. "salt": a selected pixel becomes white
            or black, by chance of one half.
        uniform: One number per pixel, see `pixel_noise`; the same for every p, so that the image changes smoothly.
        order: (runs, pixels), one cyclic order of the pixels per image.

    Source:
        Nagano et al. (2020), Methods: "the image intensities of the selected pixels were swapped"; two readings, and
        salt-and-pepper noise beside them.

    Example:
        >>> one = torch.tensor([[0.0, 0.25, 1.0]])
        >>> swap(one, 1.0, "invert", torch.zeros(1, 3), torch.tensor([[0, 1, 2]]))
        tensor([[1.0000, 0.7500, 0.0000]])
        >>> swap(one, 1.0, "permute", torch.zeros(1, 3), torch.tensor([[0, 1, 2]]))
        tensor([[1.0000, 0.0000, 0.2500]])
    """
    selected = uniform < noise
    if kind == "invert":
        return torch.where(selected, 1 - x, x)
    if kind == "salt":
        return torch.where(selected, (order % 2).to(x.dtype), x)  # half the pixels of a random order have an odd place
    in_order = selected.gather(1, order)
    first = in_order.to(torch.uint8).argsort(dim=1, descending=True, stable=True)
    chain = order.gather(1, first)  # each row: its selected pixels in cyclic order, then the others
    count = in_order.sum(1, keepdim=True)
    position = torch.arange(x.shape[1], device=x.device).expand_as(chain)
    before = torch.where(position == 0, count - 1, position - 1).clamp_min(0)
    passed_on = torch.where(position < count, x.gather(1, chain.gather(1, before)), x.gather(1, chain))
    return torch.empty_like(x).scatter_(1, chain, passed_on)


@torch.no_grad()
def repeated_inference(vae: VAE, x: Float[Tensor, "runs pixels"], n_steps: int) -> Float[Tensor, "steps runs latent"]:
    r"""Trajectories of latent activity under repeated encoding and decoding.

    .. math:: \mathbf z(t) = \boldsymbol\mu(\mathbf x(t)), \quad \mathbf x(t+1) = E[\mathbf x \mid \mathbf z(t)]

    Args:
        vae: The network.
        x: Starting images x(0), noisy.
        n_steps: T.

    Returns:
        z(0), ..., z(T).

    Source:
        Nagano et al. (2020), Eqs. 3-4; deterministic after x(0).
    """
    return continued(vae, vae.mean(x), n_steps)


@torch.no_grad()
def continued(vae: VAE, z: Float[Tensor, "runs latent"], n_steps: int) -> Float[Tensor, "steps runs latent"]:
    """Trajectories from a position in latent space on, which is their first step; nothing else decides about them.

    Args:
        vae: The network.
        z: Where the runs are.
        n_steps: T.

    Source:
        Nagano et al. (2020), Eqs. 3-4.
    """
    steps = torch.empty(n_steps + 1, *z.shape, device=z.device, dtype=z.dtype)
    steps[0] = z
    for t in range(n_steps):
        steps[t + 1] = vae.latent_map(steps[t])
    return steps
