"""The training of a GPU, on a CPU without graph and compiler: the same draws, the same arithmetic."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch

from core import data, device_epoch, train
from core.checkpoint import TrainingError
from core.data import Dataset
from core.device_epoch import DeviceEpoch, Images, draws_of
from core.device_stack import DeviceStack
from core.gradient import negative_elbo_gradient
from core.held_out import held_out_metrics
from core.schema import SpecError
from core.specs import ModelSpec
from core.stack import learning_rate
from core.vae import VAE, initialise, kl, reconstruction

SPEC = ModelSpec(dataset="digits", n_latent=3, n_hidden=16, epochs=4, batch_size=50, precision="float32")
CPU = torch.device("cpu")
VARIED = [
    replace(SPEC, seed=3),
    replace(SPEC, seed=4, n_latent=10, learning_rates=(2e-3, 1e-4)),
    replace(SPEC, seed=3, beta=4.0),
    replace(SPEC, seed=5, n_latent=1, initialisation="torch"),
]


@pytest.fixture(scope="module")
def digits() -> tuple[Dataset, Dataset]:
    return data.load_dataset("digits", Path()), data.load_dataset("digits", Path(), train=False)


@pytest.fixture
def double() -> Iterator[None]:
    """Everything in float64, so that the order of additions does not matter."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def flat(vae: VAE) -> torch.Tensor:
    return torch.cat([value.flatten() for value in vae.state_dict().values()])


def some(digits: tuple[Dataset, Dataset], n_images: int) -> Images:
    return Images.of(digits[0].images[:n_images], CPU)


# Images and draws


def test_images_lie_there_as_bytes_and_lose_nothing(digits: tuple[Dataset, Dataset]):
    mnist = (np.arange(256 * 3).reshape(-1, 3) % 256).astype(np.float32) / 255
    for images, kind in (
        (digits[0].images, torch.uint8),
        (mnist, torch.uint8),
        (np.array([[0.1234]], np.float32), torch.float32),
    ):
        held = Images.of(images, CPU)
        assert held.values.dtype == kind
        assert torch.equal(held.values.float() / held.levels, torch.from_numpy(images))
    assert Images.of(np.array([[np.nan]], np.float32), CPU).values.isnan().all()


def test_draws_are_those_of_seed_and_epoch_alone(digits: tuple[Dataset, Dataset]):
    images = some(digits, 120)
    first = draws_of(SPEC, 2, images, torch.float32)
    again = draws_of(replace(SPEC, beta=3.0, learning_rates=(0.1,)), 2, images, torch.float32)
    assert torch.equal(first.order, again.order)
    assert torch.equal(first.noise, again.noise)
    assert sorted(first.order.tolist()) == list(range(120))
    for other in (
        draws_of(SPEC, 3, images, torch.float32),
        draws_of(replace(SPEC, seed=1), 2, images, torch.float32),
    ):
        assert not torch.equal(first.order, other.order)
        assert not torch.equal(first.noise, other.noise)


@pytest.mark.parametrize("binarize", ["no", "sample"])
def test_draws_are_bit_for_bit_the_same_alone_and_in_a_stack(binarize: str, digits: tuple[Dataset, Dataset]):
    specs = [replace(spec, binarize=binarize) for spec in VARIED]
    images = some(digits, 120)

    def prepared(specs: list[ModelSpec]) -> DeviceEpoch:
        stack = DeviceStack.begin(specs, 64, CPU)
        epoch = DeviceEpoch(specs, stack.weights, stack.first, stack.second, images)
        epoch.prepare(1, [0.1] * len(specs))
        return epoch

    together = prepared(specs)
    for s, spec in enumerate(specs):
        alone = prepared([spec])
        assert torch.equal(alone.step.noise[0, ..., : spec.n_latent], together.step.noise[s, ..., : spec.n_latent])
        assert not together.step.noise[s, ..., spec.n_latent :].any()
        rows = [epoch.step.images[epoch.step.order[m]] for epoch, m in ((alone, 0), (together, s))]
        assert torch.equal(*rows)
    if binarize == "sample":
        assert set(together.step.images.unique().tolist()) == {0, 1}
        mean = together.step.images[:120].double().mean()
        assert float(mean) == pytest.approx(digits[0].images[:120].mean(), abs=0.02)


