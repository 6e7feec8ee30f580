/* Measures the explorer from inside the page; latency.py loads it before the page's own scripts.
 *
 * "painted": after the frame in which the change is drawn was handed to the compositor (a task posted from inside that
 * animation frame). "next": the start of the animation frame after it (double requestAnimationFrame). */
(function () {
  "use strict";

  const CANVASES = ["landmark-canvas", "plane-canvas", "nearest-canvas", "curves-canvas", "stage-canvas"];
  const PATIENCE = 120000;
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
  const delay = { ms: 0 };
  /* The films go on in the background and do not count as on their way; `asked` has every question. */
  probe.asked = [];
  window.fetch = async function (...request) {
    const route = /"output":"([^"]*)\.data"/.exec((request[1] || {}).body || "")?.[1] || "";
    const counts = !/film$|^progress$/.test(route);
    if (route) probe.asked.push(route);
    probe.flying += counts;
    try {
      const reply = await fetched.apply(this, request);
      if (route && delay.ms) await sleep(delay.ms);
      return reply;
    } finally { probe.flying -= counts; }
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
    checkPanels(start);
  }

  function checkPanels(start) {
    CANVASES.forEach((id) => { if (!draws(id, start, Infinity).length) throw new Error(`${id} was not drawn`); });
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

  // ---- films

  const isFilmed = (film) => film.frames.size >= 41;

  /* Both films are here; returns when, in ms since the page was opened. */
  probe.filmed = async function () {
    const { runs, ensembles } = window.latent.films, end = performance.now() + PATIENCE;
    while (!isFilmed(runs) || !isFilmed(ensembles)) {
      if (performance.now() > end) throw new Error("the films do not arrive");
      await sleep(20);
    }
    return performance.now();
  };

  /* p moved with the film here: from the slider's input to the painted frame. */
  probe.drag = async function (noise) {
    const asked = probe.asked.length;
    const found = await timed(() => slide($('.widget[data-field="noise"] input'), noise));
    checkPanels(found.start);
    return { ...found, questions: probe.asked.length - asked };
  };

  /* The next image chosen, until its film is here. */
  probe.image = async function () {
    const { runs } = window.latent.films, start = performance.now(), before = runs.scope;
    $('.widget[data-field="sample"] .step:last-of-type').click();
    while (runs.scope === before || !isFilmed(runs)) {
      if (performance.now() - start > PATIENCE) throw new Error("the film of the run does not arrive");
      await sleep(5);
    }
    return performance.now() - start;
  };

  // ---- a new p

  /* A film has p of these settings. */
  const has = (film, seed, noise) => film.scope.split(" ")[4] === String(seed) && film.frames.has(Math.round(noise * 1e4) / 1e4);

  async function arrived(film, seed, noise) {
    const end = performance.now() + PATIENCE;
    while (!has(film, seed, noise)) {
      if (performance.now() > end) throw new Error(`no answer for p = ${noise}`);
      await frame();
    }
    return painted();
  }

  /* Move the slider of p; with another seed no film is here, and the ensemble cannot be cached. */
  probe.noise = async function (seed, noise) {
    const { screen, films } = window.latent;
    screen.state.seed = seed;
    await sleep(30 + Math.random() * 17);
    screen.state.noise = null; // a new p even where the slider stands already
    const start = performance.now();
    slide($('.widget[data-field="noise"] input'), noise);
    const [one, all] = await Promise.all([arrived(films.runs, seed, noise), arrived(films.ensembles, seed, noise)]);
    return { run: one.painted - start, ensemble: all.painted - start };
  };

  /* Drag p to and fro while every answer is held back; from letting go to the last picture. */
  probe.held = async function (seed, ms, late) {
    const { screen, films } = window.latent, input = $('.widget[data-field="noise"] input');
    screen.state.seed = seed;
    delay.ms = late;
    const asked = probe.asked.length, start = performance.now();
    let noise = 0;
    while (performance.now() - start < ms) {
      noise = Math.round(40 * Math.abs(((performance.now() - start) / 2000) % 2 - 1)) / 40;
      slide(input, noise);
      await frame();
    }
    const end = performance.now(), questions = probe.asked.slice(asked).filter((name) => !/film$|progress/.test(name)).length;
    await Promise.all([arrived(films.runs, seed, noise), arrived(films.ensembles, seed, noise)]);
    delay.ms = 0;
    return { after: performance.now() - end, questions };
  };
})();
