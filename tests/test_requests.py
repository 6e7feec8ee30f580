"""What the browser asks: anything may be sent, and only a question of this page is read."""

from typing import Any

import pytest
from dash import Dash, Input, Output, dcc
from dash.exceptions import PreventUpdate
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from core.computations import LeftError
from core.schema import SpecError
from dashboard.controls import ScreenState
from dashboard.requests import Newest, Request, answered, is_question, read_request
from tests.served import sentences

GOOD: dict[str, Any] = {"query": "p=0.3&nz=10", "client": "abc", "sequence": 4}
BAD: dict[str, Any] = {
    "nothing": None,
    "a list": [1, 2],
    "a number": 7,
    "a word": "abcabc",
    "a huge word": "x" * 1_000_000,
    "true": True,
    "an empty object": {},
    "no query": {"client": "a", "sequence": 1},
    "no client": {"query": "", "sequence": 1},
    "no sequence": {"query": "", "client": "a"},
    "a query of numbers": GOOD | {"query": [1]},
    "no text in the query": GOOD | {"query": None},
    "a client that is a number": GOOD | {"client": 5},
    "a huge client": GOOD | {"client": "c" * 10_000},
    "a sequence of words": GOOD | {"sequence": "4"},
    "a sequence that is true": GOOD | {"sequence": True},
    "a sequence with a fraction": GOOD | {"sequence": 1.5},
    "a bad value": GOOD | {"query": "p=7"},
    "a huge value": GOOD | {"query": "p=" + "9" * 10_000},
    "too many values": GOOD | {"query": "&".join(f"a{i}=1" for i in range(500))},
}


@pytest.mark.parametrize("data", BAD.values(), ids=list(BAD))
def test_what_is_no_question_is_refused_with_a_sentence(data: object):
    with pytest.raises(SpecError) as error:
        read_request(data)
    text = str(error.value)
    assert len(text) < 250
    assert "\n" not in text
    assert text.endswith((".", "…"))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "changed"]), inner),
    max_leaves=8,
)


@examples(max_examples=300, deadline=None)
@given(data=anything)
def test_any_json_is_read_or_refused(data: object):
    for lenient in (False, True):
        try:
            request = read_request(data, lenient=lenient)
        except SpecError:
            continue
        assert isinstance(request.state, ScreenState)
        assert isinstance(request.changed, str)


def test_a_question_is_read():
    request = read_request(GOOD | {"changed": "dataset"})
    assert request == Request(ScreenState(noise=0.3, n_latent=10), "abc", 4, (), "dataset")
    assert read_request(GOOD | {"changed": 3}).changed == ""


def test_an_address_is_read_leniently():
    request = read_request(GOOD | {"query": "p=7&nz=10"}, lenient=True)
    assert request.state == ScreenState(n_latent=10)
    assert len(request.notes) == 1


def asked(sequence: int, client: str = "a") -> Request:
    return Request(ScreenState(), client, sequence)


def test_the_newest_question_wins_whatever_the_order_of_arrival():
    newest = Newest()
    for sequence in (2, 5, 3):
        newest.note("run", asked(sequence))
    assert [newest.is_stale("run", asked(n)) for n in (2, 3, 4, 5, 6)] == [True, True, True, False, False]


def test_routes_and_clients_are_apart():
    newest = Newest()
    newest.note("run", asked(5))
    assert not newest.is_stale("ensemble", asked(1))
    assert not newest.is_stale("run", asked(1, "b"))


def test_the_memory_is_bounded_and_forgets_the_longest_silent():
    newest = Newest(most=3)
    for client in ("a", "b", "c"):
        newest.note("run", asked(5, client))
    newest.note("run", asked(6, "a"))  # b is now the longest silent
    newest.note("run", asked(5, "d"))
    assert len(newest._sequence) == 3
    assert newest.is_stale("run", asked(1, "a"))
    assert not newest.is_stale("run", asked(1, "b"))


def response_to(error: Exception) -> TestResponse:
    """What a page is sent whose callback raises an error."""
    app = Dash("test")
    app.layout = [dcc.Store(id="ask"), dcc.Store(id="answer"), dcc.Store(id="notice")]

    @app.callback(Output("answer", "data"), Input("ask", "data"))
    @answered
    def callback(_: object) -> None:
        raise error

    body = {
        "output": "answer.data",
        "outputs": {"id": "answer", "property": "data"},
        "inputs": [{"id": "ask", "property": "data", "value": 1}],
        "changedPropIds": ["ask.data"],
    }
    return app.server.test_client().post("/_dash-update-component", json=body)


@pytest.mark.parametrize("error", [SpecError("p is wrong."), ValueError("secret path")])
def test_an_error_becomes_a_sentence(error: Exception):
    (sentence,) = sentences(response_to(error))
    assert sentence == "p is wrong." if isinstance(error, SpecError) else "secret" not in sentence


