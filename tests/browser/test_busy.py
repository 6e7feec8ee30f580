"""A server that has no room: the panels that wait say so and ask again, without a notice, and get their pictures."""

import json
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Route

from core.computations import MOST
from tests.browser.conftest import Open
from tests.browser.tab import Tab, asks
from tests.browser.test_settings import Holding
from tests.processes import until
from tests.served import Browser, Site


@contextmanager
def occupied(server: str) -> Iterator[None]:
    """Other tabs ask for as much as the server takes, and go away at the end."""
    host, port = server.removeprefix("http://").split(":")
    asks = next(c for c in Browser(Site(server)).callbacks if c["inputs"][0]["id"] == "ask-ensemble")
    with ExitStack() as held:
        sockets = []
        for seed in range(MOST + 20):
            query = f"d=mnist&nz=100&src=decoded&runs=500&T=200&seed={seed + 1}"
            asked = {"query": query, "client": f"other {seed}", "sequence": 1}
            body = json.dumps(
                {
                    "output": asks["output"],
                    "outputs": {"id": "ensemble", "property": "data"},
                    "inputs": [{"id": "ask-ensemble", "property": "data", "value": asked}],
                    "changedPropIds": ["ask-ensemble.data"],
                }
            )
            sockets.append(one := held.enter_context(socket.create_connection((host, int(port)))))
            head = f"Host: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
            one.sendall(f"POST /_dash-update-component HTTP/1.1\r\n{head}\r\n\r\n{body}".encode())
        until(lambda: select.select(sockets, [], [], 0)[0], "one of them is told that there is no room")
        yield


def notices(one: Tab) -> int:
    return one.page.locator("#notices .notice").count()


def test_the_explorer_says_that_it_waits_and_gets_its_pictures(tab: Open):
    one = tab(None)
    with occupied(one.server):
        one.page.goto(f"{one.server}/?d=digits&nz=10&seed=12345")
        one.page.wait_for_function(
            "() => ['plane', 'curves', 'stage'].some((n) => /server is busy: \\d+ before you/.test("
            "(document.getElementById(n + '-wait') || {}).textContent))"
        )
        assert notices(one) == 0
        one.page.wait_for_selector("#strip .tile")  # the single run comes all the same
        assert one.strip()
    until(lambda: not one.text("#plane-wait") and not one.text("#curves-wait"), "it asks again")
    one.quiet()
    assert "Stage" in one.text("#caption") or one.text("#stage-name") in ("I", "II", "III")
    assert notices(one) == 0


PANELS = {"ensemble": ["plane", "landmark", "curves", "nearest"], "sweep": ["stage"]}
NO_ROOM = {
    "multi": True,
    "response": {},
    "sideUpdate": {"busy": {"data": {"text": "The server is busy: 3 before you."}}},
}


@pytest.mark.parametrize("question", PANELS)
def test_every_panel_that_waits_says_so_until_it_has_its_picture(tab: Open, question: str):
    one = tab(None)
    has_room = False

    def answer(route: Route) -> None:
        if has_room or not asks(route.request, f"{question}.data"):
            route.fallback()
        else:
            route.fulfill(json=NO_ROOM)

    one.page.route("**/_dash-update-component", answer)
    one.page.goto(f"{one.server}/?d=digits&nz=10")
    one.page.wait_for_function(
        "(name) => /server is busy/.test(document.getElementById(`${name}-wait`)?.textContent)",
        arg=PANELS[question][-1],
    )
    said = {name: one.text(f"#{name}-wait") for names in PANELS.values() for name in names}
    busy = NO_ROOM["sideUpdate"]["busy"]["data"]["text"]
    assert said == {name: busy if name in PANELS[question] else "" for name in said}
    has_room = True
    one.quiet()
    assert [name for name in said if one.text(f"#{name}-wait")] == []


def test_a_film_is_not_asked_for_while_an_ensemble_is_on_its_way(tab: Open):
    one = tab(None)
    sweep = Holding(one, "sweep")  # films wait for it
    one.page.goto(f"{one.server}/?d=digits&nz=10")
    one.page.wait_for_function("() => window.latent?.films?.ensembles.last && latent.films.runs.last")
    ensemble = Holding(one, "ensemble")
    one.slide("noise", 0.6)
    until(lambda: ensemble.held or one.frame(), "the ensemble is asked for")
    sweep.let_go()
    until(lambda: asked_for(one, "runfilm.data") or one.frame(), "the film of the run is asked for")
    one.page.wait_for_timeout(300)
    assert not asked_for(one, "film.data")
    ensemble.let_go()
    one.filmed()
    assert asked_for(one, "film.data")


def asked_for(one: Tab, name: str) -> int:
    return sum(asks(request, name) for request in one.requests)


def test_the_page_of_the_paper_says_that_it_waits_and_gets_its_figure(tab: Open):
    one = tab(None)
    with occupied(one.server):
        one.page.goto(f"{one.server}/paper/fig4a?model=digits-nz10-seed0&n_runs=20")
        one.page.wait_for_selector("#message", state="attached")
        one.page.wait_for_function("() => /server is busy/.test(document.getElementById('message').textContent)")
    one.page.wait_for_selector("#drawn .main-svg >> nth=0")
    one.page.wait_for_function("() => document.getElementById('message').textContent === ''")
    with occupied(one.server):
        one.page.select_option("#paper-label", "2")
        one.page.wait_for_function("() => /server is busy/.test(document.getElementById('message').textContent)")
        one.page.locator("#cancel").click()
        one.page.wait_for_function("() => document.getElementById('message').textContent === 'Cancelled.'")
    assert one.page.locator("#cancel").is_disabled()
    assert notices(one) == 0
