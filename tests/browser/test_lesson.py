"""Lessons: made by mouse, taken by keyboard alone; nothing answers a question too early; a kiosk goes round."""

import re

from playwright.sync_api import Route

from dashboard.lesson import Frame, Lesson, packed
from tests.browser.conftest import Open
from tests.browser.tab import Tab, asks

SCREEN = "v=3&d=digits&nz=10&speed=4"
ANSWERING = "#caption, #stage-name, #stage-graph, #nearest-graph, #curves-graph, #run-note, #ticks, #tile-concept"


def link(*frames: Frame, hidden: tuple[str, ...] = (), seconds: int = 0) -> str:
    """The query of a lesson."""
    return f"lesson={packed(Lesson('Noise', frames, hidden, seconds))}"


def waits_for(one: Tab, selector: str, words: str) -> str:
    """The text of an element, once these words are in it."""
    one.page.locator(selector).filter(has_text=re.compile(words)).wait_for(state="attached")
    return one.text(selector)


def tab_to(one: Tab, selector: str) -> None:
    """Press the tab key until an element has the focus."""
    for _ in range(60):
        one.page.keyboard.press("Tab")
        if one.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"The tab key does not reach {selector}.")


def without_films(route: Route) -> None:
    """Nothing arrives that something would be drawn for besides what a test waits for."""
    if not asks(route.request, "film.data", "runfilm.data"):
        route.continue_()


def add(one: Tab, caption: str, ask: str = "") -> None:
    """Add the screen of now in the dialog, by mouse."""
    one.page.click("#open-lesson")
    one.page.click("#lesson-add")
    one.page.locator("#lesson-frames li:last-child input").fill(caption)
    one.page.locator("#lesson-frames li:last-child select").select_option(ask)


def made(tab: Open) -> str:
    """A lesson of three screens, made in the dialog; its link."""
    one = tab(SCREEN + "&p=0.1")
    add(one, "Little noise.")
    one.page.fill("#lesson-name", "Three kinds of noise")
    one.page.click("#lesson-done")
    one.slide("noise", 0.9)
    add(one, "Much noise.", "stage")
    one.page.click("#lesson-done")
    one.choose("label", "3")
    one.quiet()
    add(one, "One image.", "label")
    one.page.click("#lesson-frames li:nth-child(3) [data-act=up]")
    one.page.click("#lesson-frames li:nth-child(2) [data-act=down]")
    one.page.click("#lesson-editor summary")
    one.page.locator("[data-hides=n_latent] input").check()
    assert one.barriers() == []
    one.first_screen(SCREEN)  # what was begun survives
    one.page.click("#open-lesson")
    waits_for(one, "#lesson-link-state", "characters")
    return one.page.locator("#lesson-link").input_value().partition("?")[2]


def test_a_lesson_is_made_by_mouse_and_taken_by_keyboard(tab: Open):
    one = tab(made(tab))
    assert one.text("#lesson-title") == "Three kinds of noise"
    assert (one.text("#lesson-caption"), one.state()["noise"]) == ("Little noise.", 0.1)
    assert not one.widget("n_latent").is_visible()
    assert one.widget("label").is_visible()
    tab_to(one, "#lesson-next")
    one.page.keyboard.press("Enter")
    assert not any(each.is_visible() for each in one.page.locator(ANSWERING).all())
    waits_for(one, "#lesson-caption", "Much noise")
    one.quiet()
    assert one.clock() == 0
    for key in ("End", "ArrowRight", " ", "4"):
        one.page.keyboard.press(key)
    assert (one.clock(), one.state()["label"]) == (0, 6)
    assert one.page.locator("#save-all, #share, #pin").evaluate_all("all => all.map((one) => one.inert)") == [True] * 3
    assert not any(each.is_visible() for each in one.page.locator(ANSWERING).all())
    assert one.barriers() == []
    tab_to(one, "#lesson-options button:nth-child(1)")
    one.page.keyboard.press("Enter")
    assert re.fullmatch(r"You said I\. It is III: With 90 % of .*", waits_for(one, "#lesson-solution", "It is"))
    assert one.clock() == 60
    assert all(each.is_visible() for each in one.page.locator("#caption, #stage-graph").all())
    assert not one.page.locator("#save-all").evaluate("one => one.inert")
    one.page.reload()
    one.quiet()
    assert (one.text("#lesson-place"), one.clock()) == ("2 of 3", 0)  # nothing was stored: it is asked again
    tab_to(one, "#lesson-leave")
    one.page.keyboard.press("Enter")
    one.quiet()
    assert one.widget("n_latent").is_visible()
    assert one.page.locator("#caption").is_visible()
    one.page.wait_for_function("() => !location.search.includes('lesson')")
    assert one.state()["noise"] == 0.9


def test_the_classifier_says_what_an_image_became_and_an_answer_is_held_back(tab: Open):
    one = tab(None)
    one.page.route("**/_dash-update-component", without_films)
    one.open(link(Frame(SCREEN + "&p=0.1&label=3", "One image.", "label"), Frame(SCREEN)) + "&frame=1")
    hold = "async (held) => (await import('#lesson')).setHeld({ held, revealed: false, sentence: 'Wait.' })"
    one.page.evaluate(hold, True)
    assert one.page.locator("#lesson-next").is_disabled()
    one.page.locator("#lesson-options button").nth(5).click()
    waits_for(one, "#lesson-solution", "Your answer: 5")
    one.quiet()
    assert (one.clock(), one.text("#lesson-held")) == (0, "Wait.")
    assert not one.page.locator("#caption").is_visible()
    one.page.evaluate(hold, False)
    assert re.match(r"You said 5\. It is \d, as the classifier", waits_for(one, "#lesson-solution", "It is"))
    one.page.click("#lesson-next")
    one.quiet()
    one.page.click("#lesson-back")
    assert "You said 5" in waits_for(one, "#lesson-solution", "It is")  # an answer is kept for the visit


def test_a_kiosk_goes_round_and_waits_for_who_touches_it(tab: Open):
    one = tab(None, reduced_motion="reduce")
    one.page.clock.install()
    one.open(link(Frame(SCREEN + "&p=0.1"), Frame(SCREEN + "&p=0.9"), seconds=30))

    def comes(place: str, seconds: int) -> None:
        one.page.locator("#lesson[data-kiosk=plays]").wait_for()
        one.page.clock.run_for(6_100)  # in four steps: nothing may move
        one.page.locator("#lesson[data-kiosk=stays]").wait_for()
        one.page.clock.fast_forward(1000 * seconds)
        waits_for(one, "#lesson-place", place)

    comes("2 of 2", 31)
    comes("1 of 2", 31)
    one.page.locator("#lesson[data-kiosk=plays]").wait_for()
    one.page.clock.run_for(6_100)
    one.page.locator("#lesson[data-kiosk=stays]").wait_for()
    one.page.mouse.click(700, 5)
    one.page.clock.fast_forward(58_000)
    assert "1 of 2" in one.text("#lesson-place")
    one.page.clock.fast_forward(3_000)
    comes("2 of 2", 31)


def test_a_link_that_cannot_be_read_opens_the_first_screen(tab: Open):
    one = tab(None).first_screen("lesson=AAAA&p=0.5&d=digits&nz=10")
    assert one.notices() == [
        "The lesson in this link cannot be read: it is damaged. Ask whoever sent it for the link once more."
    ]
    assert not one.page.locator("#lesson").is_visible()
    assert one.state()["noise"] == 0.5
