"""The test bound over N_z (Fig. 9): trainings that workers share, in a file that grows by one at a time."""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core import checkpoint, data, files, store, train
from core.experiments.machine import device_of, machine_of
from core.figure_results import GridCell, LatentSweep
from core.held_out import REPORTED_SAMPLES
from core.progress import Progress, silent
from core.results import TrainingRun
from core.settings import Settings
from core.specs import GridSpec, ModelSpec

GRID = store.SHIPPED / "elbo-grid.json"
DIVERGED = checkpoint.Metrics(math.inf, math.inf, 0)


def grid_cell(spec: ModelSpec, device: str = "", threads: int = 0) -> GridCell:
    """Train one model for its test bound alone: see `grid_cells`."""
    return grid_cells([spec], device, threads)[0]


def grid_cells(
    specs: Sequence[ModelSpec],
    device: str = "",
    threads: int = 0,
    progress: Progress = silent,
    engine: train.Engine | None = None,
) -> list[GridCell]:
    """Train models side by side for their test bounds alone, on the machine of the worker that is asked.

    A training that diverges has an end too: it is not tried again.

    Args:
        specs: The recipes: one, or on a GPU a stack.
        device: What to compute on; else as this machine's environment says.
        threads: Of torch; as many as it has where 0.
        progress: Called after every epoch.
        engine: How to train, if not as the device asks for.

    Raises:
        DataError: The images are not on this machine.
    """
    settings = Settings.from_environment()
    settings = replace(settings, device=device) if device else settings
    if threads:
        torch.set_num_threads(threads)
    training, test = (
        data.load_dataset(specs[0].dataset, settings.data, train=is_training) for is_training in (True, False)
    )
    start, torch_device = time.monotonic(), device_of(settings)
    options: dict[str, Any] = {"is_tested": at_the_end, "test_samples": REPORTED_SAMPLES}
    try:
        trained = train.train_stack(
            specs, training, test, device=torch_device, progress=progress, engine=engine, **options
        )
        ends = [end_of(history) for _, history in trained]
    except checkpoint.DivergedError:
        ends = [DIVERGED for _ in specs]
    together = f", {len(specs)} side by side" if len(specs) > 1 else ""
    return [
        GridCell(
            spec=spec,
            negative_elbo=round(metrics.negative_elbo, 3),
            kl=round(metrics.kl, 3),
            active_units=metrics.active_units,
            seconds=round((time.monotonic() - start) / len(specs)),
            machine=f"{machine_of(settings)}{together}, torch {torch.__version__}",
        )
        for spec, metrics in zip(specs, ends, strict=True)
    ]


def at_the_end(epoch: int, epochs: int) -> bool:
    """No test bound on the way."""
    return epoch == epochs


def end_of(history: TrainingRun) -> checkpoint.Metrics:
    """The test bound at the end of a training; infinite where a loss or the bound is not finite."""
    if not np.isfinite(history.train_negative_elbo).all() or not math.isfinite(history.test_negative_elbo[-1]):
        return DIVERGED
    units = int(history.test_active_units[-1])
    return checkpoint.Metrics(float(history.test_negative_elbo[-1]), float(history.test_kl[-1]), units)


def latent_sweep(spec: GridSpec, path: Path = GRID) -> LatentSweep:
    """What a file knows of a grid; of trainings that differ in epochs alone the longest that is not too long.

    Args:
        spec: Which trainings.
        path: The file; the shipped one if not named.

    Raises:
        StoreError: The file is damaged.

    Source:
        Nagano et al. (2020), Fig. 9.
    """
    longest: dict[ModelSpec, GridCell] = {}
    for cell in sorted(read_grid(path).values(), key=lambda cell: cell.spec.epochs):
        if cell.spec.epochs <= spec.epochs:
            longest[replace(cell.spec, epochs=spec.epochs)] = cell
    cells = [longest.get(wanted) for wanted in spec.cells]
    shape = len(spec.n_latents), len(spec.learning_rates), len(spec.batch_sizes)
    return LatentSweep(
        n_latents=np.array(spec.n_latents),
        learning_rates=np.array(spec.learning_rates),
        batch_sizes=np.array(spec.batch_sizes),
        epochs=np.array([cell.spec.epochs if cell else 0 for cell in cells]).reshape(shape),
        negative_elbo=np.array([cell.negative_elbo if cell else math.nan for cell in cells]).reshape(shape),
    )


def missing_cells(spec: GridSpec, path: Path = GRID) -> list[ModelSpec]:
    """The trainings of a grid, each once, that the file does not have.

    Raises:
        StoreError: The file is damaged.
    """
    trained = read_grid(path)
    return [cell for cell in dict.fromkeys(spec.cells) if cell not in trained]


def record_cell(cell: GridCell, path: Path = GRID) -> None:
    """Add the end of a training to the file, which is whole at any moment."""
    cells = read_grid(path) | {cell.spec: cell}
    order = sorted(cells.values(), key=lambda c: (c.spec.dataset, c.spec.n_latent, json.dumps(c.spec.to_dict())))
    lines = ",\n".join(json.dumps(plain(c)) for c in order)  # a line each: easy to compare
    files.write_atomically(path, f"[\n{lines}\n]\n".encode())


def plain(cell: GridCell) -> dict[str, Any]:
    """The end of a training for JSON, which has no infinity: null instead."""
    return vars(cell) | {"spec": cell.spec.to_dict()} | ({"negative_elbo": None, "kl": None} if cell.diverged else {})


def read_grid(path: Path) -> dict[ModelSpec, GridCell]:
    """The trainings of a file by their recipes; none where there is no file.

    Raises:
        StoreError: It is damaged.
    """
    if not path.exists():
        return {}
    try:
        cells = [cell_of(row) for row in json.loads(path.read_text())]
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise store.StoreError(
            f"{path.name} is no grid of trainings ({type(error).__name__}). Move it away to begin anew."
        ) from error
    return {cell.spec: cell for cell in cells}


def cell_of(row: dict[str, Any]) -> GridCell:
    """The inverse of `plain`."""
    return GridCell(
        spec=ModelSpec.from_dict(row["spec"]),
        negative_elbo=math.inf if row["negative_elbo"] is None else float(row["negative_elbo"]),
        kl=math.inf if row["kl"] is None else float(row["kl"]),
        active_units=int(row["active_units"]),
        seconds=int(row["seconds"]),
        machine=str(row["machine"]),
    )
