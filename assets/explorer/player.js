/** The clock: one integer t for every panel. Playing and scrubbing never ask the server. */
import { $, write } from "#notices";
import { screen, set } from "#state";
import { range } from "#widgets";
import { _ } from "#words";

const STEPS_PER_SECOND = 10; // at speed 1
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

export const player = {
  t: 0,
  /** How far the picture is on its way to the next step, while it plays. */
  fraction: 0,
  length: 60,
  playing: false,
  /** Whether the clock stands where it is, whatever is pressed. */
  isFixed: false,
  set: go,
  pause,
  play,
};

/** @type {HTMLInputElement | null} */
let scrubber = null;
let before = 0;
let redraw = () => {};

/** Go to a step. @param {number} t @param {number} [fraction] */
function go(t, fraction) {
  if (player.isFixed) return;
  player.t = Math.min(Math.max(Math.round(t), 0), player.length);
  player.fraction = player.t < player.length ? fraction || 0 : 0;
  if (scrubber) {
    if (Number(scrubber.value) !== player.t) scrubber.value = String(player.t);
    scrubber.style.setProperty("--share", String(player.t / player.length));
    scrubber.setAttribute("aria-valuetext", _("step {t} of {last}", { t: player.t, last: player.length }));
  }
  write("#clock", `t = ${player.t} / ${player.length}`);
  redraw();
  if (!player.playing) set("t", player.t);
}

/** @param {number} length */
export function setLength(length) {
  player.length = length;
  if (scrubber) scrubber.max = String(length);
  go(Math.min(player.t, length));
}

function pause() {
  if (!player.playing) return;
  player.playing = false;
  label();
  go(player.t);
}

function play() {
  if (player.isFixed) return;
  if (player.t >= player.length) go(0);
  player.playing = true;
  before = 0;
  label();
  requestAnimationFrame(advance);
}

/** @param {number} by */
function step(by) {
  pause();
  go(player.t + by);
}

const toggle = () => (player.playing ? pause() : play());

function label() {
  const button = $("#play");
  button.textContent = player.playing ? "❚❚" : "▶";
  button.setAttribute("aria-label", player.playing ? _("Pause") : _("Play"));
  button.title = player.playing ? _("Pause (space)") : _("Play (space)");
}

let exact = 0; // between two steps

/** @param {number} now */
function advance(now) {
  if (!player.playing) return;
  if (before && !document.hidden) {
    const steps = (Math.min(now - before, 250) / 1000) * STEPS_PER_SECOND * Number(screen.state.speed);
    const position = Math.min(player.t + exact + steps, player.length);
    const t = Math.floor(position);
    exact = position - t;
    if (position >= player.length) {
      exact = 0;
      go(player.length);
      pause();
      return;
    }
    go(t, calm.matches ? 0 : exact);
  }
  before = now;
  requestAnimationFrame(advance);
}

/** Bind the playback bar. @param {() => void} draw Draws what has changed, in the next frame. */
export function bindPlayer(draw) {
  redraw = draw;
  const slider = range(0, player.length, 1, _("Step t"));
  scrubber = slider;
  $("#scrubber").append(slider);
  slider.addEventListener("input", () => {
    pause();
    go(Number(slider.value));
  });
  $("#play").addEventListener("click", toggle);
  $("#back").addEventListener("click", () => step(-1));
  $("#forward").addEventListener("click", () => step(1));
  $("#replay").addEventListener("click", () => {
    pause();
    go(0);
    play();
  });
  document.addEventListener("keydown", keys);
  $(".playback-bar").addEventListener("click", (event) => {
    const pressed = /** @type {Element} */ (event.target).closest("button");
    if (event.detail && pressed) pressed.blur(); // after a click the space key is again the clock's, not the button's
  });
}

/** @type {Record<string, () => void>} */
const KEYS = {
  " ": toggle,
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  Home: () => step(-Infinity),
  End: () => step(Infinity),
};

/** @param {KeyboardEvent} event */
function keys(event) {
  const at = /** @type {Element} */ (event.target);
  const typing = at.closest("input, textarea, select, [role=radio], [data-keys]");
  const pressing = event.key === " " && at.closest("button, summary, a, [role=button]");
  const act = KEYS[event.key] || (/^\d$/.test(event.key) && (() => set("label", Number(event.key))));
  if (typing || pressing || event.ctrlKey || event.metaKey || event.altKey || !act || event.defaultPrevented) return;
  event.preventDefault();
  act();
}
