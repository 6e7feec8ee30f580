/** The decoded images as one picture: clean image, x(t), all steps in rows, concept. */
import { text } from "#canvas";
import { player } from "#player";
import { shownRun } from "#shown";
import { colours } from "#theme";
import { _ } from "#words";

/** @typedef {import("#canvas").Context} Context */

const ACROSS = 16; // images in a row
const SIDE = 34; // px of an image
const CELL = [SIDE + 5, SIDE + 17]; // and its room
const LARGE = 92; // px of the images beside
const GAP = 14;

const rows = () => Math.ceil((shownRun()?.from.steps || 1) / ACROSS);

/** @returns {[number, number]} */
export const stripSize = () => [
  3 * (LARGE + GAP) + GAP + ACROSS * CELL[0],
  Math.max(rows() * CELL[1], LARGE + 24) + GAP,
];

/**
 * @param {Context} c
 * @param {HTMLImageElement} concepts The decoded concepts in a row, the abstract one last.
 */
export function drawStripOn(c, concepts) {
  const run = shownRun();
  if (!run) return;
  const frame = run.share < 0.5 ? run.from : run.to;
  const canvases = /** @type {NodeListOf<HTMLCanvasElement>} */ (document.querySelectorAll("#strip canvas"));
  const t = Math.min(player.t, frame.steps - 1);
  const large = (/** @type {string} */ words, /** @type {number} */ x) =>
    text(c, words, x + LARGE / 2, LARGE + 12, colours.quiet, 12, "center");
  c.imageSmoothingEnabled = false;
  const clean = /** @type {HTMLCanvasElement} */ (document.querySelector("#tile-clean canvas"));
  c.drawImage(clean, 10, 0, LARGE, LARGE);
  large(_("clean"), 10);
  c.drawImage(canvases[t], 10 + LARGE + GAP, 0, LARGE, LARGE);
  large(`x(${t})`, 10 + LARGE + GAP);
  const left = 10 + 2 * (LARGE + GAP);
  for (const [step, canvas] of canvases.entries()) {
    const [x, y] = [left + (step % ACROSS) * CELL[0], Math.floor(step / ACROSS) * CELL[1]];
    c.drawImage(canvas, x, y + 1, SIDE, SIDE);
    text(c, String(step), x + SIDE / 2, y + SIDE + 8, step === t ? colours.ink : colours.quiet, 9, "center");
    if (step !== t) continue;
    c.strokeStyle = colours.points[1];
    c.lineWidth = 2;
    c.strokeRect(x - 1, y, SIDE + 2, SIDE + 2);
  }
  const width = concepts.naturalWidth / 11;
  const x = left + ACROSS * CELL[0] + GAP - 5;
  c.drawImage(concepts, frame.label * width, 0, width, concepts.naturalHeight, x, 0, LARGE, LARGE);
  large(_("concept"), x);
}
