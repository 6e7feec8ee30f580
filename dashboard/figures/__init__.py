"""One pure function per picture: a result goes in, a plotly figure comes out. Nothing here computes or remembers."""

from dashboard.figures.explore import course, distances, plane
from dashboard.figures.marks import LABEL_SHARE, POINT_NAMES, extent, spread
from dashboard.figures.stages import stage_bands, stage_chart

__all__ = [
    "LABEL_SHARE",
    "POINT_NAMES",
    "course",
    "distances",
    "extent",
    "plane",
    "spread",
    "stage_bands",
    "stage_chart",
]
