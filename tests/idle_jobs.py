"""Jobs that start no process."""

from collections.abc import Callable, Sequence
from typing import Any

from core.computations import Question
from core.experiments import Training
from core.schema import RefusedError
from core.settings import Settings
from core.specs import ModelSpec
from dashboard.job_clients import Clients
from dashboard.job_status import JobStatus
from dashboard.jobs import Jobs, Work


class NoClients(Clients):
    """Starts no process and reaches nobody."""

    def of(self, address: str) -> Any:
        raise RefusedError("No process is started here. Ask elsewhere.")


class StillJobs(Jobs):
    """Notes what is asked for and starts no process."""

    def __init__(self, settings: Settings, *given: Any, **more: Any):
        super().__init__(settings, *given, clients=NoClients(settings, print), **more)

    def _start(self, address: str, key: str, what: Any, work: Callable[..., Any], about: object) -> str:
        self._work[key], self._status[key] = what, JobStatus()
        return key


class AskedJobs(Jobs):
    """Keeps what a page asks of it: the name of the method, and about what.

    `running` is the one job that there is, if there is one.
    """

    running: tuple[str, Work, JobStatus] | None = None

    def __init__(self, *given: Any, **more: Any):
        super().__init__(*given, **more)
        self.asked: list[tuple[str, Any]] = []

    def train(self, training: Training) -> str:
        self.asked.append(("train", training))
        return "train-1"

    def train_all(self, specs: Sequence[ModelSpec]) -> list[str]:
        return [self.train(spec) for spec in specs]

    def download(self, dataset: str) -> str:
        self.asked.append(("download", dataset))
        return "download-1"

    def cancel(self, key: str) -> None:
        self.asked.append(("cancel", key))

    def estimated_seconds(self, training: Training, question: Question) -> float:
        self.asked.append(("estimated_seconds", training))
        return 150.0

    def all(self) -> list[tuple[str, Work, JobStatus]]:
        return [self.running] if self.running else []

    def status(self, key: str) -> JobStatus | None:
        self.asked.append(("status", key))
        return self.running[2] if self.running and self.running[0] == key else None
