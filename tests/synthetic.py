"""Small results that were drawn, not computed: what figures, captions and the wire are tested on, without torch."""

from typing import Any

import numpy as np

from core.figure_results import ApproachCurves, Branches, ConceptDynamics, Geometry, LabelMap, LatentSweep
from core.results import Embedding, Ensemble, FilmFrame, FixedPlane, LatentSpace, NoiseSweep, Run, RunFilm, Trajectories

STEPS, LATENT, RUNS, LAGS = 9, 4, 12, 4
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
        "approaches": False,
        "approaches_at_same_step": True,
        "memory": floats(rng, LATENT),
    }
    return Run(**(values | changes))


def make_cloud(seed: int = 0, *, sem: float = 0.05, **changes: Any) -> Trajectories:
    """Collective runs."""
    rng = np.random.default_rng(seed)
    three = np.array([3.0, 2.0, 4.0], np.float32)
    ensemble = Ensemble(three, three / 10, three / 9, three, three / 10, three / 9, three / 9, 0.75, 0.25, 0.8)
    values: dict[str, Any] = {
        "distances": floats(rng, 3, STEPS) * 2 + 1,
        "distances_sem": np.full((3, STEPS), sem, np.float32),
        "concept_distances": floats(rng, 10, STEPS) * 3 + 1,
        "line": floats(rng, STEPS) + 1,
        "mean_path_approaches": True,
        "mean_curve_approaches": False,
        "ensemble": ensemble,
    }
    return Trajectories(**(values | changes))


def make_plane(seed: int = 0) -> Embedding:
    """Collective runs in a plane."""
    rng = np.random.default_rng(seed)
    return Embedding(
        embedding=floats(rng, STEPS, LAGS, RUNS, 2) * 8 - 5,
        basis=floats(rng, STEPS, 2, LATENT),
        mean=floats(rng, STEPS, LATENT),
        explained_variance_ratio=floats(rng, STEPS, 2) / 2,
    )


def make_frame(seed: int = 0, *, n_bases: int = 1) -> FilmFrame:
    """Collective runs at one p; some leave the range of the plane of the landmarks that is sent."""
    rng = np.random.default_rng(seed)
    return FilmFrame(
        trajectories=make_cloud(seed),
        embedding=(floats(rng, STEPS, RUNS, 2) * [8, 3] - 5).astype(np.float16),
        basis=floats(rng, n_bases, 2, LATENT),
        mean=floats(rng, n_bases, LATENT),
        explained_variance_ratio=floats(rng, n_bases, 2) / 2,
        landmark=(floats(rng, STEPS, RUNS, 2) * 6 - 2.5).astype(np.float16),
        rest=(floats(rng, STEPS, RUNS) * 6).astype(np.float16),
        inside=floats(rng, STEPS),
        nearest=rng.integers(0, 3, (STEPS, RUNS)).astype(np.int8),
        is_flat=False,
    )


def make_run_film(seed: int = 0, n_noises: int = 5) -> RunFilm:
    """One run at some p."""
    rng = np.random.default_rng(seed)
    pixels = SHAPE[0] * SHAPE[1]
    return RunFilm(
        noises=np.linspace(0, 1, n_noises),
        clean=floats(rng, pixels),
        images=floats(rng, n_noises, STEPS, pixels),
        distances=floats(rng, n_noises, 3, STEPS) + 1,
        minimum_distance=floats(rng, n_noises, 3),
        minimum_step=rng.integers(0, STEPS, (n_noises, 3)),
        approaches_at_same_step=np.arange(n_noises) % 2 == 1,
        embedding=floats(rng, n_noises, STEPS, 2) * 8 - 5,
        landmark=floats(rng, n_noises, STEPS, 2) * 6 - 2.5,
        rest=floats(rng, n_noises, STEPS) * 6,
        memory=floats(rng, LATENT),
    )


def make_fixed_plane(seed: int = 0) -> FixedPlane:
    """A plane that does not move."""
    rng = np.random.default_rng(seed)
    ranges = np.array([[-4.0, 3.5], [-3.0, 4.0]], np.float32)
    return FixedPlane(floats(rng, 2, LATENT), floats(rng, LATENT), np.array([0.5, 0.25], np.float32), ranges)


def make_sweep(stages: str = "1223", *, sem: float = 0.05) -> NoiseSweep:
    """A sweep whose stages are given as digits, equally spaced over p."""
    rng = np.random.default_rng(len(stages))
    n = len(stages)
    minima = floats(rng, 3, n) + 2
    for i, stage in enumerate(stages):
        minima[int(stage) - 1, i] = 1
    flat = np.full(n, 0.5, np.float32)
    errors = np.full((3, n), sem, np.float32)
    distance, step = (minima, errors, errors), (minima, errors, errors)
    return NoiseSweep(np.linspace(0, 1, n), *distance, *step, minima / 9, flat, flat / 2, flat + 0.1)


