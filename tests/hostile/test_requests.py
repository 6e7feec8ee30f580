"""Addresses, methods and headers that no page sends: each is answered, none leaves a traceback."""

import logging
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.settings import Settings
from tests.served import create_app

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
