"""The page of the paper in a browser: a figure of the digits is drawn and taken along."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from dashboard.shell import FIRST_PICTURES
from tests.browser.conftest import Open
from tests.browser.tab import LOOKS, PHONE, Tab, asks
from tests.processes import children, until

DRAWN = (
    "..drawn.figure...drawn-title.children...drawn-note.children...files.children...drawn-panel.hidden...drawn.style"
)
DRAWN += "...message.children.."
QUERY = "model=digits-nz10-seed0&n_runs=100"


SMALL = QUERY.replace("100", "20")


def paper(one: Tab, id: str = "fig7b", query: str = QUERY) -> Tab:
    """Open the page of a figure of the digits."""
    one.page.goto(f"{one.server}/paper/{id}?{query}")
    return drawn(one)


def drawn(one: Tab) -> Tab:
    """Wait until the figure is drawn that was asked for last."""
    one.page.wait_for_selector("#drawn .main-svg >> nth=0")
    one.page.wait_for_function("() => document.getElementById('cancel').disabled")
    one.frame()
    return one


def article(one: Tab, path: str = "") -> Tab:
    """Open the article and wait until all of its pictures are drawn."""
    one.page.goto(f"{one.server}/paper/{path}")
    one.page.wait_for_function(
        """() => { const all = [...document.querySelectorAll(".picture")];
          return all.length > 20 && all.every((place) => place.dataset.look); }"""
    )
    one.frame()
    return one


def choose(one: Tab, name: str, value: str) -> None:
    """Choose from a list, or put a slider somewhere."""
    control = one.page.locator(f"#paper-{name}")
    if control.evaluate("control => control.type") == "range":
        control.evaluate(
            """(control, value) => { control.value = value;
              for (const type of ["input", "change"]) control.dispatchEvent(new Event(type, { bubbles: true })); }""",
            value,
        )
    else:
        control.select_option(value)


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


def test_settings_draw_the_figure_in_place_and_stand_in_the_address(tab: Open):
    one = paper(tab(None), "fig4a", SMALL)
    before = one.page.locator("#drawn-panel").evaluate("panel => panel.outerHTML.length")
    assert one.page.locator("label:visible").count() == 4  # p changes nothing in this figure
    choose(one, "label", "2")
    one.page.wait_for_function("() => location.search.includes('label=2')")
    drawn(one)
    assert one.page.locator("#drawn-panel").evaluate("panel => panel.outerHTML.length") != before
    choose(one, "n_runs", "30")
    one.page.wait_for_function("() => location.search.includes('n_runs=30')")
    drawn(one)
    names = "() => document.querySelector('#drawn .js-plotly-plot').layout.annotations.map((note) => note.text)"
    assert "concept ‘2’" in one.page.evaluate(names)
    again = tab(None)
    again.page.goto(one.page.url)
    drawn(again)
    data = "() => JSON.stringify(document.querySelector('#drawn .js-plotly-plot').data)"
    assert again.page.evaluate(data) == one.page.evaluate(data)
    assert again.page.input_value("#paper-n_runs") == "30"
    assert again.page.inner_text("[data-value-of=n_runs]") == "30"
    one.page.get_by_role("link", name="The paper's settings").click()
    one.page.wait_for_function("() => location.search.includes('mnist')")
    drawn(one)
    assert one.page.input_value("#paper-label") == "6"


def test_the_picture_before_is_dimmed_while_the_next_is_computed(tab: Open):
    one = paper(tab(None), "fig4a", SMALL)
    held: list[Any] = []

    def hold(route: Any) -> None:
        if asks(route.request, DRAWN):
            held.append(route)
        else:
            route.continue_()

    one.page.route(re.compile("_dash-update-component"), hold)
    choose(one, "label", "4")
    one.page.wait_for_selector("#drawn-panel.stale")
    assert one.page.locator("#drawn .main-svg").first.is_visible()
    until(lambda: held or one.frame(), "the question is on its way")
    one.page.unroute_all()  # which lets it go on
    one.page.wait_for_selector("#drawn-panel:not(.stale)")


def test_an_address_that_cannot_be_used_says_so(tab: Open):
    one = tab(None)
    for path, words in (
        ("fig99", "no such figure"),
        ("fig4a?model=nobody", "nobody"),
        (f"fig4a?{QUERY}&label=77", "label"),
    ):
        one.page.goto(f"{one.server}/paper/{path}")
        one.page.locator("#notices").get_by_text(words).first.wait_for()


def test_two_tabs_of_a_figure_both_get_it(tab: Open):
    """A tab that was duplicated, with all that the session stores, is another client: neither supersedes the other."""
    one = tab(None)
    clients: list[str] = []

    def note(request: Any) -> None:
        if asks(request, DRAWN):
            state = json.loads(request.post_data)["state"]
            clients.append(next(each["value"] for each in state if each["id"] == "client"))

    one.context.on("request", note)
    paper(one)
    with one.context.expect_page() as opened:
        one.page.evaluate("() => { window.open(location.href); }")
    opened.value.wait_for_selector("#drawn .main-svg >> nth=0")
    assert len(set(clients)) == 2


@pytest.mark.parametrize("options", LOOKS.values(), ids=list(LOOKS))
def test_it_fits_and_has_no_findings_of_axe(tab: Open, options: dict[str, object]):
    one = paper(tab(None, **options))
    assert one.too_wide() <= 0
    assert one.barriers() == []
    assert one.page.locator("#drawn").evaluate("graph => graph.getBoundingClientRect().height") > 200


def test_a_figure_is_taken_along_as_picture_data_and_recipe(tab: Open):
    one = paper(tab(None), "fig1")
    panel = one.page.locator("#drawn-panel")
    names = []
    for words in ("PNG", "SVG", "NPZ", "CSV by t", "Recipe (JSON)"):
        if words.startswith("CSV"):
            panel.locator(".save summary").click()
        with one.page.expect_download() as download:
            panel.get_by_text(words, exact=True).click()
        names.append(download.value.suggested_filename)
    stem = names[0].removesuffix(".png")
    assert stem.startswith("fig1_digits-nz10-seed0_")
    assert names[1:] == [f"{stem}.svg", f"{stem}.npz", f"{stem}_by-t.csv", f"{stem}.json"]
    href = panel.get_by_text("Open in the explorer").get_attribute("href") or ""
    assert "nz=10" in href


def test_the_newest_choice_wins_and_a_reload_asks_again(tab: Open):
    one = paper(tab(None), "fig4a", SMALL)
    for label in ("3", "9"):
        choose(one, "label", label)
    names = "() => JSON.stringify(document.querySelector('#drawn .js-plotly-plot').layout.annotations)"
    one.page.wait_for_function(f"() => ({names})().includes('concept ‘9’')")
    drawn(one)
    one.page.reload()
    one.page.wait_for_function("() => document.querySelector('#drawn .js-plotly-plot')?.layout?.annotations")
    one.page.wait_for_function(f"() => ({names})().includes('concept ‘9’')")


def test_the_theme_draws_the_figure_anew(tab: Open):
    one = paper(tab(None))
    colour = "getComputedStyle(document.querySelector('#drawn .xtitle')).fill"
    before = one.page.evaluate(colour)
    one.page.get_by_role("button", name="Dark").click()
    one.page.wait_for_function(f"() => {colour} !== '{before}'")


def test_cancel_is_said_where_nothing_is_drawn_yet(tab: Open):
    one = tab(None)
    one.page.goto(f"{one.server}/paper/fig5a?model=mnist-nz100-seed0&source=decoded&label=7")
    one.page.get_by_text("% p = ").wait_for()
    one.page.evaluate(  # together with a question of the clock
        """() => { window.dash_clientside.set_props("tick", { n_intervals: 1e6 });
          document.getElementById("cancel").click(); }"""
    )
    one.page.get_by_text("Cancelled.").wait_for()
    assert one.page.locator("#cancel").is_disabled()
    assert one.page.locator("#far").is_hidden()


def test_a_click_on_a_cell_opens_its_run(tab: Open):
    one = paper(tab(None), "stages", QUERY.replace("100", "141"))
    cell: Any = {"x": 60, "y": 10}  # the uppermost row is '9'
    one.page.locator("#drawn .nsewdrag").first.hover(position=cell)
    one.page.wait_for_function(
        "() => document.querySelector('#drawn .js-plotly-plot')._hoverdata"
    )  # Plotly clicks on that
    one.page.locator("#drawn .nsewdrag").first.click(position=cell)
    one.page.wait_for_url("**/?*model=digits-nz10-seed0*")
    one.quiet()
    assert one.state()["label"] == 9
    assert 0 < one.state()["noise"] < 0.2


def test_a_line_around_runs_makes_them_a_branch(tab: Open):
    one = paper(tab(None), "suppB")
    titles = one.page.locator("#drawn .annotation-text")
    assert "narrow branch" in " ".join(titles.all_text_contents())
    box = one.page.locator("#drawn .nsewdrag").first.bounding_box()
    assert box
    left, right, top, bottom = box["x"] + 2, box["x"] + box["width"] * 0.5, box["y"] + 2, box["y"] + box["height"] - 2
    one.page.mouse.move(left, top)
    one.page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
        one.page.mouse.move(x, y, steps=5)
    one.page.mouse.up()
    titles.get_by_text("chosen, ").wait_for()
    data = "document.querySelector('#drawn .js-plotly-plot').data"
    chosen, others = one.page.evaluate(f"{data}.filter((trace) => trace.customdata).map((trace) => trace.customdata)")
    assert len(others) > 0
    one.page.wait_for_function("() => document.getElementById('cancel').disabled")
    href = one.page.locator("#files").get_by_text("JSON").get_attribute("href")
    recipe = one.page.request.get(f"{one.server}/paper/{href}").json()
    assert recipe["spec"]["chosen"] == chosen
    choose(one, "n_runs", "100")
    titles.get_by_text("narrow branch").wait_for()


def test_a_finger_on_the_plot_scrolls_the_page(tab: Open):
    one = paper(tab(None, **PHONE), "suppB")
    box = one.page.locator("#drawn .nsewdrag").first.bounding_box()
    assert box
    x, y, top = box["x"] + box["width"] / 2, min(box["y"] + box["height"] * 0.8, 800), one.page.evaluate("scrollY")
    assert box["y"] < y
    finger = one.context.new_cdp_session(one.page)
    for kind, moved in [("touchStart", 0), *(("touchMove", 15 * step) for step in range(1, 9))]:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y - moved}]})
        one.frame()
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    one.page.wait_for_function(f"() => scrollY > {top} + 50")


def movie_page(one: Tab, query: str, **chosen: str) -> Tab:
    """Open the page of the movies and choose what is to be made."""
    paper(one, "movies", query)
    for name, value in chosen.items():
        one.page.select_option(f"#movie-{name}", value)
    return one


def test_a_movie_is_made_before_ones_eyes_and_saved(tab: Open, tmp_path: Path):
    one = movie_page(tab(None), f"{SMALL}&n_steps=30", plane="landmark")
    one.page.evaluate(
        """() => { const bar = document.getElementById("movie-bar"); window.seen = [];
          const look = () => bar.hidden || seen.push(Number(bar.value));
          new MutationObserver(look).observe(bar, { attributes: true }); }"""
    )
    one.page.click("#make-movie")
    one.page.locator("#movie-far", has_text=re.compile(r"\d+ % frame \d+ of 151")).wait_for()
    assert not one.page.locator("#cancel-movie").is_disabled()
    with one.page.expect_download() as download:
        one.page.locator("#movie-file a").click()
    seen = one.page.evaluate("seen")
    assert seen == sorted(seen)
    assert len({share for share in seen if 0 < share < 1}) > 1
    assert one.page.locator("#movie-bar").is_hidden()
    assert one.page.locator("#cancel-movie").is_disabled()
    name = "landmark-plane_digits-nz10-seed0_6_p0.20_permute_seed0.mp4"
    assert download.value.suggested_filename == name
    download.value.save_as(tmp_path / name)
    n_frames, _ = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / name))
    assert n_frames == 30 * 5 + 1
    assert one.too_wide() <= 0
    assert one.barriers() == []


def test_cancel_stops_a_movie_on_the_server(tab: Open):
    one = movie_page(tab(None), f"{SMALL}&n_steps=200", labels="all")
    one.page.click("#make-movie")
    one.page.locator("#movie-far", has_text=re.compile(r"label 0: frame \d+ of 1001")).wait_for()
    assert len(encoders()) == 1
    one.page.click("#cancel-movie")
    one.page.locator("#movie-far", has_text="Cancelled.").wait_for()
    assert one.page.locator("#movie-bar").is_hidden()
    assert one.page.locator("#movie-file a").count() == 0
    until(lambda: not encoders(), "the server ends its encoder")


def encoders() -> list[int]:
    """Processes that write an MP4 for the server of this test."""
    found = []
    for pid in children():
        with suppress(OSError):  # it has just ended
            if "ffmpeg" in Path(f"/proc/{pid}/cmdline").read_text().partition("\0")[0]:
                found.append(pid)
    return found


def test_what_no_movie_can_show_is_said_beside_the_button(tab: Open):
    one = movie_page(tab(None), "model=digits-nz2-seed0&n_runs=20", format="gif")
    one.page.route(re.compile("_dash-update-component"), spoiled)
    one.page.click("#make-movie")
    one.page.locator("#movie-far", has_text="plane must be one of windowed, landmark, not 'round'.").wait_for()


def spoiled(route: Any) -> None:
    """A question of a plane that is not there."""
    route.continue_(post_data=(route.request.post_data or "").replace('"plane":"windowed"', '"plane":"round"'))
