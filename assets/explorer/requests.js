/**
 * Requests to the server: what is lost is asked again, with a growing delay, for as long as its answer is wanted.
 *
 *   persist --> answered ------------------------------------------> whoever asked
 *     ^  |--> lost: no answer, half an answer, 5xx --.
 *     |  |--> late: none for a minute ---------------+--> pause: 0.5, 1, 2 ... 15 s, or what Retry-After says --.
 *     |  `--> busy: 503 or 429, with a sentence -----'                                                          |
 *     `---------------------------------------------------------------------------------------------------------'
 *   wanted no more --> null
 */
import { notice } from "#notices";

const FIRST = 500;
const LONGEST = 15_000; // ms between two attempts, without what chance adds: a class does not ask as one
const SILENT = "The server does not answer.";

/** ms that an answer may take; twice as long at every further attempt. */
export const requests = { patience: 60_000 };

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** @type {HTMLElement | null} */
let unanswered = null;

/**
 * One attempt: the answer with all of its body, or null.
 * @param {string} url
 * @param {RequestInit} options
 * @param {number} patience
 */
async function attempt(url, options, patience) {
  const signal = AbortSignal.any([AbortSignal.timeout(patience), ...(options.signal ? [options.signal] : [])]);
  try {
    const reply = await fetchNow(url, { ...options, signal });
    const body = await reply.blob();
    return new Response(reply.status === 204 || reply.status === 304 ? null : body, reply);
  } catch {
    return null;
  }
}

let fetchNow = window.fetch.bind(window);

/** @param {Response | null} reply */
const isBusy = (reply) => reply !== null && (reply.status === 503 || reply.status === 429);
/** @param {Response | null} reply */
const isLost = (reply) => reply === null || reply.status >= 500;

/** How long to wait before the next attempt, ms. @param {Response | null} reply @param {number} count */
function pause(reply, count) {
  const asked = reply ? 1000 * Number(reply.headers.get("Retry-After")) : 0;
  return (asked > 0 ? asked : Math.min(FIRST * 2 ** count, LONGEST)) * (1 + Math.random() / 2);
}

/** The sentence that a refusal carries; empty where it has none. @param {Response} reply */
export async function sentenceOf(reply) {
  const isText = /text\/plain/.test(reply.headers.get("Content-Type") || "");
  return isText ? (await reply.clone().text()).slice(0, 300) : "";
}

/**
 * Say why there is no answer; the next answer takes it away. Before there is a page, the HTML has a place for it.
 * @param {string} sentence
 * @param {boolean} [byClock]
 */
function say(sentence, byClock) {
  if (byClock && unanswered) return; // said already, or dismissed: a clock brings nothing back
  const early = /** @type {HTMLElement} */ (document.getElementById("unanswered"));
  unanswered?.remove();
  if (document.getElementById("notices")) unanswered = notice([sentence]);
  early.textContent = unanswered ? "" : sentence;
}

function answered() {
  unanswered?.remove();
  unanswered = null;
  /** @type {HTMLElement} */ (document.getElementById("unanswered")).textContent = "";
}

/**
 * Ask until there is an answer, or nobody wants it any more.
 * @param {string} url
 * @param {RequestInit} options
 * @param {{ again: boolean, byClock?: boolean, isWanted: () => boolean }} question `again` if asking twice does no harm.
 * @returns {Promise<Response | null>} An answer below 500, or what a question that must not be asked again was given.
 */
export async function persist(url, options, question) {
  for (let count = 0; ; count++) {
    const reply = await attempt(url, options, requests.patience * 2 ** count);
    if (reply && !isLost(reply) && !isBusy(reply)) {
      answered();
      return reply;
    }
    if (!question.isWanted()) return null;
    const busy = reply && isBusy(reply) ? await sentenceOf(reply) : "";
    if (!question.again && !isBusy(reply)) {
      say(SILENT, question.byClock); // it may have done something: whoever asked decides
      return reply;
    }
    if (count || busy) say(busy || `${SILENT} This page asks again until it does.`);
    await sleep(pause(reply, count));
    if (!question.isWanted()) return null;
  }
}

/** The newest question that Dash itself asks for every output. @type {Map<string, object>} */
const newest = new Map();

/**
 * What a request of Dash's own is for; null where it is none that can be asked again.
 * @param {string} url
 * @param {RequestInit} [options]
 */
function read(url, options) {
  if (/_dash-(layout|dependencies)$/.test(url)) return { again: true, isWanted: () => true };
  if (!url.includes("_dash-update-component") || typeof options?.body !== "string") return null;
  const head = options.body.slice(0, 2000); // an uploaded file comes behind it
  const output = /^\{"output":"((?:[^"\\]|\\.)*)"/.exec(head)?.[1] || "";
  const token = {};
  newest.set(output, token);
  const byClock = /"changedPropIds":\["\w+\.n_intervals"\]/.test(head);
  return {
    byClock,
    again: /"inputs":\[\{"id":"(ask-\w+|asked)"/.test(head),
    isWanted: () => newest.get(output) === token,
  };
}

/** Let Dash's own requests persist too: it never asks again, and waits for ever for half an answer. */
export function persistForDash() {
  fetchNow = window.fetch.bind(window);
  window.fetch = async (input, options) => {
    const url = input instanceof Request ? input.url : String(input);
    const question = read(url, options);
    if (!question || !options) return fetchNow(input, options);
    const reply = await persist(url, options, question);
    if (reply === null) {
      if (question.isWanted()) throw new TypeError(SILENT);
      return new Response(null, { status: 204 }); // nobody wants it: Dash is given an empty answer
    }
    if (reply.status >= 400 && document.getElementById("notices")) {
      notice([(await sentenceOf(reply)) || `The server refused this (${reply.status}). Reload the page.`]);
    }
    return reply;
  };
}
