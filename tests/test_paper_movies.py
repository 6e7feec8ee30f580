"""Movies on the page of the paper: made once for all who ask, with progress; stopped for whoever waits no longer."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from zipfile import ZipFile

import pytest
from dash import no_update
from PIL import Image

from core import experiments
from core.computations import Computations, Question
from core.schema import SpecError
from core.session import Session
from core.settings import Settings
from core.specs import FigureSpec
from dashboard import movies
from dashboard.pages.paper.movie_panel import DECODED, MoviePanel, number_in
from dashboard.pages.paper.movies import AGAIN, FAILED, LEFT, PATIENCE, MovieOrder, Movies
from tests.processes import until

SPEC = FigureSpec(model="digits-nz10-seed0", source="decoded", n_runs=12, n_steps=5, window=2, noise=0.3, sample=3)
N_FRAMES = 26
ASKED = {"figure": "movies", "query": SPEC.to_query(), "labels": "one", "plane": "windowed", "format": "gif"}


class Studio:
    """What movies are made in: `frames` counts those that were begun; while `gate` is shut they wait after a few."""

    def __init__(self, home: Settings, **more: Any):
        self.computations, self.gate, self.frames, self.now = Computations(calm=None, **more), threading.Event(), 0, 0.0
        self.gate.set()
        self.free = 0
        self.error: Exception | None = None
        shared = Session.open(home, turn=self.turn, shared=self.shared)
        self.movies = Movies(shared, self.computations, lambda: self.now)
        self.panel = MoviePanel(self.movies)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """What every frame takes."""
        with self.computations.turn():
            yield
        self.frames += 1
        if self.error:
            raise self.error
        if self.frames >= self.free:
            assert self.gate.wait(20)

    def shared(self, key: str, compute: Any, progress: Any) -> Any:
        return self.computations.once(key, compute, progress=progress)

    def shut(self, after: int) -> None:
        """Let frames wait after so many."""
        self.free = after
        self.gate.clear()

    def follow(self, client: str = "a", number: int = 1, **changes: Any) -> tuple[Any, ...]:
        """What the page is sent: share, words, file, the number of what has ended."""
        return self.panel.follow(ASKED | {"number": number} | changes, 0, client)

    def ended(self, client: str = "a", number: int = 1, **changes: Any) -> list[tuple[Any, ...]]:
        """All that the page is sent until the movie has ended."""
        sent: list[tuple[Any, ...]] = []

        def has_ended() -> bool:
            sent.append(self.follow(client, number, **changes))
            return sent[-1][3] == number

        until(has_ended, "the movie ends")
        return sent


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose cache has the runs of the movie: then only frames take turns."""
    folder = tmp_path_factory.mktemp("movies")
    settings = Settings(folder / "data", folder / "models", folder / "cache", device="cpu")
    session = Session.open(settings)
    for label in (6, 2):
        order = MovieOrder.of(replace(SPEC, label=label), "gif", "windowed", "one")
        session.result(experiments.film_frame, order.spec.runs)
    return settings


@pytest.fixture
def studio(home: Settings) -> Iterator[Studio]:
    made = Studio(home)
    yield made
    made.gate.set()
    made.computations.close()


def gif_of(content: bytes) -> tuple[int, tuple[int, int]]:
    """Frames and size of a GIF."""
    with Image.open(io.BytesIO(content)) as image:
        return image.n_frames, image.size  # type: ignore[attr-defined]


def test_a_movie_is_followed_frame_by_frame_to_the_link_of_its_file(studio: Studio):
    studio.shut(after=9)
    until(lambda: studio.follow()[1] == "38 % frame 9 of 26", "nine frames are drawn")
    assert studio.follow()[2:] == ([], no_update)
    studio.gate.set()
    sent = studio.ended()
    shares = [float(share) for share, *_ in sent]
    assert shares == sorted(shares)
    _, words, (link,), number = sent[-1]
    made = movies.movie(MovieOrder.of(SPEC, "gif", "windowed", "one").spec, studio.movies.session)
    assert (words, number, studio.frames) == ("", 1, 2 * N_FRAMES)
    assert link.children == f"Save {made.name} ({len(made.content) / 1e6:.1f} MB)"
    assert link.href == f"data/movies.gif?{SPEC.to_query()}&plane=windowed"
    order = MovieOrder.of(SPEC, "gif", "windowed", "one")
    assert studio.movies.file(Question("b"), order) == made  # it is kept
    assert studio.frames == 2 * N_FRAMES


def test_two_clients_of_a_movie_share_it_and_either_may_leave(studio: Studio):
    studio.shut(after=3)
    for client in "ab":
        until(lambda client=client: "frame 3 of 26" in studio.follow(client)[1], "both wait")
    studio.panel.cancel(1, ASKED | {"number": 1}, "a")
    assert studio.follow("a")[1:] == ("Cancelled.", [], 1)
    studio.gate.set()
    assert len(studio.ended("b")[-1][2]) == 1
    assert studio.frames == N_FRAMES


def test_cancel_stops_the_work_before_its_next_frame(studio: Studio):
    studio.shut(after=3)
    until(lambda: "frame 3 of 26" in studio.follow()[1], "three frames are drawn")
    (thread,) = list(studio.computations.works.threads)
    assert studio.panel.cancel(1, ASKED | {"number": 1}, "a") == 0
    studio.gate.set()
    thread.join(20)
    assert not thread.is_alive()
    assert studio.frames == 3
    assert studio.follow()[1:] == ("Cancelled.", [], 1)  # a late question does not begin it anew
    assert studio.ended(number=2)[-1][2]
    assert studio.frames == 3 + N_FRAMES


