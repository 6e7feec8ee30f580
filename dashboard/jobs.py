"""Long work (training, downloads) in processes of its own, on Dask distributed.

An embedded cluster of one process starts at the first job. Trainings go to the workers of another scheduler where
the settings name one. Equal jobs are one job, in all servers of a scheduler: whoever asks second sees the progress
of the first. The server holds a job's future while somebody waits for it; a job that no server waits for stops::

    train(spec) --> key of the recipe + attempt --> worker: trains; its state lies in the worker's own folder
    status(key) <-- reports of every epoch    <--
    file_model  <-- contents of the files     <--     (verified and filed here: no shared disk is needed)
"""

import atexit
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core import cluster, experiments
from core.computations import ESTIMATING, Computations, Question
from core.computations import Reporter as Waited
from core.library import IMPORTED, Library
from core.schema import RefusedError
from core.settings import Settings
from core.specs import ModelSpec, epochs_kept, keeping
from dashboard.job_clients import HERE, PATIENCE, Clients
from dashboard.job_status import JobStatus, ended, reported
from dashboard.worker_jobs import TOPIC, download_job, estimate_job, forget_job, train_job

BUSY = ("waiting", "running")
ESTIMATING_TAKES = 60  # s
ESTIMATED = 600  # s for which an estimate holds


