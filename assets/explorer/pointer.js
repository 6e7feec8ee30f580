/** Runs under a pointer: their picture while it hovers, and a click, a tap or the arrow keys choose one. */
import { axes } from "#canvas";
import { ensembleScope } from "#film";
import { paintTile } from "#filmstrip";
import { runAt } from "#flock";
import { $ } from "#notices";
import { player } from "#player";
import { refresh } from "#questions";
import { now, shownEnsemble } from "#shown";
import { isFree, screen, set } from "#state";
import { _ } from "#words";

/** @typedef {"plane" | "landmark"} View */
/** @typedef {import("./types").RunFrame} RunFrame */

const REACH = { mouse: 12, touch: 24 }; // px around a run
const STILL = 6; // px that a finger may move in a tap

/** The run that is pointed at. @type {{ run: number, scope: string }} */
const pointed = { run: -1, scope: "" };
/** Pictures of runs that have been pointed at. @type {Map<string, RunFrame>} */
const pictures = new Map();

/** All that the picture of a run depends on. */
const scope = () => `${ensembleScope()} ${screen.state.noise}`;

/** The run whose picture is wanted and not here; -1 where there is none. */
export function wantedPicture() {
  const isWanted = pointed.run >= 0 && pointed.scope === scope() && !pictures.has(`${pointed.scope} ${pointed.run}`);
  return isWanted ? { run: pointed.run, scope: pointed.scope } : null;
}

/** @param {string} of @param {RunFrame} frame */
export function takePicture(of, frame) {
  if (pictures.size > 60) pictures.clear();
  pictures.set(`${of} ${frame.sample}`, frame);
  for (const view of /** @type {View[]} */ (["plane", "landmark"])) paintPeek(view);
}

/** @param {View} view */
function peekOf(view) {
  const plot = $(`#${view}-plot`);
  let peek = $(".peek", plot);
  if (!peek) {
    peek = document.createElement("div");
    peek.className = "peek";
    peek.hidden = true;
    peek.innerHTML = '<canvas class="tile"></canvas><span></span>';
    plot.append(peek);
  }
  return peek;
}

/** @param {View} view */
function paintPeek(view) {
  const frame = pictures.get(`${pointed.scope} ${pointed.run}`);
  const canvas = /** @type {HTMLCanvasElement} */ ($("canvas", peekOf(view)));
  const { t } = now(frame?.steps || 1);
  if (frame) paintTile(canvas, frame.greys, t * frame.shape[0] * frame.shape[1], frame.shape);
  else canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
}

/** @param {View} view @param {PointerEvent} event */
function find(view, event) {
  const shown = shownEnsemble();
  const s = axes(view);
  if (!shown || !s || player.playing || shown.isStale || (view === "landmark" && shown.from.flat)) return -1;
  const box = $(`#${view}-plot`).getBoundingClientRect();
  const reach = event.pointerType === "touch" ? REACH.touch : REACH.mouse;
  return runAt(s, shown, view, event.clientX - box.left, event.clientY - box.top, reach);
}

/** @param {View} view @param {PointerEvent} event */
function hover(view, event) {
  if (!isFree("sample")) return; // a saved file has no images of other runs
  const run = find(view, event);
  const peek = peekOf(view);
  Object.assign(pointed, { run, scope: scope() });
  peek.hidden = run < 0;
  if (run < 0) return;
  const box = $(`#${view}-plot`).getBoundingClientRect();
  peek.style.left = `${Math.min(event.clientX - box.left + 14, box.width - 90)}px`;
  peek.style.top = `${Math.max(event.clientY - box.top - 96, 4)}px`;
  $("span", peek).textContent = _("run {n}, x({t})", { n: run, t: player.t });
  paintPeek(view);
  refresh();
}

/** Let runs be pointed at and chosen. @param {View} view */
export function bindPointer(view) {
  const plot = $(`#${view}-plot`);
  const hide = () => {
    pointed.run = -1;
    peekOf(view).hidden = true;
  };
  /** @type {[number, number] | null} */
  let down = null;
  // plotly takes what follows on its own layer, so these listen before it
  plot.addEventListener("pointermove", (event) => event.pointerType !== "touch" && hover(view, event), true);
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener(
    "pointerdown",
    (event) => {
      down = [event.clientX, event.clientY];
    },
    true,
  );
  document.addEventListener(
    "pointerup",
    (event) => {
      if (!down) return;
      const isStill = Math.hypot(event.clientX - down[0], event.clientY - down[1]) < STILL;
      down = null;
      const run = isStill ? find(view, event) : -1;
      if (run >= 0) set("sample", run);
    },
    true,
  );
  document.addEventListener("pointercancel", () => {
    down = null;
  });
  plot.addEventListener("keydown", (event) => {
    const by = /** @type {Record<string, number>} */ ({ ArrowUp: 1, ArrowDown: -1 })[event.key];
    if (!by || !screen.facts) return;
    event.preventDefault();
    const count = screen.facts.limits.sample + 1;
    set("sample", (screen.state.sample + by + count) % count);
  });
}
