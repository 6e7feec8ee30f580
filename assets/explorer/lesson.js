/**
 * A lesson: screens in an order, under a bar with their captions, where all else of the page that it hides is gone.
 *
 *   ?lesson=...&frame=2, Try it --> openLesson() --> visitFrame() --> the screen of a link (routes.js)
 *                                                        |--> a question: covered until it is answered (predict.js)
 *                                                        `--> a kiosk: played, and on to the next (kiosk.js)
 *   Leave --> the page with everything, at the same screen
 *
 * Frames are counted from 0 here, from 1 in addresses and for people.
 */
import { bindKiosk, followKiosk, isKiosk, kioskPhase, playRun, restartKiosk, startKiosk, stopKiosk } from "#kiosk";
import { pack, unpack } from "#lesson-link";
import { $, $$, notice, write } from "#notices";
import { player } from "#player";
import {
  bindPredict,
  drawQuestion,
  forgetAnswers,
  isCovered,
  isPredicting,
  skipQuestion,
  startQuestion,
} from "#predict";
import { refresh } from "#questions";
import { showLink } from "#routes";
import { shownEnsemble, shownRun, shownSweep } from "#shown";
import { isSettled, link, locks, saved, screen, set, writeAddress } from "#state";
import { _ } from "#words";

/** @typedef {import("./types").Lesson} Lesson */
/** @typedef {{ kind: "frame" | "answer" | "leave", frame: number, answer?: string }} LessonEvent */

export const lesson = {
  /** @type {Lesson | null} */
  data: null,
  frame: 0,
};
/** Who leads the lesson may hold it: nothing moves, and a solution is shown once it is revealed. */
const hold = { held: false, revealed: false, sentence: "" };
/** @type {((event: LessonEvent) => void)[]} */
const listeners = [];
const root = document.documentElement;
let isShown = false; // the screen of the frame has arrived
let redraw = () => {};

/** Be told of frames that are visited, answers that are given, and the end. @param {(event: LessonEvent) => void} listener */
export function listenLesson(listener) {
  listeners.push(listener);
}

/** @param {"frame" | "answer" | "leave"} kind @param {string} [answer] */
function tell(kind, answer) {
  for (const listener of listeners)
    listener({ kind, frame: lesson.frame, ...(answer === undefined ? {} : { answer }) });
}

/** The frame on the screen, from 0; -1 outside of a lesson. */
export const currentFrame = () => (lesson.data ? lesson.frame : -1);

/** Hold the lesson, or let it go. @param {Partial<typeof hold>} given */
export function setHeld(given) {
  Object.assign(hold, given);
  drawLesson();
  redraw();
}

// ---- what is hidden

/** What belongs to a setting besides its widget, or is a part of the page. @type {Record<string, string>} */
const PARTS = {
  sidebar: "#sidebar, #open-sidebar",
  sample: ".sample-buttons, #own-row, #gallery-images",
  noise: ".presets",
  n_latent: ".train",
  model: "#ages, #model-card",
  source: "#fetch-row, #images-note",
  seed: "#new-noise",
  badge: ".badge",
  stage: ".stage-panel",
  header: "header > :not(h1)",
};

/** Hide these, and nothing else. @param {string[]} hidden */
function hide(hidden) {
  const names = hidden.includes("sidebar") ? [...hidden, "noise"] : hidden; // p has sliders elsewhere, too
  for (const element of $$("[data-out]")) delete element.dataset.out;
  for (const name of names.filter((one) => /^\w+$/.test(one))) {
    const place = `.widget[data-field="${name}"]${PARTS[name] ? `, ${PARTS[name]}` : ""}`;
    for (const element of $$(place)) element.dataset.out = "";
  }
  root.toggleAttribute("data-headless", names.includes("header"));
  $("#stage-plot").inert = names.includes("noise"); // the chart is a slider of p
}

/** What can be set whatever a lesson hides or holds. */
const FREE = ["t", "speed", "theme", "view", "curves", "presented", "tour"];
const isStill = () => hold.held || isPredicting();

/** @param {keyof import("./types").State} name */
function isLocked(name) {
  if (!lesson.data || FREE.includes(name)) return false;
  return isStill() || ["sidebar", name].some((one) => lesson.data?.hidden.includes(one));
}

/** Who may not be touched; the way out of presenter mode stays. */
const CONTROLS = "#sidebar, .panels, .playback-bar > :not(.presenter), .presenter .presets";
/** What would give the answer away: files, and the same screen once more. */
const WAYS = "#save-all, #share, #pin";

function drawLocks() {
  const isClockStill = hold.held || isCovered();
  for (const element of $$(CONTROLS)) {
    const isClock = !element.matches("#sidebar, .panels, .presets");
    element.inert = Boolean(lesson.data) && (isClock ? isClockStill : isStill());
  }
  for (const element of $$(WAYS)) element.inert = lesson.data !== null && isCovered();
  root.toggleAttribute("data-covered", lesson.data !== null && isCovered());
  player.isFixed = lesson.data !== null && isCovered();
}

// ---- frames

/**
 * Open a lesson.
 * @param {Lesson} data
 * @param {{ frame?: number, address?: Record<string, string> }} [more] Where to begin, from 0; what stands in the address
 *   in place of the screen: the lesson itself where nothing is named.
 */
export function openLesson(data, { frame = 0, address } = {}) {
  lesson.data = data;
  link.instead = { ...address };
  set("tour", "");
  forgetAnswers();
  hide(data.hidden);
  root.dataset.lesson = "";
  $("#lesson").hidden = false;
  if (data.seconds) startKiosk(data.seconds);
  else stopKiosk();
  visitFrame(frame);
  if (!address) writeItself(data);
}

