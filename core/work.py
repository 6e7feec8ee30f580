"""A computation that is shared, and who waits for it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

RUN, ENSEMBLE, FIGURE, AHEAD = range(4)  # ranks: the lowest has its turn first

State = tuple[int, int, bool]  # reports, partial results, whether it is done


class LeftError(Exception):
    """Whoever waited has given up."""


@dataclass(eq=False)
class Work:
    """One computation. `news` wakes whoever waits for it; `needs` is the work that it waits for itself."""

    key: str
    news: threading.Condition
    thread: threading.Thread | None = None
    waits: set["Wait"] = field(default_factory=set)
    needs: "Work | None" = None
    progress: tuple[float, str] = (0.0, "")
    reports: int = 0
    partial: tuple[int, Any] = (0, None)
    has_given_up: bool = False
    is_done: bool = False
    result: Any = None
    error: BaseException | None = None

    @property
    def rank(self) -> int:
        """That of the first who waits for it."""
        return min((wait.rank for wait in self.waits), default=AHEAD)

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for it, or for a work that needs it."""
        return any(wait.by is None or wait.by.is_wanted for wait in self.waits)

    @property
    def state(self) -> State:
        return self.reports, self.partial[0], self.is_done

    def chain(self) -> Iterator["Work"]:
        """This work, what it waits for, what that waits for."""
        work: Work | None = self
        while work:
            yield work
            work = work.needs

    def outcome(self) -> Any:
        """What it has found; raises what it raised."""
        if self.error:
            raise self.error
        return self.result


@dataclass(eq=False)
class Wait:
    """One who waits for a work: another work, else a thread, maybe for a client; `why` says why not any more.

    `order` says which of two waits of a client is the newer one.
    """

    work: Work
    own_rank: int
    by: Work | None = None
    order: int = 0
    why: type[LeftError] | None = None

    @property
    def rank(self) -> int:
        return self.by.rank if self.by else self.own_rank


@dataclass(frozen=True)
class Visitor:
    """A thread that does no work of these, and takes a turn or needs a result all the same."""

    thread: int
    rank: int = FIGURE
