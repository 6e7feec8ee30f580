/**
 * A lesson that somebody leads live (live_lessons.py): how a learner follows it.
 *
 *   ?join=CODE, a code --> the lesson, opened --> once a second: frame, held, revealed --> visitFrame(), setHeld()
 *   an answer --> sent until it has arrived
 *   404 --> the lesson is over: it goes on without its presenter
 *
 * A learner is a random word that the tab draws, so that a reload is the same learner; nothing else is known of it.
 */
import { currentFrame, lesson, listenLesson, openLesson, setHeld, visitFrame } from "#lesson";
import { unpack } from "#lesson-link";
import { ask, canonical, poll, posting } from "#live-server";
import { $, notice, write } from "#notices";
import { refresh } from "#questions";
import { link, saved, screen, writeAddress } from "#state";
import { _ } from "#words";

/** @typedef {{ frame: number, held: boolean, revealed: boolean, version: number }} LiveState */

const CLIENT = "live-client"; // what the tab remembers
const HELD = _("The presenter holds all screens.");
const OVER = _("This lesson is over: it was ended, or the server was restarted. Go on by yourself, or leave it.");
const root = document.documentElement;

/** The lesson that this tab takes part in. */
const learner = { code: "", packed: "", version: -1, stop: () => {} };

/** The name of this tab, once it takes part. */
let name = "";

/** A random word, the same after a reload. */
function client() {
  const letters = Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => String.fromCharCode(byte)).join("");
  const drawn = btoa(letters).replaceAll("+", "-").replaceAll("/", "_");
  try {
    const known = sessionStorage.getItem(CLIENT) || drawn;
    sessionStorage.setItem(CLIENT, known);
    return known;
  } catch {
    return drawn; // a reload is then another learner
  }
}

/**
 * Fetch a lesson and open it as it is now.
 * @param {string} code
 * @returns {Promise<{ state: LiveState, packed: string } | string>} A sentence where that cannot be.
 */
export async function open(code) {
  const answer = await ask(`/${encodeURIComponent(code)}`);
  if (!answer || answer.sentence) return answer?.sentence || "";
  const { lesson: packed, ...state } = answer.value;
  try {
    const data = await unpack(packed);
    openLesson({ ...data, seconds: 0 }, { frame: state.frame, address: { join: code } });
    return { state, packed };
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}

/**
 * Join a lesson.
 * @param {string} given As it was typed.
 * @returns {Promise<string>} Why it cannot be joined; empty where it is.
 */
export async function join(given) {
  const code = canonical(given);
  if (!code) return _("Type the code that the presenter shows: six letters and digits.");
  const opened = await open(code);
  if (typeof opened === "string") return opened;
  learner.stop();
  Object.assign(learner, { code, packed: opened.packed, version: -1 });
  name ||= client();
  root.dataset.live = "free";
  follow(opened.state);
  learner.stop = poll(askState);
  return "";
}

/** Ask what is shown now. */
async function askState() {
  const { code } = learner;
  const isWanted = () => learner.code === code;
  const answer = await ask(`/${code}/state?client=${name}`, {}, isWanted);
  if (!answer) return;
  if (!answer.sentence) follow(answer.value);
  else finish(answer.status === 404 ? OVER : answer.sentence); // it may be full
}

/** Show what the presenter shows, where that has changed. @param {LiveState} state */
function follow({ frame, held, revealed, version }) {
  if (version === learner.version) return;
  learner.version = version;
  root.dataset.live = held ? "held" : "free";
  const sentence = held ? HELD : "";
  if (held && frame !== currentFrame()) {
    setHeld({ held, revealed: false, sentence }); // what is revealed is the new frame, not the one before
    visitFrame(frame);
  }
  setHeld({ held, revealed, sentence });
}

/** Nobody leads any more: the lesson stays on the screen, and its link in the address. @param {string} why */
function finish(why) {
  const { packed } = learner;
  forget();
  setHeld({ held: false, revealed: false, sentence: "" });
  link.instead = { lesson: packed, frame: String(currentFrame() + 1) };
  writeAddress();
  notice([why]);
}

function forget() {
  learner.stop();
  Object.assign(learner, { code: "", packed: "", version: -1, stop: () => {} });
  delete root.dataset.live;
}

/** Send an answer. @param {number} frame @param {string} answer */
async function send(frame, answer) {
  const { code } = learner;
  const body = { client: name, frame, answer: numbered(frame, answer) };
  const reply = await ask(`/${code}/answers`, posting(body), () => learner.code === code);
  if (reply?.sentence && reply.status !== 404) notice([reply.sentence]);
}

/** A label goes by its number: its name may be that of a garment. @param {number} frame @param {string} answer */
const numbered = (frame, answer) =>
  lesson.data?.frames[frame].ask === "label" ? String(screen.facts?.labels.indexOf(answer)) : answer;

// ---- the page

/** The field of the dialog. */
function bindField() {
  const field = document.createElement("input");
  const more = { type: "text", id: "live-join-code", maxLength: 12, size: 8, autocomplete: "off", spellcheck: false };
  Object.assign(field, more);
  field.autocapitalize = "characters";
  $("#live-join-place").append(field);
  const go = async () => {
    write("#live-join-state", "");
    const why = await join(field.value);
    write("#live-join-state", why);
    if (why) {
      field.focus();
      return;
    }
    field.value = "";
    /** @type {HTMLDialogElement} */ ($("#lesson-editor")).close();
    $("#lesson-title").focus({ preventScroll: true });
  };
  $("#live-join").addEventListener("click", go);
  field.addEventListener("keydown", (event) => event.key === "Enter" && go());
}

/**
 * Take part in the lesson of the address; the ordinary first screen, and a sentence, where there is none.
 * @param {(code: string) => Promise<string>} enter
 */
async function openAddress(enter) {
  const given = new URLSearchParams(location.search);
  const code = given.get("join");
  if (code === null) return;
  link.isReady = false;
  const why = await enter(canonical(code));
  if (why) {
    given.delete("join");
    link.query = given.toString();
    notice([why]);
  }
  link.isReady = true;
  refresh();
}

/**
 * Connect the page with the lessons of this server.
 * @param {(code: string) => Promise<string | null>} lead Goes on presenting a lesson; null where this tab leads none.
 */
export function bindLive(lead) {
  if (saved.free || !document.getElementById("live")) return; // a saved file has no server
  bindField();
  listenLesson(({ kind, frame, answer }) => {
    if (kind === "frame" && root.dataset.live && link.instead) delete link.instead.frame; // the presenter's is shown
    if (!learner.code) return;
    if (kind === "answer" && answer !== undefined) send(frame, answer);
    if (kind === "leave") forget();
  });
  openAddress(async (code) => (await lead(code)) ?? join(code));
}
