/* Reads calls from standard input, {alphabet, calls: [[name, ...arguments], ...]} in JSON, and writes their results. */
import "#tests/browser";
import { text } from "node:stream/consumers";
import { images, nibbles, quantised, unpacked } from "#decode";
import { alphabet, frameOf, runFrames } from "#frames";

const DECODERS = { frameOf, images, nibbles, quantised, runFrames, unpacked };

const given = JSON.parse(await text(process.stdin));
alphabet.letters = given.alphabet;
const results = given.calls.map(([name, ...rest]) => DECODERS[name](...rest));
process.stdout.write(JSON.stringify(results, (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value)));
