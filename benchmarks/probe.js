/* Measures the explorer from inside the page; latency.py loads it before the page's own scripts.
 *
 * "painted": after the frame in which the change is drawn was handed to the compositor (a task posted from inside that
 * animation frame). "next": the start of the animation frame after it (double requestAnimationFrame). */
(function () {
  "use strict";

  const CANVASES = ["plane-canvas", "curves-canvas", "stage-canvas"];
  const PATIENCE = 60000;
  const probe = { drawn: [], stage: null, paint: 0, largest: 0, flying: 0 };
  window.probe = probe;
  const $ = (selector) => document.querySelector(selector);
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

  // ---- what happens on the page

  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    probe.drawn.push([this.canvas.id, performance.now()]);
    return clear.apply(this, box);
  };
  const draws = (id, from, to) => probe.drawn.filter(([name, at]) => name === id && at >= from && at < to).map((d) => d[1]);

  const fetched = window.fetch;
  window.fetch = function (...request) {
    probe.flying += 1;
    return fetched.apply(this, request).finally(() => { probe.flying -= 1; });
  };

  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { probe.largest = entry.startTime; }))
    .observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => list.getEntriesByName("first-contentful-paint").forEach((e) => { probe.paint = e.startTime; }))
    .observe({ type: "paint", buffered: true });

  (function look() {
    const name = $("#stage-name");
    if (name && ["I", "II", "III"].includes(name.textContent)) probe.stage = performance.now();
    else requestAnimationFrame(look);
  })();

  /* Every panel has been drawn from data. */
  probe.complete = () => probe.stage !== null && $("#strip").children.length > 0
    && CANVASES.every((id) => probe.drawn.some(([name]) => name === id));
  probe.firstView = () => ({ paint: probe.paint, largest: probe.largest, stage: probe.stage,
    complete: Math.max(...CANVASES.map((id) => probe.drawn.find(([name]) => name === id)[1])) });

  /* Nothing asked and nothing drawn for a while. */
  probe.quiet = async function () {
    const start = performance.now();
    let since = start;
    while (performance.now() - since < 150) {
      const last = probe.drawn.length ? probe.drawn[probe.drawn.length - 1][1] : 0;
      if (probe.flying) since = performance.now();
      since = Math.max(since, last);
      if (performance.now() - start > PATIENCE) throw new Error("the page does not come to rest");
      await sleep(20);
    }
    probe.drawn.length = 0;
  };

  // ---- input to painted frame

  function painted() {
    return new Promise((resolve) => requestAnimationFrame(() => {
      const channel = new MessageChannel(), next = frame();
      channel.port1.onmessage = () => {
        const at = performance.now();
        next.then(() => resolve({ painted: at, next: performance.now() }));
      };
      channel.port2.postMessage(0);
    }));
  }

  async function timed(act) {
    await sleep(30 + Math.random() * 17); // anywhere within a frame
    const start = performance.now();
    act();
    const handled = performance.now(), at = await painted();
    return { handled: handled - start, painted: at.painted - start, next: at.next - start, start };
  }

  function slide(input, value) {
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function checkDrawn(t, start) {
    if (!$("#clock").textContent.startsWith(`t = ${t} `)) throw new Error(`the clock does not show t = ${t}`);
    CANVASES.slice(0, 2).forEach((id) => { if (!draws(id, start, Infinity).length) throw new Error(`${id} was not drawn`); });
  }

  probe.scrub = async function (t) {
    const found = await timed(() => slide($("#scrubber input"), t));
    checkDrawn(t, found.start);
    return found;
  };

  probe.step = async function (t) {
    const found = await timed(() => $("#forward").click());
    checkDrawn(t, found.start);
    return found;
  };

  /* The same with nothing to draw: what waiting for the frame alone costs. */
  probe.nothing = () => timed(() => {});

  /* Frames that the plane was drawn in while playing, as times of drawing. */
  probe.play = async function (ms) {
    window.latent.player.pause();
    slide($("#scrubber input"), 0);
    $("#play").click();
    await sleep(200);
    const start = performance.now();
    await sleep(ms);
    if (!window.latent.player.playing) throw new Error("the playback ended before the measurement");
    const end = performance.now();
    window.latent.player.pause();
    return { times: draws("plane-canvas", start, end), seconds: (end - start) / 1000 };
  };

  // ---- a new p

  const waiting = { run: null, cloud: null };
  let plotted = null;

  function hook() {
    if (plotted !== null) return;
    plotted = 0;
    $("#plane-graph .js-plotly-plot").on("plotly_afterplot", () => { plotted = performance.now(); });
    Object.keys(waiting).forEach((route) => {
      const panel = window.latent.panels[route];
      window.latent.panels[route] = function (reply) {
        const found = panel.call(this, reply), wait = waiting[route];
        if (wait && reply.noise === wait.noise) { waiting[route] = null; wait.resolve(); }
        return found;
      };
    });
  }

  function reply(route, noise) {
    return new Promise((resolve, reject) => {
      waiting[route] = { noise, resolve };
      setTimeout(() => reject(new Error(`no reply of "${route}" for p = ${noise}`)), PATIENCE);
    });
  }

  /* The plane's axes are plotly's: wait for them too, unless they do not change. */
  async function axesPlotted(start) {
    const end = performance.now() + 300;
    while (plotted < start && performance.now() < end) await sleep(5);
    return plotted;
  }

  /* Move the slider of p; with another seed the ensemble cannot be cached. */
  probe.noise = async function (seed, noise) {
    hook();
    const { screen } = window.latent;
    screen.state.seed = seed;
    const run = reply("run", noise), cloud = reply("cloud", noise);
    await sleep(30 + Math.random() * 17);
    screen.state.noise = null; // a new p even where the slider stands already
    const start = performance.now();
    slide($('.widget[data-field="noise"] input'), noise);
    const [one, all] = await Promise.all([run.then(painted), cloud.then(painted)]);
    const axes = await axesPlotted(start); // its time of plotting; a few ms before it is painted
    return { run: one.painted - start, cloud: Math.max(all.painted, axes) - start };
  };
})();
