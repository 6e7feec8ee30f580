"""The figures of the paper: for each its settings, what is computed for it, and how that is drawn.

::

    name, what was given --> question --> FigureSpec --> find --> results --> picture --> plotly figure
                                                     `--> recipe: figure, spec and SHA-256 of all files it rests on

The page and the command line draw from the same rows. A `FigureSpec` asks for all of them; each takes of it what it
needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import plotly.graph_objects as go

from core import experiments
from core.progress import Progress
from core.schema import SpecError, checked
from core.specs import FigureSpec, InferenceSpec
from core.store import file_sha256
from dashboard import figures
from dashboard.experiments import Experiments
from dashboard.finds import (
    Find,
    Results,
    classifier_of,
    find_branches,
    find_curves,
    find_dynamics,
    find_embedding,
    find_geometries,
    find_geometry,
    find_grid,
    find_label_map,
    find_label_sweeps,
    find_ladder_sweeps,
    find_orthogonality,
    find_plane,
    find_run,
    find_runs,
    find_sizes,
    find_sweep,
    ladder,
)
from dashboard.pictures import (
    Picture,
    Subject,
    draw_all_concepts,
    draw_branches,
    draw_concept_map,
    draw_contribution,
    draw_cosines,
    draw_curves,
    draw_dynamics,
    draw_grid,
    draw_label_map,
    draw_movie,
    draw_network,
    draw_orthogonality,
    draw_schematic,
    draw_stage_map,
    draw_strip,
    draw_strips,
    draw_sweep,
    draw_windows,
)
from dashboard.theme import Theme

TYPED = ("model", "label", "noise_kind", "noise", "n_runs", "t")
"""The settings of a figure that can be given; everything else is the paper's."""


@dataclass(frozen=True)
class Row:
    """A figure of the paper.

    Args:
        number: In the paper.
        shows: What it shows, in our words.
        settings: The paper's, in words.
        find: Computes what is drawn.
        picture: Draws it.
        label: The paper's.
        n_runs: The paper's.
        dataset: The only one that it is about; any where empty.
        rests_on: What it needs besides the model: "ladder" (a model for every N_z), "classifier", "grid".
        columns: What a click into it names, along the horizontal and the vertical axis; nothing where empty.
        has_step: Whether it is asked with the step t too, and not with the runs alone.
    """

    number: str
    shows: str
    settings: str
    find: Find
    picture: Picture
    label: int = 6
    n_runs: int = 300
    dataset: str = ""
    rests_on: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    has_step: bool = False

    def results(self, lab: Experiments, spec: FigureSpec, progress: Progress) -> Results:
        """What is drawn; runs alone are cached for the explorer too."""
        return self.find(lab, spec if self.has_step else spec.part(InferenceSpec), progress)


def row_of(name: str) -> Row:
    """A figure by its name.

    Raises:
        SpecError: There is none of that name.
    """
    if name not in ROWS:
        raise SpecError("There is no such figure here. Choose one of the list.")
    return ROWS[name]


def question(lab: Experiments, name: str, given: Mapping[str, str]) -> FigureSpec:
    """The paper's settings of a figure, changed by what is given as text, within what the model holds.

    Raises:
        RefusedError: No such figure or model, or a setting that cannot be used.
    """
    row, known = row_of(name), {item.name: checked(item) for item in fields(FigureSpec)}
    read: dict[str, Any] = {key: known[key].read(key, text.strip()) for key, text in given.items()}
    model = read.get("model") or lab.library.default("mnist", 100).id
    if row.dataset not in ("", lab.library.find(model).spec.dataset):
        model = lab.library.default(row.dataset, 100).id
    values: dict[str, Any] = {"label": row.label, "n_runs": row.n_runs} | read | {"model": model}
    spec = FigureSpec(**values)
    held = lab.memories(model)
    source = "decoded" if lab.why_decoded(model) else "original"
    return replace(spec, n_runs=min(spec.n_runs, held), sample=min(spec.sample, held - 1), source=source)


def draw(lab: Experiments, name: str, spec: FigureSpec, results: Results, theme: Theme) -> go.Figure:
    """The picture of what was found for a figure."""
    return row_of(name).picture(results, Subject(spec, lab.library.find(spec.model)), theme)


def recipe(lab: Experiments, name: str, spec: FigureSpec) -> dict[str, Any]:
    """What a figure can be computed from again: its settings, and the SHA-256 of every file that it rests on."""
    rests_on = row_of(name).rests_on
    entries = [lab.library.find(spec.model)]
    entries += lab.library.ladder(entries[0].spec.dataset) if "ladder" in rests_on else []
    paths = [entry.path for entry in entries]
    paths += lab.library.files(classifier_of(lab, spec))[:1] if "classifier" in rests_on else []
    paths += [experiments.GRID] if "grid" in rests_on and experiments.GRID.exists() else []
    return {"figure": name, "spec": spec.to_dict(), "weights": {path.name: file_sha256(path) for path in paths}}


