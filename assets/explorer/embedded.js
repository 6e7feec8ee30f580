/**
 * The page as A of a comparison: in a frame of the same page, which drives its clock and its look (compare.js). It shows
 * its views and nothing else, asks for no films, and writes neither an address nor what the browser remembers.
 */
import { sweepScope } from "#film";
import { $ } from "#notices";
import { player, setLength } from "#player";
import { beside, clockSteps, ends } from "#shown";
import { adopt, isEmbedded, isSettled, screen, set } from "#state";

/**
 * What A follows.
 * @typedef {object} Lead
 * @property {number} t
 * @property {number} fraction
 * @property {number} steps Of the clock.
 * @property {typeof ends} ends Of the axes that B needs.
 * @property {string} theme
 * @property {string} curves
 * @property {string} view
 * @property {string} badge Height of the badge, with its unit.
 * @property {string} presented Panels of presenter mode.
 * @property {number} scale Of presenter mode.
 * @property {string} columns "columns", "tabs", or "halves" of presenter mode.
 * @property {string} room Of the window: "low" or "large", and "slim", where it is that.
 */

let followed = "";
let drawn = "";
/** px: of all that stands here, and of the sentences of the badge. */
const heights = { page: 0, captions: 0 };
const root = document.documentElement;

/** Show the step, the look and the plane of B. @param {Lead} lead */
function follow(lead) {
  const key = JSON.stringify([lead, screen.settled]); // an answer about the model has a clock of its own
  if (key === followed || !screen.fields.length) return;
  followed = key;
  root.dataset.beside = lead.columns;
  root.dataset.room = lead.room;
  root.style.setProperty("--badge", lead.badge);
  Object.assign(beside, { steps: lead.steps, scale: lead.scale, ...lead.ends });
  for (const name of /** @type {const} */ (["theme", "curves", "view", "presented"])) set(name, lead[name]);
  if (player.length !== clockSteps()) setLength(clockSteps());
  player.set(lead.t, lead.fraction);
}

/** Say that what B must know of A has changed: what it shows, what its axes need, how high it is. */
export function drawEmbedded() {
  if (!isEmbedded) return;
  const { model, settled, state } = screen;
  const key = JSON.stringify([model, settled, state, ends, $("#caption").textContent, heights]);
  if (key === drawn) return;
  drawn = key;
  window.frameElement?.dispatchEvent(new Event("drawn"));
}

/** Before anything is drawn: the page has its views alone. */
export function bindEmbedded() {
  if (!isEmbedded) return;
  root.dataset.embedded = "";
  window.latent.embedded = { follow, adopt, screen, isSettled, ends, heights, sweepScope };
}

/** Once the layout is here: a sentence or a notice makes it higher. */
export function watchHeights() {
  if (!isEmbedded) return;
  const parts = /** @type {const} */ ({ page: ".shell", captions: ".captions" });
  const watcher = new ResizeObserver(() => {
    for (const [name, part] of Object.entries(parts)) {
      heights[/** @type {keyof typeof parts} */ (name)] = Math.ceil($(part).getBoundingClientRect().height);
    }
    drawEmbedded();
  });
  for (const part of Object.values(parts)) watcher.observe($(part));
}
