"""Whether the first page completes: a server is started anew, and the page opened the moment /health answers.

The cache is empty, the browser's profile too. `probe.js` says when every panel has been drawn from data; a page that is
not complete after two minutes counts as one that stays empty, and what it shows then is written to stderr.
"""

import shutil
import sys
import time

from playwright.sync_api import Browser, TimeoutError, sync_playwright

from benchmarks import report
from benchmarks.latency import PROBE
from benchmarks.pages import CHROMIUM
from benchmarks.report import Measure
from benchmarks.server import PATIENCE, images_here, serving

EMPTY = """() => ({ asked: window.latent?.asked?.sequence, flying: window.probe?.flying, body: document.body.className,
  text: document.body.innerText.slice(0, 600), drawn: [...new Set(window.probe?.drawn.map(([id]) => id))] })"""


def start(browser: Browser) -> float | None:
    """Seconds from the first answer of /health until every panel is drawn; None where that does not happen."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.add_init_script(path=PROBE)
        page.on("pageerror", lambda error: report.say(f"error on the page: {error}"))
        with serving() as server:
            answered = time.perf_counter()
            page.goto(server.url)
            try:
                page.wait_for_function("() => probe.complete()", polling=20)
            except TimeoutError:
                report.say(f"not complete: {page.evaluate(EMPTY)}")
                return None
            return time.perf_counter() - answered
    finally:
        context.close()


def measures(times: list[float | None]) -> list[Measure]:
    """How many first pages were complete, and after how long."""
    complete = [seconds for seconds in times if seconds is not None]
    return [
        Measure(
            f"first pages that stay incomplete, of {len(times)}", "", [len(times) - len(complete)], limits={"max": 0},
            note=f"not complete after {PATIENCE} s",
        ),
        Measure("from the answer of /health to the last panel", "s", complete, note="an empty cache and profile"),
    ]  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    options = report.parser(__doc__)
    options.add_argument("--repetitions", type=int, default=50, help="starts of the server (default: 50)")
    args = options.parse_args(arguments)
    times: list[float | None] = []
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        for i in range(args.repetitions):
            times.append(start(browser))
            report.say(f"start {i + 1}: {times[-1]}")
        version = browser.version
        browser.close()
    found, source = measures(times), "original" if images_here() else "decoded"
    text = (
        f"Chromium {version} headless, 1440 x 900; runs start from {source} images.\n\n{report.measures_table(found)}"
    )
    report.publish("start", text, {"source": source, "measures": [each.to_dict() for each in found]}, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
