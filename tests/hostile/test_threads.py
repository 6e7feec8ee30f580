"""Threads of the server are never all taken: by sockets that are held, by heavy questions, by who has left."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from waitress.server import create_server

from core.computations import COMPUTING, MOST, MOST_PER_CLIENT, Computations, Question
from core.schema import RefusedError
from core.settings import Settings
from core.specs import NOISES, FigureSpec, ModelSpec
from core.work import Work
from dashboard.job_clients import Clients
from dashboard.jobs import Jobs
from serve import THREADS
from tests.paper.questions import ask_for
from tests.processes import until
from tests.served import NEVER, Browser, Site, create_app, own_cache, sentences, serving

HELD = 200  # sockets
HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"
KINDS = {
    "half a request line": b"GET /hea",
    "half a head": b"GET /health HTTP/1.1\r\nHost: localhost\r\n",
    "half a body": b"POST /_dash-update-component HTTP/1.1\r\n" + HEAD + b"Content-Length: 1000\r\n\r\n{",
    "half a chunk": b"POST /_dash-update-component HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "a TLS hello": bytes.fromhex("16030102000100" + "01fc0303") + b"x" * 100,
    "an answer that is never read": b"GET /assets/vendor/plotly-cartesian.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


# Sockets


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The dashboard as it is served."""
    with serving(root, tmp_path_factory.mktemp("served")) as url:
        yield Site(url)


def connected(url: str, data: bytes, *, buffer: int | None = None) -> socket.socket:
    """A socket on which something has been sent and nothing is read."""
    host, port = url.removeprefix("http://").split(":")
    held = socket.socket()
    if buffer:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    held.connect((host, int(port)))
    held.sendall(data)
    return held


@pytest.mark.parametrize("data", KINDS.values(), ids=list(KINDS))
def test_sockets_that_are_held_leave_everybody_else_alone(site: Site, data: bytes):
    with ExitStack() as held:
        for _ in range(HELD):
            held.enter_context(connected(site.url, data, buffer=4096))
        other = Site(site.url)  # a new connection
        assert other.is_up()
        response = Browser(other).ask("run", "d=digits&nz=10")
        assert response["run"]["data"]["distances"]
    assert site.is_up()


def test_a_request_that_is_too_large_is_refused_however_it_comes(site: Site):
    url = f"{site.url}/_dash-update-component"
    for data in (b"x" * 3_000_000, iter([b"x" * 3_000_000])):  # the second one in chunks
        answer = site.session.post(url, data=data, headers={"Content-Type": "application/json"}, timeout=60)
        assert answer.status_code == 413
    announced = b"POST /models/_dash-update-component HTTP/1.1\r\n" + HEAD + b"Content-Length: 9000000000\r\n\r\n"
    with connected(site.url, announced) as held:
        held.settimeout(60)
        assert b" 413 " in held.recv(1000)


# Heavy questions


@pytest.fixture
def app(trained: tuple[Settings, str], tmp_path: Path, gated: "Gated") -> Dash:
    return create_app(own_cache(trained[0], tmp_path / "cache"), computations=gated)


class Gated(Computations):
    """What occupies all cores is not over before a gate opens; says which keys were begun."""

    def __init__(self) -> None:
        super().__init__(calm=NEVER, width=1)
        self.gate, self.begun, self.given_up = threading.Event(), list[str](), threading.Event()
        self.reports = True

    @contextmanager
    def turn(self, line: str = COMPUTING) -> Iterator[None]:
        with super().turn(line):
            self.wait()
            yield

    @contextmanager
    def film(self, group: object, value: Any, compute: Callable[[list[Any]], list[Any]]) -> Iterator[Any]:
        def waits(values: list[Any]) -> list[Any]:
            self.wait()
            return compute(values)

        with super().film(group, value, waits) as output:
            yield output

    def wait(self) -> None:
        work = self.works.owner()
        assert isinstance(work, Work)
        self.begun.append(work.key)
        try:
            while not self.gate.wait(0.01):
                if self.reports:
                    self.works.report(work, 0.5, "half")
        except BaseException:
            self.given_up.set()
            raise


@pytest.fixture
def gated() -> Iterator[Gated]:
    found = Gated()
    yield found
    found.gate.set()


def query(id: str, seed: int = 0, label: int = 0) -> str:
    return f"d=digits&nz=4&model={id}&src=decoded&runs=12&T=6&seed={seed}&label={label}"


@dataclass(frozen=True)
class Route:
    """What a page asks for that takes a while: the p that it names, and what an answer has."""

    noises: Sequence[float] | None
    answer: str = "frames"


HEAVY = {
    "ensemble": Route(NOISES[:1]),
    "film": Route(NOISES[:4]),
    "runfilm": Route(NOISES, "noises"),
    "sweep": Route(None, "captions"),
}


