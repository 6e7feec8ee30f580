/** The page of models: lists of the models that can be compared, and recipes that fill the form of trainings. */
import { $, $$ } from "#notices";
import { _ } from "#words";

/** @typedef {{ name: string, sentence: string, dataset: string, n_latent: string, epochs: string, beta: string, seed: string, seeds: string, kept: string }} Preset */

const FIELDS = /** @type {const} */ (["n_latent", "epochs", "beta", "seed", "kept"]);
const ASKED = ["first", "second"];
const PARAMETERS = { first: "a", second: "b" };

/** The two lists. */
const lists = () => /** @type {HTMLSelectElement[]} */ (ASKED.map((name) => $(`#compare-${name}`)));

/** Fill the two lists; what is chosen stays chosen, at first what the address names. @param {string[]} ids */
export function listModels(ids) {
  const query = new URLSearchParams(location.search);
  const isFirst = !lists()[0].options.length;
  for (const list of lists()) {
    const chosen = isFirst ? query.get(parameterOf(list)) : list.value;
    list.replaceChildren(new Option(_("Choose a model"), ""), ...ids.map((id) => new Option(id, id)));
    list.value = ids.includes(chosen || "") ? String(chosen) : "";
  }
  if (isFirst && lists().every((list) => list.value)) tellChoices();
  return ids.length;
}

/** @param {HTMLSelectElement} list */
const parameterOf = (list) => PARAMETERS[/** @type {"first" | "second"} */ (list.dataset.choice)];

/** As a choice by hand, which figure-settings.js passes on. */
function tellChoices() {
  lists()[0].dispatchEvent(new Event("change", { bubbles: true }));
}

/** The address names the two that are compared. @param {Event} event */
function writeAddress({ target }) {
  if (!(target instanceof HTMLSelectElement) || !lists().includes(target)) return;
  const query = new URLSearchParams(location.search);
  for (const list of lists()) {
    if (list.value) query.set(parameterOf(list), list.value);
    else query.delete(parameterOf(list));
  }
  history.replaceState(null, "", `?${query}${location.hash}`);
}

/** A model is to be compared: it becomes the first one. @param {Event} event */
function compare(event) {
  const { target } = event;
  const link = target instanceof Element ? target.closest("[data-compare]") : null;
  if (!(link instanceof HTMLElement)) return;
  event.preventDefault(); // following the link would take the focus away again
  lists()[0].value = link.dataset.compare || "";
  tellChoices();
  $("#compare").scrollIntoView();
  lists()[1].focus({ preventScroll: true });
}

/** A model is looked at: its row unfolds at once, with the places of what the server will send. @param {Event} event */
function unfold({ target }) {
  const button = target instanceof Element ? target.closest(".look[aria-expanded=false]") : null;
  if (button) window.dash_clientside.set_props({ view: JSON.parse(button.id).unfold }, { hidden: false });
}

/** Fill the form with a recipe. @param {number[]} clicks @param {Preset[]} presets */
export function fillForm(clicks, presets) {
  const { callback_context, no_update, set_props } = window.dash_clientside;
  const chosen = presets[Number(callback_context.triggered_id?.preset ?? Number.NaN)];
  if (!chosen || !clicks.some(Boolean)) return no_update;
  for (const name of FIELDS) set_props(`train-${name}`, { value: chosen[name] });
  set_props("train-dataset", { data: chosen.dataset });
  set_props("train-seeds", { data: chosen.seeds });
  for (const radio of $$("#train-models [role=radio]")) {
    const { set, of } = JSON.parse(radio.id);
    const isChosen = set === (of ? chosen.seeds : chosen.dataset);
    set_props(of ? { set, of } : { set }, { "aria-checked": String(isChosen) });
  }
  return _("The form is filled in: {name}. Change what you like, then press Train.", { name: chosen.name });
}

export function bindModels() {
  document.addEventListener("change", writeAddress);
  document.addEventListener("click", compare);
  document.addEventListener("click", unfold);
}
