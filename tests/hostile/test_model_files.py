"""Model files that anyone may have written, names that anyone may have chosen, and disks that take nothing."""

import hashlib
import json
import os
import random
import resource
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

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
from tests.served import Browser, create_app, sentences
from tests.test_models import Hand, texts, upload

CPU = torch.device("cpu")
WriteModel = Callable[..., Path]
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


@pytest.fixture
def good(tmp_path: Path, write_model: WriteModel) -> Path:
    return write_model(tmp_path / "good.safetensors")


@pytest.fixture
def http(settings: Settings) -> FlaskClient:
    settings.models.mkdir(parents=True, exist_ok=True)
    return create_app(settings).server.test_client()


def send(http: FlaskClient, content: bytes, name: str, folder: Path) -> str:
    """Upload a file; the sentence by which it is refused, empty where it is taken."""
    path = folder / "upload.bin"
    path.write_bytes(content)
    said = sentences(Hand(http).post("upload", upload(path), state=(name,)))
    assert len(said) <= 1
    assert not [sentence for sentence in said if "went wrong" in sentence or len(sentence) > 400]
    return said[0] if said else ""


def children_of(node: Any) -> Iterator[Any]:
    """Everything that stands in `children` somewhere below."""
    if isinstance(node, list):
        for each in node:
            yield from children_of(each)
    elif isinstance(node, dict):
        children = node.get("props", {}).get("children", [])
        yield from children if isinstance(children, list) else [children]
        yield from children_of(children)


def pages_are_whole(http: FlaskClient) -> str:
    """The text of the layout of all pages; each answers, and consists of components of the house and of plain text."""
    texts = []
    for page in ("", "models/", "paper/"):
        response = http.get(f"/{page}_dash-layout")
        assert response.status_code == 200
        texts.append(response.get_data(as_text=True))
        for child in children_of(response.get_json()):
            assert child is None or isinstance(child, str | int | float | list | dict)
            if isinstance(child, dict):
                assert child.get("namespace") in ("dash_html_components", "dash_core_components"), child
                assert child.get("type") != "Iframe"
    settled = Browser(http).ask("settled", "d=digits&nz=2")["settled"]["data"]
    assert isinstance(settled["card"], str)
    return " ".join(texts)


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
    rows = Hand(http).look()["jobs"]["children"]
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


# Many at once


def test_of_eight_imports_of_one_name_one_succeeds(good: Path, settings: Settings, write_model: WriteModel):
    contents = [write_model(good.with_name(f"{seed}.safetensors"), seed=seed).read_bytes() for seed in range(8)]
    together = threading.Barrier(8)

    def bring(content: bytes) -> str:
        together.wait()
        try:
            return experiments.import_model(content, "mine.safetensors", settings)
        except StoreError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(bring, contents))
    (winner,) = [content for content, end in zip(contents, ends, strict=True) if end == "mine"]
    assert sum("here already" in end for end in ends) == 7
    assert [path.read_bytes() for path in (settings.models / "imported").iterdir()] == [winner]


PROGRAM = """
import sys, time
from pathlib import Path
from core import experiments
from core.settings import Settings
from core.specs import ModelSpec
home, content, ready, go = map(Path, sys.argv[1:])
settings = Settings(data=home / "data", models=home / "models", cache=home / "cache", device="cpu")
ready.touch()
while not go.exists():
    time.sleep(0.001)
try:
    print(experiments.import_model(content.read_bytes(), "mine.safetensors", settings))
except experiments.imports.store.StoreError as error:
    print(error)
"""


def test_of_two_processes_one_succeeds(good: Path, settings: Settings, tmp_path: Path, root: Path):
    go, ready = tmp_path / "go", [tmp_path / f"ready{i}" for i in range(2)]
    commands = [[sys.executable, "-c", PROGRAM, tmp_path, good, each, go] for each in ready]
    started = [subprocess.Popen(each, stdout=subprocess.PIPE, text=True, cwd=root) for each in commands]
    while not all(each.exists() for each in ready):
        assert all(process.poll() is None for process in started)
    go.touch()
    ends = sorted(process.communicate()[0].strip() for process in started)
    assert ends == ["There is a model 'mine' here already. Rename the file, or delete that model first.", "mine"]


