"""The address holds the whole screen, and survives whatever is written into it."""

from urllib.parse import urlencode

import pytest

from core.schema import key_of
from tests.browser.conftest import Open
from tests.test_controls import FIELDS, bad_values


def test_a_link_restores_the_screen_exactly(tab: Open):
    one = tab()
    one.choose("label", "2")
    one.choose("noise_kind", "invert")
    one.choose("curves", "all")
    one.page.locator("#sidebar summary").click()
    one.choose("basis", "fixed")
    for field, value in (("noise", 0.575), ("n_steps", 40), ("window", 3), ("n_runs", 50)):
        one.slide(field, value)
    one.page.get_by_role("button", name="Next highlighted image").click()
    one.page.click("#new-noise")
    one.choose("speed", "2")
    one.page.locator('#strip .tile[data-t="22"]').click()
    one.quiet()
    two = tab(one.page.url.partition("?")[2])
    assert two.page.url == one.page.url
    assert two.state() == one.state()
    assert two.badge() == one.badge()
    two.shows_images_of(one)
    assert two.text("#clock") == "t = 22 / 40"
    assert two.text("#plane-note") == one.text("#plane-note")
    for each in (one, two):
        each.without_names()  # of marks: their places depend on where they were before
    for panel in ("landmark", "plane", "nearest", "curves", "stage"):
        two.shows(panel, one.picture(panel))


def test_the_address_leaves_defaults_out(tab: Open, mnist: str):
    one = tab(mnist)
    assert set(one.address) <= {"v", "src"}
    one.slide("noise", 0.2)
    one.quiet()
    assert one.address["p"] == "0.2"
    one.slide("noise", 0.3)
    one.quiet()
    assert "p" not in one.address


def test_a_link_of_version_1_shows_what_it_showed_and_says_that_the_model_is_another(tab: Open, mnist: str):
    one = tab("v=1&i=3")
    state = one.state()
    assert (state["label"], state["noise"], state["noise_kind"], state["sample"]) == (0, 0.2, "invert", 3)
    assert one.notices() == ["The model mnist-nz100-seed0 was trained anew (1,500 epochs) since this link was made."]
    wanted = {"v": "3", "label": "0", "i": "3", "p": "0.2", "kind": "invert"}
    assert {key: one.address[key] for key in wanted} == wanted
    again = tab(one.page.url.partition("?")[2])
    assert (again.state(), again.notices()) == (state, [])


def test_a_link_of_version_1_to_digits_needs_no_word(tab: Open):
    assert tab("v=1&d=digits&nz=10").notices() == []


def test_the_link_is_copied(tab: Open):
    one = tab(None, permissions=["clipboard-read", "clipboard-write"])
    one.open("d=digits&nz=10")
    one.slide("noise", 0.4)
    one.page.click("#copy-link")
    one.page.wait_for_function("() => document.querySelector('#copy-link').textContent === 'Copied'")
    copied = one.page.evaluate("() => navigator.clipboard.readText()")
    assert copied == one.page.url
    assert "p=0.4" in copied


def test_going_back_leaves_the_page(tab: Open):
    one = tab()
    before = one.page.evaluate("() => history.length")
    for noise in (0.3, 0.5, 0.7):
        one.slide("noise", noise)
        one.quiet()
    assert one.page.evaluate("() => history.length") == before


BAD = {name: next(bad for bad in bad_values(name) if bad.isprintable() and len(bad) < 50) for name in FIELDS}


def test_every_bad_value_is_said_and_the_page_works(tab: Open):
    """All at once; each by itself is tested without a browser."""
    query = {key_of(FIELDS[name]): bad for name, bad in BAD.items() if name not in ("dataset", "n_latent")}
    one = tab("d=digits&nz=10&" + urlencode(query))
    said = " ".join(one.notices())
    for name in set(BAD) - {"dataset", "n_latent"}:
        assert f"{name} must be" in said, name
    assert "sets" not in one.address
    assert "Stage" in one.text("#stage-badge")
    one.slide("noise", 0.5)
    one.quiet()
    assert "With 50 %" in one.text("#caption")


@pytest.mark.parametrize(
    "query",
    [
        "d=digits&nz=10&p=" + "9" * 6000,
        "d=digits&nz=10&model=" + "x" * 6000,
        "d=digits&nz=10&p=%00%ff%fe&i=%F0%9F%92%A9",
    ],
    ids=["huge number", "huge name", "no text"],
)
def test_a_hostile_link_leaves_one_note_and_a_page_that_works(tab: Open, query: str):
    one = tab(query)
    assert 1 <= len(one.notices()) <= 2
    assert all(len(note) < 250 for note in one.notices())
    assert len(one.page.url) < 300
    assert one.too_wide() <= 0


def test_markup_in_a_link_stays_text(tab: Open):
    one = tab("d=digits&nz=10&" + urlencode({"label": "<img src=x onerror=alert(1)>"}))
    assert any("<img" in note for note in one.notices())
    assert one.page.locator("#notices img").count() == 0


def test_an_unknown_model_and_an_unknown_key(tab: Open):
    one = tab("d=digits&nz=10&model=nobody&utm_source=x")
    assert any("nobody" in note for note in one.notices())
    assert "model" not in one.address
    assert "utm_source" not in one.address


def test_the_state_of_a_link_beyond_what_a_model_holds_is_cut(tab: Open):
    one = tab("d=digits&nz=10&i=499&runs=500&T=200&t=150")
    limits = one.page.evaluate("() => latent.screen.facts.limits")
    assert (one.state()["sample"], one.state()["n_runs"]) == (limits["sample"], limits["n_runs"])
    assert (one.state()["n_steps"], one.clock()) == (200, 150)
    assert len(one.notices()) == 2
    assert one.page.locator("#strip .tile").count() == 201
