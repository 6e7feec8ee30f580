"""Small images as text that fits into a link: 16 greys, or a mask, in base64 without "+", "/" and "="."""

import base64
import binascii

import numpy as np
from jaxtyping import Bool, Float, UInt8

from core.schema import SpecError

LEVELS = 15  # from 0, black, to 15, white: four bits a pixel


def packed_image(levels: UInt8[np.ndarray, "pixels"]) -> str:
    """An image of 16 greys, two pixels a byte, the first in its upper half.

    Example:
        >>> packed_image(np.array([1, 2, 15], np.uint8))
        'EvA'
    """
    even = np.append(levels, np.zeros(len(levels) % 2, np.uint8)).reshape(-1, 2)
    return _text((even[:, 0] << 4 | even[:, 1]).tobytes())


def unpacked_image(text: str, n_pixels: int) -> Float[np.ndarray, "pixels"]:
    """The inverse: intensities from 0, black, to 1, white.

    Raises:
        SpecError: The text holds another number of pixels.
    """
    content = _bytes(text, (n_pixels + 1) // 2, n_pixels)
    levels = np.stack([content >> 4, content & 15], axis=1).reshape(-1)[:n_pixels]
    return (levels / LEVELS).astype(np.float32)


def packed_mask(mask: Bool[np.ndarray, "pixels"]) -> str:
    """A mask, eight pixels a byte."""
    return _text(np.packbits(mask).tobytes())


def unpacked_mask(text: str, n_pixels: int) -> Bool[np.ndarray, "pixels"]:
    """The inverse.

    Raises:
        SpecError: The text holds another number of pixels.
    """
    return np.unpackbits(_bytes(text, (n_pixels + 7) // 8, n_pixels), count=n_pixels).astype(bool)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str, length: int, n_pixels: int) -> UInt8[np.ndarray, "bytes"]:
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != length:
        raise SpecError(f"The drawing in this link does not have the {n_pixels} pixels of this model. Draw it anew.")
    return np.frombuffer(content, np.uint8)
