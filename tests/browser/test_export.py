"""What the browser makes to take along: pictures that show what the screen shows, and all of a page in one ZIP."""

import base64
import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Download

from tests.browser.conftest import Open
from tests.browser.tab import Tab

PANELS = ("landmark", "plane", "nearest", "curves", "strip", "stage")
QUERY = "d=digits&nz=10&src=decoded&runs=60&T=30&t=12&p=0.3"
DRAWN = """async (svg) => {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL();
}"""
SVG = "{http://www.w3.org/2000/svg}"


def save(one: Tab, panel: str, kind: str) -> Download:
    one.page.locator(f".{panel}-panel .save summary").click()
    with one.page.expect_download() as download:
        one.page.locator(f".{panel}-panel .save [data-kind={kind}]").click()
    return download.value


def pixels(content: bytes) -> Any:
    return Image.open(io.BytesIO(content)).convert("RGB")


def test_everything_is_one_zip_of_pictures_numbers_and_recipes(tab: Open):
    one = tab(QUERY).quiet()
    with one.page.expect_download() as download:
        one.page.locator("#save-all").click()
    assert download.value.suggested_filename == "explorer_digits-nz10-seed0_6_p0.3_permute_seed0.zip"
    with zipfile.ZipFile(download.value.path()) as found:
        assert found.testzip() is None
        files = {name: found.read(name) for name in found.namelist()}
    recipe = json.loads(files.pop("recipe.json"))
    assert list(recipe["panels"]) == list(PANELS)
    assert [Path(name).suffix for name in files] == [".png", ".svg", ".csv", ".npz"] * len(PANELS)
    of_runs = {name: content for name, content in files.items() if name.startswith("landmark-plane")}
    named = "landmark-plane_digits-nz10-seed0_6_p0.3_permute_seed0"
    assert set(of_runs) == {f"{named}_image40_t12.png", f"{named}_image40_t12.svg", f"{named}.csv", f"{named}.npz"}
    rows = list(csv.DictReader(io.StringIO(of_runs[f"{named}.csv"].decode())))
    assert len(rows) == 60 * 31
    drawn = ElementTree.fromstring(of_runs[f"{named}_image40_t12.svg"])
    assert len(drawn.findall(f".//{SVG}circle")) >= 60  # a circle for every run
    words = " ".join("".join(text.itertext()) for text in drawn.iter(f"{SVG}text"))
    for expected in ("Landmark plane", "own memory", "like its label", "p = 0.3", "t = 12 of 30"):
        assert expected in words
    assert one.page.locator("#save-all").text_content() == "Save all"


def test_png_and_svg_show_what_the_screen_shows(tab: Open):
    one = tab(f"{QUERY}&theme=dark").quiet()
    scale = 3
    for panel in ("landmark", "stage"):
        plot = one.page.locator(f"#{panel}-plot")
        box = plot.bounding_box()
        assert box
        screen = pixels(plot.screenshot())
        png = pixels(Path(save(one, panel, "png").path()).read_bytes())
        svg = Path(save(one, panel, "svg").path()).read_text()
        drawn = one.page.evaluate(DRAWN, svg)
        size = (round(box["width"]), round(box["height"]))
        small = png.resize((png.width // scale, png.height // scale), Image.Resampling.BOX)
        for picture in (small, pixels(base64.b64decode(drawn.partition(",")[2]))):
            part = picture.crop((0, 30, size[0], 30 + size[1]))
            assert difference(part, screen.resize(part.size)) < 3.2  # without its runs or curves it is 5


def difference(one: Any, other: Any) -> float:
    """The mean difference of two pictures, of 255, in tiles of 5 pixels: the rims of letters differ."""
    size = one.width // 5, one.height // 5
    first, second = (np.asarray(picture.resize(size, Image.Resampling.BOX), np.float32) for picture in (one, other))
    return float(np.abs(first - second).mean())


@pytest.mark.parametrize("options", [{}, {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}])
def test_an_open_menu_moves_nothing_and_closes_with_escape(tab: Open, options: dict[str, Any]):
    one = tab(QUERY, **options).quiet()
    places = "[...document.querySelectorAll('.panel, .plot, .note')].map((e) => e.getBoundingClientRect().toJSON())"
    menu = one.page.locator(".landmark-panel .save summary")
    before = one.page.evaluate(places)
    menu.click()
    assert one.page.evaluate(places) == before
    assert one.barriers() == []
    assert one.too_wide() <= 0
    one.page.keyboard.press("Escape")
    assert not one.page.locator(".save[open]").count()
    assert menu.evaluate("summary => summary === document.activeElement")


def test_the_paper_is_one_zip_of_all_its_figures(tab: Open):
    one = tab(None)
    one.page.goto(f"{one.server}/paper/")
    one.page.locator("#picture-fig10[data-look]").wait_for(state="attached")
    one.page.evaluate(
        """() => { for (const figure of document.querySelectorAll(".article figure"))
             if (!["figure-fig4a", "figure-fig10"].includes(figure.id)) figure.remove(); }"""
    )  # two are enough here
    with one.page.expect_download() as download:
        one.page.locator("#save-all").click()
    with zipfile.ZipFile(download.value.path()) as found:
        assert found.testzip() is None
        names = found.namelist()
        recipe = json.loads(found.read(next(name for name in names if name.startswith("fig4a/") and ".json" in name)))
        picture = pixels(found.read(next(name for name in names if name.startswith("fig10/") and ".png" in name)))
    assert sorted({name.partition("/")[0] for name in names}) == ["fig10", "fig4a"]
    assert sorted({Path(name).suffix for name in names}) == [".csv", ".json", ".npz", ".png", ".svg"]
    assert recipe["command"].startswith("python -m dashboard figure --recipe fig4a_")
    assert len(picture.getcolors(1 << 24)) > 5
