"""What every experiment stands on: settings, library, device and cache, made once and handed down."""

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, get_type_hints, runtime_checkable

import torch

from core import data
from core.cache import Folder, ResultCache, Store
from core.code_version import has, version_of
from core.library import Library
from core.progress import Progress, silent
from core.schema import SpecError
from core.settings import Settings
from core.specs import ExperimentSpec
from core.store import Model, cached_sha256

S = TypeVar("S", bound=ExperimentSpec)
R = TypeVar("R")
SpecOf = TypeVar("SpecOf", bound=ExperimentSpec, contravariant=True)
ResultOf = TypeVar("ResultOf", covariant=True)
RESULTS, LOCKS = "results", "locks"  # folders below that of the cache


Compute = Callable[[Progress], Any]
Shared = Callable[[str, Compute, Progress], Any]


def at_once(key: str, compute: Compute, progress: Progress) -> Any:
    """Compute in this thread."""
    return compute(progress)


@runtime_checkable
class Experiment(Protocol[SpecOf, ResultOf]):
    """A function from a spec to a frozen result, whose annotation names the class of the result."""

    __name__: str

    def __call__(self, spec: SpecOf, session: "Session", *, progress: Progress = silent) -> ResultOf: ...


@dataclass(frozen=True)
class Session:
    """A program at work on one machine.

    Args:
        settings: Where things are, and how much room they have.
        library: The models.
        device: What is computed on.
        cache: The results so far.
        turn: Entered while a result is computed; who waits for another one meanwhile lets it go.
        shared: Does what is not in the cache: for equal keys once, however many ask at a time.
    """

    settings: Settings
    library: Library
    device: torch.device
    cache: ResultCache
    turn: Callable[[], AbstractContextManager[Any]] = nullcontext
    shared: Shared = at_once

    @staticmethod
    def open(
        settings: Settings,
        *,
        library: Library | None = None,
        store: Store | None = None,
        turn: Callable[[], AbstractContextManager[Any]] = nullcontext,
        shared: Shared = at_once,
    ) -> "Session":
        """A session with the settings' folders, unless it is given others.

        Raises:
            SpecError: This machine has not the device that the settings ask for.
        """
        result_store = store or Folder(settings.cache / RESULTS, settings.max_cache)
        return Session(
            settings,
            library or Library.of(settings.models),
            device_of(settings),
            ResultCache(result_store, settings.cache / LOCKS),
            turn,
            shared,
        )

    def model(self, id: str) -> Model:
        """A model of the library on this machine's device.

        Raises:
            StoreError: There is none, or it cannot be used.
        """
        return self.library.load(id, self.device)

    def n_memories(self, id: str) -> int:
        """Memories per label that a model has: as many runs are possible. Raises as `model`."""
        return self.model(id).memories.shape[1]

    def source(self, dataset: str) -> str:
        """Where runs of a data set can start from: "original" images where they are here, else "decoded" memories."""
        return "original" if data.is_available(dataset, self.settings.data) else "decoded"

    def result(self, experiment: Experiment[S, R], spec: S, *, progress: Progress = silent, **more: Any) -> R:
        """What an experiment finds: from the cache, else computed, once for all who ask.

        Args:
            experiment: Which.
            spec: Its question.
            progress: Called before every part; may raise to give up.
            more: Handed to the experiment; what does not change the result.

        Raises: as the experiment.
        """
        cached = self.cached(experiment, spec)
        if cached is not None:
            return cached
        return self.shared(self.key(experiment, spec), self.computation(experiment, spec, **more), progress)

    def computation(self, experiment: Experiment[S, R], spec: S, **more: Any) -> Callable[[Progress], R]:
        """How the result of an experiment is computed and put into the cache."""

        def compute(progress: Progress) -> R:
            return self.cache.get_or_compute(
                result_class(experiment),
                self.key(experiment, spec),
                lambda: experiment(spec, self, progress=progress, **more),
                self.turn,
            )

        return compute

    def cached(self, experiment: Experiment[S, R], spec: S) -> R | None:
        """The same where it is in the cache, else None."""
        return self.cache.get(result_class(experiment), self.key(experiment, spec))

    def key(self, experiment: Experiment[S, R], spec: S) -> str:
        """Names everything that a result depends on: the question, the weights, and the code that computes.

        Raises:
            StoreError: There is no such model.
        """
        entry = self.library.entry(spec.model)
        weights = [cached_sha256(entry.path)]
        if has(experiment.__module__, "core.classifier"):
            classifiers = self.library.files(f"{entry.spec.dataset}-classifier")[:1]
            weights += [cached_sha256(path) for path in classifiers]
        question = json.dumps(spec.to_dict(), sort_keys=True)
        parts = [question, *weights, version_of(experiment.__module__)]
        return f"{experiment.__name__}:{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()}"


def result_class(experiment: Experiment[Any, R]) -> type[R]:
    """The class of the result of an experiment."""
    return get_type_hints(experiment)["return"]


def device_of(settings: Settings) -> torch.device:
    """The device that the settings ask for; "auto" takes a GPU when there is one."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if settings.device != "auto":
        if not available[settings.device]:
            raise SpecError(f"This machine has no device '{settings.device}'. Use --device cpu or LT_DEVICE=cpu.")
        return torch.device(settings.device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
