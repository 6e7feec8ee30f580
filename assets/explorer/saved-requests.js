/**
 * `#requests` of a file that was saved (saved_page.py): the explorer's questions are answered from the file, which asks
 * no server. It holds one digit's runs at every p; what it has no answer to is refused with a sentence that says so.
 *
 *   question --> answerTo(): JSON that stands in the file, compressed --> as the server's answer
 *                                                                   `--> none: what the file holds, as a notice
 */
import { bytes } from "#decode";
import { $, notice } from "#notices";
import { saved } from "#state";

/** @typedef {{ sentence: string, free: string[], begin: import("./types").BeginPayload }} Saved */
/** @typedef {{ settled: object, sweep: Record<string, object>, runs: { noises: number[] }[], frames: { noise: number }[] }} Answers */
/** @typedef {{ look?: string, noises?: number[] }} Asked */

/** As in requests.js; nothing is waited for here. */
export const requests = { patience: 0 };

/** @type {Promise<Answers> | null} */
let answers = null;

/**
 * JSON that was compressed with gzip, in base64.
 * @param {string} text
 * @returns {Promise<any>}
 */
export function unpacked(text) {
  const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

/** @param {number} p */
const place = (p) => Math.round(p * 1e4);

/** @type {Record<string, (file: Answers, asked: Asked) => object | null | undefined>} */
const ANSWERS = {
  settled: (file) => file.settled,
  sweep: (file, { look = "" }) => file.sweep[look],
  run: filmOf,
  runfilm: filmOf,
  ensemble: framesOf,
  film: framesOf,
};

/** The film that has all p of a question. @param {Answers} file @param {Asked} asked */
function filmOf({ runs }, { noises = [] }) {
  return runs.find((film) => noises.every((p) => film.noises.some((other) => place(other) === place(p))));
}

/** @param {Answers} file @param {Asked} asked */
function framesOf({ frames }, { noises = [] }) {
  const present = frames.filter((frame) => noises.some((p) => place(p) === place(frame.noise)));
  return present.length === noises.length ? { frames: present } : null;
}

/**
 * What the file has as the answer to a question; null where it has none.
 * @param {Answers} file
 * @param {string} route
 * @param {Asked} asked
 */
export function answerTo(file, route, asked) {
  return ANSWERS[route]?.(file, asked) || null;
}

/** What stands in the HTML. @returns {Saved} */
const inPage = () => JSON.parse($("#saved").textContent || "");

/**
 * The answer to a question, as the server gives it.
 * @param {string} _
 * @param {RequestInit} options
 */
export async function persist(_, options) {
  const { outputs, inputs } = JSON.parse(String(options.body));
  answers ||= unpacked($("#answers").textContent || "");
  const data = answerTo(await answers, outputs.id, inputs[0].value);
  const refusal = { sideUpdate: { notice: { data: { sentences: [inPage().sentence] } } } };
  return new Response(JSON.stringify(data ? { response: { [outputs.id]: { data } } } : refusal));
}

/** No answer of a file carries a sentence of its own. */
export const sentenceOf = async () => "";

/** There is no server. */
export const serverPath = () => "./";

/** Start the explorer, which Dash does on a page of the server. */
export async function startDash() {
  const { sentence, free, begin } = inPage();
  Object.assign(saved, { free, refuse: () => notice([sentence]) });
  $("#unanswered").textContent = "";
  /** @type {(given: unknown) => void} */ (window.dash_clientside.latent.begin)(begin);
}
