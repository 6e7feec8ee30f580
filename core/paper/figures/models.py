"""Figures of models: where their concepts lie, what N_z changes, the network (Figs. 7 to 10, Supplement E)."""

import numpy as np

from core import experiments
from core.figure_results import ConceptDynamics, Geometry
from core.paper.figures.figure import Figure, share_of, specs_by_n_latent
from core.paper.results import GeometryOfEveryNLatent, LatentSweepWithModels, NetworkSizes, OrthogonalityWithRuns
from core.progress import Progress
from core.session import Session
from core.specs import DynamicsSpec, EnsembleSpec, FigureSpec, GridSpec

N_LATENTS = (2, 20, 100)  # of the runs that the paper shows beside Fig. 8


def geometry(session: Session, spec: FigureSpec, _: Progress) -> Geometry:
    """Where the concepts of one model lie."""
    return experiments.geometry(spec.model, session)


def geometry_of_every_n_latent(session: Session, spec: FigureSpec, _: Progress) -> GeometryOfEveryNLatent:
    """The same of every shipped number of latent units."""
    specs = specs_by_n_latent(session, spec)
    return GeometryOfEveryNLatent({n: experiments.geometry(own.model, session) for n, own in specs.items()})


def orthogonality(session: Session, spec: FigureSpec, progress: Progress) -> OrthogonalityWithRuns:
    """The same, and runs of the three numbers of latent units that the paper shows them of."""
    specs = specs_by_n_latent(session, spec)
    runs, shown = {}, [n for n in N_LATENTS if n in specs]
    for i, n in enumerate(shown):
        report = share_of(progress, i, len(shown), f"N_z = {n}")
        runs[n] = session.result(experiments.trajectories, specs[n].part(EnsembleSpec), progress=report)
    return OrthogonalityWithRuns(geometry_of_every_n_latent(session, spec, progress).geometries, runs)


def latent_sweep(session: Session, spec: FigureSpec, _: Progress) -> LatentSweepWithModels:
    """The trainings of the grid, and the shipped models that say how good they are."""
    dataset = session.library.entry(spec.model).spec.dataset
    shipped = {
        entry.spec.n_latent: entry.card.test_negative_elbo
        for entry in session.library.one_per_n_latent(dataset)
        if entry.card.test_negative_elbo is not None
    }
    return LatentSweepWithModels(experiments.latent_sweep(GridSpec(dataset=dataset)), shipped)


def concept_dynamics(session: Session, spec: FigureSpec, progress: Progress) -> ConceptDynamics:
    """How one step moves what is near the concepts."""
    return session.result(experiments.concept_dynamics, spec.part(DynamicsSpec), progress=progress)


def network_sizes(session: Session, spec: FigureSpec, _: Progress) -> NetworkSizes:
    """How many units the layers of a model have."""
    entry = session.library.entry(spec.model)
    n_pixels = entry.image_shape[0] * entry.image_shape[1]
    return NetworkSizes(np.array([n_pixels, entry.spec.n_hidden, entry.spec.n_latent]))


FIG7A = Figure(
    "fig7a", "Fig. 7a", "Activity of every latent unit in every concept", "N_z = 100", geometry, result_name="geometry",
    claims=(8,), choices=("model",),
)  # fmt: skip
FIG7B = Figure(
    "fig7b", "Fig. 7b", "Variance explained by the leading dimensions", "N_z = 100", geometry, result_name="geometry",
    claims=(8,), choices=("model",),
)  # fmt: skip
FIG8 = Figure(
    "fig8", "Fig. 8", "Orthogonality of the concepts over N_z, and runs beside it", "‘6’, N_z = 2, 20, 100",
    orthogonality, claims=(9, 10, 19), rests_on=("models",),
)  # fmt: skip
SUPP_E = Figure(
    "suppE", "Supp. E", "Cosine similarities of the concepts", "every N_z", geometry_of_every_n_latent,
    claims=(9,), rests_on=("models",), choices=("model",),
)  # fmt: skip
FIG9 = Figure(
    "fig9", "Fig. 9", "Test bound over N_z", "best of nine, 100 epochs", latent_sweep,
    claims=(10, 12), rests_on=("models", "grid"), choices=("model",),
)  # fmt: skip
SADDLES = Figure(
    "saddles", "Discussion", "One step around the concepts: saddles or not", "p = 0.2; a conjecture",
    concept_dynamics, result_name="dynamics", claims=(15,), choices=("model", "noise_kind", "noise", "n_runs"),
)  # fmt: skip
FIG10 = Figure("fig10", "Fig. 10", "The network and its sizes", "a drawing", network_sizes, choices=("model",))
