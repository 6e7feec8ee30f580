"""What several figures are drawn with: bands of errors, names at the ends of curves, boxes around points."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.theme import Theme, rgba

LABEL_SHARE = 0.115  # height of a line of text in a chart, as a share of its axis
LETTER = 6.7  # px, of a name at the end of a curve
POINT_NAMES = ("own memory", "concept", "abstract concept")
Ends = list[tuple[float, str, str]]
"""Where curves end, what they are called, and their colour."""


def point_names(label: str) -> tuple[str, str, str]:
    """What the three points are called where a label is shown."""
    return POINT_NAMES[0], f"{POINT_NAMES[1]} ‘{label}’", POINT_NAMES[2]


def extent(points: np.ndarray, margin: float = 0.06) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a box around points, with a margin.

    Args:
        points: (..., dimensions).
        margin: Share of the box's size on every side.

    Returns:
        The lowest and the highest corner, (dimensions,) each, in the units of the points.
    """
    flat = points.reshape(-1, points.shape[-1])
    low, high = flat.min(0), flat.max(0)
    pad = margin * np.maximum(high - low, 1e-6)
    return low - pad, high + pad


def band(figure: go.Figure, x: np.ndarray, mean: np.ndarray, half_width: np.ndarray, colour: str, **panel: Any) -> None:
    """A curve with a band around it.

    Args:
        figure: To draw in.
        x: (n,), the positions of the values.
        mean: (n,).
        half_width: (n,), of the band, in the units of the mean.
        colour: Of both.
        panel: Row and column of a panel.
    """
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([mean + half_width, (mean - half_width)[::-1]]),
        fill="toself", fillcolor=rgba(colour, 0.18), line={"width": 0}, mode="lines", **panel,
    )  # fmt: skip
    figure.add_scatter(x=x, y=mean, mode="lines", line={"color": colour, "width": 2}, **panel)


def label_ends(
    figure: go.Figure,
    ends: Ends,
    top: float,
    *,
    share: float = LABEL_SHARE,
    axis: str = "y",
    low: float = 0.0,
) -> None:
    """Write the name of each curve at its right end, pushed apart where they would overlap.

    Args:
        figure: With a right margin that holds the names.
        ends: Height, name and colour of each curve.
        top: Upper end of the axis.
        share: Height of a line of text as a share of the axis.
        axis: The axis of the panel that the names belong to; it must be the rightmost one.
        low: Lower end of the axis.
    """
    gap = (top - low) * min(share, 0.9 / len(ends))
    heights = [low + height for height in spread([height - low for height, _, _ in ends], gap, top - low)]
    for (_, name, colour), height in zip(ends, heights, strict=True):
        figure.add_annotation(
            x=1, xref="paper", y=height, yref=axis, text=name, showarrow=False, xanchor="left", xshift=6,
            font={"color": colour},
        )  # fmt: skip


def make_room(figure: go.Figure, ends: Ends) -> None:
    """A right margin for the names at the ends of curves; the same whatever the label is, unless its name is long."""
    longest = max(len(name) for name in (*POINT_NAMES, *(name for _, name, _ in ends)))
    figure.update_layout(margin={"r": 8 + LETTER * longest})


def small_multiples(
    titles: Sequence[str],
    theme: Theme,
    *,
    columns: int,
    x: str = "",
    y: str = "",
    row_height: int = 170,
    **options: Any,
) -> go.Figure:
    """Panels that share their axes, in rows; the names of the axes stand once, at the left and below.

    Args:
        titles: One per panel, at most two lines each.
        theme: Colours.
        columns: Panels in a row.
        x: Name of the horizontal axes.
        y: Name of the vertical axes.
        row_height: Height of a row with its title, in pixels.
    """
    rows = -(-len(titles) // columns)
    height = rows * row_height + 56
    gap = (34 + 14 * any("<br>" in title for title in titles)) / (height - 90)
    shared: dict[str, Any] = {"shared_xaxes": "all", "shared_yaxes": "all"}  # typed as bool by plotly
    figure = make_subplots(
        rows, columns, subplot_titles=titles, x_title=x, y_title=y,
        horizontal_spacing=0.03, vertical_spacing=min(gap, 0.9 / max(rows - 1, 1)),
        **shared,
    )  # fmt: skip
    figure.update_annotations(font={"size": 12, "color": theme.ink})
    top = 42 if any("<br>" in title for title in titles) else 28
    figure.update_layout(template=theme.template(), height=height, margin={"l": 58, "r": 14, "t": top, "b": 52})
    return figure


def panel_of(i: int, columns: int) -> dict[str, Any]:
    """Row and column of the i-th panel."""
    return {"row": i // columns + 1, "col": i % columns + 1}


def tiles(images: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Images side by side, a twelfth of an image apart; the gaps are empty (NaN).

    Args:
        images: (images, pixels), grey values from 0 to 1.
        shape: Height and width of an image.

    Returns:
        (height, width of all and the gaps).
    """
    gap = np.full((shape[0], gap_of(shape)), np.nan, np.float32)
    parts = [part for image in images for part in (image.reshape(shape), gap)]
    return np.concatenate(parts[:-1], axis=1)


def gap_of(shape: tuple[int, int]) -> int:
    """Pixels between two images."""
    return max(1, shape[1] // 12)


def add_tiles(figure: go.Figure, images: np.ndarray, shape: tuple[int, int], **panel: Any) -> None:
    """A row of images, white on black as in the data sets, in a panel without axes; images and shape as in `tiles`."""
    grey = [[0, "#000000"], [1, "#ffffff"]]
    picture = tiles(images, shape)
    figure.add_heatmap(z=picture, zmin=0, zmax=1, colorscale=grey, showscale=False, **panel)
    half = np.array(picture.shape) / 2
    figure.update_xaxes(
        visible=False, range=[-0.5, 2 * half[1] - 0.5], constrain="domain", constraintoward="left", **panel
    )
    figure.update_yaxes(visible=False, range=[2 * half[0] - 0.5, -0.5], constrain="domain", **panel)


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
