"""Model files that anyone may have written, and names that anyone may have chosen."""

import json
import os
import struct
from pathlib import Path

import pytest
import torch
from flask.testing import FlaskClient
from safetensors.torch import load, load_file, save

from core import experiments, store
from core.classifier import Classifier
from core.library import Library
from core.session import Session
from core.settings import Settings
from core.specs import ModelSpec
from core.store import StoreError
from dashboard.jobs import Jobs
from tests.conftest import CommandLine
from tests.hostile.conftest import WriteModel, pages_are_whole, send
from tests.served import Browser, sentences
from tests.test_models import Hand, texts

CPU = torch.device("cpu")
IFRAME = {
    "type": "Iframe",
    "namespace": "dash_html_components",
    "props": {"srcDoc": "<script>parent.document.title = 'taken over'</script>"},
}
CARDS = {  # as they stand in the file
    "a component that runs a script": json.dumps({"active_units": IFRAME}),
    "a component as a bound": json.dumps({"test_negative_elbo": IFRAME}),
    "a component in a curve": json.dumps({"test_epochs": [1], "test_curve": [IFRAME]}),
    "a component as a machine": json.dumps({"machine": IFRAME}),
    "an unknown component": json.dumps({"active_units": {"type": "None", "namespace": "nobody", "props": {}}}),
    "an object": '{"active_units": {"a": 1}}',
    "a list of lists": '{"active_units": [[1]]}',
    "10^400": '{"active_units": 1' + "0" * 400 + "}",
    "10^400 as a bound": '{"test_negative_elbo": 1' + "0" * 400 + "}",
    "a number of 5,000 digits": '{"active_units": 1' + "0" * 5000 + "}",
    "true": '{"active_units": true}',
    "not a number": '{"test_negative_elbo": NaN}',
    "infinity": '{"test_kl": Infinity}',
    "1e999": '{"test_kl": 1e999}',
    "a word": '{"test_negative_elbo": "<b>98</b>"}',
    "a very long line": json.dumps({"machine": "x" * 10_000}),
    "two lines": json.dumps({"machine": "cpu\nmore"}),
    "a curve without end": json.dumps({"test_curve": [1.0] * 100_000, "test_epochs": [1] * 100_000}),
    "a ratio that is none": '{"contribution_ratio": ["a"]}',
    "versions of versions": json.dumps({"versions": {"torch": {"a": IFRAME}}}),
    "half a version": json.dumps({"versions": [["torch"]]}),
    "images of another size": '{"image_shape": [28, 28]}',
    "labels of another data set": json.dumps({"label_names": ["Boot"] * 10}),
    "a list": "[1]",
    "deeply nested": "[" * 50_000 + "]" * 50_000,
}


