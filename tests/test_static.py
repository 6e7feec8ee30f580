"""Static files: small on the wire, the same once unpacked, and not sent twice."""

import json
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import brotli
import pytest
from dash import html
from flask import Flask
from flask_compress.compat import compression
from werkzeug.test import TestResponse

from app import new_app
from core.ahead import LAST
from core.settings import Settings
from dashboard import static
from dashboard.hosting import Hosting
from tests.served import create_app, own_cache

STYLE = "/assets/styles/04-panels.css"
Get = Callable[..., TestResponse]


def getter(server: Flask) -> Get:
    client = server.test_client()
    return lambda path=STYLE, **headers: client.get(
        path, headers={name.replace("_", "-"): value for name, value in headers.items()}, buffered=True
    )


@pytest.fixture
def get(settings: Settings, tmp_path: Path) -> Get:
    return getter(create_app(own_cache(settings, tmp_path)).server)


class Behind(Executor):
    """Keeps what is to be made, until somebody makes it."""

    def __init__(self) -> None:
        self.queue: list[tuple[Callable[..., bytes], bytes, Future[bytes]]] = []

    def submit(self, make: Callable[..., Any], *content: Any) -> Future[Any]:
        self.queue.append((make, *content, Future()))
        return self.queue[-1][2]


def test_a_script_is_smaller_than_a_quick_compression_makes_it(get: Get):
    plain = get().get_data()
    answer = get(accept_encoding="gzip, zstd")
    assert answer.headers["Content-Encoding"] == "zstd"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert compression.zstd.decompress(answer.get_data()) == plain
    assert len(answer.get_data()) < len(compression.zstd.compress(plain, 3))


@pytest.mark.parametrize(("accepted", "sent"), [("gzip", "gzip"), ("identity", None), ("zstd;q=0, gzip", "gzip")])
def test_a_browser_without_zstd_gets_what_it_reads(get: Get, accepted: str, sent: str | None):
    answer = get(accept_encoding=accepted)
    assert answer.headers.get("Content-Encoding") == sent
    content = answer.get_data()
    assert (compression.gzip.decompress(content) if sent else content) == get().get_data()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
def test_brotli_takes_no_time_from_the_first_page():
    own = static.BEHIND.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).result()
    assert own == max(LAST, os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))


def test_brotli_is_made_behind_the_first_answers():
    page, behind = new_app(Hosting(), "Explore", compress=True), Behind()
    page.layout = html.Div()
    static.keep_compressed(page.server, behind=behind)
    get = getter(page.server)
    plain = get().get_data()
    assert get(accept_encoding="br, zstd").headers["Content-Encoding"] == "zstd"
    assert brotli.decompress(get(accept_encoding="br").get_data()) == plain  # a quick one, of flask-compress
    ((make, content, future),) = behind.queue  # asked for twice, made once
    future.set_result(make(content))
    answer = get(accept_encoding="gzip, br, zstd")
    assert answer.headers["Content-Encoding"] == "br"
    assert brotli.decompress(answer.get_data()) == plain
    assert len(answer.get_data()) < len(get(accept_encoding="zstd").get_data())
    again = get(accept_encoding="br", if_none_match=answer.headers["ETag"])
    assert (again.status_code, again.get_data()) == (304, b"")


def test_what_the_browser_has_is_not_sent_again(get: Get):
    etag = get(accept_encoding="zstd").headers["ETag"]
    again = get(accept_encoding="zstd", if_none_match=etag)
    assert (again.status_code, again.get_data()) == (304, b"")


def test_a_file_that_is_not_there_is_not_there(get: Get):
    assert get("/assets/nothing.css", accept_encoding="zstd").status_code == 404


@pytest.mark.parametrize("accept", ["gzip, deflate", "gzip, br", "gzip, deflate, br, zstd", "identity"])
def test_a_large_reply_is_compressed_once(settings: Settings, tmp_path: Path, accept: str):
    static.quickly.cache_clear()
    server = create_app(own_cache(settings, tmp_path)).server
    large = {"numbers": list(range(3000))}
    server.add_url_rule("/large", "large", view_func=lambda: large)
    server.add_url_rule("/small", "small", view_func=lambda: {"numbers": [1]})
    encoding = {"gzip, deflate": "gzip", "gzip, br": "br", "identity": None}.get(accept, "zstd")
    for _ in range(3):
        answer = server.test_client().get("/large", headers={"Accept-Encoding": accept})
        assert answer.headers.get("Content-Encoding") == encoding
        unpack = {"gzip": compression.gzip.decompress, "br": brotli.decompress, "zstd": compression.zstd.decompress}
        assert json.loads(unpack.get(str(encoding), bytes)(answer.get_data())) == large
    server.test_client().get("/small", headers={"Accept-Encoding": accept})
    asked = static.quickly.cache_info()
    assert (asked.misses, asked.hits) == ((1, 2) if encoding else (0, 0))
