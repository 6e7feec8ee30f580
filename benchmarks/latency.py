"""How long the explorer takes from finger to screen, in headless Chromium at 1440 x 900 against a server of its own.

Try: python -m benchmarks.latency --repetitions 5
"""

import argparse
import json
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from playwright.sync_api import Browser, Page, Request, sync_playwright

from benchmarks import report
from benchmarks.pages import CHROMIUM, empty_page
from benchmarks.report import Measure
from benchmarks.server import PATIENCE, Server, images_here, serving

T = TypeVar("T")
PROBE = Path(__file__).parent / "probe.js"
STEPS = 60
GRID = 41  # values of p on the slider
LINE = {"offline": False, "latency": 40, "downloadThroughput": 1.25e6, "uploadThroughput": 1.25e6}  # ms, bytes/s
STRIDE = 17  # places between one p and the next: far from what the server computes ahead


@dataclass
class Wire:
    """Bytes on the wire, headers included, compressed as Chromium asks for it."""

    kinds: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    encodings: set[str] = field(default_factory=set)

    def sent(self, event: dict[str, Any]) -> None:
        """A request leaves; an image inside the page (data:) is none."""
        if event["request"]["url"].startswith("http"):
            self.kinds[event["requestId"]] = kind_of(event["request"])

    def received(self, event: dict[str, Any]) -> None:
        """The head of a response is here."""
        if event["requestId"] in self.kinds:
            headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
            self.encodings.add(headers.get("content-encoding", "none"))

    def finished(self, event: dict[str, Any]) -> None:
        """A response is here."""
        if event["requestId"] in self.kinds:
            self.sizes[self.kinds[event["requestId"]]].append(int(event["encodedDataLength"]))

    def total(self, *prefixes: str) -> int:
        """Bytes of all kinds that begin so."""
        return sum(sum(sizes) for kind, sizes in self.sizes.items() if kind.startswith(prefixes))


def kind_of(request: dict[str, Any]) -> str:
    """What a request asks for: plotly.js, dash, ours, or data with the callback's output."""
    path = request["url"].partition("//")[2].partition("/")[2].partition("?")[0]
    if path.startswith("_dash-update-component"):
        return "data " + json.loads(request.get("postData") or "{}").get("output", "?")
    if "plotly" in path:
        return "plotly.js"
    if path.startswith("_dash-component-suites"):
        return "dash"
    return "ours"


@contextmanager
def opened(
    browser: Browser, server: Server, query: str = "", line: dict[str, Any] | None = None
) -> Iterator[tuple[Page, Wire]]:
    """The page in a profile of its own (nothing cached), until every panel is drawn; over a line, if one is given."""
    wire = Wire()
    events = {"requestWillBeSent": wire.sent, "responseReceived": wire.received, "loadingFinished": wire.finished}
    with empty_page(browser, (1440, 900), PROBE, events, line) as page:
        page.goto(server.url + query)
        page.wait_for_function("() => probe.complete()")
        yield page, wire


def repeated(title: str, n: int, measure: Callable[[int], T]) -> list[T]:
    """Measure n times, and say so."""
    report.say(f"{title}: {n} times")
    return [measure(i) for i in range(n)]


def first_views(browser: Browser, server: Server, n: int) -> list[Measure]:
    """Time to paint and bytes of the first view; the server is warm, the browser is not."""

    def view(_: int) -> tuple[dict[str, float], Wire]:
        with opened(browser, server) as (page, wire):
            times = page.evaluate("() => probe.firstView()")
            page.evaluate("() => probe.quiet()")
            return times | {"filmed": page.evaluate("() => probe.filmed()")}, wire

    seen = repeated("first view", n, view)
    wires = [wire for _, wire in seen]
    encodings = ", ".join(sorted(set().union(*(wire.encodings for wire in wires))))
    note = f"response heads and bodies as they crossed the wire; encodings seen: {encodings}"

    def size(title: str, *prefixes: str, **more: Any) -> Measure:
        return Measure(f"first view, {title}", "kB", [wire.total(*prefixes) / 1000 for wire in wires], **more)

    def moment(title: str, name: str, **more: Any) -> Measure:
        return Measure(f"first view, {title}", "s", [times[name] / 1000 for times, _ in seen], **more)

    return [
        size(
            "on the wire, films apart", "plotly.js", "dash", "ours", "data run.", "data ensemble.", "data sweep.",
            "data settled.", limits={"p95": 900}, note=note,
        ),
        size("of it plotly.js", "plotly.js"),
        size("of it Dash", "dash"),
        size("of it ours (page, layout, scripts, styles)", "ours"),
        size("of it data", "data run.", "data ensemble.", "data sweep.", "data settled."),
        size("film of the run", "data runfilm."),
        size("film of the ensemble", "data film."),
        moment("first contentful paint", "paint"),
        moment("largest contentful paint", "largest", limits={"p95": 2.5}),
        moment("badge has a stage", "stage"),
        moment("all panels drawn", "complete"),
        Measure(
            "first view, from first paint to both films", "s",
            [(times["filmed"] - times["paint"]) / 1000 for times, _ in seen],
        ),
    ]  # fmt: skip


