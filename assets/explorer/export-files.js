/** Files for whoever looks at the page: what the server has, what was drawn here, one of them or all as a ZIP. */
import { zipped } from "#export-zip";
import { $, $$, notice } from "#notices";
import { persist, sentenceOf } from "#requests";
import { _ } from "#words";

/** @typedef {{ name: string, bytes: Uint8Array<ArrayBuffer> }} File A file with its name. */

/** Give a file to the browser, which saves it. @param {File["bytes"][]} pieces @param {string} name */
export function download(pieces, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(pieces));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // Safari reads it later
}

/** Save all as one. @param {File[]} files @param {string} name */
export const downloadZip = (files, name) => download(zipped(files), name);

/**
 * A file of the server, asked for until it is there; null where it refuses, which a notice says, or nobody wants it.
 * @param {string} address
 * @param {AbortSignal} [signal] Ends when nobody wants it any more.
 * @returns {Promise<File | null>}
 */
export async function fetched(address, signal) {
  const isWanted = () => !signal?.aborted;
  const reply = isWanted() ? await persist(address, { signal }, { again: true, isWanted }) : null;
  if (!isWanted()) return null;
  if (!reply?.ok) {
    notice([(reply && (await sentenceOf(reply))) || _("The server refused this file. Reload the page.")]);
    return null;
  }
  const name = /filename=(\S+)/.exec(reply.headers.get("Content-Disposition") || "")?.[1] || "file";
  return { name, bytes: new Uint8Array(await reply.arrayBuffer()) };
}

/** @param {string} text @param {string} name @returns {File} */
export const textFile = (text, name) => ({ name, bytes: new TextEncoder().encode(text) });

/** A canvas as a file. @param {HTMLCanvasElement} canvas @param {string} name @returns {Promise<File>} */
export async function pngFile(canvas, name) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return { name, bytes: new Uint8Array(await /** @type {Blob} */ (blob).arrayBuffer()) };
}

/** An address of data or of a file as an image that can be drawn. @param {string} address */
export async function loaded(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

/** Menus close when something else is pressed, and with Escape, which leads back to what opened them. */
export function bindMenus() {
  const open = () => /** @type {HTMLDetailsElement[]} */ ($$("details.save[open]"));
  document.addEventListener("click", ({ target }) => {
    const chosen = /** @type {Element} */ (target);
    for (const menu of open()) if (!menu.contains(chosen) || chosen.closest(".menu a, .menu button")) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      $("summary", menu).focus();
    }
  });
}

/**
 * Do something that takes a while, once at a time; its button says how far it is.
 * @param {HTMLElement} button
 * @param {(say: (done: number, of: number) => void) => Promise<void>} act
 */
export async function atWork(button, act) {
  if (button.getAttribute("aria-busy")) return;
  const words = button.textContent;
  button.setAttribute("aria-busy", "true");
  try {
    await act((done, of) => {
      button.textContent = _("{n} of {all}", { n: done, all: of });
    });
  } finally {
    button.removeAttribute("aria-busy");
    button.textContent = words;
  }
}
