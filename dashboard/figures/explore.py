"""What the explorer and the page of models show: the latent plane, distances over time, the course of a training."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from core.results import Embedding, Trajectories
from dashboard.figures.marks import LABEL_SHARE, Ends, band, extent, label_ends, make_room, point_names, spread
from dashboard.theme import Theme, rgba

SPARSE = 60  # more points than this need no markers


def plane(shown: Embedding, theme: Theme, *, rotated: bool) -> go.Figure:
    """The axes of the latent plane; panels.js draws what moves on a canvas above them.

    The ranges hold every step, so that nothing jumps while the clock runs; panels.js widens one of them until the
    scales are equal. (plotly's `scaleanchor` would make them depend on the ranges of the figure before.)
    """
    low, high = extent(shown.embedding[:, 0])
    names = ("axis 1", "axis 2") if rotated else ("PC 1", "PC 2")
    figure = go.Figure(go.Scatter(x=[], y=[]), layout={"template": theme.template()})
    figure.update_xaxes(range=[float(low[0]), float(high[0])], title=names[0], fixedrange=True)
    figure.update_yaxes(range=[float(low[1]), float(high[1])], title=names[1], fixedrange=True)
    figure.update_layout(dragmode=False)
    return figure


def distances(
    cloud: Trajectories, theme: Theme, *, label: str, label_names: tuple[str, ...], all_concepts: bool
) -> go.Figure:
    """Distance of the runs to the three points over time: mean and 2 SEM, minima, and the straight line's distance."""
    figure = go.Figure(layout={"template": theme.template()})
    if all_concepts:
        ends, low, top = _concept_curves(figure, cloud, theme, label, label_names)
    else:
        ends, low, top = _point_curves(figure, cloud, theme, label)
    label_ends(figure, ends, top, low=low)
    make_room(figure, ends)
    figure.update_xaxes(range=[0, cloud.distances.shape[1] - 1], title="step t")
    figure.update_yaxes(range=[low, top], title="distance")
    return figure


def _point_curves(figure: go.Figure, cloud: Trajectories, theme: Theme, label: str) -> tuple[Ends, float, float]:
    """Distance to the three points, from 0 on: panels.js adds those of the highlighted run."""
    steps = np.arange(cloud.distances.shape[1])
    figure.add_scatter(x=steps, y=cloud.line, mode="lines", line={"color": theme.quiet, "width": 1, "dash": "dot"})
    ends: Ends = []
    for i, name in enumerate(point_names(label)):
        mean, sem = cloud.distances[i], cloud.distances_sem[i]
        band(figure, steps, mean, 2 * sem, theme.points[i])
        lowest = int(mean.argmin())
        figure.add_scatter(
            x=[lowest],
            y=[mean[lowest]],
            mode="markers",
            marker={"color": theme.paper, "size": 9, "line": {"color": theme.points[i], "width": 2}},
        )
        ends.append((float(mean[-1]), name, theme.points[i]))
    away = cloud.line - cloud.distances  # the name goes where the line is farthest from the curves
    middle = len(steps) // 5 + int(np.abs(away).min(0)[len(steps) // 5 : -len(steps) // 5].argmax())
    below = away[np.abs(away[:, middle]).argmin(), middle] < 0
    figure.add_annotation(
        x=middle, y=cloud.line[middle], text="straight line", showarrow=False, yshift=-9 if below else 9,
        font={"color": theme.quiet}, bgcolor=rgba(theme.paper, 0.75), borderpad=0,
    )  # fmt: skip
    return ends, 0.0, 1.15 * float((cloud.distances + 2 * cloud.distances_sem).max())


def _concept_curves(
    figure: go.Figure, cloud: Trajectories, theme: Theme, label: str, label_names: tuple[str, ...]
) -> tuple[Ends, float, float]:
    """Mean distance to the concepts of all labels, the runs' own in the colour that it has everywhere."""
    ends: Ends = []
    for i, (curve, name) in enumerate(zip(cloud.concept_distances, label_names, strict=True)):
        own = name == label
        colour = theme.points[1] if own else theme.labels[i]
        line = {"color": colour, "width": 3 if own else 1.5}
        figure.add_scatter(x=np.arange(len(curve)), y=curve, mode="lines", line=line)
        ends.append((float(curve[-1]), point_names(label)[1] if own else name, colour))
    low, top = float(cloud.concept_distances.min()), float(cloud.concept_distances.max())
    margin = 0.08 * max(top - low, 1e-3)
    return ends, low - margin, top + margin


def course(bounds: Mapping[str, list[float]], theme: Theme) -> go.Figure:
    """The negative ELBO of training and test images over epochs; the first, steep epochs may leave the picture.

    Args:
        bounds: "test" at "epochs"; and, if known, "train" at every "step"-th epoch from 1.
        theme: Colours.
    """
    figure = go.Figure(layout={"template": theme.template()})
    train, step = bounds.get("train", []), int(bounds.get("step", [1])[0])
    lines = [
        (list(range(1, 1 + step * len(train), step)), train, "training"),
        (bounds["epochs"], bounds["test"], "test"),
    ]
    shown = [(line, colour) for line, colour in zip(lines, theme.points, strict=False) if line[1]]
    low = min(min(values) for (_, values, _), _ in shown)
    late = max(values[len(values) // 4] for (_, values, _), _ in shown)
    top = max(late, low + 1) + 0.1 * max(late - low, 1)
    heights = spread([values[-1] - low for (_, values, _), _ in shown], (top - low) * LABEL_SHARE, top - low)
    for ((epochs, values, name), colour), height in zip(shown, heights, strict=True):
        mode = "lines" if len(values) > SPARSE else "lines+markers"
        figure.add_scatter(x=epochs, y=values, mode=mode, line={"color": colour, "width": 2}, marker={"size": 5})
        figure.add_annotation(
            x=1, xref="paper", y=low + height, text=name, showarrow=False, xanchor="left", xshift=6,
            font={"color": colour},
        )  # fmt: skip
    figure.update_xaxes(title="epoch", range=[1, max(2, *(epochs[-1] for (epochs, _, _), _ in shown))])
    figure.update_yaxes(title="−ELBO, nats per image", range=[low - 0.05 * (top - low), top])
    figure.update_layout(margin={"r": 80, "l": 56})
    return figure
