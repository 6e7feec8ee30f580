"""Presenter mode: it can be read from the last row, a clicker works, and leaving it changes nothing."""

from typing import Any

from tests.browser.conftest import Open
from tests.browser.tab import Tab

PROJECTOR: dict[str, Any] = {"viewport": {"width": 1280, "height": 720}}
SCREEN = "d=digits&nz=10"
# Words that can be seen and are smaller than 24 px, those of the ticks of the strip too.
SMALL_WORDS = """() => {
  const size = (element, pseudo) => parseFloat(getComputedStyle(element, pseudo).fontSize);
  const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), small = [];
  for (let node; (node = all.nextNode()); ) {
    const of = node.parentElement;
    const isSeen = node.data.trim() && of.getClientRects().length && !of.closest("header, script, style");
    if (isSeen && size(of) < 24) small.push([node.data, size(of)]);
  }
  for (const cell of document.querySelectorAll(".presented [data-tick]"))
    if (size(cell, "::after") < 24) small.push([cell.dataset.tick, size(cell, "::after")]);
  return small; }"""
# The smallest letters and thinnest lines that are drawn on canvases, in px of the screen, and all lines of plotly's.
WATCH_PEN = """() => { const pen = CanvasRenderingContext2D.prototype; window.drawn = { letters: 99, lines: 99 };
  const px = (c, length) => (length * c.getTransform().a) / devicePixelRatio;
  const watch = (name, note) => { const draw = pen[name];
    pen[name] = function (...given) {
      if (this.canvas.isConnected && this.canvas.width) note(this);
      return draw.apply(this, given); }; };
  const letters = (c) => { drawn.letters = Math.min(drawn.letters, px(c, parseFloat(/[\\d.]+px/.exec(c.font)[0]))); };
  const lines = (c) => { drawn.lines = Math.min(drawn.lines, px(c, c.lineWidth)); };
  for (const name of ["fillText", "strokeText"]) watch(name, letters);
  for (const name of ["stroke", "strokeRect"]) watch(name, lines);
  latent.redraw(); }"""
AXES = """() => Array.from(document.querySelectorAll(".presented .main-svg :is(path, line)"))
  .map((e) => ({ line: getComputedStyle(e), box: e.getBoundingClientRect() }))
  .filter(({ line, box }) => line.stroke !== "none" && parseFloat(line.strokeWidth) && box.width + box.height)
  .map(({ line }) => parseFloat(line.strokeWidth))"""
# What lies outside of the window, and names of axes outside of their figures.
OUTSIDE = """() => {
  const within = (e, around) => { const box = e.getBoundingClientRect();
    return !box.width || (box.left >= around.left - 1 && box.top >= around.top - 1
      && box.right <= around.right + 1 && box.bottom <= around.bottom + 1); };
  const seen = Array.from(document.querySelectorAll(".explore :not(svg *)")).filter((e) => e.getClientRects().length);
  const screen = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  const names = Array.from(document.querySelectorAll(".presented .main-svg text"));
  const outside = [...seen.filter((e) => !within(e, screen)),
    ...seen.filter((e) => e.matches(".panel, .strip") && e.scrollHeight > e.clientHeight + 1),
    ...names.filter((e) => !within(e, e.closest(".graph").getBoundingClientRect()))];
  return outside.map((e) => e.outerHTML.slice(0, 120)); }"""
PRESENTED = """() => Array.from(document.querySelectorAll(".panel")).filter((e) => e.getClientRects().length)
  .sort((a, b) => a.style.order - b.style.order).map((e) => e.className.split(" ")[1])"""
PLACES = """() => [scrollY, document.querySelector("#sidebar").scrollTop, document.activeElement.id,
  ...Array.from(document.querySelectorAll("header, #sidebar, .panel, .badge, .plot canvas, .playback-bar > *"),
    (e) => { const { x, y, width, height } = e.getBoundingClientRect();
      return [x, y, width, height].map(Math.round).join(" "); })]"""
IS_PRESENTING = "() => document.documentElement.dataset.presenting !== undefined"


def reads_well(one: Tab) -> None:
    """Fail unless the words beside the canvases can be read on a projector, and nothing lies outside of it."""
    one.frame()
    assert one.page.evaluate(SMALL_WORDS) == []
    assert one.page.evaluate(OUTSIDE) == []


