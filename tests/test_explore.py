"""The explorer's callbacks: as functions where they answer, over HTTP where they refuse."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import plotly.graph_objects as go
import pytest
import torch
from dash import Dash
from dash.exceptions import PreventUpdate
from flask import Flask

from core import experiments
from core.config import InferenceSpec, Settings, key_of
from core.store import Library
from dashboard.cache import CachedExperiments, ResultCache
from dashboard.controls import ScreenState
from dashboard.jobs import Jobs, JobStatus
from dashboard.pages.explore import ROUTES, ExplorePage
from dashboard.requests import read_request
from dashboard.theme import DARK, LIGHT
from tests.conftest import settings_in
from tests.served import Browser, create_app, own_cache, sentences
from tests.test_controls import FIELDS, bad_values

QUICK = "d=digits&nz=4&src=decoded&runs=20&T=6&window=2"
Question = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def home(
    trained: tuple[Settings, str], write_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Digits with N_z = 4 (trained) and 8 (two of them), MNIST with N_z = 3, and a file that is no model."""
    settings = settings_in(tmp_path_factory.mktemp("home"))
    shutil.copytree(trained[0].models, settings.models)
    write_model(settings.models / "digits-nz8-a.safetensors", n_latent=8)
    write_model(settings.models / "digits-nz8-b.safetensors", n_latent=8, seed=1)
    write_model(settings.models / "mnist-nz3.safetensors", dataset="mnist")
    (settings.models / "broken.safetensors").write_bytes(b"no model")
    return settings


