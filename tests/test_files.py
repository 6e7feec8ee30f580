import errno
import os
from pathlib import Path

import pytest

from core import files


@pytest.mark.parametrize("culprit", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(culprit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.safetensors"
    files.write_atomically(path, b"old")

    def fail(*args: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os if culprit == "fsync" else Path, culprit, fail)
    with pytest.raises(OSError, match="no space"):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_replaces_the_whole_file(tmp_path: Path):
    path = tmp_path / "deep" / "a.safetensors"
    for content in (b"old and long", b"new"):
        files.write_atomically(path, content)
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_new_file_never_replaces_one(tmp_path: Path):
    path = tmp_path / "deep" / "a.safetensors"
    files.write_new(path, b"first")
    with pytest.raises(FileExistsError):
        files.write_new(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_system_without_links_takes_a_new_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    test_a_new_file_never_replaces_one(tmp_path)


def test_a_stamp_changes_with_the_file_and_with_its_rights(tmp_path: Path):
    path = tmp_path / "a"
    assert files.stamp(path) == ()
    stamps = []
    for change in (
        lambda: path.write_bytes(b"a"),
        lambda: path.chmod(0o600),
        lambda: files.write_atomically(path, b"b"),
    ):
        change()
        stamps.append(files.stamp(path))
    assert len(set(stamps)) == 3
