/**
 * What the page asks the server. Every route asks for what is wanted now, as soon as its answer before is here: at most
 * one question is open for each, the newest replaces the one that waits, and an answer that nobody can use is not waited
 * for.
 *
 *   state --> wanted(): a question with a key, or null --> open --> take(answer, question) --> wanted() ...
 *                                                         |--> empty, busy: asked again after a while
 *                                                         |--> refused: said; not asked again under the same key
 *                                                         `--> of another scope meanwhile: left
 */
import { notice, offerReload } from "#notices";
import { persist, sentenceOf, serverPath } from "#requests";
import { _ } from "#words";

/** @typedef {{ key: string, scope: string, data: Record<string, unknown> }} Question */
/**
 * @typedef {object} Route
 * @property {() => Question | null} wanted
 * @property {(reply: any, question: Question) => void} take
 * @property {(sentence: string) => void} [busy] Says that it waits, or with "" that it does not.
 * @property {(Question & { leave: AbortController, since: number }) | null} [open]
 * @property {string} [refused] The key that the server refused.
 * @property {number} [notBefore]
 * @property {number} [tries]
 */

/** @type {Record<string, Route>} */
const routes = {};
export const asked = { sequence: 0, client: Math.random().toString(36).slice(2, 12) };
let prefix = "/";

/** @param {string} name @param {Route} route */
export function addRoute(name, route) {
  routes[name] = route;
}

/** Read where the server is; call it once the page is loaded. */
export function bindQuestions() {
  prefix = serverPath();
}

/** The open question of a route. @param {string} name */
export const openQuestion = (name) => routes[name]?.open || null;

/** Whether the server refused what a route wants now. @param {string} name */
export function isRefused(name) {
  const { refused, wanted } = routes[name];
  return Boolean(refused) && wanted()?.key === refused;
}

/** Ask what is wanted and not on its way. */
export function refresh() {
  for (const [name, route] of Object.entries(routes)) {
    const question = route.wanted();
    if (route.open) {
      if (!question || question.scope !== route.open.scope) route.open.leave.abort();
      continue;
    }
    if (!question || question.key === route.refused) continue;
    const wait = (route.notBefore || 0) - performance.now();
    if (wait > 0) setTimeout(refresh, wait + 1);
    else send(name, route, question);
  }
}

/** A finger has come to rest: answers to what it passed on its way are not waited for. @param {string[]} names */
export function leaveOld(names) {
  for (const { open, wanted } of names.map((name) => routes[name])) {
    const question = wanted();
    if (open && question && question.key !== open.key) open.leave.abort();
  }
}

/**
 * One question and its answer.
 * @param {string} name
 * @param {Route} route
 * @param {Question} question
 */
async function send(name, route, question) {
  const leave = new AbortController();
  route.open = { ...question, leave, since: performance.now() };
  const reply = await post(name, question.data, leave.signal, () => !leave.signal.aborted);
  route.open = null;
  if (!leave.signal.aborted) receive(route, question, reply);
  refresh();
}

/**
 * @param {Route} route
 * @param {Question} question
 * @param {Answer} answer
 */
function receive(route, question, answer) {
  route.notBefore = 0;
  if (answer.busy) {
    route.tries = Math.min((route.tries || 0) + 1, 7);
    route.notBefore = performance.now() + 700 * 1.6 ** (route.tries - 1) * (0.75 + Math.random() / 2); // a class found it busy
    route.busy?.(answer.busy);
    return;
  }
  route.tries = 0;
  route.busy?.("");
  if (answer.said) notice(answer.said);
  if (answer.data) {
    route.refused = "";
    route.take(answer.data, question);
  } else if (answer.said || answer.isRefused) route.refused = question.key;
  else route.notBefore = performance.now() + 250; // the server thinks that somebody asked for something newer
}

/** @typedef {{ data?: any, said?: string[], busy?: string, isRefused?: boolean }} Answer */

/**
 * Ask a callback of the server as Dash's renderer would; `data` is its only input.
 * @param {string} name
 * @param {Record<string, unknown>} data
 * @param {AbortSignal} signal
 * @param {() => boolean} isWanted
 * @returns {Promise<Answer>}
 */
export async function post(name, data, signal, isWanted) {
  const value = { ...data, client: asked.client, sequence: ++asked.sequence };
  const body = JSON.stringify({
    output: `${name}.data`,
    outputs: { id: name, property: "data" },
    inputs: [{ id: `ask-${name}`, property: "data", value }],
    changedPropIds: [`ask-${name}.data`],
  });
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body, signal };
  const reply = await persist(`${prefix}_dash-update-component`, options, { again: name !== "job", isWanted });
  if (reply === null || reply.status === 204) return {};
  if (!reply.ok) {
    offerReload(
      (await sentenceOf(reply)) || _("The server refused this ({status}). Reload the page.", { status: reply.status }),
    );
    return { isRefused: true };
  }
  const answer = await reply.json().catch(() => null);
  if (!answer?.response && !answer?.sideUpdate) {
    offerReload(_("This is no answer of this program: somebody may have to log in again. Reload the page."));
    return { isRefused: true };
  }
  const beside = answer.sideUpdate || {};
  return {
    data: answer.response?.[name]?.data,
    said: beside.notice?.data?.sentences,
    busy: beside.busy?.data?.text,
  };
}

/** Ask how far the server is, one question at a time, while something is open for longer than a moment. */
export function followProgress(/** @type {string[]} */ names, /** @type {(reply: any) => void} */ take) {
  let inFlight = false;
  setInterval(async () => {
    const waits = names.some((name) => routes[name].open && performance.now() - routes[name].open.since > 400);
    if (!waits || inFlight || document.hidden) return;
    inFlight = true;
    const answer = await post("progress", {}, AbortSignal.timeout(5000), () => false);
    inFlight = false;
    if (answer.data) take(answer.data);
  }, 300);
}
