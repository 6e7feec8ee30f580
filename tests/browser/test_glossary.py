"""Terms and their definitions, on every page: hovered, focused, tapped, dismissed."""

from typing import Any

import pytest

from dashboard.glossary import ENTRIES
from dashboard.languages import catalogues
from dashboard.terms import lexicon, parts
from tests.browser.conftest import Open
from tests.browser.tab import LOOKS, PHONE, Tab

PAGES = {"": "#caption", "paper/": ".paper", "models/": ".models"}
EVERY_PAGE = pytest.mark.parametrize(("page", "place"), PAGES.items(), ids=["explorer", "paper", "models"])
ANY_LOOK = pytest.mark.parametrize("look", LOOKS.values(), ids=list(LOOKS))
POPOVER = "#definition"
SENTENCES = {entry.name: entry.definition for entry in ENTRIES}


def opened(tab: Open, page: str, **options: Any) -> Tab:
    """A page with its terms."""
    one = tab(None, **options)
    if not page:
        return one.first_screen()
    one.page.goto(f"{one.server}/{page}")
    one.page.wait_for_selector(f"{PAGES[page]} .term")
    one.page.wait_for_load_state("networkidle")
    return one


def shows(one: Tab, term: Any) -> None:
    """Wait until the popover says what a term means; it is within the window, and the term's description."""
    one.page.wait_for_selector(POPOVER)
    name = term.get_attribute("data-term")
    assert one.text(f"{POPOVER} strong") == name
    assert one.text(f"{POPOVER} span") == SENTENCES[name]
    assert term.get_attribute("aria-describedby") == "definition"
    assert one.page.locator(POPOVER).evaluate(
        """(e) => { const box = e.getBoundingClientRect(), { clientWidth, clientHeight } = document.documentElement;
          return box.left >= 0 && box.top >= 0 && box.right <= clientWidth && box.bottom <= clientHeight; }"""
    )


def is_hidden(one: Tab) -> None:
    one.page.wait_for_selector(POPOVER, state="hidden")
    assert one.page.locator("[aria-describedby=definition]").count() == 0


@EVERY_PAGE
def test_a_term_can_be_hovered(tab: Open, page: str, place: str):
    one = opened(tab, page)
    term = one.page.locator(f"{place} .term").first
    term.hover()
    shows(one, term)
    one.page.hover(POPOVER)  # who reads it may point at it
    one.page.wait_for_timeout(300)
    shows(one, term)
    one.page.mouse.move(2, 2)
    is_hidden(one)


@EVERY_PAGE
def test_a_term_can_be_focused_and_dismissed(tab: Open, page: str, place: str):
    one = opened(tab, page)
    term = one.page.locator(f"{place} .term").first
    term.focus()
    shows(one, term)
    one.page.keyboard.press("Escape")
    is_hidden(one)
    assert term.evaluate("(e) => e === document.activeElement")
    one.page.keyboard.press("Tab")
    one.page.keyboard.press("Shift+Tab")
    shows(one, term)
    one.page.evaluate("() => document.activeElement.blur()")
    is_hidden(one)


@EVERY_PAGE
def test_a_term_can_be_tapped_and_a_tap_elsewhere_closes_it(tab: Open, page: str, place: str):
    one = opened(tab, page, **PHONE)
    term = one.page.locator(f"{place} .term").first
    term.tap()
    shows(one, term)
    term.tap()
    is_hidden(one)
    term.tap()
    shows(one, term)
    one.page.tap("h1")
    is_hidden(one)


def test_a_tap_closes_what_a_tap_opened_where_a_browser_gives_it_no_focus(tab: Open):
    one = opened(tab, "models/")
    term = one.page.locator(".models .term").first
    term.dispatch_event("click")
    shows(one, term)
    one.page.locator("h1").dispatch_event("pointerdown")
    is_hidden(one)


@EVERY_PAGE
@ANY_LOOK
def test_axe_finds_nothing_while_a_definition_is_shown(tab: Open, page: str, place: str, look: dict[str, Any]):
    one = opened(tab, page, **look)
    term = one.page.locator(f"{place} .term").first
    term.focus()
    shows(one, term)
    new = () if look == LOOKS["light"] else ("#definition", f"{place} .term")  # the page itself: see its own tests
    assert one.barriers(*new) == []
    assert one.too_wide() <= 0


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_every_term_of_the_explorer_has_its_sentence_within_the_window(tab: Open, options: dict[str, Any]):
    one = tab(None, is_first_visit=True, **options).first_screen()
    terms = one.page.locator(".term:visible")
    names = set()
    for i in range(terms.count()):
        terms.nth(i).focus()
        shows(one, terms.nth(i))
        names.add(terms.nth(i).get_attribute("data-term"))
    assert {"memory", "concept", "abstract concept", "run", "noise p", "stage", "encode", "decode"} <= names


def test_a_term_within_a_caption_keeps_its_focus_while_the_caption_changes(tab: Open):
    one = opened(tab, "")
    term = one.page.locator('#caption-now .term[data-term="step t"]')
    term.focus()
    before = one.text("#caption-now")
    one.page.keyboard.press("Home")
    one.frame()
    assert one.text("#caption-now") != before
    assert term.evaluate("(e) => e === document.activeElement")
    shows(one, term)


def test_a_text_that_has_not_changed_is_not_written_again(tab: Open):
    one = opened(tab, "")
    changes = one.page.evaluate(
        """async () => { const seen = [];
          new MutationObserver((list) => seen.push(...list)).observe(document.querySelector("#caption"),
            { childList: true, characterData: true, subtree: true });
          for (const t of [3, 9, 20]) { latent.player.set(t); await new Promise(requestAnimationFrame); }
          await new Promise((go) => setTimeout(go, 100));
          return seen.length; }"""
    )
    assert changes == 0


@pytest.mark.parametrize("language", list(catalogues()))
def test_browser_and_server_find_the_same_terms(tab: Open, language: str):
    one = tab(None).first_screen(f"lang={language}")
    texts = [one.text(place) for place in ("#caption", "#caption-now", "#curves-note", "#stage-note", "#model-card")]
    texts += [entry.definition for entry in lexicon(language)]
    texts += ["", "It isn't at_t; Runs: x(0), the abstract concept. −ELBO", "抽象概念とKL項のp、試行3本"]
    found = one.page.evaluate(
        """async (texts) => { const { partsOf } = await import("#glossary"); return texts.map(partsOf); }""", texts
    )
    assert found == [[list(piece) for piece in parts(text, language)] for text in texts]
