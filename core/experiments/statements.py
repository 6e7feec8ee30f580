"""Numbers of the claims, and the words that state them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from core.figure_results import Geometry, LabelMap
from core.results import PAIRS, NoiseSweep, Stage

CONCEPT_STEPS = slice(20, 31)  # "around steps 20-30"
GENERATED = slice(1, None)  # x(0) is the input, x(1) the first image that is generated


def with_error(value: float | np.floating, error: float | np.floating, form: str) -> str:
    """A mean over runs with two of its standard errors.

    Example:
        >>> with_error(12.3, 0.2, ".1f")
        '12.3 ± 0.4'
    """
    return f"{value:{form}} ± {2 * error:{form}}"


def share(value: float, n_runs: int) -> str:
    """A share of the runs with two of its standard errors.

    Example:
        >>> share(0.5, 400), share(1.0, 400)
        ('50% ± 5%', '100% ± 1%')
    """
    return with_error(value, share_error(np.array([value]), n_runs), ".0%")


def share_error(values: np.ndarray, n_runs: int) -> float:
    """The standard error of the mean of shares, each of which has n_runs runs of its own.

    After Agresti and Coull (1998): as if two runs more had been counted and two not, so that it is not 0 at 0 and 1.
    """
    values = (values * n_runs + 2) / (n_runs + 4)
    return float(np.sqrt((values * (1 - values)).sum() / (n_runs + 4)) / len(values))


def sentence(parts: Iterable[str]) -> str:
    """One sentence of several parts.

    Example:
        >>> sentence(["the share is 0.1", "the step is 3"])
        'The share is 0.1; the step is 3.'
    """
    words = "; ".join(parts)
    return f"{words[:1].upper()}{words[1:]}."


def of_labels(values: np.ndarray, names: Sequence[str], n_runs: int) -> str:
    """The mean over the labels of a share of the runs, and the labels that have the least and the most."""
    mean = with_error(float(values.mean()), share_error(values, n_runs), ".1%")
    ends = int(values.argmin()), int(values.argmax())
    low, high = (f"{share(float(values[i]), n_runs)} ('{names[i]}')" for i in ends)
    return f"{mean} of the runs, {low} to {high}"


def spread(values: np.ndarray, form: str) -> str:
    """The least and the most.

    Example:
        >>> spread(np.array([1.0, 3.0]), ".1f")
        '1.0 to 3.0'
    """
    return f"{values.min():{form}} to {values.max():{form}}"


def over_seeds(values: np.ndarray, form: str) -> str:
    """Mean and spread over models that differ in their seed; nothing where there is one."""
    if len(values) < 2:
        return ""
    return f" (over {len(values)} seeds {values.mean():{form}}, {spread(values, form)})"


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


def undecided(sweep: NoiseSweep) -> str:
    """The p whose two nearest points do not differ by 2 standard errors, in words; nothing where there is none."""
    at = sweep.noises[~sweep.is_decided]
    return f" (undecided at p = {some(at)})" if len(at) else ""


def bands(sweep: NoiseSweep) -> str:
    """The stages that count, in words: "I to 0.1, II to 0.3, III to 1"."""
    return ", ".join(f"{band.stage} to {band.last:.3g}" for band in counted(sweep)) or "no stage decided"


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


def reach(reading: LabelMap, noise: float, n_runs: int, steps: slice = GENERATED) -> str:
    """Up to which p a label is read, and by how many of the runs at the place where they agree least."""
    if noise < 0:
        return "for no p"
    least = float(reading.share[reading.noises <= noise, steps].min())
    return f"up to p = {noise:.3g} (by {share(least, n_runs)} of the runs or more)"


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


def dimensions(found: Geometry) -> tuple[int, int, int]:
    """Active units, and the dimensions that explain 99 % and 70 % of the variance of the memories."""
    nearly, mostly = (int((found.contribution_ratio < share).sum()) + 1 for share in (0.99, 0.7))
    return int(found.active.sum()), nearly, mostly


def later_by(sweep: NoiseSweep) -> tuple[np.ndarray, np.ndarray]:
    """By how many steps the concept's minimum comes after the memory's, for every p, and the paired standard error."""
    memory, concept = sweep.minimum_step[:2]
    return concept - memory, sweep.minimum_step_difference_sem[PAIRS.index((0, 1))]
