/* Reads calls from standard input, {alphabet, calls: [[name, ...arguments], ...]} in JSON, and writes their results. */
import "#tests/browser";
import { text } from "node:stream/consumers";
import { images, nibbles, quantised, unpacked } from "#decode";
import { coordinate } from "#flock";
import { alphabet, frameOf, runFrames } from "#frames";
import { packedMask, unpackedImage } from "#packing";

/** Where all runs are in a view: (steps, runs, 2). */
function positions(wire, view) {
  const frame = frameOf(wire);
  const count = frame.steps * frame.nRuns * 2;
  return Array.from({ length: count }, (_, i) => {
    const [t, run, k] = [Math.floor(i / (2 * frame.nRuns)), (i >> 1) % frame.nRuns, i % 2];
    return coordinate(frame, view, run, k, t);
  });
}

const DECODERS = { frameOf, images, nibbles, packedMask, positions, quantised, runFrames, unpacked, unpackedImage };

const given = JSON.parse(await text(process.stdin));
alphabet.letters = given.alphabet;
const results = given.calls.map(([name, ...rest]) => DECODERS[name](...rest));
process.stdout.write(JSON.stringify(results, (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value)));
