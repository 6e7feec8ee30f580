"""One run in all its detail: what it starts from, be it an image of one's own, and how it alone is damaged.

::

    image of the label, or one's own --> swap pixels --> cover some --> x(0) --> x(damage_step): swap once more --> x(T)
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from jaxtyping import Float
from torch import Tensor

from core import packed_images, store
from core.experiments.starts import index_of, noisy, starts, swapped
from core.session import Session
from core.specs import RunFilmSpec, RunSpec

Follow = Callable[[store.Model, Tensor, int], AbstractContextManager[tuple[Tensor, Tensor]]]
OWN = "own"  # what the noise of one's own image is drawn for


def clean_image(model: store.Model, spec: RunSpec | RunFilmSpec, session: Session) -> Float[Tensor, "1 pixels"]:
    """The image without noise.

    Raises:
        SpecError: The model has fewer memories, or images of another size than one's own.
        DataError: Original images are asked for and not there.
    """
    if not spec.own:
        return starts(model, spec, [spec.sample], session)
    n_pixels = model.vae.n_pixels
    return torch.from_numpy(packed_images.unpacked_image(spec.own, n_pixels))[None].to(model.concepts.device)


@torch.no_grad()
def memory_of(model: store.Model, spec: RunSpec | RunFilmSpec, clean: Tensor) -> Float[Tensor, "latent"]:
    """The memory of a run: that of its image (paper: the mean of its posterior).

    Args:
        model: Knows the memories of its own images.
        spec: Says which.
        clean: (1, pixels), see `clean_image`.
    """
    return model.vae.mean(clean)[0] if spec.own else model.memories[spec.label, spec.sample]


def first_images(
    model: store.Model, spec: RunSpec | RunFilmSpec, clean: Float[Tensor, "1 pixels"], *noises: float
) -> Float[Tensor, "noises pixels"]:
    """x(0) at every p: pixels swapped, then some covered, which makes them black.

    Raises:
        SpecError: The mask has another number of pixels.
    """
    if spec.own:
        x = swapped(model, spec, clean, (0,), *noises, split=OWN)
    else:
        x = noisy(model, spec, clean, [spec.sample], *noises)
    if not spec.covered:
        return x
    mask = torch.from_numpy(packed_images.unpacked_mask(spec.covered, x.shape[1])).to(x.device)
    return torch.where(mask, torch.zeros_like(x), x)


def alone(model: store.Model, x: Tensor, n_steps: int) -> AbstractContextManager[tuple[Tensor, Tensor]]:
    """The runs of one film, in a batch of their own; args and result as `runs_and_images`."""
    return nullcontext(runs_and_images(model, x, n_steps))


@contextmanager
def followed(
    model: store.Model, spec: RunSpec | RunFilmSpec, x: Float[Tensor, "runs pixels"], follow: Follow = alone
) -> Iterator[tuple[Float[Tensor, "steps runs latent"], Float[Tensor, "steps runs pixels"]]]:
    """Runs from their first images to step T, damaged on the way where the spec says so, and their images.

    Args:
        model: What encodes and decodes.
        spec: T, and the damage; one after T is none.
        x: x(0) of each.
        follow: Gives what `runs_and_images` does, maybe computed with the runs of other films.
    """
    t = spec.damage_step
    if not spec.is_damaged:
        with follow(model, x, spec.n_steps) as pair:
            yield pair
        return
    with follow(model, x, t) as (z, images):
        index = (0,) if spec.own else index_of(model, spec.label, [spec.sample])
        split = f"{OWN}/step {t}" if spec.own else f"step {t}"
        # the same draws at every p of a film
        damaged = swapped(model, spec, images[t], index * len(x), spec.damage_noise, split=split)
        z_after, images_after = runs_and_images(model, damaged, spec.n_steps - t)
        yield torch.cat([z[:t], z_after]), torch.cat([images[:t], images_after])


@torch.no_grad()
def runs_and_images(
    model: store.Model, x: Float[Tensor, "runs pixels"], n_steps: int
) -> tuple[Float[Tensor, "steps runs latent"], Float[Tensor, "steps runs pixels"]]:
    """Repeated inference that keeps the images: z(0), ..., z(T) and x(0), ..., x(T)."""
    images, z = [x], [model.vae.mean(x)]
    for _ in range(n_steps):
        images.append(model.vae.decode(z[-1]))
        z.append(model.vae.mean(images[-1]))
    return torch.stack(z), torch.stack(images)
