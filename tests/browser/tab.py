"""A browser tab with the explorer in it, that notices whatever goes wrong."""

from typing import Any
from urllib.parse import urlsplit

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, TimeoutError

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": PHONE | {"color_scheme": "light"},
    "phone, dark": PHONE | {"color_scheme": "dark"},
}
SCREEN: Any = {"width": 1440, "height": 900}
OF_PAGE = {"viewport", "color_scheme", "reduced_motion", "is_first_visit"}
"""Options that a page can have in a profile where others have not."""
PATIENCE = 30_000  # ms; the machine may be busy with something else

# Counts what is on its way to the server, so that a test can wait until everything has arrived. The films, which go on
# in the background once the screen is complete, are counted apart.
WATCH = """
window.flow = { open: 0, films: 0, most: {}, last: performance.now() };
const send = window.fetch;
const openOf = {};
window.fetch = (...what) => {
  const route = /"output":"([^"]*)\\.data"/.exec((what[1] || {}).body || "")?.[1] || "";
  const of = /film$/.test(route) ? "films" : "open";
  flow[of]++;
  openOf[route] = (openOf[route] || 0) + 1;
  flow.most[route] = Math.max(flow.most[route] || 0, openOf[route]);
  const done = () => { flow[of]--; openOf[route]--; if (of === "open") flow.last = performance.now(); };
  return send(...what).then((reply) => { done(); return reply; }, (error) => { done(); throw error; });
};
"""
# The address is written 300 ms after the last change; p glides to where it was put.
QUIET = """() => {
  if (!window.latent?.screen?.facts || !latent.isSettled()) return false;
  const { flow } = window, { state } = latent.screen, now = JSON.stringify(state);
  if (flow.state !== now) Object.assign(flow, { state: now, last: performance.now() });
  const run = latent.shownRun(), { frames, last } = latent.films.ensembles;
  const at = (frame) => frame && Math.abs(frame.noise - state.noise) < 1e-4;
  return flow.open === 0
  && performance.now() - flow.last > 450 && !document.body.classList.contains("waiting")
  && run && !run.isStale && run.share === 0 && at(run.from) && at(last) && [...frames.values()].includes(last)
  && latent.shown.sweep && !document.querySelector(".stage-panel").classList.contains("stale")
  && document.querySelector("#stage-badge").dataset.stage !== undefined
  && document.querySelectorAll("#strip .tile").length > 1; }"""
RESTLESS = """() => ({ flow, settled: window.latent?.isSettled(), waiting: document.body.className,
  stage: document.querySelector("#stage-badge").dataset.stage, tiles: document.querySelectorAll("#strip .tile").length,
  notices: document.querySelector("#notices").textContent })"""
# Both films are those of the state, at every p of the grid.
FILMED = """() => { const { runs, ensembles } = latent.films;
  return flow.films === 0 && [runs, ensembles].every((film) => film.frames.size >= 41); }"""
# What is painted on the strip, as greys from 0 to 15.
GREYS = """() => Array.from(document.querySelectorAll("#strip .tile"), (tile) => {
  const { data } = tile.getContext("2d").getImageData(0, 0, tile.width, tile.height);
  return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i] / 17); })"""
FILMS = ("runfilm.data", "film.data", "progress.data")


def asks(request: Request, *outputs: str) -> bool:
    """Whether a request asks for one of these outputs of a callback."""
    return any(f'"output":"{name}"' in (request.post_data or "")[:200] for name in outputs)


# Run, and place on the page, of the one that has most room around it.
LONELY = """() => { const { landmark: { u8, low, high, levels }, nRuns, steps } = latent.films.ensembles.last;
  const s = document.querySelector("#landmark-graph")._fullLayout, t = latent.player.t;
  const box = document.querySelector("#landmark-plot").getBoundingClientRect();
  const at = (b, k) => low[k] + u8[(b * 2 + k) * steps + t] * (high[k] - low[k]) / levels;
  const x = (b) => s.xaxis._offset + s.xaxis.l2p(at(b, 0)), y = (b) => s.yaxis._offset + s.yaxis.l2p(at(b, 1));
  const far = (b) => Math.min(...Array.from({ length: nRuns }, (_, o) =>
    o === b ? Infinity : Math.hypot(x(o) - x(b), y(o) - y(b))));
  const seen = (a, v) => a.range[0] + 0.1 < v && v < a.range[1] - 0.1;
  const others = Array.from({ length: nRuns }, (_, b) => b).filter((b) => b !== latent.screen.state.sample
    && seen(s.xaxis, at(b, 0)) && seen(s.yaxis, at(b, 1)));
  const best = others.reduce((a, b) => (far(b) > far(a) ? b : a));
  return [best, box.left + x(best), box.top + y(best)]; }"""
