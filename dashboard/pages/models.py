"""The models of this machine: train, watch, take up again, bring, export, delete.

::

    form ------------> train, estimate --> jobs.py: one job for equal recipes, a process of its own
    tick (1 s) ------> jobs, table, history of the training that runs      (nothing is sent while nothing changes)
    row of the table > export (a plain file), delete (asks first)
    dropped file ----> import: verified, never unpickled

A stopped training is found by the state that it left beside the models: a restart of the server loses nothing.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, callback_context, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import Response, abort, request, send_file

from core import experiments
from core.library import Entry
from core.schema import SpecError, checked
from core.session import Session
from core.specs import ModelSpec, SeriesSpec, keeping
from core.store import StoreError
from core.zoo import recipe
from dashboard import captions, figures
from dashboard.controls import attributes
from dashboard.job_status import JobStatus
from dashboard.jobs import Jobs
from dashboard.model_list import (
    bound_of,
    describe,
    form,
    history_panel,
    job_button,
    stopped_row,
    upload,
)
from dashboard.requests import answered, asker
from dashboard.roles import is_operator, operators_only
from dashboard.terms import terms
from dashboard.theme import TITLES, theme_of

BUSY = ("waiting", "running")
QUICK, SLOW = 1000, 4000  # ms between two looks while something is trained, and while nothing is
BOUND = (
    "Test −ELBO in nats per image, of grey values taken as Bernoulli probabilities as in the paper: not comparable "
    "with binarised MNIST."
)
COLUMNS = (
    "Model",
    "Data set",
    "N_z",
    "β",
    "Epochs",
    "Test −ELBO, grey-value Bernoulli",
    "Active units",
    "Size",
    "From",
    "Actions",
)


class ModelsPage:
    """Layout and callbacks of the list of models."""

    def __init__(self, session: Session, jobs: Jobs, explorer: str):
        self.session, self.jobs, self.explorer = session, jobs, explorer

    def layout(self) -> html.Div:
        """The page; its table is there before anything is asked."""
        return html.Div(
            [
                *(dcc.Store(id=name) for name in ("seen", "look", "doomed")),
                dcc.Store(id="train-dataset", data="mnist"),
                dcc.Interval(id="second", interval=QUICK),
                dcc.ConfirmDialog(id="sure"),
                form(),
                html.Section([html.H2("Trainings"), html.Div(id="jobs"), history_panel("history")], id="work"),
                html.Section(
                    [
                        html.H2("Models"),
                        html.Div(id="table", children=self.table(), className="scroll"),
                        html.P(terms(BOUND), className="note"),
                        history_panel("past"),
                    ]
                ),
                upload(self.session.settings.max_import),
            ],
            className="models",
        )

    def register(self, app: Dash) -> None:
        """Connect the callbacks, and the files that can be exported."""
        prefix, largest = app.config.routes_pathname_prefix, self.session.settings.max_import
        app.server.add_url_rule(f"{prefix}file/<name>", "model_file", self.export)
        app.server.before_request(lambda: allow_large(f"{prefix}_dash-update-component", largest))
        app.callback(
            [Output("jobs", "children"), Output("table", "children"), Output("history", "figure")],
            [Output("history-panel", "hidden"), Output("second", "interval"), Output("seen", "data")],
            [Input("second", "n_intervals"), Input("look", "data")],
            State("seen", "data"),
        )(self.refresh)
        typed = [State("train-dataset", "data")]
        typed += [State(f"train-{name}", "value") for name in ("n_latent", "epochs", "beta", "seed", "kept")]
        app.callback(
            Output("message", "children"),
            [Input("train", "n_clicks"), Input("estimate", "n_clicks")],
            typed,
            prevent_initial_call=True,
        )(self.ask)
        app.callback(
            Output("message", "children", allow_duplicate=True),
            Input({"do": ALL, "key": ALL}, "n_clicks"),
            prevent_initial_call=True,
        )(self.act)
        app.callback(
            [Output("past", "figure"), Output("past-title", "children"), Output("past-panel", "hidden")],
            Input({"curve": ALL}, "n_clicks"),
            State("look", "data"),
            prevent_initial_call=True,
        )(self.curve)
        app.callback(
            [Output("sure", "message"), Output("sure", "displayed"), Output("doomed", "data")],
            Input({"delete": ALL}, "n_clicks"),
            prevent_initial_call=True,
        )(self.confirm_deletion)
        app.callback(
            Output("message", "children", allow_duplicate=True),
            Input("sure", "submit_n_clicks"),
            State("doomed", "data"),
            prevent_initial_call=True,
        )(self.delete)
        app.callback(
            Output("brought", "children"),
            Input("upload", "contents"),
            State("upload", "filename"),
            prevent_initial_call=True,
        )(self.import_file)
        app.clientside_callback(
            ClientsideFunction("latent", "page"), Output("look", "data"), Input("toggle-theme", "n_clicks")
        )
        app.clientside_callback(
            ClientsideFunction("latent", "chooseDataset"),
            [Output("train-dataset", "data"), Output({"set": ALL}, "aria-checked")],
            Input({"set": ALL}, "n_clicks"),
            State({"set": ALL}, "id"),
        )

    @answered
    def refresh(self, _: object, look: object, seen: object) -> tuple[Any, ...]:
        """What has changed since the last look."""
        jobs, stopped = self.jobs.all(), self.stopped()
        entries = self.session.library.entries()
        now = [
            json.dumps([[key, status.state, status.text] for key, _, status in jobs] + [str(each) for each in stopped]),
            json.dumps([[e.id, e.origin, e.problem] for e in entries]),
            str(look),
        ]
        before = seen if isinstance(seen, list) and len(seen) == len(now) else [""] * len(now)
        if now == before:
            return (no_update,) * 6
        history = next((status.history for _, _, status in jobs if status.state == "running" and status.history), None)
        return (
            self.job_list(jobs, stopped) if now[0] != before[0] else no_update,
            self.table() if now[1] != before[1] else no_update,
            figures.history(history, theme_of(look)) if history else no_update,
            not history,
            QUICK if any(status.state in BUSY for _, _, status in jobs) else SLOW,
            now,
        )

    @answered
    @operators_only
    def ask(self, train: object, estimate: object, *values: Any) -> str:
        """Train what the form says, or say how long it would take."""
        spec = spec_of(*values)
        if callback_context.triggered_id == "estimate":
            time = captions.duration(self.jobs.estimated_seconds(spec.part(ModelSpec), asker()))
            return f"{describe(spec)} takes {time} {self.jobs.where}."
        self.jobs.train(spec)
        return f"{describe(spec)} is being trained. You can leave this page."

    @answered
    @operators_only
    def act(self, clicks: object) -> Any:
        """Cancel, go on with or discard a training."""
        action, key = pressed("do"), pressed("key")
        if not action:
            return no_update
        if action == "cancel":
            self.jobs.cancel(key)
            return "It stops after this epoch. What it has learnt is kept."
        for each in self.stopped():
            if each.path.name == key and action == "resume" and not each.problem:
                self.jobs.train(each.spec)
                place = "where its worker left it" if each.is_elsewhere else f"from epoch {each.epoch}"
                if each.is_waiting:
                    return f"{describe(each.spec)} is being trained."
                return f"{describe(each.spec)} goes on {place}."
            if each.path.name == key and action == "discard":
                return self.jobs.discard(each)
        return "That training is not there any more."

    @answered
    def curve(self, clicks: object, look: object) -> tuple[Any, ...]:
        """The history of a model's test bound, as its card holds it."""
        target = pressed("curve")
        if not target:
            return no_update, no_update, no_update
        card = self.session.library.find(target).card
        epochs, curve = card.history
        if not curve:
            raise SpecError(f"The card of {target} holds no history of its training. Export it again from where it is.")
        figure = figures.history({"test": list(curve), "epochs": list(epochs)}, theme_of(look))
        return figure, f"{target}: {bound_of(card)} nats on the test images", False

    @answered
    @operators_only
    def confirm_deletion(self, clicks: object) -> tuple[Any, ...]:
        """Ask before deleting."""
        id = pressed("delete")
        if not id:
            return no_update, no_update, no_update
        return f"Delete {id} from this machine? It can be trained again.", True, id

    @answered
    @operators_only
    def delete(self, _: object, id: object) -> str:
        """Delete a model of this machine."""
        self.session.library.delete(str(id))
        return f"{id} is deleted."

    @answered
    @operators_only
    def import_file(self, contents: object, filename: object) -> str:
        """Import a file."""
        if contents is None:  # the page makes room for the next one
            raise PreventUpdate
        if not isinstance(contents, str) or not isinstance(filename, str):
            raise SpecError("No file arrived. Choose a file that ends in .safetensors.")
        try:
            content = base64.b64decode(contents.partition(",")[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise SpecError("The file did not arrive whole. Try it again.") from error
        largest = self.session.settings.max_import
        if len(content) > largest:
            raise SpecError(f"The file is larger than {largest / 1e6:g} MB. Choose a smaller one.")
        experiments.check_room(self.session.settings, len(content))
        id = experiments.import_model(content, filename, self.session.settings)
        return f"{id} is here now."

    def export(self, name: str) -> Response:
        """A model's file."""
        try:
            entry = self.session.library.find(name.removesuffix(".safetensors"))
            return send_file(entry.path, as_attachment=True, download_name=f"{entry.id}.safetensors")
        except (StoreError, OSError):
            abort(404)

    def job_list(
        self, jobs: list[tuple[str, ModelSpec | str, JobStatus]], stopped: list[experiments.Unfinished]
    ) -> list[html.Div] | html.P:
        """Jobs of this server, then trainings that were stopped before."""
        kept = trainings(each.spec for each in stopped if not each.problem)
        shown = [job for job in jobs if job[2].state != "cancelled" or not trainings([job[1]]) & kept]
        rows = [self.job_row(*job) for job in shown]
        return [*rows, *(stopped_row(each) for each in stopped)] or html.P(
            "Nothing is being trained.", className="note"
        )

    def job_row(self, key: str, work: ModelSpec | str, status: JobStatus) -> html.Div:
        """One job: what, how far, and what can be done about it."""
        title = describe(work) if isinstance(work, ModelSpec) else f"Images of {TITLES[work]}"
        words: Any = {"waiting": "Waits for its turn.", "done": "Done."}.get(status.state, status.text)
        if status.state == "done" and isinstance(work, ModelSpec):
            words = ["Done. ", html.A("Open it in the explorer", href=f"{self.explorer}?model={status.text}")]
        bar = html.Progress(value=str(status.fraction), max="1", **attributes(aria_label=title))
        busy = [bar, job_button("cancel", key)] if status.state in BUSY else []
        return html.Div([html.Strong(title), html.Span(words, className="note"), *busy], className="job")

    def stopped(self) -> list[experiments.Unfinished]:
        """Trainings that were stopped and that no job goes on with."""
        busy = trainings(work for _, work, status in self.jobs.all() if status.state in BUSY)
        found = experiments.unfinished(self.session.settings)
        return [each for each in found if each.problem or experiments.id_of(each.spec) not in busy]

    def table(self) -> html.Table:
        """All models, usable or not."""
        rows = [self.row(entry) for entry in self.session.library.entries()]
        head = html.Thead(html.Tr([html.Th(terms(name), scope="col") for name in COLUMNS]))
        return html.Table([head, html.Tbody(rows)])

    def row(self, entry: Entry) -> html.Tr:
        """One model."""
        delete = html.Button("Delete", id={"delete": entry.id}, type="button", className="quiet acts")
        actions = [] if entry.origin == "shipped" else [delete]
        if entry.problem:
            return html.Tr([html.Td(entry.id), html.Td(entry.problem, colSpan=8), html.Td(actions)], className="broken")
        card, spec = entry.card, entry.spec
        curve = html.Button("Curve", id={"curve": entry.id}, type="button", className="quiet")
        file = html.A("Export", href=f"file/{entry.id}.safetensors", className="button quiet")
        cells = (
            html.A(entry.id, href=f"{self.explorer}?model={entry.id}", title="Open in the explorer"),
            TITLES[spec.dataset], spec.n_latent, f"{spec.beta:g}", spec.epochs, bound_of(card),
            "?" if card.active_units is None else card.active_units, f"{entry.size / 1e6:.1f} MB", entry.origin,
            html.Div([curve, file, *actions], className="row"),
        )  # fmt: skip
        heads = [name.partition(",")[0] for name in COLUMNS]
        return html.Tr([html.Td(cell, **attributes(data_head=head)) for cell, head in zip(cells, heads, strict=True)])


def pressed(name: str) -> str:
    """A part of the name of the button that was pressed; empty where none was (a button that has just been drawn)."""
    target = callback_context.triggered_id
    if not isinstance(target, dict) or not any(each.get("value") for each in callback_context.triggered):
        return ""
    return str(target.get(name, ""))


def trainings(works: Iterable[ModelSpec | str]) -> set[str]:
    """The ids of the models among what is trained or fetched; what is kept on the way does not change them."""
    return {experiments.id_of(work) for work in works if isinstance(work, ModelSpec)}


def spec_of(
    dataset: object, n_latent: object, epochs: object, beta: object, seed: object, kept: object = None
) -> ModelSpec:
    """The training that the form asks for; where no epochs are given, as many as the shipped models have."""
    read: dict[str, Any] = {item.name: checked(item).read for item in fields(ModelSpec)}
    usual = recipe(str(dataset), read["n_latent"]("N_z", str(n_latent).strip()))
    given = {"epochs": epochs, "beta": beta, "seed": seed}
    typed = {name: read[name](f"The {name}", str(value).strip()) for name, value in given.items() if value}
    spec = ModelSpec.from_dict(usual.to_dict() | typed)
    return keeping(spec, epochs_of(str(kept), spec.epochs)) if kept else spec


def epochs_of(typed: str, last: int) -> tuple[int, ...]:
    """The epochs, apart by commas, after which weights are kept; the last is none of them.

    Raises:
        SpecError: They are none, or not before the last.
    """
    parts = ",".join(part.strip() for part in typed.strip().strip(",").split(","))
    what, check = "The epochs to keep", next(checked(item) for item in fields(SeriesSpec) if item.name == "kept")
    epochs: Any = check.read(what, parts) if parts else ()
    if any(epoch >= last for epoch in epochs):
        raise SpecError(f"{what} must come before the last, {last}: that is the model itself.")
    return epochs


def allow_large(path: str, largest: int) -> None:
    """A model that an operator imports is larger than a question."""
    if request.path == path and is_operator():
        request.max_content_length = largest * 4 // 3 + 10_000  # as base64
