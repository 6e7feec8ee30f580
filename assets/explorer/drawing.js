/**
 * The dialog with the pad: a digit of one's own, drawn, chosen as a file, photographed or pasted; or parts of the
 * highlighted image that are covered. What is drawn is read by the server; what comes of it is shown before it is used.
 */
import { paintTile } from "#filmstrip";
import { $, $$, button, write } from "#notices";
import { packedMask, unpackedImage } from "#packing";
import { Pad, paintedPixels } from "#pad";
import { bindArrows, showChoice } from "#radio";
import { persist, sentenceOf, serverPath } from "#requests";
import { shownRun } from "#shown";
import { screen, set } from "#state";
import { _ } from "#words";

/** @typedef {import("./types").OwnImagePayload} OwnImagePayload */

const LARGEST = 10e6; // bytes of a file: the server takes no larger one
const INK = "#000";
const COVER = "#c2410c";
const REST = 150; // ms after a stroke

/** @type {{ mode: string, proposal: OwnImagePayload | null, label: number, asking: AbortController | null }} */
const drawing = { mode: "own", proposal: null, label: 0, asking: null };
/** @type {Pad} */
let pad;
let waiting = 0;

/** Height and width of the model's images. */
const shape = () => screen.facts?.space.shape || [28, 28];

/** @param {string} id @returns {HTMLCanvasElement} */
const canvasOf = (id) => /** @type {HTMLCanvasElement} */ ($(id));

/** Send what is on the pad, on white paper, a moment after the last stroke. */
function changed() {
  clearTimeout(waiting);
  drawing.asking?.abort();
  if (drawing.mode === "own") propose(null);
  showUse();
  if (drawing.mode === "own" && !pad.isEmpty) waiting = window.setTimeout(readPad, REST);
}

async function readPad() {
  const picture = document.createElement("canvas");
  Object.assign(picture, { width: pad.canvas.width, height: pad.canvas.height });
  const c = /** @type {CanvasRenderingContext2D} */ (picture.getContext("2d"));
  c.fillStyle = "#fff";
  c.fillRect(0, 0, picture.width, picture.height);
  c.drawImage(pad.canvas, 0, 0);
  const blob = await new Promise((resolve) => picture.toBlob(resolve, "image/png"));
  if (blob) read(blob);
}

/** Let the server make an image of a picture; the newest counts. @param {Blob} picture */
async function read(picture) {
  drawing.asking?.abort();
  const mine = new AbortController();
  drawing.asking = mine;
  write("#pad-state", "");
  if (picture.size > LARGEST) {
    refuse(_("This file is larger than {most} MB. Choose a smaller picture.", { most: LARGEST / 1e6 }));
    return;
  }
  const isWanted = () => !mine.signal.aborted;
  const address = `${serverPath()}own-image/${screen.state.dataset}`;
  const options = { method: "POST", body: picture, signal: mine.signal };
  const reply = await persist(address, options, { again: true, isWanted });
  if (!isWanted()) return;
  const answer = reply?.ok ? await reply.json().catch(() => null) : null;
  if (!isWanted()) return;
  if (answer) propose(answer);
  else refuse((reply && (await sentenceOf(reply))) || _("The server refused this picture. Choose another one."));
}

/** @param {string} sentence */
function refuse(sentence) {
  propose(null);
  write("#pad-state", sentence);
}

/** A file replaces what is drawn. @param {File | undefined} file */
function take(file) {
  if (!file) return;
  choose("#pad-mode", "own");
  pad.strokes = [];
  pad.paint();
  clearTimeout(waiting);
  read(file);
}

/** Show what a run would start from, and the labels, the classifier's choice first. @param {OwnImagePayload | null} proposal */
function propose(proposal) {
  drawing.proposal = proposal;
  const [height, width] = shape();
  if (proposal) drawing.label = proposal.label;
  const greys = proposal ? unpackedImage(proposal.own, height * width) : new Uint8Array(height * width);
  paintTile(canvasOf("#pad-preview"), greys, 0, [height, width]);
  showLabels();
  showUse();
}

