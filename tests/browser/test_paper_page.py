"""The page of the paper in a browser: a figure of the digits is drawn and taken along."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Open
from tests.browser.tab import LOOKS, PHONE, Tab


def paper(one: Tab, name: str = "Fig. 7b") -> Tab:
    """Open the page and draw a figure of the digits; the page has scrolled to it then."""
    one.page.goto(f"{one.server}/paper/")
    one.page.wait_for_selector("#paper-model")
    one.page.fill("#paper-model", "digits-nz10-seed0")
    one.page.get_by_role("button", name=f"Draw {name}", exact=True).click()
    one.page.wait_for_selector("#drawn .main-svg")
    one.page.wait_for_function("() => document.getElementById('cancel').disabled")
    one.frame()
    return one


@pytest.mark.parametrize("options", LOOKS.values(), ids=list(LOOKS))
def test_it_fits_and_has_no_findings_of_axe(tab: Open, options: dict[str, object]):
    one = paper(tab(None, **options))
    assert one.too_wide() <= 0
    assert one.barriers() == []
    assert one.page.locator("#drawn").evaluate("graph => graph.getBoundingClientRect().height") > 200


def test_a_figure_is_taken_along_as_picture_data_and_recipe(tab: Open):
    one = paper(tab(None), "Fig. 1")
    panel = one.page.locator("#drawn-panel")
    for kind in ("PNG", "SVG", "NPZ", "CSV", "JSON"):
        with one.page.expect_download() as download:
            panel.get_by_text(kind, exact=True).click()
        assert download.value.suggested_filename.endswith(kind.lower())
    href = panel.get_by_text("Open in the explorer").get_attribute("href") or ""
    assert "nz=10" in href


def test_a_claim_opens_its_figure_with_the_papers_settings(tab: Open, root: Path):
    one = tab(None)
    one.page.goto(f"{one.server}/paper/")
    one.page.fill("#paper-model", "digits-nz10-seed0")
    one.page.fill("#paper-label", "3")
    one.page.locator("#claim-3").get_by_role("button").click()
    one.page.wait_for_selector("#drawn .main-svg")
    assert "Fig. 4a" in one.page.inner_text("#drawn-title")
    assert one.page.input_value("#paper-label") == "6"


def test_the_newest_click_wins_and_a_reload_asks_again(tab: Open):
    one = paper(tab(None))
    for name in ("3", "10"):
        one.page.get_by_role("button", name=f"Draw Fig. {name}", exact=True).click()
    title = one.page.locator("#drawn-title")
    title.get_by_text("Fig. 10").wait_for()
    one.page.wait_for_function("() => document.getElementById('cancel').disabled")
    assert (title.text_content() or "").startswith("Fig. 10")
    one.page.reload()
    title.get_by_text("Fig. 10").wait_for()


def test_the_theme_draws_the_figure_anew(tab: Open):
    one = paper(tab(None))
    colour = "getComputedStyle(document.querySelector('#drawn .xtitle')).fill"
    before = one.page.evaluate(colour)
    one.page.get_by_role("button", name="Dark").click()
    one.page.wait_for_function(f"() => {colour} !== '{before}'")


def test_cancel_is_said_where_nothing_is_drawn_yet(tab: Open):
    one = tab(None)
    one.page.goto(f"{one.server}/paper/")
    one.page.fill("#paper-model", "mnist-nz100-seed0")
    one.page.get_by_role("button", name="Draw Fig. 5a", exact=True).click()
    one.page.get_by_text("% p = ").wait_for()
    one.page.get_by_role("button", name="Cancel").click()
    one.page.get_by_text("Cancelled.").wait_for()
    assert one.page.locator("#cancel").is_disabled()
    assert one.page.locator("#far").is_hidden()


def test_a_click_on_a_cell_opens_its_run(tab: Open):
    one = paper(tab(None), "Map of Fig. 4")
    cell: Any = {"x": 60, "y": 10}  # the uppermost row is '9'
    one.page.locator("#drawn .nsewdrag").first.hover(position=cell)
    one.page.wait_for_function(
        "() => document.querySelector('#drawn .js-plotly-plot')._hoverdata"
    )  # Plotly clicks on that
    one.page.locator("#drawn .nsewdrag").first.click(position=cell)
    one.page.wait_for_url("**/?*model=digits-nz10-seed0*")
    one.quiet()
    assert one.state()["label"] == 9
    assert 0 < one.state()["noise"] < 0.2


def test_a_line_around_runs_makes_them_a_branch(tab: Open):
    one = paper(tab(None), "Supp. B")
    titles = one.page.locator("#drawn .annotation-text")
    assert "narrow branch" in " ".join(titles.all_text_contents())
    box = one.page.locator("#drawn .nsewdrag").first.bounding_box()
    assert box
    left, right, top, bottom = box["x"] + 2, box["x"] + box["width"] * 0.5, box["y"] + 2, box["y"] + box["height"] - 2
    one.page.mouse.move(left, top)
    one.page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
        one.page.mouse.move(x, y, steps=5)
    one.page.mouse.up()
    titles.get_by_text("chosen, ").wait_for()
    data = "document.querySelector('#drawn .js-plotly-plot').data"
    chosen, others = one.page.evaluate(f"{data}.filter((trace) => trace.customdata).map((trace) => trace.customdata)")
    assert len(others) > 0
    one.page.wait_for_function("() => document.getElementById('cancel').disabled")
    href = one.page.locator("#files").get_by_text("JSON").get_attribute("href")
    recipe = one.page.request.get(f"{one.server}/paper/{href}").json()
    assert recipe["spec"]["chosen"] == chosen
    one.page.get_by_role("button", name="Draw again").click()
    titles.get_by_text("narrow branch").wait_for()


def test_a_finger_on_the_plot_scrolls_the_page(tab: Open):
    one = paper(tab(None, **PHONE), "Supp. B")
    one.page.locator("#drawn").evaluate("graph => graph.scrollIntoView()")
    one.frame()
    box = one.page.locator("#drawn .nsewdrag").first.bounding_box()
    assert box
    x, y, top = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8, one.page.evaluate("scrollY")
    finger = one.context.new_cdp_session(one.page)
    for kind, moved in [("touchStart", 0), *(("touchMove", 15 * step) for step in range(1, 9))]:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y - moved}]})
        one.frame()
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    one.page.wait_for_function(f"() => scrollY > {top} + 50")
