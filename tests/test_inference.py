from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from core import inference
from core.vae import VAE

N_PIXELS = 64
INDEX = tuple(range(20, 32))


def noise_of(index: tuple[int, ...] = INDEX, *, seed: int = 0, dataset: str = "digits", n_pixels: int = N_PIXELS):
    uniform, order = inference.pixel_noise(seed, dataset, index, n_pixels)
    return torch.from_numpy(uniform), torch.from_numpy(order)


def images(n: int = len(INDEX), *, levels: int = 17, seed: int = 0) -> torch.Tensor:
    """Images with few grey values, so that equal ones occur as in real images."""
    return torch.randint(levels, (n, N_PIXELS), generator=torch.Generator().manual_seed(seed)) / (levels - 1)


def slow_permute(x: list[float], selected: list[bool], order: list[int]) -> list[float]:
    """Every selected pixel passes its intensity on to the next selected one along the cycle."""
    cycle = [pixel for pixel in order if selected[pixel]]
    result = list(x)
    for i, pixel in enumerate(cycle):
        result[cycle[(i + 1) % len(cycle)]] = x[pixel]
    return result


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.3, 1.0])
def test_permute_agrees_with_a_slow_reference(noise: float, device: torch.device):
    uniform, order = noise_of()
    x = images()
    found = inference.swap(x.to(device), noise, "permute", uniform.to(device), order.to(device)).cpu()
    for i in range(len(x)):
        expected = slow_permute(x[i].tolist(), [u < noise for u in uniform[i].tolist()], order[i].tolist())
        assert found[i].tolist() == expected


@pytest.mark.parametrize("kind", ["invert", "permute"])
def test_no_noise_leaves_an_image_alone(kind: str):
    assert torch.equal(inference.swap(images(), 0.0, kind, *noise_of()), images())


def test_full_inversion_is_the_negative():
    assert torch.equal(inference.swap(images(), 1.0, "invert", *noise_of()), 1 - images())


def test_full_noise_selects_every_pixel_of_every_image():
    """Image 2589 has a number that is 1 when it is rounded to float32, which no p would select."""
    for dataset, index in (("mnist", 2589), ("mnist", 19311), ("fashion", 38310)):
        uniform, _ = noise_of((index,), dataset=dataset, n_pixels=784)
        assert (uniform < 1).all()


def test_full_permutation_moves_every_pixel_along_one_cycle():
    x = torch.arange(N_PIXELS).float().expand(len(INDEX), -1)
    moved = inference.swap(x, 1.0, "permute", *noise_of()).long()
    for row in moved.tolist():
        walk = [0]
        while row[walk[-1]] != 0:
            walk.append(row[walk[-1]])
        assert len(walk) == N_PIXELS


@examples(max_examples=40, deadline=None)
@given(noise=st.floats(0, 1), seed=st.integers(0, 2**31 - 1))
def test_permute_keeps_the_grey_values_of_each_image(noise: float, seed: int):
    swapped = inference.swap(images(), noise, "permute", *noise_of(seed=seed))
    for before, after in zip(images().tolist(), swapped.tolist(), strict=True):
        assert Counter(before) == Counter(after)


@examples(max_examples=40, deadline=None)
@given(noise=st.floats(0, 1))
def test_inversion_changes_the_selected_pixels_alone(noise: float):
    uniform, order = noise_of()
    x = torch.zeros(len(INDEX), N_PIXELS)
    assert torch.equal(inference.swap(x, noise, "invert", uniform, order), (uniform < noise).float())


@examples(max_examples=40, deadline=None)
@given(p=st.floats(0, 1), q=st.floats(0, 1))
def test_a_larger_p_swaps_the_same_pixels_and_more(p: float, q: float):
    x = torch.zeros(len(INDEX), N_PIXELS)
    fewer, more = (inference.swap(x, noise, "invert", *noise_of()) for noise in sorted((p, q)))
    assert (fewer <= more).all()


def test_pixels_that_are_not_selected_stay_when_others_permute():
    uniform, order = noise_of()
    swapped = inference.swap(images(), 0.3, "permute", uniform, order)
    assert torch.equal(swapped[uniform >= 0.3], images()[uniform >= 0.3])


def test_noise_depends_neither_on_the_batch_nor_on_the_number_of_images():
    uniform, order = noise_of()
    backwards = noise_of(INDEX[::-1])
    assert torch.equal(backwards[0].flip(0), uniform)
    assert torch.equal(backwards[1].flip(0), order)
    for i, index in enumerate(INDEX):
        alone = noise_of((index,))
        assert torch.equal(alone[0][0], uniform[i])
        assert torch.equal(alone[1][0], order[i])


