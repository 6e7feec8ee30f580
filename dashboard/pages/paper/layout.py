"""What the page of the paper looks like: the list of figures, the settings, the place of a figure, the claims."""

import secrets
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from dash import dcc, html

from core.library import Library
from core.paper.figures.figure import Figure
from core.paper.figures.questions import CHOICES
from core.paper.figures.registry import FIGURES
from core.specs import NOISE_KINDS
from dashboard.controls import attributes
from dashboard.pages.paper import claims
from dashboard.panels import GRAPH
from dashboard.terms import terms, terms_once

HEIGHT = 380  # px, of a figure that does not say
CLICK = ". A click on a cell opens its run in the explorer."
LASSO = ". With a mouse, draw a line around some runs at the left to make them one branch."


def paper_layout(library: Library) -> html.Div:
    """The list of figures, the settings, the place where a figure appears, and the claims.

    Args:
        library: The models that figures can be drawn of.
    """
    models = [entry.id for entry in library.entries() if not entry.problem]
    return html.Div(
        [
            *(dcc.Store(id=name) for name in ("look", "ended", "saved", "sketched")),
            dcc.Store(id="asked", storage_type="session"),
            dcc.Store(id="client", storage_type="session", data=secrets.token_hex(8)),
            dcc.Location(id="go", refresh=True),
            dcc.Interval(id="tick", interval=250, disabled=True),
            dcc.Interval(id="retry", max_intervals=1, disabled=True),
            html.Section([html.H2("Figures"), html.Div(figures_table(), className="scroll")]),
            form(models),
            sketching(),
            drawing(),
            claims.claims_section(library, {id: figure.number for id, figure in FIGURES.items()}),
        ],
        className="models paper",
    )


def figures_table() -> html.Table:
    """A row for each figure."""
    mark = terms_once()
    rows = [
        html.Tr(
            [
                html.Th(figure.number, scope="row"),
                html.Td(mark(figure.title)),
                html.Td(mark(figure.settings), className="note"),
                html.Td(draw_button(figure)),
            ]
        )
        for figure in FIGURES.values()
    ]
    names = ("Figure", "What it shows", "Settings", "Live")
    return html.Table([html.Thead(html.Tr([html.Th(name, scope="col") for name in names])), html.Tbody(rows)])


def heading_of(figure: Figure) -> str:
    """What stands above a figure that was drawn, with what can be done in it."""
    return f"{figure.number}: {figure.title}{CLICK if figure.columns else LASSO if figure.has_step else ''}"


def draw_button(figure: Figure) -> html.Button:
    """Draw a figure with the paper's settings."""
    return html.Button("Draw", id={"draw": figure.id}, type="button", **attributes(aria_label=f"Draw {figure.number}"))


def form(models: Sequence[str]) -> html.Section:
    """The settings of the figure; choosing a figure sets the paper's."""
    first = "mnist-nz100-seed0" if "mnist-nz100-seed0" in models else next(iter(models), "")
    values = {"model": first, "label": "6", "noise_kind": "permute", "noise": "0.2", "n_runs": "300", "t": "10"}
    titles = dict(
        zip(CHOICES, ("Model", "Label", "Selected pixels", "Noise p", "Runs", "Step t (Supp. B)"), strict=True)
    )
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
        for name in CHOICES
    ]  # fmt: skip
    buttons = [
        html.Button("Draw again", id="again", type="button", className="main"),
        html.Button("Cancel", id="cancel", type="button", disabled=True),
        html.Span(id="far", role="status", className="note", hidden=True),
        html.Span(id="message", role="status", className="note"),
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


def still(figure: go.Figure) -> go.Figure:
    """The figure without zoom and pan, for a page that scrolls; with a height, which its place on the page takes."""
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    return figure.update_layout(dragmode=False, height=height_of(figure) or HEIGHT)


def height_of(figure: go.Figure) -> int:
    """Of a figure, in pixels."""
    layout: Any = figure.layout
    return layout.height
