"""Where the page of the movies lets one be made: its choices, a button, how far it is, Cancel, the file.

::

    Make the movie --> movie (its choices, numbered) --> follow: begun on the server
    clock (0.5 s, until `filmed` is the number of `movie`) --> follow: how far it is, at last its file
    Cancel --> cancel: the server draws no further frame --> clock --> follow: says so
"""

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from core.schema import RefusedError, SpecError
from dashboard.controls import attributes
from dashboard.movies import FORMATS, PLANES
from dashboard.pages.paper.movies import Making, MovieOrder, Movies
from dashboard.pages.paper.questions import client_of, read
from dashboard.requests import answered
from dashboard.translation import translate

OF_LABELS = {"one": "the label above", "all": "all ten, as a ZIP"}
OF_PLANES = {"windowed": "windowed PCA", "landmark": "landmark plane"}
NOTE = "Every frame shows the runs of the settings above; the frames between two steps let them glide."
DECODED = "The original images are not on this machine: the runs of this movie start from decoded ones."
PERIOD = 500  # ms between two looks at how far a movie is
NUMBERS = 1_000_000  # movies that one page asks for at most


def movie_panel() -> html.Section:
    """The panel; it is shown with the movies alone."""
    lists = [
        choice("labels", "Labels", list(OF_LABELS.items())),
        choice("plane", "Plane", [(name, OF_PLANES[name]) for name in PLANES]),
        choice("format", "Format", [(name, name.upper()) for name in FORMATS]),
    ]
    buttons = [
        html.Button("Make the movie", id="make-movie", type="button", className="main"),
        html.Button("Cancel", id="cancel-movie", type="button", disabled=True),
    ]
    bar = html.Progress(id="movie-bar", value="0", max="1", hidden=True, **attributes(aria_label="Frames drawn"))
    far = html.Div([bar, html.Span(id="movie-far", role="status", className="note")], className="row")
    parts = [
        dcc.Store(id="movie"),
        dcc.Store(id="filmed"),
        dcc.Interval(id="clock", interval=PERIOD, disabled=True),
        html.H3("Save as a movie"),
        html.Div([*lists, *buttons], className="form"),
        far,
        html.Div(id="movie-file", className="row"),
        html.P(NOTE, className="note"),
    ]
    return html.Section(parts, id="movie-panel", hidden=True)


def choice(name: str, title: str, options: list[tuple[str, str]]) -> html.Label:
    """A list to choose from, which movies.js reads."""
    items = [html.Option(words, value=value) for value, words in options]
    return html.Label(
        [html.Span(title), html.Select(items, id=f"movie-{name}", **attributes(data_movie=name))], className="field"
    )


class MoviePanel:
    """Callbacks of the panel."""

    def __init__(self, movies: Movies):
        self.movies = movies

    def register(self, app: Dash) -> None:
        """Connect them."""
        app.callback(
            [Output("movie-bar", "value"), Output("movie-far", "children")],
            [Output("movie-file", "children"), Output("filmed", "data")],
            [Input("movie", "data"), Input("clock", "n_intervals")],
            State("client", "data"),
            prevent_initial_call=True,
        )(self.follow)
        app.callback(
            Output("clock", "n_intervals"),
            Input("cancel-movie", "n_clicks"),
            [State("movie", "data"), State("client", "data")],
            prevent_initial_call=True,
        )(self.cancel)
        self.register_clientside(app)

    def register_clientside(self, app: Dash) -> None:
        """Connect what the browser does alone."""
        app.clientside_callback(
            ClientsideFunction("latent", "showMoviePanel"),
            Output("movie-panel", "hidden"),
            [Input("asked", "data"), Input("drawn-panel", "hidden")],
        )
        app.clientside_callback(
            ClientsideFunction("latent", "askMovie"),
            Output("movie", "data"),
            Input("make-movie", "n_clicks"),
            State("asked", "data"),
            prevent_initial_call=True,
        )
        app.clientside_callback(
            ClientsideFunction("latent", "isFilmed"),
            [Output("clock", "disabled"), Output("cancel-movie", "disabled"), Output("movie-bar", "hidden")],
            [Input("movie", "data"), Input("filmed", "data")],
        )

    @answered
    def follow(self, asked: object, _: object, client: object) -> tuple[Any, ...]:
        """How far a movie is, and at last where its file is."""
        number, name = number_in(asked), client_of(client)
        try:
            asked_for = order_in(asked)
            order = self.movies.possible(asked_for)
            making = self.movies.follow(name, number, order)
        except RefusedError as error:
            self.movies.cancel(name, number)  # an older one may be under way
            return "0", translate(str(error)), [], number
        if making is None:
            return (no_update,) * 4
        ended = number if making.has_ended else no_update
        file = [*file_of(making, order), *([html.Span(DECODED, className="note")] if order != asked_for else [])]
        return f"{making.share:.4f}", words_of(making), file, ended

    @answered
    def cancel(self, _: object, asked: object, client: object) -> int:
        """Let a client wait no longer for its movie; the clock starts anew, and `follow` says so."""
        self.movies.cancel(client_of(client), number_in(asked))
        return 0


def words_of(making: Making) -> str:
    """What stands beside the bar."""
    if making.has_ended or making.again_at is not None:
        return translate(making.words)
    return f"{100 * making.share:.0f} % {translate(making.words)}" if making.words else translate("Begins …")


def file_of(making: Making, order: MovieOrder) -> list[Any]:
    """The link to a finished movie."""
    if not making.name:
        return []
    words = f"Save {making.name} ({making.size / 1e6:.1f} MB)"
    return [html.A(words, href=order.address, download="", className="button quiet")]


def order_in(asked: object) -> MovieOrder:
    """The movies that the page asks for.

    Raises:
        SpecError: The request has none, or a setting that cannot be used.
    """
    given = asked if isinstance(asked, dict) else {}
    name, figure = read(given)
    if name != "movies":
        raise SpecError("Movies are made of the figure of that name. Reload the page.")
    return MovieOrder.of(figure, *(given.get(key) for key in ("format", "plane", "labels")))


def number_in(asked: object) -> int:
    """Which of the movies of a page it is; it goes back to the page, so only a small number is taken.

    Raises:
        SpecError: The request has none.
    """
    number = asked.get("number") if isinstance(asked, dict) else None
    if type(number) is not int or not 0 < number <= NUMBERS:
        raise SpecError("The request must say which movie it is. Reload the page.")
    return number
