"""Results that outlive a command."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.experiments import kept as room
from core.experiments.kept import kept


@dataclass(frozen=True)
class Result:
    """An array and a plain number."""

    values: np.ndarray
    t: int


def ask(folder: Path, computed: list[str], *key: str) -> Result:
    """Ask for a result; notes what had to be computed."""

    def compute() -> Result:
        computed.append("".join(key))
        return Result(np.arange(3.0), 7)

    return kept(Result, key, folder, compute)


def test_a_result_is_computed_once_for_each_key(tmp_path: Path):
    computed: list[str] = []
    first, again = ask(tmp_path, computed, "a"), ask(tmp_path, computed, "a")
    np.testing.assert_array_equal(again.values, first.values)
    assert again.values.dtype == first.values.dtype
    assert type(again.t) is int
    assert again.t == 7
    ask(tmp_path, computed, "a", "weights")
    assert computed == ["a", "aweights"]


def test_what_other_code_computed_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    computed: list[str] = []
    ask(tmp_path, computed, "a")
    monkeypatch.setattr(room, "code_sha256", lambda: "other")
    ask(tmp_path, computed, "a")
    assert len(computed) == 2


def test_every_file_that_is_named_as_code_is_there():
    assert all(list(room.CORE.glob(pattern)) for pattern in room.CODE)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive at all"])
def test_a_damaged_file_is_computed_anew(tmp_path: Path, content: bytes):
    computed: list[str] = []
    ask(tmp_path, computed, "a")
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert ask(tmp_path, computed, "a").t == 7
    assert len(computed) == 2
    ask(tmp_path, computed, "a")
    assert len(computed) == 2


def test_a_folder_that_cannot_be_written_costs_no_answer(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    assert ask(tmp_path / "file" / "evidence", [], "a").t == 7
