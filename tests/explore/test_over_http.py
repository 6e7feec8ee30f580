"""The explorer's callbacks over HTTP, where they refuse; and its jobs, without a cluster."""

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from dash import Dash

from app import create_apps
from core.computations import Computations
from core.library import Library
from core.settings import Settings
from dashboard.controls import ScreenState
from dashboard.hosting import Hosting
from dashboard.jobs import JobStatus
from dashboard.pages.explore.callbacks import CHUNK, ROUTES, ExplorePage
from tests.explore.conftest import QUICK
from tests.idle_jobs import AskedJobs
from tests.served import NEVER, Browser, create_app, own_cache, sentences

# Over HTTP


@pytest.fixture(scope="module")
def jobs(home: Settings, library: Library, tmp_path_factory: pytest.TempPathFactory) -> AskedJobs:
    return AskedJobs(own_cache(home, tmp_path_factory.mktemp("cache")), library, Computations(calm=NEVER))


@pytest.fixture(scope="module")
def app(jobs: AskedJobs) -> Dash:
    return create_apps(Hosting(), jobs)[0]


@pytest.fixture
def browser(app: Dash, request: pytest.FixtureRequest) -> Browser:
    return Browser(app.server.test_client(), request.node.name[-60:])


GARBAGE: dict[str, Any] = {
    "a list": [1, 2],
    "a number": 7,
    "true": True,
    "a word": "abcabc",
    "an empty object": {},
    "a huge word": "x" * 100_000,
    "a deep list": [[[[[[[[]]]]]]]],
    "half a question": {"query": "p=0.5"},
    "a wrong sequence": {"query": "", "client": "g", "sequence": "1"},
    "a boolean sequence": {"query": "", "client": "g", "sequence": True},
    "a wrong client": {"query": "", "client": {"a": 1}, "sequence": 1},
}


@pytest.mark.parametrize("route", [route for route in ROUTES if route != "progress"])  # which tells of nothing then
@pytest.mark.parametrize("data", GARBAGE.values(), ids=list(GARBAGE))
def test_garbage_is_answered_with_a_sentence_on_the_page(browser: Browser, route: str, data: object):
    response = browser.post(f"ask-{route}", data)
    assert response.status_code < 500
    said = sentences(response)
    assert len(said) == 1
    assert said[0].endswith(".")
    assert len(said[0]) < 250
    assert "went wrong" not in said[0]


@pytest.mark.parametrize("route", ROUTES)
def test_nothing_is_no_error(browser: Browser, route: str):
    assert browser.post(f"ask-{route}", None).status_code < 500


@pytest.mark.parametrize("page", ["/", "/models/"])
@pytest.mark.parametrize("body", [None, [], 7, {}, {"output": "x.y"}, {"output": "run.data", "inputs": 5}], ids=repr)
def test_what_is_no_question_gets_a_sentence_and_no_traceback(
    browser: Browser, page: str, body: object, caplog: pytest.LogCaptureFixture
):
    response = browser.http.post(f"{page}_dash-update-component", json=body)
    assert response.status_code == 400
    assert response.get_data(as_text=True) == "This is no question of this page. Reload the page."
    assert not caplog.records


WRONG = {
    "a noise out of range": "&p=7",
    "an image that the model does not hold": "&i=499",
    "more runs than it holds": "&runs=500",
    "a label that there is not": "&label=10",
}


@pytest.mark.parametrize("query", WRONG.values(), ids=list(WRONG))
def test_what_cannot_be_computed_is_refused_with_a_sentence(browser: Browser, query: str):
    route = "run" if "runs" not in query else "ensemble"
    response = browser.post(f"ask-{route}", browser.question(QUICK + query))
    assert response.status_code == 200
    assert len(sentences(response)) == 1
    assert "went wrong" not in sentences(response)[0]


def test_a_data_set_without_a_model_is_refused_on_the_page(browser: Browser):
    response = browser.post("ask-settled", browser.question("d=fashion"))
    assert sentences(response) == ["There is no model of Fashion here. Choose another data set."]


