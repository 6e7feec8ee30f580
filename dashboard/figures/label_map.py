"""How decoded images are read over t and p (Fig. 5)."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figure_results import LabelMap
from dashboard.theme import Theme, rgba

LETTERS = (12, 10)  # labels written into the map, along t and along p
PALEST = 0.8  # opacity of the paper over a cell whose runs are read as all ten labels alike


def label_map(result: LabelMap, theme: Theme, *, names: Sequence[str]) -> go.Figure:
    """The most frequent label at every step and p, paler where fewer runs agree on it; beside it their share.

    Numbers in the map and the names at its right say which colour is which label.
    """
    shown = np.unique(result.predicted_labels)
    widest = max(len(title(names, label)) for label in shown)
    figure = make_subplots(1, 2, column_widths=[0.62, 0.38], horizontal_spacing=0.08 + 0.008 * widest)
    steps = np.arange(result.predicted_labels.shape[1])
    last = len(names) - 1
    scale = [[(k + edge) / (last + 1), theme.labels[k]] for k in range(last + 1) for edge in (0, 1)]
    figure.add_heatmap(
        x=steps, y=result.noises, z=result.predicted_labels, zmin=-0.5, zmax=last + 0.5, colorscale=scale,
        showscale=False, hoverinfo="none", row=1, col=1,
    )  # fmt: skip
    pale = [[0, rgba(theme.paper, PALEST)], [1, rgba(theme.paper, 0)]]
    figure.add_heatmap(
        x=steps, y=result.noises, z=result.share, zmin=0.1, zmax=1, colorscale=pale, showscale=False, hoverinfo="none",
        row=1, col=1,
    )  # fmt: skip
    along_p = max(1, round(LETTERS[1] * float(np.ptp(result.noises))))  # of a part of the map as far apart as of all
    rows, columns = (spaced(n, most) for n, most in zip(result.share.shape, (along_p, LETTERS[0]), strict=True))
    p, t = np.meshgrid(result.noises[rows], steps[columns], indexing="ij")
    labels, shares = (values[np.ix_(rows, columns)].ravel() for values in (result.predicted_labels, result.share))
    colours = [theme.text_on(theme.labels[k], PALEST * (1 - s) / 0.9) for k, s in zip(labels, shares, strict=True)]
    figure.add_scatter(
        x=t.ravel(), y=p.ravel(), mode="text", text=labels.astype(str), textfont={"color": colours, "size": 11},
        hoverinfo="skip", row=1, col=1,
    )  # fmt: skip
    for k, label in enumerate(shown):
        figure.add_annotation(
            x=1, xref="x domain", y=(k + 0.5) / len(shown), yref="paper", text=f"<b>{title(names, label)}</b>",
            showarrow=False, xanchor="left", xshift=8, font={"color": theme.labels[label]},
        )  # fmt: skip
    bar = {"title": {"text": "share of the runs", "side": "right"}, "thickness": 10, "outlinewidth": 0}
    bar |= {"tickformat": ".0%", "nticks": 6}
    figure.add_heatmap(
        x=steps, y=result.noises, z=result.share, zmin=0, zmax=1, colorscale=[[0, theme.paper], [1, theme.ink]],
        colorbar=bar, hoverinfo="none", row=1, col=2,
    )  # fmt: skip
    figure.update_xaxes(title="step t", range=[-0.5, steps[-1] + 0.5], showgrid=False)
    figure.update_yaxes(range=[0, 1], showgrid=False)
    figure.update_yaxes(title="noise p", row=1, col=1)
    figure.update_layout(template=theme.template(), height=360, margin={"l": 52, "r": 20}, hovermode="closest")
    return figure


def title(names: Sequence[str], label: int) -> str:
    """A label's number, and its name where it has another one."""
    return names[label] if names[label] == str(label) else f"{label} {names[label]}"


def spaced(n: int, most: int) -> np.ndarray:
    """Indices (letters,) of at most so many letters, evenly between 0 and n - 1, off the borders."""
    count = min(n, most)
    return ((np.arange(count) + 0.5) * n / count).astype(int)
