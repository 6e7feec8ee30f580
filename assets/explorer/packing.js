/** Images and masks as text for the state, as packed_images.py reads them: base64 without "+", "/" and "=". */
import { bytes } from "#decode";

/** @param {Uint8Array} content */
function inText(content) {
  const text = btoa(String.fromCharCode(...content));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** A mask, eight pixels a byte, the first in the highest bit. @param {ArrayLike<boolean>} mask */
export function packedMask(mask) {
  const content = new Uint8Array(Math.ceil(mask.length / 8));
  for (let i = 0; i < mask.length; i++) if (mask[i]) content[i >> 3] |= 128 >> (i & 7);
  return inText(content);
}

/** An image of 16 greys, two pixels a byte: its pixels. @param {string} text @param {number} count */
export function unpackedImage(text, count) {
  const content = bytes(text);
  return Uint8Array.from({ length: count }, (_, i) => (i % 2 ? content[i >> 1] & 15 : content[i >> 1] >> 4));
}
