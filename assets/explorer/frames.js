/** Answers of the server as frames of the films. */
import { images, nibbles, quantised, unpacked } from "#decode";
import { counts } from "#nearest";
import { screen } from "#state";

/** @typedef {import("./types").Frame} Frame */
/** @typedef {import("./types").RunFrame} RunFrame */

/** The letters of packed arrays; wire.py has them. */
export const alphabet = { letters: "" };

/**
 * An ensemble at one p.
 * @param {import("./types").FrameReply} wire
 * @returns {Frame}
 */
export function frameOf(wire) {
  const { values: curves, shape } = quantised(wire.curves);
  const [steps] = shape;
  const state = nibbles(wire.nearest);
  const nRuns = state.length / steps;
  const positions = (/** @type {import("./types").Plane} */ { low, high, levels, u8 }) => ({
    low,
    high,
    levels,
    u8: unpacked(u8, alphabet.letters, nRuns * 2, steps),
  });
  return {
    ...wire,
    steps,
    nRuns,
    state,
    curves,
    n_latent: screen.facts?.fixed.mean.length || 0,
    shares: counts(state, nRuns, steps),
    plane: positions(wire.plane),
    landmark: positions(wire.landmark),
    basis: wire.basis ? quantised(wire.basis).values : null,
    mean: wire.mean ? quantised(wire.mean).values : null,
  };
}

/**
 * The highlighted run at every p of an answer.
 * @param {import("./types").RunReply} wire
 * @returns {RunFrame[]}
 */
export function runFrames(wire) {
  const count = wire.noises.length;
  const distances = quantised(wire.distances);
  const [steps] = distances.shape;
  const pixels = wire.shape[0] * wire.shape[1];
  const greys = images(wire.images, count, steps, pixels);
  const [plane, landmark] = [quantised(wire.plane).values, quantised(wire.landmark).values];
  const shared = {
    label: wire.label,
    sample: wire.sample,
    steps,
    shape: /** @type {[number, number]} */ (wire.shape),
    clean: nibbles(wire.clean),
    memory: quantised(wire.memory).values,
  };
  return wire.noises.map((noise, i) => ({
    ...shared,
    noise,
    greys: greys.subarray(i * steps * pixels, (i + 1) * steps * pixels),
    distances: series(distances.values, steps, count, 3, i, true),
    plane: series(plane, steps, count, 2, i, false),
    landmark: series(landmark, steps, count, 2, i, false),
    minimum_step: wire.minimum_step[i],
    caption: wire.captions[i],
  }));
}

/**
 * What belongs to one p of values (steps, noises, width): (width, steps), or (steps, width).
 * @param {Float32Array} values
 * @param {number} steps
 * @param {number} count
 * @param {number} width
 * @param {number} i
 * @param {boolean} isTurned
 */
function series(values, steps, count, width, i, isTurned) {
  const found = new Float32Array(steps * width);
  for (let t = 0; t < steps; t++) {
    for (let k = 0; k < width; k++)
      found[isTurned ? k * steps + t : t * width + k] = values[(t * count + i) * width + k];
  }
  return found;
}