# Steps


def reference(spec: ModelSpec, images: torch.Tensor, epochs: int, last: int = 0) -> tuple[VAE, list[float]]:
    """Automatic differentiation and torch.optim.Adam on the same draws: the recipe as a script would write it."""
    vae = VAE(images.shape[1], spec.n_hidden, spec.n_latent)
    initialise(vae, spec.initialisation, torch.Generator().manual_seed(spec.seed))
    optimiser, losses = torch.optim.Adam(vae.parameters()), []
    held = Images(images, 1.0)
    for epoch in range(epochs):
        draws = draws_of(spec, epoch, held, images.dtype)
        optimiser.param_groups[0]["lr"] = learning_rate(spec, epoch)
        losses.append(0.0)
        for rows in torch.arange(len(images)).split(spec.batch_size):
            x = images[draws.order[rows]]
            if draws.uniform is not None:
                x = (draws.uniform[draws.order[rows]] < x).to(x.dtype)
            x = (x > 0.5).to(x.dtype) if spec.binarize == "threshold" else x
            mean, log_var = vae.encode(x)
            z = mean + (0.5 * log_var).exp() * draws.noise[rows].transpose(0, 1)
            likelihood, divergence = reconstruction(vae.decoder(z), x).mean(0), kl(mean, log_var)
            optimiser.zero_grad()
            (spec.beta * divergence - likelihood).mean().backward()
            optimiser.step()
            losses[-1] += float((divergence - likelihood).detach().sum()) / len(images)
    return vae, losses


@pytest.mark.parametrize("binarize", ["no", "threshold", "sample"])
@pytest.mark.usefixtures("double")
def test_twenty_steps_are_those_of_a_plain_loop(binarize: str, digits: tuple[Dataset, Dataset]):
    """Four epochs of five steps, the last of them with fewer images; models of four widths side by side."""
    specs = [replace(spec, binarize=binarize) for spec in VARIED]
    images = Images.of(digits[0].images[:230], CPU)
    stack = DeviceStack.begin(specs, 64, CPU)
    for _ in range(4):
        stack.run_epoch(images)
    exact = images.values.double() / images.levels
    for s, (spec, own) in enumerate(zip(specs, stack.networks(), strict=True)):
        expected, losses = reference(spec, exact, 4)
        assert float((flat(own) - flat(expected)).abs().max()) < 1e-10
        assert [row[s] for row in stack.losses] == pytest.approx(losses, rel=1e-12)


def test_the_gradient_of_a_step_is_that_of_the_core(digits: tuple[Dataset, Dataset]):
    """Adam's mean of the gradient after one step is a tenth of it: within 1e-6 of the largest, in float32."""
    spec = replace(SPEC, batch_size=60, beta=2.0)
    images = some(digits, 60)
    stack = DeviceStack.begin([replace(spec, n_latent=8), replace(spec, seed=7)], 64, CPU)
    one = stack.networks()[1]
    stack.run_epoch(images)
    draws = draws_of(stack.specs[1], 0, images, torch.float32)
    x = (images.values / images.levels)[draws.order]
    weights = [each.detach() for each in one.parameters()]
    gradient, _ = negative_elbo_gradient(weights, x, draws.noise.transpose(0, 1), torch.tensor(2.0))
    for own, expected in zip(device_epoch.narrow(stack.first, 1, 3), gradient, strict=True):
        torch.testing.assert_close(10 * own, expected, rtol=0, atol=1e-6 * float(expected.abs().max()) + 1e-9)


@pytest.mark.usefixtures("double")
def test_a_padded_model_is_the_narrow_one(digits: tuple[Dataset, Dataset]):
    images = some(digits, 200)
    wide, narrow = DeviceStack.begin(VARIED, 64, CPU), DeviceStack.begin(VARIED[3:], 64, CPU)
    assert wide.vae.n_latent == 16
    assert narrow.vae.n_latent == 8
    for stack in (wide, narrow):
        stack.run_epoch(images)
    torch.testing.assert_close(flat(wide.networks()[3]), flat(narrow.networks()[0]), rtol=0, atol=1e-12)
    for group in (wide.weights, wide.first, wide.second):
        for s, spec in enumerate(VARIED):
            rest = [each[s].unflatten(0, (2, -1))[:, spec.n_latent :] for each in group[2:4]]
            assert not any(each.any() for each in (*rest, group[4][s, :, spec.n_latent :]))


