/**
 * A lesson as the text of a link, as dashboard/lesson.py reads and writes it: JSON, raw deflate, base64url. What a link
 * holds may come from anybody: it is checked as there, and never inflated beyond what a lesson can have.
 */
import { _, joined } from "#words";

/** @typedef {import("./types").Lesson} Lesson */
/** @typedef {import("./types").LessonFrame} LessonFrame */

export const MOST = { packed: 8000, bytes: 60000, screen: 2000, caption: 300, title: 80, frames: 20, seconds: 600 };
const NO_SCREEN = ["tour", "show", "lesson", "frame", "a"];
const REMEDY = _("Ask whoever sent it for the link once more.");
const DAMAGED = joined(_("The lesson in this link cannot be read: it is damaged."), REMEDY);
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/** A refusal: a sentence with a remedy. */
export class LessonError extends Error {}

/** @param {boolean} holds @param {string} sentence */
function require(holds, sentence) {
  if (!holds) throw new LessonError(sentence);
}

/** Characters, as Python counts them. @param {string} text */
const count = (text) => [...text].length;

/**
 * Text of one line, as what is typed or pasted may become.
 * @param {string} text
 * @param {number} most
 */
export function oneLine(text, most) {
  const line = text.replace(/\s+/g, " ").replace(new RegExp(UNPRINTABLE, "gu"), "");
  return [...line].slice(0, most).join("");
}

/** @param {unknown} value @param {number} most */
const isLine = (value, most) => typeof value === "string" && count(value) <= most && !UNPRINTABLE.test(value);

/** @param {unknown} value @param {string[]} names @returns {value is Record<string, unknown>} */
const hasOnly = (value, names) =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.keys(value).every((name) => names.includes(name));

/** @param {unknown} value @returns {LessonFrame} */
function checkedFrame(value) {
  if (!hasOnly(value, ["screen", "caption", "ask"])) throw new LessonError(DAMAGED);
  const { screen, caption = "", ask = "" } = value;
  require(isLine(screen, MOST.screen), joined(_("A screen of this lesson cannot be read."), REMEDY));
  const names = [...new URLSearchParams(String(screen)).keys()];
  const isAlone = !NO_SCREEN.some((name) => names.includes(name));
  require(isAlone, joined(_("A screen of this lesson holds more than a screen."), REMEDY));
  require(isLine(caption, MOST.caption), _("A caption may have {most} characters, in one line. Shorten it.", {
    most: MOST.caption,
  }));
  require(["", "stage", "label"].includes(String(ask)), joined(
    _("A question of this lesson is not known here."),
    REMEDY,
  ));
  return /** @type {LessonFrame} */ ({ screen, caption, ask });
}

/**
 * What may be a lesson, checked.
 * @param {unknown} value
 * @returns {Lesson}
 */
export function checked(value) {
  if (!hasOnly(value, ["title", "frames", "hidden", "seconds"])) throw new LessonError(DAMAGED);
  const { title, frames, hidden = [], seconds = 0 } = value;
  require(isLine(title, MOST.title), _("The title of a lesson may have {most} characters, in one line. Shorten it.", {
    most: MOST.title,
  }));
  if (!Array.isArray(frames) || !Array.isArray(hidden)) throw new LessonError(DAMAGED);
  require(frames.length > 0, _("A lesson needs a screen: add one."));
  require(frames.length <= MOST.frames, _("A lesson has {most} screens at most. Make two lessons of it.", {
    most: MOST.frames,
  }));
  require(hidden.length <= 50 && hidden.every((name) => isLine(name, 40)), DAMAGED);
  const isTime = Number.isInteger(seconds) && Number(seconds) >= 0 && Number(seconds) <= MOST.seconds;
  require(isTime, _("A screen can stay 0 to {most} seconds.", { most: MOST.seconds }));
  return { title: String(title), frames: frames.map(checkedFrame), hidden, seconds: Number(seconds) };
}

/** @param {Uint8Array<ArrayBuffer>} content @param {CompressionStream | DecompressionStream} through */
async function piped(content, through) {
  const reader = new Blob([content]).stream().pipeThrough(through).getReader();
  const parts = [];
  for (let size = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    size += value.length;
    if (size > MOST.bytes) {
      reader.cancel().catch(() => {});
      throw new LessonError(
        joined(_("The lesson in this link has more than {most} bytes.", { most: MOST.bytes }), REMEDY),
      );
    }
    parts.push(value);
  }
}

/**
 * A lesson as text; refused where that is too long for a link.
 * @param {Lesson} lesson
 */
export async function pack(lesson) {
  const { title, frames, hidden, seconds } = checked(lesson);
  const content = new TextEncoder().encode(JSON.stringify({ title, frames, hidden, seconds }));
  const deflated = content.length > MOST.bytes ? content : await piped(content, new CompressionStream("deflate-raw"));
  const text = btoa(Array.from(deflated, (byte) => String.fromCharCode(byte)).join(""));
  const packed = text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  require(packed.length <= MOST.packed, _(
    "The lesson is too long for a link: {n} characters of at most {most}. Leave out screens, above all those with drawn images, or shorten captions.",
    { n: packed.length, most: MOST.packed },
  ));
  return packed;
}

/**
 * The inverse, of what anybody may have written into a link.
 * @param {string} text
 */
export async function unpack(text) {
  require(text.length <= MOST.packed && /^[\w-]+$/.test(text), DAMAGED);
  /** @type {unknown} */
  let value;
  try {
    const inflated = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const content = Uint8Array.from(inflated, (letter) => letter.charCodeAt(0));
    const json = await piped(content, new DecompressionStream("deflate-raw"));
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json));
  } catch (error) {
    throw error instanceof LessonError ? error : new LessonError(DAMAGED);
  }
  return checked(value);
}
