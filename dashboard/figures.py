"""One pure function per picture: a result goes in, a plotly figure comes out. Nothing here computes or remembers."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import plotly.graph_objects as go

from core.results import NoiseSweep, Stage, Trajectories
from dashboard.theme import Theme, rgba

T = TypeVar("T")
LETTER = 6.7  # px, of a name at the end of a curve
LABEL_SHARE = 0.115  # height of a line of text in a chart, as a share of its axis
SPARSE = 60  # more points than this need no markers
POINT_NAMES = ("own memory", "concept", "abstract concept")


def plane(cloud: Trajectories, theme: Theme, *, rotated: bool) -> go.Figure:
    """The axes of the latent plane; panels.js draws what moves on a canvas above them.

    The ranges hold every step, so that nothing jumps while the clock runs; panels.js widens one of them until the
    scales are equal. (plotly's `scaleanchor` would make them depend on the ranges of the figure before.)
    """
    low, high = extent(cloud.embedding[:, 0])
    names = ("axis 1", "axis 2") if rotated else ("PC 1", "PC 2")
    figure = go.Figure(go.Scatter(x=[], y=[]), layout={"template": theme.template()})
    figure.update_xaxes(range=[float(low[0]), float(high[0])], title=names[0], fixedrange=True)
    figure.update_yaxes(range=[float(low[1]), float(high[1])], title=names[1], fixedrange=True)
    figure.update_layout(dragmode=False)
    return figure


def extent(points: np.ndarray, margin: float = 0.06) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a box around points, with a margin."""
    flat = points.reshape(-1, points.shape[-1])
    low, high = flat.min(0), flat.max(0)
    pad = margin * np.maximum(high - low, 1e-6)
    return low - pad, high + pad


def distances(
    cloud: Trajectories, theme: Theme, *, label: str, label_names: tuple[str, ...], all_concepts: bool
) -> go.Figure:
    """Distance of the runs to the three points over time: mean and 2 SEM, minima, and the straight line's distance."""
    figure = go.Figure(layout={"template": theme.template()})
    if all_concepts:
        ends, low, top = _concept_curves(figure, cloud, theme, label, label_names)
    else:
        ends, low, top = _point_curves(figure, cloud, theme, label)
    _label_ends(figure, ends, low, top)
    figure.update_xaxes(range=[0, cloud.distances.shape[1] - 1], title="step t")
    figure.update_yaxes(range=[low, top], title="distance")
    return figure


Ends = list[tuple[float, str, str]]
"""Where curves end, what they are called, and their colour."""


def _point_curves(figure: go.Figure, cloud: Trajectories, theme: Theme, label: str) -> tuple[Ends, float, float]:
    """Distance to the three points, from 0 on: panels.js adds those of the highlighted run."""
    steps = np.arange(cloud.distances.shape[1])
    figure.add_scatter(x=steps, y=cloud.line, mode="lines", line={"color": theme.quiet, "width": 1, "dash": "dot"})
    ends: Ends = []
    for i, name in enumerate(point_names(label)):
        mean, sem = cloud.distances[i], cloud.distances_sem[i]
        _band(figure, steps, mean, 2 * sem, theme.points[i])
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


def point_names(label: str) -> tuple[str, str, str]:
    """What the three points are called where a label is shown."""
    return POINT_NAMES[0], f"{POINT_NAMES[1]} ‘{label}’", POINT_NAMES[2]


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


def stage_chart(sweep: NoiseSweep, theme: Theme, *, label: str) -> go.Figure:
    """Minimum distance to the three points over p (the paper's Fig. 4a); stages are bands, paler where undecided."""
    figure = go.Figure(layout={"template": theme.template()})
    row, named = 0, -1.0
    for start, end, stage in spans(sweep.noises, sweep.stages):
        colour = theme.points[list(Stage).index(stage)]
        figure.add_vrect(x0=start, x1=end, fillcolor=rgba(colour, 0.13), line_width=0, layer="below")
        if end - start > 0.02:
            row = 1 - row if start - named < 0.08 else 0  # names of narrow bands stand one below the other
            named = start
            figure.add_annotation(
                x=start, y=1, yref="paper", text=f"<b>{stage}</b>", showarrow=False, yshift=-15 * row,
                xanchor="left", yanchor="top", font={"color": colour, "size": 14},
            )  # fmt: skip
    for start, end, decided in spans(sweep.noises, sweep.is_decided.tolist()):
        if not decided:
            figure.add_vrect(x0=start, x1=end, fillcolor=rgba(theme.paper, 0.6), line_width=0, layer="below")
    ends = []
    for i, name in enumerate(point_names(label)):
        _band(figure, sweep.noises, sweep.minimum_distance[i], 2 * sweep.minimum_distance_sem[i], theme.points[i])
        ends.append((float(sweep.minimum_distance[i, -1]), name, theme.points[i]))
    top = float((sweep.minimum_distance + 2 * sweep.minimum_distance_sem).max()) * 1.15
    _label_ends(figure, ends, 0.0, top)
    figure.update_xaxes(range=[0, 1], title="noise p", fixedrange=True)
    figure.update_yaxes(range=[0, top], title="minimum distance", fixedrange=True)
    figure.update_layout(dragmode=False)
    return figure


def spans(noises: np.ndarray, values: Sequence[T]) -> list[tuple[float, float, T]]:
    """Where neighbours along p have one value: (from, to, value); borders lie half way between grid points.

    Example:
        >>> spans(np.array([0, 0.5, 1]), ["I", "I", "II"])
        [(0.0, 0.75, 'I'), (0.75, 1.0, 'II')]
    """
    found: list[tuple[float, float, T]] = []
    middles = (noises[:-1] + noises[1:]) / 2
    borders = [float(noises[0]), *middles.tolist(), float(noises[-1])]
    for start, end, value in zip(borders[:-1], borders[1:], values, strict=True):
        if found and found[-1][2] == value:
            start = found.pop()[0]
        found.append((start, end, value))
    return found


def _band(figure: go.Figure, x: np.ndarray, mean: np.ndarray, half_width: np.ndarray, colour: str) -> None:
    """A curve with a band around it."""
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([mean + half_width, (mean - half_width)[::-1]]),
        fill="toself", fillcolor=rgba(colour, 0.18), line={"width": 0}, mode="lines",
    )  # fmt: skip
    figure.add_scatter(x=x, y=mean, mode="lines", line={"color": colour, "width": 2})


