from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import data, train
from core.checkpoint import TrainingError
from core.data import Dataset
from core.held_out import held_out_metrics
from core.specs import ModelSpec
from core.stack import learning_rate
from core.vae import VAE

SPEC = ModelSpec(dataset="digits", n_latent=3, n_hidden=16, epochs=4, batch_size=50, precision="float32")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def digits() -> tuple[Dataset, Dataset]:
    return data.load_dataset("digits", Path()), data.load_dataset("digits", Path(), train=False)


def weights(spec: ModelSpec, digits: tuple[Dataset, Dataset]) -> torch.Tensor:
    network, _ = train.train(spec, *digits, device=CPU)
    return torch.cat([value.flatten() for value in network.state_dict().values()])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_loss_falls(precision: str, digits: tuple[Dataset, Dataset], device: torch.device):
    network, history = train.train(replace(SPEC, precision=precision, epochs=6), *digits, device=device)
    assert (np.diff(history.train_negative_elbo) < 0).all()
    assert history.test_negative_elbo[-1] < history.test_negative_elbo[0] - 1
    assert history.test_epochs.tolist() == [1, 2, 3, 4, 5, 6]
    assert history.seconds > 0
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_the_reported_bound_is_that_of_the_network_returned(digits: tuple[Dataset, Dataset]):
    network, history = train.train(SPEC, *digits, device=CPU)
    metrics = held_out_metrics(network, digits[1], n_samples=train.TEST_SAMPLES)
    assert history.test_negative_elbo[-1] == pytest.approx(metrics.negative_elbo)
    assert history.test_kl[-1] == pytest.approx(metrics.kl)


def test_the_test_bound_is_taken_some_thirty_times_and_at_the_end(digits: tuple[Dataset, Dataset]):
    few = [Dataset("digits", part.images[:60], part.labels[:60]) for part in digits]
    _, history = train.train(replace(SPEC, epochs=95), *few, device=CPU)
    assert len(history.train_negative_elbo) == 95
    assert history.test_epochs[0] == 1
    assert history.test_epochs[-1] == 95
    assert 25 <= len(history.test_epochs) <= 35


def test_one_seed_gives_one_network_and_another_another(digits: tuple[Dataset, Dataset]):
    spec = replace(SPEC, epochs=1)
    first = weights(spec, digits)
    assert torch.equal(first, weights(spec, digits))
    assert not torch.allclose(first, weights(replace(spec, seed=1), digits), atol=1e-2)


def test_training_leaves_the_global_generator_alone(digits: tuple[Dataset, Dataset]):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    weights(replace(SPEC, epochs=1), digits)
    assert torch.equal(torch.rand(3), expected)


def test_no_learning_rate_to_speak_of_leaves_the_initial_weights(digits: tuple[Dataset, Dataset]):
    """The rates are really used: with the smallest one the weights stay within Glorot's bound."""
    network, _ = train.train(replace(SPEC, learning_rates=(1e-8,)), *digits, device=CPU)
    assert network.encoder.hidden.weight.abs().max() <= (6 / (64 + 16)) ** 0.5 + 1e-5
    assert network.encoder.hidden.bias.abs().max() < 1e-5


def test_every_rate_has_its_part_of_the_run():
    spec = ModelSpec(epochs=90, learning_rates=(0.3, 0.2, 0.1))
    rates = [learning_rate(spec, epoch) for epoch in range(90)]
    assert rates == [0.3] * 30 + [0.2] * 30 + [0.1] * 30


@pytest.mark.parametrize(("epochs", "n_rates"), [(1, 3), (2, 3), (100, 3), (7, 1), (1500, 10)])
def test_rates_of_any_run_are_in_order(epochs: int, n_rates: int):
    spec = ModelSpec(epochs=epochs, learning_rates=tuple(0.1 / (i + 1) for i in range(n_rates)))
    rates = [learning_rate(spec, epoch) for epoch in range(epochs)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 0.1
    counts = [rates.count(rate) for rate in spec.learning_rates]
    assert max(counts) - min(counts) <= 1


def test_the_rate_drops_while_training(digits: tuple[Dataset, Dataset]):
    """After a third at a good rate, two thirds at next to none change next to nothing."""
    fast = replace(SPEC, epochs=2, learning_rates=(1e-2,))
    slow = replace(SPEC, epochs=6, learning_rates=(1e-2, 1e-8, 1e-8))
    torch.testing.assert_close(weights(fast, digits), weights(slow, digits), atol=1e-4, rtol=0)


def test_a_loss_that_is_not_finite_is_refused_with_a_remedy(digits: tuple[Dataset, Dataset]):
    training = Dataset("digits", np.full_like(digits[0].images, np.nan), digits[0].labels)
    with pytest.raises(TrainingError, match="lower learning rates"):
        train.train(SPEC, training, digits[1], device=CPU)


def test_progress_is_told_after_every_epoch(digits: tuple[Dataset, Dataset]):
    told: list[tuple[float, str]] = []
    train.train(SPEC, *digits, device=CPU, progress=lambda share, text: told.append((share, text)))
    assert [share for share, _ in told] == [0.25, 0.5, 0.75, 1.0]
    assert "epoch 2" in told[1][1]


def test_progress_can_stop_a_training(digits: tuple[Dataset, Dataset]):
    shares = []

    def stop(share: float, text: str) -> None:
        shares.append(share)
        if len(shares) == 2:
            raise train.CancelledError("stopped")

    with pytest.raises(train.CancelledError, match="stopped"):
        train.train(SPEC, *digits, device=CPU, progress=stop)
    assert len(shares) == 2


def test_the_bound_of_a_network_of_zeros_is_that_of_fair_coins(digits: tuple[Dataset, Dataset], device: torch.device):
    metrics = held_out_metrics(VAE(64, 8, 3).to(device), digits[1])
    assert metrics.negative_elbo == pytest.approx(64 * np.log(2), rel=1e-6)
    assert metrics.kl == 0


def test_the_bound_of_many_images_is_the_mean_over_parts(make_vae, digits: tuple[Dataset, Dataset]):
    """More images than fit one batch, and a number that the batch does not divide; sigma = 0 takes chance away."""
    network, images = make_vae(64, 8, 3), digits[0].images
    with torch.no_grad():
        network.encoder.output.weight[3:] = 0
        network.encoder.output.bias[3:] = -60
    parts = [
        held_out_metrics(network, Dataset("digits", images[rows], digits[0].labels[rows]))
        for rows in (slice(500), slice(500, None))
    ]
    expected = (500 * parts[0].negative_elbo + (len(images) - 500) * parts[1].negative_elbo) / len(images)
    assert held_out_metrics(network, digits[0]).negative_elbo == pytest.approx(expected, rel=1e-6)


def test_the_bound_takes_the_same_draws_every_time(make_vae, digits: tuple[Dataset, Dataset]):
    network = make_vae(64, 8, 3)
    first = held_out_metrics(network, digits[1])
    assert first == held_out_metrics(network, digits[1])
    assert first != held_out_metrics(network, digits[1], seed=1)


def test_the_estimate_is_positive_and_scales_with_the_epochs():
    """With a clock that advances a second at every look the estimate is a number that can be known."""
    ticks = count(0.0)
    clock: dict[str, Any] = {"steps": 4, "clock": lambda: next(ticks)}
    one, ten = (
        train.estimated_seconds(replace(SPEC, epochs=epochs), 1437, 64, device=CPU, **clock) for epochs in (1, 10)
    )
    assert one == pytest.approx(29 / 4)  # 29 batches of at most 50 images, four of them in a second
    assert ten == pytest.approx(10 * one)
