"""Numbers of the claims, and the words that state them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.results import Geometry, LabelMap, NoiseSweep, Stage

CONCEPT_STEPS = slice(20, 31)  # "around steps 20-30"


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


def of_labels(values: np.ndarray, names: Sequence[str], n_runs: int) -> str:
    """The mean over the labels of a share of the runs, and the labels that have the least and the most."""
    mean = with_error(float(values.mean()), share_error(values, n_runs), ".1%")
    ends = int(values.argmin()), int(values.argmax())
    low, high = (f"{share(float(values[i]), n_runs)} ('{names[i]}')" for i in ends)
    return f"{mean} of the runs, {low} to {high}"


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


def undecided(sweep: NoiseSweep) -> str:
    """The p whose two nearest points do not differ by 2 standard errors, in words; nothing where there is none."""
    at = sweep.noises[~sweep.is_decided]
    return f" (within 2 SEM at p = {some(at)})" if len(at) else ""


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


def reach(reading: LabelMap, noise: float, n_runs: int, steps: slice = slice(None)) -> str:
    """Up to which p a label is read, and by how many of the runs at the place where they agree least."""
    if noise < 0:
        return "for no p"
    least = float(reading.share[reading.noises <= noise, steps].min())
    return f"up to p = {noise:.3g} (by {share(least, n_runs)} of the runs or more)"


def rank_correlation(values: np.ndarray) -> float:
    """Spearman's correlation of a sequence with its order; equal values share a rank, 0 where all are equal.

    Example:
        >>> round(rank_correlation(np.array([1.0, 3.0, 2.0])), 6)
        0.5
    """
    higher, equal = values[:, None] > values, values[:, None] == values
    ranks = higher.sum(1) + equal.sum(1) / 2
    return float(np.corrcoef(ranks, np.arange(len(values)))[0, 1]) if np.ptp(values) > 0 else 0.0


def dimensions(found: Geometry) -> tuple[int, int, int]:
    """Active units, and the dimensions that explain 99 % and 70 % of the variance of the memories."""
    nearly, mostly = (int((found.contribution_ratio < share).sum()) + 1 for share in (0.99, 0.7))
    return int(found.active.sum()), nearly, mostly


def later_by(sweep: NoiseSweep) -> np.ndarray:
    """By how many steps, beyond 2 standard errors, the concept's minimum comes after the memory's, for every p."""
    memory, concept = sweep.minimum_step[:2]
    return concept - memory - 2 * np.hypot(*sweep.minimum_step_sem[:2])


def before_the_third(sweep: NoiseSweep) -> tuple[np.ndarray, np.ndarray]:
    """Steps of the minima and their standard errors for the p below the first of stage III."""
    end = next((i for i, s in enumerate(sweep.stages) if s == Stage.ABSTRACT), len(sweep.noises))
    return sweep.minimum_step[:, :end], sweep.minimum_step_sem[:, :end]
