"""What somebody sees who opens the page: a finished run, on every screen, for everybody."""

from typing import Any

import pytest

from tests.browser.conftest import Open
from tests.browser.tab import LOOKS, PHONE, Tab

ANY_LOOK = pytest.mark.parametrize("look", LOOKS.values(), ids=list(LOOKS))

# Texts that their own box cuts off; a box of no size is hidden on purpose.
CUT_OFF = """() => Array.from(document.querySelectorAll("h1, h2, p, button, span, label, summary"))
  .filter((e) => e.textContent.trim() && e.clientWidth && e.offsetParent)
  .filter((e) => getComputedStyle(e).display !== "inline" && e.scrollWidth > e.clientWidth + 1)
  .map((e) => e.id + " " + e.textContent.slice(0, 40))"""
JUMPS = """window.jumps = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.jumps += entry.value; }))
  .observe({ type: "layout-shift", buffered: true });"""


def test_the_first_screen_is_a_finished_run(tab: Open, mnist: str):
    one = tab(mnist)
    assert one.text("#stage-name") == "II"
    assert "With 30 % of the pixels permuted, 300 runs of ‘6’ from images decoded" in one.text("#caption")
    assert "nearest to the concept of ‘6’" in one.text("#run-note")
    assert one.page.locator("#strip .tile").count() == 61
    assert len(set(one.strip().split("data:image/png")[1:])) > 30
    for panel in ("landmark", "plane", "nearest", "curves", "stage"):
        assert one.colours(panel) > 10, panel
    assert one.notices() == []
    assert one.page.evaluate("() => document.documentElement.scrollHeight") <= 900
    asked = one.asked()
    one.quiet()
    assert one.asked() == asked


def test_dragging_p_the_badge_passes_the_stages_of_the_paper_at_once(tab: Open, mnist: str):
    """... from the shipped bands, in the next frame."""
    one = tab(mnist)
    assert "300 runs for each p" in one.text("#stage-note")
    stages = []
    for noise in (0.05, 0.1, 0.15, 0.3, 0.35, 0.5, 0.7, 0.9):
        one.slide("noise", noise)
        one.frame()
        stages.append(one.text("#stage-name"))
    assert stages == ["I", "I", "I", "II", "II", "III", "III", "III"]


@ANY_LOOK
def test_nothing_is_cut_off_and_nothing_jumps(tab: Open, look: dict[str, Any]):
    one = tab(None, **look)
    one.page.add_init_script(JUMPS)
    one.open("d=digits&nz=10")
    assert one.too_wide() <= 0
    assert one.page.evaluate(CUT_OFF) == []
    assert one.page.evaluate("() => window.jumps") < 0.1


@ANY_LOOK
def test_there_are_no_findings_of_axe(tab: Open, look: dict[str, Any]):
    one = tab(**look)
    if "viewport" in look:
        one.page.click("#open-sidebar")
    assert one.barriers() == []


def test_a_phone_shows_stage_and_plane_and_has_its_settings_behind_a_button(tab: Open):
    one = tab(**PHONE)
    for place in ("#stage-badge", "#landmark-plot"):
        box = one.page.locator(place).bounding_box()
        assert box
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 390
        assert box["y"] + box["height"] < 844, place
    sidebar = one.page.locator("#sidebar")
    assert not sidebar.is_visible()
    one.page.click("#open-sidebar")
    assert sidebar.is_visible()
    assert one.page.evaluate("() => document.querySelector('#sidebar').contains(document.activeElement)")
    one.page.click("#close-sidebar")
    assert not sidebar.is_visible()
    assert one.page.evaluate("() => document.activeElement.id") == "open-sidebar"


def paper(one: Tab) -> str:
    return one.page.evaluate("() => getComputedStyle(document.body).backgroundColor")


def ticks(one: Tab) -> str:
    """The colour that plotly writes its ticks in."""
    return one.page.evaluate("() => getComputedStyle(document.querySelector('#stage-graph .xtick text')).fill")


def test_the_look_is_the_systems_until_somebody_chooses(tab: Open):
    light, dark = tab(color_scheme="light"), tab(color_scheme="dark")
    assert (paper(light), paper(dark)) == ("rgb(255, 255, 255)", "rgb(20, 23, 26)")
    dark.page.click("#toggle-theme")
    dark.quiet()
    assert dark.address["theme"] == "light"
    assert paper(dark) == paper(light)
    dark.page.wait_for_function(
        "(c) => getComputedStyle(document.querySelector('#stage-graph .xtick text')).fill === c", arg=ticks(light)
    )
    again = tab(dark.page.url.partition("?")[2], color_scheme="dark")
    assert (paper(again), ticks(again)) == (paper(light), ticks(light))


def test_reduced_motion_steps_without_gliding(tab: Open):
    for motion, glides in (("reduce", False), ("no-preference", True)):
        one = tab(reduced_motion=motion)
        assert one.page.evaluate("() => latent.player.playing") is False
        fractions = one.page.evaluate(
            """() => new Promise((done) => { const seen = []; latent.player.play();
              const look = () => { seen.push(latent.player.fraction);
                if (latent.player.t >= 3) { latent.player.pause(); done(seen); } else requestAnimationFrame(look); };
              requestAnimationFrame(look); })"""
        )
        assert any(fractions) is glides


def test_the_keyboard_reaches_every_control(tab: Open):
    one = tab()
    one.page.locator("#sidebar summary").click()
    wanted = one.page.evaluate(
        """() => Array.from(document.querySelectorAll("a[href], button, input, summary, [tabindex]"))
          .filter((e) => e.offsetParent && !e.disabled && e.tabIndex >= 0).length"""
    )
    seen: set[str] = set()
    one.page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0); }")
    for _ in range(wanted + 5):
        one.page.keyboard.press("Tab")
        seen.add(
            one.page.evaluate(
                """() => { const e = document.activeElement, all = (window.stops ??= []);
                  if (!all.includes(e)) all.push(e);
                  const outline = getComputedStyle(e).outlineStyle;
                  return e === document.body ? "" : all.indexOf(e) + (outline === "none" ? " unseen" : ""); }"""
            )
        )
    assert len(seen - {""}) == wanted
    assert not [place for place in seen if "unseen" in place]