SEEN = "try { localStorage.setItem('first-minute', 'seen'); } catch { /* there is no page yet */ }"


class Tab:
    """One page; `check` fails for errors on the console, failed requests and anything from another origin.

    Args:
        place: A browser, where the page gets a profile of its own, or a profile, which is cleared of what is stored.
        server: The server's address.
        is_first_visit: Whether the browser has not shown the explorer before.
        options: Of the profile, or of the page in it (`OF_PAGE`).
    """

    def __init__(self, place: Browser | BrowserContext, server: str, *, is_first_visit: bool = False, **options: Any):
        self.server = server
        options = {"viewport": SCREEN, **options}
        self.is_shared = isinstance(place, BrowserContext)
        self.context = place if isinstance(place, BrowserContext) else place.new_context(**options)
        self.page: Page = self.context.new_page()
        if self.is_shared:
            self._clear(options)
        self.page.set_default_timeout(PATIENCE)
        self.page.add_init_script(WATCH)
        if not is_first_visit:
            self.page.add_init_script(SEEN)
        self.wrong: list[str] = []
        self.requests: list[Request] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def _clear(self, options: dict[str, Any]) -> None:
        """Make a profile that others have had as good as new, but for its cache."""
        session = self.context.new_cdp_session(self.page)
        kinds = "cookies,indexeddb,local_storage,service_workers"
        session.send("Storage.clearDataForOrigin", {"origin": self.server, "storageTypes": kinds})
        session.detach()
        self.page.set_viewport_size(options.pop("viewport"))
        if options:
            self.page.emulate_media(**options)

    def close(self) -> None:
        """Leave nothing of it open; what a test holds back is of no use any more."""
        self.page.unroute_all(behavior="ignoreErrors")
        if not self.is_shared:
            self.context.close()
            return
        for page in self.context.pages[1:]:  # the first one holds the browser open
            page.close()

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status} {response.url}")

    def _console(self, message: Any) -> None:
        of_this_test = "willReadFrequently" in message.text  # painted() reads the canvases back
        if message.type in ("error", "warning") and not of_this_test:
            self.wrong.append(f"{message.type} on the console: {message.text}")

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and f"{address.scheme}://{address.netloc}" != self.server:
            self.wrong.append(f"asked elsewhere: {request.url[:200]}")

    def check(self) -> None:
        if self.wrong:
            raise AssertionError("\n".join(self.wrong)[:2000])

    def barriers(self, *within: str) -> list[tuple[str, str]]:
        """What axe finds: the rule and the first element that breaks it. What plotly draws is one named picture.

        Args:
            within: Selectors of the parts that are looked at; the whole page where none is given.
        """
        parts: dict[str, Any] = {"include": [[selector] for selector in within]} if within else {}
        only = {"resultTypes": ["violations"]}  # half the time: nothing is told of what is in order
        found = Axe().run(self.page, context={"exclude": [[".main-svg"]]} | parts, options=only).response["violations"]
        return [(each["id"], each["nodes"][0]["html"][:120]) for each in found]

    def too_wide(self) -> int:
        """Pixels by which the page is wider than the screen."""
        size = self.page.viewport_size
        assert size
        return self.page.evaluate("document.documentElement.scrollWidth") - size["width"]

    def open(self, query: str = "") -> "Tab":
        """Load the page and wait until every panel has its data."""
        self.page.goto(f"{self.server}/{'?' if query else ''}{query}")
        return self.quiet()

    def first_screen(self, query: str = "d=digits&nz=10") -> "Tab":
        """Load the page and wait until its panels are drawn; the films of other p may still be on their way."""
        self.page.goto(f"{self.server}/?{query}")
        self.page.wait_for_function(
            """() => window.latent && latent.isSettled() && latent.shown.sweep && latent.shownRun()
              && document.body.matches(".seen:not(.waiting)")"""
        )
        self.frame()
        return self

    def quiet(self) -> "Tab":
        """Wait until nothing is on its way and the address is written."""
        try:
            self.page.wait_for_function(QUIET, polling=50)
        except TimeoutError as error:
            raise AssertionError(f"The page does not come to rest: {self.page.evaluate(RESTLESS)}") from error
        self.frame()
        return self

    def filmed(self) -> "Tab":
        """Wait until both films are here, too."""
        self.quiet()
        try:
            self.page.wait_for_function(FILMED, polling=50, timeout=3 * PATIENCE)
        except TimeoutError as error:
            sizes = "() => [latent.films.runs.frames.size, latent.films.ensembles.frames.size, flow]"
            raise AssertionError(f"The films do not arrive: {self.page.evaluate(sizes)}") from error
        return self.quiet()

    def quiet_but_open(self) -> None:
        """Wait until the picture is that of the state, whatever else is still on its way."""
        self.page.wait_for_function(
            """() => { const { from, share } = latent.shownRun();
              return !share && from.noise === latent.screen.state.noise; }"""
        )
        self.frame()

    def frame(self) -> None:
        """Wait until what changed is painted."""
        self.page.evaluate("() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")

    # what is on the screen

    def state(self) -> dict[str, Any]:
        return self.page.evaluate("() => ({...latent.screen.state, t: latent.player.t})")

    @property
    def address(self) -> dict[str, str]:
        """The settings in the address bar."""
        return dict(pair.split("=", 1) for pair in urlsplit(self.page.url).query.split("&"))

    def text(self, selector: str) -> str:
        """The words of an element, with plain spaces."""
        return (self.page.locator(selector).first.text_content() or "").replace("\xa0", " ")

    def badge(self) -> list[str]:
        """Stage, sentence and the three minima."""
        return [
            self.text("#stage-name"),
            self.text("#caption"),
            *[self.text(f"#minimum-{i} .number") for i in range(3)],
        ]

    def strip(self) -> str:
        """The images of the highlighted run, pixel by pixel."""
        tiles = "Array.from(document.querySelectorAll('#strip .tile'), (tile) => tile.toDataURL()).join()"
        return self.page.evaluate(f"() => {tiles}")

    def shows_images_of(self, other: "Tab") -> None:
        """Fail unless both strips are the same. A grey is one of 16, and the server rounds a run alone and the same run
        among those of other p differently by some 1e-7: a pixel that lies between two greys may be either."""
        mine, theirs = (np.array(one.page.evaluate(GREYS)) for one in (self, other))
        assert mine.shape == theirs.shape
        assert np.abs(mine - theirs).max() <= 1
        assert (mine != theirs).mean() < 1e-3

    def picture(self, name: str) -> str:
        """A panel's canvas, pixel by pixel."""
        self.frame()
        return self.page.evaluate("(id) => document.getElementById(id).toDataURL()", f"{name}-canvas")

    def shows(self, name: str, picture: str) -> None:
        """Wait until a panel's canvas is that picture: plotly lays out its axes when it finds time."""
        self.page.wait_for_function(
            "([id, picture]) => document.getElementById(id).toDataURL() === picture", arg=[f"{name}-canvas", picture]
        )

    def without_names(self) -> "Tab":
        """Draw no more names and pictures on the canvases."""
        self.page.evaluate(
            """() => { const p = CanvasRenderingContext2D.prototype;
              p.fillText = p.strokeText = p.drawImage = p.fillRect = p.strokeRect = () => {}; latent.redraw(); }"""
        )
        return self

    def painted(self, name: str) -> int:
        """How many pixels of a panel's canvas are not empty."""
        return self.page.evaluate(
            """(id) => { const c = document.getElementById(id);
              if (!c.width || !c.height) return 0;
              const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
              let n = 0; for (let i = 3; i < data.length; i += 4) n += data[i] > 0; return n; }""",
            f"{name}-canvas",
        )

    def colours(self, name: str) -> int:
        """How many different colours a panel's canvas has."""
        return self.page.evaluate(
            """(id) => { const c = document.getElementById(id);
              const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
              return new Set(new Uint32Array(data.buffer)).size; }""",
            f"{name}-canvas",
        )

    def lonely_run(self) -> tuple[int, float, float]:
        """The run, but the highlighted one, that is farthest from all others in the landmark plane, and where it is."""
        return self.page.evaluate(LONELY)

    def notices(self) -> list[str]:
        return self.page.locator("#notices .notice p").all_text_contents()

    def clock(self) -> int:
        return self.page.evaluate("() => latent.player.t")

    # what a hand does

    def widget(self, field: str) -> Any:
        """The first widget of a field; p has another one on a phone."""
        return self.page.locator(f'.widget[data-field="{field}"]').first

    def choose(self, field: str, value: str) -> None:
        self.widget(field).locator(f'[role=radio][data-value="{value}"]').click()

    def slide(self, field: str, value: float) -> None:
        """Put a slider somewhere, as a finger does it: an input event, nothing else."""
        self.widget(field).locator("input").evaluate(
            "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', { bubbles: true })); }", value
        )

    def asked(self) -> int:
        """How many requests there have been, but those for the films; Chromium fetches the icon again after an address
        changes."""
        films = [request for request in self.requests if asks(request, *FILMS)]
        return len([request for request in self.requests if "favicon" not in request.url]) - len(films)

    def films_asked(self) -> int:
        """How many questions for the films there have been."""
        return len([request for request in self.requests if asks(request, "runfilm.data", "film.data")])
