"""Models side by side are the same models one by one; a training that was killed ends as if it had not been."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save

from core import data, train
from core.checkpoint import Metrics, TrainingError, read_history
from core.data import Dataset
from core.schema import SpecError
from core.specs import ModelSpec
from core.stack import Stack
from core.vae import VAE, kl, reconstruction

SPEC = ModelSpec(dataset="digits", n_latent=3, n_hidden=16, epochs=4, batch_size=50, precision="float32")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def digits() -> tuple[Dataset, Dataset]:
    return data.load_dataset("digits", Path()), data.load_dataset("digits", Path(), train=False)


@pytest.fixture
def double():
    """Everything in float64, so that the order of additions does not matter."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def flat(vae: VAE) -> torch.Tensor:
    return torch.cat([value.flatten() for value in vae.state_dict().values()])


VARIED = [
    replace(SPEC, seed=3),
    replace(SPEC, seed=4, learning_rates=(2e-3, 1e-4)),
    replace(SPEC, seed=3, beta=4.0),
    replace(SPEC, seed=5, initialisation="torch"),
]


@pytest.mark.parametrize("binarize", ["no", "threshold", "sample"])
@pytest.mark.usefixtures("double")
def test_a_stack_gives_what_its_models_give_apart(binarize: str, digits: tuple[Dataset, Dataset]):
    specs = [replace(spec, binarize=binarize) for spec in VARIED]
    images = torch.from_numpy(digits[0].images[:230]).double()
    together = Stack.begin(specs, 64, CPU)
    apart = [Stack.begin([spec], 64, CPU) for spec in specs]
    for stack in (together, *apart):
        for _ in range(3):
            stack.run_epoch(images)
    for one, alone, s in zip(together.networks(), apart, range(4), strict=True):
        torch.testing.assert_close(flat(one), flat(alone.vae), rtol=1e-9, atol=1e-11)
        assert [row[s] for row in together.losses] == pytest.approx([row[0] for row in alone.losses], rel=1e-6)
    weights = [flat(one) for one in together.networks()]
    assert min(float((a - b).abs().max()) for i, a in enumerate(weights) for b in weights[:i]) > 1e-3


def test_models_that_differ_in_more_do_not_stack():
    with pytest.raises(SpecError, match="may differ in seed"):
        Stack.begin([SPEC, replace(SPEC, n_latent=4)], 64, CPU)
    mixed = [SPEC, replace(SPEC, n_latent=4), replace(SPEC, seed=1), replace(SPEC, n_latent=4, beta=2.0)]
    assert [[spec.n_latent for spec in group] for group in train.stacks_of(mixed)] == [[3, 3], [4, 4]]


def test_beta_weighs_the_divergence(digits: tuple[Dataset, Dataset]):
    """One step of plain gradient descent from zero moments goes along the sign of the gradient of this loss."""
    spec = replace(SPEC, beta=7.0, batch_size=60, learning_rates=(1e-3,))
    stack = Stack.begin([spec], 64, CPU)
    images = torch.from_numpy(digits[0].images[:60])
    before = {name: value.clone() for name, value in stack.vae.state_dict().items()}
    generator = torch.Generator()
    generator.set_state(stack.generators[0].get_state())
    x = images[torch.randperm(60, generator=generator)]
    noise = torch.randn(2, 60, 3, generator=generator)
    mean, log_var = stack.vae.encode(x)
    likelihood = reconstruction(stack.vae.decoder(mean + (0.5 * log_var).exp() * noise), x).mean(0)
    (7 * kl(mean, log_var) - likelihood).mean().backward()
    gradients = {name: value.grad.clone() for name, value in stack.vae.named_parameters() if value.grad is not None}
    stack.vae.zero_grad(set_to_none=True)
    stack.run_epoch(images)
    for name, value in stack.vae.state_dict().items():
        sure = gradients[name].abs() > 1e-4
        assert sure.any()
        torch.testing.assert_close(
            (value - before[name])[sure], -1e-3 * gradients[name].sign()[sure], rtol=1e-2, atol=0
        )


def test_pixels_are_cut_or_drawn():
    x = torch.tensor([[[0.2, 0.5, 0.51, 1.0, 0.0, 0.7]]]).expand(1, 4000, 6)[0]
    cut = Stack.begin([replace(SPEC, binarize="threshold")], 6, CPU).prepared(x)
    assert cut[0].tolist() == [0, 0, 1, 1, 0, 1]
    drawn = Stack.begin([replace(SPEC, binarize="sample")], 6, CPU).prepared(x)
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(drawn.mean(0), x[0], atol=0.05, rtol=0)


@pytest.mark.parametrize("specs", [VARIED[:1], VARIED[:2]], ids=["one", "stack"])
def test_a_training_that_was_stopped_ends_in_the_same_weights(
    specs: list[ModelSpec], digits: tuple[Dataset, Dataset], tmp_path: Path
):
    state, epochs = tmp_path / "state", []

    def stop(share: float, text: str) -> None:
        epochs.append(text)
        if len(epochs) == 2:
            raise train.CancelledError

    with pytest.raises(train.CancelledError):
        train.train_stack(specs, *digits, device=CPU, state=state, every=1e9, progress=stop)
    resumed = train.train_stack(specs, *digits, device=CPU, state=state, progress=lambda _, text: epochs.append(text))
    whole = train.train_stack(specs, *digits, device=CPU)
    assert [text.split(",")[0] for text in epochs] == [f"epoch {n} of 4" for n in (1, 2, 3, 4)]
    for (one, history), (other, expected) in zip(resumed, whole, strict=True):
        assert torch.equal(flat(one), flat(other))
        np.testing.assert_array_equal(history.train_negative_elbo, expected.train_negative_elbo)
        np.testing.assert_array_equal(history.test_epochs, expected.test_epochs)
        np.testing.assert_array_equal(history.test_negative_elbo, expected.test_negative_elbo)
    assert resumed[0][1].seconds > 0


