"""The strip of the first minute: what a newcomer sees, four steps that work the real controls, and the presets of p."""

from typing import Any

import pytest

from tests.browser.conftest import Open
from tests.browser.tab import LOOKS, PHONE, Tab

ANY_LOOK = pytest.mark.parametrize("look", LOOKS.values(), ids=list(LOOKS))
REFUSED = """Object.defineProperty(window, "localStorage", { get() { throw new Error("refused"); } });"""
# Whether a picture has something on it: a canvas that was painted, or a sprite of the server.
HAS_PICTURE = """(e) => e instanceof HTMLCanvasElement
  ? new Set(new Uint32Array(e.getContext("2d").getImageData(0, 0, e.width, e.height).data.buffer)).size > 2
  : e.style.backgroundImage.startsWith('url("data:image/png')"""


def visit(tab: Open, query: str = "d=digits&nz=10", **options: Any) -> Tab:
    """What a newcomer sees."""
    return tab(None, is_first_visit=True, **options).first_screen(query)


def stage(one: Tab, name: str) -> None:
    """Wait until the runs of the p that is set are in a stage, decidedly."""
    one.page.wait_for_function(
        """(name) => document.querySelector("#stage-name").textContent === name
          && document.querySelector("#stage-runner-up").textContent === ""
          && document.body.matches(":not(.waiting)")""",
        arg=name,
    )


def is_shown(one: Tab) -> bool:
    return one.page.locator("#first-minute").is_visible()


def noise(one: Tab) -> float:
    return one.state()["noise"]


def press(one: Tab, step: int) -> None:
    one.page.click(f"#first-step-{step}")
    one.frame()


def resting(one: Tab) -> Tab:
    """Wait until the clock rests at its end."""
    one.page.wait_for_function("() => !latent.player.playing && latent.player.t === latent.player.length")
    one.frame()
    return one


def done(one: Tab) -> list[bool]:
    return [one.text(f"#first-step-{i}-done") == "done" for i in range(4)]


def test_a_newcomer_sees_what_is_repeated_and_the_landmarks_as_pictures(tab: Open, mnist: str):
    one = visit(tab, mnist)
    assert is_shown(one)
    words = one.page.inner_text("#first-minute")
    for word in ("x(0)", "encode", "z", "decode", "x(1)", "again", "own memory", "concept of ‘6’", "abstract concept"):
        assert word in words, word
    assert {"Stage", "I", "II", "III"} <= set(words.split())
    for id in ("first-from", "first-to", "first-tile-0", "first-tile-1", "first-tile-2"):
        assert one.page.locator(f"#{id}").evaluate(HAS_PICTURE), id
    assert one.page.locator("#first-activity svg .here").get_attribute("cx")


def test_its_pictures_are_those_of_the_strip_of_images(tab: Open):
    one = visit(tab)
    same = "([a, b]) => { const [x, y] = [a, b].map((s) => document.querySelector(s).toDataURL()); return x === y; }"
    for first, tile in (("#first-from", '.tile[data-t="0"]'), ("#first-to", '.tile[data-t="1"]')):
        assert one.page.evaluate(same, [first, tile]), first
    one.page.evaluate("() => latent.player.set(7)")
    one.frame()
    assert one.page.evaluate(same, ["#first-from", '.tile[data-t="7"]'])
    assert (one.text("#first-from-name"), one.text("#first-to-name")) == ("x(7)", "x(8)")
    assert not one.page.evaluate(same, ["#first-from", '.tile[data-t="0"]'])


def test_the_strip_goes_stays_away_and_comes_back(tab: Open):
    one = visit(tab)
    one.page.click("#hide-first-minute")
    assert not is_shown(one)
    assert one.page.evaluate("() => document.activeElement.id") == "show-first-minute"
    one.first_screen()
    assert not is_shown(one)
    one.page.click("#show-first-minute")
    assert is_shown(one)
    assert one.page.evaluate("() => document.activeElement.id") == "first-step-0"
    assert one.page.get_attribute("#show-first-minute", "aria-expanded") == "true"
    one.page.click("#show-first-minute")
    assert not is_shown(one)


