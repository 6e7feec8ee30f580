/** Where on the axis of p a stage is shown at its clearest. */

/** @typedef {Pick<import("./types.js").SweepPayload, "noises" | "minimum_distance" | "runners_up">} Sweep */

export const STAGES = ["I", "II", "III"];

/**
 * The middle of the widest decided range of a stage, on the grid of p.
 *
 * A range ends where the stage changes or where it is undecided; of two equally wide ranges the lower one is taken.
 * @param {ArrayLike<number>} stages The stage at every p: 0, 1, 2 for I, II, III.
 * @param {ArrayLike<boolean>} decided Whether the stage is decided at every p.
 * @param {ArrayLike<number>} noises The values of p, ascending.
 * @param {number} stage The stage that is looked for.
 * @returns {number | null} The p nearest to the middle; null where no p is decidedly in this stage.
 */
export function presetNoise(stages, decided, noises, stage) {
  let best = null;
  let width = -1;
  for (let first = 0; first < noises.length; first++) {
    if (stages[first] !== stage || !decided[first]) continue;
    let last = first;
    while (last + 1 < noises.length && stages[last + 1] === stage && decided[last + 1]) last++;
    if (noises[last] - noises[first] > width + 1e-9) {
      width = noises[last] - noises[first];
      best = nearest(noises, first, last, (noises[first] + noises[last]) / 2);
    }
    first = last;
  }
  return best;
}

/**
 * The value that is nearest to another one, the lower one of two.
 * @param {ArrayLike<number>} values
 * @param {number} first
 * @param {number} last
 * @param {number} target
 */
function nearest(values, first, last, target) {
  let found = first;
  for (let i = first + 1; i <= last; i++) {
    if (Math.abs(values[i] - target) < Math.abs(values[found] - target) - 1e-9) found = i;
  }
  return values[found];
}

/**
 * The presets of all three stages, for the digit of a sweep.
 * @param {Sweep | null} sweep
 * @returns {(number | null)[]}
 */
export function presetsOf(sweep) {
  if (!sweep) return [null, null, null];
  const stages = sweep.minimum_distance.map((row) => row.indexOf(Math.min(...row)));
  const decided = sweep.runners_up.map((other) => other === null);
  return STAGES.map((_, stage) => presetNoise(stages, decided, sweep.noises, stage));
}
