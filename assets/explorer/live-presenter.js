/**
 * The presenter's tab of a lesson that is led live.
 *
 *   Begin live --> code and key (kept in the tab: a reload goes on) --> link, QR code, code in large letters
 *   once a second --> learners and answers, counted
 *   frames of this tab, Hold, Release, Reveal --> what all learners see
 */
import { copyFrom } from "#copying";
import { currentFrame, lesson, listenLesson, openLesson, setHeld } from "#lesson";
import { pack } from "#lesson-link";
import { bindLive, open } from "#live";
import { ask, poll, posting } from "#live-server";
import { $, notice, write } from "#notices";
import { skipQuestion } from "#predict";
import { serverPath } from "#requests";
import { saved, screen } from "#state";
import { _ } from "#words";

/** @typedef {import("#live").LiveState} LiveState */

const KEY = "live"; // what the tab remembers
const QUIET = 10_000; // ms between two sentences for screen readers
const STAGES = ["I", "II", "III"];
const GONE = _("The server has forgotten this lesson: it was restarted, or a day has passed. Begin it again.");
const root = document.documentElement;

/** The lesson that this tab leads. */
const live = { code: "", key: "", held: false, revealed: false, stop: () => {} };
/** @type {{ learners: number, frames: Record<string, number>[] }} */
let tally = { learners: 0, frames: [] };
/** Changes go one after the other. @type {Promise<void>} */
let sending = Promise.resolve();
let announced = 0;

const isLeading = () => live.code !== "";

// ---- what the tab remembers

/** @param {{ code: string, key: string } | null} given */
function remember(given) {
  try {
    if (given) sessionStorage.setItem(KEY, JSON.stringify(given));
    else sessionStorage.removeItem(KEY);
  } catch {
    // a reload is then a learner's
  }
}

/** @returns {{ code: string, key: string } | null} */
function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) || "null");
  } catch {
    return null;
  }
}

// ---- begin and end

/** Lead the lesson on the screen. */
async function begin() {
  if (!lesson.data || isLeading()) return;
  try {
    const data = { ...lesson.data, seconds: 0 }; // the presenter turns the frames
    const frame = currentFrame();
    const answer = await ask("", posting({ lesson: await pack(data) }));
    if (!answer || answer.sentence) throw new Error(answer?.sentence);
    remember(answer.value);
    openLesson(data, { frame, address: { join: answer.value.code } });
    lead(answer.value, { frame, held: false, revealed: false, version: 0 });
    if (frame) control({ frame });
    $("#live-hold").focus({ preventScroll: true });
  } catch (error) {
    notice([/** @type {Error} */ (error).message]);
  }
}

/** Go on with a lesson after a reload. @param {string} code @returns {Promise<string | null>} */
async function goOn(code) {
  const known = remembered();
  if (known?.code !== code) return null;
  const opened = await open(code);
  if (typeof opened === "string") {
    remember(null);
    return opened;
  }
  lead(known, opened.state);
  if (opened.state.revealed) showOwn();
  return "";
}

/** @param {{ code: string, key: string }} given @param {LiveState} state */
function lead({ code, key }, { held, revealed }) {
  Object.assign(live, { code, key, held, revealed });
  tally = { learners: 0, frames: [] };
  root.dataset.live = "presenter";
  setHeld({ held: false, revealed: false, sentence: "" });
  $("#live").hidden = false;
  showCode();
  draw();
  live.stop = poll(count);
}

/** Nothing is led any more. */
function forget() {
  live.stop();
  remember(null);
  Object.assign(live, { code: "", key: "", stop: () => {} });
  delete root.dataset.live;
  $("#live").hidden = true;
}

async function end() {
  if (!window.confirm(_("End the lesson for all? Its code is then forgotten."))) return;
  const { code, key } = live;
  forget();
  const data = lesson.data;
  if (data) openLesson(data, { frame: currentFrame() }); // with an address of its own again
  $("#lesson-title").focus({ preventScroll: true });
  await ask(`/${code}`, { method: "DELETE", headers: { "X-Lesson-Key": key } });
}

// ---- what all see

/** @param {Partial<LiveState>} changes */
function control(changes) {
  Object.assign(live, changes);
  const { code, key } = live;
  sending = sending.then(async () => {
    const answer = await ask(`/${code}/control`, posting({ key, ...changes }), () => live.code === code);
    if (answer?.status === 404) lose();
    else if (answer?.sentence) notice([answer.sentence]);
  });
  draw();
}

function lose() {
  forget();
  if (lesson.data) openLesson(lesson.data, { frame: currentFrame() });
  notice([GONE]);
}

/** The presenter's own screen shows what was revealed. */
function showOwn() {
  skipQuestion();
  setHeld({});
}

function reveal() {
  control({ revealed: true });
  showOwn();
  $("#live-hold").focus({ preventScroll: true }); // the button is of no more use
}

