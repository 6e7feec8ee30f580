/** Light or dark: chosen in the state, else in the address, else by the system. Colours come from theme.py. */
import { chosen } from "#languages";
import { screen } from "#state";
import { _ } from "#words";

const dark = window.matchMedia("(prefers-color-scheme: dark)");

/** @returns {"light" | "dark"} */
export function theme() {
  const chosen = screen.state.theme || new URLSearchParams(location.search).get("theme");
  return chosen === "dark" || chosen === "light" ? chosen : dark.matches ? "dark" : "light";
}

/** Paper is white: while the page is printed, it has the light look. */
export const medium = { isPaper: false };

/** Show the page in its theme; links to the other pages keep what was chosen. */
export function applyTheme() {
  const now = theme();
  document.documentElement.dataset.theme = medium.isPaper ? "light" : now;
  const toggle = document.querySelector("#toggle-theme");
  if (toggle) toggle.textContent = now === "dark" ? _("Light") : _("Dark");
  const kept = new URLSearchParams(now === (dark.matches ? "dark" : "light") ? {} : { theme: now });
  if (chosen()) kept.set("lang", chosen());
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("nav a"))) {
    link.href = `${link.pathname}${kept.size ? "?" : ""}${kept}`;
  }
}

/** @param {() => void} listener */
export function onSystemTheme(listener) {
  dark.addEventListener("change", listener);
}

/** @typedef {{ paper: string, ink: string, quiet: string, grid: string, points: string[], labels: string[], font: string }} Colours */
/** @type {Colours} */
export const colours = { paper: "", ink: "", quiet: "", grid: "", points: [], labels: [], font: "" };

/** Read the colours of the theme from the style sheet. */
export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const get = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  Object.assign(colours, { paper: get("paper"), ink: get("ink"), quiet: get("quiet"), grid: get("grid") });
  colours.points = [0, 1, 2].map((i) => get(`point-${i}`));
  colours.labels = Array.from({ length: 10 }, (_, i) => get(`label-${i}`));
  colours.font = getComputedStyle(document.body).fontFamily;
}
