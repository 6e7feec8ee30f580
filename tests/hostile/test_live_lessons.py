"""Whatever is posted to a live lesson is answered with JSON or a sentence: no 500, no traceback."""

import copy
import json
import logging
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from core.settings import Settings
from dashboard.lesson import Frame, Lesson, packed
from dashboard.pages.explore.live import HEADER, LARGEST
from tests.conftest import settings_in
from tests.hostile.payloads import changed, junk, paths
from tests.hostile.test_fuzz import RAW, TRIED
from tests.served import create_app

LESSON = packed(Lesson("A", (Frame("p=0.1", "", "stage"), Frame("p=0.8", "", "label"))))
POSTED: dict[str, dict[str, Any]] = {
    "lessons": {"lesson": LESSON},
    "lessons/CODE/answers": {"client": "12345678", "frame": 0, "answer": "I"},
    "lessons/CODE/control": {"key": "KEY", "frame": 1, "held": True, "revealed": False},
}


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    settings: Settings = settings_in(tmp_path_factory.mktemp("live"))
    return create_app(settings).server.test_client()


@pytest.fixture(scope="module")
def begun(http: FlaskClient) -> dict[str, str]:
    return http.post("/lessons", json={"lesson": LESSON}).get_json()


def is_answered(response: Any) -> bool:
    """Whether an answer is JSON, or a sentence with a status that says so."""
    text = response.get_data(as_text=True)
    if response.status_code in (200, 201):
        return isinstance(json.loads(text), dict)
    return response.status_code in (400, 403, 404, 409) and response.mimetype == "text/plain" and len(text) < 400


@pytest.mark.parametrize("route", POSTED)
def test_any_values_are_answered(
    http: FlaskClient, begun: dict[str, str], caplog: pytest.LogCaptureFixture, route: str
):
    given_key = {"key": begun["key"]} if "key" in POSTED[route] else {}

    @TRIED
    @given(st.data())
    def attack(data: st.DataObject) -> None:
        body: Any = copy.deepcopy(POSTED[route]) | given_key
        way = data.draw(st.sampled_from([(), *paths(body)]))
        new = data.draw(junk)
        if way:
            changed(body, way, lambda tree, key: tree.__setitem__(key, new))
        else:
            body = new
        content = json.dumps(body).encode("utf-8", "surrogatepass")
        address = "/" + route.replace("CODE", begun["code"])
        assert is_answered(http.post(address, data=content, content_type="application/json")), body

    with caplog.at_level(logging.WARNING):
        attack()
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(("content", "kind"), RAW.values(), ids=list(RAW))
@pytest.mark.parametrize("route", POSTED)
def test_any_body_is_refused(http: FlaskClient, begun: dict[str, str], route: str, content: bytes, kind: str):
    response = http.post("/" + route.replace("CODE", begun["code"]), data=content, content_type=kind)
    assert response.status_code in ((400, 403) if len(content) <= LARGEST else (413,))  # 403: an object without the key
    assert response.mimetype == "text/plain"


@pytest.mark.parametrize("client", ["", "a", "a" * 5000, "%00", "%ff%fe", "%ud800", "[]", "a&client=b"])
def test_any_client_is_answered(http: FlaskClient, begun: dict[str, str], client: str):
    assert http.get(f"/lessons/{begun['code']}/state?client={client}").status_code == 400


@pytest.mark.parametrize("key", ["", "é", "x" * 5000, "\x7f"])
def test_any_key_is_answered(http: FlaskClient, begun: dict[str, str], key: str):
    for method in ("GET", "DELETE"):
        path = f"/lessons/{begun['code']}" + ("/tally" if method == "GET" else "")
        assert http.open(path, method=method, headers={HEADER: key}).status_code == 403


@pytest.mark.parametrize("link", ["%00", "%ff", "http://localhost/%ff%00", "http://localhost/%0d%0aX:1", "a" * 100_000])
def test_any_link_is_answered(http: FlaskClient, link: str):
    assert http.get(f"/lesson-qr.svg?link={link}").status_code in (200, 400)
