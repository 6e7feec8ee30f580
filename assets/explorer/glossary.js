/**
 * Terms and their definitions: one small popover for the page, and texts with terms in them.
 *
 *   .term (written by terms.py, or here) -- hover, focus, tap --> popover   Escape, a tap elsewhere --> closed
 */

/** @typedef {{ name: string, definition: string, forms: string[] }} Entry A term, and how it is written. */
/** @typedef {readonly [words: string, name: string]} Piece Of a text; the name of its term, else "". */

const SOON = 140; // ms until a pointer that rests on a term opens the popover, and until one that has left it closes it
const MARGIN = 8; // px between the popover and the edge of the window
const KEPT = 500; // texts whose pieces are kept: a sentence for each p, for each of a few labels

/* No term is a part of a word; kana and kanji stand beside one another without a border to be seen. As in terms.py. */
const BEFORE = "(?<![A-Za-z0-9_’'-])";
const AFTER = "(?![A-Za-z0-9_-])";
const UNSPACED = /[\u3040-\u30ff\u3400-\u9fff]/;

/** @type {Map<string, Entry>} */
const names = new Map();
/** @type {Map<string, string>} */
const forms = new Map();
/** @type {Map<string, Piece[]>} */
const known = new Map();
/** @type {RegExp | null} */
let pattern = null;

/**
 * Make terms known, without a popover.
 *
 * @param {Entry[]} entries
 */
export function setTerms(entries) {
  for (const map of [names, forms, known]) map.clear();
  for (const entry of entries) {
    names.set(entry.name, entry);
    for (const form of entry.forms) forms.set(form, entry.name);
  }
  const longest = [...forms.keys()].sort((a, b) => b.length - a.length);
  const spaced = longest.filter((form) => !UNSPACED.test(form[0])).map(bordered);
  const unspaced = longest.filter((form) => UNSPACED.test(form[0])).map(bordered);
  if (spaced.length) unspaced.unshift(`${BEFORE}(?:${spaced.join("|")})`);
  pattern = unspaced.length ? new RegExp(unspaced.join("|"), "g") : null;
}

/** A form as a pattern, up to its end. @param {string} form */
function bordered(form) {
  const words = form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return UNSPACED.test(form.slice(-1)) ? words : words + AFTER;
}

/**
 * A text in pieces; only the first occurrence of a term counts, as in terms.py.
 *
 * @param {string} text
 * @returns {Piece[]}
 */
export function partsOf(text) {
  let pieces = known.get(text);
  if (!pieces) {
    pieces = split(text);
    if (known.size >= KEPT) known.clear();
    known.set(text, pieces);
  }
  return pieces;
}

/**
 * @param {string} text
 * @returns {Piece[]}
 */
