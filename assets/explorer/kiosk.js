/**
 * A lesson that goes on by itself: every frame is played, stays for some seconds, and the next one comes, round and
 * round. It waits while somebody touches the page, and goes on a minute later.
 *
 *   frame is here --> (question: nobody answers --> skipped) --> played --> stays --> next
 *   touched --> nothing for a minute --> the same frame again
 */
import { player } from "#player";

const PAUSE = 60; // s without a touch
const CALM_STEP = 1500; // ms
const CALM_STEPS = 4; // that a run is shown in, where nothing may move
const TOUCHES = ["pointerdown", "keydown", "wheel"];
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

/** @type {{ seconds: number, phase: "off" | "waits" | "asks" | "plays" | "stays" | "touched", timer: number }} */
const kiosk = { seconds: 0, phase: "off", timer: 0 };
/** @type {{ next: () => void, again: () => void, skip: () => void }} */
let go = { next: () => {}, again: () => {}, skip: () => {} };

export const kioskPhase = () => kiosk.phase;
export const isKiosk = () => kiosk.phase !== "off";

/** @param {typeof kiosk.phase} phase @param {number} [seconds] @param {() => void} [then] */
function enter(phase, seconds = 0, then = () => {}) {
  clearTimeout(kiosk.timer);
  kiosk.phase = phase;
  if (seconds) kiosk.timer = window.setTimeout(then, 1000 * seconds);
}

/** @param {number} seconds That a frame stays. */
export function startKiosk(seconds) {
  kiosk.seconds = seconds;
  enter("waits");
}

export function stopKiosk() {
  clearTimeout(stepping);
  enter("off");
}

/** A frame has been visited: it is waited for. */
export function restartKiosk() {
  clearTimeout(stepping);
  if (isKiosk() && kiosk.phase !== "touched") enter("waits");
}

/** Somebody is here: the page is theirs. */
function touched() {
  if (!isKiosk()) return;
  enter("touched", PAUSE, () => {
    enter("waits");
    go.again();
  });
}

/** Play from t = 0; in a few steps where nothing may move. */
export function playRun() {
  player.set(0);
  if (calm.matches) stepOn();
  else player.play();
}

let stepping = 0;

/** A step further, until the end, another frame, or somebody moves the clock. */
function stepOn() {
  const from = player.t;
  stepping = window.setTimeout(() => {
    if (player.t !== from) return;
    player.set(from + Math.ceil(player.length / CALM_STEPS));
    if (player.t < player.length) stepOn();
  }, CALM_STEP);
}

/**
 * Go on, when what was waited for is there.
 * @param {{ isHere: boolean, isAsking: boolean, isPredicting: boolean }} frame
 */
export function followKiosk({ isHere, isAsking, isPredicting }) {
  if (!isHere || kiosk.phase === "off" || kiosk.phase === "touched") return;
  if (kiosk.phase === "waits") {
    if (isAsking) enter("asks", kiosk.seconds, go.skip);
    else {
      enter("plays");
      if (!isPredicting) playRun(); // what was asked is played by who asked
    }
  } else if (kiosk.phase === "asks" && !isAsking) enter("plays");
  else if (kiosk.phase === "plays" && !isPredicting && !player.playing && player.t === player.length) {
    enter("stays", kiosk.seconds, go.next);
  }
}

/** Connect it with the lesson. @param {typeof go} given */
export function bindKiosk(given) {
  go = given;
  for (const name of TOUCHES) window.addEventListener(name, touched, { capture: true, passive: true });
}
