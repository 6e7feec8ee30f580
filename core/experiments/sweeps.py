"""Ensembles over a grid of p (Fig. 4): computed, filed beside their model, and read from there."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import torch

from core import store
from core.config import N_LABELS, NOISE_KINDS, SOURCES, NoiseSweepSpec, Progress, Settings, silent
from core.experiments.machine import library_of, open_model
from core.experiments.runs import all_runs, ensemble_of, noisy, point_distances, starts
from core.library import save_sweeps
from core.results import Ensemble, NoiseSweep

Watch = Callable[[NoiseSweep], None]
SHARED = ("n_runs", "n_steps", "seed")  # settings that all sweeps beside a model have in common
NAMES = tuple(name for name in NoiseSweep.__dataclass_fields__ if name != "noises")
SWEEP_BATCH = 3000  # runs computed at a time: large matrix products use the machine better


def stored_noise_sweep(spec: NoiseSweepSpec, settings: Settings) -> NoiseSweep | None:
    """The sweep that lies beside the model, if it was computed with these very settings from these very weights."""
    filed = filed_sweeps(spec, settings).get(spec.source)
    if filed is None:
        return None
    place = NOISE_KINDS.index(spec.noise_kind), spec.label
    return NoiseSweep(noises=np.array(spec.noises), **{name: value[place] for name, value in filed.items()})


def filed_sweeps(spec: NoiseSweepSpec, settings: Settings) -> dict[str, dict[str, np.ndarray]]:
    """The arrays (kinds, labels, ...) beside a model by source; none where they are of other settings or weights."""
    recipe, arrays = library_of(settings).load_sweeps(spec.model)
    if set(arrays) != set(NAMES) or any(recipe.get(name) != getattr(spec, name) for name in SHARED):
        return {}
    there = recipe.get("sources", SOURCES)
    return {source: {name: value[i] for name, value in arrays.items()} for i, source in enumerate(there)}


def store_noise_sweeps(
    id: str, settings: Settings, *, sources: Sequence[str] = SOURCES, progress: Progress = silent
) -> Path:
    """Compute the sweeps of every label and kind of a model, and file them beside it.

    With fewer memories than 300 a label all of them run. Those of another source that are there stay.

    Raises: as `run`.
    """
    entry = library_of(settings).find(id)
    common = NoiseSweepSpec(model=id, n_runs=min(300, open_model(id, settings).memories.shape[1]))
    filed, cells = filed_sweeps(common, settings), list(product(NOISE_KINDS, range(N_LABELS)))
    for s, source in enumerate(sources):
        found = []
        for i, (kind, label) in enumerate(cells):
            progress((s + i / len(cells)) / len(sources), f"{source}, {kind}, label {label}")
            spec = replace(common, source=source, noise_kind=kind, label=label)
            found.append(noise_sweep(spec, settings))
        stacked = {name: np.stack([getattr(sweep, name) for sweep in found]) for name in NAMES}
        filed[source] = {name: v.reshape(len(NOISE_KINDS), N_LABELS, *v.shape[1:]) for name, v in stacked.items()}
    there = [source for source in SOURCES if source in filed]
    recipe = {name: getattr(common, name) for name in SHARED} | {"axes": "source, noise_kind, label", "sources": there}
    path = entry.path.with_name(f"{id}.sweeps.safetensors")
    arrays = {name: np.stack([filed[source][name] for source in there]) for name in NAMES}
    save_sweeps(path, store.file_sha256(entry.path), recipe, arrays)
    return path


def noise_sweep(
    spec: NoiseSweepSpec, settings: Settings, *, progress: Progress = silent, watch: Watch | None = None
) -> NoiseSweep:
    """Minimum distances, their steps and the stage of an ensemble for every p.

    Args:
        spec: The experiment.
        settings: Where models and images are.
        progress: Called before some runs are computed together.
        watch: Called with the sweep over the p that are done.

    Raises: as `run`.

    Source:
        Nagano et al. (2020), Fig. 4.
    """
    model = open_model(spec.model, settings)
    rows = list(range(spec.n_runs))
    clean = starts(model, spec, rows, settings)
    memories, concept = model.memories[spec.label, : spec.n_runs], model.concepts[spec.label]
    at_once = max(1, SWEEP_BATCH // spec.n_runs)
    found: list[Ensemble] = []
    for first in range(0, len(spec.noises), at_once):
        group = spec.noises[first : first + at_once]
        x = torch.cat([noisy(model, spec, clean, rows, noise) for noise in group])

        def tell(done: int, first: int = first) -> None:
            place = first + done // spec.n_runs
            progress(place / len(spec.noises), f"p = {spec.noises[place]:.3f}")

        z = all_runs(model, x, spec.n_steps, before=tell)
        for part in z.split(spec.n_runs, dim=1):
            found.append(ensemble_of(point_distances(model, spec.label, part, memories), part, concept))
        if watch:
            watch(sweep_of(spec.noises[: len(found)], found))
    progress(1.0, "done")
    return sweep_of(spec.noises, found)


def sweep_of(noises: tuple[float, ...], found: list[Ensemble]) -> NoiseSweep:
    """Join ensembles along the axis of p."""
    joined = {name: np.stack([np.asarray(getattr(e, name), np.float32) for e in found], axis=-1) for name in NAMES}
    return NoiseSweep(noises=np.array(noises), **joined)
