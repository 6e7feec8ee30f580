"""Whatever is posted to a callback of the three pages is answered: no 500, no traceback, no file elsewhere.

`make test` tries 300 payloads, always the same; `make fuzz` 5,000 other ones each time.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

import app
from core import store
from core.files import stamp
from core.settings import Settings
from dashboard.hosting import Hosting
from dashboard.pages.explore.callbacks import ROUTES
from tests.conftest import settings_in
from tests.hostile.payloads import VALUES, callbacks, hostile
from tests.idle_jobs import StillJobs

MANY = int(os.environ.get("LT_FUZZ", "0"))
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
TRIED = examples(
    max_examples=MANY or 300, derandomize=not MANY, database=None, deadline=None, suppress_health_check=SLOW
)


class Tracebacks(logging.Handler):
    """Collects what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(logging.Formatter().format(record))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("fuzz"))


@pytest.fixture(scope="module")
def apps(home: Settings, write_model: Callable[..., Path]) -> list[Dash]:
    write_model(home.models / "mine.safetensors")
    apps: list[Dash] = [*app.create_apps(Hosting(), StillJobs(home))]
    for each in apps:  # Dash sets the rest up at the first request
        apps[0].server.test_client().get(each.config.routes_pathname_prefix)
    return apps


@pytest.fixture(scope="module")
def tracebacks() -> Iterator[list[str]]:
    handler = Tracebacks()
    handler.addFilter(lambda record: record.name != "asyncio")  # a browser of another test, which nobody waits for
    logging.getLogger().addHandler(handler)
    yield handler.records
    logging.getLogger().removeHandler(handler)


def files(*folders: Path) -> dict[Path, tuple[int, ...]]:
    return {path: stamp(path) for folder in folders for path in folder.iterdir()}


def posted(apps: list[Dash], path: str, content: bytes, kind: str = "application/json") -> Any:
    return apps[0].server.test_client().post(path, data=content, content_type=kind)


def test_every_callback_answers_what_its_page_sends(apps: list[Dash], tracebacks: list[str]):
    known = [each for each in callbacks(apps) if is_answered_here(apps, each.output)]
    assert {each.path for each in known} == {f"{page}_dash-update-component" for page in ("/", "/models/", "/paper/")}
    for each in known:
        response = posted(apps, each.path, json.dumps(each.body(0)).encode())
        assert response.status_code in (200, 204), (each.output, response.get_data(as_text=True))
    assert tracebacks == []


def test_every_route_of_the_explorer_is_tried_with_what_its_page_sends():
    sent = {name.removesuffix(".data") for name, value in VALUES.items() if isinstance(value, dict)}
    assert {f"ask-{route}" for route in ROUTES} <= sent


def is_answered_here(apps: list[Dash], output: str) -> bool:
    """Whether the server answers a callback, and not the browser itself."""
    return any("callback" in app.callback_map.get(output, {}) for app in apps)


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # threads of the server do, meanwhile
def test_any_payload_is_answered(apps: list[Dash], home: Settings, tracebacks: list[str], root: Path):
    elsewhere = (store.SHIPPED, root, home.models.parent)
    before, known = files(*elsewhere), callbacks(apps)

    @TRIED
    @given(st.data())
    def attack(data: st.DataObject) -> None:
        path, body = data.draw(hostile(known))
        response = posted(apps, path, json.dumps(body).encode("utf-8", "surrogatepass"))
        assert response.status_code < 500, response.get_data(as_text=True)[:500]
        assert tracebacks == [], tracebacks.clear()

    attack()
    after = files(*elsewhere)
    made = {home.cache, home.data, home.models, root / ".hypothesis"}  # the last one by hypothesis, in a fresh checkout
    assert set(after) - set(before) <= made
    assert {path: seen for path, seen in after.items() if path.parent == store.SHIPPED} == {
        path: seen for path, seen in before.items() if path.parent == store.SHIPPED
    }


RAW: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "application/json"),
    "half of a body": (b'{"output": "run.da', "application/json"),
    "no JSON": (b"abc", "application/json"),
    "other bytes": (b"\xff\xfe\x00\x01", "application/json"),
    "an array that is deep": (b"[" * 200_000, "application/json"),
    "an object that is deep": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "application/json"),
    "a long number": (b'{"output": ' + b"9" * 100_000 + b"}", "application/json"),
    "a form": (b"output=run.data", "application/x-www-form-urlencoded"),
    "parts of a form": (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
    "another kind": (b"{}", "text/plain"),
    "no kind": (b"{}", ""),
    "another encoding": ('{"output": "ä"}'.encode("utf-16"), "application/json; charset=utf-16"),
}


@pytest.mark.parametrize(("content", "kind"), RAW.values(), ids=list(RAW))
def test_any_body_is_answered(apps: list[Dash], tracebacks: list[str], content: bytes, kind: str):
    for page in ("/", "/models/", "/paper/"):
        assert posted(apps, f"{page}_dash-update-component", content, kind).status_code == 400
        assert tracebacks == [], tracebacks.clear()
