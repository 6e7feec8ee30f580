"""The sheet behind "Share": the screen as one HTML file, and as a frame in a page of a course (share.js)."""

from dash import html

FILE = "These runs at every p in one file. It opens without a server and without a network."
FRAME = (
    "This server can be shown in frames of its own pages alone, unless whoever starts it names others with "
    "LT_FRAME_ANCESTORS. Or upload the saved file to the platform."
)


def share() -> html.Details:
    """The sheet."""
    return html.Details(
        [
            html.Summary("Share"),
            html.Div(
                [
                    html.Button("Save as HTML", id="save-html", type="button"),
                    html.P(FILE, className="note"),
                    html.P(id="save-state", className="note", role="status"),
                    html.Label("For a page of a course:", htmlFor="frame-code"),
                    html.Div(id="frame-place"),
                    html.Button("Copy", id="copy-frame", type="button", className="quiet"),
                    html.P(FRAME, className="note"),
                ],
                className="sheet",
            ),
        ],
        id="share",
    )
