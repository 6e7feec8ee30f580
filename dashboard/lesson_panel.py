"""The bar of a lesson and the dialog that lessons are made in, which lesson.js and lesson-editor.js fill."""

from dash import html

from dashboard.controls import attributes
from dashboard.lesson import HIDEABLE
from dashboard.live_panel import begin_live, join_row, live_panel

WORDS = {
    "sidebar": "all settings",
    "dataset": "data set",
    "label": "label of the images",
    "sample": "highlighted image",
    "noise": "noise p",
    "noise_kind": "kind of noise",
    "n_latent": "latent units",
    "beta": "weight β",
    "model": "model",
    "source": "original or decoded",
    "seed": "seed",
    "n_runs": "runs",
    "n_steps": "steps",
    "basis": "axes of the PCA plane",
    "window": "window of the PCA",
    "badge": "stage and sentence",
    "stage": "chart of the stages",
    "header": "header of the page",
}
"""What can be hidden, in words."""
ABOUT = (
    "A lesson is a row of screens, each with a caption and, where you like, a question that is answered before the "
    "runs are played. Set the page as it is to be seen, and add it."
)
KIOSK = "seconds that a screen stays after it was played; then the next one comes, in a loop. 0: turned by hand"


def quiet(text: str, id: str, **more: str) -> html.Button:
    """A small button."""
    return html.Button(text, id=id, type="button", className="quiet", **attributes(**more))


def lesson_bar() -> html.Section:
    """Title and caption of a frame, the way to the others, its question and its solution."""
    ways = [
        quiet("Back", "lesson-back"),
        html.Button("Next", id="lesson-next", type="button"),
        quiet("Start again", "lesson-again"),
        begin_live(),
        quiet("Leave", "lesson-leave", title="The page with everything, at this screen"),
    ]
    head = [html.Span(id="lesson-place"), html.H2(id="lesson-title", tabIndex=-1), html.Div(ways, className="row")]
    question = html.Div(
        [
            html.P(id="lesson-ask"),
            html.Div(id="lesson-options"),
            html.P(id="lesson-solution", role="status", tabIndex=-1),
        ],
        id="lesson-question",
        role="group",
        hidden=True,
        **attributes(aria_labelledby="lesson-ask"),
    )
    lines = [html.P(id="lesson-caption"), question, html.P(id="lesson-held", role="status"), live_panel()]
    return html.Section(
        [html.Div(head, className="head"), *lines],
        id="lesson",
        hidden=True,
        **attributes(aria_labelledby="lesson-title"),
    )


def open_lesson() -> html.Button:
    """Opens the dialog."""
    return quiet("Lesson", "open-lesson", title="Make a lesson of screens, captions and questions")


def lesson_editor() -> html.Dialog:
    """The dialog."""
    boxes = [html.Label(WORDS[name], **attributes(data_hides=name)) for name in HIDEABLE]
    link = [
        html.Label("Link of the lesson", htmlFor="lesson-link"),
        html.Div(id="lesson-link-place"),
        html.P(id="lesson-link-state", className="note", role="status"),
    ]
    use = [quiet("Copy link", "lesson-copy"), quiet("Try it", "lesson-try"), quiet("Done", "lesson-done")]
    parts = [
        html.H2("Make a lesson", id="lesson-editor-title"),
        html.P(ABOUT, className="note"),
        html.Div(html.Label("Title", htmlFor="lesson-name"), id="lesson-name-place"),
        html.Ol(id="lesson-frames"),
        html.Div([html.Button("Add this screen", id="lesson-add", type="button")], className="row"),
        html.Details([html.Summary("Hide from learners"), html.Div(boxes, id="lesson-hides")]),
        html.Div(html.Label(KIOSK, htmlFor="lesson-seconds"), id="lesson-seconds-place"),
        html.Div(link, className="link-of-lesson"),
        html.Div(use, className="row end"),
        join_row(),
    ]
    return html.Dialog(parts, id="lesson-editor", **attributes(aria_labelledby="lesson-editor-title"))
