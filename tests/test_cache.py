"""One computation per key, however many ask; and a store that fails costs time, never an answer."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from dash.exceptions import PreventUpdate

from core.cache import Folder, ResultCache
from tests.threads import PATIENCE, together


@dataclass(frozen=True)
class Result:
    """A number in an array."""

    values: np.ndarray

    def __int__(self) -> int:
        return int(self.values[0])


def result(number: int = 1) -> Result:
    return Result(np.full(1000, number))


@dataclass
class Counted:
    """A computation that counts how often it is done."""

    number: int = 1
    count: int = 0

    def __call__(self) -> Result:
        self.count += 1
        return result(self.number)


class Memory:
    """A store that notes who missed, and fails where it is told to."""

    def __init__(self, expected: int = 0, failing: str = "") -> None:
        self.kept: dict[str, bytes] = {}
        self.expected, self.failing = expected, failing
        self.threads: set[int] = set()
        self.all_missed = threading.Event()

    def get(self, key: str) -> bytes | None:
        if self.failing == "get":
            raise OSError(28, "No space left on device")
        if key not in self.kept:
            self.threads.add(threading.get_ident())
            if len(self.threads) >= self.expected:
                self.all_missed.set()
        return self.kept.get(key)

    def set(self, key: str, value: bytes) -> None:
        if self.failing == "set":
            raise OSError(28, "No space left on device")
        self.kept[key] = value

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "results", 1_000_000)


@pytest.fixture
def cache(folder: Folder, tmp_path: Path) -> ResultCache:
    return ResultCache(folder, tmp_path / "locks")


def test_a_result_is_computed_once(cache: ResultCache):
    compute = Counted(7)
    assert cache.get(Result, "k") is None
    assert [int(cache.get_or_compute(Result, "k", compute)) for _ in range(3)] == [7] * 3
    assert compute.count == 1
    assert int(cache.get(Result, "k") or 0) == 7


def test_keys_are_apart(cache: ResultCache):
    found = [cache.get_or_compute(Result, str(n), lambda n=n: result(n)) for n in (1, 2, 1)]
    assert [int(each) for each in found] == [1, 2, 1]


@pytest.mark.parametrize("clients", [2, 8])
def test_clients_that_ask_at_once_compute_once(tmp_path: Path, clients: int):
    store, compute = Memory(clients), Counted()
    cache = ResultCache(store, tmp_path / "locks")

    def slow() -> Result:
        assert store.all_missed.wait(PATIENCE)  # nobody has a result before everybody has asked
        return compute()

    found = together(*[lambda: cache.get_or_compute(Result, "k", slow)] * clients)
    assert [int(each) for each in found] == [1] * clients
    assert compute.count == 1


def test_who_computes_one_result_may_ask_for_another(cache: ResultCache):
    def outer() -> Result:
        return cache.get_or_compute(Result, "inner", Counted(5))

    assert int(cache.get_or_compute(Result, "outer", outer)) == 5


def test_a_computation_that_fails_is_tried_again(cache: ResultCache):
    with pytest.raises(ZeroDivisionError):
        cache.get_or_compute(Result, "k", lambda: result(1 // 0))
    assert int(cache.get_or_compute(Result, "k", Counted())) == 1


def test_who_waits_for_one_that_fails_computes(tmp_path: Path):
    store, attempts = Memory(2), []
    cache = ResultCache(store, tmp_path / "locks")

    def first_fails() -> Result:
        assert store.all_missed.wait(PATIENCE)
        attempts.append(1)
        if len(attempts) == 1:
            raise PreventUpdate
        return result()

    found = together(*[lambda: cache.get_or_compute(Result, "k", first_fails)] * 2)
    assert sorted(type(each).__name__ for each in found) == ["PreventUpdate", "Result"]


@pytest.mark.parametrize("failing", ["get", "set"])
def test_a_full_disk_costs_no_answer(failing: str):
    cache, compute = ResultCache(Memory(failing=failing)), Counted()
    assert [int(cache.get_or_compute(Result, "k", compute)) for _ in range(2)] == [1] * 2
    assert compute.count == 2


# The folder


def files_of(folder: Folder) -> list[Path]:
    return [path for path in folder.path.rglob("*") if path.is_file()]


def test_nothing_is_made_before_something_is_kept(folder: Folder):
    assert folder.get("k") is None
    folder.delete("k")
    assert not folder.path.exists()


def test_the_folder_and_its_files_are_private(folder: Folder):
    folder.set("k", b"content")
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o077 for path in files_of(folder)] == [0]
    assert folder.get("k") == b"content"
    folder.delete("k")
    assert folder.get("k") is None


def test_what_was_used_longest_ago_goes_first(tmp_path: Path):
    folder = Folder(tmp_path, 1000)
    for i, key in enumerate("abc"):
        folder.set(key, bytes(300))
        os.utime(folder._file(key), ns=(i, i))
    assert folder.get("a") == bytes(300)  # it was used just now
    folder.set("d", bytes(300))
    assert [key for key in "abcd" if folder.get(key)] == ["a", "c", "d"]
    assert sum(path.stat().st_size for path in files_of(folder)) <= 1000


def test_what_is_larger_than_the_folder_is_not_kept(tmp_path: Path):
    folder = Folder(tmp_path, 1000)
    folder.set("a", bytes(300))
    folder.set("large", bytes(1001))
    assert folder.get("large") is None
    assert folder.get("a") == bytes(300)


def test_a_folder_that_cannot_be_written_is_replaced(tmp_path: Path):
    (tmp_path / "file").write_text("")
    cache, compute = ResultCache(Folder(tmp_path / "file" / "cache", 10_000), tmp_path / "file" / "locks"), Counted()
    assert [int(cache.get_or_compute(Result, "k", compute)) for _ in range(2)] == [1] * 2
    assert compute.count == 1


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[:-9], lambda content: b"\x80" * 99])
def test_a_damaged_file_is_computed_again(cache: ResultCache, folder: Folder, damage: Callable[[bytes], bytes]):
    cache.get_or_compute(Result, "k", Counted(1))
    (path,) = files_of(folder)
    path.write_bytes(damage(path.read_bytes()))
    compute = Counted(2)
    assert [int(cache.get_or_compute(Result, "k", compute)) for _ in range(2)] == [2, 2]
    assert compute.count == 1  # and the damaged file is replaced


def test_a_folder_that_vanishes_costs_no_answer(cache: ResultCache, folder: Folder):
    cache.put("k", result())
    for path in files_of(folder):
        path.unlink()
    folder.path.rmdir()
    assert int(cache.get_or_compute(Result, "k", Counted(3))) == 3
    assert int(cache.get(Result, "k") or 0) == 3


def test_locks_leave_nothing_behind(cache: ResultCache, tmp_path: Path):
    cache.get_or_compute(Result, "k", Counted())
    assert list((tmp_path / "locks").iterdir()) == []
