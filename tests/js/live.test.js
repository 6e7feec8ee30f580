/* Live lessons: codes, and when a tab asks. */

import "#tests/browser";
import assert from "node:assert/strict";
import { test } from "node:test";
import { canonical, poll } from "#live-server";

/** Let all promises that can be kept be kept. */
const settle = async () => {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
};

test("a code can be typed in any way", () => {
  assert.equal(canonical(" c4f-7hk\n"), "C4F7HK");
  assert.equal(canonical("C4F 7HK"), "C4F7HK");
  assert.equal(canonical("../?&"), "");
});

test("a tab asks once a second, one question at a time, while it can be seen, until it is over", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const listeners = new Set();
  const seen = (isHidden) => {
    document.hidden = isHidden;
    for (const listener of listeners) listener();
  };
  Object.assign(document, {
    hidden: false,
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
  });
  let asked = 0;
  let answer = () => {};
  const wait = async (ms) => {
    t.mock.timers.tick(ms);
    await settle();
  };
  const stop = poll(() => {
    asked++;
    return new Promise((resolve) => {
      answer = resolve;
    });
  });
  assert.equal(asked, 1);
  await wait(5000);
  seen(false); // the first is still open
  assert.equal(asked, 1);
  answer();
  await settle();
  await wait(999);
  assert.equal(asked, 1);
  await wait(1);
  assert.equal(asked, 2);
  answer();
  await settle();
  seen(true);
  await wait(5000);
  assert.equal(asked, 2); // nobody looks
  seen(false);
  assert.equal(asked, 3);
  answer();
  await settle();
  stop();
  await wait(5000);
  seen(false);
  assert.equal(asked, 3);
});
