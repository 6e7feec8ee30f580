"""The zoo and the grid in stacks, as on a GPU; here on a CPU with the engine of a GPU."""

import re
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from core import data, store, train
from core.__main__ import main
from core.checkpoint import TrainingError
from core.commands.training import run_zoo
from core.data import Dataset
from core.device_stack import DeviceStack
from core.experiments import grid, side_by_side
from core.held_out import HeldOut, held_out_metrics
from core.session import Session
from core.settings import Settings
from core.specs import ClassifierSpec, ModelSpec
from core.stack import Stack
from core.vae import VAE

CPU = torch.device("cpu")
SPEC = ModelSpec(dataset="digits", n_latent=3, n_hidden=16, epochs=2, batch_size=50, precision="float32")
ZOO = {"a": SPEC, "b": replace(SPEC, n_latent=9, beta=2.0), "c": replace(SPEC, seed=1)}


@pytest.fixture(scope="module")
def digits() -> tuple[Dataset, Dataset]:
    return data.load_dataset("digits", Path()), data.load_dataset("digits", Path(), train=False)


def flat(vae: VAE) -> torch.Tensor:
    return torch.cat([value.flatten() for value in vae.state_dict().values()])


def filed(folder: Path) -> dict[str, torch.Tensor]:
    return {path.stem: flat(store.load_model(path, CPU).vae) for path in folder.glob("*.safetensors")}


def of_zoo(*names: str) -> dict[str, ModelSpec]:
    return {name: ZOO[name] for name in names}


class OneDiverges(DeviceStack):
    """The models of seed 1 have weights that are not finite, from the beginning."""

    @classmethod
    def begin(cls, specs: Sequence[ModelSpec], *rest: Any) -> DeviceStack:
        stack = super().begin(specs, *rest)
        for s, spec in enumerate(specs):
            if spec.seed == 1:
                stack.weights[0][s].fill_(torch.nan)
        return stack


# How many


def test_a_stack_has_as_many_models_as_the_memory_holds():
    specs = [replace(SPEC, seed=seed) for seed in range(7)] + [replace(SPEC, batch_size=60)]
    size = side_by_side.bytes_of(SPEC, 1437, 64)
    for models, expected in ((7, [7, 1]), (6, [4, 3, 1]), (3, [3, 3, 1, 1]), (1, [1] * 8), (0.1, [1] * 8)):
        stacks = side_by_side.stacks_within(specs, int(models * size))
        assert [len(stack) for stack in stacks] == expected
        assert [spec for stack in stacks for spec in stack] == specs


def test_the_widest_model_counts_because_all_are_padded_to_it():
    wide = replace(SPEC, n_latent=200)
    size = side_by_side.bytes_of(wide, 1437, 64)
    assert size > 5 * side_by_side.bytes_of(SPEC, 1437, 64)
    assert [len(stack) for stack in side_by_side.stacks_within([SPEC, wide], int(1.9 * size))] == [1, 1]


def test_a_model_of_the_paper_needs_the_noise_of_an_epoch_and_its_weights():
    size = side_by_side.bytes_of(ModelSpec(), 60_000, 784)
    assert 2 * 48e6 + 1.9e6 * 16 < size < 250e6
    sampled = side_by_side.bytes_of(ModelSpec(binarize="sample"), 60_000, 784)
    assert sampled - size > 60_000 * 784


# The zoo


def test_the_zoo_is_trained_in_stacks_and_once(digits: tuple[Dataset, Dataset], settings: Settings, tmp_path: Path):
    told: list[float] = []
    options: dict[str, Any] = {"folder": tmp_path / "zoo", "memory": 10**12, "engine": DeviceStack}
    (tmp_path / "zoo").mkdir()
    written = side_by_side.zoo_stacks(ZOO, settings, progress=lambda x, _: told.append(x), **options)
    assert [path.stem for path in written] == ["a", "b", "c"]
    assert told == [0.5, 1.0]  # one stack of three
    assert not list((settings.models / "zoo").glob("*"))
    found = filed(tmp_path / "zoo")
    for name, spec in ZOO.items():
        alone = train.train_stack([spec], *digits, device=CPU, engine=DeviceStack)[0][0]
        torch.testing.assert_close(found[name], flat(alone.half().float()), rtol=1e-3, atol=1e-4)
        assert store.read_metadata(tmp_path / "zoo" / f"{name}.safetensors")[0] == spec
    assert side_by_side.zoo_stacks(ZOO, settings, **options) == []
    (tmp_path / "zoo" / "b.safetensors").write_bytes((tmp_path / "zoo" / "a.safetensors").read_bytes())
    assert [path.stem for path in side_by_side.zoo_stacks(of_zoo("a", "b"), settings, **options)] == ["b"]


def test_a_stack_of_the_zoo_goes_on_where_it_was_stopped(settings: Settings, tmp_path: Path):
    def stop(share: float, text: str) -> None:
        if share == 0.5:
            raise train.CancelledError

    options: dict[str, Any] = {"memory": 10**12, "engine": DeviceStack}
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    with pytest.raises(train.CancelledError):
        side_by_side.zoo_stacks(of_zoo("a", "b"), settings, folder=tmp_path / "one", progress=stop, **options)
    told: list[str] = []
    side_by_side.zoo_stacks(
        of_zoo("a", "b"), settings, folder=tmp_path / "one", progress=lambda _, text: told.append(text), **options
    )
    assert [text.split(",")[0] for text in told] == ["stack 1 of 1: epoch 2 of 2"]
    side_by_side.zoo_stacks(of_zoo("a", "b"), settings, folder=tmp_path / "two", **options)
    one, two = filed(tmp_path / "one"), filed(tmp_path / "two")
    assert all(torch.equal(one[name], two[name]) for name in ("a", "b"))


