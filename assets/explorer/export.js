/**
 * What can be taken along of the explorer: of every panel its picture, its numbers and their recipe.
 *
 *   PNG, SVG: plotly's picture of the axes, and over it what draws the panel's canvas, on a larger canvas or as SVG
 *   CSV, NPZ, recipe: from the server, exact; what is here is rounded for the films
 */
import { query } from "#address";
import { drawOn, graphOf } from "#canvas";
import { drawCurves } from "#curves";
import { atWork, bindMenus, download, downloadZip, fetched, loaded, pngFile, textFile } from "#export-files";
import { drawStripOn, stripSize } from "#export-strip";
import { escaped, SvgContext } from "#export-svg";
import { isDamaged } from "#film";
import { drawLandmarkPlane } from "#landmark-plane";
import { drawNearest } from "#nearest";
import { $, $$, notice } from "#notices";
import { drawPlane } from "#plane";
import { player } from "#player";
import { serverPath } from "#requests";
import { drawStages } from "#stages";
import { isSettled, screen } from "#state";
import { colours } from "#theme";
import { _ } from "#words";

/** @typedef {import("#export-files").File} File */
/** @typedef {import("#canvas").Context} Context */

const SCALE = 3; // of a PNG
const HEAD = 30; // px above a picture, for its title
const LINE = 14; // px of a line of the settings below it
const NUMBERS = ["csv", "npz", "json"];
/** @type {Record<string, string>} */
const IMAGES = { original: _("original images"), decoded: _("decoded images") };
/** @type {Record<string, () => void>} */
const DRAW = {
  landmark: drawLandmarkPlane,
  plane: drawPlane,
  nearest: drawNearest,
  curves: drawCurves,
  stage: drawStages,
};

/** The panels, in the order of the page. */
const menus = () => /** @type {HTMLDetailsElement[]} */ ($$("details.save[data-panel]"));

/** What the highlighted run starts from. */
function startOf() {
  const { own, covered, sample, damage_step } = screen.state;
  const damaged = isDamaged() ? `-damaged${damage_step}` : "";
  return `${own ? "own" : `image${sample}`}${covered ? "-covered" : ""}${damaged}`;
}

/** What the files of a panel's pictures are called: what they show. @param {HTMLElement} menu */
function stem({ dataset: { panel = "", file } }) {
  const { label, noise, noise_kind, seed } = screen.state;
  if (panel === "stage") return [file, screen.model, label, noise_kind].join("_");
  const image = panel === "nearest" ? [] : [startOf()]; // it shows no highlighted run
  return [file, screen.model, label, `p${noise}`, noise_kind, `seed${seed}`, ...image, `t${player.t}`].join("_");
}

/** The address of a panel's numbers. @param {string} panel @param {string} kind */
function address(panel, kind) {
  const state = { ...screen.state, model: screen.model, pinned: "" };
  return `${serverPath()}data/${panel}.${kind}?${query(screen.fields, state, false)}`;
}

/** What the picture of a panel was made with. @param {string} panel */
function settings(panel) {
  const { label, noise, noise_kind, seed, n_runs, n_steps, source } = screen.state;
  const kind = $(`.widget[data-field="noise_kind"] [data-value="${noise_kind}"]`).textContent || "";
  const words = [
    screen.model,
    _("‘{label}’", { label: screen.facts?.labels[label] }),
    IMAGES[source],
    `p = ${noise}`,
    kind,
  ];
  if (panel !== "stage")
    words.push(_("t = {t} of {last}", { t: Math.min(player.t, n_steps), last: n_steps }), _("seed {seed}", { seed }));
  if (panel !== "stage" && panel !== "strip") words.push(_("{n} runs", { n: n_runs }));
  return panel === "stage" || panel === "nearest" ? words : [...words, _("highlighted: {start}", { start: startOf() })];
}

/** The settings in lines that a picture has room for. @param {string} panel @param {number} width */
function linesOf(panel, width) {
  const ruler = /** @type {Context} */ (document.createElement("canvas").getContext("2d"));
  ruler.font = `400 11px ${colours.font}`;
  /** @type {string[]} */
  const lines = [];
  for (const word of settings(panel)) {
    const longer = `${lines.at(-1)}, ${word}`;
    if (lines.length && ruler.measureText(longer).width < width - 20) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Whether a panel shows what its settings say, and can be seen. @param {string} panel */
function canBeDrawn(panel) {
  const place = $(`.${panel}-panel`);
  return place.getClientRects().length > 0 && !place.matches(".stale, .flat");
}

/** @param {string} panel @returns {[number, number]} */
function sizeOf(panel) {
  if (panel === "strip") return stripSize();
  const { width, height } = graphOf(panel).getBoundingClientRect();
  return [Math.round(width), Math.round(height)];
}

/** Draw a panel without its axes. @param {string} panel @param {any} context @param {HTMLImageElement | null} concepts */
function drawPanel(panel, context, concepts) {
  if (panel === "strip") drawStripOn(context, /** @type {HTMLImageElement} */ (concepts));
  else drawOn(panel, context, DRAW[panel]);
}

/** Plotly's picture of a panel's axes as an address. @param {string} panel @param {"svg" | "png"} format */
function axesPicture(panel, format) {
  const [width, height] = sizeOf(panel);
  return window.Plotly.toImage(graphOf(panel), { format, width, height, scale: format === "png" ? SCALE : 1 });
}

const title = (/** @type {string} */ panel) => $(`.${panel}-panel h2`).textContent || "";
const conceptPictures = () => loaded(screen.facts?.space.tiles || "");

/** Title and settings around a picture. @param {Context | SvgContext} c @param {string} panel @param {number} below @param {string[]} lines */
function caption(c, panel, below, lines) {
  Object.assign(c, { textAlign: "left", textBaseline: "middle" });
  c.font = `600 15px ${colours.font}`;
  c.fillStyle = colours.ink;
  c.fillText(title(panel), 10, HEAD / 2 + 2);
  c.font = `400 11px ${colours.font}`;
  c.fillStyle = colours.quiet;
  for (const [i, words] of lines.entries()) c.fillText(words, 10, below + LINE * (i + 0.5));
}

/** A panel as PNG. @param {HTMLElement} menu @returns {Promise<File>} */
async function png(menu) {
  const panel = menu.dataset.panel || "";
  const [width, height] = sizeOf(panel);
  const [axes, concepts] =
    panel === "strip" ? [null, await conceptPictures()] : [await axesPicture(panel, "png"), null];
  const image = axes && (await loaded(axes));
  const lines = linesOf(panel, width);
  const total = HEAD + height + LINE * (lines.length + 1);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: SCALE * width, height: SCALE * total });
  const c = /** @type {Context} */ (canvas.getContext("2d"));
  c.scale(SCALE, SCALE);
  c.fillStyle = colours.paper;
  c.fillRect(0, 0, width, total);
  caption(c, panel, HEAD + height, lines);
  c.translate(0, HEAD);
  if (image) c.drawImage(image, 0, 0, width, height);
  drawPanel(panel, c, concepts);
  return pngFile(canvas, `${stem(menu)}.png`);
}

