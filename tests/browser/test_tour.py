"""The guided tour works the page's own controls, waits for what is to be seen, can be left and taken up, and linked."""

from typing import Any

import pytest

from dashboard.tour import STOPS
from tests.browser.conftest import Open
from tests.browser.tab import LOOKS, Tab


def at(one: Tab, id: str) -> Tab:
    """Wait until a stop has been seen to its end."""
    one.page.wait_for_function(
        """(id) => latent.screen.state.tour === id && document.querySelector("#tour-done").textContent !== ""
          && latent.isSettled() && document.body.matches(":not(.waiting)")""",
        arg=id,
    )
    return one


def test_its_stops_set_the_screen_and_are_done_when_they_have_been_seen(tab: Open):
    one = tab(None, is_first_visit=True).first_screen("d=digits&nz=10&label=3&speed=4")
    one.page.click("#open-tour")
    assert one.text("#tour-title") == STOPS[0].title
    assert one.text("#tour-done") == ""
    assert one.page.locator("#first-step-0").is_visible()
    for stop in STOPS[1:]:
        one.page.click("#tour-next")
        at(one, stop.id)
        state = one.state()
        assert (state["dataset"], state["label"]) == ("mnist", 6)
        for name, value in stop.settings.items():
            assert state[name] == value, name
        assert one.text("#tour-title") == stop.title
        assert one.clock() == 60
        if not stop.settings:
            assert one.text("#stage-name") == ("I", "II", "III")[stop.stage]
    assert one.text("#tour-next") == "Finish"
    one.page.click("#tour-next")
    assert not one.page.locator("#tour").is_visible()
    assert one.state()["tour"] == ""


def test_a_stop_waits_for_the_clock(tab: Open):
    one = tab(None, is_first_visit=True).first_screen("tour=memory")
    one.page.wait_for_function("() => latent.player.playing")
    assert one.text("#tour-done") == ""
    one.page.evaluate("latent.player.pause(), latent.player.set(60)")
    at(one, "memory")


def test_it_is_left_and_taken_up_where_it_was(tab: Open):
    one = tab(None, is_first_visit=True).first_screen("d=mnist")
    one.page.click("#open-tour")
    one.page.click("#tour-next")
    one.page.click("#tour-next")
    one.page.click("#leave-tour")
    assert not one.page.locator("#tour").is_visible()
    one.first_screen("d=mnist")
    one.page.click("#open-tour")
    assert one.text("#tour-title") == "Past the concept"
    one.page.click("#tour-back")
    assert one.text("#tour-title") == "Noise and memory"
    one.quiet()
    one.first_screen("d=mnist")  # gone without leaving it
    one.page.click("#open-tour")
    assert one.text("#tour-title") == "Noise and memory"


def test_the_strip_and_its_buttons_end_it(tab: Open):
    one = tab(None, is_first_visit=True).first_screen("d=digits&nz=10&tour=concept")
    one.page.click("#show-first-minute")
    assert one.page.locator("#first-step-0").is_visible()
    assert not one.page.locator("#tour").is_visible()
    one.page.click("#open-tour")
    assert one.text("#tour-title") == STOPS[0].title
    one.page.click("#hide-first-minute")
    one.frame()
    assert not one.page.locator("#first-minute").is_visible()
    assert one.state()["tour"] == ""


def test_a_link_opens_its_stop_and_a_screen_that_was_changed_stays(tab: Open):
    one = tab("tour=units")
    at(one, "units")
    assert one.state()["n_latent"] == 4
    one.slide("noise", 0.6)
    one.quiet()
    other = tab(one.page.url.partition("?")[2])
    assert other.text("#tour-title") == "Four latent units"
    assert (other.state()["noise"], other.state()["n_latent"]) == (0.6, 4)
    nowhere = tab("d=digits&nz=10&tour=nowhere")
    assert not nowhere.page.locator("#tour").is_visible()


@pytest.mark.parametrize("look", LOOKS.values(), ids=list(LOOKS))
def test_it_fits_in_the_place_of_the_strip_and_axe_finds_nothing(tab: Open, look: Any):
    one = tab("d=digits&nz=10&p=0.3&tour=concept", **look)
    assert one.page.locator("#tour").is_visible()
    assert not one.page.locator("#first-step-0").is_visible()
    assert one.too_wide() <= 0
    assert one.barriers() == []
