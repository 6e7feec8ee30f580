/**
 * The explorer's start: what is bound to what. State changes ask what is missing and redraw; answers fill the films and
 * redraw; a frame draws all panels at most once.
 */
import { query } from "#address";
import { showAges } from "#ages";
import { drawBadge } from "#badge";
import { bindCanvases } from "#canvas";
import { curvesAxes, drawCurves } from "#curves";
import { quantised } from "#decode";
import { ensembleScope, ensembles, glide, grid, runScope, runs, shownNoise, sweepScope } from "#film";
import { bindStrip, drawStrip, pngAddress } from "#filmstrip";
import { bindFirstMinute, drawFirstMinute, greet } from "#first-minute";
import { alphabet, frameOf, runFrames } from "#frames";
import { bindGallery, showChosen, takeGallery, wantedGallery } from "#gallery";
import { bindGlossary } from "#glossary";
import { fetchImages, offerTraining } from "#jobs";
import { drawLandmarkPlane, landmarkAxes } from "#landmark-plane";
import { drawNearest, nearestAxes } from "#nearest";
import { $, notice } from "#notices";
import { drawPlane, markers, planeAxes } from "#plane";
import { bindPlayer, player, setLength } from "#player";
import { bindPointer, takePicture, wantedPicture } from "#pointer";
import { addRoute, asked, bindQuestions, followProgress, isRefused, leaveOld, openQuestion, refresh } from "#questions";
import { persistForDash, requests } from "#requests";
import { shown, shownEnsemble, shownRun } from "#shown";
import { bindStages, drawStages, stageAxes } from "#stages";
import { initial, isSettled, listen, screen, set, settleKey, writeAddress, writeAddressNow } from "#state";
import { applyTheme, onSystemTheme, readColours, theme } from "#theme";
import { bindThumbnails, setConceptPictures } from "#thumbnails";
import { drawTicks } from "#ticks";
import { bindWidgets, range, show, showFacts } from "#widgets";

/** @typedef {import("./types").SettledPayload} SettledPayload */

const CHUNK = 4; // values of p in one answer of the ensemble's film

// ---- drawing

let pending = 0;

/** Draw in the next frame; a tab in the background gets none, and draws after a while. */
function redraw() {
  if (pending) return;
  pending = window.setTimeout(draw, 250);
  requestAnimationFrame(draw);
}

function draw(/** @type {number} */ at = performance.now()) {
  if (!pending) return;
  clearTimeout(pending);
  pending = 0;
  readColours();
  if (glide(at)) redraw();
  if (!window.Plotly) {
    // still loading
    setTimeout(redraw, 50);
    return;
  }
  const ensemble = shownEnsemble();
  if (ensemble) {
    planeAxes();
    landmarkAxes();
    nearestAxes(ensemble.from.steps);
    curvesAxes(`${ensembles.scope} ${screen.state.curves}`);
  }
  stageAxes();
  for (const panel of [
    drawStages,
    drawPlane,
    drawLandmarkPlane,
    drawNearest,
    drawCurves,
    drawStrip,
    drawTicks,
    drawBadge,
    drawFirstMinute,
  ])
    panel();
  const isWaiting = !ensemble || ensemble.isStale || !shown.sweep;
  document.body.classList.toggle("waiting", isWaiting);
  document.body.classList.toggle("seen", Boolean(ensemble));
}

// ---- questions

/** What every question but the first carries. @param {Record<string, unknown>} more */
function data(more) {
  const state = { ...screen.state, theme: theme() };
  return { query: query(screen.fields, state, false), model: screen.model, ...more };
}

let changed = "";

function wantSettled() {
  if (isSettled()) return null;
  const key = settleKey();
  const first = !screen.facts;
  const asks = first ? location.search.slice(1) || `v=${initial("v")}` : query(screen.fields, screen.state, false);
  return {
    key,
    scope: key,
    data: { query: asks, changed: first ? "" : changed || "model", before: { ...screen.state } },
  };
}