def draws_well(one: Tab) -> None:
    """Fail unless letters and lines of what is drawn can be seen on a projector."""
    one.page.evaluate("() => { Object.assign(drawn, { letters: 99, lines: 99 }); latent.redraw(); }")
    one.frame()
    assert 24 <= one.page.evaluate("() => drawn.letters") < 99
    assert 3 <= one.page.evaluate("() => drawn.lines") < 99
    assert min(one.page.evaluate(AXES)) >= 3


def test_a_link_presents_panels_that_the_last_row_can_read(tab: Open):
    one = tab(f"{SCREEN}&show=lpds&curves=all", **PROJECTOR)
    assert one.page.evaluate(PRESENTED) == ["landmark-panel", "plane-panel", "curves-panel", "stage-panel"]
    assert not one.page.locator("#sidebar").is_visible()
    one.page.evaluate(WATCH_PEN)
    draws_well(one)
    reads_well(one)
    one.page.click("#choose-panels")
    for code in "lpni":
        one.page.click(f"[data-code={code}]")
    assert one.page.evaluate(PRESENTED) == ["curves-panel", "stage-panel", "nearest-panel", "strip-panel"]
    one.quiet()
    draws_well(one)
    reads_well(one)
    assert one.address["show"] == "dsni"


def test_axe_finds_nothing_in_presenter_mode(tab: Open):
    one = tab(f"{SCREEN}&show=lpni", **PROJECTOR, color_scheme="light")
    looks: Any = ((False, "light"), (False, "dark"), (True, "dark"))
    for width, height in ((1280, 720), (390, 844)):
        one.page.set_viewport_size({"width": width, "height": height})
        for is_open, look in looks:
            one.page.emulate_media(color_scheme=look)
            if one.page.locator("#presented-panels").is_visible() != is_open:
                one.page.click("#choose-panels")
            one.frame()
            assert one.too_wide() <= 0
            assert one.barriers() == [], (width, look, is_open)


def test_leaving_leads_back_to_the_page_as_it_was(tab: Open):
    one = tab(SCREEN, viewport={"width": 1000, "height": 600})
    one.page.evaluate(
        """() => { document.querySelector("#present").focus(); document.querySelector("#sidebar").scrollTop = 90;
          scrollTo(0, 150); }"""
    )
    before, picture = one.page.evaluate(PLACES), one.picture("landmark")
    assert before[:3] == [150, 90, "present"]
    for way_in, way_out in (("Enter", "Escape"), ("Shift+P", "Escape")):
        one.page.keyboard.press(way_in)
        one.frame()
        assert one.page.evaluate(PRESENTED) == ["landmark-panel", "strip-panel"]
        assert one.page.evaluate("() => document.activeElement.id") == "play"
        one.page.keyboard.press(way_out)
        one.quiet()
        assert one.page.evaluate(PLACES) == before
        one.shows("landmark", picture)
        one.page.wait_for_function("() => !location.search.includes('show=')")


def test_a_clicker_plays_stage_after_stage_and_blanks_the_screen(tab: Open):
    one = tab(f"{SCREEN}&show=li&p=0", **PROJECTOR)
    one.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    assert not one.page.evaluate(IS_PRESENTING)  # paper has the page
    one.page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    assert one.page.evaluate(IS_PRESENTING)
    at = "() => document.querySelector('.presenter [aria-pressed=true]')?.dataset.preset"
    first, *_, last = one.page.evaluate(
        "() => Array.from(document.querySelectorAll('.presenter .preset:enabled'), (e) => e.dataset.preset)"
    )
    assert one.page.evaluate(at) == first  # a lesson begins with it all the same
    one.page.locator(".playback-bar [data-field=noise] input").focus()  # it has a use of its own for the keys

    def press(key: str) -> str | None:
        """The preset that is played after a key."""
        one.page.keyboard.press(key)
        assert one.page.evaluate("() => latent.player.playing && latent.player.t < latent.player.length")
        one.frame()
        return one.page.evaluate(at)

    assert press("PageDown") == first
    second = press("PageDown")
    assert second not in (None, first)
    assert press("PageUp") == first
    one.page.click(f".presenter [data-preset='{last}']")
    assert press("PageUp") not in (None, last)  # goes on from what was chosen by hand
    black = "() => getComputedStyle(document.body, '::after').backgroundColor"
    for key, is_black in ((".", True), ("b", False)):
        one.page.keyboard.press(key)
        assert (one.page.evaluate(black) == "rgb(0, 0, 0)") is is_black
    one.page.click("#leave-presenter")
    assert not one.page.evaluate(IS_PRESENTING)
    assert one.page.evaluate("() => document.activeElement.id") == "present"
