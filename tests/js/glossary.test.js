import assert from "node:assert/strict";
import test from "node:test";
import { partsOf, setTerms } from "#glossary";

setTerms([
  { name: "concept", definition: "", forms: ["concept", "Concept", "concepts"] },
  { name: "abstract concept", definition: "", forms: ["abstract concept"] },
  { name: "step t", definition: "", forms: ["t"] },
  { name: "image", definition: "", forms: ["x(0)"] },
]);
const found = (text) => partsOf(text).filter(([, name]) => name);

test("the pieces of a text are the text", () => {
  const text = "Concepts, the concept and x(0) at t = 3; the abstract concept";
  assert.equal(
    partsOf(text)
      .map(([words]) => words)
      .join(""),
    text,
  );
});

test("the longest form counts, and of a term the first occurrence", () => {
  assert.deepEqual(found("the abstract concept, a concept, concepts"), [
    ["abstract concept", "abstract concept"],
    ["concept", "concept"],
  ]);
});

test("no term is a part of a word", () => {
  assert.deepEqual(found("conceptual; isn't; t-test; re-concept; at_t"), []);
  assert.deepEqual(found("at t, (x(0)) ‘concept’"), [
    ["t", "step t"],
    ["x(0)", "image"],
    ["concept", "concept"],
  ]);
});

test("kana and kanji have no border to be seen, letters and digits keep theirs", () => {
  setTerms([
    { name: "概念", definition: "", forms: ["概念", "概念群"] },
    { name: "KL項", definition: "", forms: ["KL項", "KL"] },
    { name: "ノイズp", definition: "", forms: ["ノイズ", "p"] },
  ]);
  assert.deepEqual(partsOf("概念群3のKL項とp"), [
    ["概念群", "概念"],
    ["3の", ""],
    ["KL項", "KL項"],
    ["と", ""],
    ["p", "ノイズp"],
  ]);
  assert.deepEqual(found("pと概念、xKL項、KLs"), [
    ["p", "ノイズp"],
    ["概念", "概念"],
  ]);
});

test("a text that was split before is not split again", () => {
  assert.equal(partsOf("one concept"), partsOf("one concept"));
});

test("without terms a text is one piece", () => {
  setTerms([]);
  assert.deepEqual(partsOf("a concept"), [["a concept", ""]]);
  assert.deepEqual(partsOf(""), []);
});
