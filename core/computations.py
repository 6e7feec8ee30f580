"""Work that is shared, and waited for: equal questions are one computation, which stops when nobody waits for it.

::

    ask --> is there room in the queue? --> join the work of that key, else start it --> wait --> result
     |  newer question of the same client, leave, or the client has gone --> the wait ends at once
     `--> nobody waits for a work --> it gives up: before its turn, or at its next report
    work --> turn: one at a time, ensembles before figures before what is computed ahead --> its parts

Whoever waits holds a thread of the server; a work has a thread of its own. So waits are counted and bounded, whether
they start a work or join one: who finds no room is told at once how much is before him, and asks again.
"""

import atexit
import threading
from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from core.spec import RefusedError

MOST = 96  # waits in all: thirty students who open the page at once ask three questions each
EACH = 4  # waits of one client: a tab asks three questions
LOOK = 0.5  # s between two looks at whether a client that waits is still there
ENSEMBLE, FIGURE = 1, 2  # ranks: the lowest has its turn first
COMPUTING, ESTIMATING = "computing", "estimating"  # what is done one at a time


class LeftError(Exception):
    """Whoever waited has given up."""


class SupersededError(LeftError):
    """Whoever waited has asked for something newer, or for the same once more."""


class BusyError(RefusedError):
    """There is no room in the queue; `before` says how many computations are in it."""

    def __init__(self, before: int):
        super().__init__(f"The server is busy: {before} before you.")
        self.before = before


@dataclass(frozen=True)
class Question:
    """Who asks, and what replaces what.

    Args:
        client: A tab, a session or an address.
        topic: A newer question of the client on the same topic supersedes an older one; without a topic none does.
        order: Says which of two questions is the newer one, whatever the order of arrival.
        has_left: Tells whether nobody is there any more to whom an answer could be given.
    """

    client: str
    topic: str = ""
    order: int = 0
    has_left: Callable[[], bool] = lambda: False


@dataclass(eq=False)
class Work:
    """One computation."""

    key: str
    rank: int
    waiting: set["Wait"] = field(default_factory=set)
    progress: tuple[float, str] = (0.0, "")
    partial: tuple[int, Any] = (0, None)
    is_done: bool = False
    result: Any = None
    error: BaseException | None = None


@dataclass(eq=False)
class Wait:
    """One client who waits for a work; `why` says why not any more."""

    question: Question
    work: Work
    why: type[LeftError] | None = None


@dataclass(frozen=True)
class Reporter:
    """What a computation tells whoever waits for it; raises where nobody does any more."""

    work: Work
    changed: threading.Condition

    def __call__(self, fraction: float, text: str) -> None:
        """How far it is."""
        self.work.progress = fraction, text
        with self.changed:  # whoever started it is about to wait
            if not self.work.waiting:
                raise LeftError

    def show(self, partial: Any) -> None:
        """What is there so far."""
        self.work.partial = self.work.partial[0] + 1, partial


class Worker(threading.Thread):
    """The thread of a work."""

    def __init__(self, work: Work, run: Callable[[], None]):
        super().__init__(target=run, daemon=True, name="computation")
        self.work = work


