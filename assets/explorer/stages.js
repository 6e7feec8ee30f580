/** The stages over p: the chart is the slider, its cursor can be dragged. */
import { axes, drawAxes, graphOf, mark, paint, text } from "#canvas";
import { grid, rounded } from "#film";
import { writeWithTerms } from "#glossary";
import { $ } from "#notices";
import { forMedium } from "#printing";
import { magnification } from "#scale";
import { beside, ends, nearestNoise, shown, shownSweep } from "#shown";
import { spread } from "#spread";
import { isEmbedded, screen, set } from "#state";
import { colours } from "#theme";
import { threeDigits } from "#widgets";
import { _, joined } from "#words";

/** @type {unknown} */
let drawn = null;
let drawnFor = "";

/** The chart, when another one has arrived, or it has another room. */
export function stageAxes() {
  const { sweep } = shown;
  const { width, height } = $("#stage-plot").getBoundingClientRect();
  const size = `${width} ${height} ${magnification.scale} ${colours.paper} ${beside.stages}`;
  if (!sweep || (sweep === drawn && size === drawnFor && graphOf("stage")._fullLayout)) return;
  drawn = sweep;
  drawnFor = size;
  const layout = forMedium(sweep.figure.layout);
  ends.stages = layout.yaxis.range[1];
  const yaxis = { ...layout.yaxis, range: [0, Math.max(ends.stages, beside.stages)] };
  drawAxes("stage", forMedium(sweep.figure.data), { ...layout, yaxis }, { staticPlot: true });
}

/** Draw what follows p. */
export function drawStages() {
  const sweep = shownSweep();
  $(".stage-panel").classList.toggle("stale", !sweep);
  if (!shown.sweep) return;
  const p = screen.state.noise;
  paint(
    "stage",
    (c, s) => {
      if (beside.noise !== null) pinned(c, s, beside.noise);
      c.strokeStyle = colours.ink;
      c.lineWidth = 2;
      upright(c, s, p);
      const row = sweep?.minimum_distance[nearestNoise(sweep, p)] || [];
      for (const [i, value] of row.entries()) mark(c, "circle", s.x(p), s.y(value), 4.5, colours.points[i]);
    },
    (c, s) => {
      const isRight = p > 0.85;
      const words = `p = ${threeDigits(p)}`;
      text(c, words, s.x(p) + (isRight ? -9 : 9), s.y0 + s.h - 12, colours.ink, 13, isRight ? "right" : "left");
      mark(c, "circle", s.x(p), s.y0 + s.h, 7, colours.ink);
      if (sweep) names(c, s, sweep);
    },
  );
  if (sweep) writeWithTerms($("#stage-note"), joined(sweep.note, isEmbedded ? "" : _("Drag to set p.")));
}

/** A line over the height of the chart. @param {import("./canvas").Context} c @param {import("./canvas").Axes} s @param {number} p */
function upright(c, s, p) {
  c.beginPath();
  c.moveTo(s.x(p), s.y0);
  c.lineTo(s.x(p), s.y0 + s.h);
  c.stroke();
}

/** p of the screen that is pinned beside this one. @param {import("./canvas").Context} c @param {import("./canvas").Axes} s @param {number} p */
function pinned(c, s, p) {
  c.strokeStyle = colours.quiet;
  c.lineWidth = 1.5;
  c.setLineDash([4, 3]);
  upright(c, s, p);
  c.setLineDash([]);
  text(c, "A", s.x(p) + (p > 0.95 ? -4 : 4), s.y0 + 26, colours.quiet, 12, p > 0.95 ? "right" : "left");
}

/** The names of the curves at their ends. @param {import("./canvas").Context} c @param {import("./canvas").Axes} s @param {import("./types").SweepPayload} sweep */
function names(c, s, sweep) {
  const label = screen.facts?.labels[screen.state.label];
  const ends = sweep.minimum_distance[sweep.noises.length - 1].map((value) => s.y0 + s.h - s.y(value));
  const placed = spread(ends, 14, s.h - 3);
  [_("own memory"), _("concept ‘{label}’", { label }), _("abstract concept")].forEach((name, i) => {
    text(c, name, s.x0 + s.w + 6, s.y0 + s.h - placed[i], colours.points[i], 12);
  });
}

/** Let the cursor be dragged. */
export function bindStages() {
  const plot = $("#stage-plot");
  let isDragging = false;
  const move = (/** @type {PointerEvent} */ event) => {
    const p = axes("stage")?.value(event.clientX - plot.getBoundingClientRect().left);
    if (p !== undefined) set("noise", rounded(Math.round(Math.min(Math.max(p, 0), 1) / grid.step) * grid.step));
  };
  plot.addEventListener("pointerdown", (event) => {
    isDragging = true;
    plot.setPointerCapture(event.pointerId);
    move(event);
    event.preventDefault();
  });
  plot.addEventListener("pointermove", (event) => isDragging && move(event));
  for (const name of ["pointerup", "pointercancel"]) {
    plot.addEventListener(name, () => {
      isDragging = false;
    });
  }
  plot.addEventListener("keydown", (event) => {
    const by = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 })[
      event.key
    ];
    if (!by) return;
    event.preventDefault(); // the clock's keys leave it alone then
    set("noise", rounded(Math.min(Math.max(screen.state.noise + by * grid.step, 0), 1)));
  });
}
