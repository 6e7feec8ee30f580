"""What is computed ahead takes only time that nobody wants, and is not thrown away when somebody asks for just it."""

import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from core.ahead import LAST, ONWARD
from core.computations import AHEAD, Computations, Reporter
from tests.asking import Client, Parts, Slow, gated, has, question, queued, rests
from tests.processes import until


class Clock:
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def woken(computations: Computations) -> None:
    """Let what rests look at the clock."""
    with computations.works.lock:
        computations.works.quiet.notify_all()


def finished(computations: Computations) -> None:
    """Wait until there is nothing to be computed ahead."""
    until(lambda: computations.later._thread is None, "nothing is left to be computed ahead")


def test_nothing_is_computed_where_a_server_shall_not():
    computations, done = Computations(calm=None), list[str]()
    computations.ahead("a", lambda _: done.append("a"))
    assert computations.later._thread is None
    assert not done
    assert not computations.works.later


def test_of_what_has_not_begun_the_newest_is_computed_and_the_oldest_dropped():
    computations, gate, done = Computations(calm=0), threading.Event(), list[str]()
    client = Client(computations, "a", "busy", gated(gate))
    until(lambda: computations.progress("a", "figure"), "it waits")
    for key in ("dropped", "again", "one", "two", "again", "three"):
        computations.ahead(key, lambda _, key=key: done.append(key))
    assert len(computations.works.later) == ONWARD
    assert not done
    gate.set()
    client.wait()
    finished(computations)
    assert done == ["three", "again", "two", "one"]


def test_it_begins_only_when_nothing_has_been_asked_for_a_while_and_no_single_run_made():
    clock = Clock()
    computations, begun = Computations(calm=60, clock=clock), list[float]()

    def rested() -> None:
        woken(computations)
        until(lambda: begun or rests(computations), "it has begun or rests")

    computations.wait_for(question("a"), "key", lambda _: "result")
    computations.ahead("ahead", lambda _: begun.append(clock.now))
    for now in (1001, 1059):
        clock.now = now
        rested()
    with computations.at_once():
        pass
    for now in (1061, 1118):
        clock.now = now
        rested()
    with computations.at_once():
        clock.now = 1200
        rested()
    rested()
    assert not begun
    clock.now = 1261
    woken(computations)
    finished(computations)
    assert begun == [1261]


def begun_ahead(computations: Computations, compute: Parts) -> None:
    """Compute something ahead, until it is in its first part."""
    computations.ahead(compute.name, compute)
    compute.begins()


def test_it_is_given_up_between_parts_for_what_somebody_asks_for():
    computations, log = Computations(calm=60, clock=Clock()), list[str]()
    ahead, wanted = Parts(computations, log, "ahead"), Parts(computations, log, "wanted", count=1)
    begun_ahead(computations, ahead)
    client = Client(computations, "a", "wanted", wanted)
    queued(computations, 1)
    assert not ahead.gave_up.is_set()
    ahead.ends()
    assert ahead.gave_up.wait(10)
    wanted.ends()
    assert client.wait() == "wanted"
    assert log == ["ahead 0", "wanted 0"]


@pytest.mark.parametrize("what", ["wait", "run"])
def test_it_is_given_up_when_it_does_not_become_calm_again(what: str):
    """Also for what needs no turn, or does not come to it: it may wait for a lock that this work holds."""
    computations, log, gate = Computations(calm=0, courtesy=0), list[str](), threading.Event()
    ahead = Parts(computations, log, "ahead")
    begun_ahead(computations, ahead)
    if what == "wait":
        client = Client(computations, "a", "other", gated(gate))
        until(lambda: computations.progress("a", "figure"), "it waits")
        ahead.ends()
        assert ahead.gave_up.wait(10)
        gate.set()
        assert client.wait() == "gated"
    else:
        with computations.at_once():
            ahead.ends()
            assert ahead.gave_up.wait(10)
    assert log == ["ahead 0"]


def test_it_goes_on_when_it_is_calm_again():
    clock = Clock()
    computations, log = Computations(calm=60, clock=clock), list[str]()
    ahead = Parts(computations, log, "ahead", count=2)
    begun_ahead(computations, ahead)
    with computations.at_once():
        pass
    ahead.ends()
    until(lambda: rests(computations) or ahead.gave_up.is_set() or len(log) > 1, "it rests")
    assert log == ["ahead 0"]
    clock.now += 60
    woken(computations)
    ahead.begins()
    ahead.ends()
    finished(computations)
    assert log == ["ahead 0", "ahead 1"]


def test_whoever_asks_for_just_that_joins_it():
    computations, log = Computations(calm=0), list[str]()
    ahead = Parts(computations, log, "ahead")
    begun_ahead(computations, ahead)
    client = Client(computations, "a", "ahead", ahead)
    has(computations, "a", "part 0")
    ahead.ends(3)
    assert client.wait() == "ahead"
    assert (log, ahead.starts) == (["ahead 0", "ahead 1", "ahead 2"], 1)


