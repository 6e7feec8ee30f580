/** Distance over time: means of the runs with 2 SEM, the straight line, and the highlighted run. */
import { drawAxes, graphOf, layoutOf, mark, paint, text } from "#canvas";
import { writeWithTerms } from "#glossary";
import { $ } from "#notices";
import { player } from "#player";
import { letters, magnification, stroke } from "#scale";
import { beside, ends, mix, now, shownEnsemble, shownRun, shownUndamaged } from "#shown";
import { spread } from "#spread";
import { screen } from "#state";
import { colours } from "#theme";
import { _, joined } from "#words";

/** @typedef {import("./types").ShownFrame} ShownFrame */
/** @typedef {import("./canvas").Axes} Axes */
/** @typedef {import("./canvas").Context} Context */

/** Columns of a frame's curves. */
const MEAN = 0;
const SEM = 3;
const CONCEPTS = 6;
const LINE = 16;
const COLUMNS = 17;
const ROOM = 122; // px at the right for the names of the curves
let drawnFor = "";
let top = { scope: "", value: 0 };

/** A value of a curve, between two p. @param {ShownFrame} shown @param {number} column @param {number} t */
const value = ({ from, to, share }, column, t) =>
  mix(from.curves[t * COLUMNS + column], to.curves[t * COLUMNS + column], share);

/** The upper end of the axis: it grows where a frame needs it, and else stays for all p. @param {ShownFrame} shown @param {string} scope */
function topOf(shown, scope) {
  let most = 0;
  for (let t = 0; t < shown.from.steps; t++) {
    for (let i = 0; i < 3; i++) most = Math.max(most, value(shown, MEAN + i, t) + 2 * value(shown, SEM + i, t));
    most = Math.max(most, value(shown, LINE, t));
  }
  const needed = Math.ceil(most * 1.05);
  if (scope !== top.scope || needed > top.value) top = { scope, value: needed };
  return top.value;
}

/** The ends of the axis. @param {ShownFrame} shown @param {string} scope */
function rangeOf(shown, scope) {
  if (screen.state.curves !== "all") return [0, topOf(shown, scope)];
  let [low, high] = [Infinity, 0];
  for (let t = 0; t < shown.from.steps; t++) {
    for (let i = 0; i < 10; i++) {
      low = Math.min(low, value(shown, CONCEPTS + i, t));
      high = Math.max(high, value(shown, CONCEPTS + i, t));
    }
  }
  return [Math.floor(low), Math.ceil(high)];
}

/** The axes. @param {string} scope All that the axes may depend on, but p. */
export function curvesAxes(scope) {
  const shown = shownEnsemble();
  if (!shown) return;
  ends.distances = rangeOf(shown, scope);
  const [low, high] = beside.distances || ends.distances;
  const range = [Math.min(ends.distances[0], low), Math.max(ends.distances[1], high)];
  const end = Math.max(shown.from.steps - 1, beside.steps);
  const box = $("#curves-plot").getBoundingClientRect();
  const key = [range, end, box.width, box.height, magnification.scale, colours.paper, colours.grid].join();
  if (key === drawnFor && graphOf("curves")._fullLayout) return;
  drawnFor = key;
  const layout = layoutOf(
    { title: _("step t"), range: [0, end] },
    { title: _("distance"), range, nticks: 5 },
    { margin: { l: 46, r: ROOM, t: 6, b: 36 } },
  );
  drawAxes("curves", [], layout, { staticPlot: true });
}

/** Draw the panel. */
export function drawCurves() {
  const shown = shownEnsemble();
  if (!shown || !screen.facts) return;
  const isAll = screen.state.curves === "all";
  $(".curves-panel").classList.toggle("stale", shown.isStale);
  paint(
    "curves",
    (c, s) => (isAll ? concepts(c, s, shown) : points(c, s, shown)),
    (c, s) => names(c, s, shown, isAll),
  );
  const { approach } = shown.share < 0.5 ? shown.from : shown.to;
  const dashed = isAll ? "" : _("Dashed: the highlighted run.");
  const dotted = !isAll && shownUndamaged() ? _("Dotted: without its second damage.") : "";
  writeWithTerms($("#curves-note"), joined(approach, dashed, dotted));
}

/** @param {Context} c @param {Axes} s @param {number} steps @param {(t: number) => number} height */
function line(c, s, steps, height) {
  c.beginPath();
  for (let t = 0; t < steps; t++) c.lineTo(s.x(t), s.y(height(t)));
  c.stroke();
}

/** @param {Context} c @param {Axes} s @param {number} steps */
function cursor(c, s, steps) {
  const x = s.x(Math.min(player.t + player.fraction, steps - 1));
  c.strokeStyle = colours.quiet;
  c.lineWidth = stroke(1);
  c.beginPath();
  c.moveTo(x, s.y0);
  c.lineTo(x, s.y0 + s.h);
  c.stroke();
}

