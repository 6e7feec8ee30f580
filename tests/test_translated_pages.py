"""Pages, and what they are answered, in the language of whoever asks; what is kept for others stays English."""

import gzip
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.computations import Computations
from core.settings import Settings
from dashboard.languages import Words, catalogues
from dashboard.pages.explore import saved_size
from dashboard.pages.explore.replies import begin_payload
from dashboard.translation import (
    translated,
)
from tests.served import Browser, create_app, own_cache, sentences
from tests.test_translation import JA, WORDS, asked


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