def test_a_cancel_that_comes_before_its_movie_is_kept_in_mind(studio: Studio):
    studio.panel.cancel(1, ASKED | {"number": 5}, "a")
    assert studio.follow(number=5)[1] == "Cancelled."
    assert studio.follow(number=4) == (no_update,) * 4
    assert studio.frames == 0


def test_a_newer_movie_of_a_client_replaces_the_older_one(studio: Studio):
    studio.shut(after=3)
    until(lambda: "frame 3 of 26" in studio.follow()[1], "three frames are drawn")
    studio.follow(number=2, plane="landmark")
    assert studio.follow(number=1) == (no_update,) * 4
    studio.gate.set()
    assert "landmark-plane" in studio.ended(number=2, plane="landmark")[-1][2][0].children
    assert studio.frames <= 3 + N_FRAMES


def test_a_movie_that_its_client_asks_for_no_more_is_given_up(studio: Studio):
    studio.shut(after=3)
    until(lambda: "frame 3 of 26" in studio.follow()[1], "three frames are drawn")
    (thread,) = list(studio.computations.works.threads)
    studio.now += PATIENCE + 1
    until(lambda: not studio.computations.works.open, "nobody waits")
    studio.gate.set()
    thread.join(20)
    assert studio.frames == 3
    assert studio.follow()[1:] == (LEFT, [], 1)


def test_who_finds_the_queue_full_is_put_into_it_again(home: Settings):
    studio = Studio(home, most=0)
    until(lambda: studio.follow()[1] == "The server is busy: 0 before you.", "the queue is full")
    studio.computations.most = 1
    assert studio.follow()[1] == "The server is busy: 0 before you."
    studio.now += AGAIN
    assert studio.ended()[-1][2]
    studio.computations.close()


def test_the_movies_of_all_labels_are_one_zip_that_shares_those_of_one(studio: Studio):
    alone = studio.ended(labels="one")
    sent = studio.ended(number=2, labels="all")
    shares = [float(share) for share, *_ in sent]
    assert shares == sorted(shares)
    assert [words for _, words, *_ in sent if "label 2: frame" in words]
    (link,) = sent[-1][2]
    assert link.href == f"data/movies.zip?{SPEC.to_query()}&plane=windowed&format=gif"
    order = MovieOrder.of(SPEC, "gif", "windowed", "all")
    made = studio.movies.file(Question("b"), order)
    assert made.name == "windowed-pca_digits-nz10-seed0_all-labels_p0.30_permute_seed0_gif.zip"
    with ZipFile(io.BytesIO(made.content)) as archive:
        names = [replace(order.spec, label=label).file_name() for label in range(10)]
        assert archive.namelist() == names
        assert {gif_of(archive.read(name)) for name in names} == {(N_FRAMES, (640, 360))}
        one = studio.movies.file(Question("b"), MovieOrder.of(SPEC, "gif", "windowed", "one"))
        assert archive.read(names[6]) == one.content
    assert alone[-1][2]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"plane": "round"}, "plane must be one of"),
    ({"format": "avi"}, "format must be one of"),
    ({"format": None}, "format must be one of"),
    ({"labels": "some"}, "labels of a movie must be one or all"),
    ({"figure": "fig1"}, "Movies are made of the figure of that name"),
    ({"query": "model=nobody"}, "nobody"),
    ({"query": f"{SPEC.to_query()}&noise=7"}, "noise must be"),
    ({"query": replace(SPEC, model="digits-nz2-seed0", n_runs=500).to_query()}, "runs"),
    ({"query": replace(SPEC, n_steps=200).to_query().replace("window=2", "window=40")}, "window must be"),
]


@pytest.mark.parametrize(("wrong", "words"), WRONG)
def test_what_cannot_be_made_is_refused_in_a_sentence_beside_the_button(
    studio: Studio, wrong: dict[str, Any], words: str
):
    sent = studio.ended(**wrong)[-1]
    assert words in sent[1]
    assert sent[2:] == ([], 1)
    assert studio.frames == 0


def test_where_the_original_images_are_missing_the_runs_start_from_decoded_ones_and_that_is_said(studio: Studio):
    query = replace(SPEC, model="mnist-nz2-seed0", source="original").to_query()
    link, note = studio.ended(query=query)[-1][2]
    assert "source=decoded" in link.href
    assert note.children == DECODED


def test_a_refused_movie_ends_the_older_one_of_its_client(studio: Studio):
    studio.shut(after=3)
    until(lambda: "frame 3 of 26" in studio.follow()[1], "three frames are drawn")
    studio.follow(number=2, plane="round")
    assert not studio.computations.works.open


def test_the_highlighted_run_is_one_of_those_drawn():
    assert MovieOrder.of(replace(SPEC, sample=40), "mp4", "landmark", "one").spec.sample == 11


def test_what_nobody_foresaw_is_a_sentence_and_a_line_of_the_log(studio: Studio, caplog: pytest.LogCaptureFixture):
    studio.error = ZeroDivisionError()
    assert studio.ended()[-1][1] == FAILED
    assert "failed" in caplog.text


@pytest.mark.parametrize("number", [None, 0, "1", True, 1.0, 10**9])
def test_a_movie_without_a_number_is_refused(number: object):
    with pytest.raises(SpecError, match="must say which movie it is"):
        number_in(ASKED | {"number": number})
