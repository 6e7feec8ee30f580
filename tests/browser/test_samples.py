"""The highlighted image is chosen by its picture, by its number or at random."""

from tests.browser.conftest import Open
from tests.browser.tab import Tab

PICTURE = "(e) => (e.tagName === 'CANVAS' ? e : e.querySelector('canvas')).toDataURL()"


def opened(one: Tab) -> Tab:
    """Open the pictures and wait for them."""
    one.page.click("#open-gallery")
    one.page.wait_for_selector("#gallery-images button")
    return one


def test_an_image_is_chosen_by_its_picture(tab: Open):
    one = opened(tab())
    buttons = one.page.locator("#gallery-images button")
    assert buttons.count() == 100
    chosen = one.page.locator('#gallery-images [aria-pressed="true"]')
    assert chosen.get_attribute("aria-label") == "Image 40"
    picture = buttons.nth(7).evaluate(PICTURE)
    buttons.nth(7).click()
    one.quiet()
    assert one.state()["sample"] == 7
    assert chosen.get_attribute("aria-label") == "Image 7"
    assert one.page.locator("#tile-clean canvas").evaluate(PICTURE) == picture
    one.page.click("#open-gallery")
    assert not one.page.locator("#gallery-images").is_visible()


def test_the_pictures_are_those_of_the_label(tab: Open):
    one = opened(tab())
    pictures = "() => Array.from(document.querySelectorAll('#gallery-images canvas'), (e) => e.toDataURL()).join()"
    before = one.page.evaluate(pictures)
    one.choose("label", "2")
    one.quiet()
    after = one.page.evaluate(pictures)
    assert after != before
    again = opened(tab(one.page.url.partition("?")[2]))
    assert again.page.evaluate(pictures) == after


def test_an_image_at_random_is_another_one(tab: Open):
    one = tab("d=digits&nz=10&i=0")
    for chance, sample in ((0.0, 1), (0.0, 0), (0.999, None)):
        one.page.evaluate("(chance) => { Math.random = () => chance; }", chance)
        one.page.click("#random-sample")
        limit = one.page.evaluate("() => latent.screen.facts.limits.sample")
        assert one.state()["sample"] == (limit if sample is None else sample)
    one.quiet()


def test_the_number_of_an_image_stays_within_what_the_model_holds(tab: Open):
    one = tab("d=digits&nz=10&i=3")
    limit = one.page.evaluate("() => latent.screen.facts.limits.sample")
    number = one.widget("sample").locator("input")
    for typed, sample in (("17", 17), ("9999", limit), ("", limit), ("-4", 0)):
        number.fill(typed)
        number.press("Enter")
        assert one.state()["sample"] == sample
    one.page.get_by_role("button", name="Previous highlighted image").click()
    assert one.state()["sample"] == limit
    one.quiet()
