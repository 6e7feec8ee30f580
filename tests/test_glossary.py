"""The glossary: one sentence for each term, and texts in which terms are found."""

import json
import re
from typing import Any

import pytest
from dash import html
from flask import Flask

from dashboard.glossary import ENTRIES, Entry, entry
from dashboard.languages import ENGLISH, catalogues
from dashboard.terms import as_json, lexicon, parts, terms, terms_once
from tests.node import run_node

TEXTS = {
    "the abstract concept is the mean of the concepts": ["abstract concept", "concept"],
    "300 runs from images decoded from memories; of the runs half approach": ["run", "decode", "memory", "approach"],
    "stage II, then III": ["stage II", "stage III"],
    "x(0) is nearest to its own memory at t = 3 for p = 0.2": ["x(t)", "memory", "step t", "noise p"],
    "Test −ELBO in nats": ["ELBO", "nats"],
    "Weight β of the KL term": ["β", "KL term"],
    "It isn't seeded; runners, conceptual, at_t, t-test, mnist-nz100-seed0": [],
    "": [],
}
JAPANESE = {
    "抽象概念はすべての概念の平均です。": ["抽象概念", "概念"],
    "記憶からデコードした画像から始めた試行300本のうち、半数が接近します": ["記憶", "デコード", "試行", "接近"],
    "ステージ II、次にIII": ["ステージ II", "ステージ III"],
    "ステージIIの試行はp=0.2で": ["ステージ", "ステージ II", "試行", "ノイズp"],
    "x(0)はt = 3で自身の記憶に最も近い（p = 0.2）": ["x(t)", "ステップt", "記憶", "ノイズp"],
    "ノイズpの試行30本がデコーダを通るラベルマップ": ["ノイズp", "試行", "デコード", "ラベルマップ"],
    "KL項の重みβ、KLとテスト−ELBO（nats）": ["KL項", "β", "ELBO", "nats"],
    "潜在空間のランドマーク平面と潜在平面": ["潜在空間", "ランドマーク平面", "潜在平面"],
    "潜在ユニット数N_zと活動ユニット、活動": ["N_z", "活動ユニット", "潜在活動"],
    "PC 1とPC 2の寄与率は2 SEM以内": ["PCA", "寄与率", "SEM"],
    "at_t、isn't、mnist-nz100-seed0、VAEs": [],
    "": [],
}
SYMBOL = re.compile(r"[−βA-Zptxz0-9N_()]{1,4}|[xz]\(\w\)|−?ELBO|PC ?[12]|2 SEM|nats?|(Fashion-)?MNIST|beta")
"""Forms that are the same in every language."""
OTHERS = [code for code in catalogues() if code != ENGLISH]


def named(text: str, language: str = ENGLISH) -> list[str]:
    return [name for _, name in parts(text, language) if name]


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [("en", *pair) for pair in TEXTS.items()] + [("ja", *pair) for pair in JAPANESE.items()],
)
def test_terms_are_found_in_a_text_whose_pieces_are_the_text(language: str, text: str, found: list[str]):
    assert named(text, language) == found
    assert "".join(words for words, _ in parts(text, language)) == text


@pytest.mark.parametrize("given", ENTRIES, ids=[each.name for each in ENTRIES])
def test_a_term_has_its_name_its_sentence_and_its_forms_in_japanese(given: Entry):
    words = catalogues()["ja"].entries
    assert [form for form in given.forms if form not in words and not SYMBOL.fullmatch(form)] == []
    sentence = words[given.definition]
    assert sentence.count("。") == 1
    assert sentence.endswith("。")
    assert 10 < len(sentence) < 110
    assert named(words.get(given.name, given.name), "ja") == [words.get(given.name, given.name)]


