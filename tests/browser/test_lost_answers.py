"""An answer that is lost, refused or late leaves no panel empty: it is asked for again for as long as it is wanted."""

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Request, Route

from tests.browser.conftest import Open
from tests.browser.tab import PATIENCE, Tab
from tests.browser.test_settings import CALLBACKS

QUERY = "d=digits&nz=10"
ROUTES = ("settled", "run", "ensemble", "sweep")
FILMS = ("runfilm", "film")
FILES = (
    "react-dom@",
    "dash_renderer",
    "dash_core_components.",
    "plotly-cartesian",
    "explorer/main.js",
    "explorer/requests.js",
    "explorer/canvas.js",
    "01-base.css",
)
Wanted = Callable[[Request], bool]


def question(route: str) -> Wanted:
    """Requests that ask one of the explorer's questions."""
    return lambda request: f'"inputs":[{{"id":"ask-{route}"' in (request.post_data or "")


def address(part: str) -> Wanted:
    """Requests of an address."""
    return lambda request: part in request.url


ANSWERS: dict[str, Wanted] = {
    "layout": address("_dash-layout"),
    "dependencies": address("_dash-dependencies"),
    **{route: question(route) for route in ROUTES},
}
ANY_ANSWER = pytest.mark.parametrize("wanted", ANSWERS.values(), ids=list(ANSWERS))


class Fault:
    """Something that happens to the first answers of a kind; the others go through."""

    def __init__(self, one: Tab, wanted: Wanted, happens: Callable[[Route], None], *, times: int = 1):
        self.left, self.asked, self.url, self.wanted, self.happens = times, 0, "", wanted, happens
        one.page.route(re.compile(".*"), self.take)

    def take(self, route: Route) -> None:
        if not self.wanted(route.request):
            route.continue_()
            return
        self.asked += 1
        self.url = route.request.url
        self.left -= 1
        if self.left < 0:
            route.continue_()
        else:
            self.happens(route)


HAPPENS: dict[str, Callable[[Route], None]] = {
    "lost": lambda route: route.abort("connectionreset"),
    "refused": lambda route: route.fulfill(status=500, body="Internal Server Error"),
    "busy": lambda route: route.fulfill(
        status=503, body="Busy: 3 before you.", content_type="text/plain", headers={"Retry-After": "1"}
    ),
}


# The first answer that matches ends in the middle: its head has arrived, then the connection is closed.
HALF = """(() => { const send = window.fetch; window.left = 1;
window.fetch = async (...what) => {
  const reply = await send(...what);
  if (!(what[0] + (what[1].body || "")).includes(%s) || window.left-- <= 0) return reply;
  const part = (await reply.arrayBuffer()).slice(0, 100);
  const body = new ReadableStream({ start(c) { c.enqueue(new Uint8Array(part)); c.error(new TypeError("closed")); } });
  return new Response(body, { status: 200, headers: { "Content-Type": "application/json" } });
}; })()"""


# Every panel is drawn from data, and nothing on the page speaks of an answer that is missing.
COMPLETE = """() => window.latent?.screen?.facts
  && ["I", "II", "III"].includes(document.querySelector("#stage-name").textContent)
  && document.querySelectorAll("#strip .tile").length === latent.screen.state.n_steps + 1
  && ["landmark", "plane", "curves", "stage"].every((id) => document.querySelector(`#${id}-note`).textContent)
  && ["landmark", "plane", "nearest", "curves", "stage"].every((id) =>
    document.querySelector(`#${id}-graph`)._fullLayout)
  && document.querySelector("#stage-graph").data.length > 1
  && !document.querySelector("#notices .notice") && !document.querySelector("#unanswered")?.textContent"""


def complete(one: Tab) -> None:
    """Wait until the page is complete; the errors that the test made are forgotten."""
    one.page.wait_for_function(COMPLETE, polling=50)
    one.quiet()
    for panel in ("landmark", "plane", "nearest", "curves", "stage"):
        assert one.colours(panel) > 10, panel
    one.wrong.clear()


