"""The one protocol of work in this process: equal keys are one computation, which stops when nobody waits for it.

::

    client --> wait_for -> is there room in the queue? --+
    thread, or a work that needs another --> once ----+--> join the work of that key, else start it --> wait --> result
    nobody --> ahead: later, while it is calm --------+
     |  newer question of the same client, leave, or the client has gone --> the wait ends at once
     `--> nobody waits for a work --> it gives up: before its turn, or at its next report
    work --> turn: one at a time, the lowest rank first --> report, a part, report, a part, ...
                                                               `--> single runs end; a lower rank has its turn first

Whoever waits holds a thread of the server; a work has a thread of its own. So the waits of clients are counted and
bounded, whether they start a work or join one: who finds no room is told at once how much is before him, and asks
again.

A work has the rank of the first of those who wait for it, and passes it on to what it needs. Ranks are looked at
again at every report: who has the turn lets a lower rank have it first, and goes on afterwards.

**Who has the turn waits for nothing but its end.** A work that gives way keeps whatever else it holds, so whoever has
the turn meanwhile must not need that. Therefore:

- Results are shared by `once`, not by locks: who needs another's result lets go of its turn until it is there.
- Other locks (a file's, between processes) are taken before the turn and let go after it, and nothing is asked for
  with one in hand.
- A turn within a turn is the same one. A turn in another line meanwhile, and a result that needs itself, are refused.
"""

import atexit
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from core.ahead import Ahead, stand_like_me
from core.lane import Lane
from core.schema import RefusedError
from core.turns import COMPUTING, ESTIMATING, Turns
from core.work import AHEAD, ENSEMBLE, FIGURE, RUN, LeftError, Wait, Work
from core.works import LOOK, Reporter, Works

__all__ = [
    "AHEAD", "COMPUTING", "ENSEMBLE", "ESTIMATING", "FIGURE", "MOST", "MOST_PER_CLIENT", "RUN", "BusyError",
    "Computations", "LeftError", "Question", "Reporter", "SupersededError",
]  # fmt: skip

T = TypeVar("T")

MOST = 96  # waits in all: thirty students who open the page at once ask three questions each
MOST_PER_CLIENT = 4  # waits of one client: a tab asks four questions
RUNS = 32  # single runs in a batch at most: a class; it takes four to five times as long as one of them
COURTESY = 0.1  # s that a part waits at most for single runs to end
FILMS = 10.0  # s that it waits at most for the films of runs that came before it: thirty of them take two cores 3 s
CALM = 0.3  # s without a question before anything is computed ahead


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


