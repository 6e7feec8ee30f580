"""Folders of models that many write to at once, and disks that take nothing."""

import hashlib
import os
import random
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from flask.testing import FlaskClient
from safetensors.torch import load

from core import experiments, store
from core.settings import Settings
from core.store import StoreError
from tests.hostile.conftest import WriteModel, pages_are_whole, send
from tests.served import sentences
from tests.test_models import Hand

CPU = torch.device("cpu")


# Many at once


def test_of_eight_imports_of_one_name_one_succeeds(good: Path, settings: Settings, write_model: WriteModel):
    contents = [write_model(good.with_name(f"{seed}.safetensors"), seed=seed).read_bytes() for seed in range(8)]
    together = threading.Barrier(8)

    def import_file(content: bytes) -> str:
        together.wait()
        try:
            return experiments.import_model(content, "mine.safetensors", settings)
        except StoreError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(import_file, contents))
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