def test_what_nobody_foresaw_is_logged_and_said_without_details(
    home: Settings, library: Library, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    class Failing(Computations):
        def run(self, *_: object) -> AbstractContextManager[None]:
            raise KeyError("secret")

    app = create_app(own_cache(home, tmp_path), library=library, computations=Failing())
    browser = Browser(app.server.test_client())
    response = browser.post("ask-run", browser.question(QUICK))
    assert response.status_code < 500
    assert "went wrong" in sentences(response)[0]
    assert "secret" not in response.get_data(as_text=True)
    assert "secret" in caplog.text


def test_every_route_answers_over_http(browser: Browser):
    def data(route: str, query: str = QUICK, **more: Any) -> dict[str, Any]:
        return browser.ask(route, query, **more)[route]["data"]

    assert data("settled")["state"]["n_latent"] == 4
    assert data("run")["distances"]["shape"] == [7, 1, 3]
    assert data("ensemble")["frames"][0]["noise"] == 0.2
    assert data("runfilm", noises=[0.1, 0.2])["noises"] == [0.1, 0.2]
    assert [frame["noise"] for frame in data("film", noises=[0.1, 0.2])["frames"]] == [0.1, 0.2]
    assert len(data("sweep", "d=digits&nz=8&src=decoded")["captions"]) == 41
    assert data("image")["sample"] == ScreenState().sample
    assert data("progress") == {"fraction": 0, "text": ""}


@pytest.mark.parametrize("route", ["film", "ensemble"])
def test_a_question_about_ensembles_holds_its_thread_for_a_few_p_at_most(browser: Browser, route: str):
    most = [round(i / 40, 4) for i in range(CHUNK)]
    assert len(browser.ask(route, QUICK, noises=most)[route]["data"]["frames"]) == CHUNK
    response = browser.post(f"ask-{route}", browser.question(QUICK) | {"noises": [*most, 1.0]})
    assert f"noises must be 1 to {CHUNK} numbers" in sentences(response)[0]


def test_a_request_that_is_too_large_is_refused(browser: Browser):
    assert browser.post("ask-run", "x" * 3_000_000).status_code == 413


def test_health_and_page(browser: Browser):
    assert browser.http.get("/health").status_code == 200
    page = browser.http.get("/").get_data(as_text=True)
    assert '<html lang="en" dir="ltr">' in page
    assert "--point-0:" in page
    assert "regenerator-runtime.min.js" in page
    assert "polyfill" not in page
    assert "/dash_table/" not in page


def test_many_tabs_at_once(app: Dash):
    wrong: list[Any] = []

    def use(name: str) -> None:
        browser = Browser(app.server.test_client(), name)
        for i in range(4):
            for route in ("settled", "run", "ensemble", "film", "image"):
                response = browser.post(f"ask-{route}", browser.question(QUICK + f"&p=0.{i}"))
                if response.status_code != 200 or sentences(response):
                    wrong.append((name, route, response.status_code, sentences(response)))

    threads = [threading.Thread(target=use, args=(f"tab {i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []
    assert not any(thread.is_alive() for thread in threads)


# Jobs, without a cluster


def test_an_estimate_is_a_sentence(page: ExplorePage):
    digits = page.job({"action": "estimate", "dataset": "digits", "n_latent": 5})
    assert digits["estimate"] == "Training it takes about 3 minutes on this machine (the paper's 1,500 epochs)."
    mnist = page.job({"action": "estimate", "dataset": "mnist", "n_latent": 5})
    assert "(60 of the paper's 1,500 epochs, after fetching its images)" in mnist["estimate"]


def test_jobs_are_started_followed_and_cancelled(page: ExplorePage):
    jobs: Any = page.jobs
    jobs.running = ("k", "digits", JobStatus("running", 0.25, "epoch 1"))
    what = {"dataset": "digits", "n_latent": 5}
    assert page.job({"action": "train"} | what)["key"] == "train-1"
    assert page.job({"action": "download"} | what)["key"] == "download-1"
    running = {"key": "k", "state": "running", "fraction": 0.25, "text": "epoch 1"}
    assert page.job({"action": "status", "key": "k"}) == running
    assert page.job({"action": "cancel", "key": "k"}) == running
    assert [name for name, _ in jobs.asked] == ["train", "download", "status", "cancel", "status"]
    assert (jobs.asked[0][1].dataset, jobs.asked[0][1].n_latent) == ("digits", 5)


BAD_JOBS: dict[str, Any] = {
    "no action": {"dataset": "digits", "n_latent": 5},
    "another action": {"action": "delete", "dataset": "digits", "n_latent": 5},
    "no data set": {"action": "train", "n_latent": 5},
    "another data set": {"action": "train", "dataset": "../x", "n_latent": 5},
    "no latent units": {"action": "train", "dataset": "digits"},
    "too many": {"action": "train", "dataset": "digits", "n_latent": 10**9},
    "half a unit": {"action": "train", "dataset": "digits", "n_latent": 2.5},
    "true units": {"action": "train", "dataset": "digits", "n_latent": True},
    "a list of units": {"action": "estimate", "dataset": "digits", "n_latent": [5]},
    "a status without a key": {"action": "status"},
    "a key that is a list": {"action": "cancel", "key": ["a"]},
}


@pytest.mark.parametrize("data", BAD_JOBS.values(), ids=list(BAD_JOBS))
def test_a_job_that_makes_no_sense_is_refused_and_not_started(browser: Browser, jobs: AskedJobs, data: object):
    asked = len(jobs.asked)
    response = browser.post("ask-job", data)
    assert response.status_code < 500
    assert len(sentences(response)) == 1
    assert "went wrong" not in sentences(response)[0]
    assert len(jobs.asked) == asked


def test_a_job_of_before_a_restart_is_said(browser: Browser):
    said = sentences(browser.post("ask-job", {"action": "status", "key": "train-of-yesterday"}))
    assert len(said) == 1
    assert "restarted" in said[0]
