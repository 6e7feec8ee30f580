"""The experiments that the claims rest on, each from the cache that everyone shares."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from core import store
from core.experiments.approach import approach_curves
from core.experiments.classifier import name_of
from core.experiments.geometry import concept_dynamics, geometry
from core.experiments.grid import GRID, latent_sweep
from core.experiments.label_maps import branches, cached_label_map
from core.experiments.machine import versions
from core.experiments.sweeps import cached_noise_sweep
from core.figure_results import ApproachCurves, Branches, ConceptDynamics, Geometry, LabelMap, LatentSweep
from core.library import Entry, Library, one_per_n_latent
from core.progress import Progress, silent
from core.results import NoiseSweep
from core.schema import SpecError
from core.session import Experiment, Session
from core.specs import ApproachSpec, BranchSpec, DynamicsSpec, ExperimentSpec, GridSpec, LabelMapSpec, NoiseSweepSpec

T = TypeVar("T")
SEEDS = 3  # that claims are checked on, the lowest ones
RUNS = {"approach": 300, "branches": 300, "dynamics": 300, "reading": 200, "sweep": 500, "map": 300}
"""How many runs the experiments have: the paper's numbers; for the map of stages, which it has not, those of
the shipped sweeps. The names stand in the shipped files too."""


@dataclass
class Evidence:
    """Results for a data set and a kind of noise, computed when a claim first asks for them.

    Args:
        session: Where models, images and results are.
        noise_kind: "permute" or "invert".
        n_runs: Fewer runs than the paper's, to try something out; 0 for as many as the paper has.
        progress: Called with the share of the claims that are done.
    """

    session: Session
    noise_kind: str = "permute"
    n_runs: int = 0
    progress: Progress = silent
    done: float = 0.0
    _results: dict[Any, Any] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def shipped(self, dataset: str) -> list[Entry]:
        """The shipped models of a data set: claims are checked on them alone."""
        return [e for e in self.session.library.usable(dataset) if e.origin == "shipped"]

    def plain(self, dataset: str) -> list[Entry]:
        """Those whose loss is the paper's: the KL term has the weight 1."""
        return [e for e in self.shipped(dataset) if e.spec.beta == 1]

    def main(self, dataset: str) -> Entry:
        """The model with the most latent units; of several the longest training, then the lowest seed.

        Raises:
            SpecError: There is none.
        """
        models = self.plain(dataset)
        if not models:
            raise SpecError(f"There is no shipped model of {dataset}. Train them: python -m core zoo")
        return max(models, key=lambda e: (e.spec.n_latent, e.spec.epochs, -e.spec.seed))

    def one_per_n_latent(self, dataset: str) -> list[Entry]:
        """One model for every N_z, the smallest first, all trained as long as the main one; of the lowest seed."""
        epochs = self.main(dataset).spec.epochs
        return one_per_n_latent(e for e in self.plain(dataset) if e.spec.epochs == epochs)

    def seeds(self, dataset: str) -> list[Entry]:
        """The models that differ from the main one in their seed alone, the lowest seed first, at most three.

        Claims rest on the three seeds that were trained before any claim was checked; seeds 3 and 4 came later, for
        the borders of the stages alone.
        """
        return alike(self.plain(dataset), self.main(dataset), "seed")[:SEEDS]

    def betas(self, dataset: str) -> list[Entry]:
        """The models that differ from the main one in the weight of the KL term alone, the least weight first.

        They have its seed: other seeds of another weight are shipped, and have no part in the claims.
        """
        return alike(self.shipped(dataset), self.main(dataset), "beta")

    def approach(self, model: Entry) -> ApproachCurves:
        """Fig. 3: every label, p = 0.2."""
        return self._result(approach_curves, self._spec(ApproachSpec, model, "approach"))

    def sweep(self, model: Entry, label: int = 6) -> NoiseSweep:
        """Fig. 4."""
        return self._once(cached_noise_sweep, self._spec(NoiseSweepSpec, model, "sweep", label=label))

    def map_sweep(self, model: Entry) -> NoiseSweep:
        """Runs of '6' for the map of stages over N_z."""
        return self._once(cached_noise_sweep, self._spec(NoiseSweepSpec, model, "map", label=6))

    def label_map(self, model: Entry, label: int) -> LabelMap:
        """Fig. 5."""
        self._used.add(name_of(model.spec.dataset))
        return self._once(cached_label_map, self._spec(LabelMapSpec, model, "reading", label=label))

    def branches(self, model: Entry) -> Branches:
        """Supplement B: runs of '1' at t = 10, p = 0.2."""
        self._used.add(name_of(model.spec.dataset))
        return self._result(branches, self._spec(BranchSpec, model, "branches"))

    def geometry(self, model: Entry) -> Geometry:
        """Figs. 7 and 8."""
        return geometry(model.id, self.session)

    def dynamics(self, model: Entry) -> ConceptDynamics:
        """One step around the concepts; the noise at p = 0.2."""
        return self._result(concept_dynamics, self._spec(DynamicsSpec, model, "dynamics"))

    def grid(self) -> LatentSweep | None:
        """Fig. 9; None where it lacks an N_z, or has not all of them at one epoch."""
        grid = latent_sweep(GridSpec())
        if not is_comparable(grid):
            return None
        self._used.add(GRID.stem)
        return grid

    def count(self, what: str, model: Entry) -> int:
        """How many runs an experiment has: no more than the model holds memories of a label."""
        return min(self.n_runs or RUNS[what], self.session.n_memories(model.id))

    def recipe(self, models: set[str]) -> dict[str, Any]:
        """What the evidence was computed from.

        Args:
            models: Those that the claims name.
        """
        datasets = sorted({self.session.library.entry(id).spec.dataset for id in models})
        return {
            "noise_kind": self.noise_kind,
            "runs": {what: self.n_runs or runs for what, runs in RUNS.items()},
            "source": {dataset: self.session.source(dataset) for dataset in datasets},
            "files": {name: sha256_by_name(name, self.session.library) for name in sorted(models | self._used)},
            "versions": versions(),
        }

    def _spec(self, kind: type[ExperimentSpec], model: Entry, what: str, **more: Any) -> Any:
        source = self.session.source(model.spec.dataset)
        runs = self.count(what, model)
        return kind(model=model.id, source=source, noise_kind=self.noise_kind, n_runs=runs, **more)

    def _result(self, experiment: Experiment[Any, T], spec: ExperimentSpec) -> T:
        """The result of an experiment, from the cache that everyone shares."""

        def compute(spec: ExperimentSpec, session: Session, *, progress: Progress) -> T:
            return session.result(experiment, spec, progress=progress)

        return self._once(compute, spec)

    def _once(self, compute: Callable[..., T], spec: ExperimentSpec) -> T:
        """The result of a spec; several claims ask for the same, so it stays in memory."""

        def report(_: float, text: str) -> None:
            self.progress(self.done, f"{type(spec).__name__.removesuffix('Spec')} of {spec.model}: {text}")

        if spec not in self._results:
            self._results[spec] = compute(spec, self.session, progress=report)
        return self._results[spec]


def sha256_by_name(name: str, library: Library) -> str:
    """SHA-256 of the model, classifier or grid of a name; empty where there is none here."""
    if name == GRID.stem:
        return store.cached_sha256(GRID) if GRID.exists() else ""
    try:
        path = library.entry(name).path
    except store.StoreError:  # a classifier is no model
        path = next(iter(library.files(name)), None)
    return store.cached_sha256(path) if path else ""


def is_comparable(grid: LatentSweep) -> bool:
    """Whether a grid has a bound of every N_z, all of one epoch."""
    return bool(np.isfinite(grid.best).all()) and len(set(grid.best_epochs.tolist())) == 1


def alike(entries: Iterable[Entry], main: Entry, but: str) -> list[Entry]:
    """Models whose recipe is that of another one but for one setting, in the order of that setting."""
    same = [e for e in entries if replace(e.spec, **{but: getattr(main.spec, but)}) == main.spec]
    return sorted(same, key=lambda e: (getattr(e.spec, but), e.id))
