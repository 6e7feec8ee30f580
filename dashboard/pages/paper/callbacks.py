"""Every figure of the paper, drawn from a model of this machine.

::

    figure of the registry --> its settings, as in the paper --> asked --> draw (computed once) --> figure, files
    busy --> said beside the buttons, and asked again after a while (retry), while it is the newest question
    tick (0.25 s, until `ended` is the turn of `asked`) --> how far it is;  cancel --> this client waits no longer
    theme --> the same figure in other colours;  click on a cell of a map --> that run in the explorer
    line around runs (Supp. B) --> asked: these runs are one branch, the others the other one

A question is a `FigureSpec`: the recipe of the figure, and the query of its files. `asked` and `client` live in the
browser's session: after a reload the page asks again, and joins what is still being computed.
"""

from dataclasses import replace
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, callback_context, html, no_update, set_props
from dash.exceptions import PreventUpdate
from flask import Response, abort, request
from plotly.io.json import to_json_plotly

from core.computations import BusyError, Computations, LeftError, Reporter, SupersededError
from core.paper.figures.questions import cell_of, figure_spec, fitted, recipe
from core.paper.figures.registry import FIGURES, figure_of
from core.paper.results import FigureResult, arrays_of
from core.paper.shipped import shipped_figure
from core.schema import RefusedError, SpecError
from core.session import Session
from core.specs import FigureSpec, InferenceSpec
from dashboard.controls import ScreenState
from dashboard.drawing import draw_figure
from dashboard.files import as_csv_elsewhere, as_json, as_npz
from dashboard.pages.paper import claims
from dashboard.pages.paper.article import article
from dashboard.pages.paper.layout import heading_of, height_of, note_of, paper_layout, still
from dashboard.pages.paper.questions import chosen_in, client_of, fresh, key_of, name_in, pause, read, runs_in, turn_of
from dashboard.pages.paper.sections import SECTIONS
from dashboard.requests import answered, asker, notify
from dashboard.theme import theme_of

TOPIC = "figure"  # a session waits for one figure at a time
KINDS = {"npz": "application/octet-stream", "csv": "text/csv", "json": "application/json"}
NOT_SHIPPED = "This figure is not shipped for the models that are here. Open its settings: it is computed there."
AFTER = 5  # s after which a file may be asked for again


