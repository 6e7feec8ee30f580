"""People who wait for one computation: it is done once, and stops only when nobody waits any more."""

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from core.computations import BusyError, Computations, LeftError, Question, Reporter, SupersededError
from core.work import FIGURE, Work
from core.works import Works
from tests.asking import Client, Slow, gated, question
from tests.processes import until


def test_two_clients_wait_for_one_computation_and_it_outlives_one_of_them():
    computations, slow = Computations(), Slow()
    clients = [Client(computations, name, "key", slow) for name in ("a", "b")]
    until(
        lambda: computations.progress("a", "figure") == computations.progress("b", "figure") == (0.5, "half"),
        "both wait",
    )
    computations.leave("a", "figure")
    assert type(clients[0].wait()) is LeftError
    assert computations.progress("a", "figure") is None
    assert slow.goes_on()
    slow.go.set()
    assert clients[1].wait() == "result"
    assert slow.starts == 1


def test_the_last_who_leaves_stops_it_and_whoever_asks_then_starts_anew():
    computations, slow = Computations(), Slow()
    client = Client(computations, "a", "key", slow)
    until(lambda: computations.progress("a", "figure") == (0.5, "half"), "it runs")
    computations.leave("a", "figure")
    assert slow.gave_up.wait(10)
    assert type(client.wait()) is LeftError
    slow.go.set()
    assert computations.wait_for(question("b"), "key", slow) == "result"
    assert slow.starts == 2


def test_the_newest_question_of_a_client_wins():
    computations, old, new = Computations(), Slow(), Slow()
    first = Client(computations, "a", "old", old)
    until(lambda: computations.progress("a", "figure") == (0.5, "half"), "the first one runs")
    second = Client(computations, "a", "new", new)
    assert type(first.wait()) is SupersededError
    assert old.gave_up.wait(10)
    new.go.set()
    assert second.wait() == "result"


def test_who_asks_for_the_same_again_joins_it():
    computations, slow = Computations(), Slow()
    first = Client(computations, "a", "key", slow)
    until(lambda: computations.progress("a", "figure") == (0.5, "half"), "it runs")
    again = Client(computations, "a", "key", slow)
    assert type(first.wait()) is SupersededError
    slow.go.set()
    assert again.wait() == "result"
    assert slow.starts == 1


def test_a_report_before_anybody_waits_is_no_reason_to_stop():
    class Watched(Works):
        def start(self, work: Work, compute: Callable[[Reporter], Any]) -> None:
            assert work.is_wanted
            super().start(work, compute)

    def reports(progress: Reporter) -> str:
        progress(0.0, "at once")
        return "result"

    assert Watched().once("key", reports, FIGURE, lambda *_: None, lambda _: None) == "result"


def test_of_twenty_who_ask_nineteen_leave_and_the_one_computation_goes_on():
    computations, slow = Computations(), Slow()
    clients = [Client(computations, f"client {i}", "key", slow) for i in range(20)]
    for i in range(20):
        until(lambda i=i: computations.progress(f"client {i}", "figure") == (0.5, "half"), "it waits")
    for i in range(19):
        assert computations.leave(f"client {i}", "figure")
        assert type(clients[i].wait()) is LeftError
    assert slow.goes_on()
    slow.go.set()
    assert clients[19].wait() == "result"
    assert slow.starts == 1


def test_a_work_that_everybody_has_left_but_that_has_not_stopped_yet_is_joined():
    computations, gate, starts = Computations(), threading.Event(), list[str]()

    def compute(progress: Reporter) -> str:
        starts.append("start")
        assert gate.wait(10)
        progress(1.0, "done")
        return "result"

    first = Client(computations, "a", "key", compute)
    until(lambda: starts, "it runs")
    computations.leave("a", "figure")
    assert type(first.wait()) is LeftError
    second = Client(computations, "b", "key", compute)
    until(lambda: computations.progress("b", "figure"), "it waits")
    gate.set()
    assert second.wait() == "result"
    assert len(starts) == 1


def test_an_error_reaches_whoever_waits_and_is_not_kept():
    def wrong(_: Reporter) -> None:
        raise ValueError("no")

    computations = Computations()
    with pytest.raises(ValueError, match="no"):
        computations.wait_for(question("a"), "key", wrong)
    assert computations.wait_for(question("a"), "key", lambda _: "fine") == "fine"
    assert computations.progress("a", "figure") is None


def test_at_the_end_everything_stops():
    computations, slow = Computations(), Slow()
    client = Client(computations, "a", "key", slow)
    until(lambda: computations.progress("a", "figure") == (0.5, "half"), "it runs")
    computations.close()
    assert slow.gave_up.is_set()
    assert type(client.wait()) is LeftError


