"""The experiments that the claims rest on, each done once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.config import (
    ApproachSpec,
    BranchSpec,
    EnsembleSpec,
    InferenceSpec,
    LabelMapSpec,
    NoiseSweepSpec,
    Progress,
    Settings,
    SpecError,
    silent,
)
from core.experiments.approach import approach_curves
from core.experiments.geometry import concept_dynamics, geometry
from core.experiments.label_maps import branches, label_map
from core.experiments.machine import available_source, library_of, open_model
from core.experiments.sweeps import noise_sweep
from core.results import ApproachCurves, Branches, ConceptDynamics, Geometry, LabelMap, NoiseSweep
from core.store import Entry

T = TypeVar("T")


@dataclass
class Evidence:
    """Results for a data set and a reading of the noise, computed when a claim first asks for them.

    Args:
        settings: Where models and images are.
        noise_kind: "invert" or "permute".
        n_runs: Fewer runs than the paper's, to try something out; 0 for as many as the paper has.
        progress: Called with the share of the claims that are done.
    """

    settings: Settings
    noise_kind: str = "invert"
    n_runs: int = 0
    progress: Progress = silent
    done: float = 0.0
    _found: dict[Any, Any] = field(default_factory=dict)

    def ladder(self, dataset: str) -> list[Entry]:
        """One shipped model for every N_z, the smallest first: the one with the lowest seed."""
        found: dict[int, Entry] = {}
        for entry in sorted(self.shipped(dataset), key=lambda e: e.spec.seed):
            found.setdefault(entry.spec.n_latent, entry)
        return [found[n] for n in sorted(found)]

    def shipped(self, dataset: str) -> list[Entry]:
        """The shipped models of a data set: claims are checked on them alone."""
        return [e for e in library_of(self.settings).usable(dataset) if e.origin == "shipped"]

    def main(self, dataset: str) -> Entry:
        """The model with the most latent units; of several seeds the lowest.

        Raises:
            SpecError: There is none.
        """
        found = self.ladder(dataset)
        if not found:
            raise SpecError(f"There is no shipped model of {dataset}. Train them: python -m core zoo")
        return found[-1]

    def seeds(self, dataset: str) -> list[Entry]:
        """All models like the main one, the lowest seed first."""
        n_latent = self.main(dataset).spec.n_latent
        return sorted((e for e in self.shipped(dataset) if e.spec.n_latent == n_latent), key=lambda e: e.spec.seed)

    def approach(self, model: Entry) -> ApproachCurves:
        """Fig. 3: every label, p = 0.2, 300 runs."""
        return self._once(approach_curves, self._spec(ApproachSpec, model, 300))

    def sweep(self, model: Entry, label: int = 6) -> NoiseSweep:
        """Fig. 4: 500 runs."""
        return self._once(noise_sweep, self._spec(NoiseSweepSpec, model, 500, label=label))

    def reading(self, model: Entry, label: int) -> LabelMap:
        """Fig. 5: 200 runs."""
        return self._once(label_map, self._spec(LabelMapSpec, model, 200, label=label))

    def branches(self, model: Entry) -> Branches:
        """Supplement B: runs of '1' at t = 10, p = 0.2."""
        return self._once(branches, self._spec(BranchSpec, model, 300))

    def geometry(self, model: Entry) -> Geometry:
        """Figs. 7 and 8."""
        return geometry(model.id, self.settings)

    def dynamics(self, model: Entry) -> ConceptDynamics:
        """One step around the concepts; the noise at p = 0.2."""
        return concept_dynamics(self._spec(InferenceSpec, model, 300), self.settings)

    def _spec(self, kind: type[EnsembleSpec], model: Entry, n_runs: int, **more: Any) -> Any:
        held = open_model(model.id, self.settings).memories.shape[1]
        source = available_source(model.spec.dataset, self.settings)
        runs = min(self.n_runs or n_runs, held)
        return kind(model=model.id, source=source, noise_kind=self.noise_kind, n_runs=runs, **more)

    def _once(self, experiment: Callable[..., T], spec: Any) -> T:
        if spec not in self._found:
            name = f"{type(spec).__name__.removesuffix('Spec')} of {spec.model}"
            self._found[spec] = experiment(
                spec, self.settings, progress=lambda _, text: self.progress(self.done, f"{name}: {text}")
            )
        return self._found[spec]
