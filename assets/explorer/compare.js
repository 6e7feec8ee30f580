/**
 * Two screens side by side: A, pinned, in a frame of this page (embedded.js), and B, which is this page itself.
 *
 *   Pin, a link with `a` --> `pinned` of the state --> a frame with A, columns (on a phone: tabs)
 *   every draw --> clock, look and plane of B --> follow() of A
 *   "drawn" of the frame --> how high it is, what its axes need, what differs in words
 */
import { query } from "#address";
import { differences, sentenceOf, settingsOf } from "#differences";
import { sweepScope } from "#film";
import { writeWithTerms } from "#glossary";
import { $, $$, notice, write } from "#notices";
import { player, setLength } from "#player";
import { bindArrows, showChoice } from "#radio";
import { magnification } from "#scale";
import { beside, clockSteps, ends } from "#shown";
import { adopt, initial, isEmbedded, saved, screen, set } from "#state";
import { medium, theme } from "#theme";
import { threeDigits } from "#widgets";
import { _ } from "#words";

/** @typedef {import("./types").State} State */
/** @typedef {{ follow: (lead: import("./embedded").Lead) => void, adopt: typeof adopt, screen: typeof screen, isSettled: () => boolean, ends: typeof ends, heights: { page: number, captions: number }, sweepScope: () => string }} Embedded */

const LONGEST = 2000; // characters of a link that can be pinned
const MOST_STEPS = 200;
const AGAIN = 3000; // ms until a frame that did not arrive is asked for again
const SILENT = _("The server does not answer. This page asks for A again until it does.");
const OWN = { damage: _("Second damage"), covered: _("Covered pixels") }; // settings without a widget
const root = document.documentElement;
const narrow = window.matchMedia("(max-width: 860px), (max-width: 940px) and (max-height: 500px)");
const low = window.matchMedia("(max-height: 800px)");
const large = window.matchMedia("(min-width: 1700px) and (min-height: 950px)");
const slim = window.matchMedia("(max-width: 1180px)"); // two columns leave no room for a title and a switch

/** Keys of links that a pinned screen does not have. @type {string[]} */
let common = [];
/** @type {HTMLIFrameElement | null} */
let frame = null;
let pinned = ""; // the link that the frame shows
let before = -1; // where the page was before it was compared, px
/** px of the sentences of B, and of the higher badge of both: what stands below is at one height, and does not jump. */
const heights = { captions: 0, badge: 0 };
let redraw = () => {};

const isComparing = () => Boolean(screen.state.pinned) && !isEmbedded && !saved.free;

/** The settings of a screen that are its own. @param {State} state @returns {Partial<State>} */
const own = (state) =>
  Object.fromEntries(screen.fields.filter(({ key }) => !common.includes(key)).map(({ name }) => [name, state[name]]));

/** The same as a link. @param {State} state */
function linkOf(state) {
  const fields = screen.fields.filter(({ key }) => !common.includes(key));
  return query(fields, state, false);
}

/** Whether a text is what a screen can be pinned as; the server says of any other what it is. @param {string} text @param {string[]} without Keys that it must not have. */
export function isLink(text, without) {
  const isOne = text.length <= LONGEST && /^[a-z_]{1,32}=[\w.-]*(&[a-z_]{1,32}=[\w.-]*)*$/i.test(text);
  return isOne && ![...new URLSearchParams(text).keys()].some((key) => without.includes(key));
}

/** T of a link, before its screen is here. @param {string} link @param {number} usual */
export function stepsOf(link, usual) {
  const steps = Number(new URLSearchParams(link).get("T") || usual);
  return Number.isInteger(steps) && steps > 0 && steps <= MOST_STEPS ? steps : usual;
}

/** A, once its page has begun. @returns {Embedded | null} */
function other() {
  const inside = /** @type {any} */ (frame?.contentWindow);
  return frame?.contentDocument ? inside?.latent?.embedded || null : null;
}

/** The screen of A, once its model is known. */
const screenOfA = () => (other()?.screen.facts ? /** @type {Embedded} */ (other()).screen : null);

// ---- begin and end

function pin() {
  if (isComparing()) return unpin();
  const link = linkOf(screen.state);
  if (link.length > LONGEST) {
    notice([_("This screen has too large an image of its own to be pinned. Pin it without that image.")]);
    return;
  }
  before = window.scrollY;
  set("pinned", link);
}

function unpin() {
  const scroll = before;
  set("pinned", "");
  $("#pin").focus({ preventScroll: true });
  if (scroll >= 0) window.scrollTo(0, scroll);
}

/** A is worked with, B is pinned. */
function swap() {
  const [a, theirs] = [other(), screenOfA()];
  if (!a?.isSettled() || !theirs || !screen.facts) return;
  const [first, second] = [own(theirs.state), own(screen.state)];
  pinned = linkOf(screen.state);
  a.adopt(second);
  adopt({ ...first, pinned });
}

/** Show the page as the state says it; paper has B alone, and so has presenter mode on a phone. */
export function applyCompare() {
  if (isEmbedded) return;
  const isOn = isComparing();
  $("#pin").setAttribute("aria-pressed", String(isOn));
  if (isOn && screen.facts && screen.state.pinned !== pinned) load(screen.state.pinned); // B goes first
  if (!isOn) {
    frame?.remove();
    frame = null;
    [pinned, before] = ["", -1];
    Object.assign(beside, { steps: 0, distances: null, stages: 0, noise: null });
  }
  heights.badge = 0;
  if (player.length !== clockSteps()) setLength(clockSteps());
  const isSeen = isOn && !medium.isPaper && !(isPresenting() && narrow.matches);
  $("#comparison").hidden = !isSeen;
  if (isSeen) Object.assign(root.dataset, { beside: columns(), room: room() });
  else delete root.dataset.beside;
}

