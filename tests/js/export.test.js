import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateRawSync } from "node:zlib";
import { SvgContext } from "#export-svg";
import { crc32, zipped } from "#export-zip";

const bytes = (text) => new TextEncoder().encode(text);
const drawing = () =>
  new SvgContext(
    (words) => ({ width: 6 * words.length }),
    (source) => `data:${source}`,
    "p",
  );

test("the checksum is that of the standard", () => {
  assert.equal(crc32(bytes("123456789")), 0xcbf43926);
  assert.equal(crc32(bytes("")), 0);
});

/** The files of a ZIP, read by its directory as programs do. */
function unzipped(pieces) {
  const all = Buffer.concat(pieces);
  const end = all.length - 22;
  assert.equal(all.readUInt32LE(end), 0x06054b50);
  let at = all.readUInt32LE(end + 16);
  return Array.from({ length: all.readUInt16LE(end + 10) }, () => {
    assert.equal(all.readUInt32LE(at), 0x02014b50);
    const [method, crc, size] = [all.readUInt16LE(at + 10), all.readUInt32LE(at + 16), all.readUInt32LE(at + 20)];
    const [nameLength, local] = [all.readUInt16LE(at + 28), all.readUInt32LE(at + 42)];
    const name = all.subarray(at + 46, at + 46 + nameLength).toString();
    at += 46 + nameLength;
    assert.equal(all.readUInt32LE(local), 0x04034b50);
    const start = local + 30 + all.readUInt16LE(local + 26);
    const stored = all.subarray(start, start + size);
    const content = method ? inflateRawSync(stored) : stored;
    assert.equal(crc32(content), crc);
    return [name, content.toString()];
  });
}

test("a ZIP gives back its files by its directory", () => {
  const files = [
    ["a.csv", "t,p\n0,0.3\n"],
    ["fig1/‘6’.txt", "x".repeat(70_000)],
    ["empty", ""],
  ];
  assert.deepEqual(unzipped(zipped(files.map(([name, text]) => ({ name, bytes: bytes(text) })))), files);
});

test("runs are circles, in one group that is as opaque as the canvas paints it", () => {
  const c = drawing();
  c.fillStyle = "#0060a0";
  c.globalAlpha = 0.7;
  c.beginPath();
  for (const [x, y] of [
    [10, 20],
    [30.456, 40],
  ]) {
    c.moveTo(x + 2, y);
    c.arc(x, y, 2);
  }
  c.fill();
  assert.equal(
    String(c),
    '<g fill="#0060a0" opacity="0.7"><circle cx="10" cy="20" r="2"/><circle cx="30.46" cy="40" r="2"/></g>',
  );
});

test("a path begins where it is moved to, and where its first line leads", () => {
  const c = drawing();
  c.beginPath();
  c.lineTo(1, 2);
  c.lineTo(3, 4);
  c.moveTo(5, 6);
  c.lineTo(7, 8);
  c.closePath();
  c.setLineDash([4, 3]);
  c.strokeStyle = "#112233";
  c.stroke();
  assert.match(String(c), /d="M1 2L3 4M5 6L7 8Z"/);
  assert.match(
    String(c),
    /fill="none" stroke="#112233" stroke-width="1" stroke-linejoin="miter" stroke-dasharray="4 3"/,
  );
});

test("what is clipped ends with restore, which gives back the pen", () => {
  const c = drawing();
  c.lineWidth = 3;
  c.save();
  c.lineWidth = 9;
  c.beginPath();
  c.rect(0, 0, 10, 10);
  c.clip();
  c.fillRect(1, 1, 2, 2);
  c.restore();
  assert.equal(c.lineWidth, 3);
  const text = String(c);
  assert.match(
    text,
    /<clipPath id="p-clip-0"><path d="M0 0h10v10h-10Z"\/><\/clipPath><g clip-path="url\(#p-clip-0\)">/,
  );
  assert.equal(text.split("<g").length, text.split("</g>").length);
});

test("words are text of the same font, and no markup", () => {
  const c = drawing();
  c.font = '600 12px "DejaVu Sans", sans-serif';
  c.textAlign = "right";
  c.fillText("a < b & “c”", 5, 6);
  assert.match(String(c), /font-size="12" font-weight="600" font-family="&quot;DejaVu Sans&quot;, sans-serif"/);
  assert.match(String(c), /text-anchor="end" fill="#000000">a &lt; b &amp; “c”<\/text>/);
  assert.equal(c.measureText("abc").width, 18);
});

test("a rectangle of an image has its own address", () => {
  const crops = [];
  const c = new SvgContext(
    () => ({ width: 0 }),
    (source, crop) => crops.push(crop) && source,
    "p",
  );
  c.drawImage("sprite", 28, 0, 28, 28, 1, 2, 30, 30);
  c.drawImage("image", 1, 2, 30, 30);
  assert.deepEqual(crops, [[28, 0, 28, 28], null]);
  assert.match(String(c), /<image x="1" y="2" width="30" height="30" href="sprite"/);
});
