"""Results as the browser gets them: typed arrays in base64 and image sprites, small enough to send on every change."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from core.results import Embedding, LatentSpace, NoiseSweep, Run, Trajectories

GREY_LEVELS = 32  # enough for the eye on small tiles, and half the bytes of 256
MAP_LEVELS = 4095  # of positions on the plane, which has some 500 pixels
TRAIL_LEVELS = 1023
AXIS_LEVELS = 16383  # of directions, centres and what is placed by them: a tenth of a pixel


def quantised(values: np.ndarray, levels: int) -> dict[str, Any]:
    """An array as whole numbers between its extremes, at most 65,535 steps apart (error at most half a step).

    Sent are the differences to the row before, modulo 2^16, all low bytes before all high ones: what changes little
    from step to step compresses well.
    """
    low, high = float(values.min()), float(values.max())
    scale = levels / (high - low) if high > low else 0.0
    whole = np.rint((values - low) * scale).astype("<u2")
    change = np.diff(whole, axis=0, prepend=np.zeros_like(whole[:1]))
    planes = change.reshape(-1, 1).view(np.uint8).T
    return {"u16": _base64(planes.tobytes()), "low": low, "high": high, "levels": levels, "shape": list(values.shape)}


def differences(embedding: np.ndarray) -> dict[str, Any]:
    """How far each position of a trail lies from the one after it, in 8 bits of the step's largest.

    No finer than is seen: where little moves most numbers are 0.

    Args:
        embedding: Positions (steps, lags, trials, 2); the browser has lag 0 and adds the rest up.
    """
    back = np.diff(embedding, axis=1)
    finest = float(np.ptp(embedding)) / TRAIL_LEVELS
    scale = np.maximum(np.abs(back).max(axis=(1, 2, 3)) / 127, max(finest, 1e-12))
    whole = np.rint(back / scale[:, None, None, None]).astype(np.int8)
    return {"i8": _base64(whole.tobytes()), "scale": exact(scale), "shape": list(back.shape)}


def exact(values: np.ndarray) -> dict[str, Any]:
    """An array as 32-bit floats."""
    return {"f32": _base64(np.ascontiguousarray(values, "<f4").tobytes()), "shape": list(values.shape)}


def sprite(images: np.ndarray, shape: tuple[int, int]) -> str:
    """Grey images in one row, as a PNG in base64; bright strokes on dark ground, as in the data set."""
    height, width = shape
    levels = np.rint(images.clip(0, 1) * (GREY_LEVELS - 1)) * (255 / (GREY_LEVELS - 1))
    tiles = np.rint(levels).astype(np.uint8).reshape(-1, height, width)
    buffer = io.BytesIO()
    Image.fromarray(np.hstack(list(tiles))).save(buffer, "PNG", compress_level=6)
    return _base64(buffer.getvalue())


def _base64(content: bytes) -> str:
    """In the alphabet without "/", for which plotly's JSON writes six characters: a cloud is a quarter smaller so."""
    return base64.urlsafe_b64encode(content).decode()


def space_payload(space: LatentSpace, shape: tuple[int, int]) -> dict[str, Any]:
    """Landmarks of a model: vectors for the plane, images for the pickers."""
    vectors = np.vstack([space.concepts, space.abstract_concept])
    tiles = np.vstack([space.concept_images, space.abstract_image])
    return {"landmarks": exact(vectors), "tiles": sprite(tiles, shape), "shape": list(shape)}


def run_payload(run: Run, shape: tuple[int, int]) -> dict[str, Any]:
    """The highlighted run; tile 0 of the sprite is the clean image, tile t + 1 is x(t)."""
    return {
        "z": quantised(run.z, AXIS_LEVELS),
        "memory": exact(run.memory),
        "distances": exact(run.distances),
        "minimum_distance": rounded(run.minimum_distance),
        "minimum_step": run.minimum_step.tolist(),
        "nearest": int(run.minimum_distance.argmin()),
        "approaches": run.approaches,
        "tiles": sprite(np.vstack([run.clean, run.images]), shape),
        "shape": list(shape),
    }


def cloud_payload(runs: Trajectories, plane: Embedding) -> dict[str, Any]:
    """All runs on the plane, with the axes that place anything else on it."""
    return {
        "embedding": quantised(plane.embedding[:, 0], MAP_LEVELS),
        "trail": differences(plane.embedding),
        "basis": quantised(plane.basis, AXIS_LEVELS),
        "mean": quantised(plane.mean, AXIS_LEVELS),
        "explained": exact(plane.explained_variance_ratio),
        "n_steps": len(plane.basis) - 1,
        "minimum_distance": rounded(runs.ensemble.minimum_distance),
    }


def sweep_payload(sweep: NoiseSweep) -> dict[str, Any]:
    """Mean minimum distances over p, for the badge that follows the finger."""
    minima = [rounded(row) for row in sweep.minimum_distance.T]
    return {"noises": sweep.noises.tolist(), "minimum_distance": minima, "rivals": list(sweep.rivals)}


def rounded(values: np.ndarray) -> list[float]:
    """Numbers as they are shown: three decimals."""
    return [round(float(value), 3) for value in values]
