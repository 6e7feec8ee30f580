/** The ways to the other languages, which lead to the same screen. */

/** The language that the address names; empty where it names none. */
export const chosen = () => new URLSearchParams(location.search).get("lang") || "";

/**
 * A press on the name of a language opens the page in it.
 * @param {() => void} [update] Brings the address up to date.
 */
export function bindLanguages(update) {
  document.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest("a.language");
    if (!(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    update?.();
    const query = new URLSearchParams(location.search);
    query.set("lang", link.lang);
    location.assign(`?${query}${location.hash}`);
  });
}