@pytest.mark.parametrize("happens", HAPPENS.values(), ids=list(HAPPENS))
@ANY_ANSWER
def test_a_first_answer_that_fails_is_asked_for_again(tab: Open, wanted: Wanted, happens: Callable[[Route], None]):
    one = tab(None)
    fault = Fault(one, wanted, happens)
    one.page.goto(f"{one.server}/?{QUERY}")
    complete(one)
    # A browser whose requests are watched keeps no answers: Dash's own request for its layout is seen as well.
    assert fault.asked == (2 if "_dash-update" in fault.url else 3)


@pytest.mark.parametrize("happens", HAPPENS.values(), ids=list(HAPPENS))
@pytest.mark.parametrize("route", FILMS)
def test_an_answer_for_the_films_that_fails_is_asked_for_again(tab: Open, route: str, happens: Callable[[Route], None]):
    one = tab(None)
    fault = Fault(one, question(route), happens)
    one.page.goto(f"{one.server}/?{QUERY}")
    complete(one)
    one.filmed()
    assert fault.asked >= 2
    one.wrong.clear()


# What arrived over the network, not from the browser's cache.
ARRIVED = """(part) => performance.getEntriesByType("resource")
  .filter(({ name, transferSize }) => name.endsWith(part) && transferSize > 0).length"""


@pytest.mark.parametrize("part", ["_dash-layout", "_dash-dependencies"])
def test_what_dash_needs_first_comes_over_the_network_once(tab: Open, part: str):
    one = tab()
    assert one.page.evaluate(ARRIVED, part) == 1


def test_the_explorer_leaves_the_browsers_fetch_alone(tab: Open):
    one = tab(None)
    one.page.add_init_script("window.untouched = window.fetch")
    one.open()
    assert one.page.evaluate("() => window.fetch === window.untouched")


PARTS = ["_dash-layout", "_dash-dependencies", *(f'[{{"id":"ask-{name}"' for name in (*ROUTES, *FILMS))]


@pytest.mark.parametrize("part", PARTS)
def test_half_an_answer_is_none(tab: Open, part: str):
    one = tab(None)
    one.page.add_init_script(HALF % json.dumps(part))
    one.page.goto(f"{one.server}/?{QUERY}")
    complete(one)
    one.page.wait_for_function("() => left < 0", timeout=3 * PATIENCE)  # it was cut, and asked for once more


@pytest.mark.parametrize("happens", [HAPPENS["lost"], HAPPENS["refused"]], ids=["lost", "refused"])
@pytest.mark.parametrize("file", FILES)
def test_a_file_that_does_not_arrive_is_loaded_again(tab: Open, file: str, happens: Callable[[Route], None]):
    one = tab(None)
    fault = Fault(one, address(file), happens)
    one.page.goto(f"{one.server}/?{QUERY}")
    for _ in range(300):  # without a style sheet the page is complete long before it is loaded again
        if fault.asked >= 2:
            break
        one.page.wait_for_timeout(100)
    assert fault.asked >= 2
    complete(one)


# Sets how long an answer may take as soon as there is something that waits.
HURRY = """setInterval(() => { if (window.latent?.requests?.patience > 1000) latent.requests.patience = 1000; }, 1)"""


@pytest.mark.parametrize("route", ROUTES)
def test_an_answer_that_never_comes_is_asked_for_again(tab: Open, route: str):
    one = tab(None)
    one.page.add_init_script(HURRY)
    fault = Fault(one, question(route), lambda route: None)
    one.page.goto(f"{one.server}/?{QUERY}")
    complete(one)
    assert fault.asked >= 2


@pytest.mark.parametrize("route", ["run", "ensemble", "sweep"])
def test_the_answers_of_the_first_screen_may_come_in_any_order(tab: Open, route: str):
    held: list[Route] = []
    one = tab(None)
    Fault(one, question(route), held.append)
    one.page.goto(f"{one.server}/?{QUERY}")
    one.page.wait_for_function("() => window.latent?.screen?.facts")
    one.page.wait_for_timeout(1500)  # the other answers are here; progress is asked for again and again
    held.pop().continue_()
    complete(one)


