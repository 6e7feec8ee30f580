/** The settings: each widget names its field of the state (controls.py) and is bound to it here. */
import { typed } from "#address";
import { tile } from "#filmstrip";
import { writeWithTerms } from "#glossary";
import { $, $$, button } from "#notices";
import { bindArrows, showChoice } from "#radio";
import { screen, set } from "#state";
import { _ } from "#words";

/** @typedef {import("./types").State} State */
/** @typedef {keyof State} Name */
/** @typedef {(value: any) => void} Show */

/** What shows a field: p has two sliders, one of them on a phone. @type {Partial<Record<Name, Show>>} */
const widgets = {};

/** A native slider. @param {number | string} low @param {number | string} high @param {number | string} step @param {string} label */
export function range(low, high, step, label) {
  const input = document.createElement("input");
  Object.assign(input, { type: "range", min: low, max: high, step });
  input.setAttribute("aria-label", label);
  return input;
}

/** p as text. @param {number} v */
export const threeDigits = (v) => v.toFixed(3).replace(/0$/, "");

/** @param {HTMLElement} root @param {Name} name @returns {Show} */
function bindSlider(root, name) {
  const { low = 0, high = 1, step = 1, label = "" } = root.dataset;
  const input = range(low, high, step, label);
  $(".input", root).append(input);
  input.addEventListener("input", () => set(name, Number(input.value)));
  return (value) => {
    const text = name === "noise" ? threeDigits(value) : String(value);
    input.value = value;
    input.style.setProperty("--share", String((value - Number(input.min)) / (Number(input.max) - Number(input.min))));
    input.setAttribute("aria-valuetext", text);
    $(".value", root).textContent = text;
  };
}

/** A slider over the values that there are. @param {HTMLElement} root @param {Name} name @returns {Show} */
function bindSteps(root, name) {
  const input = range(0, 0, 1, root.dataset.label || "");
  $(".input", root).append(input);
  const values = () => screen.facts?.latents || [];
  input.addEventListener("input", () => set(name, values()[Number(input.value)]));
  return (value) => {
    const all = values();
    const at = all.indexOf(value);
    Object.assign(input, { max: Math.max(all.length - 1, 0), disabled: all.length < 2, value: at });
    input.style.setProperty("--share", String(all.length > 1 ? at / (all.length - 1) : 0));
    input.setAttribute("aria-valuetext", String(value));
    $(".value", root).textContent = value;
  };
}

/** @param {HTMLElement} root @param {Name} name @returns {Show} */
function bindNumber(root, name) {
  const { low = "0", high = "1", label = "" } = root.dataset;
  const input = document.createElement("input");
  Object.assign(input, { type: "number", min: low, max: high, step: 1, inputMode: "numeric" });
  input.setAttribute("aria-label", label);
  const first = Number(low);
  const put = (/** @type {string | number} */ value) => {
    const whole = Math.round(Number(value));
    if (String(value).trim() !== "" && Number.isFinite(whole)) {
      set(name, Math.min(Math.max(whole, first), Number(input.max)));
    }
    input.value = String(screen.state[name]);
  };
  const move = (/** @type {number} */ by) => () => {
    const count = Number(input.max) - first + 1;
    put(((Number(screen.state[name]) + by - first + count) % count) + first);
  };
  const stepper = (/** @type {string} */ text, /** @type {number} */ by, /** @type {string} */ spoken) => {
    const element = button(text, move(by), { className: "step" });
    element.setAttribute("aria-label", spoken);
    return element;
  };
  const what = label.toLowerCase();
  $(".input", root).append(
    stepper("‹", -1, _("Previous {what}", { what })),
    input,
    stepper("›", 1, _("Next {what}", { what })),
  );
  input.addEventListener("change", () => put(input.value));
  return (value) => {
    input.value = value;
  };
}

/** @param {HTMLElement} root @param {Name} name @returns {Show} */
function bindChoice(root, name) {
  const group = $("[role=radiogroup]", root);
  const buttons = () => /** @type {HTMLButtonElement[]} */ ($$("[role=radio]", group));
  group.addEventListener("click", (event) => {
    const chosen = /** @type {HTMLButtonElement | null} */ (
      /** @type {Element} */ (event.target).closest("[role=radio]")
    );
    if (chosen && !chosen.disabled) set(name, typed(fieldOf(name), chosen.dataset.value || ""));
  });
  bindArrows(group);
  return (value) => {
    const isChosen = (/** @type {HTMLElement} */ each) => each.dataset.value === String(value);
    showChoice(buttons(), isChosen);
    if (name === "label") $(".value", root).textContent = buttons().find(isChosen)?.title || ""; // Fashion has words
  };
}

/** @param {Name} name */
const fieldOf = (name) => /** @type {import("./types").Field} */ (screen.fields.find((field) => field.name === name));

/** @type {Record<string, (root: HTMLElement, name: Name) => Show>} */
const BIND = { slider: bindSlider, steps: bindSteps, number: bindNumber, choice: bindChoice };

/** Bind every widget of the page to its field. */
export function bindWidgets() {
  for (const root of $$(".widget")) {
    const name = /** @type {Name} */ (root.dataset.field);
    const bound = BIND[root.dataset.kind || ""](root, name);
    const before = widgets[name];
    widgets[name] = (value) => {
      before?.(value);
      bound(value);
    };
  }
}

/** Show the value of a field in its widget. @param {Name} name */
export function show(name) {
  widgets[name]?.(screen.state[name]);
}

/** @param {string} field */
const widgetOf = (field) => $(`.widget[data-field="${field}"]`);

/**
 * One of what the library has, in order; hidden where there is no choice.
 * @param {Name} name
 * @param {[string, string][]} texts
 * @param {unknown} chosen
 */
function offerOptions(name, texts, chosen) {
  const group = widgetOf(name);
  group.hidden = texts.length < 2;
  const buttons = texts.map(([value, text]) => {
    const element = document.createElement("button");
    Object.assign(element, { type: "button", textContent: text });
    element.setAttribute("role", "radio");
    element.dataset.value = value;
    return element;
  });
  $("[role=radiogroup]", group).replaceChildren(...buttons);
  widgets[name]?.(chosen);
}

/** What the model on the screen leaves to choose. @param {import("./types").Facts} facts */
export function showFacts(facts) {
  offerOptions(
    "beta",
    facts.betas.map((beta) => [String(beta), String(beta)]),
    facts.state.beta,
  );
  offerOptions("model", Object.entries(facts.models), facts.base);
  $$('.widget[data-field="label"] [role=radio]').forEach((element, i) => {
    element.title = facts.labels[i];
    element.setAttribute("aria-label", facts.labels[i]);
    tile(element, facts.space.tiles, 11, i);
  });
  for (const name of /** @type {const} */ (["n_runs", "sample"])) {
    /** @type {HTMLInputElement} */ ($("input", widgetOf(name))).max = String(facts.limits[name]);
  }
  /** @type {HTMLButtonElement} */ ($("[data-value=original]", widgetOf("source"))).disabled = !facts.images_here;
  $("#fetch-row").hidden = facts.images_here;
  $("#fetch").hidden = !facts.fetchable;
  writeWithTerms($("#images-note"), facts.images_note);
  writeWithTerms($("#model-card"), facts.card);
}
