"""Snapshots of a training: what they hold, how they open, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from core import data, experiments, snapshots, store, train
from core.experiments import training
from core.held_out import held_out_metrics
from core.library import Library
from core.schema import SpecError
from core.session import Session
from core.settings import Settings
from core.specs import READINGS, ModelSpec, NoiseSweepSpec, SeriesSpec
from core.stack import Stack
from core.store import StoreError
from tests.conftest import CommandLine, is_refused

CPU = torch.device("cpu")
SPEC = ModelSpec(dataset="digits", n_latent=3, n_hidden=16, epochs=4, batch_size=50, precision="float32")
ID = experiments.id_of(SPEC)


@pytest.fixture
def trained(settings: Settings) -> Path:
    """A model with two snapshots."""
    return training.train_model(SPEC, settings, snapshots=(1, 3))[0]


def flat(vae: torch.nn.Module) -> torch.Tensor:
    return torch.cat([value.flatten() for value in vae.state_dict().values()])


def stopped_at(epoch: int, folder: Path) -> torch.Tensor:
    """The weights of a training of the same recipe that was cancelled after an epoch, as they are stored."""

    def stop(share: float, text: str) -> None:
        if share == epoch / SPEC.epochs:
            raise train.CancelledError

    images = [data.load_dataset("digits", folder, train=part) for part in (True, False)]
    with pytest.raises(train.CancelledError):
        train.train(SPEC, *images, device=CPU, state=folder / "state", progress=stop)
    stack = Stack.begin([SPEC], 64, CPU)
    stack.load(folder / "state")
    assert stack.epoch == epoch
    return flat(stack.networks()[0]).half().float()


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_snapshot_is_a_training_that_was_stopped_there(epoch: int, trained: Path, settings: Settings, tmp_path: Path):
    model = Library.of(settings.models).load(f"{ID}-epoch{epoch}", CPU)
    assert torch.equal(flat(model.vae), stopped_at(epoch, tmp_path))
    training_images = data.load_dataset("digits", tmp_path)
    means = training.posterior_means(model.vae, training_images.images)
    memories, index, concepts = training.memories_of(means, training_images.labels, 100)
    assert torch.equal(model.memory_index, index)
    torch.testing.assert_close(model.memories, memories, rtol=2**-10, atol=1e-6)  # float16
    torch.testing.assert_close(model.concepts, concepts)
    metrics = held_out_metrics(model.vae, data.load_dataset("digits", tmp_path, train=False))
    assert model.card.test_negative_elbo == pytest.approx(metrics.negative_elbo, abs=1e-3)


def test_snapshots_leave_the_training_as_it_is(trained: Path, settings: Settings, tmp_path: Path):
    alone = training.train_model(SPEC, settings, path=tmp_path / "alone.safetensors")[0]
    assert torch.equal(flat(store.load_model(trained, CPU).vae), flat(store.load_model(alone, CPU).vae))
    assert {path.name for path in settings.models.iterdir()} == {f"{ID}.safetensors", f"{ID}.snapshots.safetensors"}


def test_a_training_that_was_stopped_keeps_its_snapshots(trained: Path, settings: Settings, tmp_path: Path):
    def stop(share: float, text: str) -> None:
        if share == 0.5:
            raise train.CancelledError

    whole = trained.with_name(f"{ID}.snapshots.safetensors").read_bytes()
    path = tmp_path / f"{ID}.safetensors"
    with pytest.raises(train.CancelledError):
        training.train_model(SPEC, settings, path=path, snapshots=(1, 3), progress=stop)
    assert not path.exists()
    training.train_model(SPEC, settings, path=path, snapshots=(1, 3))
    again = path.with_name(f"{ID}.snapshots.safetensors")
    for key, value in load_file(again).items():
        assert torch.equal(value, load_file(trained.with_name(again.name))[key])
    assert len(again.read_bytes()) == pytest.approx(len(whole), abs=64)  # seconds in the cards
    assert len(list(tmp_path.glob("digits-*"))) == 2


def test_a_state_that_is_past_an_epoch_that_was_not_kept_is_left_alone(settings: Settings):
    def stop(share: float, text: str) -> None:
        if share == 0.5:
            raise train.CancelledError

    with pytest.raises(train.CancelledError):
        training.train_model(SPEC, settings, snapshots=(2,), progress=stop)
    before = {path: path.read_bytes() for path in settings.models.iterdir()}
    with pytest.raises(SpecError, match="stopped after epoch 2, and what it was after 1 was not kept"):
        training.train_model(SPEC, settings, snapshots=(1, 2, 3))
    assert {path: path.read_bytes() for path in settings.models.iterdir()} == before
    training.train_model(SPEC, settings, snapshots=(3,))
    assert [epoch for epoch, _ in Library.of(settings.models).ages(ID)] == [2, 3, 4]
    assert len(list(settings.models.iterdir())) == 2


def test_the_snapshots_of_a_training_that_is_given_up_are_forgotten(settings: Settings):
    def stop(share: float, text: str) -> None:
        if share == 0.5:
            raise train.CancelledError

    with pytest.raises(train.CancelledError):
        training.train_model(SPEC, settings, snapshots=(1, 3), progress=stop)
    assert len(list(settings.models.iterdir())) == 2
    experiments.forget_state(SPEC, settings)
    assert not list(settings.models.iterdir())


# Opening


def test_a_snapshot_opens_by_its_id_and_is_not_listed(trained: Path, settings: Settings):
    library = Library.of(settings.models)
    assert [entry.id for entry in library.entries() if entry.origin != "shipped"] == [ID]
    found = library.snapshots(ID)
    assert [(epoch, entry.id, entry.epoch) for epoch, entry in found.items()] == [
        (1, f"{ID}-epoch1", 1),
        (3, f"{ID}-epoch3", 3),
    ]
    entry = library.entry(f"{ID}-epoch3")
    assert (entry.spec, entry.origin, entry.problem) == (SPEC, "trained here", "")
    model = library.load(entry.id, CPU)
    assert (model.id, model.spec, model.card) == (entry.id, SPEC, entry.card)
    assert model.card.weights_sha256 == store.weights_sha256(model.vae)
    assert library.load(f"{ID}-epoch1", CPU).card.weights_sha256 != model.card.weights_sha256


@pytest.mark.parametrize("id", [f"{ID}-epoch2", f"{ID}-epoch4", f"{ID}-epoch01", f"{ID}-epoch1-epoch1", "x-epoch1"])
def test_there_are_no_other_snapshots(id: str, trained: Path, settings: Settings):
    with pytest.raises(StoreError, match="There is no model"):
        Library.of(settings.models).entry(id)


def test_the_snapshots_of_another_recipe_s_training_are_none_of_the_model(trained: Path, settings: Settings):
    """A model was trained anew under the name: its former snapshots are not its own."""
    other = training.train_model(replace(SPEC, seed=1), settings, path=settings.models / "other.safetensors")[0]
    other.rename(trained)
    assert Library.of(settings.models).snapshots(ID) == {}
    with pytest.raises(StoreError):
        Library.of(settings.models).entry(f"{ID}-epoch1")


def test_a_deleted_model_takes_its_snapshots_and_their_sweeps_with_it(trained: Path, settings: Settings):
    session = Session.open(settings)
    spec = NoiseSweepSpec(model=f"{ID}-epoch1", source="decoded", n_runs=20, n_steps=5)
    experiments.compute_sweeps([spec, replace(spec, model=ID)], session)
    assert experiments.stored_noise_sweep(spec, session) is not None
    assert len(list(settings.models.iterdir())) == 4
    session.library.delete(ID)
    assert not list(settings.models.iterdir())


def test_a_snapshot_itself_is_not_deleted(trained: Path, settings: Settings):
    with pytest.raises(StoreError, match="no model"):
        Library.of(settings.models).delete(f"{ID}-epoch1")
    assert Library.of(settings.models).snapshots(ID)


@pytest.mark.parametrize("name", ["mine-epoch60", "mine.snapshots", "mnist-nz100-seed3-epoch60"])
def test_an_import_does_not_take_the_name_of_a_snapshot(name: str, trained: Path, settings: Settings):
    with pytest.raises(StoreError, match="reserved"):
        experiments.import_model(trained.read_bytes(), f"{name}.safetensors", settings)


# The command


def test_train_keeps_snapshots_and_every_command_asks_them(command: CommandLine, settings: Settings):
    options = ["--dataset", "digits", "--n-latent", "2", "--n-hidden", "8", "--precision", "float32", "--epochs", "3"]
    status, answer, _, _ = command("train", *options, "--snapshots", "2,1,3")
    id = Path(answer["file"]).stem
    assert status == 0
    library = Library.of(settings.models)
    assert list(library.snapshots(id)) == [1, 2]
    for each, n_runs in ((f"{id}-epoch1", 100), (f"{id}-epoch2", 100), (id, 141)):
        recipe, _ = library.load_sweeps(each)
        assert recipe["n_runs"] == n_runs
        assert recipe["cells"] == [["decoded", kind, 6] for kind in READINGS]
    asked = ["infer", "--model", f"{id}-epoch2", "--runs", "20", "--steps", "5", "--source", "decoded"]
    status, found, _, _ = command(*asked)
    assert (status, found["spec"]["model"]) == (0, f"{id}-epoch2")
    assert command(*asked[:2], f"{id}-epoch1", *asked[3:])[1]["minimum_distance"] != found["minimum_distance"]
    assert is_refused(command(*asked[:2], f"{id}-epoch3", *asked[3:]), "There is no model")
    assert is_refused(command("train", *options, "--snapshots", "1,5"), "before the last, 3")


@pytest.mark.parametrize("kept", [(3, 1), (1, 1), (4,), (0, 1), ()])
def test_epochs_that_cannot_be_kept_are_refused(kept: tuple[int, ...]):
    with pytest.raises(SpecError):
        SeriesSpec(**SPEC.to_dict(), kept=kept)


# Damage


def rewritten(
    path: Path, tensors: Callable[[dict[str, torch.Tensor]], Any], metadata: Callable[[dict[str, str]], Any]
) -> None:
    """Change a file of snapshots."""
    with safe_open(path, framework="pt") as file:
        header = dict(file.metadata() or {})
    content = load_file(path)
    tensors(content)
    metadata(header)
    save_file(content, path, header)


def unchanged(_: Any) -> None:
    """Change nothing."""


def with_spec(**changes: Any) -> Callable[[dict[str, str]], None]:
    return lambda header: header.update(spec=json.dumps(json.loads(header["spec"]) | changes))


DAMAGE: dict[str, tuple[Callable[..., Any], Callable[..., Any], str]] = {
    "a tensor is missing": (lambda t: t.pop("3.concepts"), unchanged, "has no tensor '3.concepts'"),
    "a tensor too much": (
        lambda t: t.update({"2.concepts": t["1.concepts"].clone()}),
        unchanged,
        "does not belong there",
    ),
    "another shape": (lambda t: t.update({"1.concepts": torch.zeros(10, 4)}), unchanged, "should be 10x3"),
    "not finite": (lambda t: t["3.memories"].fill_(torch.inf), unchanged, "not finite"),
    "beyond the images": (lambda t: t["memory_index"].fill_(10**6), unchanged, "beyond the training images"),
    "fewer cards": (unchanged, lambda h: h.update(card='{"cards": []}'), "0 cards for 2 snapshots"),
    "a card that is none": (unchanged, lambda h: h.update(card='{"cards": 7}'), "list of at most 50 cards"),
    "epochs out of order": (unchanged, with_spec(kept=[3, 1]), "epochs in their order"),
    "another kind": (unchanged, lambda h: h.update(kind="model"), "is a model of this program"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused_with_a_sentence(damage: str, trained: Path, settings: Settings):
    tensors, metadata, said = DAMAGE[damage]
    path = trained.with_name(f"{ID}.snapshots.safetensors")
    rewritten(path, tensors, metadata)
    with pytest.raises(StoreError, match=said):
        Library.of(settings.models).load(f"{ID}-epoch3", CPU)
    assert Library.of(settings.models).load(ID, CPU).id == ID


@pytest.mark.parametrize("length", [0, 100, -1])
def test_a_truncated_file_is_refused(length: int, trained: Path, settings: Settings):
    path = trained.with_name(f"{ID}.snapshots.safetensors")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(StoreError, match=r"snapshots\.safetensors"):
        Library.of(settings.models).load(f"{ID}-epoch3", CPU)


def test_parts_of_several_trainings_are_not_joined(trained: Path, settings: Settings, tmp_path: Path):
    other = training.train_model(replace(SPEC, seed=1), settings, path=tmp_path / "other.safetensors")[0]
    with pytest.raises(StoreError, match="another training"):
        snapshots.save_series(tmp_path / "x.snapshots.safetensors", {1: trained, 3: other})
    assert not (tmp_path / "x.snapshots.safetensors").exists()
