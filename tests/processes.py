"""What happens in other processes: waiting for it, and seeing that none of them is left."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import experiments
from core.settings import Settings
from core.specs import ModelSpec
from dashboard.job_status import JobStatus
from dashboard.jobs import Jobs

ENDS = ("done", "failed", "cancelled")
QUICK = ModelSpec(dataset="digits", n_latent=3, n_hidden=16, epochs=4, batch_size=500, precision="float32")
ENDLESS = replace(QUICK, epochs=5000, batch_size=50, seed=9)


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for what happens in another process."""
    for _ in range(2400):
        found = condition()
        if found:
            return found
        threading.Event().wait(0.05)
    pytest.fail(f"It did not happen: {what}.")


def children(of: int | None = None) -> set[int]:
    """Living processes below one (this one), on systems with /proc; Python's own resource tracker is left out."""
    parents = dict(parent_of(path) for path in Path("/proc").glob("[0-9]*"))
    found, level = set(), {of or os.getpid()}
    while level:
        level = {pid for pid, parent in parents.items() if parent in level} - found
        found |= level
    return found


def parent_of(path: Path) -> tuple[int, int]:
    try:
        state, parent = (path / "stat").read_text().rpartition(")")[2].split()[:2]
        stays = state == "Z" or b"resource_tracker" in (path / "cmdline").read_bytes()
    except OSError:
        return int(path.name), -1
    return int(path.name), -1 if stays else int(parent)


def alive(pids: set[int]) -> set[int]:
    """Those that still run, whoever their parent is now."""
    return {pid for pid in pids if parent_of(Path("/proc") / str(pid))[1] != -1}


def ended(jobs: Jobs, key: str) -> JobStatus:
    """The status of a job at its end."""
    return until(lambda: found(jobs, key, lambda status: status.state in ENDS), "the job ends")


def reported(jobs: Jobs, key: str) -> JobStatus:
    """The status once the job no longer waits."""
    return until(lambda: found(jobs, key, lambda status: status.state != "waiting"), "the job reports")


def learning(jobs: Jobs, key: str) -> JobStatus:
    """The status once the job has a history, or is at its end."""
    return until(lambda: found(jobs, key, lambda s: s.state in ENDS or s.history), "the job learns")


def found(jobs: Jobs, key: str, fits: Callable[[JobStatus], Any]) -> JobStatus | None:
    status = jobs.status(key)
    return status if status and fits(status) else None


def models_of(settings: Settings, spec: ModelSpec) -> list[str]:
    """The model and the state of a recipe, as far as they are there."""
    return sorted(path.suffix for path in settings.models.glob(f"{experiments.id_of(spec)}.*"))


def worker_of(jobs: Jobs) -> int:
    """The process id of the embedded worker."""
    return until(lambda: next(iter(jobs.clients.processes.workers.values())).pid, "there is a worker")


class RecordedJobs(Jobs):
    """Keeps every report that arrives."""

    def __init__(self, settings: Settings, **more: Any):
        super().__init__(settings, **more)
        self.reports: list[dict[str, Any]] = []

    def _report(self, event: tuple[Any, Any]) -> None:
        self.reports.append(event[1])
        super()._report(event)

    def recorded(self) -> list[dict[str, Any]]:
        """Every report that arrives from now on."""
        self.reports = []
        return self.reports
