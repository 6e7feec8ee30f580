/* From latent space to a plane, and from a plane to pixels. */

/**
 * Coordinates of a latent vector on the two axes of step t: [q1, q2]^T (z - mean).
 * @param {Float32Array} basis Axes (steps, 2, latent).
 * @param {Float32Array} mean What the axes start from (steps, latent).
 * @param {number} t
 * @param {Float32Array} values Vectors (rows, latent).
 * @param {number} row Which of them.
 * @param {number} n Latent units.
 * @param {number[]} out Where the two coordinates go: there may be hundreds of vectors a frame.
 */
export function project(basis, mean, t, values, row, n, out) {
  const first = 2 * t * n;
  let x = 0;
  let y = 0;
  for (let i = 0; i < n; i++) {
    const centred = values[row * n + i] - mean[t * n + i];
    x += centred * basis[first + i];
    y += centred * basis[first + n + i];
  }
  out[0] = x;
  out[1] = y;
  return out;
}

/**
 * The ranges of two axes around an extent, as they fill the room with equal scales.
 * @param {number[][]} extent Lowest and highest value of x, of y.
 * @param {number[]} room Width and height in pixels.
 * @returns {[number, number][]}
 */
export function fit(extent, room) {
  const scale = Math.max(...extent.map(([low, high], i) => (high - low) / room[i]));
  return extent.map(([low, high], i) => {
    const middle = (low + high) / 2;
    const half = (scale * room[i]) / 2;
    return [middle - half, middle + half];
  });
}
