"""What stands below a model's row at once when it is looked at: of the size of what comes, so that nothing moves then.

The sentences are known before the model is opened; pictures and charts are empty places of their sizes.
"""

from collections.abc import Sequence

from dash import html

from core.library import Entry
from dashboard.controls import attributes
from dashboard.pages.models.pictures import ROWS
from dashboard.pages.models.views import HALF, NO_HISTORY, ORIGIN, WAYS, measured

LOADING = "Loading …"


def skeleton(entry: Entry, rows: Sequence[str]) -> html.Div:
    """The places of all about a model.

    Args:
        entry: Of the library.
        rows: What its pictures will probably show, see `Pictures.rows`.
    """
    names = entry.label_names
    halves = [picture_places(names[i : i + HALF], rows) for i in range(0, len(names), HALF)]
    hidden = attributes(aria_hidden="true")
    chart = html.Div([html.P("\xa0", className="title"), html.Div(className="history place")])
    if len(entry.card.history[1]) <= 1:
        chart = html.Div([html.P("\xa0", className="title"), html.P(f"Its card {NO_HISTORY}", className="note")])
    bands = html.Div([html.P("\xa0", className="title"), html.Div(className="place")], className="bands")
    parts = html.Div(
        [
            html.P(measured(entry), className="prose"),
            html.Div(halves, className="pictures"),
            html.P(ORIGIN["originals" not in rows], className="note"),
            html.Div([bands, chart], className="two"),
            html.P([html.Span(words) for words in WAYS], className="ways"),
        ],
        className="places skeleton",
        **hidden,
    )
    return html.Div([html.P(LOADING, className="note loading", role="status"), parts])


def picture_places(names: Sequence[str], rows: Sequence[str]) -> html.Table:
    """The places of the pictures of some labels."""
    head = html.Thead(html.Tr([html.Td(), *(html.Th(name) for name in names)]))
    place = html.Td(html.Div(className="place"), colSpan=len(names))
    return html.Table([head, html.Tbody([html.Tr([html.Th(ROWS[row], scope="row"), place]) for row in rows])])
