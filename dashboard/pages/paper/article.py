"""The article: every figure at its place, with what the paper states and what was measured here.

::

    SECTIONS --> text, place of each figure --> article.js asks for `drawn/<id>.json` in the order of reading, and draws
"""

from collections.abc import Mapping
from typing import Any

from dash import html

from core.paper.exports import figure_stem
from core.paper.figures.figure import Figure
from core.paper.figures.registry import FIGURES
from core.specs import FigureSpec
from dashboard.captions import SELECTED
from dashboard.controls import attributes
from dashboard.pages.paper.claims import Tables, claim_in, mark_of
from dashboard.pages.paper.sections import SECTIONS, SUMMARY, TITLE, Caption, Section
from dashboard.save_menu import save_menu
from dashboard.terms import Mark, terms, terms_once


def article(tables: Tables, scoreboard: Any, links: Mapping[str, Mapping[str, str]]) -> html.Article:
    """All sections with their figures.

    Args:
        tables: The claims by the kind of noise.
        scoreboard: What stands behind the first section.
        links: Of each figure that is shipped, the addresses of what it leads to, by what they are called.
    """
    head = html.Div([html.H2(TITLE), html.P(terms(SUMMARY), className="prose")], className="opening")
    mark = terms_once()
    sections = [section(entry, tables, links, mark) for entry in SECTIONS]
    return html.Article([head, contents(), sections[0], scoreboard, *sections[1:]], className="article")


def contents() -> html.Nav:
    """The way to the sections."""
    links = [(section.id, section.title.partition(":")[0]) for section in SECTIONS]
    items = [html.Li(html.A(title, href=f"#{id}")) for id, title in [links[0], ("claims", "Claims"), *links[1:]]]
    return html.Nav(html.Ol(items), **attributes(aria_label="Sections"), className="contents")


def section(of: Section, tables: Tables, links: Mapping[str, Mapping[str, str]], mark: Mark) -> html.Section:
    """A section: its text, then its figures."""
    figures = [article_figure(caption, tables, links.get(caption.id, {}), mark) for caption in of.figures]
    return html.Section([html.H2(of.title), html.P(mark(of.text), className="prose"), *figures], id=of.id)


def article_figure(caption: Caption, tables: Tables, links: Mapping[str, str], mark: Mark) -> html.Figure:
    """A figure: its picture, what to look for, and what the paper states beside what was measured."""
    figure = FIGURES[caption.id]
    canvas = html.Div(
        id=f"picture-{caption.id}", className="picture", style={"height": caption.height}, role="img",
        **attributes(data_figure=caption.id, aria_label=f"{figure.number}: {figure.title}"),
    )  # fmt: skip
    title = [html.B([figure.number, ". "]), *mark(f"{figure.title}. {caption.text}")]
    below = html.Figcaption(
        [
            html.P(title),
            html.P([html.Span(mark(f"Settings: {figure.settings}.")), *ways(figure, links)], className="note ways"),
        ]
    )
    parts = [html.Div(canvas, className="scroll", tabIndex=0), below, stated(figure, tables, mark)]
    return html.Figure(parts, id=f"figure-{caption.id}")


def ways(figure: Figure, links: Mapping[str, str]) -> list[Any]:
    """What can be done with a figure: other settings, the explorer, files."""
    files = {words: href for words, href in links.items() if href.startswith("data/")}
    others = [html.A(words, href=href) for words, href in links.items() if words not in files]
    saves = [
        html.Button(
            kind.upper(), type="button",
            **attributes(data_save=kind, data_of=figure.id, aria_label=f"{kind.upper()} of {figure.number}"),
        )
        for kind in ("png", "svg")
    ]  # fmt: skip
    items = [*saves, *(html.A(words, href=href, download="") for words, href in files.items())]
    return [*others, save_menu(figure.number, *items, file=stem_in(files))] if files else others


def stem_in(files: Mapping[str, str]) -> str:
    """What the files of a figure are called."""
    id, _, query = files["NPZ"].removeprefix("data/").partition(".npz?")
    return figure_stem(id, FigureSpec.from_query(query)[0])


def stated(figure: Figure, tables: Tables, mark: Mark) -> html.Div:
    """The claims that a figure carries: mark, statement, the paper's number and ours."""
    return html.Div([beside(number, tables, mark) for number in figure.claims], className="stated")


def beside(number: int, tables: Tables, mark: Mark) -> html.Dl:
    """A claim beside a figure; all about it stands in the scoreboard."""
    claims_by_kind = {kind: claim for kind, table in tables.items() if (claim := claim_in(table, number))}
    if not claims_by_kind:
        return html.Dl(className="beside")
    first = next(iter(claims_by_kind.values()))
    rows: list[Any] = [
        html.Dt(html.A(f"Claim {number}", href=f"#claim-{number}")),
        html.Dd(mark(first.statement)),
        html.Dt("Paper"),
        html.Dd(mark(first.paper)),
    ]
    for kind, claim in claims_by_kind.items():
        ours = [mark_of(claim.verdict), " ", html.Strong(claim.verdict), ": ", *mark(claim.why or claim.ours)]
        rows += [html.Dt(f"Here, {SELECTED[kind]}"), html.Dd(ours)]
    return html.Dl(rows, className="beside")
