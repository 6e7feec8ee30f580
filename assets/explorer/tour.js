/**
 * The guided tour: its stops are data (tour.py); each sets the page's own controls, waits for what is to be seen, and
 * stands in the address. It can be left at any time, and is taken up where it was left.
 */
import { writeWithTerms } from "#glossary";
import { $, write } from "#notices";
import { player } from "#player";
import { presetsOf } from "#presets";
import { serverPath } from "#requests";
import { shownEnsemble, shownSweep } from "#shown";
import { isSettled, saved, screen, set } from "#state";
import { _ } from "#words";

/** @typedef {import("./types").TourStop} TourStop */

const KEY = "tour"; // what the browser remembers
/** @type {{ base: Record<string, any>, stops: TourStop[] }} */
const tour = { base: {}, stops: [] };
/** The stop whose p is still to be set, once its stages are known. @type {TourStop | null} */
let pending = null;
/** Stops that have been seen to their end. @type {Set<string>} */
const seen = new Set();
let drawnFor = "";
let isFromLink = false;

/** The stop on the screen. */
const current = () => tour.stops.find((stop) => stop.id === screen.state.tour);

/** @param {string} id */
function remember(id) {
  try {
    localStorage.setItem(KEY, id);
  } catch {
    // it then begins anew the next time
  }
}

/** Where the tour was left; its first stop where it has not been begun. */
function remembered() {
  try {
    const id = localStorage.getItem(KEY);
    return tour.stops.some((stop) => stop.id === id) ? /** @type {string} */ (id) : tour.stops[0].id;
  } catch {
    return tour.stops[0].id;
  }
}

/** Go to a stop. @param {string} id */
function visit(id) {
  remember(id);
  set("tour", id);
  show();
  drawTour();
  $("#tour-title").focus({ preventScroll: true });
}

/** Set the screen as the stop wants it. */
function show() {
  const stop = current();
  if (!stop) return;
  player.pause();
  for (const [name, value] of Object.entries({ ...tour.base, ...stop.settings })) {
    set(/** @type {keyof import("./types").State} */ (name), value);
  }
  pending = stop;
  follow();
}

/** Once the stages of the model are known: p, and the clock. */
function follow() {
  const sweep = shownSweep();
  if (!pending || !isSettled() || !sweep) return;
  const stop = pending;
  pending = null;
  set("noise", presetsOf(sweep)[stop.stage] ?? stop.noise);
  if (stop.wait === "strip") return;
  player.set(0);
  if (stop.wait === "played") player.play();
  else player.set(player.length);
}

/** Whether what is to be seen at a stop has been seen. @param {TourStop} stop */
function isDone(stop) {
  if (!isSettled() || !shownSweep() || shownEnsemble()?.isStale !== false) return false;
  if (stop.wait === "strip") return $("#first-step-3").dataset.state === "done";
  return !player.playing && player.t === player.length;
}

/** Draw what has changed, and go on with what was waited for. */
export function drawTour() {
  if (!tour.stops.length) return;
  follow();
  const stop = current();
  $("#tour").hidden = !stop;
  if (stop) document.documentElement.dataset.tour = stop.wait === "strip" ? "strip" : "beyond";
  else delete document.documentElement.dataset.tour;
  if (!stop) {
    drawnFor = "";
    return;
  }
  if (isDone(stop)) seen.add(stop.id);
  write("#tour-done", seen.has(stop.id) ? _("✓ seen") : "");
  if (stop.id === drawnFor) return;
  drawnFor = stop.id;
  const place = tour.stops.indexOf(stop);
  write("#tour-place", _("Tour, {n} of {all}", { n: place + 1, all: tour.stops.length }));
  write("#tour-title", stop.title);
  writeWithTerms($("#tour-text"), stop.text);
  const [address, words] = stop.page;
  const link = /** @type {HTMLAnchorElement} */ ($("#tour-page"));
  link.hidden = !address;
  link.href = serverPath() + address;
  link.textContent = words;
  /** @type {HTMLButtonElement} */ ($("#tour-back")).disabled = place === 0;
  write("#tour-next", place + 1 < tour.stops.length ? _("Next") : _("Finish"));
}

/** @param {number} by */
function move(by) {
  const place = tour.stops.findIndex((stop) => stop.id === screen.state.tour) + by;
  if (place < tour.stops.length) visit(tour.stops[Math.max(place, 0)].id);
  else leave(tour.stops[0].id);
}

/** Close it, to be taken up at a stop. @param {string} next */
function leave(next) {
  remember(next);
  pending = null;
  set("tour", "");
  drawTour();
  $("#show-first-minute").focus({ preventScroll: true });
}

/** A link that names a stop and nothing else opens the stop's own screen. @param {string} query */
export function isStopAlone(query) {
  const names = [...new URLSearchParams(query).keys()];
  return names.includes("tour") && names.every((name) => ["tour", "v", "theme", "lang"].includes(name));
}

/** Bind the panel. @param {{ base: Record<string, any>, stops: TourStop[] }} given */
export function bindTour(given) {
  if (saved.free) return; // a file has no other screens
  Object.assign(tour, given);
  $("#open-tour").addEventListener("click", () => visit(remembered()));
  $("#leave-tour").addEventListener("click", () => leave(screen.state.tour));
  $("#tour-back").addEventListener("click", () => move(-1));
  $("#tour-next").addEventListener("click", () => move(1));
  $("#tour-show").addEventListener("click", show);
  isFromLink = isStopAlone(location.search);
}

/** The screen of the link is here: show the stop that it names. */
export function beginTour() {
  if (!isFromLink) return;
  isFromLink = false;
  if (current()) show();
}
