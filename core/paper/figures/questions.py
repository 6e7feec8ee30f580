"""What a figure is asked with, what it can be computed from again, and what a cell of it stands for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from core import experiments
from core.experiments.classifier import name_of
from core.paper.figures.figure import specs_by_n_latent
from core.paper.figures.registry import figure_of
from core.schema import SpecError, checked
from core.session import Session
from core.specs import FigureSpec, InferenceSpec
from core.store import cached_sha256

CHOICES = ("model", "label", "noise_kind", "noise", "n_runs", "t")
"""The settings of a figure that can be chosen; everything else is the paper's."""


@dataclass(frozen=True)
class Cell:
    """What a cell of a map stands for: runs, at a step (the last one where the map has no steps)."""

    spec: InferenceSpec
    t: int


def figure_spec(session: Session, id: str, given: Mapping[str, str]) -> FigureSpec:
    """The paper's settings of a figure, changed by what is given as text, within what the model allows.

    Args:
        session: Where models are.
        id: Of the figure.
        given: Some of `CHOICES`.

    Raises:
        RefusedError: No such figure or model, or a setting that cannot be used.
    """
    figure, known = figure_of(id), {item.name: checked(item) for item in fields(FigureSpec)}
    read: dict[str, Any] = {name: known[name].read(name, text.strip()) for name, text in given.items()}
    model = read.get("model") or session.library.default("mnist", 100).id
    if figure.dataset not in ("", session.library.entry(model).spec.dataset):
        model = session.library.default(figure.dataset, 100).id
    values: dict[str, Any] = {"label": figure.label, "n_runs": figure.n_runs} | read | {"model": model}
    return fitted(session, FigureSpec(**values))


def fitted(session: Session, spec: FigureSpec) -> FigureSpec:
    """The same settings within what the model and the images of this machine allow.

    Raises:
        RefusedError: There is no such model.
    """
    most = session.n_memories(spec.model)
    source = "decoded" if experiments.why_decoded(spec.model, session) else "original"
    return replace(spec, n_runs=min(spec.n_runs, most), sample=min(spec.sample, most - 1), source=source)


def recipe(session: Session, id: str, spec: FigureSpec) -> dict[str, Any]:
    """What a figure can be computed from again.

    Args:
        session: Where models are.
        id: Of the figure.
        spec: Its settings.

    Returns:
        For JSON: id (`figure`), settings (`spec`), and the SHA-256 of every file that it rests on (`weights`).
    """
    rests_on = figure_of(id).rests_on
    entries = [session.library.entry(spec.model)]
    entries += session.library.one_per_n_latent(entries[0].spec.dataset) if "models" in rests_on else []
    paths = [entry.path for entry in entries]
    paths += session.library.files(name_of(entries[0].spec.dataset))[:1] if "classifier" in rests_on else []
    paths += [experiments.GRID] if "grid" in rests_on and experiments.GRID.exists() else []
    return {"figure": id, "spec": spec.to_dict(), "weights": {path.name: cached_sha256(path) for path in paths}}


def cell_of(session: Session, id: str, spec: InferenceSpec, x: object, y: object) -> Cell:
    """What a cell of a map stands for.

    Args:
        session: Where models are.
        id: Of the map.
        spec: Its settings.
        x: Where the cell lies, as the map's horizontal axis has it.
        y: As its vertical axis has it.

    Raises:
        SpecError: The map has no such cell, or the figure is no map.
    """
    coordinates: dict[str, Any] = dict(zip(figure_of(id).columns, (x, y), strict=False))
    t = coordinates.pop("t", spec.n_steps)
    try:
        if "label" in coordinates:
            coordinates["label"] = session.library.entry(spec.model).label_names.index(coordinates["label"])
        if "model" in coordinates:
            coordinates["model"] = specs_by_n_latent(session, spec)[int(coordinates["model"])].model
        if coordinates and 0 <= t <= spec.n_steps:
            return Cell(replace(spec, **coordinates), int(t))
    except (KeyError, TypeError, ValueError) as error:
        raise SpecError("The map has no such cell. Click on another.") from error
    raise SpecError("The map has no such cell. Click on another.")