def far_views(browser: Browser, server: Server, n: int) -> list[Measure]:
    """The first view over a line of 10 Mbit/s, as DevTools emulate one."""

    def view(_: int) -> tuple[float, float]:
        with opened(browser, server, line=LINE) as (page, wire):
            filmed = page.evaluate("() => probe.filmed()") - page.evaluate("() => probe.paint")
            return filmed / 1000, wire.total("data film.") / 1000

    seen = repeated("first view over 10 Mbit/s", n, view)
    return [
        Measure(
            "first view over 10 Mbit/s, from first paint to both films", "s", [s for s, _ in seen], {"p95": 5},
            note="1.25 MB/s and 40 ms a question, emulated by Chromium",
        ),
        Measure("first view over 10 Mbit/s, film of the ensemble", "kB", [kb for _, kb in seen], {"p95": 1200}),
    ]  # fmt: skip


def interactions(page: Page, n: int) -> list[Measure]:
    """Scrub and step: from dispatching the event inside the page."""
    steps = np.random.default_rng(0).permutation(np.arange(n) % STEPS)
    scrubbed = [page.evaluate("t => probe.scrub(t)", int(t)) for t in steps]
    page.evaluate("() => probe.scrub(0)")
    stepped = repeated("step", min(n, STEPS), lambda i: page.evaluate("t => probe.step(t)", i + 1))
    idle = repeated("nothing", n, lambda _: page.evaluate("() => probe.nothing()"))

    def times(found: list[dict[str, float]], name: str) -> list[float]:
        return [each[name] for each in found]

    return [
        Measure(
            "scrub: input to painted, all panels", "ms", times(scrubbed, "painted"), {"p95": 33},
            note="from dispatching `input` to a task posted in the animation frame that draws (run when the frame was "
            "painted); the event comes anywhere within a frame, so up to 16.7 ms of it is waiting for the next one",
        ),
        Measure("step: click to painted, all panels", "ms", times(stepped, "painted"), {"p95": 33}),
        Measure("no change: the frame alone", "ms", times(idle, "painted"), note="the floor of the two above"),
        Measure(
            "scrub: input to the frame after (double rAF)", "ms", times(scrubbed, "next"),
            note="an upper bound: one more frame of 16.7 ms is in it",
        ),
        Measure("no change: to the frame after (double rAF)", "ms", times(idle, "next")),
    ]  # fmt: skip


def playback(page: Page, n: int) -> list[Measure]:
    """Frames that the plane with 300 runs is drawn in, and requests meanwhile."""
    requests: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith("http"):  # tiles are data: addresses
            requests.append(kind_of({"url": request.url, "postData": request.post_data}))

    page.on("request", note)
    counts: list[int] = []
    seen: set[str] = set()

    def play(_: int) -> dict[str, Any]:
        page.evaluate("() => probe.quiet()")
        requests.clear()
        found = page.evaluate("() => probe.play(5000)")
        counts.append(len(requests))
        seen.update(requests)
        return found

    page.evaluate("() => probe.play(1000)")  # with the first change of the address Chromium fetches the icon once
    played = repeated("playback for 5 s", n, play)
    rates = [len(each["times"]) / each["seconds"] for each in played]
    gaps = [gap for each in played for gap in np.diff(each["times"])]
    return [
        Measure("playback of 300 runs: frames drawn", "frames/s", rates, {"min": 30}, at_least=True),
        Measure("playback: from frame to frame", "ms", gaps),
        Measure("playback: requests to the server in 5 s", "", counts, {"max": 0}, note=", ".join(sorted(seen))),
    ]


def drags(page: Page, wire: Wire, n: int) -> list[Measure]:
    """p under the finger with its film here, and the films of other images."""
    page.evaluate("() => probe.filmed()")
    noises = np.random.default_rng(1).permutation(np.arange(n) % GRID) / (GRID - 1)
    dragged = repeated("drag p", n, lambda i: page.evaluate("p => probe.drag(p)", float(noises[i])))
    page.evaluate("() => probe.quiet()")
    before = len(wire.sizes["data runfilm.data"])
    chosen = repeated("another image", n, lambda _: page.evaluate("() => probe.image()"))
    sizes = [size / 1000 for size in wire.sizes["data runfilm.data"][before:]]
    return [
        Measure(
            "drag p: input to painted, all panels and both planes", "ms", [each["painted"] for each in dragged],
            {"p95": 33}, note="with the film here",
        ),
        Measure("drag p: questions to the server", "", [each["questions"] for each in dragged], {"max": 0}),
        Measure("another image: chosen to the film of its run", "ms", chosen),
        Measure("another image: the film of its run on the wire", "kB", sizes),
    ]  # fmt: skip


