"""Runs of every label on their way past memory and concepts (Fig. 3, Supplements C, D and F)."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figure_results import ApproachCurves
from dashboard.figures.marks import band, label_ends, panel_of, small_multiples
from dashboard.theme import Theme

COLUMNS = 5
LINE_SHARE = 0.17  # height of a line of text as a share of a small panel
DISTANCES = {"euclidean": "distance", "mahalanobis": "Mahalanobis distance"}


def approach(curves: ApproachCurves, theme: Theme, *, names: Sequence[str], metric: str = "euclidean") -> go.Figure:
    """Mean distance to the label's concept and to each run's own memory, a panel per label (Fig. 3).

    Bands are 2 SEM; dotted is the distance along the straight line from z(0) to z(T), averaged over the runs; it is
    what the titles compare a run with, at the step at which it is nearest.
    """
    between = "<br>" if max(map(len, names)) > 1 else ": "
    titles = [
        f"{quoted(name)}{between}{100 * share:.0f} % approach"
        for name, share in zip(names, curves.same_step_approach_share, strict=True)
    ]
    figure = small_multiples(titles, theme, columns=COLUMNS, x="step t", y=DISTANCES[metric], row_height=165)
    steps = np.arange(curves.concept.shape[1])
    for i in range(len(names)):
        panel = panel_of(i, COLUMNS)
        dotted = {"color": theme.quiet, "width": 1.5, "dash": "dot"}
        figure.add_scatter(x=steps, y=curves.line[i], mode="lines", line=dotted, **panel)
        band(figure, steps, curves.memory[i], 2 * curves.memory_sem[i], theme.points[0], **panel)
        band(figure, steps, curves.concept[i], 2 * curves.concept_sem[i], theme.points[1], **panel)
    drawn = [
        (curves.memory, 2 * curves.memory_sem),
        (curves.concept, 2 * curves.concept_sem),
        (curves.line, np.zeros_like(curves.line)),
    ]
    low, top = ends_of([mean - error for mean, error in drawn], [mean + error for mean, error in drawn])
    last = COLUMNS - 1  # the names stand beside the rightmost panel of the first row
    kinds = (
        (curves.memory, "own memory", theme.points[0]),
        (curves.concept, "concept", theme.points[1]),
        (curves.line, "straight line", theme.quiet),
    )
    ends = [(float(curve[last, -1]), name, colour) for curve, name, colour in kinds]
    label_ends(figure, ends, top, share=LINE_SHARE, axis=f"y{COLUMNS}", low=low)
    figure.update_xaxes(range=[0, steps[-1]], nticks=4)
    figure.update_yaxes(range=[low, top], nticks=5)
    figure.update_layout(margin={"r": 92})
    return figure


def all_concepts(curves: ApproachCurves, theme: Theme, *, names: Sequence[str]) -> go.Figure:
    """Mean distance of the runs of a label to the concepts of all labels, and who is nearest (Supplement F).

    The own concept's curve is thick. The title says to whose concept the single runs come nearest.
    """
    titles = [
        f"{quoted(name)}<br><span style='font-size:11px'>{winners(row, names)}</span>"  # wider than its panel else
        for name, row in zip(names, curves.winners, strict=True)
    ]
    figure = small_multiples(titles, theme, columns=COLUMNS, x="step t", y="distance", row_height=205)
    steps = np.arange(curves.concept.shape[1])
    for i in range(len(names)):
        for k in sorted(range(len(names)), key=lambda k: k == i):  # the own one above all others
            line = {"color": theme.labels[k], "width": 3.5 if k == i else 1}
            figure.add_scatter(x=steps, y=curves.all_concepts[i, k], mode="lines", line=line, **panel_of(i, COLUMNS))
    low, top = ends_of([curves.all_concepts], [curves.all_concepts])
    last = COLUMNS - 1
    ends = [(float(curves.all_concepts[last, k, -1]), name, theme.labels[k]) for k, name in enumerate(names)]
    label_ends(figure, ends, top, share=LINE_SHARE, axis=f"y{COLUMNS}", low=low)
    figure.update_xaxes(range=[0, steps[-1]], nticks=4)
    figure.update_yaxes(range=[low, top], nticks=5)
    figure.update_layout(margin={"r": 24 + 8 * max(map(len, names))})
    return figure


def ends_of(lowest: list[np.ndarray], highest: list[np.ndarray]) -> tuple[float, float]:
    """The ends of an axis that holds all curves with their bands."""
    low, high = min(float(values.min()) for values in lowest), max(float(values.max()) for values in highest)
    return max(0.0, low - 0.06 * (high - low)), high + 0.06 * (high - low)


def winners(shares: np.ndarray, names: Sequence[str], most: int = 2) -> str:
    """Whose concepts the runs of a label come nearest to: the most frequent ones; one alone where names are long.

    Args:
        shares: (labels,), of the runs, 0 to 1.
        names: Of the labels.
        most: So many labels at most.

    Example:
        >>> winners(np.array([0.1, 0.9]), ["0", "1"])
        'nearest 1 90 %, 0 10 %'
    """
    most = most if max(map(len, names)) < 4 else 1
    order = [int(i) for i in np.argsort(-shares, kind="stable")[:most] if shares[i] > 0]
    return "nearest " + ", ".join(f"{names[i]} {100 * shares[i]:.0f} %" for i in order)


def quoted(name: str) -> str:
    """A label's name as it stands in titles: digits in quotation marks."""
    return f"‘{name}’" if len(name) == 1 else name
