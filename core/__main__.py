"""The command line: `python -m core COMMAND`. Progress goes to stderr; the last line on stdout is JSON."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

from core import experiments
from core.commands import (
    run_claims,
    run_classifier,
    run_derive,
    run_download,
    run_figure,
    run_grid,
    run_infer,
    run_models,
    run_stages,
    run_sweeps,
    run_train,
    run_zoo,
)
from core.schema import Choice, RefusedError, Spec, checked
from core.session import Session
from core.settings import Settings
from core.specs import (
    DATASETS,
    NOISE_KINDS,
    SOURCES,
    ClassifierSpec,
    FigureSpec,
    GridSpec,
    InferenceSpec,
    ModelSpec,
    NoiseSweepSpec,
)
from core.store import SHIPPED
from core.zoo import CLASSIFIERS, ZOO

FIGURES = (
    *("fig1", "suppA", "fig2", "movies", "suppB", "fig3", "suppC", "suppD", "suppF", "fig4a", "fig4b", "stages"),
    *("stagesNz", "fig5a", "fig5b", "fig6", "fig7a", "fig7b", "fig8", "suppE", "fig9", "saddles", "fig10"),
)
"""The names of dashboard.catalogue, for the help alone: to import that takes a second."""
LONG = 60  # characters of a default


def main(arguments: list[str] | None = None, start: Callable[[Settings], Session] = Session.open) -> int:
    """Run one command; returns the exit status (0 done, 1 refused with a sentence).

    Args:
        arguments: The words behind `python -m core`.
        start: Makes what the command stands on.
    """
    parser = build_parser()
    args = parser.parse_args(arguments)
    try:
        settings = Settings.from_environment()
        if args.device:
            settings = replace(settings, device=args.device)
        answer = args.run(args, start(settings))
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
    add_training(commands)
    add_experiments(commands)
    return parser


def add_training(commands: Any) -> None:
    """The commands that fetch images and train."""
    names = [*ZOO, *CLASSIFIERS]
    download = add_command(commands, "download", run_download, "fetch MNIST or Fashion-MNIST (resumable, verified)")
    download.add_argument("--dataset", choices=DATASETS, default="mnist")
    trained = add_command(commands, "train", run_train, "train a model with the paper's recipe and file it")
    add_spec(trained, ModelSpec)
    trained.add_argument("--output", type=Path, help="file to write instead of one in the folder of models")
    trained.add_argument(
        "--snapshots",
        type=epochs,
        default=(),
        metavar="EPOCHS",
        help="keep the weights after these epochs too, each as a model MODEL-epochN: 1,5,20,60,150,500",
    )
    classifier = add_command(commands, "classifier", run_classifier, "train the network that names images (Fig. 5)")
    add_spec(classifier, ClassifierSpec)
    classifier.add_argument("--output", type=Path, help="file to write instead of one in the folder of models")
    zoo = add_command(
        commands, "zoo", run_zoo, "train the shipped models and classifiers that are missing or of another recipe"
    )
    zoo.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=f"of {', '.join(names)}")
    zoo.add_argument("--processes", type=at_least_one, default=1, help="models trained at once; they share the cores")
    zoo.add_argument("--output", type=Path, default=SHIPPED, help="folder of the zoo (default: models/)")
    grid = add_command(commands, "grid", run_grid, "train what is missing of Fig. 9: the test bound over N_z")
    add_spec(grid, GridSpec)
    place = grid.add_mutually_exclusive_group()
    place.add_argument("--processes", type=at_least_one, default=1, help="trainings at once here; they share the cores")
    place.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask scheduler, whose workers then do the trainings; tls:// with LT_SCHEDULER_CA, ..._CERT, ..._KEY",
    )
    grid.add_argument("--output", type=Path, default=experiments.GRID, help="file that grows (default: in models/)")


def add_experiments(commands: Any) -> None:
    """The commands that ask the models that are there."""
    add_command(commands, "models", run_models, "list the models that are here, with their cards")
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
    figure = add_command(
        commands, "figure", run_figure, "compute a figure of the paper: NPZ, CSV, its recipe, PNG and SVG"
    )
    figure.epilog = (
        "NAME is one of " + ", ".join(FIGURES) + ". Without options it has the paper's settings on the shipped model "
        "with 100 latent units. Example: python -m core figure fig4a --label 1 --runs 200 --output figures"
    )
    what = figure.add_mutually_exclusive_group(required=True)
    what.add_argument("name", nargs="?", metavar="NAME", choices=FIGURES, help="of the figure; see below")
    what.add_argument(
        "--recipe", type=Path, help="JSON of a figure, as the page and this command give it; needs no NAME"
    )
    taken = ("model", "label", "noise_kind", "noise", "n_runs", "t")
    others = tuple(item.name for item in fields(FigureSpec) if item.name not in taken)
    add_spec(figure, FigureSpec, leave_out=others, usual="the paper's")
    figure.add_argument("--output", type=Path, default=Path(), help="folder for the files (default: this one)")
    sweeps = add_command(
        commands, "sweeps", run_sweeps, "compute the sweeps of every label and kind of a model, and file them beside it"
    )
    add_model(sweeps)
    sweeps.add_argument("--source", choices=SOURCES, help="start from these images alone (default: from both)")
    derive = add_command(
        commands,
        "derive",
        run_derive,
        "compute what is shipped beside the models, N_z = 100 first: all sweeps that are missing, then the claims",
    )
    derive.epilog = "Every sweep is kept as it is done: a command that was stopped goes on there."
    derive.add_argument("--only", nargs="+", metavar="MODEL", help="sweeps of these models, and no claims")
    claims = add_command(commands, "claims", run_claims, "check the paper's claims on the shipped models")
    claims.add_argument("--noise-kind", choices=NOISE_KINDS, default="permute", help="how the paper's swapping is read")
    claims.add_argument("--runs", type=at_least_one, default=0, help="fewer than the paper's 200 to 500, to try it out")
    claims.add_argument("--output", type=Path, help="file for the table; shipped are models/claims-KIND.json")
    claims.add_argument("--json", action="store_true", help="print the JSON line alone, without the table")


def at_least_one(text: str) -> int:
    """A number of processes."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 on is needed, not {text[:20]!r}")
    return int(text)