/** @param {SettledPayload} reply @param {import("./questions").Question} question */
function takeSettled(reply, question) {
  const before = /** @type {Record<string, unknown>} */ (question.data.before);
  const kept = Object.entries(screen.state).filter(([name, value]) => screen.facts && before[name] !== value);
  const chosen = theme();
  screen.state = Object.assign(reply.state, Object.fromEntries(kept)); // a finger was quicker than the answer
  if (!screen.facts && chosen !== "light") screen.state.theme ||= "auto";
  screen.facts = reply;
  screen.model = reply.model;
  screen.settled = settleKey();
  reply.space.tiles = pngAddress(reply.space.tiles);
  reply.space.vectors = quantised(reply.space.landmarks).values;
  for (const name of /** @type {const} */ (["basis", "mean"])) {
    reply.fixed[name] = quantised(/** @type {any} */ (reply.fixed[name])).values;
  }
  setConceptPictures(reply.space.tiles);
  shownNoise.p = screen.state.noise;
  player.t = screen.state.t;
  setLength(screen.state.n_steps);
  showFacts(reply);
  showAges(reply);
  for (const field of screen.fields) if (field.name !== "model") show(field.name);
  $(".panels").dataset.view = screen.state.view;
  applyTheme();
  writeAddress();
  if (reply.offer) offerTraining(reply.offer.dataset, reply.offer.n_latent, reply.notes);
  else if (reply.notes.length) notice(reply.notes);
  redraw();
}

/** The single run or ensemble at the p of the state, until its frame is here. */
function wantRun() {
  const scope = runScope();
  const { noise } = screen.state;
  if (!isSettled() || runs.get(scope, noise)) return null;
  return { key: `${scope} ${noise}`, scope, data: data({ noises: [noise] }) };
}

function wantEnsemble() {
  const scope = ensembleScope();
  const { noise } = screen.state;
  if (!isSettled() || ensembles.get(scope, noise)) return null;
  return { key: `${scope} ${noise}`, scope, data: data({ noises: [noise] }) };
}

/** Whether the stage chart is here: what is still missing on the screen goes before what may be needed later. */
const hasSweep = () => !wantSweep() || isRefused("sweep");

function wantRunFilm() {
  const scope = runScope();
  if (!isSettled() || wantRun() || !hasSweep() || runs.missing(scope, screen.state.noise).length === 0) return null;
  return { key: scope, scope, data: data({ noises: runs.missing(scope, 0).sort((a, b) => a - b) }) };
}

function wantFilm() {
  const scope = ensembleScope();
  const missing = ensembles.missing(scope, screen.state.noise);
  if (!isSettled() || wantEnsemble() || openQuestion("ensemble") || !hasSweep() || missing.length === 0) return null;
  const next = missing.slice(0, CHUNK);
  return { key: `${scope} ${next}`, scope, data: data({ noises: next }) };
}

/** @param {import("./types").RunReply} reply @param {import("./questions").Question} question */
function takeRuns(reply, question) {
  for (const frame of runFrames(reply)) runs.add(question.scope, frame.noise, frame);
  redraw();
}

/** @param {{ frames: import("./types").FrameReply[] }} reply @param {import("./questions").Question} question */
function takeEnsembles(reply, question) {
  for (const one of reply.frames) ensembles.add(question.scope, one.noise, frameOf(one));
  redraw();
}

function wantSweep() {
  const scope = sweepScope();
  if (!isSettled() || (shown.sweep?.scope === scope && shown.sweep.look === theme())) return null;
  return { key: `${scope} ${theme()}`, scope: `${scope} ${theme()}`, data: data({ scope, look: theme() }) };
}

function wantImage() {
  const wanted = wantedPicture();
  if (!wanted || !isSettled()) return null;
  const state = { ...screen.state, sample: wanted.run };
  const asks = { ...data({ noises: [screen.state.noise] }), query: query(screen.fields, state, false) };
  return { key: `${wanted.scope} ${wanted.run}`, scope: wanted.scope, data: asks };
}

function wantGallery() {
  const scope = wantedGallery();
  return scope === null ? null : { key: scope, scope, data: data({}) };
}

/** Why a panel is empty or old. @param {...string} names @returns {(sentence: string) => void} */
const saysOn =
  (...names) =>
  (sentence) => {
    for (const name of names) $(`#${name}-wait`).textContent = sentence;
  };

