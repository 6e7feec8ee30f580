/** All of the paper's page as one ZIP: every figure as it is drawn, with its numbers and its recipe from the server. */
import { stemOf } from "#article";
import { atWork, downloadZip, fetched, textFile } from "#export-files";
import { $, $$, notice } from "#notices";
import { _ } from "#words";

/** @typedef {import("#export-files").File} File */

const SCALE = 2; // of a PNG: the page has two dozen

/** Wait until a figure is drawn; the page draws all of them, those in view first. @param {HTMLElement} place */
async function drawn(place) {
  while (!place.dataset.look && !place.textContent) await new Promise((resolve) => setTimeout(resolve, 100));
  return Boolean(place.dataset.look);
}

/** A figure as it is on the page, as PNG and as SVG. @param {HTMLElement} figure @returns {Promise<File[]>} */
async function pictures(figure) {
  const place = $(".picture", figure);
  if (!(await drawn(place))) return [];
  const { width, height } = place.getBoundingClientRect();
  const [png, svg] = await Promise.all(
    ["png", "svg"].map((format) =>
      window.Plotly.toImage(place, { format, width, height, scale: format === "png" ? SCALE : 1 }),
    ),
  );
  const bytes = Uint8Array.from(atob(png.slice(png.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
  const text = decodeURIComponent(svg.slice(svg.indexOf(",") + 1));
  return [{ name: `${stemOf(figure)}.png`, bytes }, textFile(text, `${stemOf(figure)}.svg`)];
}

/** @param {(done: number, of: number) => void} say */
async function saveArticle(say) {
  const figures = $$(".article figure").filter((figure) => figure.querySelector("details.save"));
  const count = figures.length;
  /** @type {File[]} */
  const files = [];
  for (const [i, figure] of figures.entries()) {
    say(i + 1, count);
    const folder = figure.id.replace("figure-", "");
    const add = (/** @type {File} */ { name, bytes }) => files.push({ name: `${folder}/${name}`, bytes });
    (await pictures(figure)).forEach(add);
    for (const link of /** @type {HTMLAnchorElement[]} */ ($$('a[href^="data/"]', figure))) {
      const file = await fetched(link.href);
      if (!file) return; // a notice says why
      add(file);
    }
  }
  if (files.length) downloadZip(files, "latent-trajectories-paper.zip");
  else notice([_("No figure is shipped for the models that are here: there is nothing to save.")]);
}

export function bindPaperExport() {
  document.addEventListener("click", ({ target }) => {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest?.("#save-all"));
    if (button) atWork(button, saveArticle);
  });
}
