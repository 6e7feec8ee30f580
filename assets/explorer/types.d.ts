/** What the modules pass to each other; the payloads are those of dashboard/payloads.py. */

export interface Quantised {
  u16: string;
  low: number;
  high: number;
  levels: number;
  shape: number[];
}

export interface Exact {
  f32: string;
  shape: number[];
}

export interface Plane {
  low: number[];
  high: number[];
  levels: number;
  u8: string;
}

export interface FramePayload {
  plane: Plane;
  landmark: Plane;
  nearest: string;
  curves: Quantised;
  explained: number[][];
  inside: number[];
  flat: boolean;
  minimum_distance: number[];
  minimum_distance_sem: number[];
  minimum_distance_difference_sem: number[];
  rival: string | null;
  basis?: Quantised;
  mean?: Quantised;
}

export interface FixedPlanePayload {
  basis: Exact;
  mean: Exact;
  explained: number[];
  ranges: number[][];
}

export interface RunFilmPayload {
  noises: number[];
  shape: number[];
  clean: string;
  images: string;
  distances: Quantised;
  minimum_distance: number[][];
  minimum_step: number[][];
  approaches_at_same_step: boolean[];
  plane: Quantised;
  landmark: Quantised;
  rest: Quantised;
  memory: Exact;
  captions: string[];
}

/** An ensemble at one p, as the page draws it. */
export interface Frame {
  noise: number;
  label: number;
  n_latent: number;
  trials: number;
  steps: number;
  plane: Positions;
  landmark: Positions;
  /** (runs, steps): the landmark that is nearest, + 3 * paleness. */
  state: Uint8Array;
  /** (steps, 3): shares of runs nearest to each landmark. */
  shares: Float32Array;
  /** (steps, 17). */
  curves: Float32Array;
  explained: number[][];
  inside: number[];
  flat: boolean;
  minimum_distance: number[];
  minimum_distance_difference_sem: number[];
  rival: string | null;
  caption: string;
  approach: string;
  basis: Float32Array | null;
  mean: Float32Array | null;
}

/** Whole numbers (runs, 2, steps) between two corners. */
export interface Positions {
  low: number[];
  high: number[];
  levels: number;
  u8: Uint8Array;
}

/** The highlighted run at one p. */
export interface RunFrame {
  noise: number;
  sample: number;
  label: number;
  steps: number;
  shape: [number, number];
  clean: Uint8Array;
  /** (steps, pixels). */
  greys: Uint8Array;
  /** (3, steps). */
  distances: Float32Array;
  minimum_step: number[];
  /** (steps, 2). */
  plane: Float32Array;
  landmark: Float32Array;
  memory: Float32Array;
  caption: string;
}

export interface ShownFrame {
  from: Frame;
  to: Frame;
  share: number;
  isStale: boolean;
}

export interface ShownRun {
  from: RunFrame;
  to: RunFrame;
  share: number;
  isStale: boolean;
}

export interface Field {
  name: string;
  key: string;
  default: string | number;
}

export interface State {
  v: string;
  dataset: string;
  n_latent: number;
  beta: number;
  model: string;
  source: string;
  label: number;
  sample: number;
  noise: number;
  noise_kind: string;
  n_runs: number;
  n_steps: number;
  window: number;
  basis: string;
  seed: number;
  t: number;
  speed: string;
  theme: string;
  curves: string;
  view: string;
}

export interface BeginPayload {
  fields: Field[];
  markers: string[];
  grid: number;
  alphabet: string;
}

export interface SettledPayload {
  state: State;
  space: { landmarks: Exact; tiles: string; shape: number[]; vectors: Float32Array };
  fixed: { basis: Float32Array; mean: Float32Array; explained: number[]; ranges: number[][] };
  latents: number[];
  betas: number[];
  models: Record<string, string>;
  model: string;
  labels: string[];
  limits: { n_runs: number; sample: number };
  images_here: boolean;
  images_note: string;
  fetchable: boolean;
  card: string;
  notes: string[];
  offer: { dataset: string; n_latent: number } | null;
}

export interface SweepPayload {
  noises: number[];
  minimum_distance: number[][];
  difference_sem: number[][];
  rivals: (string | null)[];
  captions: string[];
  note: string;
  figure: { data: unknown[]; layout: unknown };
}

declare global {
  interface Window {
    Plotly: any;
    DashRenderer: any;
    dash_clientside: any;
    latent: any;
  }
}
