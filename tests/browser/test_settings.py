"""From a finger to every panel: what is set is what is shown, the newest of it."""

from typing import Any

import pytest
from playwright.sync_api import Route

from tests.browser.conftest import Open
from tests.browser.tab import Tab

ASKED = "**/_dash-update-component"


def test_the_noise_by_keyboard(tab: Open):
    one = tab("d=digits&nz=10&t=13&seed=5")
    badge, strip, plane = one.badge(), one.strip(), one.picture("plane")
    one.widget("noise").locator("input").focus()
    for _ in range(12):
        one.page.keyboard.press("ArrowRight")
    one.quiet()
    assert one.address["p"] == "0.5"
    assert one.widget("noise").locator(".value").text_content() == "0.50"
    assert "With 50 % of the pixels inverted" in one.text("#caption")
    assert one.badge() != badge
    assert one.strip() != strip
    assert one.picture("plane") != plane
    assert (one.clock(), one.state()["seed"]) == (13, 5)
    assert (one.address["t"], one.address["seed"]) == ("13", "5")


def chart_position(tab: Tab, noise: float) -> tuple[float, float]:
    """Where a noise is in the stage chart, in pixels of the window."""
    box: dict[str, float] = tab.page.evaluate(
        """() => { const g = document.querySelector("#stage-graph .js-plotly-plot");
          const b = g.getBoundingClientRect(), a = g._fullLayout;
          return { x: b.left + a.xaxis._offset, w: a.xaxis._length,
            y: b.top + a.yaxis._offset + a.yaxis._length / 2 }; }"""
    )
    return box["x"] + noise * box["w"], box["y"]


def test_dragging_in_the_stage_chart_is_the_slider(tab: Open):
    one, other = tab(), tab()
    one.page.mouse.move(*chart_position(one, 0.3))
    one.page.mouse.down()
    for noise in (0.4, 0.6, 0.7):
        one.page.mouse.move(*chart_position(one, noise))
    assert one.state()["noise"] == 0.7
    one.page.mouse.up()
    one.page.mouse.move(*chart_position(one, 0.1))  # no longer held
    other.slide("noise", 0.7)
    for each in (one, other):
        each.quiet()
        each.page.mouse.move(0, 0)
    assert one.address["p"] == other.address["p"] == "0.7"
    assert one.widget("noise").locator("input").input_value() == "0.7"
    assert one.badge() == other.badge()
    assert one.strip() == other.strip()
    assert one.picture("stage") == other.picture("stage")


def test_dragging_beyond_the_chart_ends_at_its_ends(tab: Open):
    one = tab()
    x, y = chart_position(one, 0.5)
    one.page.mouse.move(x, y)
    one.page.mouse.down()
    one.page.mouse.move(1439, y)
    assert one.state()["noise"] == 1
    one.page.mouse.move(5, y)
    assert one.state()["noise"] == 0
    one.page.mouse.up()
    one.quiet()
    assert "With 0 % of the pixels" in one.text("#caption")


def test_the_badge_follows_the_finger_before_the_server_answers(tab: Open):
    one = tab()
    held: list[Route] = []
    one.page.route(ASKED, held.append)
    one.slide("noise", 0.9)
    one.frame()
    assert "With 90 % of the pixels" in one.text("#caption")
    one.page.unroute(ASKED)
    for route in held:
        route.continue_()
    one.quiet()
    assert "With 90 % of the pixels" in one.text("#caption")


def test_twenty_quick_changes_end_where_the_last_one_is(tab: Open):
    one = tab()
    for i in range(20):
        one.slide("noise", round(0.025 * ((7 * i) % 40), 3))
    one.slide("noise", 0.65)
    one.quiet()
    fresh = tab(one.page.url.partition("?")[2])
    assert one.address["p"] == "0.65"
    assert one.badge() == fresh.badge()
    assert one.strip() == fresh.strip()
    assert one.text("#run-note") == fresh.text("#run-note")
    assert one.text("#curves-note") == fresh.text("#curves-note")
    for name in ("curves", "stage"):
        assert one.picture(name) == fresh.picture(name), name


