import assert from "node:assert/strict";
import test from "node:test";
import { LessonError, oneLine, pack, unpack } from "#lesson-link";

const LESSON = {
  title: "Gedächtnis, 記憶, 🧠",
  frames: [
    { screen: "v=3&p=0.1", caption: "Little noise.", ask: "stage" },
    { screen: "", caption: "", ask: "" },
  ],
  hidden: ["noise", "header"],
  seconds: 5,
};
/** @param {object} change */
const changed = (change) => ({ ...LESSON, ...change });

test("a lesson comes back", async () => {
  assert.deepEqual(await unpack(await pack(LESSON)), LESSON);
});

test("what is no lesson is refused before it gets into a link", async () => {
  const [frame] = LESSON.frames;
  for (const [change, words] of [
    [{ frames: [] }, "add one"],
    [{ frames: Array(21).fill(frame) }, "20 screens at most"],
    [{ title: "a".repeat(81) }, "80 characters"],
    [{ frames: [{ ...frame, caption: "a".repeat(301) }] }, "300 characters"],
    [{ frames: [{ ...frame, caption: "a\u0000b" }] }, "in one line"],
    [{ frames: [{ ...frame, ask: "anything" }] }, "not known here"],
    [{ frames: [{ ...frame, screen: "p=0.3&tour=units" }] }, "more than a screen"],
    [{ seconds: 601 }, "0 to 600 seconds"],
    [{ spoken: 1 }, "damaged"],
  ]) {
    await assert.rejects(
      pack(changed(change)),
      (error) => error instanceof LessonError && error.message.includes(words),
    );
  }
});

test("eighty characters are eighty, whatever they are made of", async () => {
  const title = "🧠".repeat(80);
  assert.equal((await unpack(await pack(changed({ title })))).title, title);
});

test("what is typed or pasted becomes one line of the length that is allowed", () => {
  assert.equal(oneLine("two\nlines,\u0007 \u2028 one", 80), "two lines, one");
  assert.equal(oneLine("🧠🧠🧠", 2), "🧠🧠");
});
