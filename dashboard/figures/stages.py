"""Minimum distances and steps over p, and the stages that follow from them (Fig. 4)."""

import plotly.graph_objects as go

from core.results import NoiseSweep, Stage
from dashboard.figures.marks import POINT_NAMES, band, label_ends
from dashboard.theme import Theme, rgba


def stage_chart(sweep: NoiseSweep, theme: Theme, *, label: str) -> go.Figure:
    """Minimum distance to the three points over p, with the stages as bands (the paper's Fig. 4a)."""
    figure = go.Figure(layout={"template": theme.template()})
    for start, end, stage in stage_bands(sweep):
        colour = theme.points[list(Stage).index(stage)]
        figure.add_vrect(x0=start, x1=end, fillcolor=rgba(colour, 0.13), line_width=0, layer="below")
        if end - start > 0.02:
            figure.add_annotation(
                x=start, y=1, yref="paper", text=f"<b>{stage}</b>", showarrow=False,
                xanchor="left", yanchor="top", font={"color": colour, "size": 14},
            )  # fmt: skip
    ends = []
    for i, name in enumerate(POINT_NAMES):
        band(figure, sweep.noises, sweep.minimum_distance[i], 2 * sweep.minimum_distance_sem[i], theme.points[i])
        end = float(sweep.minimum_distance[i, -1])
        ends.append((end, f"concept ‘{label}’" if i == 1 else name, theme.points[i]))
    top = float((sweep.minimum_distance + 2 * sweep.minimum_distance_sem).max()) * 1.15
    label_ends(figure, ends, top)
    figure.update_xaxes(range=[0, 1], title="noise p", fixedrange=True)
    figure.update_yaxes(range=[0, top], title="minimum distance", fixedrange=True)
    figure.update_layout(margin={"r": 110}, dragmode=False)
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
