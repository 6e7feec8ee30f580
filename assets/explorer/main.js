/**
 * The explorer's start: what is bound to what. State changes ask what is missing and redraw; answers fill the films and
 * redraw; a frame draws all panels at most once.
 */
import { drawBadge } from "#badge";
import { bindCanvases } from "#canvas";
import { applyCompare, bindCompare, drawCompare } from "#compare";
import { copyFrom, mark } from "#copying";
import { curvesAxes, drawCurves } from "#curves";
import { bindDamage, drawDamage, showOwn } from "#damage";
import { quantised } from "#decode";
import { bindDrawing } from "#drawing";
import { bindEmbedded, drawEmbedded, watchHeights } from "#embedded";
import { bindExport } from "#export";
import { ensembles, glide, grid, runs, undamaged } from "#film";
import { bindStrip, drawStrip } from "#filmstrip";
import { bindFirstMinute, drawFirstMinute, greet } from "#first-minute";
import { alphabet } from "#frames";
import { bindGallery, showChosen } from "#gallery";
import { bindGlossary } from "#glossary";
import { fetchImages, offerTraining } from "#jobs";
import { drawLandmarkPlane, landmarkAxes } from "#landmark-plane";
import { bindLanguages, chosen } from "#languages";
import { bindLesson, drawLesson } from "#lesson";
import { bindLessonEditor } from "#lesson-editor";
import { bindPresenterLive } from "#live-presenter";
import { drawNearest, nearestAxes } from "#nearest";
import { $, $$, notice } from "#notices";
import { drawPlane, markers, planeAxes } from "#plane";
import { bindPlayer, player, setLength } from "#player";
import { bindPointer } from "#pointer";
import { applyPresenter, bindPresenter, followPreset } from "#presenter";
import { bindMedium } from "#printing";
import { asked, bindQuestions, followProgress, leaveOld, refresh } from "#questions";
import { requests, startDash } from "#requests";
import { addRoutes, latest } from "#routes";
import { bindShare } from "#share";
import { clockSteps, shown, shownEnsemble, shownRun } from "#shown";
import { bindStages, drawStages, stageAxes } from "#stages";
import { isSettled, listen, screen, set, writeAddress, writeAddressNow } from "#state";
import { applyTheme, onSystemTheme, readColours, theme } from "#theme";
import { bindThumbnails } from "#thumbnails";
import { drawTicks } from "#ticks";
import { bindTour, drawTour } from "#tour";
import { bindWidgets, range, show } from "#widgets";
import { _ } from "#words";

const PANELS = [
  drawLesson,
  drawStages,
  drawPlane,
  drawLandmarkPlane,
  drawNearest,
  drawCurves,
  drawStrip,
  drawTicks,
  drawBadge,
  drawFirstMinute,
  drawDamage,
  drawTour,
  drawCompare,
  drawEmbedded,
];

let pending = 0;

/** Draw in the next frame; a tab in the background gets none, and draws after a while. */
function redraw() {
  if (pending) return;
  pending = window.setTimeout(draw, 250);
  requestAnimationFrame(draw);
}

function draw(/** @type {number} */ at = performance.now()) {
  if (!pending) return;
  clearTimeout(pending);
  pending = 0;
  readColours();
  if (glide(at)) redraw();
  if (!window.Plotly) {
    // still loading
    setTimeout(redraw, 50);
    return;
  }
  const ensemble = shownEnsemble();
  if (ensemble) {
    planeAxes();
    landmarkAxes();
    nearestAxes(ensemble.from.steps);
    curvesAxes(`${ensembles.scope} ${screen.state.curves}`);
  }
  stageAxes();
  for (const panel of PANELS) panel();
  const isWaiting = !ensemble || ensemble.isStale || !shown.sweep;
  document.body.classList.toggle("waiting", isWaiting);
  document.body.classList.toggle("seen", Boolean(ensemble));
}

/** Paper is laid out without us: before it is, everything is drawn for its width and in its colours. @param {boolean} isPaper */
function layOut(isPaper) {
  document.body.classList.toggle("printing", isPaper);
  applyPresenter();
  applyCompare();
  redraw();
  if (isPaper) draw();
}

/** @param {keyof import("./types").State} name */
function fieldChanged(name) {
  latest.changed = name;
  if (name === "theme") applyTheme();
  if (name === "n_steps") setLength(clockSteps());
  if (name === "view") $(".panels").dataset.view = screen.state.view;
  if (name === "sample") showChosen();
  if (name === "presented") applyPresenter();
  if (name === "pinned" || name === "presented") applyCompare();
  if (name === "noise") followPreset();
  show(name);
  showOwn();
  writeAddress();
  refresh();
  redraw();
}

