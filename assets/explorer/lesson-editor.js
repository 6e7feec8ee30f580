/**
 * The dialog that lessons are made in. What was begun stays in the tab's own store; in a lesson, that lesson is edited.
 *
 *   the screen of now --> "Add this screen" --> frames with captions and questions --> the link, written anew at every change
 */
import { query } from "#address";
import { copyFrom } from "#copying";
import { currentFrame, lesson, openLesson } from "#lesson";
import { checked, MOST, oneLine, pack } from "#lesson-link";
import { $, $$, button, write } from "#notices";
import { player } from "#player";
import { showLink } from "#routes";
import { saved, screen } from "#state";
import { _, listed } from "#words";

/** @typedef {import("./types").Lesson} Lesson */
/** @typedef {import("./types").LessonFrame} LessonFrame */

const KEY = "lesson"; // what the tab remembers
const ASKS = { "": _("no question"), stage: _("Which stage?"), label: _("Which digit will it become?") };

/** @type {Lesson} */
let draft = empty();
let writing = 0;

/** @returns {Lesson} */
function empty() {
  return { title: "", frames: [], hidden: [], seconds: 0 };
}

/** What was begun in this tab. @returns {Lesson} */
function begun() {
  try {
    const draft = JSON.parse(sessionStorage.getItem(KEY) || "null");
    return draft ? { ...draft, frames: draft.frames.length ? checked(draft).frames : [] } : empty();
  } catch {
    return empty();
  }
}

/** The draft has changed: keep it, and write its link. */
function changed() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // it is then lost with the page
  }
  writeLink();
}

// ---- the link

const linkField = () => /** @type {HTMLInputElement} */ ($("#lesson-link"));

/** The newest change counts. */
async function writeLink() {
  const mine = ++writing;
  let [address, state] = ["", ""];
  try {
    const text = await pack(draft);
    address = new URL(`?lesson=${text}`, location.href).href;
    state = _("{n} characters. Whoever opens it begins with the first screen.", {
      n: address.length.toLocaleString("en"),
    });
  } catch (error) {
    state = /** @type {Error} */ (error).message;
  }
  if (mine !== writing) return;
  linkField().value = address;
  write("#lesson-link-state", state);
  for (const id of ["#lesson-copy", "#lesson-try"]) {
    /** @type {HTMLButtonElement} */ ($(id)).disabled = !address;
  }
}

// ---- frames

/** A link's query for the screen of now, which names its model; who looks chooses theme and language. */
function screenOfNow() {
  const { theme, language, tour, presented, pinned } = Object.fromEntries(
    screen.fields.map((field) => [field.name, field.default]),
  );
  const state = { ...screen.state, model: screen.model, t: player.t, theme, language, tour, presented, pinned };
  return query(screen.fields, state, false);
}

/** A screen in a few words. @param {string} words */
function described(words) {
  const given = new URLSearchParams(words);
  const value = (/** @type {string} */ name) => {
    const field = screen.fields.find((one) => one.name === name);
    return given.get(field?.key || name) ?? String(field?.default);
  };
  const data = $(`.widget[data-field="dataset"] [data-value="${CSS.escape(value("dataset"))}"]`)?.textContent;
  const image = value("own")
    ? [_("an image of one’s own")]
    : [_("‘{label}’", { label: value("label") }), _("image {n}", { n: value("sample") })];
  return listed([data || "", `N_z = ${value("n_latent")}`, ...image, `p = ${value("noise")}`]);
}

/** @param {number} i @param {number} by */
function move(i, by) {
  const [frame] = draft.frames.splice(i, 1);
  draft.frames.splice(i + by, 0, frame);
  drawFrames();
  focusOn(i + by, by < 0 ? "up" : "down");
}

/** After a press the list is made anew: the same button of the frame has the focus again. @param {number} i @param {string} act */
function focusOn(i, act) {
  const buttons = /** @type {HTMLButtonElement[]} */ ($$(`#lesson-frames li:nth-child(${i + 1}) button`));
  const one =
    buttons.find((each) => each.dataset.act === act && !each.disabled) || buttons.find((each) => !each.disabled);
  (one || $("#lesson-add")).focus();
}

/** @param {number} i */
function remove(i) {
  draft.frames.splice(i, 1);
  drawFrames();
  focusOn(Math.min(i, draft.frames.length - 1), "delete");
}

/** @param {number} i */
function take(i) {
  draft.frames[i].screen = screenOfNow();
  drawFrames();
  focusOn(i, "take");
}

/** Show a frame's screen behind the dialog, which makes way. @param {number} i */
function showFrame(i) {
  close();
  if (lesson.data) openLesson(structuredClone(draft), { frame: i });
  else showLink(draft.frames[i].screen);
}

/** @param {number} i @param {LessonFrame} frame */
function captionField(i, frame) {
  const input = document.createElement("input");
  Object.assign(input, { type: "text", maxLength: MOST.caption, value: frame.caption, placeholder: _("Caption") });
  input.setAttribute("aria-label", _("Caption of screen {n}", { n: i + 1 }));
  input.addEventListener("input", () => {
    frame.caption = oneLine(input.value, MOST.caption);
    changed();
  });
  return input;
}

