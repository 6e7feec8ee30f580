"""Long work (training, downloads) in processes of its own, on Dask distributed.

An embedded cluster of one process starts at the first job. Trainings go to the workers of another scheduler where
the settings name one. Models that are asked for together are one job where their worker trains them side by side (on
a GPU); else each is a job of its own, one after the other. Equal jobs are one job, in all servers of a scheduler:
whoever asks second sees the progress of the first. The server holds a job's future while somebody waits for it; a job
that no server waits for stops::

    train(spec) --> key of the recipe + attempt --> worker: trains; its state lies in the worker's own folder
    status(key) <-- reports of every epoch    <--
    file_models <-- contents of the files     <--     (verified and filed here: no shared disk is needed)
"""

import atexit
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from core import cluster, experiments
from core.computations import ESTIMATING, Computations, Question
from core.computations import Reporter as Waited
from core.experiments import Training
from core.library import Library
from core.schema import RefusedError
from core.settings import Settings
from core.specs import ModelSpec, snapshot_epochs, with_snapshots
from dashboard.job_clients import HERE, PATIENCE, Clients, next_attempt
from dashboard.job_models import ages_of, begun_or_trained, check_number, file_models, key_of, trained_models
from dashboard.job_status import JobStatus, ended, reported
from dashboard.worker_jobs import TOPIC, download_job, estimate_job, forget_job, plan_job, train_job

