"""Several threads at once."""

import threading
from collections.abc import Callable
from typing import Any

PATIENCE = 60  # seconds after which a test that hangs fails


def together(*work: Callable[[], Any]) -> list[Any]:
    """Run functions in threads of their own; their results, or what they raised."""
    found: list[Any] = [None] * len(work)

    def run(i: int) -> None:
        try:
            found[i] = work[i]()
        except BaseException as error:
            found[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    return found
