"""The figures of the paper, in its order: the page and the command line read them here.

::

    id, settings as text --> figure_spec --> FigureSpec --> Figure.compute --> FigureResult --> drawn or filed
                                                        `--> recipe: id, spec, SHA-256 of every file it rests on
"""

from core.paper.figures import approach, models, runs, stages
from core.paper.figures.figure import Figure
from core.schema import SpecError

FIGURES: dict[str, Figure] = {
    figure.id: figure
    for figure in (
        runs.FIG1,
        runs.SUPP_A,
        runs.FIG2,
        runs.MOVIES,
        runs.SUPP_B,
        approach.FIG3,
        approach.SUPP_C,
        approach.SUPP_D,
        approach.SUPP_F,
        stages.FIG4A,
        stages.FIG4B,
        stages.STAGES,
        stages.STAGES_NZ,
        stages.FIG5A,
        stages.FIG5B,
        runs.FIG6,
        models.FIG7A,
        models.FIG7B,
        models.FIG8,
        models.SUPP_E,
        models.FIG9,
        models.SADDLES,
        models.FIG10,
    )
}
"""By their ids."""


def figure_of(id: str) -> Figure:
    """A figure by its id.

    Raises:
        SpecError: There is none of that id.
    """
    if id not in FIGURES:
        raise SpecError("There is no such figure here. Choose one of the list.")
    return FIGURES[id]


def figures_of_claim(number: int) -> tuple[str, ...]:
    """The ids of the figures that show a claim, in the order of the paper."""
    return tuple(figure.id for figure in FIGURES.values() if number in figure.claims)
