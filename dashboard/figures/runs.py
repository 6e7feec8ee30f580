"""Runs as images and as dots in their plane (Figs. 1 and 2, Supplements A and B)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figure_results import Branches
from core.results import Embedding, LatentSpace, Run
from dashboard.figures.marks import add_tiles, extent, gap_of, panel_of, small_multiples
from dashboard.theme import Theme

TILE = 64  # height of a row of images, in pixels
COLUMNS = 5


def shown_steps(n_steps: int) -> list[int]:
    """The steps of a strip: 0, 1, 2, 5, then every tenth, and the last.

    Example:
        >>> shown_steps(25)
        [0, 1, 2, 5, 10, 20, 25]
    """
    return sorted({t for t in (0, 1, 2, 5, *range(10, n_steps + 1, 10), n_steps) if t <= n_steps})


def strip(
    runs: Sequence[Run], concepts: np.ndarray, theme: Theme, *, names: Sequence[str], shape: tuple[int, int]
) -> go.Figure:
    """What the network makes of an image step by step, and at the right the label's concept (Fig. 1, Supplement A).

    Args:
        runs: One row each.
        concepts: (runs, pixels): the image of each run's concept.
        theme: Colours.
        names: The label of each run.
        shape: Height and width of an image.
    """
    steps = shown_steps(len(runs[0].images) - 1)
    width = shape[1] + gap_of(shape)
    figure = make_subplots(len(runs), 1, vertical_spacing=0.1 / len(runs))
    for i, (run, concept, name) in enumerate(zip(runs, concepts, names, strict=True)):
        panel = panel_of(i, 1)
        apart = np.full((1, run.images.shape[1]), np.nan, np.float32)
        add_tiles(figure, np.concatenate([run.images[steps], apart, concept[None]]), shape, **panel)
        figure.update_yaxes(scaleanchor=f"x{i + 1}" if i else "x", **panel)
        figure.add_annotation(
            x=0,
            xref="paper",
            y=shape[0] / 2,
            yref=f"y{i + 1}" if i else "y",
            text=name,
            showarrow=False,
            xanchor="right",
            xshift=-6,
        )
    axis = str(len(runs)) if len(runs) > 1 else ""
    below = {"xref": f"x{axis}", "y": 0, "yref": f"y{axis} domain", "yanchor": "top", "yshift": -2, "showarrow": False}
    for k, t in enumerate(steps):
        figure.add_annotation(x=k * width + shape[1] / 2, text=f"t = {t}" if not k else str(t), **below)
    figure.add_annotation(x=(len(steps) + 1) * width + shape[1] / 2, text="concept", **below)
    figure.update_layout(
        template=theme.template(),
        height=40 + TILE * len(runs),
        margin={"l": 30 + 8 * max(map(len, names)), "r": 30, "t": 8, "b": 28},
    )
    return figure


def windows(plane: Embedding, space: LatentSpace, theme: Theme, *, label: int, names: Sequence[str]) -> go.Figure:
    """The runs in the plane of their windowed PCA at t = 0, 5, 10, ... (Fig. 2), with all concepts, the own one large.

    Everything in a panel is projected with the basis of its own step.
    """
    steps = list(range(0, len(plane.basis), 5))
    titles = [f"t = {t}<br>{100 * plane.explained_variance_ratio[t].sum():.0f} % of the variance" for t in steps]
    figure = small_multiples(titles, theme, columns=COLUMNS, x="PC 1", y="PC 2", row_height=210)
    low, high = extent(plane.embedding[steps, 0])
    half = (high - low).max() / 2
    centre = (low + high) / 2
    for i, t in enumerate(steps):
        panel = panel_of(i, COLUMNS)
        x, y = plane.embedding[t, 0].T
        figure.add_scatter(
            x=x, y=y, mode="markers", marker={"size": 3.5, "color": theme.labels[label], "opacity": 0.55}, **panel
        )
        at = (space.concepts - plane.mean[t]) @ plane.basis[t].T
        marks = {"color": theme.labels, "size": [11 if k == label else 6 for k in range(len(at))], "symbol": "diamond"}
        marks["line"] = {"color": theme.paper, "width": 1}
        figure.add_scatter(x=at[:, 0], y=at[:, 1], mode="markers", marker=marks, **panel)
        if i == 0:
            figure.add_annotation(
                x=at[label, 0], y=at[label, 1], text=f"concept ‘{names[label]}’", showarrow=True, arrowwidth=1, ax=30,
                ay=40, font={"color": theme.labels[label]}, arrowcolor=theme.labels[label], **panel,
            )  # fmt: skip
    figure.update_xaxes(range=[centre[0] - half, centre[0] + half], nticks=5)
    figure.update_yaxes(range=[centre[1] - half, centre[1] + half], nticks=5)
    return figure


def movie(plane: Embedding, space: LatentSpace, theme: Theme, *, label: int, names: Sequence[str]) -> go.Figure:
    """The same plane as a movie (movies S1-S10): one frame for every step, with a slider and buttons to play it."""
    low, high = extent(plane.embedding[:, 0])
    half, centre = (high - low).max() / 2, (low + high) / 2
    top = {"x": [centre[0] - half], "y": [centre[1] + half]}
    steps = range(len(plane.basis))

    def marks(t: int) -> list[dict[str, Any]]:
        x, y = plane.embedding[t, 0].T
        at = (space.concepts - plane.mean[t]) @ plane.basis[t].T
        share = f"t = {t}, {100 * plane.explained_variance_ratio[t].sum():.0f} % of the variance"
        return [{"x": x, "y": y}, {"x": at[:, 0], "y": at[:, 1]}, top | {"text": [share]}]

    dots, concepts, words = marks(0)
    size = [14 if k == label else 8 for k in range(len(names))]
    figure = go.Figure(
        layout={"template": theme.template(), "height": 560, "margin": {"l": 60, "r": 20, "t": 20, "b": 110}}
    )
    figure.add_scatter(**dots, mode="markers", marker={"size": 5, "color": theme.labels[label], "opacity": 0.55})
    figure.add_scatter(
        **concepts, mode="markers+text", text=names, textposition="middle right", textfont={"color": theme.labels},
        marker={"color": theme.labels, "size": size, "symbol": "diamond", "line": {"color": theme.paper, "width": 1}},
    )  # fmt: skip
    figure.add_scatter(  # not clipped: characters of some languages are taller than letters
        **words, mode="text", textposition="bottom right", textfont={"color": theme.ink}, cliponaxis=False
    )
    figure.frames = [go.Frame(data=[go.Scatter(mark) for mark in marks(t)], name=str(t)) for t in steps]
    figure.update_xaxes(
        range=[centre[0] - half, centre[0] + half], title="PC 1", constrain="domain", constraintoward="left"
    )
    figure.update_yaxes(range=[centre[1] - half, centre[1] + half], title="PC 2", scaleanchor="x")
    return figure.update_layout(**controls_of(steps, theme))


def controls_of(steps: Sequence[int], theme: Theme) -> dict[str, Any]:
    """Plotly's buttons and slider for frames that are called by the step they show."""

    def shows(frames: list[str] | None, duration: int) -> list[Any]:
        frame = {"duration": duration, "redraw": False}
        return [frames, {"frame": frame, "transition": {"duration": 0}, "mode": "immediate", "fromcurrent": True}]

    buttons = [("▶ Play", shows(None, 120)), ("Pause", shows([None], 0))]  # type: ignore[list-item]
    jumps = [{"label": str(t), "method": "animate", "args": shows([str(t)], 0)} for t in steps]
    look = {"bgcolor": theme.paper, "bordercolor": theme.grid, "font": {"color": theme.ink}}
    return {
        "updatemenus": [
            {"type": "buttons", "direction": "left", "x": 0, "y": -0.17, "xanchor": "left", "yanchor": "top"}
            | {"showactive": False, "buttons": [{"label": w, "method": "animate", "args": a} for w, a in buttons]}
            | look
        ],
        "sliders": [
            {"x": 0.2, "len": 0.45, "y": -0.13, "steps": jumps, "currentvalue": {"visible": False}, "pad": {"t": 12}}
            | {"font": {"color": theme.ink}, "bgcolor": theme.grid, "bordercolor": theme.grid}
        ],
    }


