"""Movies of the runs of a figure: made for whoever asks for them on the page, or by their address.

::

    MovieOrder --> computed once for all who ask, its movies one by one --> kept in memory --> data/movies.mp4?...
    follow: begins a movie for a client, and says how far it is whenever the client asks again
    cancel, or a client that asks no more --> nobody waits for it: the movie is given up before its next frame

No request waits while a movie is made: it may take longer than any proxy between browser and server allows.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from core import experiments
from core.computations import BusyError, Computations, LeftError, Question, Reporter
from core.schema import RefusedError, SpecError
from core.session import Session
from core.specs import FigureSpec, RunSpec
from core.store import cached_sha256
from dashboard.cache import MemoryBackend
from dashboard.movies import Movie, MovieSpec, archive, movie, of_every_label, of_label

log = logging.getLogger(__name__)

TYPES = {"mp4": "video/mp4", "gif": "image/gif", "zip": "application/zip"}
SMALL = {"width": 640, "height": 360, "fps": 20}  # a GIF of 1280 x 720 has too many pixels
LABELS = ("one", "all")
TOPIC = "movie"  # a client waits for one at a time
KEPT = 200_000_000  # bytes of finished movies; one has 1.5 million, those of all labels 15
PATIENCE = 120.0  # s in which a client asks again: a browser lets hidden pages do so once a minute
AGAIN = 3.0  # s until a client that met a full queue is put into it again
MOST = 500  # clients whose newest movie is remembered
FAILED = "Something went wrong on the server; its log says what. Change a setting or take another format."
LEFT = "The movie was given up: this page did not ask for it any more. Press the button again."


@dataclass(frozen=True)
class MovieOrder:
    """Which movies are asked for.

    Args:
        figure: The settings of the figure whose runs they show.
        spec: The movie of the figure's label.
        labels: "one": that alone; "all": those of all labels, as a ZIP.
    """

    figure: FigureSpec
    spec: MovieSpec
    labels: str

    @staticmethod
    def of(figure: FigureSpec, kind: object, plane: object, labels: object) -> "MovieOrder":
        """An order, of what anyone may have sent.

        Raises:
            SpecError: There is no such format, plane or choice of labels, or a setting that no movie can have.
        """
        if labels not in LABELS:
            raise SpecError(f"The labels of a movie must be {' or '.join(LABELS)}. Reload the page.")
        size: dict[str, Any] = SMALL if kind == "gif" else {}
        # the page offers no choice of the highlighted run: it is one of those drawn
        runs = replace(figure.part(RunSpec), sample=min(figure.sample, figure.n_runs - 1)).to_dict()
        more: dict[str, Any] = {"plane": plane, "format": kind}
        return MovieOrder(figure, MovieSpec(**runs, window=figure.window, **more, **size), str(labels))

    @property
    def specs(self) -> list[MovieSpec]:
        """The movies."""
        return of_every_label(self.spec) if self.labels == "all" else [self.spec]

    @property
    def type(self) -> str:
        """Of the file, as its name ends."""
        return "zip" if self.labels == "all" else self.spec.format

    @property
    def name(self) -> str:
        """Of the file."""
        return self.spec.archive_name() if self.labels == "all" else self.spec.file_name()

    @property
    def address(self) -> str:
        """Where the file is, below the page."""
        more = {"plane": self.spec.plane} | ({"format": self.spec.format} if self.labels == "all" else {})
        return f"data/movies.{self.type}?{self.figure.to_query()}&{urlencode(more)}"


@dataclass
class Making:
    """A movie that is made for a client.

    Args:
        number: Which of the movies that the client has asked for.
        seen: When the client asked last, s.
        share: That is done; it never becomes less.
        words: How far it is, or why there is none.
        name: Of the file, once it is finished.
        size: Of the file, bytes; the file itself is kept once for all, see `Movies`.
        has_ended: Whether it is, or will never be.
        again_at: When it is tried again, after the queue was full, s.
    """

    number: int
    seen: float
    share: float = 0.0
    words: str = ""
    name: str = ""
    size: int = 0
    has_ended: bool = False
    again_at: float | None = None


class Movies:
    """What movies are made with, and for whom.

    Args:
        session: What they are computed in.
        computations: Where clients wait for them.
        clock: Tells the time, s.
    """

    def __init__(self, session: Session, computations: Computations, clock: Callable[[], float] = time.monotonic):
        self.session, self.computations, self.clock = session, computations, clock
        self._files = MemoryBackend(KEPT)
        self._making: OrderedDict[str, Making] = OrderedDict()
        self._lock = threading.Lock()

    def file(self, question: Question, order: MovieOrder) -> Movie:
        """The movie, or the archive of all: cached, else waited for. Raises as `Computations.wait_for` and `movie`."""
        return self._cached(order) or self.computations.wait_for(question, self._key(order), self._computation(order))

    def possible(self, order: MovieOrder) -> MovieOrder:
        """The same with runs that can be started here: from decoded images where the original ones are missing.

        The figure of the page may be one that is shipped, which needs no images.

        Raises:
            StoreError: There is no such model.
        """
        if order.spec.source == "decoded" or experiments.why_decoded(order.spec.model, self.session) is None:
            return order
        return replace(
            order, figure=replace(order.figure, source="decoded"), spec=replace(order.spec, source="decoded")
        )

    def follow(self, client: str, number: int, order: MovieOrder) -> Making | None:
        """How far a client's movie is, which is begun where it is not; None where the client has a newer one.

        Raises:
            StoreError: There is no such model.
        """
        now = self.clock()
        with self._lock:
            making = self._making.get(client)
            if making and making.number > number:
                return None
            is_new = making is None or making.number < number
            making = Making(number, now) if making is None or is_new else making
            self._remember(client, making)
            making.seen = now
            begins = is_new or (making.again_at is not None and now >= making.again_at)
            if begins:
                making.again_at = None
        if begins:
            question = Question(client, TOPIC, number, lambda: self.clock() - making.seen > PATIENCE)
            threading.Thread(target=self._make, args=(question, order, making), daemon=True, name="movie").start()
        elif not making.has_ended and making.again_at is None:
            share, words = self.computations.progress(client, TOPIC) or (0.0, "")
            making.share, making.words = max(making.share, share), words or making.words
        return making

    def cancel(self, client: str, number: int) -> None:
        """Let a client wait no longer; a movie that nobody else waits for stops before its next frame."""
        with self._lock:
            making = self._making.get(client)
            if making and making.number > number:
                return
            making = making if making and making.number == number else Making(number, self.clock())
            self._remember(client, making)  # a question about it may still be on its way
            if not making.has_ended:
                making.words, making.has_ended, making.again_at = "Cancelled.", True, None
        self.computations.leave(client, TOPIC)

    def _remember(self, client: str, making: Making) -> None:
        """Whoever calls holds the lock."""
        self._making[client] = making
        self._making.move_to_end(client)
        while len(self._making) > MOST:
            self._making.popitem(last=False)

    def _make(self, question: Question, order: MovieOrder, making: Making) -> None:
        """Wait for a movie in place of a client, in a thread of its own."""
        name, size, words, again_at = "", 0, "", None
        try:
            made = self.file(question, order)
            name, size = made.name, len(made.content)
        except BusyError as error:
            words, again_at = str(error), self.clock() + AGAIN
        except LeftError:
            words = LEFT
        except RefusedError as error:
            words = str(error)
        except Exception:
            log.exception("movie %s failed", order.name)
            words = FAILED
        with self._lock:
            if not making.has_ended:
                making.name, making.size, making.words, making.again_at = name, size, words, again_at
                making.has_ended = again_at is None

    def _computation(self, order: MovieOrder) -> Callable[[Reporter], Movie]:
        if order.labels == "one":
            return lambda report: self._one(order, report)

        def compute(report: Reporter) -> Movie:
            specs, movies = order.specs, []
            for i, spec in enumerate(specs):
                alone, progress = replace(order, spec=spec, labels="one"), of_label(report, i, specs)
                one = self._cached(alone)
                if one is None:  # whoever asks for this label alone shares it
                    one = self.computations.once(self._key(alone), self._computation(alone), progress=progress)
                movies.append(one)
                report((i + 1) / len(specs), f"label {spec.label} is complete")
            return self._keep(order, archive(order.spec, movies))

        return compute

    def _one(self, order: MovieOrder, report: Reporter) -> Movie:
        return self._keep(order, movie(order.spec, self.session, progress=report))

    def _keep(self, order: MovieOrder, made: Movie) -> Movie:
        self._files.set(self._key(order), made.content)
        return made

    def _cached(self, order: MovieOrder) -> Movie | None:
        content = self._files.get(self._key(order))
        return None if content is None else Movie(order.name, content)

    def _key(self, order: MovieOrder) -> str:
        """Equal orders are one movie; a model that was trained anew under the same name has another."""
        label = order.spec.label if order.labels == "one" else "all"
        own = replace(order.spec, label=0).to_query()
        return f"movie of {label} {own} {cached_sha256(self.session.library.entry(order.spec.model).path)}"
