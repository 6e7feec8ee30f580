"""Where the concepts of a model lie (Figs. 7 and 8, Supplement E), and what one step does around them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figure_results import ConceptDynamics, Geometry
from core.results import Trajectories
from dashboard.figures.marks import band, label_ends, panel_of, point_names, small_multiples
from dashboard.theme import Theme, rgba

ACTIVE = 0.01  # variance of an active latent unit (Burda et al. 2016)
PAPER_DIMENSIONS = {0.7: 9, 1.0: 14}  # of the paper's model with 100 latents, by share of the variance
OURS = (0.7, 0.99)


def diverging(theme: Theme) -> list[list[object]]:
    """A colour scale with the paper's colour in its middle."""
    return [[0, theme.points[0]], [0.5, theme.paper], [1, theme.points[1]]]


def concept_map(geometry: Geometry, theme: Theme, *, names: Sequence[str]) -> go.Figure:
    """The activity of every latent unit in every concept, units sorted by their variance (Fig. 7a)."""
    order = np.argsort(-geometry.variance, kind="stable")
    units = np.arange(1, len(order) + 1)
    figure = make_subplots(2, 1, shared_xaxes=True, row_heights=[0.32, 0.68], vertical_spacing=0.06)
    figure.add_bar(x=units, y=geometry.variance[order], marker={"color": theme.quiet}, row=1, col=1)
    figure.add_hline(y=ACTIVE, line={"color": theme.ink, "width": 1, "dash": "dot"}, **panel_of(0, 1))
    limit = float(np.abs(geometry.concepts).max())
    bar = {"title": {"text": "activity", "side": "right"}, "thickness": 10, "len": 0.66, "y": 0.33, "outlinewidth": 0}
    figure.add_heatmap(
        x=units, y=list(names), z=geometry.concepts[:, order], zmin=-limit, zmax=limit, colorscale=diverging(theme),
        colorbar=bar, row=2, col=1,
    )  # fmt: skip
    n_active = int(geometry.active.sum())
    for row in (0, 1):
        figure.add_vline(x=n_active + 0.5, line={"color": theme.ink, "width": 1}, **panel_of(row, 1))
    side = ("left", 6) if n_active < 0.6 * len(order) else ("right", -6)
    figure.add_annotation(
        x=n_active + 0.5, y=1, yref="paper", text=f"{n_active} of {len(order)} active: variance above {ACTIVE}",
        showarrow=False, xanchor=side[0], xshift=side[1], yanchor="bottom", font={"color": theme.ink},
    )  # fmt: skip
    figure.update_yaxes(type="log", title="variance", exponentformat="power", nticks=4, row=1, col=1)
    figure.update_yaxes(
        type="category", title={"text": "concept of", "standoff": 16}, autorange="reversed", dtick=1, row=2, col=1
    )
    figure.update_yaxes(showgrid=False, row=2, col=1)
    figure.update_xaxes(range=[0.5, len(order) + 0.5], showgrid=False)
    figure.update_xaxes(title="latent unit, sorted by variance", row=2, col=1)
    figure.update_layout(
        template=theme.template(), height=400, margin={"t": 28, "l": 40 + 8 * max(4, *map(len, names)), "r": 20}
    )
    return figure


