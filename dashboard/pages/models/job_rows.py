"""The rows of the trainings: jobs that wait, run or have ended, and what was stopped before."""

from collections.abc import Iterable
from typing import Any

from dash import html

from core import experiments
from core.specs import ModelSpec, epochs_kept
from dashboard.captions import with_beta
from dashboard.controls import attributes
from dashboard.job_status import JobStatus
from dashboard.theme import TITLES

BUSY = ("waiting", "running")
JOB = {"cancel": "Cancel", "resume": "Go on", "discard": "Discard"}


def describe(spec: ModelSpec) -> str:
    """A recipe in a few words."""
    size = f"{TITLES[spec.dataset]}, N_z = {spec.n_latent}{with_beta(spec)}"
    kept = "".join(f", {epoch}" for epoch in epochs_kept(spec))
    return f"{size}, {spec.epochs} epochs, seed {spec.seed}" + (f", kept after {kept[2:]}" if kept else "")


def job_list(
    jobs: list[tuple[str, ModelSpec | str, JobStatus]], stopped: list[experiments.Unfinished], explorer: str
) -> list[html.Div] | html.P:
    """Jobs of this server, then trainings that were stopped before.

    Args:
        jobs: As `Jobs.all` has them.
        stopped: The trainings that no job goes on with.
        explorer: The address of the explorer.
    """
    kept = trainings(each.spec for each in stopped if not each.problem)
    shown = [job for job in jobs if job[2].state != "cancelled" or not trainings([job[1]]) & kept]
    rows = [job_row(*job, explorer) for job in shown]
    return [*rows, *(stopped_row(each) for each in stopped)] or html.P("Nothing is being trained.", className="note")


def job_row(key: str, work: ModelSpec | str, status: JobStatus, explorer: str) -> html.Div:
    """One job: what, how far, and what can be done about it."""
    title = describe(work) if isinstance(work, ModelSpec) else f"Images of {TITLES[work]}"
    words: Any = {"waiting": "Waits for its turn.", "done": "Done."}.get(status.state, status.text)
    if status.state == "done" and isinstance(work, ModelSpec):
        words = ["Done. ", html.A("Open it in the explorer", href=f"{explorer}?model={status.text}")]
    bar = html.Progress(value=str(status.fraction), max="1", **attributes(aria_label=title))
    busy = [bar, job_button("cancel", key)] if status.state in BUSY else []
    return html.Div([html.Strong(title), html.Span(words, className="note"), *busy], className="job")


def stopped_row(each: experiments.Unfinished) -> html.Div:
    """A training that was stopped before."""
    name = each.path.name
    if each.problem:
        return html.Div([html.Span(each.problem), job_button("discard", name)], className="job")
    state = "lies with its worker" if each.is_elsewhere else f"holds epoch {each.epoch} of {each.spec.epochs}"
    stopped = "waited for its turn when the server stopped." if each.is_waiting else f"stopped; its state {state}."
    words = html.Span(stopped, className="note")
    buttons = [job_button("resume", name), job_button("discard", name)]
    return html.Div([html.Strong(describe(each.spec)), words, *buttons], className="job")


def job_button(action: str, key: str) -> html.Button:
    """What can be done about a training."""
    return html.Button(JOB[action], id={"do": action, "key": key}, type="button", className="quiet acts")


def trainings(works: Iterable[ModelSpec | str]) -> set[str]:
    """The ids of the models among what is trained or fetched; what is kept on the way does not change them."""
    return {experiments.id_of(work) for work in works if isinstance(work, ModelSpec)}
