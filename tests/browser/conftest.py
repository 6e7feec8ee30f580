"""One server and one Chromium for the whole run; a tab per test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.tab import Tab
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
def chromium() -> Iterator[Browser]:
    found = os.environ.get("LT_CHROMIUM") or shutil.which("chromium")
    with required(found, "Chromium") as program, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Browser, server: str) -> Iterator[Open]:
    """Opens tabs: `tab("d=digits&nz=10", color_scheme="dark")`. Afterwards none of them may have had an error."""
    opened: list[Tab] = []

    def open_tab(query: str | None = "d=digits&nz=10", **options: Any) -> Tab:
        opened.append(Tab(chromium, server, **options))
        return opened[-1] if query is None else opened[-1].open(query)

    yield open_tab
    for one in opened:
        one.page.unroute_all(behavior="ignoreErrors")  # what a test holds back is of no use any more
        one.context.close()
    for one in opened:
        one.check()


@pytest.fixture(scope="session")
def mnist(root: Path) -> str:
    """The query of the default screen; skips where the shipped MNIST model is missing."""
    if not (root / "models" / "mnist-nz100-seed0.safetensors").exists():
        pytest.skip("The shipped MNIST model is not in models/.")
    return ""
