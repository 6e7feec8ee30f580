"""What several works need is computed once, and goes on while one of them needs it."""

import threading
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from core.computations import ENSEMBLE, FIGURE, Computations, LeftError, Reporter
from tests.asking import Client, Parts, Slow, gated, has, is_free, question
from tests.processes import until


def needing(computations: Computations, compute: Callable[[Reporter], Any], key: str = "shared") -> Any:
    """A computation that needs another one, and passes on what that reports."""
    return lambda report: computations.once(key, compute, progress=report, watch=report.show)


def test_what_two_works_need_is_computed_once_and_outlives_the_one_that_began_it():
    computations, log = Computations(), list[str]()
    shared = Parts(computations, log, "shared", count=2)
    one = Client(computations, "a", "picture", needing(computations, shared))
    has(computations, "a", "part 0")
    two = Client(computations, "b", "curves", needing(computations, shared))
    has(computations, "b", "part 0")
    computations.leave("a", "figure")
    assert type(one.wait()) is LeftError
    until(lambda: "picture" not in computations.works.by_key, "the work that began it has given up")
    shared.ends(2)
    assert two.wait() == "shared"
    assert (log, shared.starts) == (["shared 0", "shared 1"], 1)


def test_what_no_work_needs_any_more_gives_up():
    computations, slow = Computations(), Slow()
    clients = [Client(computations, name, name, needing(computations, slow)) for name in "ab"]
    for name in "ab":
        has(computations, name, "half")
    for name in "ab":
        computations.leave(name, "figure")
    assert slow.gave_up.wait(10)
    assert [type(client.wait()) for client in clients] == [LeftError] * 2
    until(lambda: not computations.works.by_key, "nothing is left")


def test_who_joins_a_work_whose_need_has_just_given_up_starts_anew():
    """Else the need's end would be told to somebody who still waits."""
    computations, slow = Computations(), Slow()
    client = Client(computations, "a", "picture", needing(computations, slow))
    has(computations, "a", "half")
    work = computations.works.by_key["shared"]
    with computations.works.lock:
        computations.leave("a", "figure")
        with pytest.raises(LeftError):
            Reporter(work, computations.works)(0.5, "half")
        assert "picture" not in computations.works.by_key
    assert type(client.wait()) is LeftError


def test_partial_results_and_errors_are_passed_on():
    computations, go = Computations(), threading.Event()

    def compute(report: Reporter) -> None:
        report.show("piece")
        assert go.wait(10)
        raise ValueError("no")

    clients = [Client(computations, name, name, needing(computations, compute)) for name in "ab"]
    for name in "ab":
        until(lambda name=name: computations.partial(name, "figure", name) == (1, "piece"), "it sees the piece")
    go.set()
    assert [repr(client.wait()) for client in clients] == ["ValueError('no')"] * 2


def test_any_thread_can_need_a_result_and_wait_no_longer():
    computations, slow, reports = Computations(), Slow(), list[tuple[float, str]]()

    def progress(fraction: float, text: str) -> None:
        reports.append((fraction, text))
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        computations.once("key", slow, progress=progress)
    assert slow.gave_up.wait(10)
    assert reports == [(0.5, "half")]
    slow.go.set()
    assert computations.once("key", slow) == "result"
    assert not computations.works.open


def test_waits_of_threads_are_not_those_of_clients():
    """A command, or a page that fetches for itself, takes no room in the queue."""
    computations, slow = Computations(most=1), Slow()
    thread = threading.Thread(target=lambda: computations.once("key", slow))
    thread.start()
    until(lambda: slow.starts, "it is computed")
    slow.go.set()
    assert computations.wait_for(question("a"), "key", slow) == "result"
    thread.join(10)


def test_two_instances_in_one_process_do_not_meet():
    first, second, slow = Computations(), Computations(), Slow()

    def compute(report: Reporter) -> str:
        with first.turn(), second.turn():
            return second.once("key", slow, progress=report)  # the same key, and of its own

    inside = Client(first, "a", "key", compute)
    beside = Client(second, "a", "key", slow)
    has(first, "a", "half")
    has(second, "a", "half")
    first.close()
    assert type(inside.wait()) is LeftError
    assert slow.goes_on()
    slow.go.set()
    assert (beside.wait(), slow.starts) == ("result", 1)
    assert is_free(second)


def test_after_the_end_nothing_begins_and_nothing_is_kept():
    computations = Computations()
    computations.close()
    for ask in (
        lambda: computations.once("key", lambda _: 1),
        lambda: computations.wait_for(question("a"), "k", Slow()),
    ):
        with pytest.raises(LeftError):
            ask()
    computations.ahead("key", lambda _: pytest.fail("It is computed."))
    assert not computations.works.threads
    assert not computations.works.later


def test_at_the_end_nobody_waits_for_a_part_to_end():
    computations, gate = Computations(), threading.Event()
    asking = Client(computations, "a", "key", gated(gate))
    until(lambda: computations.progress("a", "figure"), "it waits")
    closing = threading.Thread(target=computations.close)
    closing.start()
    assert type(asking.wait()) is LeftError
    assert closing.is_alive()
    gate.set()
    closing.join(10)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_people_ask_and_leave_everything_ends(seed: int):
    """Twelve tabs ask for results that need smaller ones, in turns and out of them, and leave again."""
    computations, random = Computations(calm=0, courtesy=0.001), Random(seed)
    order = [[random.randrange(8) for _ in range(25)] for _ in range(12)]

    def compute(n: int) -> Callable[[Reporter], int]:
        def inner(report: Reporter) -> int:
            below = computations.once(str(n // 2), compute(n // 2), progress=report) if n % 2 else 0
            with computations.turn():
                report(0.0, "first part")
                below += computations.once(str(n // 3), compute(n // 3)) if n % 3 == 2 else 0
                for part in range(3):
                    report(part / 3, "part")
            return n + below

        return inner

    expected = [0, 1, 2, 4, 4, 8, 6, 11]
    wrong = list[object]()

    def tab(name: int) -> None:
        for i, n in enumerate(order[name]):
            key, rank = str(n), (ENSEMBLE, FIGURE)[n % 2]
            computations.ahead(str((n + 1) % 8), compute((n + 1) % 8))
            asking = Client(computations, str(name), key, compute(n), rank=rank, topic="t", order=i)
            if i % 3 == 0:
                until(lambda asking=asking: computations.leave(str(name), "t") or not asking.is_alive(), "it left")
            with computations.at_once():
                pass
            found = asking.wait()
            if asking.is_alive() or not (found == expected[n] or (i % 3 == 0 and type(found) is LeftError)):
                wrong.append((n, found))

    tabs = [threading.Thread(target=tab, args=(name,), daemon=True) for name in range(12)]
    for each in tabs:
        each.start()
    for each in tabs:
        each.join(60)
    assert not any(each.is_alive() for each in tabs)
    assert not wrong
    until(lambda: not computations.works.by_key and not computations.works.later, "nothing is left")
    assert not computations.works.open
    assert computations.turns.lines["computing"].holder is None
    computations.close()
