/**
 * Predict, then see: at a frame with a question the clock stands at t = 0 and what gives the answer away is covered. Once
 * it is answered, it is played to its end, and what it is stands beside what was predicted.
 *
 *   asked --> answered --> (held: waits until it is revealed) --> played --> solved
 */

import { query } from "#address";
import { shownStage } from "#badge";
import { writeWithTerms } from "#glossary";
import { $, button, write } from "#notices";
import { player } from "#player";
import { persist, sentenceOf, serverPath } from "#requests";
import { shownRun } from "#shown";
import { screen } from "#state";
import { _ } from "#words";

/** @typedef {{ isHere: boolean, held: boolean, revealed: boolean, play: () => void, answer: (answer: string) => void }} Situation */

const STAGES = {
  I: _("nearest to their own memories"),
  II: _("nearest to the concept, the mean of the memories of their label"),
  III: _("nearest to the abstract concept, the mean of all concepts"),
};

/** Of this visit: nothing is stored. @type {Map<number, string>} */
const answers = new Map();
/** Frames whose question nobody answered. @type {Set<number>} */
const skipped = new Set();
/** What it was, in words. @type {Map<number, string>} */
const solutions = new Map();

/** @type {{ frame: number, ask: "" | "stage" | "label", isOpen: boolean, isPlayed: boolean, drawn: string }} */
const now = { frame: -1, ask: "", isOpen: true, isPlayed: false, drawn: "" };

let redraw = () => {};

/** @param {() => void} draw Draws what has changed. */
export function bindPredict(draw) {
  redraw = draw;
}

/** Whether what gives the answer away is covered. */
export const isCovered = () => now.ask !== "" && !now.isOpen;

/** Whether a question is still to be answered, or its runs are being played. */
export const isPredicting = () => now.ask !== "" && !solutions.has(now.frame);

/** As if nothing had been asked. */
export function forgetAnswers() {
  for (const each of [answers, skipped, solutions]) each.clear();
  asking?.abort();
  Object.assign(now, { frame: -1, ask: "", drawn: "" });
}

/** Show the solution though nobody answered. */
export function skipQuestion() {
  skipped.add(now.frame);
}

/** @param {import("./types").LessonFrame} frame @param {number} i */
export function startQuestion({ ask }, i) {
  Object.assign(now, { frame: i, ask, isOpen: solutions.has(i), isPlayed: false, drawn: "" });
  asking?.abort();
  asking = null;
}

/** Draw the question of the frame, and go on with it. @param {Situation} situation */
export function drawQuestion({ isHere, held, revealed, play, answer }) {
  const { frame } = now;
  const isAnswered = answers.has(frame);
  if (held && revealed && !isAnswered) skipped.add(frame); // it stays revealed
  now.isOpen = solutions.has(frame) || (held ? revealed : isAnswered || skipped.has(frame));
  $("#lesson-question").hidden = now.ask === "";
  if (now.ask === "") {
    writeWithTerms($("#lesson-solution"), "");
    return;
  }
  if (now.isOpen && isHere && !solutions.has(frame)) follow(play);
  write("#lesson-ask", sentence());
  drawOptions(isAnswered || now.isOpen, answer);
  const waits =
    isAnswered && !now.isOpen
      ? _("Your answer: {answer}. The solution is still to come.", { answer: answers.get(frame) })
      : "";
  writeWithTerms($("#lesson-solution"), solutions.get(frame) || waits);
}

function sentence() {
  if (now.ask === "stage") return _("Which stage will these runs be in?");
  const areDigits = screen.facts?.labels.every((name) => /^\d$/.test(name));
  return areDigits ? _("Which digit will this image become?") : _("Which of these will this image become?");
}

/** Play the runs, then say what it was. @param {() => void} play */
function follow(play) {
  if (!now.isPlayed) {
    now.isPlayed = true;
    player.isFixed = false;
    player.set(0);
    play();
  } else if (!player.playing && player.t === player.length) solve();
}

/** @param {boolean} isOver @param {(answer: string) => void} tell */
function drawOptions(isOver, tell) {
  const names = now.ask === "stage" ? Object.keys(STAGES) : screen.facts?.labels || [];
  const key = isOver ? "over" : `${now.frame} ${names}`;
  if (key === now.drawn) return;
  now.drawn = key;
  const isInside = $("#lesson-options").contains(document.activeElement);
  const buttons = isOver ? [] : names.map((name) => option(name, tell));
  $("#lesson-options").replaceChildren(...buttons);
  if (isInside) $("#lesson-solution").focus({ preventScroll: true });
}

/** @param {string} name @param {(answer: string) => void} tell */
function option(name, tell) {
  const one = button(name, () => {
    answers.set(now.frame, name);
    tell(name);
    redraw();
  });
  if (now.ask !== "stage") return one;
  const [title, words] = [document.createElement("strong"), document.createElement("span")];
  title.textContent = name;
  words.textContent = STAGES[/** @type {keyof typeof STAGES} */ (name)];
  one.replaceChildren(title, " ", words);
  return one;
}

// ---- the solution

/** @type {AbortController | null} */
let asking = null;

function solve() {
  if (now.ask === "stage") solveStage();
  else if (!asking) solveLabel(now.frame);
}

/** How the stage that was predicted stands to what it is. @param {string} truth @param {string | null} other That it may be as well. @param {string} caption */
function stageSolution(truth, other, caption) {
  const answer = answers.get(now.frame);
  const values = { answer, truth, other, caption };
  if (answer === undefined)
    return other
      ? _("It is {truth}; other runs might give {other} as well: {caption}", values)
      : _("It is {truth}: {caption}", values);
  if (answer === truth)
    return other
      ? _("You said {answer}, and it is {truth}, though other runs might give {other}: {caption}", values)
      : _("You said {answer}, and it is {truth}: {caption}", values);
  if (!other) return _("You said {answer}. It is {truth}: {caption}", values);
  return other === answer
    ? _("You said {answer}. It is {truth}, but other runs might give {other} as well: {caption}", values)
    : _("You said {answer}. It is {truth}, or maybe {other}: {caption}", values);
}

/** How the label that was predicted stands to what it is. @param {string} truth @param {string} caption */
function labelSolution(truth, caption) {
  const answer = answers.get(now.frame);
  const values = { answer, truth, t: player.length, caption };
  if (answer === undefined) return _("It is {truth}, as the classifier names x({t}): {caption}", values);
  return answer === truth
    ? _("You said {answer}, and it is {truth}, as the classifier names x({t}): {caption}", values)
    : _("You said {answer}. It is {truth}, as the classifier names x({t}): {caption}", values);
}

function solveStage() {
  const shown = shownStage();
  if (shown) solutions.set(now.frame, stageSolution(shown.stage, shown.runnerUp, shown.caption));
}

/** Ask for the label of the highlighted run's last image. @param {number} frame */
async function solveLabel(frame) {
  const mine = new AbortController();
  asking = mine;
  const state = { ...screen.state, model: screen.model };
  const address = `${serverPath()}last-label.json?${query(screen.fields, state, false)}`;
  const isWanted = () => !mine.signal.aborted;
  const reply = await persist(address, { signal: mine.signal }, { again: true, isWanted });
  const label = reply?.ok ? (await reply.json().catch(() => null))?.label : null;
  const refusal =
    (reply && !reply.ok && (await sentenceOf(reply))) || _("The server did not name this image. Start again.");
  if (!isWanted()) return;
  const run = shownRun();
  const name = screen.facts?.labels[label];
  solutions.set(frame, name ? labelSolution(name, run?.from.caption ?? "") : refusal);
  redraw();
}
