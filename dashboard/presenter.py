"""Presenter mode: what opens it, and what its bar has besides the playback bar.

::

    Present, Shift+P, a link with `show` --> the chosen panels fill the screen (presenter.js, 14-presenter.css)
    Leave, Escape                        --> the page as it was
"""

from dash import html

from dashboard.controls import attributes
from dashboard.first_minute import presets

PANELS = {
    "l": ("landmark", "Landmark plane"),
    "p": ("plane", "PCA plane"),
    "n": ("nearest", "Nearest now"),
    "d": ("curves", "Distance over time"),
    "i": ("strip", "Decoded images"),
    "s": ("stage", "Stages over noise p"),
}
"""Code of a panel in links: its name, and its title."""
KEYS = (
    ("Space", "play, pause"),
    ("Page Down, Page Up", "next stage, stage before, from t = 0"),
    ("B or .", "black screen"),
    ("Esc", "leave"),
)


def present_button() -> html.Button:
    """Begins to present."""
    return html.Button(
        "Present", id="present", type="button", className="quiet", title="Full screen, large (Shift+P)",
        **attributes(aria_keyshortcuts="Shift+P"),
    )  # fmt: skip


def presenter_bar() -> html.Div:
    """The presets of p, the choice of panels, full screen and the way out."""
    return html.Div(
        [
            presets(),
            html.Button(
                "Panels",
                id="choose-panels",
                type="button",
                **attributes(aria_expanded="false", aria_controls="presented-panels"),
            ),
            chooser(),
            html.Button("Full screen", id="full-screen", type="button"),
            html.Button("Leave", id="leave-presenter", type="button", title="Back to the page (Escape)"),
        ],
        className="presenter",
    )


def chooser() -> html.Div:
    """A button for every panel, the link of what is shown, and the keys."""
    buttons = [
        html.Button(title, type="button", **attributes(data_code=code, data_shows=name, aria_pressed="false"))
        for code, (name, title) in PANELS.items()
    ]
    keys = [part for key, does in KEYS for part in (html.Dt(key), html.Dd(does))]
    return html.Div(
        [
            html.Div(buttons, role="group", className="panel-choice", **attributes(aria_label="One to four panels")),
            html.Dl(keys, className="keys"),
            html.Button("Copy link", id="copy-presented", type="button", title="Opens these panels in presenter mode"),
        ],
        id="presented-panels",
        role="group",
        hidden=True,
        **attributes(aria_label="Panels and keys"),
    )