@pytest.fixture(autouse=True)
def only_these_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped models are left out: what is shipped changes."""
    monkeypatch.setattr(experiments, "library_of", lambda settings: Library([(settings.models, "trained here")]))


@pytest.fixture
def page(home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExplorePage:
    settings = own_cache(home, tmp_path / "cache")
    monkeypatch.setattr(CachedExperiments, "compute_ahead", lambda *_: None)
    return ExplorePage(CachedExperiments(settings, ResultCache(Flask("test"), settings)), Jobs(settings))


@pytest.fixture
def question() -> Question:
    """Numbered questions of one client."""
    asked = [0]

    def ask(query: str = QUICK, **changes: Any) -> dict[str, Any]:
        asked[0] += 1
        return {"query": query, "client": "tab", "sequence": asked[0]} | changes

    return ask


# Settling


@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"dataset"}))
def test_a_bad_value_in_a_link_is_replaced_and_said(page: ExplorePage, question: Question, name: str):
    for bad in bad_values(name):
        reply = page.settle(question("d=digits&" + urlencode({key_of(FIELDS[name]): bad})))
        said = [note for note in reply["notes"] if note.startswith(f"{name} must be")]
        assert len(said) == 1, (bad, reply["notes"])
        ScreenState.from_dict(reply["state"])


def test_a_bad_data_set_in_a_link_is_replaced_and_said(page: ExplorePage, question: Question):
    for bad in bad_values("dataset"):
        reply = page.settle(question(urlencode({"d": bad})))
        assert reply["state"]["dataset"] == "mnist"
        assert reply["notes"][0].startswith("dataset must be one of mnist, fashion, digits")


def test_the_default_link_is_settled_without_a_word_about_it(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=4", changed="model"))
    assert reply["notes"] == []
    assert reply["offer"] is None
    assert reply["latents"] == [4, 8]
    assert reply["labels"] == tuple("0123456789")


def test_what_is_settled_stays_settled(page: ExplorePage, question: Question):
    first = page.settle(question("d=digits&nz=4&i=9999&runs=500&T=9", changed="x"))
    again = page.settle(question(ScreenState.from_dict(first["state"]).to_query(), changed="x"))
    assert again["state"] == first["state"]
    assert again["notes"] == []


def test_missing_latent_units_give_the_nearest_and_an_offer(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=5"))
    assert reply["state"]["n_latent"] == 4
    assert reply["offer"] == {"dataset": "digits", "n_latent": 5}
    assert any("N_z = 5" in note and "N_z = 4 is shown" in note for note in reply["notes"])
    assert page.settle(question("d=digits&nz=100"))["state"]["n_latent"] == 8


def test_a_change_of_the_data_set_is_quiet(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=100&i=0", changed="dataset"))
    assert reply["state"]["n_latent"] == 8
    assert reply["notes"] == []
    assert reply["offer"] is None


def test_a_data_set_without_a_model_is_refused_with_a_remedy(page: ExplorePage, question: Question):
    with pytest.raises(Exception, match=r"Fashion.*Choose another data set"):
        page.model_of(read_request(question("d=fashion")).state, quiet=False)


def test_an_unknown_model_is_said_and_replaced(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=4&model=unknown"))
    assert reply["state"]["model"] == ""
    assert any("There is no model 'unknown' here" in note for note in reply["notes"])


def test_a_model_that_is_named_decides_on_everything_else(page: ExplorePage, question: Question):
    reply = page.settle(question("d=mnist&nz=100&model=digits-nz8-b"))
    assert (reply["state"]["dataset"], reply["state"]["n_latent"]) == ("digits", 8)
    assert reply["state"]["model"] == "digits-nz8-b"
    assert set(reply["models"]) == {"digits-nz8-a", "digits-nz8-b"}


def test_the_default_model_is_not_named_in_the_link(page: ExplorePage, question: Question):
    reply = page.settle(question("model=digits-nz8-a"))
    assert (reply["model"], reply["state"]["model"]) == ("digits-nz8-a", "")


def test_a_file_that_is_no_model_is_said_once(page: ExplorePage, question: Question):
    assert any("broken.safetensors" in note for note in page.settle(question("d=digits&nz=4"))["notes"])
    assert page.settle(question("d=digits&nz=4", changed="model"))["notes"] == []


def test_more_than_the_model_holds_is_cut_and_said(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=8&i=499&runs=400", changed="x"))
    assert (reply["state"]["sample"], reply["state"]["n_runs"]) == (11, 12)
    assert reply["limits"] == {"n_runs": 12, "sample": 11}
    assert [note for note in reply["notes"] if "12 runs are shown" in note]
    assert [note for note in reply["notes"] if "image 11 is shown" in note]


def test_the_reference_number_of_runs_is_cut_in_silence(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=8&i=3", changed="x"))
    assert reply["state"]["n_runs"] == 12
    assert reply["notes"] == []


def test_images_that_are_not_here_are_said(page: ExplorePage, question: Question):
    reply = page.settle(question("d=mnist&nz=3&src=original&i=0", changed="x"))
    assert reply["state"]["source"] == "decoded"
    assert reply["images_here"] is False
    assert len(reply["notes"]) == 1
    assert "not on this machine" in reply["notes"][0]
    digits = page.settle(question("d=digits&nz=4", changed="x"))
    assert (digits["state"]["source"], digits["images_here"]) == ("original", True)


def test_a_step_beyond_the_end_is_the_end(page: ExplorePage, question: Question):
    assert page.settle(question("d=digits&nz=4&T=10&t=60"))["state"]["t"] == 10


# Answers


def test_the_run(page: ExplorePage, question: Question):
    reply = page.run(question(QUICK + "&p=0.4&i=3"))
    assert reply["z"]["shape"] == [7, 4]
    assert reply["distances"]["shape"] == [3, 7]
    assert reply["shape"] == [8, 8]
    assert reply["noise"] == 0.4
    assert "image 3" in reply["caption"]


@pytest.mark.parametrize(("query", "grid", "title"), [("", LIGHT.grid, "PC 1"), ("&theme=dark", DARK.grid, "PC 1")])
def test_the_cloud(page: ExplorePage, question: Question, query: str, grid: str, title: str):
    reply = page.cloud(question(QUICK + query))
    assert reply["embedding"]["shape"] == [7, 20, 2]
    assert (reply["n_steps"], reply["noise"], reply["label"]) == (6, 0.2, 0)
    assert "20 runs of ‘0’ from images decoded from memories" in reply["caption"]
    assert "% of the runs approach" in reply["approach"]
    layout: Any = go.Figure(reply["figure"]).layout
    assert layout.template.layout.xaxis.gridcolor == grid
    assert layout.xaxis.title.text == title


def test_the_curves(page: ExplorePage, question: Question):
    assert len(page.curves(question(QUICK))["data"]) == 10  # line, and band, mean and minimum of three points
    lines = [trace for trace in page.curves(question(QUICK + "&curves=all"))["data"] if trace["mode"] == "lines"]
    assert len(lines) == 10


def test_the_sweep_has_a_sentence_for_every_noise(page: ExplorePage, question: Question):
    reply, figure = page.sweep(question("d=digits&nz=8&src=decoded&T=6&runs=10"))
    assert len(reply["noises"]) == len(reply["captions"]) == len(reply["minimum_distance"]) == 41
    assert "With 2.5 % of the pixels inverted, 12 runs" in reply["captions"][1]
    assert reply["note"].startswith("12 runs for each p, T = 60, seed 0")
    assert len(figure["data"]) == 6  # band and mean of three points


@pytest.mark.parametrize(
    ("route", "other"),
    [
        ("run", "&i=4"),
        ("cloud", "&theme=dark"),
        ("curves", "&curves=all"),
        ("curves", "&theme=dark"),
        ("sweep", "&kind=permute"),
    ],
)
def test_a_reply_is_built_once_for_each_look(
    page: ExplorePage, question: Question, route: str, other: str, monkeypatch: pytest.MonkeyPatch
):
    ask = getattr(page, route)
    first, second = ask(question()), ask(question(QUICK + other))
    for computation in ("run", "trajectories", "noise_sweep"):
        monkeypatch.setattr(page.lab, computation, None)
    assert ask(question()) == first != second == ask(question(QUICK + other))


def test_the_cloud_and_the_sweep_tell_the_same(page: ExplorePage, question: Question):
    query = "d=digits&nz=8&src=decoded&runs=12&p=0.5"
    cloud = page.cloud(question(query))
    sweep, _ = page.sweep(question(query))
    assert cloud["minimum_distance"] == pytest.approx(sweep["minimum_distance"][20], abs=2e-3)
    assert cloud["caption"] == sweep["captions"][20]
    assert cloud["rival"] == sweep["rivals"][20]


def test_the_image_of_a_run_that_is_pointed_at(page: ExplorePage, question: Question):
    reply = page.image(question(QUICK + "&i=5"))
    assert (reply["sample"], reply["shape"]) == (5, [8, 8])
    assert reply["tiles"].startswith("data:image/png;base64,")


def test_neighbours_are_computed_ahead_within_the_range(
    page: ExplorePage, question: Question, monkeypatch: pytest.MonkeyPatch
):
    ahead: list[float] = []
    monkeypatch.setattr(page.lab, "compute_ahead", lambda *specs: ahead.extend(spec.noise for spec in specs))
    for p in ("0", "0.5", "1"):
        page.cloud(question(QUICK + f"&p={p}"))
    assert ahead == [0.025, 0.475, 0.525, 0.975]


# Damaged models


@pytest.fixture
def damaged(home: Settings, write_model: Callable[..., Path]) -> Iterator[Path]:
    """A model of digits, N_z = 9, of which only reading it tells that its values are not finite."""
    nothing = torch.full((10, 9), float("nan"))
    yield write_model(home.models / "a-damaged.safetensors", n_latent=9, replace={"concepts": nothing})
    (home.models / "a-damaged.safetensors").unlink()


@pytest.mark.parametrize("query", ["d=digits&model=a-damaged&nz=8", "d=digits&nz=9"])
def test_instead_of_a_damaged_model_another_is_shown_and_it_is_said(
    page: ExplorePage, question: Question, damaged: Path, query: str
):
    reply = page.settle(question(query))
    assert reply["model"] == "digits-nz8-a"
    assert [note for note in reply["notes"] if note.startswith("a-damaged.safetensors") and "not finite" in note]
    assert page.run(question(query + "&i=3"))["z"]["shape"][1] == 8


def test_many_damaged_files_are_counted_and_each_is_named_once(page: ExplorePage, question: Question, home: Settings):
    files = [home.models / f"rubbish-{i}.safetensors" for i in range(9)]
    for file in files:
        file.write_bytes(b"rubbish")
    try:
        notes = page.settle(question("d=digits&nz=8&model=rubbish-0"))["notes"]
    finally:
        for file in files:
            file.unlink()
    assert len(notes) == len(set(notes)) <= 5
    assert notes[-1].startswith("7 more files")


# The newest question


@pytest.mark.parametrize("route", ["run", "cloud", "curves", "sweep", "image"])
def test_an_old_question_is_not_answered(page: ExplorePage, question: Question, route: str):
    old, new = question(), question()
    page.newest.note(route, read_request(new))
    with pytest.raises(PreventUpdate):
        getattr(page, route)(old)


@pytest.mark.parametrize("route", ["run", "cloud", "curves", "image"])
def test_another_tab_does_not_make_a_question_old(page: ExplorePage, question: Question, route: str):
    page.newest.note(route, read_request(question(sequence=10**6, client="other tab")))
    assert getattr(page, route)(question()) is not None


def test_a_computation_is_given_up_when_the_client_asks_for_another(
    page: ExplorePage, question: Question, monkeypatch: pytest.MonkeyPatch
):
    real, old, new = experiments.trajectories, question(), question(QUICK + "&p=0.3")

    def overtaken(spec: InferenceSpec, settings: Settings, **more: Any) -> Any:
        if spec.noise == 0.2:
            page.newest.note("cloud", read_request(new))
        return real(spec, settings, **more)

    monkeypatch.setattr(experiments, "trajectories", overtaken)
    with pytest.raises(PreventUpdate):
        page.cloud(old)
    assert page.cloud(new)["noise"] == 0.3


def test_progress_is_told_to_who_waits(page: ExplorePage, question: Question):
    asked = question()
    assert page.report(None, asked) == {"fraction": 0.0, "text": ""}
    page.reporter("cloud", read_request(asked))(0.5, "10 of 20 runs")
    assert page.report(None, asked) == {"fraction": 0.5, "text": "10 of 20 runs"}
    for garbage in (None, [], 3, {"client": [1]}, {"client": None}):
        assert page.report(None, garbage)["fraction"] == 0.0


# Over HTTP


@pytest.fixture(scope="module")
def app(home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Dash:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CachedExperiments, "compute_ahead", lambda *_: None)
        return create_app(own_cache(home, tmp_path_factory.mktemp("cache")))


@pytest.fixture
def browser(app: Dash, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Browser:
    monkeypatch.setattr(CachedExperiments, "compute_ahead", lambda *_: None)
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


@pytest.mark.parametrize("route", ROUTES)
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
    route = "run" if "runs" not in query else "cloud"
    response = browser.post(f"ask-{route}", browser.question(QUICK + query))
    assert response.status_code == 200
    assert len(sentences(response)) == 1
    assert "went wrong" not in sentences(response)[0]


def test_a_data_set_without_a_model_is_refused_on_the_page(browser: Browser):
    response = browser.post("ask-settle", browser.question("d=fashion"))
    assert sentences(response) == ["There is no model of Fashion here. Choose another data set."]


def test_what_nobody_foresaw_is_logged_and_said_without_details(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(*_: object, **__: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(experiments, "run", fail)
    response = browser.post("ask-run", browser.question(QUICK))
    assert response.status_code < 500
    assert "went wrong" in sentences(response)[0]
    assert "secret" not in response.get_data(as_text=True)
    assert "secret" in caplog.text


def test_every_route_answers_over_http(browser: Browser):
    settled = browser.ask("settle", QUICK)["settled"]["data"]
    assert settled["state"]["n_latent"] == 4
    assert browser.ask("run", QUICK)["run"]["data"]["z"]["shape"] == [7, 4]
    assert browser.ask("cloud", QUICK)["cloud"]["data"]["n_steps"] == 6
    assert browser.ask("curves", QUICK)["curves-graph"]["figure"]["data"]
    assert len(browser.ask("sweep", "d=digits&nz=8&src=decoded")["sweep"]["data"]["captions"]) == 41
    assert browser.ask("image", QUICK)["image"]["data"]["sample"] == 56


def test_a_request_that_is_too_large_is_refused(browser: Browser):
    assert browser.post("ask-run", "x" * 3_000_000).status_code == 413


def test_health_and_page(browser: Browser):
    assert browser.http.get("/health").status_code == 200
    page = browser.http.get("/").get_data(as_text=True)
    assert '<html lang="en">' in page
    assert "--point-0:" in page
    assert "regenerator-runtime.min.js" in page
    assert "polyfill" not in page
    assert "/dash_table/" not in page


def test_many_tabs_at_once(app: Dash, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(CachedExperiments, "compute_ahead", lambda *_: None)
    wrong: list[Any] = []

    def use(name: str) -> None:
        browser = Browser(app.server.test_client(), name)
        for i in range(4):
            for route in ("settle", "run", "cloud", "curves", "image"):
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


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the page asks of its jobs; nothing is started."""
    asked: list[Any] = []

    def note(name: str, answer: Any) -> None:
        def answering(self: Jobs, what: Any) -> Any:
            asked.append((name, what))
            return answer

        monkeypatch.setattr(Jobs, name, answering)

    note("train", "train-1")
    note("download", "download-1")
    note("estimated_seconds", 150.0)
    note("status", JobStatus("running", 0.25, "epoch 1"))
    note("cancel", None)
    return asked


