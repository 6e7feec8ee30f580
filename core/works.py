"""Works: computations that are shared. Who waits for what, and what nobody waits for any more."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.work import AHEAD, LeftError, State, Visitor, Wait, Work

LOOK = 0.5  # s between two looks at what no event tells: whether a client is still there, a Ctrl-C on Windows


@dataclass(frozen=True)
class Reporter:
    """What a computation tells whoever waits for it, before every part; raises where nobody waits any more."""

    work: Work
    works: "Works"

    def __call__(self, fraction: float, text: str) -> None:
        """How far it is; whoever goes first has the turn meanwhile."""
        self.works.report(self.work, fraction, text)

    def show(self, partial: Any) -> None:
        """What is there so far."""
        self.works.show(self.work, partial)


class Worker(threading.Thread):
    """A thread that does works."""

    def __init__(self, home: "Works", run: Callable[[], None], name: str):
        super().__init__(target=run, daemon=True, name=name)
        self.home = home
        self.work: Work | None = None


class Works:
    """The works of one process. One lock guards them, their turns and what is done ahead.

    Args:
        between_parts: Called with a work that reports, under the lock: it may wait there.
        joined: Called with what is joined and was begun with nobody waiting for it, and what that waits for.
        clock: Tells the time, s.
    """

    def __init__(
        self,
        between_parts: Callable[[Work], None] = lambda work: None,
        joined: Callable[[Work], None] = lambda work: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.between_parts, self.joined, self.clock = between_parts, joined, clock
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)  # turns, and whether anybody still wants them
        self.quiet = threading.Condition(self.lock)  # single runs and waits: what parts and what is ahead wait for
        self.by_key: dict[str, Work] = {}
        self.later: dict[str, Callable[[Reporter], Any]] = {}  # what is begun if nobody asks for it; the newest last
        self.open: set[Wait] = set()  # waits of clients and other threads
        self.last = float("-inf")  # when one of them ended
        self.threads: set[threading.Thread] = set()
        self.is_closed = False

    def owner(self) -> Work | Visitor:
        """In whose name this thread takes turns and needs results."""
        thread = threading.current_thread()
        work = thread.work if isinstance(thread, Worker) and thread.home is self else None
        return work or Visitor(threading.get_ident())

    def join(
        self, key: str, compute: Callable[[Reporter], Any], rank: int, *, by: Work | None = None, order: int = 0
    ) -> Wait:
        """Begin to wait for the work of a key, which is started where there is none.

        Raises:
            RuntimeError: The work needs itself.
        """
        work = self.by_key.get(key)
        if work and by and by in work.chain():
            raise RuntimeError(f"{key} needs itself.")
        was_ahead = work is not None and work.rank == AHEAD
        wait = Wait(work or Work(key, threading.Condition(self.lock)), rank, by, order)
        wait.work.waits.add(wait)
        self.later.pop(key, None)
        if work is None:
            self.start(wait.work, compute)
        if by:
            by.needs = wait.work
        else:
            self.open.add(wait)
        if was_ahead and wait.rank < AHEAD:
            self.joined(wait.work)
        self.notify(wait.work)
        return wait

    def start(self, work: Work, compute: Callable[[Reporter], Any]) -> None:
        """Let a thread do a work."""
        thread = Worker(self, lambda: self.run(work, compute), "computation")
        thread.work, work.thread = work, thread
        thread.start()  # may fail: then there is no work
        self.by_key[work.key] = work
        self.threads.add(thread)

    def run(self, work: Work, compute: Callable[[Reporter], Any]) -> None:
        """Do a work, in this thread."""
        try:
            work.result = compute(Reporter(work, self))
        except LeftError as error:
            work.error = error.with_traceback(None)  # which would keep what was computed so far
        except BaseException as error:  # whoever waits is told
            work.error = error
        with self.lock:
            work.is_done = True
            work.thread = None  # which knows the work: a result of 100 MB would stay until cycles are collected
            self._forget(work)
            self.threads.discard(threading.current_thread())
            self.notify(work)

    def once(
        self,
        key: str,
        compute: Callable[[Reporter], Any],
        rank: int,
        progress: Callable[[float, str], None],
        watch: Callable[[Any], None],
    ) -> Any:
        """Wait for what this thread needs, as in `Computations.once`."""
        owner = self.owner()
        with self.lock:
            self.stop_if_left(owner)
            wait = self.join(key, compute, rank, by=owner if isinstance(owner, Work) else None)
        state: State = 0, 0, False
        try:
            while not state[2]:
                before, (state, report, partial) = state, self._news(wait, state)
                if state[0] != before[0]:
                    progress(*report)
                if state[1] != before[1]:
                    watch(partial)
        finally:
            self.end(wait)
        return wait.work.outcome()

    def _news(self, wait: Wait, state: State) -> tuple[State, tuple[float, str], Any]:
        """The state of a work once it has changed, its newest report and partial result."""
        work, by = wait.work, wait.by

        def has_come() -> bool:
            return work.state != state or bool(wait.why) or (by is not None and self.is_left(by))

        with self.lock:
            while not work.news.wait_for(has_come, timeout=None if by else LOOK):
                pass
            if wait.why:
                raise wait.why
            if by:
                self.stop_if_left(by)
            return work.state, work.progress, work.partial[1]

    def end(self, wait: Wait, why: type[LeftError] = LeftError) -> None:
        """Let one wait no longer."""
        with self.lock:
            wait.why = why
            wait.work.waits.discard(wait)
            if wait.by:
                wait.by.needs = None
            elif wait in self.open:
                self.open.discard(wait)
                self.last = self.clock()
            self.notify(wait.work)

    def notify(self, work: Work) -> None:
        """Wake whoever may wait for a change of who wants a work."""
        for needed in work.chain():
            needed.news.notify_all()
        self.changed.notify_all()
        self.quiet.notify_all()

    def report(self, work: Work, fraction: float, text: str) -> None:
        """Between two parts of a work: stop, or let others go first."""
        with self.lock:
            work.progress, work.reports = (fraction, text), work.reports + 1
            work.news.notify_all()
            self.stop_if_left(work)
            self.between_parts(work)
            self.stop_if_left(work)

    def show(self, work: Work, partial: Any) -> None:
        """Keep what is there of a work so far."""
        with self.lock:
            work.partial = work.partial[0] + 1, partial
            work.news.notify_all()

    def is_left(self, owner: Work | Visitor) -> bool:
        """Whether what a work does is of no use any more."""
        return self.is_closed or (isinstance(owner, Work) and (owner.has_given_up or not owner.is_wanted))

    def stop_if_left(self, owner: Work | Visitor) -> None:
        """Raise LeftError where what a work does is of no use any more."""
        if self.is_left(owner):
            if isinstance(owner, Work):
                self.give_up(owner)
            raise LeftError

    def give_up(self, work: Work) -> None:
        """Nobody joins it from now on, nor what needs it: whoever asks starts anew."""
        work.has_given_up = True
        self._forget(work)
        for wait in work.waits:
            if wait.by:
                self.give_up(wait.by)

    def _forget(self, work: Work) -> None:
        if self.by_key.get(work.key) is work:
            del self.by_key[work.key]

    def close(self) -> None:
        """Let everybody go, and wait until the threads have stopped."""
        with self.lock:
            self.is_closed = True
            for wait in list(self.open):
                self.end(wait)
            for work in list(self.by_key.values()):
                self.notify(work)
            self.quiet.notify_all()
            threads = list(self.threads)
        for thread in threads:
            thread.join(timeout=5)
