/** Nearest now: the share of the runs nearest to memory, concept and abstract concept, stacked over t. */
import { drawAxes, graphOf, layoutOf, paint, text } from "#canvas";
import { $ } from "#notices";
import { player } from "#player";
import { magnification } from "#scale";
import { beside, mix, now, shownEnsemble } from "#shown";
import { spread } from "#spread";
import { colours } from "#theme";
import { _ } from "#words";

/** @typedef {import("./types").Frame} Frame */
/** @typedef {import("./types").ShownFrame} ShownFrame */

const NAMES = [_("memory"), _("concept"), _("abstract")];
const LEAST = 0.09; // of the axis; a thinner area is not named
const HALF = 7; // px of a name
let drawnFor = "";

/** How many runs are nearest to each landmark at every step: (steps, 3). @param {Uint8Array} state @param {number} nRuns @param {number} steps */
export function counts(state, nRuns, steps) {
  const found = new Float32Array(steps * 3);
  for (let run = 0; run < nRuns; run++)
    for (let t = 0; t < steps; t++) found[3 * t + (state[run * steps + t] % 3)] += 1 / nRuns;
  return found;
}

/** The shares at a step. @param {ShownFrame} shown @param {number} t */
export const shares = ({ from, to, share }, t) =>
  [0, 1, 2].map((i) => mix(from.shares[3 * t + i], to.shares[3 * t + i], share));

/** The axes. @param {number} steps */
export function nearestAxes(steps) {
  const box = $("#nearest-plot").getBoundingClientRect();
  const end = Math.max(steps - 1, beside.steps);
  const key = [end, box.width, box.height, magnification.scale, colours.paper, colours.grid].join();
  if (key === drawnFor && graphOf("nearest")._fullLayout) return;
  drawnFor = key;
  const up = { title: "", range: [0, 1], tickvals: [0, 0.5, 1], tickformat: ".0%" };
  drawAxes("nearest", [], layoutOf({ title: "", range: [0, end] }, up, { margin: { l: 46, r: 12, t: 10, b: 22 } }), {
    staticPlot: true,
  });
}

/** Draw the panel. */
export function drawNearest() {
  const shown = shownEnsemble();
  if (!shown) return;
  const { steps } = shown.from;
  $(".nearest-panel").classList.toggle("stale", shown.isStale);
  paint("nearest", (c, s) => {
    const table = Array.from({ length: steps }, (_each, t) => shares(shown, t));
    const base = (/** @type {number} */ t, /** @type {number} */ i) => table[t].slice(0, i).reduce((a, b) => a + b, 0);
    for (let i = 0; i < 3; i++) {
      c.beginPath();
      for (let t = 0; t < steps; t++) c.lineTo(s.x(t), s.y(base(t, i)));
      for (let t = steps - 1; t >= 0; t--) c.lineTo(s.x(t), s.y(base(t, i) + table[t][i]));
      c.closePath();
      c.globalAlpha = 0.8;
      c.fillStyle = colours.points[i];
      c.fill();
      c.globalAlpha = 1;
    }
    const { t } = now(steps);
    const x = s.x(Math.min(player.t + player.fraction, steps - 1));
    c.strokeStyle = colours.ink;
    c.lineWidth = 2;
    c.beginPath();
    c.moveTo(x, s.y0);
    c.lineTo(x, s.y0 + s.h);
    c.stroke();
    const isRight = t > 0.62 * Math.max(steps, beside.steps);
    const named = [0, 1, 2].filter((i) => table[t][i] >= LEAST);
    const middles = named.map((i) => s.y0 + s.h - HALF - s.y(base(t, i) + table[t][i] / 2));
    const heights = spread(middles, 13, s.h - 2 * HALF);
    for (const [k, i] of named.entries()) {
      const words = `${NAMES[i]} ${Math.round(100 * table[t][i])} %`;
      const y = s.y0 + s.h - HALF - heights[k];
      text(c, words, x + (isRight ? -6 : 6), y, colours.ink, 12, isRight ? "right" : "left");
    }
  });
}
