"""Every figure of the paper, drawn from a model of this machine.

::

    row of a figure --> its settings, as in the paper --> asked --> draw (computed once) --> figure, files
    busy --> said beside the buttons, and asked again after a while (retry), while it is the newest question
    tick (0.25 s, until `ended` is the turn of `asked`) --> how far it is;  cancel --> this person waits no longer
    theme --> the same figure in other colours;  click on a cell of a map --> that run in the explorer
    line around runs (Supp. B) --> asked: these runs are one branch, the others the other one

A question is a `FigureSpec`: the recipe of the figure, and the query of its files. `asked` and `person` live in the
browser's session: after a reload the page asks again, and joins what is still being computed.
"""

import random
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, callback_context, dcc, html, no_update, set_props
from dash.exceptions import PreventUpdate
from flask import Response, abort, request

from core.computations import BusyError, LeftError, Reporter, SupersededError
from core.schema import RefusedError, SpecError
from core.specs import NOISE_KINDS, FigureSpec, InferenceSpec
from dashboard import catalogue
from dashboard.catalogue import ROWS, TYPED, Row, row_of
from dashboard.controls import ScreenState, attributes
from dashboard.experiments import Experiments
from dashboard.files import arrays_of, as_csv_elsewhere, as_json, as_npz
from dashboard.pages import claims
from dashboard.panels import GRAPH
from dashboard.requests import answered, asker
from dashboard.terms import terms, terms_once
from dashboard.theme import theme_of

TOPIC = "figure"  # a session waits for one figure at a time
KINDS = {"npz": "application/octet-stream", "csv": "text/csv", "json": "application/json"}
AFTER = 5  # s after which a file may be asked for again
HEIGHT = 380  # px, of a figure that does not say
CLICK = ". A click on a cell opens its run in the explorer."
LASSO = ". With a mouse, draw a line around some runs at the left to make them one branch."