/** @param {Context} c @param {Axes} s @param {ShownFrame} shown */
function points(c, s, shown) {
  const { steps } = shown.from;
  cursor(c, s, steps);
  c.setLineDash([1.5, 3]);
  c.strokeStyle = colours.quiet;
  line(c, s, steps, (t) => value(shown, LINE, t));
  c.setLineDash([]);
  for (let i = 0; i < 3; i++) {
    c.fillStyle = c.strokeStyle = colours.points[i];
    c.globalAlpha = 0.18;
    c.beginPath();
    for (let t = 0; t < steps; t++) c.lineTo(s.x(t), s.y(value(shown, MEAN + i, t) + 2 * value(shown, SEM + i, t)));
    for (let t = steps - 1; t >= 0; t--)
      c.lineTo(s.x(t), s.y(value(shown, MEAN + i, t) - 2 * value(shown, SEM + i, t)));
    c.fill();
    c.globalAlpha = 1;
    c.lineWidth = 2;
    line(c, s, steps, (t) => value(shown, MEAN + i, t));
    let lowest = 0;
    for (let t = 1; t < steps; t++) if (value(shown, MEAN + i, t) < value(shown, MEAN + i, lowest)) lowest = t;
    c.beginPath();
    c.arc(s.x(lowest), s.y(value(shown, MEAN + i, lowest)), 4.5, 0, 6.2832);
    c.fillStyle = colours.paper;
    c.fill();
    c.stroke();
  }
  highlighted(c, s);
}

/** @param {Context} c @param {Axes} s */
function highlighted(c, s) {
  const run = shownRun();
  if (!run) return;
  const { from, to, share } = run;
  const { t } = now(from.steps);
  future(c, s);
  const d = (/** @type {number} */ i, /** @type {number} */ step) =>
    mix(from.distances[i * from.steps + step], to.distances[i * from.steps + step], share);
  for (let i = 0; i < 3; i++) {
    c.strokeStyle = colours.points[i];
    c.lineWidth = stroke(1.2);
    c.globalAlpha = 0.75;
    c.setLineDash([4, 3]);
    line(c, s, from.steps, (step) => d(i, step));
    c.setLineDash([]);
    c.globalAlpha = 1;
    mark(c, "circle", s.x(t), s.y(d(i, t)), 3.5, colours.points[i]);
    const low = (share < 0.5 ? from : to).minimum_step[i];
    mark(c, "triangle", s.x(low), s.y(d(i, low)) + 7, 4, colours.points[i]);
  }
}

/** Where it would have gone without its second damage, dotted. @param {Context} c @param {Axes} s */
function future(c, s) {
  const run = shownUndamaged();
  if (!run) return;
  const { from, to, share } = run;
  c.lineWidth = stroke(1.2);
  c.setLineDash([1, 3]);
  for (let i = 0; i < 3; i++) {
    c.strokeStyle = colours.points[i];
    c.beginPath();
    for (let step = screen.state.damage_step - 1; step < from.steps; step++) {
      const place = i * from.steps + step;
      c.lineTo(s.x(step), s.y(mix(from.distances[place], to.distances[place], share)));
    }
    c.stroke();
  }
  c.setLineDash([]);
}

/** @param {Context} c @param {Axes} s @param {ShownFrame} shown */
function concepts(c, s, shown) {
  const { steps, label } = shown.from;
  cursor(c, s, steps);
  for (let i = 0; i < 10; i++) {
    c.strokeStyle = i === label ? colours.points[1] : colours.labels[i];
    c.lineWidth = i === label ? 3 : 1.5;
    line(c, s, steps, (t) => value(shown, CONCEPTS + i, t));
  }
}

/** The names of the curves at their ends, pushed apart. @param {Context} c @param {Axes} s @param {ShownFrame} shown @param {boolean} isAll */
function names(c, s, shown, isAll) {
  const facts = /** @type {import("./types").Facts} */ (screen.facts);
  const { steps, label } = shown.from;
  const last = steps - 1;
  const concept = _("concept ‘{label}’", { label: facts.labels[label] });
  const ends = isAll
    ? facts.labels.map((name, i) => ({
        name: i === label ? concept : name,
        column: CONCEPTS + i,
        colour: i === label ? colours.points[1] : colours.labels[i],
      }))
    : [_("own memory"), concept, _("abstract concept")].map((name, i) => ({
        name,
        column: MEAN + i,
        colour: colours.points[i],
      }));
  if (!isAll) ends.push({ name: _("straight line"), column: LINE, colour: colours.quiet });
  const wanted = ends.map((end) => s.y0 + s.h - s.y(value(shown, end.column, last)));
  const placed = spread(wanted, Math.min(14, (s.h + 10) / ends.length), s.h - 3);
  for (const [i, { name, colour }] of ends.entries()) {
    text(c, name, s.x0 + s.w + 5, s.y0 + s.h - placed[i], colour, letters(isAll ? 11 : 12));
  }
}
