"""How soon the Paper page is there, and whether a reader who scrolls meets a figure that is not yet drawn.

Every visit has a server that was just started, with an empty cache, and a browser profile without one.

Try: python -m benchmarks.article --repetitions 1
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import report
from benchmarks.pages import CHROMIUM, empty_page
from benchmarks.report import Measure
from benchmarks.server import images_here, serving

PROBE = Path(__file__).parent / "article.js"
SIZES = {"1440 x 900": (1440, 900), "390 x 844": (390, 844)}
SPEEDS = {"reading": 600, "skimming": 3000}  # pixels a second


@dataclass
class Traffic:
    """Bytes that came over the wire so far, heads included, compressed as Chromium asks for it."""

    bodies: dict[str, int] = field(default_factory=dict)

    def came(self, event: dict[str, Any]) -> None:
        """A piece of a body is here."""
        self.bodies[event["requestId"]] = self.bodies.get(event["requestId"], 0) + int(event["encodedDataLength"])

    def finished(self, event: dict[str, Any]) -> None:
        """A response is here: its head and body."""
        self.bodies[event["requestId"]] = int(event["encodedDataLength"])

    @property
    def kilobytes(self) -> float:
        """Of all that came."""
        return sum(self.bodies.values()) / 1000


@dataclass(frozen=True)
class Visit:
    """What one reader met.

    Args:
        largest: Largest contentful paint, s after the page was opened.
        drawn: All figures on the first screen are drawn, s.
        first_screen: kB on the wire until then.
        article: kB on the wire until all figures are drawn.
        late: Of each figure, how many ms after it came into view it was still not drawn; 0 if it was.
    """

    largest: float
    drawn: float
    first_screen: float
    article: float
    late: dict[str, float]


@contextmanager
def opened(browser: Browser, size: tuple[int, int]) -> Iterator[tuple[Page, Traffic]]:
    """The page of a server that was just started."""
    traffic = Traffic()
    events = {"dataReceived": traffic.came, "loadingFinished": traffic.finished}
    with serving() as server, empty_page(browser, size, PROBE, events) as page:
        page.goto(f"{server.url}/paper/", wait_until="commit")
        yield page, traffic


def visit(browser: Browser, size: tuple[int, int], speed: int) -> Visit:
    """Open the page, scroll to its end as soon as the first screen is drawn."""
    with opened(browser, size) as (page, traffic):
        drawn = page.evaluate("() => article.firstScreen()")
        first_screen = traffic.kilobytes
        largest = page.evaluate("() => article.largest")
        seen = page.evaluate("speed => article.scroll(speed)", speed)
        page.evaluate("() => article.complete()")
        late = {entry["figure"]: entry["ms"] for entry in seen}
        return Visit(largest / 1000, drawn / 1000, first_screen, traffic.kilobytes, late)


def measures(visits: dict[tuple[str, str], list[Visit]]) -> list[Measure]:
    """What readers met, by the size of the screen and the pace."""
    found: list[Measure] = []
    for size in SIZES:
        here = [visit for (own, _), visits_here in visits.items() if own == size for visit in visits_here]
        found += [
            Measure(f"{size}, largest contentful paint", "s", [v.largest for v in here], {"p95": 2.5}),
            Measure(f"{size}, all figures on the first screen drawn", "s", [v.drawn for v in here]),
            Measure(f"{size}, first screen on the wire", "kB", [v.first_screen for v in here], {"max": 1200}),
            Measure(f"{size}, all figures on the wire", "kB", [v.article for v in here]),
        ]
    for (size, pace), here in visits.items():
        note = ", ".join(sorted({figure for v in here for figure, ms in v.late.items() if ms}))
        found.append(
            Measure(
                f"{size}, {pace} ({SPEEDS[pace]:,} pixels/s): figures that come into view before they are drawn", "",
                [sum(ms > 0 for ms in v.late.values()) for v in here], {"max": 0}, note=note,
            )
        )  # fmt: skip
        latest = [max(v.late.values()) for v in here]
        found.append(Measure(f"{size}, {pace}: the longest that one of them is missing", "ms", latest))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    options = report.parser(__doc__)
    options.add_argument("--repetitions", type=int, default=5, help="visits a size and pace (default: 5)")
    args = options.parse_args(arguments)
    visits: dict[tuple[str, str], list[Visit]] = {}
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        for size, pixels in SIZES.items():
            for pace, speed in SPEEDS.items():
                report.say(f"{size}, {pace}: {args.repetitions} visits")
                visits[size, pace] = [visit(browser, pixels, speed) for _ in range(args.repetitions)]
        version = browser.version
        browser.close()
    found = measures(visits)
    n_figures = len(next(iter(visits.values()))[0].late)
    text = f"Chromium {version} headless; {n_figures} figures.\n\n{report.measures_table(found)}"
    source = "original" if images_here() else "decoded"
    report.publish("article", text, {"source": source, "measures": [m.to_dict() for m in found]}, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
