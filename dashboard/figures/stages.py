"""Minimum distances and steps over p, and the stages that follow from them (Fig. 4)."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import plotly.graph_objects as go

from core.results import NoiseSweep, Stage
from dashboard.figures.marks import band, label_ends, make_room, point_names
from dashboard.theme import Theme, rgba

T = TypeVar("T")
NARROW = 0.02  # of p; a stage that is narrower is not named
VEIL = 0.5  # opacity of the paper over what is undecided in a map


def stage_chart(sweep: NoiseSweep, theme: Theme, *, label: str, has_names: bool = True) -> go.Figure:
    """Minimum distance to the three points over p, with the stages as bands (the paper's Fig. 4a).

    The explorer writes the names of the curves itself: its panel has other heights on other screens.
    """
    mean, sem = sweep.minimum_distance, sweep.minimum_distance_sem
    figure = over_noise(sweep, mean, sem, theme, label, "minimum distance" if has_names else "distance")
    if not has_names:
        layout: Any = figure.layout
        layout.annotations = [note for note in layout.annotations if note.xref != "paper"]
        figure.update_layout(margin={"t": 4, "b": 34, "r": 122})
    return figure


def minimum_steps(sweep: NoiseSweep, theme: Theme, *, label: str) -> go.Figure:
    """The step at which runs come nearest to the three points, over p (the paper's Fig. 4b)."""
    return over_noise(sweep, sweep.minimum_step, sweep.minimum_step_sem, theme, label, "step of the minimum")


def over_noise(sweep: NoiseSweep, mean: np.ndarray, sem: np.ndarray, theme: Theme, label: str, name: str) -> go.Figure:
    """A quantity of the three points over p with bands of 2 SEM, and the stages shaded.

    Args:
        sweep: Whose stages and p.
        mean: (points, noises), in the units of its name.
        sem: (points, noises), its standard error.
        theme: Colours.
        label: Name of the runs' label.
        name: Of the quantity.
    """
    figure = go.Figure(layout={"template": theme.template()})
    shade(figure, sweep, theme)
    ends = []
    for i, point in enumerate(point_names(label)):
        band(figure, sweep.noises, mean[i], 2 * sem[i], theme.points[i])
        ends.append((float(mean[i, -1]), point, theme.points[i]))
    top = float((mean + 2 * sem).max()) * 1.15
    label_ends(figure, ends, top)
    make_room(figure, ends)
    figure.update_xaxes(range=[0, 1], title="noise p", fixedrange=True)
    figure.update_yaxes(range=[0, top], title=name, fixedrange=True)
    figure.update_layout(dragmode=False)
    return figure


def shade(figure: go.Figure, sweep: NoiseSweep, theme: Theme) -> None:
    """The stages as bands with their names, paler where another draw of runs might give another stage."""
    row, named = 0, -1.0
    for start, end, stage in spans(sweep.noises, sweep.stages):
        colour = theme.points[list(Stage).index(stage)]
        figure.add_vrect(x0=start, x1=end, fillcolor=rgba(colour, 0.13), line_width=0, layer="below")
        if end - start > NARROW:
            row = 1 - row if start - named < 0.08 else 0  # names of narrow bands stand one below the other
            named = start
            figure.add_annotation(
                x=start, y=1, yref="paper", text=f"<b>{stage}</b>", showarrow=False, yshift=-15 * row,
                xanchor="left", yanchor="top", font={"color": colour, "size": 14},
            )  # fmt: skip
    for start, end, decided in spans(sweep.noises, sweep.is_decided.tolist()):
        if not decided:
            figure.add_vrect(x0=start, x1=end, fillcolor=rgba(theme.paper, 0.6), line_width=0, layer="below")


def stage_map(sweeps: Sequence[NoiseSweep | None], names: Sequence[str], theme: Theme, *, rows: str) -> go.Figure:
    """The stages over p, one row per sweep (labels, or numbers of latents): colours and roman numerals.

    Paler where another draw of runs might give another stage.

    Args:
        sweeps: One per row, from below; None where it is not there yet.
        names: Of the rows.
        theme: Colours.
        rows: What the rows are.
    """
    figure = go.Figure(layout={"template": theme.template()})
    given = [(row, name, sweep) for row, (name, sweep) in enumerate(zip(names, sweeps, strict=True)) if sweep]
    for row, name, sweep in given:
        for start, end, stage in spans(sweep.noises, sweep.stages):
            colour = theme.points[list(Stage).index(stage)]
            figure.add_bar(
                orientation="h", y=[name], base=[start], x=[end - start], width=[1],
                marker={"color": colour, "line": {"color": theme.paper, "width": 1.5}}, hoverinfo="skip",
            )  # fmt: skip
            if end - start > NARROW:  # plotly takes "20" for a position here, though it is the name of a row
                middle, decided = numeral_position(sweep, start, end)
                figure.add_annotation(
                    x=middle, y=row, text=f"<b>{stage}</b>", showarrow=False,
                    font={"color": theme.text_on(colour, 0 if decided else VEIL)},
                )  # fmt: skip
        for start, end, decided in spans(sweep.noises, sweep.is_decided.tolist()):
            if not decided:
                veil = {"color": rgba(theme.paper, VEIL), "line": {"width": 0}}
                figure.add_bar(
                    orientation="h", y=[name], base=[start], x=[end - start], width=[1], marker=veil, hoverinfo="skip"
                )
    unseen = [[0, "rgba(0,0,0,0)"], [1, "rgba(0,0,0,0)"]]  # a click needs a cell, and a bar is one cell only
    p = given[0][2].noises
    rest = np.zeros((len(names), len(p)))
    figure.add_heatmap(x=p, y=list(names), z=rest, colorscale=unseen, showscale=False, hoverinfo="none")
    figure.update_xaxes(range=[0, 1], title="noise p")
    figure.update_yaxes(title=rows, type="category", categoryarray=list(names), showgrid=False, automargin=True)
    figure.update_layout(barmode="overlay", height=70 + 26 * len(names), margin={"l": 70, "r": 20}, hovermode="closest")
    return figure


def numeral_position(sweep: NoiseSweep, start: float, end: float) -> tuple[float, bool]:
    """Where a stage from `start` to `end` is named: amid its widest part that is decided, or that is not; and which."""
    parts = [span for span in spans(sweep.noises, sweep.is_decided.tolist()) if span[0] < end and span[1] > start]
    inside = [(max(a, start), min(b, end), decided) for a, b, decided in parts]
    a, b, decided = max(inside, key=lambda part: (part[2] and part[1] - part[0] > NARROW, part[1] - part[0]))
    return (a + b) / 2, decided


def spans(noises: np.ndarray, values: Sequence[T]) -> list[tuple[float, float, T]]:
    """Where neighbours along p have one value: (from, to, value); borders lie half way between grid points.

    Args:
        noises: (noises,), p in ascending order.
        values: One for each p.

    Example:
        >>> spans(np.array([0, 0.5, 1]), ["I", "I", "II"])
        [(0.0, 0.75, 'I'), (0.75, 1.0, 'II')]
    """
    intervals: list[tuple[float, float, T]] = []
    middles = (noises[:-1] + noises[1:]) / 2
    borders = [float(noises[0]), *middles.tolist(), float(noises[-1])]
    for start, end, value in zip(borders[:-1], borders[1:], values, strict=True):
        if intervals and intervals[-1][2] == value:
            start = intervals.pop()[0]
        intervals.append((start, end, value))
    return intervals
