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
import { _ } from "#words";

const FIRST = 500;
const LONGEST = 15_000; // ms between two attempts, without what chance adds: a class does not ask as one
const SILENT = _("The server does not answer.");

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

const fetchNow = window.fetch.bind(window); // as it was before dash-requests.js

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
    if (count || busy) say(busy || _("The server does not answer. This page asks again until it does."));
    await sleep(pause(reply, count));
    if (!question.isWanted()) return null;
  }
}

/** Where the server's addresses begin. */
export function serverPath() {
  const config = document.getElementById("_dash-config")?.textContent;
  return config ? JSON.parse(config).requests_pathname_prefix : "/";
}

/**
 * Start Dash on the explorer, once its layout and its list of callbacks have arrived: it asks for both a moment later,
 * never twice, and gets them from the browser's cache (shell.py).
 */
export async function startDash() {
  /** @type {RequestInit} */
  const options = { cache: "reload" }; // what an earlier visit left may be of another visitor
  const wanted = ["layout", "dependencies"].map((name) => `${serverPath()}_dash-${name}`);
  await Promise.all(wanted.map((url) => persist(url, options, { again: true, isWanted: () => true })));
  new window.DashRenderer();
}