def test_whoever_needs_just_that_for_another_result_finds_it_resting_and_joins_it():
    """The question comes first, and only its work then needs what is computed ahead."""
    computations, log, gate = Computations(calm=60, clock=Clock()), list[str](), threading.Event()
    ahead, other = Parts(computations, log, "ahead"), Parts(computations, log, "other", count=1)

    def picture(_: Reporter) -> str:
        assert gate.wait(10)
        return computations.once("ahead", ahead)

    begun_ahead(computations, ahead)
    client = Client(computations, "a", "picture", picture)
    until(lambda: computations.progress("a", "figure"), "it waits")
    ahead.ends()
    until(lambda: rests(computations) or ahead.gave_up.is_set(), "it rests or has given up")
    gate.set()
    ahead.begins()
    assert computations.works.by_key["ahead"].rank < AHEAD
    after = Client(computations, "b", "other", other)
    queued(computations, 1)
    ahead.ends(2)
    other.ends()
    assert (client.wait(), after.wait()) == ("ahead", "other")
    assert log == ["ahead 0", "ahead 1", "ahead 2", "other 0"]
    assert ahead.starts == 1


def test_what_was_joined_and_left_goes_on_ahead_when_it_is_calm():
    computations, log = Computations(calm=0), list[str]()
    ahead = Parts(computations, log, "ahead", count=2)
    begun_ahead(computations, ahead)
    client = Client(computations, "a", "ahead", ahead)
    has(computations, "a", "part 0")
    computations.leave("a", "figure")
    client.wait()
    ahead.ends(2)
    finished(computations)
    assert log == ["ahead 0", "ahead 1"]


def test_what_somebody_asks_for_before_it_has_begun_is_not_computed_twice():
    computations, gate, starts = Computations(calm=0), threading.Event(), list[str]()
    busy = Client(computations, "a", "busy", gated(gate))
    until(lambda: computations.progress("a", "figure"), "it waits")
    for _ in range(2):
        computations.ahead("key", lambda _: starts.append("ahead"))
        assert computations.wait_for(question("b"), "key", lambda _: "asked") == "asked"
    slow = Slow()
    client = Client(computations, "b", "slow", slow)
    has(computations, "b", "half")
    computations.ahead("slow", lambda _: starts.append("ahead"))
    slow.go.set()
    client.wait()
    gate.set()
    busy.wait()
    finished(computations)
    assert not starts


def test_it_does_not_count_as_a_wait_and_has_the_last_turn():
    computations, log = Computations(most=1, calm=0), list[str]()
    ahead = Parts(computations, log, "ahead", count=1)
    begun_ahead(computations, ahead)
    assert computations.wait_for(question("a"), "key", lambda _: "result") == "result"
    ahead.ends()
    finished(computations)


def test_an_error_is_logged_and_the_next_one_computed(caplog: pytest.LogCaptureFixture):
    computations, gate, done = Computations(calm=0), threading.Event(), list[str]()
    client = Client(computations, "a", "busy", gated(gate))
    until(lambda: computations.progress("a", "figure"), "it waits")

    def wrong(_: Reporter) -> None:
        raise ValueError("no such model")

    computations.ahead("next", lambda _: done.append("next"))
    computations.ahead("wrong", wrong)
    with caplog.at_level(logging.INFO, "core.ahead"):
        gate.set()
        client.wait()
        finished(computations)
    assert [record.getMessage() for record in caplog.records] == ["not computed ahead: no such model"]
    assert done == ["next"]


def test_at_the_end_it_stops():
    computations, done = Computations(calm=0), list[str]()
    slow = Slow()
    computations.ahead("later", lambda _: done.append("later"))
    finished(computations)
    computations.ahead("slow", slow)
    until(lambda: slow.reports, "it runs")
    computations.ahead("never", lambda _: done.append("never"))
    computations.close()
    assert slow.gave_up.is_set()
    assert done == ["later"]
    assert computations.later._thread is None


# Priorities


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def in_a_thread(function: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join(10)
    return found[0]


def may_be_raised() -> bool:
    """Whether a thread of this process may get back the priority that it has given up."""

    def tries() -> bool:
        before = niceness()
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LAST)
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), before)
        except OSError:
            return False
        return True

    return in_a_thread(tries)


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere threads have no priority of their own.")
def test_it_has_the_lowest_priority_until_somebody_joins_it_and_so_has_what_it_needs():
    computations, seen, gates = Computations(calm=0), dict[str, int](), [threading.Event(), threading.Event()]

    def inner(report: Reporter) -> str:
        seen["inner"] = niceness()
        gates[0].set()
        assert gates[1].wait(10)
        seen["joined"] = niceness()
        return "result"

    def outer(report: Reporter) -> str:
        seen["outer"] = niceness()
        return computations.once("inner", inner, progress=report)

    computations.ahead("outer", outer)
    assert gates[0].wait(10)
    client = Client(computations, "a", "outer", outer)
    until(lambda: computations.progress("a", "figure"), "it has joined")
    gates[1].set()
    assert client.wait() == "result"
    assert (seen["outer"], seen["inner"]) == (LAST, LAST)
    assert seen["joined"] == (niceness() if may_be_raised() else LAST)
    computations.ahead("next", lambda _: seen.update(next=niceness()))
    finished(computations)
    assert seen["next"] == LAST
    assert computations.wait_for(question("a"), "asked", lambda _: niceness()) == niceness()


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere threads have no priority of their own.")
def test_where_priorities_are_forbidden_it_is_computed_all_the_same(monkeypatch: pytest.MonkeyPatch):
    def forbidden(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setpriority", forbidden)
    computations, log = Computations(calm=0), list[str]()
    ahead = Parts(computations, log, "ahead", count=2)
    begun_ahead(computations, ahead)
    client = Client(computations, "a", "ahead", ahead)
    has(computations, "a", "part 0")
    ahead.ends(2)
    assert client.wait() == "ahead"
