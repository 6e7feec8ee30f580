"""What a table of a result calls its columns: axes that count rows, names along the others, and units of fields."""

from collections.abc import Mapping

from core.results import PAIRS, POINTS

INDEX = {
    "steps": "t",
    "noises": "p",
    "runs": "run",
    "labels": "label",
    "lags": "steps_before_t",
    "branches": "branch",
    "samples": "sample",
    "draws": "draw",
    "latents": "n_latent",
    "rates": "learning_rate",
    "batches": "batch_size",
}
"""Axes that count rows, and the name of the column that counts them."""
FIRST = {
    "points": "landmark",
    "pairs": "landmarks",
    "latent": "unit",
    "pixels": "pixel",
    "three": "layer",
}
"""The same of axes that count rows only where an array has no other."""
NAMES: Mapping[str, tuple[str, ...]] = {
    "points": POINTS,
    "pairs": tuple(f"{POINTS[i]}_{POINTS[j]}" for i, j in PAIRS),
    "two": POINTS[:2],
    "three": ("pixels", "hidden", "latent"),
    "2": ("1", "2"),
}
"""What stands along an axis; elsewhere numbers from 0 on."""
COUNTS = {"noises": "noises", "n_latents": "latents", "learning_rates": "rates", "batch_sizes": "batches"}
"""Fields that say where an axis is counted."""
AXES = {"concept_distances": "concepts steps"}
"""Axes of fields whose type names them otherwise."""
CALLED = {
    "distances": "distance_to",
    "distances_sem": "distance_sem_to",
    "concept_distances": "distance_to_concept",
    "all_concepts": "distance_to_concept",
    "minimum_distance": "minimum_distance_to",
    "minimum_distance_sem": "minimum_distance_sem_to",
    "run_distances": "run_distance_to",
    "line": "straight_line",
    "embedding": "pc",
    "images": "pixel",
    "mean_images": "mean_pixel",
    "sample_images": "pixel",
    "concept_images": "concept_pixel",
    "ApproachCurves.memory": "distance_to_memory",
    "ApproachCurves.memory_sem": "distance_sem_to_memory",
    "ApproachCurves.concept": "distance_to_own_concept",
    "ApproachCurves.concept_sem": "distance_sem_to_own_concept",
    "LatentSweepWithModels.shipped": "negative_elbo_shipped",
}
"""Columns that are not called as their field."""
DISTANCE = "distance"  # in latent units, or by the spread of the memories
LATENT, NATS, STEPS, GREY, SQUARED = "latent units", "nats", "steps", "grey value 0-1", "latent units^2"
OF_UNIT: Mapping[str, tuple[str, ...]] = {
    DISTANCE: (
        "distances", "distances_sem", "concept_distances", "all_concepts", "run_distances", "line", "minimum_distance",
        "minimum_distance_sem", "minimum_distance_difference_sem", "distance_from_plane", "subspace_distance",
        "subspace_fall_sem", "memory_subspace_distance", "ApproachCurves.memory", "ApproachCurves.memory_sem",
        "ApproachCurves.concept", "ApproachCurves.concept_sem",
    ),
    LATENT: ("z", "memory", "embedding", "mean", "concepts", "abstract_concept", "moved"),
    SQUARED: ("variance", "variance_sem"),
    NATS: ("negative_elbo", "LatentSweepWithModels.shipped"),
    STEPS: ("minimum_step", "minimum_step_sem", "minimum_step_difference_sem", "restored_step", "Branches.t"),
    GREY: ("clean", "images", "mean_images", "sample_images", "concept_images", "abstract_image", "concept_image"),
}  # fmt: skip
UNITS = {name: unit for unit, names in OF_UNIT.items() for name in names}
"""Units of fields; all others are shares, counts, ratios, names or yes and no."""
