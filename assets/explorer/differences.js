/**
 * What differs between two screens, setting by setting, and the sentence that says so. What follows from another setting
 * is not named twice. Nothing here reads the page.
 */
import { _, listed } from "#words";

/** @typedef {import("./types").State} State */
/** @typedef {import("./types").Facts} Facts */
/** @typedef {{ state: State, facts: Facts | null, model: string }} Shown A screen, and what is known of its model. */
/** @typedef {Record<string, string | number>} Settings */
/** @typedef {{ name: string, from: string | number, to: string | number }} Difference */

/** Settings that are compared where both have one: else they follow from others, or are not known yet. */
const OF_BOTH = ["model", "epochs", "source", "window"];

/**
 * All that a screen's runs depend on, in the order of the sidebar; empty where it makes no difference to them.
 * @param {Shown} screen
 * @returns {Settings}
 */
export function settingsOf({ state, facts, model }) {
  const { damage_step, damage_noise, n_steps } = state;
  const isDamaged = damage_step > 0 && damage_step <= n_steps && damage_noise > 0;
  return {
    dataset: state.dataset,
    label: state.label,
    sample: state.own || state.sample,
    covered: state.covered,
    damage: isDamaged ? `t = ${damage_step}, p = ${damage_noise}` : "",
    noise: state.noise,
    noise_kind: state.noise_kind,
    n_latent: state.n_latent,
    beta: state.beta,
    model: facts?.models[facts.base] ?? "",
    epochs: facts?.series.find(([, id]) => id === model)?.[0] ?? "",
    source: state.source === "auto" ? "" : state.source,
    seed: state.seed,
    n_runs: state.n_runs,
    n_steps,
    basis: state.basis,
    window: state.basis === "fixed" ? "" : state.window,
  };
}

/**
 * The settings that differ.
 * @param {Settings} a
 * @param {Settings} b
 * @returns {Difference[]}
 */
export function differences(a, b) {
  return Object.keys(a)
    .filter((name) => a[name] !== b[name])
    .filter((name) => !OF_BOTH.includes(name) || (a[name] !== "" && b[name] !== ""))
    .map((name) => ({ name, from: a[name], to: b[name] }));
}

/**
 * The sentence for what differs.
 * @param {Difference[]} found
 * @param {(name: string) => string} labelOf What a setting is called.
 * @param {(name: string, value: string | number, side: "a" | "b") => string} wordsOf A value in words.
 */
export function sentenceOf(found, labelOf, wordsOf) {
  if (!found.length) return _("A and B show the same: change a setting of B.");
  const parts = found.map(({ name, from, to }) => {
    const [first, second] = [wordsOf(name, from, "a"), wordsOf(name, to, "b")];
    return `${lowered(labelOf(name))} ${first}\u00a0→ ${first === second ? _("another") : second}`;
  });
  return _("A is pinned. B differs in: {settings}.", { settings: listed(parts) });
}

/** A label within a sentence; an abbreviation stays as it is. @param {string} label */
const lowered = (label) => (/^[A-Z][a-z]/.test(label) ? label[0].toLowerCase() + label.slice(1) : label);
