"""Links of today, and those of versions 1 and 2, which left the defaults of their time out."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from core.schema import key_of
from core.specs import InferenceSpec
from dashboard.controls import ScreenState
from dashboard.links import read_link
from dashboard.requests import read_request
from tests.test_controls import FIELDS

THEN = {  # what version 1 showed where its links named nothing
    "dataset": "mnist", "n_latent": 100, "model": "", "source": "auto", "label": 0, "sample": 56, "noise": 0.2,
    "noise_kind": "invert", "n_runs": 300, "n_steps": 60, "window": 5, "basis": "windowed", "seed": 0, "t": 60,
    "speed": "1", "theme": "auto", "curves": "points",
}  # fmt: skip
LATER = THEN | {"label": 6, "sample": 40, "noise": 0.3, "noise_kind": "permute"}  # the same of version 2


@pytest.mark.parametrize(("version", "then"), [("1", THEN), ("2", LATER)])
def test_a_link_of_an_earlier_version_shows_what_it_showed(version: str, then: dict[str, Any]):
    state, notes = read_link(f"v={version}")
    assert notes == []
    assert {name: getattr(state, name) for name in then} == then
    assert (state.v, state.beta) == ("3", 1)
    assert read_link(f"v={version}&pca=fixed")[0].basis == "fixed"


@pytest.mark.parametrize("query", ["v=1&p=0.5&label=4", "?v=1&p=0.5&label=4", "p=0.5&label=4&v=1"])
def test_what_a_link_of_version_1_names_it_shows(query: str):
    state, _ = read_link(query)
    assert state == ScreenState(**(THEN | {"noise": 0.5, "label": 4}))


def test_a_bad_value_in_a_link_of_version_1_falls_back_to_the_default_of_its_time():
    state, notes = read_link("v=1&label=77")
    assert state.label == 0
    assert [note.endswith("The default, 0, is used.") for note in notes] == [True]


@pytest.mark.parametrize("query", ["", "v=3", "p=0.3", "v=4"])
def test_every_other_link_has_the_defaults_of_today(query: str):
    assert read_link(query)[0] == ScreenState()
    assert len(read_link(query)[1]) == (query == "v=4")


def test_the_first_screen_is_the_papers_result():
    state = ScreenState()
    assert (state.label, state.noise_kind, state.noise, state.n_latent, state.beta) == (6, "permute", 0.3, 100, 1)
    assert InferenceSpec(model="any").noise_kind == "permute"


def test_a_link_of_version_1_is_rewritten_as_one_of_today():
    first, _ = read_link("v=1&i=3")
    assert read_link(first.to_query() + "&v=3") == (first, [])
    assert replace(first, sample=40) != ScreenState()


def test_a_question_says_which_version_its_link_has():
    asked = {"client": "a", "sequence": 1}
    assert read_request(asked | {"query": "v=1"}).version == "1"
    assert read_request(asked | {"query": ""}).version == ""
    assert read_request(asked | {"query": urlencode({key_of(FIELDS["noise"]): 0.1, "v": 2})}).version == "2"
