import assert from "node:assert/strict";
import test from "node:test";
import { presetNoise, presetsOf } from "#presets";

const NOISES = Array.from({ length: 11 }, (_, i) => i / 10);
const ALL = NOISES.map(() => true);

test("the middle of a stage is its preset", () => {
  const stages = [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2];
  assert.deepEqual(
    [0, 1, 2].map((stage) => presetNoise(stages, ALL, NOISES, stage)),
    [0.1, 0.5, 0.9],
  );
});

test("a range of an even number of values has its middle at the lower one of the two", () => {
  assert.equal(presetNoise([1, 1, 1, 1], [true, true, true, true], [0, 0.1, 0.2, 0.3], 1), 0.1);
});

test("the widest range counts, the lower of two that are equally wide", () => {
  assert.equal(presetNoise([0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0], ALL, NOISES, 1), 0.5);
  assert.equal(presetNoise([1, 1, 0, 1, 1], Array(5).fill(true), [0, 0.25, 0.5, 0.75, 1], 1), 0);
});

test("width is measured in p, not in the number of its values", () => {
  assert.equal(presetNoise([1, 1, 1, 0, 1, 1], Array(6).fill(true), [0, 0.01, 0.02, 0.1, 0.4, 0.8], 1), 0.4);
});

test("an undecided value ends a range and is never chosen", () => {
  const stages = NOISES.map(() => 1);
  const decided = NOISES.map((_, i) => i !== 3);
  assert.equal(presetNoise(stages, decided, NOISES, 1), 0.7);
  assert.equal(
    presetNoise(
      stages,
      NOISES.map(() => false),
      NOISES,
      1,
    ),
    null,
  );
});

test("a stage that no p gives has no preset", () => {
  assert.equal(presetNoise([0, 0, 2, 2], [true, true, true, true], [0, 0.3, 0.6, 1], 1), null);
  assert.equal(presetNoise([], [], [], 0), null);
});

test("a single value is a range", () => {
  assert.equal(presetNoise([0, 1, 2], [true, true, true], [0, 0.5, 1], 1), 0.5);
});

test("the presets of a sweep are those of its nearest points, where no other stage is possible", () => {
  const minimum_distance = [
    [1, 2, 3],
    [1, 2, 3],
    [2, 1, 3],
    [2, 1, 3],
    [3, 2, 1],
  ];
  const sweep = { noises: [0, 0.2, 0.4, 0.6, 0.8], minimum_distance, runners_up: [null, null, "I", null, "II"] };
  assert.deepEqual(presetsOf(sweep), [0, 0.6, null]);
  assert.deepEqual(presetsOf(null), [null, null, null]);
});
