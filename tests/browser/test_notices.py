"""Every refusal is seen, on every page, and what says so covers nothing that can be pressed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.browser.conftest import Open
from tests.browser.paper import drawn
from tests.browser.tab import LOOKS, PHONE, Tab
from tests.browser.test_models_page import models
from tests.browser.test_settings import CALLBACKS

GONE = "The server does not answer."
COVERED = """() => {
  const box = (e) => e.getBoundingClientRect();
  const notices = Array.from(document.querySelectorAll("#notices .notice")).map(box);
  return Array.from(document.querySelectorAll("button, input, a, [tabindex]"))
    .filter((e) => e.offsetParent && !e.closest("#notices"))
    .filter((e) => notices.some((n) => box(e).top < n.bottom - 1 && box(e).bottom > n.top + 1
      && box(e).left < n.right && box(e).right > n.left))
    .map((e) => e.outerHTML.slice(0, 100)); }"""
SEEN = """() => { const box = document.querySelector("#notices").getBoundingClientRect();
  return box.height > 0 && box.top >= -1 && box.bottom <= innerHeight + 1; }"""


def shows(one: Tab, sentence: str) -> None:
    """Wait for a notice, which is on the screen and covers nothing."""
    one.page.locator("#notices .notice", has_text=sentence).wait_for()
    one.page.wait_for_function(SEEN)
    assert one.page.evaluate(COVERED) == []
    assert one.too_wide() <= 0


def paper(one: Tab, query: str = "") -> Tab:
    one.page.goto(f"{one.server}/paper/fig3?model=digits-nz10-seed0&n_runs=20{query}")
    return drawn(one)


def draw(one: Tab) -> None:
    other = "invert" if one.page.input_value("#paper-noise_kind") == "permute" else "permute"
    one.page.select_option("#paper-noise_kind", other)


def train(one: Tab, n_latent: str) -> None:
    one.page.fill("#train-n_latent", n_latent)
    one.page.click("#train")


@pytest.mark.parametrize("options", LOOKS.values(), ids=list(LOOKS))
def test_a_wrong_number_of_latent_units_on_the_page_of_models(tab: Open, options: dict[str, Any]):
    one = models(tab(None, **options))
    train(one, "many")
    shows(one, "N_z must be a whole number from 1 to 512, not 'many'.")
    one.page.get_by_role("button", name="Dismiss").click()
    assert one.notices() == []
    assert one.page.evaluate("document.activeElement.id") == "train"  # back to what was refused
    one.page.click("#train")  # the same once more is refused once more
    shows(one, "N_z must be a whole number")


@pytest.mark.parametrize("options", [LOOKS["light"], PHONE], ids=["screen", "phone"])
@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("noise", "7", "noise must be a number from 0 to 1"),
        ("label", "10", "label must be a whole number from 0 to 9"),
        ("model", "nothing", "There is no model 'nothing' here, or not any more."),
        ("n_runs", "3", "n_runs must be a whole number from 10 to 500"),
    ],
)
def test_a_wrong_setting_on_the_page_of_the_paper(
    tab: Open, options: dict[str, Any], field: str, typed: str, sentence: str
):
    one = tab(None, **options)
    query = {"model": "digits-nz10-seed0"} | {field: typed}
    one.page.goto(f"{one.server}/paper/fig3?{urlencode(query)}")
    shows(one, sentence)


@pytest.mark.parametrize("options", [LOOKS["light"], PHONE], ids=["screen", "phone"])
def test_wrong_settings_in_a_link(tab: Open, options: dict[str, Any]):
    one = tab("d=digits&nz=10&p=7&label=10", **options)
    shows(one, "noise must be a number from 0 to 1")
    shows(one, "label must be a whole number from 0 to 9")


def test_a_file_that_is_no_model_and_the_same_file_once_more(tab: Open, tmp_path: Path):
    one, file = models(tab(None)), tmp_path / "mine.safetensors"
    file.write_bytes(b"nothing")
    for _ in range(3):
        with one.page.expect_response(lambda reply: "mine.safetensors" in (reply.request.post_data or "")):
            with one.page.expect_file_chooser() as chooser:
                one.page.click("#upload .link")
            chooser.value.set_files(file)
        shows(one, "mine.safetensors is not a model of this program")
        one.page.get_by_role("button", name="Dismiss").click()


def large(folder: Path) -> list[Path]:
    path = folder / "large.safetensors"
    with path.open("wb") as file:
        file.truncate(65_000_000)
    return [path]


def of_torch(folder: Path) -> list[Path]:
    path = folder / "model.pt"
    path.write_bytes(b"PK")
    return [path]


def two(folder: Path) -> list[Path]:
    paths = [folder / f"{name}.safetensors" for name in "ab"]
    for path in paths:
        path.write_bytes(b"x")
    return paths


REFUSED: dict[str, tuple[Callable[[Path], list[Path]], str]] = {
    "too large": (large, "large.safetensors has 65.0 MB. Choose a file of at most 64 MB."),
    "of PyTorch": (of_torch, "model.pt does not end in .safetensors."),
    "two at once": (two, "Choose one file at a time."),
}


@pytest.mark.parametrize(("files", "sentence"), REFUSED.values(), ids=list(REFUSED))
def test_a_file_that_is_not_taken(tab: Open, tmp_path: Path, files: Callable[[Path], list[Path]], sentence: str):
    one, chosen = models(tab(None)), files(tmp_path)
    one.page.evaluate("document.querySelector('#upload input[type=file]').multiple = true")  # as a drop can be
    before = one.asked()
    one.page.set_input_files("#upload input[type=file]", chosen)
    shows(one, sentence)
    assert not any("upload" in (request.post_data or "")[:2000] for request in one.requests[before:])


def test_a_request_that_the_server_takes_as_a_whole_for_too_large_is_said(tab: Open, tmp_path: Path):
    one = models(tab(None))
    one.page.evaluate("document.querySelector('[data-largest]').dataset.largest = 1e9")  # as an older page might
    one.page.set_input_files("#upload input[type=file]", large(tmp_path))
    shows(one, "This is larger than the server takes.")
    assert one.wrong
    one.wrong.clear()


ACTS: dict[str, tuple[str, Callable[[Tab], None]]] = {
    "models": ("models/", lambda one: train(one, "3")),
    "paper": ("paper/", draw),
}


@pytest.mark.parametrize("page", list(ACTS))
def test_a_server_that_is_gone_is_said_once_and_again_for_who_acts(tab: Open, page: str):
    one, (_, act) = tab(None), ACTS[page]
    (models if page == "models" else paper)(one)
    one.page.route(CALLBACKS, lambda route: route.abort())
    act(one)
    shows(one, GONE)
    one.page.get_by_role("button", name="Dismiss").click()
    if page == "models":
        one.page.wait_for_event("requestfailed", timeout=15_000)  # of the clock
        one.frame()
    assert one.notices() == []
    act(one)
    shows(one, GONE)
    assert one.notices() == [GONE]
    assert one.wrong
    one.wrong.clear()  # the errors that this test made
