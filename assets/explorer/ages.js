/** The ages of a model: a slider over the epochs of its training at which it was kept. */
import { $ } from "#notices";
import { screen, set } from "#state";
import { range } from "#widgets";
import { _ } from "#words";

/** @type {HTMLInputElement | null} */
let slider = null;

/** Show the ages of the model on the screen; hidden where it has none. @param {import("./types").Facts} facts */
export function showAges({ series, model }) {
  const root = $("#ages");
  root.hidden = series.length === 0;
  if (root.hidden) return;
  slider ||= bind(root);
  const at = series.findIndex(([, id]) => id === model);
  slider.max = String(series.length - 1);
  slider.value = String(at);
  tell(root, slider, series, at);
}

/** @param {HTMLElement} root */
function bind(root) {
  const input = range(0, 0, 1, _("Epochs of training"));
  $(".input", root).append(input);
  input.addEventListener("input", () => {
    const series = screen.facts?.series || [];
    const at = Number(input.value);
    tell(root, input, series, at);
    set("model", series[at][1]);
  });
  return input;
}

/** @param {HTMLElement} root @param {HTMLInputElement} input @param {[number, string][]} series @param {number} at */
function tell(root, input, series, at) {
  const [epochs] = series[at];
  input.style.setProperty("--share", String(at / (series.length - 1)));
  input.setAttribute("aria-valuetext", _("{n} epochs", { n: epochs }));
  $(".value", root).textContent = String(epochs);
}
