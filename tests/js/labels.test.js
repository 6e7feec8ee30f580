import assert from "node:assert/strict";
import { test } from "node:test";
import { placeLabels } from "#labels";

const FRAME = { x: 0, y: 0, w: 400, h: 300 };
const measure = (name) => 10 * name.length;

const mark = (name, x, y, main = false) => ({ name, x, y, size: 5, main });

/** Side by name. */
const sides = (marks, before = {}) =>
  Object.fromEntries(placeLabels(marks, FRAME, measure, before).map((label) => [label.mark.name, label.side]));

test("a name stands to the right of its mark, beyond a gap and at its height", () => {
  const only = mark("four", 100, 50);
  assert.deepEqual(placeLabels([only], FRAME, measure, {}), [{ mark: only, x: 110, y: 50, size: 12, side: "right" }]);
});

test("a name is measured in the font that it is written in", () => {
  const sizes = {};
  placeLabels([mark("a", 50, 50), mark("b", 200, 200, true)], FRAME, (name, size) => (sizes[name] = size), {});
  assert.deepEqual(sizes, { a: 12, b: 13 });
});

test("a name stays within the frame", () => {
  assert.deepEqual(sides([mark("four", 380, 50)]), { four: "left" });
  const wide = { ...mark("x".repeat(30), 200, 50) };
  assert.deepEqual(Object.values(sides([wide])), ["above"]);
  assert.deepEqual(Object.values(sides([{ ...wide, y: 10 }])), ["below"]);
});

test("a lesser name that finds no room is left out, a main one never", () => {
  const corner = { x: 395, y: 5 };
  const name = "y".repeat(50);
  assert.deepEqual(sides([{ ...mark(name, 0, 0), ...corner }]), {});
  assert.deepEqual(sides([{ ...mark(name, 0, 0, true), ...corner }]), { [name]: "right" });
});

test("a name covers no other one: the last mark is named first", () => {
  assert.deepEqual(sides([mark("one", 100, 100, true), mark("two", 100, 100, true)]), { two: "right", one: "left" });
});

test("a lesser name covers no mark, a main one only lesser marks", () => {
  const [main, lesser] = [mark("main", 100, 100, true), mark("lesser", 130, 100)];
  assert.deepEqual(sides([lesser, main]), { main: "right", lesser: "above" });
  assert.equal(sides([mark("low", 100, 100), mark("next", 130, 100)]).low, "left");
  assert.equal(sides([mark("other", 130, 100, true), main]).main, "left");
});

test("a name stays on its side while it can", () => {
  const four = mark("four", 100, 50);
  assert.deepEqual(sides([four], { four: "below" }), { four: "below" });
  assert.deepEqual(sides([{ ...four, y: 290 }], { four: "below" }), { four: "right" });
});

test("a main name without room stays on its side all the same", () => {
  const name = "z".repeat(50);
  assert.deepEqual(sides([mark(name, 200, 150, true)], { [name]: "above" }), { [name]: "above" });
});

test("where names are is remembered, also of those that are left out for a while", () => {
  const before = { gone: "below" };
  const wide = mark("w".repeat(50), 200, 150);
  sides([mark("four", 380, 50), wide], before);
  assert.deepEqual(before, { gone: "below", four: "left" });
});

test("what is covered by something else is no place, neither for a main name", () => {
  const four = mark("four", 100, 50, true);
  const before = {};
  const [label] = placeLabels([four], FRAME, measure, before, [[120, 40, 130, 60]]);
  assert.equal(label.side, "left");
  assert.deepEqual(placeLabels([mark("x".repeat(9), 100, 50)], FRAME, measure, {}, [[0, 0, 400, 300]]), []);
});

test("the marks are left as they were given", () => {
  const marks = [mark("one", 100, 100), mark("two", 200, 100, true)];
  const given = structuredClone(marks);
  placeLabels(marks, FRAME, measure, {});
  assert.deepEqual(marks, given);
});