function addRoutes() {
  addRoute("settled", { wanted: wantSettled, take: takeSettled });
  addRoute("run", { wanted: wantRun, take: takeRuns });
  addRoute("ensemble", {
    wanted: wantEnsemble,
    take: takeEnsembles,
    busy: saysOn("plane", "landmark", "curves", "nearest"),
  });
  addRoute("sweep", {
    wanted: wantSweep,
    take: (reply, { data: { scope, look } }) => {
      shown.sweep = { ...reply, scope, look };
      redraw();
    },
    busy: saysOn("stage"),
  });
  addRoute("image", { wanted: wantImage, take: (reply, { scope }) => takePicture(scope, runFrames(reply)[0]) });
  addRoute("gallery", { wanted: wantGallery, take: (reply, { scope }) => takeGallery(reply, scope) });
  addRoute("runfilm", { wanted: wantRunFilm, take: takeRuns });
  addRoute("film", { wanted: wantFilm, take: takeEnsembles });
}

// ---- what a hand does

/** @param {keyof import("./types").State} name */
function fieldChanged(name) {
  changed = name;
  if (name === "theme") applyTheme();
  if (name === "n_steps") setLength(screen.state.n_steps);
  if (name === "view") $(".panels").dataset.view = screen.state.view;
  if (name === "sample") showChosen();
  show(name);
  writeAddress();
  refresh();
  redraw();
}

async function copyLink() {
  screen.state.t = player.t; // while it plays too
  writeAddressNow();
  const button = $("#copy-link");
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  } catch {
    notice(["The link could not be copied: take it from the address bar."]);
  }
  setTimeout(() => {
    button.textContent = "Copy link";
  }, 1500);
}

function bindButtons() {
  const n = document.createElement("input");
  Object.assign(n, { type: "number", id: "train-n", min: 1, max: 512, value: 50 });
  $("#train-n-place").append(n);
  $("#train-ask").addEventListener("click", () =>
    offerTraining(screen.state.dataset, Math.min(Math.max(Number(n.value) || 1, 1), 512)),
  );
  $("#new-noise").addEventListener("click", () => set("seed", Math.floor(Math.random() * 1e6)));
  $("#fetch").addEventListener("click", fetchImages);
  $("#copy-link").addEventListener("click", copyLink);
  $("#toggle-theme").addEventListener("click", () => set("theme", theme() === "dark" ? "light" : "dark"));
  $("#open-rail").addEventListener("click", () => {
    $("#rail").classList.add("open");
    $("#rail button, #rail input").focus();
  });
  $("#close-rail").addEventListener("click", () => {
    $("#rail").classList.remove("open");
    $("#open-rail").focus();
  });
}

/** Begin, once the layout is there. @param {import("./types").BeginPayload} given */
function begin(given) {
  if (!$("#scrubber") || !$("#train-n-place")) {
    setTimeout(() => begin(given), 20);
    return;
  }
  screen.fields = given.fields;
  markers.kinds = given.markers;
  grid.step = given.grid;
  alphabet.letters = given.alphabet;
  for (const field of given.fields) Object.assign(screen.state, { [field.name]: field.default });
  const look = new URLSearchParams(location.search).get("theme");
  if (look === "dark" || look === "light") screen.state.theme = look;
  bindQuestions();
  bindWidgets();
  bindButtons();
  bindPlayer(redraw);
  bindStages();
  bindStrip();
  bindFirstMinute();
  bindGallery();
  bindThumbnails(redraw);
  bindCanvases(redraw);
  bindPointer("plane");
  bindPointer("landmark");
  addRoutes();
  listen(fieldChanged);
  followProgress(["ensemble", "sweep"], (reply) => document.body.style.setProperty("--progress", reply.fraction));
  onSystemTheme(() => {
    applyTheme();
    refresh();
    redraw();
  });
  for (const rests of ["pointerup", "change"]) {
    document.addEventListener(rests, () => leaveOld(["run", "ensemble"]));
  }
  new ResizeObserver(redraw).observe($(".panels"));
  for (const leaves of ["pagehide", "beforeunload"]) window.addEventListener(leaves, writeAddressNow);
  document.addEventListener("click", (event) => {
    if (/** @type {Element} */ (event.target).closest("a")) writeAddressNow(); // Back comes to what was left
  });
  applyTheme();
  refresh();
}

window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.latent = {
  begin,
  notice: (/** @type {{ sentences: string[] } | null} */ reply) => {
    if (reply) notice(reply.sentences);
  },
};
window.latent = {
  screen,
  player,
  asked,
  requests,
  theme,
  redraw,
  quantised,
  films: { runs, ensembles },
  shown,
  shownRun,
  isSettled,
  range,
};
persistForDash();
greet();
bindGlossary();
new window.DashRenderer();
