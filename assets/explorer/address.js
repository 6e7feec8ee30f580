/* The state of the screen in the address: written and read by one list of fields (ScreenState in controls.py). */

/** @typedef {string | number} Value */
/** @typedef {{name: string, key: string, default: Value}} Field A field's name, its key in links and its default. */

const VERSION = "v"; // of the links: it is in every one

/**
 * The state as a link's query: what differs from the defaults, and the version.
 * @param {Field[]} fields
 * @param {Record<string, Value>} state
 * @param {boolean} whole Whether defaults are written too.
 */
export function query(fields, state, whole) {
  const pairs = fields
    .filter(({ name, default: usual }) => name === VERSION || whole || state[name] !== usual)
    .map(({ name, key }) => [key, String(state[name])]);
  return new URLSearchParams(pairs).toString();
}

/**
 * A field's value from the text that stands for it: a number where the default is one.
 * @param {Field} field
 * @param {string} text
 * @returns {Value}
 */
export function typed(field, text) {
  return typeof field.default === "number" ? Number(text) : text;
}
