"""The pad that a digit of one's own is drawn on, or parts of the highlighted image are covered with.

::

    strokes, a file, what was pasted --> own-image/<dataset> --> an image of the data set, and a label --> the run
    strokes over the image ------------------------------------> a mask --------------------------------> the run
"""

from typing import Any

from dash import html

from dashboard.controls import attributes, radio_group
from dashboard.terms import terms

WIDTHS = {"12": "thin", "20": "medium", "32": "thick"}  # of a brush, in pixels of the pad
SIDE = 280  # pixels of the pad's canvas, a multiple of every image's side


def pad_button(text: str, id: str, **more: Any) -> html.Button:
    """A small button of the pad."""
    return html.Button(text, id=id, type="button", className="quiet", **more)


def drawing_pad() -> html.Dialog:
    """The dialog; drawing.js works it."""
    modes = {"own": "Draw a digit", "cover": "Cover parts of the image"}
    use = html.Button("Use it", id="pad-use", type="button")
    return html.Dialog(
        [
            html.H2("Start from an image of your own", id="pad-title"),
            radio_group("What the pad is for", modes, "own", id="pad-mode"),
            html.Div([pad(), tools(), proposal()], className="pad-row"),
            html.P(id="pad-state", role="status", **attributes(aria_live="polite")),
            html.Div([pad_button("Cancel", "pad-cancel"), use], className="row end"),
        ],
        id="drawing",
        **attributes(aria_labelledby="pad-title"),
    )


def pad() -> html.Div:
    """Two canvases: what is covered, and what is drawn."""
    size = {"width": SIDE, "height": SIDE}
    words = attributes(aria_label="Draw here with mouse, finger or pen")
    under = html.Canvas(id="pad-under", **size, **attributes(aria_hidden="true"))
    return html.Div([under, html.Canvas(id="pad", role="img", **size, **words)], className="pad")


def tools() -> html.Div:
    """What is drawn with; drawing.js adds the files."""
    return html.Div(
        [
            radio_group("Tool", {"brush": "Brush", "eraser": "Eraser"}, "brush", id="pad-tool"),
            html.Div(radio_group("Width", WIDTHS, "20", id="pad-size"), className="dense"),
            html.Div([pad_button("Undo", "pad-undo"), pad_button("Clear", "pad-clear")], className="row"),
            html.Div(id="pad-files", className="row"),
        ],
        className="tools",
    )


def proposal() -> html.Div:
    """The image that a run would start from, and its label, which can be changed."""
    words = attributes(aria_label="The image of your own")
    return html.Div(
        [
            html.P("As the model sees it"),
            html.Canvas(id="pad-preview", className="tile", role="img", **words),
            html.P(terms("Its label")),
            html.Div(id="pad-labels", role="radiogroup", **attributes(aria_label="Its label")),
        ],
        id="pad-proposal",
    )


def damage_menu() -> html.Details:
    """Damages x(t) at the step that is shown; damage.js works it."""
    return html.Details(
        [
            html.Summary("Damage"),
            html.Div(
                [
                    html.P(["Swap pixels of ", html.B("x(t)", id="damage-image"), " once more, and run on:"]),
                    html.Div(id="damage-noise"),
                    html.Button("Damage it", id="damage-now", type="button"),
                    pad_button("Undo it", "damage-undo", hidden=True),
                ],
                className="menu",
            ),
        ],
        id="damage",
        className="save",
    )


def own_row() -> html.Div:
    """What the highlighted run has of one's own; each is taken back by a press."""
    return html.Div(id="own-row", className="row", hidden=True, **attributes(aria_live="polite"))
