"""The pages in Japanese, on every page and in what the server answers later; and from right to left."""

import re
from collections.abc import Callable

import pytest

from tests.browser.conftest import Open
from tests.browser.paper import article, drawn
from tests.browser.tab import PHONE, Tab
from tests.browser.test_models_page import models

# Whatever a page can show: what is folded or hidden now, too.
TEXTS = """() => {
  const skip = "code, pre, script, style, [lang]:not(html), [translate=no]", found = new Set();
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (!walk.currentNode.parentElement.closest(skip)) found.add(walk.currentNode.data);
  for (const name of ["title", "aria-label", "placeholder", "alt"])
    for (const e of document.querySelectorAll(`[${name}]`)) if (!e.closest(skip)) found.add(e.getAttribute(name));
  return [...found].map((text) => text.trim()); }"""
NAMES = set(re.findall("[A-Za-z]+", """
    Latent Trajectories MNIST mnist Fashion fashion PCA VAE ELBO SEM Nagano Karakida Okada Sci Rep arXiv Agresti Coull
    Adam Glorot Bernoulli tanh log nats III PNG SVG CSV NPZ JSON HTML ZIP MP GIF URL GPU CPU Chrome Firefox Edge Safari
    JavaScript Esc Shift Page Up Down Space"""))  # fmt: skip
"""Latin words of three letters and more that a Japanese text may have."""
IDENTIFIER = re.compile(r"[\w.-]*[\d_./=-][\w./=-]*")  # of models, files, settings in links


def english(one: Tab) -> list[str]:
    """The texts of a page that have a word of English."""
    texts = one.page.evaluate(TEXTS)
    return sorted(t for t in texts if set(re.findall("[A-Za-z]{3,}", IDENTIFIER.sub(" ", t))) - NAMES)


def explorer(one: Tab) -> Tab:
    return one.open("d=digits&nz=10&lang=ja")


def page_of_article(one: Tab) -> Tab:
    return article(one, "?lang=ja")


def page_of_figure(one: Tab) -> Tab:
    one.page.goto(f"{one.server}/paper/fig4a?model=digits-nz10-seed0&n_runs=20&lang=ja")
    return drawn(one)


def page_of_models(one: Tab) -> Tab:
    return models(one, "?a=fashion-nz10-seed0&b=digits-nz10-seed0&lang=ja")


PAGES: list[Callable[[Tab], Tab]] = [explorer, page_of_article, page_of_figure, page_of_models]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_in_japanese_has_no_english(tab: Open, page: Callable[[Tab], Tab]):
    one = page(tab(None))
    assert one.page.evaluate("document.documentElement.lang") == "ja"
    assert english(one) == []
    assert one.too_wide() <= 0
    one.page.set_viewport_size(PHONE["viewport"])
    one.page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")  # plotly takes its time


def test_the_header_leads_to_the_same_screen_in_the_other_language(tab: Open):
    one = explorer(tab(None))
    one.slide("noise", 0.8)
    one.quiet()
    stage = one.text("#stage-name")
    japanese = one.text("#caption")
    one.page.get_by_role("link", name="English").click()
    one.page.wait_for_url("**lang=en**")
    one.quiet()
    assert one.page.evaluate("document.documentElement.lang") == "en"
    assert (one.state()["noise"], one.text("#stage-name")) == (0.8, stage)
    assert one.text("#caption").startswith("With 80 % of the pixels permuted")
    assert sorted(re.findall(r"\d+", japanese)) == sorted(re.findall(r"\d+", one.text("#caption")))


def test_the_language_goes_along_from_page_to_page(tab: Open):
    one = explorer(tab(None))
    for address in ("models/", "?"):
        one.page.locator(f"nav a[href*='{address}']").last.click()
        one.page.wait_for_url(f"**/{address}**")
        one.page.wait_for_selector("h1")
        assert one.page.evaluate("document.documentElement.lang") == "ja"
        assert one.page.locator("nav a").first.text_content() == "探索"


def test_a_browser_has_the_pages_in_its_language(tab: Open):
    one = tab(None, locale="ja-JP").first_screen()
    assert one.page.evaluate("document.documentElement.lang") == "ja"
    assert "lang" not in one.address


@pytest.mark.parametrize("address", ["?d=digits&nz=10&p=7&", "paper/fig3?model=digits-nz10-seed0&noise=7&"])
def test_a_bad_link_is_refused_in_japanese(tab: Open, address: str):
    one = tab(None)
    one.page.goto(f"{one.server}/{address}lang=ja")
    one.page.locator("#notices .notice", has_text="0から1までの数でなければならず、'7'は使えません").wait_for()


def test_a_bad_setting_of_a_training_is_refused_in_japanese(tab: Open):
    one = page_of_models(tab(None))
    one.page.fill("#train-n_latent", "many")
    one.page.click("#train")
    notice = one.page.locator("#notices .notice p")
    notice.wait_for()
    assert "many" in (notice.text_content() or "")
    assert "must be" not in (notice.text_content() or "")


# The direction of the page as a language has it that is written from right to left.
FROM_THE_RIGHT = "addEventListener('DOMContentLoaded', () => { document.documentElement.dir = 'rtl'; });"


def test_from_right_to_left_sliders_and_the_clock_go_as_they_did(tab: Open):
    one = tab(None)
    one.page.add_init_script(FROM_THE_RIGHT)
    one.open("d=digits&nz=10&p=0.3")
    assert one.page.evaluate("getComputedStyle(document.querySelector('main')).direction") == "rtl"
    assert one.too_wide() <= 0
    for slider, value in (("[data-field=noise] input[type=range]", "0.325"), ("#scrubber input", "1")):
        field = one.page.locator(slider).first
        if slider == "#scrubber input":
            field.evaluate("(e) => { e.value = 0; e.dispatchEvent(new Event('input', { bubbles: true })); }")
        field.focus()
        one.page.keyboard.press("ArrowRight")
        assert field.input_value() == value
        box = field.bounding_box()
        assert box
        one.page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
        low, high = (float(field.get_attribute(name) or 0) for name in ("min", "max"))
        assert float(field.input_value()) > low + 0.8 * (high - low)  # the right end is still the high one
    one.quiet()
    for panel in ("plane", "curves", "stage"):
        assert one.colours(panel) > 10
