"""The explorer's callbacks as functions: what is answered and given up."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

import plotly.graph_objects as go
import pytest
from dash import no_update
from dash.exceptions import PreventUpdate
from flask import Flask

from core import experiments
from core.computations import Computations, Reporter
from core.progress import Progress
from core.schema import SpecError
from core.specs import NOISES, EmbeddingSpec
from dashboard.cache import Replies
from dashboard.controls import ScreenState
from dashboard.pages.explore.callbacks import CHUNK, ExplorePage
from dashboard.pages.explore.models import model_in_use
from dashboard.requests import read_request
from dashboard.theme import DARK, LIGHT
from tests.explore.conftest import QUICK, Question, before_computing
from tests.processes import until

T = TypeVar("T")


def test_the_run(page: ExplorePage, question: Question):
    reply = page.run(question(QUICK + "&p=0.4&i=3"))
    assert (reply["noises"], reply["shape"]) == ([0.4], [8, 8])
    assert reply["distances"]["shape"] == [7, 1, 3]
    assert len(reply["images"]) == 64 * 7
    assert (reply["label"], reply["sample"]) == (0, 3)
    assert "image 3" in reply["captions"][0]


def test_the_film_of_the_run_is_its_single_runs(page: ExplorePage, question: Question):
    noises = [0.0, 0.2, 1.0]
    film = page.run_film(question(QUICK, noises=noises))
    assert film["noises"] == noises
    assert film["distances"]["shape"] == [7, 3, 3]
    single = [page.run(question(QUICK + f"&p={p}")) for p in noises]
    assert film["captions"] == [one["captions"][0] for one in single]
    assert film["minimum_step"] == [one["minimum_step"][0] for one in single]


def test_the_ensemble(page: ExplorePage, question: Question):
    (frame,) = page.ensemble(question())["frames"]
    assert len(frame["nearest"]) == 20 * 7
    assert frame["curves"]["shape"] == [7, 17]  # three means, their SEM, ten concepts, one line
    assert (frame["noise"], frame["label"]) == (0.2, 0)
    assert "20 runs of ‘0’ from images decoded from memories" in frame["caption"]
    assert "% of the runs approach" in frame["approach"]


def test_the_axes_come_with_a_frame_only_where_they_move(page: ExplorePage, question: Question):
    (fixed,) = page.ensemble(question())["frames"]
    (windowed,) = page.ensemble(question(QUICK + "&pca=windowed"))["frames"]
    assert "basis" not in fixed
    assert windowed["basis"]["shape"][-2:] == [4, 2] or windowed["basis"]["shape"][-2:] == [2, 4]
    settled = page.open_model(question())
    assert settled["fixed"]["basis"]["shape"] in ([4, 2], [2, 4])


def test_the_film_is_the_ensembles_of_its_noises(page: ExplorePage, question: Question):
    film = page.film(question(QUICK, noises=[0.1, 0.2]))["frames"]
    alone = [page.ensemble(question(QUICK + f"&p={p}"))["frames"][0] for p in (0.1, 0.2)]
    assert film == alone


def test_a_frame_is_built_once_for_screen_and_film(page: ExplorePage, question: Question):
    replies = page.experiments.replies = Counting(Flask("test"))
    page.ensemble(question())
    page.film(question(QUICK, noises=[0.1, 0.2, 0.3]))
    page.ensemble(question(QUICK + "&p=0.3"))
    page.ensemble(question(QUICK + "&theme=dark&curves=all&view=plane&i=7"))  # what none of them shows
    assert replies.count == 3


def test_a_film_that_finds_the_server_busy_gives_what_it_has(page: ExplorePage, question: Question):
    taken: list[float] = []

    def awaited(*args: Any) -> Any:
        taken.append(args[3].noise)
        return no_update if len(taken) > 2 else {"noise": args[3].noise}

    page.awaited = awaited
    assert page.film(question(QUICK, noises=[0.1, 0.2, 0.3, 0.4])) == {"frames": [{"noise": 0.1}, {"noise": 0.2}]}
    assert taken == [0.1, 0.2, 0.3]
    assert page.film(question(QUICK, noises=[0.5])) is no_update


@pytest.mark.parametrize("noises", [[], [2], [-0.1], ["a"], "0.1", [True], 7, {"a": 1}, [0.5] * 1000, [float("nan")]])
@pytest.mark.parametrize("route", ["run_film", "film"])
def test_noises_that_make_no_sense_are_refused(page: ExplorePage, question: Question, route: str, noises: object):
    with pytest.raises(SpecError, match="noises"):
        getattr(ExplorePage, route).__wrapped__(page, question(QUICK, noises=noises))


def test_the_sweep_has_a_sentence_for_every_noise(page: ExplorePage, question: Question):
    reply = page.sweep(question("d=digits&nz=8&src=decoded&T=6&runs=10"))
    assert len(reply["noises"]) == len(reply["captions"]) == len(reply["minimum_distance"]) == 41
    assert "With 2.5 % of the pixels permuted, 12 runs" in reply["captions"][1]
    assert reply["note"].startswith("12 runs for each p, T = 60, seed 0")
    assert len(reply["figure"]["data"]) == 6  # band and mean of three points


@pytest.mark.parametrize(("query", "grid"), [("", LIGHT.grid), ("&theme=dark", DARK.grid)])
def test_the_stage_chart_has_the_colours_of_the_theme(page: ExplorePage, question: Question, query: str, grid: str):
    layout: Any = go.Figure(page.sweep(question("d=digits&nz=8&src=decoded" + query))["figure"]).layout
    assert layout.template.layout.xaxis.gridcolor == grid


class Counting(Replies):
    """Counts what is built."""

    count = 0

    def get_or_build(self, key: str, build: Callable[[], T]) -> T:
        def counted() -> T:
            self.count += 1
            return build()

        return super().get_or_build(key, counted)


@pytest.mark.parametrize(
    ("route", "other"),
    [
        ("run", "&i=4"),
        ("run", "&p=0.3"),
        ("run_film", "&seed=1"),
        ("ensemble", "&p=0.3"),
        ("ensemble", "&pca=windowed"),
        ("film", "&label=1"),
        ("image", "&i=4"),
        ("sweep", "&kind=invert"),
        ("sweep", "&theme=dark"),
    ],
)
def test_a_reply_is_built_once_for_each_look(page: ExplorePage, question: Question, route: str, other: str):
    replies = page.experiments.replies = Counting(Flask("test"))
    ask = getattr(page, route)
    first, second = ask(question()), ask(question(QUICK + other))
    assert ask(question()) == first != second == ask(question(QUICK + other))
    assert replies.count == 2


def test_the_ensemble_and_the_sweep_tell_the_same(page: ExplorePage, question: Question):
    query = "d=digits&nz=8&src=decoded&runs=12&p=0.5"
    (frame,) = page.ensemble(question(query))["frames"]
    sweep = page.sweep(question(query))
    assert frame["minimum_distance"] == pytest.approx(sweep["minimum_distance"][20], abs=2e-3)
    assert frame["caption"] == sweep["captions"][20]
    assert frame["runner_up"] == sweep["runners_up"][20]


SHOWN = "d=digits&nz=8&src=decoded&runs=12&p=0.5"  # the very runs of the stage chart, of which no bands are shipped


def test_the_film_behind_the_sweep_needs_no_run_again(page: ExplorePage, question: Question):
    page.sweep(question(SHOWN))
    computed: list[Progress] = []
    before_computing(page.experiments, computed.append)
    for i in range(0, 41, CHUNK):
        film = page.film(question(SHOWN, noises=list(NOISES[i : i + CHUNK])))
        assert len(film["frames"]) == len(NOISES[i : i + CHUNK])
    assert page.ensemble(question(SHOWN))["frames"]
    assert computed == []


def test_the_sweep_behind_the_film_needs_no_run_again(page: ExplorePage, question: Question):
    for i in range(0, 41, CHUNK):
        page.film(question(SHOWN, noises=list(NOISES[i : i + CHUNK])))
    reports: list[str] = []

    class Telling(Computations):
        def wait_for(self, question: Any, key: str, compute: Callable[[Any], T], **more: Any) -> T:
            def noted(report: Reporter) -> T:
                return compute(lambda fraction, text: reports.append(text))

            return super().wait_for(question, key, noted, **more)

    page.experiments.computations = Telling()
    assert len(page.sweep(question(SHOWN))["captions"]) == 41
    assert reports == ["done"]  # nothing was followed for it


def test_the_image_of_a_run_that_is_pointed_at(page: ExplorePage, question: Question):
    reply = page.image(question(QUICK + "&i=5"))
    assert (reply["sample"], reply["shape"]) == (5, [8, 8])
    assert reply["images"] == page.run(question(QUICK + "&i=5"))["images"]
    assert reply["images"] != page.run(question(QUICK + "&i=6"))["images"]


def test_neighbours_are_computed_ahead_within_the_range(page: ExplorePage, question: Question):
    ahead: list[str] = []

    class Noting(Computations):
        def ahead(self, key: str, compute: Callable[[Reporter], Any]) -> None:
            if not key.startswith("films"):
                ahead.append(key)

    page.experiments.computations = Noting()
    for p in ("0", "0.5", "1"):
        page.ensemble(question(QUICK + f"&p={p}"))
    spec = ScreenState.from_query(QUICK)[0].inference_spec(
        model_in_use(page.experiments, read_request(question())).id, "decoded"
    )
    near = [replace(spec, noise=p).part(EmbeddingSpec) for p in (0.025, 0.475, 0.525, 0.975)]
    assert ahead == [page.experiments.session.key(experiments.film_frame, each) for each in near]


def test_when_nobody_asks_the_films_of_the_other_labels_are_computed(page: ExplorePage, question: Question):
    ahead: dict[str, Callable[[Any], Any]] = {}

    class Noting(Computations):
        def ahead(self, key: str, compute: Callable[[Any], Any]) -> None:
            ahead[key] = compute

    page.experiments.computations = Noting()
    for route in (page.ensemble, page.run_film, page.film):
        ahead.clear()
        route(question(QUICK, noises=[0.2]))
        assert [key for key in ahead if key.startswith("films")] == [next(iter(ahead))]  # the newest is computed first
    ahead.popitem()[1](lambda fraction, text: None)
    computed: list[Progress] = []
    before_computing(page.experiments, computed.append)
    for label in range(1, 10):
        film = page.film(question(QUICK + f"&label={label}", noises=[0.0, 0.2, 0.975, 1.0]))
        assert {frame["label"] for frame in film["frames"]} == {label}
    assert computed == []


def test_a_run_under_the_pointer_has_no_films_computed_ahead(page: ExplorePage, question: Question):
    class Refusing(Computations):
        def ahead(self, key: str, compute: Callable[[Any], Any]) -> None:
            pytest.fail("It is computed ahead.")

    page.experiments.computations = Refusing()
    page.run(question())
    page.image(question())


# The newest question


@pytest.mark.parametrize("route", ["run", "run_film", "ensemble", "film", "sweep", "image"])
def test_an_old_question_is_not_answered(page: ExplorePage, question: Question, route: str):
    old, new = question(), question()
    page.newest.note(route.replace("_", ""), read_request(new))
    with pytest.raises(PreventUpdate):
        getattr(page, route)(old)


@pytest.mark.parametrize("route", ["run", "run_film", "ensemble", "film", "image"])
def test_another_tab_does_not_make_a_question_old(page: ExplorePage, question: Question, route: str):
    page.newest.note(route.replace("_", ""), read_request(question(sequence=10**6, client="other tab")))
    assert getattr(page, route)(question()) is not None


def test_a_computation_is_given_up_when_the_client_asks_for_another(page: ExplorePage, question: Question):
    old, new = question(), question(QUICK + "&p=0.3")
    before_computing(page.experiments, lambda _: page.newest.note("ensemble", read_request(new)))
    with pytest.raises(PreventUpdate):
        page.ensemble(old)
    assert page.ensemble(new)["frames"][0]["noise"] == 0.3


def test_progress_is_told_to_who_waits(page: ExplorePage, question: Question):
    asked = question()
    assert page.report(asked) == {"fraction": 0.0, "text": ""}
    go = threading.Event()

    def half(progress: Progress) -> None:
        progress(0.5, "10 of 20 runs")
        assert go.wait(60)

    before_computing(page.experiments, half)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(page.ensemble, asked)
        until(lambda: page.report(asked) == {"fraction": 0.5, "text": "10 of 20 runs"}, "it is known")
        go.set()
        assert answer.result()["frames"][0]["noise"] == 0.2
    assert page.report(asked) == {"fraction": 0.0, "text": ""}
    for garbage in (None, [], 3, {"client": [1]}, {"client": None}):
        assert page.report(garbage)["fraction"] == 0.0


def test_other_axes_of_the_plane_need_no_run_again(page: ExplorePage, question: Question):
    asked: list[str] = []
    before = page.experiments.session.shared

    def noting(key: str, compute: Any, progress: Progress) -> Any:
        asked.append(key.partition(":")[0])
        return before(key, compute, progress)

    page.experiments.session = replace(page.experiments.session, shared=noting)
    fixed = page.ensemble(question(QUICK + "&pca=fixed"))
    assert asked == ["latent_activity"]
    windowed = page.ensemble(question(QUICK + "&pca=windowed"))
    assert asked == ["latent_activity"]
    assert fixed["frames"][0]["curves"] == windowed["frames"][0]["curves"]
    page.film(question(QUICK + "&pca=fixed", noises=[0.9]))
    assert asked == ["latent_activity"]  # a film leaves none behind
