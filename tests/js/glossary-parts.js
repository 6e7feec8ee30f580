/* Reads { entries, texts } in JSON from standard input, and writes the pieces that glossary.js cuts every text into. */
import { text } from "node:stream/consumers";
import { partsOf, setTerms } from "#glossary";

const { entries, texts } = JSON.parse(await text(process.stdin));
setTerms(entries);
process.stdout.write(JSON.stringify(texts.map(partsOf)));