def test_pieces_are_seen_by_all_who_wait_and_are_numbered():
    computations, go = Computations(), threading.Event()
    shown = threading.Event()

    def compute(progress: Reporter) -> str:
        for piece in ("one", "two"):
            progress.show(piece)
        shown.set()
        go.wait(10)
        return "whole"

    clients = [Client(computations, name, "key", compute) for name in "ab"]
    assert shown.wait(10)
    until(
        lambda: computations.partial("a", "figure", "key") == computations.partial("b", "figure", "key") == (2, "two"),
        "both see the second piece",
    )
    assert computations.partial("c", "figure", "key") == (0, None)
    assert computations.partial("a", "figure", "newer") == (0, None)
    go.set()
    for client in clients:
        client.join(10)
    assert [client.answer for client in clients] == ["whole", "whole"]
    assert computations.partial("a", "figure", "key") == (0, None)


def waiting(computations: Computations, gate: threading.Event, clients: int, *, same: bool = False) -> list[Client]:
    """Clients who all wait for a gate."""
    found = []
    for i in range(clients):
        key = "same" if same else str(i)
        found.append(Client(computations, f"client {i}", key, gated(gate, key)))
        until(lambda i=i: computations.progress(f"client {i}", "figure"), "it waits")
    return found


@pytest.mark.parametrize("same", [False, True], ids=["different questions", "one question"])
def test_beyond_the_bound_one_is_told_at_once_and_after_that_let_in(same: bool):
    """Those who join a computation hold a thread of the server too."""
    computations, gate = Computations(most=3), threading.Event()
    inside = waiting(computations, gate, 3, same=same)
    with pytest.raises(BusyError, match=f"busy: {1 if same else 3} before you"):
        computations.wait_for(question("another"), "0", gated(gate))
    gate.set()
    assert [client.wait() for client in inside] == (["same"] * 3 if same else ["0", "1", "2"])
    assert computations.wait_for(question("another"), "new", gated(gate, "new")) == "new"


def test_one_client_has_no_more_than_its_share():
    computations, gate = Computations(most_per_client=2), threading.Event()
    inside = []
    for topic in ("one", "two"):
        inside.append(Client(computations, "a", topic, gated(gate, topic), topic=topic))
        until(lambda topic=topic: computations.progress("a", topic), "it waits")
    with pytest.raises(BusyError):
        computations.wait_for(question("a", "three"), "three", gated(gate))
    with pytest.raises(BusyError):
        computations.wait_for(Question("a"), "three", gated(gate))
    newer = Client(computations, "a", "newer", gated(gate, "newer"), topic="two")  # in the place of the older one
    assert type(inside[1].wait()) is SupersededError
    other = Client(computations, "b", "one", gated(gate, "one"))
    until(lambda: computations.progress("b", "figure"), "it waits")
    gate.set()
    assert [client.wait() for client in (inside[0], newer, other)] == ["one", "newer", "one"]


def test_an_older_question_does_not_supersede_a_newer_one_whatever_the_order_of_arrival():
    computations, gate = Computations(), threading.Event()
    newer = Client(computations, "a", "newer", gated(gate), order=2)
    until(lambda: computations.progress("a", "figure"), "it waits")
    with pytest.raises(SupersededError):
        computations.wait_for(question("a", order=1), "older", gated(gate))
    gate.set()
    assert newer.wait() == "gated"


def test_who_has_left_is_noticed_and_what_nobody_waits_for_stops():
    computations, slow, gone = Computations(), Slow(), threading.Event()
    client = Client(computations, "a", "key", slow, has_left=gone.is_set)
    until(lambda: computations.progress("a", "figure") == (0.5, "half"), "it runs")
    gone.set()
    assert type(client.wait()) is LeftError
    assert slow.gave_up.wait(10)


def test_whoever_waits_sees_how_many_are_before():
    computations, gate = Computations(), threading.Event()
    inside = waiting(computations, gate, 3)
    assert computations.progress("client 2", "figure") == (0.0, "waiting, 2 before this")
    gate.set()
    for client in inside:
        client.wait()


@pytest.mark.parametrize("is_left", [False, True], ids=["done", "given up"])
def test_what_a_computation_had_in_hand_is_free_at_once(is_left: bool):
    """A result can have a hundred megabytes, and cycles are collected only now and then."""
    computations, kept, begun = Computations(), list[weakref.ref[Array]](), threading.Event()

    def compute(report: Reporter) -> Array:
        array = Array()
        kept.append(weakref.ref(array))
        begun.set()
        while is_left:
            report(0.5, "half")
        return array

    gc.disable()
    try:
        client = Client(computations, "a", "k", compute)
        assert begun.wait(10)
        if is_left:
            computations.leave("a", "figure")
        client.wait()
        client.answer = None
        for _ in range(100):  # its thread comes to its end
            threading.Event().wait(0.02 if kept[0]() else 0)
        assert kept[0]() is None
    finally:
        gc.enable()
        computations.close()


class Array:
    """Stands for a large result."""
