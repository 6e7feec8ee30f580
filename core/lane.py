"""The lane beside the turns: what takes some tenths of a second, in the order in which it came, what is alike together.

::

    item --> waits --> first in the lane, and fewer batches than `width` --> takes the next of its group along: a batch
                  `--> in the batch of another -----------------------------------------.
    batch --> computed in the thread of its first item --> each goes on with its own output, in its own thread
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from core.works import Works

TOGETHER = 3  # films of 41 rows: three in a batch take .7 of the time of three alone; more would keep the first waiting


@dataclass(eq=False)
class Item:
    """What waits in the lane, and its output once that is there; items of one group can be computed together."""

    group: object
    value: Any
    output: Any = None
    error: BaseException | None = None
    is_done: bool = False


class Lane:
    """What is done beside the turns.

    Args:
        works: Know whether anybody still wants it.
        width: So many batches are computed at a time.
        together: So many items are in a batch at most.
    """

    def __init__(self, works: Works, width: int, together: int = TOGETHER):
        self.works, self.width, self.together = works, width, together
        self.waiting: list[Item] = []
        self.running: set[Item] = set()
        self.n_batches = 0

    @contextmanager
    def enter(self, group: object, value: Any, compute: Callable[[list[Any]], list[Any]]) -> Iterator[Any]:
        """Wait until there is the output of a value, and go on with it.

        Args:
            group: Values of equal groups can be computed together.
            value: What is computed with.
            compute: The outputs of some values of the group.

        Raises:
            LeftError: Nobody waits for it any more: its turn does not come.
            Exception: What `compute` raised.
        """
        owner, item = self.works.owner(), Item(group, value)
        try:
            with self.works.lock:
                self.waiting.append(item)
                self.works.quiet.wait_for(lambda: item.is_done or self._is_next(item) or self.works.is_left(owner))
                self.works.stop_if_left(owner)
                batch = [] if item.is_done else self._take()
            if batch:
                self._compute(batch, compute)
            if item.error:
                raise item.error
            yield item.output
        finally:
            with self.works.lock:
                if item in self.waiting:
                    self.waiting.remove(item)
                self.running.discard(item)
                self.works.quiet.notify_all()

    def _is_next(self, item: Item) -> bool:
        return bool(self.waiting) and self.waiting[0] is item and self.n_batches < self.width

    def _take(self) -> list[Item]:
        """The first that waits, and the next ones that can be computed with it."""
        group = self.waiting[0].group
        batch = [item for item in self.waiting if item.group == group][: self.together]
        self.waiting = [item for item in self.waiting if item not in batch]
        self.running.update(batch)
        self.n_batches += 1
        self.works.quiet.notify_all()
        return batch

    def _compute(self, batch: list[Item], compute: Callable[[list[Any]], list[Any]]) -> None:
        """Give each its output, or all of them what went wrong."""
        try:
            for item, output in zip(batch, compute([item.value for item in batch]), strict=True):
                item.output = output
        except BaseException as error:  # whoever waits raises it
            for item in batch:
                item.error = error
        with self.works.lock:
            for item in batch:
                item.is_done = True
            self.n_batches -= 1
            self.works.quiet.notify_all()

    def let_pass(self, is_left: Callable[[], bool], seconds: float) -> None:
        """Wait until what has come by now is done, but for no longer; whoever calls holds the lock."""
        before = self.open
        self.works.quiet.wait_for(lambda: is_left() or not before & self.open, timeout=seconds)

    @property
    def open(self) -> set[Item]:
        """What waits or is done."""
        return {*self.waiting, *self.running}
