/**
 * The plane of two principal components: runs as dots in the colour of the landmark that they are nearest to now, the
 * highlighted run on top of them, landmarks with their pictures on top of all.
 */
import { drawAxes, graphOf, layoutOf, mark, paint, roomIn, text } from "#canvas";
import { isOfEnsemble } from "#film";
import { drawFlock, drawFuture, drawPath, markRun } from "#flock";
import { writeWithTerms } from "#glossary";
import { placeLabels } from "#labels";
import { $ } from "#notices";
import { fit, project } from "#projection";
import { magnification } from "#scale";
import { mix, now, shownEnsemble, shownRun, shownUndamaged } from "#shown";
import { screen } from "#state";
import { colours } from "#theme";
import { drawThumbnails } from "#thumbnails";
import { _, joined } from "#words";

/** @typedef {import("./types").Frame} Frame */
/** @typedef {import("./types").RunFrame} RunFrame */
/** @typedef {import("./types").ShownFrame} ShownFrame */
/** @typedef {import("./canvas").Axes} Axes */
/** @typedef {import("./canvas").Context} Context */

/** Marker shape of every label; from theme.py. @type {{ kinds: string[] }} */
export const markers = { kinds: [] };

/** @type {string} */
let drawnFor = "";

/** The axes, when what they show or the panel has changed. */
export function planeAxes() {
  const shown = shownEnsemble();
  const facts = screen.facts;
  if (!shown || !facts) return;
  const extent = extentOf(shown);
  const box = $("#plane-plot").getBoundingClientRect();
  const names = screen.state.basis === "rotated" ? [_("axis 1"), _("axis 2")] : ["PC 1", "PC 2"];
  const { scale } = magnification;
  const key = JSON.stringify([extent, box.width, box.height, scale, names, colours.paper, colours.grid]);
  if (key === drawnFor && graphOf("plane")._fullLayout) return;
  drawnFor = key;
  const ranges = fit(extent, roomIn(box));
  const axis = (/** @type {number} */ i) => ({ title: names[i], range: ranges[i], fixedrange: false });
  drawAxes("plane", [], layoutOf(axis(0), axis(1), { dragmode: "zoom" }), { doubleClick: "reset" });
}

/** What the axes must hold: all memories where they stand still, else the runs. @param {ShownFrame} shown */
function extentOf({ from, to, share }) {
  if (!from.basis || !to.basis)
    return (
      screen.facts?.fixed.ranges || [
        [-1, 1],
        [-1, 1],
      ]
    );
  return [0, 1].map((k) => {
    const [low, high] = [
      mix(from.plane.low[k], to.plane.low[k], share),
      mix(from.plane.high[k], to.plane.high[k], share),
    ];
    return [low - 0.06 * (high - low), high + 0.06 * (high - low)];
  });
}

const place = [0, 0];

/** Where a latent vector lies on the axes of a step. @param {Frame} frame @param {number} t @param {Float32Array} values @param {number} row */
function onAxes(frame, t, values, row) {
  const fixed = screen.facts?.fixed;
  const n = frame.n_latent;
  if (frame.basis && frame.mean) project(frame.basis, frame.mean, t, values, row, n, place);
  else if (fixed) project(fixed.basis, fixed.mean, 0, values, row, n, place);
  return place;
}

/** The same between two steps and two p. @param {ShownFrame} shown @param {Float32Array} values @param {number} row */
function placed({ from, to, share }, values, row) {
  const { t, next, fraction } = now(from.steps);
  let [x, y] = onAxes(from, t, values, row);
  if (!from.basis) return [x, y];
  if (fraction) {
    const after = onAxes(from, next, values, row);
    [x, y] = [mix(x, after[0], fraction), mix(y, after[1], fraction)];
  }
  if (share) {
    const there = onAxes(to, t, values, row);
    [x, y] = [mix(x, there[0], share), mix(y, there[1], share)];
  }
  return [x, y];
}

