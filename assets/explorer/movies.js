/** The panel that makes a movie, on the page of the movies: what is asked for, and whether it is still being made. */
import { $, $$ } from "#notices";

/** @typedef {{ labels: string, plane: string, format: string, figure: string, query: string, number: number }} Order */

let isLedTo = false;

/**
 * The panel belongs to the movies alone. A link may lead to it: it has its place once the figure above is drawn.
 * @param {{ figure: string } | null} asked
 * @param {boolean} isUndrawn
 */
export function showMoviePanel(asked, isUndrawn) {
  const isHidden = asked?.figure !== "movies";
  if (!isHidden && !isUndrawn && !isLedTo && location.hash === "#movie-panel") {
    isLedTo = true;
    requestAnimationFrame(() => $("#movie-panel").scrollIntoView());
  }
  return isHidden;
}

/**
 * What is asked for: the figure as its settings are now, and what the lists say.
 * @param {number} clicks
 * @param {{ figure: string, query: string } | null} asked
 * @returns {Order | unknown}
 */
export function askMovie(clicks, asked) {
  if (!clicks || !asked) return window.dash_clientside.no_update;
  const lists = /** @type {HTMLSelectElement[]} */ ($$("[data-movie]"));
  const chosen = Object.fromEntries(lists.map((list) => [list.dataset.movie, list.value]));
  return { ...chosen, figure: asked.figure, query: asked.query, number: clicks };
}

/** Whether nothing is being made: then clock, Cancel and bar rest. @param {Order | null} movie @param {unknown} filmed */
export function isFilmed(movie, filmed) {
  const isRest = !movie || filmed === movie.number;
  return [isRest, isRest, isRest];
}
