"""A picture that somebody drew, photographed or chose, as an image of a data set: size, place and greys of its images.

::

    PNG, JPEG, ... --> upright grey picture --> ink: 0 paper, 1 ink --> box of the ink, scaled --> centred --> 16 greys
"""

import io
import warnings

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from core.data import IMAGE_SHAPES
from core.packed_images import LEVELS
from core.schema import RefusedError

LARGEST = 10_000_000  # bytes of a file
PIXELS = 40_000_000  # of a picture; telephones take 12 to 50 million
TOO_MANY = f"This picture has more than {PIXELS // 1_000_000} million pixels. Choose a smaller one."
SMALLEST = 8  # pixels a side
WORKING = 512  # pixels a side that are looked at
BOXES = {"mnist": 20, "fashion": 28, "digits": 8}  # pixels that the longer side of the ink has in images of a data set
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
FAINT = 0.25  # of the darkest ink: shadows of the paper and noise of a camera
LEAST_CONTRAST = 0.1  # of white to black


class PictureError(RefusedError):
    """A picture that cannot be used."""


def own_image(content: bytes, dataset: str) -> UInt8[np.ndarray, "pixels"]:
    """A picture as an image of a data set, in whole greys from 0, black, to `LEVELS`, white.

    Args:
        content: Of a file of one of `FORMATS`.
        dataset: Whose images are to be resembled; ink becomes white, as theirs.

    Raises:
        PictureError: The file is no picture that can be used; the sentence says why.

    Source:
        LeCun et al., MNIST: the digit fits a box of 20 x 20 pixels, its centre of mass in the middle of 28 x 28.
    """
    ink = ink_of(grey_picture(content))
    image = centred(in_box(ink, BOXES[dataset]), IMAGE_SHAPES[dataset])
    return np.rint(image / image.max() * LEVELS).astype(np.uint8).reshape(-1)


def grey_picture(content: bytes) -> Float[np.ndarray, "height width"]:
    """The upright picture, 0 black to 1 white, at most `WORKING` pixels a side; what is transparent is paper.

    Raises:
        PictureError: See `own_image`.
    """
    if len(content) > LARGEST:
        raise PictureError(f"This file is larger than {LARGEST // 1_000_000} MB. Choose a smaller picture.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
            check(picture)
            picture.draft("L", (WORKING, WORKING))
            return without_transparency(ImageOps.exif_transpose(picture))
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(TOO_MANY) from error
    except UnidentifiedImageError as error:
        raise PictureError("This file is no picture that can be read here. Choose a PNG or a JPEG.") from error
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, MemoryError) as error:
        raise PictureError("This picture is damaged or cut off. Choose another one.") from error


def check(picture: Image.Image) -> None:
    """Refuse pictures of a size or kind that is of no use.

    Raises:
        PictureError: See `own_image`.
    """
    width, height = picture.size
    if getattr(picture, "n_frames", 1) > 1:
        raise PictureError("This picture moves: it has several images. Choose one that has a single image.")
    if min(width, height) < SMALLEST:
        raise PictureError(f"This picture has {width} x {height} pixels: too few to show a digit. Choose a larger one.")
    if width * height > PIXELS:
        raise PictureError(TOO_MANY)


def without_transparency(picture: Image.Image) -> Float[np.ndarray, "height width"]:
    """Greys from 0 to 1, of pictures of any depth, scaled down; on white paper, or on black where the ink is white."""
    if picture.mode.startswith(("I", "F")):  # 16 bits a pixel, or more
        values = np.asarray(picture, np.float64)
        top = 65535 if values.max() > 255 else 255
        return scaled_down(Image.fromarray((values / top).clip(0, 1).astype(np.float32)))
    if "A" in picture.getbands() or "transparency" in picture.info:
        grey, alpha = picture.convert("LA").split()
        drawn = np.asarray(grey)[np.asarray(alpha) > 127]
        paper = 0 if drawn.size and drawn.mean() > 127 else 255
        picture = Image.composite(grey, Image.new("L", grey.size, paper), alpha)
    return scaled_down(Image.fromarray(np.asarray(picture.convert("L"), np.float32) / 255))


def scaled_down(picture: Image.Image) -> Float[np.ndarray, "height width"]:
    """A grey picture of floats with at most `WORKING` pixels a side."""
    scale = max(1, max(picture.size) / WORKING)
    size = (max(1, round(picture.width / scale)), max(1, round(picture.height / scale)))
    return np.asarray(picture.resize(size, Image.Resampling.BOX) if scale > 1 else picture)


def ink_of(grey: Float[np.ndarray, "height width"]) -> Float[np.ndarray, "height width"]:
    """How much ink there is, 0 to 1, be it darker or lighter than the paper, which the edge of the picture shows.

    Raises:
        PictureError: Nothing differs from the paper.
    """
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(edge))
    ink = (paper - grey) if paper > 0.5 else (grey - paper)
    most = float(np.quantile(ink, 0.999)) if ink.size > 10_000 else float(ink.max())
    if most < LEAST_CONTRAST:
        raise PictureError("Nothing can be seen in this picture. Draw dark on light paper, or light on dark.")
    return ((ink / most - FAINT) / (1 - FAINT)).clip(0, 1)


def in_box(ink: Float[np.ndarray, "height width"], box: int) -> Float[np.ndarray, "rows columns"]:
    """The ink alone, scaled so that its longer side has `box` pixels."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    cut = np.ascontiguousarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.float32)
    scale = box / max(cut.shape)
    size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
    return np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.HAMMING)).clip(0, 1)


def centred(ink: Float[np.ndarray, "rows columns"], shape: tuple[int, int]) -> Float[np.ndarray, "height width"]:
    """The ink in a black image, its centre of mass in the middle, as far as all of it stays inside."""
    image = np.zeros(shape, np.float32)
    mass = ink.sum()
    starts = []
    for axis, (length, room) in enumerate(zip(ink.shape, shape, strict=True)):
        centre = (ink.sum(1 - axis) * (np.arange(length) + 0.5)).sum() / mass
        starts.append(int(np.clip(round(room / 2 - centre), 0, room - length)))
    top, left = starts
    image[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return image
