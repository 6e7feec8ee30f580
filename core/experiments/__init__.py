"""The core's one door: one function per experiment, a spec goes in and a frozen NumPy result comes out.

It composes the rooms below and holds no mathematics. Here alone tensors leave the device.
"""

from core.experiments.approach import approach_curves
from core.experiments.classifier import open_classifier, predicted_labels, train_classifier
from core.experiments.derived import sweeps_to_derive
from core.experiments.film import (
    film_frame,
    filmed_ensemble,
    fixed_plane,
    keep_frames,
    other_films,
    run_film,
    runs_of_films,
    starting_images,
)
from core.experiments.geometry import concept_dynamics, geometry
from core.experiments.grid import GRID, grid_cell, grid_cells, latent_sweep, missing_cells, record_cell
from core.experiments.highlighted import Follow
from core.experiments.imports import import_model
from core.experiments.label_maps import branches, cached_label_map, label_map
from core.experiments.machine import (
    NoOriginals,
    check_room,
    fetch_images,
    library_of,
    why_decoded,
    within,
)
from core.experiments.own import read_own_image
from core.experiments.runs import TRAIL, embedding, latent_activity, latent_space, run, trajectories
from core.experiments.starts import noisy, starts
from core.experiments.states import (
    Training,
    Unfinished,
    forget_state,
    forget_waiting,
    id_of,
    models_of,
    name_of,
    note_elsewhere,
    note_waiting,
    plain,
    training_from,
    unfinished,
)
from core.experiments.sweeps import (
    cached_noise_sweep,
    compute_sweeps,
    file_noise_sweeps,
    missing_sweeps,
    noise_sweep,
    store_noise_sweeps,
    stored_noise_sweep,
)
from core.experiments.together import bytes_of_files, estimated_seconds_of, groups_here, groups_of, train_files
from core.experiments.trained_files import TrainedFiles, derive_ages, file_model, train_file
from core.experiments.training import estimated_seconds, train_model, zoo_model

__all__ = [
    "GRID",
    "TRAIL",
    "Follow",
    "NoOriginals",
    "TrainedFiles",
    "Training",
    "Unfinished",
    "approach_curves",
    "branches",
    "bytes_of_files",
    "cached_label_map",
    "cached_noise_sweep",
    "check_room",
    "compute_sweeps",
    "concept_dynamics",
    "derive_ages",
    "embedding",
    "estimated_seconds",
    "estimated_seconds_of",
    "fetch_images",
    "file_model",
    "file_noise_sweeps",
    "film_frame",
    "filmed_ensemble",
    "fixed_plane",
    "forget_state",
    "forget_waiting",
    "geometry",
    "grid_cell",
    "grid_cells",
    "groups_here",
    "groups_of",
    "id_of",
    "import_model",
    "keep_frames",
    "label_map",
    "latent_activity",
    "latent_space",
    "latent_sweep",
    "library_of",
    "missing_cells",
    "missing_sweeps",
    "models_of",
    "name_of",
    "noise_sweep",
    "noisy",
    "note_elsewhere",
    "note_waiting",
    "open_classifier",
    "other_films",
    "plain",
    "predicted_labels",
    "read_own_image",
    "record_cell",
    "run",
    "run_film",
    "runs_of_films",
    "starting_images",
    "starts",
    "store_noise_sweeps",
    "stored_noise_sweep",
    "sweeps_to_derive",
    "train_classifier",
    "train_file",
    "train_files",
    "train_model",
    "training_from",
    "trajectories",
    "unfinished",
    "why_decoded",
    "within",
    "zoo_model",
]
