"""What the figures of the paper are drawn from: one function for each, which asks the core once.

Long ones show what is there so far while they go on.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core import experiments
from core.computations import Reporter
from core.figure_results import LabelMap
from core.progress import Progress
from core.results import NoiseSweep
from core.schema import SpecError
from core.specs import (
    ApproachSpec,
    BranchSpec,
    DynamicsSpec,
    EmbeddingSpec,
    EnsembleSpec,
    ExperimentSpec,
    FigureSpec,
    GridSpec,
    InferenceSpec,
    LabelMapSpec,
    NoiseSweepSpec,
)
from dashboard.experiments import Experiments

BESIDE = (2, 20, 100)  # N_z of the runs that the paper shows beside Fig. 8
Results = dict[str, Any]
Find = Callable[[Experiments, Any, Progress], Results]  # asked with an InferenceSpec, or a FigureSpec


def find_run(lab: Experiments, spec: InferenceSpec, _: Progress) -> Results:
    return {"run": lab.run(spec), "space": lab.latent_space(spec.model)}


def find_runs(lab: Experiments, spec: InferenceSpec, _: Progress) -> Results:
    names = lab.library.find(spec.model).label_names
    runs = {f"run_{label}": lab.run(replace(spec, label=label)) for label in range(len(names))}
    return {**runs, "space": lab.latent_space(spec.model)}


def find_embedding(lab: Experiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked = spec.part(EmbeddingSpec)
    found = lab.session.result(experiments.embedding, asked, progress=progress)
    return {"embedding": found, "space": lab.latent_space(spec.model)}


def find_plane(lab: Experiments, spec: InferenceSpec, progress: Progress) -> Results:
    return find_embedding(lab, replace(spec, basis="fixed"), progress) | {"run": lab.run(spec)}


def find_curves(metric: str, lab: Experiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked = ApproachSpec(**shared(spec), noise=spec.noise, metric=metric)
    return {"curves": lab.session.result(experiments.approach_curves, asked, progress=progress)}


def find_sweep(lab: Experiments, spec: InferenceSpec, progress: Progress) -> Results:
    return {"sweep": sweep(lab, spec, progress, lambda part: show(progress, {"sweep": part}))}


def sweep(
    lab: Experiments, spec: InferenceSpec, progress: Progress, watch: Callable[[NoiseSweep], None] | None = None
) -> NoiseSweep:
    """The noise sweep of a question's label."""
    asked = NoiseSweepSpec(**shared(spec), label=spec.label)
    return experiments.find_noise_sweep(asked, lab.session, progress=progress, watch=watch)


def find_label_sweeps(lab: Experiments, spec: InferenceSpec, progress: Progress) -> Results:
    names = lab.library.find(spec.model).label_names
    found: Results = dict.fromkeys(names)
    for i, name in enumerate(names):
        found[name] = sweep(lab, replace(spec, label=i), part(progress, i, len(names), f"label {name}"))
        show(progress, dict(found))
    return found


def find_ladder_sweeps(lab: Experiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked = ladder(lab, spec)
    found: Results = dict.fromkeys(map(str, asked))
    for i, (n, one) in enumerate(asked.items()):
        found[str(n)] = sweep(lab, one, part(progress, i, len(asked), f"N_z = {n}"))
        show(progress, dict(found))
    return found


def find_label_map(lab: Experiments, spec: InferenceSpec, progress: Progress) -> Results:
    def watch(part: LabelMap) -> None:
        if len(part.noises) > 1:  # a single row would fill the picture
            show(progress, {"map": part})

    asked = LabelMapSpec(**shared(spec), label=spec.label)
    return {"map": experiments.find_label_map(asked, lab.session, progress=progress, watch=watch)}


def find_branches(lab: Experiments, spec: FigureSpec, progress: Progress) -> Results:
    asked = spec.part(BranchSpec)
    return {"branches": lab.session.result(experiments.branches, asked, progress=progress)}


def find_geometry(lab: Experiments, spec: InferenceSpec, _: Progress) -> Results:
    return {"geometry": experiments.geometry(spec.model, lab.session)}


def find_geometries(lab: Experiments, spec: InferenceSpec, _: Progress) -> Results:
    return {str(n): experiments.geometry(one.model, lab.session) for n, one in ladder(lab, spec).items()}


def find_orthogonality(lab: Experiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked, runs = ladder(lab, spec), {}
    beside = [n for n in BESIDE if n in asked]
    for i, n in enumerate(beside):
        report = part(progress, i, len(beside), f"N_z = {n}")
        runs[str(n)] = lab.session.result(experiments.trajectories, asked[n].part(EnsembleSpec), progress=report)
    return {"geometry": find_geometries(lab, spec, progress), "runs": runs}


def find_grid(lab: Experiments, spec: InferenceSpec, _: Progress) -> Results:
    dataset = lab.library.find(spec.model).spec.dataset
    bounds = {
        str(entry.spec.n_latent): entry.card.test_negative_elbo
        for entry in lab.library.ladder(dataset)
        if entry.card.test_negative_elbo is not None
    }
    return {"grid": experiments.latent_sweep(GridSpec(dataset=dataset)), "shipped": bounds}


def find_dynamics(lab: Experiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked = DynamicsSpec(**shared(spec), noise=spec.noise)
    return {"dynamics": lab.session.result(experiments.concept_dynamics, asked, progress=progress)}


def find_sizes(lab: Experiments, spec: InferenceSpec, _: Progress) -> Results:
    entry = lab.library.find(spec.model)
    return {"sizes": [entry.image_shape[0] * entry.image_shape[1], entry.spec.n_hidden, entry.spec.n_latent]}


def classifier_of(lab: Experiments, spec: ExperimentSpec) -> str:
    """Name of the classifier that reads a model's images."""
    return f"{lab.library.find(spec.model).spec.dataset}-classifier"


def part(progress: Progress, i: int, n: int, name: str) -> Progress:
    """The progress of the i-th of n equal parts, as progress of the whole."""
    progress(i / n, name)
    return lambda fraction, text: progress((i + fraction) / n, f"{name}, {text}")


def show(progress: Progress, found: Results) -> None:
    """Let whoever waits see what is there so far; at a command line nobody looks."""
    if isinstance(progress, Reporter):
        progress.show(found)


def shared(spec: ExperimentSpec) -> dict[str, Any]:
    """The settings that all experiments on a model have."""
    return spec.part(ExperimentSpec).to_dict()


def ladder(lab: Experiments, spec: InferenceSpec) -> dict[int, InferenceSpec]:
    """The same question to every shipped model of the data set, by its N_z.

    Raises:
        SpecError: There is none.
    """
    dataset = lab.library.find(spec.model).spec.dataset
    asked = {}
    for entry in lab.library.ladder(dataset):
        held = lab.memories(entry.id)
        asked[entry.spec.n_latent] = replace(
            spec, model=entry.id, n_runs=min(spec.n_runs, held), sample=min(spec.sample, held - 1)
        )
    if not asked:
        raise SpecError(f"There is no shipped model of {dataset}. Train them: python -m core zoo")
    return asked
