/* What a saved file answers, and what it refuses. */
import "#tests/browser";
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { answerTo, unpacked } from "#saved-requests";
import { frameCode } from "#share";
import { isFree, saved, screen, set } from "#state";

const FILE = {
  settled: { model: "digits" },
  sweep: { light: { note: "light" }, dark: { note: "dark" } },
  runs: [{ noises: [0, 0.025, 0.05] }, { noises: [0.31] }],
  frames: [{ noise: 0 }, { noise: 0.025 }, { noise: 0.31 }],
};

test("a run is answered with the film that has every p of the question", () => {
  assert.equal(answerTo(FILE, "runfilm", { noises: [0.025, 0.05] }), FILE.runs[0]);
  assert.equal(answerTo(FILE, "run", { noises: [0.31] }), FILE.runs[1]);
  assert.equal(answerTo(FILE, "run", { noises: [0.5] }), null);
  assert.equal(answerTo(FILE, "runfilm", { noises: [0.05, 0.31] }), null);
});

test("an ensemble is answered where all of its p are in the file", () => {
  assert.deepEqual(answerTo(FILE, "film", { noises: [0.31, 0] }), { frames: [FILE.frames[0], FILE.frames[2]] });
  assert.equal(answerTo(FILE, "ensemble", { noises: [0, 0.05] }), null);
});

test("the stage chart is in both looks; what the file has no answer to has none", () => {
  assert.equal(answerTo(FILE, "sweep", { look: "dark" }), FILE.sweep.dark);
  assert.equal(answerTo(FILE, "settled", {}), FILE.settled);
  for (const route of ["job", "gallery", "image", "progress"]) assert.equal(answerTo(FILE, route, {}), null);
});

test("the answers are read from compressed JSON in base64", async () => {
  const value = { letters: "¡ÿ‘6’", numbers: [1, 2.5] };
  assert.deepEqual(await unpacked(gzipSync(JSON.stringify(value)).toString("base64url")), value);
});

test("a field that the file does not hold stays as it is, and that is said", () => {
  let refusals = 0;
  screen.state = { label: 6, noise: 0.3 };
  Object.assign(saved, { free: ["noise"], refuse: () => refusals++ });
  set("label", 3);
  set("noise", 0.5);
  set("label", 6);
  assert.deepEqual([screen.state, refusals, isFree("label")], [{ label: 6, noise: 0.5 }, 1, false]);
  Object.assign(saved, { free: null, refuse: () => {} });
});

test("no address ends the attribute that it stands in", () => {
  const code = frameCode('https://a.example/?p=0.3&model="><script>', "6");
  assert.match(code, /^<iframe src="https:\/\/a\.example\/\?p=0\.3&amp;model=&quot;>&lt;script>" title="6" /);
});
