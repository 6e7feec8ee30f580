"""How each figure of the paper is drawn: one function for each id of the registry.

::

    FigureResult, Subject (whose it is), theme --> DRAW[id] --> plotly figure
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from core.figure_results import ApproachCurves, Branches, ConceptDynamics, Geometry, LabelMap
from core.paper.results import (
    EmbeddingInSpace,
    GeometryOfEveryNLatent,
    LatentSweepWithModels,
    NetworkSizes,
    OrthogonalityWithRuns,
    RunInPlane,
    RunInSpace,
    RunOfEveryLabel,
    SweepOfEveryLabel,
    SweepOfEveryNLatent,
)
from core.results import NoiseSweep
from core.specs import FigureSpec, ModelSpec
from dashboard.figures.approach import all_concepts, approach
from dashboard.figures.concepts import concept_map, contribution, cosine_matrices, dynamics, orthogonality_with_runs
from dashboard.figures.label_map import label_map
from dashboard.figures.latent_sweep import elbo_over_latents
from dashboard.figures.runs import branches, movie, strip, windows
from dashboard.figures.schematic import network, schematic
from dashboard.figures.stages import minimum_steps, stage_chart, stage_map
from dashboard.theme import Theme


@dataclass(frozen=True)
class Subject:
    """Whose results a figure shows.

    Args:
        spec: The settings of the figure.
        model: The recipe of the model.
        names: What the labels stand for.
        shape: Of an image, in pixels.
    """

    spec: FigureSpec
    model: ModelSpec
    names: tuple[str, ...]
    shape: tuple[int, int]

    @property
    def name(self) -> str:
        """What the label of the runs stands for."""
        return self.names[self.spec.label]


def fig1(result: RunInSpace, of: Subject, theme: Theme) -> go.Figure:
    """A strip of images, and the concept."""
    concept = result.space.concept_images[[of.spec.label]]
    return strip([result.run], concept, theme, names=[of.name], shape=of.shape)


def supp_a(result: RunOfEveryLabel, of: Subject, theme: Theme) -> go.Figure:
    """A strip of images for every label."""
    runs = list(result.runs.values())
    return strip(runs, result.space.concept_images, theme, names=of.names, shape=of.shape)


def fig2(result: EmbeddingInSpace, of: Subject, theme: Theme) -> go.Figure:
    """The runs in the plane of some steps."""
    return windows(result.embedding, result.space, theme, label=of.spec.label, names=of.names)


def movies(result: EmbeddingInSpace, of: Subject, theme: Theme) -> go.Figure:
    """The runs in the plane, playing."""
    return movie(result.embedding, result.space, theme, label=of.spec.label, names=of.names)


def supp_b(result: Branches, of: Subject, theme: Theme) -> go.Figure:
    """Where the two branches lie, what their images show, and their predicted labels."""
    titles = ("chosen", "others") if of.spec.chosen else ("narrow branch", "wide branch")
    return branches(result, theme, titles=titles, names=of.names, shape=of.shape)


def fig3(result: ApproachCurves, of: Subject, theme: Theme) -> go.Figure:
    """Distances over the steps, a panel for each label."""
    return approach(result, theme, names=of.names, metric="euclidean")


def supp_c(result: ApproachCurves, of: Subject, theme: Theme) -> go.Figure:
    """The same in Mahalanobis distance."""
    return approach(result, theme, names=of.names, metric="mahalanobis")


def supp_f(result: ApproachCurves, of: Subject, theme: Theme) -> go.Figure:
    """Distances to the concepts of all labels."""
    return all_concepts(result, theme, names=of.names)


def fig4a(result: NoiseSweep, of: Subject, theme: Theme) -> go.Figure:
    """Minimum distances over p."""
    return stage_chart(result, theme, label=of.name)


def fig4b(result: NoiseSweep, of: Subject, theme: Theme) -> go.Figure:
    """Steps of the minima over p."""
    return minimum_steps(result, theme, label=of.name)


def stages(result: SweepOfEveryLabel, _: Subject, theme: Theme) -> go.Figure:
    """Stages over label and p."""
    return stage_map(list(result.sweeps.values()), list(result.sweeps), theme, rows="label")


def stages_nz(result: SweepOfEveryNLatent, _: Subject, theme: Theme) -> go.Figure:
    """Stages over N_z and p."""
    return stage_map(list(result.sweeps.values()), list(map(str, result.sweeps)), theme, rows="latent units N_z")


def fig5(result: LabelMap, of: Subject, theme: Theme) -> go.Figure:
    """Predicted labels over steps and p."""
    return label_map(result, theme, names=of.names)


def fig6(result: RunInPlane, of: Subject, theme: Theme) -> go.Figure:
    """Landmarks and a run in the plane."""
    return schematic(result.embedding, result.space, result.run, theme, label=of.spec.label, names=of.names)


def fig7a(result: Geometry, of: Subject, theme: Theme) -> go.Figure:
    """Activity of every unit in every concept."""
    return concept_map(result, theme, names=of.names)


def fig7b(result: Geometry, _: Subject, theme: Theme) -> go.Figure:
    """Cumulative explained variance."""
    return contribution(result, theme)


def fig8(result: OrthogonalityWithRuns, of: Subject, theme: Theme) -> go.Figure:
    """Orthogonality over N_z, and distance curves beside it."""
    geometry = result.geometry.items()
    gaps = [(n, model.orthogonality_gap) for n, model in geometry]
    floors = {
        "random directions": [(n, model.random_orthogonality_gap) for n, model in geometry],
        "zero mean": [(n, model.orthogonality_floor) for n, model in geometry],
    }
    runs = {str(n): cloud for n, cloud in result.runs.items()}
    return orthogonality_with_runs(gaps, runs, theme, label=of.name, floors=floors)


def supp_e(result: GeometryOfEveryNLatent, of: Subject, theme: Theme) -> go.Figure:
    """Cosine similarities of the concepts, a matrix for each N_z."""
    named = {f"N_z = {n}": geometry for n, geometry in result.geometries.items()}
    return cosine_matrices(named, theme, names=of.names)


def fig9(result: LatentSweepWithModels, _: Subject, theme: Theme) -> go.Figure:
    """The test bound over N_z."""
    return elbo_over_latents(result.grid, theme, shipped=list(result.shipped.items()))


def saddles(result: ConceptDynamics, of: Subject, theme: Theme) -> go.Figure:
    """One step around the concepts."""
    return dynamics(result, theme, names=of.names)


def fig10(result: NetworkSizes, of: Subject, theme: Theme) -> go.Figure:
    """The layers of the network."""
    return network(of.model, int(result.sizes[0]), theme)


Draw = Callable[[Any, Subject, Theme], go.Figure]

DRAW: dict[str, Draw] = {
    "fig1": fig1,
    "suppA": supp_a,
    "fig2": fig2,
    "movies": movies,
    "suppB": supp_b,
    "fig3": fig3,
    "suppC": supp_c,
    "suppD": fig3,
    "suppF": supp_f,
    "fig4a": fig4a,
    "fig4b": fig4b,
    "stages": stages,
    "stagesNz": stages_nz,
    "fig5a": fig5,
    "fig5b": fig5,
    "fig6": fig6,
    "fig7a": fig7a,
    "fig7b": fig7b,
    "fig8": fig8,
    "suppE": supp_e,
    "fig9": fig9,
    "saddles": saddles,
    "fig10": fig10,
}
"""By the ids of `core.paper.figures.registry`."""
