"""Numbers of the claims, and the words that state them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.results import Geometry, LabelMap, NoiseSweep, Stage

CONCEPT_STEPS = slice(20, 31)  # "around steps 20-30"


def over_seeds(values: np.ndarray, form: str) -> str:
    """Mean and spread over models that differ in their seed; nothing where there is one."""
    if len(values) < 2:
        return ""
    return f" (over {len(values)} seeds {values.mean():{form}}, {values.min():{form}} to {values.max():{form}})"


def compressed(stages: Sequence[Stage]) -> list[Stage]:
    """The stages as they follow each other, without repetition.

    Example:
        >>> compressed([Stage.MEMORY, Stage.MEMORY, Stage.CONCEPT])
        [<Stage.MEMORY: 'I'>, <Stage.CONCEPT: 'II'>]
    """
    return [s for i, s in enumerate(stages) if i == 0 or stages[i - 1] != s]


def begin(sweep: NoiseSweep, stage: Stage) -> float | None:
    """The first p of a stage."""
    return next((float(p) for p, s in zip(sweep.noises, sweep.stages, strict=True) if s == stage), None)


def bands(sweep: NoiseSweep) -> str:
    """The stages in words: "I to 0.1, II to 0.3, III to 1"."""
    ends = [i for i, s in enumerate(sweep.stages) if i + 1 == len(sweep.stages) or sweep.stages[i + 1] != s]
    return ", ".join(f"{sweep.stages[i]} to {sweep.noises[i]:.3g}" for i in ends)


def some(values: Sequence[Any] | np.ndarray, most: int = 6) -> str:
    """Some numbers in words."""
    words = ["none" if v is None else f"{v:.3g}" for v in values[:most]]
    return ", ".join(words) + (" ..." if len(values) > most else "")


def digits(labels: np.ndarray) -> str:
    """The labels that are read most often, with their share."""
    values, counts = np.unique(labels, return_counts=True)
    order = np.argsort(-counts)[:3]
    return ", ".join(f"'{values[i]}' ({counts[i] / len(labels):.0%})" for i in order)


def in_the_middle(reading: LabelMap, label: int) -> np.ndarray:
    """Whether, for each p, a label is read at most of the steps 20 to 30."""
    return (reading.predicted_labels[:, CONCEPT_STEPS] == label).mean(1) > 0.5


def read_up_to(read: np.ndarray, noises: np.ndarray) -> float:
    """The largest p up to which something is always so; -1 if not even at p = 0."""
    end = len(read) if read.all() else int(read.argmin())
    return float(noises[end - 1]) if end else -1.0


def rank_correlation(values: np.ndarray) -> float:
    """Spearman's correlation of a sequence with its order.

    Example:
        >>> round(rank_correlation(np.array([1.0, 3.0, 2.0])), 6)
        0.5
    """
    ranks = np.argsort(np.argsort(values))
    return float(np.corrcoef(ranks, np.arange(len(values)))[0, 1])


def dimensions(found: Geometry) -> tuple[int, int, int]:
    """Active units, and the dimensions that explain 99 % and 70 % of the variance of the memories."""
    nearly, mostly = (int((found.contribution_ratio < share).sum()) + 1 for share in (0.99, 0.7))
    return int(found.active.sum()), nearly, mostly
