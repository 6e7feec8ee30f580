import assert from "node:assert/strict";
import { test } from "node:test";
import { spread } from "#spread";

const TOP = 100;

test("heights that are far enough from each other stay, in whatever order they come", () => {
  assert.deepEqual(spread([], 10, TOP), []);
  assert.deepEqual(spread([70, 20, 45], 10, TOP), [70, 20, 45]);
  assert.deepEqual(spread([30, 20], 10, TOP), [30, 20]);
});

test("two that are too close go apart by the same way", () => {
  assert.deepEqual(spread([52, 50], 10, TOP), [56, 46]);
});

test("a group that grows takes in the next one", () => {
  const placed = spread([50, 51, 62], 10, TOP); // the first two alone would reach to 55.5
  assert.deepEqual(placed, [163 / 3 - 10, 163 / 3, 163 / 3 + 10]);
});

test("nothing goes beyond the ends", () => {
  assert.deepEqual(spread([1, 2], 10, TOP), [0, 10]);
  assert.deepEqual(spread([99, 98], 10, TOP), [100, 90]);
  assert.deepEqual(spread([-50, 150], 10, TOP), [0, 100]);
});

test("where there is too little room they stand gap by gap from the bottom", () => {
  assert.deepEqual(spread([5, 5, 5], 10, 15), [0, 10, 20]);
});
