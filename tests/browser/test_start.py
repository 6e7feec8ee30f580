"""The first page completes, however cold the server is that gives it."""

import pytest
from playwright.sync_api import Browser

from benchmarks.server import serving
from tests.browser.tab import Tab
from tests.browser.test_lost_answers import complete

PATIENCE = 180_000  # ms; whether the page completes is the question, not when


@pytest.mark.parametrize("start", range(5))
def test_a_page_that_is_opened_the_moment_the_server_answers_is_complete(chromium: Browser, mnist: str, start: int):
    with serving() as server:
        one = Tab(chromium, server.url)
        one.page.set_default_timeout(PATIENCE)
        one.page.goto(f"{server.url}/{mnist}")
        complete(one)
        one.context.close()
