"""How the figures of the paper are drawn: one function for each, from what was found and whose it is."""

from collections.abc import Callable
from dataclasses import dataclass

import plotly.graph_objects as go

from core.library import Entry
from core.specs import FigureSpec
from dashboard import figures
from dashboard.finds import Results
from dashboard.theme import Theme


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


def draw_strip(found: Results, of: Subject, theme: Theme) -> go.Figure:
    concepts = found["space"].concept_images[[of.spec.label]]
    return figures.strip([found["run"]], concepts, theme, names=[of.name], shape=of.entry.image_shape)


def draw_strips(found: Results, of: Subject, theme: Theme) -> go.Figure:
    runs = [found[f"run_{label}"] for label in range(len(of.names))]
    return figures.strip(runs, found["space"].concept_images, theme, names=of.names, shape=of.entry.image_shape)


def draw_windows(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.windows(found["embedding"], found["space"], theme, label=of.spec.label, names=of.names)


def draw_movie(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.movie(found["embedding"], found["space"], theme, label=of.spec.label, names=of.names)


def draw_schematic(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.schematic(
        found["embedding"], found["space"], found["run"], theme, label=of.spec.label, names=of.names
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
    titles = ("chosen", "others") if of.spec.chosen else ("narrow branch", "wide branch")
    return figures.branches(found["branches"], theme, titles=titles, names=of.names, shape=of.entry.image_shape)


def draw_concept_map(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.concept_map(found["geometry"], theme, names=of.names)


def draw_contribution(found: Results, _: Subject, theme: Theme) -> go.Figure:
    return figures.contribution(found["geometry"], theme)


def draw_orthogonality(found: Results, of: Subject, theme: Theme) -> go.Figure:
    points = [(int(n), each.orthogonality_gap) for n, each in found["geometry"].items()]
    floors = {
        "random directions": [(int(n), each.random_orthogonality_gap) for n, each in found["geometry"].items()],
        "zero mean": [(int(n), each.orthogonality_floor) for n, each in found["geometry"].items()],
    }
    return figures.orthogonality_with_runs(points, found["runs"], theme, label=of.name, floors=floors)


def draw_cosines(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.cosine_matrices({f"N_z = {n}": each for n, each in found.items()}, theme, names=of.names)


def draw_grid(found: Results, _: Subject, theme: Theme) -> go.Figure:
    shipped = [(int(n), bound) for n, bound in found["shipped"].items()]
    return figures.elbo_over_latents(found["grid"], theme, shipped=shipped)


def draw_dynamics(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.dynamics(found["dynamics"], theme, names=of.names)


def draw_network(found: Results, of: Subject, theme: Theme) -> go.Figure:
    return figures.network(of.entry.spec, found["sizes"][0], theme)
