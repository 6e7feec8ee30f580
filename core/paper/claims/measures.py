"""The quantities that the rules of the claims compare: stages over p, ranks, steps and shares."""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np

from core.figure_results import Geometry, LabelMap
from core.results import PAIRS, NoiseSweep, Stage

CONCEPT_STEPS = slice(20, 31)  # "around steps 20-30"
GENERATED = slice(1, None)  # x(0) is the input, x(1) the first image that is generated


def share_error(values: np.ndarray, n_runs: int) -> float:
    """The standard error of the mean of shares, each of which has n_runs runs of its own.

    After Agresti and Coull (1998): as if two runs more had been counted and two not, so that it is not 0 at 0 and 1.
    """
    values = (values * n_runs + 2) / (n_runs + 4)
    return float(np.sqrt((values * (1 - values)).sum() / (n_runs + 4)) / len(values))


@dataclass(frozen=True)
class Band:
    """A stage from its first decided p to its last."""

    stage: Stage
    first: float
    last: float


def counted(sweep: NoiseSweep) -> list[Band]:
    """The stages that count in a claim, in the order of p: those of two decided points and more.

    Undecided points belong to no stage, and a single decided one between two others interrupts nothing.
    """
    decided = [(s, float(p)) for s, p, sure in zip(sweep.stages, sweep.noises, sweep.is_decided, strict=True) if sure]
    groups = [list(points) for _, points in groupby(decided, key=itemgetter(0))]
    counting = [point for points in groups if len(points) > 1 for point in points]
    joined = [[p for _, p in points] for _, points in groupby(counting, key=itemgetter(0))]
    stages = [stage for stage, _ in groupby(counting, key=itemgetter(0))]
    return [Band(stage, p[0], p[-1]) for stage, p in zip(stages, joined, strict=True)]


def begin(sweep: NoiseSweep, stage: Stage) -> float | None:
    """Where a stage that counts begins: the first p behind the last decided one of the stage before.

    There its point is the nearest, decided or not: else more runs would let it begin earlier.
    """
    before, after = -1.0, None
    for band in counted(sweep):
        if band.stage == stage:
            after = before
            break
        before = band.last
    points = zip(sweep.noises.tolist(), sweep.stages, strict=True)
    return None if after is None else next(p for p, s in points if p > after and s == stage)


def has(sweep: NoiseSweep, stage: Stage) -> np.ndarray:
    """At which p runs are decidedly in a stage; nowhere if it does not count."""
    inside = np.array([s == stage for s in sweep.stages]) & sweep.is_decided
    return inside & (begin(sweep, stage) is not None)


def in_the_middle(label_map: LabelMap, label: int) -> np.ndarray:
    """Whether, for each p, a label is read at most of the steps 20 to 30."""
    return (label_map.predicted_labels[:, CONCEPT_STEPS] == label).mean(1) > 0.5


def read_up_to(read: np.ndarray, noises: np.ndarray) -> float:
    """The largest p up to which something is always so; -1 if not even at p = 0."""
    end = len(read) if read.all() else int(read.argmin())
    return float(noises[end - 1]) if end else -1.0


def rank_correlation(values: np.ndarray) -> float:
    """Spearman's correlation of a sequence with its order; equal values share a rank, 0 where all are equal.

    Rounded to 12 decimals: a correlation of 0.8 is "at least 0.8", whichever side of it floating point falls on.

    Example:
        >>> rank_correlation(np.array([1.0, 3.0, 2.0]))
        0.5
    """
    higher, equal = values[:, None] > values, values[:, None] == values
    ranks = higher.sum(1) + equal.sum(1) / 2
    if np.ptp(values) == 0:
        return 0.0
    return round(float(np.corrcoef(ranks, np.arange(len(values)))[0, 1]), 12)


def dimensions(geometry: Geometry) -> tuple[int, int, int]:
    """Active units, and the dimensions that explain 99 % and 70 % of the variance of the memories."""
    nearly, mostly = (int((geometry.contribution_ratio < share).sum()) + 1 for share in (0.99, 0.7))
    return int(geometry.active.sum()), nearly, mostly


def later_by(sweep: NoiseSweep) -> tuple[np.ndarray, np.ndarray]:
    """By how many steps the concept's minimum comes after the memory's, for every p, and the paired standard error."""
    memory, concept = sweep.minimum_step[:2]
    return concept - memory, sweep.minimum_step_difference_sem[PAIRS.index((0, 1))]
