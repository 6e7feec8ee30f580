/* Reads calls of decode.js from standard input, [[name, ...arguments], ...] in JSON, and writes their results. */
import { text } from "node:stream/consumers";
import { images, nibbles, quantised, unpacked } from "#decode";

const DECODERS = { images, nibbles, quantised, unpacked };

const plain = (result) => Array.from(ArrayBuffer.isView(result) ? result : result.values);

const calls = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(calls.map(([name, ...given]) => plain(DECODERS[name](...given)))));
