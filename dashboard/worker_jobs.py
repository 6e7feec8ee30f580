"""What runs in a worker: trainings, downloads and estimates, which report how far they are."""

import contextlib
import os
import uuid
from collections.abc import Mapping
from typing import Any

from core import experiments, train
from core.results import TrainingRun
from core.settings import Settings
from core.specs import ModelSpec, training_of

TOPIC = "latent-trajectories"


def train_job(
    key: str, training: Any, given: Settings | None
) -> experiments.TrainedFiles | list[experiments.TrainedFiles | str]:
    """Runs in a worker: train a model, or a stack of several; returns the contents of their files.

    Args:
        key: Of the job.
        training: As `experiments.plain` has it.
        given: The settings; else those of the worker's environment.
    """
    work, settings, report = experiments.training_from(training), given or Settings.from_environment(), Reporter(key)
    model = experiments.models_of(work)[0]
    use_cores(model)
    experiments.fetch_images(model.dataset, settings, progress=lambda _, text: report(0.0, f"fetching {text}"))
    states = [
        state.epoch
        for state in experiments.unfinished(settings)
        if not state.problem and experiments.name_of(state.training) == experiments.name_of(work) and state.epoch
    ]
    report.start = f"goes on from epoch {states[0]}" if states else "starts from epoch 1"
    report(states[0] / model.epochs if states else 0.0, report.start)
    histories: list[TrainingRun] = []
    hooks: dict[str, Any] = {
        "progress": lambda share, text: report(share, text, history_of(histories[0])),
        "watch": lambda now: histories.__setitem__(slice(None), now),
    }
    if isinstance(work, tuple):
        return experiments.train_files(work, settings, **hooks)
    return experiments.train_file(work, settings, **hooks)


def plan_job(specs: list[dict[str, Any]], given: Settings | None) -> list[list[dict[str, Any]]]:
    """Runs in a worker: which of some models it would train side by side."""
    settings = given or Settings.from_environment()
    groups = experiments.groups_here([training_of(spec) for spec in specs], settings)
    return [[spec.to_dict() for spec in group] for group in groups]


async def forget_job(training: Any) -> None:
    """Runs in a worker of another scheduler: the state of a training is not needed any more.

    A coroutine, which is what Dask sends off without waiting for its end.
    """
    experiments.forget_state(experiments.training_from(training), Settings.from_environment())


def history_of(run: TrainingRun, most: int = 300) -> dict[str, list[float]]:
    """A history for the screen: at most some hundred points."""
    step = -(-len(run.train_negative_elbo) // most)
    return {
        "step": [step],
        "train": [round(float(x), 2) for x in run.train_negative_elbo[::step]],
        "test": [round(float(x), 2) for x in run.test_negative_elbo],
        "epochs": run.test_epochs.tolist(),
    }


def download_job(key: str, dataset: str, settings: Settings) -> str:
    """Runs in a worker: fetch a data set; returns its name."""
    experiments.fetch_images(dataset, settings, progress=Reporter(key))
    return dataset


def estimate_job(training: Any, given: Settings | None) -> float:
    """Runs in a worker: time a few training steps of one model, or of several that are asked for together."""
    work = experiments.training_from(training)
    use_cores(experiments.models_of(work)[0])
    return experiments.estimated_seconds_of(work, given or Settings.from_environment())


def use_cores(spec: ModelSpec) -> None:
    """Train on all cores of this machine or container, but behind everything else: the explorer stays quick.

    Products of 8x8 images are too small to be shared: two threads mostly wait for each other.
    """
    import joblib
    import torch

    torch.set_num_threads(1 if spec.dataset == "digits" else joblib.cpu_count())
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, 19)


class Reporter:
    """Progress of a job: tells the servers that wait for it, and stops the job where none does any more."""

    def __init__(self, key: str):
        from distributed import get_worker

        self.key, self.start, self.run = key, "", uuid.uuid4().hex
        self.worker = get_worker()
        self.attempt = self.worker.get_current_task()

    def __call__(self, fraction: float, text: str, history: Mapping[str, list[float]] | None = None) -> None:
        report = {"key": self.key, "attempt": self.attempt, "run": self.run, "start": self.start}
        self.worker.log_event(TOPIC, report | {"fraction": fraction, "text": text, "history": history})
        if not self.is_wanted():
            raise train.CancelledError

    def is_wanted(self) -> bool:
        """Whether a server holds the future: else the scheduler has told the worker to give the task up."""
        task = self.worker.state.tasks.get(self.attempt)
        return task is not None and task.state in ("executing", "long-running")