@pytest.mark.parametrize("error", [PreventUpdate(), LeftError()])
def test_a_question_that_nobody_waits_for_is_silent(error: Exception):
    response = response_to(error)
    assert (response.status_code, response.get_data()) == (204, b"")


def nested(depth: int) -> list[Any]:
    tree: list[Any] = []
    for _ in range(depth):
        tree = [tree]
    return tree


CALLBACKS: dict[str, Any] = {
    "run.data": {"callback": print, "inputs": [{"id": "ask-run", "property": "data"}], "state": []},
    "..a.children...b.data..": {
        "callback": print,
        "inputs": [{"id": "go", "property": "n_clicks"}],
        "state": [{"id": "s", "property": "v"}],
    },
    "message.children": {"callback": print, "inputs": [{"id": '{"do":["ALL"]}', "property": "n_clicks"}], "state": []},
    "browser.data": {"inputs": [{"id": "ask-run", "property": "data"}], "state": []},
}
ASKED: dict[str, Any] = {
    "output": "run.data",
    "outputs": {"id": "run", "property": "data"},
    "inputs": [{"id": "ask-run", "property": "data", "value": {"anything": [None]}}],
    "changedPropIds": ["ask-run.data"],
}
SEVERAL: dict[str, Any] = {
    "output": "..a.children...b.data..",
    "outputs": [{"id": "a", "property": "children"}, {"id": "b", "property": "data"}],
    "inputs": [{"id": "go", "property": "n_clicks"}],
    "state": [{"id": "s", "property": "v", "value": 3}],
}
PATTERN: dict[str, Any] = {
    "output": "message.children",
    "outputs": {"id": "message", "property": "children"},
    "inputs": [[{"id": {"do": "cancel"}, "property": "n_clicks", "value": 1}]],
}
NO_QUESTIONS: dict[str, Any] = {
    "nothing": None,
    "a list": [ASKED],
    "a number": 1,
    "an empty object": {},
    "no output": {"output": None, "inputs": 5},
    "an unknown output": ASKED | {"output": "x.y"},
    "an output that is a list": ASKED | {"output": ["run.data"]},
    "no inputs": ASKED | {"inputs": []},
    "inputs that are a number": ASKED | {"inputs": 7},
    "an input that is a number": ASKED | {"inputs": [7]},
    "an input without a property": ASKED | {"inputs": [{"id": "ask-run"}]},
    "another input": ASKED | {"inputs": [{"id": "ask-ensemble", "property": "data"}]},
    "an input of another kind": ASKED | {"inputs": [{"id": ["ask-run"], "property": "data"}]},
    "outputs that are a number": ASKED | {"outputs": 7},
    "an output without a place": ASKED | {"outputs": {"id": "run"}},
    "changes that are a number": ASKED | {"changedPropIds": 7},
    "a change that is a number": ASKED | {"changedPropIds": [7]},
    "another number of outputs": SEVERAL | {"outputs": SEVERAL["outputs"][:1]},
    "outputs of another callback": ASKED | {"outputs": {"id": "message", "property": "children"}},
    "what the browser answers itself": ASKED
    | {"output": "browser.data", "outputs": {"id": "browser", "property": "data"}},
    "values that lie deep": ASKED | {"inputs": [{"id": "ask-run", "property": "data", "value": nested(200)}]},
    "one output of several": SEVERAL | {"outputs": SEVERAL["outputs"][0]},
    "an output of several that is none": SEVERAL | {"outputs": [None, None]},
    "no state": SEVERAL | {"state": []},
    "a pattern that is one": PATTERN | {"inputs": PATTERN["inputs"][0]},
    "a pattern of words": PATTERN | {"inputs": [["cancel"]]},
    "a pattern with a plain id": PATTERN | {"inputs": [[{"id": "cancel", "property": "n_clicks"}]]},
}


@pytest.mark.parametrize("body", [ASKED, SEVERAL, PATTERN, PATTERN | {"inputs": [[]]}])
def test_what_the_page_sends_is_a_question(body: dict[str, Any]):
    assert is_question(body, CALLBACKS)


@pytest.mark.parametrize("body", NO_QUESTIONS.values(), ids=list(NO_QUESTIONS))
def test_what_dash_would_stumble_over_is_none(body: object):
    assert not is_question(body, CALLBACKS)


@examples(max_examples=300, deadline=None)
@given(body=anything, place=st.sampled_from(sorted(ASKED)))
def test_any_json_is_a_question_or_none(body: object, place: str):
    assert is_question(body, CALLBACKS) in (True, False)
    assert is_question(ASKED | {place: body}, CALLBACKS) in (True, False)
