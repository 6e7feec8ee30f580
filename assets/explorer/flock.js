/** Runs as dots with short trails, and the path of the highlighted one; the same in both planes. */
import { mark } from "#canvas";
import { stroke } from "#scale";
import { mix, now } from "#shown";
import { colours } from "#theme";

/** @typedef {import("./types").Frame} Frame */
/** @typedef {import("./types").ShownFrame} ShownFrame */
/** @typedef {import("./types").ShownRun} ShownRun */
/** @typedef {import("./canvas").Axes} Axes */
/** @typedef {import("./canvas").Context} Context */
/** @typedef {"plane" | "landmark"} View */

const LAGS = 4; // positions of a run that are drawn at once: now and the three steps before
const PALENESS = [0.85, 0.62, 0.42, 0.26]; // opacity of a dot in the landmark plane, the farther outside the paler
const RADIUS = 2.3;

/** Where a run is in a view. @param {Frame} frame @param {View} view @param {number} b @param {number} k @param {number} t */
export function coordinate(frame, view, b, k, t) {
  const { u8, low, high, levels } = frame[view];
  return low[k] + (u8[(b * 2 + k) * frame.steps + t] * (high[k] - low[k])) / levels;
}

let xs = new Float32Array(0);
let ys = new Float32Array(0);

/** Positions of all runs at a lag, in pixels, between two steps and two p. @param {Axes} s @param {ShownFrame} shown @param {View} view @param {number} lag */
function positions(s, { from, to, share }, view, lag) {
  const { t, next, fraction } = now(from.steps);
  const [a, b] = [Math.max(t - lag, 0), Math.max(next - lag, 0)];
  const at = (/** @type {Frame} */ frame, /** @type {number} */ run, /** @type {number} */ k) =>
    fraction
      ? mix(coordinate(frame, view, run, k, a), coordinate(frame, view, run, k, b), fraction)
      : coordinate(frame, view, run, k, a);
  for (let run = 0; run < from.nRuns; run++) {
    const i = lag * from.nRuns + run;
    xs[i] = s.x(share ? mix(at(from, run, 0), at(to, run, 0), share) : at(from, run, 0));
    ys[i] = s.y(share ? mix(at(from, run, 1), at(to, run, 1), share) : at(from, run, 1));
  }
}

/**
 * Draw the runs of an ensemble.
 * @param {Context} c
 * @param {Axes} s
 * @param {ShownFrame} shown
 * @param {View} view
 * @param {boolean} hasTrails
 */
export function drawFlock(c, s, shown, view, hasTrails) {
  const { from, to, share } = shown;
  const { nRuns } = from;
  const lags = hasTrails ? LAGS : 1;
  if (xs.length < nRuns * LAGS) [xs, ys] = [new Float32Array(nRuns * LAGS), new Float32Array(nRuns * LAGS)];
  for (let lag = 0; lag < lags; lag++) positions(s, shown, view, lag);
  const { t } = now(from.steps);
  const state = (share < 0.5 ? from : to).state;
  const steps = from.steps;
  for (let point = 0; point < 3; point++) {
    c.strokeStyle = c.fillStyle = colours.points[point];
    c.lineWidth = stroke(1);
    for (let lag = lags - 1; lag > 0; lag--) {
      c.globalAlpha = 0.09 * (lags - lag);
      c.beginPath();
      for (let run = 0; run < nRuns; run++) {
        if (state[run * steps + t] % 3 !== point) continue;
        c.moveTo(xs[lag * nRuns + run], ys[lag * nRuns + run]);
        c.lineTo(xs[(lag - 1) * nRuns + run], ys[(lag - 1) * nRuns + run]);
      }
      c.stroke();
    }
    for (let pale = 3; pale >= 0; pale--) {
      c.globalAlpha = view === "landmark" ? PALENESS[pale] : 0.7;
      c.beginPath();
      for (let run = 0; run < nRuns; run++) {
        if (state[run * steps + t] !== point + 3 * pale) continue;
        c.moveTo(xs[run] + RADIUS, ys[run]);
        c.arc(xs[run], ys[run], RADIUS, 0, 6.2832);
      }
      c.fill();
    }
  }
  c.globalAlpha = 1;
}

/**
 * Mark one of the runs that have just been drawn: where axes turn, the way it came has no place on them.
 * @param {Context} c
 * @param {number} run
 */
export function markRun(c, run) {
  mark(c, "circle", xs[run], ys[run], 5.5, colours.ink);
}

/**
 * Draw the highlighted run up to the step that is shown.
 * @param {Context} c
 * @param {Axes} s
 * @param {ShownRun} run
 * @param {View} view
 */
export function drawPath(c, s, { from, to, share }, view) {
  const { t, next, fraction } = now(from.steps);
  const at = (/** @type {number} */ step, /** @type {number} */ k) =>
    mix(from[view][2 * step + k], to[view][2 * step + k], share);
  c.beginPath();
  for (let step = 0; step <= t; step++) c.lineTo(s.x(at(step, 0)), s.y(at(step, 1)));
  const [x, y] = [s.x(mix(at(t, 0), at(next, 0), fraction)), s.y(mix(at(t, 1), at(next, 1), fraction))];
  c.lineTo(x, y);
  c.lineJoin = "round";
  for (const [width, colour] of /** @type {[number, string][]} */ ([
    [5, colours.paper],
    [2, colours.ink],
  ])) {
    c.lineWidth = width;
    c.strokeStyle = colour;
    c.stroke();
  }
  mark(c, "circle", x, y, 5.5, colours.ink);
}

/**
 * Draw where the highlighted run would have gone without its second damage: dashed, from the step before it on.
 * @param {Context} c
 * @param {Axes} s
 * @param {ShownRun} future
 * @param {View} view
 * @param {number} damaged The step.
 */
export function drawFuture(c, s, { from, to, share }, view, damaged) {
  const at = (/** @type {number} */ step, /** @type {number} */ k) =>
    mix(from[view][2 * step + k], to[view][2 * step + k], share);
  c.beginPath();
  for (let step = damaged - 1; step < from.steps; step++) c.lineTo(s.x(at(step, 0)), s.y(at(step, 1)));
  c.lineWidth = 1.6;
  c.strokeStyle = colours.ink;
  c.setLineDash([5, 4]);
  c.stroke();
  c.setLineDash([]);
}

/**
 * The run that is nearest to a place on the screen; -1 where none is near.
 * @param {Axes} s
 * @param {ShownFrame} shown
 * @param {View} view
 * @param {number} x
 * @param {number} y
 * @param {number} reach In pixels.
 */
export function runAt(s, { from }, view, x, y, reach) {
  const { t } = now(from.steps);
  let [best, found] = [reach ** 2, -1];
  for (let run = 0; run < from.nRuns; run++) {
    const d = (s.x(coordinate(from, view, run, 0, t)) - x) ** 2 + (s.y(coordinate(from, view, run, 1, t)) - y) ** 2;
    if (d < best) [best, found] = [d, run];
  }
  return found;
}
