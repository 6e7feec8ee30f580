"""What the page of the paper looks like: the article, or one figure with its settings.

The browser shows one of the two by the address (page.js): `/paper/` or `/paper/fig4a?...`.
"""

import secrets
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from dash import dcc, html

from core.library import Library
from core.paper.figures.figure import Figure
from core.specs import N_LABELS, NOISE_KINDS, FigureSpec
from dashboard.captions import SELECTED, STARTS
from dashboard.controls import attributes
from dashboard.pages.paper.movie_panel import movie_panel
from dashboard.panels import GRAPH
from dashboard.terms import terms
from dashboard.translation import translate

HEIGHT = 380  # px, of a figure that does not say
CLICK = "A click on a cell opens its run in the explorer."
LASSO = "With a mouse, draw a line around some runs at the left to make them one branch."
RANGES = {"noise": (0, 1, 0.025), "n_runs": (10, 500, 1), "t": (0, 60, 1)}
"""Of the sliders: least, most, step."""


def paper_layout(article: html.Article, library: Library) -> html.Div:
    """The article, and the place of a single figure.

    Args:
        article: All figures with the paper's settings.
        library: The models that figures can be drawn of.
    """
    models = [entry.id for entry in library.entries() if not entry.problem]
    return html.Div(
        [
            *(dcc.Store(id=name) for name in ("look", "ended", "saved", "sketched", "asked", "choices", "shown")),
            dcc.Store(id="client", data=secrets.token_hex(8)),
            dcc.Location(id="url", refresh=False),
            dcc.Location(id="go", refresh=True),
            dcc.Interval(id="tick", interval=250, disabled=True),
            dcc.Interval(id="retry", max_intervals=1, disabled=True),
            article,
            html.Div([settings(models), sketching(), drawing(), movie_panel()], className="single"),
        ],
        className="models paper",
    )


def heading_of(figure: Figure) -> str:
    """What stands above a figure that was drawn."""
    return f"{figure.number}: {figure.title}"


def note_of(figure: Figure, spec: FigureSpec) -> str:
    """What stands below it, in the language of the page: where its runs start from, and what can be done in it."""
    starts = f"Runs start from {STARTS[spec.source]}." if "noise_kind" in figure.choices else ""
    hint = CLICK if figure.columns else LASSO if figure.has_step else ""
    return translate(f"{starts} {hint}".rstrip())


def settings(models: Sequence[str]) -> html.Section:
    """The settings of the figure; those that change nothing in it are hidden."""
    labels = [(str(i), str(i)) for i in range(N_LABELS)]
    kinds = [(kind, SELECTED[kind]) for kind in NOISE_KINDS]
    fields = [
        field("model", "Model", choice("model", [(id, id) for id in models])),
        field("label", "Label", choice("label", labels)),
        field("noise_kind", "Selected pixels", choice("noise_kind", kinds)),
        field("noise", "Noise p", slider("noise")),
        field("n_runs", "Runs", slider("n_runs")),
        field("t", "Step t of the branches", slider("t")),
    ]
    buttons = [
        html.A("The paper's settings", id="reset", href="", className="button quiet"),
        html.Button("Cancel", id="cancel", type="button", disabled=True),
        html.Span(id="far", role="status", className="note", hidden=True),
        html.Span(id="message", role="status", className="note"),
    ]
    back = html.P(html.A("← The article", id="back", href="."), className="note")
    parts = [back, html.H2(html.Span(id="drawn-title", role="status")), html.Div([*fields, *buttons], className="form")]
    return html.Section(parts, id="settings")


def field(name: str, title: str, control: Any) -> html.Label:
    """A control with its name, and its value where it is a slider."""
    value = [html.Output(**attributes(data_value_of=name))] if name in RANGES else []
    return html.Label([html.Span([*terms(title), " ", *value]), control], className=f"field field-{name}", hidden=True)


def choice(name: str, options: Sequence[tuple[str, str]]) -> html.Select:
    """A list to choose from: values and what they are called."""
    return html.Select(
        [html.Option(title, value=value) for value, title in options],
        id=f"paper-{name}",
        **attributes(data_choice=name),
    )


def slider(name: str) -> html.Span:
    """The place of a slider (settings.js): Dash has no plain one."""
    least, most, step = map(str, RANGES[name])
    return html.Span(**attributes(data_slider=name, data_least=least, data_most=most, data_step=step))


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
    parts = [html.Div(graph, className="scroll", tabIndex=0), html.P(id="drawn-note", className="note"), files]
    return html.Section(parts, id="drawn-panel", hidden=True)


def still(figure: go.Figure, names: Sequence[str] = ()) -> go.Figure:
    """The figure without zoom and pan, for a page that scrolls; with a height, which its place on the page takes.

    Args:
        figure: As it was drawn.
        names: Of the labels, which axes show in the language of the page: a click on a cell names them in English.
    """
    axis: dict[str, Any] = {"fixedrange": True}
    if alias := {name: translate(name) for name in names if translate(name) != name}:
        axis["labelalias"] = alias
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    return figure.update_layout(dragmode=False, height=height_of(figure) or HEIGHT)


def height_of(figure: go.Figure) -> int:
    """Of a figure, in pixels."""
    layout: Any = figure.layout
    return layout.height
