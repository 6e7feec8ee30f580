"""A figure of the paper to take along: its numbers, its recipe and its picture."""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.progress import Progress
from core.result_files import as_json, as_npz
from core.schema import SpecError
from core.tables import size_of, table_of

SHORT = 100_000  # numbers, a tenth of a second; a process of its own is worth it from there on
WIDTH = 900  # px, of a picture; the page's own width where it is wide


def table_elsewhere(result: Any, name: str, distance: str, progress: Progress) -> str:
    """A table of a result as CSV; a long one is written by another process.

    Written here it would keep the interpreter to itself: a single run lets go of it hundreds of times, and would wait
    each time until it has it again (seen: seven seconds in all).

    Args:
        result: A frozen result.
        name: Of the table.
        distance: The unit of its distances.
        progress: Called while it is written; may raise to give up.
    """
    if size_of(result, name) < SHORT:
        return as_csv(result, name, distance)
    with ProcessPoolExecutor(1, get_context("spawn"), stand_back) as pool:
        table = pool.submit(as_csv, result, name, distance)
        while True:
            progress(1.0, "writing")
            with suppress(TimeoutError):
                return table.result(timeout=0.5)


def as_csv(result: Any, name: str, distance: str) -> str:
    """A table of a result."""
    return table_of(result, name, distance).to_csv()


def stand_back() -> None:
    """Let everybody else go first, where processes have a priority."""
    if hasattr(os, "nice"):
        os.nice(19)


def read_recipe(path: Path) -> dict[str, Any]:
    """A recipe that `as_json` wrote.

    Raises:
        SpecError: It is none.
    """
    try:
        recipe = json.loads(path.read_text())
    except OSError as error:
        raise SpecError(f"{path.name} cannot be read ({error.strerror}). Name a recipe that was saved here.") from error
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{path.name} is no JSON ({type(error).__name__}). Save the recipe anew.") from error
    kinds = {"figure": str, "spec": dict, "weights": dict}
    if not isinstance(recipe, dict) or any(not isinstance(recipe.get(key), kind) for key, kind in kinds.items()):
        raise SpecError(f"{path.name} is no recipe: it must name a figure, its spec and its weights.")
    return recipe


def write(
    arrays: Mapping[str, np.ndarray],
    tables: Mapping[str, str],
    recipe: Mapping[str, Any],
    figure: go.Figure,
    stem: Path,
) -> tuple[list[Path], str]:
    """Write all files of a figure, named by the stem of a path.

    Args:
        arrays: The numbers, by their names.
        tables: The same as CSV, by the names of the tables.
        recipe: What they can be computed from again.
        figure: The picture.
        stem: The path without an ending.

    Returns: as `write_pictures`.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    contents = {".npz": as_npz(arrays, recipe), ".json": as_json(recipe).encode()}
    contents |= {table_ending(name, len(tables)): table.encode() for name, table in tables.items()}
    written = [stem.with_name(stem.name + ending) for ending in contents]
    for path, content in zip(written, contents.values(), strict=True):
        path.write_bytes(content)
    pictures, missing = write_pictures(figure, stem)
    return [*written, *pictures], missing


def table_ending(name: str, count: int) -> str:
    """What the file of a table has behind the name of its figure, of which there are so many."""
    return f"_{name}.csv" if count > 1 else ".csv"


def write_pictures(figure: go.Figure, stem: Path) -> tuple[list[Path], str]:
    """Write a figure as PNG and SVG; as an interactive page where no browser is there to draw it.

    Returns:
        The files, and a sentence where something is missing.
    """
    figure = go.Figure(figure).update_layout(paper_bgcolor="#ffffff", width=WIDTH)
    try:
        files = [stem.with_suffix(f".{kind}") for kind in ("png", "svg")]
        for file in files:
            figure.write_image(file, scale=3 if file.suffix == ".png" else 1)
    except (RuntimeError, ValueError, OSError) as error:
        page = stem.with_suffix(".html")
        figure.write_html(page, include_plotlyjs=True)
        return [page], (
            f"No picture could be drawn ({type(error).__name__}): PNG and SVG need Chrome or Chromium. Install it, or "
            f"name it in BROWSER_PATH; {page.name} shows the figure in any browser meanwhile."
        )
    return files, ""
