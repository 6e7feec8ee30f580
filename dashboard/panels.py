"""The parts of the explorer: the settings, the views (plotly's axes with a canvas over them), the clock's buttons.

None of them ever changes its size.
"""

from typing import Any

from dash import html

from core.panel_data import FILES
from core.results import Stage
from dashboard import controls
from dashboard.controls import attributes
from dashboard.drawing_pad import damage_menu, own_row
from dashboard.figures import POINT_NAMES
from dashboard.first_minute import presets
from dashboard.presenter import presenter_bar
from dashboard.save_menu import panel_menu
from dashboard.terms import terms
from dashboard.theme import TITLES

NOISE_NAMES = {"permute": "permuted", "invert": "inverted", "salt": "black/white"}
GRID = 0.025  # the step of the p slider: the grid of the shipped sweeps
GRAPH: Any = {"displayModeBar": False, "showSendToCloud": False, "displaylogo": False, "responsive": True}


def plot_panel(name: str, title: str, description: str, *extra: Any, keys: str = "") -> html.Figure:
    """A panel whose axes plotly draws and whose moving part is drawn on a canvas over them.

    Args:
        name: "plane" gives the ids plane-graph, plane-canvas and plane-note.
        title: Heading.
        description: What the picture shows, for screen readers; the note below changes with the data.
        extra: Controls beside the title.
        keys: What the arrow keys do here, besides moving t; a panel that needs none is no stop of the tab key.
    """
    menu = panel_menu(name, title, FILES[name])
    stop = {"tabIndex": 0, **attributes(aria_keyshortcuts=keys)} if keys else {}
    return html.Figure(
        [
            html.Figcaption([html.H2(terms(title)), *(extra or [menu])]),
            html.Div(
                [
                    html.Div(id=f"{name}-graph", className="graph"),
                    html.Canvas(id=f"{name}-canvas"),
                    html.Div(className="wait", id=f"{name}-wait", **attributes(data_waits="Following the runs …")),
                ],
                className="plot",
                id=f"{name}-plot",
                role="img",
                **stop,
                **attributes(aria_label=description, aria_describedby=f"{name}-note"),
            ),
            *([menu] if extra else []),  # beside the title is no room for both
            html.P(id=f"{name}-note", className="note"),
        ],
        className=f"panel {name}-panel",
    )


def big_tile(id: str, text: str) -> html.Div:
    """One large decoded image with a word below."""
    picture = html.Div(className="tile") if id == "tile-concept" else html.Canvas(className="tile")
    return html.Div([picture, html.Span(text)], id=id, className="big")


def strip_panel() -> html.Figure:
    """The decoded images of the highlighted run, one small tile a step."""
    return html.Figure(
        [
            html.Figcaption(
                [
                    html.H2(terms("Decoded images")),
                    damage_menu(),
                    panel_menu("strip", "Decoded images", FILES["strip"]),
                    html.P(id="run-note", className="note"),
                ]
            ),
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
                html.Span(terms(name), className="name"),
                html.Span([html.B(), html.I()], className="bar"),
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
                [html.Span(terms("Stage")), html.Strong("–", id="stage-name"), html.Small(id="stage-runner-up")],
                id="stage-badge",
                className="stage",
            ),
            html.Div(
                [
                    html.P("Loading …", id="caption", role="status", **attributes(aria_live="polite")),
                    html.P(id="caption-now"),
                ],
                className="captions",
            ),
            html.Div(
                [html.P("Smallest distance, mean over the runs; bars: 2 SEM of the difference from the least"), *bars],
                className="minima",
            ),
        ],
        className="badge",
        **attributes(data_stages=" ".join(Stage)),
    )


