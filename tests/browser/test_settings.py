"""Every setting changes what it should, nothing else, and no answer comes too late to be right."""

from collections.abc import Callable

import pytest
from playwright.sync_api import APIResponse, Route

from tests.browser.conftest import Open
from tests.browser.tab import Tab
from tests.processes import until

CALLBACKS = "**/_dash-update-component*"


def asks(route: Route, store: str) -> bool:
    """Whether a request asks what a store holds."""
    return f'"ask-{store}"' in (route.request.post_data or "")


class Holding:
    """Holds the replies to some questions back until told; the server has answered them."""

    def __init__(self, one: Tab, *stores: str):
        self.stores, self.holds, self.released = stores, True, False
        self.held: list[tuple[Route, APIResponse]] = []
        one.page.route(CALLBACKS, self.take)

    def take(self, route: Route) -> None:
        if self.holds and any(asks(route, store) for store in self.stores):
            self.held.append((route, route.fetch()))  # others of our calls may run while this one waits
            if self.released:
                self.let_go()
        else:
            route.fallback()

    def let_go(self) -> None:
        self.holds, self.released = False, True
        while self.held:
            route, response = self.held.pop(0)
            route.fulfill(response=response)


def without_films(tab: Open) -> Tab:
    """The explorer that has the p of the screen and no other."""
    one = tab(None)
    Holding(one, "runfilm", "film")
    return one.open("d=digits&nz=10")


def stage_at(one: Tab, noise: float) -> str:
    """Drag the cursor in the stage chart and read the badge at once."""
    one.slide("noise", noise)
    one.frame()
    return one.text("#stage-name")


def test_the_badge_names_the_stage_that_other_runs_might_give(tab: Open):
    one = tab("d=digits&nz=10&src=decoded&runs=143")
    assert (stage_at(one, 0.4), one.text("#stage-runner-up")) == ("III", "or II")
    assert "or II (within 2 SEM)" in one.text("#caption")
    small, box = (one.page.locator(s).bounding_box() for s in ("#stage-runner-up", "#stage-badge"))
    assert small
    assert box
    assert small["y"] + small["height"] <= box["y"] + box["height"]
    assert (stage_at(one, 0.9), one.text("#stage-runner-up")) == ("III", "")


def test_beta_is_a_choice_where_models_differ_in_it(tab: Open, mnist: str):
    one = tab(mnist)
    group = one.widget("beta")
    assert group.locator("[role=radio]").all_text_contents() == ["1", "1.5", "2", "3"]
    one.choose("beta", "2")
    one.quiet()
    assert one.address["beta"] == "2"
    assert "β = 2" in one.text("#model-card")
    again = tab(one.page.url.partition("?")[2])
    assert again.page.evaluate("() => latent.screen.facts.model") == "mnist-nz100-seed0-beta2"
    again.slide("n_latent", 0)
    again.quiet()
    assert not again.widget("beta").is_visible()
    assert "beta" not in again.address
    assert again.notices() == []


def test_an_empty_panel_says_what_it_waits_for(tab: Open):
    words = "getComputedStyle(document.querySelector('#plane-wait'), '::before').content"
    one = tab(None)
    holding = Holding(one, "ensemble")
    one.page.goto(f"{one.server}/?d=digits&nz=10")
    one.page.wait_for_function("() => document.body.classList.contains('waiting')")
    assert "Following the runs" in one.page.evaluate(words)
    holding.let_go()
    one.quiet()
    assert one.page.evaluate(words) == "none"


def test_the_slider_and_the_stage_chart_are_one_value(tab: Open):
    one, two = tab(), tab()
    one.slide("noise", 0.6)
    one.quiet()
    box = two.page.locator("#stage-plot").bounding_box()
    assert box
    x = two.page.evaluate(
        """() => { const a = document.querySelector("#stage-graph")._fullLayout.xaxis;
          return a._offset + 0.6 * a._length; }"""
    )
    two.page.mouse.move(box["x"] + x - 60, box["y"] + 60)
    two.page.mouse.down()
    two.page.mouse.move(box["x"] + x, box["y"] + 60, steps=4)
    two.page.mouse.up()
    two.quiet()
    assert (two.state(), two.address, two.badge()) == (one.state(), one.address, one.badge())
    assert two.widget("noise").locator("input").input_value() == "0.6"


def test_the_badge_follows_the_finger_before_the_server_answers(tab: Open):
    one = tab()
    shipped = {noise: stage_at(one.filmed(), noise) for noise in (0.0, 1.0)}
    assert shipped[0.0] != shipped[1.0]
    one = tab(None)
    holding = Holding(one, "run", "ensemble", "runfilm", "film")
    one.page.goto(f"{one.server}/?d=digits&nz=10")
    one.page.wait_for_function("() => window.latent?.shown?.sweep && latent.isSettled()")
    assert stage_at(one, 0.0) == shipped[0.0]
    assert "With 0 % of the pixels" in one.text("#caption") or "Without noise" in one.text("#caption")
    assert stage_at(one, 1.0) == shipped[1.0]
    assert "With 100 % of the pixels" in one.text("#caption")
    assert holding.held
    holding.let_go()
    one.quiet()
    assert one.text("#stage-name") == shipped[1.0]