def ask(tab: Browser, route: str, query: str) -> Any:
    """The response to a heavy question."""
    return tab.post(f"ask-{route}", tab.question(query, noises=HEAVY[route].noises))


def busy_of(response: Any) -> dict[str, Any] | None:
    """What the browser is told where there was no room."""
    return (response.get_json(silent=True) or {}).get("sideUpdate", {}).get("busy", {}).get("data")


def test_there_are_more_threads_than_can_wait():
    assert THREADS >= MOST + 32


@pytest.mark.parametrize("heavy", list(HEAVY))
def test_beyond_the_bound_a_question_is_answered_busy_at_once_and_single_runs_go_on(
    app: Dash, trained: tuple[Settings, str], gated: Gated, heavy: str
):
    """Nothing is lost: whoever was let in has the answer at the end, and whoever asks again gets one."""
    id = trained[1]
    tabs = [Browser(app.server.test_client(), f"tab {i}") for i in range(MOST)]
    late = Browser(app.server.test_client(), "late")
    with ThreadPoolExecutor(MOST) as pool:
        asked = [pool.submit(ask, tab, heavy, query(id, i)) for i, tab in enumerate(tabs)]
        try:
            until(lambda: len(waits(app)) == MOST, "all wait")
            for route in HEAVY:
                told = busy_of(ask(late, route, query(id, 1000, label=1)))
                assert told == {"text": f"The server is busy: {len(queue(app))} before you."}, route
            joining = busy_of(ask(late, heavy, query(id, 0)))
            assert joining  # who joins a computation holds a thread as well
            assert late.ask("run", query(id))["run"]["data"]["distances"]
            assert late.http.get("/health").status_code == 200
            assert len(gated.begun) == 1
        finally:
            gated.gate.set()
        for answer in asked:
            assert answer.result().get_json()["response"][heavy]["data"][HEAVY[heavy].answer]
    assert ask(late, heavy, query(id, 1000, label=1)).get_json()["response"][heavy]["data"][HEAVY[heavy].answer]


def waits(app: Dash) -> dict[Any, Any]:
    """Who waits for a computation of an app."""
    return app.server.extensions["closing"][0].__self__._waits


def queue(app: Dash) -> set[Any]:
    """What they wait for; equal questions are one computation."""
    return {wait.work for wait in waits(app).values()}


@pytest.mark.parametrize(
    ("route", "experiment"), [("ensemble", "film_frame"), ("film", "film_frame"), ("runfilm", "run_film")]
)
def test_what_one_tab_supersedes_is_never_begun(
    app: Dash, trained: tuple[Settings, str], gated: Gated, route: str, experiment: str
):
    id, count, gated.reports = trained[1], 40, False  # the first one is in its longest part
    browser = Browser(app.server.test_client(), "tab")
    asked = [browser.question(query(id, seed), noises=NOISES[4:5]) for seed in range(count)]
    with ThreadPoolExecutor(count) as pool:
        answers = []
        for i, question in enumerate(asked):
            other = Browser(app.server.test_client(), "tab")
            answers.append(pool.submit(other.post, f"ask-{route}", question))
            if i == 0:
                until(lambda: gated.begun, "the first is computed")
            until(lambda i=i: all(a.done() for a in answers[:i]) and waits(app), "the one before is superseded")
        gated.gate.set()
        assert [a.result().status_code for a in answers] == [204] * (count - 1) + [200]
    assert len({key for key in gated.begun if key.startswith(f"{experiment}:")}) == 2  # the first and the last


@contextmanager
def in_this_process(app: Dash) -> Iterator[str]:
    """The app on the server that serves it, in threads of this process; its address."""
    server: Any = create_server(app.server, host="127.0.0.1", port=0, threads=4, channel_request_lookahead=1)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(10)
    server.task_dispatcher.shutdown(timeout=5)


@pytest.mark.parametrize("route", list(HEAVY))
def test_a_question_whose_client_has_gone_is_given_up(
    app: Dash, trained: tuple[Settings, str], gated: Gated, route: str
):
    with in_this_process(app) as url:
        browser = Browser(app.server.test_client(), "tab")
        callback = next(c for c in browser.callbacks if c["inputs"][0]["id"] == f"ask-{route}")
        value = browser.question(query(trained[1]), noises=HEAVY[route].noises)
        body = {
            "output": callback["output"],
            "outputs": {"id": route, "property": "data"},
            "inputs": [{"id": f"ask-{route}", "property": "data", "value": value}],
            "changedPropIds": [f"ask-{route}.data"],
        }
        sent = json.dumps(body).encode()
        head = b"POST /_dash-update-component HTTP/1.1\r\n" + HEAD + f"Content-Length: {len(sent)}\r\n\r\n".encode()
        with connected(url, head + sent):
            until(lambda: gated.begun, "it is computed")
        assert gated.given_up.wait(30)
        assert not waits(app)


