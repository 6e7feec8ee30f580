/** The pictures of the article: fetched from what is nearest to the reader on, and drawn as they come. */
import { $$ } from "#notices";
import { persist, sentenceOf } from "#requests";
import { _ } from "#words";

const AT_ONCE = 2;
/** The look that the pictures are drawn in. */
let wanted = "";

/** Pixels between a picture and what is on the screen. @param {Element} place */
function distance(place) {
  const { top, bottom } = place.getBoundingClientRect();
  return Math.max(top - innerHeight, -bottom, 0);
}

/** Draw all pictures, unless they are; the page may have been opened at any of them. @param {string} look */
export function drawArticle(look) {
  if (wanted === look) return;
  wanted = look;
  const waiting = /** @type {HTMLElement[]} */ ($$(".picture"));
  const next = async () => {
    while (waiting.length && wanted === look) {
      waiting.sort((a, b) => distance(a) - distance(b));
      const place = /** @type {HTMLElement} */ (waiting.shift());
      await draw(place, look);
      await new Promise((go) => setTimeout(go)); // the page stays usable meanwhile
    }
  };
  for (let i = 0; i < AT_ONCE; i++) next();
}

/** @param {HTMLElement} place @param {string} look */
async function draw(place, look) {
  const isWanted = () => wanted === look;
  const reply = await persist(`drawn/${place.dataset.figure}.json?look=${look}`, {}, { again: true, isWanted });
  if (!reply || !isWanted()) return;
  if (!reply.ok) {
    place.textContent = (await sentenceOf(reply)) || _("The server refused this picture. Reload the page.");
    return;
  }
  const { data, layout, frames } = await reply.json(); // the movie alone has frames
  await window.Plotly.react(place, { data, layout, frames, config: { displayModeBar: false, responsive: true } });
  place.dataset.look = look;
}

/** What the address points at may be folded, and was not there yet when the browser looked for it. */
export function goToAnchor() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target instanceof HTMLDetailsElement) target.open = true;
  target.scrollIntoView();
}

/** What the files of a figure are called. @param {HTMLElement} figure */
export const stemOf = (figure) => figure.querySelector("details.save")?.getAttribute("data-file") || figure.id;

/** Save a picture. @param {MouseEvent} event */
function save({ target }) {
  const button = /** @type {HTMLElement} */ (target).closest?.("[data-save]");
  if (!(button instanceof HTMLElement)) return;
  const { save: format, of } = button.dataset;
  const place = document.getElementById(`picture-${of}`);
  if (!place) return;
  const { width, height } = place.getBoundingClientRect();
  const filename = stemOf(/** @type {HTMLElement} */ (place.closest("figure")));
  window.Plotly.downloadImage(place, { format, width, height, scale: 3, filename });
}

export function bindArticle() {
  document.addEventListener("click", save);
  window.addEventListener("hashchange", goToAnchor);
}
