import assert from "node:assert/strict";
import { test } from "node:test";
import "#tests/browser";
import { isLink, stepsOf } from "#compare";

const WITHOUT = ["a", "t", "show"];

test("only the settings of another screen are shown before the server has judged them", () => {
  for (const text of ["v=3", "v=3&p=0.1&d=mnist", "own=ab-_9&v=3", "beta=1e-5", "model="])
    assert.ok(isLink(text, WITHOUT));
  for (const text of [
    "",
    "x",
    "v=3&",
    "=3",
    "v=3&a=v",
    "p=0.1&show=li",
    "p=%61",
    "p=<b>",
    "p=1#x",
    "p=1/../x",
    "javascript:1",
  ])
    assert.ok(!isLink(text, WITHOUT), text);
  assert.ok(isLink(`own=${"x".repeat(1996)}`, WITHOUT));
  assert.ok(!isLink(`own=${"x".repeat(1997)}`, WITHOUT));
});

test("the clock is as long as the pinned screen says before that is here; nonsense is the usual length", () => {
  assert.equal(stepsOf("v=3&T=80", 60), 80);
  assert.equal(stepsOf("v=3", 60), 60);
  for (const text of ["T=1e9", "T=-5", "T=x", "T=7.5", "T=0"]) assert.equal(stepsOf(text, 60), 60);
});
