"""An epoch of several models on a GPU: draws made beforehand, gradient and Adam compiled, steps replayed as one graph.

A step of the paper's network takes a GPU less time than Python takes to ask for it. So ten steps are recorded once as
a CUDA graph that reads its place in the epoch from a tensor, and everything random lies on the device before it runs.

Models of different N_z lie side by side because the narrow ones are filled up with zeros: a latent unit whose weights
and noise are zero has a gradient of exactly zero, and Adam leaves it alone.

The same code runs on a CPU without graph and compiler: there it is tested.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.gradient import negative_elbo_gradient
from core.precision import is_half
from core.specs import ModelSpec
from core.vae import VAE

logger = logging.getLogger(__name__)

ALIGNED = 8  # latent units are padded to a multiple: rows of 16 bytes, without which tensor cores read slowly
RECORDED = 10  # steps in a graph
FIRST_STEPS = 3  # run one by one before the graph is recorded: they compile, and make room for the matrix products
SHAPES = 64  # compiled in one process: each stack and batch size has its own
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # Adam's, as torch.optim has them


@dataclass(frozen=True)
class Images:
    """Training images on the device, one byte a pixel where nothing is lost by it.

    `values / levels` are the grey values.
    """

    values: Tensor
    levels: float

    @staticmethod
    def of(images: Float[np.ndarray, "images pixels"], device: torch.device) -> "Images":
        """The images of a data set: MNIST has grey values n / 255, the digits n / 16, others stay as they are."""
        exact = torch.from_numpy(images)
        for levels in (255.0, 16.0):
            values = (exact * levels).round().to(torch.uint8)
            if torch.equal(values.to(exact.dtype) / levels, exact):
                return Images(values.to(device), levels)
        return Images(exact.to(device), 1.0)

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Draws:
    """What is random in one epoch of one model: the order of the images, epsilon, and a uniform number a pixel."""

    order: Int[Tensor, "images"]
    noise: Float[Tensor, "images samples latent"]
    uniform: Float[Tensor, "images pixels"] | None


def draws_of(spec: ModelSpec, epoch: int, images: Images, dtype: torch.dtype) -> Draws:
    """The draws of an epoch (from 0), on the device: they depend on the model's seed and the epoch alone."""
    device, n_images = images.values.device, len(images)
    digest = hashlib.sha256(f"seed {spec.seed}, epoch {epoch}".encode()).digest()
    generator = torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    order = torch.randperm(n_images, generator=generator, device=device)
    size = n_images, spec.n_samples, spec.n_latent
    noise = torch.randn(size, generator=generator, device=device, dtype=dtype)
    sampled = spec.binarize == "sample"
    uniform = torch.rand(images.values.shape, generator=generator, device=device) if sampled else None
    return Draws(order, noise, uniform)


