"""Small results that were drawn, not computed: what figures, captions and the wire are tested on, without torch."""

from typing import Any

import numpy as np

from core.results import Ensemble, LatentSpace, NoiseSweep, Run, Trajectories

STEPS, LATENT, TRIALS, LAGS = 9, 4, 12, 4
SHAPE = (8, 8)


def floats(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.random(shape, dtype=np.float32)


def make_run(seed: int = 0, **changes: Any) -> Run:
    """One run; nearest to the concept at step 3 unless changed."""
    rng = np.random.default_rng(seed)
    pixels = SHAPE[0] * SHAPE[1]
    values: dict[str, Any] = {
        "z": floats(rng, STEPS, LATENT) * 6 - 3,
        "clean": floats(rng, pixels),
        "images": floats(rng, STEPS, pixels),
        "distances": floats(rng, 3, STEPS) + 1,
        "concept_distances": floats(rng, 10, STEPS) + 1,
        "line": floats(rng, STEPS),
        "minimum_distance": np.array([2.5, 1.25, 3.0], np.float32),
        "minimum_step": np.array([1, 3, 5]),
        "approaches": True,
        "memory": floats(rng, LATENT),
    }
    return Run(**(values | changes))


def make_cloud(seed: int = 0, *, sem: float = 0.05, **changes: Any) -> Trajectories:
    """Collective runs."""
    rng = np.random.default_rng(seed)
    three = np.array([3.0, 2.0, 4.0], np.float32)
    ensemble = Ensemble(three, three / 10, three, three / 10, three / 9, 0.75, 0.25)
    values: dict[str, Any] = {
        "embedding": floats(rng, STEPS, LAGS, TRIALS, 2) * 8 - 5,
        "basis": floats(rng, STEPS, 2, LATENT),
        "mean": floats(rng, STEPS, LATENT),
        "explained_variance_ratio": floats(rng, STEPS, 2) / 2,
        "distances": floats(rng, 3, STEPS) * 2 + 1,
        "distances_sem": np.full((3, STEPS), sem, np.float32),
        "concept_distances": floats(rng, 10, STEPS) * 3 + 1,
        "line": floats(rng, STEPS) + 1,
        "mean_curve_approaches": True,
        "ensemble": ensemble,
    }
    return Trajectories(**(values | changes))


def make_sweep(stages: str = "1223", *, sem: float = 0.05) -> NoiseSweep:
    """A sweep whose stages are given as digits, equally spaced over p."""
    rng = np.random.default_rng(len(stages))
    n = len(stages)
    minima = floats(rng, 3, n) + 2
    for i, stage in enumerate(stages):
        minima[int(stage) - 1, i] = 1
    flat = np.full(n, 0.5, np.float32)
    errors = np.full((3, n), sem, np.float32)
    return NoiseSweep(np.linspace(0, 1, n), minima, errors, minima, errors, minima / 9, flat, flat)


def make_space(seed: int = 0) -> LatentSpace:
    """Landmarks."""
    rng = np.random.default_rng(seed)
    pixels = SHAPE[0] * SHAPE[1]
    return LatentSpace(floats(rng, 10, LATENT), floats(rng, LATENT), floats(rng, 10, pixels), floats(rng, pixels))
