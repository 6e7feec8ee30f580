"""Two screens side by side: A stays, B is worked with, one clock moves both."""

from typing import Any

import numpy as np
from playwright.sync_api import Frame, Route

from tests.browser.conftest import Open
from tests.browser.tab import Tab

SCREEN = "d=digits&nz=10&p=0.1&runs=30&speed=4"
# Asked of the page, not of the frame: what waits in a frame while it is loaded may wait for ever.
HERE = """() => { const { latent, document: inside } = document.querySelector("#pinned iframe")?.contentWindow || {};
  return latent?.embedded?.isSettled() && latent.shown.sweep && latent.shownRun()
    && inside.body.matches(".seen:not(.waiting)"); }"""
BADGE = """() => ["#stage-name", "#caption"].map((one) =>
  document.querySelector(one).textContent.replaceAll("\\u00a0", " "))"""
ENDS = "() => ['curves', 'stage'].map((one) => document.querySelector(`#${one}-graph`)._fullLayout.yaxis.range)"
BOTH = """() => { const a = document.querySelector('#pinned iframe').contentWindow;
  return [latent, a.latent].map(({ player }) => player.t).concat(
    [document, a.document].map((one) => Number(one.querySelector('#strip .now').dataset.t))); }"""
SCALE = "() => document.documentElement.style.getPropertyValue('--scale')"
PLACES = """() => { const top = document.querySelector(".panels").getBoundingClientRect().top;
  const seen = document.querySelectorAll(".panel:not(.plane-panel) .plot canvas, #strip");
  return Array.from(seen, (one) => one.getBoundingClientRect()).map((box) => [box.top - top, box.width, box.height]);
}"""


def other(one: Tab) -> Frame:
    """The frame of A, once all of it is drawn."""
    one.page.wait_for_function(HERE)
    one.frame()
    return one.page.frames[-1]


def differs(one: Tab, words: str) -> None:
    """Wait until the bar names what differs."""
    one.page.wait_for_function(
        "(words) => document.querySelector('#differences').textContent.replaceAll('\\u00a0', ' ').includes(words)",
        arg=words,
    )


def at(one: Tab, step: int) -> None:
    """Fail unless both sides come to a step."""
    one.page.wait_for_function(f"(t) => ({BOTH})().every((each) => each === t)", arg=step)


def test_a_pinned_screen_stays_beside_the_one_that_is_worked_with(tab: Open):
    one = tab(SCREEN)
    first = one.badge()[:2]
    one.page.focus("#pin")
    one.page.keyboard.press("Enter")
    a = other(one)
    differs(one, "A and B show the same")
    one.slide("noise", 0.6)
    one.quiet()
    differs(one, "B differs in: noise p 0.10 → 0.60.")
    assert a.evaluate(BADGE) == first != one.badge()[:2]
    assert a.evaluate(ENDS) == one.page.evaluate(ENDS)
    places = [np.array(side.evaluate(PLACES)) for side in (a, one.page)]
    assert np.abs(places[0] - places[1]).max() < 1
    asked = one.asked()
    one.page.locator("#scrubber input").focus()
    one.page.keyboard.press("Home")
    at(one, 0)
    one.page.click("#play")
    one.page.wait_for_function(f"() => latent.player.playing && ({BOTH})().every((t) => t > 5 && t < 60)")
    at(one, 60)
    one.page.evaluate("() => latent.player.set(21)")
    at(one, 21)
    assert one.asked() == asked
    assert one.barriers() == []
    one.quiet()

    two = tab(one.page.url.partition("?")[2])
    again = other(two)
    differs(two, "B differs in: noise p 0.10 → 0.60.")
    assert (again.evaluate(BADGE), two.badge()) == (first, one.badge())
    at(two, 21)

    one.page.focus("#swap")
    one.page.keyboard.press("Enter")
    differs(one, "B differs in: noise p 0.60 → 0.10.")
    one.quiet()
    one.page.wait_for_function(HERE)
    assert (one.badge()[:2], a.evaluate(BADGE)) == (first, two.badge()[:2])
    assert (one.address["p"], one.clock()) == ("0.1", 21)
    assert "p%3D0.6" in one.address["a"]
    one.page.keyboard.press("Shift+P")
    a.wait_for_function("() => document.documentElement.dataset.presenting === '2'")
    assert a.evaluate(SCALE) == one.page.evaluate(SCALE) != "1"
    one.page.keyboard.press("Escape")
    a.wait_for_function("() => document.documentElement.dataset.presenting === undefined")
    one.page.set_viewport_size({"width": 390, "height": 844})
    one.page.click("#side [data-value=a]")
    assert one.page.locator("#pinned iframe").is_visible()
    assert not one.page.locator("#stage-badge").is_visible()
    assert one.too_wide() <= 0
    one.page.set_viewport_size({"width": 1440, "height": 900})
    one.page.focus("#unpin")
    one.page.keyboard.press("Enter")
    one.quiet()
    assert one.page.evaluate("() => document.activeElement.id") == "pin"
    assert not one.page.locator("#comparison").is_visible()
    assert "a" not in one.address
    assert len(one.page.frames) == 1


def test_a_goes_on_alone_until_it_is_here_and_says_what_it_lacks(tab: Open):
    """B can be worked with meanwhile; what A says stands in A; A writes nothing down, and the clock has its length."""
    one = tab(None)
    held: list[Route] = []
    one.page.route("**/?embedded=a&**", lambda route: held.append(route))
    one.open(SCREEN + "&a=v%3D3%26d%3Ddigits%26nz%3D11%26T%3D80%26kind%3Dinvert%26p%3D0.9&t=70")
    assert one.text("#pinned-state") == "A is loading …"
    assert one.clock() == 70
    one.slide("noise", 0.2)
    one.quiet()
    assert "With 20 %" in one.text("#caption")
    history: Any = one.page.evaluate("() => [history.length, sessionStorage.getItem('explorer')]")
    held[0].continue_()
    a = other(one)
    assert "N_z = 11" in (a.locator("#notices").text_content() or "")
    assert one.notices() == []
    differs(one, "selected pixels are inverted → permuted")
    differs(one, "steps T 80 → 60")
    assert a.evaluate(ENDS) == one.page.evaluate(ENDS)
    at_ends = "() => Number(document.querySelector('#strip .now').dataset.t)"
    one.page.evaluate("() => latent.player.set(80)")
    one.frame()
    assert (one.page.evaluate(at_ends), a.evaluate(at_ends)) == (60, 80)
    one.page.evaluate("() => latent.player.set(70)")
    one.quiet()
    assert one.page.evaluate("() => [history.length, sessionStorage.getItem('explorer')]") == history
    assert "runfilm" not in a.evaluate("() => Object.keys(flow.most)")
