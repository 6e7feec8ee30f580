"""Pages, replies and refusals in the language of whoever asks; what is kept for others, and what code reads, stays."""

import gzip
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from dash import dcc, html
from flask import Flask, Response
from flask.testing import FlaskClient

from core.computations import Computations
from core.settings import Settings
from dashboard import figures
from dashboard.languages import FOLDER, LONGEST, Template, Words, catalogues, direction, entries, name_of
from dashboard.pages.explore import saved_size
from dashboard.pages.explore.replies import begin_payload
from dashboard.theme import LIGHT
from dashboard.translation import browser_words, language, says, spoken, translate_refusals, translated
from tests.served import Browser, create_app, own_cache, sentences
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


# the words of a language


def test_an_entry_a_template_and_what_has_neither():
    assert MADE("one label") == "1 つのラベル"
    assert MADE("300 runs") == "300 本"
    assert MADE("no entry") == "no entry"
    assert MADE("  one label: ") == "  one label: "
    assert MADE(" one label ") == " 1 つのラベル "
    assert (MADE.has("7 runs"), MADE.has("one label"), MADE.has("two labels")) == (True, True, False)


def test_what_stands_in_a_place_is_translated_too():
    assert MADE("3 runs of one label") == "1 つのラベルの 3 本"
    assert MADE("3 runs of two labels") == "two labelsの 3 本"


@pytest.mark.parametrize("order", [1, -1])
def test_the_template_with_the_longest_literal_text_wins(order: int):
    words = Words(dict([("{a} out of {b}", "b"), ("{a} runs out of {b}", "long"), ("{a} out", "c")][::order]))
    assert (words("3 runs out of six"), words("3 out of six")) == ("long", "b")


def test_sentences_one_after_the_other_are_translated_one_by_one():
    assert MADE("It is busy. Ask again.") == "混雑しています。もう一度どうぞ。"
    assert MADE("It is busy. Nobody knows.") == "混雑しています。Nobody knows."
    assert MADE("It is busy. ask again.") == "It is busy. ask again."


def test_a_translation_has_no_places_of_its_own():
    with pytest.raises(ValueError, match="other places"):
        Template.of("{n} runs", "{m} 本")
    assert Template.of("{n} runs of {what}", "{n} 本").names == ("n", "what")


def test_signs_of_a_regular_expression_are_letters_in_a_template():
    words = Words({"{n} (of 5) a+b?": "{n}"})
    assert (words("2 (of 5) a+b?"), words("2 (of 5) aab")) == ("2", "2 (of 5) aab")


def test_data_is_no_sentence():
    assert Words({"{a} runs": "x"})("y" * LONGEST + " runs") == "y" * LONGEST + " runs"
    assert Words({"{a}%": "x"})("5%") == "5%"


def test_what_languages_call_themselves_and_where_they_begin():
    assert [name_of(code) for code in ("en", "ja", "de")] == ["English", "日本語", "Deutsch"]
    assert [direction(code) for code in ("en", "ja", "ar", "he")] == ["ltr", "ltr", "rtl", "rtl"]


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.po")), ids=lambda file: file.stem)
def test_every_file_of_words_names_a_sentence_once_and_fills_its_places(file: Path):
    said = re.findall(r'^msgid ((?:".*"\n)+)', file.read_text("utf-8"), re.MULTILINE)
    joined = ["".join(re.findall(r'"(.*)"', text)) for text in said]
    assert [text for text in set(joined) if joined.count(text) > 1] == []
    for english, text in entries(file).items():
        assert set(re.findall(r"\{(\w+)\}", text)) <= set(re.findall(r"\{(\w+)\}", english)), english
    assert catalogues()[file.stem].entries


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
    assert (language(), says("Stage"), spoken()) == ("en", "Stage", 'lang="en" dir="ltr"')


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


# the pages


@pytest.fixture(scope="module")
def client(trained: tuple[Settings, str]) -> FlaskClient:
    return create_app(trained[0]).server.test_client()


PAGES = {"": ("探索", "Latent Trajectories"), "paper/": ("論文", "論文 –"), "models/": ("モデル", "モデル –")}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_its_language_and_leads_to_the_others(client: FlaskClient, page: str):
    name, title = PAGES[page]
    text = client.get(f"/{page}?lang=ja").text
    assert '<html lang="ja" dir="ltr">' in text
    assert f"<title>{title}" in text
    assert "Latent TrajectoriesにはJavaScriptが必要です。" in text
    assert not re.search(r"\b(LANGUAGE|UNANSWERED|NO_SCRIPTS|GLOSSARY|WORDS)\b", text)
    english = client.get(f"/{page}").text
    assert '<html lang="en" dir="ltr">' in english
    assert "Latent Trajectories needs JavaScript." in english
    asking = {"Referer": f"http://localhost/{page}?lang=ja"}
    layouts = [client.get(f"/{page}_dash-layout", headers=headers).text for headers in (asking, {}, asking)]
    shown, plain, again = (json.dumps(json.loads(layout), ensure_ascii=False) for layout in layouts)
    assert f'"{name}"' in shown
    assert '"children": "English"' in shown
    assert '"children": "日本語"' in plain
    assert "すべて保存" not in plain
    assert page or "試行を追跡しています…" in shown  # which the style sheet writes
    assert f'"{name}"' in again  # and not the English one that was asked for in between


