"""What the commands of `python -m dashboard` do: options in, an answer for JSON out; progress goes to stderr."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from core.commands.console import progress_bar
from core.computations import Computations
from core.files import write_atomically
from core.paper.exports import distance_unit, figure_recipe, figure_tables
from core.paper.figures.questions import CHOICES, figure_spec
from core.paper.figures.registry import figure_of
from core.paper.results import arrays_of
from core.schema import RefusedError, checked
from core.session import Session
from core.specs import FigureSpec
from core.tables import size_of
from core.zoo import FORMER_WEIGHTS, trained_anew
from dashboard import files
from dashboard.cache import Replies
from dashboard.controls import ScreenState
from dashboard.drawing import draw_figure
from dashboard.experiments import Experiments
from dashboard.films import compute_film, first_films
from dashboard.movies import MovieSpec, of_every_label, of_label, save_movie
from dashboard.pages.explore.saved import saved_file
from dashboard.requests import asker
from dashboard.theme import LIGHT

MOVIES = "movies"
ALL = "all"
MOVIE_CHOICES = tuple(item.name for item in fields(MovieSpec) if item.name not in CHOICES)
"""The settings that only movies have a choice of."""


def run_film(_: argparse.Namespace, session: Session) -> dict[str, int]:
    """Compute the films of the first screen beside its model; the bytes that each has."""
    first = ScreenState()
    entry = session.library.default(first.dataset, first.n_latent)
    paths = [compute_film(entry, spec, session) for spec in first_films(entry, session)]
    return {path.name: path.stat().st_size for path in paths}


def run_html(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Save the explorer's screen as one HTML file; its recipe, path and size.

    Raises:
        RefusedError: A setting of the link that cannot be used, or a file that would be too large.
    """
    asked = Experiments(session, Computations(), Replies(Flask(__name__)))
    query = urlsplit(args.link).query or args.link.lstrip("?")
    with progress_bar("html") as report:
        file = saved_file(asked, query, asker(), report)
        report(1.0, "done")
    for note in file.notes:
        print(note, file=sys.stderr)
    path = args.output / file.name
    write_atomically(path, file.content.encode())
    return file.recipe | {"file": str(path), "bytes": path.stat().st_size}


def run_figure(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Compute and draw a figure of the paper, by its name and some settings or by a recipe; its recipe and files.

    Raises:
        RefusedError: Options beside a recipe, or a recipe made with other models than those of this machine.
    """
    if args.name == MOVIES:
        return run_movies(args, session)
    check_no_movie(args)
    given = {name: getattr(args, name) for name in CHOICES if getattr(args, name) is not None}
    if args.recipe and given:
        raise RefusedError(
            "A recipe holds all settings. Leave out the options, or name the figure instead of a recipe."
        )
    if args.recipe:
        wanted = files.read_recipe(args.recipe)
        id, spec = wanted["figure"], FigureSpec.from_dict(wanted["spec"])
        own = figure_recipe(session, id, spec)
        check_weights(wanted["weights"], own["weights"])
    else:
        id, spec = args.name, figure_spec(session, args.name, given)
        own = figure_recipe(session, id, spec)
    with progress_bar(id) as report:
        result = figure_of(id).compute(session, spec, report)
        report(1.0, "done")
    arrays = arrays_of(result, figure_of(id).result_name)
    picture = draw_figure(session.library, id, spec, result, LIGHT)
    names = [name for name in figure_tables(id) if size_of(result, name)]
    tables = {name: files.as_csv(result, name, distance_unit(id)) for name in names}
    written, missing = files.write(arrays, tables, own, picture, args.output / id)
    if missing:
        print(missing, file=sys.stderr)
    return own | {"files": [str(path) for path in written]}


def check_no_movie(args: argparse.Namespace) -> None:
    """Refuse what only movies have for any other figure."""
    for name in MOVIE_CHOICES:
        if getattr(args, name) is not None:
            option = name.removeprefix("n_") if name == "n_steps" else name
            raise RefusedError(f"--{option} is for movies alone. Leave it out, or name the figure movies.")


def run_movies(args: argparse.Namespace, session: Session, *, save: Callable[..., Path] = save_movie) -> dict[str, Any]:
    """Draw movies of one label, or of all; their settings and files. Each file is written when its movie is complete.

    Args:
        args: The options.
        session: What is computed with.
        save: Makes a movie and writes it into a folder.

    Raises:
        RefusedError: A setting that cannot be used, or Ctrl-C.
    """
    if args.t is not None:
        raise RefusedError("--t is for figures of one step: a movie shows them all. Leave it out.")
    specs = movie_specs(args, session)
    files: list[str] = []
    try:
        with progress_bar(MOVIES) as report:
            for i, spec in enumerate(specs):
                files.append(str(save(spec, session, args.output, progress=of_label(report, i, specs))))
            report(1.0, "done")
    except KeyboardInterrupt:
        written = f"{len(files)} of {len(specs)} movies are in {args.output}" if files else "Nothing was written"
        raise RefusedError(f"Stopped. {written}.") from None
    return {"figure": MOVIES, "specs": [spec.to_dict() for spec in specs], "files": files}


def movie_specs(args: argparse.Namespace, session: Session) -> list[MovieSpec]:
    """The movies that options ask for, the paper's settings where none are given, within what the model allows."""
    names = {item.name for item in fields(MovieSpec)}
    usual = {name: getattr(args, name) for name in CHOICES if getattr(args, name) is not None and name in names}
    label = usual.get("label")
    figure = figure_spec(session, MOVIES, {name: text for name, text in usual.items() if text != ALL})
    values = {name: value for name, value in figure.to_dict().items() if name in names}
    for item in fields(MovieSpec):
        text = getattr(args, item.name)
        if item.name in MOVIE_CHOICES and text is not None:
            values[item.name] = checked(item).read(item.name, text)
    if args.sample is None:
        values["sample"] = min(values["sample"], figure.n_runs - 1)
    spec = MovieSpec(**values)
    return of_every_label(spec) if label == ALL else [spec]


def check_weights(wanted: dict[str, str], own: dict[str, str]) -> None:
    """Refuse a recipe that was made with other files than those of this machine.

    Args:
        wanted: SHA-256 of the files of the recipe, by their names.
        own: Of the files here.

    Raises:
        RefusedError: They differ.
    """
    if wanted == own:
        return
    former = [Path(file).stem for file, sha256 in wanted.items() if sha256 in former_sha256(file)]
    if former:
        raise RefusedError(trained_anew(former[0], "this recipe was made") + " Draw the figure by its name.")
    raise RefusedError("The recipe was made with other models than those of this machine: see its 'weights'.")


def former_sha256(file: str) -> tuple[str, ...]:
    """SHA-256 of the files that were shipped under a name before."""
    return FORMER_WEIGHTS.get(Path(file).stem, ())