function showLabels() {
  const probabilities = drawing.proposal?.label_probabilities;
  const buttons = (screen.facts?.labels || []).map((name, i) => {
    const one = button(name, () => pickLabel(i), { className: "", disabled: !probabilities });
    one.setAttribute("role", "radio");
    if (probabilities) one.setAttribute("aria-label", `${name}, ${Math.round(100 * probabilities[i])} %`);
    one.style.setProperty("--share", String(probabilities?.[i] || 0));
    return one;
  });
  showChoice(buttons, (one) => Boolean(probabilities) && buttons.indexOf(/** @type {any} */ (one)) === drawing.label);
  $("#pad-labels").replaceChildren(...buttons);
}

/** @param {number} label */
function pickLabel(label) {
  drawing.label = label;
  showLabels();
  $$("#pad-labels button")[label].focus();
}

function showUse() {
  const isReady = drawing.mode === "own" ? drawing.proposal !== null : !pad.isEmpty;
  /** @type {HTMLButtonElement} */ ($("#pad-use")).disabled = !isReady;
}

function use() {
  if (drawing.mode === "own" && drawing.proposal) {
    screen.state.covered = "";
    set("own", drawing.proposal.own);
    set("label", drawing.label);
  } else if (drawing.mode === "cover") {
    const { width, height } = pad.canvas;
    const { data } = pad.context.getImageData(0, 0, width, height);
    set("covered", packedMask(paintedPixels(data, width, shape())));
  }
  close();
}

function close() {
  drawing.asking?.abort();
  clearTimeout(waiting);
  /** @type {HTMLDialogElement} */ ($("#drawing")).close();
}

/** The image that is covered lies under the pad; nothing lies under a digit that is drawn. @param {string} mode */
function enter(mode) {
  drawing.mode = mode;
  const isCover = mode === "cover";
  const run = shownRun();
  const under = canvasOf("#pad-under");
  pad.colour = isCover ? COVER : INK;
  pad.clear();
  write("#pad-state", "");
  under.hidden = !isCover;
  if (isCover && run) paintTile(under, run.from.clean, 0, run.from.shape);
  write("#pad-title", isCover ? _("Cover parts of the highlighted image") : _("Start from an image of your own"));
  $("#pad-proposal").hidden = isCover;
  $("#pad-files").hidden = isCover;
}

/** Press one of a few. @param {string} group @param {string} value */
function choose(group, value) {
  showChoice($$("[role=radio]", $(group)), (one) => one.dataset.value === value);
  if (group === "#pad-mode" && drawing.mode !== value) enter(value);
  if (group === "#pad-tool") pad.erases = value === "eraser";
  if (group === "#pad-size") pad.width = Number(value);
}

/** A group of radio buttons: pressed, or gone through with the arrow keys. @param {string} id */
function bindChoices(id) {
  const group = $(id);
  bindArrows(group);
  group.addEventListener("click", ({ target }) => {
    const one = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest("[data-value]"));
    if (one) choose(id, one.dataset.value || "");
  });
}

/** What opens the browser's own choice of a file, or on a telephone its camera. @param {string} words @param {string} capture */
function fileButton(words, capture) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "file", accept: "image/*" });
  if (capture) input.setAttribute("capture", capture);
  input.addEventListener("change", () => {
    take(input.files?.[0]);
    input.value = ""; // the same file can be chosen again
  });
  label.className = "quiet file";
  label.append(words, input);
  return label;
}

/** Bind the dialog. */
export function bindDrawing() {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("drawing"));
  if (!dialog) return; // a saved file has none
  pad = new Pad(canvasOf("#pad"), changed);
  $("#pad-files").append(fileButton(_("Choose a picture"), ""), fileButton(_("Photograph"), "environment"));
  for (const id of ["#pad-mode", "#pad-tool", "#pad-size", "#pad-labels"]) bindChoices(id);
  for (const id of ["#pad-mode", "#pad-tool", "#pad-size"]) {
    choose(id, $('[aria-checked="true"]', $(id)).dataset.value || "");
  }
  $("#pad-undo").addEventListener("click", () => pad.undo());
  $("#pad-clear").addEventListener("click", () => pad.clear());
  $("#pad-cancel").addEventListener("click", close);
  $("#pad-use").addEventListener("click", use);
  $("#open-drawing").addEventListener("click", () => {
    if (!screen.facts) return;
    enter(drawing.mode);
    dialog.showModal();
  });
  document.addEventListener("paste", (event) => dialog.open && take(event.clipboardData?.files[0]));
  dialog.addEventListener("dragover", (event) => event.preventDefault());
  dialog.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer?.files[0]);
  });
}