/** @param {number} i @param {LessonFrame} frame */
function askField(i, frame) {
  const select = document.createElement("select");
  for (const [value, text] of Object.entries(ASKS)) select.append(new Option(text, value, false, value === frame.ask));
  select.setAttribute("aria-label", _("Question of screen {n}", { n: i + 1 }));
  select.addEventListener("change", () => {
    frame.ask = /** @type {LessonFrame["ask"]} */ (select.value);
    changed();
  });
  return select;
}

/** @param {number} i */
function actsOn(i) {
  const row = document.createElement("div");
  row.className = "acts-on";
  const last = draft.frames.length - 1;
  const n = i + 1;
  /** @type {[act: string, text: string, title: string, spoken: string, does: () => void, disabled: boolean][]} */
  const acts = [
    ["up", "↑", _("Move up"), _("Move up screen {n}", { n }), () => move(i, -1), i === 0],
    ["down", "↓", _("Move down"), _("Move down screen {n}", { n }), () => move(i, 1), i === last],
    ["show", _("Show it"), _("Show"), _("Show screen {n}", { n }), () => showFrame(i), false],
    [
      "take",
      _("Take this screen"),
      _("Take the screen of now for"),
      _("Take the screen of now for screen {n}", { n }),
      () => take(i),
      false,
    ],
    ["delete", "✕", _("Delete"), _("Delete screen {n}", { n }), () => remove(i), false],
  ];
  for (const [act, text, title, spoken, does, disabled] of acts) {
    const one = button(text, does, { className: "quiet", disabled, title });
    one.setAttribute("aria-label", spoken);
    one.dataset.act = act;
    row.append(one);
  }
  return row;
}

function drawFrames() {
  const rows = draft.frames.map((frame, i) => {
    const row = document.createElement("li");
    const words = document.createElement("span");
    words.textContent = `${i + 1}. ${described(frame.screen)}`;
    row.append(words, actsOn(i), captionField(i, frame), askField(i, frame));
    return row;
  });
  $("#lesson-frames").replaceChildren(...rows);
  const add = /** @type {HTMLButtonElement} */ ($("#lesson-add"));
  add.disabled = draft.frames.length >= MOST.frames;
  changed();
}

function add() {
  draft.frames.push({ screen: screenOfNow(), caption: "", ask: "" });
  drawFrames();
  $$("#lesson-frames li:last-child input")[0].focus();
}

// ---- the dialog

const dialog = () => /** @type {HTMLDialogElement} */ ($("#lesson-editor"));
const close = () => dialog().close();
/** @param {string} id */
const inputOf = (id) => /** @type {HTMLInputElement} */ ($(id));
const boxes = () => /** @type {HTMLInputElement[]} */ ($$("#lesson-hides input"));

function open() {
  if (!screen.facts) return;
  draft = lesson.data ? structuredClone(lesson.data) : begun();
  inputOf("#lesson-name").value = draft.title;
  inputOf("#lesson-seconds").value = String(draft.seconds);
  for (const box of boxes()) box.checked = draft.hidden.includes(box.value);
  drawFrames();
  dialog().showModal();
}

/** Take the lesson as its learners do. */
function tryIt() {
  const frame = Math.max(currentFrame(), 0);
  close();
  openLesson(structuredClone(draft), { frame: lesson.data ? frame : 0 });
  $("#lesson-title").focus({ preventScroll: true });
}

/** A field that Dash has no component for. @param {string} place @param {Partial<HTMLInputElement>} more */
function field(place, more) {
  const input = document.createElement("input");
  Object.assign(input, more);
  $(place).append(input);
  return input;
}

function bindFields() {
  const name = field("#lesson-name-place", { type: "text", id: "lesson-name", maxLength: MOST.title });
  name.addEventListener("input", () => {
    draft.title = oneLine(name.value, MOST.title);
    changed();
  });
  const seconds = field("#lesson-seconds-place", {
    type: "number",
    id: "lesson-seconds",
    min: "0",
    max: String(MOST.seconds),
  });
  seconds.addEventListener("input", () => {
    draft.seconds = Math.min(Math.max(Math.round(Number(seconds.value)) || 0, 0), MOST.seconds);
    changed();
  });
  field("#lesson-link-place", { type: "text", id: "lesson-link", readOnly: true });
  for (const label of $$("#lesson-hides label")) {
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", value: label.dataset.hides });
    box.addEventListener("change", () => {
      draft.hidden = boxes()
        .filter((one) => one.checked)
        .map((one) => one.value);
      changed();
    });
    label.prepend(box);
  }
}

/** Connect the dialog. */
export function bindLessonEditor() {
  if (saved.free || !document.getElementById("lesson-editor")) return; // a saved file has one screen
  bindFields();
  $("#open-lesson").addEventListener("click", open);
  $("#lesson-add").addEventListener("click", add);
  $("#lesson-copy").addEventListener("click", () => copyFrom(linkField(), $("#lesson-copy")));
  $("#lesson-try").addEventListener("click", tryIt);
  $("#lesson-done").addEventListener("click", close);
}
