"""What of the page leads a lesson live, and joins one: live-presenter.js and live.js fill it.

::

    Begin live --> code, link and QR code for the learners; their number, their answers; hold, reveal, end
    code, ?join=CODE --> the lesson, as its presenter leads it
"""

from dash import html

from dashboard.controls import attributes

ABOUT = "Others in the room open this lesson with a link or a code, and you see what they answer. Nobody logs in."
HERE = (
    "This address works on this computer alone. For others, start the server with HOST=0.0.0.0, open this page by the "
    "computer's address in the network, and begin there."
)


def begin_live() -> html.Button:
    """Begins to lead the lesson on the screen; hidden from who may not."""
    return html.Button("Begin live", id="live-begin", type="button", className="quiet presents", title=ABOUT)


def join_row() -> html.Div:
    """A field for the code of somebody else's lesson."""
    return html.Div(
        [
            html.Label("Join a lesson with its code", htmlFor="live-join-code"),
            html.Span(id="live-join-place"),
            html.Button("Join", id="live-join", type="button", className="quiet"),
            html.P(id="live-join-state", className="note", role="status"),
        ],
        className="join-row",
    )


def live_panel() -> html.Div:
    """The presenter's panel, and the code as large as the screen."""
    return html.Div([panel(), large()])


def panel() -> html.Section:
    """How others join, what they answer, and what holds them."""
    enlarge = html.Button(
        html.Img(id="live-qr", alt=""), id="live-enlarge", type="button",
        **attributes(aria_label="Show the code as large as the screen"),
    )  # fmt: skip
    code = html.H3(["Join with the code ", html.Strong(id="live-code")], id="live-title")
    link = html.Div(
        [
            html.Label("Link to join", htmlFor="live-link"),
            html.Span(id="live-link-place"),
            html.Button("Copy", id="live-copy", type="button", className="quiet"),
        ],
        className="row",
    )
    acts = [
        html.Button("Hold all screens", id="live-hold", type="button"),
        html.Button("Reveal", id="live-reveal", type="button"),
        html.Button("End", id="live-end", type="button", className="quiet"),
    ]
    tally = html.Ol(id="live-tally", **attributes(aria_label="Answers to this question"))
    return html.Section(
        [
            enlarge,
            html.Div([code, link, html.P(HERE, id="live-here", className="note", hidden=True)], className="live-join"),
            html.Div([html.P(id="live-count"), tally], className="live-answers"),
            html.Div(acts, className="row live-acts"),
            html.P(id="live-status", role="status"),
        ],
        id="live",
        hidden=True,
        **attributes(aria_labelledby="live-title"),
    )


def large() -> html.Dialog:
    """Code and QR code for the last row."""
    return html.Dialog(
        [
            html.Img(id="live-large-qr", alt="QR code of the link to join"),
            html.H2(id="live-large-code"),
            html.P(id="live-large-link"),
            html.Button("Close", id="live-large-close", type="button"),
        ],
        id="live-large",
        **attributes(aria_labelledby="live-large-code"),
    )
