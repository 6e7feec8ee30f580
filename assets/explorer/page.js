/** The start of the pages beside the explorer: theme, notices, requests that persist. */
import { bindArticle, drawArticle, goToAnchor } from "#article";
import { persistForDash } from "#dash-requests";
import { bindPaperExport } from "#export-article";
import { bindMenus } from "#export-files";
import { bindSettings, figureOfAddress, showSettings } from "#figure-settings";
import { bindGlossary } from "#glossary";
import { bindLanguages, chosen } from "#languages";
import { bindModels, fillForm, listModels } from "#models";
import { askMovie, isFilmed, showMoviePanel } from "#movies";
import { $, $$, notice } from "#notices";
import { bindMedium, forMedium } from "#printing";
import { requests } from "#requests";
import { applyTheme, theme } from "#theme";
import { _ } from "#words";

/** Dash draws its upload when it has loaded it, and gives it no name. */
function nameFiles() {
  const name = () => {
    for (const input of $$("input[type=file]")) input.setAttribute("aria-label", _("Choose a file"));
  };
  new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
  name();
}

/** The menu leads back to what the explorer showed. */
function leadBack() {
  let words = "";
  try {
    words = sessionStorage.getItem("explorer") || "";
  } catch {
    return; // a browser may refuse: the menu then opens the first screen
  }
  const [explore] = /** @type {HTMLAnchorElement[]} */ ($$("nav a"));
  if (!explore || !words) return;
  const query = new URLSearchParams(words);
  if (chosen()) query.set("lang", chosen());
  explore.search = query.toString();
}

/** The theme, which is in the address alone; a click on its button gives the other one. @param {number} clicks */
function page(clicks) {
  if (!clicks) nameFiles();
  else {
    const query = new URLSearchParams(location.search);
    query.set("theme", theme() === "dark" ? "light" : "dark");
    history.replaceState(null, "", `?${query}${location.hash}`);
  }
  applyTheme();
  leadBack();
  const figure = figureOfAddress();
  document.body.classList.toggle("of-figure", Boolean(figure));
  if (!figure) drawArticle(theme());
  if (!clicks) goToAnchor();
  return theme();
}

/** Whether a figure's question has been answered: its clock, its button to cancel and its progress rest. @param {any} asked @param {unknown} ended */
const hasEnded = (asked, ended) => {
  const isRest = !asked || asked.turn === ended;
  return [isRest, isRest, isRest, isRest ? "" : "stale"];
};

/** @param {any} asked @param {unknown} ended @param {any} sketched */
const hasNoSketch = (asked, ended, sketched) =>
  !asked || !sketched || sketched[0] !== asked.turn || ended === asked.turn;

/** Ask again what found the server busy. @param {number} n @param {any} asked @param {unknown} ended */
function askAgain(n, asked, ended) {
  const isWanted = n && asked && asked.turn !== ended;
  return isWanted ? { ...asked, tries: (asked.tries || 0) + 1 } : window.dash_clientside.no_update;
}

/** Save the figure that is drawn as a picture. @param {number[]} clicks */
function saveFigure(clicks) {
  const format = window.dash_clientside.callback_context.triggered_id?.save;
  const graph = document.querySelector("#drawn .js-plotly-plot");
  if (!clicks.some(Boolean) || !graph) return window.dash_clientside.no_update;
  const { width, height } = graph.getBoundingClientRect();
  window.Plotly.downloadImage(graph, { format, width, height, scale: 3, filename: $("#figure-stem").textContent });
  return format;
}

/** The data set to train on. @param {unknown} _ @param {{ set: string }[]} ids */
function chooseDataset(_, ids) {
  const chosen = window.dash_clientside.callback_context.triggered_id?.set || "mnist";
  return [chosen, ids.map((id) => String(id.set === chosen))];
}

/** Dash's upload is silent about files that it does not take, and about the same file chosen once more. @param {Event} event */
function checkFiles(event) {
  const target = /** @type {HTMLInputElement} */ (event.target);
  const area = /** @type {HTMLElement | null} */ (target.closest?.("[data-largest]"));
  const { dataTransfer } = /** @type {DragEvent} */ (event);
  const files = Array.from((dataTransfer || target).files || []);
  if (!area || !files.length) return;
  const [problem] = problemsOf(files, Number(area.dataset.largest), area.dataset.ending || "");
  if (problem) {
    event.preventDefault();
    event.stopPropagation();
    if (event.type === "change") target.value = "";
    notice([problem]);
  } else if (area.dataset.used) window.dash_clientside.set_props(area.querySelector("[id]")?.id, { contents: null });
  area.dataset.used = "yes";
}

/** The figures of the page, as they are on the screen. @type {Map<any, [unknown[], any]>} */
const onScreen = new Map();

/** Pixels of a figure of the paper, which 11-print.css makes smaller. */
const PAPER_WIDTH = 860;

/** Figures have colours and a width of their own: on paper those of the light look and of the page. @param {boolean} isPaper */
function drawFigures(isPaper) {
  document.body.classList.toggle("printing", isPaper);
  if (!isPaper) {
    for (const [graph, [data, layout]] of onScreen) {
      window.Plotly.react(graph, data, { ...layout, autosize: true, width: undefined });
      window.Plotly.Plots.resize(graph);
    }
    onScreen.clear();
    return;
  }
  for (const graph of /** @type {NodeListOf<any>} */ (document.querySelectorAll(".js-plotly-plot"))) {
    if (onScreen.has(graph)) continue;
    const { data, layout } = graph;
    onScreen.set(graph, [data, layout]);
    const width = graph.closest(".paper") ? { width: PAPER_WIDTH } : {};
    window.Plotly.react(graph, forMedium(data), { ...forMedium(layout), ...width });
  }
}

/** @param {File[]} files @param {number} largest @param {string} ending */
function problemsOf(files, largest, ending) {
  const [{ name, size }] = files;
  const isOther = !name.toLowerCase().endsWith(ending);
  return [
    files.length > 1 && _("Choose one file at a time."),
    isOther && _("{name} does not end in {ending}. Only such files are read here.", { name, ending }),
    size > largest &&
      _("{name} has {size} MB. Choose a file of at most {most} MB.", {
        name,
        size: (size / 1e6).toFixed(1),
        most: largest / 1e6,
      }),
  ].filter((sentence) => typeof sentence === "string");
}

for (const type of ["change", "drop"]) document.addEventListener(type, checkFiles, true);
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.latent = {
  page,
  hasEnded,
  hasNoSketch,
  askAgain,
  showSettings,
  saveFigure,
  chooseDataset,
  listModels,
  fillForm,
  showMoviePanel,
  askMovie,
  isFilmed,
  notice: (/** @type {{ sentences: string[] } | null} */ reply) => {
    if (reply) notice(reply.sentences);
  },
};
window.latent = { requests, theme };
persistForDash();
bindMedium(drawFigures);
bindArticle();
bindMenus();
bindPaperExport();
bindSettings();
bindGlossary();
bindLanguages();
bindModels();
new window.DashRenderer();
