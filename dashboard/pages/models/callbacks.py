"""The models of this machine: look at, train, watch, take up again, bring, export, delete.

::

    form ------------> train, estimate --> dashboard/jobs.py: one job for equal recipes, a process of its own
    tick (1 s) ------> jobs, table, history of the training that runs      (nothing is sent while nothing changes)
    row of the table > look (looking.py), export (a plain file), delete (asks first)
    dropped file ----> import: verified, never unpickled

A stopped training is found by the state that it left beside the models: a restart of the server loses nothing.
"""

import base64
import binascii
import json
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, callback_context, html, no_update
from dash.exceptions import PreventUpdate
from flask import Response, abort, request, send_file

from core import experiments
from core.schema import SpecError
from core.specs import ModelSpec
from core.store import StoreError
from dashboard import captions, figures
from dashboard.experiments import Experiments
from dashboard.jobs import BUSY, Jobs
from dashboard.pages.models.job_rows import describe, job_list, trainings
from dashboard.pages.models.layout import QUICK, models_layout, usable
from dashboard.pages.models.looking import UNFOLDED, Looking
from dashboard.pages.models.pressed import pressed
from dashboard.pages.models.table import table
from dashboard.pages.models.training_form import specs_of, together
from dashboard.requests import answered, asker
from dashboard.roles import may, needs, require
from dashboard.theme import theme_of
from dashboard.translation import translate

SLOW = 4000  # ms between two looks while nothing is trained
NEEDS = {"cancel": "cancel", "resume": "train", "discard": "delete"}  # actions of roles.LEAST


class ModelsPage:
    """Layout and callbacks of the list of models."""

    def __init__(self, experiments: Experiments, jobs: Jobs, explorer: str):
        self.session, self.jobs, self.explorer = experiments.session, jobs, explorer
        self.looking = Looking(experiments, explorer)

    def layout(self) -> html.Div:
        """The page."""
        largest = self.session.settings.max_import
        return models_layout(self.session.library.entries(), self.explorer, largest, self.looking.skeleton)

    def register(self, app: Dash) -> None:
        """Connect the callbacks, and the files that can be exported."""
        prefix, largest = app.config.routes_pathname_prefix, self.session.settings.max_import
        app.server.add_url_rule(f"{prefix}file/<name>", "model_file", self.export)
        app.server.before_request(lambda: allow_large(f"{prefix}_dash-update-component", largest))
        app.callback(
            [Output("jobs", "children"), Output("table", "children"), Output("history", "figure")],
            [Output("history-panel", "hidden"), Output("second", "interval"), Output("usable", "data")],
            Output("seen", "data"),
            [Input("second", "n_intervals"), Input("look", "data")],
            [State("seen", "data"), UNFOLDED],
        )(self.refresh)
        self.looking.register(app)
        typed = [State("train-dataset", "data")]
        typed += [State(f"train-{name}", "value") for name in ("n_latent", "epochs", "beta", "seed", "kept")]
        typed += [State("train-seeds", "data")]
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
        register_clientside(app)

    @answered
    def refresh(self, _: object, look: object, seen: object, _unfolded: object) -> tuple[Any, ...]:
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
            return (no_update,) * 7
        has_new_models = now[1] != before[1]
        views = self.looking.views(look) if now[1:] != before[1:] else {}
        history = next((status.history for _, _, status in jobs if status.state == "running" and status.history), None)
        return (
            job_list(jobs, stopped, self.explorer) if now[0] != before[0] else no_update,
            table(entries, self.explorer, views, self.looking.skeleton) if has_new_models or views else no_update,
            figures.history(history, theme_of(look)) if history else no_update,
            not history,
            QUICK if any(status.state in BUSY for _, _, status in jobs) else SLOW,
            usable(entries) if has_new_models else no_update,
            now,
        )

    @answered
    @needs("train")
    def ask(self, train: object, estimate: object, *values: Any) -> str:
        """Train what the form says, or say how long it would take."""
        specs = specs_of(*values)
        what, are, take = describe(together(specs)), *(("are", "take") if len(specs) > 1 else ("is", "takes"))
        if callback_context.triggered_id == "estimate":
            plain = together([spec.part(ModelSpec) for spec in specs])
            time = captions.duration(self.jobs.estimated_seconds(plain, asker()))
            return f"{what} {take} {time} {self.jobs.where}."
        self.jobs.train_all(specs)
        return f"{what} {are} being trained. You can leave this page."

    @answered
    def act(self, clicks: object) -> Any:
        """Cancel, go on with or discard a training."""
        action, key = pressed("do"), pressed("key")
        if not action:
            return no_update
        require(NEEDS.get(action, "train"))
        if action == "cancel":
            self.jobs.cancel(key)
            return "It stops after this epoch. What it has learnt is kept."
        for each in self.stopped():
            if each.path.name == key and action == "resume" and not each.problem:
                self.jobs.train(each.training)
                what, are, go = describe(each.training), *(("are", "go") if each.others else ("is", "goes"))
                place = "where its worker left it" if each.is_elsewhere else f"from epoch {each.epoch}"
                return f"{what} {are} being trained." if each.is_waiting else f"{what} {go} on {place}."
            if each.path.name == key and action == "discard":
                return self.jobs.discard(each)
        return "That training is not there any more."

    @answered
    @needs("delete")
    def confirm_deletion(self, clicks: object) -> tuple[Any, ...]:
        """Ask before deleting."""
        id = pressed("delete")
        if not id:
            return no_update, no_update, no_update
        return translate(f"Delete {id} from this machine? It can be trained again."), True, id

    @answered
    @needs("delete")
    def delete(self, _: object, id: object) -> str:
        """Delete a model of this machine."""
        self.session.library.delete(str(id))
        return f"{id} is deleted."

    @answered
    @needs("import")
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
            entry = self.session.library.entry(name.removesuffix(".safetensors"))
            return send_file(entry.path, as_attachment=True, download_name=f"{entry.id}.safetensors")
        except (StoreError, OSError):
            abort(404)

    def stopped(self) -> list[experiments.Unfinished]:
        """Trainings that were stopped and that no job goes on with."""
        busy = trainings(work for _, work, status in self.jobs.all() if status.state in BUSY)
        found = experiments.unfinished(self.session.settings)
        return [each for each in found if each.problem or experiments.name_of(each.training) not in busy]


def register_clientside(app: Dash) -> None:
    """Connect what the browser does alone."""
    app.clientside_callback(
        ClientsideFunction("latent", "page"), Output("look", "data"), Input("toggle-theme", "n_clicks")
    )
    app.clientside_callback(
        ClientsideFunction("latent", "chooseDataset"),
        [Output("train-dataset", "data"), Output({"set": ALL}, "aria-checked")],
        Input({"set": ALL}, "n_clicks"),
        State({"set": ALL}, "id"),
    )
    app.clientside_callback(
        ClientsideFunction("latent", "chooseDataset"),
        [Output("train-seeds", "data"), Output({"set": ALL, "of": "seeds"}, "aria-checked")],
        Input({"set": ALL, "of": "seeds"}, "n_clicks"),
        State({"set": ALL, "of": "seeds"}, "id"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("latent", "fillForm"),
        Output("message", "children", allow_duplicate=True),
        Input({"preset": ALL}, "n_clicks"),
        State("presets", "data"),
        prevent_initial_call=True,
    )


def allow_large(path: str, largest: int) -> None:
    """A model that is imported is larger than a question."""
    if request.path == path and may("import"):
        request.max_content_length = largest * 4 // 3 + 10_000  # as base64
