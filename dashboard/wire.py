"""Results as the browser gets them: typed arrays in base64 and image sprites, small enough to send on every change."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from core.results import FilmFrame, FixedPlane, LatentSpace, NoiseSweep, RunFilm, StartingImages
from dashboard.payloads import (
    Exact,
    FixedPlanePayload,
    FramePayload,
    GalleryPayload,
    LandmarksPayload,
    MinimaPayload,
    Plane,
    Quantised,
    RunFilmPayload,
)

GREY_LEVELS = 32  # enough for the eye on small tiles, and half the bytes of 256
MAP_LEVELS = 4095  # of positions on the plane, which has some 500 pixels
AXIS_LEVELS = 16383  # of directions, centres and what is placed by them: a tenth of a pixel
PLANE_LEVELS = 191  # of the positions of a film of many p: two pixels; each bit less saves a fifth
CURVE_LEVELS = 4095  # of distances, on a chart of some 300 pixels
IMAGE_LEVELS = 15  # one letter for a pixel
LANDMARK_RANGE = (-0.9, 2.0)  # of a and b: the landmarks are at 0 and 1, and few runs of many latent units leave it
PALENESS_CUTS = (1.5, 3.0, 4.5)  # distances from the plane of the landmarks: quartiles of the paper's model, roughly
ASCII = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "\"\\/<>&'")
ALPHABET = ASCII + "".join(chr(0xA1 + i) for i in range(256 - len(ASCII)))
"""A letter for each byte, which JSON writes as itself: small numbers take one byte, the largest two."""


def quantised(values: np.ndarray, levels: int) -> Quantised:
    """An array as whole numbers between its extremes, at most 65,535 steps apart (error at most half a step).

    Sent are the differences to the row before, modulo 2^16, all low bytes before all high ones: what changes little
    from step to step compresses well.

    Args:
        values: Of any shape, the first axis that of the steps.
        levels: Steps from the lowest to the highest value, at most 65,535.
    """
    low, high = float(values.min()), float(values.max())
    scale = levels / (high - low) if high > low else 0.0
    integers = np.rint((values - low) * scale).astype("<u2")
    change = np.diff(integers, axis=0, prepend=np.zeros_like(integers[:1]))
    planes = change.reshape(-1, 1).view(np.uint8).T
    return {"u16": _base64(planes.tobytes()), "low": low, "high": high, "levels": levels, "shape": list(values.shape)}


def exact(values: np.ndarray) -> Exact:
    """An array of any shape as 32-bit floats."""
    return {"f32": _base64(np.ascontiguousarray(values, "<f4").tobytes()), "shape": list(values.shape)}


def packed(values: UInt8[np.ndarray, "series steps"]) -> str:
    """Bytes as letters of `ALPHABET`, series by series: the first byte, then the changes from step to step.

    A change is taken modulo 256 into -128..127 and written as 0, -1, 1, -2, ... -> 0, 1, 2, 3, ...: what moves little
    has letters of one byte.
    """
    return "".join(np.array(list(ALPHABET))[_changes(values, 256)].ravel())


def _changes(values: UInt8[np.ndarray, "*series steps"], modulus: int) -> UInt8[np.ndarray, "*series steps"]:
    """The first value of every series as it is, then what changes from step to step."""
    change = np.diff(values, axis=-1, prepend=np.zeros_like(values[..., :1]))  # wraps around at 256
    change[..., 1:] = zigzag(change[..., 1:], modulus)
    return change


def zigzag(change: UInt8[np.ndarray, "*shape"], modulus: int) -> UInt8[np.ndarray, "*shape"]:
    """Differences modulo an even number, the small ones first.

    Example:
        >>> zigzag(np.array([0, 255, 1, 254, 2, 128], np.uint8), 256).tolist()
        [0, 1, 2, 3, 4, 255]
    """
    up = np.arange(256) % modulus
    return np.where(up < modulus // 2, 2 * up, 2 * (modulus - up) - 1).astype(np.uint8)[change]


def nibbles(values: UInt8[np.ndarray, "*shape"]) -> str:
    """Numbers from 0 to 15 as letters from A on."""
    return (np.ascontiguousarray(values) + ord("A")).astype(np.uint8).tobytes().decode("ascii")


def sprite(images: np.ndarray, shape: tuple[int, int]) -> str:
    """Grey images in one row, as a PNG in base64; bright strokes on dark ground, as in the data set.

    Args:
        images: (images, pixels), grey values from 0 to 1.
        shape: Height and width of an image.
    """
    height, width = shape
    levels = np.rint(images.clip(0, 1) * (GREY_LEVELS - 1)) * (255 / (GREY_LEVELS - 1))
    tiles = np.rint(levels).astype(np.uint8).reshape(-1, height, width)
    buffer = io.BytesIO()
    Image.fromarray(np.hstack(list(tiles))).save(buffer, "PNG", compress_level=6)
    return _base64(buffer.getvalue())


def _base64(content: bytes) -> str:
    """In the alphabet without "/", for which plotly's JSON writes six characters: a cloud is a quarter smaller so."""
    return base64.urlsafe_b64encode(content).decode()


