"""What the figures of the paper are drawn from: one function for each, which asks the core once.

Long ones show what is there so far while they go on.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from core import experiments
from core.computations import Reporter
from core.config import (
    ApproachSpec,
    BranchSpec,
    EnsembleSpec,
    FigureSpec,
    GridSpec,
    InferenceSpec,
    LabelMapSpec,
    NoiseSweepSpec,
    Progress,
    Settings,
)
from core.results import ConceptDynamics, LabelMap, NoiseSweep
from core.spec import SpecError
from core.store import file_sha256
from dashboard.cache import CachedExperiments

BESIDE = (2, 20, 100)  # N_z of the runs that the paper shows beside Fig. 8
Results = dict[str, Any]
Find = Callable[[CachedExperiments, Any, Progress], Results]  # asked with an InferenceSpec, or a FigureSpec


def find_run(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    return {"run": lab.run(spec), "space": lab.latent_space(spec.model)}


def find_runs(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    names = lab.library.find(spec.model).label_names
    runs = {f"run_{label}": lab.run(replace(spec, label=label)) for label in range(len(names))}
    return {**runs, "space": lab.latent_space(spec.model)}


def find_cloud(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    return {"trajectories": lab.trajectories(spec, progress), "space": lab.latent_space(spec.model)}


def find_plane(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    return find_cloud(lab, replace(spec, basis="fixed"), progress) | {"run": lab.run(spec)}


def find_curves(metric: str, lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked = ApproachSpec(**shared(spec), noise=spec.noise, metric=metric)
    return {"curves": lab.experiment("approach", asked, experiments.approach_curves, progress)}


def find_sweep(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked = NoiseSweepSpec(**shared(spec), label=spec.label)
    return {"sweep": lab.noise_sweep(asked, progress, lambda part: show(progress, {"sweep": part}))}


def sweep(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> NoiseSweep:
    """The noise sweep of a question's label."""
    return lab.noise_sweep(NoiseSweepSpec(**shared(spec), label=spec.label), progress)


def find_label_sweeps(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    names = lab.library.find(spec.model).label_names
    found: Results = dict.fromkeys(names)
    for i, name in enumerate(names):
        found[name] = sweep(lab, replace(spec, label=i), part(progress, i, len(names), f"label {name}"))
        show(progress, dict(found))
    return found


def find_ladder_sweeps(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked = ladder(lab, spec)
    found: Results = dict.fromkeys(map(str, asked))
    for i, (n, one) in enumerate(asked.items()):
        found[str(n)] = sweep(lab, one, part(progress, i, len(asked), f"N_z = {n}"))
        show(progress, dict(found))
    return found


def find_label_map(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    def compute(asked: LabelMapSpec, settings: Settings, progress: Progress) -> LabelMap:
        rows: list[LabelMap] = []
        for i, noise in enumerate(asked.noises):
            progress(i / len(asked.noises), f"p = {noise:.3f}")
            rows.append(experiments.label_map(asked, settings, noises=(noise,)))
            if i:  # a single row would fill the picture
                show(progress, {"map": LabelMap.joined(rows)})
        return LabelMap.joined(rows)

    asked = LabelMapSpec(**shared(spec), label=spec.label)
    return {"map": lab.experiment(read_by("label_map", lab, spec), asked, compute, progress)}


def find_branches(lab: CachedExperiments, spec: FigureSpec, progress: Progress) -> Results:
    asked = BranchSpec(**shared(spec), label=spec.label, noise=spec.noise, t=spec.t, chosen=spec.chosen)
    return {"branches": lab.experiment(read_by("branches", lab, spec), asked, experiments.branches, progress)}


def read_by(name: str, lab: CachedExperiments, spec: InferenceSpec) -> str:
    """The name under which an experiment is kept that depends on the classifier as well."""
    return f"{name}:{''.join(file_sha256(path)[:16] for path in lab.library.files(classifier_of(lab, spec))[:1])}"


def find_geometry(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    return {"geometry": experiments.geometry(spec.model, lab.settings)}


def find_geometries(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    return {str(n): experiments.geometry(one.model, lab.settings) for n, one in ladder(lab, spec).items()}


def find_orthogonality(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    asked, runs = ladder(lab, spec), {}
    beside = [n for n in BESIDE if n in asked]
    for i, n in enumerate(beside):
        runs[str(n)] = lab.trajectories(asked[n], part(progress, i, len(beside), f"N_z = {n}"))
    return {"geometry": find_geometries(lab, spec, progress), "runs": runs}


def find_grid(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    dataset = lab.library.find(spec.model).spec.dataset
    bounds = {
        str(entry.spec.n_latent): entry.card.test_negative_elbo
        for entry in lab.library.ladder(dataset)
        if entry.card.test_negative_elbo is not None
    }
    return {"grid": experiments.latent_sweep(GridSpec(dataset=dataset)), "shipped": bounds}


def find_dynamics(lab: CachedExperiments, spec: InferenceSpec, progress: Progress) -> Results:
    def compute(asked: InferenceSpec, settings: Any, progress: Progress) -> ConceptDynamics:
        return experiments.concept_dynamics(asked, settings)

    asked = replace(spec, label=0, sample=0)  # of no matter: one key for all of them
    return {"dynamics": lab.experiment("dynamics", asked, compute, progress)}


def find_sizes(lab: CachedExperiments, spec: InferenceSpec, _: Progress) -> Results:
    entry = lab.library.find(spec.model)
    return {"sizes": [entry.image_shape[0] * entry.image_shape[1], entry.spec.n_hidden, entry.spec.n_latent]}


def classifier_of(lab: CachedExperiments, spec: EnsembleSpec) -> str:
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


def shared(spec: EnsembleSpec) -> dict[str, Any]:
    """The settings that all experiments on a model have."""
    return {item.name: getattr(spec, item.name) for item in fields(EnsembleSpec)}


def ladder(lab: CachedExperiments, spec: InferenceSpec) -> dict[int, InferenceSpec]:
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
