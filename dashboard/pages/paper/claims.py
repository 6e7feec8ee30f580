"""The scoreboard: the claims of the paper, a mark for each kind of noise and each seed; each unfolds to its numbers.

::

    models/claims-KIND.json --> stored_tables (are the models still the same?) --> scoreboard, marks for each KIND
"""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dash import html

from core.library import Library
from core.paper.claims import CLAIM_FILES, Claim, ClaimTable, stored_claims
from core.paper.figures.registry import FIGURES, figures_of_claim
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
    "paired ones); ranges over seeds are over models. The large mark is the verdict on the lowest seed, a small one "
    "stands for each seed. No rule was tuned to make a claim pass. Where one does not hold, why is said with a number: "
    "no cause was tested."
)


def stored_tables(library: Library, stored: Stored = stored_claims) -> tuple[dict[str, ClaimTable], list[html.P]]:
    """The tables that are shipped, by the kind of noise, and a sentence for each that cannot be shown.

    Args:
        library: The models that the tables were computed from.
        stored: Reads a table.
    """
    tables, missing = {}, []
    for kind, path in CLAIM_FILES.items():
        try:
            table = stored(library, path)
        except RefusedError as error:
            missing.append(html.P(str(error), role="status"))
        else:
            if table:
                tables[kind] = table
            else:
                missing.append(html.P([f"Not computed yet with pixels {SELECTED[kind]}: ", code(kind)]))
    return dict(sorted(tables.items(), reverse=True)), missing  # permuted first: it agrees with the paper


def scoreboard(tables: Tables, missing: list[html.P]) -> html.Section:
    """The marks of all claims, side by side for each kind of noise.

    Args:
        tables: By the kind of noise.
        missing: Sentences about tables that are not there.
    """
    parts: list[Any] = [html.H2("The claims of the paper, checked"), *missing]
    if tables:
        parts += [*summary(tables), head_of(tables), *rows(tables)]
    return html.Section(parts, id="claims", className="claims", style={"--kinds": len(tables)})


def head_of(tables: Tables) -> html.Div:
    """What the columns of marks are."""
    names = [html.Span(SELECTED[kind].capitalize(), className="kind") for kind in tables]
    return html.Div([html.Span("Claim"), *names], className="row head")


def rows(tables: Tables) -> list[html.Details]:
    """A row for each claim, which unfolds."""
    mark = terms_once()
    one = {claim.number: claim for table in tables.values() for claim in table.claims}
    return [row(claim, tables, mark) for _, claim in sorted(one.items())]


def row(claim: Claim, tables: Tables, mark: Mark) -> html.Details:
    """Number, statement and marks; unfolded the rule, the numbers, the models and the command."""
    marks = [html.Span(marks_of(claim.number, table), className="kind") for table in tables.values()]
    head = html.Summary([html.Span([html.B(f"{claim.number}  "), claim.statement]), *marks], className="row")
    facts = [("Where", reference_of(claim.figure)), ("Rule", claim.rule), ("Paper", claim.paper)]
    body = [
        html.Dl([part for name, text in facts for part in (html.Dt(name), html.Dd(mark(text)))]),
        *[measured(claim.number, kind, table, mark) for kind, table in tables.items()],
        html.P(["Figures: ", *figure_links(claim.number)]),
    ]
    return html.Details([head, html.Div(body, className="unfolded")], id=f"claim-{claim.number}")


def marks_of(number: int, table: ClaimTable) -> list[Any]:
    """The verdict on a claim, and one for each seed; nothing where a table lacks it."""
    claim = claim_in(table, number)
    if claim is None:
        return []
    seeds = [mark_of(verdict, small=True) for verdict in claim.seeds]
    return [mark_of(claim.verdict), *([html.Span(seeds, className="seeds")] if seeds else [])]


def mark_of(verdict: str, *, small: bool = False) -> html.Span:
    """A verdict as a sign: full, half, empty, none."""
    name = f"mark verdict-{VERDICTS.get(verdict, '3')}{' small' if small else ''}"
    return html.Span(className=name, role="img", title=verdict, **attributes(aria_label=verdict))


def claim_in(table: ClaimTable, number: int) -> Claim | None:
    """A claim of a table by its number."""
    return next((claim for claim in table.claims if claim.number == number), None)


def figure_links(number: int) -> list[Any]:
    """The way to the figures that show a claim."""
    links = [html.A(FIGURES[id].number, href=f"#figure-{id}") for id in figures_of_claim(number)]
    return [part for link in links for part in (link, " ")]


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


def measured(number: int, kind: str, table: ClaimTable, mark: Mark) -> html.Div:
    """The verdict on a claim, our numbers, and why it does not hold; nothing where a table lacks it."""
    claim = claim_in(table, number)
    if claim is None:
        return html.Div()
    models = [
        part for id in claim.models for part in (", ", f"{id} (other weights here)" if id in table.changed else id)
    ]
    verdict = [html.Strong(claim.verdict, className=f"verdict verdict-{VERDICTS.get(claim.verdict, '3')}")]
    return html.Div(
        [
            html.H3([f"Pixels {SELECTED[kind]}: ", *verdict]),
            *([html.P(by_seed(claim), className="note")] if claim.seeds else []),
            *([html.P(mark(claim.ours))] if claim.ours else []),
            *([html.P([html.B("Why: "), *mark(claim.why)])] if claim.why else []),
            *([html.P(["Models: ", *models[1:]], className="note")] if models else []),
            html.P(code(kind), className="note"),
        ]
    )


def by_seed(claim: Claim) -> str:
    """The verdicts on all seeds, the lowest first."""
    agree = len(set(claim.seeds)) == 1
    return f"on all {len(claim.seeds)} seeds" if agree else f"by seed: {', '.join(claim.seeds)}"


def reference_of(figure: str) -> str:
    """Where the paper states it: figures have numbers, supplements letters."""
    kinds = {True: "Fig. ", False: "Supp. "}
    return ", ".join(kinds[part[0].isdigit()] + part if len(part) < 3 else part for part in figure.split(", "))