def more_settings() -> html.Details:
    """The settings that few change."""
    seed = [
        controls.number("seed", "Seed of the noise", 0, 2**31 - 1),
        html.Button("New noise", id="new-noise", type="button", className="quiet"),
    ]
    return html.Details(
        [
            html.Summary("More settings"),
            html.Div(seed, className="row"),
            controls.slider("n_runs", "Runs", 10, 500, 10),
            controls.slider("n_steps", "Steps T", 5, 200, 5),
            controls.choices(
                "basis",
                "Axes of the PCA plane",
                {"fixed": "fixed", "windowed": "windowed PCA", "rotated": "windowed, turned"},
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


def sidebar() -> html.Section:
    """The settings."""
    widgets = [
        controls.choices("dataset", "Data set", TITLES),
        controls.choices("label", "Start from images of", {str(i): "" for i in range(10)}, class_name="tiles"),
        controls.number("sample", "Highlighted image", 0, 499),
        html.Div(
            [
                html.Button("At random", id="random-sample", type="button", className="quiet"),
                html.Button(
                    "By its picture",
                    id="open-gallery",
                    type="button",
                    className="quiet",
                    **attributes(aria_expanded="false", aria_controls="gallery-images"),
                ),
                html.Button("Draw or cover", id="open-drawing", type="button", className="quiet"),
            ],
            className="row sample-buttons",
        ),
        own_row(),
        html.Div(id="gallery-images", role="group", hidden=True, **attributes(aria_label="Images of this label")),
        controls.slider("noise", "Noise p", 0, 1, GRID, presets(), class_name="prominent"),
        controls.choices("noise_kind", "Selected pixels are", NOISE_NAMES, class_name="dense"),
        controls.steps("n_latent", "Latent units N_z"),
        controls.choices("beta", "Weight β of the KL term", {}),
        controls.choices("model", "Model", {}),
        controls.ages("Epochs of training"),
        controls.choices("source", "Images", {"original": "original", "decoded": "decoded"}),
        html.Div(
            [
                html.P(id="images-note", className="note"),
                html.Button("Fetch the original images", id="fetch", type="button", className="quiet acts"),
            ],
            id="fetch-row",
        ),
        more_settings(),
    ]
    close = html.Button("Done", id="close-sidebar", type="button", className="quiet phone")
    return html.Section([*widgets, close], className="sidebar", id="sidebar", **attributes(aria_label="Settings"))


def views() -> html.Section:
    """The panels."""
    switch = controls.choices("curves", "Curves", {"points": "landmarks", "all": "all concepts"}, class_name="small")
    view = controls.choices("view", "Plane", {"landmark": "landmark plane", "plane": "PCA plane"}, class_name="small")
    return html.Section(
        [
            badge(),
            html.Div(view, className="view-switch phone"),
            plot_panel(
                "landmark",
                "Landmark plane",
                "Runs as dots in the plane of memory, concept and abstract concept, in the colour of the nearest one",
                keys="ArrowUp ArrowDown",
            ),
            plot_panel(
                "plane",
                "PCA plane",
                "Runs as dots on two principal axes, in the colour of the nearest landmark, concepts as markers",
                keys="ArrowUp ArrowDown",
            ),
            html.Div(
                [
                    plot_panel("nearest", "Nearest now", "Shares of the runs nearest to each landmark, stacked over t"),
                    plot_panel(
                        "curves", "Distance over time", "Mean distance of the runs to memory and concepts", switch
                    ),
                ],
                className="over-time",
            ),
            strip_panel(),
            plot_panel(
                "stage",
                "Stages over noise p",
                "Minimum distances over p, stages I, II and III as bands; the arrow keys move p",
                keys="ArrowLeft ArrowRight",
            ),
        ],
        className="panels",
        **attributes(aria_label="Views", data_view=controls.ScreenState().view),
    )


def playback_bar() -> html.Section:
    """The clock's buttons."""

    def button(id: str, label: str, glyph: str, class_name: str = "") -> html.Button:
        return html.Button(
            glyph, id=id, type="button", title=label, className=class_name, **attributes(aria_label=label)
        )

    return html.Section(
        [
            button("open-sidebar", "Settings", "☰", "phone"),
            button("back", "One step back", "‹"),
            button("play", "Play", "▶", "play"),
            button("forward", "One step forward", "›"),
            button("replay", "Replay from the start", "↺"),
            html.Div(
                [html.Div(id="scrubber"), html.Div(id="ticks", **attributes(aria_hidden="true"))], className="scrub"
            ),
            html.Span("t = 0", id="clock"),
            controls.slider("noise", "Noise p", 0, 1, GRID, class_name="phone"),
            controls.choices(
                "speed", "Speed", {s: f"{s}×" for s in ("0.25", "0.5", "1", "2", "4")}, class_name="small"
            ),
            presenter_bar(),
        ],
        className="playback-bar",
        **attributes(aria_label="Time"),
    )
