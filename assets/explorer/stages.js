/** The stages over p: the chart is the slider, its cursor can be dragged. */
import { axes, drawAxes, graphOf, mark, paint, text } from "#canvas";
import { grid, rounded } from "#film";
import { writeWithTerms } from "#glossary";
import { $ } from "#notices";
import { forMedium } from "#printing";
import { magnification } from "#scale";
import { nearestNoise, shown, shownSweep } from "#shown";
import { spread } from "#spread";
import { screen, set } from "#state";
import { colours } from "#theme";

/** @type {unknown} */
let drawn = null;
let drawnFor = "";

/** The chart, when another one has arrived, or it has another room. */
export function stageAxes() {
  const { sweep } = shown;
  const { width, height } = $("#stage-plot").getBoundingClientRect();
  const size = `${width} ${height} ${magnification.scale} ${colours.paper}`;
  if (!sweep || (sweep === drawn && size === drawnFor && graphOf("stage")._fullLayout)) return;
  drawn = sweep;
  drawnFor = size;
  drawAxes("stage", forMedium(sweep.figure.data), forMedium(sweep.figure.layout), { staticPlot: true });
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
      c.strokeStyle = colours.ink;
      c.lineWidth = 2;
      c.beginPath();
      c.moveTo(s.x(p), s.y0);
      c.lineTo(s.x(p), s.y0 + s.h);
      c.stroke();
      const row = sweep?.minimum_distance[nearestNoise(sweep, p)] || [];
      for (const [i, value] of row.entries()) mark(c, "circle", s.x(p), s.y(value), 4.5, colours.points[i]);
    },
    (c, s) => {
      const isRight = p > 0.85;
      const words = `p = ${p.toFixed(3).replace(/0$/, "")}`;
      text(c, words, s.x(p) + (isRight ? -9 : 9), s.y0 + s.h - 12, colours.ink, 13, isRight ? "right" : "left");
      mark(c, "circle", s.x(p), s.y0 + s.h, 7, colours.ink);
      if (sweep) names(c, s, sweep);
    },
  );
  if (sweep) writeWithTerms($("#stage-note"), `${sweep.note} Drag to set p.`);
}

/** The names of the curves at their ends. @param {import("./canvas").Context} c @param {import("./canvas").Axes} s @param {import("./types").SweepPayload} sweep */
function names(c, s, sweep) {
  const label = screen.facts?.labels[screen.state.label];
  const ends = sweep.minimum_distance[sweep.noises.length - 1].map((value) => s.y0 + s.h - s.y(value));
  const placed = spread(ends, 14, s.h - 3);
  ["own memory", `concept ‘${label}’`, "abstract concept"].forEach((name, i) => {
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