def test_a_swapped_image_does_not_depend_on_its_neighbours():
    together = inference.swap(images(), 0.4, "permute", *noise_of())
    for i in range(len(INDEX)):
        assert torch.equal(
            inference.swap(images()[i : i + 1], 0.4, "permute", *noise_of(INDEX[i : i + 1]))[0], together[i]
        )


def test_noise_differs_by_image_seed_and_data_set():
    rows = [noise_of((3,)), noise_of((4,)), noise_of((3,), seed=1), noise_of((3,), dataset="mnist")]
    for part in range(2):
        assert len({tuple(row[part][0].tolist()) for row in rows}) == len(rows)


def test_neighbouring_images_share_no_stream():
    """A counter that advanced too little from image to image would repeat numbers, shifted."""
    uniform, _ = noise_of(tuple(range(50)))
    assert len(uniform.unique()) > 0.999 * uniform.numel()


def test_noise_is_uniform_and_orders_are_permutations():
    uniform, order = noise_of(tuple(range(500)))
    assert uniform.min() >= 0
    for p in (0.1, 0.5, 0.9):
        assert (uniform < p).float().mean().item() == pytest.approx(p, abs=4 * (p * (1 - p) / uniform.numel()) ** 0.5)
    assert torch.equal(order.sort(1).values, torch.arange(N_PIXELS).expand(500, -1))
    assert np.corrcoef(uniform.flatten(), order.argsort(1).flatten())[0, 1] == pytest.approx(0, abs=0.03)


class AffineMap(VAE):
    """A stand-in whose images are latent vectors, and whose step is z -> A z + b."""

    def __init__(self, matrix: torch.Tensor, offset: torch.Tensor):
        super().__init__(len(offset), 1, len(offset))
        self.matrix, self.offset = matrix, offset

    def mean(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * x

    def latent_map(self, z: torch.Tensor) -> torch.Tensor:
        return z @ self.matrix.T + self.offset


def test_affine_inference_goes_to_its_fixed_point(device: torch.device):
    matrix = torch.tensor([[0.5, 0.2], [-0.1, 0.7]])
    offset, x = torch.tensor([1.0, -2.0]), torch.tensor([[0.0, 1.0], [3.0, -1.0], [0.5, 0.5]])
    fixed = torch.linalg.solve(torch.eye(2) - matrix, offset)
    z = inference.repeated_inference(AffineMap(matrix.to(device), offset.to(device)), x.to(device), 80).cpu()
    assert z.shape == (81, 3, 2)
    torch.testing.assert_close(z[0], 2 * x)
    torch.testing.assert_close(z[-1], fixed.expand(3, -1))
    for t in (1, 2, 7):
        expected = fixed + (2 * x - fixed) @ torch.linalg.matrix_power(matrix, t).T
        torch.testing.assert_close(z[t], expected)


def test_a_linear_autoencoder_goes_to_its_analytic_fixed_point():
    """Near grey images tanh and the sigmoid are straight: z -> B A D C z / 4 + o, with o the code of an even grey."""
    generator = torch.Generator().manual_seed(0)
    a, b, c, d = (torch.randn(n, m, generator=generator) for n, m in ((4, 6), (2, 4), (4, 2), (6, 4)))
    scale, o = 1e-3, torch.tensor([0.01, -0.02])
    d = d * 0.6 / torch.linalg.matrix_norm(b @ a @ d @ c / 4, 2)
    network = VAE(6, 4, 2)
    weights = {
        "encoder.hidden.weight": scale * a,
        "encoder.output.weight": torch.cat([b / scale, torch.ones(2, 4)]),
        "encoder.output.bias": torch.cat([o - b @ a @ torch.full((6,), 0.5), torch.zeros(2)]),
        "decoder.hidden.weight": scale * c,
        "decoder.output.weight": d / scale,
    }
    network.load_state_dict(network.state_dict() | weights)
    fixed = torch.linalg.solve(torch.eye(2) - b @ a @ d @ c / 4, o)
    z = inference.repeated_inference(network, 0.5 + 0.01 * torch.randn(3, 6, generator=generator), 60)
    torch.testing.assert_close(z[-1], fixed.expand(3, -1), rtol=1e-2, atol=1e-5)
    assert ((z[0] - fixed).norm(dim=-1) > fixed.norm() / 2).all()


def test_repeated_inference_is_mean_then_steps(make_vae, device: torch.device):
    network = make_vae(N_PIXELS, 12, 3).to(device)
    x = images().to(device)
    z = inference.repeated_inference(network, x, 5)
    assert z.shape == (6, len(INDEX), 3)
    assert not z.requires_grad
    for t in range(6):
        torch.testing.assert_close(z[t], network.encode(x)[0])
        x = network.decode(z[t])


def test_no_steps_are_the_encoding_alone(make_vae):
    network = make_vae(N_PIXELS, 12, 3)
    torch.testing.assert_close(inference.repeated_inference(network, images(), 0)[0], network.mean(images()))