def test_a_late_reply_does_not_overwrite_a_newer_one(tab: Open):
    one = without_films(tab)
    holding = Holding(one, "run", "ensemble")
    one.slide("noise", 0.9)
    one.page.wait_for_function("() => window.flow.open > 0")
    one.slide("noise", 0.1)
    until(lambda: len(holding.held) == 2 or one.frame(), "both are answered")
    holding.let_go()
    one.quiet()
    direct = tab(one.page.url.partition("?")[2])
    assert direct.address["p"] == "0.1"
    assert one.badge() == direct.badge()
    one.shows_images_of(direct)
    assert one.text("#plane-note") == direct.text("#plane-note")


def test_a_change_of_the_noise_keeps_step_and_seed(tab: Open):
    one = tab("d=digits&nz=10&t=7&seed=5")
    one.slide("noise", 0.5)
    one.quiet()
    assert (one.clock(), one.state()["seed"]) == (7, 5)
    assert (one.address["t"], one.address["seed"]) == ("7", "5")


CHANGES: dict[str, tuple[Callable[[Tab], None], str, str]] = {
    "digit": (lambda one: one.choose("label", "2"), "label", "‘2’"),
    "kind of noise": (lambda one: one.choose("noise_kind", "invert"), "kind", "inverted"),
    "new noise": (lambda one: one.page.click("#new-noise"), "seed", ""),
    "number of runs": (lambda one: one.slide("n_runs", 40), "runs", "40 runs"),
    "steps": (lambda one: one.slide("n_steps", 25), "T", ""),
    "another image": (lambda one: one.page.get_by_role("button", name="Next highlighted image").click(), "i", ""),
}


@pytest.mark.parametrize(("change", "key", "said"), CHANGES.values(), ids=list(CHANGES))
def test_a_setting_changes_what_is_shown(tab: Open, change: Callable[[Tab], None], key: str, said: str):
    one = tab()
    one.page.locator("#sidebar summary").click()
    before = (one.badge(), one.strip(), one.text("#run-note"), one.page.locator("#strip .tile").count())
    change(one)
    one.quiet()
    after = (one.badge(), one.strip(), one.text("#run-note"), one.page.locator("#strip .tile").count())
    assert after != before
    assert key in one.address
    assert said in one.text("#caption")
    again = tab(one.page.url.partition("?")[2])
    assert again.badge() == one.badge()
    again.shows_images_of(one)


def test_another_data_set_and_back(tab: Open, mnist: str):
    one = tab()
    first = one.strip()
    one.choose("dataset", "mnist")
    one.quiet()
    assert one.state()["dataset"] == "mnist"
    assert "d" not in one.address
    assert one.strip() != first
    assert one.notices() == []
    one.slide("n_latent", 0)
    one.quiet()
    assert one.state()["n_latent"] == 2
    assert "N_z = 2" in one.text("#model-card")
    one.choose("dataset", "digits")
    one.quiet()
    one.slide("n_latent", 1)
    one.quiet()
    assert one.state()["n_latent"] == 10
    assert one.strip() == first


def test_a_run_under_the_pointer_shows_its_image_and_a_click_chooses_it(tab: Open):
    one = tab()
    box = one.page.locator("#plane-plot").bounding_box()
    assert box
    peek = one.page.locator("#plane-plot .peek")
    for x, y in [(x, y) for x in range(80, 480, 12) for y in range(40, 380, 12)]:
        one.page.mouse.move(box["x"] + x, box["y"] + y)
        if peek.is_visible():
            break
    run = int((peek.locator("span").text_content() or "").split()[1].rstrip(","))
    one.page.wait_for_function(
        """() => { const c = document.querySelector(".peek:not([hidden]) canvas");
          if (!(c?.width > 1)) return false;
          const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
          return data.some((v) => v > 0 && v < 255); }"""
    )
    assert run != one.state()["sample"]
    one.page.mouse.down()
    one.page.mouse.up()
    one.quiet()
    assert one.state()["sample"] == run
    assert f"image {run}" in one.text("#run-note")


def test_a_choice_is_made_with_the_arrow_keys(tab: Open):
    one = tab()
    one.widget("noise_kind").locator('[aria-checked="true"]').focus()
    one.page.keyboard.press("ArrowRight")
    one.widget("noise").locator("input").focus()
    one.page.keyboard.press("ArrowRight")
    one.quiet()
    assert (one.state()["noise_kind"], one.state()["noise"]) == ("invert", 0.325)
    assert one.page.evaluate("() => document.activeElement.type") == "range"


def test_a_server_that_cannot_be_reached_is_said_and_comes_back(tab: Open):
    one = tab()
    one.page.route(CALLBACKS, lambda route: route.abort())
    one.choose("label", "2")
    one.page.wait_for_function("() => document.querySelectorAll('#notices .notice').length > 0")
    assert "server" in one.notices()[0]
    one.page.unroute(CALLBACKS)
    one.choose("label", "3")
    one.quiet()
    assert one.notices() == []
    assert "runs of ‘3’" in one.text("#caption")
    assert one.wrong
    one.wrong.clear()  # the errors that this test made


def test_latent_units_that_are_not_here_are_offered(tab: Open):
    one = tab("d=digits&nz=7")
    assert any("N_z = 7" in note for note in one.notices())
    one.page.wait_for_function("() => /about|under a minute/.test(document.querySelector('.job .text').textContent)")
    assert one.page.get_by_role("button", name="Train it").is_visible()
    assert one.state()["n_latent"] == 10
