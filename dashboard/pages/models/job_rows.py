"""The rows of the trainings: jobs that wait, run or have ended, and what was stopped before."""

from collections.abc import Iterable
from typing import Any

from dash import html

from core import experiments
from core.specs import snapshot_epochs
from dashboard.captions import epochs_of, with_beta
from dashboard.controls import attributes
from dashboard.job_status import JobStatus
from dashboard.jobs import BUSY, Work
from dashboard.theme import TITLES
from dashboard.translation import translate

JOB = {"cancel": "Cancel", "resume": "Go on", "discard": "Discard"}


def describe(training: experiments.Training) -> str:
    """A recipe in a few words; of several what they share, and every N_z, beta and seed.

    Word by word in the language of the page that asks: between commas there are commas.
    """
    specs = experiments.models_of(training)
    first = specs[0]
    kept, seeds = listed(snapshot_epochs(first)), listed(spec.seed for spec in specs)
    parts = [
        f"{TITLES[first.dataset]}",
        f"N_z = {listed(spec.n_latent for spec in specs)}{with_beta(first)}",
        epochs_of(first),
        f"seed{'s' if ',' in seeds else ''} {seeds}",
        *([f"kept after {kept}"] if kept else []),
    ]
    words = ", ".join(map(translate, parts))
    return translate(f"{len(specs)} models: {words}") if len(specs) > 1 else words


def listed(values: Iterable[int]) -> str:
    """Numbers, each once."""
    return ", ".join(map(str, dict.fromkeys(values)))


def job_list(
    jobs: list[tuple[str, Work, JobStatus]], stopped: list[experiments.Unfinished], explorer: str
) -> list[html.Div] | html.P:
    """Jobs of this server, then trainings that were stopped before.

    Args:
        jobs: As `Jobs.all` has them.
        stopped: The trainings that no job goes on with.
        explorer: The address of the explorer.
    """
    kept = trainings(each.training for each in stopped if not each.problem)
    shown = [job for job in jobs if job[2].state != "cancelled" or not trainings([job[1]]) & kept]
    rows = [job_row(*job, explorer) for job in shown]
    return [*rows, *(stopped_row(each) for each in stopped)] or html.P("Nothing is being trained.", className="note")


def job_row(key: str, work: Work, status: JobStatus, explorer: str) -> html.Div:
    """One job: what, how far, and what can be done about it."""
    title = f"Images of {TITLES[work]}" if isinstance(work, str) else describe(work)
    words: Any = {"waiting": "Waits for its turn.", "done": "Done."}.get(status.state, status.text)
    if status.state == "done" and not isinstance(work, str):
        ids = status.text.split()
        names = ids if len(ids) > 1 else ["Open it in the explorer"]
        links = [html.A(name, href=f"{explorer}?model={id}") for id, name in zip(ids, names, strict=True)]
        words = ["Done. ", *(part for link in links for part in (link, " "))]
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
    return html.Div([html.Strong(describe(each.training)), words, *buttons], className="job")


def job_button(action: str, key: str) -> html.Button:
    """What can be done about a training."""
    return html.Button(JOB[action], id={"do": action, "key": key}, type="button", className="quiet acts")


def trainings(works: Iterable[Work]) -> set[str]:
    """The names of the trainings among what is trained or fetched; what is kept on the way changes no model's name."""
    return {experiments.name_of(work) for work in works if not isinstance(work, str)}