def epochs(text: str) -> tuple[int, ...]:
    """Epochs in their order; each once."""
    return tuple(sorted({at_least_one(part) for part in text.split(",")}))


def add_model(parser: argparse.ArgumentParser) -> None:
    """The ways to name a model."""
    parser.add_argument("--model", help="id of a model; else the one of this data set and number of latent units:")
    parser.add_argument("--dataset", choices=DATASETS, default="mnist")
    parser.add_argument("--n-latent", type=int, default=100)


def add_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace, Session], Any], help: str
) -> argparse.ArgumentParser:
    """A sub-command with the options that all share."""
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), help="default: LT_DEVICE, else auto")
    parser.set_defaults(run=run)
    return parser


def add_spec(
    parser: argparse.ArgumentParser, spec: type[Spec], leave_out: tuple[str, ...] = (), usual: str = ""
) -> None:
    """One option per field of a spec, with its default (or what is `usual` instead) and meaning in the help."""
    for item in fields(spec):
        if item.name not in leave_out:
            check, default = checked(item), usual or item.default
            name = item.name.removeprefix("n_") if item.name in ("n_runs", "n_steps") else item.name  # --runs, --steps
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                dest=item.name,
                metavar="{" + ",".join(check.words) + "}" if isinstance(check, Choice) else item.name.upper(),
                help=item.metadata["help"] + said_of(default),
            )


def said_of(default: object) -> str:
    """A default as the help names it; a long one would hide the rest."""
    return f" (default: {default})" if default is not MISSING and len(str(default)) < LONG else ""


if __name__ == "__main__":
    sys.exit(main())
