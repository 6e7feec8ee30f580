"""Addresses, methods and headers that no page sends: each is answered, none leaves a traceback."""

import logging
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.settings import Settings
from dashboard.pages.explore.callbacks import CHUNK
from tests.served import Browser, create_app, sentences

SUITES = [
    f"{page}_dash-component-suites/{name}"
    for page in ("/", "/models/", "/paper/")
    for name in ("os/os.py", "app/app.py", "dash/dash.py", "dash/x", "dash/deps/../dash.py", "%00/a", "a b/c", "./c.js",
                 "dash/%2e%2e/app.py", "nothing/a.js", "plotly/package_data/none.js")
]  # fmt: skip
FILES = [
    "/models/file/none",
    "/models/file/%00",
    "/models/file/" + "a" * 5000,
    "/assets/../app.py",
    "/assets/%2e%2e/app.py",
    "/assets/none",
    "/paper/data/x.y",
    "/paper/data/fig1.exe",
]
QUERIES = ["", "p=7", "model=../../x", "model=%ff%fe", "model=%00", "a=1&" * 300, "runs=1e999", "p=nan", "label=10"]
QUERIES += ["=" * 2000, "&" * 2000, "chosen=" + "1," * 500, "model=digits-nz2-seed0&n_runs=x", "%", "é", "[]=1"]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder: Path = tmp_path_factory.mktemp("requests")
    settings = Settings(data=folder / "data", models=folder / "models", cache=folder / "cache", device="cpu")
    return create_app(settings).server.test_client()


def statuses(http: FlaskClient, caplog: pytest.LogCaptureFixture, method: str, path: str, **options: Any) -> int:
    with caplog.at_level(logging.WARNING), http.open(path, method=method, **options) as response:
        assert response.status_code < 500, (method, path)
    assert not [record for record in caplog.records if record.exc_info], (method, path)
    return response.status_code


@pytest.mark.parametrize("path", SUITES)
def test_what_is_no_script_of_the_page_is_not_found(http: FlaskClient, caplog: pytest.LogCaptureFixture, path: str):
    assert statuses(http, caplog, "GET", path) == 404


@pytest.mark.parametrize("path", FILES)
def test_what_is_no_file_of_the_page_is_not_found(http: FlaskClient, caplog: pytest.LogCaptureFixture, path: str):
    assert statuses(http, caplog, "GET", path) == 404


@pytest.mark.parametrize("kind", ["npz", "csv", "json"])
@pytest.mark.parametrize("query", QUERIES)
def test_data_of_a_figure_that_makes_no_sense_is_refused(
    http: FlaskClient, caplog: pytest.LogCaptureFixture, query: str, kind: str
):
    assert statuses(http, caplog, "GET", f"/paper/data/fig7b.{kind}?{query}") == 400


def test_every_method_on_every_address_is_answered(http: FlaskClient, caplog: pytest.LogCaptureFixture):
    paths = ["/", "/models/", "/paper/", "/health", "/zzz", "/_dash-layout", "/_dash-dependencies", "/_reload-hash",
             "/_favicon.ico", "/_dash-update-component", *FILES[:2], *SUITES[:2], "/paper/data/fig7b.json"]  # fmt: skip
    for method, path, query in product(METHODS, paths, ("", "?" + QUERIES[5])):
        statuses(http, caplog, method, path + query)


HEADERS = {
    "a length that is none": {"Content-Length": "many"},
    "a negative length": {"Content-Length": "-5"},
    "a body in pieces": {"Transfer-Encoding": "chunked"},
    "an encoding that there is not": {"Transfer-Encoding": "x, y"},
    "a cookie of bytes": {"Cookie": "latent_trajectories_operator=\xff; =; a"},
    "a kind that is none": {"Content-Type": "\xff/;;;"},
    "conditions": {"If-None-Match": '"', "If-Modified-Since": "never", "Range": "bytes=-9999999999999999999"},
    "encodings": {"Accept-Encoding": "br;q=x, *;q=-1, gzip;q=nan"},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=list(HEADERS))
def test_headers_that_make_no_sense_are_answered(
    http: FlaskClient, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
):
    for path in ("/", "/models/_dash-update-component", "/assets/styles/04-panels.css", "/models/file/mnist-nz2-seed0"):
        for method in ("GET", "POST"):
            statuses(http, caplog, method, path, headers=headers, data=b"zz\r\n{}" if method == "POST" else None)


# Lists of p


NO_NOISES: dict[str, Any] = {
    "none": [],
    "10,000": [0.5] * 10_000,
    "a million characters": "0.5," * 250_000,
    "not a number": [0.5, float("nan")],
    "infinity": [float("inf")],
    "10^400": [10**400],
    "beyond 1": [1.0001],
    "below 0": [-0.0001],
    "words": ["0.5"],
    "true": [True],
    "null": [None],
    "lists": [[0.5]],
    "lists of lists": [[[[0.5]]]],
    "objects": [{"p": 0.5}],
    "an object": {"0": 0.5},
    "a number": 0.5,
}


@pytest.mark.parametrize("noises", NO_NOISES.values(), ids=list(NO_NOISES))
@pytest.mark.parametrize("route", ["run", "image", "runfilm", "ensemble", "film"])
def test_a_list_of_p_that_makes_no_sense_is_refused_with_a_sentence(
    http: FlaskClient, caplog: pytest.LogCaptureFixture, route: str, noises: object
):
    browser = Browser(http, route)
    response = browser.post(f"ask-{route}", browser.question("d=digits&nz=2&src=decoded&runs=10&T=5", noises=noises))
    (sentence,) = sentences(response)
    assert sentence.startswith("noises must be")
    assert len(sentence) < 120
    assert response.get_json()["response"] == {}
    assert not caplog.records


@pytest.mark.parametrize(
    ("route", "most"), [("run", 1), ("image", 1), ("ensemble", CHUNK), ("film", CHUNK), ("runfilm", 41)]
)
def test_a_question_names_no_more_p_than_its_page_asks_for(http: FlaskClient, route: str, most: int):
    browser, query = Browser(http, route), "d=digits&nz=2&src=decoded&runs=10&T=5"
    grid = [round(i / 100, 4) for i in range(most + 1)]
    assert browser.ask(route, query, noises=grid[:most])
    (sentence,) = sentences(browser.post(f"ask-{route}", browser.question(query, noises=grid)))
    assert sentence == f"noises must be 1 to {most} numbers, not a list."
