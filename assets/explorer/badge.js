/** The stage of the ensemble, the sentences that say what is on the screen, and the three minima it rests on. */
import { ensembleScope, ensembles } from "#film";
import { writeWithTerms } from "#glossary";
import { shares } from "#nearest";
import { $, write } from "#notices";
import { nearestNoise, now, shownEnsemble, shownSweep } from "#shown";
import { screen } from "#state";
import { _ } from "#words";

/** @typedef {{ minimum_distance: number[], difference_sem: number[] | null, runner_up: string | null, caption: string }} Told */

const STAGES = ["I", "II", "III"];
/** @type {Record<string, string>} */
const OTHERS = { I: _("or I"), II: _("or II"), III: _("or III") };
/** The place of the error of the difference of two minima: pairs (0, 1), (0, 2), (1, 2). @param {number} a @param {number} b */
const pair = (a, b) => a + b - 1;

/** The ensemble's own minima where its frame is here, else those of the sweep at the nearest p. @returns {Told | null} */
function told() {
  const p = screen.state.noise;
  const frame = ensembles.get(ensembleScope(), p);
  if (frame) return { ...frame, difference_sem: frame.minimum_distance_difference_sem };
  const sweep = shownSweep();
  if (!sweep) return null;
  const i = nearestNoise(sweep, p);
  return {
    minimum_distance: sweep.minimum_distance[i],
    difference_sem: sweep.difference_sem[i],
    runner_up: sweep.runners_up[i],
    caption: sweep.captions[i],
  };
}

/** The place of the stage. @param {number[]} minima */
const stageOf = (minima) => minima.indexOf(Math.min(...minima));

/** The stage of the screen, the one that other runs might give as well, and the sentence; null while it is on its way. */
export function shownStage() {
  const shown = told();
  if (!shown) return null;
  return { stage: STAGES[stageOf(shown.minimum_distance)], runnerUp: shown.runner_up, caption: shown.caption };
}

/** Draw the badge. */
export function drawBadge() {
  const found = told();
  $(".badge").classList.toggle("stale", !found);
  if (!found) return;
  const minima = found.minimum_distance;
  const stage = stageOf(minima);
  $("#stage-badge").dataset.stage = String(stage);
  write("#stage-name", STAGES[stage]);
  write("#stage-runner-up", OTHERS[found.runner_up || ""] || "");
  writeWithTerms($("#caption"), found.caption);
  drawMinima(minima, found.difference_sem, stage);
  drawNow();
}

/** What share of the runs is nearest to what at the step that is shown. */
function drawNow() {
  const shown = shownEnsemble();
  if (!shown || shown.isStale || !screen.facts) return;
  const { t } = now(shown.from.steps);
  const [memory, concept, abstract] = shares(shown, t).map((share) => Math.round(100 * share));
  const label = screen.facts.labels[shown.from.label];
  writeWithTerms(
    $("#caption-now"),
    _(
      "At t = {t}, {memory} % of the runs are nearest to their own memory, {concept} % to the concept of ‘{label}’, {abstract} % to the abstract concept.",
      { t, memory, concept, label, abstract },
    ),
  );
}

let drawn = "";

/**
 * Dots on one axis, each with 2 SEM of its difference from the least: where a bar does not reach the line of the least,
 * other runs would give the same stage.
 * @param {number[]} minima
 * @param {number[] | null} errors
 * @param {number} least
 */
function drawMinima(minima, errors, least) {
  const key = minima.join() + (errors || []).join();
  if (key === drawn) return;
  drawn = key;
  const bars = minima.map((value, i) =>
    i === least || !errors ? [value, value] : [-1, 1].map((side) => value + 2 * side * errors[pair(i, least)]),
  );
  const [low, high] = [Math.min(...bars.flat()), Math.max(...bars.flat())];
  const margin = 0.06 * Math.max(high - low, 0.05);
  const at = (/** @type {number} */ value) => `${(100 * (value - low + margin)) / (high - low + 2 * margin)}%`;
  minima.forEach((value, i) => {
    const row = $(`#minimum-${i}`);
    row.classList.toggle("least", i === least);
    row.style.setProperty("--dot", at(value));
    row.style.setProperty("--from", at(bars[i][0]));
    row.style.setProperty("--to", at(bars[i][1]));
    row.style.setProperty("--least", at(minima[least]));
    write(`#minimum-${i} .number`, value.toFixed(2));
  });
}
