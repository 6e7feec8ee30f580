"""What the explorer lacks: a model is trained, the images of a data set are fetched."""

from typing import Any

from core.schema import SpecError
from core.zoo import short_recipe
from dashboard import captions
from dashboard.controls import ScreenState
from dashboard.experiments import Experiments
from dashboard.jobs import Jobs
from dashboard.requests import asker
from dashboard.roles import require

NEEDS = {"estimate": "train", "train": "train", "download": "fetch", "cancel": "cancel"}  # actions of roles.LEAST


def job_answer(data: object, experiments: Experiments, jobs: Jobs) -> dict[str, Any]:
    """Estimate, start, report or cancel a job.

    Args:
        data: What was sent: an `action`, with the `key` of a job or the `dataset` and `n_latent` of a model.
        experiments: Names the source of the images.
        jobs: Of this server.

    Returns:
        `estimate`, a sentence; else `key`, `state`, `fraction` (0 to 1) and `text` of the job.

    Raises:
        SpecError: No such action or job, or a value out of range.
        RefusedError: The role of whoever asks is below that of the action.
    """
    if not isinstance(data, dict):
        raise SpecError("The request must be an object. Reload the page.")
    action, key = data.get("action"), data.get("key")
    if action != "status":
        require(NEEDS.get(action, "train") if isinstance(action, str) else "train")
    if action in ("status", "cancel") and isinstance(key, str):
        if action == "cancel":
            jobs.cancel(key)
        return job_report(key, jobs)
    state = ScreenState(dataset=data.get("dataset", ""), n_latent=data.get("n_latent", 0))  # checks both
    spec = short_recipe(state.dataset, state.n_latent)
    if action == "estimate":
        time = captions.duration(jobs.estimated_seconds(spec, asker()))
        fetch = "" if experiments.session.source(state.dataset) == "original" else ", after fetching its images"
        return {"estimate": f"Training it takes {time} {jobs.where} ({captions.epochs_of(spec)}{fetch})."}
    if action == "train":
        return {"key": jobs.train(spec), "state": "waiting", "fraction": 0, "text": "starting"}
    if action == "download":
        return {"key": jobs.download(state.dataset), "state": "waiting", "fraction": 0, "text": "starting"}
    raise SpecError("The action must be estimate, train, download, status or cancel. Reload the page.")


def job_report(key: str, jobs: Jobs) -> dict[str, Any]:
    """Key, state, fraction and text of a job.

    Raises:
        SpecError: There is no job of this key.
    """
    status = jobs.status(key)
    if status is None:
        raise SpecError("The server does not know this job any more: it was restarted. Start it again.")
    return {"key": key, "state": status.state, "fraction": status.fraction, "text": status.text}
