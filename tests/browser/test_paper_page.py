"""The page of the paper in a browser: a figure of the digits is drawn and taken along."""

import json
import re
from typing import Any

import pytest

from tests.browser.conftest import Open
from tests.browser.paper import DRAWN, QUERY, SMALL, choose, drawn, paper
from tests.browser.tab import LOOKS, PHONE, asks
from tests.processes import until


def test_settings_draw_the_figure_in_place_and_stand_in_the_address(tab: Open):
    one = paper(tab(None), "fig4a", SMALL)
    before = one.page.locator("#drawn-panel").evaluate("panel => panel.outerHTML.length")
    assert one.page.locator("label:visible").count() == 4  # p changes nothing in this figure
    choose(one, "label", "2")
    one.page.wait_for_function("() => location.search.includes('label=2')")
    drawn(one)
    assert one.page.locator("#drawn-panel").evaluate("panel => panel.outerHTML.length") != before
    choose(one, "n_runs", "30")
    one.page.wait_for_function("() => location.search.includes('n_runs=30')")
    drawn(one)
    names = "() => document.querySelector('#drawn .js-plotly-plot').layout.annotations.map((note) => note.text)"
    assert "concept ‘2’" in one.page.evaluate(names)
    again = tab(None)
    again.page.goto(one.page.url)
    drawn(again)
    data = "() => JSON.stringify(document.querySelector('#drawn .js-plotly-plot').data)"
    assert again.page.evaluate(data) == one.page.evaluate(data)
    assert again.page.input_value("#paper-n_runs") == "30"
    assert again.page.inner_text("[data-value-of=n_runs]") == "30"
    one.page.get_by_role("link", name="The paper's settings").click()
    one.page.wait_for_function("() => location.search.includes('mnist')")
    drawn(one)
    assert one.page.input_value("#paper-label") == "6"


def test_the_picture_before_is_dimmed_while_the_next_is_computed(tab: Open):
    one = paper(tab(None), "fig4a", SMALL)
    held: list[Any] = []

    def hold(route: Any) -> None:
        if asks(route.request, DRAWN):
            held.append(route)
        else:
            route.continue_()

    one.page.route(re.compile("_dash-update-component"), hold)
    choose(one, "label", "4")
    one.page.wait_for_selector("#drawn-panel.stale")
    assert one.page.locator("#drawn .main-svg").first.is_visible()
    until(lambda: held or one.frame(), "the question is on its way")
    one.page.unroute_all()  # which lets it go on
    one.page.wait_for_selector("#drawn-panel:not(.stale)")


def test_an_address_that_cannot_be_used_says_so(tab: Open):
    one = tab(None)
    for path, words in (
        ("fig99", "no such figure"),
        ("fig4a?model=nobody", "nobody"),
        (f"fig4a?{QUERY}&label=77", "label"),
    ):
        one.page.goto(f"{one.server}/paper/{path}")
        one.page.locator("#notices").get_by_text(words).first.wait_for()


def test_two_tabs_of_a_figure_both_get_it(tab: Open):
    """A tab that was duplicated, with all that the session stores, is another client: neither supersedes the other."""
    one = tab(None)
    clients: list[str] = []

    def note(request: Any) -> None:
        if asks(request, DRAWN):
            state = json.loads(request.post_data)["state"]
            clients.append(next(each["value"] for each in state if each["id"] == "client"))

    one.context.on("request", note)
    paper(one)
    with one.context.expect_page() as opened:
        one.page.evaluate("() => { window.open(location.href); }")
    opened.value.wait_for_selector("#drawn .main-svg >> nth=0")
    assert len(set(clients)) == 2


@pytest.mark.parametrize("options", LOOKS.values(), ids=list(LOOKS))
def test_it_fits_and_has_no_findings_of_axe(tab: Open, options: dict[str, object]):
    one = paper(tab(None, **options))
    assert one.too_wide() <= 0
    assert one.barriers() == []
    assert one.page.locator("#drawn").evaluate("graph => graph.getBoundingClientRect().height") > 200


def test_a_figure_is_taken_along_as_picture_data_and_recipe(tab: Open):
    one = paper(tab(None), "fig1")
    panel = one.page.locator("#drawn-panel")
    names = []
    for words in ("PNG", "SVG", "NPZ", "CSV by t", "Recipe (JSON)"):
        if words.startswith("CSV"):
            panel.locator(".save summary").click()
        with one.page.expect_download() as download:
            panel.get_by_text(words, exact=True).click()
        names.append(download.value.suggested_filename)
    stem = names[0].removesuffix(".png")
    assert stem.startswith("fig1_digits-nz10-seed0_")
    assert names[1:] == [f"{stem}.svg", f"{stem}.npz", f"{stem}_by-t.csv", f"{stem}.json"]
    href = panel.get_by_text("Open in the explorer").get_attribute("href") or ""
    assert "nz=10" in href


def test_the_newest_choice_wins_and_a_reload_asks_again(tab: Open):
    one = paper(tab(None), "fig4a", SMALL)
    for label in ("3", "9"):
        choose(one, "label", label)
    names = "() => JSON.stringify(document.querySelector('#drawn .js-plotly-plot').layout.annotations)"
    one.page.wait_for_function(f"() => ({names})().includes('concept ‘9’')")
    drawn(one)
    one.page.reload()
    one.page.wait_for_function("() => document.querySelector('#drawn .js-plotly-plot')?.layout?.annotations")
    one.page.wait_for_function(f"() => ({names})().includes('concept ‘9’')")


def test_the_theme_draws_the_figure_anew(tab: Open):
    one = paper(tab(None))
    colour = "getComputedStyle(document.querySelector('#drawn .xtitle')).fill"
    before = one.page.evaluate(colour)
    one.page.get_by_role("button", name="Dark").click()
    one.page.wait_for_function(f"() => {colour} !== '{before}'")


def test_cancel_is_said_where_nothing_is_drawn_yet(tab: Open):
    one = tab(None)
    one.page.goto(f"{one.server}/paper/fig5a?model=mnist-nz100-seed0&source=decoded&label=7")
    one.page.get_by_text("% p = ").wait_for()
    one.page.evaluate(  # together with a question of the clock
        """() => { window.dash_clientside.set_props("tick", { n_intervals: 1e6 });
          document.getElementById("cancel").click(); }"""
    )
    one.page.get_by_text("Cancelled.").wait_for()
    assert one.page.locator("#cancel").is_disabled()
    assert one.page.locator("#far").is_hidden()


def test_a_click_on_a_cell_opens_its_run(tab: Open):
    one = paper(tab(None), "stages", QUERY.replace("100", "141"))
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
    one = paper(tab(None), "suppB")
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
    choose(one, "n_runs", "100")
    titles.get_by_text("narrow branch").wait_for()


def test_a_finger_on_the_plot_scrolls_the_page(tab: Open):
    one = paper(tab(None, **PHONE), "suppB")
    box = one.page.locator("#drawn .nsewdrag").first.bounding_box()
    assert box
    x, y, top = box["x"] + box["width"] / 2, min(box["y"] + box["height"] * 0.8, 800), one.page.evaluate("scrollY")
    assert box["y"] < y
    finger = one.context.new_cdp_session(one.page)
    for kind, moved in [("touchStart", 0), *(("touchMove", 15 * step) for step in range(1, 9))]:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y - moved}]})
        one.frame()
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    one.page.wait_for_function(f"() => scrollY > {top} + 50")