class PaperPage:
    """Layout and callbacks of the figures of the paper."""

    def __init__(self, lab: Experiments, explorer: str):
        self.lab, self.explorer = lab, explorer

    def layout(self) -> html.Div:
        """The list of figures, the settings, and the place where a figure appears."""
        models = [entry.id for entry in self.lab.library.entries() if not entry.problem]
        mark = terms_once()
        cells = [
            html.Tr(
                [
                    html.Th(row.number, scope="row"), html.Td(mark(row.shows)),
                    html.Td(mark(row.settings), className="note"),
                    html.Td(draw_button(name, row)),
                ]
            )
            for name, row in ROWS.items()
        ]  # fmt: skip
        head = html.Thead(
            html.Tr([html.Th(word, scope="col") for word in ("Figure", "What it shows", "Settings", "Live")])
        )
        return html.Div(
            [
                *(dcc.Store(id=name) for name in ("look", "ended", "saved", "sketched")),
                dcc.Store(id="asked", storage_type="session"),
                dcc.Store(id="person", storage_type="session", data=secrets.token_hex(8)),
                dcc.Location(id="go", refresh=True),
                dcc.Interval(id="tick", interval=250, disabled=True),
                dcc.Interval(id="retry", max_intervals=1, disabled=True),
                html.Section([html.H2("Figures"), html.Div(html.Table([head, html.Tbody(cells)]), className="scroll")]),
                form(models),
                sketching(),
                drawing(),
                claims.claims_section(self.lab.library, {name: row.number for name, row in ROWS.items()}),
            ],
            className="models paper",
        )

    def register(self, app: Dash) -> None:
        """Connect the callbacks, and the data of the figures."""
        claims.register(app)
        prefix = app.config.routes_pathname_prefix
        app.server.add_url_rule(f"{prefix}data/<name>.<kind>", "figure_data", self.data)
        app.callback(
            [Output("asked", "data"), *(Output(f"paper-{name}", "value") for name in TYPED)],
            [Input({"draw": ALL}, "n_clicks"), Input("again", "n_clicks"), Input("drawn", "selectedData")],
            [State("asked", "data"), *(State(f"paper-{name}", "value") for name in TYPED)],
            prevent_initial_call=True,
        )(self.ask)
        app.callback(
            [Output("drawn", "figure"), Output("drawn-title", "children"), Output("files", "children")],
            [Output("drawn-panel", "hidden"), Output("drawn", "style"), Output("said", "children")],
            [Input("asked", "data"), Input("look", "data")],
            State("person", "data"),
            prevent_initial_call=True,
        )(self.draw)
        app.callback(
            [Output("far", "children"), Output("sketch", "figure")],
            [Output("sketch", "style"), Output("sketched", "data")],
            [Input("tick", "n_intervals"), Input("cancel", "n_clicks")],
            [State("person", "data"), State("asked", "data"), State("look", "data"), State("sketched", "data")],
            prevent_initial_call=True,
        )(self.report)
        app.callback(
            Output("go", "href"), Input("drawn", "clickData"), State("asked", "data"), prevent_initial_call=True
        )(self.open_run)
        app.clientside_callback(
            ClientsideFunction("latent", "page"), Output("look", "data"), Input("toggle-theme", "n_clicks")
        )
        app.clientside_callback(
            ClientsideFunction("latent", "hasEnded"),
            [Output("tick", "disabled"), Output("cancel", "disabled"), Output("far", "hidden")],
            [Input("asked", "data"), Input("ended", "data")],
        )
        app.clientside_callback(
            ClientsideFunction("latent", "hasNoSketch"),
            Output("sketch-panel", "hidden"),
            [Input("asked", "data"), Input("ended", "data"), Input("sketched", "data")],
        )
        app.clientside_callback(
            ClientsideFunction("latent", "askAgain"),
            Output("asked", "data", allow_duplicate=True),
            Input("retry", "n_intervals"),
            [State("asked", "data"), State("ended", "data")],
            prevent_initial_call=True,
        )
        app.clientside_callback(
            ClientsideFunction("latent", "scrollToFigure"), Input({"draw": ALL}, "n_clicks"), prevent_initial_call=True
        )
        app.clientside_callback(
            ClientsideFunction("latent", "saveFigure"),
            Output("saved", "data"),
            Input({"save": ALL}, "n_clicks"),
            prevent_initial_call=True,
        )

    @answered
    def ask(self, _: object, again: object, selected: object, asked: object, *typed: object) -> tuple[Any, ...]:
        """The settings of the paper where a figure was chosen, those drawn with runs that were, else those typed."""
        target, nothing = callback_context.triggered_id, (no_update,) * (1 + len(TYPED))
        if not any(each.get("value") for each in callback_context.triggered):
            return nothing
        if target == "drawn":
            name, spec = read(asked)
            chosen = runs_in(selected)
            return (fresh(name, replace(spec, chosen=chosen)), *nothing[1:]) if chosen else nothing
        given = {name: str(value) for name, value in zip(TYPED, typed, strict=True)}
        if isinstance(target, dict):
            name = str(target.get("draw"))
            spec = catalogue.question(self.lab, name, {"model": given["model"]})
        else:
            name = str(asked.get("figure")) if isinstance(asked, dict) else ""
            spec = catalogue.question(self.lab, name, given)
        # a figure of another data set leaves the model of the others alone
        return fresh(name, spec), given["model"], *(str(getattr(spec, name)) for name in TYPED[1:])

    @answered
    def draw(self, asked: object, look: object, person: object) -> tuple[Any, ...]:
        """The figure and its files."""
        if asked is None:
            raise PreventUpdate
        unchanged, turn = (no_update,) * 5, turn_of(asked)
        try:
            name, spec = read(asked)
            row = row_of(name)
            results = self.results(who(person), name, spec)
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
        figure = still(catalogue.draw(self.lab, name, spec, results, theme_of(look)))
        figure.update_layout(dragmode="lasso" if row.has_step else False)
        title = f"{row.number}: {row.shows}{CLICK if row.columns else LASSO if row.has_step else ''}"
        style = {"height": height_of(figure)} | ({"--finger": "none"} if row.has_step else {})
        return figure, title, self.files(name, spec), False, style, ""

    def results(self, person: str, name: str, spec: FigureSpec) -> catalogue.Results:
        """What a figure is drawn from, computed once for all who ask."""

        def compute(report: Reporter) -> catalogue.Results:
            return row_of(name).results(self.lab, spec, report)

        return self.lab.computations.ask(asker(person, TOPIC), key_of(name, spec), compute)

    @answered
    def report(
        self, _: object, cancel: object, person: object, asked: object, look: object, sketched: object
    ) -> tuple[Any, ...]:
        """How far the computation is that somebody waits for, and what is there of it; lets them wait no longer."""
        computations = self.lab.computations
        if callback_context.triggered_id == "cancel" and not computations.leave(who(person), TOPIC):
            set_props("retry", {"disabled": True})  # it was to be asked again
            set_props("ended", {"data": turn_of(asked)})
            set_props("said", {"children": "Cancelled."})
        fraction, text = computations.progress(who(person), TOPIC) or (0.0, "")
        far = f"{100 * fraction:.0f} % {text}" if text else ""
        if not isinstance(asked, dict):
            return far, no_update, no_update, no_update
        name, spec = read(asked)
        number, piece = computations.partial(who(person), TOPIC, key_of(name, spec))
        now = [turn_of(asked), number]
        if piece is None or now == sketched:
            return far, no_update, no_update, no_update
        figure = still(catalogue.draw(self.lab, name, spec, piece, theme_of(look)))
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
        return self.screen(*catalogue.run_of(self.lab, name, spec, x, y))

    def screen(self, spec: InferenceSpec, t: int) -> str:
        """The address of the explorer that shows these runs at a step."""
        entry = self.lab.library.find(spec.model)
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
        if name not in ROWS or kind not in KINDS:
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
            recipe = catalogue.recipe(self.lab, name, spec)
            if kind == "json":
                return as_json(recipe)
            arrays = arrays_of(row_of(name).results(self.lab, spec, report))
            with self.lab.computations.turn():
                return as_npz(arrays, recipe) if kind == "npz" else as_csv_elsewhere(arrays, recipe, report)

        return self.lab.computations.ask(asker(), f"{kind} {key_of(name, spec)}", write)


