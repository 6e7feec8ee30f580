"""The figures of the paper: for each its settings, what is computed for it, and how that is drawn.

::

    name, what was given --> question --> FigureSpec --> find --> results --> picture --> plotly figure
                                                     `--> recipe: figure, spec and SHA-256 of all files it rests on

The page and the command line draw from the same rows. A `FigureSpec` asks for all of them; each takes of it what it
needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import plotly.graph_objects as go

from core import experiments
from core.config import (
    ApproachSpec,
    BranchSpec,
    EnsembleSpec,
    FigureSpec,
    GridSpec,
    InferenceSpec,
    LabelMapSpec,
    NoiseSweepSpec,
    Progress,
    Settings,
    SpecError,
    checked,
)
from core.results import ConceptDynamics, LabelMap, NoiseSweep
from core.store import Entry, file_sha256
from dashboard import figures
from dashboard.cache import CachedExperiments
from dashboard.theme import Theme
from dashboard.waiting import Reporter

TYPED = ("model", "label", "noise_kind", "noise", "n_runs", "t")
"""The settings of a figure that can be given; everything else is the paper's."""
BESIDE = (2, 20, 100)  # N_z of the runs that the paper shows beside Fig. 8
Results = dict[str, Any]
Find = Callable[[CachedExperiments, Any, Progress], Results]  # asked with an InferenceSpec, or a FigureSpec


@dataclass(frozen=True)
class Subject:
    """Whose results a picture shows."""

    spec: FigureSpec
    entry: Entry

    @property
    def names(self) -> tuple[str, ...]:
        """What the labels stand for."""
        return self.entry.label_names

    @property
    def name(self) -> str:
        """What the label of the runs stands for."""
        return self.names[self.spec.label]


Picture = Callable[[Results, Subject, Theme], go.Figure]


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

    def results(self, lab: CachedExperiments, spec: FigureSpec, progress: Progress) -> Results:
        """What is drawn; runs alone are cached for the explorer too."""
        return self.find(lab, spec if self.has_step else spec.runs, progress)


def row_of(name: str) -> Row:
    """A figure by its name.

    Raises:
        SpecError: There is none of that name.
    """
    if name not in ROWS:
        raise SpecError("There is no such figure here. Choose one of the list.")
    return ROWS[name]


def question(lab: CachedExperiments, name: str, given: Mapping[str, str]) -> FigureSpec:
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
    source = lab.source(lab.library.find(model).spec.dataset)
    return replace(spec, n_runs=min(spec.n_runs, held), sample=min(spec.sample, held - 1), source=source)


def draw(lab: CachedExperiments, name: str, spec: FigureSpec, results: Results, theme: Theme) -> go.Figure:
    """The picture of what was found for a figure."""
    return row_of(name).picture(results, Subject(spec, lab.library.find(spec.model)), theme)


def recipe(lab: CachedExperiments, name: str, spec: FigureSpec) -> dict[str, Any]:
    """What a figure can be computed from again: its settings, and the SHA-256 of every file that it rests on."""
    rests_on = row_of(name).rests_on
    entries = [lab.library.find(spec.model)]
    entries += lab.library.ladder(entries[0].spec.dataset) if "ladder" in rests_on else []
    paths = [entry.path for entry in entries]
    paths += lab.library.files(classifier_of(lab, spec))[:1] if "classifier" in rests_on else []
    paths += [experiments.GRID] if "grid" in rests_on and experiments.GRID.exists() else []
    return {"figure": name, "spec": spec.to_dict(), "weights": {path.name: file_sha256(path) for path in paths}}


def run_of(lab: CachedExperiments, name: str, spec: InferenceSpec, x: object, y: object) -> tuple[InferenceSpec, int]:
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


def classifier_of(lab: CachedExperiments, spec: EnsembleSpec) -> str:
    """Name of the classifier that reads a model's images."""
    return f"{lab.library.find(spec.model).spec.dataset}-classifier"


def part(progress: Progress, i: int, n: int, name: str) -> Progress:
    """The progress of the i-th of n equal parts, as progress of the whole."""
    progress(i / n, name)
    return lambda fraction, text: progress((i + fraction) / n, f"{name}, {text}")


