/* Reads [[name, argument], ...] in JSON from standard input, and writes what lesson-link.js makes of each: a result, or
 * the refusal. */
import { text } from "node:stream/consumers";
import { pack, unpack } from "#lesson-link";

const results = [];
for (const [name, given] of JSON.parse(await text(process.stdin))) {
  results.push(await (name === "pack" ? pack : unpack)(given).catch(({ message }) => ({ refusal: message })));
}
process.stdout.write(JSON.stringify(results));
