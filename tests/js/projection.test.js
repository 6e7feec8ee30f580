import assert from "node:assert/strict";
import { test } from "node:test";
import { fit, project } from "#projection";

const N = 3;
const BASIS = Float32Array.of(1, 0, 0, 0, 1, 0, /* t = 1 */ 0, 0, 2, 1, 1, 1); // (steps, 2, latent)
const MEAN = Float32Array.of(1, 1, 1, /* t = 1 */ 10, 0, 0);
const VALUES = Float32Array.of(9, 9, 9, /* row 1 */ 4, 6, 8);

const range = (...ends) => ends;

test("coordinates are inner products with the axes of the step, from its centre", () => {
  assert.deepEqual(project(BASIS, MEAN, 0, VALUES, 1, N, [0, 0]), [3, 5]);
  assert.deepEqual(project(BASIS, MEAN, 1, VALUES, 1, N, [0, 0]), [16, 8]);
});

test("the coordinates go where they are wanted, whatever stood there", () => {
  const out = [7, 7];
  assert.equal(project(BASIS, MEAN, 0, VALUES, 0, N, out), out);
  assert.deepEqual(out, [8, 8]);
});

test("ranges have equal scales, hold the extent in their middle and fill the room", () => {
  const [width, height] = [400, 100];
  const [x, y] = fit([range(0, 10), range(-1, 4)], [width, height]);
  assert.deepEqual([...x, ...y], [-5, 15, -1, 4]);
  assert.equal((x[1] - x[0]) / width, (y[1] - y[0]) / height);
});

test("the wider side of the extent decides in a square", () => {
  const [x, y] = fit([range(2, 8), range(0, 2)], [50, 50]);
  assert.deepEqual([...x, ...y], [2, 8, -2, 4]);
});