def _label_ends(figure: go.Figure, ends: Ends, low: float, top: float) -> None:
    """Write the name of each curve at its right end, pushed apart where they would overlap, and make room for them."""
    gap = (top - low) * min(LABEL_SHARE, 0.9 / len(ends))
    heights = spread([height - low for height, _, _ in ends], gap, top - low)
    for (_, name, colour), height in zip(ends, heights, strict=True):
        figure.add_annotation(
            x=1, xref="paper", y=low + height, text=name, showarrow=False, xanchor="left", xshift=6,
            font={"color": colour},
        )  # fmt: skip
    longest = max(len(name) for name in (*POINT_NAMES, *(name for _, name, _ in ends)))
    figure.update_layout(margin={"r": 8 + LETTER * longest})


def spread(heights: list[float], gap: float, top: float) -> list[float]:
    """Move heights as little as needed so that no two are closer than `gap`, within 0 and `top`.

    Example:
        >>> spread([1.0, 1.0], 0.5, 10.0)
        [0.75, 1.25]
    """
    order = sorted(range(len(heights)), key=heights.__getitem__)
    groups: list[list[float]] = []  # neighbours that stand gap by gap around the mean of their heights

    def lowest(group: list[float]) -> float:
        half = gap * (len(group) - 1) / 2
        return min(max(sum(group) / len(group), half), max(half, top - half)) - half

    for i in order:
        groups.append([heights[i]])
        while len(groups) > 1 and lowest(groups[-1]) < lowest(groups[-2]) + gap * len(groups[-2]):
            last = groups.pop()
            groups[-1] += last
    placed = [lowest(group) + k * gap for group in groups for k in range(len(group))]
    return [height for _, height in sorted(zip(order, placed, strict=True))]