def held_back(page: Page, n: int) -> list[Measure]:
    """12 s of dragging while every answer comes 0.8 s late: the last picture after letting go, and what was asked."""
    found = repeated("drag with late answers", n, lambda i: page.evaluate("s => probe.held(s, 12000, 800)", 5000 + i))
    return [
        Measure("answers 0.8 s late, drag of 12 s: let go to the last picture", "ms", [f["after"] for f in found]),
        Measure("answers 0.8 s late, drag of 12 s: questions", "", [f["questions"] for f in found]),
    ]


def beside_a_figure(browser: Browser, server: Server, page: Page, n: int) -> list[Measure]:
    """Runs while the page of the paper draws what takes long."""
    context = browser.new_context()
    paper = context.new_page()
    paper.goto(server.url + "/paper/fig5a?model=mnist-nz100-seed0&source=decoded&label=7")
    paper.wait_for_function("() => !document.getElementById('cancel').disabled")

    def ask(i: int) -> dict[str, float]:
        return page.evaluate("([seed, p]) => probe.noise(seed, p)", [9000 + i, i % GRID / (GRID - 1)])

    times = repeated("new p beside a figure", n, ask)
    if not paper.evaluate("() => document.getElementById('cancel').disabled"):
        paper.click("#cancel")
    context.close()
    return [Measure("new p while Fig. 5a is drawn: input to painted run", "ms", [each["run"] for each in times])]


def new_noises(page: Page, wire: Wire, n: int) -> list[Measure]:
    """A new p, first with an ensemble that nobody has asked for (another seed), then the same again."""
    pairs = [(1000 + i, ((i + 1) * STRIDE % GRID) / (GRID - 1)) for i in range(n)]

    def ask(i: int) -> dict[str, float]:
        page.evaluate("() => probe.quiet()")
        return page.evaluate("([seed, p]) => probe.noise(seed, p)", list(pairs[i]))

    cold = repeated("new p, ensemble not cached", n, ask)
    cached = repeated("new p, ensemble cached", n, ask)
    sizes = [size / 1000 for size in wire.sizes["data run.data"]]
    ensembles = [size / 1000 for size in wire.sizes["data ensemble.data"]]
    return [
        Measure(
            "new p: input to painted highlighted run", "ms", [each["run"] for each in cached], {"p50": 100, "p95": 200},
            note="the slider's `input` to the frame with the answer for that p; the ensemble is asked at the same time "
            "and comes from the cache; the server computes neighbours ahead meanwhile",
        ),
        Measure(
            "the same while its ensemble is computed", "ms", [each["run"] for each in cold], {"p50": 100, "p95": 200}
        ),
        Measure("300 runs, T = 60, cold: asked to drawn", "ms", [e["ensemble"] for e in cold], {"p95": 2000}),
        Measure("300 runs, T = 60, cached: asked to drawn", "ms", [e["ensemble"] for e in cached], {"p95": 150}),
        Measure("one run on the wire", "kB", sizes, {"p95": 25}),
        Measure("300 runs at one p on the wire", "kB", ensembles),
    ]  # fmt: skip


def cold_starts(browser: Browser, n: int) -> list[Measure]:
    """From starting the server's process, with an empty cache, to a page whose badge has a stage."""

    def start(_: int) -> tuple[float, float]:
        with serving() as server:
            answers = time.perf_counter() - server.started
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            page.set_default_timeout(PATIENCE * 1000)
            page.add_init_script(path=PROBE)
            page.goto(server.url)
            page.wait_for_function("() => probe.stage !== null")
            useful = time.perf_counter() - server.started
            context.close()
            return answers, useful

    found = repeated("cold start", n, start)
    return [
        Measure("cold start: process start to first answer", "s", [answers for answers, _ in found]),
        Measure("cold start: process start to a useful page", "s", [useful for _, useful in found], {"p95": 10}),
    ]


def measure_all(browser: Browser, args: argparse.Namespace) -> list[Measure]:
    """Every measure, in the order of the table."""
    n = args.repetitions
    with serving() as server:
        with opened(browser, server) as (page, wire):
            page.evaluate("() => probe.quiet()")
            report.say(f"scrub: {n} times")
            found = interactions(page, n) + drags(page, wire, n)
            found += playback(page, max(1, n // 10)) + new_noises(page, wire, n)
            found += held_back(page, max(1, n // 10)) + beside_a_figure(browser, server, page, n)
        found += first_views(browser, server, n) + far_views(browser, server, n)
    return found + cold_starts(browser, max(1, n // 10))


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    options = report.parser(__doc__)
    options.add_argument(
        "--repetitions", type=int, default=50, help="of every measure; playback and starts a tenth (default: 50)"
    )
    return options.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    args = read_arguments(arguments)
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        found = measure_all(browser, args)
        version = browser.version
        browser.close()
    source = "original" if images_here() else "decoded"
    text = (
        f"Chromium {version} headless, 1440 x 900; runs start from {source} images.\n\n{report.measures_table(found)}"
    )
    report.publish("latency", text, {"source": source, "measures": [m.to_dict() for m in found]}, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
