"""What several figures are drawn with: bands of errors, names at the ends of curves, boxes around points."""

import numpy as np
import plotly.graph_objects as go

from dashboard.theme import rgba

LABEL_SHARE = 0.115  # height of a line of text in a chart, as a share of its axis
POINT_NAMES = ("own memory", "concept", "abstract concept")


def extent(points: np.ndarray, margin: float = 0.06) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a box around points, with a margin."""
    flat = points.reshape(-1, points.shape[-1])
    low, high = flat.min(0), flat.max(0)
    pad = margin * np.maximum(high - low, 1e-6)
    return low - pad, high + pad


def band(figure: go.Figure, x: np.ndarray, mean: np.ndarray, half_width: np.ndarray, colour: str) -> None:
    """A curve with a band around it."""
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([mean + half_width, (mean - half_width)[::-1]]),
        fill="toself", fillcolor=rgba(colour, 0.18), line={"width": 0}, mode="lines",
    )  # fmt: skip
    figure.add_scatter(x=x, y=mean, mode="lines", line={"color": colour, "width": 2})


def label_ends(figure: go.Figure, ends: list[tuple[float, str, str]], top: float) -> None:
    """Write the name of each curve at its right end, pushed apart where they would overlap."""
    gap = top * min(LABEL_SHARE, 0.9 / len(ends))
    heights = spread([height for height, _, _ in ends], gap, top)
    for (_, name, colour), height in zip(ends, heights, strict=True):
        figure.add_annotation(
            x=1, xref="paper", y=height, text=name, showarrow=False, xanchor="left", xshift=6, font={"color": colour}
        )


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