def test_a_browser_that_stores_nothing_shows_it_every_time(tab: Open):
    one = tab(None, is_first_visit=True)
    one.page.add_init_script(REFUSED)
    one.first_screen()
    assert is_shown(one)
    one.page.click("#hide-first-minute")
    assert not is_shown(one)
    one.first_screen()
    assert is_shown(one)


def test_four_steps_work_the_controls_of_the_page(tab: Open, mnist: str):
    one = visit(tab, f"{mnist}p=0.1&speed=4")
    stage(one, "I")
    assert done(one) == [False] * 4
    press(one, 0)
    stage(one, "II")
    assert one.clock() == 0
    assert done(one) == [True, False, False, False]
    press(one, 1)
    assert one.page.evaluate("() => latent.player.playing")
    assert one.page.get_attribute("#play", "aria-label") == "Pause"
    assert done(resting(one)) == [True, True, False, False]
    press(one, 2)
    assert one.page.evaluate("() => latent.shownRun().from.minimum_step[1]") == one.clock()
    assert 0 < one.clock() < 60
    assert not one.page.evaluate("() => latent.player.playing")
    assert f"nearest to the concept of ‘6’, 1.81 at t = {one.clock()}" in one.text("#run-note")
    press(one, 3)
    assert one.clock() < 60
    assert done(resting(one)) == [True] * 4
    stage(one, "III")


def test_a_step_that_is_left_early_counts_as_seen(tab: Open):
    one = visit(tab)
    press(one, 1)
    assert one.page.get_attribute("#first-step-1", "data-state") == "playing"
    one.page.click("#play")
    one.frame()
    assert done(one)[1]


@pytest.mark.parametrize("place", ["#first-minute", "#sidebar"])
def test_one_click_each_shows_the_three_stages(tab: Open, mnist: str, place: str):
    one = visit(tab, mnist)
    for i, name in enumerate(("I", "II", "III")):
        one.page.click(f'{place} [data-preset="{i}"]')
        stage(one, name)
        assert one.page.get_attribute(f'{place} [data-preset="{i}"]', "aria-pressed") == "true"
    chosen = noise(one)
    assert f"p = {chosen}" in (one.page.get_attribute(f'{place} [data-preset="2"]', "title") or "")


def test_a_stage_that_no_p_gives_cannot_be_chosen(tab: Open, mnist: str):
    one = visit(tab, f"{mnist}nz=6")
    button = one.page.locator('#sidebar [data-preset="1"]')
    assert button.is_disabled()
    assert button.get_attribute("title") == "No p decidedly puts ‘6’ in stage II"
    assert one.text("#first-step-0-words") == "p = 0.2, as in the paper"
    press(one, 0)
    assert noise(one) == 0.2


@ANY_LOOK
def test_axe_finds_nothing_in_the_strip_and_nothing_is_too_wide(tab: Open, look: dict[str, Any]):
    one = visit(tab, **look)
    assert is_shown(one)
    assert one.barriers() == []
    assert one.too_wide() <= 0
    press(one, 0)
    assert one.barriers() == []


@pytest.mark.parametrize(("width", "height", "most"), [(1280, 720, 120), (1440, 900, 150)])
def test_the_planes_stay_above_the_fold(tab: Open, mnist: str, width: int, height: int, most: int):
    one = visit(tab, mnist, viewport={"width": width, "height": height})
    edge = "([place, side]) => document.querySelector(place).getBoundingClientRect()[side]"
    assert one.page.evaluate(edge, ["#first-minute", "height"]) <= most
    assert one.page.evaluate(edge, ["#landmark-plot", "bottom"]) <= one.page.evaluate(edge, [".playback-bar", "top"])


def test_nothing_jumps_at_the_first_visit(tab: Open):
    one = tab(None, is_first_visit=True, **PHONE)
    one.page.add_init_script(
        """window.jumps = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.jumps += entry.value; }))
          .observe({ type: "layout-shift", buffered: true });"""
    )
    one.first_screen()
    assert one.page.evaluate("() => window.jumps") < 0.1
