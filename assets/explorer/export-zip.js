/* A ZIP of files as they are, without compression: pictures have their own, and no library is needed. */

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** The checksum that a ZIP has of every file. @param {Uint8Array} bytes */
export function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** Numbers of 2 or 4 bytes, the lowest byte first. @param {[number, 2 | 4][]} numbers */
function little(numbers) {
  const view = new DataView(new ArrayBuffer(numbers.reduce((sum, [, size]) => sum + size, 0)));
  let at = 0;
  for (const [value, size] of numbers) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

const VERSION = 20; // of the format: 2.0
const UTF8 = 0x800; // how names are written
const STORED = 0;
const DATE = 0x21; // 1 January 1980: equal files give equal bytes

/**
 * Pack files.
 * @param {{ name: string, bytes: Uint8Array<ArrayBuffer> }[]} files Names with their folders.
 * @returns {Uint8Array<ArrayBuffer>[]} The pieces of the ZIP, in their order.
 */
export function zipped(files) {
  const pieces = [];
  const directory = [];
  let offset = 0;
  for (const { name, bytes } of files) {
    const words = new TextEncoder().encode(name);
    /** @type {[number, 2 | 4][]} */
    const facts = [
      [VERSION, 2],
      [UTF8, 2],
      [STORED, 2],
      [0, 2],
      [DATE, 2],
      [crc32(bytes), 4],
      [bytes.length, 4],
      [bytes.length, 4],
      [words.length, 2],
      [0, 2],
    ];
    const head = little([[0x04034b50, 4], ...facts]);
    pieces.push(head, words, bytes);
    /** @type {[number, 2 | 4][]} */
    const place = [
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 4],
      [offset, 4],
    ];
    directory.push(little([[0x02014b50, 4], [VERSION, 2], ...facts, ...place]), words);
    offset += head.length + words.length + bytes.length;
  }
  const size = directory.reduce((sum, each) => sum + each.length, 0);
  /** @type {[number, 2 | 4][]} */
  const counts = [
    [0, 2],
    [0, 2],
    [files.length, 2],
    [files.length, 2],
  ];
  return [...pieces, ...directory, little([[0x06054b50, 4], ...counts, [size, 4], [offset, 4], [0, 2]])];
}
