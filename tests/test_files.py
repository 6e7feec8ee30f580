import os
from pathlib import Path

import pytest

from core import files


@pytest.mark.parametrize("culprit", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(culprit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.safetensors"
    files.write_whole(path, b"old")

    def fail(*args: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os if culprit == "fsync" else Path, culprit, fail)
    with pytest.raises(OSError, match="no space"):
        files.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_replaces_the_whole_file(tmp_path: Path):
    path = tmp_path / "deep" / "a.safetensors"
    for content in (b"old and long", b"new"):
        files.write_whole(path, content)
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]