/** An image, or a rectangle of it, as an address. @param {any} source @param {number[] | null} crop */
function pictureOf(source, crop) {
  const [x, y, w, h] = crop || [0, 0, source.naturalWidth || source.width, source.naturalHeight || source.height];
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: w, height: h });
  canvas.getContext("2d")?.drawImage(source, x, y, w, h, 0, 0, w, h);
  return canvas.toDataURL("image/png");
}

/** A panel as SVG. @param {HTMLElement} menu @returns {Promise<File>} */
async function svg(menu) {
  const panel = menu.dataset.panel || "";
  const [width, height] = sizeOf(panel);
  const [axes, concepts] = panel === "strip" ? ["", await conceptPictures()] : [await axesPicture(panel, "svg"), null];
  const ruler = /** @type {Context} */ (document.createElement("canvas").getContext("2d"));
  const measure = (/** @type {string} */ words, /** @type {string} */ font) => {
    ruler.font = font;
    return ruler.measureText(words);
  };
  const [drawn, words] = [0, 1].map((i) => new SvgContext(measure, pictureOf, `${panel}-${i}`));
  drawPanel(panel, drawn, concepts);
  const lines = linesOf(panel, width);
  caption(words, panel, HEAD + height, lines);
  const inner = decodeURIComponent(axes.slice(axes.indexOf(",") + 1)).replace(/^<\?xml.*?\?>/, "");
  const box = `width="${width}" height="${HEAD + height + LINE * (lines.length + 1)}"`;
  const text = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${box}>
<title>${escaped(title(panel))}</title><desc>${escaped(`${settings(panel).join(", ")}; ${location.href}`)}</desc>
<rect ${box} fill="${colours.paper}"/>
${words}
<g transform="translate(0 ${HEAD})">${inner}
${drawn}
</g></svg>\n`;
  return textFile(text, `${stem(menu)}.svg`);
}

/** A file of a panel. @param {HTMLElement} menu @param {string} kind @returns {Promise<File | null>} */
async function fileOf(menu, kind) {
  const panel = menu.dataset.panel || "";
  const isNumbers = NUMBERS.includes(kind);
  if (!isSettled() || !(isNumbers || canBeDrawn(panel))) {
    notice([_("{panel} is not drawn yet with these settings. Save it when it is.", { panel: title(panel) })]);
    return null;
  }
  if (isNumbers) return fetched(address(panel, kind));
  return kind === "png" ? png(menu) : svg(menu);
}

/** Save what was chosen in a panel's menu. @param {MouseEvent} event */
async function saveChosen({ target }) {
  const button = /** @type {HTMLElement} */ (target).closest?.("[data-kind]");
  const menu = /** @type {HTMLElement | null} */ (button?.closest("details.save[data-panel]"));
  if (!(button instanceof HTMLElement) || !menu) return;
  const file = await fileOf(menu, button.dataset.kind || "");
  if (file) download([file.bytes], file.name);
}

/** All panels in one ZIP, with the recipes of their numbers in one file. @param {(done: number, of: number) => void} say */
async function saveAll(say) {
  const panels = menus();
  /** @type {File[]} */
  const files = [];
  /** @type {Record<string, unknown>} */
  const recipes = {};
  const kinds = ["png", "svg", ...NUMBERS];
  for (const [i, menu] of panels.entries()) {
    const panel = menu.dataset.panel || "";
    for (const [k, kind] of kinds.entries()) {
      say(i * kinds.length + k + 1, panels.length * kinds.length);
      if (!NUMBERS.includes(kind) && !canBeDrawn(panel)) continue;
      const file = await fileOf(menu, kind);
      if (!file) return; // a notice says why
      if (kind === "json") recipes[panel] = JSON.parse(new TextDecoder().decode(file.bytes));
      else files.push(file);
    }
  }
  const recipe = { address: location.href, panels: recipes };
  files.push(textFile(`${JSON.stringify(recipe, null, 2)}\n`, "recipe.json"));
  const { label, noise, noise_kind, seed } = screen.state;
  downloadZip(files, `explorer_${[screen.model, label, `p${noise}`, noise_kind, `seed${seed}`].join("_")}.zip`);
}

export function bindExport() {
  bindMenus();
  document.addEventListener("click", saveChosen);
  const all = $("#save-all");
  all.addEventListener("click", () => atWork(all, saveAll));
}