def test_a_layout_that_may_be_kept_is_kept_for_its_language(client: FlaskClient):
    response = client.get("/_dash-layout", headers={"Accept-Encoding": "gzip"})
    assert "max-age" in response.headers["Cache-Control"]
    assert {"referer", "accept-language", "accept-encoding"} <= {name.lower() for name in response.vary}


def test_a_layout_keeps_the_names_that_code_reads(client: FlaskClient):
    stores = [client.get("/_dash-layout", headers=headers).text for headers in ({}, {"Accept-Language": "ja"})]

    def begin(layout: str) -> Any:
        parts = json.loads(layout)["props"]["children"]
        page = json.dumps(parts)
        assert '"begin"' in page
        found: list[Any] = []

        def look(node: Any) -> None:
            if isinstance(node, dict):
                if node.get("id") == "begin":
                    found.append(node["data"])
                for value in node.values():
                    look(value)
            elif isinstance(node, list):
                for value in node:
                    look(value)

        look(parts)
        return found[0]

    plain, shown = map(begin, stores)
    assert plain["fields"] == shown["fields"] == json.loads(json.dumps(begin_payload()["fields"]))
    assert {name: value for name, value in plain.items() if name != "tour"} == {
        name: value for name, value in shown.items() if name != "tour"
    }


QUERY = "d=digits&nz=4&src=decoded&label=0&p=0.2&runs=20&T=6&window=2"
LOOKS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "settled": ("8×8数字、N_z = 4", lambda data: data["card"]),
    "sweep": ("各pで試行", lambda data: data["note"]),
}


@pytest.mark.parametrize("route", LOOKS)
def test_a_reply_that_is_kept_is_kept_in_english(client: FlaskClient, route: str):
    """Asked first in Japanese, which fills the caches, then in English, then in Japanese again."""
    begins, words = LOOKS[route]
    browser = Browser(client, f"tab-{route}")
    replies = []
    for tongue in ("ja", "en", "ja"):
        client.environ_base["HTTP_REFERER"] = f"http://localhost/?lang={tongue}"
        try:
            replies.append(browser.ask(route, QUERY)[route]["data"])
        finally:
            del client.environ_base["HTTP_REFERER"]
    first, english, again = replies
    assert words(first).startswith(begins)
    assert re.match(r"[ -~×−]+$", words(english))
    assert first == again
    assert set(first) == set(english)
    same = {"settled": ("state", "model", "series", "space"), "sweep": ("noises", "minimum_distance", "runners_up")}
    for key in same[route]:
        assert first[key] == english[key]


def test_the_labels_of_fashion_have_names():
    with asked(JA):
        shown = translated({"labels": ["T-shirt", "Boot"], "label": 9})
    assert shown == {"labels": ["Tシャツ", "ブーツ"], "label": 9}


def test_a_notice_is_in_the_language_of_the_page(client: FlaskClient):
    sentence = "The request must be an object, not a list. Reload the page."
    browser = Browser(client, "tab-notice")
    assert sentences(browser.post("ask-run", [1])) == [sentence]
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ja"
    try:
        assert sentences(browser.post("ask-run", [1])) == [catalogues()["ja"](sentence)] != [sentence]
    finally:
        del client.environ_base["HTTP_ACCEPT_LANGUAGE"]


class Full(Computations):
    """Has no room, and says how far it is."""

    def __init__(self):
        super().__init__(most=0)

    def progress(self, client: str, topic: str) -> tuple[float, str]:
        return 0.5, "3 runs"


def test_whoever_waits_is_told_in_the_language_of_the_page(trained: tuple[Settings, str], tmp_path: Path):
    full = create_app(own_cache(trained[0], tmp_path), computations=Full()).server
    full.extensions["languages"] = {
        "en": Words({}),
        "ja": Words(WORDS | {"The server is busy: {what}.": "混雑：{what}"}),
    }
    client = full.test_client()
    client.environ_base["HTTP_REFERER"] = f"http://localhost{JA}"
    browser = Browser(client, "tab-waits")
    assert browser.ask("progress")["progress"]["data"] == {"fraction": 0.5, "text": "3 本"}
    reply = browser.post("ask-sweep", browser.question(QUERY)).get_json()
    assert reply["sideUpdate"]["busy"]["data"] == {"text": "混雑：0 before you"}


def test_the_size_of_a_saved_file_is_that_of_its_language(client: FlaskClient):
    plain, shown = (client.get(f"/saved-size.json?{QUERY}{more}").get_json()["bytes"] for more in ("", "&lang=ja"))
    assert shown - plain == saved_size.size_of_program("ja") - saved_size.size_of_program("en") != 0


def test_a_saved_file_is_in_the_language_of_whoever_saves_it(client: FlaskClient):
    def answers(text: str) -> Any:
        found = re.search(r'id="answers">([^<]*)<', text)
        assert found
        return json.loads(gzip.decompress(urlsafe_b64decode(found[1])))

    shown, english = (client.get(f"/saved.html?{QUERY}{more}").text for more in ("&lang=ja", ""))
    assert '<html lang="ja" dir="ltr">' in shown
    assert "<title>「0」 – Latent Trajectories</title>" in shown
    assert "このファイルには" in shown
    assert "This file holds" not in shown
    assert answers(shown)["settled"]["card"].startswith("8×8数字")
    assert answers(shown)["sweep"]["dark"]["note"].startswith("各pで試行")
    assert 'class="language"' not in shown
    assert '<html lang="en" dir="ltr">' in english
    assert answers(english)["settled"]["card"].startswith("8×8 digits")
