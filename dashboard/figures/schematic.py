"""Drawings that are true to the loaded model (Figs. 6 and 10)."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.results import Embedding, LatentSpace, Run
from core.specs import ModelSpec
from dashboard.figures.marks import extent
from dashboard.theme import Theme, rgba

BOX = 0.085  # half the width of a layer, of the whole picture


def schematic(
    plane: Embedding, space: LatentSpace, run: Run, theme: Theme, *, label: int, names: Sequence[str]
) -> go.Figure:
    """Memory, concept and abstract concept in the plane of the memories' PCA, and how runs pass them (Fig. 6).

    Args:
        plane: Runs of a label in a plane that does not move (basis "fixed").
        space: Concepts of the model.
        run: One of the runs, with its memory.
        theme: Colours.
        label: Whose runs.
        names: Of the labels.
    """
    figure = go.Figure(layout={"template": theme.template()})

    def flat(z: np.ndarray) -> np.ndarray:
        return (z - plane.mean[0]) @ plane.basis[0].T

    concepts, own = flat(space.concepts), flat(run.z)
    mean = plane.embedding[:, 0].mean(1)
    points = (flat(run.memory[None])[0], concepts[label], flat(space.abstract_concept[None])[0])
    others = [k for k in range(len(names)) if k != label]
    figure.add_scatter(
        x=concepts[others, 0], y=concepts[others, 1], mode="text", text=[names[k] for k in others],
        textfont={"color": theme.quiet},
    )  # fmt: skip
    figure.add_scatter(x=own[:, 0], y=own[:, 1], mode="lines", line={"color": theme.quiet, "width": 1.2})
    figure.add_scatter(
        x=mean[:, 0], y=mean[:, 1], mode="lines+markers", line={"color": theme.ink, "width": 2}, marker={"size": 3}
    )
    names_of_points = ("a memory", f"concept ‘{names[label]}’", "abstract concept")
    for at, text, colour, symbol in zip(
        points, names_of_points, theme.points, ("square", "circle", "diamond"), strict=True
    ):
        figure.add_scatter(x=at[:1], y=at[1:], mode="markers", marker={"color": colour, "size": 11, "symbol": symbol})
        note(figure, at, f"<b>{text}</b>", colour, side="right" if symbol == "circle" else "left")
    note(figure, own[0], "z(0) of one run", theme.quiet)
    note(figure, mean[0], "z(0), mean of the runs", theme.ink)
    note(figure, mean[-1], f"z({len(mean) - 1})", theme.ink, side="right")
    low, high = extent(np.concatenate([concepts, own, mean, np.array(points)]), 0.14)
    share = 100 * plane.explained_variance_ratio[0].sum()
    figure.update_xaxes(title=f"PC 1 of the memories (both: {share:.0f} % of the variance)", range=[low[0], high[0]])
    figure.update_yaxes(title="PC 2 of the memories", range=[low[1], high[1]])
    figure.update_yaxes(scaleanchor="x", constrain="domain")
    figure.update_layout(height=440)
    return figure


def note(figure: go.Figure, at: np.ndarray, text: str, colour: str, side: str = "left") -> None:
    """A name beside a point (2,) of the plane."""
    figure.add_annotation(
        x=at[0],
        y=at[1],
        text=text,
        showarrow=False,
        xanchor=side,
        xshift=9 if side == "left" else -9,
        yshift=9,
        font={"color": colour},
    )


def network(spec: ModelSpec, n_pixels: int, theme: Theme) -> go.Figure:
    """The layers of the loaded model, with their sizes (Fig. 10); the arrow back is repeated inference."""
    figure = go.Figure(layout={"template": theme.template()})
    layers = (
        (0.08, 0.42, "image x(t)", f"{n_pixels} pixels", theme.quiet),
        (0.29, 0.34, "encoder", f"{spec.n_hidden} tanh", theme.points[0]),
        (0.5, 0.2, "latent z(t)", f"N_z = {spec.n_latent}<br>μ, log σ²", theme.points[1]),
        (0.71, 0.34, "decoder", f"{spec.n_hidden} tanh", theme.points[0]),
        (0.92, 0.42, "image x(t+1)", f"{n_pixels} sigmoid", theme.quiet),
    )
    for (x, half, name, size, colour), following in zip(layers, (*layers[1:], None), strict=True):
        figure.add_shape(
            type="rect", x0=x - BOX / 1.6, x1=x + BOX / 1.6, y0=0.56 - half, y1=0.56 + half,
            fillcolor=rgba(colour, 0.12), line={"color": colour, "width": 1.5},
        )  # fmt: skip
        figure.add_annotation(x=x, y=0.56, text=f"<b>{name}</b><br>{size}", showarrow=False, font={"color": theme.ink})
        if following:
            arrow(figure, x + BOX / 1.6, following[0] - BOX / 1.6, 0.56, theme.ink)
    figure.add_shape(type="path", path="M 0.92 0.14 L 0.92 0.04 L 0.08 0.04", line={"color": theme.ink, "width": 1.2})
    figure.add_annotation(
        x=0.08, y=0.14, ax=0.08, ay=0.04, axref="x", ayref="y", text="", arrowhead=2, arrowcolor=theme.ink
    )
    figure.add_annotation(
        x=0.5, y=0.04, text="the decoded image is the next input", showarrow=False, bgcolor=theme.paper
    )
    figure.add_scatter(x=[], y=[])
    figure.update_xaxes(visible=False, range=[0, 1], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-0.02, 1], fixedrange=True)
    figure.update_layout(height=260, margin={"l": 8, "r": 8, "t": 4, "b": 4})
    return figure


def arrow(figure: go.Figure, start: float, end: float, y: float, colour: str) -> None:
    """A horizontal arrow."""
    figure.add_annotation(
        x=end, y=y, ax=start, ay=y, axref="x", ayref="y", text="", arrowhead=2, arrowcolor=colour, arrowwidth=1.2
    )
