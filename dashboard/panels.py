"""The frames of the views: a title, a note, a plotly graph with a canvas over it. They never change size."""

from typing import Any

import plotly.graph_objects as go
from dash import dcc, html

from core.results import Stage
from dashboard.controls import attributes
from dashboard.figures import POINT_NAMES

GRAPH: Any = {"displayModeBar": False, "showSendToCloud": False, "displaylogo": False, "responsive": True}


def plot_panel(name: str, title: str, description: str, *extra: Any) -> html.Figure:
    """A panel whose axes plotly draws and whose moving part is drawn on a canvas over them.

    Args:
        name: "plane" gives the ids plane-graph, plane-canvas and plane-note.
        title: Heading.
        description: What the picture shows, for screen readers; the note below changes with the data.
        extra: Controls beside the title.
    """
    empty = go.Figure(layout={"xaxis": {"visible": False}, "yaxis": {"visible": False}})
    empty.update_layout(paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)")
    config = GRAPH | {"staticPlot": name == "plane"}  # plotly would take the clicks that choose a run
    graph = dcc.Graph(id=f"{name}-graph", figure=empty, config=config, responsive=True)
    return html.Figure(
        [
            html.Figcaption([html.H2(title), *extra]),
            html.Div(
                [graph, html.Canvas(id=f"{name}-canvas"), html.Div(className="wait", id=f"{name}-wait")],
                className="plot",
                id=f"{name}-plot",
                role="img",
                **attributes(aria_label=description),
            ),
            html.P(id=f"{name}-note", className="note"),
        ],
        className=f"panel {name}-panel",
    )


def big_tile(id: str, text: str) -> html.Div:
    """One large decoded image with a word below."""
    return html.Div([html.Div(className="tile"), html.Span(text)], id=id, className="big")


def strip_panel() -> html.Figure:
    """The decoded images of the highlighted run, one small tile a step."""
    return html.Figure(
        [
            html.Figcaption([html.H2("Decoded images"), html.P(id="run-note", className="note")]),
            html.Div(
                [
                    html.Div([big_tile("tile-clean", "clean"), big_tile("tile-now", "x(0)")], className="pair"),
                    html.Div(id="strip", className="strip", **attributes(aria_hidden="true")),
                    big_tile("tile-concept", "concept"),
                ],
                className="strip-row",
            ),
        ],
        className="panel strip-panel",
    )


def badge() -> html.Div:
    """The stage of the ensemble, the sentence that explains it, and the three minima that it rests on."""
    bars = [
        html.Div(
            [
                html.Span(name, className="name"),
                html.Span(html.I(), className="bar"),
                html.Span("–", className="number"),
            ],
            className=f"minimum point-{i}",
            id=f"minimum-{i}",
        )
        for i, name in enumerate(POINT_NAMES)
    ]
    return html.Div(
        [
            html.Div(
                [html.Span("Stage"), html.Strong("–", id="stage-name"), html.Small(id="stage-rival")],
                id="stage-badge",
                className="stage",
            ),
            html.P("Loading …", id="caption", role="status", **attributes(aria_live="polite")),
            html.Div(bars, className="minima", title="Mean over the runs of the smallest distance to each point"),
        ],
        className="badge",
        **attributes(data_stages=" ".join(Stage)),
    )
