"""One server and one Chromium for the whole run; a tab per test."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.tab import Tab
from tests.served import free_port, required

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
    """The address of a server with this working tree: no images but the digits', a cache of its own."""
    port = str(free_port())
    settings = {"LT_HOME": str(home), "HOST": "127.0.0.1", "PORT": port, "LT_DEVICE": "cpu"}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("LT_") and k != "REDIS_URL"}
    with (home / "log").open("w") as log:
        command = [sys.executable, "serve.py"]
        process = subprocess.Popen(
            command, cwd=root, env=inherited | settings, stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdout
        line = process.stdout.readline()  # one line with the address, once the page can be opened
        assert "http://" in line, (home / "log").read_text()[-2000:]
        yield line.rpartition(" ")[2].strip()
        process.terminate()
        process.wait(30)
        process.stdout.close()
    assert '"level": "ERROR"' not in (home / "log").read_text()


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
        one.context.close()
    for one in opened:
        one.check()


@pytest.fixture(scope="session")
def mnist(root: Path) -> str:
    """The query of the default screen; skips where the shipped MNIST model is missing."""
    if not (root / "models" / "mnist-nz100-seed0.safetensors").exists():
        pytest.skip("The shipped MNIST model is not in models/.")
    return ""
