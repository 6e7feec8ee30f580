"""The network that names images: what it is made of, that it learns, and its file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core import classifier, data, experiments, store
from core.classifier import Classifier
from core.data import Dataset
from core.library import Library
from core.schema import RefusedError
from core.session import Session
from core.settings import Settings
from core.specs import ClassifierSpec
from core.store import StoreError
from core.zoo import CLASSIFIERS
from tests.conftest import CommandLine, settings_in

CPU = torch.device("cpu")
QUICK = ClassifierSpec(dataset="digits", epochs=6, batch_size=32, precision="float32")
Home = tuple[Settings, Path]


def digits(*, train: bool = True) -> Dataset:
    return data.load_dataset("digits", Path(), train=train)


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one classifier of the digits in it, and its file."""
    home = settings_in(tmp_path_factory.mktemp("classifier"))
    path, trained = experiments.train_classifier(QUICK, home)
    assert trained
    return home, path


@pytest.fixture
def only_this_machine(settings: Settings) -> Library:
    """As if nothing were shipped."""
    return Library([(settings.models, "trained here")])


# The network


@pytest.mark.parametrize(("shape", "inner"), [((28, 28), 64 * 12 * 12), ((8, 8), 64 * 2 * 2)])
def test_the_network_is_the_paper_s(shape: tuple[int, int], inner: int):
    network = Classifier(shape)
    assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == {
        "convolution1.weight": (32, 1, 3, 3),
        "convolution1.bias": (32,),
        "convolution2.weight": (64, 32, 3, 3),
        "convolution2.bias": (64,),
        "hidden.weight": (128, inner),
        "hidden.bias": (128,),
        "output.weight": (10, 128),
        "output.bias": (10,),
    }
    assert network(torch.rand(3, shape[0] * shape[1])).shape == (3, 10)


def test_the_network_is_what_its_layers_say():
    """The same from torch's own modules in a row."""
    network = Classifier((28, 28)).eval()
    layers = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 28, 28)),
        network.convolution1,
        torch.nn.ReLU(),
        network.convolution2,
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        network.hidden,
        torch.nn.ReLU(),
        network.output,
    )
    x = torch.rand(5, 784)
    torch.testing.assert_close(network(x), layers(x))


def test_a_quarter_and_a_half_are_dropped_while_training_and_nothing_afterwards(monkeypatch: pytest.MonkeyPatch):
    shares, real = [], torch.nn.functional.dropout

    def counting(x: torch.Tensor, p: float, training: bool) -> torch.Tensor:
        shares.append((p, training))
        return real(x, p, training)

    monkeypatch.setattr(torch.nn.functional, "dropout", counting)
    network, x = Classifier((8, 8)), torch.rand(4, 64)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))
    assert shares == 2 * [(0.25, True), (0.5, True)] + 2 * [(0.25, False), (0.5, False)]


# Its training


def test_it_learns_to_name_images_that_it_has_not_seen(filed: Home):
    found = experiments.predicted_labels("digits", digits(train=False).images, Session.open(filed[0]))
    assert (found == digits(train=False).labels).mean() > 0.8


def test_equal_seeds_give_equal_weights_and_leave_other_randomness_alone():
    spec = replace(QUICK, epochs=1)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, two, other = (
        classifier.train_classifier(s, digits(), device=CPU).state_dict() for s in (spec, spec, replace(spec, seed=1))
    )
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)


def test_the_rate_falls_evenly_to_zero(monkeypatch: pytest.MonkeyPatch):
    rates, real = [], torch.optim.Adam.step

    def watched(self: torch.optim.Adam) -> Any:
        rates.append(self.param_groups[0]["lr"])
        return real(self)

    monkeypatch.setattr(torch.optim.Adam, "step", watched)
    seen = []
    spec = replace(QUICK, epochs=2, batch_size=500, learning_rate=0.006)
    classifier.train_classifier(spec, digits(), device=CPU, progress=lambda share, text: seen.append((share, text)))
    assert rates == pytest.approx([0.006, 0.005, 0.004, 0.003, 0.002, 0.001])
    assert [share for share, _ in seen] == pytest.approx([1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1])
    assert "epoch 2 of 2" in seen[-1][1]


