import "#tests/browser";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ensembleScope, ensembles, Film, glide, grid, runScope, shownNoise, sweepScope } from "#film";
import { screen } from "#state";

const STATE = {
  source: "original",
  label: 6,
  noise_kind: "permute",
  seed: 0,
  n_steps: 60,
  n_runs: 300,
  sample: 40,
  basis: "windowed",
  window: 5,
  noise: 0.3,
  t: 60,
  theme: "auto",
};

beforeEach(() => {
  grid.step = 0.25;
  screen.model = "a-model";
  screen.state = { ...STATE };
});

const filmOf = (...noises) => {
  const film = new Film();
  for (const p of noises) film.add("scope", p, `frame at ${p}`);
  return film;
};

test("a frame is found under its p, whatever its last digits", () => {
  const film = filmOf(0.3);
  assert.equal(film.get("scope", 0.1 + 0.2), "frame at 0.3");
  assert.equal(film.get("scope", 0.301), undefined);
});

test("frames of another scope are not shown, and are gone once one of it comes", () => {
  const film = filmOf(0.25);
  assert.equal(film.get("other", 0.25), undefined);
  film.add("other", 0.5, "another");
  assert.equal(film.get("scope", 0.25), undefined);
  assert.equal(film.get("other", 0.5), "another");
});

test("on the grid a frame is shown as it is", () => {
  const frame = "frame at 0.25";
  assert.deepEqual(filmOf(0, 0.25, 0.5).at("scope", 0.25), { from: frame, to: frame, share: 0, isStale: false });
});

test("between two p their neighbours are shown, and how far it is from the one to the other", () => {
  const { from, to, share, isStale } = filmOf(0, 0.25, 0.5).at("scope", 0.3);
  assert.deepEqual([from, to, isStale], ["frame at 0.25", "frame at 0.5", false]);
  assert.ok(Math.abs(share - 0.2) < 1e-9);
});

test("where a frame is missing, the one before stays and is called stale", () => {
  const film = filmOf(0.25, 0.5);
  assert.equal(film.at("scope", 0.9), null);
  film.at("scope", 0.3);
  assert.deepEqual(film.at("scope", 0.9), { from: "frame at 0.25", to: "frame at 0.25", share: 0, isStale: true });
  film.at("scope", 0.45);
  assert.equal(film.at("other", 0.25).from, "frame at 0.5");
  film.at("scope", 0.25);
  assert.equal(film.at("other", 0.25).from, "frame at 0.25");
});

test("the p that are missing come nearest first", () => {
  assert.deepEqual(filmOf(0.5).missing("scope", 0.3), [0.25, 0, 0.75, 1]);
  assert.deepEqual(filmOf(0, 0.25, 0.5, 0.75, 1).missing("scope", 0.3), []);
  assert.deepEqual(filmOf(0.5).missing("other", 1), [1, 0.75, 0.5, 0.25, 0]);
});

const changes = (scope, name, value) => {
  const before = scope();
  screen.state = { ...screen.state, [name]: value };
  return scope() !== before;
};

test("a film depends on what its frames are computed from, and not on p, t or the theme", () => {
  const scopes = { ensemble: ensembleScope, run: runScope, sweep: sweepScope };
  const others = { source: "decoded", label: 3, noise_kind: "invert", seed: 1, n_steps: 30, n_runs: 100 };
  const asked = { ...others, sample: 7, basis: "rotated", window: 9, noise: 0.7, t: 3, theme: "dark" };
  const found = Object.entries(scopes).map(([kind, scope]) => {
    const names = Object.entries(asked).filter(([name, value]) => {
      screen.state = { ...STATE };
      return changes(scope, name, value);
    });
    return [kind, names.map(([name]) => name).join(" ")];
  });
  assert.deepEqual(Object.fromEntries(found), {
    ensemble: "source label noise_kind seed n_steps n_runs basis window",
    run: "source label noise_kind seed n_steps sample",
    sweep: "source label noise_kind",
  });
});

test("axes that stand still do not depend on the window", () => {
  screen.state = { ...STATE, basis: "fixed" };
  assert.equal(changes(ensembleScope, "window", 9), false);
});

test("every film is of one model", () => {
  const before = [ensembleScope(), runScope(), sweepScope()];
  screen.model = "another";
  for (const [i, scope] of [ensembleScope, runScope, sweepScope].entries()) assert.notEqual(scope(), before[i]);
});

test("the p that is shown glides to the one that is set, and arrives", () => {
  shownNoise.p = 0.1;
  ensembles.add(ensembleScope(), 0.3, "frame");
  const seen = [shownNoise.p];
  let now = 1000;
  while (glide(now)) {
    seen.push(shownNoise.p);
    now += 16;
    assert.ok(seen.length < 200);
  }
  assert.equal(shownNoise.p, 0.3);
  assert.ok(seen.length > 10);
  for (let i = 1; i < seen.length; i++) assert.ok(seen[i] > seen[i - 1]);
});

test("where there is no frame to glide to, the p that is set is shown at once", () => {
  shownNoise.p = 0.1;
  screen.state.noise = 0.9;
  assert.equal(glide(1000), false);
  assert.equal(shownNoise.p, 0.9);
});