def test_a_state_with_the_names_of_before_goes_on(digits: tuple[Dataset, Dataset], tmp_path: Path):
    stack, path = Stack.begin(VARIED[:1], digits[0].images.shape[1], CPU), tmp_path / "state"
    stack.run_epoch(torch.from_numpy(digits[0].images))
    stack.test_metrics[1] = [Metrics(30.0, 2.0, 3)]
    stack.save(path)
    history = read_history(path)
    history["bounds"] = history.pop("test_metrics")
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    path.write_bytes(save(tensors, {"course": json.dumps(history)}))
    taken_up = Stack.begin(VARIED[:1], digits[0].images.shape[1], CPU)
    taken_up.load(path)
    assert (taken_up.epoch, taken_up.test_metrics) == (1, stack.test_metrics)
    assert torch.equal(flat(taken_up.vae), flat(stack.vae))


KILLED = """
import sys
from pathlib import Path
import torch
from core import data, train
from core.specs import ModelSpec
torch.set_num_threads(1)  # as the tests have it: another number adds in another order
spec = ModelSpec.from_dict(eval(sys.argv[2]))
sets = [data.load_dataset("digits", Path(), train=part) for part in (True, False)]
tell = lambda share, text: print(share, flush=True)
train.train_stack([spec], *sets, device=torch.device("cpu"), state=Path(sys.argv[1]), every=0.0, progress=tell)
"""


def test_a_training_that_is_killed_at_any_moment_goes_on(digits: tuple[Dataset, Dataset], tmp_path: Path, root: Path):
    spec, state = replace(SPEC, epochs=60), tmp_path / "state"
    command = [sys.executable, "-c", KILLED, str(state), repr(spec.to_dict())]
    for wait in (0.0, 0.013, 0.031):
        with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            assert process.stdout.readline()
            time.sleep(wait)
            os.kill(process.pid, signal.SIGKILL)
    reached = Stack.begin([spec], 64, CPU)
    reached.load(state)
    assert 1 <= reached.epoch < 60
    first = len(list(tmp_path.iterdir()))
    (resumed, _), (whole, _) = (
        train.train_stack([spec], *digits, device=CPU, state=place)[0] for place in (state, None)
    )
    assert torch.equal(flat(resumed), flat(whole))
    assert first <= 4  # the state, and at most one half of one for each kill


def test_a_full_disk_keeps_the_last_good_state(
    digits: tuple[Dataset, Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    state, real = tmp_path / "state", os.fsync
    calls = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainingError, match=r"No space left.*Make room"):
        train.train_stack([SPEC], *digits, device=CPU, state=state, every=0.0)
    kept = Stack.begin([SPEC], 64, CPU)
    kept.load(state)
    assert kept.epoch == 2
    assert list(tmp_path.iterdir()) == [state]


@pytest.mark.parametrize("damage", ["cut", "foreign", "empty", "other spec"])
def test_a_state_that_cannot_be_used_is_refused_and_kept(damage: str, digits: tuple[Dataset, Dataset], tmp_path: Path):
    state = tmp_path / "state"
    stack = Stack.begin([SPEC], 64, CPU)
    stack.run_epoch(torch.from_numpy(digits[0].images))
    stack.save(state)
    content = {"cut": state.read_bytes()[:-50], "foreign": b"no state", "empty": b""}.get(damage, state.read_bytes())
    state.write_bytes(content)
    spec = replace(SPEC, seed=9) if damage == "other spec" else SPEC
    with pytest.raises(TrainingError, match=r"Move it away to begin anew\."):
        train.train(spec, *digits, device=CPU, state=state)
    assert state.read_bytes() == content


def test_a_loss_that_is_not_finite_keeps_the_last_good_state(digits: tuple[Dataset, Dataset], tmp_path: Path):
    state = tmp_path / "state"
    stack = Stack.begin([SPEC], 64, CPU)
    stack.run_epoch(torch.from_numpy(digits[0].images))
    stack.save(state)
    before = state.read_bytes()
    broken = Dataset("digits", np.full_like(digits[0].images, np.nan), digits[0].labels)
    with pytest.raises(TrainingError, match="not finite after epoch 2"):
        train.train_stack([SPEC], broken, digits[1], device=CPU, state=state, every=0.0)
    assert state.read_bytes() == before


def test_progress_says_what_a_teacher_asks_for(digits: tuple[Dataset, Dataset]):
    told: list[str] = []
    train.train_stack(VARIED[:2], *digits, device=CPU, progress=lambda _, text: told.append(text))
    assert len(told) == 4
    for words in ("epoch 4 of 4", "epochs/s", "left", "(train)", "(test) nats", "KL ", " to ", "active units"):
        assert words in told[-1]