// ---- the panel

/** The link that learners open. */
const joinLink = () => new URL(`?join=${live.code}`, location.href).href;

function showCode() {
  const address = joinLink();
  const picture = `${serverPath()}lesson-qr.svg?link=${encodeURIComponent(address)}`;
  const spaced = `${live.code.slice(0, 3)} ${live.code.slice(3)}`;
  for (const id of ["#live-code", "#live-large-code"]) write(id, spaced);
  for (const id of ["#live-qr", "#live-large-qr"]) /** @type {HTMLImageElement} */ ($(id)).src = picture;
  write("#live-large-link", address);
  /** @type {HTMLInputElement} */ ($("#live-link")).value = address;
  $("#live-here").hidden = !/^(localhost|127\..*|0\.0\.0\.0|\[::1\])$/.test(location.hostname);
}

/** Ask for the tally. */
async function count() {
  const { code, key } = live;
  const answer = await ask(`/${code}/tally`, { headers: { "X-Lesson-Key": key } }, () => live.code === code);
  if (answer?.status === 404) lose();
  else if (answer && !answer.sentence) {
    tally = answer.value;
    draw();
  }
}

/** What can be answered on the frame of now: the answer as it is counted, and its name. @returns {[string, string][]} */
function options() {
  const { ask: asked } = lesson.data?.frames[currentFrame()] || { ask: "" };
  if (asked === "stage") return STAGES.map((stage) => [stage, stage]);
  return asked === "label" ? (screen.facts?.labels || []).map((name, i) => [String(i), name]) : [];
}

function draw() {
  if (!isLeading()) return;
  const { learners } = tally;
  const counts = tally.frames[currentFrame()] || {};
  const possible = options();
  const given = Object.values(counts).reduce((sum, one) => sum + one, 0);
  const sentence = possible.length ? answeredBy(learners, given) : unasked(learners);
  write("#live-count", sentence);
  announce(sentence);
  drawBars(possible, counts, Math.max(learners, given, 1));
  write("#live-hold", live.held ? _("Release all screens") : _("Hold all screens"));
  const button = /** @type {HTMLButtonElement} */ ($("#live-reveal"));
  button.disabled = !possible.length || live.revealed;
}

/** @param {number} n Learners. @param {number} given Answers. */
const answeredBy = (n, given) =>
  n === 1 ? _("1 learner, {given} answered", { given }) : _("{n} learners, {given} answered", { n, given });

/** @param {number} n Learners. */
const unasked = (n) =>
  n === 1 ? _("1 learner; no question on this screen") : _("{n} learners; no question on this screen", { n });

/** For screen readers, from time to time. @param {string} sentence */
function announce(sentence) {
  if (performance.now() - announced < QUIET || $("#live-status").textContent === sentence) return;
  announced = performance.now();
  write("#live-status", sentence);
}

/** @param {[string, string][]} possible @param {Record<string, number>} counts @param {number} most */
function drawBars(possible, counts, most) {
  const list = $("#live-tally");
  const names = possible.map(([, name]) => name).join();
  if (list.dataset.names !== names) {
    list.dataset.names = names;
    list.replaceChildren(...possible.map(([, name]) => bar(name)));
  }
  possible.forEach(([answer], i) => {
    const [, fill, number] = /** @type {HTMLElement[]} */ ([...list.children[i].children]);
    const share = (counts[answer] || 0) / most;
    fill.style.setProperty("--share", share.toFixed(3));
    if (number.textContent !== String(counts[answer] || 0)) number.textContent = String(counts[answer] || 0);
  });
}

/** @param {string} name */
function bar(name) {
  const [row, ...parts] = ["li", "span", "span", "strong"].map((tag) => document.createElement(tag));
  parts[0].textContent = name;
  parts[1].className = "bar";
  row.append(...parts);
  return row;
}

/** Connect the panel. */
export function bindPresenterLive() {
  if (saved.free || !document.getElementById("live")) return;
  const field = document.createElement("input");
  Object.assign(field, { type: "text", id: "live-link", readOnly: true });
  $("#live-link-place").append(field);
  const large = /** @type {HTMLDialogElement} */ ($("#live-large"));
  $("#live-begin").addEventListener("click", begin);
  $("#live-copy").addEventListener("click", () => copyFrom(field, $("#live-copy")));
  $("#live-enlarge").addEventListener("click", () => large.showModal());
  $("#live-large-close").addEventListener("click", () => large.close());
  $("#live-hold").addEventListener("click", () => control({ held: !live.held, frame: currentFrame() }));
  $("#live-reveal").addEventListener("click", reveal);
  $("#live-end").addEventListener("click", end);
  listenLesson(({ kind, frame }) => {
    if (!isLeading()) return;
    if (kind === "frame") control({ frame, revealed: false });
    if (kind === "leave") forget();
  });
  bindLive(goOn);
}
