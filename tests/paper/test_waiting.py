"""Whoever waits for a figure of the page of the paper: parts, Cancel, refusals."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.progress import Progress
from core.settings import Settings
from core.specs import FigureSpec
from dashboard.theme import THEMES
from tests.paper.questions import NOTHING_SKETCHED, PROGRESS, ask_for, cancel, post
from tests.processes import until
from tests.served import Watched, sentences


@pytest.mark.parametrize("asked", [7, {"figure": "fig1"}, {"figure": "nothing", "query": "model=a"}, {"query": "T=x"}])
def test_garbage_gets_a_sentence(served: tuple[Any, FigureSpec, Settings], asked: object):
    http, _, _ = served
    assert sentences(ask_for(http, asked))
    assert sentences(post(http, ["go.href"], {"drawn.clickData": {}}, {"asked.data": asked}, "drawn.clickData"))


@pytest.mark.parametrize("client", [None, 7, "", "x" * 65])
def test_who_does_not_say_who_asks_gets_a_sentence(served: tuple[Any, FigureSpec, Settings], client: object):
    http, spec, _ = served
    ticks = {"tick.n_intervals": 1}
    assert sentences(post(http, PROGRESS, ticks, {"client.data": client} | NOTHING_SKETCHED, "tick.n_intervals"))
    assert sentences(ask_for(http, {"figure": "fig1", "query": spec.to_query()}, client))


def test_cancel_lets_one_person_go_and_says_so(served: tuple[Any, FigureSpec, Settings], watched: Watched):
    """The other one who waits gets the figure."""
    http, spec, _ = served
    go = threading.Event()

    def slow(name: str, progress: Progress) -> None:
        while name == "embedding" and not go.wait(0.01):
            progress(0.25, "a quarter")

    watched.before = slow
    clients = {name: http.application.test_client() for name in "ab"}
    asked = {"figure": "fig2", "query": spec.to_query(), "turn": "t2"}

    def progress_of(name: str) -> str:
        answer = post(
            http, PROGRESS, {"tick.n_intervals": 1}, {"client.data": name} | NOTHING_SKETCHED, "tick.n_intervals"
        )
        return answer.get_json()["response"]["far"]["children"]

    with ThreadPoolExecutor(2) as pool:
        answers = {name: pool.submit(ask_for, client, asked, name) for name, client in clients.items()}
        until(lambda: progress_of("a") == progress_of("b") == "25 % a quarter", "both wait")
        assert cancel(http, "a", asked).status_code == 204
        assert progress_of("a") == ""
        gone = answers["a"].result(10).get_json()
        assert gone["response"] == {"message": {"children": "Cancelled."}}
        assert gone["sideUpdate"]["ended"]["data"] == "t2"
        assert not answers["b"].done()
        go.set()
        assert answers["b"].result(10).get_json()["response"]["drawn"]["figure"]["data"]


def test_cancel_ends_what_was_to_be_asked_again(served: tuple[Any, FigureSpec, Settings]):
    http, spec, _ = served
    answer = cancel(http, "a", {"figure": "fig2", "query": spec.to_query(), "turn": "t2"}).get_json()
    assert answer["response"]["ended"]["data"] == "t2"
    assert answer["sideUpdate"] == {"retry": {"disabled": True}, "message": {"children": "Cancelled."}}


@pytest.mark.parametrize("name", ["stages", "fig5a"])
def test_a_long_figure_appears_piece_by_piece(served: tuple[Any, FigureSpec, Settings], watched: Watched, name: str):
    http, spec, _ = served
    go, calls = threading.Event(), list[str]()

    def wait_at_the_third(what: str, _: Progress) -> None:
        calls.append(what)
        if len(calls) > 2 and not go.wait(20):
            raise TimeoutError

    watched.before = wait_at_the_third
    asked = {"figure": name, "query": spec.to_query(), "turn": "t3"}

    def tick(sketched: object) -> dict[str, Any]:
        state = {"client.data": "a", "asked.data": asked, "look.data": "dark", "sketched.data": sketched}
        ticks = {"tick.n_intervals": 1}
        return post(http.application.test_client(), PROGRESS, ticks, state, "tick.n_intervals").get_json()["response"]

    with ThreadPoolExecutor(1) as pool:
        whole = pool.submit(ask_for, http, asked, "a")
        until(lambda: len(calls) > 2 and "sketch" in tick(None), "the third part waits")
        sketch = tick(None)
        number = sketch["sketched"]["data"]
        assert number == ["t3", 2 if name == "stages" else 1]
        assert sketch["sketch"]["figure"]["layout"]["template"]["layout"]["font"]["color"] == THEMES["dark"].quiet
        assert "sketch" not in tick(number)  # nothing new
        newer = asked | {"figure": "fig4a", "turn": "t4"}
        state = {"client.data": "a", "asked.data": newer, "look.data": "dark", "sketched.data": None}
        early = post(
            http.application.test_client(),
            PROGRESS,
            {"tick.n_intervals": 1},
            state,
            "tick.n_intervals",
        )
        assert "sketch" not in early.get_json()["response"]  # the newer question is not waited for yet
        go.set()
        final = whole.result(60).get_json()["response"]["drawn"]["figure"]
    partial = sketch["sketch"]["figure"]
    assert len(json.dumps(partial)) < len(json.dumps(final))
    assert partial["layout"]["height"] == final["layout"]["height"]
    assert "sketch" not in tick(number)  # nobody waits any more
