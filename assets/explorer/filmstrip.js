/** Decoded images: the strip of x(t), the large ones beside it, and the pictures of labels. */
import { writeWithTerms } from "#glossary";
import { $, write } from "#notices";
import { player } from "#player";
import { shownRun } from "#shown";
import { screen } from "#state";

/** @typedef {import("./types").RunFrame} RunFrame */

/** A PNG in base64's URL-safe alphabet as an address. @param {string} text */
export const pngAddress = (text) => `data:image/png;base64,${text.replaceAll("-", "+").replaceAll("_", "/")}`;

/**
 * Show one image of a row of images.
 * @param {HTMLElement} element
 * @param {string} sprite
 * @param {number} count
 * @param {number} i
 */
export function tile(element, sprite, count, i) {
  element.style.backgroundImage = `url(${sprite})`;
  element.style.backgroundSize = `${count * 100}% 100%`;
  element.style.backgroundPosition = `${count > 1 ? (i / (count - 1)) * 100 : 0}% 0`;
}

const GREYS = 16;
const OPAQUE = 0xff000000;
const LEVELS = Uint32Array.from({ length: GREYS }, (_, v) => OPAQUE + v * 17 * 0x010101);

/**
 * Paint an image of 16 greys.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} greys
 * @param {number} offset Where the image begins.
 * @param {[number, number]} shape Height and width, in pixels.
 */
export function paintTile(canvas, greys, offset, [height, width]) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = LEVELS[greys[offset + i]];
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** @param {string} selector @returns {HTMLCanvasElement} */
const canvasOf = (selector) => /** @type {HTMLCanvasElement} */ ($(`${selector} canvas`));

/** As many tiles as the run has steps. @param {number} count */
function layOut(count) {
  const strip = $("#strip");
  while (strip.children.length > count) strip.lastElementChild?.remove();
  while (strip.children.length < count) {
    const element = document.createElement("canvas");
    const t = strip.children.length;
    element.className = "tile";
    element.dataset.t = String(t);
    const cell = document.createElement("div");
    cell.className = "cell";
    if (t % 10 === 0) cell.dataset.tick = String(t);
    cell.append(element);
    strip.append(cell);
  }
}

/** @type {RunFrame | null} */
let painted = null;
/** @type {Element | null} */
let framed = null;
let shownStep = -1;

/** Draw what has changed. */
export function drawStrip() {
  const shown = shownRun();
  if (!shown) return;
  const frame = shown.share < 0.5 ? shown.from : shown.to;
  const pixels = frame.shape[0] * frame.shape[1];
  const steps = frame.steps;
  const t = Math.min(player.t, steps - 1);
  if (frame !== painted) {
    layOut(steps);
    const tiles = $("#strip").querySelectorAll("canvas");
    for (let i = 0; i < steps; i++) paintTile(tiles[i], frame.greys, i * pixels, frame.shape);
    paintTile(canvasOf("#tile-clean"), frame.clean, 0, frame.shape);
    writeWithTerms($("#run-note"), frame.caption);
  }
  if (frame !== painted || t !== shownStep) paintTile(canvasOf("#tile-now"), frame.greys, t * pixels, frame.shape);
  painted = frame;
  shownStep = t;
  write("#tile-now span", `x(${t})`);
  $(".strip-panel").classList.toggle("stale", shown.isStale);
  if (screen.facts) tile($("#tile-concept .tile"), screen.facts.space.tiles, 11, frame.label);
  frameTile(/** @type {Element} */ ($("#strip").children[t]?.firstElementChild));
}

/** @param {Element} element */
function frameTile(element) {
  if (framed === element) return;
  framed?.classList.remove("now");
  element?.classList.add("now");
  framed = element;
  if (element) keepInView($("#strip"), element);
}

/** Scrolls the strip alone, never the page. @param {HTMLElement} strip @param {Element} element */
function keepInView(strip, element) {
  const over = strip.getBoundingClientRect().top - element.getBoundingClientRect().top + 4;
  const under = element.getBoundingClientRect().bottom + 16 - strip.getBoundingClientRect().bottom;
  if (over > 0) strip.scrollTop -= over;
  else if (under > 0) strip.scrollTop += under;
}

/** A click on a tile goes to its step. */
export function bindStrip() {
  $("#strip").addEventListener("click", (event) => {
    const element = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-t]"));
    if (!element) return;
    player.pause();
    player.set(Number(element.dataset.t));
  });
}
