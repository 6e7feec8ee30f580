/**
 * What the explorer asks, route by route: what is wanted now, as a question with a key, and where an answer goes. All
 * that an answer depends on but p is its scope.
 */
import { query } from "#address";
import { showAges } from "#ages";
import { applyCompare } from "#compare";
import { showOwn } from "#damage";
import { quantised } from "#decode";
import { ensembleScope, ensembles, grid, isDamaged, runScope, runs, shownNoise, sweepScope, undamaged } from "#film";
import { pngAddress } from "#filmstrip";
import { frameOf, runFrames } from "#frames";
import { takeGallery, wantedGallery } from "#gallery";
import { offerTraining } from "#jobs";
import { $, notice } from "#notices";
import { player, setLength } from "#player";
import { takePicture, wantedPicture } from "#pointer";
import { applyPresenter } from "#presenter";
import { addRoute, isRefused, openQuestion, refresh } from "#questions";
import { clockSteps, shown } from "#shown";
import { initial, isEmbedded, isSettled, link, saved, screen, settleKey, writeAddress } from "#state";
import { applyTheme, theme } from "#theme";
import { setConceptPictures } from "#thumbnails";
import { beginTour } from "#tour";
import { show, showFacts } from "#widgets";

/** @typedef {import("./types").SettledPayload} SettledPayload */

let redraw = () => {};

/** What every question but the first carries. @param {Record<string, unknown>} more */
function data(more) {
  const state = { ...screen.state, theme: theme(), pinned: "" };
  return { query: query(screen.fields, state, false), model: screen.model, ...more };
}

/** The field that changed last: the server is silent about what another data set leaves no choice in. */
export const latest = { changed: "" };

/**
 * Show the screen of a link; whoever looks keeps theme, language and what is presented.
 * @param {string} words Its query.
 */
export function showLink(words) {
  const wanted = new URLSearchParams(words);
  wanted.delete("tour");
  wanted.set("theme", screen.state.theme);
  wanted.set("lang", screen.state.language);
  wanted.set("show", screen.state.presented);
  link.query = wanted.toString();
  refresh();
}

function wantSettled() {
  if (!link.isReady || (isSettled() && link.query === null)) return null;
  const isFirst = !screen.facts;
  const first = isFirst ? location.search.slice(1) || `v=${initial("v")}` : null;
  const asks = link.query ?? first;
  const key = asks === null ? settleKey() : `${settleKey()} ${asks}`;
  const changed = asks === null ? latest.changed || "model" : "";
  return {
    key,
    scope: key,
    data: { query: asks ?? query(screen.fields, screen.state, false), changed, before: { ...screen.state } },
  };
}

/** @param {SettledPayload} reply @returns {import("./types").Facts} */
const factsOf = (reply) => ({
  ...reply,
  space: {
    tiles: pngAddress(reply.space.tiles),
    vectors: quantised(reply.space.landmarks).values,
    shape: /** @type {[number, number]} */ (reply.space.shape),
  },
  fixed: {
    basis: quantised(reply.fixed.basis).values,
    mean: quantised(reply.fixed.mean).values,
    ranges: reply.fixed.ranges,
  },
});

/** @param {SettledPayload} reply @param {import("./questions").Question} question */
function takeSettled(reply, question) {
  const before = /** @type {Record<string, unknown>} */ (question.data.before);
  const kept = Object.entries(screen.state).filter(([name, value]) => before[name] !== value);
  link.query = null;
  screen.state = { ...reply.state, ...Object.fromEntries(kept) }; // a finger was quicker than the answer
  const facts = factsOf(reply);
  screen.facts = facts;
  screen.model = reply.model;
  screen.settled = settleKey();
  setConceptPictures(facts.space.tiles);
  shownNoise.p = screen.state.noise;
  player.t = screen.state.t;
  applyPresenter();
  applyCompare();
  setLength(clockSteps());
  showFacts(facts);
  showAges(facts);
  for (const field of screen.fields) if (field.name !== "model") show(field.name);
  showOwn();
  $(".panels").dataset.view = screen.state.view;
  applyTheme();
  writeAddress();
  beginTour();
  if (reply.offer && !isEmbedded) offerTraining(reply.offer.dataset, reply.offer.n_latent, reply.notes);
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

/** The run without its second damage, to be drawn beside it; a saved file has none. */
function wantUndamaged() {
  const scope = runScope(false);
  const { noise } = screen.state;
  if (!isSettled() || !isDamaged() || saved.free || undamaged.get(scope, noise)) return null;
  const state = { ...screen.state, damage_step: 0 };
  const asks = { ...data({ noises: [noise] }), query: query(screen.fields, state, false) };
  return { key: `${scope} ${noise}`, scope, data: asks };
}

function wantEnsemble() {
  const scope = ensembleScope();
  const { noise } = screen.state;
  if (!isSettled() || ensembles.get(scope, noise)) return null;
  return { key: `${scope} ${noise}`, scope, data: data({ noises: [noise] }) };
}

/**
 * Whether the stage chart is here: what is still missing on the screen goes before what may be needed later. Where its
 * runs are those of the film, it computes the same frames: asked meanwhile, the film would only stand in the queue behind it.
 */
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
  const next = missing.slice(0, grid.chunk);
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
  const state = { ...screen.state, sample: wanted.run, own: "", covered: "", damage_step: 0 };
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

/** Connect every route to what is wanted of it. @param {() => void} draw Draws what has changed. */
export function addRoutes(draw) {
  redraw = draw;
  addRoute("settled", { wanted: wantSettled, take: takeSettled });
  addRoute("run", { wanted: wantRun, take: takeRuns });
  addRoute("undamaged", {
    wanted: wantUndamaged,
    take: (reply, { scope }) => {
      for (const frame of runFrames(reply)) undamaged.add(scope, frame.noise, frame);
      redraw();
    },
  });
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
  if (isEmbedded) return; // only what is seen: p of A is not dragged
  addRoute("runfilm", { wanted: wantRunFilm, take: takeRuns });
  addRoute("film", { wanted: wantFilm, take: takeEnsembles });
}
