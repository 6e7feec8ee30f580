"""Train the grid of Fig. 9: here, on a GPU side by side, or on Dask workers."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import joblib
import numpy as np

from core import cluster, experiments
from core.commands.console import progress_bar
from core.commands.options import spec_from
from core.experiments import side_by_side
from core.figure_results import GridCell
from core.progress import Progress
from core.schema import RefusedError
from core.session import Session
from core.settings import Settings
from core.specs import GridSpec, ModelSpec


def run_grid(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Train what is missing of the grid, and name the best bound of every N_z."""
    spec = spec_from(args, GridSpec)
    missing = experiments.missing_cells(spec, args.output)
    with progress_bar(f"{len(missing)} of {len(spec.cells)} trainings") as report:
        if missing:
            train_cells(missing, args, session, report)
        report(1.0, "all are there")
    sweep = experiments.latent_sweep(spec, args.output)
    return {
        "file": str(args.output),
        "spec": spec.to_dict(),
        "trained": len(missing),
        "best": {str(n): known(best) for n, best in zip(spec.n_latents, sweep.best, strict=True)},
    }


def train_cells(
    cells: list[ModelSpec],
    args: argparse.Namespace,
    session: Session,
    report: Progress,
    train_cell: Callable[..., GridCell] = experiments.grid_cell,
) -> None:
    """Train side by side on a GPU, else let Dask workers share trainings; file each as it ends.

    Raises:
        RefusedError: A training cannot be done, or its worker dies again and again.
    """
    from distributed import KilledWorker, as_completed

    if session.device.type == "cuda" and not args.scheduler:
        side_by_side.grid_stacks(cells, session.settings, path=args.output, progress=report)
        return
    threads = 0 if args.scheduler else max(1, joblib.cpu_count() // args.processes)
    options = {"device": args.device or "", "threads": threads}
    with workers(args, session.settings) as client:
        futures = client.map(train_cell, cells, key=[f"grid-{cell.key()}" for cell in cells], **options)
        try:
            for done, future in enumerate(as_completed(futures), 1):
                cell = future.result()
                experiments.record_cell(cell, args.output)
                report(done / len(cells), outcome(cell))
        except KilledWorker as error:
            raise RefusedError("A worker died again and again. Start again: what is done is kept.") from error


@contextmanager
def workers(args: argparse.Namespace, settings: Settings) -> Iterator[Any]:
    """A Dask client: of the scheduler that is named, else of processes of this machine.

    Raises:
        RefusedError: No scheduler answers, or it cannot be asked with the certificates of the settings.
    """
    from distributed import Client

    if args.scheduler:
        credentials = settings.scheduler_credentials
        problem = cluster.address_problem("--scheduler", args.scheduler, credentials)
        if problem:
            raise RefusedError(problem)
        cluster.warn_if_exposed("--scheduler", args.scheduler)
        try:
            client = cluster.client_of(args.scheduler, credentials, timeout=10)
        except (OSError, ValueError) as error:
            certificates = ", or it refuses our certificates" if credentials else ""
            raise RefusedError(
                f"No Dask scheduler answers at {args.scheduler} ({type(error).__name__}){certificates}. Start one with "
                "`dask scheduler` and workers with `dask worker ADDRESS`, or train here with --processes."
            ) from error
        with client:
            yield client
    else:
        with cluster.local_cluster(args.processes) as processes, Client(processes) as client:
            yield client


def outcome(cell: GridCell) -> str:
    """How a training of the grid ended."""
    end = "diverged" if cell.diverged else f"{cell.negative_elbo:.1f} nats"
    return f"N_z={cell.spec.n_latent}, rate {cell.spec.learning_rates[0]:g}, batch {cell.spec.batch_size}: {end}"


def known(value: float) -> float | None:
    """A number for JSON, which has no other word for missing or infinite."""
    return float(value) if np.isfinite(value) else None
