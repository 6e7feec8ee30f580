"""Long work (training, downloads) in processes of its own, on Dask distributed: an embedded local cluster.

The cluster starts at the first job. Equal jobs are one job: whoever asks second sees the progress of the first.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core import experiments, train
from core.config import ModelSpec, RefusedError, Settings
from core.results import TrainingRun

TOPIC = "latent-trajectories"


@dataclass(frozen=True)
class JobStatus:
    """How a job stands: "waiting", "running", "done", "failed" or "cancelled".

    `course` has the bounds of a training so far: "train" (every epoch), "test" and the "epochs" of the tests.
    """

    state: str = "waiting"
    fraction: float = 0.0
    text: str = ""
    course: Mapping[str, list[float]] = field(default_factory=dict)


class Jobs:
    """The jobs of this server."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self._lock = threading.Lock()
        self._client: Any = None
        self._status: dict[str, JobStatus] = {}
        self._work: dict[str, ModelSpec | str] = {}
        self._futures: dict[str, Any] = {}
        self._attempts = 0

    def train(self, spec: ModelSpec) -> str:
        """Train a model, fetching its images first where they are missing; returns the job's key.

        It goes on where an earlier attempt was stopped. A model that is there is not trained again.
        """
        key = f"train-{spec.key()[:16]}"
        self._work[key] = spec
        there = [e.id for e in experiments.library_of(self.settings).usable(spec.dataset) if e.spec == spec]
        if there:
            self._status[key] = JobStatus("done", 1.0, there[0])
            return key
        return self._start(key, train_job, spec.to_dict())

    def download(self, dataset: str) -> str:
        """Fetch a data set; returns the job's key."""
        key = f"download-{dataset}"
        self._work[key] = dataset
        return self._start(key, download_job, dataset)

    def all(self) -> list[tuple[str, ModelSpec | str, JobStatus]]:
        """Every job of this server, the newest first: key, what is trained or fetched, and how it stands."""
        return [(key, self._work[key], self._status[key]) for key in reversed(self._status) if key in self._work]

    def status(self, key: str) -> JobStatus | None:
        """How a job stands; None for one that this server does not know."""
        return self._status.get(key)

    def cancel(self, key: str) -> None:
        """Ask a job to stop; it does so at its next report."""
        if self._client is not None and key in self._futures:
            from distributed import Event

            Event(f"cancel-{key}", client=self._client).set()

    def estimated_seconds(self, spec: ModelSpec) -> float:
        """How long a training would take, from a few steps timed in the process that would do it."""
        if any(status.state in ("waiting", "running") for status in self._status.values()):
            raise RefusedError("Another job is running; this one would wait for it. Ask again when it is done.")
        return float(
            self._connect().submit(estimate_job, spec.to_dict(), self.settings, pure=False).result(timeout=120)
        )

    def close(self) -> None:
        """Stop the cluster and its processes."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._cluster.close()
                self._client = None

    def _start(self, key: str, work: Callable[..., Any], *arguments: object) -> str:
        client = self._connect()
        with self._lock:
            status = self._status.get(key)
            if status is not None and status.state in ("waiting", "running"):
                return key
            from distributed import Event

            Event(f"cancel-{key}", client=client).clear()
            self._status[key] = JobStatus()
            self._attempts += 1  # a key that was used before would give back its old outcome
            future = client.submit(work, key, *arguments, self.settings, key=f"{key}-{self._attempts}", pure=False)
            self._futures[key] = future
            future.add_done_callback(lambda done: self._finish(key, done))
        return key

    def _connect(self) -> Any:
        with self._lock:
            if self._client is None:
                from distributed import Client, LocalCluster

                local = "127.0.0.1:0"  # any free port, seen by nobody else
                options: Any = {"dashboard_address": local, "worker_dashboard_address": local, "silence_logs": 50}
                self._cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=True, **options)
                self._client = Client(self._cluster, set_as_default=False)
                self._client.subscribe_topic(TOPIC, self._report)
            return self._client

    def _report(self, event: tuple[Any, Any]) -> None:
        report = event[1] if isinstance(event, tuple) else event
        current = self._status.get(report["key"])
        if current is not None and current.state in ("waiting", "running"):
            course = report["course"] or current.course
            self._status[report["key"]] = JobStatus("running", report["fraction"], report["text"], course)

    def _finish(self, key: str, future: Any) -> None:
        before = self._status[key]
        if future.cancelled():
            self._status[key] = replace(before, state="cancelled", text="cancelled")
        elif (error := future.exception()) is None:
            self._status[key] = replace(before, state="done", fraction=1.0, text=future.result())
        elif isinstance(error, train.CancelledError):
            self._status[key] = replace(before, state="cancelled", text="cancelled")
        else:
            text = str(error) if isinstance(error, RefusedError) else f"It failed ({type(error).__name__}: {error})."
            self._status[key] = replace(before, state="failed", text=text)


def train_job(key: str, spec: dict[str, Any], settings: Settings) -> str:
    """Runs in a worker: train and file a model; returns its id."""
    use_cores()
    model, report = ModelSpec.from_dict(spec), reporter(key)
    experiments.fetch_images(model.dataset, settings, progress=lambda _, text: report(0.0, f"fetching {text}"))
    courses: list[TrainingRun] = []
    path, _ = experiments.train_model(
        model,
        settings,
        progress=lambda share, text: report(share, text, course_of(courses[0])),
        watch=lambda now: courses.__setitem__(slice(None), now),
    )
    return path.stem


def course_of(run: TrainingRun, most: int = 300) -> dict[str, list[float]]:
    """A course for the screen: at most some hundred points."""
    step = -(-len(run.train_negative_elbo) // most)
    return {
        "step": [step],
        "train": [round(float(x), 2) for x in run.train_negative_elbo[::step]],
        "test": [round(float(x), 2) for x in run.test_negative_elbo],
        "epochs": run.test_epochs.tolist(),
    }


def download_job(key: str, dataset: str, settings: Settings) -> str:
    """Runs in a worker: fetch a data set; returns its name."""
    experiments.fetch_images(dataset, settings, progress=reporter(key))
    return dataset


def estimate_job(spec: dict[str, Any], settings: Settings) -> float:
    """Runs in a worker: time a few training steps."""
    use_cores()
    return experiments.estimated_seconds(ModelSpec.from_dict(spec), settings)


def use_cores() -> None:
    """Train on all cores but behind everything else: the explorer stays quick."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, 10)


def reporter(key: str) -> Callable[..., None]:
    """Progress of a job: tells the server, and stops the job where somebody cancelled it."""
    from distributed import Event, get_worker

    worker, cancelled = get_worker(), Event(f"cancel-{key}")

    def report(fraction: float, text: str, course: Mapping[str, list[float]] | None = None) -> None:
        worker.log_event(TOPIC, {"key": key, "fraction": fraction, "text": text, "course": course})
        if cancelled.is_set():
            raise train.CancelledError

    return report
