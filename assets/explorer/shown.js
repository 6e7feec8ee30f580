/** What the panels show now: the frames of both films at the p that is shown, and the sweep. */
import { ensembleScope, ensembles, isDamaged, runScope, runs, shownNoise, sweepScope, undamaged } from "#film";
import { player } from "#player";
import { screen } from "#state";

/** @typedef {import("./types").SweepPayload} SweepPayload */

export const shown = {
  /** @type {(SweepPayload & { scope: string, look: string }) | null} */
  sweep: null,
};

/** Where the axes of distances of this screen end: over time, and the upper end over p. */
export const ends = { distances: [0, 0], stages: 0 };

/** What the axes have in common with those of the screen beside this one: what that needs. */
export const beside = {
  /** T. */
  steps: 0,
  /** @type {number[] | null} */
  distances: null,
  stages: 0,
  /** How much A is magnified in presenter mode: as B is, in spite of its width. */
  scale: 0,
  /** p of the other one, where both have one stage chart. @type {number | null} */
  noise: null,
};

/** Steps of the clock: those of the longer screen. */
export const clockSteps = () => Math.max(screen.state.n_steps, beside.steps);

/** The highlighted run's frames. */
export const shownRun = () => runs.at(runScope(), shownNoise.p);

/** The highlighted run as it would go on without its second damage; null where it has none, or that is not here. */
export function shownUndamaged() {
  const future = isDamaged() ? undamaged.at(runScope(false), shownNoise.p) : null;
  return future && !future.isStale ? future : null;
}

/** The ensemble's frames. */
export const shownEnsemble = () => ensembles.at(ensembleScope(), shownNoise.p);

/** The sweep of the state; that of another label or model is none. */
export const shownSweep = () => (shown.sweep?.scope === sweepScope() ? shown.sweep : null);

/** @param {number} a @param {number} b @param {number} share */
export const mix = (a, b, share) => a + share * (b - a);

/** The step that is shown of so many, the next one, and how far the picture is on its way to it. @param {number} steps */
export function now(steps) {
  const t = Math.min(player.t, steps - 1);
  return { t, next: Math.min(t + 1, steps - 1), fraction: t < steps - 1 ? player.fraction : 0 };
}

/** The place of the p of a sweep that is nearest. @param {SweepPayload} sweep @param {number} p */
export function nearestNoise({ noises }, p) {
  return noises.reduce((best, value, i) => (Math.abs(value - p) < Math.abs(noises[best] - p) ? i : best), 0);
}
