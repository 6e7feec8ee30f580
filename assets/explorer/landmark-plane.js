/**
 * The plane in which memory, concept and abstract concept stand still for every run and every p: across, how much a run
 * is like its label; up, how much it is like its own image. What lies outside the plane is paler.
 */
import { drawAxes, graphOf, layoutOf, paint } from "#canvas";
import { drawFlock, drawFuture, drawPath } from "#flock";
import { writeWithTerms } from "#glossary";
import { $ } from "#notices";
import { markers } from "#plane";
import { magnification } from "#scale";
import { now, shownEnsemble, shownRun, shownUndamaged } from "#shown";
import { screen } from "#state";
import { colours } from "#theme";
import { drawThumbnails } from "#thumbnails";
import { _, joined } from "#words";

const ACROSS = [-0.85, 1.95]; // that hold nearly all runs; the axes have equal scales where the panel is about square
const UP = [-0.75, 1.75];
let drawnFor = "";

/** The axes, which never change but with the theme and the panel. */
export function landmarkAxes() {
  const box = $("#landmark-plot").getBoundingClientRect();
  const key = [box.width, box.height, magnification.scale, colours.paper, colours.grid].join();
  if (key === drawnFor && graphOf("landmark")._fullLayout) return;
  drawnFor = key;
  const ticks = { tickvals: [0, 1], fixedrange: false };
  const layout = layoutOf(
    { title: _("like its label"), range: ACROSS, ...ticks },
    { title: _("like its own image"), range: UP, ...ticks },
    { dragmode: "zoom" },
  );
  drawAxes("landmark", [], layout, { doubleClick: "reset" });
}

/** Draw the panel. */
export function drawLandmarkPlane() {
  const shown = shownEnsemble();
  if (!shown || !screen.facts) return;
  const run = shownRun();
  const frame = run && (run.share < 0.5 ? run.from : run.to);
  const label = screen.facts.labels[shown.from.label];
  $(".landmark-panel").classList.toggle("stale", shown.isStale);
  $(".landmark-panel").classList.toggle("flat", shown.from.flat);
  paint("landmark", (c, s) => {
    if (shown.from.flat) return;
    drawFlock(c, s, shown, "landmark", true);
    const future = shownUndamaged();
    if (future) drawFuture(c, s, future, "landmark", screen.state.damage_step);
    if (run) drawPath(c, s, run, "landmark");
    const marks = [
      { x: s.x(0), y: s.y(0), size: 8, kind: "star", name: _("abstract concept"), colour: colours.points[2], point: 2 },
      {
        x: s.x(1),
        y: s.y(0),
        size: 8,
        kind: markers.kinds[shown.from.label],
        name: _("concept ‘{label}’", { label }),
        colour: colours.points[1],
        point: 1,
      },
      { x: s.x(1), y: s.y(1), size: 8, kind: "diamond", name: _("own memory"), colour: colours.points[0], point: 0 },
    ];
    drawThumbnails(c, s, marks, frame, "landmark", false);
  });
  note(shown);
}

/** The share of the runs that lie beyond what is sent, and are shown at its edge. @param {import("./types").Frame} frame @param {number} t */
function cutOff({ landmark: { u8, levels }, nRuns, steps }, t) {
  let count = 0;
  for (let run = 0; run < nRuns; run++) {
    const [x, y] = [u8[2 * run * steps + t], u8[(2 * run + 1) * steps + t]];
    if (Math.min(x, y) === 0 || Math.max(x, y) === levels) count++;
  }
  return count / nRuns;
}

/** @param {import("./types").ShownFrame} shown */
function note({ from, share }) {
  if (from.flat) {
    writeWithTerms(
      $("#landmark-note"),
      _("The three landmarks of most runs lie nearly on a line in this model: they span no plane."),
    );
    return;
  }
  const { t } = now(from.steps);
  const inside = Math.round(100 * from.inside[t]);
  const outside = Math.round(100 * cutOff(from, t));
  const rest = share
    ? _("Between two p of the grid, positions are interpolated.")
    : outside > 1
      ? _("{share} % of the runs lie beyond its edges.", { share: outside })
      : _("Runs farther outside are paler.");
  const held = _("This plane holds {share} % of the squared distance from the abstract concept at t = {t}.", {
    share: inside,
    t,
  });
  writeWithTerms($("#landmark-note"), joined(held, rest));
}