def show(progress: Progress, found: Results) -> None:
    """Let whoever waits see what is there so far; at a command line nobody looks."""
    if isinstance(progress, Reporter):
        progress.show(found)


def shared(spec: EnsembleSpec) -> dict[str, Any]:
    """The settings that all experiments on a model have."""
    return {item.name: getattr(spec, item.name) for item in fields(EnsembleSpec)}


def ladder(lab: CachedExperiments, spec: InferenceSpec) -> dict[int, InferenceSpec]:
    """The same question to every shipped model of the data set, by its N_z.

    Raises:
        SpecError: There is none.
    """
    dataset = lab.library.find(spec.model).spec.dataset
    asked = {}
    for entry in lab.library.ladder(dataset):
        held = lab.memories(entry.id)
        asked[entry.spec.n_latent] = replace(
            spec, model=entry.id, n_runs=min(spec.n_runs, held), sample=min(spec.sample, held - 1)
        )
    if not asked:
        raise SpecError(f"There is no shipped model of {dataset}. Train them: python -m core zoo")
    return asked


# what is computed


def find_run(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    return {"run": lab.run(spec), "space": lab.latent_space(spec.model)}


def find_runs(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    names = lab.library.find(spec.model).label_names
    runs = {f"run_{label}": lab.run(replace(spec, label=label)) for label in range(len(names))}
    return {**runs, "space": lab.latent_space(spec.model)}


def find_cloud(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    return {"trajectories": lab.trajectories(spec, progress), "space": lab.latent_space(spec.model)}


def find_plane(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    return find_cloud(lab, replace(spec, basis="fixed"), progress) | {"run": lab.run(spec)}


def find_curves(metric: str, lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked = ApproachSpec(**shared(spec), noise=spec.noise, metric=metric)
    return {"curves": lab.experiment("approach", asked, experiments.approach_curves, progress)}


def find_sweep(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked = NoiseSweepSpec(**shared(spec), label=spec.label)
    return {"sweep": lab.noise_sweep(asked, progress, lambda part: show(progress, {"sweep": part}))}


def sweep(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> NoiseSweep:
    """The noise sweep of a question's label."""
    return lab.noise_sweep(NoiseSweepSpec(**shared(spec), label=spec.label), progress)


def find_label_sweeps(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    names = lab.library.find(spec.model).label_names
    found: Results = dict.fromkeys(names)
    for i, name in enumerate(names):
        found[name] = sweep(lab, replace(spec, label=i), part(progress, i, len(names), f"label {name}"))
        show(progress, dict(found))
    return found


def find_ladder_sweeps(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked = ladder(lab, spec)
    found: Results = dict.fromkeys(map(str, asked))
    for i, (n, one) in enumerate(asked.items()):
        found[str(n)] = sweep(lab, one, part(progress, i, len(asked), f"N_z = {n}"))
        show(progress, dict(found))
    return found


def find_label_map(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    def compute(asked: LabelMapSpec, settings: Settings, progress: Progress) -> LabelMap:
        rows: list[LabelMap] = []
        for i, noise in enumerate(asked.noises):
            progress(i / len(asked.noises), f"p = {noise:.3f}")
            rows.append(experiments.label_map(asked, settings, noises=(noise,)))
            if i:  # a single row would fill the picture
                show(progress, {"map": LabelMap.joined(rows)})
        return LabelMap.joined(rows)

    asked = LabelMapSpec(**shared(spec), label=spec.label)
    return {"map": lab.experiment(read_by("label_map", lab, spec), asked, compute, progress)}


def find_branches(lab: CachedExperiments, spec: FigureSpec, progress: Progress) -> Results:
    asked = BranchSpec(**shared(spec), label=spec.label, noise=spec.noise, t=spec.t)
    return {"branches": lab.experiment(read_by("branches", lab, spec), asked, experiments.branches, progress)}


def read_by(name: str, lab: CachedExperiments, spec: InferenceSpec) -> str:
    """The name under which an experiment is kept that depends on the classifier as well."""
    return f"{name}:{''.join(file_sha256(path)[:16] for path in lab.library.files(classifier_of(lab, spec))[:1])}"


def find_geometry(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    return {"geometry": experiments.geometry(spec.model, lab.settings)}


def find_geometries(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    return {str(n): experiments.geometry(one.model, lab.settings) for n, one in ladder(lab, spec).items()}


def find_orthogonality(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked, runs = ladder(lab, spec), {}
    beside = [n for n in BESIDE if n in asked]
    for i, n in enumerate(beside):
        runs[str(n)] = lab.trajectories(asked[n], part(progress, i, len(beside), f"N_z = {n}"))
    return {"geometry": find_geometries(lab, spec, progress), "runs": runs}


def find_grid(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    dataset = lab.library.find(spec.model).spec.dataset
    bounds = {
        str(entry.spec.n_latent): entry.card["test_negative_elbo"]
        for entry in lab.library.ladder(dataset)
        if "test_negative_elbo" in entry.card
    }
    return {"grid": experiments.latent_sweep(GridSpec(dataset=dataset)), "shipped": bounds}


def find_dynamics(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    def compute(asked: InferenceSpec, settings: Any, progress: Progress) -> ConceptDynamics:
        return experiments.concept_dynamics(asked, settings)

    asked = replace(spec, label=0, sample=0)  # of no matter: one key for all of them
    return {"dynamics": lab.experiment("dynamics", asked, compute, progress)}


def find_sizes(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    entry = lab.library.find(spec.model)
    return {"sizes": [entry.image_shape[0] * entry.image_shape[1], entry.spec.n_hidden, entry.spec.n_latent]}


# how it is drawn


def draw_strip(found: Results, of: Subject, theme: Theme) -> go.Figure:
    concepts = found["space"].concept_images[[of.spec.label]]
    return figures.strip([found["run"]], concepts, theme, names=[of.name], shape=of.entry.image_shape)


def draw_strips(found: Results, of: Subject, theme: Theme) -> go.Figure:
    runs = [found[f"run_{label}"] for label in range(len(of.names))]
    return figures.strip(runs, found["space"].concept_images, theme, names=of.names, shape=of.entry.image_shape)


def draw_windows(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.windows(found["trajectories"], found["space"], theme, label=of.spec.label, names=of.names)


def draw_movie(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.movie(found["trajectories"], found["space"], theme, label=of.spec.label, names=of.names)


def draw_schematic(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.schematic(
        found["trajectories"], found["space"], found["run"], theme, label=of.spec.label, names=of.names
    )


def draw_curves(metric: str, found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.approach(found["curves"], theme, names=of.names, metric=metric)


def draw_all_concepts(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.all_concepts(found["curves"], theme, names=of.names)


def draw_sweep(picture: Callable[..., go.Figure], found: Results, of: Subject, theme: Theme) -> go.Figure:
    return picture(found["sweep"], theme, label=of.name)


def draw_stage_map(rows: str, found: Results, _: Subject, theme: Theme) -> go.Figure:
    return figures.stage_map(list(found.values()), list(found), theme, rows=rows)


def draw_label_map(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.label_map(found["map"], theme, names=of.names)


def draw_branches(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.branches(found["branches"], theme, names=of.names, shape=of.entry.image_shape)


def draw_concept_map(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.concept_map(found["geometry"], theme, names=of.names)


def draw_contribution(found: Results, _: Subject, theme: Theme) -> go.Figure:
    return figures.contribution(found["geometry"], theme)


def draw_orthogonality(found: Results, of: Subject, theme: Theme) -> go.Figure:
    points = [(int(n), each.orthogonality_gap) for n, each in found["geometry"].items()]
    return figures.orthogonality_with_runs(points, found["runs"], theme, label=of.name)


def draw_cosines(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.cosine_matrices({f"N_z = {n}": each for n, each in found.items()}, theme, names=of.names)


def draw_grid(found: Results, _: Subject, theme: Theme) -> go.Figure:
    shipped = [(int(n), bound) for n, bound in found["shipped"].items()]
    return figures.elbo_over_latents(found["grid"], theme, shipped=shipped)


def draw_dynamics(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.dynamics(found["dynamics"], theme, names=of.names)


def draw_network(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.network(of.entry.spec, found["sizes"][0], theme)


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
    "fig2": Row("Fig. 2", "Collective runs in windowed PCA", "‘1’; p, number ours", find_cloud, draw_windows, 1),
    "movies": Row("Movies S1-S10", "The same as a movie, any label", "‘1’; p, number ours", find_cloud, draw_movie, 1),
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
