"""Clients who ask for computations, and computations that tests hold in their hands."""

import threading
from collections.abc import Callable
from typing import Any

from core.computations import COMPUTING, FIGURE, Computations, LeftError, Question, Reporter
from tests.processes import until


def question(client: str, topic: str = "figure", **more: Any) -> Question:
    return Question(client, topic, **more)


class Slow:
    """A computation that reports until it is let go; `reports` counts."""

    def __init__(self) -> None:
        self.go, self.starts, self.reports, self.gave_up = threading.Event(), 0, 0, threading.Event()

    def __call__(self, progress: Reporter) -> str:
        self.starts += 1
        try:
            while not self.go.wait(0.01):
                progress(0.5, "half")
                self.reports += 1
        except LeftError:
            self.gave_up.set()
            raise
        return "result"

    def goes_on(self) -> bool:
        """Whether it reports once more without giving up."""
        seen = self.reports + 1  # one may be under way
        return until(lambda: self.reports > seen or self.gave_up.is_set(), "it reports") and not self.gave_up.is_set()


class Client(threading.Thread):
    """Asks, and keeps what came of it."""

    def __init__(
        self,
        computations: Computations,
        name: str,
        key: str,
        compute: Callable[[Reporter], Any],
        *,
        rank: int = FIGURE,
        **more: Any,
    ):
        super().__init__(daemon=True)
        self.answer: object = None
        self.asks = lambda: computations.wait_for(question(name, **more), key, compute, rank=rank)
        self.start()

    def run(self) -> None:
        try:
            self.answer = self.asks()
        except Exception as error:
            self.answer = error

    def wait(self) -> object:
        self.join(10)
        return self.answer


def gated(gate: threading.Event, key: str = "gated") -> Callable[[Reporter], str]:
    """A computation that is over when a gate opens, and never before."""

    def compute(_: Reporter) -> str:
        assert gate.wait(10)
        return key

    return compute


class Parts:
    """A computation in parts, all in one turn; a part ends when the test says so, and `log` names those that began."""

    def __init__(self, computations: Computations, log: list[str], name: str, count: int = 3):
        self.computations, self.log, self.name, self.count = computations, log, name, count
        self.inside, self.go = threading.Semaphore(0), threading.Semaphore(0)
        self.starts, self.gave_up = 0, threading.Event()

    def __call__(self, report: Reporter) -> str:
        self.starts += 1
        try:
            with self.computations.turn():
                for part in range(self.count):
                    report(part / self.count, f"part {part}")
                    self.log.append(f"{self.name} {part}")
                    self.inside.release()
                    assert self.go.acquire(timeout=10)
        except LeftError:
            self.gave_up.set()
            raise
        return self.name

    def begins(self) -> None:
        """Wait until the next part has begun."""
        assert self.inside.acquire(timeout=10)

    def ends(self, parts: int = 1) -> None:
        """Let parts end."""
        self.go.release(parts)


def queued(computations: Computations, count: int) -> None:
    """Wait until so many wait for their turn."""
    until(lambda: len(computations.turns.lines["computing"].waiting) == count, f"{count} wait for their turn")


def rests(computations: Computations) -> bool:
    """Whether something waits for single runs to end, or for calm."""
    return bool(vars(computations.works.quiet)["_waiters"])


def has(computations: Computations, client: str, text: str) -> None:
    """Wait until a client sees a report."""
    until(lambda: (computations.progress(client, "figure") or (0, ""))[1] == text, f"{client} sees {text}")


def is_free(computations: Computations) -> bool:
    """Whether nobody has the turn, or waits for it."""
    line = computations.turns.lines[COMPUTING]
    return line.holder is None and not line.waiting
