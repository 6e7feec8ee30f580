"""The strip above the panels at the first visit: what is repeated, what the runs come near to, and four steps.

::

    first visit, `What is this?` --> the strip      Hide --> gone, and remembered by the browser
    I | II | III --> p of that stage, for the digit at hand (presets.js)
    1 2 3 4      --> p, the clock's play and pause: the page's own controls (first-minute.js)

Its pictures are those of the model and run on the screen.
"""

from typing import Any

from dash import html

from core.results import Stage
from dashboard.controls import attributes
from dashboard.terms import terms
from dashboard.tour import open_tour, tour_panel

LANDMARKS = (  # the point of each stage, and what it is in half a sentence
    ("own memory", "the clean image, encoded"),
    ("concept", "the mean of a digit’s memories"),
    ("abstract concept", "the mean of all concepts"),
)
STEPS = (
    ("Add noise", "as much as stage II has"),
    ("Play", "from t = 0 to the end"),
    ("Watch it pass the concept", "stop where it is nearest"),
    ("Too much noise", "stage III: all become alike"),
)
ACTIVITY = "Latent activity, a point of the latent space: here in the landmark plane, with its way so far"


def first_minute() -> html.Section:
    """The strip; 07-first-minute.css shows it where the page's `data-first-minute` says so."""
    hide = html.Button("Hide", id="hide-first-minute", type="button", className="quiet")
    return html.Section(
        [
            html.Div([circle(), *landmarks()], className="pictures"),
            html.Div([steps(), html.Div([open_tour(), hide], className="ways")], className="doing"),
            tour_panel(),
        ],
        className="first-minute",
        id="first-minute",
        **attributes(aria_label="What is this?"),
    )


def what_is_this() -> html.Button:
    """Brings the strip back."""
    return html.Button("What is this?", id="show-first-minute", type="button", className="quiet")


def circle() -> html.Div:
    """One step of repeated inference: image, encoder, latent activity, decoder, image, and back."""
    label = "A noisy image is encoded as latent activity, which is decoded into an image, which is encoded again."
    return html.Div(
        [
            html.Canvas(className="tile", id="first-from"),
            html.Div(terms("encode"), className="arrow"),
            html.Div(
                html.Span(terms("z"), className="name"), id="first-activity", className="activity", title=ACTIVITY
            ),
            html.Div(terms("decode"), className="arrow"),
            html.Canvas(className="tile", id="first-to"),
            html.Span("x(0)", id="first-from-name", className="name"),
            html.Span("again and again", className="back"),
            html.Span("x(1)", id="first-to-name", className="name"),
        ],
        className="circle",
        role="group",
        **attributes(aria_label=label),
    )


def landmarks() -> list[html.Div]:
    """What stages are about, and a card for each: its button, the picture of its point, and what that is."""
    heading = html.P(
        [html.Strong(terms("Stage")), html.Span(terms("what runs come nearest to, as noise grows"))],
        className="about",
    )
    return [html.Div(heading, className="card"), *(card(i) for i in range(len(LANDMARKS)))]


def card(i: int) -> html.Div:
    """A stage and its point."""
    name, words = LANDMARKS[i]
    label = html.Strong(terms(name), id=f"first-landmark-{i}", className=f"point-{i}")
    picture = (html.Div if i else html.Canvas)(className="tile", id=f"first-tile-{i}")
    parts = [preset(i), picture, html.P([label, html.Span(words)])]
    return html.Div(parts, className="card")


def preset(i: int) -> html.Button:
    """Sets p for a stage; which p that is depends on the digit, and is found by the browser."""
    stage = tuple(Stage)[i]
    return html.Button(
        stage,
        type="button",
        className=f"preset point-{i}",
        disabled=True,
        title=f"Stage {stage}",
        **attributes(data_preset=str(i), aria_label=f"Set p for stage {stage}", aria_pressed="false"),
    )


def presets() -> html.Div:
    """The three of them, for the label of the slider of p."""
    return html.Div(
        [preset(i) for i in range(len(LANDMARKS))],
        className="presets",
        role="group",
        **attributes(aria_label="Noise of a stage"),
    )


def steps() -> html.Ol:
    """Four things to do, in this order."""
    return html.Ol([html.Li(step(i, *words)) for i, words in enumerate(STEPS)], className="steps")


def step(i: int, title: str, words: str) -> html.Button:
    """One of them; it shows when it is done."""
    parts: list[Any] = [
        html.Span(str(i + 1), className="number", **attributes(aria_hidden="true")),
        html.Span([html.Strong(title), html.Small(words, id=f"first-step-{i}-words")]),
        html.Span("", className="unseen", id=f"first-step-{i}-done"),
    ]
    return html.Button(
        parts, id=f"first-step-{i}", type="button", className="step-button", **attributes(data_step=str(i))
    )
