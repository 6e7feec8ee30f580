/* What the browser writes, with words of a page in another language. */
import assert from "node:assert/strict";
import { test } from "node:test";

const WORDS = { "{n} runs of {label}": "{label}の試行{n}本", Share: "共有", "Nothing.": "" };

globalThis.document = {
  documentElement: { lang: "ja" },
  getElementById: (id) => (id === "words" ? { textContent: JSON.stringify(WORDS) } : null),
};
const { _, joined, listed } = await import("#words");

test("a text of the page's words, with its values in their places", () => {
  assert.equal(_("Share"), "共有");
  assert.equal(_("{n} runs of {label}", { n: 300, label: "‘6’" }), "‘6’の試行300本");
});

test("a text that the page has no words for stays as it is", () => {
  assert.equal(_("Nothing."), "Nothing.");
  assert.equal(_("step {t} of {last}", { t: 0, last: 80 }), "step 0 of 80");
});

test("a value that looks like a place, or like a group of a pattern, is written as it is", () => {
  assert.equal(_("{n} runs of {label}", { n: "{label}", label: "$1 {n} $&" }), "$1 {n} $&の試行{label}本");
});

test("a place without a value stays, and a value of 0 or nothing is one", () => {
  assert.equal(_("from {from} to {to}", { to: "" }), "from {from} to ");
  assert.equal(_("{n} runs of {label}", { n: 0, label: null }), "nullの試行0本");
});

test("sentences follow one another, without a space behind an ideographic full stop", () => {
  assert.equal(joined("One.", "", "Two."), "One. Two.");
  assert.equal(joined("一。", "二。", "Three."), "一。二。Three.");
  assert.equal(joined(""), "");
});

test("things are listed as in the language of the page", () => {
  assert.equal(listed(["a", "b b", "c"]), "a、b b、c");
  assert.equal(listed(["a"]), "a");
  document.documentElement.lang = "en";
  assert.equal(listed(["a", "b b", "c"]), "a, b b, c");
  assert.equal(listed(["a", "b"]), "a, b");
});
