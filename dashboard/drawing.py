"""A figure of the paper from its result: what the registry computes is drawn by the function of the same id."""

import plotly.graph_objects as go

from core.library import Library
from core.paper.results import FigureResult
from core.specs import FigureSpec
from dashboard.figures.draw import DRAW, Subject
from dashboard.theme import Theme


def draw_figure(library: Library, id: str, spec: FigureSpec, result: FigureResult, theme: Theme) -> go.Figure:
    """Draw a result of `core.paper.figures.registry`.

    Args:
        library: Where the model is that the result is of.
        id: Of the figure.
        spec: Its settings.
        result: What it was computed as, complete or begun.
        theme: Colours.
    """
    entry = library.entry(spec.model)
    return DRAW[id](result, Subject(spec, entry.spec, entry.label_names, entry.image_shape), theme)