def hold_the_first(tab: Tab, store: str) -> list[tuple[Route, Any]]:
    """Let the server answer the first question of a kind, and keep the answer back."""
    held: list[tuple[Route, Any]] = []

    def handle(route: Route) -> None:
        if not held and f'"{store}"' in (route.request.post_data or ""):
            held.append((route, route.fetch()))
        else:
            route.continue_()

    tab.page.route(ASKED, handle)
    return held


@pytest.mark.parametrize("store", ["ask-run", "ask-cloud", "ask-curves"])
def test_an_old_answer_never_replaces_a_newer_one(tab: Open, store: str):
    one = tab()
    held = hold_the_first(one, store)
    one.slide("noise", 0.1)
    while not held:
        one.frame()
    one.slide("noise", 0.7)
    one.page.wait_for_function("() => window.flow.open === 1 && performance.now() - window.flow.last > 450")
    route, response = held[0]
    route.fulfill(response=response)
    one.quiet()
    fresh = tab(one.page.url.partition("?")[2])
    assert one.badge() == fresh.badge()
    assert "With 70 %" in one.text("#caption")
    assert one.strip() == fresh.strip()
    assert one.picture("curves") == fresh.picture("curves")
    assert one.text("#curves-note") == fresh.text("#curves-note")


def test_what_is_set_while_a_data_set_is_opened_is_not_lost(tab: Open, mnist: str):
    one = tab()
    held = hold_the_first(one, "ask-settle")
    one.choose("dataset", "mnist")
    while not held:
        one.frame()
    one.slide("noise", 0.7)
    one.choose("noise_kind", "permute")
    one.page.keyboard.press("Home")
    route, response = held[0]
    route.fulfill(response=response)
    one.quiet()
    state = one.state()
    assert (state["noise"], state["noise_kind"], state["dataset"], state["t"]) == (0.7, "permute", "mnist", 0)
    assert "With 70 % of the pixels permuted" in one.text("#caption")


def test_the_kind_of_noise(tab: Open):
    one = tab()
    strip = one.strip()
    one.choose("noise_kind", "permute")
    one.quiet()
    assert one.address["kind"] == "permute"
    assert "pixels permuted" in one.text("#caption")
    assert one.strip() != strip
    assert one.widget("noise_kind").locator("[aria-checked=true]").text_content() == "permuted"


def test_digits_by_click_and_by_keys(tab: Open):
    one = tab()
    names = [b.get_attribute("aria-label") for b in one.widget("label").locator("[role=radio]").all()]
    assert names == list("0123456789")
    one.choose("label", "3")
    one.quiet()
    assert "runs of ‘3’" in one.text("#caption")
    one.page.keyboard.press("ArrowRight")
    one.page.keyboard.press("ArrowDown")
    one.quiet()
    assert one.address["label"] == "5"
    assert "runs of ‘5’" in one.text("#caption")
    assert one.widget("label").locator('[aria-checked="true"]').get_attribute("data-value") == "5"
    one.choose("label", "0")
    one.page.keyboard.press("ArrowLeft")
    one.quiet()
    assert one.address["label"] == "9"


def test_the_highlighted_image_is_stepped_and_typed(tab: Open):
    one = tab()
    strip, badge = one.strip(), one.badge()
    one.page.get_by_role("button", name="Next highlighted image").click()
    one.quiet()
    assert one.address["i"] == "18"
    assert "image 18" in one.text("#run-note")
    assert one.strip() != strip
    assert one.badge() == badge  # the ensemble is the same
    field = one.widget("sample").locator("input")
    last = int(field.get_attribute("max") or 0)
    for typed, expected in (("99999", last), ("-3", 0), ("7", 7), ("", 7)):
        field.fill(typed)
        field.blur()
        assert one.state()["sample"] == expected
    field.fill("0")
    field.blur()
    one.page.get_by_role("button", name="Previous highlighted image").click()
    one.quiet()
    assert one.state()["sample"] == last
    assert f"image {last}" in one.text("#run-note")