# Files of the page of the paper


def test_a_file_for_which_there_is_no_room_can_be_fetched_later(app: Dash, trained: tuple[Settings, str], gated: Gated):
    path = "/paper/data/fig2.npz?"
    spec = FigureSpec(model=trained[1], source="decoded", n_runs=12, n_steps=6, sample=3)

    def fetch(seed: int) -> Any:
        return app.server.test_client().get(path + replace(spec, seed=seed).to_query())

    with ThreadPoolExecutor(MOST_PER_CLIENT) as pool:
        asked = [pool.submit(fetch, seed) for seed in range(MOST_PER_CLIENT)]
        try:
            until(lambda: len(waits(app)) == MOST_PER_CLIENT, "all wait")
            refused = fetch(MOST_PER_CLIENT)
            assert (refused.status_code, refused.text) == (503, f"The server is busy: {MOST_PER_CLIENT} before you.")
            assert int(refused.headers["Retry-After"]) > 0
        finally:
            gated.gate.set()
        assert [answer.result().status_code for answer in asked] == [200] * MOST_PER_CLIENT
    assert fetch(MOST_PER_CLIENT).status_code == 200


def test_a_figure_for_which_there_is_no_room_is_asked_again_by_the_page(
    app: Dash, trained: tuple[Settings, str], gated: Gated
):
    spec = FigureSpec(model=trained[1], source="decoded", n_runs=12, n_steps=6, sample=3)
    asked = {"figure": "fig7b", "query": spec.to_query(), "turn": "t1"}
    gated.gate.set()
    gated.most = 0
    pauses = []
    for tries in (0, 3, 100, "x", -7, True, None):
        answer = ask_for(app.server.test_client(), asked | {"tries": tries}).get_json()
        assert answer["response"]["message"]["children"] == "The server is busy: 0 before you."
        assert "ended" not in answer["sideUpdate"]  # it still waits
        assert answer["sideUpdate"]["retry"]["disabled"] is False
        assert not sentences(ask_for(app.server.test_client(), asked))
        pauses.append(answer["sideUpdate"]["retry"]["interval"])
    assert 500 < pauses[0] < pauses[1] < pauses[2] < 20_000
    gated.most = MOST
    assert ask_for(app.server.test_client(), asked).get_json()["response"]["drawn"]["figure"]["data"]


# Estimates


class Timed:
    """Stands for the cluster: an estimate is done when the gate opens."""

    def __init__(self) -> None:
        self.gate, self.begun = threading.Event(), list[dict[str, Any]]()

    def submit(self, _: object, spec: dict[str, Any], *__: object, **___: object) -> "Timed":
        self.begun.append(spec)
        return self

    def result(self, timeout: float) -> float:
        if not self.gate.wait(0.01):
            raise TimeoutError
        return 61.0


class TimedClients(Clients):
    """Reaches `timed`, which may take as long as it likes for an estimate."""

    def __init__(self, settings: Settings, timed: Timed):
        super().__init__(settings, print)
        self.timed = timed

    def of(self, address: str) -> Timed:
        return self.timed


def test_one_estimate_is_made_at_a_time_and_holds_for_a_while(settings: Settings):
    timed = Timed()
    jobs = Jobs(settings, clients=TimedClients(settings, timed), estimating_takes=100_000)
    specs = [ModelSpec(dataset="digits", seed=seed) for seed in (0, 0, 1)]
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(jobs.estimated_seconds, spec, Question(f"client {i}")) for i, spec in enumerate(specs)]
        until(lambda: len(jobs.computations._waits) == 3 and timed.begun, "all wait")
        assert len(timed.begun) == 1
        timed.gate.set()
        assert [one.result() for one in asked] == [61.0] * 3
    assert sorted(spec["seed"] for spec in timed.begun) == [0, 1]
    assert jobs.estimated_seconds(specs[2], Question("late")) == 61.0
    assert len(timed.begun) == 2


def test_of_forty_estimates_asked_at_one_address_four_wait_and_the_others_are_told(settings: Settings):
    timed = Timed()
    jobs = Jobs(settings, clients=TimedClients(settings, timed), estimating_takes=100_000)

    def ask(seed: int) -> object:
        try:
            return jobs.estimated_seconds(ModelSpec(dataset="digits", seed=seed), Question("address"))
        except RefusedError as error:
            return str(error)

    with ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(ask, seed) for seed in range(40)]
        until(lambda: sum(one.done() for one in asked) == 40 - MOST_PER_CLIENT, "all others are told")
        timed.gate.set()
        answers = [one.result() for one in asked]
    assert answers.count(61.0) == MOST_PER_CLIENT
    assert answers.count(f"The server is busy: {MOST_PER_CLIENT} before you.") == 40 - MOST_PER_CLIENT