def pause(asked: object) -> int:
    """How long a question that found the server busy waits before it is asked again, ms: the longer, the oftener."""
    tries = asked.get("tries") if isinstance(asked, dict) else 0
    tries = min(tries, 5) if type(tries) is int and tries > 0 else 0
    return int(1000 * 1.6**tries * random.uniform(0.75, 1.25))  # not all at the same moment


def read(asked: object) -> tuple[str, FigureSpec]:
    """What the page asks for; anyone can send anything."""
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        raise SpecError("The request must name a figure and its settings. Reload the page.")
    spec, notes = FigureSpec.from_query(asked["query"])
    if notes:
        raise SpecError(notes[0])
    return str(asked.get("figure")), spec


def fresh(name: str, spec: FigureSpec) -> dict[str, str]:
    """A question; equal ones that are asked twice differ."""
    return {"figure": name, "query": spec.to_query(), "turn": secrets.token_hex(4)}


def turn_of(asked: object) -> str:
    """Which question it is; it goes back to the page, so only a short word is taken."""
    turn = asked.get("turn") if isinstance(asked, dict) else None
    if not isinstance(turn, str) or not re.fullmatch(r"[0-9a-z]{1,16}", turn):
        raise SpecError("The request must say which question it is. Reload the page.")
    return turn


def runs_in(selected: object) -> tuple[int, ...]:
    """The runs within a line that was drawn; none where it was drawn around other marks."""
    points = selected.get("points") if isinstance(selected, dict) else None
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        raise SpecError("The line must be around points of the figure. Draw it again.")
    found = {point.get("customdata") for point in points if isinstance(point.get("customdata"), int)}
    return tuple(sorted(found))


def key_of(name: str, spec: FigureSpec) -> str:
    """Equal questions are one computation."""
    return f"{name}?{spec.to_query()}"


def who(person: object) -> str:
    """Who asks."""
    if not isinstance(person, str) or not 1 <= len(person) <= 64:
        raise SpecError("The request must say who asks. Reload the page.")
    return person


def height_of(figure: go.Figure) -> int:
    """Of a figure, in pixels."""
    layout: Any = figure.layout
    return layout.height


def still(figure: go.Figure) -> go.Figure:
    """The figure without zoom and pan, for a page that scrolls; with a height, which its place on the page takes."""
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    return figure.update_layout(dragmode=False, height=height_of(figure) or HEIGHT)


def draw_button(name: str, row: Row) -> html.Button:
    """Draw a figure with the paper's settings."""
    return html.Button("Draw", id={"draw": name}, type="button", **attributes(aria_label=f"Draw {row.number}"))


def form(models: Sequence[str]) -> html.Section:
    """The settings of the figure; choosing a figure sets the paper's."""
    first = "mnist-nz100-seed0" if "mnist-nz100-seed0" in models else next(iter(models), "")
    values = {"model": first, "label": "6", "noise_kind": "permute", "noise": "0.2", "n_runs": "300", "t": "10"}
    titles = dict(zip(TYPED, ("Model", "Label", "Selected pixels", "Noise p", "Runs", "Step t (Supp. B)"), strict=True))
    lists = {"model": models, "noise_kind": NOISE_KINDS}
    options = [html.Datalist([html.Option(value=v) for v in each], id=f"list-{k}") for k, each in lists.items()]
    fields_ = [
        html.Label(
            [
                html.Span(terms(titles[name])),
                dcc.Input(id=f"paper-{name}", type="text", value=values[name], list=f"list-{name}"),
            ],
            className=f"field field-{name}",
        )
        for name in TYPED
    ]  # fmt: skip
    buttons = [
        html.Button("Draw again", id="again", type="button", className="main"),
        html.Button("Cancel", id="cancel", type="button", disabled=True),
        html.Span(id="far", role="status", className="note", hidden=True),
        html.Span(id="said", role="status", className="note"),
    ]
    return html.Section(
        [html.H2("Settings"), *options, html.Div([*fields_, *buttons], className="form")], id="settings"
    )


def sketching() -> html.Section:
    """What is there so far of a figure that is being computed."""
    graph = html.Div(dcc.Graph(id="sketch", config=GRAPH | {"staticPlot": True}), className="canvas")
    parts = [html.P("So far:", className="note"), html.Div(graph, className="scroll", tabIndex=0)]
    return html.Section(parts, id="sketch-panel", hidden=True)


def drawing() -> html.Section:
    """The figure that was drawn, and its files."""
    saves = [html.Button(kind.upper(), id={"save": kind}, type="button", className="quiet") for kind in ("png", "svg")]
    graph = html.Div(dcc.Graph(id="drawn", config=GRAPH), className="canvas")
    files = html.Div([*saves, html.Div(id="files", className="row")], className="row")
    parts = [html.P(id="drawn-title", role="status"), html.Div(graph, className="scroll", tabIndex=0), files]
    return html.Section(parts, id="drawn-panel", hidden=True)
