/**
 * What Dash itself asks on the pages beside the explorer, as requests that persist.
 *
 * This is the one place where `window.fetch` is replaced. Dash never asks again, waits for ever for half an answer and
 * is silent about refusals. Its hooks do not help: `request_pre` and `request_post` see a question before it is sent and
 * an answer that has arrived, but no failure, and none of them can give an answer of its own; and Dash calls the global
 * function by its name. The explorer asks its questions itself (questions.js) and needs none of this.
 */
import { notice } from "#notices";
import { persist, sentenceOf } from "#requests";
import { _ } from "#words";

/** The newest question for every output. @type {Map<string, object>} */
const newest = new Map();

/**
 * What a request of Dash's is for; null where it is a file's.
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
  return {
    byClock: /"changedPropIds":\["\w+\.n_intervals"\]/.test(head),
    again: /"inputs":\[\{"id":"asked"|"changedPropIds":\["url\./.test(head),
    isWanted: () => newest.get(output) === token,
  };
}

/** Let the requests of Dash's callbacks persist. */
export function persistForDash() {
  const send = window.fetch.bind(window);
  window.fetch = async (input, options) => {
    const url = input instanceof Request ? input.url : String(input);
    const question = read(url, options);
    if (!question || !options) return send(input, options);
    const reply = await persist(url, options, question);
    if (reply === null) {
      if (question.isWanted()) throw new TypeError("The server does not answer.");
      return new Response(null, { status: 204 }); // nobody wants it: Dash is given an empty answer
    }
    if (reply.status >= 400 && document.getElementById("notices")) {
      notice([
        (await sentenceOf(reply)) ||
          _("The server refused this ({status}). Reload the page.", { status: reply.status }),
      ]);
    }
    return reply;
  };
}