class PaperPage:
    """Layout and callbacks of the figures of the paper.

    Args:
        session: What figures are computed in.
        computations: Where visitors wait for them.
        explorer: The address of the explorer.
    """

    def __init__(self, session: Session, computations: Computations, explorer: str):
        self.session, self.computations, self.explorer = session, computations, explorer

    def layout(self) -> html.Div:
        """The page."""
        tables, missing = claims.stored_tables(self.session.library)
        shipped = {place.id: self.links(place.id) for each in SECTIONS for place in each.places}
        content = article(tables, claims.scoreboard(tables, missing), shipped)
        return paper_layout(content, self.session.library)

    def links(self, id: str) -> dict[str, str]:
        """Where a figure of the article leads to; with files, where its result is shipped."""
        found, own = shipped_figure(id, self.session), {"Change its settings": id}
        if found is None:
            return own
        files = {kind.upper(): f"data/{id}.{kind}?{found.spec.to_query()}" for kind in KINDS}
        return own | {"Open in the explorer": self.screen(found.spec, found.spec.n_steps)} | files

    def register(self, app: Dash) -> None:
        """Connect the callbacks, the pictures of the article and the data of the figures."""
        prefix = app.config.routes_pathname_prefix
        app.server.add_url_rule(f"{prefix}data/<name>.<kind>", "figure_data", self.data)
        app.server.add_url_rule(f"{prefix}drawn/<name>.json", "figure_drawn", self.drawn)
        app.callback(
            Output("asked", "data"),
            [Input("url", "pathname"), Input("choices", "data"), Input("drawn", "selectedData")],
            [State("url", "search"), State("asked", "data")],
            prevent_initial_call="initial_duplicate",
        )(self.ask)
        app.callback(
            [Output("drawn", "figure"), Output("drawn-title", "children"), Output("drawn-note", "children")],
            [
                Output("files", "children"),
                Output("drawn-panel", "hidden"),
                Output("drawn", "style"),
                Output("message", "children"),
            ],
            [Input("asked", "data"), Input("look", "data")],
            State("client", "data"),
            prevent_initial_call=True,
        )(self.draw)
        app.callback(
            [Output("far", "children"), Output("sketch", "figure")],
            [Output("sketch", "style"), Output("sketched", "data")],
            [Input("tick", "n_intervals"), Input("cancel", "n_clicks")],
            [State("client", "data"), State("asked", "data"), State("look", "data"), State("sketched", "data")],
            prevent_initial_call=True,
        )(self.report)
        app.callback(
            Output("go", "href"), Input("drawn", "clickData"), State("asked", "data"), prevent_initial_call=True
        )(self.open_run)
        self.register_clientside(app)

    def register_clientside(self, app: Dash) -> None:
        """Connect what the browser does alone."""

        def connect(name: str, outputs: Any, inputs: Any, states: Any = (), **options: Any) -> None:
            app.clientside_callback(ClientsideFunction("latent", name), outputs, inputs, states, **options)

        connect("page", Output("look", "data"), Input("toggle-theme", "n_clicks"))
        connect(
            "hasEnded",
            [
                Output("tick", "disabled"),
                Output("cancel", "disabled"),
                Output("far", "hidden"),
                Output("drawn-panel", "className"),
            ],
            [Input("asked", "data"), Input("ended", "data")],
        )
        connect("showSettings", Output("shown", "data"), Input("asked", "data"), prevent_initial_call=True)
        connect(
            "hasNoSketch",
            Output("sketch-panel", "hidden"),
            [Input("asked", "data"), Input("ended", "data"), Input("sketched", "data")],
        )
        connect(
            "askAgain",
            Output("asked", "data", allow_duplicate=True),
            Input("retry", "n_intervals"),
            [State("asked", "data"), State("ended", "data")],
            prevent_initial_call=True,
        )
        connect("saveFigure", Output("saved", "data"), Input({"save": ALL}, "n_clicks"), prevent_initial_call=True)

    @answered
    def ask(self, path: object, choices: object, selected: object, search: object, asked: object) -> Any:
        """The settings of the address, those that were chosen, or those drawn with runs that were chosen."""
        target = callback_context.triggered_id
        if target == "drawn":
            name, spec = read(asked)
            chosen = runs_in(selected)
            return self.fresh(name, replace(spec, chosen=chosen)) if chosen else no_update
        if target == "choices":
            name, given = chosen_in(asked, choices)
            return self.fresh(name, figure_spec(self.session, name, given))
        name = name_in(path, self.explorer)
        return self.fresh(name, self.spec_of(name, search)) if name else no_update

    def spec_of(self, name: str, search: object) -> FigureSpec:
        """The settings in an address; the paper's where it has none, with sentences about what could not be used."""
        shipped = shipped_figure(name, self.session)
        if not isinstance(search, str) or "model=" not in search:
            return shipped.spec if shipped else figure_spec(self.session, name, {})
        spec, notes = FigureSpec.from_query(search)
        if shipped and shipped.spec == spec:
            return spec
        own = fitted(self.session, spec)
        if own.n_runs < spec.n_runs:
            notes.append(f"{spec.model} has {own.n_runs} memories of every label: there are as many runs.")
        if spec.source == "original" != own.source:
            notes.append("The original images are not here: the runs start from decoded ones.")
        if notes:
            notify(*notes)
        return own if spec.source == "original" else replace(own, source=spec.source)

    def fresh(self, name: str, spec: FigureSpec) -> dict[str, Any]:
        """A question, with what the page shows of its settings."""
        figure, names = figure_of(name), self.session.library.find(spec.model).label_names
        shown = {each: str(getattr(spec, each)) for each in figure.choices}
        return fresh(name, spec) | {"choices": shown, "names": names}

    @answered
    def draw(self, asked: object, look: object, client: object) -> tuple[Any, ...]:
        """The figure and its files."""
        if asked is None:
            raise PreventUpdate
        unchanged, turn = (no_update,) * 6, turn_of(asked)
        try:
            name, spec = read(asked)
            result = self.result(client_of(client), name, spec)
        except SupersededError:
            return *unchanged, no_update
        except BusyError as error:
            set_props("retry", {"interval": pause(asked), "n_intervals": 0, "disabled": False})
            return *unchanged, str(error)
        except LeftError:
            set_props("ended", {"data": turn})
            return *unchanged, "Cancelled."
        except Exception:
            set_props("ended", {"data": turn})
            raise
        set_props("ended", {"data": turn})
        figure = still(draw_figure(self.session.library, name, spec, result, theme_of(look)))
        has_lasso = figure_of(name).has_step
        figure.update_layout(dragmode="lasso" if has_lasso else False)
        style = {"height": height_of(figure)} | ({"--finger": "none"} if has_lasso else {})
        return (
            figure,
            heading_of(figure_of(name)),
            note_of(figure_of(name), spec),
            self.files(name, spec),
            False,
            style,
            "",
        )

    def drawn(self, name: str) -> Response:
        """A figure of the article as plotly's JSON, from its shipped result."""
        try:
            found = shipped_figure(name, self.session)
        except SpecError:
            abort(404)
        except RefusedError as error:
            return Response(str(error), 404, mimetype="text/plain")
        if found is None:
            words = (
                "The result of this figure is not shipped for the models that are here. Change its settings to draw it."
            )
            return Response(words, 404, mimetype="text/plain")
        figure = draw_figure(self.session.library, name, found.spec, found.result(), theme_of(request.args.get("look")))
        return Response(str(to_json_plotly(still(figure))), mimetype="application/json")

    def result(self, client: str, name: str, spec: FigureSpec) -> FigureResult:
        """What a figure is drawn from, computed once for all who ask."""

        def compute(report: Reporter) -> FigureResult:
            return figure_of(name).compute(self.session, spec, report)

        return self.ready(name, spec) or self.computations.ask(asker(client, TOPIC), key_of(name, spec), compute)

    def ready(self, name: str, spec: FigureSpec) -> FigureResult | None:
        """The result of a figure that is shipped with these settings."""
        found = shipped_figure(name, self.session)
        return found.result() if found and found.spec == spec else None

    @answered
    def report(
        self, _: object, cancel: object, client: object, asked: object, look: object, sketched: object
    ) -> tuple[Any, ...]:
        """How far the computation is that somebody waits for, and what is there of it; lets them wait no longer."""
        computations = self.computations
        if callback_context.triggered_id == "cancel" and not computations.leave(client_of(client), TOPIC):
            set_props("retry", {"disabled": True})  # it was to be asked again
            set_props("ended", {"data": turn_of(asked)})
            set_props("message", {"children": "Cancelled."})
        fraction, text = computations.progress(client_of(client), TOPIC) or (0.0, "")
        far = f"{100 * fraction:.0f} % {text}" if text else ""
        if not isinstance(asked, dict):
            return far, no_update, no_update, no_update
        name, spec = read(asked)
        number, begun = computations.partial(client_of(client), TOPIC, key_of(name, spec))
        now = [turn_of(asked), number]
        if begun is None or now == sketched:
            return far, no_update, no_update, no_update
        figure = still(draw_figure(self.session.library, name, spec, begun, theme_of(look)))
        return far, figure, {"height": height_of(figure)}, now

    @answered
    def open_run(self, click: object, asked: object) -> str:
        """The address of the explorer with the run of a cell of a map."""
        name, spec = read(asked)
        try:
            point = click["points"][0]  # type: ignore[index]
            x, y = point["x"], point["y"]
        except (TypeError, KeyError, IndexError) as error:
            raise SpecError("That is no cell of the map. Click on one.") from error
        cell = cell_of(self.session, name, spec, x, y)
        return self.screen(cell.spec, cell.t)

    def screen(self, spec: InferenceSpec, t: int) -> str:
        """The address of the explorer that shows these runs at a step."""
        entry = self.session.library.find(spec.model)
        state = ScreenState(
            dataset=entry.spec.dataset, n_latent=entry.spec.n_latent, model=spec.model, label=spec.label,
            sample=spec.sample, noise=spec.noise, noise_kind=spec.noise_kind, n_runs=spec.n_runs, t=t,
        )  # fmt: skip
        return f"{self.explorer}?{state.to_query()}"

    def files(self, name: str, spec: FigureSpec) -> list[Any]:
        """What can be taken along, and the way to the explorer."""
        links = [
            html.A(
                kind.upper(), href=f"data/{name}.{kind}?{spec.to_query()}", className="button quiet",
                download=f"{name}.{kind}",
            )
            for kind in KINDS
        ]  # fmt: skip
        return [*links, html.A("Open in the explorer", href=self.screen(spec, spec.n_steps))]

    def data(self, name: str, kind: str) -> Response:
        """The numbers of a figure, or its recipe."""
        if name not in FIGURES or kind not in KINDS:
            abort(404)
        try:
            spec, notes = FigureSpec.from_query(request.query_string.decode())
            if notes:
                raise SpecError(notes[0])
            body = self.file(name, kind, spec)
        except BusyError as error:
            return Response(str(error), 503, {"Retry-After": str(AFTER)}, mimetype="text/plain")
        except LeftError:
            return Response("Cancelled.", 503, mimetype="text/plain")
        except RefusedError as error:
            return Response(str(error), 400, mimetype="text/plain")
        named = {"Content-Disposition": f"attachment; filename={name}.{kind}"}
        return Response(body, mimetype=KINDS[kind], headers=named)

    def file(self, name: str, kind: str, spec: FigureSpec) -> bytes | str:
        """The content of a file; all of it takes a while: the digests of the recipe, the numbers, writing them."""

        def write(report: Reporter) -> bytes | str:
            own = recipe(self.session, name, spec)
            if kind == "json":
                return as_json(own)
            figure = figure_of(name)
            result = self.ready(name, spec) or figure.compute(self.session, spec, report)
            arrays = arrays_of(result, figure.result_name)
            with self.computations.turn():
                return as_npz(arrays, own) if kind == "npz" else as_csv_elsewhere(arrays, own, report)

        return self.computations.ask(asker(), f"{kind} {key_of(name, spec)}", write)