function split(text) {
  /** @type {Piece[]} */
  const pieces = [];
  const seen = new Set();
  let end = 0;
  for (const match of pattern ? text.matchAll(pattern) : []) {
    const name = forms.get(match[0]) ?? "";
    if (seen.has(name)) continue;
    seen.add(name);
    if (match.index > end) pieces.push([text.slice(end, match.index), ""]);
    pieces.push([match[0], name]);
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push([text.slice(end), ""]);
  return pieces;
}

// ---- texts that the browser writes

/** @type {WeakMap<Element, string>} */
const written = new WeakMap();

/**
 * Write a text with its terms. An unchanged text costs a look-up; of a changed one only what differs is written, so
 * that a term keeps its focus while the numbers around it change.
 *
 * @param {Element} element
 * @param {string} text
 */
export function writeWithTerms(element, text) {
  if (written.get(element) === text) return;
  written.set(element, text);
  const pieces = partsOf(text.replaceAll(" %", "\u00a0%")); // a number and its unit stay on one line
  for (let i = 0; i < pieces.length; i++) {
    const node = element.childNodes[i];
    if (!node) element.append(made(pieces[i]));
    else if (!fits(node, pieces[i])) node.replaceWith(made(pieces[i]));
    else if (node.textContent !== pieces[i][0]) node.textContent = pieces[i][0];
  }
  while (element.childNodes.length > pieces.length) element.lastChild?.remove();
  if (current && !current.isConnected) close();
}

/**
 * @param {Node} node
 * @param {Piece} piece
 */
function fits(node, [, name]) {
  return node instanceof HTMLElement ? name !== "" && node.dataset.term === name : name === "";
}

/** @param {Piece} piece */
function made([words, name]) {
  if (!name) return document.createTextNode(words);
  const element = document.createElement("span");
  element.className = "term";
  element.setAttribute("role", "term");
  element.tabIndex = 0;
  element.dataset.term = name;
  element.textContent = words;
  return element;
}

// ---- the popover

/** @type {HTMLElement | null} */
let popover = null;
/** @type {HTMLElement | null} */
let current = null;
let pinned = false; // by a click or a tap: the pointer may leave
let wasShown = false; // at the beginning of a click
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** The entries that stand in the HTML frame. @returns {Entry[]} */
const entriesOfPage = () => JSON.parse(document.getElementById("glossary")?.textContent || "[]");

/** Let every term of the page, those that come later too, show its definition. */
export function bindGlossary(entries = entriesOfPage()) {
  setTerms(entries);
  if (popover) return;
  popover = document.createElement("div");
  popover.id = "definition";
  popover.setAttribute("role", "tooltip");
  popover.hidden = true;
  popover.append(document.createElement("strong"), document.createElement("span"));
  document.addEventListener("pointerover", over);
  document.addEventListener("pointerdown", down, true);
  document.addEventListener("click", click);
  document.addEventListener("focusin", (event) => termOf(event) && show(termOf(event)));
  document.addEventListener("focusout", (event) => termOf(event) === current && close());
  document.addEventListener("keydown", onEscape, true);
  document.addEventListener("scroll", place, { capture: true, passive: true });
  window.addEventListener("resize", place);
}

/**
 * @param {Event} event
 * @returns {HTMLElement | null}
 */
function termOf(event) {
  return event.target instanceof Element ? event.target.closest(".term") : null;
}

/** @param {PointerEvent} event */
function over(event) {
  if (event.pointerType === "touch") return;
  clearTimeout(timer);
  const term = termOf(event);
  if (term) timer = setTimeout(() => term.isConnected && show(term), SOON);
  else if (current && !pinned && current !== document.activeElement && !inside(event)) timer = setTimeout(close, SOON);
}

/** @param {Event} event */
function inside(event) {
  return event.target instanceof Node && popover?.contains(event.target);
}

/** @param {Event} event */
function down(event) {
  const term = termOf(event);
  wasShown = term !== null && term === current && pinned;
  if (!term && !inside(event)) close();
}

/** @param {MouseEvent} event */
function click(event) {
  const term = termOf(event);
  if (!term) return;
  event.preventDefault(); // within a label it would go to the input
  if (wasShown) close();
  else {
    show(term);
    pinned = current !== null;
  }
}

/** @param {KeyboardEvent} event */
function onEscape(event) {
  if (event.key !== "Escape" || !current) return;
  event.stopPropagation();
  close();
}

/** @param {HTMLElement | null} term */
function show(term) {
  const entry = names.get(term?.dataset.term ?? "");
  if (!popover || !term || !entry || term === current) return;
  close();
  current = term;
  const [name, sentence] = popover.children;
  name.textContent = entry.name;
  sentence.textContent = entry.definition;
  (term.closest("main, header") ?? document.body).append(popover); // within the same landmark of the page
  popover.hidden = false;
  term.setAttribute("aria-describedby", popover.id);
  place();
}

function close() {
  clearTimeout(timer);
  current?.removeAttribute("aria-describedby");
  current = null;
  pinned = false;
  if (popover) popover.hidden = true;
}

/* Below the term, above it where there is no room; always within the window. */
function place() {
  if (!current || !popover) return;
  const at = current.getClientRects()[0];
  const { clientWidth, clientHeight } = document.documentElement;
  if (!at || at.bottom < 0 || at.top > clientHeight) return close();
  const { width, height } = popover.getBoundingClientRect();
  const below = at.bottom + 6;
  const top = below + height + MARGIN > clientHeight && at.top - 6 - height >= MARGIN ? at.top - 6 - height : below;
  popover.style.left = `${Math.max(MARGIN, Math.min(at.left, clientWidth - width - MARGIN))}px`;
  popover.style.top = `${Math.max(MARGIN, Math.min(top, clientHeight - height - MARGIN))}px`;
}
