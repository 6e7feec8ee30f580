"""What is on the screen belongs together, however late answers are: one question a route is open, the newest wins."""

import pytest
from playwright.sync_api import Route

from tests.browser.conftest import Open
from tests.browser.tab import PHONE, Tab
from tests.browser.test_film import QUERY
from tests.browser.test_lost_answers import Fault, question
from tests.browser.test_settings import CALLBACKS, Holding, without_films
from tests.processes import until

# Answers come 0.4 s late. A drag of p goes on for 2 s: 40 places of the slider.
LATE = """(() => { const send = window.fetch; window.asked = [];
window.fetch = async (...what) => {
  const route = /"output":"([^"]*)\\\\.data"/.exec((what[1] || {}).body || "")?.[1];
  if (route) window.asked.push(route);
  const reply = await send(...what);
  if (route === "run" || route === "ensemble") await new Promise((go) => setTimeout(go, 400));
  return reply;
}; })()"""
DRAG = """() => new Promise((done) => {
  const input = document.querySelector('.widget[data-field="noise"] input');
  let step = 0; window.asked = [];
  const move = () => {
    input.value = String(0.025 * step);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    if (++step <= 36) setTimeout(move, 50); else done(window.asked.length); };
  move(); })"""


def test_one_question_a_route_is_open_and_the_last_picture_comes_within_two_answers(tab: Open):
    one = tab(None)
    one.page.add_init_script(LATE)
    Holding(one, "runfilm", "film")
    one.open("d=digits&nz=10&seed=3")
    one.page.evaluate("() => { flow.most = {}; }")
    one.page.evaluate(DRAG)
    released = one.page.evaluate("() => window.asked.length")
    one.quiet()
    assert one.page.evaluate("() => [flow.most.run, flow.most.ensemble]") == [1, 1]
    after = one.page.evaluate("(n) => window.asked.slice(n)", released)
    assert after.count("run") <= 1  # the open one, and the last
    assert after.count("ensemble") <= 1
    assert one.page.evaluate("() => window.asked.filter((name) => name === 'run').length") <= 12
    assert one.page.evaluate("() => [latent.shownRun().from.noise, latent.films.ensembles.last.noise]") == [0.9, 0.9]
    assert "With 90 %" in one.text("#caption")


def test_a_question_for_another_label_does_not_wait_for_the_answer_before(tab: Open):
    one = without_films(tab)
    holding = Holding(one, "run", "ensemble")
    one.choose("label", "2")
    until(lambda: len(holding.held) == 2 or one.frame(), "both are held")
    holding.holds = False
    one.choose("label", "3")
    one.quiet()
    assert "of ‘3’" in one.text("#caption")
    holding.let_go()
    one.quiet()
    assert "of ‘3’" in one.text("#caption")


def test_who_lets_go_of_p_does_not_wait_for_what_it_passed(tab: Open):
    one = without_films(tab)
    one.page.evaluate("() => { latent.requests.patience = 1e9; }")  # nothing is asked again because it is late
    holding = Holding(one, "run", "ensemble")
    one.slide("noise", 0.5)
    until(lambda: len(holding.held) == 2 or one.frame(), "both are held")
    one.slide("noise", 0.7)
    one.page.evaluate("() => document.dispatchEvent(new Event('pointerup'))")
    until(lambda: len(holding.held) == 4 or one.frame(), "both are asked for the last p")
    holding.let_go()
    one.quiet()
    assert "With 70 %" in one.text("#caption")


def test_films_wait_for_what_is_still_missing_on_the_screen(tab: Open):
    one = tab(None)
    holding = Holding(one, "sweep")
    one.page.goto(f"{one.server}/?d=digits&nz=10")
    one.page.wait_for_function("() => window.latent?.films?.ensembles.last && latent.films.runs.last")
    one.page.wait_for_timeout(500)
    assert one.films_asked() == 0
    holding.let_go()
    one.filmed()
    assert one.films_asked() > 1


