"""Every screen: what is needed is on it, nothing lies under the playback bar, and paper has the pictures."""

from typing import Any

import pytest

from dashboard.theme import DARK, LIGHT
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
    return top >= -1 and bottom <= one.page.evaluate(BOX, ".playback-bar")[0] + 1


@PHONES
def test_on_a_phone_p_and_t_are_reached_and_the_plane_stays_wherever_one_reads(tab: Open, options: dict[str, Any]):
    one = tab(**options)
    length = one.page.evaluate("() => document.documentElement.scrollHeight")
    for place in range(0, length, 300):
        one.page.evaluate("(y) => window.scrollTo(0, y)", place)
        one.frame()
        assert one.page.evaluate(REACHED, '.playback-bar [data-field="noise"] input'), place
        assert one.page.evaluate(REACHED, "#scrubber input"), place
        if place >= 300:
            assert visible(one, "#landmark-plot"), place


@PHONES
def test_on_a_phone_the_end_of_the_page_can_be_read(tab: Open, options: dict[str, Any]):
    one = tab(**options)
    one.page.evaluate("() => window.scrollTo(0, document.documentElement.scrollHeight)")
    one.frame()
    for place in ("#stage-note", "#strip"):
        assert one.page.evaluate(BOX, place)[1] <= one.page.evaluate(BOX, ".playback-bar")[0] + 1, place


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (1920, 1080)])
def test_a_screen_shows_everything_above_the_playback_bar(tab: Open, mnist: str, width: int, height: int):
    one = tab(mnist, viewport={"width": width, "height": height})
    for place in (".badge", "#landmark-plot", "#plane-plot", "#nearest-plot", "#curves-plot", "#strip", "#stage-plot"):
        assert visible(one, place), place
    tops = "(all) => all.filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().top)"
    assert len(set(one.page.eval_on_selector_all(".preset", tops))) == 1


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


# How far, in pixels, a panel's canvas is from the axes under it.
APART = """() => ["landmark", "plane", "nearest", "curves", "stage"].map((name) => {
  const [a, b] = [`#${name}-canvas`, `#${name}-graph .main-svg`].map((s) =>
    document.querySelector(s).getBoundingClientRect());
  const { width } = document.getElementById(`${name}-canvas`);
  return Math.max(Math.abs(a.left - b.left), Math.abs(a.top - b.top), Math.abs(a.width - b.width),
    Math.abs(a.height - b.height), Math.abs(width / devicePixelRatio - a.width)); })"""


@pytest.mark.parametrize("options", [{}, PHONE], ids=["screen", "phone"])
def test_paper_has_all_pictures_on_their_axes_and_nothing_to_press(tab: Open, options: dict[str, Any]):
    one = tab(**options)
    one.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    one.page.emulate_media(media="print")
    for hidden in (".playback-bar", "#sidebar", "nav", ".actions", "#first-minute"):
        assert not one.page.locator(hidden).is_visible(), hidden
    for shown in ("#landmark-canvas", "#plane-canvas", "#strip .tile", "#tile-concept .tile", "#stage-badge"):
        assert one.page.locator(shown).first.is_visible(), shown
    assert max(one.page.evaluate(APART)) < 1
    assert [name for name in ("landmark", "plane", "nearest", "curves", "stage") if not one.painted(name)] == []
    exact = "(s) => getComputedStyle(document.querySelector(s)).printColorAdjust"
    for coloured in ("#tile-concept .tile", "#stage-badge"):
        assert one.page.evaluate(exact, coloured) == "exact", coloured
    one.page.emulate_media(media="screen")
    one.page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    one.frame()
    assert one.page.locator(".playback-bar").is_visible()
    assert one.too_wide() <= 0


def test_on_paper_nothing_is_erased(tab: Open):
    """A browser prints what was drawn, call by call: what is erased covers the axes in white."""
    one = tab()
    one.page.evaluate(
        """() => { const p = CanvasRenderingContext2D.prototype; window.erased = 0;
          p.clearRect = () => { if (document.body.matches(".printing")) window.erased++; };
          for (let i = 0; i < 2; i++) window.dispatchEvent(new Event("beforeprint")); }"""
    )
    assert one.page.evaluate("() => window.erased") == 0


def channels(colour: str) -> tuple[int, ...]:
    """#rrggbb as three numbers."""
    return tuple(bytes.fromhex(colour.removeprefix("#")))


# The grounds of the page, and the colours of text, of what is written on the canvases and of plotly's figures.
INKS = """() => {
  const rgb = (colour) => colour.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const of = (selector, name) => Array.from(document.querySelectorAll(selector), (e) => getComputedStyle(e)[name]);
  const plots = Array.from(document.querySelectorAll(".main-svg *"), (e) => getComputedStyle(e));
  const colours = [...of("p, h2, figcaption", "color"), ...plots.flatMap((s) => [s.stroke, s.fill])];
  return { paper: rgb(of("body", "backgroundColor")[0]), words: rgb(of("h2", "color")[0]),
    inks: colours.filter((colour) => colour.startsWith("rgb")).map(rgb) }; }"""
# Whether a panel's canvas has a pixel of a colour.
HAS = """([id, colour]) => { const c = document.getElementById(id);
  const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] === 255 && colour.every((value, k) => data[i + k] === value)) return true;
  return false; }"""
CANVASES = ("landmark", "plane", "curves", "stage")


def prints_as(one: Tab, theme: Any, other: Any) -> None:
    """Fail unless page, canvases and figures have the colours of one look and none of the other."""
    one.frame()
    seen = one.page.evaluate(INKS)
    assert tuple(seen["paper"]) == channels(theme.paper)
    assert tuple(seen["words"]) == channels(theme.ink)
    inks = {tuple(ink) for ink in seen["inks"]}
    assert inks.isdisjoint(map(channels, (other.ink, other.quiet, other.grid, *other.points)))
    assert {channels(theme.quiet), channels(theme.grid)} <= inks


def test_a_dark_page_prints_light(tab: Open):
    one = tab(color_scheme="dark")
    prints_as(one, DARK, LIGHT)
    one.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    one.page.emulate_media(media="print", color_scheme="dark")
    prints_as(one, LIGHT, DARK)
    for name in CANVASES:
        assert one.page.evaluate(HAS, [f"{name}-canvas", channels(LIGHT.points[1])]), name
        assert not one.page.evaluate(HAS, [f"{name}-canvas", channels(DARK.points[1])]), name
    one.page.emulate_media(media="screen", color_scheme="dark")
    one.page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    prints_as(one, DARK, LIGHT)
    for name in CANVASES:
        assert one.page.evaluate(HAS, [f"{name}-canvas", channels(DARK.points[1])]), name
    assert "theme" not in one.address


def test_a_dark_page_of_the_paper_prints_its_figure_light(tab: Open):
    one = tab(None, color_scheme="dark")
    one.page.goto(f"{one.server}/paper/fig7b?model=digits-nz10-seed0&n_runs=100")
    one.page.wait_for_selector("#drawn .xtitle")
    prints_as(one, DARK, LIGHT)
    for _ in range(2):
        one.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    one.page.emulate_media(media="print", color_scheme="dark")
    prints_as(one, LIGHT, DARK)
    one.page.emulate_media(media="screen", color_scheme="dark")
    one.page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    prints_as(one, DARK, LIGHT)
