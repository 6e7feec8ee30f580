import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from core import vae
from core.vae import VAE

MakeVAE = Callable[..., VAE]


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_prior_has_no_divergence_from_itself(device: torch.device):
    assert vae.kl(torch.zeros(4, 7, device=device), torch.zeros(4, 7, device=device)).tolist() == [0.0] * 4


def test_kl_is_the_textbook_formula(device: torch.device):
    mean, log_var = draw(5, 7), draw(5, 7, seed=1)
    expected = kl_divergence(Normal(mean, (0.5 * log_var).exp()), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(vae.kl(mean.to(device), log_var.to(device)).cpu(), expected)


def test_kl_of_a_shifted_gaussian_is_half_its_squared_distance():
    assert vae.kl(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)).item() == pytest.approx(12.5)


def test_reconstruction_is_the_bernoulli_log_likelihood(device: torch.device):
    logits, x = draw(6, 9), draw(6, 9, seed=1).sigmoid()
    expected = Bernoulli(logits=logits, validate_args=False).log_prob(x).sum(-1)
    torch.testing.assert_close(vae.reconstruction(logits.to(device), x.to(device)).cpu(), expected)


def test_reconstruction_of_certain_pixels_stays_finite():
    logits, x = torch.tensor([[200.0, -200.0]]), torch.tensor([[0.0, 1.0]])
    assert vae.reconstruction(logits, x).item() == pytest.approx(-400)
    assert vae.reconstruction(logits, 1 - x).item() == pytest.approx(0)


def test_a_network_of_zeros_has_the_bound_of_fair_coins():
    bound, divergence = vae.elbo(VAE(64, 8, 3), draw(5, 64).sigmoid(), draw(2, 5, 3))
    torch.testing.assert_close(bound, torch.full((5,), -64 * math.log(2)))
    torch.testing.assert_close(divergence, torch.zeros(5))


def test_the_bound_averages_over_latent_samples(make_vae: MakeVAE):
    network, x, noise = make_vae(16, 8, 3), draw(5, 16).sigmoid(), draw(4, 5, 3)
    alone = torch.stack([vae.elbo(network, x, one[None])[0] for one in noise])
    torch.testing.assert_close(vae.elbo(network, x, noise)[0], alone.mean(0))


