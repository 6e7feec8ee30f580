"""What is computed of the shipped models once and shipped with them: in which order, and what is missing."""

from collections.abc import Iterable, Sequence
from typing import Any

from core.experiments.sweeps import missing_sweeps
from core.library import Entry, apart_from_paper
from core.session import Session
from core.specs import DATASETS, NOISE_KINDS, SOURCES, NoiseSweepSpec

FIRST_LATENT, FIRST_LABEL = 100, 6  # the paper's number of latent units, and the label of most of its figures


def sweeps_to_derive(entries: Iterable[Entry], session: Session) -> list[NoiseSweepSpec]:
    """The sweeps that models lack, those that are looked at most first; from original images only where they are here.

    Order: models with 100 latent units, the first reading of the noise, original images, the model that is shown when
    nobody names another, label 6.
    """
    ranked = [
        (importance(entry, spec), spec)
        for entry in entries
        for spec in missing_sweeps(entry.id, session, sources=sources_of(entry, session))
    ]
    return [spec for _, spec in sorted(ranked, key=lambda pair: pair[0])]


def sources_of(entry: Entry, session: Session) -> Sequence[str]:
    """What runs of a model can start from on this machine."""
    return SOURCES if session.source(entry.spec.dataset) == "original" else ("decoded",)


def importance(entry: Entry, spec: NoiseSweepSpec) -> tuple[Any, ...]:
    """Sorts a sweep of a model among the others: the smallest comes first."""
    return (
        entry.spec.n_latent != FIRST_LATENT,
        NOISE_KINDS.index(spec.noise_kind),
        SOURCES.index(spec.source),
        DATASETS.index(entry.spec.dataset),
        apart_from_paper(entry),
        -entry.spec.n_latent,
        entry.spec.seed,
        spec.label != FIRST_LABEL,
        spec.label,
    )