def test_what_was_verified_is_what_is_used(tmp_path: Path, write_model: WriteModel):
    """While the file is replaced again and again: every model that is opened is one of them, whole."""
    contents = [write_model(tmp_path / f"{seed}.x", seed=seed).read_bytes() for seed in range(2)]
    path, over = tmp_path / "a.safetensors", threading.Event()
    path.write_bytes(contents[0])

    def replace() -> None:
        which = 0
        while not over.is_set():
            which = 1 - which
            (tmp_path / "next").write_bytes(contents[which] if random.random() < 0.9 else contents[which][:-5])
            (tmp_path / "next").replace(path)

    thread, interval = threading.Thread(target=replace), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # the threads change over between any two steps
    thread.start()
    try:
        for _ in range(300):
            try:
                model = store.load_model(path, CPU)
            except StoreError:
                continue
            assert model.sha256 == hashlib.sha256(contents[model.spec.seed]).hexdigest()
            assert torch.equal(model.concepts, load(contents[model.spec.seed])["concepts"])
    finally:
        sys.setswitchinterval(interval)
        over.set()
        thread.join()


# Disks


@pytest.fixture
def disk(settings: Settings) -> Iterator[Path]:
    """The folder of models on a disk of its own, of 256 kB."""
    settings.models.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", settings.models]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("A small disk can be mounted by root only, and not in every container.")
    yield settings.models
    subprocess.run(["umount", settings.models], check=True)


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fill(path: Path) -> None:
    """Let a file take all that is left of a disk."""
    handle = os.open(path, os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while os.write(handle, b"x" * 4096):
            pass
    os.close(handle)


def test_a_full_disk_is_said_and_nothing_is_half(
    disk: Path, good: Path, http: FlaskClient, tmp_path: Path, write_model: WriteModel
):
    write_model(disk / "other.safetensors")
    fill(disk / "filler")
    before = everything(disk)
    said = send(http, good.read_bytes(), "mine.safetensors", tmp_path)
    assert "No space left on device" in said
    assert "Make room" in said
    assert everything(disk) == before
    assert "deleted" in Hand(http).press("sure", state=("other",))["message"]["children"]
    (disk / "filler").unlink()
    assert send(http, good.read_bytes(), "mine.safetensors", tmp_path) == ""


def test_a_disk_that_cannot_be_written_is_said_and_nothing_is_lost(
    disk: Path, good: Path, http: FlaskClient, tmp_path: Path, write_model: WriteModel
):
    write_model(disk / "other.safetensors")
    (disk / "other.sweeps.safetensors").write_bytes(b"bands")
    before = everything(disk)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert "Read-only file system" in send(http, good.read_bytes(), "mine.safetensors", tmp_path)
    (said,) = sentences(Hand(http).post("sure", 1, state=("other",)))
    assert "could not be deleted (Read-only file system)" in said
    assert everything(disk) == before
    assert "other" in pages_are_whole(http)


def test_a_file_that_may_not_grow_is_said(good: Path, settings: Settings, http: FlaskClient, tmp_path: Path):
    """As a full disk, without one."""
    content, limits = good.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(content) - 100, limits[1]))
    try:
        with pytest.raises(StoreError, match=r"could not be filed \(File too large\); nothing was changed"):
            experiments.import_model(content, "mine.safetensors", settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert everything(settings.models) == {}


def test_a_folder_in_place_of_a_model_is_removed_only_when_it_is_empty(settings: Settings, http: FlaskClient):
    folder = settings.models / "mine.safetensors"
    folder.mkdir()
    (folder / "precious").touch()
    assert "is a folder or a pipe" in pages_are_whole(http)
    assert "could not be deleted" in sentences(Hand(http).post("sure", 1, state=("mine",)))[0]
    (folder / "precious").unlink()
    Hand(http).press("sure", state=("mine",))
    assert not folder.exists()
