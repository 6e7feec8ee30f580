"""Progress as an argument: what long work calls to report how far it is."""

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with the share that is done (0 to 1) and a short text."""


def silent(fraction: float, text: str) -> None:
    """Report nothing: the progress of callers that do not listen."""
