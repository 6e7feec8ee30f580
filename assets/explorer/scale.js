/**
 * How much larger than on a screen at arm's length the panels are drawn: 1, and in presenter mode so much that the last
 * row can read them. A canvas is magnified as a picture (`paint`), so what draws on it keeps its px; plotly's axes get
 * larger letters and lines.
 */

const REFERENCE = { width: 1280, height: 600, scale: 2 }; // of a window; a projector of 1280 x 720 may show it with a browser's bars
const LEAST = 1.25; // of a phone, which is in the hand
const MOST = 4;
const THINNEST = 1.5; // px of a line before it is magnified
const SMALLEST = 12; // and of letters
const LOW = 150; // px of a plot, before it is magnified, that is too low for the titles of axes
const TITLE = 18; // px of such a title
const TICKS = 24; // px of the names of ticks below

export const magnification = { scale: 1 };

/**
 * The scale of presenter mode: letters of 12 px have 24 at 1280 x 720, and more on a larger screen.
 * @param {number} width Of the window, px.
 * @param {number} height
 */
export function scaleOf(width, height) {
  const share = Math.min(width / REFERENCE.width, height / REFERENCE.height);
  return Math.min(Math.max(REFERENCE.scale * share, LEAST), MOST);
}

/** The width of a line, which a projector does not lose. @param {number} px */
export const stroke = (px) => (magnification.scale === 1 || px === 0 ? px : Math.max(px, THINNEST));

/** The size of letters. @param {number} px */
export const letters = (px) => (magnification.scale === 1 ? px : Math.max(px, SMALLEST));

const LENGTHS = ["l", "r", "t", "b", "standoff", "ticklen", "xshift", "yshift"];
const STROKES = ["width", "gridwidth", "tickwidth", "linewidth"];

/** @param {string} name @param {any} value @returns {any} */
function magnified(name, value) {
  if (Array.isArray(value)) return value.map((each) => magnified("", each));
  if (value?.constructor === Object) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, magnified(key, each)]));
  }
  if (typeof value !== "number") return value;
  if (name === "size") return magnification.scale * letters(value);
  if (STROKES.includes(name)) return magnification.scale * stroke(value);
  return LENGTHS.includes(name) ? magnification.scale * value : value;
}

/**
 * Traces of plotly with lines of the scale.
 * @param {unknown[]} data
 * @returns {unknown[]}
 */
export const enlargedData = (data) => (magnification.scale === 1 ? data : magnified("", data));

/**
 * A layout of plotly, without the size of the figure, with letters, lines and margins of the scale. Axes of a low plot
 * have no titles: the panel's own says what they are.
 * @param {Record<string, any>} layout
 * @param {number} height Of the figure, px.
 * @returns {Record<string, any>}
 */
export function enlargedLayout(layout, height) {
  const { scale } = magnification;
  if (scale === 1) return layout;
  const isLow = height < LOW * scale;
  const axis = (/** @type {any} */ given) => ({
    gridwidth: 1,
    tickwidth: 1,
    ...(given.linecolor && { linewidth: 1 }),
    ...given,
    ...(isLow && { title: { text: "" } }),
  });
  const margin = { ...layout.template?.layout.margin, ...layout.margin };
  margin.b = Math.max(isLow ? margin.b - TITLE : margin.b, TICKS);
  if (isLow && layout.yaxis.title.text) margin.l -= TITLE;
  return magnified("", { ...layout, margin, xaxis: axis(layout.xaxis), yaxis: axis(layout.yaxis) });
}