def test_an_estimate_is_a_sentence(page: ExplorePage, started: list[Any]):
    digits = page.job({"action": "estimate", "dataset": "digits", "n_latent": 5})
    assert digits["estimate"] == "Training it takes about 3 minutes on this machine (1500 epochs)."
    mnist = page.job({"action": "estimate", "dataset": "mnist", "n_latent": 5})
    assert "after fetching its images" in mnist["estimate"]


def test_jobs_are_started_followed_and_cancelled(page: ExplorePage, started: list[Any]):
    what = {"dataset": "digits", "n_latent": 5}
    assert page.job({"action": "train"} | what)["key"] == "train-1"
    assert page.job({"action": "download"} | what)["key"] == "download-1"
    running = {"key": "k", "state": "running", "fraction": 0.25, "text": "epoch 1"}
    assert page.job({"action": "status", "key": "k"}) == running
    assert page.job({"action": "cancel", "key": "k"}) == running
    assert [name for name, _ in started] == ["train", "download", "status", "cancel", "status"]
    assert (started[0][1].dataset, started[0][1].n_latent) == ("digits", 5)


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
def test_a_job_that_makes_no_sense_is_refused_and_not_started(browser: Browser, started: list[Any], data: object):
    response = browser.post("ask-job", data)
    assert response.status_code < 500
    assert len(sentences(response)) == 1
    assert "went wrong" not in sentences(response)[0]
    assert started == []


def test_a_job_of_before_a_restart_is_said(browser: Browser):
    said = sentences(browser.post("ask-job", {"action": "status", "key": "train-of-yesterday"}))
    assert len(said) == 1
    assert "restarted" in said[0]
