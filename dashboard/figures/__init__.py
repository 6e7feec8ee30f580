"""One pure function per picture: a result goes in, a plotly figure comes out. Nothing here computes or remembers."""

from dashboard.figures.approach import all_concepts, approach
from dashboard.figures.concepts import concept_map, contribution, cosine_matrices, dynamics, orthogonality_with_runs
from dashboard.figures.history import histories, history
from dashboard.figures.label_map import label_map
from dashboard.figures.latent_sweep import elbo_over_latents
from dashboard.figures.marks import LABEL_SHARE, LETTER, POINT_NAMES, extent, point_names, spread
from dashboard.figures.runs import branches, movie, strip, windows
from dashboard.figures.schematic import network, schematic
from dashboard.figures.stages import minimum_steps, spans, stage_chart, stage_map

__all__ = [
    "LABEL_SHARE",
    "LETTER",
    "POINT_NAMES",
    "all_concepts",
    "approach",
    "branches",
    "concept_map",
    "contribution",
    "cosine_matrices",
    "dynamics",
    "elbo_over_latents",
    "extent",
    "histories",
    "history",
    "label_map",
    "minimum_steps",
    "movie",
    "network",
    "orthogonality_with_runs",
    "point_names",
    "schematic",
    "spans",
    "spread",
    "stage_chart",
    "stage_map",
    "strip",
    "windows",
]
