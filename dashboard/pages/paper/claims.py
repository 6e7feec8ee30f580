"""The claims of the paper beside our numbers: a section of the page of the paper.

::

    models/claims-KIND.json --> stored_claims (are the models still the same?) --> table, a column for each KIND
    button of a figure --> presses the figure's own "Draw" --> the page draws it with the paper's settings
"""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, dcc, html

from core.library import Library
from core.paper.claims import CLAIM_FILES, Claim, ClaimTable, stored_claims
from core.paper.figures.registry import figures_of_claim
from core.schema import RefusedError
from dashboard.captions import SELECTED
from dashboard.controls import attributes
from dashboard.terms import Mark, terms, terms_once

COMMAND = "python -m core claims --noise-kind {kind} --output models/claims-{kind}.json"
Tables = Mapping[str, ClaimTable]  # by the kind of noise
Stored = Callable[[Library, Path], ClaimTable | None]
VERDICTS = {"holds": "0", "holds in part": "1", "does not hold": "2", "not measured": "3"}
BESIDE = (
    "The paper's swapping of pixels can be read in two ways: both stand here. Runs: {runs}. From {sources}. Behind ± "
    "stand two standard errors over runs (of shares those of Agresti and Coull, of differences over the same runs "
    "paired ones); ranges over seeds are over models. The verdict is that on the lowest seed. No rule was tuned to "
    "make a claim pass. Where one does not hold, why is said with a number: no cause was tested."
)


def claims_section(library: Library, figures: Mapping[str, str], *, stored: Stored = stored_claims) -> html.Section:
    """The tables that are shipped, side by side, or sentences where there are none.

    Args:
        library: The models that the tables were computed from.
        figures: What each figure of the page is called, by its name.
        stored: Reads a table.
    """
    tables, parts = {}, []
    for kind, path in CLAIM_FILES.items():
        try:
            table = stored(library, path)
        except RefusedError as error:
            parts.append(html.P(str(error), role="status"))
        else:
            if table:
                tables[kind] = table
            else:
                parts.append(html.P([f"Not computed yet with pixels {SELECTED[kind]}: ", code(kind)]))
    if tables:
        parts = [*parts, *summary(tables), html.Div(claims_table(tables, figures), className="scroll", tabIndex=0)]
    return html.Section([dcc.Store(id="opened"), html.H2("Claims"), *parts], id="claims", className="claims")


def register(app: Dash) -> None:
    """Connect the buttons of the figures."""
    app.clientside_callback(
        ClientsideFunction("latent", "openFigure"),
        Output("opened", "data"),
        Input({"claim": ALL, "open": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )


def summary(tables: Tables) -> list[html.P]:
    """The verdicts in sentences, and what they were computed from."""
    first = next(iter(tables.values()))
    runs = ", ".join(f"{what} {n}" for what, n in first.recipe["runs"].items())
    sources = ", ".join(f"{source} images of {dataset}" for dataset, source in first.recipe["source"].items())
    parts = [
        html.P(terms(" ".join(f"Pixels {SELECTED[kind]}: {counted(table)}." for kind, table in tables.items()))),
        html.P(terms(BESIDE.format(runs=runs, sources=sources)), className="note"),
    ]
    for kind, table in tables.items():
        if table.changed:
            names = ", ".join(table.changed)
            words = f"Computed for other weights than those here ({SELECTED[kind]}): {names}. Anew: "
            parts.append(html.P([words, code(kind)], role="status"))
    return parts


def counted(table: ClaimTable) -> str:
    """How many claims have each verdict."""
    counts = Counter(claim.verdict for claim in table.claims)
    return ", ".join(
        f"{counts[verdict]} {verdict_of(verdict, counts[verdict])}" for verdict in VERDICTS if counts[verdict]
    )


def verdict_of(verdict: str, count: int) -> str:
    """A verdict behind a number.

    Example:
        >>> verdict_of("holds in part", 6), verdict_of("does not hold", 1)
        ('hold in part', 'does not hold')
    """
    return verdict if count == 1 else verdict.replace("does ", "do ").replace("holds", "hold")


def code(kind: str) -> html.Code:
    """The command that computes a table."""
    return html.Code(COMMAND.format(kind=kind))


def claims_table(tables: Tables, figures: Mapping[str, str]) -> html.Table:
    """A row for each claim: the paper's statement and number, and ours with the verdict for each kind of noise."""
    mark = terms_once()
    rows, one = [], {claim.number: claim for table in tables.values() for claim in table.claims}
    for _, claim in sorted(one.items()):
        here = [
            html.Td(measured(claim.number, table, mark), **attributes(data_head=heading(kind)))
            for kind, table in tables.items()
        ]
        rows.append(
            html.Tr([*statement_cells(claim, mark), *here, figure_cell(claim, figures)], id=f"claim-{claim.number}")
        )
    names = ("Claim", "The paper states", "Paper", *map(heading, tables), "Live")
    return html.Table([html.Thead(html.Tr([html.Th(mark(word), scope="col") for word in names])), html.Tbody(rows)])


def heading(kind: str) -> str:
    """Of the column of a kind of noise."""
    return f"Here, pixels {SELECTED[kind]}"


def statement_cells(claim: Claim, mark: Mark) -> list[Any]:
    """The cells that hold the paper's statement, with the rule that it is checked by, and its number."""
    statement = [
        *mark(claim.statement),
        html.P(place_of(claim.figure), className="note"),
        folded("Rule", terms(claim.rule)),
    ]
    return [
        html.Th(str(claim.number), scope="row"),
        html.Td(statement),
        html.Td(mark(claim.paper), **attributes(data_head="Paper")),
    ]


def measured(number: int, table: ClaimTable, mark: Mark) -> list[Any]:
    """The verdict on a claim, our numbers, and why it does not hold; nothing where a table lacks it."""
    claim = next((each for each in table.claims if each.number == number), None)
    if claim is None:
        return []
    models = [f"{id} (other weights here)" if id in table.changed else id for id in claim.models]
    return [
        html.Strong(claim.verdict, className=f"verdict verdict-{VERDICTS.get(claim.verdict, '3')}"),
        *([html.Small(f" {by_seed(claim)}", className="note")] if claim.seeds else []),
        *([html.P(mark(claim.ours))] if claim.ours else []),
        *([html.P([html.B("Why: "), *mark(claim.why)])] if claim.why else []),
        *([folded("Models", ", ".join(models))] if models else []),
    ]


def by_seed(claim: Claim) -> str:
    """The verdicts on all seeds, the lowest first."""
    agree = len(set(claim.seeds)) == 1
    return f"on all {len(claim.seeds)} seeds" if agree else f"by seed: {', '.join(claim.seeds)}"


def figure_cell(claim: Claim, figures: Mapping[str, str]) -> html.Td:
    """The figures that show it."""
    return html.Td(
        [figure_button(claim, name, figures[name]) for name in figures_of_claim(claim.number) if name in figures]
    )


def place_of(figure: str) -> str:
    """Where the paper states it: figures have numbers, supplements letters."""
    kinds = {True: "Fig. ", False: "Supp. "}
    return ", ".join(kinds[part[0].isdigit()] + part if len(part) < 3 else part for part in figure.split(", "))


def folded(title: str, text: Any) -> html.Details:
    """What is read on demand."""
    return html.Details([html.Summary(title), html.P(text, className="note")])


def figure_button(claim: Claim, name: str, title: str) -> html.Button:
    """Draws a figure with the paper's settings."""
    return html.Button(
        title,
        id={"claim": claim.number, "open": name},
        type="button",
        **attributes(aria_label=f"Open {title}, which shows claim {claim.number}"),
    )
