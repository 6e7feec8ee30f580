/** Paper is white: while a page is printed it has the light look, and so have the figures that the server coloured. */
import { applyTheme, colours, medium, readColours } from "#theme";

/** The light colour of each of the screen's, as "r,g,b"; empty on a screen. @type {Map<string, string>} */
let lightOf = new Map();

/** @returns {string[]} All colours of the look, as "r,g,b". */
function palette() {
  readColours();
  const { paper, ink, quiet, grid, points, labels } = colours;
  return [paper, ink, quiet, grid, ...points, ...labels].map(channels);
}

/** @param {string} hex */
const channels = (hex) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)).join();

/** @param {string} text */
const lightened = (text) =>
  text
    .replace(/#[0-9a-f]{6}\b/gi, (hex) => (lightOf.has(channels(hex)) ? `rgb(${lightOf.get(channels(hex))})` : hex))
    .replace(/rgba\((\d+,\d+,\d+)/g, (all, dark) => (lightOf.has(dark) ? `rgba(${lightOf.get(dark)}` : all));

/**
 * Data or a layout of plotly in the colours of the medium: on a screen as it is, on paper in light ones.
 * @param {any} value
 * @returns {any}
 */
export function forMedium(value) {
  if (!lightOf.size) return value;
  if (typeof value === "string") return lightened(value);
  if (Array.isArray(value)) return value.map(forMedium);
  if (value?.constructor !== Object) return value; // numbers, and arrays of them
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, forMedium(each)]));
}

/**
 * Give the page the look of its medium before and after it is printed.
 * @param {(isPaper: boolean) => void} draw Draws what has colours of its own, before this returns.
 */
export function bindMedium(draw) {
  const change = (/** @type {boolean} */ isPaper) => {
    if (medium.isPaper !== isPaper) {
      const before = palette();
      medium.isPaper = isPaper;
      applyTheme();
      const light = palette();
      lightOf = new Map(isPaper ? before.map((dark, i) => [dark, light[i]]) : []);
    }
    draw(isPaper);
  };
  window.addEventListener("beforeprint", () => change(true));
  window.addEventListener("afterprint", () => change(false));
}
