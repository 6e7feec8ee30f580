"""What the commands of `python -m core` do: options in, an answer for JSON out; progress goes to stderr."""

import argparse
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from tqdm import tqdm

from core import cluster, download, experiments
from core.experiments import side_by_side
from core.figure_results import GridCell
from core.library import Entry
from core.paper import claims
from core.progress import Progress
from core.results import PAIRS, POINTS
from core.schema import RefusedError, Spec, checked
from core.session import Session
from core.settings import Settings
from core.specs import (
    SOURCES,
    ClassifierSpec,
    EmbeddingSpec,
    EnsembleSpec,
    FigureSpec,
    GridSpec,
    InferenceSpec,
    ModelSpec,
    NoiseSweepSpec,
)
from core.store import file_sha256, read_recipe
from core.zoo import CLASSIFIERS, FORMER_WEIGHTS, ZOO, trained_anew

Zoo = Mapping[str, ModelSpec | ClassifierSpec]


def spec_from(args: argparse.Namespace, spec: type[Spec], **given: Any) -> Any:
    """Build a spec from the options that were given, each read by its field's own check."""
    for item in fields(spec):
        text = getattr(args, item.name, None)
        if text is not None:
            given[item.name] = checked(item).read(item.name, text)
    return spec(**given)


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A progress bar on stderr."""
    with tqdm(
        total=1.0, desc=title, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining} {postfix}"
    ) as bar:

        def report(fraction: float, text: str) -> None:
            bar.set_postfix_str(text, refresh=False)
            bar.update(fraction - bar.n)

        yield report


def run_download(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    with progress_bar(args.dataset) as report:
        download.download(args.dataset, session.settings.data, progress=report)
    return {"dataset": args.dataset, "folder": str(session.settings.data)}


def run_train(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    spec = spec_from(args, ModelSpec)
    kept = tuple(epoch for epoch in args.snapshots if epoch != spec.epochs)  # the last is the model itself
    with progress_bar(f"{spec.dataset} N_z={spec.n_latent}") as report:
        path, course = experiments.train_model(
            spec, session.settings, path=args.output, snapshots=kept, progress=report
        )
    if kept:
        with progress_bar("stages of '6'") as report:
            experiments.derive_ages(path, session.settings, progress=report)
    return {
        "file": str(path),
        "spec": spec.to_dict(),
        "seconds": round(course.seconds),
        "test_negative_elbo": course.test_negative_elbo[-1],
    }


def run_classifier(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    shipped = CLASSIFIERS.get(f"{args.dataset}-classifier", ClassifierSpec())
    spec = spec_from(args, ClassifierSpec, **shipped.to_dict())
    with progress_bar(f"classifier of {spec.dataset}") as report:
        path, trained = experiments.train_classifier(
            spec, session.settings, library=session.library, path=args.output, progress=report
        )
    card = read_recipe(path, ClassifierSpec)[1]
    return {
        "file": str(path),
        "spec": spec.to_dict(),
        "trained": trained,
        "seconds": card.seconds,
        "test_accuracy": card.test_accuracy,
    }


def run_zoo(args: argparse.Namespace, session: Session, zoo: Zoo = ZOO | CLASSIFIERS) -> dict[str, Any]:
    names = args.only or list(zoo)
    if args.processes > 1:
        with ThreadPool(args.processes) as pool:
            failed = sum(pool.map(lambda name: in_own_process(args, name), names, chunksize=1))
        if failed:
            raise RefusedError("Some models were not trained, as said above. Start again: what is done is kept.")
    else:
        one_by_one = {name: zoo[name] for name in names}
        if session.device.type == "cuda":
            stacked = {name: spec for name, spec in one_by_one.items() if isinstance(spec, ModelSpec)}
            with progress_bar("zoo") as report:
                side_by_side.zoo_stacks(stacked, session.settings, folder=args.output, progress=report)
            one_by_one = {name: spec for name, spec in one_by_one.items() if name not in stacked}
        for name, spec in one_by_one.items():
            with progress_bar(name) as report:
                experiments.zoo_model(name, spec, session.settings, folder=args.output, progress=report)
    return {"folder": str(args.output), "models": names}


def in_own_process(args: argparse.Namespace, name: str) -> int:
    """Train one model of the zoo on its share of the cores; returns the exit status."""
    threads = max(1, joblib.cpu_count() // args.processes)
    command = [sys.executable, "-m", "core", "zoo", "--only", name, "--output", str(args.output)]
    command += ["--device", args.device] if args.device else []
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode


def run_grid(args: argparse.Namespace, session: Session) -> dict[str, Any]:
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
                report(done / len(cells), sentence(cell))
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


def sentence(cell: GridCell) -> str:
    """How a training of the grid ended."""
    end = "diverged" if cell.diverged else f"{cell.negative_elbo:.1f} nats"
    return f"N_z={cell.spec.n_latent}, rate {cell.spec.learning_rates[0]:g}, batch {cell.spec.batch_size}: {end}"


def known(value: float) -> float | None:
    """A number for JSON, which has no other word for missing or infinite."""
    return float(value) if np.isfinite(value) else None


def run_models(_: argparse.Namespace, session: Session) -> list[dict[str, Any]]:
    entries = session.library.usable()
    for entry in entries:
        card, spec = entry.card, entry.spec
        ratios = card.contribution_ratio or ()
        most, nearly = (1 + sum(ratio < share for ratio in ratios) for share in (0.7, 0.99))
        print(
            f"{entry.id:24}  {spec.epochs:5} epochs  -ELBO {cell(card.test_negative_elbo):7}  "
            f"KL {cell(card.test_kl):6}  {cell(card.active_units):3} active  70/99 % in {most}/{nearly}  "
            f"orthogonality {cell(card.orthogonality_gap)}  {(card.seconds or 0) / 60:.0f} min"
        )
    return [
        {
            "model": e.id,
            "origin": e.origin,
            "sha256": file_sha256(e.path),
            "spec": e.spec.to_dict(),
            "card": e.card.to_dict(),
        }
        for e in entries
    ]


def cell(value: float | None) -> str:
    """A number of a card in a table; a card may lack any of them."""
    return "?" if value is None else str(value)


def model_of(args: argparse.Namespace, session: Session) -> Entry:
    """The model that was named, or the default one of a data set and N_z."""
    if args.model:
        return session.library.find(args.model)
    return session.library.default(args.dataset, args.n_latent)


def inference_spec(args: argparse.Namespace, session: Session, spec: type[Spec]) -> Any:
    """A spec on a model; unless told otherwise from original images where they are here, and at most all memories."""
    entry = model_of(args, session)
    why = experiments.why_decoded(entry.id, session)
    if args.source is None and why:
        print(f"{why.reason} Runs start from decoded memories (--source decoded).", file=sys.stderr)
    source = "decoded" if why else "original"
    held = session.model(entry.id).memories.shape[1]
    usual: Any = next(item.default for item in fields(spec) if item.name == "n_runs")
    return spec_from(args, spec, model=entry.id, source=source, n_runs=min(usual, held))


def run_infer(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    spec = inference_spec(args, session, InferenceSpec)
    with progress_bar(f"label {spec.label}, p = {spec.noise:g}") as report:
        result = session.result(experiments.trajectories, spec.part(EnsembleSpec), progress=report)
        plane = session.result(experiments.embedding, spec.part(EmbeddingSpec), progress=report)
        report(1.0, "done")
    own = experiments.run(spec, session)
    ensemble = result.ensemble
    if args.output:
        found = vars(result) | vars(plane)
        arrays: dict[str, Any] = {name: value for name, value in found.items() if isinstance(value, np.ndarray)}
        args.output = args.output.with_suffix(".npz")  # as NumPy would name it
        np.savez_compressed(args.output, recipe=json.dumps(spec.to_dict()), run_z=own.z, **arrays)
    return {
        "spec": spec.to_dict(),
        "stage": str(ensemble.stage),
        "minimum_distance": named(ensemble.minimum_distance),
        "minimum_step": named(ensemble.minimum_step),
        "nearest_share": named(ensemble.nearest_share),
        "approach_share": round(ensemble.approach_share, 4),
        "same_step_approach_share": round(ensemble.same_step_approach_share, 4),
        "run": {"nearest": str(own.nearest), "minimum_distance": named(own.minimum_distance)},
        "output": str(args.output) if args.output else None,
    }


def run_stages(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    spec = inference_spec(args, session, NoiseSweepSpec)
    with progress_bar(f"label {spec.label}, {spec.noise_kind}") as report:
        sweep = session.result(experiments.noise_sweep, spec, progress=report)
    if not args.json:
        print("    p  stage      memory concept abstract")
        for p, stage, rival, row in zip(
            sweep.noises, sweep.stages, sweep.rivals, sweep.minimum_distance.T, strict=True
        ):
            words = f"{stage} or {rival}" if rival else stage
            print(f"{p:5.3f}  {words:9}  {row[0]:6.3f}  {row[1]:6.3f}   {row[2]:6.3f}")
    return {
        "spec": spec.to_dict(),
        "noises": sweep.noises.tolist(),
        "stages": [str(stage) for stage in sweep.stages],
        "rivals": [stage and str(stage) for stage in sweep.rivals],
        "minimum_distance": named(sweep.minimum_distance),
        "minimum_distance_sem": named(sweep.minimum_distance_sem),
        "minimum_distance_difference_sem": of_pairs(sweep.minimum_distance_difference_sem),
        "minimum_step": named(sweep.minimum_step),
        "minimum_step_sem": named(sweep.minimum_step_sem),
        "minimum_step_difference_sem": of_pairs(sweep.minimum_step_difference_sem),
        "approach_share": sweep.approach_share.tolist(),
        "strict_approach_share": sweep.strict_approach_share.tolist(),
        "same_step_approach_share": sweep.same_step_approach_share.tolist(),
    }


def run_figure(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    # the pictures are the dashboard's: no other command waits for plotly, and a machine without it has the others
    from dashboard import catalogue, files
    from dashboard.experiments import Experiments
    from dashboard.theme import LIGHT

    lab, wanted = Experiments.alone(session), None
    given = {key: getattr(args, key) for key in catalogue.TYPED if getattr(args, key) is not None}
    if args.recipe and given:
        raise RefusedError(
            "A recipe holds all settings. Leave out the options, or name the figure instead of a recipe."
        )
    if args.recipe:
        wanted = files.read_recipe(args.recipe)
        name, spec = wanted["figure"], FigureSpec.from_dict(wanted["spec"])
    else:
        name, spec = args.name, catalogue.question(lab, args.name, given)
    recipe = catalogue.recipe(lab, name, spec)
    if wanted and wanted["weights"] != recipe["weights"]:
        former = [Path(file).stem for file, sha256 in wanted["weights"].items() if sha256 in former_of(file)]
        if former:
            raise RefusedError(trained_anew(former[0], "this recipe was made") + " Draw the figure by its name.")
        raise RefusedError("The recipe was made with other models than those of this machine: see its 'weights'.")
    with progress_bar(name) as report:
        results = catalogue.row_of(name).results(lab, spec, report)
        report(1.0, "done")
    figure = catalogue.draw(lab, name, spec, results, LIGHT)
    written, missing = files.write(results, recipe, figure, args.output / name)
    if missing:
        print(missing, file=sys.stderr)
    return recipe | {"files": [str(path) for path in written]}


def former_of(file: str) -> tuple[str, ...]:
    """SHA-256 of the files that were shipped under a name before."""
    return FORMER_WEIGHTS.get(Path(file).stem, ())


def run_sweeps(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    entry = model_of(args, session)
    with progress_bar(entry.id) as report:
        sources = (args.source,) if args.source else SOURCES
        path = experiments.store_noise_sweeps(entry.id, session, sources=sources, progress=report)
    return {"model": entry.id, "file": str(path)}


def run_derive(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    library = session.library
    shipped = [entry for entry in library.usable() if entry.origin == "shipped"]
    specs = experiments.sweeps_to_derive([library.find(id) for id in args.only or ()] or shipped, session)
    with progress_bar("stage bands") as report:
        experiments.compute_sweeps(specs, session, progress=report)
    written = []
    for kind, path in claims.CLAIM_FILES.items() if not args.only else ():
        with progress_bar(f"claims, {kind}") as report:
            claims.save_claims(claims.check_claims(session, noise_kind=kind, progress=report), path)
        written.append(str(path))
    return {"sweeps": len(specs), "claims": written}


def run_claims(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    with progress_bar("claims") as report:
        table = claims.check_claims(session, noise_kind=args.noise_kind, n_runs=args.runs, progress=report)
    if args.output:
        claims.save_claims(table, args.output)
    if not args.json:
        for claim in table.claims:
            print(f"{claim.number:2}  {claim.figure:10}  {claim.verdict:13}  {claim.statement}")
            for text in filter(None, (claim.ours, claim.why and f"Why: {claim.why}")):
                print(textwrap.fill(text, 110, initial_indent=" " * 6, subsequent_indent=" " * 6))
    return {"recipe": dict(table.recipe), "claims": [asdict(claim) for claim in table.claims]}


def named(values: np.ndarray) -> dict[str, Any]:
    """An array whose first axis is `points`, by the names of the points."""
    return {name: value.tolist() for name, value in zip(POINTS, values, strict=True)}


def of_pairs(values: np.ndarray) -> dict[str, Any]:
    """An array whose first axis is `pairs`, by the names of the points."""
    return {f"{POINTS[i]} - {POINTS[j]}": value.tolist() for (i, j), value in zip(PAIRS, values, strict=True)}
