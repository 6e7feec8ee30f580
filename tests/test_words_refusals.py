"""Every sentence that a refusal carries to a page has its Japanese, and takes it at every door."""

import re
from dataclasses import fields
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient

import app
from core.computations import BusyError, Computations
from core.file_header import refuse_constant
from core.model_card import ClassifierCard, ModelCard, SeriesCard
from core.schema import SpecError, checked
from core.settings import Settings
from core.specs import ClassifierSpec, EnsembleSpec, ModelSpec, SeriesSpec
from dashboard.controls import ScreenState
from dashboard.hosting import Hosting
from dashboard.languages import ENGLISH, SENTENCES, Words, catalogues
from dashboard.roles import ACTING
from tests.idle_jobs import StillJobs
from tests.refusals import OFF_PAGES, PASSED_ON, ROOT, harvest
from tests.served import NEVER, Browser, sentences
from tests.test_models import Hand
from tests.test_own_image import drawn, moving, png

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def fits(words: Words, text: str) -> bool:
    """Whether there is an entry for a sentence none of whose values holds the end of another."""
    found = ([text[place] for place in template.places(text)] for template in words.templates)
    return text in words.entries or any(values and not any(map(SENTENCES.search, values)) for values in found)


def missing(words: Words) -> list[str]:
    """Sentences without an entry, as a whole or one by one."""
    refusals = sorted({(each.place, each.text) for each in harvest()[0]})
    return [
        f"{place}: {part}"
        for place, text in refusals
        if not fits(words, text)
        for part in SENTENCES.split(text)
        if not fits(words, part)
    ]


LANGUAGES = sorted(set(catalogues()) - {ENGLISH})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_its_translation(language: str):
    assert missing(catalogues()[language]) == []


def test_an_entry_that_is_taken_away_is_missed():
    entries = catalogues()["ja"].entries
    for english in ("Reload the page.", "{kind} has no setting {name}.", "The default, {value}, is used."):
        assert missing(Words({key: text for key, text in entries.items() if key != english})), english


def test_all_refusals_are_read():
    refusals, passed, unread = harvest()
    assert unread == []
    assert passed == set(PASSED_ON)
    assert len(refusals) > 200


def test_what_reaches_no_page_is_there():
    assert all((ROOT / place).exists() for place in OFF_PAGES)


def test_no_translation_leaves_the_sentence_english():
    words = catalogues()["ja"]
    for each in harvest()[0]:
        translated = words(each.text)
        assert JAPANESE.search(translated), each
        assert not SENTENCES.search(translated), translated


BAD = {"p": "9", "nz": "many", "d": "letters", "T": "1.5", "own": "?", "a": "%3F", "model": "A B", "v": "7"}


@pytest.mark.parametrize(("key", "value"), BAD.items(), ids=list(BAD))
def test_a_note_of_a_link_is_translated_sentence_by_sentence(key: str, value: str):
    _, notes = ScreenState.from_query(f"{key}={value}")
    assert len(notes) == 1
    translated = catalogues()["ja"](notes[0])
    assert "must" not in translated
    assert "default" not in translated
    assert translated.count("。") >= 2


def test_the_names_of_links_stay_in_a_note():
    _, notes = ScreenState.from_query("T=1.5")
    translated = "n_stepsは5から200までの整数でなければならず、'1.5'は使えません。既定値の60を使います。"
    assert [catalogues()["ja"](note) for note in notes] == [translated]


WHAT_A_MODEL_IS = (
    "A model is a safetensors file with the metadata 'spec' and 'card', as `python -m core train` writes it."
)


def reasons() -> list[str]:
    """Why the header of a file is none of a model's, for every field that it has and every way to be wrong."""
    found = [raised(refuse_constant, "NaN")]
    for kind in (ModelSpec, SeriesSpec, ClassifierSpec, ModelCard, ClassifierCard):
        checks = [checked(item).check for item in fields(kind)]
        found += [raised(check, item.name, object()) for check, item in zip(checks, fields(kind), strict=True)]
    found += [raised(ModelSpec.from_dict, {"colour": 1}), raised(EnsembleSpec.from_dict, {})]
    found.append(raised(SeriesSpec.from_dict, {"kept": [5, 1]}))
    shown = {"image_shape": (8, 8), "label_names": ("0",)}
    found += [raised(partial(ModelCard.read, given, **shown)) for given in (3, {"image_shape": [1, 1]})]
    return [*found, raised(partial(SeriesCard.read, 3, **shown))]


def raised(function: Any, *given: Any) -> str:
    with pytest.raises(SpecError) as error:
        function(*given)
    return str(error.value)


def test_the_reason_why_a_file_is_no_model_is_translated_within_the_sentence():
    words = catalogues()["ja"]
    for reason in reasons():
        inside = reason.rstrip(".")
        assert all(fits(words, sentence) for sentence in SENTENCES.split(reason)), reason
        assert fits(words, inside), inside
        whole = words(f"7 is not a model of this program ({inside}). {WHAT_A_MODEL_IS}")
        assert whole.startswith(f"7はこのプログラムのモデルではありません（{words(inside)}）。モデルとは"), whole


