"""Long computations that people wait for: each is done once, and stops when nobody waits for it any more.

::

    ask --> join the work of that key, else start it --> wait --> result
     |  newer question of the same person, or leave --> that person waits no longer
     `--> nobody is left --> the work gives up at its next report

The work has a thread of its own: whoever leaves, leaves at once.
"""

import atexit
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class LeftError(Exception):
    """Whoever waited has given up."""


class SupersededError(LeftError):
    """Whoever waited has asked for something newer, or for the same once more."""


@dataclass(eq=False)
class Work:
    """One computation."""

    key: str
    waiting: set["Wait"] = field(default_factory=set)
    far: tuple[float, str] = (0.0, "waiting for its turn")
    piece: tuple[int, Any] = (0, None)
    is_done: bool = False
    result: Any = None
    error: BaseException | None = None


@dataclass(eq=False)
class Wait:
    """One person who waits for a work; `why` says why not any more."""

    work: Work
    why: type[LeftError] | None = None


@dataclass(frozen=True)
class Reporter:
    """What a computation tells whoever waits for it; raises where nobody does any more."""

    work: Work
    changed: threading.Condition

    def __call__(self, fraction: float, text: str) -> None:
        """How far it is."""
        self.work.far = fraction, text
        with self.changed:  # whoever started it is about to wait
            if not self.work.waiting:
                raise LeftError

    def show(self, piece: Any) -> None:
        """What is there so far."""
        self.work.piece = self.work.piece[0] + 1, piece


class Desk:
    """Where people ask for long computations."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._works: dict[str, Work] = {}
        self._waits: dict[str, Wait] = {}
        self._threads: set[threading.Thread] = set()
        atexit.register(self.close)

    def ask(self, person: str, key: str, compute: Callable[[Reporter], Any]) -> Any:
        """Wait for a computation; a person waits for one at a time, the newest.

        Args:
            person: Who waits.
            key: Equal keys are one computation.
            compute: Is given what to report to.

        Raises:
            LeftError: The person waits no longer.
        """
        with self._changed:
            work = self._works.get(key) or self._start(key, compute)
            wait = Wait(work)
            work.waiting.add(wait)  # before the older question goes: it may be the same
            self._part(person, SupersededError)
            self._waits[person] = wait
            self._changed.wait_for(lambda: work.is_done or wait.why)
            if wait.why:
                raise wait.why
            self._part(person, LeftError)
        if work.error:
            raise work.error
        return work.result

    def leave(self, person: str) -> None:
        """Let a person wait no longer."""
        with self._changed:
            self._part(person, LeftError)

    def far(self, person: str) -> tuple[float, str] | None:
        """How far the computation is that a person waits for; None where there is none."""
        wait = self._waits.get(person)
        return wait.work.far if wait else None

    def piece(self, person: str, key: str) -> tuple[int, Any]:
        """What is there so far of a computation that a person waits for, behind its number; else (0, None).

        The key is asked for because the person may still wait for an older one.
        """
        wait = self._waits.get(person)
        return wait.work.piece if wait and wait.work.key == key else (0, None)

    def close(self) -> None:
        """Stop everything; a thread within torch would abort the interpreter at its end."""
        with self._changed:
            for person in list(self._waits):
                self._part(person, LeftError)
        for thread in list(self._threads):
            thread.join(timeout=5)

    def _part(self, person: str, why: type[LeftError]) -> None:
        wait = self._waits.pop(person, None)
        if wait is None:
            return
        wait.why = why
        wait.work.waiting.discard(wait)
        if not wait.work.waiting and self._works.get(wait.work.key) is wait.work:
            del self._works[wait.work.key]  # whoever asks from now on starts anew
        self._changed.notify_all()

    def _start(self, key: str, compute: Callable[[Reporter], Any]) -> Work:
        work = self._works[key] = Work(key)
        thread = threading.Thread(target=self._run, args=(work, compute), daemon=True, name="figure")
        self._threads.add(thread)
        thread.start()
        return work

    def _run(self, work: Work, compute: Callable[[Reporter], Any]) -> None:
        try:
            work.result = compute(Reporter(work, self._changed))
        except BaseException as error:  # whoever waits is told
            work.error = error
        with self._changed:
            work.is_done = True
            if self._works.get(work.key) is work:
                del self._works[work.key]
            self._threads.discard(threading.current_thread())
            self._changed.notify_all()
