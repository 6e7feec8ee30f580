"""Figures over the noise p: minima, stages (Fig. 4 and maps of them) and predicted labels (Fig. 5)."""

from dataclasses import replace

from core import experiments
from core.figure_results import LabelMap
from core.paper.figures.figure import Figure, share_of, show, specs_by_n_latent, sweep_spec
from core.paper.results import SweepOfEveryLabel, SweepOfEveryNLatent
from core.progress import Progress
from core.results import NoiseSweep
from core.session import Session
from core.specs import ExperimentSpec, FigureSpec, LabelMapSpec


def sweep(session: Session, spec: FigureSpec, progress: Progress) -> NoiseSweep:
    """The noise sweep of one label, shown as it grows."""
    return experiments.cached_noise_sweep(
        sweep_spec(spec), session, progress=progress, watch=lambda begun: show(progress, begun)
    )


def sweep_of_every_label(session: Session, spec: FigureSpec, progress: Progress) -> SweepOfEveryLabel:
    """A noise sweep of every label, shown one by one."""
    names = session.library.entry(spec.model).label_names
    sweeps: dict[str, NoiseSweep | None] = dict.fromkeys(names)
    for i, name in enumerate(names):
        own, report = sweep_spec(replace(spec, label=i)), share_of(progress, i, len(names), f"label {name}")
        sweeps[name] = experiments.cached_noise_sweep(own, session, progress=report)
        show(progress, SweepOfEveryLabel(dict(sweeps)))
    return SweepOfEveryLabel(sweeps)


def sweep_of_every_n_latent(session: Session, spec: FigureSpec, progress: Progress) -> SweepOfEveryNLatent:
    """A noise sweep of one label with every shipped number of latent units, shown one by one."""
    specs = specs_by_n_latent(session, spec)
    sweeps: dict[int, NoiseSweep | None] = dict.fromkeys(specs)
    for i, (n_latent, own) in enumerate(specs.items()):
        report = share_of(progress, i, len(specs), f"N_z = {n_latent}")
        sweeps[n_latent] = experiments.cached_noise_sweep(sweep_spec(own), session, progress=report)
        show(progress, SweepOfEveryNLatent(dict(sweeps)))
    return SweepOfEveryNLatent(sweeps)


def label_map(session: Session, spec: FigureSpec, progress: Progress) -> LabelMap:
    """Predicted labels over steps and p, shown as the map grows."""

    def watch(begun: LabelMap) -> None:
        if len(begun.noises) > 1:  # a single row would fill the picture
            show(progress, begun)

    own = LabelMapSpec(**spec.part(ExperimentSpec).to_dict(), label=spec.label)
    return experiments.cached_label_map(own, session, progress=progress, watch=watch)


OVER_NOISE = ("model", "label", "noise_kind", "n_runs")

FIG4A = Figure(
    "fig4a", "Fig. 4a", "Minimum distance over p", "‘6’, 500 runs", sweep, result_name="sweep", claims=(3,), n_runs=500,
    choices=OVER_NOISE,
)  # fmt: skip
FIG4B = Figure(
    "fig4b", "Fig. 4b", "Step of the minimum over p", "‘6’, 500 runs", sweep, result_name="sweep", claims=(2, 4),
    n_runs=500, choices=OVER_NOISE,
)  # fmt: skip
STAGES = Figure(
    "stages", "Map of Fig. 4", "Stages over label and p, paler where undecided", "300 runs", sweep_of_every_label,
    columns=("noise", "label"), choices=("model", "noise_kind", "n_runs"),
)  # fmt: skip
STAGES_NZ = Figure(
    "stagesNz", "Map over N_z", "Stages over N_z and p, paler where undecided", "‘6’, 300 runs",
    sweep_of_every_n_latent, claims=(11,), rests_on=("models",), columns=("noise", "model"), choices=OVER_NOISE,
)  # fmt: skip
FIG5A = Figure(
    "fig5a", "Fig. 5a", "Predicted label of the images over t and p", "‘6’, 200 runs", label_map, result_name="map",
    claims=(5, 18), n_runs=200, rests_on=("classifier",), columns=("t", "noise"), choices=OVER_NOISE,
)  # fmt: skip
FIG5B = Figure(
    "fig5b", "Fig. 5b", "Predicted label of the images over t and p", "‘1’, 200 runs", label_map, result_name="map",
    claims=(6,), label=1, n_runs=200, rests_on=("classifier",), columns=("t", "noise"), choices=OVER_NOISE,
)  # fmt: skip