@pytest.mark.parametrize("memory", [10**12, 1], ids=["in a stack", "apart"])
def test_a_model_of_the_zoo_that_diverges_is_an_error_at_the_end(memory: int, settings: Settings, tmp_path: Path):
    options: dict[str, Any] = {"folder": tmp_path, "memory": memory, "engine": OneDiverges}
    with pytest.raises(TrainingError, match="The loss of c is not finite"):
        side_by_side.zoo_stacks(of_zoo("c", "a", "b"), settings, **options)
    assert set(filed(tmp_path)) == {"a", "b"}
    assert not list((settings.models / "zoo").glob("*"))


# The grid


def test_cells_of_a_grid_are_filed_stack_by_stack(digits: tuple[Dataset, Dataset], settings: Settings, tmp_path: Path):
    cells = [SPEC, replace(SPEC, batch_size=100), replace(SPEC, n_latent=9), replace(SPEC, seed=1)]
    path = tmp_path / "grid.json"
    found = side_by_side.grid_stacks(cells, settings, path=path, memory=10**12, engine=OneDiverges)
    assert [cell.spec for cell in found] == [cells[0], cells[2], cells[3], cells[1]]
    assert set(grid.read_grid(path)) == set(cells)
    assert [cell.diverged for cell in found] == [False, False, True, False]
    assert "3 side by side" in found[0].machine
    assert "side by side" not in found[3].machine
    for cell in (found[0], found[1], found[3]):
        vae, _ = train.train_stack([cell.spec], *digits, device=CPU, engine=DeviceStack)[0]
        metrics = held_out_metrics(vae, digits[1])
        assert cell.negative_elbo == pytest.approx(metrics.negative_elbo, rel=1e-3)
        assert cell.kl == pytest.approx(metrics.kl, rel=1e-2)
        assert cell.active_units == metrics.active_units


def test_a_stack_of_cells_that_all_diverge_is_known_to():
    cells = [replace(SPEC, seed=1), replace(SPEC, seed=1, beta=2.0)]
    assert [cell.diverged for cell in grid.grid_cells(cells, engine=OneDiverges)] == [True, True]


# The bounds of a stack


@pytest.mark.parametrize(("batch_size", "most_pixels"), [(1000, 2**26), (100, 2**26), (1000, 3 * 4 * 64 * 70), (90, 1)])
def test_bounds_side_by_side_are_those_of_each_model(
    batch_size: int, most_pixels: int, digits: tuple[Dataset, Dataset]
):
    """... on the same draws, whatever the parts in which they are computed."""
    draws: dict[str, Any] = {"n_samples": 4, "seed": 3, "batch_size": batch_size}
    specs = list(ZOO.values())
    stack = DeviceStack.begin(specs, 64, CPU)
    few = Dataset("digits", digits[1].images[:200], digits[1].labels[:200])
    stack.run_epoch(train.Images.of(few.images, CPU))
    widths = [spec.n_latent for spec in specs]
    found = HeldOut.of(few, widths, CPU, most_pixels=most_pixels, **draws).metrics(stack.vae)
    for own, vae in zip(found, stack.networks(), strict=True):
        alone = held_out_metrics(vae, few, **draws)
        assert own.negative_elbo == pytest.approx(alone.negative_elbo, rel=1e-5)
        assert own.kl == pytest.approx(alone.kl, rel=1e-5)
        assert own.active_units == alone.active_units


# The commands


def on_a_gpu(settings: Settings) -> Session:
    """A session that says that it has a GPU; what it computes, it computes on the CPU all the same."""
    return replace(Session.open(settings), device=torch.device("cuda"))


def test_the_zoo_on_a_gpu_is_trained_in_stacks_and_then_its_classifiers(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    quick = ClassifierSpec(dataset="digits", epochs=1)
    args = Namespace(only=["a", "named", "c"], processes=1, output=tmp_path)
    run_zoo(args, on_a_gpu(settings), {**ZOO, "named": quick})
    assert {path.stem for path in tmp_path.glob("*.safetensors")} == {"a", "c", "named"}
    bars = capsys.readouterr().err
    assert "stack 2 of 2: epoch 2 of 2" in bars  # a memory of nothing holds one model
    assert set(re.findall(r"(\w+): +\d+%", bars)) == {"zoo", "named"}


def test_the_grid_on_a_gpu_is_trained_in_stacks(settings: Settings, tmp_path: Path):
    path = tmp_path / "grid.json"
    sizes = ["--n-latents", "2,3", "--learning-rates", "1e-3", "--batch-sizes", "100", "--epochs", "1"]
    assert main(["grid", "--dataset", "digits", *sizes, "--output", str(path)], on_a_gpu) == 0
    bounds = [cell.negative_elbo for cell in grid.read_grid(path).values()]
    assert len(bounds) == 2
    assert np.isfinite(bounds).all()


class Counted(DeviceStack):
    """Notes how many images it learns."""

    ran: ClassVar[list[int]] = []

    def run_epoch(self, images: train.Images) -> None:
        self.ran.append(len(images))
        super().run_epoch(images)


def test_an_estimate_times_the_engine_that_is_used():
    Counted.ran.clear()
    short, long = (
        train.estimated_seconds(replace(SPEC, epochs=epochs), 1437, 64, device=CPU, engine=Counted)
        for epochs in (1, 100)
    )
    assert Counted.ran == [100 * 50] * 4
    assert 10 < long / short < 1000
    assert [train.engine_of(torch.device(kind)) for kind in ("cpu", "cuda")] == [Stack, DeviceStack]
