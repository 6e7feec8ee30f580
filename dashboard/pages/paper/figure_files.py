"""What can be taken along of a figure, over plain addresses: its picture, its numbers, its recipe, its movies."""

from typing import Any

from dash import html
from flask import Flask, Response, abort, request
from plotly.io.json import to_json_plotly

from core.computations import Computations, Reporter
from core.paper.exports import distance_unit, figure_recipe, figure_stem, figure_tables
from core.paper.figures.registry import FIGURES, figure_of
from core.paper.results import FigureResult, arrays_of
from core.paper.shipped import ShippedFigure, shipped_figure
from core.result_files import as_json, as_npz
from core.schema import RefusedError, SpecError
from core.session import Session
from core.specs import FigureSpec, InferenceSpec
from dashboard.controls import ScreenState
from dashboard.drawing import draw_figure
from dashboard.files import table_elsewhere, table_ending
from dashboard.movies import FORMATS, PLANES
from dashboard.pages.paper.layout import still
from dashboard.pages.paper.movies import TYPES, MovieOrder, Movies
from dashboard.pages.paper.questions import key_of
from dashboard.requests import asker, file_or_sentence
from dashboard.save_menu import save_menu
from dashboard.theme import theme_of
from dashboard.translation import language, translated

KINDS = {"npz": "application/octet-stream", "csv": "text/csv", "json": "application/json"}
NOT_SHIPPED = "This figure is not shipped for the models that are here. Open its settings: it is computed there."


