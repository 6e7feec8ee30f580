/**
 * The strip of the first minute: one step of repeated inference in pictures, the landmarks that runs come near to, the
 * presets of p, and four steps that work the page's own controls. Its layout is that of first_minute.py.
 */
import { runScope, runs } from "#film";
import { paintTile, tile } from "#filmstrip";
import { writeWithTerms } from "#glossary";
import { $, $$, write } from "#notices";
import { player } from "#player";
import { presetsOf, STAGES } from "#presets";
import { shownRun, shownSweep } from "#shown";
import { screen, set } from "#state";
import { _ } from "#words";

/** @typedef {import("./types.js").RunFrame} RunFrame */

const KEY = "first-minute"; // what the browser remembers
const PAPER = 0.2; // p where the digit has no stage II: the paper's
const MUCH = 0.9; // p where it has no stage III
const root = document.documentElement;

// ---- shown or hidden

/** A browser may refuse to store anything: then every visit is the first. */
function isSeen() {
  try {
    return localStorage.getItem(KEY) === "seen";
  } catch {
    return false;
  }
}

function remember() {
  try {
    localStorage.setItem(KEY, "seen");
  } catch {
    // shown again the next time
  }
}

const isShown = () => root.dataset.firstMinute === "shown" || root.dataset.tour === "strip";

/** @param {boolean} on */
function showStrip(on) {
  root.dataset.firstMinute = on ? "shown" : "hidden";
  $("#show-first-minute")?.setAttribute("aria-expanded", String(on));
}

/** Before the page is drawn, so that nothing jumps: is the strip there? */
export function greet() {
  showStrip(!isSeen());
}

/** Hide the strip, from now on; the tour, whose first stop it is, ends with it. */
function hide() {
  remember();
  set("tour", "");
  showStrip(false);
  $("#show-first-minute").focus();
}

/** Connect the strip and the presets with the page. */
export function bindFirstMinute() {
  showStrip(isShown());
  $("#hide-first-minute").addEventListener("click", hide);
  $("#show-first-minute").addEventListener("click", () => {
    const isElsewhere = root.dataset.tour === "beyond"; // the tour has the place of the strip
    if (isShown() && !isElsewhere) return hide();
    set("tour", "");
    showStrip(true);
    window.scrollTo({ top: 0 });
    $("#first-step-0").focus({ preventScroll: true });
    drawFirstMinute();
  });
  for (const button of $$("[data-preset]")) {
    button.addEventListener("click", () => {
      const noise = presets[Number(button.dataset.preset)];
      if (noise !== null) set("noise", noise);
    });
  }
  for (const button of $$("[data-step]")) button.addEventListener("click", () => take(Number(button.dataset.step)));
}

/** Draw what has changed: the presets always, the strip where it is shown. */
export function drawFirstMinute() {
  const sweep = shownSweep();
  if (sweep !== presetsFor) {
    presetsFor = sweep;
    presets = presetsOf(sweep);
  }
  for (const button of $$("[data-preset]")) drawPreset(/** @type {HTMLButtonElement} */ (button));
  if (waiting >= 0 && !player.playing) finish();
  if (!isShown()) return;
  const run = highlighted();
  if (run) drawPictures(run);
  drawSteps(run);
}

/** The highlighted run at the p that is set, as soon as it is here. @returns {RunFrame | null} */
function highlighted() {
  const run = shownRun();
  return runs.get(runScope(), screen.state.noise) || (run && (run.share < 0.5 ? run.from : run.to));
}

// ---- presets

/** @type {ReturnType<typeof shownSweep>} */
let presetsFor = null;
/** @type {(number | null)[]} */
let presets = [null, null, null];

/** @param {HTMLButtonElement} button */
function drawPreset(button) {
  const stage = Number(button.dataset.preset);
  const noise = presets[stage];
  const values = { stage: STAGES[stage], digit: screen.facts?.labels[screen.state.label] ?? "", p: noise };
  let title = _("Stage {stage}: set p = {p}", values);
  if (noise === null)
    title = presetsFor ? _("No p decidedly puts ‘{digit}’ in stage {stage}", values) : _("The stages are not here yet");
  if (button.title !== title) button.title = title;
  if (button.disabled !== (noise === null)) button.disabled = noise === null;
  const pressed = String(noise === screen.state.noise);
  if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
}

// ---- pictures

/** @type {RunFrame | null} */
let painted = null;
let paintedStep = -1;