const isPresenting = () => root.dataset.presenting !== undefined;
const columns = () => (isPresenting() ? "halves" : narrow.matches ? "tabs" : "columns");
const room = () => [low.matches ? "low" : large.matches ? "large" : "", slim.matches ? "slim" : ""].join(" ");

/** A frame with a screen: one that is new leaves no mark in the history. @param {string} link @param {string} [state] */
function load(link, state = _("A is loading …")) {
  frame?.remove();
  pinned = link;
  beside.steps = stepsOf(link, initial("n_steps"));
  const made = document.createElement("iframe");
  made.title = _("A, the screen that is pinned");
  made.inert = true; // its clock is that of B, and the keys are B's
  made.src = `?embedded=a&${link}&theme=${theme()}&lang=${document.documentElement.lang}`;
  made.addEventListener("drawn", () => redraw());
  made.addEventListener("load", () => {
    if (frame !== made || made.contentDocument?.getElementById("_dash-config")) return;
    write("#pinned-state", SILENT);
    setTimeout(() => frame === made && load(link, SILENT), AGAIN);
  });
  frame = made;
  write("#pinned-state", state);
  $("#pinned").append(made);
}

// ---- every draw

/** Let A follow, and say what differs. */
export function drawCompare() {
  if (!isComparing()) return;
  const a = other();
  const { curves, view, presented } = screen.state;
  a?.follow({
    ...{ t: player.t, fraction: player.fraction, steps: clockSteps(), ends },
    ...{ theme: theme(), curves, view, columns: columns(), room: room(), badge: `${heights.badge}px` },
    ...{ presented: isPresenting() ? presented : "", scale: magnification.scale },
  });
  const theirs = screenOfA();
  if (a?.screen.fields.length && frame) {
    write("#pinned-state", "");
    frame.style.height = isPresenting() ? "100%" : `${a.heights.page}px`;
    frame.style.visibility = "visible";
  }
  if (a && theirs && frame) {
    take(a, theirs.state);
    level(a.heights.captions);
  }
  /** @type {HTMLButtonElement} */ ($("#swap")).disabled = !a?.isSettled();
  writeWithTerms($("#differences"), theirs ? words(theirs) : _("A is pinned."));
  write("#pinned-words", `A: ${frame?.contentDocument?.querySelector("#caption")?.textContent || _("loading")}`);
}

/** What the axes and the clock of B must know of A. @param {Embedded} a @param {State} state */
function take(a, { n_steps, noise }) {
  const isOfSweep = a.sweepScope() === sweepScope();
  const known = JSON.stringify(beside);
  Object.assign(beside, { steps: n_steps, ...a.ends, noise: isOfSweep ? noise : null });
  if (player.length !== clockSteps()) setLength(clockSteps());
  if (JSON.stringify(beside) !== known) redraw();
}

/** Give both badges the height of the higher one. @param {number} captions px of the sentences of A. */
function level(captions) {
  const badge = Math.max(heights.badge, heights.captions, captions);
  if (badge === heights.badge) return;
  heights.badge = badge;
  root.style.setProperty("--badge", `${badge}px`);
  redraw();
}

/** What differs, in the words of the settings. @param {typeof screen} theirs */
function words(theirs) {
  const found = differences(settingsOf(theirs), settingsOf(screen));
  return sentenceOf(found, labelOf, (name, value, side) => wordsOf(name, value, side === "a" ? theirs : screen));
}

/** @param {string} name */
function labelOf(name) {
  if (name === "epochs") return $("#ages .name").textContent || "";
  return OWN[/** @type {keyof typeof OWN} */ (name)] || $(`.widget[data-field="${name}"]`).dataset.label || "";
}

/** @param {string} name @param {string | number} value @param {typeof screen} of */
function wordsOf(name, value, { facts, state }) {
  if (name === "label") return _("‘{label}’", { label: facts?.labels[Number(value)] ?? value });
  if (name === "noise") return threeDigits(Number(value));
  if (name === "sample" && state.own) return _("one’s own");
  if (name === "covered") return value ? _("some") : _("none");
  if (name === "damage") return String(value) || _("none");
  const choice = $(`.widget[data-field="${name}"] [data-value="${value}"]`);
  return choice?.textContent || String(value);
}

// ---- on a phone: one of both

/** @param {string} side */
function showSide(side) {
  root.dataset.side = side;
  showChoice($$("#side [role=radio]"), (button) => button.dataset.value === side);
}

/** Connect the buttons. @param {string[]} keys Of links that a pinned screen does not have. @param {() => void} draw */
export function bindCompare(keys, draw) {
  [common, redraw] = [keys, draw];
  $("#pin").hidden = saved.free !== null;
  if (saved.free || isEmbedded) return;
  const given = new URLSearchParams(location.search).get("a") || "";
  if (isLink(given, keys)) screen.state.pinned = given; // the first look is that of the link
  $("#pin").addEventListener("click", pin);
  $("#unpin").addEventListener("click", unpin);
  $("#swap").addEventListener("click", swap);
  $("#side").addEventListener("click", ({ target }) => {
    const { value } = /** @type {HTMLElement} */ (target).dataset;
    if (value) showSide(value);
  });
  bindArrows($("#side"));
  new ResizeObserver(([{ contentRect }]) => {
    heights.captions = Math.ceil(contentRect.height);
    redraw();
  }).observe($(".captions"));
  showSide("b");
  window.addEventListener("resize", () => {
    if (!isComparing()) return;
    applyCompare();
    redraw();
  });
  applyCompare();
}
