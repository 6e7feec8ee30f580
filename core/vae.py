"""The paper's variational autoencoder: one hidden layer each way, Gaussian posterior, Bernoulli likelihood.

::

    x (D) -- tanh (H) --> mu, log sigma^2 (N each)        encoder
    z (N) -- tanh (H) --> sigmoid (D)                     decoder

Every weight may carry one more leading axis, `stack`: S models that are trained side by side.
"""

import math
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class Linear(nn.Module):
    """An affine map, or a stack of them: weight (stack, out, in), bias (stack, out)."""

    def __init__(self, n_in: int, n_out: int, stack: tuple[int, ...] = ()):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(*stack, n_out, n_in))
        self.bias = nn.Parameter(torch.zeros(*stack, n_out))

    def forward(self, x: Tensor) -> Tensor:
        return affine(x, self.weight, self.bias)


def affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """One affine map of x (..., in), or each of a stack of its own inputs (stack, rows, in); weights as in `Linear`."""
    return functional.linear(x, weight, bias) if weight.ndim == 2 else x @ weight.mT + bias.unsqueeze(-2)


ACTIVATIONS = {"none": lambda x: x, "tanh": torch.tanh_, "sigmoid": torch.sigmoid_}
FUSED_ROWS = 32  # fewer rows are bound by memory, not by the product: nothing to gain


def layer(x: Tensor, weight: Tensor, bias: Tensor, activation: str) -> Tensor:
    """An affine map and its activation, without gradients: in one oneDNN kernel where that is to be had and pays.

    With AVX-512 on a CPU that MKL does not know best, many rows take less than half the time; without AVX-512, MKL
    takes a fifth to a third less time than oneDNN.

    Args:
        x: (rows, in), or (stack, rows, in).
        weight: (out, in), or (stack, out, in).
        bias: (out,), or (stack, out).
        activation: One of `ACTIVATIONS`.
    """
    fused = weight.ndim == 2 and x.ndim == 2 and len(x) >= FUSED_ROWS and x.dtype == torch.float32
    if fused and x.device.type == "cpu" and not torch.is_grad_enabled() and has_fused_kernel():
        return torch.ops.mkldnn._linear_pointwise(x.contiguous(), weight.contiguous(), bias, activation, [], "")
    return ACTIVATIONS[activation](affine(x, weight, bias))


@lru_cache(maxsize=1)
def has_fused_kernel() -> bool:
    """Whether the kernel pays here, this torch has it (for torch.compile uses it), and it computes what we mean."""
    if not torch.cpu.get_capabilities().get("avx512_f"):
        return False
    x, weight, bias = torch.rand(FUSED_ROWS, 3), torch.rand(2, 3), torch.rand(2)
    try:
        result = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "tanh", [], "")
    except (AttributeError, RuntimeError):
        return False
    return torch.allclose(result, torch.tanh(functional.linear(x, weight, bias)), atol=1e-6)


class Perceptron(nn.Module):
    """Two affine maps with tanh between them."""

    def __init__(self, n_in: int, n_hidden: int, n_out: int, stack: tuple[int, ...] = ()):
        super().__init__()
        self.hidden = Linear(n_in, n_hidden, stack)
        self.output = Linear(n_hidden, n_out, stack)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(torch.tanh(self.hidden(x)))


