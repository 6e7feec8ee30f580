/* Requests to the server: what is lost is asked again, with a growing delay, for as long as its answer is wanted.
 *
 *   fetch --> answered --------------------------------------------> Dash
 *     ^  |--> lost: no answer, half an answer, 5xx --.
 *     |  |--> late: none for a minute ---------------+--> pause: 0.5, 1, 2 ... 15 s, or what Retry-After says --.
 *     |  `--> busy: 503 or 429, with a sentence -----'                                                          |
 *     `---------------------------------------------------------------------------------------------------------'
 *   a newer question for the same output --> nobody wants the older answer: Dash is given an empty one
 *
 * Dash itself never asks again, and waits for ever for half an answer. To it an answer that was asked for three times
 * is a slow one: what the page shows meanwhile stays.
 */
window.latent = window.latent || {};

(function (latent) {
  "use strict";

  const FIRST = 500, LONGEST = 15_000; // ms between two attempts, without what chance adds: a class does not ask as one
  const SILENT = "The server does not answer.";
  const requests = { patience: 60_000 }; // ms that an answer may take; twice as long at every further attempt
  latent.requests = requests;

  const send = window.fetch;
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const newest = new Map(); // the newest question for every output
  let unanswered = null;

  /* What a request is for: `again` if asking twice does no harm, `isWanted` until a newer one is sent. */
  function read(url, options) {
    if (/_dash-(layout|dependencies)$/.test(url)) return { again: true, isWanted: () => true };
    if (!url.includes("_dash-update-component") || typeof options?.body !== "string") return null;
    const head = options.body.slice(0, 2000); // an uploaded file comes behind it
    const [, output] = /^\{"output":"((?:[^"\\]|\\.)*)"/.exec(head) || [];
    const token = {};
    newest.set(output, token);
    const byClock = /"changedPropIds":\["\w+\.n_intervals"\]/.test(head);
    return { byClock, again: /"inputs":\[\{"id":"(ask-\w+|asked)"/.test(head), isWanted: () => newest.get(output) === token };
  }

  /* One attempt: the answer with all of its body, or null. */
  async function attempt(what, patience) {
    const late = new AbortController(), timer = setTimeout(() => late.abort(), patience);
    try {
      const reply = await send(what[0], { ...what[1], signal: late.signal });
      const body = await reply.blob();
      return new Response(reply.status === 204 || reply.status === 304 ? null : body, reply);
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  const isBusy = (reply) => reply !== null && (reply.status === 503 || reply.status === 429);
  const isLost = (reply) => reply === null || reply.status >= 500;

  /* How long to wait before the next attempt. */
  function pause(reply, count) {
    const asked = reply ? 1000 * Number(reply.headers.get("Retry-After")) : 0;
    return (asked > 0 ? asked : Math.min(FIRST * 2 ** count, LONGEST)) * (1 + Math.random() / 2);
  }

  const sentenceOf = (reply) => (/text\/plain/.test(reply.headers.get("Content-Type")) ? reply.text() : "");

  /* Say why there is no answer; the next answer takes it away. Before there is a page, the HTML has a place for it. */
  function say(sentence, byClock) {
    if (byClock && unanswered) return; // said already, or dismissed: a clock brings nothing back
    const early = document.getElementById("unanswered");
    if (unanswered) unanswered.remove();
    if (document.getElementById("notices")) unanswered = latent.notice([sentence]);
    early.textContent = unanswered ? "" : sentence;
  }

  function answered() {
    if (unanswered) unanswered.remove();
    unanswered = null;
    document.getElementById("unanswered").textContent = "";
  }

  /* What the server refuses as a whole, before any callback reads it, is said as its callbacks' refusals are. */
  async function refused(reply) {
    if (reply.status < 400 || !document.getElementById("notices")) return;
    const sentence = (await sentenceOf(reply.clone())) || `The server refused this (${reply.status}). Reload the page.`;
    latent.notice([sentence.slice(0, 300)]);
    latent.panels.waiting(false);
  }

  window.fetch = async function (...what) {
    const question = read(String(what[0].url || what[0]), what[1]);
    if (!question) return send.apply(window, what);
    for (let count = 0; ; count++) {
      const reply = await attempt(what, requests.patience * 2 ** count);
      if (!isLost(reply) && !isBusy(reply)) { answered(); await refused(reply); return reply; }
      const busy = isBusy(reply) ? (await sentenceOf(reply)).slice(0, 300) : "";
      if (!question.again && !isBusy(reply)) { // it may have done something: whoever asked decides
        say(SILENT, question.byClock);
        if (reply) return reply;
        throw new TypeError(SILENT);
      }
      if (question.isWanted() && (count || busy)) say(busy || `${SILENT} This page asks again until it does.`);
      await sleep(pause(reply, count));
      if (!question.isWanted()) return new Response(null, { status: 204 });
    }
  };
})(window.latent);
