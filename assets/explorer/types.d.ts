/* What the modules pass to each other. First the payloads of dashboard/payloads.py, under the same names and with the same
 * keys: a test compares the two. The axis that is named last changes fastest. */

/** Numbers as changes to the row before, in base64: `quantised` of decode.js reads them. */
export interface Quantised {
  u16: string;
  low: number;
  high: number;
  levels: number;
  shape: number[];
}

/** 32-bit floats in base64; read by `quantised` too. */
export interface Exact {
  f32: string;
  shape: number[];
}

/** Positions of all runs in a plane, each coordinate as a whole number from 0 (`low`) to `levels` (`high`). */
export interface Plane {
  low: number[];
  high: number[];
  levels: number;
  /** For `unpacked`, as (runs, 2, steps). */
  u8: string;
}

/** Collective runs at one p. */
export interface FramePayload {
  /** In the plane of the principal components. */
  plane: Plane;
  /** In the plane of the landmarks of each run, cut off at its edges. */
  landmark: Plane;
  /** For `nibbles`, as (runs, steps): nearest landmark + 3 * paleness. */
  nearest: string;
  /** (steps, 17): 3 mean distances, their 3 standard errors, 10 mean distances to concepts, the line. */
  curves: Quantised;
  /** Shares of variance of both axes at every step; one pair where the axes are fixed. */
  explained: number[][];
  /** Share of the squared distance that lies in the plane of the landmarks, at every step. */
  inside: number[];
  /** The landmarks of most runs span no plane: leave the view out. */
  flat: boolean;
  minimum_distance: number[];
  minimum_distance_sem: number[];
  /** Memory and concept, memory and abstract concept, concept and abstract concept. */
  minimum_distance_difference_sem: number[];
  /** The stage that other runs might give as well. */
  runner_up: string | null;
  /** (steps, 2, latent); it and the mean are absent where the axes are fixed. */
  basis?: Quantised;
  /** (steps, latent) */
  mean?: Quantised;
}

/** The plane that does not move: what places a vector on it, and the part of it that is shown. */
export interface FixedPlanePayload {
  /** (2, latent) */
  basis: Exact;
  /** (latent,) */
  mean: Exact;
  explained: number[];
  /** [[x low, x high], [y low, y high]] */
  ranges: number[][];
}

/** The highlighted run at many p. All `Quantised` have the steps first, then the noises. */
export interface RunFilmPayload {
  noises: number[];
  /** Height and width of an image. */
  shape: number[];
  /** For `nibbles`: the pixels, black to white. */
  clean: string;
  /** For `images`, as (noises, pixels, steps). */
  images: string;
  /** (steps, noises, 3): to memory, concept and abstract concept. */
  distances: Quantised;
  /** (noises, 3) */
  minimum_distance: number[][];
  /** (noises, 3) */
  minimum_step: number[][];
  approaches_at_same_step: boolean[];
  /** (steps, noises, 2), on the axes of the fixed plane. */
  plane: Quantised;
  /** (steps, noises, 2) */
  landmark: Quantised;
  /** (steps, noises) */
  rest: Quantised;
  /** (latent,) */
  memory: Exact;
  /** One for every p. */
  captions: string[];
}

/** A picture as an image that a run can start from. */
export interface OwnImagePayload {
  /** For the state: 16 greys, two pixels a byte. */
  own: string;
  /** That the classifier proposes. */
  label: number;
  /** How probable it finds each. */
  label_probabilities: number[];
}

/** How the classifier names the highlighted run's last decoded image. */
export interface LastLabelPayload {
  label: number;
}

export interface GalleryPayload {
  shape: number[];
  images: string;
}

/** The concepts of all labels, then the abstract concept. */
export interface LandmarksPayload {
  /** (11, latent) */
  landmarks: Exact;
  /** A PNG in base64: their decoded images in a row. */
  tiles: string;
  /** Height and width of an image. */
  shape: number[];
}

/** The largest values that a model leaves room for. */
export interface Limits {
  n_runs: number;
  sample: number;
}

/** A model that is not here and can be trained. */
export interface Offer {
  dataset: string;
  n_latent: number;
}

/** Answers of "settled": the model that a state asks for, and the state within what that model can do. */
export interface SettledPayload {
  state: State;
  space: LandmarksPayload;
  fixed: FixedPlanePayload;
  /** Numbers of latent units to choose from. */
  latents: number[];
  betas: number[];
  /** Models to choose from: id and what tells it from the others. */
  models: Record<string, string>;
  model: string;
  /** The model that this one is an age of, or itself. */
  base: string;
  /** Epochs and id of every age that was kept. */
  series: [number, string][];
  labels: string[];
  limits: Limits;
  images_here: boolean;
  images_note: string;
  fetchable: boolean;
  /** A line about the model. */
  card: string;
  notes: string[];
  offer: Offer | null;
}

/** Mean minimum distances over p, to memory, concept and abstract concept. */
export interface MinimaPayload {
  noises: number[];
  /** (noises, 3) */
  minimum_distance: number[][];
  /** (noises, 3): memory and concept, memory and abstract concept, concept and abstract concept. */
  difference_sem: number[][];
  /** The stage that other runs might give as well, at every p. */
  runners_up: (string | null)[];
}