@dataclass(eq=False, repr=False)
class Step:
    """All that one step reads and writes, on the device; models are the leading axis.

    Attributes:
        weights: In full precision.
        products: The same in the precision of matrix products; the very same tensors where that is the full one.
        first: Adam's mean of the gradient.
        second: Adam's mean of its square.
        beta: (models,) weight of the KL term.
        rates: (models,) learning rates of the epoch.
        loss: (models,) sum of -ELBO over the images of the epoch so far.
        corrections: (steps, 2) what Adam's means are multiplied by, because they started from zero.
        order: (models, images) rows of `images`, in the order of the epoch.
        noise: (models, images, samples, latent) epsilon, in the order of the epoch.
        images: (rows, pixels).
        offsets: 0, ..., images of a batch - 1.
    """

    weights: list[Tensor]
    products: list[Tensor]
    first: list[Tensor]
    second: list[Tensor]
    beta: Tensor
    rates: Tensor
    loss: Tensor
    corrections: Tensor
    order: Tensor
    noise: Tensor
    images: Tensor
    offsets: Tensor

    def run(self, step_index: Tensor, offsets: Tensor, levels: float, cut: bool) -> None:
        """One step of every model.

        Args:
            step_index: (1,) the number of the step within its epoch, from 0.
            offsets: (batch,), `offsets`, or the first of them where the last batch of an epoch is smaller.
            levels: Grey values are pixels divided by this.
            cut: Whether grey values above 0.5 are 1 and all others 0.
        """
        exact = self.weights[0].dtype
        where = step_index * len(self.offsets) + offsets
        x = self.images[self.order.index_select(1, where)].to(exact) / levels
        x = (x > 0.5).to(exact) if cut else x
        noise = self.noise.index_select(1, where).transpose(1, 2)
        gradient, bound = negative_elbo_gradient(self.products, x, noise, self.beta)
        self.loss.sub_(bound.sum(-1))
        first_scale, second_scale = self.corrections.index_select(0, step_index)[0].unbind()
        for w, p, m, v, g in zip(self.weights, self.products, self.first, self.second, gradient, strict=True):
            m.mul_(BETA_1).add_(g * (1 - BETA_1))
            v.mul_(BETA_2).add_(g * g * (1 - BETA_2))
            rate = self.rates.reshape(-1, *[1] * (w.ndim - 1))
            w.sub_(rate * (m * first_scale) / ((v * second_scale).sqrt() + EPSILON))
            if p is not w:
                p.copy_(w)


