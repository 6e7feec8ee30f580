"""What the page of models shows: the histories of trainings."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from dashboard.figures.marks import LABEL_SHARE, LETTER, spread
from dashboard.theme import Theme

SPARSE = 60  # more points than this need no markers


def history(bounds: Mapping[str, list[float]], theme: Theme) -> go.Figure:
    """The negative ELBO of training and test images over epochs; the first, steep epochs may leave the picture.

    Args:
        bounds: "test" at "epochs"; and, if known, "train" at every "step"-th epoch from 1.
        theme: Colours.
    """
    train, step = bounds.get("train", []), int(bounds.get("step", [1])[0])
    lines = [
        (list(range(1, 1 + step * len(train), step)), train, "training"),
        (bounds["epochs"], bounds["test"], "test"),
    ]
    return curves([(*line, colour) for line, colour in zip(lines, theme.points, strict=False) if line[1]], theme)


def histories(tests: Mapping[str, tuple[Sequence[int], Sequence[float]]], theme: Theme) -> go.Figure:
    """The negative ELBO of test images over epochs, of several models.

    Args:
        tests: Epochs and bounds by the name of the curve.
        theme: Colours.
    """
    lines = zip(tests.items(), theme.points, strict=False)
    return curves([(epochs, bounds, name, colour) for (name, (epochs, bounds)), colour in lines], theme)


def curves(lines: Sequence[tuple[Sequence[int], Sequence[float], str, str]], theme: Theme) -> go.Figure:
    """Bounds over epochs, named at their ends.

    Args:
        lines: Epochs, bounds, name and colour.
        theme: Of all else.
    """
    figure = go.Figure(layout={"template": theme.template()})
    low = min(min(values) for _, values, _, _ in lines)
    late = max(max(values[len(values) // 4 :]) for _, values, _, _ in lines)
    top = max(late, low + 1) + 0.1 * max(late - low, 1)
    heights = spread([values[-1] - low for _, values, _, _ in lines], (top - low) * LABEL_SHARE, top - low)
    for (epochs, values, name, colour), height in zip(lines, heights, strict=True):
        mode = "lines" if len(values) > SPARSE else "lines+markers"
        figure.add_scatter(
            x=list(epochs), y=list(values), mode=mode, line={"color": colour, "width": 2}, marker={"size": 5}
        )
        figure.add_annotation(
            x=1, xref="paper", y=low + height, text=name, showarrow=False, xanchor="left", xshift=6,
            font={"color": colour},
        )  # fmt: skip
    longest = max(len(name) for _, _, name, _ in lines)
    figure.update_xaxes(title="epoch", range=[1, max(2, *(epochs[-1] for epochs, _, _, _ in lines))])
    figure.update_yaxes(title="−ELBO, nats per image", range=[low - 0.05 * (top - low), top])
    figure.update_layout(margin={"r": max(80, 14 + LETTER * longest), "l": 56})
    return figure
