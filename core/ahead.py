"""What is computed ahead: at some time when nothing else is to do, before anybody asks for it."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from core.turns import Line
from core.work import AHEAD, LeftError, Wait, Work
from core.works import Reporter, Worker, Works

log = logging.getLogger(__name__)

ONWARD = 4  # what has not begun: two neighbours of the last two ensembles
LAST = 19  # niceness of a thread that takes only the time that no other thread wants


class Ahead:
    """Computes in a thread of the lowest priority, one thing after the other, while it is calm.

    Args:
        works: Where it is joined by whoever asks for it.
        calm: So many seconds after the last wait and the last single run it is calm.
    """

    def __init__(self, works: Works, calm: float):
        self.works, self.calm = works, calm
        self.runs = 0
        self._last_run = float("-inf")
        self._thread: Worker | None = None

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """A single run is in progress."""
        with self.works.lock:
            self.runs += 1
        try:
            yield
        finally:
            with self.works.lock:
                self.runs -= 1
                self._last_run = self.works.clock()
                if not self.runs:
                    self.works.quiet.notify_all()

    def add(self, key: str, compute: Callable[[Reporter], Any]) -> None:
        """Compute something at some time, unless somebody does."""
        with self.works.lock:
            if self.works.is_closed or key in self.works.by_key:
                return
            later = self.works.later
            later.pop(key, None)
            later[key] = compute
            while len(later) > ONWARD:
                del later[next(iter(later))]
            if self._thread is None:
                thread = Worker(self.works, self._work, "ahead")
                with suppress(RuntimeError):  # no room for a thread: the next call tries again
                    thread.start()
                    self._thread = thread

    def stay(self, work: Work, line: Line) -> None:
        """Go on with a part only while it is calm, else give up; whoever calls holds the lock.

        Who has just asked for something may be about to ask for this, so it rests for a moment. For no longer, as it
        may hold a lock that another waits for.

        Raises:
            LeftError: It gives up.
        """

        def is_clear() -> bool:
            return bool(work.rank < AHEAD or line.waiting or self.works.is_left(work) or self._calm_in() == 0)

        self.works.quiet.wait_for(is_clear, timeout=self.calm)
        if work.rank == AHEAD and (line.waiting or self._calm_in() != 0):
            self.works.give_up(work)
            raise LeftError

    def close(self) -> None:
        """Wait until the thread has stopped, once the works are closed."""
        thread = self._thread
        if thread:
            thread.join(timeout=5)

    def _calm_in(self) -> float | None:
        """s until it is calm if nobody asks for anything; None while somebody waits."""
        if self.works.open or self.runs:
            return None
        return max(0.0, max(self.works.last, self._last_run) + self.calm - self.works.clock())

    def _work(self) -> None:
        while self._has_worked():
            pass

    def _has_worked(self) -> bool:
        """Compute one thing, once it is calm; False where there is nothing."""
        with self.works.lock:
            thread, following = self._thread, self._next()
            assert thread
            if following is None:
                self._thread = None
                return False
            key, compute = following
            work = Work(key, threading.Condition(self.works.lock), thread)
            work.waits.add(Wait(work, AHEAD))
            self.works.by_key[key] = thread.work = work
        stand_last()
        self.works.run(work, compute)
        thread.work = None
        if work.error and not isinstance(work.error, LeftError):  # whoever asks will be told
            log.info("not computed ahead: %s", work.error)
        return True

    def _next(self) -> tuple[str, Callable[[Reporter], Any]] | None:
        """What is computed next, once it is calm; None where there is nothing."""
        while self.works.later and not self.works.is_closed:
            seconds = self._calm_in()
            if seconds == 0:
                return self.works.later.popitem()
            self.works.quiet.wait(seconds)
        return None


def stand_last() -> None:
    """Give this thread the lowest priority, where threads have one of their own; those that it starts inherit it."""
    if sys.platform == "linux":
        with suppress(OSError):  # forbidden: it works like everybody else
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LAST)


def stand_like_me(work: Work) -> None:
    """Give the threads of a work, and of what it waits for, the priority of this one, where that is allowed.

    Most systems let nobody raise a priority. Then it stays low: the work has the turn to itself, so only single runs
    and other programs go before it.
    """
    for needed in work.chain():
        if sys.platform == "linux" and needed.thread and needed.thread.native_id:
            with suppress(OSError):
                mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
                os.setpriority(os.PRIO_PROCESS, needed.thread.native_id, mine)
