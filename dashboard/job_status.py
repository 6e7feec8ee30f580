"""How a job stands: what a report says about it, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core import train
from core.schema import RefusedError


@dataclass(frozen=True)
class JobStatus:
    """How a job stands: "waiting", "running", "done", "failed" or "cancelled".

    `history` has the bounds of a training so far: "train" (every epoch), "test" and the "epochs" of the tests.
    `run` names the run of the work that reports, and `takeover` is what is said when that is not the first one.
    """

    state: str = "waiting"
    fraction: float = 0.0
    text: str = ""
    history: Mapping[str, list[float]] = field(default_factory=dict)
    run: str = field(default="", compare=False)
    takeover: str = field(default="", compare=False)


def reported(before: JobStatus, report: Mapping[str, Any]) -> JobStatus:
    """How a job stands after a report; another run than before means that the worker of the first one died."""
    takeover = before.takeover
    if before.run not in ("", report["run"]):
        takeover = "its worker died, another one"
    text = f"{report['text']} ({takeover} {report['start']})" if takeover and report["start"] else report["text"]
    history = report["history"] or before.history
    return JobStatus("running", report["fraction"], text, history, report["run"], takeover)


def ended(error: Exception) -> tuple[str, str]:
    """State and sentence of a job that came to no result."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    if isinstance(error, train.CancelledError):
        return "cancelled", "cancelled"
    if isinstance(error, RefusedError):
        return "failed", str(error)
    if isinstance(error, KilledWorker):
        reason = "Its worker died again and again, perhaps for want of memory"
    elif isinstance(error, CancelledError | TimeoutError):
        reason = "The connection to the scheduler was lost"
    elif isinstance(error, OSError) and error.strerror:
        reason = f"A file could not be written or read ({error.strerror})"
    else:
        reason = f"It failed ({type(error).__name__}: {str(error)[:300]})"
    return "failed", f"{reason}. Start it again: it goes on from its last state, where there is one."
