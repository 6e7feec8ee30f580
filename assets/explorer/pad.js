/** A canvas that is drawn on: strokes of a brush or an eraser, with mouse, finger or pen, the last of them undone. */

/** @typedef {{ x: number, y: number, width: number }} Point */
/** @typedef {{ erases: boolean, points: Point[] }} Stroke */

/**
 * Paint strokes, one over the other.
 * @param {CanvasRenderingContext2D} c
 * @param {Stroke[]} strokes
 * @param {string} colour
 */
export function paintStrokes(c, strokes, colour) {
  c.clearRect(0, 0, c.canvas.width, c.canvas.height);
  c.lineCap = c.lineJoin = "round";
  c.strokeStyle = colour;
  for (const { erases, points } of strokes) {
    c.globalCompositeOperation = erases ? "destination-out" : "source-over";
    for (let i = 0; i < points.length; i++) {
      const [from, to] = [points[Math.max(i - 1, 0)], points[i]];
      c.lineWidth = to.width;
      c.beginPath();
      c.moveTo(from.x, from.y);
      c.lineTo(to.x, to.y + (i ? 0 : 0.01)); // a touch is a dot
      c.stroke();
    }
  }
  c.globalCompositeOperation = "source-over";
}

/** How wide a line is: a pen that is pressed hard draws a wider one. @param {number} width @param {string} pointer @param {number} pressure */
export const widthOf = (width, pointer, pressure) => (pointer === "pen" ? width * (0.5 + pressure) : width);

/**
 * For every pixel of an image whether at least half of it is painted.
 * @param {Uint8ClampedArray} rgba Of the pad.
 * @param {number} side Of the pad.
 * @param {[number, number]} shape Height and width of the image.
 */
export function paintedPixels(rgba, side, [height, width]) {
  const [tall, wide] = [side / height, side / width];
  return Array.from({ length: height * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    let alpha = 0;
    for (let y = row * tall; y < (row + 1) * tall; y++) {
      for (let x = column * wide; x < (column + 1) * wide; x++) alpha += rgba[4 * (y * side + x) + 3];
    }
    return alpha >= (tall * wide * 255) / 2;
  });
}

export class Pad {
  /** @param {HTMLCanvasElement} canvas @param {() => void} changed Called after every stroke, and when one is undone. */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    this.changed = changed;
    /** @type {Stroke[]} */
    this.strokes = [];
    this.erases = false;
    this.width = 20;
    this.colour = "#000";
    /** @type {Stroke | null} */
    this.current = null;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const ends of ["pointerup", "pointercancel"]) canvas.addEventListener(ends, () => this.end());
  }

  get isEmpty() {
    return !this.strokes.some((stroke) => !stroke.erases);
  }

  /** @param {PointerEvent} event @returns {Point} */
  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.canvas.width,
      y: ((event.clientY - box.top) / box.height) * this.canvas.height,
      width: widthOf(this.width, event.pointerType, event.pressure),
    };
  }

  /** @param {PointerEvent} event */
  begin(event) {
    if (event.button || this.current) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.current = { erases: this.erases, points: [this.point(event)] };
    this.strokes.push(this.current);
    this.paint();
  }

  /** @param {PointerEvent} event */
  go(event) {
    if (!this.current) return;
    const passed = event.getCoalescedEvents?.() || [];
    this.current.points.push(...(passed.length ? passed : [event]).map((each) => this.point(each)));
    this.paint();
  }

  end() {
    if (!this.current) return;
    this.current = null;
    this.changed();
  }

  undo() {
    this.strokes.pop();
    this.paint();
    this.changed();
  }

  clear() {
    this.strokes = [];
    this.paint();
    this.changed();
  }

  paint() {
    paintStrokes(this.context, this.strokes, this.colour);
  }
}
