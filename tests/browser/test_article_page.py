"""The article in a browser: its pictures, its print, its menus."""

import re
from typing import Any

import pytest

from dashboard.shell import FIRST_PICTURES
from tests.browser.conftest import Open
from tests.browser.paper import article
from tests.browser.tab import LOOKS, PHONE
from tests.processes import until


@pytest.mark.parametrize("options", LOOKS.values(), ids=list(LOOKS))
def test_the_article_fits_is_drawn_and_has_no_findings_of_axe(tab: Open, options: dict[str, object]):
    one = article(tab(None, **options))
    assert one.too_wide() <= 0
    assert one.barriers() == []
    heights = "[...document.querySelectorAll('.picture')].map((p) => [p.clientHeight, p.layout.height, p.data.length])"
    for height, drawn_height, n_traces in one.page.evaluate(heights):
        assert height == drawn_height
        assert n_traces or height == 260  # the network is drawn of shapes
    assert one.page.locator(".single").is_hidden()


def test_nothing_of_the_article_moves_when_its_pictures_come(tab: Open):
    one = tab(None)
    held: list[Any] = []
    one.page.route("**/paper/drawn/*", lambda route: held.append(route))
    one.page.goto(f"{one.server}/paper/")
    one.page.wait_for_selector("#picture-fig10", state="attached")
    one.page.wait_for_function("() => window.Plotly")
    places = "[...document.querySelectorAll('.article figure')].map((f) => f.getBoundingClientRect().top + scrollY)"
    before = one.page.evaluate(places)
    assert held
    one.page.unroute_all()  # which lets them go on
    one.page.wait_for_function("() => [...document.querySelectorAll('.picture')].every((place) => place.dataset.look)")
    assert one.page.evaluate(places) == pytest.approx(before, abs=1)


def test_what_is_looked_at_is_drawn_first(tab: Open):
    one = tab(None)
    one.page.goto(f"{one.server}/paper/#figure-saddles")
    one.page.wait_for_function("() => document.getElementById('picture-saddles')?.dataset.look")
    asked = [request.url for request in one.requests if "/paper/drawn/" in request.url]
    assert len(asked) < 12


def test_the_movie_plays(tab: Open):
    one = tab(None)
    one.page.goto(f"{one.server}/paper/#figure-movies")
    one.page.wait_for_function("() => document.getElementById('picture-movies')?.dataset.look")
    painted = "[...document.querySelectorAll('#picture-movies .point')].map((p) => p.getAttribute('transform')).join()"
    before = one.page.evaluate(painted)
    one.page.locator("#picture-movies .updatemenu-button", has_text="Play").click()
    one.page.wait_for_function(f"(before) => {painted} !== before", arg=before)


@pytest.mark.parametrize("look", ["light", "dark"])
def test_what_the_first_screen_needs_is_asked_for_before_plotly_is_here_and_once(tab: Open, look: Any):
    one, held = tab(None, color_scheme=look), list[Any]()
    one.page.route("**/plotly-cartesian*", lambda route: held.append(route))
    one.page.goto(f"{one.server}/paper/", wait_until="commit")
    wanted = sorted(["_dash-dependencies", "_dash-layout", *(f"drawn/{id}.json?look={look}" for id in FIRST_PICTURES)])
    kinds = re.compile(rf"/paper/(_dash-(?:layout|dependencies)|drawn/(?:{'|'.join(FIRST_PICTURES)}).*)$")

    def asked() -> list[str]:
        return sorted(match[1] for request in one.requests if (match := kinds.search(request.url)))

    until(lambda: (held and asked() == wanted) or one.page.wait_for_timeout(50), "plotly and the rest are on their way")
    held[0].continue_()
    one.page.wait_for_function("() => document.getElementById('picture-stages')?.dataset.look")
    assert asked() == wanted


WIDTHS = "[...document.querySelectorAll('.picture')].map((place) => Math.round(place._fullLayout.width))"
# The same in the pixels of the page, which makes them smaller.


ON_PAPER = """[...document.querySelectorAll('.picture')].map((place) => {
  const [box, all] = [place, document.querySelector('.article')].map((e) => e.getBoundingClientRect());
  return Math.max(all.left - box.left, box.right - all.right); })"""


