import assert from "node:assert/strict";
import { test } from "node:test";
import { query, typed } from "#address";

const FIELDS = [
  { name: "v", key: "v", default: "2" },
  { name: "noise", key: "p", default: 0.3 },
  { name: "speed", key: "speed", default: "1" },
  { name: "model", key: "model", default: "" },
];
const STATE = { v: "2", noise: 0.3, speed: "1", model: "", unknown: "kept out" };

test("a link has its version, and what differs from the defaults by its key", () => {
  assert.equal(query(FIELDS, STATE, false), "v=2");
  assert.equal(query(FIELDS, { ...STATE, noise: 0.5 }, false), "v=2&p=0.5");
  assert.equal(query(FIELDS, { ...STATE, speed: "4", noise: 0 }, false), "v=2&p=0&speed=4");
});

test("the whole state has every field", () => {
  assert.equal(query(FIELDS, STATE, true), "v=2&p=0.3&speed=1&model=");
});

test("letters that mean something in an address are escaped", () => {
  assert.equal(query(FIELDS, { ...STATE, model: "a&b=c d" }, false), "v=2&model=a%26b%3Dc+d");
});

test("a number's text is read as a number, a word's as a word", () => {
  assert.equal(typed(FIELDS[1], "0.25"), 0.25);
  assert.equal(typed(FIELDS[2], "0.25"), "0.25");
});
