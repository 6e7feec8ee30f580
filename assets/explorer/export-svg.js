/**
 * A canvas's context that writes SVG: what draws a panel draws its vector picture with the same calls, from the same
 * data. Of a context it has what the panels use; arcs are full circles and become `<circle>`.
 */

/** @typedef {{ fillStyle: string, strokeStyle: string, lineWidth: number, lineJoin: string, globalAlpha: number, font: string, textAlign: string, dash: number[], groups: number }} Pen */

/** @param {number} value */
const short = (value) => String(Math.round(value * 100) / 100);

/** @param {string} words */
export const escaped = (words) =>
  words.replace(
    /[&<>"]/g,
    (sign) => /** @type {string} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[sign]),
  );

/** @param {Record<string, string | number>} attributes */
const written = (attributes) =>
  Object.entries(attributes)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => ` ${name}="${typeof value === "number" ? short(value) : escaped(value)}"`)
    .join("");

export class SvgContext {
  /**
   * @param {(words: string, font: string) => { width: number }} measure How wide words are in a font.
   * @param {(source: any, crop: number[] | null) => string} picture The address of an image, or of a rectangle of it.
   * @param {string} prefix Of ids, that are one document's.
   */
  constructor(measure, picture, prefix) {
    this.measure = measure;
    this.picture = picture;
    this.prefix = prefix;
    /** @type {string[]} */
    this.parts = [];
    this.clips = 0;
    /** @type {Pen[]} */
    this.pens = [];
    /** Commands of the path, and its circles. @type {{ d: string[], circles: number[][], moved: string }} */
    this.path = { d: [], circles: [], moved: "" };
    this.fillStyle = this.strokeStyle = "#000000";
    this.lineWidth = 1;
    this.lineJoin = "miter";
    this.globalAlpha = 1;
    this.font = "10px sans-serif";
    this.textAlign = "left";
    this.textBaseline = "middle";
    this.imageSmoothingEnabled = false;
    /** @type {number[]} */
    this.dash = [];
    this.groups = 0;
  }

  /** All that was drawn. */
  toString() {
    return this.parts.join("\n");
  }

  save() {
    const { fillStyle, strokeStyle, lineWidth, lineJoin, globalAlpha, font, textAlign, dash, groups } = this;
    this.pens.push({ fillStyle, strokeStyle, lineWidth, lineJoin, globalAlpha, font, textAlign, dash, groups });
    this.groups = 0;
  }

  restore() {
    this.parts.push("</g>".repeat(this.groups));
    Object.assign(this, this.pens.pop());
  }

  beginPath() {
    this.path = { d: [], circles: [], moved: "" };
  }

  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.path.moved = `M${short(x)} ${short(y)}`;
  }

  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    const { path } = this;
    if (path.moved || !path.d.length) path.d.push(path.moved || `M${short(x)} ${short(y)}`);
    if (path.moved || path.d.length > 1 || !path.d.at(-1)?.endsWith(`${short(x)} ${short(y)}`)) {
      path.d.push(`L${short(x)} ${short(y)}`);
    }
    path.moved = "";
  }

  /** A full circle. @param {number} x @param {number} y @param {number} r */
  arc(x, y, r) {
    this.path.circles.push([x, y, r]);
    this.path.moved = "";
  }

  /** @param {number} x @param {number} y @param {number} w @param {number} h */
  rect(x, y, w, h) {
    this.path.d.push(`M${short(x)} ${short(y)}h${short(w)}v${short(h)}h${short(-w)}Z`);
  }

  closePath() {
    if (this.path.d.length) this.path.d.push("Z");
  }

  /** What follows is drawn within the path, until `restore`. */
  clip() {
    const id = `${this.prefix}-clip-${this.clips++}`;
    this.parts.push(`<clipPath id="${id}">${this.shapes()}</clipPath><g clip-path="url(#${id})">`);
    this.groups++;
  }

  shapes() {
    const { d, circles } = this.path;
    const path = d.length ? `<path${written({ d: d.join("") })}/>` : "";
    return path + circles.map(([cx, cy, r]) => `<circle${written({ cx, cy, r })}/>`).join("");
  }

  /** The path in one group, which is as opaque as a canvas paints it: where shapes overlap no more than elsewhere. @param {Record<string, string | number>} look */
  paint(look) {
    const opacity = this.globalAlpha === 1 ? "" : this.globalAlpha;
    this.parts.push(`<g${written({ ...look, opacity })}>${this.shapes()}</g>`);
  }

  fill() {
    this.paint({ fill: this.fillStyle });
  }

  line() {
    return {
      stroke: this.strokeStyle,
      "stroke-width": this.lineWidth,
      "stroke-linejoin": this.lineJoin,
      "stroke-dasharray": this.dash.join(" "),
    };
  }

  stroke() {
    this.paint({ fill: "none", ...this.line() });
  }

  /** @param {number[]} dash */
  setLineDash(dash) {
    this.dash = dash;
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  fillRect(x, y, width, height) {
    this.parts.push(`<rect${written({ x, y, width, height, fill: this.fillStyle })}/>`);
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  strokeRect(x, y, width, height) {
    this.parts.push(`<rect${written({ x, y, width, height, fill: "none", ...this.line() })}/>`);
  }

  /** @param {string} words */
  measureText(words) {
    return this.measure(words, this.font);
  }

  /** @param {string} words @param {number} x @param {number} y @param {Record<string, string | number>} look */
  write(words, x, y, look) {
    const [, weight, size, family] = /^(\d+ )?(\S+)px (.*)$/.exec(this.font) || ["", "", "10", "sans-serif"];
    const anchor = { center: "middle", right: "end" }[this.textAlign] || "";
    const font = { "font-size": Number(size), "font-weight": (weight || "").trim(), "font-family": family };
    const dy = this.textBaseline === "middle" ? "0.35em" : "";
    this.parts.push(`<text${written({ x, y, dy, ...font, "text-anchor": anchor, ...look })}>${escaped(words)}</text>`);
  }

  /** @param {string} words @param {number} x @param {number} y */
  fillText(words, x, y) {
    this.write(words, x, y, { fill: this.fillStyle });
  }

  /** @param {string} words @param {number} x @param {number} y */
  strokeText(words, x, y) {
    this.write(words, x, y, { fill: "none", ...this.line(), "stroke-dasharray": "" });
  }

  /**
   * An image at a place, or a rectangle of it.
   * @param {any} source
   * @param {...number} places
   */
  drawImage(source, ...places) {
    const crop = places.length > 4 ? places.slice(0, 4) : null;
    const [x, y, width, height] = places.slice(-4);
    const href = this.picture(source, crop);
    this.parts.push(`<image${written({ x, y, width, height, href, style: "image-rendering:pixelated" })}/>`);
  }
}