/** @param {HTMLElement} button */
async function copyLink(button) {
  screen.state.t = player.t; // while it plays too
  writeAddressNow();
  const field = document.createElement("input");
  Object.assign(field, { type: "text", readOnly: true, value: location.href, ariaLabel: _("Link") });
  if (await copyFrom(field, button)) return;
  notice([_("A browser copies for pages of HTTPS alone. The link is marked: copy it with the keyboard.")], field);
  mark(field);
}

function bindButtons() {
  const n = document.createElement("input");
  Object.assign(n, { type: "number", id: "train-n", min: 1, max: 512, value: 50 });
  $("#train-n-place").append(n);
  $("#train-ask").addEventListener("click", () =>
    offerTraining(screen.state.dataset, Math.min(Math.max(Number(n.value) || 1, 1), 512)),
  );
  $("#new-noise").addEventListener("click", () => set("seed", Math.floor(Math.random() * 1e6)));
  $("#fetch").addEventListener("click", fetchImages);
  for (const button of $$("#copy-link, #copy-presented")) button.addEventListener("click", () => copyLink(button));
  $("#toggle-theme").addEventListener("click", () => set("theme", theme() === "dark" ? "light" : "dark"));
  $("#open-sidebar").addEventListener("click", () => {
    $("#sidebar").classList.add("open");
    $("#sidebar button, #sidebar input").focus();
  });
  $("#close-sidebar").addEventListener("click", () => {
    $("#sidebar").classList.remove("open");
    $("#open-sidebar").focus();
  });
}

/** Begin, once the layout is there. @param {import("./types").BeginPayload} given */
function begin(given) {
  if (!$("#scrubber") || !$("#train-n-place")) {
    setTimeout(() => begin(given), 20);
    return;
  }
  screen.fields = given.fields;
  markers.kinds = given.markers;
  Object.assign(grid, { step: given.grid, chunk: given.chunk });
  alphabet.letters = given.alphabet;
  for (const field of given.fields) Object.assign(screen.state, { [field.name]: field.default });
  const look = new URLSearchParams(location.search).get("theme");
  if (look === "dark" || look === "light") screen.state.theme = look;
  screen.state.language = chosen();
  bindQuestions();
  bindWidgets();
  bindButtons();
  bindLanguages(writeAddressNow);
  bindShare();
  bindPlayer(redraw);
  bindStages();
  bindStrip();
  bindFirstMinute();
  bindGallery();
  bindDrawing();
  bindDamage();
  bindTour(given.tour);
  bindExport();
  bindThumbnails(redraw);
  bindCanvases(redraw);
  bindMedium(layOut);
  bindPresenter(redraw);
  bindCompare(given.beside, redraw);
  bindPointer("plane");
  bindPointer("landmark");
  addRoutes(redraw);
  bindLesson(redraw);
  bindLessonEditor();
  bindPresenterLive();
  listen(fieldChanged);
  followProgress(["ensemble", "sweep"], (reply) => document.body.style.setProperty("--progress", reply.fraction));
  onSystemTheme(() => {
    applyTheme();
    refresh();
    redraw();
  });
  for (const rests of ["pointerup", "change"]) {
    document.addEventListener(rests, () => leaveOld(["run", "ensemble"]));
  }
  const rooms = new ResizeObserver(redraw); // a longer sentence below a panel makes it lower in presenter mode
  for (const room of $$(".panels, .plot")) rooms.observe(room);
  watchHeights();
  for (const leaves of ["pagehide", "beforeunload"]) window.addEventListener(leaves, writeAddressNow);
  document.addEventListener("click", (event) => {
    if (/** @type {Element} */ (event.target).closest("a")) writeAddressNow(); // Back comes to what was left
  });
  applyTheme();
  refresh();
}

window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.latent = {
  begin,
  notice: (/** @type {{ sentences: string[] } | null} */ reply) => {
    if (reply) notice(reply.sentences);
  },
};
window.latent = {
  screen,
  player,
  asked,
  requests,
  theme,
  redraw,
  quantised,
  films: { runs, ensembles, undamaged },
  shown,
  shownRun,
  isSettled,
  range,
};
greet();
bindEmbedded();
bindGlossary();
startDash();
