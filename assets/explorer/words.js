/**
 * What the browser writes, in the language of the page: English in the modules, other languages in words/*.po, of which
 * the page carries what `_` is called with (modules.py finds it: give `_` a text in double quotes).
 */

/** @type {Record<string, string>} */
const words = JSON.parse(globalThis.document?.getElementById("words")?.textContent || "{}");

/**
 * A text in the language of the page, with values in place of the names in braces.
 * @param {string} english
 * @param {Record<string, unknown>} [values]
 */
export function _(english, values = {}) {
  const text = words[english] || english;
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

/** Sentences one after the other, as languages.py joins them: behind an ideographic full stop stands no space. @param {...string} sentences */
export const joined = (...sentences) => sentences.filter(Boolean).join(" ").replaceAll("。 ", "。");

/** Things one after the other, as the language of the page lists them. @param {string[]} things */
export const listed = (things) =>
  new Intl.ListFormat(globalThis.document?.documentElement?.lang || "en", { style: "narrow" }).format(things);