def with_metadata(path: Path, **changes: str) -> bytes:
    """The content of a model file, some of its metadata replaced."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    return save(load(content), metadata | changes)


@pytest.mark.parametrize("card", CARDS.values(), ids=list(CARDS))
def test_a_card_never_becomes_part_of_a_page(
    card: str, good: Path, settings: Settings, http: FlaskClient, command: CommandLine, tmp_path: Path
):
    content = with_metadata(good, card=card)
    assert "is not a model" in send(http, content, "mine.safetensors", tmp_path)
    assert not list(settings.models.rglob("*.safetensors"))
    for folder in (settings.models, settings.models / "imported"):  # it lies there, whoever has put it there
        folder.mkdir(exist_ok=True)
        (folder / "mine.safetensors").write_bytes(content)
        text = pages_are_whole(http)
        assert "mine.safetensors is not a model" in text
        assert "taken over" not in text
        assert command("models")[0] == 0
        Hand(http).press("sure", state=("mine",))
        assert not (folder / "mine.safetensors").exists()


def test_what_a_card_may_hold_is_shown(good: Path, settings: Settings, http: FlaskClient, tmp_path: Path):
    card = {"active_units": 3, "test_negative_elbo": 98, "of a later version": IFRAME}
    assert send(http, with_metadata(good, card=json.dumps(card)), "mine.safetensors", tmp_path) == ""
    assert "98.0" in pages_are_whole(http)


FILES: dict[str, bytes] = {
    "\udcff\udcfe.safetensors": b"no UTF-8",
    "<img src=x onerror=alert(1)>.safetensors": b"HTML",
    "two\nlines.safetensors": b"a line too much",
    "My Model.safetensors": b"a space",
    "\u202egnp.safetensors": b"from right to left",
    "x" * 200 + ".safetensors": b"very long",
}


@pytest.mark.parametrize("name", FILES, ids=[content.decode() for content in FILES.values()])
def test_a_file_of_any_name_is_a_row_that_can_be_deleted(name: str, settings: Settings, http: FlaskClient):
    path = Path(os.fsdecode(bytes(settings.models) + b"/" + os.fsencode(name)))
    path.write_bytes(b"nothing")
    text = pages_are_whole(http)
    (entry,) = [entry for entry in Library.of(settings.models).entries() if entry.problem]
    assert len(entry.id) < 80
    assert entry.id.isprintable()
    assert "must be a short name" in text
    Hand(http).press("sure", state=(entry.id,))
    assert not os.path.lexists(path)


# What is what


def test_a_file_of_an_unknown_kind_is_nothing(good: Path, settings: Settings, http: FlaskClient, tmp_path: Path):
    """It was a model and a classifier at once, and named every image of Fig. 5."""
    both = load_file(good) | {f"{name}": value.half() for name, value in Classifier((8, 8)).state_dict().items()}
    metadata = {"kind": "x", "spec": '{"dataset": "digits", "n_latent": 3, "n_hidden": 5}', "card": "{}"}
    for kind, spec in (("x", metadata["spec"]), ("classifier", '{"dataset": "digits"}'), ("model", metadata["spec"])):
        content = save(both, metadata | {"kind": kind, "spec": spec})
        assert send(http, content, "mine.safetensors", tmp_path)
        (settings.models / "digits-classifier.safetensors").write_bytes(content)
        with pytest.raises(StoreError):
            experiments.open_classifier("digits", Session.open(settings))
    (settings.models / "digits-classifier.safetensors").unlink()


@pytest.mark.parametrize(
    "name",
    [
        *("my-classifier", "Digits Classifier", "digits-classifier", "mnist-nz100-seed0", "x.sweeps", "elbo-grid"),
        *("claims-invert", "digits-nz9-0123abcd", "mine-epoch60", "mine.snapshots"),
    ],
)
def test_a_name_that_belongs_to_something_else_is_refused(
    name: str, good: Path, settings: Settings, http: FlaskClient, tmp_path: Path
):
    said = send(http, good.read_bytes(), f"{name}.safetensors", tmp_path)
    assert "reserved" in said or "here already" in said
    assert not list(settings.models.rglob("*.safetensors"))


def test_a_classifier_is_not_looked_for_among_imports(good: Path, settings: Settings, http: FlaskClient):
    folder = settings.models / "imported"
    folder.mkdir()
    (folder / "digits-classifier.safetensors").write_bytes(good.read_bytes())
    assert experiments.library_of(settings).files("digits-classifier") == [
        store.SHIPPED / "digits-classifier.safetensors"
    ]
    assert experiments.open_classifier("digits", Session.open(settings))
    assert "has a name that is reserved" in pages_are_whole(http)
    Hand(http).press("sure", state=("digits-classifier",))
    assert not list(folder.iterdir())


NOT_EXACT: dict[str, dict[str, torch.Tensor]] = {
    "a tensor too much": {"more": torch.zeros(1)},
    "the weights of a classifier too": {"output.weight": torch.zeros(10, 128)},
    "weights of float64": {"encoder.hidden.weight": torch.zeros(5, 64, dtype=torch.float64)},
    "weights of whole numbers": {"encoder.hidden.bias": torch.zeros(5, dtype=torch.int32)},
    "bfloat16": {"decoder.hidden.bias": torch.zeros(5, dtype=torch.bfloat16)},
    "an index of float32": {"memory_index": torch.arange(120.0).reshape(10, 12)},
    "memories of whole numbers": {"memories": torch.zeros(10, 12, 3, dtype=torch.int64)},
    "too few memories for an ensemble": {
        "memories": torch.zeros(10, 9, 3),
        "memory_index": torch.arange(90).reshape(10, 9),
    },
}


@pytest.mark.parametrize("change", NOT_EXACT.values(), ids=list(NOT_EXACT))
def test_a_model_has_exactly_the_tensors_of_a_model(
    change: dict[str, torch.Tensor], tmp_path: Path, write_model: WriteModel
):
    bad = write_model(tmp_path / "bad.safetensors", replace=change)
    with pytest.raises(StoreError, match=r"bad\.safetensors"):
        store.load_model(bad, CPU)
    (entry,) = Library([(tmp_path, "here")]).entries()
    assert entry.problem


def test_memories_of_float16_and_a_short_index_are_welcome(good: Path, tmp_path: Path):
    before, tensors = store.load_model(good, CPU), load_file(good)
    tensors |= {"memories": tensors["memories"].half(), "memory_index": tensors["memory_index"].int()}
    path = tmp_path / "half.safetensors"
    path.write_bytes(save(tensors, {"spec": json.dumps(before.spec.to_dict()), "card": "{}"}))
    after = store.load_model(path, CPU)
    assert torch.equal(after.memory_index, before.memory_index)
    torch.testing.assert_close(after.memories, before.memories, atol=2e-3, rtol=0)


class Starts(Jobs):
    """Jobs that only note what they would start."""

    def _start(self, address: str, key: str, what: ModelSpec | str, *_: object) -> str:
        self.started = what
        return key


def test_an_import_does_not_stand_for_a_training(good: Path, settings: Settings):
    """Anyone can write the recipe of a training into a file."""
    spec = store.load_model(good, CPU).spec
    experiments.import_model(good.read_bytes(), "mine.safetensors", settings)
    jobs = Starts(settings)
    jobs.train(spec)
    assert jobs.started == spec


HISTORIES = {
    "an epoch of 400 digits": '{"specs": [{"dataset": "digits"}], "epoch": 1' + "0" * 400 + "}",
    "an epoch that is true": '{"specs": [{"dataset": "digits"}], "epoch": true}',
    "no recipe": '{"specs": [], "epoch": 1}',
    "a component as recipe": json.dumps({"specs": [IFRAME], "epoch": 1}),
    "deeply nested": "[" * 50_000,
}


@pytest.mark.parametrize("history", HISTORIES.values(), ids=list(HISTORIES))
def test_what_is_kept_of_a_training_never_becomes_part_of_a_page(history: str, settings: Settings, http: FlaskClient):
    for name in ("digits-nz3-01234567.training", "<b>.training", "\udcff.elsewhere"):
        path = Path(os.fsdecode(bytes(settings.models) + b"/" + os.fsencode(name)))
        path.write_bytes(save({"a": torch.zeros(1)}, {"history": history}))
    (settings.models / "digits-nz4-01234567.elsewhere").write_text(history)
    rows = Hand(http).poll()["jobs"]["children"]
    assert len(rows) == 2
    assert all("is damaged" in texts(row) for row in rows)
    assert "taken over" not in json.dumps(rows)


# A model that another tab shows


@pytest.mark.parametrize("fate", ["deleted", "damaged", "not finite"])
@pytest.mark.parametrize("named", [True, False], ids=["named in the address", "the usual one"])
def test_no_other_model_answers_for_one_that_is_gone(
    fate: str, named: bool, settings: Settings, http: FlaskClient, write_model: WriteModel
):
    path = write_model(settings.models / "mine.safetensors")
    write_model(settings.models / "other.safetensors", n_latent=4)
    query = "d=digits&nz=3&src=decoded&runs=10&T=5&i=1" + ("&model=mine" if named else "")
    browser = Browser(http)
    assert "run" in browser.ask("run", query)
    if fate == "deleted":
        path.unlink()
    elif fate == "damaged":
        path.write_bytes(path.read_bytes()[:-9])
    else:
        write_model(path, replace={"concepts": torch.full((10, 3), float("nan"))})
    for route in ("run", "runfilm", "ensemble", "film", "sweep", "image"):
        response = browser.post(f"ask-{route}", browser.question(query, model="mine"))
        (said,) = sentences(response)
        assert not response.get_json().get("response")
        assert ("There is no model 'mine' here, or not any more." in said) == (fate == "deleted")
    assert browser.ask("settled", query)["settled"]["data"]["model"] != "mine"
