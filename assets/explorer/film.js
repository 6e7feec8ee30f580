/**
 * Films: what there is to see for every p of the grid, kept in the browser as it arrives, so that a finger on p asks
 * nothing. There are two: the highlighted run's, which is one answer, and the ensemble's, a few p at a time.
 */
import { screen } from "#state";

/** @typedef {import("./types").Frame} Frame */
/** @typedef {import("./types").RunFrame} RunFrame */

/** The step of the grid of p, and how many of them one question about an ensemble may name: the server's. */
export const grid = { step: 0.025, chunk: 1 };

/** @param {number} p */
export const rounded = (p) => Math.round(p * 1e4) / 1e4;

/**
 * Frames over p of one scope: all that they depend on but p.
 * @template T
 */
export class Film {
  constructor() {
    this.scope = "";
    /** @type {Map<number, T>} */
    this.frames = new Map();
    /** The frame that was shown last, of whatever scope. @type {T | null} */
    this.last = null;
  }

  /** Add a frame; those of another scope are gone. @param {string} scope @param {number} p @param {T} frame */
  add(scope, p, frame) {
    if (scope !== this.scope) this.frames.clear();
    this.scope = scope;
    this.frames.set(rounded(p), frame);
  }

  /** @param {string} scope @param {number} p */
  get(scope, p) {
    return scope === this.scope ? this.frames.get(rounded(p)) : undefined;
  }

  /**
   * What to show at p: two neighbours on the grid and how far p is from the first to the second; the frame before, where
   * there is none of p yet.
   * @param {string} scope
   * @param {number} p
   * @returns {{ from: T, to: T, share: number, isStale: boolean } | null}
   */
  at(scope, p) {
    const exact = this.get(scope, p);
    if (exact) {
      this.last = exact;
      return { from: exact, to: exact, share: 0, isStale: false };
    }
    const low = Math.floor(p / grid.step) * grid.step;
    const [from, to] = [this.get(scope, low), this.get(scope, low + grid.step)];
    if (from && to) {
      const share = (p - low) / grid.step;
      this.last = share < 0.5 ? from : to;
      return { from, to, share, isStale: false };
    }
    return this.last && { from: this.last, to: this.last, share: 0, isStale: true };
  }

  /** The p of the grid that are missing, those nearest to p first. @param {string} scope @param {number} p */
  missing(scope, p) {
    const count = Math.round(1 / grid.step);
    const all = Array.from({ length: count + 1 }, (_, i) => rounded(i * grid.step));
    return all.filter((each) => !this.get(scope, each)).sort((a, b) => Math.abs(a - p) - Math.abs(b - p));
  }
}

/** @type {Film<Frame>} */
export const ensembles = new Film();
/** @type {Film<RunFrame>} */
export const runs = new Film();
/** The highlighted run as it would go on without its second damage. @type {Film<RunFrame>} */
export const undamaged = new Film();

/** What the ensemble's frames depend on but p. */
export function ensembleScope() {
  const { source, label, noise_kind, seed, n_steps, n_runs, basis, window } = screen.state;
  return [screen.model, source, label, noise_kind, seed, n_steps, n_runs, basis, basis === "fixed" ? "" : window].join(
    " ",
  );
}

/** Whether the highlighted run is damaged once more on its way. */
export function isDamaged() {
  const { damage_step, damage_noise, n_steps } = screen.state;
  return damage_step > 0 && damage_step <= n_steps && damage_noise > 0;
}

/** Whether the highlighted run is one of the ensemble: not of an image of one's own, nor damaged as no other is. */
export const isOfEnsemble = () => !screen.state.own && !screen.state.covered && !isDamaged();

/** What the highlighted run's frames depend on but p. @param {boolean} [damaged] With its second damage. */
export function runScope(damaged = isDamaged()) {
  const { source, label, noise_kind, seed, n_steps, sample, own, covered, damage_step, damage_noise } = screen.state;
  const damage = damaged ? `${damage_step} ${damage_noise}` : "";
  return [screen.model, source, label, noise_kind, seed, n_steps, own || sample, covered, damage].join(" ");
}

/** What the stage chart depends on, but the theme. */
export function sweepScope() {
  const { source, label, noise_kind } = screen.state;
  return [screen.model, source, label, noise_kind].join(" ");
}

/** The p that is shown: it glides to the one that is set, so that runs can be followed with the eye. */
export const shownNoise = { p: 0.3, isGliding: false };
const GLIDE = 90; // ms in which two thirds of the way are gone
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
let before = 0;

/**
 * Move the p that is shown towards the one that is set; returns whether it is still on its way.
 * @param {number} now Time of the frame, ms.
 */
export function glide(now) {
  const target = screen.state.noise;
  const elapsed = before ? Math.min(now - before, 100) : 16;
  const rest = target - shownNoise.p;
  const jumps = calm.matches || !ensembles.get(ensembleScope(), target);
  if (jumps || Math.abs(rest) < 0.0015) shownNoise.p = target;
  else shownNoise.p += rest * (1 - Math.exp(-elapsed / GLIDE));
  shownNoise.isGliding = shownNoise.p !== target;
  before = shownNoise.isGliding ? now : 0;
  return shownNoise.isGliding;
}
