/* The views: what moves is drawn on canvases over plotly's axes, at most once per animation frame. */
window.latent = window.latent || {};

(function (latent) {
  "use strict";

  const panels = {};
  latent.panels = panels;
  const shown = { facts: null, run: null, cloud: null, sweep: null };
  const $ = (selector) => document.querySelector(selector);
  const NAMES = ["own memory", "concept", "abstract concept"];
  const STAGES = ["I", "II", "III"];

  // ---- arrays from the wire

  /* Bytes in base64's URL-safe alphabet. */
  const VALUE = new Uint8Array(128);
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".split("").forEach((c, i) => { VALUE[c.charCodeAt(0)] = i; });
  function bytes(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text, { alphabet: "base64url" }).buffer; // browsers since 2025
    const count = text.replace(/=+$/, "").length, out = new Uint8Array((count * 3) >> 2);
    for (let i = 0, held = 0, bits = 0, to = 0; i < count; i++) {
      held = ((held << 6) | VALUE[text.charCodeAt(i)]) & 0xffff;
      bits += 6;
      if (bits >= 8) out[to++] = held >> (bits -= 8);
    }
    return out.buffer;
  }

  function decode(wire) {
    if (wire.f32 !== undefined) return { values: new Float32Array(bytes(wire.f32)), shape: wire.shape };
    const raw = new Uint8Array(bytes(wire.u16)), count = raw.length / 2, row = count / wire.shape[0];
    const whole = new Uint16Array(count), values = new Float32Array(count), step = (wire.high - wire.low) / wire.levels;
    for (let i = 0; i < count; i++) {
      whole[i] = (raw[i] | (raw[count + i] << 8)) + (i < row ? 0 : whole[i - row]); // modulo 2^16
      values[i] = wire.low + step * whole[i];
    }
    return { values, shape: wire.shape };
  }

  panels.decode = decode;

  const picture = (text) => `data:image/png;base64,${text.replaceAll("-", "+").replaceAll("_", "/")}`;

  /* Positions (steps, lags, trials, 2): those of now, and the trail added up backwards from them. */
  function withTrail(now, trail) {
    const [steps, trials] = now.shape, lags = trail.shape[1] + 1, size = trials * 2;
    const values = new Float32Array(steps * lags * size), back = new Int8Array(bytes(trail.i8)), scale = decode(trail.scale).values;
    for (let t = 0; t < steps; t++) {
      values.set(now.values.subarray(t * size, (t + 1) * size), t * lags * size);
      for (let lag = 1; lag < lags; lag++) {
        const to = (t * lags + lag) * size, from = (t * (lags - 1) + lag - 1) * size;
        for (let i = 0; i < size; i++) values[to + i] = values[to - size + i] + scale[t] * back[from + i];
      }
    }
    return { values, shape: [steps, lags, trials, 2] };
  }

  // ---- canvases over plotly's axes

  const colours = {};
  function readColours() {
    const style = getComputedStyle(document.documentElement);
    const get = (name) => style.getPropertyValue("--" + name).trim();
    ["paper", "ink", "quiet", "grid"].forEach((name) => { colours[name] = get(name); });
    colours.points = [0, 1, 2].map((i) => get("point-" + i));
    colours.labels = Array.from({ length: 10 }, (_, i) => get("label-" + i));
    colours.font = getComputedStyle(document.body).fontFamily;
  }

  /* The maps of a panel from data to pixels, as plotly lays its axes out; null before there is a figure. */
  function axes(name) {
    const graph = $(`#${name}-graph .js-plotly-plot`);
    if (!graph || !graph._fullLayout || !graph._fullLayout.xaxis) return null;
    if (!graph.latentBound) {
      graph.latentBound = true;
      graph.on("plotly_afterplot", panels.redraw);
      graph.on("plotly_relayouting", panels.redraw);
    }
    const { xaxis, yaxis } = graph._fullLayout;
    const x0 = xaxis._offset, y0 = yaxis._offset, w = xaxis._length, h = yaxis._length;
    const [[left, right], [bottom, top]] = name === "plane" ? shown.cloud.ranges : [xaxis.range, yaxis.range];
    return {
      x0, y0, w, h,
      x: (v) => x0 + ((v - left) / (right - left)) * w,
      y: (v) => y0 + h - ((v - bottom) / (top - bottom)) * h,
      value: (pixel) => left + ((pixel - x0) / w) * (right - left),
    };
  }

  /* The ranges of the plane around all positions, with equal scales, as they fill the panel now. */
  function fit({ layout }) {
    const box = $("#plane-plot").getBoundingClientRect(), { l, r, t, b } = layout.template.layout.margin;
    const room = [Math.max(box.width - l - r, 1), Math.max(box.height - t - b, 1)];
    const extent = [layout.xaxis.range, layout.yaxis.range];
    const scale = Math.max(...extent.map(([low, high], i) => (high - low) / room[i]));
    return extent.map(([low, high], i) => [-0.5, 0.5].map((side) => (low + high) / 2 + side * scale * room[i]));
  }

  function resized() {
    const { cloud } = shown, graph = $("#plane-graph .js-plotly-plot");
    if (cloud && graph && window.Plotly) {
      cloud.ranges = fit(cloud.figure);
      window.Plotly.relayout(graph, { "xaxis.range": cloud.ranges[0], "yaxis.range": cloud.ranges[1] });
    }
    panels.redraw();
  }

  /* Clear a panel's canvas and draw on it: `inside` is clipped to the axes, `around` is not. */
  function paint(name, inside, around) {
    const map = axes(name), canvas = $(`#${name}-canvas`);
    if (!map || !canvas) { setTimeout(panels.redraw, 100); return; } // plotly is still loading
    const box = canvas.parentElement.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio);
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, box.width, box.height);
    context.save();
    try {
      context.beginPath();
      context.rect(map.x0 - 1, map.y0 - 1, map.w + 2, map.h + 2);
      context.clip();
      inside(context, map);
    } finally {
      context.restore();
    }
    if (around) around(context, map);
  }

  function text(context, words, x, y, colour, size, align) {
    context.font = `600 ${size}px ${colours.font}`;
    context.textAlign = align || "left";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 3.5;
    context.strokeStyle = colours.paper;
    context.strokeText(words, x, y);
    context.fillStyle = colour;
    context.fillText(words, x, y);
  }

  const SIDES = { triangle: [3, -90], wedge: [3, 90], square: [4, 45], diamond: [4, 0], pentagon: [5, -90], hexagon: [6, 0] };
  function shape(context, kind, x, y, r) {
    context.beginPath();
    if (SIDES[kind]) {
      const [n, turn] = SIDES[kind];
      for (let i = 0; i < n; i++) {
        const a = ((360 / n) * i + turn) * (Math.PI / 180);
        context.lineTo(x + 1.15 * r * Math.cos(a), y + 1.15 * r * Math.sin(a));
      }
    } else if (kind === "hourglass") {
      [[-1, -1], [1, -1], [-1, 1], [1, 1]].forEach(([a, b]) => context.lineTo(x + a * r, y + b * r));
    } else if (kind === "plus" || kind === "cross") {
      const k = r * 0.38, turn = kind === "cross" ? Math.PI / 4 : 0;
      [[-k, -r], [k, -r], [k, -k], [r, -k], [r, k], [k, k], [k, r], [-k, r], [-k, k], [-r, k], [-r, -k], [-k, -k]].forEach(([a, b]) =>
        context.lineTo(x + a * Math.cos(turn) - b * Math.sin(turn), y + a * Math.sin(turn) + b * Math.cos(turn)));
    } else if (kind === "star") {
      for (let i = 0; i < 10; i++) {
        const a = (i * 36 - 90) * (Math.PI / 180), k = i % 2 ? r * 0.5 : r * 1.3;
        context.lineTo(x + k * Math.cos(a), y + k * Math.sin(a));
      }
    } else context.arc(x, y, r, 0, 2 * Math.PI);
    context.closePath();
  }

  function mark(context, kind, x, y, r, colour) {
    shape(context, kind, x, y, r);
    context.lineJoin = "round";
    context.lineWidth = 3;
    context.strokeStyle = colours.paper;
    context.stroke();
    context.fillStyle = colour;
    context.fill();
  }

  // ---- the plane

  /* Coordinates of a latent vector on the axes of step t. */
  function project(t, values, row, n) {
    const { basis, mean } = shown.cloud, out = [0, 0];
    for (let i = 0; i < n; i++) {
      const centred = values[row * n + i] - mean.values[t * n + i];
      out[0] += centred * basis.values[(t * 2) * n + i];
      out[1] += centred * basis.values[(t * 2 + 1) * n + i];
    }
    return out;
  }

  const mix = (a, b, f) => a + f * (b - a);
  function now() {
    const last = shown.cloud.n_steps;
    const t = Math.min(latent.player.t, last), f = t < last ? latent.player.fraction : 0;
    return { t, next: Math.min(t + 1, last), f };
  }

  function placed(values, row, n) {
    const { t, next, f } = now();
    const a = project(t, values, row, n);
    if (!f) return a;
    const b = project(next, values, row, n);
    return [mix(a[0], b[0], f), mix(a[1], b[1], f)];
  }

  function drawPlane(c, s) {
    const { cloud, run } = shown, { t, next, f } = now();
    const [, lags, trials] = cloud.embedding.shape, e = cloud.embedding.values;
    const at = (step, lag, b, k) => e[((step * lags + lag) * trials + b) * 2 + k];
    const px = (lag, b) => s.x(mix(at(t, lag, b, 0), at(next, lag, b, 0), f));
    const py = (lag, b) => s.y(mix(at(t, lag, b, 1), at(next, lag, b, 1), f));
    const colour = colours.labels[cloud.label], stale = isStale() ? 0.35 : 1;
    c.strokeStyle = c.fillStyle = colour;
    c.lineWidth = 1;
    for (let lag = lags - 1; lag > 0; lag--) {
      c.globalAlpha = stale * 0.1 * (lags - lag);
      c.beginPath();
      for (let b = 0; b < trials; b++) { c.moveTo(px(lag, b), py(lag, b)); c.lineTo(px(lag - 1, b), py(lag - 1, b)); }
      c.stroke();
    }
    c.globalAlpha = stale * 0.55;
    c.beginPath();
    for (let b = 0; b < trials; b++) { const x = px(0, b), y = py(0, b); c.moveTo(x + 2.2, y); c.arc(x, y, 2.2, 0, 6.2832); }
    c.fill();
    c.globalAlpha = 1;
    const marks = landmarks(s);
    if (run && run.z.shape[1] === cloud.mean.shape[1]) {
      const [x, y] = placed(run.memory.values, 0, run.z.shape[1]);
      marks.push({ x: s.x(x), y: s.y(y), kind: "diamond", name: "own memory", colour: colours.points[0], size: 6, main: true });
      drawRun(c, s);
    }
    marks.forEach((m) => mark(c, m.kind, m.x, m.y, m.size, m.colour));
    label(c, s, marks);
    planeNote(t);
  }

  /* The concepts and the abstract concept, the important ones last: they are drawn on top and named first. */
  function landmarks(s) {
    const { values, shape: [rows, n] } = shown.landmarks, own = latent.screen.state.label;
    const marks = [];
    for (let i = 0; i < rows; i++) {
      const [x, y] = placed(values, i, n), abstract = i === rows - 1, main = abstract || i === own;
      const name = shown.facts.labels[i];
      marks.push({
        x: s.x(x), y: s.y(y), main, size: main ? 8 : 5,
        kind: abstract ? "star" : latent.markers[i],
        name: abstract ? "abstract" : i === own ? `concept ‘${name}’` : name,
        colour: abstract ? colours.points[2] : i === own ? colours.points[1] : colours.labels[i],
      });
    }
    return marks.sort((a, b) => a.main - b.main);
  }

  /* Write names beside marks where there is room; a lesser name that finds none is left out. */
  const sides = {};
  function label(c, s, marks) {
    const box = (m) => [m.x - m.size, m.y - m.size, m.x + m.size, m.y + m.size];
    const taken = marks.filter((m) => m.main).map(box), lesser = marks.filter((m) => !m.main).map(box);
    [...marks].reverse().forEach((m) => {
      const size = m.main ? 13 : 12, half = size * 0.6, gap = m.size + 5;
      c.font = `600 ${size}px ${colours.font}`;
      const w = c.measureText(m.name).width;
      const boxes = {
        right: [m.x + gap, m.y - half, m.x + gap + w, m.y + half], left: [m.x - gap - w, m.y - half, m.x - gap, m.y + half],
        above: [m.x - w / 2, m.y - gap - 2 * half, m.x + w / 2, m.y - gap], below: [m.x - w / 2, m.y + gap, m.x + w / 2, m.y + gap + 2 * half],
      };
      const free = ([a, b, d, e]) => a > s.x0 && d < s.x0 + s.w && b > s.y0 && e < s.y0 + s.h
        && !(m.main ? taken : taken.concat(lesser)).some(([p, q, r, u]) => a < r && d > p && b < u && e > q);
      const order = [sides[m.name] || "right", "right", "left", "above", "below"];
      const side = order.find((k) => free(boxes[k])) || (m.main ? order[0] : null);
      if (!side) return;
      sides[m.name] = side; // stays where it was while it can: names do not flicker
      const [a, b, , e] = boxes[side];
      taken.push(boxes[side]);
      text(c, m.name, a, (b + e) / 2, m.colour, size);
    });
  }

  function drawRun(c, s) {
    const { run } = shown, [rows, n] = run.z.shape, { t, next, f } = now();
    c.beginPath();
    for (let step = 0; step <= Math.min(t, rows - 1); step++) {
      const [x, y] = placed(run.z.values, step, n);
      c.lineTo(s.x(x), s.y(y));
    }
    const a = project(t, run.z.values, Math.min(t, rows - 1), n), b = project(next, run.z.values, Math.min(next, rows - 1), n);
    const x = s.x(mix(a[0], b[0], f)), y = s.y(mix(a[1], b[1], f));
    c.lineTo(x, y);
    c.lineJoin = "round";
    [[5, colours.paper], [2.5, colours.ink]].forEach(([width, colour]) => { c.lineWidth = width; c.strokeStyle = colour; c.stroke(); });
    mark(c, "circle", x, y, 6, colours.ink);
  }

  function planeNote(t) {
    const { cloud, run, facts } = shown, n = run ? run.z.shape[1] : 0, own = latent.screen.state.label;
    const rotated = latent.screen.state.basis === "rotated" ? "These axes" : "PC 1 + PC 2";
    const share = cloud.explained.values[2 * t] + cloud.explained.values[2 * t + 1];
    let words = `${rotated} explain ${Math.round(share * 100)} % of the variance around t.`;
    if (run && n === cloud.mean.shape[1] && t < run.z.shape[0]) {
      const a = project(t, run.z.values, t, n), b = project(t, shown.landmarks.values, own, n);
      const here = Math.hypot(a[0] - b[0], a[1] - b[1]), truly = run.distances.values[run.distances.shape[1] + t];
      words += ` From the highlighted run to its concept: ${here.toFixed(1)} on this map, ${truly.toFixed(1)} in all ${n} dimensions.`;
    }
    write("plane-note", words);
  }

  // ---- curves and stage chart

  function drawCurves(c, s) {
    const { run, cloud } = shown, t = Math.min(latent.player.t + latent.player.fraction, latent.player.length);
    c.strokeStyle = colours.quiet;
    c.lineWidth = 1;
    c.beginPath(); c.moveTo(s.x(t), s.y0); c.lineTo(s.x(t), s.y0 + s.h); c.stroke();
    const points = latent.screen.state.curves === "points";
    if (cloud) write("curves-note", cloud.approach + (points ? " Solid: mean ± 2 SEM. Dashed: the highlighted run." : " Curves: means of the runs."));
    if (run && cloud && points) {
      const steps = run.distances.shape[1], d = run.distances.values;
      for (let i = 0; i < 3; i++) {
        c.strokeStyle = c.fillStyle = colours.points[i];
        c.lineWidth = 1.2;
        c.globalAlpha = 0.75;
        c.setLineDash([4, 3]);
        c.beginPath();
        for (let k = 0; k < steps; k++) c.lineTo(s.x(k), s.y(d[i * steps + k]));
        c.stroke();
        c.setLineDash([]);
        c.globalAlpha = 1;
        const at = Math.min(latent.player.t, steps - 1);
        mark(c, "circle", s.x(at), s.y(d[i * steps + at]), 4, colours.points[i]);
        const low = run.minimum_step[i];
        mark(c, "triangle", s.x(low), s.y(d[i * steps + low]) + 7, 4.5, colours.points[i]);
      }
    }
  }

  function drawStage(c, s) {
    const { sweep } = shown, p = latent.screen.state.noise, x = s.x(p), { y0, h } = s;
    c.strokeStyle = colours.ink;
    c.lineWidth = 2;
    c.beginPath(); c.moveTo(x, y0); c.lineTo(x, y0 + h); c.stroke();
    const row = sweep.minimum_distance[nearestNoise(p)];
    row.forEach((value, i) => mark(c, "circle", x, s.y(value), 4.5, colours.points[i]));
  }

  function drawHandle(c, s) {
    const p = latent.screen.state.noise, x = s.x(p), { y0, h } = s, right = p > 0.85;
    text(c, `p = ${p.toFixed(3).replace(/0$/, "")}`, x + (right ? -9 : 9), y0 + h - 12, colours.ink, 13, right ? "right" : "left");
    mark(c, "circle", x, y0 + h, 7, colours.ink);
  }

  function nearestNoise(p) {
    const { noises } = shown.sweep;
    return noises.reduce((best, value, i) => (Math.abs(value - p) < Math.abs(noises[best] - p) ? i : best), 0);
  }

  function bindStage() {
    const plot = $("#stage-plot");
    let dragging = false;
    const move = (event) => {
      const s = axes("stage");
      if (!s) return;
      const p = s.value(event.clientX - plot.getBoundingClientRect().left);
      latent.screen.set("noise", Math.round(Math.min(Math.max(p, 0), 1) * 40) / 40);
      panels.redraw();
    };
    plot.addEventListener("pointerdown", (event) => { dragging = true; plot.setPointerCapture(event.pointerId); move(event); event.preventDefault(); });
    plot.addEventListener("pointermove", (event) => dragging && move(event));
    ["pointerup", "pointercancel"].forEach((name) => plot.addEventListener(name, () => { dragging = false; }));
  }

  // ---- strip and badge

  panels.tile = function (element, sprite, count, i) {
    element.style.backgroundImage = `url(${sprite})`;
    element.style.backgroundSize = `${count * 100}% 100%`;
    element.style.backgroundPosition = `${count > 1 ? (i / (count - 1)) * 100 : 0}% 0`;
  };

  function fillStrip() {
    const { run } = shown, strip = $("#strip"), count = run.z.shape[0] + 1;
    while (strip.children.length > count - 1) strip.lastChild.remove();
    while (strip.children.length < count - 1) {
      const tile = document.createElement("div");
      tile.className = "tile";
      tile.dataset.t = strip.children.length;
      if (strip.children.length % 10 === 0) tile.dataset.tick = strip.children.length;
      strip.append(tile);
    }
    Array.from(strip.children).forEach((tile, i) => panels.tile(tile, run.tiles, count, i + 1));
    panels.tile($("#tile-clean .tile"), run.tiles, count, 0);
  }

  let framed = null;
  function drawStrip() {
    const { run, facts } = shown, t = Math.min(latent.player.t, run.z.shape[0] - 1);
    const tile = $("#strip").children[t];
    panels.tile($("#tile-now .tile"), run.tiles, run.z.shape[0] + 1, t + 1);
    write("tile-now", `x(${t})`, "span");
    if (facts) {
      panels.tile($("#tile-concept .tile"), facts.space.tiles, 11, latent.screen.state.label);
      write("tile-concept", "concept", "span");
    }
    if (framed !== tile) {
      if (framed) framed.classList.remove("now");
      if (tile) tile.classList.add("now");
      framed = tile;
      if (tile) keepInView($("#strip"), tile);
    }
  }

  /* Scrolls the strip alone, never the page. */
  function keepInView(strip, tile) {
    const over = strip.getBoundingClientRect().top - tile.getBoundingClientRect().top + 4;
    const under = tile.getBoundingClientRect().bottom + 16 - strip.getBoundingClientRect().bottom;
    if (over > 0) strip.scrollTop -= over; else if (under > 0) strip.scrollTop += under;
  }

  const isStale = () => shown.cloud && (shown.cloud.noise !== latent.screen.state.noise || shown.cloud.label !== latent.screen.state.label);

  /* The ensemble's own minima when its runs are here; until then those of the shipped sweep at the same p. */
  function drawBadge() {
    const { cloud, sweep } = shown;
    const fresh = cloud && !isStale();
    const i = sweep ? nearestNoise(latent.screen.state.noise) : 0;
    const minima = fresh ? cloud.minimum_distance : sweep && sweep.minimum_distance[i];
    if (!minima) return;
    const stage = minima.indexOf(Math.min(...minima)), most = Math.max(...minima);
    const box = $("#stage-badge");
    if (box.dataset.stage !== String(stage)) { box.dataset.stage = stage; write("stage-name", STAGES[stage]); }
    const rival = fresh ? cloud.rival : sweep.rivals[i];
    write("stage-rival", rival ? `or ${rival}` : "");
    write("caption", fresh ? cloud.caption : sweep.captions[i]);
    minima.forEach((value, k) => {
      const row = $("#minimum-" + k);
      row.classList.toggle("least", k === stage);
      row.querySelector(".number").textContent = value.toFixed(2);
      row.querySelector("i").style.width = `${(100 * value) / most}%`;
    });
  }

  function drawTicks() {
    const { run } = shown;
    if (!run) return;
    $("#ticks").replaceChildren(...run.minimum_step.map((step, i) => {
      const tick = document.createElement("i");
      tick.className = "point-" + i;
      tick.style.left = `${(100 * step) / (run.z.shape[0] - 1)}%`;
      tick.title = `nearest to ${NAMES[i]}`;
      return tick;
    }));
  }

  function write(id, words, inner) {
    const element = inner ? $(`#${id} ${inner}`) : $("#" + id);
    if (element && element.textContent !== words) element.textContent = words;
  }

  // ---- the run under the pointer

  const images = new Map();
  let peek, hovered = null;
  function bindPeek() {
    const plot = $("#plane-plot");
    peek = document.createElement("div");
    peek.className = "peek";
    peek.hidden = true;
    peek.innerHTML = '<div class="tile"></div><span></span>';
    plot.append(peek);
    plot.addEventListener("pointermove", (event) => hover(event, plot.getBoundingClientRect()));
    plot.addEventListener("pointerleave", () => { hovered = null; peek.hidden = true; });
    let down = null;
    plot.addEventListener("pointerdown", (event) => { down = [event.clientX, event.clientY]; });
    plot.addEventListener("pointerup", (event) => {
      if (down && Math.hypot(event.clientX - down[0], event.clientY - down[1]) < 4 && hovered !== null) latent.screen.set("sample", hovered);
    });
  }

  function hover(event, box) {
    const { cloud } = shown;
    if (!cloud || latent.player.playing || isStale()) { peek.hidden = true; return; }
    const s = axes("plane");
    if (!s) return;
    const [, lags, trials] = cloud.embedding.shape, { t } = now(), x = event.clientX - box.left, y = event.clientY - box.top;
    let best = 144, found = null;
    for (let b = 0; b < trials; b++) {
      const k = (t * lags * trials + b) * 2;
      const d = (s.x(cloud.embedding.values[k]) - x) ** 2 + (s.y(cloud.embedding.values[k + 1]) - y) ** 2;
      if (d < best) { best = d; found = b; }
    }
    hovered = found;
    peek.hidden = found === null;
    if (found === null) return;
    peek.style.left = `${Math.min(x + 14, box.width - 90)}px`;
    peek.style.top = `${Math.max(y - 96, 4)}px`;
    peek.querySelector("span").textContent = `run ${found}, x(${t})`;
    const known = images.get(found), tile = peek.querySelector(".tile");
    if (known) panels.tile(tile, known.tiles, known.count, t);
    else {
      tile.style.backgroundImage = "";
      clearTimeout(bindPeek.timer);
      bindPeek.timer = setTimeout(() => latent.screen.ask("image", { state: { sample: found } }), 60);
    }
  }

  panels.image = function (reply) {
    const count = latent.screen.state.n_steps + 1;
    reply.tiles = picture(reply.tiles);
    images.set(reply.sample, { tiles: reply.tiles, count });
    if (hovered === reply.sample) panels.tile(peek.querySelector(".tile"), reply.tiles, count, Math.min(latent.player.t, count - 1));
  };

  // ---- replies

  panels.settled = function (facts) {
    shown.facts = facts;
    facts.space.tiles = picture(facts.space.tiles);
    shown.landmarks = decode(facts.space.landmarks);
    shown.cloud = shown.run = shown.sweep = null;
    images.clear();
  };

  panels.run = function (reply) {
    ["z", "memory", "distances"].forEach((name) => { reply[name] = decode(reply[name]); });
    reply.tiles = picture(reply.tiles);
    shown.run = reply;
    fillStrip();
    drawTicks();
    write("run-note", reply.caption);
    panels.redraw();
  };

  panels.cloud = function (reply) {
    ["embedding", "basis", "mean", "explained"].forEach((name) => { reply[name] = decode(reply[name]); });
    reply.embedding = withTrail(reply.embedding, reply.trail);
    reply.ranges = fit(reply.figure);
    shown.cloud = reply;
    document.body.classList.add("seen");
    panels.busy("cloud", "");
    images.clear();
    if (!isStale()) panels.waiting(false);
    panels.redraw();
    const { data, layout } = reply.figure, [x, y] = reply.ranges;
    return { data, layout: { ...layout, xaxis: { ...layout.xaxis, range: x }, yaxis: { ...layout.yaxis, range: y } } };
  };

  panels.sweep = function (reply) {
    shown.sweep = reply;
    panels.busy("sweep", "");
    write("stage-note", reply.note + " Drag to set p.");
    panels.redraw();
  };

  let patience = null;
  panels.waiting = function (on) {
    clearTimeout(patience);
    const show = (value) => document.body.classList.toggle("waiting", value);
    if (on) patience = setTimeout(() => show(true), 250); else show(false);
    if (!on) panels.progress({ fraction: 0 });
  };

  /* Why a panel is empty or old. */
  panels.busy = function (route, text) {
    $({ cloud: "#plane-wait", curves: "#curves-wait", sweep: "#stage-wait" }[route]).textContent = text;
  };

  panels.progress = function (reply) {
    document.body.style.setProperty("--progress", reply.fraction);
    if (reply.text) panels.busy("cloud", reply.text.startsWith("waiting") ? reply.text : "");
  };

  panels.changed = function (name) {
    if (["n_steps", "seed", "noise", "label", "noise_kind"].includes(name)) images.clear();
    panels.redraw();
  };

  // ---- drawing

  let pending = null; // what draws if no frame comes: a tab in the background gets none
  panels.redraw = function () {
    if (pending !== null) return;
    pending = setTimeout(draw, 250);
    requestAnimationFrame(draw);
  };

  function draw() {
    if (pending === null) return;
    clearTimeout(pending);
    pending = null;
    readColours();
    const { facts, cloud, run, sweep } = shown;
    if (facts && cloud) paint("plane", drawPlane);
    if (run || cloud) paint("curves", drawCurves);
    if (sweep) paint("stage", drawStage, drawHandle);
    if (run) drawStrip();
    drawBadge();
  }

  panels.bind = function () {
    bindStage();
    bindPeek();
    $("#strip").addEventListener("click", (event) => {
      const tile = event.target.closest(".tile");
      if (tile) { latent.player.pause(); latent.player.set(Number(tile.dataset.t)); }
    });
    new ResizeObserver(resized).observe($(".panels"));
  };
})(window.latent);
