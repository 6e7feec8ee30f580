"""A lesson that is led live: one presenter and five learners, by mouse and by keyboard alone."""

from collections.abc import Callable, Sequence
from typing import Any

from playwright.sync_api import Route, TimeoutError

from dashboard.lesson import Frame, Lesson, packed
from tests.browser.conftest import Open
from tests.browser.tab import FILMS, PHONE, Tab, asks

SCREEN = "v=3&d=digits&nz=10"
LESSON = packed(
    Lesson("Noise", (Frame(f"{SCREEN}&p=0.1", "Little noise.", "stage"), Frame(f"{SCREEN}&p=0.8", "", "label")))
)
PREDICTED = ("I", "II", "II", "III", "II")
HELD = "The presenter holds all screens."
Press = Callable[[Tab, str], None]


def hold_back_films(route: Route) -> None:
    """Nobody waits for them here: what six tabs ask at once is not computed."""
    if not asks(route.request, *FILMS):
        route.continue_()


def light(tab: Open, **options: Any) -> Tab:
    one = tab(None, **options)
    one.page.route("**/_dash-update-component", hold_back_films)
    return one


def present(tab: Open, press: Press) -> Tab:
    """A tab that leads the lesson."""
    one = light(tab, viewport={"width": 1280, "height": 720})
    one.page.goto(f"{one.server}/?lesson={LESSON}")
    one.page.locator("#lesson-options button").first.wait_for()
    press(one, "#live-begin")
    one.page.locator("#live-code:not(:empty)").wait_for()
    return one


def code_of(presenter: Tab) -> str:
    return presenter.text("#live-code").replace(" ", "")


def join_by_link(tab: Open, presenter: Tab, i: int) -> Tab:
    one = light(tab, viewport={"width": 700, "height": 500}) if i else light(tab, **PHONE)
    one.page.goto(presenter.page.locator("#live-link").input_value())
    one.page.locator("#lesson-options button").first.wait_for()
    return one


def shows(one: Tab, selector: str, text: str) -> None:
    """Wait until an element has a text."""
    try:
        is_so = (
            "([selector, text]) => document.querySelector(selector)?.textContent.replaceAll('\\u00a0', ' ') === text"
        )
        one.page.wait_for_function(is_so, arg=[selector, text])
    except TimeoutError as error:
        raise AssertionError(f"{selector} is {one.text(selector)!r}, not {text!r}; {one.text('#notices')}") from error


def tally(presenter: Tab, count: str, answers: Sequence[str]) -> None:
    """Wait until so many learners are counted, and so many answers by their names."""
    shows(presenter, "#live-count", count)
    shows(presenter, "#live-tally", "".join(answers))


def lesson(tab: Open, press: Press, learners: Sequence[Tab], presenter: Tab) -> None:
    """Predict, count, hold, reveal, release."""
    tally(presenter, "5 learners, 0 answered", ("I0", "II0", "III0"))
    for one, answer in zip(learners, PREDICTED, strict=True):
        press(one, f"#lesson-options button:nth-child({len(answer)})")
    tally(presenter, "5 learners, 5 answered", ("I1", "II3", "III1"))
    press(presenter, "#live-hold")
    press(presenter, "#lesson-next")
    for one in learners:
        shows(one, "#lesson-place", "2 of 2")
        shows(one, "#lesson-held", HELD)
        assert not one.page.locator("#lesson-back").is_visible()
        one.page.locator("#lesson-options button").first.wait_for()
        assert dict(pair.split("=") for pair in one.page.url.partition("?")[2].split("&"))["join"] == code_of(presenter)
    for one, answer in ((learners[0], 6), (learners[1], 6), (learners[2], 0)):
        press(one, f"#lesson-options button:nth-child({answer + 1})")
        shows(one, "#lesson-solution", f"Your answer: {answer}. The solution is still to come.")
    tally(presenter, "5 learners, 3 answered", [f"{i}{(1, 0, 0, 0, 0, 0, 2, 0, 0, 0)[i]}" for i in range(10)])
    covered = "() => document.documentElement.hasAttribute('data-covered')"
    assert [one.page.evaluate(covered) for one in (*learners, presenter)] == [True] * 6
    press(presenter, "#live-reveal")
    for one in (*learners, presenter):
        one.page.wait_for_function("() => !document.documentElement.hasAttribute('data-covered')")
    press(presenter, "#live-hold")
    for one in learners:
        shows(one, "#lesson-held", "")
    press(learners[3], "#lesson-back")
    shows(learners[3], "#lesson-place", "1 of 2")
    shows(learners[4], "#lesson-place", "2 of 2")


def by_mouse(one: Tab, selector: str) -> None:
    one.page.click(selector)