Work = Training | str  # what a job does: a training, or fetching a data set
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
        self._estimates: dict[Training, tuple[float, float]] = {}  # seconds, and when they were found
        self._lock = threading.Lock()  # while an attempt is started
        self._standing = threading.Lock()  # while a status changes; nobody waits for the scheduler meanwhile
        self._status: dict[str, JobStatus] = {}
        self._work: dict[str, Work] = {}
        self._attempts: dict[str, str] = {}
        self._futures: dict[str, Any] = {}
        if settings.scheduler:
            cluster.warn_if_exposed("LT_SCHEDULER", settings.scheduler)

    @property
    def where(self) -> str:
        """Where trainings are done, in words."""
        return "on a worker" if self.settings.scheduler else "on this machine"

    def train_all(self, specs: Sequence[ModelSpec]) -> list[str]:
        """Train models that are asked for together, those that are not there yet; returns the keys of the jobs.

        What is trained already, or was stopped, goes on by itself; the others are grouped as their worker says.

        Raises: as `train`; nothing is started then.
        """
        specs = tuple(dict.fromkeys(specs))
        if len(specs) == 1:
            return [self.train(specs[0])]
        wanted = [spec for spec in specs if experiments.id_of(spec) not in self._together()]
        begun = begun_or_trained(wanted, self.settings, self.library)
        apart = [spec for spec in wanted if key_of(spec) in self._attempts or experiments.id_of(spec) in begun]
        fresh = [spec for spec in wanted if spec not in apart]
        groups = self.plan(fresh) if fresh else []
        check_number(sum(key_of(group) not in self._attempts for group in groups), len(self._attempts), self.settings)
        experiments.check_room(self.settings, experiments.bytes_of_files(fresh))
        return [self.train(training) for training in (*apart, *groups)]

    def train(self, training: Training) -> str:
        """Train a model, fetching its images first where they are missing; returns the job's key.

        It goes on where an earlier attempt was stopped. A model that is there is not trained again, unless it lacks
        an epoch that is to be kept on the way; those that it has are then kept again.

        Args:
            training: The recipe; several are a stack, which is trained whatever models are there.

        Raises:
            RefusedError: The scheduler does not answer, or has no worker; there is no room for more; or the training
                runs already, and does not keep all these epochs, or with others.
        """
        key = key_of(training)
        if isinstance(training, tuple):
            experiments.check_room(self.settings, experiments.bytes_of_files(training))
            return self._start(self.settings.scheduler, key, training, train_job, experiments.plain(training))
        recipe, epochs = training.part(ModelSpec), set(snapshot_epochs(training))
        enough = trained_models(training, self.library)
        if enough:
            self._work[key], self._status[key] = training, JobStatus("done", 1.0, enough[0])
            return key
        if experiments.id_of(recipe) in self._together():
            raise RefusedError("This model is being trained side by side with others. Ask again when they are done.")
        running = self._work[key] if key in self._attempts else None
        if isinstance(running, ModelSpec) and not epochs <= set(snapshot_epochs(running)):
            raise RefusedError(
                "This model is being trained, and not all these epochs are kept. Ask again when it is done, or cancel "
                "it before the first of them, and train it then."
            )
        experiments.check_room(self.settings)
        spec = with_snapshots(recipe, epochs.union(*ages_of(recipe, self.library).values()) - {recipe.epochs})
        return self._start(self.settings.scheduler, key, spec, train_job, spec.to_dict())

    def plan(self, specs: Sequence[ModelSpec]) -> list[Training]:
        """Which models are trained side by side, as the workers say; of several workers the one that does so least."""
        address = self.settings.scheduler
        plain = [spec.to_dict() for spec in specs]
        plans = self.clients.of(address).run(plan_job, plain, self._settings_at(address))
        groups = max(plans.values(), key=len)
        return [experiments.training_from(group if len(group) > 1 else group[0]) for group in groups]

    def _together(self) -> set[str]:
        """The ids of the models that are trained side by side, or wait for that."""
        works = [self._work.get(key) for key in list(self._attempts)]  # a job that begins has none yet
        return {experiments.id_of(spec) for work in works if isinstance(work, tuple) for spec in work}

    def download(self, dataset: str) -> str:
        """Fetch a data set for this server; returns the job's key."""
        return self._start(HERE, f"download-{dataset}", dataset, download_job, dataset)

    def all(self) -> list[tuple[str, Work, JobStatus]]:
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
                client.run(forget_job, experiments.plain(stopped.training), on_error="ignore")
            except (RefusedError, OSError, TimeoutError):  # of no use to who wants to be rid of it
                text += " here; no worker answers, and the one that has its state keeps it"
        stopped.path.unlink(missing_ok=True)
        if not stopped.problem:
            experiments.forget_state(stopped.training, self.settings)
        return f"{text}."

    def estimated_seconds(self, training: Training, question: Question) -> float:
        """How long a training, or several that are asked for together, would take.

        A few steps are timed in a process that would do it; one training is timed after the other, and what was found
        holds for some minutes.

        Raises:
            RefusedError: No process is free for it, or too many wait for an estimate.
        """
        seconds, when = self._estimates.get(training, (0.0, -ESTIMATED))
        if time.monotonic() - when < ESTIMATED:
            return seconds
        if not self.settings.scheduler and self._attempts:
            raise RefusedError("Another job is running; this one would wait for it. Ask again when it is done.")
        name = f"estimate {'+'.join(spec.key() for spec in experiments.models_of(training))}"
        return self.computations.wait_for(question, name, lambda report: self._timed(training, report))

    def _timed(self, training: Training, report: Waited) -> float:
        """Time a few steps; given up when nobody waits for it any more."""
        address = self.settings.scheduler
        with self.computations.turn(ESTIMATING):
            future = self.clients.of(address).submit(
                estimate_job, experiments.plain(training), self._settings_at(address), pure=False
            )
            for second in range(self.estimating_takes):
                report(second / self.estimating_takes, "timing a few steps")
                with contextlib.suppress(TimeoutError):
                    seconds = float(future.result(timeout=1))
                    self._estimates[training] = seconds, time.monotonic()
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

    def _start(self, address: str, key: str, what: Work, work: Callable[..., Any], about: object) -> str:
        client = self.clients.of(address)
        atexit.unregister(self.close)  # once is enough
        atexit.register(self.close)  # before the clients are closed: futures are released first
        with self._lock:
            if key in self._attempts:
                return key
            check_number(1, len(self._attempts), self.settings)
            attempt = f"{key}-{next_attempt(client, key)}"
            if not isinstance(what, str):
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

    def _filed(self, what: Work, result: Any, future: Any) -> str:
        """The ids of the models that were trained, or the name of what was fetched.

        Raises:
            RefusedError: A model of them is not there, or lacks epochs; the others are filed.
        """
        if isinstance(what, str):
            return result
        filed, problems = file_models(result, what, self.settings, self.library)
        experiments.forget_state(what, self.settings)
        if self.settings.scheduler:  # the state lies with whoever has the result
            with contextlib.suppress(Exception):
                workers = list(future.client.who_has(future)[future.key])
                future.client.run(forget_job, experiments.plain(what), workers=workers, wait=False)
        if problems:
            here = f" The others are here: {', '.join(filed)}." if filed and isinstance(what, tuple) else ""
            raise RefusedError(f"{' '.join(problems)}{here}")
        return " ".join(filed)

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
            if is_current and not isinstance(what, str):
                with contextlib.suppress(OSError):
                    experiments.forget_waiting(what, self.settings)
            if future is not None:
                future.release()