/** The landmarks, the important ones last: they are drawn on top and named first. @param {ShownFrame} shown @param {Axes} s @param {RunFrame | null} run */
function landmarks(shown, s, run) {
  const facts = /** @type {import("./types").Facts} */ (screen.facts);
  const own = shown.from.label;
  const marks = [];
  for (let i = 0; i < 11; i++) {
    const [x, y] = placed(shown, facts.space.vectors, i);
    const isAbstract = i === 10;
    const main = isAbstract || i === own;
    marks.push({
      x: s.x(x),
      y: s.y(y),
      main,
      size: main ? 8 : 5,
      kind: isAbstract ? "star" : markers.kinds[i],
      name: isAbstract
        ? _("abstract concept")
        : i === own
          ? _("concept ‘{label}’", { label: facts.labels[i] })
          : facts.labels[i],
      colour: isAbstract ? colours.points[2] : i === own ? colours.points[1] : colours.labels[i],
      point: isAbstract ? 2 : i === own ? 1 : -1,
    });
  }
  if (run && run.memory.length === shown.from.n_latent) {
    const [x, y] = placed(shown, run.memory, 0);
    marks.push({
      x: s.x(x),
      y: s.y(y),
      main: true,
      size: 8,
      kind: "diamond",
      name: _("own memory"),
      colour: colours.points[0],
      point: 0,
    });
  }
  return marks.sort((a, b) => Number(a.main) - Number(b.main));
}

/** @type {Record<string, import("./labels").Side>} */
const sides = {};

/** Draw the panel. */
export function drawPlane() {
  const shown = shownEnsemble();
  if (!shown || !screen.facts || shown.from.n_latent !== screen.facts.fixed.mean.length) return;
  const run = shownRun();
  const isFixed = !shown.from.basis;
  $(".plane-panel").classList.toggle("stale", shown.isStale);
  paint("plane", (c, s) => {
    drawFlock(c, s, shown, "plane", isFixed);
    const frame = run && (run.share < 0.5 ? run.from : run.to);
    const future = shownUndamaged();
    if (future && isFixed) drawFuture(c, s, future, "plane", screen.state.damage_step);
    if (run && isFixed) drawPath(c, s, run, "plane");
    else if (frame && isOfEnsemble() && frame.sample < shown.from.nRuns) markRun(c, frame.sample);
    const marks = landmarks(shown, s, frame);
    const lesser = marks.filter((each) => !each.main);
    for (const each of lesser) mark(c, each.kind, each.x, each.y, each.size, each.colour);
    const named = marks.filter((each) => each.main);
    const taken = drawThumbnails(c, s, named, frame, "plane", !isFixed);
    const measure = (/** @type {string} */ words, /** @type {number} */ size) => {
      c.font = `600 ${size}px ${colours.font}`;
      return c.measureText(words).width;
    };
    const room = { x: s.x0, y: s.y0, w: s.w, h: s.h };
    for (const { mark: one, x, y } of placeLabels(lesser, room, measure, sides, /** @type {any} */ (taken))) {
      text(c, one.name, x, y, one.colour, 12);
    }
  });
  planeNote(shown, run && (run.share < 0.5 ? run.from : run.to));
}

/** What share of the variance is seen. @param {ShownFrame} shown @param {RunFrame | null} run */
function planeNote({ from, share }, run) {
  const { t } = now(from.steps);
  const { basis } = screen.state;
  const [first, second] = from.explained[Math.min(t, from.explained.length - 1)];
  const words = [explained(basis, Math.round(100 * (first + second)))];
  if (basis !== "fixed") words.push(_("Each step has axes of its own: no trails."));
  if (share && basis === "fixed") words.push(_("Between two p of the grid, positions are interpolated."));
  else if (share) words.push(_("Between two p of the grid, positions and axes are interpolated."));
  if (!share && run && basis === "fixed" && screen.facts) {
    const step = Math.min(t, run.steps - 1);
    const [x, y] = onAxes(from, 0, screen.facts.space.vectors, from.label);
    const here = Math.hypot(run.plane[2 * step] - x, run.plane[2 * step + 1] - y).toFixed(1);
    const truly = run.distances[run.steps + step].toFixed(1);
    words.push(
      _("Highlighted run to its concept: {here} here, {truly} in {n} dimensions.", { here, truly, n: from.n_latent }),
    );
  }
  writeWithTerms($("#plane-note"), joined(...words));
}

/** @param {string} basis @param {number} share % */
function explained(basis, share) {
  if (basis === "fixed") return _("PC 1 + PC 2 explain {share} % of the variance of all memories.", { share });
  return basis === "rotated"
    ? _("These axes explain {share} % of the variance of the runs around t, and turn with them (Fig. 2).", { share })
    : _("PC 1 + PC 2 explain {share} % of the variance of the runs around t, and turn with them (Fig. 2).", { share });
}
