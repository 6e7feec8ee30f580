"""The screen that is pinned: a link within a link, which no result depends on."""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from core.schema import Link, checked, key_of
from dashboard.controls import BESIDE, ScreenState
from dashboard.links import clock_steps, read_link
from dashboard.pages.explore.replies import begin_payload
from tests.test_controls import FIELDS

A = ScreenState(noise=0.1, n_latent=10, label=2, seed=7, own="x" * 523, covered="y" * 131, n_steps=80)
OTHERS = [
    *(f"v=3&{key}=x" for key in BESIDE), "v=3&%61=v", "p=0.1;x", "p=<script>", "p=1#", "v=3&", "&v=3", "//example.org",
    "javascript:alert(1)", "v=3 ", "v=3\n", "é=1", "p=" + "1" * 2000,
]  # fmt: skip


def test_a_link_holds_the_link_of_the_pinned_screen():
    state = ScreenState(noise=0.6, pinned="v=3&" + A.to_query())
    assert read_link(state.to_query()) == (state, [])
    assert read_link(state.pinned) == (A, [])
    assert "a=v%3D3%26" in state.to_query()


@pytest.mark.parametrize("pinned", OTHERS)
def test_what_is_no_such_link_falls_back_with_a_note(pinned: str):
    state, notes = read_link(urlencode({"a": pinned, "p": "0.6"}))
    assert state == ScreenState(noise=0.6)
    assert len(notes) == 1
    assert notes[0].startswith("pinned must be the settings of a link of the page")


def test_a_pinned_screen_lacks_what_is_only_view_and_what_leads_to_another_screen():
    keys = {key_of(item) for item in FIELDS.values()}
    assert set(BESIDE) < keys
    of_runs = set(ScreenState().inference_spec("m", "decoded").to_dict()) & set(FIELDS)
    assert not set(BESIDE) & {key_of(FIELDS[name]) for name in of_runs}
    assert begin_payload()["beside"] == BESIDE


def test_no_result_depends_on_it():
    alone = ScreenState(noise=0.6)
    pair = replace(alone, pinned="v=3&p=0.1")
    specs = [state.inference_spec("m", "decoded") for state in (alone, pair)]
    assert specs[0].key() == specs[1].key()


def test_the_clock_is_that_of_the_longer_screen():
    assert clock_steps(ScreenState(n_steps=60)) == 60
    assert clock_steps(ScreenState(n_steps=60, pinned="v=3&T=80")) == 80
    assert clock_steps(ScreenState(n_steps=60, pinned="v=3&T=20")) == 60
    assert clock_steps(ScreenState(n_steps=20, pinned="v=3&T=9999")) == 60  # as that screen will show itself


def test_the_page_pins_no_longer_link_than_the_server_takes(root: Path):
    script = (root / "assets" / "explorer" / "compare.js").read_text()
    longest = re.search(r"const LONGEST = (\d+)", script)
    check = checked(FIELDS["pinned"])
    assert longest
    assert isinstance(check, Link)
    assert int(longest[1]) == check.most
