"""The files of a figure: what they are called, their recipe, and the tables of its result."""

from typing import Any

from core.paper.figures.questions import recipe
from core.paper.figures.registry import figure_of
from core.paper.shipped import result_type
from core.provenance import provenance
from core.session import Session
from core.specs import FigureSpec
from core.table_words import LATENT
from core.tables import table_names

DISTANCES = {"suppC": "standard deviations of the memories"}  # Mahalanobis


def figure_recipe(session: Session, id: str, spec: FigureSpec) -> dict[str, Any]:
    """What a figure can be computed from again, by the command that it names.

    Args: as `recipe`.

    Returns:
        For JSON: that of `recipe`, and the provenance.
    """
    command = f"python -m dashboard figure --recipe {figure_stem(id, spec)}.json"
    return recipe(session, id, spec) | provenance(session, spec, command)


def figure_stem(id: str, spec: FigureSpec) -> str:
    """What the files of a figure are called: the figure, and the settings that change it.

    Example:
        >>> figure_stem("fig4a", FigureSpec(model="mnist-nz100-seed0"))
        'fig4a_mnist-nz100-seed0_6_permute_300runs'
    """
    form = {"noise": "p{:g}", "n_runs": "{}runs", "t": "t{}"}
    return "_".join([id, *(form.get(name, "{}").format(getattr(spec, name)) for name in figure_of(id).choices)])


def figure_tables(id: str) -> dict[str, str]:
    """The tables of a figure's result: their names, and by what their rows are counted, in words."""
    indices = table_names(result_type(figure_of(id)))
    return {
        name: f"by {' and '.join(index).replace('_', ' ')}" if index else "single values"
        for name, index in indices.items()
    }


def distance_unit(id: str) -> str:
    """The unit of the distances of a figure."""
    return DISTANCES.get(id, LATENT)
