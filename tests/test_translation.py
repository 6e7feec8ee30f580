"""Components, figures, replies and refusals in the language of whoever asks; what is kept or read by code stays."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import plotly.graph_objects as go
import pytest
from dash import dcc, html
from flask import Flask, Response

from dashboard import figures
from dashboard.languages import Words
from dashboard.theme import LIGHT
from dashboard.translation import (
    browser_words,
    language,
    language_attributes,
    translate,
    translate_refusals,
    translated,
)
from tests.synthetic import make_sweep

WORDS = {
    "one label": "1 つのラベル",
    "{n} runs": "{n} 本",
    "{n} runs of {what}": "{what}の {n} 本",
    "Stage": "ステージ",
    "stage": "ステージ",
    "It is busy.": "混雑しています。",
    "Ask again.": "もう一度どうぞ。",
    "own memory": "自身の記憶",
    "concept ‘{label}’": "概念「{label}」",
    "noise p": "ノイズp",
    "distance": "距離",
}
MADE = Words(WORDS)
JA = "/?lang=ja"


def server_with(words: Words) -> Flask:
    """A server whose Japanese is made of these words."""
    server = Flask("test")
    server.extensions["languages"] = {"en": Words({}), "ja": words}
    return server


@contextmanager
def asked(path: str = "/", headers: dict[str, str] | None = None, server: Flask | None = None) -> Iterator[None]:
    """Within a request."""
    with (server or Flask("test")).test_request_context(path, headers=headers):
        yield


@pytest.fixture
def made() -> Iterator[None]:
    """In a request in Japanese, with the few words of above."""
    with asked(JA, server=server_with(MADE)):
        yield


# which language


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("/", {}, "en"),
        ("/?lang=ja", {}, "ja"),
        ("/?p=0.3&lang=ja&t=4", {"Accept_Language": "en"}, "ja"),
        ("/?lang=en", {"Referer": "http://x/?lang=ja", "Accept_Language": "ja"}, "en"),
        ("/_dash-layout", {"Referer": "http://x/?p=0.3&lang=ja"}, "ja"),
        ("/", {"Referer": "http://x/?lang=en", "Accept_Language": "ja"}, "en"),
        ("/", {"Accept_Language": "ja-JP,ja;q=0.9,en;q=0.5"}, "ja"),
        ("/", {"Accept_Language": "en-GB,ja;q=0.5"}, "en"),
        ("/", {"Accept_Language": "fr,ja;q=0.5"}, "ja"),
        ("/", {"Accept_Language": "fr"}, "en"),
        ("/?lang=xx", {"Accept_Language": "ja"}, "ja"),
        ("/?lang=../ja", {}, "en"),
        ("/?lang=", {"Referer": "http://x/?lang=tlh"}, "en"),
        ("/?" + "a=1&" * 300 + "lang=ja", {}, "en"),
        ("/?lang=%ff", {"Referer": "http://[?lang=ja"}, "en"),
    ],
)
def test_the_address_says_it_else_the_page_that_asks_else_the_browser(
    path: str, headers: dict[str, str], expected: str
):
    with asked(path, headers):
        assert language() == expected


def test_what_has_no_request_is_english():
    assert (language(), translate("Stage"), language_attributes()) == ("en", "Stage", 'lang="en" dir="ltr"')


# what is translated


def test_components_are_translated_and_those_given_stay(made: None):
    named: Any = {"aria-label": "Stage", "data-label": "stage", "data-value": "stage"}
    given = html.Div(
        [html.Button("Stage", id="stage", title="Stage", className="stage", **named), "3 runs", 7, None], title="stage"
    )
    before = json.dumps(given.to_plotly_json(), default=lambda part: part.to_plotly_json())
    shown: Any = translated(given)
    button = shown.children[0]
    assert (shown.title, shown.children[1:]) == ("ステージ", ["3 本", 7, None])
    assert (button.children, button.title, getattr(button, "aria-label")) == ("ステージ",) * 3
    assert getattr(button, "data-label") == "ステージ"
    assert (button.id, button.className, getattr(button, "data-value")) == ("stage", "stage", "stage")
    assert json.dumps(given.to_plotly_json(), default=lambda part: part.to_plotly_json()) == before


def test_code_and_what_is_of_another_language_stay(made: None):
    parts = [html.Code("Stage"), html.Pre("Stage"), html.A("Stage", lang="en"), html.P([html.Code("Stage"), "Stage"])]
    shown: Any = translated(html.Div(parts))
    assert [part.children for part in shown.children[:3]] == ["Stage"] * 3
    assert shown.children[3].children[0].children == "Stage"
    assert shown.children[3].children[1] == "ステージ"


def test_of_options_and_data_only_the_words_are_translated(made: None):
    shown: Any = translated(
        html.Div(
            [
                dcc.Dropdown(options=[{"label": "Stage", "value": "stage"}], value="stage"),
                dcc.Store(id="begin", data={"fields": [{"name": "stage", "key": "Stage"}], "text": "Stage"}),
            ]
        )
    )
    menu, store = shown.children
    assert (menu.options, menu.value) == ([{"label": "ステージ", "value": "stage"}], "stage")
    assert store.data == {"fields": [{"name": "stage", "key": "Stage"}], "text": "ステージ"}


def test_figures_are_translated_and_those_given_stay(made: None):
    given = figures.stage_chart(make_sweep(), LIGHT, label="6")
    before = given.to_json()
    shown = translated(given)
    texts = [note["text"] for note in shown["layout"]["annotations"]]
    assert {"自身の記憶", "概念「6」"} <= set(texts)
    assert shown["layout"]["xaxis"]["title"]["text"] == "ノイズp"
    assert [trace["x"] for trace in shown["data"]] == [trace["x"] for trace in given.to_plotly_json()["data"]]
    assert given.to_json() == before


def test_names_of_traces_and_ticks_are_words_of_a_figure(made: None):
    given = go.Figure(
        [go.Scatter(x=["Stage", "stage"], y=[1, 2], name="Stage", meta="Stage", hovertemplate="own memory")],
        {
            "xaxis": {"ticktext": ["Stage", "6"], "tickvals": [0, 1]},
            "yaxis": {"title": "distance"},
            "uirevision": "stage",
        },
    )
    shown = translated(given)
    trace = shown["data"][0]
    assert (trace["name"], trace["hovertemplate"], trace["meta"]) == ("ステージ", "自身の記憶", "Stage")
    assert list(trace["x"]) == ["Stage", "stage"]
    layout = shown["layout"]
    assert list(layout["xaxis"]["ticktext"]) == ["ステージ", "6"]
    assert (layout["yaxis"]["title"]["text"], layout["uirevision"]) == ("距離", "stage")


def test_replies_are_translated_and_those_given_stay(made: None):
    given = {
        "notes": ["Stage", "3 runs"],
        "captions": ["one label"],
        "card": "Stage",
        "approach": "Stage",
        "labels": ["one label", "7"],
        "estimate": "Stage",
        "state": {"label": 6, "text": "Stage", "source": "stage"},
        "recipe": {"text": "Stage"},
        "stage": "Stage",
        "runners_up": ["Stage", None],
        "series": [(20, "stage")],
        "noises": [0.1, 0.2],
        "offer": None,
    }
    before = json.dumps(given)
    shown = translated(given)
    assert shown == given | {
        "notes": ["ステージ", "3 本"],
        "captions": ["1 つのラベル"],
        "card": "ステージ",
        "approach": "ステージ",
        "labels": ["1 つのラベル", "7"],
        "estimate": "ステージ",
    }
    assert json.dumps(given) == before


def test_in_english_nothing_is_copied():
    tree = {"text": "Stage"}
    with asked("/?lang=en"):
        assert translated(tree) is tree


def test_the_words_of_the_scripts_end_no_script_element():
    with asked(JA, server=server_with(Words({"Dark": "</script><b>", "Light": "明るい"}))):
        assert "<" not in browser_words()
        assert json.loads(browser_words()) == {"Dark": "</script><b>", "Light": "明るい"}


def test_refusals_are_translated_and_files_are_not():
    server = server_with(MADE)
    translate_refusals(server)
    answers = {
        "refused": lambda: Response("It is busy. Ask again.", 503, mimetype="text/plain"),
        "file": lambda: Response("It is busy. Ask again.", 200, mimetype="text/plain"),
        "table": lambda: Response("It is busy. Ask again.", 400, mimetype="text/csv"),
    }
    for name, answer in answers.items():
        server.add_url_rule(f"/{name}", name, answer)
    client = server.test_client()
    assert client.get("/refused?lang=ja").text == "混雑しています。もう一度どうぞ。"
    assert client.get("/refused", headers={"Referer": "http://x/?lang=ja"}).text == "混雑しています。もう一度どうぞ。"
    assert client.get("/refused").text == "It is busy. Ask again."
    assert [client.get(f"/{name}?lang=ja").text for name in ("file", "table")] == ["It is busy. Ask again."] * 2
