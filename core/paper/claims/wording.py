"""Numbers of the claims in words, with their errors."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from core.figure_results import LabelMap
from core.paper.claims.measures import GENERATED, counted, share_error
from core.results import NoiseSweep


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


def reach(label_map: LabelMap, noise: float, n_runs: int, steps: slice = GENERATED) -> str:
    """Up to which p a label is read, and by how many of the runs at the place where they agree least."""
    if noise < 0:
        return "for no p"
    least = float(label_map.share[label_map.noises <= noise, steps].min())
    return f"up to p = {noise:.3g} (by {share(least, n_runs)} of the runs or more)"
