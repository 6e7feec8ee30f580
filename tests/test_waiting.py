"""People who wait for one computation: it is done once, and stops only when nobody waits any more."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from dashboard.waiting import Desk, LeftError, Reporter, SupersededError, Work
from tests.processes import until


class Slow:
    """A computation that reports until it is let go."""

    def __init__(self) -> None:
        self.go, self.starts, self.gave_up = threading.Event(), 0, threading.Event()

    def __call__(self, progress: Reporter) -> str:
        self.starts += 1
        try:
            while not self.go.wait(0.01):
                progress(0.5, "half")
        except LeftError:
            self.gave_up.set()
            raise
        return "result"


class Person(threading.Thread):
    """Asks, and keeps what came of it."""

    def __init__(self, desk: Desk, name: str, key: str, compute: Callable[[Reporter], Any]):
        super().__init__(daemon=True)
        self.answer: object = None
        self.asks = lambda: desk.ask(name, key, compute)
        self.start()

    def run(self) -> None:
        try:
            self.answer = self.asks()
        except Exception as error:
            self.answer = error

    def wait(self) -> object:
        self.join(10)
        return self.answer


def test_two_people_wait_for_one_computation_and_it_outlives_one_of_them():
    desk, slow = Desk(), Slow()
    people = [Person(desk, name, "key", slow) for name in ("a", "b")]
    until(lambda: desk.far("a") == desk.far("b") == (0.5, "half"), "both wait")
    desk.leave("a")
    assert type(people[0].wait()) is LeftError
    assert desk.far("a") is None
    assert not slow.gave_up.wait(0.1)
    slow.go.set()
    assert people[1].wait() == "result"
    assert slow.starts == 1


def test_the_last_who_leaves_stops_it_and_whoever_asks_then_starts_anew():
    desk, slow = Desk(), Slow()
    person = Person(desk, "a", "key", slow)
    until(lambda: desk.far("a") == (0.5, "half"), "it runs")
    desk.leave("a")
    assert slow.gave_up.wait(10)
    assert type(person.wait()) is LeftError
    slow.go.set()
    assert desk.ask("b", "key", slow) == "result"
    assert slow.starts == 2


def test_the_newest_question_of_a_person_wins():
    desk, old, new = Desk(), Slow(), Slow()
    first = Person(desk, "a", "old", old)
    until(lambda: desk.far("a") == (0.5, "half"), "the first one runs")
    second = Person(desk, "a", "new", new)
    assert type(first.wait()) is SupersededError
    assert old.gave_up.wait(10)
    new.go.set()
    assert second.wait() == "result"


def test_who_asks_for_the_same_again_joins_it():
    desk, slow = Desk(), Slow()
    first = Person(desk, "a", "key", slow)
    until(lambda: desk.far("a") == (0.5, "half"), "it runs")
    again = Person(desk, "a", "key", slow)
    assert type(first.wait()) is SupersededError
    slow.go.set()
    assert again.wait() == "result"
    assert slow.starts == 1


def test_a_report_before_anybody_waits_is_no_reason_to_stop():
    class Hesitant(Desk):
        def _start(self, key: str, compute: Callable[[Reporter], Any]) -> Work:
            work = super()._start(key, compute)
            time.sleep(0.1)
            return work

    def reports(progress: Reporter) -> str:
        progress(0.0, "at once")
        return "result"

    assert Hesitant().ask("a", "key", reports) == "result"


def test_an_error_reaches_whoever_waits_and_is_not_kept():
    def wrong(_: Reporter) -> None:
        raise ValueError("no")

    desk = Desk()
    with pytest.raises(ValueError, match="no"):
        desk.ask("a", "key", wrong)
    assert desk.ask("a", "key", lambda _: "fine") == "fine"
    assert desk.far("a") is None


def test_at_the_end_everything_stops():
    desk, slow = Desk(), Slow()
    person = Person(desk, "a", "key", slow)
    until(lambda: desk.far("a") == (0.5, "half"), "it runs")
    desk.close()
    assert slow.gave_up.is_set()
    assert type(person.wait()) is LeftError


def test_pieces_are_seen_by_all_who_wait_and_are_numbered():
    desk, go = Desk(), threading.Event()
    shown = threading.Event()

    def compute(progress: Reporter) -> str:
        for piece in ("one", "two"):
            progress.show(piece)
        shown.set()
        go.wait(10)
        return "whole"

    people = [Person(desk, name, "key", compute) for name in "ab"]
    assert shown.wait(10)
    until(lambda: desk.piece("a", "key") == desk.piece("b", "key") == (2, "two"), "both see the second piece")
    assert desk.piece("c", "key") == (0, None)
    assert desk.piece("a", "newer") == (0, None)
    go.set()
    for person in people:
        person.join(10)
    assert [person.answer for person in people] == ["whole", "whole"]
    assert desk.piece("a", "key") == (0, None)