def by_keyboard(one: Tab, selector: str) -> None:
    """Tab until the focus is there, which can be seen; then Enter."""
    reach(one, selector)
    one.page.keyboard.press("Enter")


IS_THERE = "(selector) => document.activeElement.matches(selector) && document.activeElement.matches(':focus-visible')"
IS_BEFORE = """(selector) => document.activeElement.compareDocumentPosition(document.querySelector(selector))
  & Node.DOCUMENT_POSITION_PRECEDING"""


def reach(one: Tab, selector: str) -> None:
    """The way round that is shorter."""
    key = "Shift+Tab" if one.page.evaluate(IS_BEFORE, selector) else "Tab"
    for _ in range(60):
        if one.page.evaluate(IS_THERE, selector):
            return
        one.page.keyboard.press(key)
    raise AssertionError(f"The keyboard does not reach {selector}.")


def test_a_lesson_by_mouse(tab: Open):
    presenter = present(tab, by_mouse)
    link = presenter.page.locator("#live-link").input_value()
    assert link == f"{presenter.server}/?join={code_of(presenter)}"
    presenter.page.wait_for_function("() => document.querySelector('#live-qr').naturalWidth > 0")
    learners = [join_by_link(tab, presenter, i) for i in range(5)]
    lesson(tab, by_mouse, learners, presenter)
    assert [one.context.cookies() for one in (*learners, presenter)] == [[]] * 6
    # a reload is the same learner, whose first answer counts, and the same presenter
    one = learners[0]
    one.page.reload()
    shows(one, "#lesson-place", "2 of 2")
    press_again = one.page.locator("#lesson-options button:nth-child(3)")
    press_again.click()
    shows(one, "#notices p", "Your answer to this question was 6: the first one counts.")
    one.wrong = [wrong for wrong in one.wrong if "409" not in wrong]
    presenter.page.reload()
    tally(presenter, "5 learners, 3 answered", [f"{i}{(1, 0, 0, 0, 0, 0, 2, 0, 0, 0)[i]}" for i in range(10)])
    presenter.page.on("dialog", lambda dialog: dialog.accept())
    presenter.page.click("#live-end")
    shows(
        one,
        "#notices .notice:last-child p",
        "This lesson is over: it was ended, or the server was restarted. Go on by yourself, or leave it.",
    )
    for each in learners:
        each.page.wait_for_function("() => !document.documentElement.dataset.live")
        each.wrong = [wrong for wrong in each.wrong if "404" not in wrong]


def test_a_lesson_by_keyboard_alone(tab: Open):
    presenter = present(tab, by_keyboard)
    assert presenter.page.evaluate("() => document.activeElement.id") == "live-hold"
    learners = [join_by_link(tab, presenter, i) for i in range(1, 5)]
    one = light(tab, viewport={"width": 1000, "height": 700})
    one.page.goto(f"{one.server}/?{SCREEN}")
    one.page.wait_for_function("() => window.latent && latent.isSettled()")
    by_keyboard(one, "#open-lesson")
    reach(one, "#live-join-code")
    one.page.keyboard.type("333333")
    one.page.keyboard.press("Enter")
    shows(
        one,
        "#live-join-state",
        "No lesson has this code. Codes are forgotten after a day: ask the presenter for the new one.",
    )
    one.wrong = [wrong for wrong in one.wrong if "404" not in wrong]
    one.page.keyboard.press("Control+A")
    one.page.keyboard.type(presenter.text("#live-code").lower())
    by_keyboard(one, "#live-join")
    shows(one, "#lesson-place", "1 of 2")
    assert one.page.evaluate("() => document.activeElement.id") == "lesson-title"
    lesson(tab, by_keyboard, [*learners, one], presenter)
    link = presenter.page.locator("#live-link").input_value()
    # over plain HTTP there is neither clipboard nor camera: a link is marked, a photograph is a file
    presenter.page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    for button, field in (("#live-copy", "#live-link"), ("#copy-link", "#notices input")):
        reach(presenter, button)
        presenter.page.evaluate("() => document.querySelector('#live-link').setSelectionRange(0, 0)")
        presenter.page.keyboard.press("Enter")
        shows(presenter, button, "Selected")
        assert presenter.page.evaluate("(field) => document.activeElement.matches(field)", field)
        assert presenter.page.evaluate("() => getSelection().toString()") == link
    assert presenter.page.locator("#pad-files input[type=file][accept='image/*'][capture=environment]").count() == 1
    by_keyboard(presenter, "#live-enlarge")
    assert presenter.page.locator("#live-large").is_visible()
    assert presenter.barriers() == []
    presenter.page.keyboard.press("Escape")
    assert presenter.page.evaluate("() => document.activeElement.id") == "live-enlarge"
    assert presenter.barriers() == []
    assert one.barriers() == []
