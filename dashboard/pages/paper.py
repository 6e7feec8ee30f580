"""Every figure of the paper, drawn from a model of this machine.

::

    row of a figure --> its settings, as in the paper --> draw --> cache, else compute --> figure and its files
    tick (0.25 s, while something is computed) --> how far it is;  cancel --> it gives up at its next report

A question is an `InferenceSpec`: the recipe of the figure, and the query of its files.
"""

import io
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from dash import ALL, Dash, Input, Output, State, callback_context, dcc, html, no_update
from flask import Response, abort, request

from core import experiments
from core.config import ApproachSpec, InferenceSpec, NoiseSweepSpec, Progress, RefusedError, SpecError, checked, silent
from dashboard import figures
from dashboard.cache import CachedExperiments
from dashboard.controls import ScreenState, attributes
from dashboard.pages import claims
from dashboard.panels import GRAPH
from dashboard.requests import answered
from dashboard.theme import LIGHT, THEMES, Theme

TYPED = ("model", "label", "noise_kind", "noise", "n_runs")
KINDS = {"npz": "application/octet-stream", "csv": "text/csv", "json": "application/json"}
Drawn = tuple[Mapping[str, Any], go.Figure]


class CancelledError(Exception):
    """Somebody pressed Cancel."""


@dataclass(frozen=True)
class Row:
    """A figure of the paper: what it shows in our words, its settings, and how it is made here."""

    number: str
    shows: str
    settings: str
    draw: Callable[["PaperPage", InferenceSpec, Theme, Progress], Drawn]
    label: int = 6
    n_runs: int = 300


