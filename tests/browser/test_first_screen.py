"""What is there before anybody has touched anything."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Open
from tests.browser.tab import Tab

CANVASES = ("plane", "curves", "stage")


def complete(tab: Tab, *, steps: int = 60) -> None:
    assert tab.text("#stage-name") in ("I", "II", "III")
    assert "come nearest to" in tab.text("#caption")
    assert all(float(number) > 0 for number in tab.badge()[2:])
    assert tab.page.locator("#strip .tile").count() == steps + 1
    assert tab.page.locator("#ticks i").count() == 3
    assert tab.text("#clock") == f"t = {steps} / {steps}"
    assert tab.address["v"] == "1"
    for name in CANVASES:
        assert tab.painted(name) > 300, name
        assert tab.colours(name) > 5, name
        assert tab.page.locator(f"#{name}-graph .xtick").count() > 1, name
    assert "%" in tab.text("#plane-note")
    assert "image 17" in tab.text("#run-note")
    for tile in ("clean", "now", "concept"):
        shown = tab.page.locator(f"#tile-{tile} .tile").evaluate("(e) => e.style.backgroundImage")
        assert shown.startswith('url("data:image/png'), tile


def test_the_first_screen_is_complete(tab: Open):
    complete(tab())


def test_the_default_screen_is_complete(tab: Open, mnist: str):
    first = tab(mnist)
    complete(first)
    assert first.notices() == []
    assert "MNIST, N_z = 100" in first.text("#model-card")
    assert first.state()["noise"] == 0.2


def test_the_stage_chart_and_the_badge_agree(tab: Open):
    first = tab()
    numbers = [float(n) for n in first.badge()[2:]]
    stage = first.text("#stage-name")
    assert stage == ("I", "II", "III")[numbers.index(min(numbers))]
    assert first.text("#caption").endswith(f"stage {stage}.")
    assert first.page.locator(f"#minimum-{numbers.index(min(numbers))}.least").count() == 1


def test_it_fits_a_laptop_without_scrolling(tab: Open):
    first = tab()
    assert first.page.evaluate("() => document.documentElement.scrollHeight") <= 900 + 24
    assert first.page.evaluate("() => document.documentElement.scrollWidth") <= 1440
    bottom = first.page.locator(".transport").bounding_box()
    strip = first.page.locator("#strip").bounding_box()
    assert bottom
    assert strip
    assert strip["y"] + 28 <= bottom["y"]  # the images are not hidden behind the clock


def background(tab: Tab) -> str:
    return tab.page.evaluate("() => getComputedStyle(document.body).backgroundColor")


def grid(tab: Tab) -> str:
    """The colour of plotly's grid lines."""
    return tab.page.locator("#curves-graph .gridlayer path").first.evaluate("(e) => getComputedStyle(e).stroke")


def test_dark_where_the_system_is_dark(tab: Open):
    light, dark = tab(), tab(color_scheme="dark")
    assert (background(light), background(dark)) == ("rgb(255, 255, 255)", "rgb(20, 23, 26)")
    assert grid(light) != grid(dark)
    assert light.picture("plane") != dark.picture("plane")
    assert "theme" not in light.address
    assert "theme" not in dark.address


def test_the_look_can_be_changed_and_is_kept_in_the_link(tab: Open):
    one = tab()
    before = grid(one)
    one.page.click("#toggle-theme")
    one.quiet()
    assert background(one) == "rgb(20, 23, 26)"
    assert grid(one) != before
    assert one.address["theme"] == "dark"
    assert one.text("#toggle-theme") == "Light"
    other = tab(one.page.url.partition("?")[2])
    assert background(other) == "rgb(20, 23, 26)"
    one.page.click("#toggle-theme")
    one.quiet()
    assert (background(one), grid(one)) == ("rgb(255, 255, 255)", before)


def test_the_look_follows_the_system_after_a_change_of_the_data_set(tab: Open, mnist: str):
    one = tab()
    one.choose("dataset", "mnist")
    one.quiet()
    assert one.state()["theme"] == "auto"
    assert "theme" not in one.address
    one.page.emulate_media(color_scheme="dark")
    one.quiet()
    assert background(one) == "rgb(20, 23, 26)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_there_are_no_serious_barriers(tab: Open, scheme: str, width: int):
    one = tab(color_scheme=scheme, viewport={"width": width, "height": 860})
    one.page.locator("#rail summary").evaluate("(e) => { e.parentElement.open = true; }")
    found = Axe().run(one.page).response["violations"]
    serious = [
        (v["id"], [n["target"] for n in v["nodes"]][:4]) for v in found if v["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_there_are_no_serious_barriers_with_notices_open(tab: Open):
    one = tab("d=digits&nz=11&p=7")
    found = Axe().run(one.page).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


# Phones


@pytest.fixture
def phone(tab: Open) -> Tab:
    return tab(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2)


def test_a_phone_shows_everything_without_scrolling_sideways(phone: Tab):
    complete(phone)
    assert phone.page.evaluate("() => document.documentElement.scrollWidth") <= 390
    box = phone.page.locator(".transport").bounding_box()
    assert box
    assert box["y"] + box["height"] <= 845
    assert phone.page.locator("#play").is_visible()
    plane, curves = (phone.page.locator(f".{name}-panel").bounding_box() for name in ("plane", "curves"))
    assert plane
    assert curves
    assert plane["y"] < curves["y"]


def test_the_settings_of_a_phone_are_a_sheet(phone: Tab):
    assert not phone.page.locator("#rail").is_visible()
    phone.page.tap("#open-rail")
    assert phone.page.locator("#rail").is_visible()
    phone.page.tap('.widget[data-field="label"] [data-value="3"]')
    phone.page.tap("#close-rail")
    assert not phone.page.locator("#rail").is_visible()
    phone.quiet()
    assert phone.address["label"] == "3"


def test_every_target_is_large_enough_for_a_finger(phone: Tab):
    phone.page.tap("#open-rail")
    phone.page.locator("#rail summary").evaluate("(e) => { e.parentElement.open = true; }")
    small = phone.page.evaluate(
        """() => Array.from(document.querySelectorAll("button, input, summary, [role=radio], a"))
          .map((e) => [e.id || e.textContent || e.getAttribute("aria-label"), e.getBoundingClientRect()])
          .filter(([, r]) => r.width > 0 && (r.width < 24 || r.height < 24))
          .map(([name, r]) => `${name}: ${r.width} x ${r.height}`)"""
    )
    assert small == []


def test_who_wants_less_motion_gets_whole_steps(tab: Open):
    calm = tab("d=digits&nz=10&t=0&speed=0.25", reduced_motion="reduce")
    calm.page.evaluate(
        """() => { window.fractions = []; const set = latent.player.set;
          latent.player.set = (t, f) => { window.fractions.push(f || 0); set(t, f); }; }"""
    )
    calm.page.click("#play")
    calm.page.wait_for_function("() => latent.player.t >= 2")
    calm.page.click("#play")
    assert set(calm.page.evaluate("() => window.fractions")) == {0}


def test_two_pages_at_once_do_not_disturb_each_other(tab: Open):
    one, two = tab(), tab()
    one.slide("noise", 0.8)
    two.slide("noise", 0.1)
    one.slide("noise", 0.85)
    for page, noise in ((one, "0.85"), (two, "0.1")):
        page.quiet()
        assert page.address["p"] == noise
        assert f"{float(noise) * 100:.3g} %" in page.text("#caption")