def test_every_image_is_seen_once_an_epoch():
    batches: list[torch.Tensor] = []

    def watch(module: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        if isinstance(module, Classifier):
            batches.append(given[0])

    numbered = replace(digits(), images=np.arange(1437 * 64, dtype=np.float32).reshape(1437, 64) / 1e5)
    with torch.nn.modules.module.register_module_forward_pre_hook(watch):
        classifier.train_classifier(replace(QUICK, epochs=1), numbered, device=CPU)
    rows = torch.cat(batches)[:, 0]
    assert not torch.equal(rows, torch.from_numpy(numbered.images[:, 0]))
    assert torch.equal(rows.sort().values, torch.from_numpy(numbered.images[:, 0]))


def test_bfloat16_learns_as_well():
    spec = replace(QUICK, precision="bfloat16")
    network = classifier.train_classifier(spec, digits(), device=CPU)
    assert all(value.dtype == torch.float32 for value in network.state_dict().values())
    assert classifier.accuracy(network, digits(train=False)) > 0.8


def test_a_loss_that_is_not_finite_is_refused_in_a_sentence():
    broken = replace(digits(), images=np.full((1437, 64), np.nan, np.float32))
    with pytest.raises(RefusedError, match=r"epoch 1\. Train with a lower learning rate\."):
        classifier.train_classifier(QUICK, broken, device=CPU)


# Its file


def test_the_card_says_what_the_stored_weights_do(filed: Home):
    home, path = filed
    spec, card = store.read_recipe(path, ClassifierSpec)
    assert spec == QUICK
    assert path == home.models / "digits-classifier.safetensors"
    assert all(value.dtype == torch.float16 for value in load_file(path).values())
    found = experiments.predicted_labels("digits", digits(train=False).images, Session.open(home))
    assert card.test_accuracy == round(float((found == digits(train=False).labels).mean()), 4)
    assert card.epochs == 6
    assert card.weights_sha256 == store.weights_sha256(experiments.open_classifier("digits", Session.open(home)))
    assert {"seconds", "machine", "versions", "image_shape", "label_names"} <= set(card.to_dict())


def test_labels_keep_the_axes_of_their_images(filed: Home):
    images = digits().images[:24]
    flat = experiments.predicted_labels("digits", images, Session.open(filed[0]))
    cube = experiments.predicted_labels("digits", images.reshape(2, 3, 4, 64), Session.open(filed[0]))
    assert flat.shape == (24,)
    assert np.array_equal(cube, flat.reshape(2, 3, 4))


def test_many_images_are_named_as_one_by_one(filed: Home):
    network, images = experiments.open_classifier("digits", Session.open(filed[0])), torch.from_numpy(digits().images)
    together = classifier.predicted_labels(network, images[:50])
    for at_once in (7, 1, 50):
        assert torch.equal(classifier.predicted_labels(network, images[:50], at_once=at_once), together)


def test_it_is_trained_once_and_again_for_another_recipe(filed: Home, tmp_path: Path):
    home, path = filed
    assert experiments.train_classifier(QUICK, home) == (path, False)
    place = tmp_path / "other.safetensors"
    other = replace(QUICK, epochs=1)
    assert experiments.train_classifier(other, home, path=place) == (place, True)
    assert experiments.train_classifier(replace(other, seed=3), home, path=place) == (place, True)
    assert store.read_recipe(place, ClassifierSpec)[0].seed == 3


def test_one_that_was_trained_here_goes_before_the_shipped_one(tmp_path: Path):
    home, shipped = settings_in(tmp_path), tmp_path / "shipped"
    library = Library([(shipped, "shipped"), (home.models, "trained here")])
    session, spec = Session.open(home, library=library), replace(QUICK, epochs=1)
    experiments.train_classifier(spec, home, path=shipped / "digits-classifier.safetensors")
    first = experiments.open_classifier("digits", session)
    there = experiments.train_classifier(spec, home, library=library)
    assert there == (shipped / "digits-classifier.safetensors", False)
    assert experiments.train_classifier(replace(spec, seed=1), home, library=library)[1]
    assert not torch.equal(experiments.open_classifier("digits", session).output.weight, first.output.weight)


def test_a_classifier_is_no_model(filed: Home, write_model: Callable[..., Path]):
    home, path = filed
    model = write_model(home.models / "a.safetensors")
    library = Library([(home.models, "trained here")])
    assert [entry.id for entry in library.entries()] == ["a"]
    for refused in (
        lambda: library.entry("digits-classifier"),
        lambda: store.load_model(path, CPU),
        lambda: experiments.import_model(path.read_bytes(), "mine.safetensors", home),
    ):
        with pytest.raises(StoreError, match="is a classifier of this program, not a model"):
            refused()
    with pytest.raises(StoreError, match="is a model of this program, not a classifier"):
        store.read_recipe(model, ClassifierSpec)


def test_without_a_classifier_the_command_is_named(settings: Settings, only_this_machine: Library):
    session = Session.open(settings, library=only_this_machine)
    with pytest.raises(StoreError, match="python -m core classifier --dataset fashion"):
        experiments.predicted_labels("fashion", np.zeros((1, 784), np.float32), session)


FAULTS: dict[str, dict[str, Any]] = {
    "a missing tensor": {"output.bias": None},
    "a wrong shape": {"hidden.weight": torch.zeros(128, 9216)},
    "values that are not finite": {"convolution1.bias": torch.full((32,), float("nan"))},
}


@pytest.mark.parametrize("fault", [*FAULTS, "cut short", "foreign"])
def test_a_damaged_file_gets_a_sentence(fault: str, filed: Home, settings: Settings, only_this_machine: Library):
    bad = settings.models / "digits-classifier.safetensors"
    bad.parent.mkdir()
    content = filed[1].read_bytes()
    if fault in FAULTS:
        tensors = {name: value for name, value in (load_file(filed[1]) | FAULTS[fault]).items() if value is not None}
        save_file(tensors, bad, {"kind": "classifier", "spec": '{"dataset": "digits"}', "card": "{}"})
    else:
        bad.write_bytes(content[: len(content) // 2] if fault == "cut short" else b"PK" + content)
    with pytest.raises(StoreError) as error:
        experiments.predicted_labels("digits", digits().images[:2], Session.open(settings, library=only_this_machine))
    text = str(error.value)
    assert bad.name in text
    assert text.endswith(".")
    assert len(text) < 400


# The command line


def test_the_command_trains_a_classifier_once(command: CommandLine, settings: Settings, only_this_machine: Library):
    options = ("classifier", "--dataset", "digits", "--epochs", "2", "--seed", "4")
    status, answer, _, err = command(*options, library=only_this_machine)
    assert status == 0
    assert "100%" in err
    assert answer["trained"] is True
    assert 0 < answer["test_accuracy"] <= 1
    assert Path(answer["file"]) == settings.models / "digits-classifier.safetensors"
    assert ClassifierSpec.from_dict(answer["spec"]) == replace(CLASSIFIERS["digits-classifier"], epochs=2, seed=4)
    assert command(*options, library=only_this_machine)[1] == answer | {"trained": False}


def test_the_zoo_has_classifiers_too(settings: Settings, tmp_path: Path):
    path = tmp_path / "zoo" / "quick.safetensors"
    for trained in (True, False):
        assert experiments.zoo_model("quick", QUICK, settings, folder=tmp_path / "zoo") == (path, trained)
    assert store.read_recipe(path, ClassifierSpec)[0] == QUICK


# What is shipped


@pytest.mark.parametrize(("dataset", "least"), [("mnist", 0.99), ("fashion", 0.9), ("digits", 0.94)])
def test_a_shipped_classifier_is_as_good_as_its_card_says(
    dataset: str, least: float, settings: Settings, request: pytest.FixtureRequest
):
    name = f"{dataset}-classifier"
    spec, card = store.read_recipe(store.SHIPPED / f"{name}.safetensors", ClassifierSpec)
    assert spec == CLASSIFIERS[name]
    assert card.test_accuracy >= least
    root = Path() if dataset == "digits" else request.getfixturevalue("mnist_root")
    test = data.load_dataset(dataset, root, train=False)
    right = experiments.predicted_labels(dataset, test.images[:2000], Session.open(settings)) == test.labels[:2000]
    assert right.mean() == pytest.approx(card.test_accuracy, abs=0.03)


def test_a_shipped_model_decodes_images_of_its_own_labels(settings: Settings):
    """The concept of each label, decoded, is named as that label: network, memories and classifier fit together."""
    space = experiments.latent_space("mnist-nz100-seed0", Session.open(settings))
    assert experiments.predicted_labels("mnist", space.concept_images, Session.open(settings)).tolist() == list(
        range(10)
    )