class Computations:
    """Where clients ask for what takes a while, and where it is done one after the other.

    Args:
        most: So many waits of clients there are at most.
        most_per_client: So many of them are one client's.
        courtesy: A part waits so many seconds at most for single runs to end.
        width: So many batches of single runs, or of their films, are computed at a time; as many as there are cores
            where None.
        patience: A part waits so many seconds at most for those that came before it.
        calm: After so many seconds without a question something may be computed ahead; nothing is where None.
        clock: Tells the time, s.
    """

    def __init__(
        self,
        most: int = MOST,
        most_per_client: int = MOST_PER_CLIENT,
        *,
        courtesy: float = COURTESY,
        width: int | None = None,
        patience: float = FILMS,
        calm: float | None = CALM,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most, self.most_per_client, self.courtesy, self.patience = most, most_per_client, courtesy, patience
        self.works = Works(self._between_parts, stand_like_me, clock)
        self.turns, self.later = Turns(self.works), Ahead(self.works, calm or 0)
        self.is_ahead = calm is not None
        width = width or os.cpu_count() or 1
        self.films, self.runs = Lane(self.works, width), Lane(self.works, width, RUNS)
        self._waits: dict[tuple[str, object], Wait] = {}
        atexit.register(self.close)

    def wait_for(self, question: Question, key: str, compute: Callable[[Reporter], T], *, rank: int = FIGURE) -> T:
        """Let a client wait for a computation.

        Args:
            question: Who waits.
            key: Equal keys are one computation.
            compute: Is given what to report to.
            rank: When it has its turn, of those who wait for one.

        Raises:
            BusyError: There is no room in the queue.
            LeftError: The client waits no longer.
            Exception: What the computation raised.
        """
        name = question.client, question.topic or object()
        with self.turns.let_go(), self.works.lock:
            self._admit(name, question)
            wait = self.works.join(key, compute, rank, order=question.order)
            self._withdraw(name, SupersededError)  # after the newer wait has begun: it may be for the same work
            self._waits[name] = wait
            work = wait.work
            try:
                while not work.news.wait_for(lambda: work.is_done or wait.why, timeout=LOOK):
                    if question.has_left():
                        break
                if not work.is_done or wait.why:
                    raise wait.why or LeftError
            finally:
                if self._waits.get(name) is wait:
                    self._withdraw(name, LeftError)
        return work.outcome()

    def once(
        self,
        key: str,
        compute: Callable[[Reporter], T],
        *,
        progress: Callable[[float, str], None] = lambda fraction, text: None,
        watch: Callable[[Any], None] = lambda partial: None,
        rank: int = FIGURE,
    ) -> T:
        """Wait for a computation that this thread needs: a work for its own result, or any other thread.

        It is done in a thread of its own, and goes on when this one leaves while somebody else needs it. A turn that
        this thread has is let go meanwhile.

        Args:
            key: Equal keys are one computation.
            compute: Is given what to report to.
            progress: Called in this thread with the newest report; it may raise, to wait no longer.
            watch: The same with the newest partial result.
            rank: Of a thread that does no work; a work has its own.

        Raises:
            LeftError: Nobody waits any more for the work of this thread; or everything has been closed.
            RuntimeError: The result needs itself.
            Exception: What the computation or `progress` raised.
        """
        with self.turns.let_go():
            return self.works.once(key, compute, rank, progress, watch)

    def ahead(self, key: str, compute: Callable[[Reporter], Any]) -> None:
        """Compute what will probably be asked for, at some time when nothing else is to do; nobody waits for it.

        It has the lowest priority that a thread can have, and is given up between parts for what somebody asks for.
        If that is just this, whoever asks joins it, and it goes on with his rank, and with his priority where that is
        allowed. Of those that have not begun a few are kept, and the newest is the next.

        Args:
            key: Equal keys are one computation.
            compute: Is given what to report to. What it raises is logged.
        """
        if self.is_ahead:
            self.later.add(key, compute)

    def at_once(self) -> AbstractContextManager[None]:
        """What is done within takes milliseconds and has no turn: parts of works wait for its end, for a moment."""
        return self.later.at_once()

    @contextmanager
    def run(self, group: object, value: Any, compute: Callable[[list[Any]], list[Any]]) -> Iterator[Any]:
        """A single run, some milliseconds, as `at_once`; those that come while others are computed are a batch.

        Args and errors as `Lane.enter`.
        """
        with self.later.at_once(), self.runs.enter(group, value, compute) as output:
            yield output

    @contextmanager
    def film(self, group: object, value: Any, compute: Callable[[list[Any]], list[Any]]) -> Iterator[Any]:
        """The film of a single run, some tenths of a second: it goes before all that has turns.

        Some are computed at a time, the first who came first: more threads than cores would wait for each other. Parts
        of works wait for those that came before them, so that nobody has an ensemble before everybody has a run.

        Args and errors as `Lane.enter`.
        """
        with self.later.at_once(), self.films.enter(group, value, compute) as output:
            yield output

    def turn(self, line: str = COMPUTING) -> AbstractContextManager[None]:
        """What is done within has the line for itself, between two reports.

        Args:
            line: What is done one at a time.

        Raises:
            LeftError: Nobody waits any more for the work that this thread does: its turn does not come.
            RuntimeError: This thread has a turn in another line: two such threads would wait for each other.
        """
        return self.turns.turn(line)

    def leave(self, client: str, topic: str) -> bool:
        """Let a client wait no longer; returns whether it waited."""
        with self.works.lock:
            return self._withdraw((client, topic), LeftError)

    def progress(self, client: str, topic: str) -> tuple[float, str] | None:
        """How far the computation is that a client waits for; None where there is none."""
        with self.works.lock:
            wait = self._waits.get((client, topic))
            if wait and not wait.work.progress[1] and wait.work in self._queue():
                return 0.0, f"waiting, {self._queue().index(wait.work)} before this"
            return wait.work.progress if wait else None

    def partial(self, client: str, topic: str, key: str) -> tuple[int, Any]:
        """What is there so far of a computation that a client waits for, behind its number; else (0, None).

        The key is asked for because the client may still wait for an older one.
        """
        wait = self._waits.get((client, topic))
        return wait.work.partial if wait and wait.work.key == key else (0, None)

    def close(self) -> None:
        """Stop everything; a thread within torch would abort the interpreter at its end."""
        atexit.unregister(self.close)
        self.works.close()
        self.later.close()

    def _admit(self, name: tuple[str, object], question: Question) -> None:
        """Let a question in, or say why not."""
        older = self._waits.get(name)
        if self.works.is_closed:
            raise LeftError
        if older and older.order > question.order:
            raise SupersededError
        others = [client for (client, _), wait in self._waits.items() if wait is not older]
        if len(others) >= self.most or others.count(question.client) >= self.most_per_client:
            self._withdraw(name, SupersededError)
            raise BusyError(len(self._queue()))

    def _queue(self) -> list[Work]:
        """The works that clients wait for, the next one first."""
        awaited = {wait.work for wait in self._waits.values()}
        return sorted((work for work in self.works.by_key.values() if work in awaited), key=lambda work: work.rank)

    def _withdraw(self, name: tuple[str, object], why: type[LeftError]) -> bool:
        wait = self._waits.pop(name, None)
        if wait:
            self.works.end(wait, why)
        return wait is not None

    def _between_parts(self, work: Work) -> None:
        """What a work that has a turn waits for between two of its parts."""
        line = self.turns.line_of(work)
        if line is None:
            return
        self.works.quiet.wait_for(lambda: not self.later.runs, timeout=self.courtesy)
        self.films.let_pass(lambda: self.works.is_left(work), self.patience)
        if work.rank == AHEAD:
            self.later.stay(work, line)
        self.turns.give_way(work)