/** The image of now, its place in the landmark plane and the next image; those of the beginning where the run has ended. @param {RunFrame} run */
function drawPictures(run) {
  const t = player.t < run.steps - 1 ? player.t : 0;
  const pixels = run.shape[0] * run.shape[1];
  if (run !== painted || t !== paintedStep) {
    const canvas = (/** @type {string} */ id) => /** @type {HTMLCanvasElement} */ ($(id));
    paintTile(canvas("#first-from"), run.greys, t * pixels, run.shape);
    paintTile(canvas("#first-to"), run.greys, (t + 1) * pixels, run.shape);
    if (run !== painted) paintTile(canvas("#first-tile-0"), run.clean, 0, run.shape);
    drawPlace(run, t);
  }
  [painted, paintedStep] = [run, t];
  writeWithTerms($("#first-from-name"), `x(${t})`);
  writeWithTerms($("#first-to-name"), `x(${t + 1})`);
  if (!screen.facts) return;
  tile($("#first-tile-1"), screen.facts.space.tiles, 11, run.label);
  tile($("#first-tile-2"), screen.facts.space.tiles, 11, 10);
  writeWithTerms($("#first-landmark-1"), _("concept of ‘{label}’", { label: screen.facts.labels[run.label] }));
}

/* The landmark plane in small, in units of its axes, up turned down; the marks are those of the large one. */
const PLACE = `<svg viewBox="-0.75 -1.6 2.6 2.25" aria-hidden="true"><polyline/>
  <path class="point-0" d="M1 -1.2L1.2 -1L1 -0.8L0.8 -1Z"/><circle class="point-1" cx="1" cy="0" r="0.17"/>
  <path class="point-2" d="M0 -0.25L0.07 -0.08L0.25 -0.08L0.11 0.04L0.16 0.21L0 0.11L-0.16 0.21L-0.11 0.04L-0.25 -0.08L-0.07 -0.08Z"/>
  <circle class="here" r="0.13"/></svg>`;

/** @param {number} value @param {number} low @param {number} high */
const within = (value, low, high) => Math.min(Math.max(Number.isFinite(value) ? value : 0, low), high).toFixed(3);

/** @param {RunFrame} run @param {number} t */
function drawPlace({ landmark }, t) {
  const box = $("#first-activity");
  if (!box.querySelector("svg")) box.insertAdjacentHTML("beforeend", PLACE);
  const points = Array.from({ length: t + 1 }, (_, step) => [
    within(landmark[2 * step], -0.65, 1.75),
    within(-landmark[2 * step + 1], -1.5, 0.55),
  ]);
  box.querySelector("polyline")?.setAttribute("points", points.join(" "));
  const here = box.querySelector(".here");
  here?.setAttribute("cx", points[t][0]);
  here?.setAttribute("cy", points[t][1]);
}

// ---- four steps

const done = [false, false, false, false];
let waiting = -1; // the step that is done when the clock rests

/** @param {number} step */
function take(step) {
  player.pause();
  finish(); // what was played so far was seen
  if (step === 0) set("noise", presets[1] ?? PAPER);
  if (step === 3) set("noise", presets[2] ?? MUCH);
  player.set(step === 2 ? (highlighted()?.minimum_step[1] ?? 0) : 0);
  if (step === 1 || step === 3) {
    waiting = step;
    player.play();
  } else done[step] = true;
  drawFirstMinute();
}

function finish() {
  if (waiting >= 0) done[waiting] = true;
  waiting = -1;
}

/** @param {RunFrame | null} run */
function drawSteps(run) {
  const [, second, third] = presets;
  write(
    "#first-step-0-words",
    second === null ? _("p = {p}, as in the paper", { p: PAPER }) : _("p = {p}, stage II", { p: second }),
  );
  write("#first-step-1-words", _("from t = 0 to {last}", { last: player.length }));
  if (run) write("#first-step-2-words", _("nearest at t = {t}", { t: run.minimum_step[1] }));
  write("#first-step-3-words", third === null ? `p = ${MUCH}` : _("p = {p}, stage III", { p: third }));
  const next = done.indexOf(false);
  done.forEach((isDone, i) => {
    const button = $(`#first-step-${i}`);
    const state = i === waiting ? "playing" : isDone ? "done" : i === next && waiting < 0 ? "next" : "";
    if (button.dataset.state === state) return;
    button.dataset.state = state;
    if (state === "next" || state === "playing") button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
    write(`#first-step-${i} .number`, isDone ? "✓" : String(i + 1));
    write(`#first-step-${i}-done`, isDone ? _("done") : "");
  });
}
