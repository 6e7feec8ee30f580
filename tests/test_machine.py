"""Independent runs are computed in parts, on all cores, behind everything else."""

import os
import sys
import threading
import time

import joblib
import pytest
import torch
from torch import Tensor

from core.experiments.machine import BEHIND, LARGE, SMALL, in_parts

RUNS = torch.arange(3.0 * SMALL + 8)
PATIENCE = 60  # seconds after which a test that hangs fails


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cores, and torch with one thread, as in the dashboard."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)


@pytest.mark.usefixtures("cores")
def test_parts_come_in_the_order_of_the_runs():
    done: list[int] = []

    def double(part: Tensor) -> Tensor:
        time.sleep(0.05 if part[0] == 0 else 0)  # the first ends last
        return 2 * part

    parts = in_parts(double, RUNS, before=done.append)
    assert [len(part) for part in parts] == [SMALL, SMALL, SMALL, 8]
    assert torch.equal(torch.cat(parts), 2 * RUNS)
    assert done == [0, 0, 0, SMALL]


@pytest.mark.usefixtures("cores")
def test_while_others_go_first_no_part_is_begun():
    """... but the one that each core has in hand."""
    begun: list[int] = []
    asked: list[int] = []
    seen: list[int] = []

    def wait(done: int) -> None:
        asked.append(done)
        if len(asked) == 7:
            time.sleep(0.2)  # time enough for those that are begun, and for all others
            seen.append(len(begun))

    parts = in_parts(lambda part: begun.append(len(part)), torch.zeros(40 * SMALL), before=wait)
    assert len(parts) > 10
    assert seen == [6]


@pytest.mark.usefixtures("cores")
@pytest.mark.parametrize(("runs", "largest"), [(SMALL - 1, SMALL - 1), (13 * SMALL, 13 * SMALL // 12), (10_000, LARGE)])
def test_parts_are_large_where_there_are_many_runs(runs: int, largest: int):
    assert max(in_parts(len, torch.zeros(runs))) == largest


@pytest.mark.usefixtures("cores")
def test_every_core_works_on_a_part_of_its_own():
    all_at_once = threading.Barrier(3)
    in_parts(lambda _: all_at_once.wait(PATIENCE), RUNS[: 3 * SMALL])


def test_threads_of_torch_share_all_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert in_parts(len, torch.zeros(10_000)) == [10_000]


@pytest.mark.usefixtures("cores")
def test_what_is_given_up_is_not_computed_to_its_end():
    calls = []

    def slow(_: Tensor) -> None:
        calls.append(1)
        time.sleep(0.02)

    def give_up(done: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_parts(slow, torch.zeros(60 * LARGE), before=give_up)
    assert 0 < len(calls) < 60


@pytest.mark.usefixtures("cores")
def test_a_fault_in_a_thread_is_raised():
    with pytest.raises(ZeroDivisionError):
        in_parts(lambda part: 1 // int(part[0]), RUNS)


@pytest.mark.usefixtures("cores")
@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere threads have no priority of their own.")
def test_threads_stand_behind_whoever_asked():
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    theirs = in_parts(lambda _: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), RUNS)
    assert set(theirs) == {max(BEHIND, mine)}
    assert os.getpriority(os.PRIO_PROCESS, 0) == mine
