"""The dashboard's command line: `python -m dashboard COMMAND`. It computes what has a picture, and what is shipped."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from core.commands.console import compute_as_served, run_command
from core.commands.options import add_command, add_spec
from core.paper.figures.questions import CHOICES
from core.paper.figures.registry import FIGURES
from core.session import Session
from core.settings import Settings
from core.specs import FigureSpec
from dashboard.commands import MOVIE_CHOICES, run_figure, run_film, run_html
from dashboard.movies import MovieSpec


def main(arguments: list[str] | None = None, start: Callable[[Settings], Session] = Session.open) -> int:
    """Run one command; returns the exit status (0 done, 1 refused with a sentence).

    Args:
        arguments: The words behind `python -m dashboard`.
        start: Opens the session that the command is given.
    """
    compute_as_served()
    return run_command(build_parser(), arguments, start)


def build_parser() -> argparse.ArgumentParser:
    """The commands."""
    parser = argparse.ArgumentParser(
        prog="python -m dashboard",
        description="Draw the figures of the paper, and compute what the dashboard ships.",
        epilog="Try: python -m dashboard figure fig4a --label 1 --runs 200 --output figures",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_figure(commands)
    add_command(commands, "film", run_film, "compute the films of the first screen beside its model")
    add_html(commands)
    return parser


def add_html(commands: Any) -> None:
    """The command that saves a screen of the explorer."""
    html = add_command(commands, "html", run_html, "save a screen of the explorer as one file that needs no server")
    html.add_argument("link", nargs="?", default="", metavar="LINK", help="of Copy link (default: the first screen)")
    html.add_argument("--output", type=Path, default=Path(), help="folder for the file (default: this one)")


def add_figure(commands: Any) -> None:
    """The command that computes and draws a figure of the paper."""
    figure = add_command(
        commands, "figure", run_figure, "compute a figure of the paper: NPZ, CSV, its recipe, PNG and SVG"
    )
    figure.epilog = (
        "NAME is one of " + ", ".join(FIGURES) + ". Without options it has the paper's settings on the shipped model "
        "with 100 latent units. Example: python -m dashboard figure fig4a --label 1 --runs 200 --output figures. The "
        "movies are video files, one of each label with --label all: python -m dashboard figure movies --label all "
        "--plane landmark --format gif --output figures"
    )
    what = figure.add_mutually_exclusive_group(required=True)
    what.add_argument("name", nargs="?", metavar="NAME", choices=FIGURES, help="of the figure; see below")
    what.add_argument(
        "--recipe", type=Path, help="JSON of a figure, as the page and this command give it; needs no NAME"
    )
    others = tuple(item.name for item in fields(FigureSpec) if item.name not in CHOICES)
    add_spec(figure, FigureSpec, leave_out=others, usual="the paper's")
    movies = tuple(item.name for item in fields(MovieSpec) if item.name not in MOVIE_CHOICES)
    group: Any = figure.add_argument_group("movies alone")
    add_spec(group, MovieSpec, leave_out=movies)
    figure.add_argument("--output", type=Path, default=Path(), help="folder for the files (default: this one)")


if __name__ == "__main__":
    sys.exit(main())
