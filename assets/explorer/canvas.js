/** Canvases over plotly's axes: what moves is drawn there, 0.3 ms a frame where plotly takes 35. */
import { $ } from "#notices";
import { enlargedData, enlargedLayout, magnification } from "#scale";
import { colours } from "#theme";

/** @typedef {{ x0: number, y0: number, w: number, h: number, x: (v: number) => number, y: (v: number) => number, value: (pixel: number) => number }} Axes */
/** @typedef {CanvasRenderingContext2D} Context */
/** @typedef {Record<string, unknown>} Options What plotly takes, by its own names. */

/** Plotly's graph in a panel. @param {string} name */
export const graphOf = (name) => /** @type {import("./types").PlotlyGraph} */ ($(`#${name}-graph`));

/**
 * The maps of a panel from data to pixels, as plotly lays its axes out; null before there is a figure.
 * @param {string} name
 * @returns {Axes | null}
 */
export function axes(name) {
  const layout = graphOf(name)?._fullLayout;
  if (!layout?.xaxis) return null;
  const { xaxis, yaxis } = layout;
  const [x0, y0, w, h] = [xaxis._offset, yaxis._offset, xaxis._length, yaxis._length];
  const [[left, right], [bottom, top]] = [xaxis.range, yaxis.range];
  return {
    x0,
    y0,
    w,
    h,
    x: (v) => x0 + ((v - left) / (right - left)) * w,
    y: (v) => y0 + h - ((v - bottom) / (top - bottom)) * h,
    value: (pixel) => left + ((pixel - x0) / w) * (right - left),
  };
}

/** The same map in the px that `paint` magnifies. @param {Axes} map @param {number} scale @returns {Axes} */
const reduced = (map, scale) => ({
  x0: map.x0 / scale,
  y0: map.y0 / scale,
  w: map.w / scale,
  h: map.h / scale,
  x: (v) => map.x(v) / scale,
  y: (v) => map.y(v) / scale,
  value: (pixel) => map.value(pixel * scale),
});

/**
 * Draw a figure's axes, or change them; plotly measures its room once, so it is told each time.
 * @param {string} name
 * @param {unknown[]} data
 * @param {Options} layout
 * @param {Options} [config]
 */
export function drawAxes(name, data, layout, config) {
  const graph = graphOf(name);
  const isNew = !graph._fullLayout;
  const { width, height } = graph.getBoundingClientRect();
  const large = enlargedLayout(layout, height);
  window.Plotly.react(graph, enlargedData(data), width && height ? { ...large, width, height } : large, {
    displayModeBar: false,
    showSendToCloud: false,
    displaylogo: false,
    ...config,
  });
  if (isNew) graph.on("plotly_relayout", () => redraw()); // zoomed
}

let redraw = () => {};

/** Say what draws the canvases again when somebody zooms. @param {() => void} draw */
export function bindCanvases(draw) {
  redraw = draw;
}

const MARGIN = { l: 46, r: 12, t: 8, b: 40 };

/** A layout in the colours of the theme. @param {Options} x @param {Options} y @param {Options} [more] */
export function layoutOf(x, y, more) {
  const axis = {
    gridcolor: colours.grid,
    linecolor: colours.quiet,
    zeroline: false,
    ticks: "outside",
    ticklen: 4,
    tickcolor: colours.grid,
    fixedrange: true,
  };
  const title = (/** @type {Options} */ given) => ({
    ...given,
    title: { text: given.title, standoff: 6, font: { size: 12 } },
  });
  return {
    font: { family: colours.font, size: 12, color: colours.quiet },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: MARGIN,
    showlegend: false,
    hovermode: false,
    dragmode: false,
    xaxis: { ...axis, ...title(x) },
    yaxis: { ...axis, ...title(y) },
    ...more,
  };
}

/** The room for data of a figure with titled axes, px. @param {DOMRect} box Of the figure. */
export function roomIn({ width, height }) {
  const { l, r, t, b } = enlargedLayout(layoutOf({ title: "x" }, { title: "y" }), height).margin;
  return [Math.max(width - l - r, 1), Math.max(height - t - b, 1)];
}

/** What stands in for a panel's canvas. @type {{ name: string, context: Context } | null} */
let instead = null;

