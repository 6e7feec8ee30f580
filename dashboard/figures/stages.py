"""Minimum distances and steps over p, and the stages that follow from them (Fig. 4)."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.results import NoiseSweep, Stage
from dashboard.figures.marks import POINT_NAMES, band, label_ends
from dashboard.theme import Theme, rgba

NARROW = 0.02  # of p; a stage that is narrower is not named


def stage_chart(sweep: NoiseSweep, theme: Theme, *, label: str) -> go.Figure:
    """Minimum distance to the three points over p, with the stages as bands (the paper's Fig. 4a)."""
    return over_noise(sweep, sweep.minimum_distance, sweep.minimum_distance_sem, theme, label, "minimum distance")


def minimum_steps(sweep: NoiseSweep, theme: Theme, *, label: str) -> go.Figure:
    """The step at which runs come nearest to the three points, over p (the paper's Fig. 4b)."""
    return over_noise(sweep, sweep.minimum_step, sweep.minimum_step_sem, theme, label, "step of the minimum")


def over_noise(sweep: NoiseSweep, mean: np.ndarray, sem: np.ndarray, theme: Theme, label: str, name: str) -> go.Figure:
    """A quantity of the three points over p with bands of 2 SEM, and the stages shaded.

    Args:
        sweep: Whose stages and p.
        mean: (points, noises).
        sem: (points, noises).
        theme: Colours.
        label: Name of the runs' label.
        name: Of the quantity.
    """
    figure = go.Figure(layout={"template": theme.template()})
    for start, end, stage in stage_bands(sweep):
        colour = theme.points[list(Stage).index(stage)]
        figure.add_vrect(x0=start, x1=end, fillcolor=rgba(colour, 0.13), line_width=0, layer="below")
        if end - start > NARROW:
            figure.add_annotation(
                x=start, y=1, yref="paper", text=f"<b>{stage}</b>", showarrow=False,
                xanchor="left", yanchor="top", font={"color": colour, "size": 14},
            )  # fmt: skip
    ends = []
    for i, point in enumerate(POINT_NAMES):
        band(figure, sweep.noises, mean[i], 2 * sem[i], theme.points[i])
        ends.append((float(mean[i, -1]), f"concept ‘{label}’" if i == 1 else point, theme.points[i]))
    top = float((mean + 2 * sem).max()) * 1.15
    label_ends(figure, ends, top)
    figure.update_xaxes(range=[0, 1], title="noise p", fixedrange=True)
    figure.update_yaxes(range=[0, top], title=name, fixedrange=True)
    figure.update_layout(margin={"r": 110}, dragmode=False)
    return figure


def stage_map(sweeps: Sequence[NoiseSweep], names: Sequence[str], theme: Theme, *, rows: str) -> go.Figure:
    """The stages over p, one row per sweep (labels, or numbers of latents): colours and roman numerals.

    Args:
        sweeps: One per row, from below.
        names: Of the rows.
        theme: Colours.
        rows: What the rows are.
    """
    figure = go.Figure(layout={"template": theme.template()})
    for name, sweep in zip(names, sweeps, strict=True):
        for start, end, stage in stage_bands(sweep):
            colour = theme.points[list(Stage).index(stage)]
            figure.add_bar(
                orientation="h", y=[name], base=[start], x=[end - start], width=[1],
                marker={"color": colour, "line": {"color": theme.paper, "width": 1.5}},
            )  # fmt: skip
            if end - start > NARROW:
                figure.add_annotation(
                    x=(start + end) / 2, y=name, text=f"<b>{stage}</b>", showarrow=False, font={"color": theme.paper}
                )
    figure.update_xaxes(range=[0, 1], title="noise p")
    figure.update_yaxes(title=rows, type="category", categoryarray=list(names), showgrid=False, automargin=True)
    figure.update_layout(barmode="overlay", height=70 + 26 * len(names), margin={"l": 70})
    return figure


def stage_bands(sweep: NoiseSweep) -> list[tuple[float, float, Stage]]:
    """Runs of equal stage along p: (from, to, stage); borders lie half way between grid points.

    Example:
        For stages I I II at p = 0, 0.5, 1: (0, 0.75, I), (0.75, 1, II).
    """
    bands: list[tuple[float, float, Stage]] = []
    middles = (sweep.noises[:-1] + sweep.noises[1:]) / 2
    borders = [float(sweep.noises[0]), *middles.tolist(), float(sweep.noises[-1])]
    for start, end, stage in zip(borders[:-1], borders[1:], sweep.stages, strict=True):
        if bands and bands[-1][2] == stage:
            start = bands.pop()[0]
        bands.append((start, end, stage))
    return bands