class VAE(nn.Module):
    """Encoder and decoder of the paper (its Fig. 10); pixels and activity patterns are rows.

    Args:
        n_pixels: D, pixels of an image.
        n_hidden: H, hidden units; 1024 in the paper.
        n_latent: N_z, latent units.
        stack: Leading axis of models, if any.
    """

    def __init__(self, n_pixels: int, n_hidden: int, n_latent: int, stack: tuple[int, ...] = ()):
        super().__init__()
        self.n_pixels, self.n_hidden, self.n_latent, self.stack = n_pixels, n_hidden, n_latent, stack
        self.encoder = Perceptron(n_pixels, n_hidden, 2 * n_latent, stack)
        self.decoder = Perceptron(n_latent, n_hidden, n_pixels, stack)

    def encode(self, x: Float[Tensor, "... pixels"]) -> tuple[Float[Tensor, "... latent"], Float[Tensor, "... latent"]]:
        """Mean and log variance of the posterior of z given x."""
        mean, log_var = self.encoder(x).chunk(2, dim=-1)
        return mean, log_var

    def mean(self, x: Float[Tensor, "... pixels"]) -> Float[Tensor, "... latent"]:
        """The mean alone: what repeated inference needs, without the rows of the log variance."""
        hidden, output, n = self.encoder.hidden, self.encoder.output, self.n_latent
        inner = layer(x, hidden.weight, hidden.bias, "tanh")
        return layer(inner, output.weight[..., :n, :], output.bias[..., :n], "none")

    def decode(self, z: Float[Tensor, "... latent"]) -> Float[Tensor, "... pixels"]:
        """Mean image E[x | z], grey values from 0 to 1."""
        hidden, output = self.decoder.hidden, self.decoder.output
        return layer(layer(z, hidden.weight, hidden.bias, "tanh"), output.weight, output.bias, "sigmoid")

    def latent_map(self, z: Float[Tensor, "... latent"]) -> Float[Tensor, "... latent"]:
        """One step of repeated inference in latent space: the posterior mean of the decoded image."""
        return self.mean(self.decode(z))


def initialise(vae: VAE, kind: str, generator: torch.Generator) -> None:
    """Draw initial weights in place.

    Args:
        vae: The network.
        kind: "glorot": uniform within sqrt(6 / (n_in + n_out)), zero biases (Keras 2.0.2, the paper's framework);
            "torch": uniform within 1 / sqrt(n_in), biases too.
        generator: Source of randomness.
    """
    with torch.no_grad():
        for layer in (vae.encoder.hidden, vae.encoder.output, vae.decoder.hidden, vae.decoder.output):
            n_out, n_in = layer.weight.shape[-2:]
            bound = math.sqrt(6 / (n_in + n_out)) if kind == "glorot" else 1 / math.sqrt(n_in)
            layer.weight.uniform_(-bound, bound, generator=generator)
            if kind == "torch":
                layer.bias.uniform_(-bound, bound, generator=generator)


def kl(mean: Float[Tensor, "... latent"], log_var: Float[Tensor, "... latent"]) -> Float[Tensor, "..."]:
    r"""Kullback-Leibler divergence of the posterior from the standard normal prior, in nats per image.

    .. math:: \tfrac12 \sum_i \left(\mu_i^2 + \sigma_i^2 - 1 - \log \sigma_i^2\right)

    Source:
        Nagano et al. (2020), Eq. 12.

    Example:
        >>> kl(torch.zeros(1, 3), torch.zeros(1, 3))
        tensor([0.])
    """
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(-1)


def reconstruction(logits: Float[Tensor, "... pixels"], x: Float[Tensor, "... pixels"]) -> Float[Tensor, "..."]:
    r"""Bernoulli log likelihood of an image, in nats per image.

    .. math:: \sum_i x_i \log y_i + (1 - x_i) \log(1 - y_i), \quad y = \mathrm{sigmoid}(\text{logits})

    On grey values this is the paper's objective but no proper likelihood: not comparable with binarised MNIST.

    Source:
        Nagano et al. (2020), Eq. 13.
    """
    return (logits * x - functional.softplus(logits)).sum(-1)


def elbo(
    vae: VAE, x: Float[Tensor, "*stack images pixels"], noise: Float[Tensor, "samples *stack images latent"]
) -> tuple[Float[Tensor, "*stack images"], Float[Tensor, "*stack images"]]:
    r"""Evidence lower bound, with the reconstruction averaged over L latent samples, in nats per image.

    .. math:: \frac1L \sum_l \log p(x \mid \mu + \sigma \epsilon_l) - \mathrm{KL}

    Args:
        vae: The network.
        x: Images.
        noise: Standard normal epsilon, L samples on the first axis.

    Returns:
        The bound and its KL term.

    Source:
        Nagano et al. (2020), Eqs. 11-13.
    """
    mean, log_var = vae.encode(x)
    mean, log_var = mean.float(), log_var.float()
    logits = vae.decoder(mean + (0.5 * log_var).exp() * noise).float()
    divergence = kl(mean, log_var)
    return reconstruction(logits, x).mean(0) - divergence, divergence
