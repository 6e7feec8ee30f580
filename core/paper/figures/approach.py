"""Figures of the distance to memory and concepts over the steps (Fig. 3, Supplements C, D and F)."""

from core import experiments
from core.figure_results import ApproachCurves
from core.paper.figures.figure import Figure
from core.progress import Progress
from core.session import Session
from core.specs import ApproachSpec, ExperimentSpec, FigureSpec


def euclidean(session: Session, spec: FigureSpec, progress: Progress) -> ApproachCurves:
    """Euclidean distances of runs of every label."""
    return curves(session, spec, progress, "euclidean")


def mahalanobis(session: Session, spec: FigureSpec, progress: Progress) -> ApproachCurves:
    """The same in units of the spread of the memories of the label."""
    return curves(session, spec, progress, "mahalanobis")


def curves(session: Session, spec: FigureSpec, progress: Progress, metric: str) -> ApproachCurves:
    """Distances over the steps, of runs of every label, in one of `core.specs.METRICS`."""
    runs = ApproachSpec(**spec.part(ExperimentSpec).to_dict(), noise=spec.noise, metric=metric)
    return session.result(experiments.approach_curves, runs, progress=progress)


OVER_LABELS = ("model", "noise_kind", "noise", "n_runs")

FIG3 = Figure(
    "fig3", "Fig. 3", "Distance to memory and concept, every label", "300 runs", euclidean, result_name="curves",
    claims=(1, 2), choices=OVER_LABELS,
)  # fmt: skip
SUPP_C = Figure(
    "suppC",
    "Supp. C",
    "The same in Mahalanobis distance",
    "300 runs",
    mahalanobis,
    result_name="curves",
    choices=OVER_LABELS,
)
SUPP_D = Figure(
    "suppD", "Supp. D", "Fig. 3 for Fashion-MNIST", "300 runs", euclidean, result_name="curves", claims=(14,),
    dataset="fashion", choices=OVER_LABELS,
)  # fmt: skip
SUPP_F = Figure(
    "suppF", "Supp. F", "Distance to the concepts of all labels", "300 runs", euclidean, result_name="curves",
    claims=(13,), choices=OVER_LABELS,
)  # fmt: skip
