import assert from "node:assert/strict";
import { test } from "node:test";
import "#tests/browser";
import { panelsOf, presetAfter, toggled } from "#presenter";

const ALL = ["l", "p", "n", "d", "i", "s"];

test("a link names panels in their order, each once, four at most; what is no panel is passed over", () => {
  assert.deepEqual(panelsOf("sl", ALL), ["s", "l"]);
  assert.deepEqual(panelsOf("lxll", ALL), ["l"]);
  assert.deepEqual(panelsOf("lpndis", ALL), ["l", "p", "n", "d"]);
  assert.deepEqual(panelsOf("", ALL), []);
});

test("a panel that is pressed comes last, or goes; one stays, and no fifth comes", () => {
  assert.deepEqual(toggled(["l"], "i"), ["l", "i"]);
  assert.deepEqual(toggled(["l", "i"], "l"), ["i"]);
  const [one, four] = [["l"], ["l", "p", "n", "d"]];
  assert.equal(toggled(one, "l"), one);
  assert.equal(toggled(four, "i"), four);
  assert.deepEqual(toggled(four, "p"), ["l", "n", "d"]);
});

test("a clicker goes from stage to stage, passes over those that a digit lacks, and stays at the ends", () => {
  const presets = [0.1, null, 0.7];
  assert.deepEqual([presetAfter(presets, -1, 1), presetAfter(presets, 0, 1), presetAfter(presets, 2, 1)], [0, 2, 2]);
  assert.deepEqual([presetAfter(presets, 2, -1), presetAfter(presets, 0, -1)], [0, 0]);
  assert.equal(presetAfter([null, null, null], -1, 1), -1);
});