def run_of(lab: Experiments, name: str, spec: InferenceSpec, x: object, y: object) -> tuple[InferenceSpec, int]:
    """The runs that a cell of a map stands for, and the step (the last one where the map has no steps).

    Args:
        lab: Where models are.
        name: Of the map.
        spec: Its question.
        x: Where the cell lies, as the map's horizontal axis says it.
        y: As its vertical axis says it.

    Raises:
        SpecError: The map has no such cell, or the figure is no map.
    """
    cell: dict[str, Any] = dict(zip(row_of(name).columns, (x, y), strict=False))
    t = cell.pop("t", spec.n_steps)
    try:
        if "label" in cell:
            cell["label"] = lab.library.find(spec.model).label_names.index(cell["label"])
        if "model" in cell:
            cell["model"] = ladder(lab, spec)[int(cell["model"])].model
        if cell and 0 <= t <= spec.n_steps:
            return replace(spec, **cell), int(t)
    except (KeyError, TypeError, ValueError) as error:
        raise SpecError("The map has no such cell. Click on another.") from error
    raise SpecError("The map has no such cell. Click on another.")


EUCLIDEAN = partial(find_curves, "euclidean"), partial(draw_curves, "euclidean")
MAHALANOBIS = partial(find_curves, "mahalanobis"), partial(draw_curves, "mahalanobis")
STAGES = find_sweep, partial(draw_sweep, figures.stage_chart)
STEPS = find_sweep, partial(draw_sweep, figures.minimum_steps)
READ = find_label_map, draw_label_map
OVER_LABELS = find_label_sweeps, partial(draw_stage_map, "label")
OVER_LATENTS = find_ladder_sweeps, partial(draw_stage_map, "latent units N_z")
CELLS: Any = {"rests_on": ("classifier",), "columns": ("t", "noise")}
LADDER: Any = {"rests_on": ("ladder",)}

ROWS = {
    "fig1": Row("Fig. 1", "A noisy image step by step, and its concept", "‘6’, p = 0.2", find_run, draw_strip),
    "suppA": Row("Supp. A", "The same for every label", "p = 0.2", find_runs, draw_strips),
    "fig2": Row("Fig. 2", "Collective runs in windowed PCA", "‘1’; p, number ours", find_embedding, draw_windows, 1),
    "movies": Row("Movies S1-S10", "The same as a movie, any label", "‘1’; p, number ours", find_embedding, draw_movie,
                  1),
    "suppB": Row("Supp. B", "The two branches of the runs, and how they are read", "‘1’, t = 10", find_branches,
                 draw_branches, 1, rests_on=("classifier",), has_step=True),
    "fig3": Row("Fig. 3", "Distance to memory and concept, every label", "300 runs", *EUCLIDEAN),
    "suppC": Row("Supp. C", "The same in Mahalanobis distance", "300 runs", *MAHALANOBIS),
    "suppD": Row("Supp. D", "Fig. 3 for Fashion-MNIST", "300 runs", *EUCLIDEAN, dataset="fashion"),
    "suppF": Row("Supp. F", "Distance to the concepts of all labels", "300 runs", EUCLIDEAN[0], draw_all_concepts),
    "fig4a": Row("Fig. 4a", "Minimum distance over p", "‘6’, 500 runs", *STAGES, 6, 500),
    "fig4b": Row("Fig. 4b", "Step of the minimum over p", "‘6’, 500 runs", *STEPS, 6, 500),
    "stages": Row("Map of Fig. 4", "Stages over label and p, paler where undecided", "300 runs", *OVER_LABELS,
                  columns=("noise", "label")),
    "stagesNz": Row("Map over N_z", "Stages over N_z and p, paler where undecided", "‘6’, 300 runs", *OVER_LATENTS,
                    **LADDER, columns=("noise", "model")),
    "fig5a": Row("Fig. 5a", "How the images are read over t and p", "‘6’, 200 runs", *READ, 6, 200, **CELLS),
    "fig5b": Row("Fig. 5b", "How the images are read over t and p", "‘1’, 200 runs", *READ, 1, 200, **CELLS),
    "fig6": Row("Fig. 6", "Memory, concept and abstract concept in the plane", "a drawing", find_plane, draw_schematic),
    "fig7a": Row("Fig. 7a", "Activity of every latent unit in every concept", "N_z = 100", find_geometry,
                 draw_concept_map),
    "fig7b": Row("Fig. 7b", "Variance explained by the leading dimensions", "N_z = 100", find_geometry,
                 draw_contribution),
    "fig8": Row("Fig. 8", "Orthogonality of the concepts over N_z, and runs beside it", "‘6’, N_z = 2, 20, 100",
                find_orthogonality, draw_orthogonality, **LADDER),
    "suppE": Row("Supp. E", "Cosine similarities of the concepts", "every N_z", find_geometries, draw_cosines,
                 **LADDER),
    "fig9": Row("Fig. 9", "Test bound over N_z", "best of nine, 100 epochs", find_grid, draw_grid,
                rests_on=("ladder", "grid")),
    "saddles": Row("Discussion", "One step around the concepts: saddles or not", "p = 0.2; a conjecture",
                   find_dynamics, draw_dynamics),
    "fig10": Row("Fig. 10", "The network and its sizes", "a drawing", find_sizes, draw_network),
}  # fmt: skip
