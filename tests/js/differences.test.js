import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, sentenceOf, settingsOf } from "#differences";

const STATE = {
  ...{ dataset: "mnist", label: 6, sample: 40, own: "", covered: "", damage_step: 0, damage_noise: 0, noise: 0.1 },
  ...{ noise_kind: "permute", n_latent: 100, beta: 1, model: "", source: "original", seed: 0, n_runs: 300 },
  ...{ n_steps: 60, basis: "fixed", window: 5, t: 3, theme: "dark", speed: "2", view: "plane", curves: "all" },
};
const FACTS = { models: { m0: "seed 0", m1: "seed 1" }, base: "m0", series: [] };
const screen = (state = {}, facts = {}, model = "m0") => ({
  state: { ...STATE, ...state },
  facts: { ...FACTS, ...facts },
  model,
});
/** What differs from the first screen, as "name from to". */
const names = (a, b) => differences(settingsOf(a), settingsOf(b)).map(({ name, from, to }) => `${name} ${from} ${to}`);

test("all that runs depend on is compared, in the order of the sidebar; what is only view is not", () => {
  const b = screen({ noise: 0.6, n_latent: 4, label: 2, seed: 7, n_steps: 80, t: 9, theme: "light", view: "landmark" });
  assert.deepEqual(names(screen(), b), ["label 6 2", "noise 0.1 0.6", "n_latent 100 4", "seed 0 7", "n_steps 60 80"]);
  assert.deepEqual(names(screen(), screen({ speed: "4", curves: "points", model: "m0" })), []);
});

test("what follows from another setting, or is not known yet, is not named", () => {
  assert.deepEqual(names(screen(), screen({ n_latent: 4 }, { models: {} })), ["n_latent 100 4"]);
  assert.deepEqual(names(screen(), screen({ source: "auto" })), []);
  assert.deepEqual(names(screen(), screen({ window: 9 })), []); // fixed axes have no window
  assert.deepEqual(names(screen(), screen({ basis: "windowed" })), ["basis fixed windowed"]);
  const windowed = screen({ basis: "windowed" });
  assert.deepEqual(names(windowed, screen({ basis: "windowed", window: 9 })), ["window 5 9"]);
  assert.deepEqual(names({ ...screen(), facts: null }, screen({ model: "m1" }, { base: "m1" })), []);
});

test("models are compared by what tells them apart, and ages by their epochs", () => {
  assert.deepEqual(names(screen(), screen({ model: "m1" }, { base: "m1" }, "m1")), ["model seed 0 seed 1"]);
  const series = [
    [20, "m0-e20"],
    [1500, "m0"],
  ];
  const young = screen({ model: "m0-e20" }, { series }, "m0-e20");
  assert.deepEqual(names(young, screen({}, { series })), ["epochs 20 1500"]);
});

test("an image of one's own stands for its number, and a damage that never comes is none", () => {
  assert.deepEqual(names(screen({ own: "abc" }), screen({ own: "abc", sample: 3 })), []);
  assert.deepEqual(names(screen(), screen({ own: "abc" })), ["sample 40 abc"]);
  assert.deepEqual(names(screen(), screen({ damage_step: 70, damage_noise: 0.3 })), []);
  assert.deepEqual(names(screen(), screen({ damage_step: 7, damage_noise: 0.3 })), ["damage  t = 7, p = 0.3"]);
});

test("the sentence names what differs in words, and says where nothing does", () => {
  const say = (a, b, wordsOf = (_, value) => String(value)) =>
    sentenceOf(differences(settingsOf(a), settingsOf(b)), (name) => LABELS[name], wordsOf).replaceAll("\u00a0", " ");
  const LABELS = { noise: "Noise p", n_latent: "Latent units N_z", basis: "PCA axes", covered: "Covered pixels" };
  const b = screen({ noise: 0.6, n_latent: 4, basis: "rotated" });
  const wanted = "A is pinned. B differs in: noise p 0.1 → 0.6, latent units N_z 100 → 4, PCA axes fixed → rotated.";
  assert.equal(say(screen(), b), wanted);
  assert.equal(say(screen(), screen()), "A and B show the same: change a setting of B.");
  const some = say(screen({ covered: "x" }), screen({ covered: "y" }), () => "some");
  assert.equal(some, "A is pinned. B differs in: covered pixels some → another.");
});