def test_latent_units(tab: Open, mnist: str):
    one = tab(mnist)
    available: list[int] = one.page.evaluate("() => latent.screen.facts.latents")
    if len(available) < 2:
        pytest.skip("One MNIST model is shipped.")
    one.widget("n_latent").locator("input").focus()
    one.page.keyboard.press("ArrowLeft")
    one.quiet()
    expected = available[available.index(100) - 1]
    assert one.address["nz"] == str(expected)
    assert f"N_z = {expected}" in one.text("#model-card")
    assert one.widget("n_latent").locator(".value").text_content() == str(expected)
    assert f"all {expected} dimensions" in one.text("#plane-note")


def test_latent_units_that_are_not_there_are_offered(tab: Open):
    one = tab("d=digits&nz=11")
    assert one.state()["n_latent"] == 10
    assert any("N_z = 11" in note and "N_z = 10 is shown" in note for note in one.notices())
    one.page.wait_for_function("() => /takes/.test(document.querySelector('.job .text').textContent)")
    assert "Training it takes" in one.text(".job .text")
    assert one.page.get_by_role("button", name="Train it").is_visible()
    one.page.get_by_role("button", name="Dismiss").first.click()
    assert one.notices() == []


def test_all_ten_concepts(tab: Open):
    one = tab()
    names = one.page.locator("#curves-graph .annotation-text")
    assert "own memory" in names.all_text_contents()
    one.choose("curves", "all")
    one.quiet()
    assert names.all_text_contents() == list("0123456789")
    assert one.address["curves"] == "all"
    assert one.page.locator("#curves-graph .scatterlayer .trace").count() == 10


def test_the_data_set_and_back_is_where_it_began(tab: Open, mnist: str):
    one = tab(mnist)
    before = one.page.url
    one.choose("dataset", "digits")
    one.quiet()
    assert (one.address["d"], one.state()["n_latent"]) == ("digits", 10)
    assert one.notices() == []
    one.choose("dataset", "mnist")
    one.quiet()
    assert one.page.url == before


FIND_A_RUN = """() => {
  const plot = document.querySelector("#plane-plot"), box = plot.getBoundingClientRect();
  const peek = plot.querySelector(".peek");
  for (let y = 30; y < box.height - 50; y += 6) for (let x = 60; x < box.width - 20; x += 6) {
    plot.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x, clientY: box.top + y }));
    if (!peek.hidden && !/run 17,/.test(peek.textContent)) return [box.left + x, box.top + y];
  }
  return null; }"""


def test_a_run_under_the_pointer_shows_its_image_and_a_click_takes_it(tab: Open):
    one = tab("d=digits&nz=10&t=0")
    found = one.page.evaluate(FIND_A_RUN)
    assert found
    one.page.mouse.move(*found)
    peek = one.page.locator("#plane-plot .peek")
    assert peek.is_visible()
    one.page.wait_for_function(
        "() => document.querySelector('.peek .tile').style.backgroundImage.startsWith('url(\"data:image/png')"
    )
    run = (peek.locator("span").text_content() or "").split(",")[0].removeprefix("run ")
    one.page.mouse.down()
    one.page.mouse.up()
    one.quiet()
    assert one.address["i"] == run
    assert f"image {run}" in one.text("#run-note")
    one.page.mouse.move(2, 2)
    assert not peek.is_visible()


def test_new_noise_is_another_seed_and_another_run(tab: Open):
    one = tab()
    strip = one.strip()
    one.page.locator("#rail summary").click()
    one.page.click("#new-noise")
    one.quiet()
    assert one.address["seed"] != "0"
    assert one.strip() != strip


def test_the_axes_of_the_plane(tab: Open):
    one = tab()
    title = one.page.locator("#plane-graph .xtitle")
    assert title.text_content() == "PC 1"
    one.page.locator("#rail summary").click()
    pictures = {one.picture("plane")}
    for basis in ("rotated", "fixed"):
        one.choose("basis", basis)
        one.quiet()
        assert one.address["pca"] == basis
        pictures.add(one.picture("plane"))
    assert len(pictures) == 3
    one.choose("basis", "rotated")
    one.quiet()
    assert title.text_content() == "axis 1"
