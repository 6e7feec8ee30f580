"""The glossary: one sentence for each term, and texts in which terms are found."""

import json
from typing import Any

import pytest
from dash import html

from dashboard.glossary import ENTRIES, entry
from dashboard.terms import as_json, parts, terms, terms_once

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


def named(text: str) -> list[str]:
    return [name for _, name in parts(text) if name]


@pytest.mark.parametrize("text", TEXTS)
def test_terms_are_found_in_a_text_whose_pieces_are_the_text(text: str):
    assert named(text) == TEXTS[text]
    assert "".join(words for words, _ in parts(text)) == text


def test_a_definition_is_one_sentence():
    for each in ENTRIES:
        assert each.definition[0].isupper() or each.definition[0].isdigit(), each.name
        assert each.definition.endswith("."), each.name
        assert ". " not in each.definition.removesuffix("."), each.name
        assert 20 < len(each.definition) < 200, each.name


def test_a_form_belongs_to_one_term():
    forms = [form for each in ENTRIES for form in each.forms]
    assert len(forms) == len(set(forms))
    assert len({each.name for each in ENTRIES}) == len(ENTRIES)


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