/** Let what draws a panel draw on something else once. @param {string} name @param {Context} context @param {() => void} draw */
export function drawOn(name, context, draw) {
  instead = { name, context };
  try {
    draw();
  } finally {
    instead = null;
  }
}

/**
 * Clear a panel's canvas and draw on it: `inside` is clipped to the axes, `around` is not.
 * @param {string} name
 * @param {(context: Context, axes: Axes) => void} inside
 * @param {(context: Context, axes: Axes) => void} [around]
 */
export function paint(name, inside, around) {
  const map = axes(name);
  const canvas = /** @type {HTMLCanvasElement} */ ($(`#${name}-canvas`));
  if (!map || !canvas?.parentElement) return;
  if (instead?.name === name) {
    within(instead.context, map, inside, around);
    return;
  }
  const box = canvas.parentElement.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
  const context = /** @type {Context} */ (canvas.getContext("2d"));
  const isOther = canvas.width !== width || canvas.height !== height;
  const isPrinting = document.body.matches(".printing"); // on paper what is erased is white, and hides the axes
  if (isOther || isPrinting) Object.assign(canvas, { width, height });
  const { scale } = magnification;
  context.setTransform(ratio * scale, 0, 0, ratio * scale, 0, 0);
  if (!isOther && !isPrinting) context.clearRect(0, 0, box.width, box.height);
  within(context, scale === 1 ? map : reduced(map, scale), inside, around);
}

/** @param {Context} context @param {Axes} map @param {(context: Context, axes: Axes) => void} inside @param {(context: Context, axes: Axes) => void} [around] */
function within(context, map, inside, around) {
  context.save();
  try {
    context.beginPath();
    context.rect(map.x0 - 1, map.y0 - 1, map.w + 2, map.h + 2);
    context.clip();
    inside(context, map);
  } finally {
    context.restore();
  }
  around?.(context, map);
}

/**
 * Words with a rim of paper.
 * @param {Context} context
 * @param {string} words
 * @param {number} x
 * @param {number} y
 * @param {string} colour
 * @param {number} size
 * @param {CanvasTextAlign} [align]
 */
export function text(context, words, x, y, colour, size, align) {
  context.font = `600 ${size}px ${colours.font}`;
  context.textAlign = align || "left";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3.5;
  context.strokeStyle = colours.paper;
  context.strokeText(words, x, y);
  context.fillStyle = colour;
  context.fillText(words, x, y);
}

/** @type {Record<string, [number, number]>} */
const SIDES = {
  triangle: [3, -90],
  wedge: [3, 90],
  square: [4, 45],
  diamond: [4, 0],
  pentagon: [5, -90],
  hexagon: [6, 0],
};

/** @param {Context} context @param {string} kind @param {number} x @param {number} y @param {number} r */
function shape(context, kind, x, y, r) {
  const to = (/** @type {number} */ degrees, /** @type {number} */ length) => {
    const a = degrees * (Math.PI / 180);
    context.lineTo(x + length * Math.cos(a), y + length * Math.sin(a));
  };
  context.beginPath();
  if (SIDES[kind]) {
    const [n, turn] = SIDES[kind];
    for (let i = 0; i < n; i++) to((360 / n) * i + turn, 1.15 * r);
  } else if (kind === "hourglass") {
    for (const [a, b] of [
      [-1, -1],
      [1, -1],
      [-1, 1],
      [1, 1],
    ])
      context.lineTo(x + a * r, y + b * r);
  } else if (kind === "plus" || kind === "cross") {
    const k = r * 0.38;
    const turn = kind === "cross" ? 45 : 0;
    for (let i = 0; i < 4; i++) {
      for (const [a, b] of [
        [r, -k],
        [r, k],
        [k, k],
      ])
        to(turn + 90 * i + (Math.atan2(b, a) * 180) / Math.PI, Math.hypot(a, b));
    }
  } else if (kind === "star") {
    for (let i = 0; i < 10; i++) to(i * 36 - 90, i % 2 ? r * 0.5 : r * 1.3);
  } else context.arc(x, y, r, 0, 2 * Math.PI);
  context.closePath();
}

/** A marker with a rim of paper. @param {Context} context @param {string} kind @param {number} x @param {number} y @param {number} r @param {string} colour */
export function mark(context, kind, x, y, r, colour) {
  shape(context, kind, x, y, r);
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = colours.paper;
  context.stroke();
  context.fillStyle = colour;
  context.fill();
}