/** A figure of plotly. */
export interface Figure {
  data: unknown[];
  layout: Record<string, unknown>;
}

/** Answers of "sweep": the stage chart, and the sentence for every p. */
export interface SweepPayload extends MinimaPayload {
  captions: string[];
  note: string;
  figure: Figure;
}

/** Answers of "run", "runfilm" and "image": the highlighted run, or another one of the ensemble. */
export type RunReply = RunFilmPayload & { label: number; sample: number };

/** One of the frames of "ensemble" and "film". */
export type FrameReply = FramePayload & { noise: number; label: number; caption: string; approach: string };

/** Answers of "job": an estimate in words, or how far training or fetching is. */
export interface JobReply {
  estimate?: string;
  key: string;
  state: "waiting" | "running" | "done" | "failed" | "cancelled";
  /** From 0 to 1. */
  fraction: number;
  text: string;
}

/** Answers of "progress". */
export interface ProgressReply {
  /** From 0 to 1. */
  fraction: number;
  text: string;
}

/** An ensemble at one p, as the page draws it. */
export interface Frame {
  noise: number;
  label: number;
  n_latent: number;
  nRuns: number;
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
  runner_up: string | null;
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
  name: keyof State;
  key: string;
  default: string | number;
}

/** What the address holds: ScreenState in controls.py. An alias, so that it can be read by field names. */
export type State = {
  v: string;
  dataset: string;
  n_latent: number;
  beta: number;
  model: string;
  source: string;
  label: number;
  sample: number;
  /** An image of one's own, packed; empty where there is none. */
  own: string;
  /** Mask of what is covered of x(0), packed. */
  covered: string;
  /** Step at which x(t) is damaged once more, if not zero. */
  damage_step: number;
  damage_noise: number;
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
  /** The stop of the guided tour; empty where it is not taken. */
  tour: string;
  language: string;
  presented: string;
  /** The screen that this one is compared with, as its link; empty where there is none. */
  pinned: string;
};

/** A stop of the guided tour: `Stop` in tour.py. */
export interface TourStop {
  id: string;
  title: string;
  text: string;
  settings: Record<string, unknown>;
  /** The stage whose p is set: 0, 1, 2. */
  stage: number;
  /** p where the digit has no such stage. */
  noise: number;
  wait: "strip" | "played" | "drawn";
  /** Address and words of a link; empty where there is none. */
  page: [string, string];
}

/** A screen of a lesson: `Frame` in lesson.py. */
export interface LessonFrame {
  /** The query of a link. */
  screen: string;
  caption: string;
  /** What the learner answers before it plays. */
  ask: "" | "stage" | "label";
}

/** `Lesson` in lesson.py. */
export interface Lesson {
  title: string;
  frames: LessonFrame[];
  /** Settings by their fields, and parts of the page. */
  hidden: string[];
  /** Kiosk: how long a frame stays; 0 where frames are turned by hand. */
  seconds: number;
}

export interface BeginPayload {
  fields: Field[];
  markers: string[];
  grid: number;
  chunk: number;
  alphabet: string;
  /** Keys of links that a pinned screen does not have. */
  beside: string[];
  tour: { base: Record<string, unknown>; stops: TourStop[] };
}

/** `SettledPayload` as the page uses it. */
export type Facts = Omit<SettledPayload, "space" | "fixed"> & {
  /** The picture of all concepts and the abstract concept as an address; (11, latent). */
  space: { tiles: string; vectors: Float32Array; shape: [number, number] };
  fixed: { basis: Float32Array; mean: Float32Array; ranges: number[][] };
};

/** What Dash calls functions of the page through. */
export interface DashClientside {
  latent: Record<string, unknown>;
  no_update: unknown;
  /** The id of the component that asked, where ids are objects. */
  callback_context: { triggered_id?: Record<string, string> };
  set_props(id: string | Record<string, string> | undefined, props: Record<string, unknown>): void;
}

/** What plotly keeps about an axis: its place in pixels. */
export interface PlotlyAxis {
  _offset: number;
  _length: number;
  range: [number, number];
}

/** A panel's element; a layout is there once plotly has drawn it. */
export interface PlotlyGraph extends HTMLElement {
  _fullLayout?: { xaxis?: PlotlyAxis; yaxis: PlotlyAxis };
  on(event: string, listener: () => void): void;
}

declare global {
  interface Window {
    /** Missing until it is loaded. */
    Plotly: {
      react(graph: unknown, data: unknown[], layout: unknown, config?: unknown): void;
      react(graph: unknown, figure: { data: unknown[]; layout: unknown; frames?: unknown[]; config?: unknown }): void;
      /** The picture as an address of data. */
      toImage(graph: Element, options: Record<string, unknown>): Promise<string>;
      downloadImage(graph: Element, options: Record<string, unknown>): void;
      /** Measures the place of a figure without a width of its own. */
      Plots: { resize(graph: Element): void };
    };
    DashRenderer: new () => unknown;
    dash_clientside: DashClientside;
    /** For tests. */
    latent: Record<string, unknown>;
  }
}
