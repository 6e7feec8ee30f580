/* The other half of the wire format is tests/test_wire.py: what Python packs, node unpacks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, bytesByLetters, images, nibbles, quantised, unpacked } from "#decode";

const base64url = (content) => Buffer.from(content).toString("base64url");
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, i) => 255 - i);

for (const [name, read] of Object.entries({ bytes, bytesByLetters })) {
  test(`${name} reads every byte at every place of a group, padded or not`, () => {
    for (const length of [0, 1, 2, 3, 4, 255, 256]) {
      const content = EVERY_BYTE.subarray(0, length);
      const text = base64url(content);
      assert.deepEqual(read(text), content);
      assert.deepEqual(read(text.padEnd(Math.ceil(text.length / 4) * 4, "=")), content);
    }
  });
}

test("a browser's own base64 is used where there is one, with the letters that are sent", (t) => {
  const asked = t.mock.fn(() => Uint8Array.of(7));
  const had = Object.getOwnPropertyDescriptor(Uint8Array, "fromBase64");
  Object.defineProperty(Uint8Array, "fromBase64", { value: asked, configurable: true });
  t.after(() =>
    had ? Object.defineProperty(Uint8Array, "fromBase64", had) : Reflect.deleteProperty(Uint8Array, "fromBase64"),
  );
  assert.deepEqual(bytes("-_"), Uint8Array.of(7));
  assert.deepEqual(asked.mock.calls[0].arguments, ["-_", { alphabet: "base64url" }]);
});

test("floats come as they are", () => {
  const values = Float32Array.of(0, -1.5, 3.25e-30, Number.POSITIVE_INFINITY);
  const wire = { f32: base64url(new Uint8Array(values.buffer)), shape: [2, 2] };
  assert.deepEqual(quantised(wire), { values, shape: [2, 2] });
});

test("whole numbers are added up along the rows, beyond 2^16 from the start again", () => {
  const differences = [1000, 65535, 65535, 1, 1, 65535]; // rows [1000, 65535], [999, 0], [1000, 65535]
  const raw = Uint8Array.from([...differences.map((v) => v & 255), ...differences.map((v) => v >> 8)]);
  const wire = { u16: base64url(raw), low: -2, high: 65533, levels: 65535, shape: [3, 2] };
  assert.deepEqual([...quantised(wire).values], [998, 65533, 997, -2, 998, 65533]);
});

test("a whole number is that many steps above the lowest value", () => {
  const wire = { u16: base64url(Uint8Array.of(0, 2, 4, 0, 0, 0)), low: 10, high: 12, levels: 8, shape: [1, 3] };
  assert.deepEqual([...quantised(wire).values], [10, 10.5, 11]);
});

const ALPHABET = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => 0x4e00 + ((i * 7) % 256)));

test("a series starts with its own value and goes on by differences of both signs", () => {
  const codes = [250, 4, 4, 4, 3, 7, 0, 2]; // 250, +2, +2, +2 (past 255), and 7 after the start of another: -2, -4
  const text = codes.map((code) => ALPHABET[code]).join("");
  assert.deepEqual([...unpacked(text, ALPHABET, 2, 4)], [250, 252, 254, 0, 3, 255, 255, 0]);
});

test("every code stands for a difference: 0, -1, 1, -2, 2 and so on", () => {
  for (let code = 0; code < 256; code++) {
    const difference = code % 2 ? -(code + 1) / 2 : code / 2;
    const [, next] = unpacked(ALPHABET[100] + ALPHABET[code], ALPHABET, 1, 2);
    assert.equal(next, (100 + difference + 256) % 256);
  }
});

test("another alphabet is read as such", () => {
  const turned = [...ALPHABET].reverse().join("");
  assert.deepEqual([...unpacked(turned[9], turned, 1, 1)], [9]);
  assert.deepEqual([...unpacked(ALPHABET[9], ALPHABET, 1, 1)], [9]);
});

test("letters from A to P are numbers from 0 to 15", () => {
  assert.deepEqual([...nibbles("APBKA")], [0, 15, 1, 10, 0]);
});

test("every pixel is added up over t modulo 16, and the images of every p start anew", () => {
  const letters = "OCC" + "BAA" + "FDB" + "APP"; // (noises, pixels, steps): 14 15 0, 1 1 1; 5 3 2, 0 8 0
  assert.deepEqual([...images(letters, 2, 3, 2)], [14, 1, 15, 1, 0, 1, 5, 0, 3, 8, 2, 0]);
});
