"""The page of models in a browser: one training from the form to the explorer, by hand."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Route

from tests.browser.conftest import Open
from tests.browser.tab import LOOKS, Tab, asks
from tests.processes import until


def models(one: Tab, query: str = "") -> Tab:
    """Open the page and wait for its table and its first look."""
    one.page.goto(f"{one.server}/models/{query}")
    one.page.wait_for_selector("#table tbody tr")
    one.page.wait_for_selector("#jobs > *")
    return one


def look_button(one: Tab, id: str) -> Locator:
    """The button that unfolds a model."""
    return one.page.get_by_role("button", name=f"Look at {id}", exact=True)


def tiles(one: Tab, place: str) -> list[str]:
    """Rows and labels of the pictures that are drawn."""
    one.page.wait_for_function(
        "(place) => { const all = Array.from(document.querySelectorAll(`${place} img`));"
        " return all.length && all.every((e) => e.naturalWidth === 10 * e.naturalHeight); }",
        arg=place,
    )
    return one.page.locator(f"{place} img").evaluate_all("(all) => all.map((e) => e.alt)")


@pytest.mark.parametrize("options", LOOKS.values(), ids=list(LOOKS))
def test_it_fits_and_has_no_findings_of_axe(tab: Open, options: dict[str, object]):
    """With a model unfolded, and two compared that have other labels and other sizes."""
    one = models(tab(None, **options), "?a=fashion-nz10-seed0&b=digits-nz10-seed0")
    look_button(one, "digits-nz2-seed0").click()
    assert len(tiles(one, ".view")) == 30
    assert len(tiles(one, "#compared")) == 40
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
    before = page.locator("#table .look").count()
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
    assert page.locator("#table .look").count() == before + 2


def test_a_model_unfolds_below_its_row_by_the_keyboard_and_nothing_above_it_moves(
    tab: Open, root: Path, models_folder: Path
):
    one = models(tab(None))
    button, shipped = look_button(one, "digits-nz10-seed0"), root / "models" / "digits-nz2-seed0.safetensors"
    button.focus()
    before = button.bounding_box()
    one.page.keyboard.press("Enter")
    rows = ("Concept", "Training image", "Reconstruction")
    assert tiles(one, ".view") == [
        f"{row} of ‘{label}’, digits-nz10-seed0" for half in (range(5), range(5, 10)) for row in rows for label in half
    ]
    plot = one.page.locator(".view .main-svg").first
    plot.wait_for()
    assert (plot.bounding_box() or {})["height"] > 200
    assert (button.bounding_box(), button.get_attribute("aria-expanded")) == (before, "true")
    assert one.page.evaluate("document.activeElement.id") == button.get_attribute("id")
    models_folder.mkdir(parents=True, exist_ok=True)
    (models_folder / "newcomer.safetensors").write_bytes(shipped.read_bytes())  # the table is drawn anew
    one.page.locator("#table tr", has_text="newcomer").wait_for()
    assert len(tiles(one, ".view")) == 30
    look_button(one, "mnist-nz2-seed0").click()
    one.page.wait_for_function("() => document.querySelectorAll('.view').length === 2")
    one.page.keyboard.press("Enter")  # on the button that was pressed last
    one.page.wait_for_function("() => document.querySelectorAll('.view').length === 1")
    (models_folder / "newcomer.safetensors").unlink()


def test_two_models_are_compared_and_the_address_names_them(tab: Open):
    one = models(tab(None))
    look_button(one, "mnist-nz2-seed0").click()
    one.page.get_by_role("link", name="Compare with another model").click()
    assert one.page.input_value("#compare-first") == "mnist-nz2-seed0"
    assert one.page.evaluate("document.activeElement.id") == "compare-second"
    one.page.select_option("#compare-second", "mnist-nz100-seed0")
    one.page.locator("#compared", has_text="They differ in N_z (A 2, B 100)").wait_for()
    assert urlsplit(one.page.url).query == "a=mnist-nz2-seed0&b=mnist-nz100-seed0"
    again = models(tab(None), "?a=mnist-nz2-seed0&b=mnist-nz100-seed0&theme=dark")
    again.page.locator("#compared", has_text="They differ in N_z (A 2, B 100)").wait_for()
    assert len(tiles(again, "#compared")) == 40


def test_a_recipe_fills_the_form(tab: Open):
    page = models(tab(None)).page
    page.get_by_role("button", name="From the first epoch on").click()
    page.locator("#message", has_text="The form is filled in: From the first epoch on.").wait_for()
    values = {name: page.input_value(f"#train-{name}") for name in ("n_latent", "epochs", "beta", "seed", "kept")}
    assert values == {"n_latent": "10", "epochs": "400", "beta": "1", "seed": "0", "kept": "1, 5, 20, 60, 150"}
    page.get_by_role("button", name="Several seeds").click()
    page.locator("#message", has_text="Several seeds").wait_for()
    assert page.locator("#train-models [aria-checked=true]").all_text_contents() == ["MNIST", "4"]
    seeds = page.evaluate("(id) => dash_component_api.getLayout(id).props.data", "train-seeds")
    assert seeds == "4"  # what the server is sent, too


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


@pytest.mark.parametrize("options", [LOOKS["light"], LOOKS["phone, dark"]], ids=["light", "phone, dark"])
def test_a_model_unfolds_at_once_with_places_of_the_size_of_what_comes(tab: Open, options: dict[str, object]):
    one = models(tab(None, **options))
    held: list[Route] = []

    def hold(route: Route) -> None:
        if asks(route.request, "unfolded.data"):
            held.append(route)
        else:
            route.continue_()

    one.page.route(re.compile("_dash-update-component"), hold)
    look_button(one, "digits-nz10-seed0").click()
    place = one.page.locator(".unfolded:not([hidden])")
    place.get_by_text("Loading …").wait_for()
    before = place.bounding_box()
    assert before
    assert before["height"] > 500
    assert look_button(one, "digits-nz10-seed0").get_attribute("aria-expanded") == "false"
    until(lambda: held or one.frame(), "the question is on its way")
    assert place.locator("img").count() == 0
    one.page.unroute_all()  # which lets it go on
    assert len(tiles(one, ".view")) == 30
    one.page.locator(".view .main-svg").first.wait_for()
    assert place.bounding_box() == pytest.approx(before, abs=1.5)
    assert place.get_by_text("Loading …").count() == 0
    look_button(one, "digits-nz10-seed0").click()
    one.page.locator(".unfolded:visible").wait_for(state="detached")