# Notes every label that the badge, the sentences and the chart tell of, frame by frame, beside that of the state.
WITNESS = """() => { window.seen = [];
  const read = (label) => {
    if (label !== latent.screen.state.label) return;
    const of = (text) => /[‘“](\\w+)[’”]/.exec(text)?.[1];
    const isDim = (s) => document.querySelector(s).classList.contains("stale");
    const caption = document.querySelector("#caption").textContent;
    const { noise_kind } = latent.screen.state, words = { permute: "permuted", invert: "inverted" };
    if (!isDim(".badge")) window.seen.push(["badge", String(label), of(caption)]);
    if (!isDim(".badge")) window.seen.push(["kind", words[noise_kind], /permuted|inverted/.exec(caption)?.[0]]);
    const [, , drawn] = latent.shown.sweep.scope.split(" ");
    if (!isDim(".stage-panel")) window.seen.push(["chart", String(label), drawn]);
  };
  const look = () => { // what is painted in this frame is read after it
    const { label } = latent.screen.state, { port1, port2 } = new MessageChannel();
    port1.onmessage = () => read(label);
    port2.postMessage(0);
    window.watching = requestAnimationFrame(look); };
  window.watching = requestAnimationFrame(look); }"""


def test_while_a_label_changes_badge_and_chart_never_tell_of_another(tab: Open):
    one = tab(QUERY)
    one.page.evaluate(WITNESS)
    holding = Holding(one, "ensemble", "sweep")
    for label in ("2", "3", "6"):
        one.choose("label", label)
        one.page.wait_for_timeout(200)
    until(lambda: len(holding.held) >= 2 or one.frame(), "they are held")
    holding.let_go()
    one.quiet()
    one.page.wait_for_timeout(100)
    seen = one.page.evaluate("() => { cancelAnimationFrame(window.watching); return window.seen; }")
    wrong = {tuple(each) for each in seen if each[2] is not None and each[1] != each[2]}
    assert wrong == set()
    assert {("badge", "6", "6"), ("chart", "6", "6")} <= {tuple(each) for each in seen}


def test_while_the_kind_of_noise_changes_the_sentence_never_tells_of_the_other(tab: Open):
    one = tab(QUERY)
    one.page.evaluate(WITNESS)
    holding = Holding(one, "ensemble", "sweep")
    one.choose("noise_kind", "invert")
    until(lambda: len(holding.held) >= 2 or one.frame(), "they are held")
    one.page.wait_for_timeout(200)
    holding.let_go()
    one.quiet()
    seen = one.page.evaluate("() => { cancelAnimationFrame(window.watching); return window.seen; }")
    kinds = {tuple(each) for each in seen if each[0] == "kind"}
    assert kinds == {("kind", "inverted", "inverted")} or kinds == {
        ("kind", "permuted", "permuted"),
        ("kind", "inverted", "inverted"),
    }


def peek(one: Tab) -> None:
    """Put the pointer on a run of the plane."""
    box = one.page.locator("#plane-plot").bounding_box()
    assert box
    for x, y in [(x, y) for x in range(60, int(box["width"]), 14) for y in range(30, int(box["height"]) - 40, 14)]:
        one.page.mouse.move(box["x"] + x, box["y"] + y)
        if one.page.locator("#plane-plot .peek").is_visible():
            return
    raise AssertionError("There is no run under the pointer.")


PEEKED = """() => { const c = document.querySelector("#plane-plot .peek canvas");
  const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
  return c.width > 1 && data.some((v) => v > 0 && v < 255); }"""


def test_a_picture_that_comes_late_is_not_shown_at_another_p(tab: Open):
    one = tab(QUERY).filmed()
    holding = Holding(one, "image")
    peek(one)
    until(lambda: holding.held or one.frame(), "it is asked")
    one.slide("noise", 0.9)
    one.quiet_but_open()
    holding.let_go()
    one.page.wait_for_timeout(200)
    assert one.page.evaluate(PEEKED) is False or not one.page.locator("#plane-plot .peek").is_visible()


