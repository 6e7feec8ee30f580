"""Time belongs to the browser: playing, stepping and scrubbing never ask the server."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Open
from tests.browser.tab import Tab

TILE = "() => document.querySelector('#tile-now .tile').toDataURL()"
FAST = "d=digits&nz=10&t=0&speed=4"


def now(tab: Tab) -> list[str]:
    """The step as every place that names it names it."""
    framed = tab.page.locator("#strip .tile.now")
    assert framed.count() == 1
    return [
        str(tab.clock()),
        tab.text("#clock").split()[2],
        tab.page.locator("#scrubber input").input_value(),
        framed.get_attribute("data-t") or "",
        tab.text("#tile-now span")[2:-1],
    ]


def at(tab: Tab, step: int) -> None:
    tab.frame()
    assert now(tab) == [str(step)] * 5


def test_playing_goes_to_the_end_without_a_request(tab: Open):
    one = tab(FAST)
    at(one, 0)
    first, asked = one.picture("plane"), one.asked()
    one.page.click("#play")
    assert one.page.locator("#play").get_attribute("aria-label") == "Pause"
    one.page.wait_for_function("() => latent.player.t >= 5")
    one.page.wait_for_function("() => latent.player.t === 60 && !latent.player.playing")
    at(one, 60)
    assert one.asked() == asked
    assert one.picture("plane") != first
    assert one.page.locator("#play").get_attribute("aria-label") == "Play"


def test_a_pause_stays_where_it_is_and_goes_into_the_address(tab: Open):
    one = tab("d=digits&nz=10&t=0")
    one.page.click("#play")
    one.page.wait_for_function("() => latent.player.t >= 3")
    one.page.click("#play")
    one.frame()
    step = one.clock()
    at(one, step)
    one.page.wait_for_function("(t) => new URLSearchParams(location.search).get('t') === String(t)", arg=step)
    one.frame()
    at(one, step)


def test_replay_begins_at_the_start(tab: Open):
    one = tab(FAST)
    one.page.evaluate("() => latent.player.set(40)")
    one.page.click("#replay")
    one.page.wait_for_function("() => latent.player.t < 30 && latent.player.playing")
    one.page.wait_for_function("() => latent.player.t === 60 && !latent.player.playing")


def test_play_at_the_end_begins_again(tab: Open):
    one = tab("d=digits&nz=10&t=60&speed=4")
    one.page.click("#play")
    one.page.wait_for_function("() => latent.player.t < 30 && latent.player.playing")
    one.page.wait_for_function("() => !latent.player.playing")
    at(one, 60)


KEYS: dict[str, tuple[list[str], int]] = {
    "right": (["ArrowRight", "ArrowRight"], 32),
    "left": (["ArrowLeft"], 29),
    "home": (["Home"], 0),
    "end": (["End"], 60),
    "past the end": (["End", "ArrowRight"], 60),
    "before the start": (["Home", "ArrowLeft"], 0),
}


def test_keys_step(tab: Open):
    one = tab()
    for keys, expected in KEYS.values():
        one.page.evaluate("() => latent.player.set(30)")
        for key in keys:
            one.page.keyboard.press(key)
        at(one, expected)


def test_space_plays_and_pauses(tab: Open):
    one = tab("d=digits&nz=10&t=0")
    one.page.keyboard.press(" ")
    one.page.wait_for_function("() => latent.player.t >= 2")
    one.page.keyboard.press(" ")
    assert one.page.evaluate("() => latent.player.playing") is False


def test_a_step_pauses(tab: Open):
    one = tab("d=digits&nz=10&t=0")
    one.page.click("#play")
    one.page.wait_for_function("() => latent.player.t >= 2")
    one.page.click("#forward")
    assert one.page.evaluate("() => latent.player.playing") is False
    at(one, one.clock())


def scrub(tab: Tab) -> None:
    tab.page.locator("#scrubber input").focus()
    for _ in range(5):
        tab.page.keyboard.press("ArrowLeft")


def click_the_strip(tab: Tab) -> None:
    tab.page.locator('#strip .tile[data-t="55"]').click()


def click_back(tab: Tab) -> None:
    for _ in range(5):
        tab.page.click("#back")


@pytest.mark.parametrize("way", [scrub, click_the_strip, click_back])
def test_every_way_to_a_step_leads_there_without_a_request(tab: Open, way: Callable[[Tab], None]):
    one = tab()
    before, asked = {name: one.picture(name) for name in ("landmark", "plane", "nearest", "curves")}, one.asked()
    way(one)
    at(one, 55)
    assert one.asked() == asked
    assert all(one.picture(name) != picture for name, picture in before.items())
    one.page.wait_for_function("() => new URLSearchParams(location.search).get('t') === '55'")


def test_the_picture_of_a_step_does_not_depend_on_the_way_there(tab: Open):
    one = tab("d=digits&nz=10&t=20")
    curves, tile = one.picture("curves"), one.page.evaluate(TILE)
    one.page.keyboard.press("Home")
    one.page.keyboard.press("End")
    one.page.locator('#strip .tile[data-t="20"]').click()
    assert one.picture("curves") == curves
    assert one.page.evaluate(TILE) == tile


def test_a_shorter_run_ends_earlier(tab: Open):
    one = tab()
    one.page.locator("#sidebar summary").click()
    one.slide("n_steps", 20)
    one.quiet()
    assert one.page.locator("#strip .tile").count() == 21
    at(one, 20)
    assert one.text("#clock") == "t = 20 / 20"
    assert one.address["T"] == "20"


def test_a_change_of_the_noise_while_it_plays_does_not_stop_it(tab: Open):
    one = tab("d=digits&nz=10&t=0&speed=0.5")
    one.page.click("#play")
    one.page.wait_for_function("() => latent.player.t >= 2")
    one.slide("noise", 0.6)
    t = one.clock()
    one.page.wait_for_function("(t) => latent.player.t > t + 3", arg=t)
    assert one.page.evaluate("() => latent.player.playing") is True
    one.page.click("#play")
    one.quiet()
    assert "60 %" in one.text("#caption")


def test_a_link_that_is_copied_while_it_plays_holds_the_step_that_is_seen(tab: Open):
    one = tab(None, permissions=["clipboard-read", "clipboard-write"])
    one.open("d=digits&nz=10&t=0&speed=0.25")
    one.page.click("#play")
    one.page.wait_for_function("() => latent.player.t >= 3")
    before = one.clock()
    one.page.click("#copy-link")
    one.page.wait_for_function("() => document.querySelector('#copy-link').textContent === 'Copied'")
    after = one.clock()
    assert one.page.evaluate("() => latent.player.playing")
    copied = one.page.evaluate("() => navigator.clipboard.readText()")
    assert before <= int(copied.partition("&t=")[2].partition("&")[0]) <= after


def test_an_arrow_key_moves_what_has_the_focus_and_nothing_else(tab: Open):
    one = tab("d=digits&nz=10&t=30")
    start = one.state()

    def changed() -> dict[str, object]:
        return {name: value for name, value in one.state().items() if value != start[name]}

    one.widget("label").locator('[aria-checked="true"]').focus()
    one.page.keyboard.press("ArrowRight")
    assert changed() == {"label": 7}
    one.page.keyboard.press("ArrowLeft")
    one.page.locator("#stage-plot").focus()
    one.page.keyboard.press("ArrowRight")
    assert changed() == {"noise": 0.325}
    one.page.keyboard.press("ArrowDown")
    one.page.locator("#landmark-plot").focus()
    one.page.keyboard.press("ArrowUp")
    assert changed() == {"sample": start["sample"] + 1}
    one.page.keyboard.press("ArrowDown")
    one.page.keyboard.press("ArrowLeft")
    assert changed() == {"t": 29}
    one.page.keyboard.press("ArrowRight")
    one.page.keyboard.press("2")
    assert changed() == {"label": 2}
    one.widget("seed").locator("input").evaluate("(e) => e.closest('details').open = true")
    one.widget("seed").locator("input").focus()
    one.page.keyboard.press("7")
    assert changed() == {"label": 2}
