"""Every screen: what is needed is on it, nothing lies under the playback bar, and paper has the pictures."""

from typing import Any

import pytest

from tests.browser.conftest import Open
from tests.browser.tab import PHONE, Tab

SIDEWAYS: dict[str, Any] = PHONE | {"viewport": {"width": 844, "height": 390}}
PHONES = pytest.mark.parametrize("options", [PHONE, SIDEWAYS], ids=["upright", "sideways"])
ANY_SIZE = pytest.mark.parametrize(
    "size", [(390, 844), (844, 390), (768, 1024), (1280, 720), (1440, 900), (1920, 1080)], ids=lambda size: f"{size[0]}"
)
# Whether somebody who looks at the screen can press the middle of an element.
REACHED = """(selector) => { const e = Array.from(document.querySelectorAll(selector)).find((e) => e.offsetParent);
  if (!e) return false;
  const { left, top, width, height } = e.getBoundingClientRect();
  const at = document.elementFromPoint(left + width / 2, top + height / 2);
  return e === at || e.contains(at); }"""
BOX = "(s) => { const { top, bottom } = document.querySelector(s).getBoundingClientRect(); return [top, bottom]; }"


def visible(one: Tab, selector: str) -> bool:
    """Whether an element lies between the top of the screen and the playback bar."""
    top, bottom = one.page.evaluate(BOX, selector)
    return top >= -1 and bottom <= one.page.evaluate(BOX, ".transport")[0] + 1


@PHONES
def test_on_a_phone_p_and_t_are_reached_and_the_plane_stays_wherever_one_reads(tab: Open, options: dict[str, Any]):
    one = tab(**options)
    length = one.page.evaluate("() => document.documentElement.scrollHeight")
    for place in range(0, length, 300):
        one.page.evaluate("(y) => window.scrollTo(0, y)", place)
        one.frame()
        assert one.page.evaluate(REACHED, '.transport [data-field="noise"] input'), place
        assert one.page.evaluate(REACHED, "#scrubber input"), place
        if place >= 300:
            assert visible(one, "#landmark-plot"), place


@PHONES
def test_on_a_phone_the_end_of_the_page_can_be_read(tab: Open, options: dict[str, Any]):
    one = tab(**options)
    one.page.evaluate("() => window.scrollTo(0, document.documentElement.scrollHeight)")
    one.frame()
    for place in ("#stage-note", "#strip"):
        assert one.page.evaluate(BOX, place)[1] <= one.page.evaluate(BOX, ".transport")[0] + 1, place


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (1920, 1080)])
def test_a_screen_shows_everything_above_the_playback_bar(tab: Open, mnist: str, width: int, height: int):
    one = tab(mnist, viewport={"width": width, "height": height})
    for place in (".badge", "#landmark-plot", "#plane-plot", "#nearest-plot", "#curves-plot", "#strip", "#stage-plot"):
        assert visible(one, place), place


@ANY_SIZE
@pytest.mark.parametrize("look", ["light", "dark"])
def test_no_screen_is_too_narrow_and_axe_finds_nothing(tab: Open, size: tuple[int, int], look: Any):
    one = tab(viewport={"width": size[0], "height": size[1]}, color_scheme=look)
    assert one.too_wide() <= 0
    assert one.barriers() == []


def test_a_wide_screen_gives_the_planes_its_room(tab: Open):
    heights = []
    for width, height in ((1440, 900), (1920, 1080)):
        box = tab(viewport={"width": width, "height": height}).page.locator("#landmark-plot").bounding_box()
        assert box
        heights.append(box["height"])
    assert heights[1] > 1.4 * heights[0]


def test_paper_has_the_pictures_and_nothing_to_press(tab: Open):
    one = tab()
    one.page.emulate_media(media="print")
    one.frame()
    for hidden in (".transport", "#rail", "nav", ".actions"):
        assert not one.page.locator(hidden).is_visible(), hidden
    for shown in ("#landmark-canvas", "#plane-canvas", "#strip .tile", "#tile-concept .tile", "#stage-badge"):
        assert one.page.locator(shown).first.is_visible(), shown
    exact = "(s) => getComputedStyle(document.querySelector(s)).printColorAdjust"
    for coloured in ("#tile-concept .tile", "#stage-badge"):
        assert one.page.evaluate(exact, coloured) == "exact", coloured