def test_a_lost_settled_is_asked_again_before_anything_else(tab: Open):
    one = tab(None)
    fault = Fault(one, question("settled"), lambda route: route.abort("connectionreset"), times=2)
    order: list[str] = []
    one.page.on(
        "request",
        lambda request: (
            order.append(request.post_data.split('"output":"')[1].split(".")[0])
            if "_dash-update" in request.url and '"output":"' in (request.post_data or "")
            else None
        ),
    )
    one.open("d=digits&nz=10")
    assert fault.asked == 3
    assert [name for name in order if name in ("settled", "run", "ensemble", "sweep")][:4] == ["settled"] * 3 + ["run"]
    one.wrong.clear()


def test_offline_while_the_data_set_changes_nothing_of_the_old_one_is_shown_as_the_new_one(tab: Open, mnist: str):
    one = tab("d=digits&nz=10").filmed()
    one.page.route(CALLBACKS, lambda route: route.abort())
    one.choose("dataset", "mnist")
    one.page.wait_for_function("() => document.querySelectorAll('#notices .notice').length > 0")
    one.page.wait_for_timeout(1500)  # the address would be written meanwhile
    assert one.state()["dataset"] == "mnist"
    for panel in ("landmark", "plane", "nearest", "curves", "stage"):
        assert "stale" in (one.page.get_attribute(f".{panel}-panel", "class") or ""), panel
    one.page.unroute(CALLBACKS)
    one.quiet()
    assert one.page.evaluate("() => [latent.screen.facts.model, latent.shownRun().from.shape]") == [
        "mnist-nz10-seed0",
        [28, 28],
    ]
    assert "d" not in one.address
    one.wrong.clear()


LOGIN = "<!doctype html><title>Log in</title><form>Log in to go on</form>"


@pytest.mark.parametrize(("status", "kind", "body"), [(200, "text/html", LOGIN), (403, "text/html", LOGIN)])
def test_a_page_to_log_in_is_said_with_a_button_that_loads_the_page_again(tab: Open, status: int, kind: str, body: str):
    one = tab("d=digits&nz=10").filmed()

    def answer(route: Route) -> None:
        route.fulfill(status=status, content_type=kind, body=body)

    one.page.route(CALLBACKS, answer)
    one.choose("label", "2")
    button = one.page.get_by_role("button", name="Reload").first
    button.wait_for()
    assert "Reload the page." in " ".join(one.notices())
    asked = len(one.requests)
    one.page.wait_for_timeout(1500)
    assert len(one.requests) - asked <= 2  # it does not ask on and on
    one.page.unroute(CALLBACKS)
    with one.page.expect_navigation():
        button.click()
    one.quiet()
    assert one.state()["label"] == 2
    one.wrong.clear()


def test_back_within_300_ms_of_a_change_comes_to_what_was_left(tab: Open):
    one = tab("d=digits&nz=10")
    one.slide("noise", 0.7)
    one.page.get_by_role("link", name="Paper").first.click()
    one.page.wait_for_selector("#figure-stages")
    one.page.go_back()
    one.quiet()
    assert one.state()["noise"] == 0.7
    assert one.address["p"] == "0.7"


def test_a_change_just_before_the_page_is_left_by_its_address_is_not_lost(tab: Open):
    one = tab("d=digits&nz=10")
    one.slide("noise", 0.65)
    one.page.goto(f"{one.server}/models/")
    one.page.go_back()
    one.quiet()
    assert one.state()["noise"] == 0.65


@pytest.mark.parametrize("how", ["mouse", "finger"])
def test_a_click_and_a_tap_choose_a_run(tab: Open, how: str):
    one = tab(QUERY, **(PHONE if how == "finger" else {}))
    run, x, y = one.lonely_run()
    if how == "finger":
        one.page.touchscreen.tap(x, y)
    else:
        one.page.mouse.click(x, y)
    one.quiet()
    assert one.state()["sample"] == run
    assert f"image {run}" in one.text("#run-note")