def branches(
    result: Branches,
    theme: Theme,
    *,
    titles: tuple[str, str],
    names: Sequence[str],
    shape: tuple[int, int],
    shares: int = 4,
) -> go.Figure:
    """Two groups of runs at one step: where they lie, what their images show and how they are read (Supplement B).

    The number of a run is its point's `customdata`.
    """
    over = [f"{titles[k]}, {(result.branch == k).sum()} runs: mean, then single runs" for k in (0, 1)]
    figure = make_subplots(
        2, 3, column_widths=[0.32, 0.44, 0.24], horizontal_spacing=0.07, vertical_spacing=0.24,
        specs=[[{"rowspan": 2}, {}, {}], [None, {}, {}]],
        subplot_titles=[f"t = {result.t}", over[0], "read as", over[1], "read as"],
    )  # fmt: skip
    figure.update_annotations(font={"size": 12, "color": theme.ink})
    colours, symbols = theme.points[:2], ("circle", "diamond-open")
    for k in (0, 1):
        x, y = result.embedding[result.t, result.branch == k].T
        marker = {"size": 5, "color": colours[k], "opacity": 0.7, "symbol": symbols[k]}
        runs = np.flatnonzero(result.branch == k).tolist()
        figure.add_scatter(x=x, y=y, mode="markers", marker=marker, customdata=runs, row=1, col=1)
        add_tiles(
            figure, np.concatenate([result.mean_images[k][None], result.sample_images[k]]), shape, row=k + 1, col=2
        )
        most = np.argsort(-result.predicted_share[k], kind="stable")[:shares]
        figure.add_bar(
            x=100 * result.predicted_share[k][most], y=[names[i] for i in most], orientation="h",
            marker={"color": [theme.labels[i] for i in most]}, row=k + 1, col=3,
        )  # fmt: skip
        figure.update_xaxes(range=[0, 100], ticksuffix=" %", nticks=3, row=k + 1, col=3)
        figure.update_yaxes(type="category", autorange="reversed", showgrid=False, row=k + 1, col=3)
    figure.update_yaxes(scaleanchor="x2", row=1, col=2)
    figure.update_yaxes(scaleanchor="x4", row=2, col=2)
    figure.update_xaxes(title="PC 1", row=1, col=1)
    figure.update_yaxes(title="PC 2", scaleanchor="x", row=1, col=1)
    figure.update_layout(template=theme.template(), height=330, margin={"l": 56, "t": 30, "b": 44, "r": 24})
    return figure
