"""The command line: `python -m core COMMAND`. Progress goes to stderr; the last line on stdout is JSON."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields, replace
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from core import data, experiments
from core.config import (
    DATASETS,
    ZOO,
    Choice,
    InferenceSpec,
    ModelSpec,
    NoiseSweepSpec,
    Progress,
    RefusedError,
    Settings,
    Spec,
    checked,
)
from core.results import POINTS
from core.store import SHIPPED, Entry


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status (0 done, 1 refused with a sentence)."""
    parser = build_parser()
    args = parser.parse_args(arguments)
    try:
        settings = Settings.from_environment()
        if args.device:
            settings = replace(settings, device=args.device)
        answer = args.run(args, settings)
    except (RefusedError, OSError) as error:
        print(f"python -m core {args.command}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(answer))
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The commands; every field of a spec is an option of the same name."""
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description="Train variational autoencoders and follow what they do when encode -> decode is repeated.",
        epilog="Try: python -m core stages --dataset mnist --n-latent 100 --label 6 --runs 200 --json",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    download = add_command(commands, "download", run_download, "fetch MNIST or Fashion-MNIST (resumable, verified)")
    download.add_argument("--dataset", choices=DATASETS, default="mnist")
    trained = add_command(commands, "train", run_train, "train a model with the paper's recipe and file it")
    add_spec(trained, ModelSpec)
    trained.add_argument("--output", type=Path, help="file to write instead of one in the folder of models")
    zoo = add_command(commands, "zoo", run_zoo, "train the shipped models that are missing or of another recipe")
    zoo.add_argument("--only", nargs="+", choices=list(ZOO), metavar="NAME", help=f"of {', '.join(ZOO)}")
    zoo.add_argument("--processes", type=int, default=1, help="models trained at once; they share the cores")
    zoo.add_argument("--output", type=Path, default=SHIPPED, help="folder of the zoo (default: models/)")
    infer = add_command(commands, "infer", run_infer, "follow many runs of repeated inference at one noise p")
    add_model(infer)
    add_spec(infer, InferenceSpec, leave_out=("model",))
    infer.add_argument("--output", type=Path, help="NPZ file for the arrays; its 'recipe' holds the spec")
    stages = add_command(
        commands, "stages", run_stages, "minimum distances and stage for p = 0, 0.025, ..., 1 (Fig. 4)"
    )
    add_model(stages)
    add_spec(stages, NoiseSweepSpec, leave_out=("model",))
    stages.add_argument("--json", action="store_true", help="print the JSON line alone, without the table")
    sweeps = add_command(
        commands, "sweeps", run_sweeps, "compute the sweeps of every label, kind and source of a model"
    )
    add_model(sweeps)
    return parser


def add_model(parser: argparse.ArgumentParser) -> None:
    """The ways to name a model."""
    parser.add_argument("--model", help="id of a model; else the one of this data set and number of latent units:")
    parser.add_argument("--dataset", choices=DATASETS, default="mnist")
    parser.add_argument("--n-latent", type=int, default=100)


def add_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace, Settings], Any], help: str
) -> argparse.ArgumentParser:
    """A sub-command with the options that all share."""
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), help="default: LT_DEVICE, else auto")
    parser.set_defaults(run=run)
    return parser


def add_spec(parser: argparse.ArgumentParser, spec: type[Spec], leave_out: tuple[str, ...] = ()) -> None:
    """One option per field of a spec, with its default and meaning in the help."""
    for item in fields(spec):
        if item.name not in leave_out:
            check = checked(item)
            name = item.name.removeprefix("n_") if item.name in ("n_runs", "n_steps") else item.name  # --runs, --steps
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                dest=item.name,
                metavar="{" + ",".join(check.words) + "}" if isinstance(check, Choice) else item.name.upper(),
                help=f"{item.metadata['help']}" + ("" if item.default is MISSING else f" (default: {item.default})"),
            )


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


def run_download(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    with progress_bar(args.dataset) as report:
        data.download(args.dataset, settings.data, progress=report)
    return {"dataset": args.dataset, "folder": str(settings.data)}


def run_train(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    spec = spec_from(args, ModelSpec)
    with progress_bar(f"{spec.dataset} N_z={spec.n_latent}") as report:
        path, course = experiments.train_model(spec, settings, path=args.output, progress=report)
    return {
        "file": str(path),
        "spec": spec.to_dict(),
        "seconds": round(course.seconds),
        "test_negative_elbo": course.test_negative_elbo[-1],
    }


def run_zoo(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    names = args.only or list(ZOO)
    if args.processes > 1:
        with ThreadPool(args.processes) as pool:
            failed = sum(pool.map(lambda name: in_own_process(args, name), names, chunksize=1))
        if failed:
            raise RefusedError("Some models were not trained, as said above. Start again: what is done is kept.")
    else:
        for name in names:
            with progress_bar(name) as report:
                experiments.zoo_model(name, settings, folder=args.output, progress=report)
    return {"folder": str(args.output), "models": names}


def in_own_process(args: argparse.Namespace, name: str) -> int:
    """Train one model of the zoo on its share of the cores; returns the exit status."""
    threads = max(1, (os.cpu_count() or 1) // args.processes)
    command = [sys.executable, "-m", "core", "zoo", "--only", name, "--output", str(args.output)]
    command += ["--device", args.device] if args.device else []
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode


def model_of(args: argparse.Namespace, settings: Settings) -> Entry:
    """The model that was named, or the default one of a data set and N_z."""
    library = experiments.library_of(settings)
    return library.find(args.model) if args.model else library.default(args.dataset, args.n_latent)


def inference_spec(args: argparse.Namespace, settings: Settings, spec: type[Spec]) -> Any:
    """A spec on a model; unless told otherwise from original images where they are here, and at most all memories."""
    entry = model_of(args, settings)
    source = experiments.available_source(entry.spec.dataset, settings)
    if args.source is None and source == "decoded":
        print(
            "The images are not on this machine: runs start from decoded memories (--source decoded).", file=sys.stderr
        )
    held = experiments.open_model(entry.id, settings).memories.shape[1]
    usual: Any = next(item.default for item in fields(spec) if item.name == "n_runs")
    return spec_from(args, spec, model=entry.id, source=source, n_runs=min(usual, held))


def run_infer(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    spec = inference_spec(args, settings, InferenceSpec)
    with progress_bar(f"label {spec.label}, p = {spec.noise:g}") as report:
        result = experiments.trajectories(spec, settings, progress=report)
        report(1.0, "done")
    own = experiments.run(spec, settings)
    ensemble = result.ensemble
    if args.output:
        arrays: dict[str, Any] = {name: value for name, value in vars(result).items() if isinstance(value, np.ndarray)}
        args.output = args.output.with_suffix(".npz")  # as NumPy would name it
        np.savez_compressed(args.output, recipe=json.dumps(spec.to_dict()), run_z=own.z, **arrays)
    return {
        "spec": spec.to_dict(),
        "stage": str(ensemble.stage),
        "minimum_distance": named(ensemble.minimum_distance),
        "minimum_step": named(ensemble.minimum_step),
        "nearest_share": named(ensemble.nearest_share),
        "approach_share": round(ensemble.approach_share, 4),
        "run": {"nearest": str(own.nearest), "minimum_distance": named(own.minimum_distance)},
        "output": str(args.output) if args.output else None,
    }


def run_stages(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    spec = inference_spec(args, settings, NoiseSweepSpec)
    with progress_bar(f"label {spec.label}, {spec.noise_kind}") as report:
        sweep = experiments.noise_sweep(spec, settings, progress=report)
    if not args.json:
        print("    p  stage  memory concept abstract")
        for p, stage, row in zip(sweep.noises, sweep.stages, sweep.minimum_distance.T, strict=True):
            print(f"{p:5.3f}  {stage:5}  {row[0]:6.3f}  {row[1]:6.3f}   {row[2]:6.3f}")
    return {
        "spec": spec.to_dict(),
        "noises": sweep.noises.tolist(),
        "stages": [str(stage) for stage in sweep.stages],
        "minimum_distance": named(sweep.minimum_distance),
        "minimum_distance_sem": named(sweep.minimum_distance_sem),
        "minimum_step": named(sweep.minimum_step),
        "minimum_step_sem": named(sweep.minimum_step_sem),
        "approach_share": sweep.approach_share.tolist(),
    }


def run_sweeps(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    entry = model_of(args, settings)
    with progress_bar(entry.id) as report:
        path = experiments.store_noise_sweeps(entry.id, settings, progress=report)
    return {"model": entry.id, "file": str(path)}


def named(values: np.ndarray) -> dict[str, Any]:
    """An array whose first axis is `points`, by the names of the points."""
    return {name: value.tolist() for name, value in zip(POINTS, values, strict=True)}


if __name__ == "__main__":
    sys.exit(main())