@pytest.mark.parametrize("language", OTHERS)
def test_a_definition_keeps_its_numbers_and_symbols(language: str):
    for given, said in zip(ENTRIES, lexicon(language), strict=True):
        symbols = re.findall(r"N_z|SEM|[xz]\(\w[^)]*\)|\d[\d.,]*\d|(?<!\w)[βTp](?!\w)", given.definition)
        assert [symbol for symbol in symbols if symbol not in said.definition] == []


@pytest.mark.parametrize("language", [ENGLISH, *OTHERS])
def test_a_form_belongs_to_one_term_in_every_language(language: str):
    shown = lexicon(language)
    forms = [form for each in shown for form in each.forms]
    assert sorted({form for form in forms if forms.count(form) > 1}) == []
    assert len({each.name for each in shown}) == len(ENTRIES)
    assert all(each.name in each.forms for each in shown)


@pytest.mark.parametrize("language", [ENGLISH, *OTHERS])
def test_the_browser_cuts_a_text_as_the_server_does(language: str):
    texts = [*TEXTS, *JAPANESE, *(each.definition for each in lexicon(language))]
    places = ("{}", "{}の", "{}s", "{}1", "x{}", "が{}")
    texts += [place.format(form) for each in lexicon(language) for form in each.forms for place in places]
    done = run_node(
        "tests/js/glossary-parts.js",
        given=json.dumps({"entries": json.loads(as_json(lexicon(language))), "texts": texts}),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[list(piece) for piece in parts(text, language)] for text in texts]


def test_a_definition_is_one_sentence():
    for each in ENTRIES:
        assert each.definition[0].isupper() or each.definition[0].isdigit(), each.name
        assert each.definition.endswith("."), each.name
        assert ". " not in each.definition.removesuffix("."), each.name
        assert 20 < len(each.definition) < 200, each.name


def test_the_words_of_the_paper_are_there():
    wanted = "memory, concept, abstract concept, stage I, stage II, stage III, latent space, latent activity, run, "
    wanted += "ensemble, repeated inference, noise p, permuted, inverted, step t, N_z, β, KL term, ELBO, active unit, "
    wanted += "PCA, explained variance, approach, SEM, seed, epoch, label map, orthogonality, Mahalanobis distance, "
    wanted += "runner-up, landmark, straight line"
    assert set(wanted.split(", ")) <= {each.name for each in ENTRIES}


def spans(children: list[Any]) -> list[html.Span]:
    return [child for child in children if isinstance(child, html.Span)]


def test_a_term_can_be_focused():
    memory, concept = spans(terms("A memory and a concept"))
    assert (memory.children, concept.children) == ("memory", "concept")
    assert memory.to_plotly_json()["props"] == {
        "children": "memory", "className": "term", "role": "term", "tabIndex": 0, "data-term": "memory",
    }  # fmt: skip


def test_a_term_is_named_in_the_language_of_the_page_that_asks():
    with Flask("test").test_request_context("/?lang=ja"):
        (memory,) = spans(terms("own memory"))
        sent = {each["name"]: each for each in json.loads(as_json())}
    assert (memory.children, memory.to_plotly_json()["props"]["data-term"]) == ("自身の記憶", "記憶")
    assert sent["記憶"]["forms"] == ["記憶", "自身の記憶"]


def test_of_many_texts_the_tab_key_stops_at_a_term_once():
    mark = terms_once()
    stops = [span.tabIndex for text in ("a memory", "a memory, a concept", "concepts") for span in spans(mark(text))]
    assert stops == [0, -1, 0, -1]


def test_the_browser_gets_all_entries_in_a_form_that_ends_no_script():
    sent = json.loads(as_json())
    assert [each["name"] for each in sent] == [each.name for each in ENTRIES]
    assert {"memory", "Memory", "memories", "Memories", "own memory", "Own memory"} == set(sent[0]["forms"])
    bad = entry("</script>", "A </script> <!-- of somebody.")
    ends_none = as_json((bad,))
    assert "</script" not in ends_none
    assert "<!--" not in ends_none
    assert json.loads(ends_none)[0]["definition"] == bad.definition
