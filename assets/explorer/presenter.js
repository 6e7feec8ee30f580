/**
 * Presenter mode: the chosen panels fill the screen, in letters that the last row can read, over one slim bar.
 *
 *   Present, Shift+P, a link with `show` --> `presented` of the state --> an attribute of the page, and the scale
 *   Page Down, Page Up (keys of a clicker) --> the presets of p one after the other, each played from t = 0
 *   Leave, Escape, the end of full screen --> the page as it was
 */
import { $, $$ } from "#notices";
import { player } from "#player";
import { presetsOf } from "#presets";
import { magnification, scaleOf } from "#scale";
import { beside, shownSweep } from "#shown";
import { isFree, saved, screen, set } from "#state";
import { medium } from "#theme";

const MOST = 4; // panels that can be read at once
const root = document.documentElement;

/** The codes of the panels that are presented, or were the last time. */
let chosen = "li";
/** The preset that was played last; -1 before the first. */
let preset = -1;
/** What leaving leads back to. @type {{ focus: HTMLElement | null, scroll: number, settings: number } | null} */
let before = null;

// ---- which panels

/**
 * The panels of a link: each once, without what is no panel.
 * @param {string} codes
 * @param {string[]} known The codes of all panels.
 */
export const panelsOf = (codes, known) => [...new Set(codes)].filter((code) => known.includes(code)).slice(0, MOST);

/**
 * The panels after one of them was pressed: at least one stays, and no fifth is added.
 * @param {string[]} codes
 * @param {string} code
 */
export function toggled(codes, code) {
  if (!codes.includes(code)) return codes.length < MOST ? [...codes, code] : codes;
  return codes.length > 1 ? codes.filter((other) => other !== code) : codes;
}

const buttons = () => /** @type {HTMLButtonElement[]} */ ($$("#presented-panels [data-code]"));
const shown = () =>
  panelsOf(
    screen.state.presented || "",
    buttons().map((button) => button.dataset.code || ""),
  );
const isPresenting = () => root.dataset.presenting !== undefined;

/** Show the page as the state says it; paper has the page itself. */
export function applyPresenter() {
  const codes = medium.isPaper ? [] : shown();
  magnification.scale = codes.length ? beside.scale || scaleOf(window.innerWidth, window.innerHeight) : 1;
  root.style.setProperty("--scale", String(magnification.scale));
  if (codes.length) root.dataset.presenting = String(codes.length);
  else delete root.dataset.presenting;
  for (const button of buttons()) {
    const { code = "", shows } = button.dataset;
    const place = $(`.${shows}-panel`);
    place.classList.toggle("presented", codes.includes(code));
    place.classList.toggle("first", codes[0] === code);
    place.style.order = codes.length ? String(codes.indexOf(code)) : "";
    button.setAttribute("aria-pressed", String(codes.includes(code)));
    button.disabled = toggled(codes, code) === codes;
  }
  if (codes.length) chosen = codes.join("");
  $("#full-screen").hidden = !document.fullscreenEnabled || document.fullscreenElement !== null;
}

// ---- begin and end

/** Full screen where the browser allows it; the mode does without. */
const fill = () => root.requestFullscreen?.().catch(() => {});

function present() {
  const focus = /** @type {HTMLElement} */ (document.activeElement);
  before = { focus: focus === document.body ? null : focus, scroll: window.scrollY, settings: $("#sidebar").scrollTop };
  preset = -1;
  set("presented", chosen);
  fill();
  $("#play").focus();
}

function leave() {
  openChooser(false);
  delete root.dataset.blank;
  if (document.fullscreenElement) document.exitFullscreen();
  set("presented", "");
  $("#sidebar").scrollTop = before?.settings || 0;
  window.scrollTo(0, before?.scroll || 0);
  if (before?.focus?.isConnected) before.focus.focus({ preventScroll: true });
  else if (before) /** @type {HTMLElement} */ (document.activeElement).blur();
  else $("#present").focus({ preventScroll: true });
  before = null;
}

/** @param {boolean} isOpen */
function openChooser(isOpen) {
  $("#presented-panels").hidden = !isOpen;
  $("#choose-panels").setAttribute("aria-expanded", String(isOpen));
}

// ---- a clicker

/**
 * The preset that comes after or before one: those that a digit lacks are passed over. At the end it is the same.
 * @param {(number | null)[]} presets
 * @param {number} at
 * @param {1 | -1} by
 */
export function presetAfter(presets, at, by) {
  for (let i = at + by; i >= 0 && i < presets.length; i += by) if (presets[i] !== null) return i;
  return at;
}

/** Another stage, from its beginning. @param {1 | -1} by */
function go(by) {
  const presets = presetsOf(shownSweep());
  const next = presetAfter(presets, preset, by);
  const noise = presets[next] ?? null;
  if (next === preset || noise === null) return;
  preset = next;
  player.pause();
  set("noise", noise);
  player.set(0);
  player.play();
}

/** A preset that was chosen by hand is where a clicker goes on. */
export function followPreset() {
  if (!isPresenting()) return;
  const at = presetsOf(shownSweep()).indexOf(screen.state.noise);
  if (at >= 0) preset = at;
}

/** A black screen, and back. */
function blank() {
  if (root.dataset.blank === undefined) root.dataset.blank = "";
  else delete root.dataset.blank;
}

function goBack() {
  if ($("#presented-panels").hidden) return leave();
  openChooser(false);
  $("#choose-panels").focus();
}

/** @type {Record<string, () => void>} */
const KEYS = { PageDown: () => go(1), PageUp: () => go(-1), b: blank, B: blank, ".": blank, Escape: goBack };

/** @param {KeyboardEvent} event */
function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const isTyped = /** @type {Element} */ (event.target).closest("input[type=number], textarea, select, dialog");
  const begins = event.shiftKey && event.key.toLowerCase() === "p" && !isTyped && isFree("presented");
  const act = isPresenting() ? KEYS[event.key] : begins && present;
  if (!act) return;
  event.preventDefault(); // a slider would take the keys of a clicker for its own
  act();
}

/** Connect the buttons and the keys. @param {() => void} redraw */
export function bindPresenter(redraw) {
  const given = new URLSearchParams(location.search).get("show") || "";
  if (!saved.free && /^[a-z]{1,4}$/.test(given)) screen.state.presented = given; // the first look is that of the link
  $("#present").hidden = !isFree("presented");
  $("#copy-presented").hidden = saved.free !== null;
  $("#present").addEventListener("click", present);
  $("#leave-presenter").addEventListener("click", leave);
  $("#full-screen").addEventListener("click", fill);
  $("#choose-panels").addEventListener("click", () => openChooser($("#presented-panels").hidden === true));
  for (const button of buttons()) {
    button.addEventListener("click", () => set("presented", toggled(shown(), button.dataset.code || "").join("")));
  }
  document.addEventListener("pointerdown", (event) => {
    const at = /** @type {Element} */ (event.target);
    if (!at.closest("#presented-panels, #choose-panels")) openChooser(false);
  });
  document.addEventListener("keydown", keys);
  document.addEventListener("fullscreenchange", () => {
    if (isPresenting() && !document.fullscreenElement) leave();
    else applyPresenter();
  });
  window.addEventListener("resize", () => {
    if (!isPresenting()) return;
    applyPresenter();
    redraw();
  });
  applyPresenter();
}