def test_only_the_newest_question_is_asked_again(tab: Open):
    one = tab(QUERY)
    fault = Fault(one, question("run"), HAPPENS["refused"])
    one.slide("noise", 0.9)
    one.page.wait_for_function("() => flow.open === 0 && latent.screen.state.noise === 0.9")
    one.slide("noise", 0.1)
    complete(one)
    before = fault.asked
    one.page.wait_for_timeout(1500)  # longer than the pause before the first question would have been asked again
    assert fault.asked == before
    assert one.address["p"] == "0.1"


def job(data: dict[str, Any]) -> Callable[[Route], None]:
    """An answer about a job."""
    body = json.dumps({"response": {"job": {"data": data}}})
    return lambda route: route.fulfill(body=body, content_type="application/json")


def test_the_progress_of_a_training_goes_on_after_a_lost_answer(tab: Open):
    one = tab("d=digits&nz=7")
    going = {"key": "a job", "state": "running", "text": "training"}
    answers = [
        job(going | {"fraction": 0.1}),
        HAPPENS["lost"],
        job(going | {"fraction": 0.6}),
        HAPPENS["lost"],
        job(going | {"fraction": 1, "state": "done"}),
    ]
    one.page.route(
        CALLBACKS, lambda route: answers.pop(0)(route) if question("job")(route.request) else route.fallback()
    )
    one.page.get_by_role("button", name="Train it").click()
    one.page.wait_for_function("() => document.querySelector('.job .text').textContent === '10 % · training'")
    one.page.wait_for_function("() => document.querySelector('.job .text').textContent === '60 % · training'")
    one.page.wait_for_function("() => document.querySelector('.job .text').textContent === 'Done.'")
    assert answers == []
    one.wrong.clear()


@pytest.mark.parametrize("page", ["models", "paper"])
@pytest.mark.parametrize("part", ["_dash-layout", "_dash-dependencies"])
def test_the_pages_beside_the_explorer_ask_again_for_what_dash_needs_first(tab: Open, page: str, part: str):
    """Every other request is lost: whoever asks, and however often, each of them is asked again."""
    one = tab(None)
    turns = itertools.count()
    lost = HAPPENS["lost"]
    one.page.route(re.compile(re.escape(part)), lambda route: route.continue_() if next(turns) % 2 else lost(route))
    one.page.goto(f"{one.server}/{page}/")
    one.page.wait_for_selector("#train, #figure-stages")
    one.wrong.clear()


def test_what_acts_is_not_done_twice(tab: Open):
    one = tab(None)
    one.page.goto(f"{one.server}/models/")
    one.page.wait_for_selector("#estimate")
    fault = Fault(one, lambda request: '[{"id":"train","prop' in (request.post_data or ""), HAPPENS["lost"])
    one.page.click("#estimate")
    one.page.wait_for_function("() => /does not answer/.test(document.body.innerText)")
    one.page.wait_for_timeout(1500)
    assert fault.asked == 1
    one.wrong.clear()


def test_a_page_in_the_background_is_complete_before_somebody_looks_at_it(tab: Open):
    one = tab(None)
    one.page.add_init_script("window.requestAnimationFrame = () => 0")  # such a tab gets no frames
    one.page.goto(f"{one.server}/?{QUERY}")
    one.page.wait_for_function(COMPLETE, polling=50)


# The layout is in the document, but not at the first three looks.
UNREADY = """(() => { const find = Document.prototype.querySelector; window.left = 3;
Document.prototype.querySelector = function (what) {
  return what === "#scrubber" && window.left-- > 0 ? null : find.call(this, what); }; })()"""


def test_a_page_that_is_asked_to_begin_before_its_layout_is_there_begins_later(tab: Open):
    one = tab(None)
    one.page.add_init_script(UNREADY)
    one.page.goto(f"{one.server}/?{QUERY}")
    complete(one)
    assert one.page.evaluate("() => left") <= 0  # it was not there at first