class Jobs:
    """The jobs of this server.

    Args:
        settings: Where it keeps models, and where jobs are done.
        library: The models; those of the settings where none is given.
        computations: Where visitors wait for an estimate.
        clients: How workers are reached; else by Dask, as the settings say.
        patience: Seconds that a scheduler and its first worker have to answer.
        estimating_takes: Seconds that an estimate may take at most.
    """

    def __init__(
        self,
        settings: Settings,
        library: Library | None = None,
        computations: Computations | None = None,
        *,
        clients: Clients | None = None,
        patience: float = PATIENCE,
        estimating_takes: int = ESTIMATING_TAKES,
    ):
        self.settings, self.patience, self.estimating_takes = settings, patience, estimating_takes
        self.library = library or Library.of(settings.models)
        self.computations = computations or Computations()
        self.clients = clients or Clients(settings, self._report, patience=patience)
        self._estimates: dict[ModelSpec, tuple[float, float]] = {}  # seconds, and when they were found
        self._lock = threading.Lock()  # while an attempt is started
        self._standing = threading.Lock()  # while a status changes; nobody waits for the scheduler meanwhile
        self._status: dict[str, JobStatus] = {}
        self._work: dict[str, ModelSpec | str] = {}
        self._attempts: dict[str, str] = {}
        self._futures: dict[str, Any] = {}
        if settings.scheduler:
            cluster.warn_if_exposed("LT_SCHEDULER", settings.scheduler)

    @property
    def where(self) -> str:
        """Where trainings are done, in words."""
        return "on a worker" if self.settings.scheduler else "on this machine"

    def train(self, spec: ModelSpec) -> str:
        """Train a model, fetching its images first where they are missing; returns the job's key.

        It goes on where an earlier attempt was stopped. A model that is there is not trained again, unless it lacks
        an epoch that is to be kept on the way; those that it has are then kept again.

        Raises:
            RefusedError: The scheduler does not answer, or has no worker; there is no room for more; or the training
                runs already, and does not keep all these epochs.
        """
        recipe, kept = spec.part(ModelSpec), set(epochs_kept(spec))
        key = f"train-{recipe.key()[:16]}"
        usable = self.library.usable(spec.dataset)
        there = [e.id for e in usable if e.spec == recipe and e.origin != IMPORTED]  # anyone can write a recipe
        ages = {id: {epoch for epoch, _ in self.library.ages(id)} for id in there}
        enough = [id for id in there if kept <= ages[id]]
        if enough:
            self._work[key], self._status[key] = spec, JobStatus("done", 1.0, enough[0])
            return key
        if key in self._attempts and not kept <= set(epochs_kept(self._training(key))):
            raise RefusedError(
                "This model is being trained, and not all these epochs are kept. Ask again when it is done, or cancel "
                "it before the first of them, and train it then."
            )
        experiments.check_room(self.settings)
        spec = keeping(recipe, kept.union(*ages.values()) - {recipe.epochs})
        return self._start(self.settings.scheduler, key, spec, train_job, spec.to_dict())

    def _training(self, key: str) -> ModelSpec:
        work = self._work[key]
        assert isinstance(work, ModelSpec)
        return work

    def download(self, dataset: str) -> str:
        """Fetch a data set for this server; returns the job's key."""
        return self._start(HERE, f"download-{dataset}", dataset, download_job, dataset)

    def all(self) -> list[tuple[str, ModelSpec | str, JobStatus]]:
        """Every job of this server, the newest first: key, what is trained or fetched, and how it stands."""
        return [(key, self._work[key], self._status[key]) for key in reversed(self._status) if key in self._work]

    def status(self, key: str) -> JobStatus | None:
        """How a job stands; None for one that this server does not know."""
        return self._status.get(key)

    def cancel(self, key: str) -> None:
        """Wait no longer for a job; its work stops at its next report, unless another server waits for it."""
        attempt = self._attempts.get(key)
        if attempt is not None:
            self._end(key, attempt, "cancelled", "cancelled")

    def discard(self, stopped: experiments.Unfinished) -> str:
        """Remove what is kept of a stopped training, with the workers too; returns what has become of it."""
        text = "The stopped training is discarded"
        if stopped.is_elsewhere and not stopped.problem and self.settings.scheduler:
            try:
                client = self.clients.of(self.settings.scheduler)
                client.run(forget_job, stopped.spec.to_dict(), on_error="ignore")
            except (RefusedError, OSError, TimeoutError):  # of no use to who wants to be rid of it
                text += " here; no worker answers, and the one that has its state keeps it"
        stopped.path.unlink(missing_ok=True)
        if not stopped.problem:
            experiments.forget_waiting(stopped.spec, self.settings)
        return f"{text}."

    def estimated_seconds(self, spec: ModelSpec, question: Question) -> float:
        """How long a training would take, from a few steps timed in a process that would do it.

        One is timed after the other, and what was found holds for some minutes.

        Raises:
            RefusedError: No process is free for it, or too many wait for an estimate.
        """
        seconds, when = self._estimates.get(spec, (0.0, -ESTIMATED))
        if time.monotonic() - when < ESTIMATED:
            return seconds
        if not self.settings.scheduler and self._attempts:
            raise RefusedError("Another job is running; this one would wait for it. Ask again when it is done.")
        return self.computations.ask(question, f"estimate {spec.key()}", lambda report: self._timed(spec, report))

    def _timed(self, spec: ModelSpec, report: Waited) -> float:
        """Time a few steps; given up when nobody waits for it any more."""
        address = self.settings.scheduler
        with self.computations.turn(ESTIMATING):
            future = self.clients.of(address).submit(
                estimate_job, spec.to_dict(), self._settings_at(address), pure=False
            )
            for second in range(self.estimating_takes):
                report(second / self.estimating_takes, "timing a few steps")
                with contextlib.suppress(TimeoutError):
                    seconds = float(future.result(timeout=1))
                    self._estimates[spec] = seconds, time.monotonic()
                    return seconds
        raise RefusedError("Every worker is busy. Ask again when a training is done.")

    def close(self) -> None:
        """Wait no longer for any job, and stop the embedded cluster and its processes."""
        with self._lock:
            with self._standing:
                self._attempts.clear()
            for future in self._futures.values():
                future.release()  # a training that stops by itself writes its state
            self._futures.clear()
        self.clients.close()

    def _start(self, address: str, key: str, what: ModelSpec | str, work: Callable[..., Any], about: object) -> str:
        client = self.clients.of(address)
        atexit.unregister(self.close)  # once is enough
        atexit.register(self.close)  # before the clients are closed: futures are released first
        with self._lock:
            if key in self._attempts:
                return key
            if len(self._attempts) >= self.settings.max_jobs:
                raise RefusedError(
                    f"{len(self._attempts)} jobs run or wait here, as many as this server takes. "
                    "Ask again when one has ended, or cancel one."
                )
            attempt = f"{key}-{next_attempt(client, key)}"
            if isinstance(what, ModelSpec):
                note = experiments.note_elsewhere if address else experiments.note_waiting
                with contextlib.suppress(OSError):  # the model may find room yet
                    note(what, self.settings)
            self._work[key], self._status[key], self._attempts[key] = what, JobStatus(), attempt
            future = client.submit(work, key, about, self._settings_at(address), key=attempt, pure=False)
            self._futures[attempt] = future
            future.add_done_callback(lambda done: self._finish(key, attempt, done))
        return key

    def _settings_at(self, address: str) -> Settings | None:
        """What a worker is told; one of another scheduler has settings of its own."""
        return None if address else self.settings

    def _report(self, event: tuple[Any, Any]) -> None:
        report = event[1] if isinstance(event, tuple) else event
        key = report["key"]
        with self._standing:
            if self._attempts.get(key) == report["attempt"]:
                self._status[key] = reported(self._status[key], report)

    def _finish(self, key: str, attempt: str, future: Any) -> None:
        """An attempt has come to its end; a model is filed."""
        if self._attempts.get(key) != attempt:
            return
        try:
            state, text = "done", self._filed(self._work[key], future.result(timeout=self.patience), future)
        except Exception as error:  # whatever it is, it is said
            state, text = ended(error)
        self._end(key, attempt, state, text)

    def _filed(self, what: ModelSpec | str, result: Any, future: Any) -> str:
        """The id of a model that was trained, or the name of what was fetched.

        Raises:
            RefusedError: The model is filed, and lacks epochs: another server asked for the training first.
        """
        if isinstance(what, str):
            return result
        id = experiments.file_model(result, what, self.settings)
        experiments.forget_state(what, self.settings)
        if self.settings.scheduler:  # the state lies with whoever has the result
            with contextlib.suppress(Exception):
                workers = list(future.client.who_has(future)[future.key])
                future.client.run(forget_job, what.to_dict(), workers=workers, wait=False)
        missing = set(epochs_kept(what)) - {epoch for epoch, _ in self.library.ages(id)}
        if missing:
            raise RefusedError(
                f"{id} is here, without {', '.join(map(str, sorted(missing)))} of the epochs to be kept: somebody else "
                "had asked for it before. Train it again to have them."
            )
        return id

    def _end(self, key: str, attempt: str, state: str, text: str) -> None:
        """Say how an attempt ended, and drop its future: a job that nobody waits for any more is stopped."""
        with self._lock:
            future = self._futures.pop(attempt, None)
            if future is not None and future.client.status == "running":
                with contextlib.suppress(Exception):  # a scheduler that is gone counts no attempts
                    future.client.set_metadata([TOPIC, key], int(attempt.rpartition("-")[2]) + 1)
            is_current = self._attempts.get(key) == attempt
            with self._standing:
                if is_current:
                    del self._attempts[key]
                    fraction = 1.0 if state == "done" else self._status[key].fraction
                    self._status[key] = replace(self._status[key], state=state, text=text, fraction=fraction)
            what = self._work[key]
            if is_current and isinstance(what, ModelSpec):
                with contextlib.suppress(OSError):
                    experiments.forget_waiting(what, self.settings)
            if future is not None:
                future.release()


def next_attempt(client: Any, key: str) -> int:
    """The number of an attempt, the same for all servers of a scheduler: a used one would give back its old outcome."""
    return int(client.get_metadata([TOPIC, key], 1))