@pytest.fixture
def http(settings: Settings, write_model: Any) -> FlaskClient:
    write_model(settings.models / "mine.safetensors")
    write_model(settings.models / "mine-too.safetensors")
    (settings.models / "broken.safetensors").write_bytes(b"no model")
    hosting = Hosting(access="visitor", token="a-token-for-this-test", presenter_token="another-for-presenters")
    client = app.create_apps(hosting, StillJobs(settings))[0].server.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ja"
    return client


def in_japanese(texts: list[str]) -> bool:
    """Whether there are texts, in Japanese alone."""
    return bool(texts) and all(JAPANESE.search(text) and not SENTENCES.search(text) for text in texts)


def as_operator(http: FlaskClient) -> FlaskClient:
    assert http.get("/?operator=a-token-for-this-test").status_code == 303
    return http


def test_a_page_that_opens_with_a_bad_link_says_so_in_japanese(http: FlaskClient):
    query = "d=digits&nz=2&src=decoded&p=9"
    notes = Browser(http).ask("settled", query)["settled"]["data"]["notes"]
    assert "0から1まで" in notes[0]
    assert any("broken.safetensors" in note for note in notes)
    assert in_japanese(notes)


def test_a_question_with_a_bad_setting_is_refused_in_japanese(http: FlaskClient):
    assert in_japanese(sentences(Browser(http).post("ask-run", {"query": "p=9", "client": "tab", "sequence": 1})))
    assert in_japanese(sentences(Browser(http).post("ask-run", "nothing")))


def test_who_finds_the_server_busy_reads_so_in_japanese(settings: Settings, write_model: Any):
    class Full(Computations):
        def wait_for(self, *_: Any, **__: Any) -> Any:
            raise BusyError(12)

    write_model(settings.models / "mine.safetensors")
    client = app.create_app(settings, computations=Full(calm=NEVER)).server.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ja"
    text = catalogues()["ja"]("The server is busy: 12 before you.")
    reply = Browser(client).post("ask-ensemble", Browser(client).question("d=digits&nz=2&src=decoded&runs=10&T=5"))
    assert reply.get_json()["sideUpdate"]["busy"]["data"]["text"] == text
    picture = client.post("/own-image/mnist", data=png(drawn()))
    assert (picture.status_code, picture.text) == (503, text)


def test_a_visitor_is_refused_in_japanese(http: FlaskClient):
    refused = [catalogues()["ja"](ACTING)]
    assert sentences(Hand(http).post("train", 1, state=("digits", "3", "2", "0"))) == refused
    assert sentences(Browser(http).post("ask-job", {"action": "train", "dataset": "digits", "n_latent": 3})) == refused
    assert in_japanese(refused)


def test_an_upload_is_refused_in_japanese(http: FlaskClient):
    hand = Hand(as_operator(http))
    for content in ("data:x;base64,bm90aGluZw==", "data:x;base64,?", 3):
        assert in_japanese(sentences(hand.post("upload", content, state=("new.safetensors",))))


PLAIN: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "a picture that moves": ("POST", "/own-image/mnist", {"data": moving()}, 400),
    "a picture that is too large": ("POST", "/own-image/mnist", {"data": bytes(10_000_002)}, 413),
    "a file of a bad link": ("GET", "/saved.html?p=9", {}, 400),
    "the size of it": ("GET", "/saved-size.json?p=9", {}, 400),
    "numbers of a bad link": ("GET", "/paper/data/fig2.csv?noise=9", {}, 400),
    "a model that is gone": ("GET", "/models/pictures/gone/concepts.png", {}, 404),
    "a lesson that is gone": ("GET", "/lessons/AAAAAA", {}, 404),
    "a lesson of a visitor": ("POST", "/lessons", {"json": {"lesson": "x"}}, 403),
    "a code of another address": ("GET", "/lesson-qr.svg?link=http://evil.example/", {}, 400),
    "another name": ("GET", "/", {"headers": {"Host": "evil.example"}}, 421),
    "another page": ("POST", "/lessons", {"headers": {"Origin": "http://evil.example"}}, 403),
    "another operator": ("GET", "/?operator=wrong", {}, 403),
    "no question": ("POST", "/_dash-update-component", {"json": {"output": "none"}}, 400),
    "no file": ("GET", "/_dash-component-suites/dash/none.js", {}, 404),
}


@pytest.mark.parametrize(("method", "path", "more", "status"), PLAIN.values(), ids=list(PLAIN))
def test_a_refused_address_answers_in_japanese(
    http: FlaskClient, method: str, path: str, more: dict[str, Any], status: int
):
    response = http.open(path, method=method, **more)
    assert (response.status_code, response.mimetype) == (status, "text/plain"), response.get_data(as_text=True)[:200]
    text = response.get_data(as_text=True)
    assert in_japanese([text]), text
    assert response.content_length == len(response.data)


def test_who_reads_english_is_refused_in_english(http: FlaskClient):
    english = http.post("/lessons", json={"lesson": "x"}, headers={"Accept-Language": "en"})
    assert english.get_data(as_text=True).startswith("Lessons are led by the presenter")
