/* Names beside marks: where each is written. Nothing is drawn here. */

/** @typedef {"right" | "left" | "above" | "below"} Side */
/** @typedef {{x: number, y: number, w: number, h: number}} Frame The place that names must not leave, in pixels. */
/** @typedef {{x: number, y: number, size: number, name: string, main: boolean}} Named A mark with its half width. */
/** @typedef {[left: number, top: number, right: number, bottom: number]} Box */

const MAIN_SIZE = 13; // px of a font
const LESSER_SIZE = 12;
const GAP = 5; // px between a mark and its name

/**
 * Place the names of marks so that none covers another name or a mark that matters. Main names are always placed, and
 * first, the last mark before the others; a lesser one that finds no room is left out.
 * @template {Named} M
 * @param {M[]} marks In the order in which they are drawn.
 * @param {Frame} frame
 * @param {(name: string, size: number) => number} measure Width of a name in a font of this size.
 * @param {Record<string, Side>} before Where names were the last time: they stay there while they can, and do not
 *   flicker. Where they are now is written into it.
 * @param {Box[]} [blocked] What is covered by something else.
 * @returns {{mark: M, x: number, y: number, size: number, side: Side}[]} Left edge and middle of each name.
 */
export function placeLabels(marks, frame, measure, before, blocked = []) {
  const taken = [...blocked, ...marks.filter((mark) => mark.main).map(boxOf)];
  const lesser = marks.filter((mark) => !mark.main).map(boxOf);
  const placed = [];
  for (const mark of [...marks].reverse()) {
    const size = mark.main ? MAIN_SIZE : LESSER_SIZE;
    const boxes = boxesBeside(mark, measure(mark.name, size), 1.2 * size);
    const occupied = mark.main ? taken : [...taken, ...lesser];
    const order = /** @type {Side[]} */ ([before[mark.name] ?? "right", "right", "left", "above", "below"]);
    const free = order.find((side) => isFree(boxes[side], frame, occupied));
    const side = free ?? (mark.main ? order[0] : null);
    if (!side) continue;
    const [left, top, , bottom] = boxes[side];
    taken.push(boxes[side]);
    before[mark.name] = side;
    placed.push({ mark, x: left, y: (top + bottom) / 2, size, side });
  }
  return placed;
}

/**
 * @param {Named} mark
 * @returns {Box}
 */
function boxOf({ x, y, size }) {
  return [x - size, y - size, x + size, y + size];
}

/**
 * @param {Named} mark
 * @param {number} w
 * @param {number} h
 * @returns {Record<Side, Box>}
 */
function boxesBeside(mark, w, h) {
  const { x, y } = mark;
  const gap = mark.size + GAP;
  return {
    right: [x + gap, y - h / 2, x + gap + w, y + h / 2],
    left: [x - gap - w, y - h / 2, x - gap, y + h / 2],
    above: [x - w / 2, y - gap - h, x + w / 2, y - gap],
    below: [x - w / 2, y + gap, x + w / 2, y + gap + h],
  };
}

/**
 * @param {Box} box
 * @param {Frame} frame
 * @param {Box[]} occupied
 */
function isFree([left, top, right, bottom], frame, occupied) {
  const inside = left > frame.x && right < frame.x + frame.w && top > frame.y && bottom < frame.y + frame.h;
  return inside && !occupied.some(([l, t, r, b]) => left < r && right > l && top < b && bottom > t);
}