class Computations:
    """Where clients ask for what takes a while, and where it is done one after the other.

    Args:
        most: So many waits there are at most.
        each: So many of them are one client's.
    """

    def __init__(self, most: int = MOST, each: int = EACH) -> None:
        self.most, self.each = most, each
        self._changed = threading.Condition()
        self._works: dict[str, Work] = {}
        self._waits: dict[tuple[str, object], Wait] = {}
        self._lines: dict[str, list[tuple[int, int]]] = {COMPUTING: [], ESTIMATING: []}
        self._places = count()
        self._busy: set[str] = set()
        self._threads: set[Worker] = set()
        self._is_closed = False
        atexit.register(self.close)

    def ask(self, question: Question, key: str, compute: Callable[[Reporter], Any], *, rank: int = FIGURE) -> Any:
        """Wait for a computation.

        Args:
            question: Who waits.
            key: Equal keys are one computation.
            compute: Is given what to report to.
            rank: When it has its turn, of those who wait for one.

        Raises:
            BusyError: There is no room in the queue.
            LeftError: The client waits no longer.
        """
        name = question.client, question.topic or object()
        with self._changed:
            self._admit(name, question)
            work = self._works.get(key) or self._start(key, rank, compute)
            wait = Wait(question, work)
            work.waiting.add(wait)  # before the older question goes: it may be the same
            self._part(name, SupersededError)
            self._waits[name] = wait
            while not self._changed.wait_for(lambda: work.is_done or wait.why, timeout=LOOK):
                if question.has_left():
                    self._part(name, LeftError)
            if wait.why:
                raise wait.why
            self._part(name, LeftError)
        if work.error:
            raise work.error
        return work.result

    def leave(self, client: str, topic: str) -> bool:
        """Let a client wait no longer; returns whether it waited."""
        with self._changed:
            return self._part((client, topic), LeftError)

    def progress(self, client: str, topic: str) -> tuple[float, str] | None:
        """How far the computation is that a client waits for; None where there is none."""
        with self._changed:
            wait = self._waits.get((client, topic))
            if wait and not wait.work.progress[1] and wait.work.key in self._works:
                return 0.0, f"waiting, {list(self._works).index(wait.work.key)} before this"
            return wait.work.progress if wait else None

    def partial(self, client: str, topic: str, key: str) -> tuple[int, Any]:
        """What is there so far of a computation that a client waits for, behind its number; else (0, None).

        The key is asked for because the client may still wait for an older one.
        """
        wait = self._waits.get((client, topic))
        return wait.work.partial if wait and wait.work.key == key else (0, None)

    @contextmanager
    def turn(self, line: str = COMPUTING, *, waits: bool = True) -> Iterator[None]:
        """What is done within has the line for itself.

        Args:
            line: What is done one at a time.
            waits: Else it is given up where others are in the line.

        Raises:
            LeftError: Nobody waits any more for the work that this thread does: its turn does not come.
        """
        thread = threading.current_thread()
        work = thread.work if isinstance(thread, Worker) else None
        with self._changed:
            queue, place = self._lines[line], (work.rank if work else FIGURE, next(self._places))
            if not waits and (queue or line in self._busy):
                raise LeftError
            insort(queue, place)
            try:
                self._changed.wait_for(lambda: (line not in self._busy and queue[0] == place) or self._is_left(work))
                if self._is_left(work):
                    raise LeftError
                self._busy.add(line)
            finally:
                queue.remove(place)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._busy.discard(line)
                self._changed.notify_all()

    def close(self) -> None:
        """Stop everything; a thread within torch would abort the interpreter at its end."""
        with self._changed:
            self._is_closed = True
            for name in list(self._waits):
                self._part(name, LeftError)
        for thread in list(self._threads):
            thread.join(timeout=5)

    def _admit(self, name: tuple[str, object], question: Question) -> None:
        """Let a question in, or say why not."""
        older = self._waits.get(name)
        if self._is_closed:
            raise LeftError
        if older and older.question.order > question.order:
            raise SupersededError
        others = [wait for wait in self._waits.values() if wait is not older]
        if len(others) >= self.most or sum(wait.question.client == name[0] for wait in others) >= self.each:
            self._part(name, SupersededError)
            raise BusyError(len(self._works))

    def _is_left(self, work: Work | None) -> bool:
        return self._is_closed or (work is not None and not work.waiting)

    def _part(self, name: tuple[str, object], why: type[LeftError]) -> bool:
        wait = self._waits.pop(name, None)
        if wait is None:
            return False
        wait.why = why
        wait.work.waiting.discard(wait)
        if not wait.work.waiting and self._works.get(wait.work.key) is wait.work:
            del self._works[wait.work.key]  # whoever asks from now on starts anew
        self._changed.notify_all()
        return True

    def _start(self, key: str, rank: int, compute: Callable[[Reporter], Any]) -> Work:
        work = Work(key, rank)
        thread = Worker(work, lambda: self._run(work, compute))
        thread.start()  # may fail: then there is no work
        self._works[key] = work
        self._threads.add(thread)
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
            self._threads.discard(threading.current_thread())  # pyright: ignore[reportArgumentType]
            self._changed.notify_all()