def make_space(seed: int = 0) -> LatentSpace:
    """Landmarks."""
    rng = np.random.default_rng(seed)
    pixels = SHAPE[0] * SHAPE[1]
    return LatentSpace(floats(rng, 10, LATENT), floats(rng, LATENT), floats(rng, 10, pixels), floats(rng, pixels))


def make_curves(seed: int = 0, **changes: Any) -> ApproachCurves:
    """Runs of every label; all of them come nearest to their own concept."""
    rng = np.random.default_rng(seed)
    ten = floats(rng, 10)
    values: dict[str, Any] = {
        "memory": floats(rng, 10, STEPS) + 1,
        "memory_sem": np.full((10, STEPS), 0.05, np.float32),
        "concept": floats(rng, 10, STEPS) + 1,
        "concept_sem": np.full((10, STEPS), 0.1, np.float32),
        "line": floats(rng, 10, STEPS) + 1,
        "all_concepts": floats(rng, 10, 10, STEPS) * 3 + 1,
        "winners": np.eye(10, dtype=np.float32),
        "minimum_step": floats(rng, 10, 2),
        "minimum_step_sem": floats(rng, 10, 2),
        "minimum_step_difference_sem": floats(rng, 10),
        "approach_share": ten * 0.8,
        "strict_approach_share": ten / 2,
        "same_step_approach_share": ten,
        "mean_path_approaches": ten > 0.5,
        "mean_curve_approaches": ten > 0.3,
        "effective_dimension": floats(rng, 10, STEPS) + 1,
        "subspace_dimensions": np.full(10, 2),
        "subspace_distance": floats(rng, 10, STEPS),
        "subspace_fall_sem": np.full((10, STEPS), 0.05, np.float32),
        "memory_subspace_distance": np.full(10, 0.5, np.float32),
    }
    return ApproachCurves(**(values | changes))


def make_branches(seed: int = 0) -> Branches:
    """Two clusters of four and eight runs at step 3."""
    rng = np.random.default_rng(seed)
    pixels = SHAPE[0] * SHAPE[1]
    return Branches(
        t=3,
        branch=(np.arange(RUNS) >= 4).astype(int),
        embedding=floats(rng, STEPS, RUNS, 2),
        variance=floats(rng, 2, STEPS),
        variance_sem=floats(rng, 2, STEPS) / 10,
        mean_images=floats(rng, 2, pixels),
        sample_images=floats(rng, 2, 8, pixels),
        predicted_share=np.stack([np.eye(10, dtype=np.float32)[1], np.arange(10, dtype=np.float32) / 45]),
        elongation=np.array([4.0, 1.5]),
        silhouette=0.5,
        unimodal_silhouettes=np.array([0.1, 0.2]),
    )


def make_map(seed: int = 0) -> LabelMap:
    """Read as 6 below p = 0.5 and as 0 above."""
    noises = np.linspace(0, 1, 11)
    labels = np.where(noises[:, None] < 0.5, 6, 0) * np.ones((1, STEPS), int)
    share = floats(np.random.default_rng(seed), 11, STEPS)
    return LabelMap(noises, labels, share, share * (labels == 6), 1 - share, np.ones((11, RUNS), int))


def make_geometry(active: int = 2, seed: int = 0) -> Geometry:
    """Six latent units, not sorted, of which some are active."""
    rng = np.random.default_rng(seed)
    variance = np.array([0.001, 0.9, 0.002, 0.5, 0.3, 0.001], np.float32)
    order = np.argsort(-variance)[:active]
    is_active = np.isin(np.arange(6), order)
    ratio = np.array([0.5, 0.72, 0.9, 0.995, 1, 1], np.float32)
    return Geometry(floats(rng, 10, 6) - 0.5, variance, is_active, ratio, floats(rng, 10, 10), 2.5, 1.0, 1.5)


def make_dynamics(seed: int = 0) -> ConceptDynamics:
    """Label k has k eigenvalues outside the unit circle."""
    rng = np.random.default_rng(seed)
    moduli = np.where(np.arange(12) < np.arange(10)[:, None], 1.5, 0.5).astype(np.float32)
    gain, across = floats(rng, 10), floats(rng, 10) + 0.5
    return ConceptDynamics(floats(rng, 10), moduli, gain, gain / 2, across, across / 3, across / 2)


def make_latent_sweep() -> LatentSweep:
    """N_z = 2, 10 and 14 (missing), two rates and one batch size; one training diverged."""
    bounds = np.array([[[150.0], [400.0]], [[104.0], [np.inf]], [[np.nan], [np.nan]]])
    epochs = np.where(np.isnan(bounds), 0, 100)
    return LatentSweep(np.array([2, 10, 14]), np.array([1e-3, 1e-4]), np.array([100]), epochs, bounds)
