"""What the commands of `python -m dashboard` do: options in, an answer for JSON out; progress goes to stderr."""

import argparse
import sys
from pathlib import Path
from typing import Any

from core.commands.console import progress_bar
from core.paper.figures.questions import CHOICES, figure_spec, recipe
from core.paper.figures.registry import figure_of
from core.paper.results import arrays_of
from core.schema import RefusedError
from core.session import Session
from core.specs import FigureSpec
from core.zoo import FORMER_WEIGHTS, trained_anew
from dashboard import files
from dashboard.controls import ScreenState
from dashboard.drawing import draw_figure
from dashboard.films import compute_film, first_films
from dashboard.theme import LIGHT


def run_film(_: argparse.Namespace, session: Session) -> dict[str, int]:
    """Compute the films of the first screen beside its model; the bytes that each has."""
    first = ScreenState()
    entry = session.library.default(first.dataset, first.n_latent)
    paths = [compute_film(entry, spec, session) for spec in first_films(entry, session)]
    return {path.name: path.stat().st_size for path in paths}


def run_figure(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Compute and draw a figure of the paper, by its name and some settings or by a recipe; its recipe and files."""
    given = {name: getattr(args, name) for name in CHOICES if getattr(args, name) is not None}
    if args.recipe and given:
        raise RefusedError(
            "A recipe holds all settings. Leave out the options, or name the figure instead of a recipe."
        )
    if args.recipe:
        wanted = files.read_recipe(args.recipe)
        id, spec = wanted["figure"], FigureSpec.from_dict(wanted["spec"])
        own = recipe(session, id, spec)
        check_weights(wanted["weights"], own["weights"])
    else:
        id, spec = args.name, figure_spec(session, args.name, given)
        own = recipe(session, id, spec)
    with progress_bar(id) as report:
        result = figure_of(id).compute(session, spec, report)
        report(1.0, "done")
    arrays = arrays_of(result, figure_of(id).result_name)
    picture = draw_figure(session.library, id, spec, result, LIGHT)
    written, missing = files.write(arrays, own, picture, args.output / id)
    if missing:
        print(missing, file=sys.stderr)
    return own | {"files": [str(path) for path in written]}


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