def test_padding_and_its_inverse():
    vae = VAE(5, 4, 3)
    initialise(vae, "torch", torch.Generator().manual_seed(0))
    wide = device_epoch.padded(vae, 8)
    assert [tuple(each.shape) for each in wide] == [(4, 5), (4,), (16, 4), (16,), (4, 8), (4,), (5, 4), (5,)]
    back = device_epoch.narrow([each[None] for each in wide], 0, 3)
    assert all(torch.equal(a, b) for a, b in zip(back, vae.parameters(), strict=True))


# Through the training's own door


def trained(specs: list[ModelSpec], digits: tuple[Dataset, Dataset], **options: object) -> list[torch.Tensor]:
    found = train.train_stack(specs, *digits, device=CPU, engine=DeviceStack, **options)  # pyright: ignore
    return [flat(vae) for vae, _ in found]


@pytest.mark.parametrize("specs", [VARIED[1:2], VARIED], ids=["one", "stack"])
def test_a_training_that_was_stopped_ends_in_the_same_weights(
    specs: list[ModelSpec], digits: tuple[Dataset, Dataset], tmp_path: Path
):
    state = tmp_path / "state"

    def stop(share: float, text: str) -> None:
        if share == 0.5:
            raise train.CancelledError

    with pytest.raises(train.CancelledError):
        trained(specs, digits, state=state, every=1e9, progress=stop)
    told: list[str] = []
    resumed = trained(specs, digits, state=state, progress=lambda _, text: told.append(text))
    assert [text.split(",")[0] for text in told] == ["epoch 3 of 4", "epoch 4 of 4"]
    for own, whole in zip(resumed, trained(specs, digits), strict=True):
        assert torch.equal(own, whole)


def test_the_state_of_another_kind_of_device_is_refused_and_kept(digits: tuple[Dataset, Dataset], tmp_path: Path):
    state = tmp_path / "state"
    for mine, other in ((DeviceStack, train.Stack), (train.Stack, DeviceStack)):
        stack = mine.begin([SPEC], 64, CPU)
        if isinstance(stack, DeviceStack):
            stack.run_epoch(some(digits, 60))
        else:
            stack.run_epoch(torch.from_numpy(digits[0].images))
        stack.save(state)
        before = state.read_bytes()
        with pytest.raises(TrainingError, match="another kind of device"):
            train.train_stack([SPEC], *digits, device=CPU, state=state, engine=other)
        assert state.read_bytes() == before


def test_the_course_and_the_bound_are_those_of_the_networks(digits: tuple[Dataset, Dataset]):
    found = train.train_stack(VARIED, *digits, device=CPU, engine=DeviceStack)
    for spec, (vae, history) in zip(VARIED, found, strict=True):
        assert vae.n_latent == spec.n_latent
        assert history.test_epochs.tolist() == [1, 2, 3, 4]
        metrics = held_out_metrics(vae, digits[1], n_samples=train.TEST_SAMPLES)
        assert history.test_negative_elbo[-1] == pytest.approx(metrics.negative_elbo, rel=1e-5)
        assert history.test_kl[-1] == pytest.approx(metrics.kl, rel=1e-5)
        assert history.test_active_units[-1] == metrics.active_units
        assert (np.diff(history.train_negative_elbo) < 0).all()


def test_a_model_that_diverges_leaves_the_others_alone(digits: tuple[Dataset, Dataset]):
    bad = replace(SPEC, seed=8, learning_rates=(1.0,), beta=50.0)
    stack, alone = DeviceStack.begin([VARIED[0], bad], 64, CPU), DeviceStack.begin(VARIED[:1], 64, CPU)
    stack.weights[0][1].fill_(torch.nan)
    images = some(digits, 200)
    for _ in range(3):
        stack.run_epoch(images)
        alone.run_epoch(images)
    assert [np.isfinite(row).tolist() for row in stack.losses] == [[True, False]] * 3
    torch.testing.assert_close(flat(stack.networks()[0]), flat(alone.networks()[0]), rtol=1e-5, atol=1e-6)
    only = DeviceStack.begin([bad], 64, CPU)
    only.weights[0].fill_(torch.nan)
    with pytest.raises(TrainingError, match="not finite after epoch 1"):
        only.run_epoch(images)


