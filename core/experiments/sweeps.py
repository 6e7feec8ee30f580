"""Ensembles over a grid of p (Fig. 4): computed, filed beside their model, and read from there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from core import store
from core.experiments.distances import ensemble_of, point_distances
from core.experiments.runs import all_runs
from core.experiments.starts import noisy, starts
from core.progress import Progress, silent
from core.results import PAIRS, POINTS, Ensemble, NoiseSweep
from core.session import Session
from core.specs import N_LABELS, NOISE_KINDS, NOISES, READINGS, SOURCES, NoiseSweepSpec
from core.sweep_files import save_sweeps

Watch = Callable[[NoiseSweep], None]
Compute = Callable[[NoiseSweepSpec, Session], NoiseSweep]
At = Callable[[float, Session, Progress], Ensemble]  # the ensemble at one p
Cell = tuple[str, str, int]
Row = dict[str, np.ndarray]
SHARED = ("n_runs", "n_steps", "seed")  # settings that all sweeps beside a model have in common
NAMES = tuple(name for name in NoiseSweep.__dataclass_fields__ if name != "noises")
EXACT = ("minimum_distance", "minimum_step", "minimum_distance_difference_sem", "minimum_step_difference_sem")
"""What is filed as float32: means, and what decides between them, so that a stage and its runner-up are those that were
computed. The other errors, and the shares, are filed as float16: relative error 2^-11, less than one run in 300."""
SWEEP_BATCH = 3000  # large matrix products use the machine better


def noise_sweep(
    spec: NoiseSweepSpec,
    session: Session,
    *,
    progress: Progress = silent,
    watch: Watch | None = None,
    batch: int = SWEEP_BATCH,
    at: At | None = None,
    first: float = 0.0,
) -> NoiseSweep:
    """Minimum distances, their steps and the stage of an ensemble for every p.

    Args:
        spec: The experiment.
        session: Where models and images are.
        progress: Called before some runs are computed together.
        watch: Called with the sweep over the p that are done.
        batch: Runs that are computed together, at most; those of one p at least.
        at: Gives the ensembles where the same runs are needed for something else too; else they are computed here.
        first: With `at`, the p whose neighbours come first; then nobody watches.

    Raises: as `run`.

    Source:
        Nagano et al. (2020), Fig. 4.
    """
    if at:
        return sweep_of(spec.noises, ensembles_from(at, spec.noises, first, session, progress))
    model = session.model(spec.model)
    rows = list(range(spec.n_runs))
    clean = starts(model, spec, rows, session)
    memories, concept = model.memories[spec.label, : spec.n_runs], model.concepts[spec.label]
    at_once = max(1, batch // spec.n_runs)
    ensembles: list[Ensemble] = []
    for first in range(0, len(spec.noises), at_once):
        group = spec.noises[first : first + at_once]
        x = noisy(model, spec, clean, rows, *group)

        def report(done: int, first: int = first) -> None:
            index = first + done // spec.n_runs
            progress(index / len(spec.noises), f"p = {spec.noises[index]:.3f}")

        z = all_runs(model, x, spec.n_steps, before=report)
        for runs in z.split(spec.n_runs, dim=1):
            ensembles.append(ensemble_of(point_distances(model, spec.label, runs, memories), runs, concept))
        if watch:
            watch(sweep_of(spec.noises[: len(ensembles)], ensembles))
    progress(1.0, "done")
    return sweep_of(spec.noises, ensembles)


def ensembles_from(
    at: At, noises: tuple[float, ...], first: float, session: Session, progress: Progress
) -> list[Ensemble]:
    """The ensembles of a sweep, one after the other, those nearest to a p first."""
    ensembles: dict[float, Ensemble] = {}
    for i, noise in enumerate(sorted(noises, key=lambda p: abs(p - first))):

        def report(fraction: float, _: str, i: int = i, noise: float = noise) -> None:
            progress((i + fraction) / len(noises), f"p = {noise:.3f}")

        ensembles[noise] = at(noise, session, report)
    progress(1.0, "done")
    return [ensembles[noise] for noise in noises]


def sweep_of(noises: tuple[float, ...], ensembles: list[Ensemble]) -> NoiseSweep:
    """Join ensembles along the axis of p."""
    joined = {name: np.stack([np.asarray(getattr(e, name), np.float32) for e in ensembles], axis=-1) for name in NAMES}
    return NoiseSweep(noises=np.array(noises), **joined)


def stored_noise_sweep(spec: NoiseSweepSpec, session: Session) -> NoiseSweep | None:
    """The sweep that lies beside the model, if it was computed with these very settings from these very weights."""
    row = filed_sweeps(spec, session).get(cell_of(spec)) if spec.noises == NOISES else None
    if row is None:
        return None
    return NoiseSweep(noises=np.array(spec.noises), **{name: value.astype(np.float32) for name, value in row.items()})


def cached_noise_sweep(
    spec: NoiseSweepSpec, session: Session, *, progress: Progress = silent, watch: Watch | None = None
) -> NoiseSweep:
    """The sweep beside the model where there is one, else from the cache or computed; `watch` sees it grow."""
    stored = stored_noise_sweep(spec, session)
    return session.result(noise_sweep, spec, progress=progress, watch=watch) if stored is None else stored


def cell_of(spec: NoiseSweepSpec) -> Cell:
    """What tells sweeps of one model and of the same settings apart."""
    return spec.source, spec.noise_kind, spec.label


def filed_sweeps(spec: NoiseSweepSpec, session: Session) -> dict[Cell, Row]:
    """The sweeps beside a model, any number of them; none where they are of other settings or weights."""
    recipe, arrays = session.library.load_sweeps(spec.model)
    if any(recipe.get(name) != getattr(spec, name) for name in SHARED):
        return {}
    cells = [tuple(cell) for cell in recipe.get("cells", ())]
    shapes = {name: (len(cells), *shape_of(name), len(spec.noises)) for name in NAMES}
    if {name: value.shape for name, value in arrays.items()} != shapes:  # of an older version of this program
        return {}
    return {cell: {name: arrays[name][i] for name in NAMES} for i, cell in enumerate(cells)}


def shape_of(name: str) -> tuple[int, ...]:
    """The shape of a field of `Ensemble`."""
    if name.endswith("approach_share"):
        return ()
    return (len(PAIRS),) if name.endswith("difference_sem") else (len(POINTS),)


def file_noise_sweeps(sweeps: Mapping[NoiseSweepSpec, NoiseSweep], session: Session) -> Path:
    """Add sweeps of one model, of the same runs and steps, to those that lie beside it; a reader sees all or none.

    Sweeps of other weights or settings that lay there are gone.
    """
    common = next(iter(sweeps))
    model = session.library.entry(common.model).path
    filed = filed_sweeps(common, session)
    for spec, sweep in sweeps.items():
        filed[cell_of(spec)] = {name: getattr(sweep, name) for name in NAMES}
    cells = [cell for cell in product(SOURCES, NOISE_KINDS, range(N_LABELS)) if cell in filed]
    arrays = {
        name: np.stack([filed[cell][name] for cell in cells]).astype(np.float32 if name in EXACT else np.float16)
        for name in NAMES
    }
    recipe = {name: getattr(common, name) for name in SHARED} | {"cells": cells}
    path = model.with_name(f"{common.model}.sweeps.safetensors")
    save_sweeps(path, store.file_sha256(model), recipe, arrays)
    return path


def missing_sweeps(id: str, session: Session, *, sources: Sequence[str] = SOURCES) -> list[NoiseSweepSpec]:
    """The sweeps of a model that do not lie beside it: of every label and reading, with 300 runs, or all there are."""
    common = NoiseSweepSpec(model=id, n_runs=min(300, session.n_memories(id)))
    filed = filed_sweeps(common, session)
    wanted = (
        replace(common, noise_kind=kind, source=source, label=label)
        for kind, source, label in product(READINGS, sources, range(N_LABELS))
    )
    return [spec for spec in wanted if cell_of(spec) not in filed]


def store_noise_sweeps(
    id: str,
    session: Session,
    *,
    sources: Sequence[str] = SOURCES,
    progress: Progress = silent,
    compute: Compute = noise_sweep,
) -> Path:
    """Compute the sweeps of every label and kind of a model, and file each beside it as it is done.

    What is there of these weights stays.

    Raises: as `run`.
    """
    missing = missing_sweeps(id, session, sources=sources)
    compute_sweeps(missing, session, progress=progress, compute=compute)
    return session.library.entry(id).path.with_name(f"{id}.sweeps.safetensors")


def compute_sweeps(
    specs: Sequence[NoiseSweepSpec],
    session: Session,
    *,
    progress: Progress = silent,
    compute: Compute = noise_sweep,
) -> None:
    """Compute sweeps, in this order, and file each beside its model as it is done: what was stopped goes on there."""
    for i, spec in enumerate(specs):
        text = f"{spec.model}: {spec.noise_kind}, {spec.source}, label {spec.label}"
        progress(i / len(specs), f"{text} ({i + 1} of {len(specs)})")
        file_noise_sweeps({spec: compute(spec, session)}, session)
    progress(1.0, "done")
