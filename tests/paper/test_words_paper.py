"""The page of the paper in Japanese: no English is left in what is drawn and said, and nothing but words changes."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from core.paper.figures.registry import FIGURES
from core.session import Session
from core.settings import Settings
from core.specs import FigureSpec
from dashboard.drawing import draw_figure
from dashboard.pages.paper.layout import still
from dashboard.pages.paper.movie_panel import words_of
from dashboard.pages.paper.movies import Making
from dashboard.theme import LIGHT
from dashboard.translation import ATTRIBUTES, WORDS, translated
from tests.conftest import settings_in
from tests.paper.questions import draw, navigate
from tests.served import create_app

ENGLISH = re.compile(r"[A-Za-z]{3,}")
KEPT = re.compile(
    r"<[^>]*>|(?<![A-Za-z])(PCA|ELBO|nats|tanh|log|III|MNIST|Fashion|PNG|SVG|CSV|NPZ|JSON|ZIP|GIF|MP4|Adam|"
    r"Nagano|Karakida|Okada)(?![A-Za-z])"
)
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龥]")
FASHION = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot")
NOT_OURS = ("scoreboard", "beside")
"""Classes of what the claims have: they have a test of their own."""


def english_in(texts: Iterator[str]) -> list[str]:
    """Texts in which a word is left, once tags, symbols and names are taken out."""
    return [text for text in texts if ENGLISH.search(KEPT.sub(" ", text))]


def words_in(tree: Any, is_text: bool = False) -> Iterator[str]:
    """Every text of a figure or a reply that somebody reads."""
    if isinstance(tree, str):
        if is_text:
            yield tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from words_in(value, key in WORDS)
    elif isinstance(tree, list):
        for part in tree:
            yield from words_in(part, is_text)


def without_words(tree: Any, is_text: bool = False) -> Any:
    """The same tree, in which every text that somebody reads is blank."""
    if isinstance(tree, dict):
        return {key: without_words(value, key in WORDS) for key, value in tree.items() if key != "labelalias"}
    if isinstance(tree, list):
        return [without_words(part, is_text) for part in tree]
    return "" if is_text and isinstance(tree, str) else tree


def texts_of(component: Any) -> Iterator[str]:
    """Every text of a layout as Dash sends it, without the claims, the header and the names of models."""
    if isinstance(component, str):
        yield component
    elif isinstance(component, list):
        for part in component:
            yield from texts_of(part)
    elif isinstance(component, dict) and "props" in component:
        props = component["props"]
        if component["type"] == "Header" or props.get("id") in ("claims", "paper-model"):
            return
        if props.get("className") in NOT_OURS or component["type"] in ("Code", "Pre"):
            return
        for name in ATTRIBUTES:
            yield from texts_of(props.get(name))


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return create_app(settings_in(tmp_path_factory.mktemp("words"))).server.test_client()


def picture(http: Any, id: str, language: str) -> dict[str, Any]:
    """A figure of the article as a page in a language gets it."""
    page = {"Referer": f"http://localhost/paper/?lang={language}"}
    reply = http.get(f"/paper/drawn/{id}.json?look=light", headers=page)
    assert reply.headers["Cache-Control"] == "no-cache"  # the address does not name the language
    return reply.get_json()


@pytest.mark.parametrize("id", FIGURES)
def test_a_picture_of_the_article_has_no_english_word_in_it(http: Any, id: str):
    figure = picture(http, id, "ja")
    assert english_in(words_in(figure)) == []
    assert any(map(JAPANESE.search, words_in(figure))) or id == "suppE"


@pytest.mark.parametrize("id", FIGURES)
def test_a_picture_has_the_same_numbers_in_every_language(http: Any, id: str):
    """Whichever language was asked for first: pictures are kept."""
    japanese, english, again = (picture(http, id, language) for language in ("ja", "en", "ja"))
    assert without_words(japanese) == without_words(english)
    assert not any(map(JAPANESE.search, words_in(english)))
    assert again == japanese


def test_the_layout_has_no_english_word_in_it(http: Any):
    reply = http.get("/paper/_dash-layout", headers={"Referer": "http://localhost/paper/?lang=ja"})
    texts = list(texts_of(reply.get_json()))
    assert len(texts) > 300
    assert english_in(iter(texts)) == []


def test_the_page_of_a_figure_has_no_english_word_in_it(served: tuple[Any, FigureSpec, Settings]):
    http, spec, _ = served
    http.environ_base["HTTP_REFERER"] = "http://localhost/paper/fig1?lang=ja"
    own = replace(spec, t=2)
    for id, asked in {
        "fig1": own,
        "stages": own,
        "suppB": replace(own, chosen=(1, 2, 5)),
    }.items():  # their notes differ
        reply = draw(http, id, asked)
        assert english_in(words_in(reply["drawn"]["figure"])) == []
        title, note = reply["drawn-title"]["children"], reply["drawn-note"]["children"]
        files = [text for text in texts_of(reply["files"]["children"]) if not text.startswith(id)]  # the stem is a name
        assert all(map(JAPANESE.search, (title, note)))
        assert english_in(iter([title, note, *files])) == []


def test_the_page_of_a_figure_names_labels_in_its_language(served: tuple[Any, FigureSpec, Settings]):
    http, *_ = served
    http.environ_base["HTTP_REFERER"] = "http://localhost/paper/fig1?lang=ja"
    answer = navigate(http, "url.pathname", path="/paper/fig1", search="?model=fashion-nz100-seed0").get_json()
    assert answer["response"]["asked"]["data"]["names"][0] == "Tシャツ"
    assert english_in(iter(answer["sideUpdate"]["notice"]["data"]["sentences"])) == []


@pytest.mark.parametrize("id", ["fig7a", "suppE"])
def test_axes_show_labels_in_the_language_of_the_page_and_keep_their_values(tmp_path: Path, id: str):
    """A click on a cell names its label in English."""
    session, spec = Session.open(settings_in(tmp_path)), FigureSpec(model="fashion-nz100-seed0")
    drawn = draw_figure(session.library, id, spec, FIGURES[id].compute(session, spec, print), LIGHT)
    with Flask(__name__).test_request_context("/paper/?lang=ja"):
        figure = translated(still(drawn, FASHION))
    axes = [value for key, value in figure["layout"].items() if key.startswith("yaxis")]
    assert all(axis["labelalias"]["Pullover"] == "プルオーバー" for axis in axes)
    assert list(figure["data"][-1]["y"]) == list(FASHION)
    assert english_in(words_in(figure)) == []


@pytest.mark.parametrize(
    "words",
    [
        *("label 3: frame 7 of 301", "label 3 is complete", "40 of 300 runs", "label 3, 40 of 300 runs", "done", ""),
        *("N_z = 20, p = 0.300", "runs of label 3", "label 3, p = 0.300", "N_z = 20, 40 of 300 runs"),
    ],
)
def test_how_far_something_is_has_no_english_word_in_it(words: str):
    with Flask(__name__).test_request_context("/paper/?lang=ja"):
        assert english_in(iter([words_of(Making(1, 0.0, 0.4, words))])) == []