class PaperPage:
    """Layout and callbacks of the figures of the paper."""

    def __init__(self, lab: CachedExperiments, explorer: str):
        self.lab, self.explorer = lab, explorer
        self.progress: dict[str, tuple[float, str]] = {}
        self.stopped: set[str] = set()
        self._lock = threading.Lock()

    def layout(self) -> html.Div:
        """The list of figures, the settings, and the place where a figure appears."""
        models = [entry.id for entry in self.lab.library.entries() if not entry.problem]
        cells = [
            html.Tr(
                [
                    html.Th(row.number, scope="row"), html.Td(row.shows), html.Td(row.settings, className="note"),
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
                *(dcc.Store(id=name) for name in ("look", "asked", "saved")),
                dcc.Interval(id="tick", interval=250, disabled=True),
                html.Section([html.H2("Figures"), html.Div(html.Table([head, html.Tbody(cells)]), className="scroll")]),
                form(models),
                drawing(),
                claims.claims_section(self.lab.settings, {name: row.number for name, row in ROWS.items()}),
            ],
            className="models paper",
        )

    def register(self, app: Dash) -> None:
        """Connect the callbacks, and the data of the figures."""
        claims.register(app)
        prefix = app.config.requests_pathname_prefix
        app.server.add_url_rule(f"{prefix}data/<name>.<kind>", "figure_data", self.data)
        app.callback(
            [Output("asked", "data"), *(Output(f"paper-{name}", "value") for name in TYPED)],
            [Input({"draw": ALL}, "n_clicks"), Input("again", "n_clicks")],
            [State("asked", "data"), *(State(f"paper-{name}", "value") for name in TYPED)],
            prevent_initial_call=True,
        )(self.ask)
        app.callback(
            [Output("drawn", "figure"), Output("drawn-title", "children"), Output("files", "children")],
            Output("drawn-panel", "hidden"),
            Input("asked", "data"),
            State("look", "data"),
            running=[(Output("tick", "disabled"), False, True), (Output("cancel", "disabled"), False, True)],
            prevent_initial_call=True,
        )(self.draw)
        app.callback(
            Output("far", "children"),
            [Input("tick", "n_intervals"), Input("cancel", "n_clicks")],
            State("asked", "data"),
            prevent_initial_call=True,
        )(self.report)
        app.clientside_callback(
            "(clicks) => window.latent.page(clicks)", Output("look", "data"), Input("toggle-theme", "n_clicks")
        )
        app.clientside_callback(
            """(clicks) => {
              const format = (window.dash_clientside.callback_context.triggered_id || {}).save;
              const graph = document.querySelector("#drawn .js-plotly-plot");
              if (!clicks.some(Boolean) || !graph) return window.dash_clientside.no_update;
              const { width, height } = graph.getBoundingClientRect();
              window.Plotly.downloadImage(graph, { format, width, height, scale: 3, filename: "figure" });
              return format; }""",
            Output("saved", "data"),
            Input({"save": ALL}, "n_clicks"),
            prevent_initial_call=True,
        )

    @answered
    def ask(self, _: object, again: object, asked: object, *typed: object) -> tuple[Any, ...]:
        """The settings of the paper where a figure was chosen, else those that were typed."""
        target = callback_context.triggered_id
        if not any(each.get("value") for each in callback_context.triggered):
            return (no_update,) * (1 + len(TYPED))
        given: dict[str, object] = dict(zip(TYPED, typed, strict=True))
        if isinstance(target, dict):
            name = str(target.get("draw"))
            row = row_of(name)
            given |= {"label": row.label, "n_runs": row.n_runs, "noise_kind": "invert", "noise": 0.2}
        else:
            name = str(asked.get("figure")) if isinstance(asked, dict) else ""
            row_of(name)
        spec = self.fitted(spec_of(given))
        clicks = again if isinstance(again, int) else 0
        question = {"figure": name, "query": spec.to_query(), "turn": clicks}
        return question, *(str(getattr(spec, name)) for name in TYPED)

    @answered
    def draw(self, asked: object, look: object) -> tuple[Any, ...]:
        """The figure and its files."""
        name, spec = read(asked)
        theme = THEMES.get(look, LIGHT) if isinstance(look, str) else LIGHT
        try:
            _, figure = row_of(name).draw(self, spec, theme, self.reporter(f"{name}?{spec.to_query()}"))
        except CancelledError:
            return no_update, "Cancelled.", no_update, no_update
        title = f"{ROWS[name].number}: {ROWS[name].shows}"
        return figure, title, self.files(name, spec), False

    def report(self, _: object, cancel: object, asked: object) -> str:
        """How far the computation is; notes that it is to stop."""
        name, spec = read(asked)
        key = f"{name}?{spec.to_query()}"
        if callback_context.triggered_id == "cancel":
            with self._lock:
                self.stopped.add(key)
        fraction, text = self.progress.get(key, (0.0, ""))
        return f"{100 * fraction:.0f} % {text}" if text else ""

    def reporter(self, key: str) -> Progress:
        """Progress of a computation, which gives up where somebody cancelled it."""
        self.stopped.discard(key)

        def report(fraction: float, text: str) -> None:
            if len(self.progress) > 1000:
                self.progress.clear()
            self.progress[key] = fraction, text
            if key in self.stopped:
                raise CancelledError

        return report

    def fitted(self, spec: InferenceSpec) -> InferenceSpec:
        """A question within what the model holds, and from the images that are here."""
        held = self.lab.memories(spec.model)
        source = self.lab.source(self.lab.library.find(spec.model).spec.dataset)
        return replace(spec, n_runs=min(spec.n_runs, held), sample=min(spec.sample, held - 1), source=source)

    def files(self, name: str, spec: InferenceSpec) -> list[Any]:
        """What can be taken along, and the way to the explorer."""
        query, entry = spec.to_query(), self.lab.library.find(spec.model)
        screen = ScreenState(
            dataset=entry.spec.dataset, n_latent=entry.spec.n_latent, model=spec.model, label=spec.label,
            noise=spec.noise, noise_kind=spec.noise_kind, n_runs=spec.n_runs,
        )  # fmt: skip
        links = [
            html.A(
                kind.upper(), href=f"data/{name}.{kind}?{query}", className="button quiet", download=f"{name}.{kind}"
            )
            for kind in KINDS
        ]
        return [*links, html.A("Open in the explorer", href=f"{self.explorer}?{screen.to_query()}")]

    def data(self, name: str, kind: str) -> Response:
        """The numbers of a figure, or its recipe."""
        if name not in ROWS or kind not in KINDS:
            abort(404)
        try:
            spec, notes = InferenceSpec.from_query(request.query_string.decode())
            if notes:
                raise SpecError(notes[0])
            recipe = {"figure": ROWS[name].number, "spec": spec.to_dict(), "weights": self.sha(spec.model)}
            arrays = {} if kind == "json" else arrays_of(ROWS[name].draw(self, spec, LIGHT, silent)[0])
        except RefusedError as error:
            return Response(str(error), 400, mimetype="text/plain")
        body = {"npz": as_npz, "csv": as_csv, "json": lambda _, recipe: json.dumps(recipe, indent=2)}[kind](
            arrays, recipe
        )
        named = {"Content-Disposition": f"attachment; filename={name}.{kind}"}
        return Response(body, mimetype=KINDS[kind], headers=named)

    def sha(self, id: str) -> str:
        """SHA-256 of a model's weights."""
        return experiments.open_model(id, self.lab.settings).sha256

    def names(self, spec: InferenceSpec) -> tuple[str, ...]:
        """The labels' names."""
        return tuple(self.lab.library.find(spec.model).label_names)

    def sweep(self, spec: InferenceSpec, label: int, progress: Progress) -> Any:
        """The noise sweep of a label with the settings of a question."""
        asked = NoiseSweepSpec(
            model=spec.model, source=spec.source, noise_kind=spec.noise_kind, n_runs=spec.n_runs, label=label
        )
        return self.lab.noise_sweep(asked, progress)


def row_of(name: str) -> Row:
    """A figure by its name."""
    if name not in ROWS:
        raise SpecError("There is no such figure here. Choose one of the list.")
    return ROWS[name]


def read(asked: object) -> tuple[str, InferenceSpec]:
    """What the page asks for; anyone can send anything."""
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        raise SpecError("The request must name a figure and its settings. Reload the page.")
    spec, notes = InferenceSpec.from_query(asked["query"])
    if notes:
        raise SpecError(notes[0])
    return str(asked.get("figure")), spec


def spec_of(given: Mapping[str, object]) -> InferenceSpec:
    """The question that the form asks."""
    known: dict[str, Any] = {item.name: checked(item) for item in fields(InferenceSpec)}
    return InferenceSpec(**{name: known[name].read(name, str(given[name]).strip()) for name in TYPED})


def arrays_of(results: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of results, by result and field."""
    found: dict[str, np.ndarray] = {}
    for name, result in results.items():
        parts = asdict(result) if is_dataclass(result) and not isinstance(result, type) else {"value": result}
        found |= arrays_of({f"{name}.{key}": part for key, part in parts.items() if isinstance(part, dict)})
        found |= {f"{name}.{key}": np.asarray(part) for key, part in parts.items() if not isinstance(part, dict)}
    return found


def as_npz(arrays: Mapping[str, np.ndarray], recipe: Mapping[str, Any]) -> bytes:
    """All arrays and the recipe in one file."""
    buffer = io.BytesIO()
    named: dict[str, Any] = {"recipe": np.array(json.dumps(recipe)), **arrays}
    np.savez_compressed(buffer, **named)
    return buffer.getvalue()


def as_csv(arrays: Mapping[str, np.ndarray], recipe: Mapping[str, Any]) -> str:
    """One number a line: array, index on each axis, value; the recipe above as a comment."""
    lines = [f"# {json.dumps(recipe)}", "array,index,value"]
    for name, array in arrays.items():
        lines += [f"{name},{' '.join(map(str, index))},{value}" for index, value in np.ndenumerate(array)]
    return "\n".join(lines) + "\n"


def draw_strip(page: PaperPage, spec: InferenceSpec, theme: Theme, progress: Progress) -> Drawn:
    entry, run, space = page.lab.library.find(spec.model), page.lab.run(spec), page.lab.latent_space(spec.model)
    concept, names = space.concept_images[spec.label], [page.names(spec)[spec.label]]
    figure = figures.strip([run], concept[None], theme, names=names, shape=entry.image_shape)
    return {"run": run, "concept_image": concept}, figure


def draw_windows(page: PaperPage, spec: InferenceSpec, theme: Theme, progress: Progress) -> Drawn:
    cloud, space = page.lab.trajectories(spec, progress), page.lab.latent_space(spec.model)
    figure = figures.windows(cloud, space, theme, label=spec.label, names=page.names(spec))
    return {"trajectories": cloud, "space": space}, figure


def approach_of(page: PaperPage, spec: InferenceSpec, metric: str, progress: Progress) -> Any:
    asked = ApproachSpec(
        model=spec.model, source=spec.source, noise_kind=spec.noise_kind, n_runs=spec.n_runs, noise=spec.noise,
        metric=metric,
    )  # fmt: skip
    return page.lab.experiment("approach", asked, experiments.approach_curves, progress)


def draw_approach(metric: str) -> Callable[[PaperPage, InferenceSpec, Theme, Progress], Drawn]:
    def draw(page: PaperPage, spec: InferenceSpec, theme: Theme, progress: Progress) -> Drawn:
        curves = approach_of(page, spec, metric, progress)
        return {"curves": curves}, figures.approach(curves, theme, names=page.names(spec), metric=metric)

    return draw


def draw_all(page: PaperPage, spec: InferenceSpec, theme: Theme, progress: Progress) -> Drawn:
    curves = approach_of(page, spec, "euclidean", progress)
    return {"curves": curves}, figures.all_concepts(curves, theme, names=page.names(spec))


def draw_sweep(picture: Callable[..., go.Figure]) -> Callable[[PaperPage, InferenceSpec, Theme, Progress], Drawn]:
    def draw(page: PaperPage, spec: InferenceSpec, theme: Theme, progress: Progress) -> Drawn:
        sweep = page.sweep(spec, spec.label, progress)
        return {"sweep": sweep}, picture(sweep, theme, label=page.names(spec)[spec.label])

    return draw


def draw_stage_map(page: PaperPage, spec: InferenceSpec, theme: Theme, progress: Progress) -> Drawn:
    names = page.names(spec)
    sweeps = [page.sweep(spec, i, progress) for i in range(len(names))]
    found = {f"sweep_{name}": sweep for name, sweep in zip(names, sweeps, strict=True)}
    return found, figures.stage_map(sweeps, names, theme, rows="label")


def draw_schematic(page: PaperPage, spec: InferenceSpec, theme: Theme, progress: Progress) -> Drawn:
    cloud, space = page.lab.trajectories(replace(spec, basis="fixed"), progress), page.lab.latent_space(spec.model)
    run = page.lab.run(spec)
    figure = figures.schematic(cloud, space, run, theme, label=spec.label, names=page.names(spec))
    return {"trajectories": cloud, "space": space, "run": run}, figure


def draw_geometry(picture: str) -> Callable[[PaperPage, InferenceSpec, Theme, Progress], Drawn]:
    def draw(page: PaperPage, spec: InferenceSpec, theme: Theme, progress: Progress) -> Drawn:
        found, names = experiments.geometry(spec.model, page.lab.settings), page.names(spec)
        figure = {
            "map": lambda: figures.concept_map(found, theme, names=names),
            "ratio": lambda: figures.contribution(found, theme),
            "cosine": lambda: figures.cosine_matrices({spec.model: found}, theme, names=names),
        }[picture]()
        return {"geometry": found}, figure

    return draw


def draw_network(page: PaperPage, spec: InferenceSpec, theme: Theme, progress: Progress) -> Drawn:
    entry = page.lab.library.find(spec.model)
    n_pixels = entry.image_shape[0] * entry.image_shape[1]
    return {"sizes": [n_pixels, entry.spec.n_hidden, entry.spec.n_latent]}, figures.network(entry.spec, n_pixels, theme)


ROWS = {
    "fig1": Row("Fig. 1", "A noisy image step by step, and its concept", "‘6’, p = 0.2", draw_strip),
    "fig2": Row("Fig. 2", "Collective runs in windowed PCA", "‘1’; p and number are ours", draw_windows, label=1),
    "fig3": Row("Fig. 3", "Distance to memory and concept, every label", "300 runs", draw_approach("euclidean")),
    "suppC": Row("Supp. C", "The same in Mahalanobis distance", "300 runs", draw_approach("mahalanobis")),
    "suppF": Row("Supp. F", "Distance to the concepts of all labels", "300 runs", draw_all),
    "fig4a": Row("Fig. 4a", "Minimum distance over p", "‘6’, 500 runs", draw_sweep(figures.stage_chart), 6, 500),
    "fig4b": Row("Fig. 4b", "Step of the minimum over p", "‘6’, 500 runs", draw_sweep(figures.minimum_steps), 6, 500),
    "stages": Row("Map of Fig. 4", "Stages over label and p", "300 runs", draw_stage_map),
    "fig6": Row("Fig. 6", "Memory, concept and abstract concept in the plane", "a drawing", draw_schematic),
    "fig7a": Row("Fig. 7a", "Activity of every latent unit in every concept", "N_z = 100", draw_geometry("map")),
    "fig7b": Row("Fig. 7b", "Variance explained by the leading dimensions", "N_z = 100", draw_geometry("ratio")),
    "suppE": Row("Supp. E", "Cosine similarities of the concepts", "one model", draw_geometry("cosine")),
    "fig10": Row("Fig. 10", "The network and its sizes", "a drawing", draw_network),
}  # fmt: skip


def draw_button(name: str, row: Row) -> html.Button:
    """Draw a figure with the paper's settings."""
    return html.Button("Draw", id={"draw": name}, type="button", **attributes(aria_label=f"Draw {row.number}"))


def form(models: Sequence[str]) -> html.Section:
    """The settings of the figure; choosing a figure sets the paper's."""
    first = "mnist-nz100-seed0" if "mnist-nz100-seed0" in models else next(iter(models), "")
    values = {"model": first, "label": "6", "noise_kind": "invert", "noise": "0.2", "n_runs": "300"}
    titles = dict(zip(TYPED, ("Model", "Label", "Selected pixels", "Noise p", "Runs"), strict=True))
    lists = {"model": models, "noise_kind": ("invert", "permute")}
    options = [html.Datalist([html.Option(value=v) for v in each], id=f"list-{k}") for k, each in lists.items()]
    fields_ = [
        html.Label(
            [
                html.Span(titles[name]),
                dcc.Input(id=f"paper-{name}", type="text", value=values[name], list=f"list-{name}"),
            ],
            className=f"field field-{name}",
        )
        for name in TYPED
    ]  # fmt: skip
    buttons = [
        html.Button("Draw again", id="again", type="button", className="main"),
        html.Button("Cancel", id="cancel", type="button", disabled=True),
        html.Span(id="far", role="status", className="note"),
    ]
    return html.Section([html.H2("Settings"), *options, html.Div([*fields_, *buttons], className="form")])


def drawing() -> html.Section:
    """The figure that was drawn, and its files."""
    saves = [html.Button(kind.upper(), id={"save": kind}, type="button", className="quiet") for kind in ("png", "svg")]
    graph = html.Div(dcc.Graph(id="drawn", config=GRAPH | {"staticPlot": True}), className="canvas")
    files = html.Div([*saves, html.Div(id="files", className="row")], className="row")
    parts = [html.P(id="drawn-title", role="status"), html.Div(graph, className="scroll", tabIndex=0), files]
    return html.Section(parts, id="drawn-panel", hidden=True)