def numpy_bound(network: VAE, x: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The bound of a network for one latent sample, in plain NumPy and double precision."""
    w = {name: value.detach().cpu().double().numpy() for name, value in network.state_dict().items()}
    hidden = np.tanh(x @ w["encoder.hidden.weight"].T + w["encoder.hidden.bias"])
    mu, log_var = np.split(hidden @ w["encoder.output.weight"].T + w["encoder.output.bias"], 2, axis=1)
    hidden = np.tanh((mu + np.exp(log_var / 2) * noise) @ w["decoder.hidden.weight"].T + w["decoder.hidden.bias"])
    y = 1 / (1 + np.exp(-(hidden @ w["decoder.output.weight"].T + w["decoder.output.bias"])))
    likelihood = (x * np.log(y) + (1 - x) * np.log(1 - y)).sum(1)
    return likelihood - 0.5 * (mu**2 + np.exp(log_var) - 1 - log_var).sum(1)


def test_the_bound_agrees_with_a_calculation_by_hand(make_vae: MakeVAE, device: torch.device):
    network, x, noise = make_vae(16, 8, 3), draw(5, 16).sigmoid(), draw(1, 5, 3)
    found, _ = vae.elbo(network.to(device), x.to(device), noise.to(device))
    np.testing.assert_allclose(found.detach().cpu(), numpy_bound(network, x.numpy(), noise[0].numpy()), rtol=1e-5)


@pytest.fixture
def three(make_vae: MakeVAE) -> tuple[VAE, list[VAE]]:
    """A stack of three networks, and each of them alone."""
    stack, alone = make_vae(16, 8, 3, stack=(3,)), [VAE(16, 8, 3) for _ in range(3)]
    for i, network in enumerate(alone):
        network.load_state_dict({name: value[i] for name, value in stack.state_dict().items()})
    return stack, alone


def test_a_stack_has_the_bounds_and_gradients_of_each_model_alone(three: tuple[VAE, list[VAE]]):
    stack, alone = three
    x, noise = draw(3, 5, 16).sigmoid(), draw(2, 3, 5, 3)
    bound, divergence = vae.elbo(stack, x, noise)
    bound.sum().backward()
    for i, network in enumerate(alone):
        one, one_divergence = vae.elbo(network, x[i], noise[:, i])
        one.sum().backward()
        torch.testing.assert_close(bound[i], one)
        torch.testing.assert_close(divergence[i], one_divergence)
        for stacked, own in zip(stack.parameters(), network.parameters(), strict=True):
            assert stacked.grad is not None
            torch.testing.assert_close(stacked.grad[i], own.grad)


def test_a_stack_infers_like_each_model_alone(three: tuple[VAE, list[VAE]]):
    stack, alone = three
    z = draw(3, 5, 3)
    for i, network in enumerate(alone):
        torch.testing.assert_close(stack.latent_map(z)[i], network.latent_map(z[i]))


def test_mean_is_the_first_half_of_the_encoding(make_vae: MakeVAE):
    network, x = make_vae(16, 8, 3), draw(5, 16).sigmoid()
    mean, log_var = network.encode(x)
    torch.testing.assert_close(network.mean(x), mean)
    assert not torch.allclose(mean, log_var)


def test_a_latent_step_is_the_mean_of_the_decoded_image(make_vae: MakeVAE):
    network, z = make_vae(16, 8, 3), draw(5, 3)
    torch.testing.assert_close(network.latent_map(z), network.encode(network.decode(z))[0])


@pytest.fixture(params=["AVX-512", "AVX2"])
def fused(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """On a CPU where the fused kernel pays, and on one where it does not."""
    if not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        pytest.skip("This torch has no fused kernel.")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_f": request.param == "AVX-512"})
    vae.has_fused_kernel.cache_clear()
    yield request.param == "AVX-512"
    vae.has_fused_kernel.cache_clear()


def test_the_fused_kernel_gives_the_same_and_is_used_where_it_pays(fused: bool, make_vae: MakeVAE):
    network, x = make_vae(16, 8, 3), draw(vae.FUSED_ROWS, 16).sigmoid()
    with torch.no_grad():
        inferred = network.decode(network.mean(x))
    torch.testing.assert_close(inferred, network.decode(network.mean(x)).detach(), atol=1e-6, rtol=1e-5)
    assert vae.has_fused_kernel() == fused


def test_decoded_images_are_grey_values(make_vae: MakeVAE):
    images = make_vae(16, 8, 3).decode(100 * draw(50, 3))
    assert images.shape == (50, 16)
    assert images.min() >= 0
    assert images.max() <= 1


def layers(network: VAE) -> list[tuple[torch.Tensor, torch.Tensor]]:
    parts = (network.encoder.hidden, network.encoder.output, network.decoder.hidden, network.decoder.output)
    return [(part.weight.detach(), part.bias.detach()) for part in parts]


@pytest.mark.parametrize("stack", [(), (3,)])
@pytest.mark.parametrize("kind", ["glorot", "torch"])
def test_initial_weights_fill_their_interval(kind: str, stack: tuple[int, ...]):
    network = VAE(300, 200, 50, stack)
    vae.initialise(network, kind, torch.Generator().manual_seed(0))
    for weight, bias in layers(network):
        n_out, n_in = weight.shape[-2:]
        bound = math.sqrt(6 / (n_in + n_out)) if kind == "glorot" else 1 / math.sqrt(n_in)
        assert weight.abs().max() <= bound
        assert weight.abs().max() > 0.99 * bound
        assert weight.var().item() == pytest.approx(bound**2 / 3, rel=0.05)
        assert bias.abs().max() <= (0 if kind == "glorot" else bound)
    assert (layers(network)[0][1].abs().max() > 0) == (kind == "torch")


def test_initial_weights_depend_on_the_generator_alone():
    networks = [VAE(16, 8, 3) for _ in range(3)]
    for network, seed in zip(networks, (0, 0, 1), strict=True):
        vae.initialise(network, "glorot", torch.Generator().manual_seed(seed))
    first, same, other = (network.encoder.hidden.weight for network in networks)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
