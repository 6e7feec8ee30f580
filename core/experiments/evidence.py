"""The experiments that the claims rest on, each done once, and kept for a command that goes on where one stopped."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from core.config import (
    ApproachSpec,
    BranchSpec,
    EnsembleSpec,
    GridSpec,
    InferenceSpec,
    LabelMapSpec,
    NoiseSweepSpec,
    Progress,
    Settings,
    silent,
)
from core.experiments.approach import approach_curves
from core.experiments.claim_file import file_sha256
from core.experiments.classifier import name_of
from core.experiments.geometry import concept_dynamics, geometry
from core.experiments.grid import GRID, latent_sweep
from core.experiments.kept import kept
from core.experiments.label_maps import branches, label_map
from core.experiments.machine import available_source, library_of, open_model, versions
from core.experiments.sweeps import noise_sweep, stored_noise_sweep
from core.library import Entry, ladder
from core.results import ApproachCurves, Branches, ConceptDynamics, Geometry, LabelMap, LatentSweep, NoiseSweep
from core.spec import SpecError

T = TypeVar("T")
RUNS = {"approach": 300, "branches": 300, "dynamics": 300, "reading": 200, "sweep": 500, "map": 300}
"""How many runs the experiments have: the paper's numbers; for the map of stages, which it has not, those of
the shipped sweeps."""


@dataclass
class Evidence:
    """Results for a data set and a reading of the noise, computed when a claim first asks for them.

    Args:
        settings: Where models and images are.
        noise_kind: "permute" or "invert".
        n_runs: Fewer runs than the paper's, to try something out; 0 for as many as the paper has.
        progress: Called with the share of the claims that are done.
    """

    settings: Settings
    noise_kind: str = "permute"
    n_runs: int = 0
    progress: Progress = silent
    done: float = 0.0
    _found: dict[Any, Any] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def shipped(self, dataset: str) -> list[Entry]:
        """The shipped models of a data set: claims are checked on them alone."""
        return [e for e in library_of(self.settings).usable(dataset) if e.origin == "shipped"]

    def plain(self, dataset: str) -> list[Entry]:
        """Those whose loss is the paper's: the KL term has the weight 1."""
        return [e for e in self.shipped(dataset) if e.spec.beta == 1]

    def main(self, dataset: str) -> Entry:
        """The model with the most latent units; of several the longest training, then the lowest seed.

        Raises:
            SpecError: There is none.
        """
        found = self.plain(dataset)
        if not found:
            raise SpecError(f"There is no shipped model of {dataset}. Train them: python -m core zoo")
        return max(found, key=lambda e: (e.spec.n_latent, e.spec.epochs, -e.spec.seed))

    def ladder(self, dataset: str) -> list[Entry]:
        """One model for every N_z, the smallest first, all trained as long as the main one; of the lowest seed."""
        epochs = self.main(dataset).spec.epochs
        return ladder(e for e in self.plain(dataset) if e.spec.epochs == epochs)

    def seeds(self, dataset: str) -> list[Entry]:
        """The models that differ from the main one in their seed alone, the lowest seed first."""
        return alike(self.plain(dataset), self.main(dataset), "seed")

    def betas(self, dataset: str) -> list[Entry]:
        """The models that differ from the main one in the weight of the KL term alone, the least weight first."""
        return alike(self.shipped(dataset), self.main(dataset), "beta")

    def approach(self, model: Entry) -> ApproachCurves:
        """Fig. 3: every label, p = 0.2."""
        return self._once(approach_curves, ApproachCurves, self._spec(ApproachSpec, model, "approach"))

    def sweep(self, model: Entry, label: int = 6) -> NoiseSweep:
        """Fig. 4."""
        return self._once(noise_sweep, NoiseSweep, self._spec(NoiseSweepSpec, model, "sweep", label=label))

    def map_sweep(self, model: Entry) -> NoiseSweep:
        """Runs of '6' for the map of stages over N_z: those that lie beside the model, where they are of these runs."""
        spec = self._spec(NoiseSweepSpec, model, "map", label=6)
        return stored_noise_sweep(spec, self.settings) or self._once(noise_sweep, NoiseSweep, spec)

    def reading(self, model: Entry, label: int) -> LabelMap:
        """Fig. 5; every p is kept by itself, since a whole map takes many minutes."""
        self._used.add(name_of(model.spec.dataset))
        spec = self._spec(LabelMapSpec, model, "reading", label=label)
        return LabelMap.joined([self._once(label_map, LabelMap, spec, noises=(noise,)) for noise in spec.noises])

    def branches(self, model: Entry) -> Branches:
        """Supplement B: runs of '1' at t = 10, p = 0.2."""
        self._used.add(name_of(model.spec.dataset))
        return self._once(branches, Branches, self._spec(BranchSpec, model, "branches"))

    def geometry(self, model: Entry) -> Geometry:
        """Figs. 7 and 8."""
        return geometry(model.id, self.settings)

    def dynamics(self, model: Entry) -> ConceptDynamics:
        """One step around the concepts; the noise at p = 0.2."""
        return concept_dynamics(self._spec(InferenceSpec, model, "dynamics"), self.settings)

    def grid(self) -> LatentSweep | None:
        """Fig. 9; None where it lacks an N_z, or has not all of them at one epoch."""
        found = latent_sweep(GridSpec())
        if not np.isfinite(found.best).all() or len(set(found.best_epochs.tolist())) > 1:
            return None
        self._used.add(GRID.stem)
        return found

    def count(self, what: str, model: Entry) -> int:
        """How many runs an experiment has: no more than the model holds memories of a label."""
        held = open_model(model.id, self.settings).memories.shape[1]
        return min(self.n_runs or RUNS[what], held)

    def recipe(self, models: set[str]) -> dict[str, Any]:
        """What the evidence was computed from.

        Args:
            models: Those that the claims name.
        """
        datasets = sorted({library_of(self.settings).find(id).spec.dataset for id in models})
        return {
            "noise_kind": self.noise_kind,
            "runs": {what: self.n_runs or runs for what, runs in RUNS.items()},
            "source": {dataset: available_source(dataset, self.settings) for dataset in datasets},
            "files": {name: file_sha256(name, self.settings) for name in sorted(models | self._used)},
            "versions": versions(),
        }

    def _spec(self, kind: type[EnsembleSpec], model: Entry, what: str, **more: Any) -> Any:
        source = available_source(model.spec.dataset, self.settings)
        runs = self.count(what, model)
        return kind(model=model.id, source=source, noise_kind=self.noise_kind, n_runs=runs, **more)

    def _once(self, experiment: Callable[..., T], kind: Callable[..., T], spec: Any, **part: Any) -> T:
        asked = spec, *part.items()
        if asked not in self._found:
            dataset = library_of(self.settings).find(spec.model).spec.dataset
            reads = [name_of(dataset)] if kind in (LabelMap, Branches) else []
            files = [file_sha256(name, self.settings) for name in (spec.model, *reads)]

            def report(_: float, text: str) -> None:
                self.progress(self.done, f"{kind.__name__} of {spec.model}: {text}")

            self._found[asked] = kept(
                kind,
                (spec.key(), repr(part), *files),
                self.settings.cache / "evidence",
                lambda: experiment(spec, self.settings, progress=report, **part),
            )
        return self._found[asked]


def alike(entries: Iterable[Entry], main: Entry, but: str) -> list[Entry]:
    """Models whose recipe is that of another one but for one setting, in the order of that setting."""
    found = [e for e in entries if replace(e.spec, **{but: getattr(main.spec, but)}) == main.spec]
    return sorted(found, key=lambda e: (getattr(e.spec, but), e.id))
