import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { enlargedData, enlargedLayout, letters, magnification, scaleOf, stroke } from "#scale";

afterEach(() => {
  magnification.scale = 1;
});

test("a projector of 1280 x 720 doubles, with the bars of a browser too; larger ones magnify as much more", () => {
  assert.deepEqual([scaleOf(1280, 720), scaleOf(1280, 600), scaleOf(1920, 1080)], [2, 2, 3]);
});

test("a phone is in the hand, and a wall has an end", () => {
  assert.deepEqual([scaleOf(390, 844), scaleOf(844, 390), scaleOf(7680, 4320)], [1.25, 1.3, 4]);
});

test("presented letters have 24 px and lines 3, whatever they have on the page; no line stays none", () => {
  assert.deepEqual([letters(11), letters(13), stroke(1), stroke(2), stroke(0)], [11, 13, 1, 2, 0]);
  magnification.scale = 2;
  const large = [letters(11), letters(13), stroke(1), stroke(2), stroke(0)].map((px) => 2 * px);
  assert.deepEqual(large, [24, 26, 3, 4, 0]);
});

const layout = () => ({
  font: { size: 12, family: "Inter" },
  margin: { l: 46, r: 12, t: 8, b: 40 },
  xaxis: { title: { text: "step t", standoff: 6, font: { size: 12 } }, range: [0, 60], ticklen: 4 },
  yaxis: { title: { text: "distance" }, range: [0, 6] },
  annotations: [{ x: 0.3, y: 1, yshift: -15, font: { size: 14 } }],
});

test("a layout of the page is left as it is", () => {
  const given = layout();
  assert.equal(enlargedLayout(given, 100), given);
  const data = [{ line: { width: 2 } }];
  assert.equal(enlargedData(data), data);
});

test("letters, lines and margins of a layout are magnified, places of data are not", () => {
  magnification.scale = 2;
  const given = layout();
  const large = enlargedLayout(given, 400);
  assert.deepEqual(large.font, { size: 24, family: "Inter" });
  assert.deepEqual(large.margin, { l: 92, r: 24, t: 16, b: 80 });
  assert.deepEqual(large.xaxis.title, { text: "step t", standoff: 12, font: { size: 24 } });
  assert.deepEqual([large.xaxis.range, large.xaxis.ticklen, large.xaxis.gridwidth], [[0, 60], 8, 3]);
  assert.deepEqual(large.annotations, [{ x: 0.3, y: 1, yshift: -30, font: { size: 28 } }]);
  assert.deepEqual(given, layout());
});

test("a low plot has the room of the titles of its axes", () => {
  magnification.scale = 2;
  const low = enlargedLayout(layout(), 200);
  assert.deepEqual([low.xaxis.title.text, low.yaxis.title.text], ["", ""]);
  assert.deepEqual(low.margin, { l: 56, r: 24, t: 16, b: 48 });
  const untitled = { ...layout(), yaxis: { title: { text: "" } } };
  assert.equal(enlargedLayout(untitled, 200).margin.l, 92);
});

test("margins that a template has are magnified too", () => {
  magnification.scale = 2;
  const { margin, ...rest } = layout();
  const served = { ...rest, margin: { t: 4 }, template: { layout: { margin, font: { size: 12 } } } };
  const large = enlargedLayout(served, 400);
  assert.deepEqual(large.margin, { l: 92, r: 24, t: 8, b: 80 });
  assert.equal(large.template.layout.font.size, 24);
});

test("curves get their lines, areas without a line none", () => {
  magnification.scale = 2;
  const data = [{ x: [1, 2], line: { width: 1 } }, { line: { width: 0 } }, { y: { dtype: "f8", bdata: "AA" } }];
  assert.deepEqual(enlargedData(data), [
    { x: [1, 2], line: { width: 3 } },
    { line: { width: 0 } },
    { y: { dtype: "f8", bdata: "AA" } },
  ]);
});
