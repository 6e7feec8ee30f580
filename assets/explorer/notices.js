/** Sentences at the top of a page, on every page: what was refused, replaced or lost, and what can be done. */
import { _ } from "#words";

/** @param {string} selector @param {ParentNode} [root] */
export const $ = (selector, root) => /** @type {HTMLElement} */ ((root || document).querySelector(selector));
/** @param {string} selector @param {ParentNode} [root] */
export const $$ = (selector, root) =>
  /** @type {HTMLElement[]} */ (Array.from((root || document).querySelectorAll(selector)));

/**
 * Write into an element what is not there already.
 * @param {string} selector
 * @param {string} words
 */
export function write(selector, words) {
  const element = $(selector);
  if (element && element.textContent !== words) element.textContent = words;
}

/**
 * A button.
 * @param {string} text
 * @param {() => void} act
 * @param {Partial<HTMLButtonElement>} [more]
 */
export function button(text, act, more) {
  const element = document.createElement("button");
  Object.assign(element, { type: "button", textContent: text, ...more });
  element.addEventListener("click", act);
  return element;
}

/**
 * Show sentences; the same ones again replace those that stand there.
 * @param {string[]} sentences
 * @param {HTMLElement} [extra]
 */
export function notice(sentences, extra) {
  const before = /** @type {HTMLElement} */ (document.activeElement);
  const box = document.createElement("div");
  box.className = "notice";
  for (const sentence of sentences) {
    const p = document.createElement("p");
    p.textContent = sentence;
    box.append(p);
  }
  if (extra) box.append(extra);
  const close = button("×", () => {
    box.remove();
    if (before !== document.body && before.isConnected) before.focus(); // back to what was refused
  });
  close.className = "close";
  close.setAttribute("aria-label", _("Dismiss"));
  box.append(close);
  $$("#notices .notice")
    .find((other) => other.textContent === box.textContent)
    ?.remove();
  $("#notices").append(box);
  $("#sidebar")?.classList.remove("open"); // on a phone it lies over the notices
  $("#notices").scrollIntoView({ block: "nearest" });
  return box;
}

/** The same with a button that loads the page again. @param {string} sentence */
export function offerReload(sentence) {
  return notice(
    [sentence],
    button(_("Reload"), () => location.reload()),
  );
}