def test_what_does_not_stack_is_refused_and_grouped(digits: tuple[Dataset, Dataset]):
    with pytest.raises(SpecError, match="n_latent only"):
        DeviceStack.begin([SPEC, replace(SPEC, batch_size=60)], 64, CPU)
    mixed = [SPEC, replace(SPEC, n_latent=4), replace(SPEC, batch_size=60), replace(SPEC, n_latent=5, beta=2.0)]
    assert [len(group) for group in train.stacks_of(mixed, torch.device("cuda"))] == [3, 1]
    assert [len(group) for group in train.stacks_of(mixed)] == [1, 1, 1, 1]


# The compiler


def test_where_a_step_cannot_be_compiled_it_goes_without(
    digits: tuple[Dataset, Dataset], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def refuse(function: object, **_: object) -> object:
        def fail(*_: object) -> None:
            raise RuntimeError("Failed to find C compiler.")

        return fail

    monkeypatch.setattr(torch, "compile", refuse)
    stack, plain = (DeviceStack.begin(VARIED, 64, CPU, compiled) for compiled in (True, False))
    for each in (stack, plain):
        each.run_epoch(some(digits, 200))
    assert [record.getMessage() for record in caplog.records] == [
        "Training steps cannot be compiled here (RuntimeError): slower kernels."
    ]
    assert all(torch.equal(a, b) for a, b in zip(stack.weights, plain.weights, strict=True))


class FakeGraph:
    """What a CUDA graph is to the engine: calls that are noted while it records, and made again at every replay."""

    recording: "FakeGraph | None" = None
    replays = 0

    def __init__(self) -> None:
        self.calls: list[Callable[[], object]] = []

    def __enter__(self) -> None:
        FakeGraph.recording = self

    def __exit__(self, *_: object) -> None:
        FakeGraph.recording = None

    def replay(self) -> None:
        FakeGraph.replays += 1
        for call in self.calls:
            call()


class NotedEpoch(DeviceEpoch):
    """What it does while a graph records is noted, not done."""

    def advance(self) -> None:
        if FakeGraph.recording:
            FakeGraph.recording.calls.append(super().advance)
        else:
            super().advance()


@pytest.mark.parametrize("n_images", [230, 950])
def test_steps_are_replayed_ten_at_a_time_and_none_is_lost(
    n_images: int, digits: tuple[Dataset, Dataset], monkeypatch: pytest.MonkeyPatch
):
    """95 steps of 10 images are 3 before the graph, 9 times ten and 2 after it; in the next epoch 9 times ten and 5."""

    FakeGraph.replays = 0
    monkeypatch.setattr(torch.cuda, "CUDAGraph", FakeGraph)
    monkeypatch.setattr(torch.cuda, "graph", lambda graph, **_: graph)
    monkeypatch.setattr(torch.cuda, "Stream", MagicMock)
    monkeypatch.setattr(torch.cuda, "current_stream", MagicMock)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    specs = [replace(spec, batch_size=10) for spec in VARIED]
    images = some(digits, n_images)
    recorded, plain = (DeviceStack.begin(specs, 64, CPU, False) for _ in range(2))
    recorded.running = NotedEpoch(specs, recorded.weights, recorded.first, recorded.second, images, False)
    recorded.running.recorded = True
    for stack in (recorded, plain):
        for _ in range(3):
            stack.run_epoch(images)
    assert FakeGraph.replays == {230: 6, 950: 27}[n_images]
    assert recorded.losses == plain.losses
    assert all(torch.equal(a, b) for a, b in zip(recorded.weights, plain.weights, strict=True))


def test_a_recipe_is_plain_json_in_a_state(tmp_path: Path):
    DeviceStack.begin(VARIED, 64, CPU).save(tmp_path / "state")
    again = DeviceStack.begin(VARIED, 64, CPU)
    again.load(tmp_path / "state")
    assert json.dumps([spec.to_dict() for spec in again.specs])
