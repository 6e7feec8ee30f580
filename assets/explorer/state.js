/**
 * The state of the screen: one object with one list of fields (ScreenState in controls.py), the only place that changes
 * it, and who is told. Nothing here asks the server or draws.
 */
import { query } from "#address";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Field} Field */
/** @typedef {import("./types").Facts} Facts */

export const screen = {
  /** @type {Field[]} */
  fields: [],
  /** @type {State} */
  state: /** @type {State} */ ({}),
  /** What the server said about the model on the screen. @type {Facts | null} */
  facts: null,
  /** The model that the state asks for, once it is known. */
  model: "",
  /** What `facts` were asked for, see `settleKey`. */
  settled: "",
};

/** @typedef {(name: keyof State) => void} Listener */
/** @type {Listener[]} */
const listeners = [];

/** Be told the name of every field that changes. @param {Listener} listener */
export function listen(listener) {
  listeners.push(listener);
}

/**
 * What a saved file (saved-requests.js) can show: the fields that can be set, all where null, and who says so of others.
 * @type {{ free: string[] | null, refuse: () => void }}
 */
export const saved = { free: null, refuse: () => {} };

/** Whether a field can be set. @param {string} name */
export const isFree = (name) => !saved.free || saved.free.includes(name);

/**
 * Whether this page is A of a comparison (embedded.js): in a frame of the same page, which alone writes the address and
 * what the browser remembers.
 */
export const isEmbedded =
  /** @type {unknown} */ (globalThis.parent) !== globalThis &&
  new URLSearchParams(globalThis.location?.search).has("embedded");

/** Which fields nobody can set for the time being: a lesson says. */
export const locks = { isLocked: (/** @type {keyof State} */ _) => false };

/** Fields that another model belongs to. */
const CHOOSE = ["dataset", "n_latent", "beta", "model"];

/** The default of a field. @param {string} name @returns {any} */
export const initial = (name) => screen.fields.find((field) => field.name === name)?.default;

/**
 * A value that only the model's limit brought down goes back to its default with another model.
 * @param {"n_runs" | "sample"} name
 */
function unlimited(name) {
  const value = screen.state[name];
  return screen.facts && value === screen.facts.limits[name] ? initial(name) : value;
}

/**
 * Set a field; who listens is told.
 * @template {keyof State} K
 * @param {K} name
 * @param {State[K]} value
 */
export function set(name, value) {
  const { state } = screen;
  const isInstead = name === "sample" && (state.own || state.covered); // the image itself, in place of what was made of it
  if ((state[name] === value && !isInstead) || locks.isLocked(name)) return;
  if (!isFree(name)) {
    saved.refuse();
    return;
  }
  state[name] = value;
  if (name === "dataset" || name === "n_latent") Object.assign(state, { model: "", beta: initial("beta") });
  if (name === "beta") state.model = "";
  if (CHOOSE.includes(name)) screen.model = "";
  if (name === "sample") Object.assign(state, { own: "", covered: "" }); // another image instead
  if (name === "label" && !state.own) state.covered = "";
  if (name === "dataset") {
    Object.assign(state, { own: "", covered: "", damage_step: 0 });
    Object.assign(state, { source: "auto", n_runs: unlimited("n_runs"), sample: unlimited("sample") });
  }
  tell(name);
}

/** Show another screen: many fields at once, and then who listens is told. @param {Partial<State>} values */
export function adopt(values) {
  const { state } = screen;
  const changed = Object.entries(values).filter(([name, value]) => state[/** @type {keyof State} */ (name)] !== value);
  Object.assign(state, values);
  if (settleKey() !== screen.settled) screen.model = "";
  for (const [name] of changed) tell(/** @type {keyof State} */ (name));
}

/** @param {keyof State} name */
export function tell(name) {
  for (const listener of listeners) listener(name);
}

/** What the model on the screen was asked for. */
export function settleKey() {
  const { dataset, n_latent, beta, model, source } = screen.state;
  return [dataset, n_latent, beta, model, source].join(" ");
}

/** Whether the facts on the screen are those of the state. */
export const isSettled = () => screen.facts !== null && screen.settled === settleKey();

/** A link that is to be shown, and what stands in the address in place of the screen. */
export const link = {
  /** The query that the screen is to be that of; null once it is. @type {string | null} */
  query: null,
  /** Whether the first screen can be asked for: one in a lesson has to be unpacked before. */
  isReady: true,
  /** Names and values: a lesson and its frame. @type {Record<string, string> | null} */
  instead: null,
};

let writing = 0;

/** Write the state into the address, a moment after the last change: browsers refuse more often. */
export function writeAddress() {
  clearTimeout(writing);
  writing = window.setTimeout(writeAddressNow, 300);
}

/** The same at once: before a link is copied, or the page is left. */
export function writeAddressNow() {
  clearTimeout(writing);
  if (!screen.facts || saved.free || isEmbedded) return; // a file has no other screens
  const words = link.instead ? wordsInstead(link.instead) : query(screen.fields, screen.state, false);
  history.replaceState(null, "", `?${words}`);
  remember(words);
}

/** Whoever looks at a lesson has chosen how: theme, language and what is presented. @param {Record<string, string>} instead */
function wordsInstead(instead) {
  const { theme, language, presented } = screen.state;
  const words = new URLSearchParams(instead);
  if (theme !== initial("theme")) words.set("theme", theme);
  if (language) words.set("lang", language);
  if (presented) words.set("show", presented);
  return words.toString();
}

/** Keep what the explorer shows, for the menus of the other pages. @param {string} words */
function remember(words) {
  try {
    sessionStorage.setItem("explorer", words);
  } catch {
    // a browser may refuse to store anything: the menu then opens the first screen
  }
}
