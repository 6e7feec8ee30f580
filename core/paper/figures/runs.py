"""Figures of single runs and of collective runs in a plane (Figs. 1, 2 and 6, the movies, Supplements A and B)."""

from dataclasses import replace

from core import experiments
from core.figure_results import Branches
from core.paper.figures.figure import Figure
from core.paper.results import EmbeddingInSpace, RunInPlane, RunInSpace, RunOfEveryLabel
from core.progress import Progress
from core.session import Session
from core.specs import BranchSpec, EmbeddingSpec, FigureSpec, InferenceSpec


def run(session: Session, spec: FigureSpec, _: Progress) -> RunInSpace:
    """One run, and its concept."""
    return RunInSpace(experiments.run(spec, session), experiments.latent_space(spec.model, session))


def run_of_every_label(session: Session, spec: FigureSpec, _: Progress) -> RunOfEveryLabel:
    """A run of every label, from the same sample of each."""
    labels = range(len(session.library.entry(spec.model).label_names))
    runs = {label: experiments.run(replace(spec, label=label), session) for label in labels}
    return RunOfEveryLabel(runs, experiments.latent_space(spec.model, session))


def embedding(session: Session, spec: InferenceSpec, progress: Progress) -> EmbeddingInSpace:
    """Collective runs in windowed PCA, unless the question asks for fixed axes."""
    runs = session.result(experiments.embedding, spec.part(EmbeddingSpec), progress=progress)
    return EmbeddingInSpace(runs, experiments.latent_space(spec.model, session))


def run_in_plane(session: Session, spec: FigureSpec, progress: Progress) -> RunInPlane:
    """A run among collective runs on the axes of all memories."""
    plane = embedding(session, replace(spec, basis="fixed"), progress)
    return RunInPlane(plane.embedding, plane.space, experiments.run(spec, session))


def branches(session: Session, spec: FigureSpec, progress: Progress) -> Branches:
    """Two clusters of the runs at a step, or the runs that were chosen and the others."""
    return session.result(experiments.branches, spec.part(BranchSpec), progress=progress)


FIG1 = Figure(
    "fig1",
    "Fig. 1",
    "A noisy image step by step, and its concept",
    "‘6’, p = 0.2",
    run,
    claims=(1, 18),
    choices=("model", "label", "noise_kind", "noise"),
)
SUPP_A = Figure(
    "suppA",
    "Supp. A",
    "The same for every label",
    "p = 0.2",
    run_of_every_label,
    choices=("model", "noise_kind", "noise"),
)
FIG2 = Figure(
    "fig2", "Fig. 2", "Collective runs in windowed PCA", "‘1’; p and number of runs are ours", embedding,
    claims=(7, 16), label=1,
)  # fmt: skip
MOVIES = Figure(
    "movies", "Movies S1-S10", "The same as a movie, any label", "‘1’; p and number of runs are ours", embedding,
    label=1,
)  # fmt: skip
SUPP_B = Figure(
    "suppB", "Supp. B", "Two branches of the runs, and their predicted labels", "‘1’, t = 10", branches,
    result_name="branches", claims=(7,), label=1, rests_on=("classifier",),
    choices=("model", "label", "noise_kind", "noise", "n_runs", "t"),
)  # fmt: skip
FIG6 = Figure(
    "fig6", "Fig. 6", "Memory, concept and abstract concept in the plane", "a drawing", run_in_plane, claims=(17,)
)
