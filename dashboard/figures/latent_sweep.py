"""The test bound over the number of latent units (Fig. 9)."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figure_results import LatentSweep
from dashboard.figures.concepts import log_axis
from dashboard.theme import Theme

GRID_COMMAND = "python -m core grid"


def elbo_over_latents(sweep: LatentSweep, theme: Theme, *, shipped: Sequence[tuple[int, float]] = ()) -> go.Figure:
    """The best test bound of every N_z, all trainings as faint points; what diverged or is missing is counted.

    Worse trainings than twice the range of the best ones would flatten the curve: they stand at the upper border.

    Args:
        sweep: The grid of trainings.
        theme: Colours.
        shipped: N_z and bound of models that were trained by another, longer recipe: a second series.
    """
    figure = go.Figure(layout={"template": theme.template()})
    drawn = [*sweep.best[np.isfinite(sweep.best)].tolist(), *(bound for _, bound in shipped)]
    low, high = (min(drawn), max(drawn)) if drawn else (0.0, 1.0)
    top = high + max(high - low, 1.0) * (1.0 if np.isfinite(sweep.best).any() else 0.2)
    if np.isfinite(sweep.negative_elbo).any():
        add_grid(figure, sweep, theme, top)
    if shipped:
        add_shipped(figure, shipped, theme)
    log_axis(figure, sorted({*map(int, sweep.n_latents), *(n for n, _ in shipped)}))
    figure.update_yaxes(title="test −ELBO, nats per image", range=[low - 0.08 * (top - low), top])
    figure.add_annotation(
        x=1, y=1, xref="paper", yref="paper", text=note_of(sweep), showarrow=False, xanchor="right", yanchor="bottom"
    )
    figure.update_layout(height=320, margin={"l": 62, "t": 28, "r": 24})
    return figure


def add_grid(figure: go.Figure, sweep: LatentSweep, theme: Theme, top: float) -> None:
    """The trainings of the grid and the best of each N_z."""
    n_latents, best, bounds = sweep.n_latents, sweep.best, sweep.negative_elbo
    n = np.broadcast_to(n_latents[:, None, None], bounds.shape)
    ran, shown = np.isfinite(bounds), np.isfinite(bounds) & (bounds <= top)
    faint = {"color": theme.quiet, "size": 5, "opacity": 0.45}
    figure.add_scatter(x=n[shown], y=bounds[shown], mode="markers", marker=faint)
    beyond = n[ran & ~shown]
    upward = faint | {"symbol": "triangle-up"}
    figure.add_scatter(x=beyond, y=np.full(len(beyond), top), mode="markers", marker=upward, cliponaxis=False)
    line = {"color": theme.points[0], "width": 2}
    figure.add_scatter(x=n_latents, y=best, mode="lines+markers", line=line, marker={"size": 8}, connectgaps=False)
    last = int(np.flatnonzero(np.isfinite(best))[-1])
    figure.add_annotation(
        x=float(np.log10(n_latents[last])), y=float(best[last]), text="best of the grid", showarrow=False,
        xanchor="right", xshift=4, yshift=16, font={"color": theme.points[0]},
    )  # fmt: skip
    for n_latent in n_latents[np.isnan(best)]:  # at the top, where no curve is
        figure.add_annotation(
            x=float(np.log10(n_latent)),
            y=1,
            yref="paper",
            text="missing",
            textangle=-90,
            showarrow=False,
            yanchor="top",
        )


def add_shipped(figure: go.Figure, shipped: Sequence[tuple[int, float]], theme: Theme) -> None:
    """The models that are shipped, by their own recipe."""
    n_latents, bounds = zip(*sorted(shipped), strict=True)
    line = {"color": theme.points[1], "width": 1.5, "dash": "dot"}
    marker = {"size": 8, "symbol": "diamond"}
    figure.add_scatter(x=n_latents, y=bounds, mode="lines+markers", line=line, marker=marker)
    figure.add_annotation(  # at the right end, where no training of the grid lies below
        x=float(np.log10(n_latents[-1])), y=bounds[-1], text="the shipped models, longer trained", showarrow=False,
        xanchor="right", xshift=8, yshift=-16, font={"color": theme.points[1]},
    )  # fmt: skip


def note_of(sweep: LatentSweep) -> str:
    """How long the trainings ran, and how many there are."""
    if not sweep.epochs.any():
        return f"No training of the grid is here. Train it: {GRID_COMMAND}"
    epochs = sorted({int(e) for e in sweep.best_epochs if e})
    length = f"{epochs[0]} epochs" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]} epochs"
    n, missing = sweep.negative_elbo.size, int(np.isnan(sweep.negative_elbo).sum())
    diverged = int(np.isinf(sweep.negative_elbo).sum())
    return f"{n - missing} of {n} trainings, {length}; {diverged} diverged, {missing} missing"