def contribution(geometry: Geometry, theme: Theme) -> go.Figure:
    """The share of the memories' variance that the leading dimensions explain (Fig. 7b).

    The thin lines are the paper's numbers of dimensions, of its own model.
    """
    ratio = np.concatenate([[0.0], geometry.contribution_ratio])
    figure = go.Figure(layout={"template": theme.template()})
    for share, dimensions in PAPER_DIMENSIONS.items():
        figure.add_vline(x=dimensions, line={"color": theme.quiet, "width": 1, "dash": "dot"}, layer="below")
        figure.add_annotation(
            x=dimensions, y=0.02 + 0.09 * (share == 1), yref="paper", showarrow=False, xanchor="left", xshift=4,
            yanchor="bottom", text=f"paper: {100 * share:.0f} % in {dimensions}", font={"color": theme.quiet},
        )  # fmt: skip
    line = {"color": theme.points[0], "width": 2}
    figure.add_scatter(x=np.arange(len(ratio)), y=100 * ratio, mode="lines", line=line)
    for share in OURS:
        dimensions = int(np.argmax(ratio >= share)) if (ratio >= share).any() else len(ratio) - 1
        figure.add_scatter(
            x=[dimensions], y=[100 * ratio[dimensions]], mode="markers",
            marker={"color": theme.paper, "size": 9, "line": {"color": theme.points[0], "width": 2}},
        )  # fmt: skip
        figure.add_annotation(
            x=dimensions, y=100 * ratio[dimensions], text=f"here: {100 * share:.0f} % in {dimensions}", showarrow=False,
            xanchor="left", xshift=9, yanchor="top", yshift=-4, font={"color": theme.points[0]},
        )  # fmt: skip
    end = min(len(ratio) - 1, max(20, 3 * int(np.argmax(ratio >= OURS[1])) // 2))
    figure.update_xaxes(title="dimensions", range=[0, end])
    figure.update_yaxes(title="explained variance", ticksuffix=" %", range=[0, 104])
    figure.update_layout(height=300, margin={"l": 62})
    return figure


def orthogonality_with_runs(
    points: Sequence[tuple[int, float]],
    runs: Mapping[str, Trajectories],
    theme: Theme,
    *,
    label: str,
    floors: Mapping[str, Sequence[tuple[int, float]]] = MappingProxyType({}),
) -> go.Figure:
    """How far the concepts are from orthogonal, over N_z, and how runs pass memory and concept for some N_z (Fig. 8).

    Args:
        points: N_z and squared Frobenius norm of C - I of each model; several of one N_z are several points.
        runs: Of a label, by N_z; each on a panel with its own scale.
        theme: Colours.
        label: Name of the runs' label.
        floors: By name, what such concepts would have over N_z: random directions, vectors of zero mean.
    """
    shares = [f"N_z = {n}: {100 * cloud.ensemble.same_step_approach_share:.0f} % approach" for n, cloud in runs.items()]
    columns = max(1, len(runs))
    rows = 2 if runs else 1
    figure = make_subplots(
        rows, columns, row_heights=[0.55, 0.45][:rows], vertical_spacing=0.19, horizontal_spacing=0.07,
        specs=[[{"colspan": columns}, *[None] * (columns - 1)], [{}] * columns][:rows],
        subplot_titles=["", *shares],
    )  # fmt: skip
    figure.update_annotations(font={"size": 12, "color": theme.ink})
    n_latents = sorted({n for n, _ in points})
    mean = [float(np.mean([gap for n, gap in points if n == n_latent])) for n_latent in n_latents]
    line = {"color": rgba(theme.points[0], 0.6), "width": 1.5}
    figure.add_scatter(x=n_latents, y=mean, mode="lines", line=line, row=1, col=1)
    figure.add_scatter(
        x=[n for n, _ in points], y=[gap for _, gap in points], mode="markers",
        marker={"color": theme.points[0], "size": 8, "opacity": 0.8}, row=1, col=1,
    )  # fmt: skip
    ends = []
    for (name, floor), dash in zip(floors.items(), ("dash", "dot"), strict=False):
        x, y = zip(*floor, strict=True)
        dashed = {"color": theme.quiet, "width": 1.5, "dash": dash}
        figure.add_scatter(x=x, y=y, mode="lines", line=dashed, row=1, col=1)
        ends.append((float(y[-1]), name, theme.quiet))
    if ends:
        label_ends(figure, ends, max(gap for _, gap in points))
    log_axis(figure, n_latents, row=1, col=1)
    figure.update_yaxes(title="‖C − I‖², 0 is orthogonal", rangemode="tozero", row=1, col=1)
    for i, cloud in enumerate(runs.values()):
        beside(figure, cloud, theme, row=2, col=i + 1)
    if runs:
        figure.update_yaxes(title="distance", row=2, col=1)
        name_curves(figure, list(runs.values())[-1], theme, label, axis=f"y{columns + 1}")
    margin = {"l": 62, "t": 14, "r": 128 if floors else 96}
    figure.update_layout(template=theme.template(), height=300 + 220 * (rows - 1), margin=margin)
    return figure


def beside(figure: go.Figure, cloud: Trajectories, theme: Theme, **panel: Any) -> None:
    """Mean distance of runs to their own memory and to the concept, on a panel of its own."""
    steps = np.arange(cloud.distances.shape[1])
    dotted = {"color": theme.quiet, "width": 1.5, "dash": "dot"}
    figure.add_scatter(x=steps, y=cloud.line, mode="lines", line=dotted, **panel)
    for k in (0, 1):
        band(figure, steps, cloud.distances[k], 2 * cloud.distances_sem[k], theme.points[k], **panel)
    figure.update_xaxes(title="step t", range=[0, steps[-1]], nticks=4, **panel)
    figure.update_yaxes(range=ends_of(cloud), nticks=5, **panel)


def name_curves(figure: go.Figure, cloud: Trajectories, theme: Theme, label: str, axis: str) -> None:
    """The names of the curves at the ends of the rightmost ones."""
    names = (*point_names(label)[:2], "straight line")
    curves = (*cloud.distances[:2], cloud.line)
    ends = [
        (float(curve[-1]), name, colour)
        for curve, name, colour in zip(curves, names, (*theme.points[:2], theme.quiet), strict=True)
    ]
    low, top = ends_of(cloud)
    label_ends(figure, ends, top, axis=axis, low=low)


def ends_of(cloud: Trajectories) -> tuple[float, float]:
    """The ends of an axis that holds the curves of `beside`."""
    errors = 2 * cloud.distances_sem[:2]
    low = min(float((cloud.distances[:2] - errors).min()), float(cloud.line.min()))
    high = max(float((cloud.distances[:2] + errors).max()), float(cloud.line.max()))
    return max(0.0, low - 0.06 * (high - low)), high + 0.06 * (high - low)


def log_axis(figure: go.Figure, n_latents: Sequence[int], **panel: Any) -> None:
    """N_z on a logarithmic axis, whose ticks are the values that there are (or their neighbours, where they crowd)."""
    ticks: list[int] = []
    for n in n_latents:
        if not ticks or n / ticks[-1] > 1.15:
            ticks.append(n)
    low, high = np.log10(n_latents[0]), np.log10(n_latents[-1])
    figure.update_xaxes(
        type="log", title="latent units N_z", tickvals=ticks, ticktext=[str(n) for n in ticks],
        range=[low - 0.05, high + 0.05], **panel,
    )  # fmt: skip


def cosine_matrices(geometries: Mapping[str, Geometry], theme: Theme, *, names: Sequence[str]) -> go.Figure:
    """The cosine similarities of the ten concepts, a matrix per model (Supplement E).

    Args:
        geometries: By title of the panel.
        theme: Colours.
        names: Of the labels.
    """
    columns = min(5, len(geometries))
    titles = [f"{title}<br>‖C − I‖² = {geometry.orthogonality_gap:.1f}" for title, geometry in geometries.items()]
    figure = small_multiples(titles, theme, columns=columns, x="concept of", y="concept of", row_height=230)
    for i, geometry in enumerate(geometries.values()):
        figure.add_heatmap(
            z=geometry.cosine_similarity, x=list(names), y=list(names), coloraxis="coloraxis", **panel_of(i, columns)
        )
    bar = {"title": {"text": "cosine", "side": "right"}, "thickness": 10, "outlinewidth": 0}
    figure.update_layout(coloraxis={"cmin": -1, "cmax": 1, "colorscale": diverging(theme), "colorbar": bar})
    if (longest := max(map(len, names))) > 1:
        clear_of_names(figure, 9 * longest)
    figure.update_xaxes(type="category", showgrid=False)
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, automargin=True)
    return figure


def clear_of_names(figure: go.Figure, room: int) -> None:
    """Move the names of the axes of small multiples off long names of labels, which take so many pixels."""
    layout: Any = figure.layout
    below, beside = layout.annotations[-2:]
    below.yshift -= room
    beside.xshift -= room
    margin = {"l": layout.margin.l + room, "b": layout.margin.b + room}
    figure.update_layout(height=layout.height + room, margin=margin)


def dynamics(result: ConceptDynamics, theme: Theme, *, names: Sequence[str]) -> go.Figure:
    """Are concepts saddles? The eigenvalues of one step at every concept, and what it does along and across the noise.

    The authors conjecture that a concept attracts along the noise (below 1) and repels across it (above 1). Full: the
    length of a displacement u (v) after one step, that of v a root mean square; open: what remains along its direction.
    """
    titles = ("eigenvalues of one step: how many grow", "one step along and across the noise")
    figure = make_subplots(1, 2, horizontal_spacing=0.12, subplot_titles=titles)
    figure.update_annotations(font={"size": 12, "color": theme.ink}, yshift=20)
    unit_line = {"color": theme.ink, "width": 1, "dash": "dot"}
    for i, (name, moduli) in enumerate(zip(names, result.moduli, strict=True)):
        marker = {"size": 5, "color": theme.labels[i], "opacity": 0.6}
        figure.add_scatter(x=[name] * len(moduli), y=moduli, mode="markers", marker=marker, row=1, col=1)
        figure.add_annotation(
            x=i, y=1, yref="y domain", text=str(result.expanding[i]), showarrow=False, yanchor="bottom",
            font={"color": theme.labels[i]}, row=1, col=1,
        )  # fmt: skip
    series = (
        (result.noise_gain, "circle", "|Ju| along", theme.points[0]),
        (result.noise_stretch, "circle-open", "u·Ju along", theme.points[0]),
        (result.orthogonal_gain, "diamond", "|Jv| across", theme.points[1]),
        (result.largest_orthogonal_stretch, "diamond-open", "largest v·Jv", theme.points[1]),
    )
    for gain, symbol, _, colour in series:
        marker = {"size": 8, "color": colour, "symbol": symbol}
        figure.add_scatter(x=list(names), y=gain, mode="markers", marker=marker, row=1, col=2)
    low, top = min(0.0, *(float(points[0].min()) for points in series)), max(1.0, *(float(s[0].max()) for s in series))
    low, top = low - 0.06 * (top - low) * (low < 0), top + 0.12 * (top - low)
    label_ends(figure, [(float(gain[-1]), name, colour) for gain, _, name, colour in series], top, axis="y2", low=low)
    for i in (0, 1):
        figure.add_hline(y=1, line=unit_line, **panel_of(i, 2))
    figure.update_xaxes(title="concept of", type="category", range=[-0.6, len(names) - 0.4], showgrid=False)
    figure.update_yaxes(title="modulus", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title="length after one step, 1 before", range=[low, top], row=1, col=2)
    margin = {"l": 56, "r": 92, "t": 52, "b": 56 + 4 * max(map(len, names))}
    figure.update_layout(template=theme.template(), height=340, margin=margin)
    return figure
