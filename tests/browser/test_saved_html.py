"""The explorer as one HTML file: opened from disk, without a network, it is the explorer of one digit."""

from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from tests.browser.conftest import Open
from tests.browser.tab import PHONE, Tab

MOST = 8_000_000  # bytes
DISK = "file://"


def opened(chromium: Browser, file: Path, **options: Any) -> Tab:
    """A tab that has no network, with a file in it whose films are complete; `check` refuses any other address."""
    one = Tab(chromium, DISK, offline=True, **options)
    one.page.goto(file.as_uri())
    return one.filmed()


@pytest.fixture(scope="module")
def file(server: str, mnist: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first screen, whose film is shipped."""
    path = tmp_path_factory.mktemp("saved") / "six.html"
    path.write_bytes(requests.get(f"{server}/saved.html?{mnist}", timeout=120).content)
    return path


def test_the_saved_file_shows_what_the_page_shows(tab: Open, chromium: Browser, mnist: str, tmp_path: Path):
    page = tab(mnist)
    page.page.click("#share summary")
    with page.page.expect_download() as download:
        page.page.click("#save-html")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == "latent-trajectories-mnist-nz100-seed0-label6-image40.html"
    assert path.stat().st_size <= MOST
    saved = opened(chromium, path)
    for noise, t in ((0.3, 60), (0.1, 20), (0.725, 0)):
        for one in (page, saved):
            one.slide("noise", noise)
            one.page.evaluate("(t) => latent.player.set(t)", t)
            one.quiet()
        assert saved.badge() == page.badge()
        for place in ("#caption-now", "#run-note", "#landmark-note", "#plane-note", "#curves-note", "#stage-note"):
            assert saved.text(place) == page.text(place)
        saved.shows_images_of(page)
        saved.shows("nearest", page.picture("nearest"))
    assert saved.notices() == []
    saved.check()
    saved.context.close()


def test_a_file_that_would_be_too_large_is_refused_before_its_runs_are_waited_for(tab: Open, mnist: str):
    one = tab(mnist)
    one.page.evaluate("() => Object.assign(latent.screen.state, { n_runs: 500, n_steps: 200 })")
    one.page.click("#share summary")
    one.page.click("#save-html")
    one.page.locator("#notices", has_text="This file would have about").wait_for()
    assert one.text("#save-html") == "Save as HTML"
    assert one.text("#save-state") == ""
    one.wrong.clear()  # the refusal of this test


def test_why_no_other_run_can_be_followed_is_said(chromium: Browser, file: Path):
    one = opened(chromium, file)
    sentence = one.text(".holds")
    assert "Another run or other settings need the program." in sentence
    chosen = one.state()["sample"]
    _, x, y = one.lonely_run()
    one.page.mouse.click(x, y)
    assert one.notices() == [sentence]
    assert one.state()["sample"] == chosen
    one.check()
    one.context.close()


def test_presets_playing_and_the_look_ask_nothing(chromium: Browser, file: Path):
    one = opened(chromium, file, color_scheme="light")
    for preset, stage in ((0, "I"), (1, "II"), (2, "III")):
        one.page.click(f".presets [data-preset='{preset}']")
        one.quiet()
        assert one.text("#stage-name") == stage
    one.choose("speed", "4")
    one.page.click("#replay")
    one.page.wait_for_function("() => latent.player.t === 60 && !latent.player.playing")
    chart = one.page.inner_html("#stage-graph")
    one.page.click("#toggle-theme")
    one.quiet()
    assert one.page.inner_html("#stage-graph") != chart
    assert one.page.url == file.as_uri()
    assert one.notices() == []
    one.check()
    one.context.close()


def test_what_the_file_does_not_hold_is_refused_with_a_sentence(chromium: Browser, file: Path):
    one = opened(chromium, file)
    before = one.state()
    one.page.keyboard.press("3")
    assert one.notices() == [one.text(".holds")]
    assert "This file holds 300 runs of ‘6’ on mnist-nz100-seed0 at every p" in one.text(".holds")
    one.page.locator("#plane-plot").press("ArrowUp")
    assert one.state() == before
    for field, other in (("dataset", "fashion"), ("noise_kind", "invert"), ("label", "3")):
        assert one.widget(field).locator(f"[data-value='{other}']").is_disabled()
    for control in ("#copy-link", "#share", "#new-noise", "#random-sample", "#open-gallery", "nav"):
        assert not one.page.locator(control).is_visible()
    assert one.badge()[0] == "II"
    one.check()
    one.context.close()


def test_pictures_are_saved_and_what_only_a_server_has_is_not_offered(chromium: Browser, file: Path):
    one = opened(chromium, file)
    for panel, stem in (("landmark", "landmark-plane"), ("strip", "decoded-images")):
        menu = one.page.locator(f"details.save[data-panel='{panel}']")
        for kind in ("png", "svg"):
            menu.locator("summary").click()
            assert menu.locator("button:visible").all_inner_texts() == ["PNG", "SVG"]
            with one.page.expect_download() as download:
                menu.locator(f"[data-kind='{kind}']").click()
            assert download.value.suggested_filename.startswith(f"{stem}_mnist-nz100-seed0_6_")
            assert Path(download.value.path()).stat().st_size > 10_000
    assert not one.page.locator("#save-all").is_visible()
    assert one.notices() == []
    one.check()
    one.context.close()


def test_its_policy_forbids_every_request(chromium: Browser, file: Path):
    one = opened(chromium, file)
    refused = one.page.evaluate(
        """() => new Promise((go) => {
          addEventListener("securitypolicyviolation", ({ effectiveDirective }) => go(effectiveDirective));
          fetch("https://example.org/").catch(() => setTimeout(go, 1000, "nothing but the network")); })"""
    )
    assert refused == "connect-src"
    one.context.close()


def test_on_a_phone_it_has_no_findings_of_axe(chromium: Browser, file: Path):
    one = opened(chromium, file, **PHONE)
    assert one.too_wide() <= 0
    one.page.click("#open-sidebar")
    assert one.barriers() == []
    one.check()
    one.context.close()


def test_the_code_of_a_frame_leads_to_the_screen(tab: Open):
    page = tab("d=digits&nz=10&p=0.3")
    page.slide("noise", 0.1)
    page.quiet()
    page.page.click("#share summary")
    code = page.page.locator("#frame-code").input_value()
    other = tab(None)
    other.page.route("**/course", lambda route: route.fulfill(body=f"<!doctype html>{code}", content_type="text/html"))
    other.page.goto(f"{other.server}/course")
    frame = other.page.frame_locator("iframe")
    frame.locator("body.seen:not(.waiting)").wait_for()
    assert frame.locator("#caption").text_content() == page.page.locator("#caption").text_content()