@pytest.mark.parametrize("options", [{"color_scheme": "dark"}, PHONE], ids=["screen", "phone"])
def test_the_article_is_printed_with_its_figures_as_wide_as_the_page_and_nothing_to_press(
    tab: Open, options: dict[str, Any]
):
    one = article(tab(None, **options))
    before = one.page.evaluate(WIDTHS)
    one.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    one.page.emulate_media(media="print")
    assert set(one.page.evaluate(WIDTHS)) == {860}
    assert max(one.page.evaluate(ON_PAPER)) < 1
    pressed = "header nav, .actions, nav.contents, .save, .ways a, .single, .updatemenu-container, .slider-container"
    assert one.page.locator(f":is({pressed}):visible").count() == 0
    kept = "(s) => [...document.querySelectorAll(s)].every((e) => getComputedStyle(e).breakInside === 'avoid')"
    assert one.page.evaluate(kept, ".article .scroll, .article figcaption, .article .beside")
    with_caption = "[...document.querySelectorAll('.article .scroll')].map((e) => getComputedStyle(e).breakAfter)"
    assert set(one.page.evaluate(with_caption)) == {"avoid"}
    one.page.emulate_media(media="screen")
    one.page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    assert one.page.evaluate(WIDTHS) == before
    assert one.page.locator("nav.contents").is_visible()


MENUS = """[...document.querySelectorAll('.article details.save')].map((menu) => {
  menu.open = true;
  const { left, right } = menu.querySelector('.menu').getBoundingClientRect();
  menu.open = false;
  return Math.max(-left, right - innerWidth); })"""


@pytest.mark.parametrize("width", [390, 768])
def test_every_menu_of_a_figure_is_on_the_screen(tab: Open, width: int):
    one = article(tab(None, viewport={"width": width, "height": 844}))
    beyond = one.page.evaluate(MENUS)
    assert len(beyond) > 20
    assert max(beyond) <= 0


def test_a_claim_unfolds_where_a_link_leads_to_it(tab: Open):
    one = article(tab(None))
    assert one.page.locator("#claim-3 .unfolded").is_hidden()
    one.page.locator("#figure-fig4a").get_by_role("link", name="Claim 3").click()
    one.page.locator("#claim-3 .unfolded").get_by_text("III begins").first.wait_for()
    again = article(tab(None), "#claim-9")
    assert again.page.locator("#claim-9 .unfolded").is_visible()


def test_the_look_draws_the_article_anew(tab: Open):
    one = article(tab(None))
    colour = "() => getComputedStyle(document.querySelector('#picture-fig4a .xtitle')).fill"
    before = one.page.evaluate(colour)
    one.page.get_by_role("button", name="Dark").click()
    one.page.wait_for_function("() => document.querySelector('#picture-fig10').dataset.look === 'dark'")
    one.page.wait_for_function(f"(before) => ({colour})() !== before", arg=before)


def test_a_picture_of_the_article_is_taken_along(tab: Open):
    one = article(tab(None))
    figure = one.page.locator("#figure-fig4a")
    for kind, name in (("PNG", "button"), ("SVG", "button"), ("CSV", "link"), ("NPZ", "link"), ("JSON", "link")):
        figure.get_by_text("Save").click()
        with one.page.expect_download() as download:
            figure.get_by_role(name, name=kind).click()  # type: ignore[arg-type]
        assert download.value.suggested_filename == f"fig4a_mnist-nz100-seed0_6_permute_500runs.{kind.lower()}"
    figure.get_by_role("link", name="Change its settings").click()
    one.page.wait_for_url("**/paper/fig4a*")
    one.page.locator("#drawn-title").get_by_text("Fig. 4a").wait_for()


def test_a_picture_that_is_not_there_says_so_in_its_place(tab: Open):
    one = tab(None)
    one.page.route("**/paper/drawn/fig4a.json*", lambda route: route.fulfill(status=404, body="Not shipped."))
    one.page.goto(f"{one.server}/paper/")
    one.page.locator("#picture-fig4a").get_by_text("The server refused this picture").wait_for()
    one.wrong.clear()  # the 404 of this test