class DeviceEpoch:
    """The buffers of a stack on its device, and the graph that runs through an epoch.

    Args:
        specs: The recipes; what `Step.run` and the batches need is the same in all.
        weights: Of all models, (models, ...) and padded, see `padded`; they are trained in place.
        first: Adam's mean of the gradient, in place too.
        second: Adam's mean of its square, in place too.
        images: What is learnt, on the device of the weights.
        compiled: Whether to compile a step; else where the device is a GPU.
    """

    def __init__(
        self,
        specs: Sequence[ModelSpec],
        weights: list[Tensor],
        first: list[Tensor],
        second: list[Tensor],
        images: Images,
        compiled: bool | None = None,
    ):
        device, dtype, self.specs, self.images = weights[0].device, weights[0].dtype, specs, images
        spec, n_models, n_images = specs[0], len(specs), len(images)
        self.recorded = device.type == "cuda"
        self.steps, self.rest = divmod(n_images, spec.batch_size)
        self.drawn = spec.binarize == "sample"  # then every model has images of its own, drawn anew in every epoch
        rows = (n_models * n_images, images.values.shape[1])
        half = is_half(spec.precision, device)
        self.step = Step(
            weights=weights,
            products=[w.bfloat16() for w in weights] if half else weights,
            first=first,
            second=second,
            beta=torch.tensor([one.beta for one in specs], device=device, dtype=dtype),
            rates=torch.zeros(n_models, device=device, dtype=dtype),
            loss=torch.zeros(n_models, device=device, dtype=dtype),
            corrections=torch.zeros(self.steps + 1, 2, device=device, dtype=dtype),
            order=torch.zeros(n_models, n_images, device=device, dtype=torch.int64),
            noise=torch.zeros(n_models, n_images, spec.n_samples, weights[4].shape[-1], device=device, dtype=dtype),
            images=torch.zeros(rows, device=device, dtype=torch.uint8) if self.drawn else images.values,
            offsets=torch.arange(spec.batch_size, device=device),
        )
        self.step_index = torch.zeros(1, device=device, dtype=torch.int64)
        self.graph: torch.cuda.CUDAGraph | None = None
        self.is_proven = not (self.recorded if compiled is None else compiled)  # the step runs: nothing to compile
        self.way: Callable[..., None] = self.step.run
        if not self.is_proven:
            self.way = torch.compile(self.step.run, dynamic=False)

    def run(self, epoch: int, rates: Sequence[float]) -> list[float]:
        """Train through one epoch.

        Args:
            epoch: Its number, from 0.
            rates: Every model's learning rate.

        Returns:
            The mean of -ELBO over the images in nats, of every model.
        """
        self.prepare(epoch, rates)
        left = self.steps
        if self.recorded and self.graph is None and left >= FIRST_STEPS + RECORDED:
            self.begin()
            left -= FIRST_STEPS
        while self.graph is not None and left >= RECORDED:
            self.graph.replay()
            left -= RECORDED
        for _ in range(left):
            self.advance()
        if self.rest:
            self.step.run(self.step_index, self.step.offsets[: self.rest], self.levels, self.cut)
        return (self.step.loss / len(self.images)).tolist()

    @property
    def levels(self) -> float:
        """What pixels are divided by."""
        return 1.0 if self.drawn else self.images.levels

    @property
    def cut(self) -> bool:
        """Whether grey values are cut at 0.5."""
        return self.specs[0].binarize == "threshold"

    def prepare(self, epoch: int, rates: Sequence[float]) -> None:
        """Put the draws of an epoch, its rates and Adam's corrections in place."""
        step, n_images = self.step, len(self.images)
        for s, spec in enumerate(self.specs):
            draws = draws_of(spec, epoch, self.images, step.noise.dtype)
            step.order[s] = draws.order + (s * n_images if self.drawn else 0)
            step.noise[s, ..., : spec.n_latent] = draws.noise
            if draws.uniform is not None:
                grey = self.images.values.to(draws.uniform.dtype) / self.images.levels
                step.images[s * n_images : (s + 1) * n_images] = draws.uniform < grey
        batches = self.steps + (1 if self.rest else 0)
        times = epoch * batches + torch.arange(1, self.steps + 2, dtype=torch.float64)
        corrections = torch.stack([1 / (1 - BETA_1**times), 1 / (1 - BETA_2**times)], dim=-1)
        step.corrections.copy_(corrections)
        step.rates.copy_(torch.tensor(rates, dtype=torch.float64))
        step.loss.zero_()
        self.step_index.zero_()

    def advance(self) -> None:
        """One step, and on to the next place; where the first cannot be compiled, all go without."""
        try:
            self.way(self.step_index, self.step.offsets, self.levels, self.cut)
        except Exception as error:  # compilers have errors of many kinds; one of the step itself is raised again below
            if self.is_proven:
                raise
            logger.warning("Training steps cannot be compiled here (%s): slower kernels.", type(error).__name__)
            self.way = self.step.run
            self.way(self.step_index, self.step.offsets, self.levels, self.cut)
        self.is_proven = True
        self.step_index.add_(1)

    def begin(self) -> None:
        """Take the first steps, which compile, and record the graph; the steps count, recording takes none."""
        with torch._dynamo.config.patch(recompile_limit=SHAPES):
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(FIRST_STEPS):
                    self.advance()
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                for _ in range(RECORDED):
                    self.advance()
        self.graph = graph


def padded(vae: VAE, n_latent: int) -> list[Tensor]:
    """Copies of the weights of a model, with latent units of zeros added until there are `n_latent`."""
    w1, b1, w2, b2, w3, b3, w4, b4 = (weight.detach() for weight in vae.parameters())
    more = n_latent - vae.n_latent
    zeros = torch.nn.functional.pad
    w2 = zeros(w2.unflatten(0, (2, -1)), (0, 0, 0, more)).flatten(0, 1)
    b2 = zeros(b2.unflatten(0, (2, -1)), (0, more)).flatten()
    return [weight.clone() for weight in (w1, b1, w2, b2, zeros(w3, (0, more)), b3, w4, b4)]


def narrow(weights: Sequence[Tensor], model: int, n_latent: int) -> list[Tensor]:
    """The weights of one model of a stack without the latent units that were added: the inverse of `padded`."""
    w1, b1, w2, b2, w3, b3, w4, b4 = (weight[model] for weight in weights)
    w2 = w2.unflatten(0, (2, -1))[:, :n_latent].flatten(0, 1)
    b2 = b2.unflatten(0, (2, -1))[:, :n_latent].flatten()
    return [w1, b1, w2, b2, w3[:, :n_latent], b3, w4, b4]