/** @param {Lesson} data */
async function writeItself(data) {
  try {
    const text = await pack(data);
    if (lesson.data !== data) return;
    link.instead = { lesson: text, frame: String(lesson.frame + 1) };
    writeAddress();
  } catch (error) {
    notice([/** @type {Error} */ (error).message]);
  }
}

/** Go to a frame, counted from 0. @param {number} frame */
export function visitFrame(frame) {
  if (!lesson.data) return;
  const { frames } = lesson.data;
  lesson.frame = Math.min(Math.max(Math.trunc(frame) || 0, 0), frames.length - 1);
  const now = frames[lesson.frame];
  isShown = false;
  player.isFixed = false;
  player.pause();
  if (link.instead) link.instead.frame = String(lesson.frame + 1);
  startQuestion(now, lesson.frame);
  restartKiosk();
  const wanted = new URLSearchParams(now.screen);
  if (isCovered()) wanted.set("t", "0");
  showLink(wanted.toString());
  drawLesson();
  writeAddress();
  tell("frame");
  redraw();
}

/** By hand. @param {number} frame */
function turnTo(frame) {
  visitFrame(frame);
  $("#lesson-title").focus({ preventScroll: true });
}

/** The next frame; after the last one the first, as if nothing had been answered. */
function goRound() {
  const isLast = lesson.frame + 1 >= (lesson.data?.frames.length || 0);
  if (isLast) forgetAnswers();
  visitFrame(isLast ? 0 : lesson.frame + 1);
}

/** From the first frame, as if nothing had been answered. */
function startAgain() {
  forgetAnswers();
  turnTo(0);
}

/** The page with everything, at the same screen. */
export function leaveLesson() {
  if (!lesson.data) return;
  tell("leave");
  lesson.data = null;
  Object.assign(hold, { held: false, revealed: false, sentence: "" });
  link.instead = null;
  stopKiosk();
  hide([]);
  delete root.dataset.lesson;
  $("#lesson").hidden = true;
  drawLocks();
  if (screen.facts) writeAddress();
  $("#open-lesson").focus({ preventScroll: true });
  redraw();
}

/** Draw the bar, and go on with what was waited for. */
export function drawLesson() {
  if (!lesson.data) return;
  if (!isShown && link.query === null && isSettled()) {
    isShown = true;
    if (isCovered()) {
      player.isFixed = false;
      player.set(0);
    }
  }
  const isHere =
    isShown && shownEnsemble()?.isStale === false && shownRun()?.isStale === false && shownSweep() !== null;
  const { frames, title } = lesson.data;
  drawQuestion({
    isHere,
    ...hold,
    play: isKiosk() ? playRun : player.play,
    answer: (answer) => tell("answer", answer),
  });
  drawLocks();
  followKiosk({ isHere, isAsking: isCovered(), isPredicting: isPredicting() });
  $("#lesson").dataset.kiosk = kioskPhase();
  write("#lesson-title", title || _("Lesson"));
  const place = { n: lesson.frame + 1, all: frames.length };
  write("#lesson-place", isKiosk() ? _("{n} of {all}, goes on by itself", place) : _("{n} of {all}", place));
  write("#lesson-caption", frames[lesson.frame].caption);
  write("#lesson-held", hold.held ? hold.sentence : "");
  button("#lesson-back").disabled = hold.held || lesson.frame === 0;
  button("#lesson-next").disabled = hold.held || lesson.frame + 1 === frames.length;
  button("#lesson-again").disabled = hold.held;
}

/** @param {string} id @returns {HTMLButtonElement} */
const button = (id) => /** @type {HTMLButtonElement} */ ($(id));

// ---- the page

/** A clicker turns frames, in presenter mode. @param {KeyboardEvent} event */
function clicked(event) {
  const by = { PageDown: 1, PageUp: -1 }[event.key];
  const isMeant = lesson.data && by && root.dataset.presenting !== undefined;
  if (!isMeant || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopImmediatePropagation(); // else it would choose a stage
  if (!hold.held) visitFrame(lesson.frame + Number(by));
}

/** The lesson of the address; the ordinary first screen, and a sentence, where it cannot be read. */
async function openLink() {
  const given = new URLSearchParams(location.search);
  const text = given.get("lesson");
  if (text === null) return;
  link.isReady = false;
  root.dataset.lesson = ""; // at once, so that nothing jumps
  $("#lesson").hidden = false;
  try {
    const data = await unpack(text);
    openLesson(data, { frame: Number(given.get("frame") || 1) - 1, address: { lesson: text } });
  } catch (error) {
    for (const name of ["lesson", "frame"]) given.delete(name);
    link.query = given.toString();
    delete root.dataset.lesson;
    $("#lesson").hidden = true;
    notice([/** @type {Error} */ (error).message]);
  }
  link.isReady = true;
  refresh();
}

/** Connect the bar. @param {() => void} draw Draws what has changed. */
export function bindLesson(draw) {
  if (saved.free) return; // a file has one screen
  redraw = draw;
  locks.isLocked = isLocked;
  $("#lesson-back").addEventListener("click", () => turnTo(lesson.frame - 1));
  $("#lesson-next").addEventListener("click", () => turnTo(lesson.frame + 1));
  $("#lesson-again").addEventListener("click", startAgain);
  $("#lesson-leave").addEventListener("click", leaveLesson);
  window.addEventListener("keydown", clicked, true);
  bindKiosk({
    next: goRound,
    again: () => visitFrame(lesson.frame),
    skip: () => {
      skipQuestion();
      redraw();
    },
  });
  bindPredict(draw);
  openLink();
}
