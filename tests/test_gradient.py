"""The gradient that is written out is the one that automatic differentiation finds."""

import pytest
import torch

from core.gradient import negative_elbo_gradient
from core.vae import VAE, elbo, initialise


def network(stack: tuple[int, ...] = ()) -> VAE:
    vae = VAE(11, 7, 3, stack).double()
    initialise(vae, "torch", torch.Generator().manual_seed(0))
    return vae


@pytest.mark.parametrize("stack", [(), (2,)], ids=["one", "stack"])
@pytest.mark.parametrize("n_samples", [1, 3])
def test_it_equals_automatic_differentiation(stack: tuple[int, ...], n_samples: int):
    vae, generator = network(stack), torch.Generator().manual_seed(1)
    x = torch.rand(*stack, 5, 11, generator=generator, dtype=torch.float64)
    noise = torch.randn(*stack, n_samples, 5, 3, generator=generator, dtype=torch.float64)
    beta = torch.tensor([1.0, 3.0])[: len(stack) * 2].double() if stack else torch.tensor(2.0).double()
    gradient, bound = negative_elbo_gradient([p.detach() for p in vae.parameters()], x, noise, beta)
    expected, divergence = elbo(vae, x, noise.movedim(-3, 0))
    ((beta - 1) * divergence.mean(-1) - expected.mean(-1)).sum().backward()
    torch.testing.assert_close(bound, expected.detach())
    for name, (own, parameter) in zip(
        dict(vae.named_parameters()), zip(gradient, vae.parameters(), strict=True), strict=True
    ):
        assert float(own.abs().max()) > 0, name
        torch.testing.assert_close(own, parameter.grad, msg=name)


def test_products_of_half_precision_give_nearly_the_same_in_float32():
    vae, generator = network().float(), torch.Generator().manual_seed(1)
    x, noise = torch.rand(64, 11, generator=generator), torch.randn(2, 64, 3, generator=generator)
    exact, bound = negative_elbo_gradient([p.detach() for p in vae.parameters()], x, noise, torch.tensor(1.0))
    half = [p.detach().bfloat16() for p in vae.parameters()]
    rough, rough_bound = negative_elbo_gradient(half, x, noise, torch.tensor(1.0))
    assert {part.dtype for part in rough} == {torch.float32} == {rough_bound.dtype}
    torch.testing.assert_close(rough_bound, bound, rtol=0.02, atol=0)
    for own, other in zip(rough, exact, strict=True):
        assert float((own - other).norm() / other.norm()) < 0.05