class FigureFiles:
    """The files of figures, and the addresses that lead to them.

    Args:
        session: What figures are computed in.
        computations: Where visitors wait for them.
        explorer: The address of the explorer.
    """

    def __init__(self, session: Session, computations: Computations, explorer: str):
        self.session, self.computations, self.explorer = session, computations, explorer
        self.movies = Movies(session, computations)
        self._pictures: dict[tuple[str, str, str], tuple[ShippedFigure, str]] = {}  # a class opens the article at once

    def register(self, server: Flask, prefix: str) -> None:
        """Connect the addresses."""
        server.add_url_rule(f"{prefix}data/<name>.<kind>", "figure_data", self.data)
        server.add_url_rule(f"{prefix}drawn/<name>.json", "figure_drawn", self.drawn)

    def links(self, id: str) -> dict[str, str]:
        """Where a figure of the article leads to; with files, where its result is shipped."""
        found, own = shipped_figure(id, self.session), {"Change its settings": id}
        if id == "movies":
            own |= {"Save as MP4 or GIF": "movies#movie-panel"}
        if found is None:
            return own
        files = addresses(id, found.spec)
        return own | {"Open in the explorer": self.screen(found.spec, found.spec.n_steps)} | files

    def ready(self, name: str, spec: FigureSpec) -> FigureResult | None:
        """The result of a figure that is shipped with these settings."""
        found = shipped_figure(name, self.session)
        return found.result() if found and found.spec == spec else None

    def drawn(self, name: str) -> Response:
        """A figure of the article as plotly's JSON, from its shipped result."""
        try:
            found = shipped_figure(name, self.session)
        except SpecError:
            abort(404)
        except RefusedError as error:
            return Response(str(error), 404, mimetype="text/plain")
        if found is None:
            return Response(NOT_SHIPPED, 404, mimetype="text/plain")
        theme = theme_of(request.args.get("look"))
        of = name, theme.name, language()
        drawn, content = self._pictures.get(of, (None, ""))
        if drawn != found:
            figure = draw_figure(self.session.library, name, found.spec, found.result(), theme)
            names = self.session.library.entry(found.spec.model).label_names
            content = str(to_json_plotly(translated(still(figure, names))))
            self._pictures[of] = found, content
        # the address does not name the language: the page that asks does
        return Response(content, mimetype="application/json", headers={"Cache-Control": "no-cache"})

    def screen(self, spec: InferenceSpec, t: int) -> str:
        """The address of the explorer that shows these runs at a step."""
        entry = self.session.library.entry(spec.model)
        state = ScreenState(
            dataset=entry.spec.dataset, n_latent=entry.spec.n_latent, model=spec.model, label=spec.label,
            sample=spec.sample, noise=spec.noise, noise_kind=spec.noise_kind, n_runs=spec.n_runs, t=t,
        )  # fmt: skip
        return f"{self.explorer}?{state.to_query()}"

    def row(self, name: str, spec: FigureSpec) -> list[Any]:
        """What can be taken along, and the way to the explorer."""
        files = [html.A(words, href=href, download="") for words, href in addresses(name, spec).items()]
        tables = [link for link in files if str(link.children).startswith("CSV ")]
        links: list[Any] = [link for link in files if link not in tables]
        for link in links:
            link.className = "button quiet"
        if tables:
            links.insert(1, save_menu("tables of this figure", *tables, word="CSV"))
        return [
            *links,
            html.A("Open in the explorer", href=self.screen(spec, spec.n_steps)),
            html.Span(figure_stem(name, spec), id="figure-stem", hidden=True),  # names the pictures
        ]

    @file_or_sentence
    def data(self, name: str, kind: str) -> Response:
        """The numbers of a figure, its recipe, or a movie of its runs."""
        if name not in FIGURES or kind not in {*KINDS, *(TYPES if name == "movies" else ())}:
            abort(404)
        spec, notes = FigureSpec.from_query(request.query_string.decode())
        if notes:
            raise SpecError(notes[0])
        if kind in TYPES:
            return self.movie(kind, spec)
        table = table_in(name, request.args.get("table")) if kind == "csv" else ""
        body = self.file(name, kind, spec, table)
        ending = table_ending(table, len(figure_tables(name))) if table else f".{kind}"
        named = {"Content-Disposition": f"attachment; filename={figure_stem(name, spec)}{ending}"}
        return Response(body, mimetype=KINDS[kind], headers=named)

    def file(self, name: str, kind: str, spec: FigureSpec, table: str) -> bytes | str:
        """The content of a file; all of it takes a while: the digests of the recipe, the numbers, writing them."""

        def write(report: Reporter) -> bytes | str:
            own = figure_recipe(self.session, name, spec)
            if kind == "json":
                return as_json(own)
            figure = figure_of(name)
            result = self.ready(name, spec) or figure.compute(self.session, spec, report)
            with self.computations.turn():
                if kind == "csv":
                    return table_elsewhere(result, table, distance_unit(name), report)
                return as_npz(arrays_of(result, figure.result_name), own)

        return self.computations.wait_for(asker(), f"{table or kind} {key_of(name, spec)}", write)

    def movie(self, kind: str, spec: FigureSpec) -> Response:
        """The runs of a figure as a movie, or those of all labels as a ZIP of movies.

        Raises:
            RefusedError: There is no such plane, or no movie can be made here.
        """
        plane, labels = request.args.get("plane", PLANES[0]), "all" if kind == "zip" else "one"
        form = request.args.get("format", FORMATS[0]) if kind == "zip" else kind
        made = self.movies.file(asker(), MovieOrder.of(spec, form, plane, labels))
        named = {"Content-Disposition": f"attachment; filename={made.name}"}
        return Response(made.content, mimetype=TYPES[kind], headers=named)


def addresses(name: str, spec: FigureSpec) -> dict[str, str]:
    """The addresses of the files of a figure, by what they are called: the numbers, every table of them, the recipe."""
    query, tables = spec.to_query(), figure_tables(name)
    found = {
        f"CSV {words}" if len(tables) > 1 else "CSV": f"data/{name}.csv?{query}&table={table}"
        for table, words in tables.items()
    }
    return {"NPZ": f"data/{name}.npz?{query}", **found, "Recipe (JSON)": f"data/{name}.json?{query}"}


def table_in(name: str, asked: str | None) -> str:
    """The table of a figure that an address asks for; it need not name the only one.

    Raises:
        SpecError: There is no such table.
    """
    tables = list(figure_tables(name))
    table = asked or (tables[0] if len(tables) == 1 else "")
    if table not in tables:
        raise SpecError(f"The numbers of this figure are {len(tables)} tables. Name one: table={', '.join(tables)}")
    return table
