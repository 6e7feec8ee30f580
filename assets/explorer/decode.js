/* Arrays from the wire: the counterpart of dashboard/wire.py. Nothing here knows what the numbers mean. */

/** @import { Exact, Quantised } from "#types" */
/** @typedef {{values: Float32Array, shape: number[]}} Decoded */

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SIXES = new Uint8Array(128);
for (let i = 0; i < 64; i++) SIXES[LETTERS.charCodeAt(i)] = i;

const GREYS = 16;
const FIRST_NIBBLE = "A".charCodeAt(0);

/**
 * Bytes from base64's URL-safe alphabet, padded or not.
 * @param {string} text
 */
export function bytes(text) {
  // browsers since 2025
  return Uint8Array.fromBase64 ? Uint8Array.fromBase64(text, { alphabet: "base64url" }) : bytesByLetters(text);
}

/**
 * The same in any browser.
 * @param {string} text
 */
export function bytesByLetters(text) {
  const count = text.replace(/=+$/, "").length;
  const out = new Uint8Array((count * 3) >> 2);
  let held = 0;
  let bits = 0;
  let to = 0;
  for (let i = 0; i < count; i++) {
    held = ((held << 6) | SIXES[text.charCodeAt(i)]) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[to++] = held >> bits;
    }
  }
  return out;
}

/**
 * An array of numbers: as 32-bit floats, or as whole numbers between `low` and `high` of which the differences to the
 * row before are sent modulo 2^16, all low bytes before all high ones.
 * @param {Quantised | Exact} wire
 * @returns {Decoded}
 */
export function quantised(wire) {
  if ("f32" in wire) return { values: new Float32Array(bytes(wire.f32).buffer), shape: wire.shape };
  const raw = bytes(wire.u16);
  const count = raw.length / 2;
  const row = count / wire.shape[0];
  const step = (wire.high - wire.low) / wire.levels;
  const whole = new Uint16Array(count); // stores modulo 2^16
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    whole[i] = (raw[i] | (raw[count + i] << 8)) + (i < row ? 0 : whole[i - row]);
    values[i] = wire.low + step * whole[i];
  }
  return { values, shape: wire.shape };
}

/**
 * Series of bytes: of each the first value, then its differences modulo 256, every code one letter of the alphabet.
 * @param {string} text Letters (series, steps).
 * @param {string} alphabet The 256 letters, in the order of their codes.
 * @param {number} series
 * @param {number} steps
 * @returns {Uint8Array} Values (series, steps).
 */
export function unpacked(text, alphabet, series, steps) {
  const codes = codesOf(alphabet);
  const values = new Uint8Array(series * steps); // stores modulo 256
  for (let first = 0; first < values.length; first += steps) {
    values[first] = codes[text.charCodeAt(first)];
    for (let i = first + 1; i < first + steps; i++) values[i] = values[i - 1] + signed(codes[text.charCodeAt(i)]);
  }
  return values;
}

/**
 * Numbers from 0 to 15, of which each is a letter from A to P.
 * @param {string} text
 */
export function nibbles(text) {
  const values = new Uint8Array(text.length);
  for (let i = 0; i < values.length; i++) values[i] = text.charCodeAt(i) - FIRST_NIBBLE;
  return values;
}

/**
 * Images in 16 greys, each pixel a series: its grey at t = 0, then its differences modulo 16.
 * @param {string} text Letters (noises, pixels, steps) as `nibbles` reads them.
 * @param {number} noises
 * @param {number} steps
 * @param {number} pixels
 * @returns {Uint8Array} Greys from 0 to 15 (noises, steps, pixels): an image lies in one piece.
 */
export function images(text, noises, steps, pixels) {
  const codes = nibbles(text);
  const greys = new Uint8Array(codes.length);
  for (let series = 0; series < noises * pixels; series++) {
    const first = Math.floor(series / pixels) * steps * pixels + (series % pixels);
    let grey = codes[series * steps];
    greys[first] = grey;
    for (let t = 1; t < steps; t++) {
      grey = (grey + signed(codes[series * steps + t])) & (GREYS - 1);
      greys[first + t * pixels] = grey;
    }
  }
  return greys;
}

/**
 * A difference from its code: 0, 1, 2, 3, 4 stand for 0, -1, 1, -2, 2.
 * @param {number} code
 */
function signed(code) {
  return code % 2 ? -(code + 1) / 2 : code / 2;
}

/** @type {{alphabet: string, codes: Uint8Array}} The alphabet that was read last: every reply has the same. */
let latest = { alphabet: "", codes: new Uint8Array(0) };

/** @param {string} alphabet */
function codesOf(alphabet) {
  if (latest.alphabet !== alphabet) {
    const units = Array.from({ length: alphabet.length }, (_, i) => alphabet.charCodeAt(i));
    const codes = new Uint8Array(Math.max(...units) + 1);
    units.forEach((unit, code) => {
      codes[unit] = code;
    });
    latest = { alphabet, codes };
  }
  return latest.codes;
}