def space_payload(space: LatentSpace, shape: tuple[int, int]) -> LandmarksPayload:
    """Landmarks of a model: vectors for the plane, images for the pickers."""
    vectors = np.vstack([space.concepts, space.abstract_concept])
    tiles = np.vstack([space.concept_images, space.abstract_image])
    return {"landmarks": exact(vectors), "tiles": sprite(tiles, shape), "shape": list(shape)}


def run_film_payload(film: RunFilm, shape: tuple[int, int], captions: Sequence[str]) -> RunFilmPayload:
    """The highlighted run at many p; `captions` has one for each."""
    greys = _greys(film.images).transpose(0, 2, 1)  # a pixel's steps in a row: a quarter less than image by image
    return {
        "noises": film.noises.tolist(),
        "shape": list(shape),
        "clean": nibbles(_greys(film.clean)),
        "images": nibbles(_changes(greys, IMAGE_LEVELS + 1)),
        "distances": quantised(film.distances.transpose(2, 0, 1), CURVE_LEVELS),
        "minimum_distance": [rounded(row) for row in film.minimum_distance],
        "minimum_step": film.minimum_step.tolist(),
        "approaches_at_same_step": film.approaches_at_same_step.tolist(),
        "plane": quantised(film.embedding.transpose(1, 0, 2), MAP_LEVELS),
        "landmark": quantised(film.landmark.transpose(1, 0, 2).clip(*LANDMARK_RANGE), MAP_LEVELS),
        "rest": quantised(film.rest.T, CURVE_LEVELS),
        "memory": exact(film.memory),
        "captions": list(captions),
    }


def frame_payload(frame: FilmFrame) -> FramePayload:
    """Collective runs at one p."""
    runs, placed = frame.trajectories, frame.embedding.astype(np.float32)
    low, high = LANDMARK_RANGE
    paleness = np.searchsorted(PALENESS_CUTS, frame.rest.astype(np.float32))
    curves = np.vstack([runs.distances, runs.distances_sem, runs.concept_distances, runs.line])
    sent: FramePayload = {
        "plane": _plane(placed, placed.min((0, 1)), placed.max((0, 1))),
        "landmark": _plane(frame.landmark.astype(np.float32), np.full(2, low), np.full(2, high)),
        "nearest": nibbles((frame.nearest + 3 * paleness).T.astype(np.uint8)),
        "curves": quantised(curves.T, CURVE_LEVELS),
        "explained": [rounded(pair) for pair in frame.explained_variance_ratio],
        "inside": rounded(frame.inside),
        "flat": frame.is_flat,
        "minimum_distance": rounded(runs.ensemble.minimum_distance),
        "minimum_distance_sem": rounded(runs.ensemble.minimum_distance_sem),
        "minimum_distance_difference_sem": rounded(runs.ensemble.minimum_distance_difference_sem),
        "runner_up": runs.ensemble.runner_up,
    }
    if not frame.has_fixed_axes:
        sent["basis"] = quantised(frame.basis, AXIS_LEVELS)
        sent["mean"] = quantised(frame.mean, AXIS_LEVELS)
    return sent


def gallery_payload(images: StartingImages, shape: tuple[int, int]) -> GalleryPayload:
    """Images to choose one from."""
    return {"shape": list(shape), "images": nibbles(_greys(images.images))}


def fixed_plane_payload(plane: FixedPlane) -> FixedPlanePayload:
    """The plane that does not move."""
    return {
        "basis": exact(plane.basis),
        "mean": exact(plane.mean),
        "explained": rounded(plane.explained_variance_ratio),
        "ranges": [rounded(row) for row in plane.ranges],
    }


def _plane(positions: np.ndarray, low: np.ndarray, high: np.ndarray) -> Plane:
    """Positions (steps, runs, 2) between two corners; what is outside is put on the edge."""
    extent = np.where(high > low, high - low, 1)
    integers = np.rint(((positions - low) / extent).clip(0, 1) * PLANE_LEVELS).astype(np.uint8)
    series = integers.transpose(1, 2, 0).reshape(-1, len(positions))
    return {"low": low.tolist(), "high": high.tolist(), "levels": PLANE_LEVELS, "u8": packed(series)}


def _greys(images: np.ndarray) -> np.ndarray:
    """Intensities as whole numbers from 0, black, to 15, white."""
    return np.rint(images.clip(0, 1) * IMAGE_LEVELS).astype(np.uint8)


def minima_payload(sweep: NoiseSweep) -> MinimaPayload:
    """Mean minimum distances over p, for the badge that follows the finger."""
    minima = [rounded(row) for row in sweep.minimum_distance.T]
    errors = [rounded(row) for row in sweep.minimum_distance_difference_sem.T]
    return {
        "noises": sweep.noises.tolist(),
        "minimum_distance": minima,
        "difference_sem": errors,
        "runners_up": list(sweep.runners_up),
    }


def rounded(values: np.ndarray) -> list[float]:
    """Numbers (n,) as they are shown: three decimals."""
    return [round(float(value), 3) for value in values]
