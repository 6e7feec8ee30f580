"""An image of one's own, a cover and a damage on the way: drawn, shown, kept in the link, taken back."""

from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import Open
from tests.browser.tab import PHONE, Tab
from tests.test_own_image import drawn, moving, png

SEVEN = [[(70, 60), (210, 60), (130, 230)]]
BAR = [[(2, y), (278, y)] for y in (190, 215, 240, 265)]
PICTURE = "(e) => e.toDataURL()"
READY = "() => !document.querySelector('#pad-use').disabled"


def draw(one: Tab, strokes: list[list[tuple[int, int]]]) -> None:
    """Strokes on the pad, with the mouse."""
    box: Any = one.page.locator("#pad").bounding_box()
    scale = box["width"] / 280
    for (x, y), *rest in strokes:
        one.page.mouse.move(box["x"] + x * scale, box["y"] + y * scale)
        one.page.mouse.down()
        for x_to, y_to in rest:
            one.page.mouse.move(box["x"] + x_to * scale, box["y"] + y_to * scale, steps=8)
        one.page.mouse.up()


def ready(one: Tab) -> Tab:
    """Wait until what is on the pad can be used."""
    one.page.wait_for_function(READY)
    return one


def used(one: Tab) -> Tab:
    ready(one).page.click("#pad-use")
    return one.quiet()


def test_a_digit_that_is_drawn_is_the_start_of_the_run_here_and_in_another_browser(tab: Open):
    one = tab("d=digits&nz=10&t=3")
    before = one.strip()
    one.page.click("#open-drawing")
    assert one.barriers() == []
    draw(one, SEVEN)
    ready(one)
    assert one.page.locator("#pad-labels [aria-checked=true]").text_content() == "7"
    assert one.barriers() == []
    one.page.locator("#pad-labels button").nth(1).click()
    used(one)
    state = one.state()
    assert (state["label"], len(state["own"])) == (1, 43)
    assert "an image of your own" in one.text("#run-note")
    assert one.strip() != before
    assert len(one.page.url) < 2000
    other = tab(one.page.url.partition("?")[2])
    other.shows_images_of(one)
    assert other.text("#run-note") == one.text("#run-note")
    other.page.get_by_role("button", name="your own image: back to image 40").click()
    other.quiet()
    one.page.click("#open-gallery")
    one.page.click('#gallery-images [aria-label="Image 40"]')  # the number that the state has already
    one.quiet()
    other.shows_images_of(one)
    assert other.state()["own"] == ""
    assert "image 40" in other.text("#run-note")
    assert not other.page.locator("#own-row").is_visible()


def test_a_file_that_is_no_picture_is_refused_in_the_dialog_and_drawing_goes_on(tab: Open):
    one = tab()
    one.page.click("#open-drawing")
    chooser = one.page.locator("#pad-files input").first
    for name, content, words in (("a.txt", b"words", "no picture"), ("a.gif", moving(), "moves")):
        chooser.set_input_files({"name": name, "mimeType": "image/png", "buffer": content})
        one.page.wait_for_function(
            "(words) => document.querySelector('#pad-state').textContent.includes(words)", arg=words
        )
        assert not one.page.evaluate(READY)
    assert len(one.wrong) == 4, one.wrong  # each refused: by the server, and as the console says
    one.wrong.clear()
    chooser.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": bytes(10_000_001)})
    assert "larger than 10 MB" in one.text("#pad-state")
    chooser.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png(drawn())})
    ready(one)
    assert one.text("#pad-state") == ""
    draw(one, SEVEN)
    ready(one)
    assert one.page.locator("#pad-labels [aria-checked=true]").text_content() == "7"
    one.page.click("#pad-clear")
    assert not one.page.evaluate(READY)
    one.page.keyboard.press("Escape")
    assert one.state()["own"] == ""


def test_late_answers_about_what_came_before_are_not_shown(tab: Open):
    one = tab()
    one.page.click("#open-drawing")
    held: list[Any] = []
    one.page.route("**/own-image/**", lambda route: held.append(route))
    chooser = one.page.locator("#pad-files input").first
    files = [png(drawn()), png(np.ascontiguousarray(drawn()[::-1]))]
    acts = [lambda f=f: chooser.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": f}) for f in files]
    acts += [lambda s=s: draw(one, s) for s in (SEVEN, [[(20, 20), (20, 260)]])]
    for first in (0, 2):
        for count, act in enumerate(acts[first : first + 2], first + 1):
            act()
            while len(held) < count:
                one.page.wait_for_timeout(20)
        held[first + 1].continue_()
        ready(one)
        shown = one.page.locator("#pad-preview").evaluate(PICTURE)
        held[first].continue_()
        one.page.wait_for_timeout(300)
        assert one.page.locator("#pad-preview").evaluate(PICTURE) == shown


@pytest.mark.parametrize("look", ["light", "dark"])
def test_what_is_covered_is_black_at_first(tab: Open, look: Any):
    one = tab("d=digits&nz=10&p=0", color_scheme=look)
    one.page.click("#open-drawing")
    one.page.get_by_role("radio", name="Cover parts of the image").click()
    assert one.barriers() == []
    draw(one, BAR)
    used(one)
    tiles = one.page.evaluate(
        """() => { const c = document.querySelector("#strip canvas");
          const { data } = c.getContext("2d").getImageData(0, 0, 8, 8);
          return Array.from({ length: 64 }, (_, i) => data[4 * i]); }"""
    )
    assert max(tiles[48:]) == 0
    assert max(tiles[:40]) > 100
    assert "partly covered" in one.text("#run-note")
    one.choose("label", "3")
    one.quiet()
    assert one.state()["covered"] == ""


def test_a_run_is_damaged_on_its_way_and_its_former_future_stays(tab: Open):
    one = tab("d=digits&nz=10&p=0.3&t=0")
    one.page.click("#damage summary")
    one.page.click("#damage-now")
    assert "Go to a step from 1 to 59 first" in one.notices()[0]
    one.page.evaluate("latent.player.set(2)")  # before it has come to rest
    one.quiet()
    whole = {name: one.picture(name) for name in ("plane", "landmark", "curves")}
    before = one.strip()
    one.page.click("#damage summary")
    one.page.click("#damage-now")
    one.page.wait_for_function("() => latent.player.playing && latent.player.t > 2")
    one.page.evaluate("latent.player.pause(), latent.player.set(2)")
    one.quiet()
    assert one.strip() != before
    assert "damaged again at t = 2, p = 0.3" in one.text("#run-note")
    assert "without its second damage" in one.text("#curves-note")
    with_future = {name: one.picture(name) for name in whole}
    other = tab(one.page.url.partition("?")[2])
    for name, picture in with_future.items():
        other.shows(name, picture)  # a link asks for the former future
    one.page.evaluate("latent.films.undamaged.at = () => null, latent.redraw()")
    for name in whole:
        assert one.picture(name) != with_future[name], name
    one.page.get_by_role("button", name="damaged at t = 2: undo it").click()
    one.quiet()
    for name, picture in whole.items():
        one.shows(name, picture)


def test_a_finger_draws_on_a_phone_and_nothing_is_cut_off(tab: Open):
    one = tab(**PHONE)
    one.page.click("#open-sidebar")
    one.page.click("#open-drawing")
    box: Any = one.page.locator("#drawing").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert one.page.evaluate("() => getComputedStyle(document.querySelector('#pad')).touchAction") == "none"
    draw(one, SEVEN)
    used(one)
    assert one.state()["own"]
    assert one.too_wide() <= 0
