"""Image files that are not what their names say: none of them is used, and it is said why."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import data, experiments
from core.data import DataError
from core.schema import RefusedError
from core.session import Session
from core.settings import Settings
from core.specs import InferenceSpec
from tests.conftest import CommandLine
from tests.served import Browser, create_app, sentences

FILES = [f"{split}-{part}-ubyte" for split in ("train", "t10k") for part in ("images-idx3", "labels-idx1")]
IMAGES = FILES[0]


def raw_of(root: Path, name: str) -> Path:
    return root / {"mnist": "MNIST", "fashion": "FashionMNIST"}[name] / "raw"


def transposed(content: bytes) -> bytes:
    images = np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28)
    return content[:16] + images.transpose(0, 2, 1).tobytes()


def tenth(content: bytes) -> bytes:
    """A well-formed file of the first 6,000."""
    (n,) = struct.unpack(">I", content[4:8])
    head = 4 + 4 * content[3]
    return content[:4] + struct.pack(">I", n // 10) + content[8:head] + content[head:][: (len(content) - head) // 10]


CHANGES: dict[str, dict[str, Callable[[bytes], bytes]]] = {
    "transposed images": {IMAGES: transposed},
    "6,000 of 60,000": {FILES[0]: tenth, FILES[1]: tenth},
    "a file cut at 20 MB": {IMAGES: lambda content: content[:20_000_000]},
    "one byte changed": {IMAGES: lambda content: content[:-1] + bytes([content[-1] ^ 1])},
    "other labels": {FILES[1]: lambda content: content[:8] + content[8:][::-1]},
    "an empty file": {FILES[2]: lambda content: b""},
}


@pytest.fixture
def home(settings: Settings) -> Settings:
    raw_of(settings.data, "mnist").mkdir(parents=True)
    return settings


def lay(home: Settings, root: Path, changes: dict[str, Callable[[bytes], bytes]], of: str = "mnist") -> None:
    """The files of a data set under the name of MNIST, some of them changed."""
    for file in FILES:
        place, real = raw_of(home.data, "mnist") / file, raw_of(root, of) / file
        if file in changes:
            place.write_bytes(changes[file](real.read_bytes()))
        else:
            place.symlink_to(real)


def no_originals(home: Settings) -> str:
    """That runs start from decoded images, in the core and on the page; gives the reason that is shown."""
    assert Session.open(home).source("mnist") == "decoded"
    for train in (True, False):
        with pytest.raises(DataError, match="core download --dataset mnist"):
            data.load_dataset("mnist", home.data, train=train)
    browser = Browser(create_app(home).server.test_client())
    settled = browser.ask("settled", "d=mnist&nz=2")["settled"]["data"]
    assert (settled["images_here"], settled["state"]["source"], settled["fetchable"]) == (False, "decoded", True)
    assert any(note.startswith(settled["images_note"]) and "decoded" in note for note in settled["notes"])
    asked = "d=mnist&nz=2&runs=10&T=5&label=6&i=1&src="
    assert "run" in browser.ask("run", asked + "auto")
    (said,) = sentences(browser.post("ask-run", browser.question(asked + "original")))
    assert said == settled["images_note"]
    return said


@pytest.mark.parametrize("changes", CHANGES.values(), ids=list(CHANGES))
def test_changed_images_are_not_used(changes: dict[str, Any], home: Settings, mnist_root: Path):
    lay(home, mnist_root, changes)
    assert any(file in no_originals(home) for file in changes)


def test_images_of_another_data_set_are_not_used(home: Settings, mnist_root: Path, command: CommandLine):
    lay(home, mnist_root, {}, of="fashion")
    assert IMAGES in no_originals(home)
    options = ("--n-latent", "2", "--label", "6", "--runs", "10", "--steps", "5")
    status, answer, _, err = command("infer", *options)
    assert (status, answer["spec"]["source"]) == (0, "decoded")
    assert "not that of MNIST" in err
    assert "Runs start from decoded memories" in err
    status, _, _, err = command("infer", *options, "--source", "original")
    assert status == 1
    assert "not that of MNIST" in err


def test_compressed_files_are_taken_as_they_are(home: Settings, mnist_root: Path, root: Path):
    packed = root.parent / "shared" / "data"
    if not raw_of(packed, "mnist").is_dir():
        pytest.skip("There are no compressed files of MNIST on this machine.")
    raw = raw_of(home.data, "mnist")
    for file in FILES:
        (raw / f"{file}.gz").symlink_to(raw_of(packed, "mnist") / f"{file}.gz")
    assert Session.open(home).source("mnist") == "original"
    for train in (True, False):
        ours, theirs = (data.load_dataset("mnist", each, train=train) for each in (home.data, mnist_root))
        assert np.array_equal(ours.images, theirs.images)
        assert np.array_equal(ours.labels, theirs.labels)
    experiments.fetch_images("mnist", home)  # no mirror is asked, and nothing is written
    assert sorted(path.name for path in raw.iterdir()) == sorted(f"{file}.gz" for file in FILES)


def test_right_images_are_used(home: Settings, mnist_root: Path):
    lay(home, mnist_root, {})
    assert Session.open(home).source("mnist") == "original"
    settled = Browser(create_app(home).server.test_client()).ask("settled", "d=mnist&nz=2")["settled"]["data"]
    assert (settled["images_here"], settled["images_note"]) == (True, "")
    assert not [note for note in settled["notes"] if "images" in note]


def test_files_that_become_right_are_used_without_a_restart(home: Settings, mnist_root: Path):
    lay(home, mnist_root, {FILES[1]: lambda content: content[:-1]})
    assert Session.open(home).source("mnist") == "decoded"
    place = raw_of(home.data, "mnist") / FILES[1]
    place.unlink()
    place.symlink_to(raw_of(mnist_root, "mnist") / FILES[1])
    assert Session.open(home).source("mnist") == "original"


def test_a_model_of_other_images_starts_from_decoded_ones(settings: Settings, write_model: Callable[..., Path]):
    """The data set is right, but the model's index is not of it: a run of ‘6’ would start from any digit."""
    settings.models.mkdir(parents=True)
    write_model(settings.models / "mine.safetensors", replace={"memory_index": torch.arange(120).reshape(10, 12)})
    write_model(settings.models / "right.safetensors", n_latent=4)
    assert experiments.why_decoded("right", Session.open(settings)) is None
    with pytest.raises(RefusedError, match="their labels differ"):
        experiments.run(InferenceSpec(model="mine", n_runs=10, n_steps=5, sample=1), Session.open(settings))
    browser = Browser(create_app(settings).server.test_client())
    settled = browser.ask("settled", "model=mine")["settled"]["data"]
    assert (settled["images_here"], settled["fetchable"], settled["state"]["source"]) == (False, False, "decoded")
    assert "their labels differ" in settled["images_note"]
    assert browser.ask("settled", "model=right")["settled"]["data"]["images_here"]
