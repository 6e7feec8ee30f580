"""The test bound over the number of latent units (Fig. 9)."""

import numpy as np
import plotly.graph_objects as go

from core.results import LatentSweep
from dashboard.figures.concepts import log_axis
from dashboard.theme import Theme


def elbo_over_latents(sweep: LatentSweep, theme: Theme) -> go.Figure:
    """The best test bound of every N_z, all trainings as faint points; what diverged or is missing is counted.

    Worse trainings than twice the range of the best ones would flatten the curve: they stand at the upper border.
    """
    figure = go.Figure(layout={"template": theme.template()})
    n_latents, best, bounds = sweep.n_latents, sweep.best, sweep.negative_elbo
    low, high = float(np.nanmin(best)), float(np.nanmax(best))
    top = high + max(high - low, 1.0)
    n = np.broadcast_to(n_latents[:, None, None], bounds.shape)
    ran, shown = np.isfinite(bounds), np.isfinite(bounds) & (bounds <= top)
    faint = {"color": theme.quiet, "size": 5, "opacity": 0.45}
    figure.add_scatter(x=n[shown], y=bounds[shown], mode="markers", marker=faint)
    beyond = n[ran & ~shown]
    upward = faint | {"symbol": "triangle-up"}
    figure.add_scatter(x=beyond, y=np.full(len(beyond), top), mode="markers", marker=upward, cliponaxis=False)
    line = {"color": theme.points[0], "width": 2}
    figure.add_scatter(x=n_latents, y=best, mode="lines+markers", line=line, marker={"size": 8}, connectgaps=False)
    for each in n_latents[np.isnan(best)]:
        figure.add_annotation(
            x=float(np.log10(each)), y=0, yref="paper", text="missing", textangle=-90, showarrow=False, yanchor="bottom"
        )
    log_axis(figure, [int(each) for each in n_latents])
    figure.update_yaxes(title="test −ELBO, nats per image", range=[low - 0.08 * (top - low), top])
    figure.add_annotation(
        x=1, y=1, xref="paper", yref="paper", text=said(sweep), showarrow=False, xanchor="right", yanchor="bottom"
    )
    figure.update_layout(height=320, margin={"l": 62, "t": 28})
    return figure


def said(sweep: LatentSweep) -> str:
    """How long the trainings ran, and how many there are."""
    epochs = sorted({int(e) for e in sweep.best_epochs if e})
    length = f"{epochs[0]} epochs" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]} epochs"
    n, missing = sweep.negative_elbo.size, int(np.isnan(sweep.negative_elbo).sum())
    diverged = int(np.isinf(sweep.negative_elbo).sum())
    return f"{n - missing} of {n} trainings, {length}; {diverged} diverged, {missing} missing"
