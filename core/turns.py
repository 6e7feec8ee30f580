"""Turns: of what is heavy one thing is done at a time, the lowest rank first.

Who has the turn gives way to a lower rank between two parts; nothing is ever interrupted within a part.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from core.work import Visitor, Work
from core.works import Works

COMPUTING, ESTIMATING = "computing", "estimating"  # what is done one at a time


@dataclass(eq=False)
class Turn:
    """One turn; `arrival` says who came first among equal ranks."""

    owner: Work | Visitor
    arrival: int


@dataclass(eq=False)
class Line:
    """Those who wait for their turn, and the one who has it. Whoever calls holds the lock of `changed`."""

    changed: threading.Condition
    waiting: list[Turn] = field(default_factory=list)
    holder: Turn | None = None

    def take(self, turn: Turn, is_left: Callable[[], bool]) -> bool:
        """Wait for a turn; False where nobody wants it any more."""
        self.waiting.append(turn)
        has_come = False
        try:
            self._give()
            self.changed.wait_for(lambda: self.holder is turn or is_left())
            has_come = not is_left()
        finally:
            if not has_come:
                self.end(turn)
        return has_come

    def end(self, turn: Turn) -> None:
        """Wait no longer for a turn, or have it no longer."""
        if turn in self.waiting:
            self.waiting.remove(turn)
        if self.holder is turn:
            self.holder = None
        self._give()

    def is_wanted_before(self, turn: Turn) -> bool:
        """Whether somebody of a lower rank waits for the turn that one has."""
        return self.holder is turn and any(other.owner.rank < turn.owner.rank for other in self.waiting)

    def _give(self) -> None:
        """Ranks may have changed since these began to wait: they are looked at now."""
        if self.holder is None and self.waiting:
            self.holder = min(self.waiting, key=lambda turn: (turn.owner.rank, turn.arrival))
            self.waiting.remove(self.holder)
        self.changed.notify_all()


class Turns:
    """The lines of some works."""

    def __init__(self, works: Works):
        self.works = works
        self.lines = {name: Line(works.changed) for name in (COMPUTING, ESTIMATING)}
        self._arrivals = count()

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """A turn in a line, as in `Computations.turn`."""
        owner, line = self.works.owner(), self.lines[name]
        with self.works.lock:
            has = self.line_of(owner)
            if has and has is not line:
                raise RuntimeError(f"A turn of {name} within another one.")
            turn = None if has else Turn(owner, next(self._arrivals))
            if turn:
                self._take(line, turn)
        try:
            yield
        finally:
            if turn:
                with self.works.lock:
                    line.end(turn)

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """What is done within may wait: a turn that this thread has is let go, and taken again."""
        with self.works.lock:
            line = self.line_of(self.works.owner())
            turn = line.holder if line else None
            if line and turn:
                line.end(turn)
        try:
            yield
        finally:
            if line and turn:
                with self.works.lock:
                    self._take(line, turn)

    def give_way(self, work: Work) -> None:
        """Let lower ranks have the turn that a work has, and take it again."""
        line = self.line_of(work)
        turn = line.holder if line else None
        while line and turn and line.is_wanted_before(turn):
            line.end(turn)
            self._take(line, turn)

    def line_of(self, owner: Work | Visitor) -> Line | None:
        """The line in which one has the turn."""
        return next((line for line in self.lines.values() if line.holder and line.holder.owner == owner), None)

    def _take(self, line: Line, turn: Turn) -> None:
        if not line.take(turn, lambda: self.works.is_left(turn.owner)):
            self.works.stop_if_left(turn.owner)
