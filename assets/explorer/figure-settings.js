/** The settings of a figure of the paper: lists and sliders, of which Dash hears what was chosen. */
import { $$ } from "#notices";

/** @typedef {{ figure: string, query: string, turn: string, choices: Record<string, string>, names: string[] }} Asked */
/** @typedef {HTMLInputElement | HTMLSelectElement} Control */

/** @returns {Control[]} */
const controls = () => /** @type {Control[]} */ ($$("[data-choice]"));

/** Sliders, which Dash has not. */
function addSliders() {
  for (const place of /** @type {HTMLElement[]} */ ($$("[data-slider]:empty"))) {
    const { slider: name, least: min, most: max, step } = place.dataset;
    const input = document.createElement("input");
    Object.assign(input, { type: "range", id: `paper-${name}`, min, max, step });
    input.dataset.choice = name;
    input.addEventListener("input", () => sayValue(input));
    place.append(input);
  }
}

/** The value of a slider beside its name. @param {Control} control */
function sayValue(control) {
  const place = document.querySelector(`[data-value-of="${control.dataset.choice}"]`);
  if (place) place.textContent = String(Number(control.value));
}

/** Show the settings that a figure is asked with, and hide those that change nothing in it. @param {Asked | null} asked */
export function showSettings(asked) {
  if (!asked) return "";
  addSliders();
  for (const control of controls()) {
    const name = control.dataset.choice || "";
    const field = control.closest("label");
    if (field) field.hidden = !(name in asked.choices);
    if (!(name in asked.choices)) continue;
    if (control instanceof HTMLSelectElement && name === "label") nameLabels(control, asked.names);
    control.value = asked.choices[name];
    sayValue(control);
  }
  const [now, query] = [new URLSearchParams(location.search), new URLSearchParams(asked.query)];
  for (const key of ["theme", "lang"]) if (now.get(key)) query.set(key, now.get(key) || "");
  history.replaceState(null, "", `?${query}`);
  document.getElementById("reset")?.setAttribute("href", asked.figure);
  document.getElementById("back")?.setAttribute("href", `.#figure-${asked.figure}`);
  return asked.turn;
}

/** Digits are their own names. @param {HTMLSelectElement} list @param {string[]} names */
function nameLabels(list, names) {
  names.forEach((name, i) => {
    if (list.options[i]) list.options[i].textContent = name === String(i) ? name : `${i} ${name}`;
  });
}

/** Tell Dash what was chosen. @param {Event} event */
function choose({ target }) {
  if (!(target instanceof Element) || !target.matches("[data-choice]")) return;
  const chosen = controls().map((control) => [control.dataset.choice, control.value]);
  window.dash_clientside.set_props("choices", { data: Object.fromEntries(chosen) });
}

export function bindSettings() {
  document.addEventListener("change", choose);
}

/** The figure that the address is of; none where the page has none of that name. */
export function figureOfAddress() {
  const name = location.pathname.split("/").pop() || "";
  return document.getElementById(`picture-${name}`) ? name : "";
}
