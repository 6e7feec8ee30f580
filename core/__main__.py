"""The command line: `python -m core COMMAND`. Progress goes to stderr; the last line on stdout is JSON."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import experiments
from core.commands.console import run_command
from core.commands.export import run_export
from core.commands.grid import run_grid
from core.commands.models import run_models, run_sweeps
from core.commands.options import add_command, add_model, add_spec, at_least_one, epochs
from core.commands.own import run_own
from core.commands.paper import run_claims, run_derive, run_figures
from core.commands.replication import run_report, run_reproduce
from core.commands.runs import run_infer, run_stages
from core.commands.training import run_classifier, run_download, run_train, run_zoo
from core.panel_data import SPECS
from core.paper.figures.registry import FIGURES
from core.paper.shipped import FOLDER
from core.session import Session
from core.settings import Settings
from core.specs import (
    DATASETS,
    READINGS,
    SOURCES,
    ClassifierSpec,
    GridSpec,
    InferenceSpec,
    ModelSpec,
    NoiseSweepSpec,
)
from core.store import SHIPPED
from core.zoo import CLASSIFIERS, ZOO


def main(arguments: list[str] | None = None, start: Callable[[Settings], Session] = Session.open) -> int:
    """Run one command; returns the exit status (0 done, 1 refused with a sentence).

    Args:
        arguments: The words behind `python -m core`.
        start: Opens the session that the command is given.
    """
    return run_command(build_parser(), arguments, start)


def build_parser() -> argparse.ArgumentParser:
    """The commands; every field of a spec is an option of the same name."""
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description="Train variational autoencoders and follow what they do when encode -> decode is repeated.",
        epilog="Try: python -m core stages --dataset mnist --n-latent 100 --label 6 --runs 200 --json. "
        "Figures of the paper: python -m dashboard figure NAME",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_training(commands)
    add_experiments(commands)
    add_figure(commands)
    add_replication(commands)
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
    workers = grid.add_mutually_exclusive_group()
    workers.add_argument(
        "--processes", type=at_least_one, default=1, help="trainings at once here; they share the cores"
    )
    workers.add_argument(
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
    export = add_command(
        commands, "export", run_export, "write the numbers behind a panel of the explorer: CSV, NPZ, recipe"
    )
    export.add_argument("panel", choices=SPECS, help="whose numbers")
    add_model(export)
    add_spec(export, InferenceSpec, leave_out=("model",))
    export.add_argument("--output", type=Path, default=Path(), help="folder for the files (default: this one)")
    own = add_command(commands, "own", run_own, "read a picture as an image of one's own: prints what --own takes")
    own.add_argument("picture", type=Path, help="PNG, JPEG, ...")
    own.add_argument("--dataset", choices=DATASETS, default="mnist", help="whose images it is to resemble")
    stages = add_command(
        commands, "stages", run_stages, "minimum distances and stage for p = 0, 0.025, ..., 1 (Fig. 4)"
    )
    add_model(stages)
    add_spec(stages, NoiseSweepSpec, leave_out=("model",))
    stages.add_argument("--json", action="store_true", help="print the JSON line alone, without the table")
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
    figures = add_command(
        commands, "figures", run_figures, "compute the figures that the page of the paper shows at once"
    )
    figures.add_argument("--only", nargs="+", choices=FIGURES, metavar="NAME", help=f"of {', '.join(FIGURES)}")
    figures.add_argument("--output", type=Path, default=FOLDER, help="folder of the files (default: models/figures/)")
    claims = add_command(commands, "claims", run_claims, "check the paper's claims on the shipped models")
    claims.add_argument("--noise-kind", choices=READINGS, default="permute", help="how the paper's swapping is read")
    claims.add_argument("--runs", type=at_least_one, default=0, help="fewer than the paper's 200 to 500, to try it out")
    claims.add_argument("--output", type=Path, help="file for the table; shipped are models/claims-KIND.json")
    claims.add_argument("--json", action="store_true", help="print the JSON line alone, without the table")


def add_figure(commands: Any) -> None:
    """A command that only says where figures are drawn: the core does not draw."""
    figure = commands.add_parser("figure", add_help=False, prefix_chars="\0")  # whatever follows is no option
    figure.add_argument("words", nargs="*", action=DrawnElsewhere)


class DrawnElsewhere(argparse.Action):
    """Ends the program with a sentence in place of a figure."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Exit with status 2."""
        parser.exit(
            2,
            f"{parser.prog}: Figures of the paper, with their data as NPZ and CSV, are drawn by "
            "`python -m dashboard figure NAME`; the numbers alone come from `python -m core stages` (Fig. 4), "
            "`python -m core infer` (runs at one p) and `python -m core claims` (every claim).\n",
        )


def add_replication(commands: Any) -> None:
    """The commands that report on the replication."""
    report = add_command(
        commands, "report", run_report, "write docs/replication.md, codecheck.yml and models/README.md"
    )
    report.add_argument("--output", type=Path, default=SHIPPED.parent, help="folder of the project")
    again = add_command(
        commands,
        "reproduce",
        run_reproduce,
        "compute all shipped figures and claims again, and say which numbers differ",
    )
    again.add_argument("--only", nargs="+", choices=FIGURES, metavar="NAME", help="these figures, and no claims")
    again.add_argument("--without-claims", action="store_true", help="figures alone: minutes instead of an hour")


if __name__ == "__main__":
    sys.exit(main())
