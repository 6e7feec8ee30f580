"""A page in headless Chromium that reports its errors and what comes over the wire."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks import report
from benchmarks.server import PATIENCE

CHROMIUM = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@contextmanager
def empty_page(
    browser: Browser,
    size: tuple[int, int],
    probe: Path,
    events: Mapping[str, Callable[[dict[str, Any]], None]],
    line: dict[str, Any] | None = None,
) -> Iterator[Page]:
    """A page in a profile of its own, so that nothing is cached.

    Args:
        browser: Where it is opened.
        size: Width and height, pixels.
        probe: A script that runs before those of the page.
        events: Who is told of events of Chromium's network domain, by their names.
        line: Latency and throughput of the line, if it is a slow one.
    """
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.add_init_script(path=probe)
    page.on("pageerror", lambda error: report.say(f"error on the page: {error}"))
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    if line:
        session.send("Network.emulateNetworkConditions", line)
    for name, listener in events.items():
        session.on(f"Network.{name}", listener)
    try:
        yield page
    finally:
        context.close()
