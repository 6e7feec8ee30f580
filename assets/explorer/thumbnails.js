/** Landmarks with their decoded pictures, joined by a line, on top of everything: they are never hidden. */
import { mark, text } from "#canvas";
import { paintTile } from "#filmstrip";
import { placeLabels } from "#labels";
import { stroke } from "#scale";
import { screen } from "#state";
import { colours } from "#theme";
import { _ } from "#words";

/** @typedef {import("./types").RunFrame} RunFrame */
/** @typedef {import("./canvas").Axes} Axes */
/** @typedef {import("./canvas").Context} Context */
/** @typedef {{ x: number, y: number, size: number, kind: string, name: string, colour: string, point: number }} Mark */

const SIDE = 30; // px of a picture
/** px from a landmark to the middle of its picture; in the PCA plane all lie amid the runs, and their pictures beside. @type {Record<string, number[]>} */
const REACH = { landmark: [38, 46, 62, 80, 100], plane: [105, 125, 85, 65, 145] };
const LINE = 13; // px of the name below it
const LOW = 120; // px of axes that have room for short names alone
const SHORT = [_("memory"), _("concept"), _("abstract")];

const memory = document.createElement("canvas");
const concepts = new Image();
/** @type {RunFrame | null} */
let painted = null;
let redraw = () => {};

/** @param {() => void} draw */
export function bindThumbnails(draw) {
  redraw = draw;
}

/** The pictures of the model's concepts. @param {string} sprite */
export function setConceptPictures(sprite) {
  concepts.src = sprite;
  concepts.onload = () => redraw();
}

/** The directions of the pictures beside landmarks that never move: memory, concept, abstract concept. */
const STILL = [-0.6, 0.7, 2.4];
/** Where the picture of each landmark was, as an angle: it stays there while it can. @type {Map<string, number>} */
const angles = new Map();

/** Where names without pictures were. @type {Record<string, import("./labels").Side>} */
const sides = {};

/** Landmarks with short names alone. @param {Context} c @param {Axes} s @param {Mark[]} marks @returns {number[][]} What is taken. */
function drawNames(c, s, marks) {
  const named = marks.map((each) => ({ ...each, name: SHORT[each.point], main: true }));
  const measure = (/** @type {string} */ words, /** @type {number} */ size) => {
    c.font = `600 ${size}px ${colours.font}`;
    return c.measureText(words).width;
  };
  for (const each of marks) mark(c, each.kind, each.x, each.y, each.size, each.colour);
  const placed = placeLabels(named, { x: s.x0, y: s.y0, w: s.w, h: s.h }, measure, sides);
  for (const { mark: each, x, y, size } of placed) text(c, each.name, x, y, each.colour, size);
  return [
    ...marks.map((each) => [each.x - 9, each.y - 9, each.x + 9, each.y + 9]),
    ...placed.map(({ mark: each, x, y, size }) => [x, y - size / 2, x + measure(each.name, size), y + size / 2]),
  ];
}

/**
 * Draw landmarks with pictures.
 * @param {Context} c
 * @param {Axes} s
 * @param {Mark[]} marks
 * @param {RunFrame | null} run
 * @param {string} view
 * @param {boolean} turns Whether the axes turn with t: then pictures stay in their directions while they can.
 * @returns {number[][]} What is taken: left, top, right, bottom.
 */
export function drawThumbnails(c, s, marks, run, view, turns) {
  if (s.h < LOW) return drawNames(c, s, marks);
  /** @type {number[][]} */
  const taken = marks.map((each) => [each.x - 9, each.y - 9, each.x + 9, each.y + 9]);
  const centre = [s.x0 + s.w / 2, s.y0 + s.h / 2];
  const places = marks.map((each) => {
    c.font = `600 12px ${colours.font}`;
    const half = Math.max(c.measureText(each.name).width, SIDE) / 2 + 2;
    const key = `${view} ${each.point}`;
    const outward = Math.atan2(each.y - centre[1], each.x - centre[0]);
    const first = view === "landmark" ? STILL[each.point] : turns ? (angles.get(key) ?? outward) : outward;
    const { box, angle } = choose(s, taken, each, half, first, REACH[view]);
    angles.set(key, angle);
    taken.push(box);
    return { each, box };
  });
  for (const { each, box } of places) leader(c, each, box);
  for (const { each } of places) mark(c, each.kind, each.x, each.y, each.size, each.colour);
  for (const { each, box } of places) thumbnail(c, each, box, run);
  return taken;
}

/**
 * A free place for a picture with its name, as near to where it was as there is.
 * @param {Axes} s
 * @param {number[][]} taken
 * @param {Mark} each
 * @param {number} half
 * @param {number} first
 * @param {number[]} reaches
 */
function choose(s, taken, each, half, first, reaches) {
  const turns = [0, 0.4, -0.4, 0.8, -0.8, 1.2, -1.2, 1.7, -1.7, 2.3, -2.3, 3.14];
  /** @type {{ box: number[], angle: number } | null} */
  let fallback = null;
  for (const reach of reaches) {
    for (const turn of turns) {
      const angle = first + turn;
      const [x, y] = [each.x + reach * Math.cos(angle), each.y + reach * Math.sin(angle)];
      const box = [x - half, y - SIDE / 2, x + half, y + SIDE / 2 + LINE];
      const isInside = box[0] > s.x0 + 2 && box[2] < s.x0 + s.w - 2 && box[1] > s.y0 + 2 && box[3] < s.y0 + s.h - 2;
      if (!isInside) continue;
      fallback ||= { box, angle };
      if (!taken.some(([a, b, d, e]) => box[0] < d && box[2] > a && box[1] < e && box[3] > b)) return { box, angle };
    }
  }
  const [x, y] = [
    Math.min(Math.max(each.x, s.x0 + half), s.x0 + s.w - half),
    Math.min(Math.max(each.y, s.y0 + SIDE), s.y0 + s.h - SIDE),
  ];
  return fallback || { box: [x - half, y - SIDE / 2, x + half, y + SIDE / 2 + LINE], angle: first };
}

/** @param {Context} c @param {Mark} each @param {number[]} box */
function leader(c, each, box) {
  c.strokeStyle = each.colour;
  c.lineWidth = stroke(1.2);
  c.beginPath();
  c.moveTo(each.x, each.y);
  c.lineTo((box[0] + box[2]) / 2, box[1] + SIDE / 2);
  c.stroke();
}

/** @param {Context} c @param {Mark} each @param {number[]} box @param {RunFrame | null} run */
function thumbnail(c, each, box, run) {
  const x = (box[0] + box[2] - SIDE) / 2;
  const y = box[1];
  c.fillStyle = colours.grid;
  c.fillRect(x, y, SIDE, SIDE);
  c.imageSmoothingEnabled = false;
  if (each.point === 0 && run) {
    if (run !== painted) paintTile(memory, run.clean, 0, run.shape);
    painted = run;
    c.drawImage(memory, x, y, SIDE, SIDE);
  } else if (concepts.complete && concepts.naturalWidth && screen.facts && each.point > 0) {
    const width = concepts.naturalWidth / 11;
    const i = each.point === 2 ? 10 : run ? run.label : screen.state.label;
    c.drawImage(concepts, i * width, 0, width, concepts.naturalHeight, x, y, SIDE, SIDE);
  }
  c.strokeStyle = each.colour;
  c.lineWidth = 2;
  c.strokeRect(x - 1, y - 1, SIDE + 2, SIDE + 2);
  text(c, each.name, (box[0] + box[2]) / 2, y + SIDE + 9, each.colour, 12, "center");
}
