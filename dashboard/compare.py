"""Two screens side by side: A, which is pinned, and B, which is worked with.

::

    Pin to compare --> `pinned` of the state: the link of A --> A is this page once more, in a frame (embedded.js)
    the clock, the look, the plane of B --> A              (compare.js)
    the settings of A and B --> what differs, in words     (differences.js)
"""

from dash import html

from dashboard.controls import attributes, radio_group


def pin_button() -> html.Button:
    """Pins the screen of now, or gives it free."""
    return html.Button(
        "Pin to compare", id="pin", type="button", className="quiet",
        title="This screen stays as A; what is set from now on is B", **attributes(aria_pressed="false"),
    )  # fmt: skip


def comparison() -> html.Section:
    """What differs, what can be done with it, and the place of A; hidden where nothing is pinned."""
    return html.Section(
        [
            html.Div(
                [
                    html.P(id="differences"),
                    radio_group("Screen that is shown", {"a": "A", "b": "B"}, "b", id="side"),
                    html.Button("Swap A and B", id="swap", type="button", className="quiet"),
                    html.Button("Unpin", id="unpin", type="button", className="quiet"),
                ],
                className="bar",
            ),
            html.Div(
                [
                    html.P("A is loading …", id="pinned-state", className="note"),
                    html.P(id="pinned-words", className="unseen"),
                ],
                id="pinned",
            ),
        ],
        className="comparison",
        id="comparison",
        hidden=True,
        **attributes(aria_label="Comparison"),
    )
