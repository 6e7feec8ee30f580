"""The gradient of the negative evidence lower bound of the paper's network, written out layer by layer.

Automatic differentiation finds the same gradient (a test compares them) and takes a third longer: it converts every
weight to the precision of the products and back through operations of its own, and keeps what the backward pass here
can write over.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from core.vae import affine, kl, reconstruction


def negative_elbo_gradient(
    weights: Sequence[Tensor],
    x: Float[Tensor, "*stack images pixels"],
    noise: Float[Tensor, "*stack samples images latent"],
    beta: Float[Tensor, "*stack"],
) -> tuple[list[Tensor], Float[Tensor, "*stack images"]]:
    r"""Gradient of the loss of a batch, and the evidence lower bound of its images.

    .. math:: \nabla \frac1B \sum_b \Big(\beta\,\mathrm{KL}_b - \frac1L \sum_l \log p(x_b \mid z_{bl})\Big),
        \quad z_{bl} = \mu_b + \sigma_b \epsilon_{bl}

    Args:
        weights: Weight and bias of encoder.hidden, encoder.output, decoder.hidden and decoder.output, in the precision
            that matrix products are to have; all else is computed in that of `x`.
        x: Images.
        noise: Standard normal epsilon.
        beta: Weight of the KL term; 1 in the paper.

    Returns:
        The gradient of every weight, in the precision of `x`, and the bound (with the KL term weighted by 1) in nats.

    Source:
        Nagano et al. (2020), Eqs. 11-13.
    """
    w1, b1, w2, b2, w3, b3, w4, b4 = weights
    products, exact = w1.dtype, x.dtype
    pixels = x.to(products)
    encoded = affine(pixels, w1, b1).tanh_()
    mean, log_var = affine(encoded, w2, b2).to(exact).chunk(2, dim=-1)
    sigma = (0.5 * log_var).exp()
    z = (mean.unsqueeze(-3) + sigma.unsqueeze(-3) * noise).flatten(-3, -2).to(products)
    decoded = affine(z, w3, b3).tanh_()
    logits = affine(decoded, w4, b4).to(exact).unflatten(-2, noise.shape[-3:-1])
    bound = reconstruction(logits, x.unsqueeze(-3)).mean(-2) - kl(mean, log_var)

    size, weight = x.shape[-2], beta[..., None, None] / x.shape[-2]
    d_logits = (logits.sigmoid_() - x.unsqueeze(-3)).mul_(1 / (size * noise.shape[-3]))
    d_output = d_logits.to(products).flatten(-3, -2)
    d_decoded = torch.ops.aten.tanh_backward(d_output @ w4, decoded)
    d_z = (d_decoded @ w3).to(exact).unflatten(-2, noise.shape[-3:-1])
    d_mean = d_z.sum(-3) + weight * mean
    d_log_var = 0.5 * ((d_z * noise).sum(-3) * sigma + weight * (sigma.square() - 1))
    d_posterior = torch.cat([d_mean, d_log_var], dim=-1).to(products)
    d_encoded = torch.ops.aten.tanh_backward(d_posterior @ w2, encoded)
    pairs = ((d_encoded, pixels), (d_posterior, encoded), (d_decoded, z), (d_output, decoded))
    return [gradient.to(exact) for d, inputs in pairs for gradient in (d.mT @ inputs, d.sum(-2))], bound
