"""What a visitor does first, in a real browser, against a server that runs elsewhere: first screen, a drag, exports.

python .ci/container_page.py http://127.0.0.1:8050
"""

import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.browser.conftest import ARGUMENTS
from tests.browser.tab import Tab


def look_around(server: str, browser: Browser) -> None:
    """Open the explorer, drag p through its range, play."""
    tab = Tab(browser, server).open()
    first = tab.badge()
    assert first[0] in ("I", "II", "III"), first
    assert all(tab.colours(panel) > 10 for panel in ("plane", "curves", "stage"))
    stages = []
    for noise in np.arange(0, 1.01, 0.05):
        tab.slide("noise", round(float(noise), 3))
        tab.frame()
        stages.append(tab.text("#stage-name"))
    tab.quiet()
    assert len(set(stages)) > 1, stages
    tab.page.click("#play")
    tab.page.wait_for_function("() => latent.player.t > 2")
    tab.check()
    print("first screen:", " | ".join(first[:2]))
    print("a drag of p:", *stages)


def take_along(server: str, browser: Browser) -> None:
    """Read the article, draw a figure of it, and take its numbers, its recipe and the model along."""
    tab = Tab(browser, server)
    tab.page.goto(f"{server}/paper/")
    tab.page.wait_for_selector("#picture-fig10[data-look]")  # the last one
    tab.page.goto(f"{server}/paper/fig1?model=mnist-nz100-seed0&source=decoded&label=3")
    tab.page.wait_for_selector("#files a[download]")
    numbers, recipe = (download(tab, f"#files a[href*='.{kind}?']") for kind in ("npz", "json"))
    with np.load(io.BytesIO(numbers)) as arrays:
        assert json.loads(str(arrays["recipe"])) == json.loads(recipe)
        assert arrays["run.images"].shape[1] == 784
        assert np.isfinite(arrays["run.images"]).all()
    tab.page.goto(f"{server}/models/")
    model = download(tab, "a[href*='mnist-nz100-seed0.safetensors']")
    assert b'"encoder.hidden.weight"' in model[:10_000]
    tab.check()
    print(f"taken along: Fig. 1 as numbers ({len(numbers)} bytes) and recipe, a model ({len(model)} bytes)")


def download(tab: Tab, link: str) -> bytes:
    """The file behind a link, fetched by a click."""
    with tab.page.expect_download() as waiting:
        tab.page.click(link)
    return waiting.value.path().read_bytes()


if __name__ == "__main__":
    chromium = shutil.which("chromium")
    if not chromium:
        sys.exit("There is no Chromium on this machine: apt install chromium.")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        look_around(sys.argv[1], opened)
        take_along(sys.argv[1], opened)
        opened.close()
    print("The page works.")
