/** What tabs ask the server about lessons that are led live: `dashboard/pages/explore/live.py` answers. */
import { persist, sentenceOf, serverPath } from "#requests";
import { _ } from "#words";

/** @typedef {{ sentence: string, status: number, value: any }} Answer */

const EVERY = 1000; // ms between two questions of a tab

/**
 * Ask until there is an answer, or nobody wants it any more.
 * @param {string} place Below lessons/.
 * @param {RequestInit} [options]
 * @param {() => boolean} [isWanted]
 * @returns {Promise<Answer | null>} With a sentence where it is refused.
 */
export async function ask(place, options = {}, isWanted = () => true) {
  const url = `${serverPath()}lessons${place}`;
  const reply = await persist(url, { cache: "no-store", ...options }, { again: true, byClock: true, isWanted });
  if (!reply || !isWanted()) return null;
  const { status } = reply;
  if (reply.ok) return { status, sentence: "", value: status === 204 ? null : await reply.json().catch(() => null) };
  return { status, sentence: (await sentenceOf(reply)) || _("The server refused this. Reload the page."), value: null };
}

/** @param {object} body @returns {RequestInit} */
export const posting = (body) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

/**
 * Ask once a second while the tab can be seen; one question at a time.
 * @param {() => Promise<void>} turn
 * @returns {() => void} Ends it.
 */
export function poll(turn) {
  let [timer, isOver, isAsking] = [0, false, false];
  const go = async () => {
    clearTimeout(timer);
    if (isOver || isAsking || document.hidden) return;
    isAsking = true;
    await turn();
    isAsking = false;
    if (!isOver) timer = window.setTimeout(go, EVERY);
  };
  document.addEventListener("visibilitychange", go);
  go();
  return () => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", go);
  };
}

/** A code as it was drawn, however it was typed. @param {string} code */
export const canonical = (code) => code.replace(/[^\dA-Za-z]/g, "").toUpperCase();
