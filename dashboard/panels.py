"""The parts of the explorer: the settings, the views (plotly's axes with a canvas over them), the clock's buttons.

None of them ever changes its size.
"""

from typing import Any

import plotly.graph_objects as go
from dash import dcc, html

from core.results import Stage
from dashboard import controls
from dashboard.controls import attributes
from dashboard.figures import POINT_NAMES
from dashboard.theme import TITLES

GRID = 0.025  # the step of the p slider: the grid of the shipped sweeps
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


def rail() -> html.Section:
    """The settings."""
    seed = [
        controls.number("seed", "Seed of the noise", 0, 2**31 - 1),
        html.Button("New noise", id="new-noise", type="button", className="quiet"),
    ]
    more = html.Details(
        [
            html.Summary("More settings"),
            html.Div(seed, className="row"),
            controls.slider("n_runs", "Runs", 10, 500, 10),
            controls.slider("n_steps", "Steps T", 5, 200, 5),
            controls.choices(
                "basis", "Axes of the plane", {"windowed": "windowed", "rotated": "rotated", "fixed": "fixed"}
            ),
            controls.slider("window", "Window of the PCA, steps", 0, 30, 1),
            html.Div(
                [
                    html.Label("Train a model with N_z =", htmlFor="train-n"),
                    html.Div(id="train-n-place"),
                    html.Button("Ask", id="train-ask", type="button", className="quiet"),
                ],
                className="row train acts",
            ),
            html.P(id="model-card", className="note"),
        ]
    )
    widgets = [
        controls.choices("dataset", "Data set", TITLES),
        controls.choices("label", "Start from images of", {str(i): "" for i in range(10)}, class_name="tiles"),
        controls.number("sample", "Highlighted image", 0, 499),
        controls.slider("noise", "Noise p", 0, 1, GRID, class_name="prominent"),
        controls.choices("noise_kind", "Selected pixels are", {"permute": "permuted", "invert": "inverted"}),
        controls.steps("n_latent", "Latent units N_z"),
        controls.choices("beta", "Weight β of the KL term", {}),
        controls.choices("model", "Model", {}),
        controls.choices("source", "Images", {"original": "original", "decoded": "decoded"}),
        html.Div(
            [
                html.P(id="images-note", className="note"),
                html.Button("Fetch the original images", id="fetch", type="button", className="quiet acts"),
            ],
            id="fetch-row",
        ),
        more,
    ]
    close = html.Button("Done", id="close-rail", type="button", className="quiet phone")
    return html.Section([*widgets, close], className="rail", id="rail", **attributes(aria_label="Settings"))


def views() -> html.Section:
    """The panels."""
    switch = controls.choices(
        "curves", "Curves", {"points": "three points", "all": "all ten concepts"}, class_name="small"
    )
    return html.Section(
        [
            badge(),
            plot_panel("plane", "Latent plane", "Runs as dots with trails on two principal axes, concepts as markers"),
            plot_panel("curves", "Distance over time", "Mean distance of the runs to memory and concepts", switch),
            plot_panel("stage", "Stages over noise p", "Minimum distances over p, stages I, II and III as bands"),
            strip_panel(),
        ],
        className="panels",
        **attributes(aria_label="Views"),
    )


def transport() -> html.Section:
    """The clock's buttons."""

    def button(id: str, label: str, glyph: str, class_name: str = "") -> html.Button:
        return html.Button(
            glyph, id=id, type="button", title=label, className=class_name, **attributes(aria_label=label)
        )

    return html.Section(
        [
            button("open-rail", "Settings", "☰", "phone"),
            button("back", "One step back", "‹"),
            button("play", "Play", "▶", "play"),
            button("forward", "One step forward", "›"),
            button("replay", "Replay from the start", "↺"),
            html.Div(
                [html.Div(id="scrubber"), html.Div(id="ticks", **attributes(aria_hidden="true"))], className="scrub"
            ),
            html.Span("t = 0", id="clock"),
            controls.choices(
                "speed", "Speed", {s: f"{s}×" for s in ("0.25", "0.5", "1", "2", "4")}, class_name="small"
            ),
        ],
        className="transport",
        **attributes(aria_label="Time"),
    )
