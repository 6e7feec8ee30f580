"""One server and one Chromium for the whole run; a tab per test.

The first tab of a test stands in a profile that keeps compiled scripts, as that of a visitor who comes back does: pages
are there in half the time. What a page stores is cleared before. Further tabs, and those of a phone, have profiles of
their own, which are empty.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from tests.browser.tab import OF_PAGE, SCREEN, Tab
from tests.served import required, serving

ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Open = Callable[..., Tab]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps everything."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def models_folder(home: Path) -> Path:
    """Where the server keeps the models of this machine."""
    return home / "models"


@pytest.fixture(scope="session")
def server(root: Path, home: Path) -> Iterator[str]:
    """The address of the dashboard with this working tree."""
    with serving(root, home) as url:
        yield url


@pytest.fixture(scope="session")
def program() -> Iterator[str]:
    """Where Chromium is."""
    found = os.environ.get("LT_CHROMIUM") or shutil.which("chromium")
    with required(found, "Chromium") as program:
        yield program


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright: Playwright, program: str) -> Iterator[Browser]:
    """A browser for tabs with profiles of their own."""
    browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def profile(playwright: Playwright, program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser whose one profile keeps what it has compiled, from test to test."""
    folder = tmp_path_factory.mktemp("profile")
    context = playwright.chromium.launch_persistent_context(
        folder, executable_path=program, args=ARGUMENTS, viewport=SCREEN
    )
    yield context
    context.close()


@pytest.fixture
def tab(request: pytest.FixtureRequest, server: str) -> Iterator[Open]:
    """Opens tabs: `tab("d=digits&nz=10", color_scheme="dark")`. Afterwards none of them may have had an error."""
    opened: list[Tab] = []

    def open_tab(query: str | None = "d=digits&nz=10", **options: Any) -> Tab:
        if opened or not OF_PAGE.issuperset(options):
            one = Tab(request.getfixturevalue("chromium"), server, **options)
        else:
            one = Tab(request.getfixturevalue("profile"), server, **options)
        opened.append(one)
        return one if query is None else one.open(query)

    yield open_tab
    for one in opened:
        one.close()
    for one in opened:
        one.check()


@pytest.fixture(scope="session")
def mnist(root: Path) -> str:
    """The query of the default screen; skips where the shipped MNIST model is missing."""
    if not (root / "models" / "mnist-nz100-seed0.safetensors").exists():
        pytest.skip("The shipped MNIST model is not in models/.")
    return ""
