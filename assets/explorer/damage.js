/**
 * What the highlighted run has of its own: an image, a cover, and a second damage on its way: pixels of x(t) are swapped
 * once more, and it runs on from there. The future that it had stays as a dashed line.
 */
import { isDamaged, runScope, runs, undamaged } from "#film";
import { $, button, notice, write } from "#notices";
import { player } from "#player";
import { screen, set } from "#state";
import { range } from "#widgets";
import { _ } from "#words";

/** @typedef {{ words: string, field: "own" | "covered" | "damage_step", back: any, title: string, spoken: string }} Mark */

const LEAST = 0.05; // of the slider of p
const USUAL = 0.3;

/** Damage the step that is shown, and play on from it. */
function damage() {
  const { t } = player;
  const length = screen.state.n_steps; // the clock's may be longer: that of a pinned screen
  if (t < 1 || t >= length) {
    notice([
      _("Go to a step from 1 to {last} first: x(0) has its noise already, and x({length}) is the last image.", {
        last: length - 1,
        length,
      }),
    ]);
    return;
  }
  if (!isDamaged()) keepFuture();
  player.pause();
  const again = { damage_step: 0, damage_noise: Number(slider().value) }; // the same step damaged anew is a change too
  Object.assign(screen.state, again);
  set("damage_step", t);
  /** @type {HTMLDetailsElement} */ ($("#damage")).open = false;
  player.play();
}

/** @returns {HTMLInputElement} */
const slider = () => /** @type {HTMLInputElement} */ ($("#damage-noise input"));

/** What would have been is here already: the film of now. */
function keepFuture() {
  const scope = runScope();
  if (runs.scope !== scope) return;
  for (const [p, frame] of runs.frames) undamaged.add(scope, p, frame);
}

/** Write which image it would be. */
export function drawDamage() {
  write("#damage-image", `x(${player.t})`);
  $("#damage-undo").hidden = !isDamaged();
}

/** Bind the menu. */
export function bindDamage() {
  const input = range(LEAST, 1, LEAST, _("Share of the pixels that are swapped"));
  const value = document.createElement("output");
  const show = () => {
    value.textContent = `p = ${Number(input.value).toFixed(2)}`;
    input.style.setProperty("--share", String((Number(input.value) - LEAST) / (1 - LEAST)));
  };
  input.value = String(USUAL);
  input.addEventListener("input", show);
  show();
  $("#damage-noise").append(input, value);
  $("#damage-now").addEventListener("click", damage);
  $("#damage-undo").addEventListener("click", () => set("damage_step", 0));
}

/** Name what the run has of its own; a press takes it back. */
export function showOwn() {
  const { own, covered, damage_step, sample } = screen.state;
  /** @type {(Mark | "" | false)[]} */
  const marks = [
    own && {
      words: _("your own image"),
      field: "own",
      back: "",
      title: _("Back to image {n}", { n: sample }),
      spoken: _("your own image: back to image {n}", { n: sample }),
    },
    covered && {
      words: _("partly covered"),
      field: "covered",
      back: "",
      title: _("Uncover it"),
      spoken: _("partly covered: uncover it"),
    },
    isDamaged() && {
      words: _("damaged at t = {t}", { t: damage_step }),
      field: "damage_step",
      back: 0,
      title: _("Undo it"),
      spoken: _("damaged at t = {t}: undo it", { t: damage_step }),
    },
  ];
  const buttons = marks
    .filter((each) => each)
    .map((each) => {
      const { words, field, back, title, spoken } = /** @type {Mark} */ (each);
      const one = button(`${words} ✕`, () => set(field, back), { title });
      one.setAttribute("aria-label", spoken);
      return one;
    });
  $("#own-row").replaceChildren(...buttons);
  $("#own-row").hidden = !buttons.length;
}
