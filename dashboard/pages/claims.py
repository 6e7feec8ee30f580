"""The fifteen claims of the paper beside what is found here, a part of the page of the paper.

::

    models/claims.json --> stored_claims (are the models still the same?) --> table
    button of a figure --> presses the figure's own "Draw" --> the page draws it with the paper's settings
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from dash import ALL, Dash, Input, Output, dcc, html

from core import experiments
from core.config import RefusedError, Settings
from core.results import Claim, ClaimTable
from dashboard.controls import attributes

COMMAND = "python -m core claims --output models/claims.json"
VERDICTS = {"holds": "0", "holds in part": "1", "does not hold": "2", "not measured": "3"}
HEAD = ("Claim", "The paper states", "Paper", "Here", "Verdict", "Live")
LIVE = {  # by the number of a claim: the figures that show it, by their names on the page
    1: ("fig1", "fig3"),
    2: ("fig3", "fig4b"),
    3: ("fig4a",),
    4: ("fig4b",),
    5: ("fig5a",),
    6: ("fig5b",),
    7: ("fig2", "suppB"),
    8: ("fig7a", "fig7b"),
    9: ("fig8", "suppE"),
    10: ("fig8", "fig9"),
    11: ("stagesNz",),
    12: ("fig9",),
    13: ("suppF",),
    14: ("suppD",),
    15: ("saddles",),
}


def claims_section(settings: Settings, figures: Mapping[str, str]) -> html.Section:
    """The table that is shipped, or a sentence where there is none.

    Args:
        settings: Where models are.
        figures: What each figure of the page is called, by its name.
    """
    try:
        table = experiments.stored_claims(settings)
    except RefusedError as error:
        parts: list[Any] = [html.P(str(error), role="status")]
    else:
        parts = shown(table, figures) if table else [html.P(["The claims have not been computed yet: ", code()])]
    return html.Section([dcc.Store(id="opened"), html.H2("Claims"), *parts], id="claims", className="claims")


def register(app: Dash) -> None:
    """Connect the buttons of the figures."""
    app.clientside_callback(
        "(clicks) => window.latent.openFigure(clicks)",
        Output("opened", "data"),
        Input({"claim": ALL, "open": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )


def shown(table: ClaimTable, figures: Mapping[str, str]) -> list[Any]:
    """The verdicts in a sentence, what they were computed from, and the table."""
    counts = Counter(claim.verdict for claim in table.claims)
    words = [f"{verdict}: {counts[verdict]}" for verdict in VERDICTS if counts[verdict]]
    runs = ", ".join(f"{what} {n}" for what, n in table.recipe["runs"].items())
    sources = ", ".join(f"{source} images of {dataset}" for dataset, source in table.recipe["source"].items())
    parts: list[Any] = [
        html.P(f"{len(table.claims)} claims; {', '.join(words)}."),
        html.P(
            f"Noise: {table.recipe['noise_kind']}. Runs: {runs}. From {sources}. Behind ± stand two standard errors "
            "over runs (of shares the binomial ones), ranges over seeds are over models. No rule was tuned to make a "
            "claim pass.",
            className="note",
        ),
    ]
    if table.changed:
        names = ", ".join(table.changed)
        parts.append(html.P([f"Computed for other weights than those here: {names}. Anew: ", code()], role="status"))
    return [*parts, html.Div(claims_table(table, figures), className="scroll", tabIndex=0)]


def code() -> html.Code:
    """The command that computes the table."""
    return html.Code(COMMAND)


def claims_table(table: ClaimTable, figures: Mapping[str, str]) -> html.Table:
    """A row for each claim: the paper's statement and number, ours, and the verdict beside the rule it follows."""
    rows = [html.Tr(cells(claim, table.changed, figures), id=f"claim-{claim.number}") for claim in table.claims]
    return html.Table([html.Thead(html.Tr([html.Th(word, scope="col") for word in HEAD])), html.Tbody(rows)])


def cells(claim: Claim, changed: tuple[str, ...], figures: Mapping[str, str]) -> list[Any]:
    """The cells of a row."""
    models = [f"{id} (other weights here)" if id in changed else id for id in claim.models]
    return [
        html.Th(str(claim.number), scope="row"),
        html.Td([claim.statement, html.P(where(claim.figure), className="note")]),
        html.Td(claim.paper),
        html.Td([claim.ours, folded("Models", ", ".join(models))] if models else claim.ours),
        html.Td(
            [
                html.Strong(claim.verdict, className=f"verdict verdict-{VERDICTS.get(claim.verdict, '3')}"),
                folded("Rule", claim.rule),
            ]
        ),
        html.Td([opener(claim, name, figures[name]) for name in LIVE.get(claim.number, ()) if name in figures]),
    ]


def where(figure: str) -> str:
    """Where the paper states it: figures have numbers, supplements letters."""
    kinds = {True: "Fig. ", False: "Supp. "}
    return ", ".join(kinds[part[0].isdigit()] + part if len(part) < 3 else part for part in figure.split(", "))


def folded(title: str, text: str) -> html.Details:
    """What is read on demand."""
    return html.Details([html.Summary(title), html.P(text, className="note")])


def opener(claim: Claim, name: str, title: str) -> html.Button:
    """Draws a figure with the paper's settings."""
    return html.Button(
        title,
        id={"claim": claim.number, "open": name},
        type="button",
        **attributes(aria_label=f"Open {title}, which shows claim {claim.number}"),
    )
