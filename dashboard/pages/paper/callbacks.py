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

from core.computations import BusyError, Computations, LeftError, Reporter, SupersededError
from core.paper.figures.questions import cell_of, figure_spec, fitted
from core.paper.figures.registry import figure_of
from core.paper.results import FigureResult
from core.paper.shipped import shipped_figure
from core.schema import SpecError
from core.session import Session
from core.specs import FigureSpec
from dashboard.drawing import draw_figure
from dashboard.pages.paper import claims
from dashboard.pages.paper.article import article
from dashboard.pages.paper.figure_files import FigureFiles
from dashboard.pages.paper.layout import heading_of, height_of, note_of, paper_layout, still
from dashboard.pages.paper.movie_panel import MoviePanel
from dashboard.pages.paper.questions import chosen_in, client_of, fresh, key_of, name_in, pause, read, runs_in, turn_of
from dashboard.pages.paper.sections import SECTIONS
from dashboard.requests import answered, asker, notify
from dashboard.theme import theme_of
from dashboard.translation import translate

TOPIC = "figure"  # a session waits for one figure at a time


class PaperPage:
    """Layout and callbacks of the figures of the paper; Args as `FigureFiles`."""

    def __init__(self, session: Session, computations: Computations, explorer: str):
        self.session, self.computations, self.explorer = session, computations, explorer
        self.files = FigureFiles(session, computations, explorer)

    def layout(self) -> html.Div:
        """The page."""
        tables, missing = claims.stored_tables(self.session.library)
        shipped = {caption.id: self.files.links(caption.id) for section in SECTIONS for caption in section.figures}
        content = article(tables, claims.scoreboard(tables, missing), shipped)
        return paper_layout(content, self.session.library)

    def register(self, app: Dash) -> None:
        """Connect the callbacks, the pictures of the article and the data of the figures."""
        self.files.register(app.server, app.config.routes_pathname_prefix)
        app.callback(
            Output("asked", "data"),
            [Input("url", "pathname"), Input("choices", "data"), Input("drawn", "selectedData")],
            [State("url", "search"), State("asked", "data")],
            prevent_initial_call="initial_duplicate",
        )(self.new_question)
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
            Input("tick", "n_intervals"),
            [State("client", "data"), State("asked", "data"), State("look", "data"), State("sketched", "data")],
            prevent_initial_call=True,
        )(self.report)
        # a callback of its own: Dash would make one call of a press and a tick that come together, named after the tick
        app.callback(
            Output("ended", "data"),
            Input("cancel", "n_clicks"),
            [State("client", "data"), State("asked", "data")],
            prevent_initial_call=True,
        )(self.cancel)
        app.callback(
            Output("go", "href"), Input("drawn", "clickData"), State("asked", "data"), prevent_initial_call=True
        )(self.open_run)
        MoviePanel(self.files.movies).register(app)
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
    def new_question(self, path: object, choices: object, selected: object, search: object, current: object) -> Any:
        """The settings of the address, those that were chosen, or those drawn with runs that were chosen."""
        target = callback_context.triggered_id
        if target == "drawn":
            name, spec = read(current)
            chosen = runs_in(selected)
            return self.fresh(name, replace(spec, chosen=chosen)) if chosen else no_update
        if target == "choices":
            name, given = chosen_in(current, choices)
            return self.fresh(name, figure_spec(self.session, name, given))
        name = name_in(path, self.explorer)
        return self.fresh(name, self.spec_of(name, search)) if name else no_update

    def spec_of(self, name: str, search: object) -> FigureSpec:
        """The settings in an address; the paper's where it has none, with sentences about what could not be used."""
        shipped, words = shipped_figure(name, self.session), search.lstrip("?") if isinstance(search, str) else ""
        papers = shipped.spec if shipped else figure_spec(self.session, name, {})
        # a link of this page names the model, and leaves defaults out; one written by hand changes the paper's settings
        spec, notes = FigureSpec.from_query(words if "model=" in words else f"{papers.to_query()}&{words}")
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
        figure, names = figure_of(name), [translate(of) for of in self.session.library.entry(spec.model).label_names]
        shown = {choice: str(getattr(spec, choice)) for choice in figure.choices}
        return fresh(name, spec) | {"choices": shown, "names": names}

    @answered
    def draw(self, question: object, look: object, client: object) -> tuple[Any, ...]:
        """The figure and its files."""
        if question is None:
            raise PreventUpdate
        unchanged, turn = (no_update,) * 6, turn_of(question)
        try:
            name, spec = read(question)
            result = self.result(client_of(client), name, spec)
        except SupersededError:
            return *unchanged, no_update
        except BusyError as error:
            set_props("retry", {"interval": pause(question), "n_intervals": 0, "disabled": False})
            return *unchanged, translate(str(error))
        except LeftError:
            set_props("ended", {"data": turn})
            return *unchanged, translate("Cancelled.")
        except Exception:
            set_props("ended", {"data": turn})
            raise
        set_props("ended", {"data": turn})
        figure = self.drawn(name, spec, result, look)
        has_lasso = figure_of(name).has_step
        figure.update_layout(dragmode="lasso" if has_lasso else False)
        style = {"height": height_of(figure)} | ({"--finger": "none"} if has_lasso else {})
        return (
            figure,
            translate(heading_of(figure_of(name))),
            note_of(figure_of(name), spec),
            self.files.row(name, spec),
            False,
            style,
            "",
        )

    def result(self, client: str, name: str, spec: FigureSpec) -> FigureResult:
        """What a figure is drawn from, computed once for all who ask."""

        def compute(report: Reporter) -> FigureResult:
            return figure_of(name).compute(self.session, spec, report)

        return self.files.ready(name, spec) or self.computations.wait_for(
            asker(client, TOPIC), key_of(name, spec), compute
        )

    @answered
    def cancel(self, _: object, client: object, question: object) -> str:
        """Let somebody wait no longer; what was waited for says so itself."""
        if self.computations.leave(client_of(client), TOPIC):
            raise PreventUpdate
        set_props("retry", {"disabled": True})  # it was to be asked again
        set_props("message", {"children": translate("Cancelled.")})
        return turn_of(question)

    @answered
    def report(self, _: object, client: object, question: object, look: object, sketched: object) -> tuple[Any, ...]:
        """How far the computation is that somebody waits for, and what is there of it."""
        computations = self.computations
        fraction, text = computations.progress(client_of(client), TOPIC) or (0.0, "")
        far = f"{100 * fraction:.0f} % {translate(text)}" if text else ""
        if not isinstance(question, dict):
            return far, no_update, no_update, no_update
        name, spec = read(question)
        number, begun = computations.partial(client_of(client), TOPIC, key_of(name, spec))
        now = [turn_of(question), number]
        if begun is None or now == sketched:
            return far, no_update, no_update, no_update
        figure = self.drawn(name, spec, begun, look)
        return far, figure, {"height": height_of(figure)}, now

    def drawn(self, name: str, spec: FigureSpec, result: FigureResult, look: object) -> Any:
        """The picture of a result, complete or begun."""
        names = self.session.library.entry(spec.model).label_names
        return still(draw_figure(self.session.library, name, spec, result, theme_of(look)), names)

    @answered
    def open_run(self, click: object, question: object) -> str:
        """The address of the explorer with the run of a cell of a map."""
        name, spec = read(question)
        try:
            point = click["points"][0]  # type: ignore[index]
            x, y = point["x"], point["y"]
        except (TypeError, KeyError, IndexError) as error:
            raise SpecError("That is no cell of the map. Click on one.") from error
        cell = cell_of(self.session, name, spec, x, y)
        return self.files.screen(cell.spec, cell.t)
