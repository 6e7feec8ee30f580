"""The page of models in a browser: one training from the form to the explorer, by hand."""

from pathlib import Path

import pytest

from tests.browser.conftest import Open
from tests.browser.tab import LOOKS, Tab


def models(one: Tab) -> Tab:
    """Open the page and wait for its table and its first look."""
    one.page.goto(f"{one.server}/models/")
    one.page.wait_for_selector("#table tbody tr")
    one.page.wait_for_selector("#jobs > *")
    return one


@pytest.mark.parametrize("options", LOOKS.values(), ids=list(LOOKS))
def test_it_fits_and_has_no_findings_of_axe(tab: Open, options: dict[str, object]):
    one = models(tab(None, **options))
    assert one.too_wide() <= 0
    assert one.page.eval_on_selector("#table", "(table) => table.scrollWidth - table.clientWidth") <= 0
    assert one.barriers() == []
    small = one.page.evaluate(
        """() => Array.from(document.querySelectorAll("main button, main a.button, nav a"))
          .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 24).map((e) => e.textContent)"""
    )
    assert small == []


def test_a_model_is_trained_shown_exported_brought_and_deleted(tab: Open, tmp_path: Path):
    one, other = models(tab(None)), models(tab(None))
    page = one.page
    page.get_by_role("radio", name="8×8 digits").click()
    page.fill("#train-n_latent", "3")
    page.fill("#train-epochs", "4")
    page.click("#train")
    page.click("#train")  # a double click is one training
    title = "8×8 digits, N_z = 3, 4 of the paper's 1,500 epochs, seed 0"
    for each in (one, other):  # the second page has asked for nothing and sees it too
        each.page.locator("#jobs").get_by_text(title).wait_for()
    link = page.get_by_role("link", name="Open it in the explorer")
    link.wait_for(timeout=90_000)  # a process starts for it
    assert page.locator("#jobs .job").count() == 1
    id = (link.get_attribute("href") or "").partition("model=")[2]
    row = page.locator("#table tr", has_text=id)
    assert "trained here" in row.inner_text()
    with page.expect_download() as download:
        row.get_by_text("Export").click()
    download.value.save_as(tmp_path / "brought.safetensors")
    page.set_input_files("#upload input[type=file]", tmp_path / "brought.safetensors")
    page.wait_for_selector("#brought:text('brought is here now.')")
    imported = page.locator("#table tr", has_text="imported")
    imported.wait_for()
    for name in ("brought", id):
        page.once("dialog", lambda dialog: dialog.accept())
        page.locator("#table tr", has_text=name).get_by_role("button", name="Delete").click()
        page.locator("#table tr", has_text=name).wait_for(state="detached")


def test_two_models_that_are_asked_for_at_once_are_two_rows(tab: Open):
    page = models(tab(None)).page
    before = page.locator("#table tbody tr").count()
    page.get_by_role("radio", name="8×8 digits").click()
    page.fill("#train-n_latent", "4")
    page.fill("#train-epochs", "3")
    page.get_by_role("radio", name="2", exact=True).click()
    page.click("#train")
    said = "2 models: 8×8 digits, N_z = 4, 3 of the paper's 1,500 epochs, seeds 0, 1 are being trained"
    page.locator("#message", has_text=said).wait_for()
    for seed in (0, 1):
        job = page.locator("#jobs .job", has_text=f"8×8 digits, N_z = 4, 3 of the paper's 1,500 epochs, seed {seed}")
        link = job.get_by_role("link", name="Open it in the explorer")
        link.wait_for(timeout=90_000)  # a process starts for it
        id = (link.get_attribute("href") or "").partition("model=")[2]
        page.locator("#table tr", has_text=id).wait_for()
    assert page.locator("#table tbody tr").count() == before + 2


def test_the_curve_of_a_model_stands_between_the_table_and_what_follows(tab: Open):
    one = models(tab(None))
    one.page.get_by_role("button", name="Curve").first.click()
    one.page.wait_for_selector("#past .main-svg")
    one.frame()
    plot = one.page.locator("#past .main-svg").first.bounding_box()
    below = one.page.get_by_role("heading", name="Import a model").bounding_box()
    assert plot
    assert below
    assert plot["height"] > 200
    assert plot["y"] + plot["height"] <= below["y"]


def test_the_theme_goes_along_from_page_to_page(tab: Open):
    one = models(tab(None))
    one.page.click("#toggle-theme")
    assert one.page.evaluate("document.documentElement.dataset.theme") == "dark"
    one.page.get_by_role("link", name="Explore", exact=True).click()
    one.quiet()
    assert one.state()["theme"] == "dark"
    one.page.get_by_role("link", name="Models", exact=True).click()
    one.page.wait_for_selector("#jobs > *")
    assert one.page.evaluate("document.documentElement.dataset.theme") == "dark"
