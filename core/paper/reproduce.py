"""What is shipped, computed again: which numbers of figures and claims differ."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.data import check_images
from core.paper.claims import Claim, ClaimTable, check_claims
from core.paper.figures.registry import figure_of
from core.paper.results import arrays_of
from core.paper.shipped import shipped_figure
from core.progress import Progress, silent
from core.schema import RefusedError
from core.session import Session

TOLERANCE = 0.01  # of the largest value of an array: another machine rounds differently, and runs amplify it
SHARE = 0.01  # of the numbers of an array that may lie further apart


@dataclass(frozen=True)
class Comparison:
    """A figure or a claim beside what is shipped of it.

    Args:
        name: Of the figure or claim.
        verdict: "same", "differs" or "not computed".
        detail: What differs, or why nothing was computed; nothing where all is the same.
    """

    name: str
    verdict: str
    detail: str = ""


def compare_figure(id: str, session: Session, *, progress: Progress = silent) -> Comparison:
    """Compute a shipped figure again with its own settings.

    Args:
        id: Of the figure.
        session: Where models and images are.
        progress: Called while it computes.
    """
    number = figure_of(id).number
    try:
        shipped = shipped_figure(id, session)
        if shipped is None:
            return Comparison(number, "not computed", "It is not shipped for the models that are here.")
        again = arrays_of(figure_of(id).compute(session, shipped.spec, progress))
        detail = difference(arrays_of(shipped.result()), again)
    except RefusedError as error:
        return Comparison(number, "not computed", str(error))
    return Comparison(number, "differs" if detail else "same", detail)


def difference(shipped: Mapping[str, np.ndarray], again: Mapping[str, np.ndarray]) -> str:
    """The array that differs most, in words; nothing where all agree.

    Example:
        >>> difference({"a": np.array([1.0, 2.0])}, {"a": np.array([1.0, 2.5])})
        'a: 50 % of the numbers are further apart than 0.02'
    """
    if list(shipped) != list(again):
        return "There are other arrays."
    shares = {name: share_apart(array, again[name]) for name, array in shipped.items()}
    name, (share, bound) = max(shares.items(), key=lambda item: item[1][0])
    return f"{name}: {100 * share:.3g} % of the numbers are further apart than {bound:.2g}" if share > SHARE else ""


def share_apart(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """The share of numbers that are further apart than the bound, and the bound; all where the shapes differ."""
    if one.shape != other.shape or one.dtype.kind not in "biuf":
        return float(not np.array_equal(one, other)), 0.0
    a, b = one.astype(np.float64), other.astype(np.float64)
    bound = TOLERANCE * float(np.nanmax(np.abs(a), initial=0.0)) if one.dtype.kind == "f" else 0.0
    apart = ~((np.abs(a - b) <= bound) | (np.isnan(a) & np.isnan(b)))
    return float(apart.mean()) if apart.size else 0.0, bound


def compare_table(shipped: ClaimTable, session: Session, *, progress: Progress = silent) -> list[Comparison]:
    """Check the claims of a shipped table again, from the same images: from others they are other experiments.

    Args:
        shipped: The table, with what it was computed from.
        session: Where models and images are.
        progress: Called while it computes.
    """
    kind = shipped.recipe["noise_kind"]
    try:
        for dataset, source in shipped.recipe["source"].items():
            if source == "original":
                check_images(dataset, session.settings.data)
    except RefusedError as error:
        return [Comparison(f"Claims, {kind}", "not computed", str(error))]
    return compare_claims(shipped, check_claims(session, noise_kind=kind, progress=progress))


def compare_claims(shipped: ClaimTable, again: ClaimTable) -> list[Comparison]:
    """The claims of two tables, one by one."""
    others = {claim.number: claim for claim in again.claims}
    return [compare_claim(claim, others[claim.number]) for claim in shipped.claims]


def compare_claim(shipped: Claim, again: Claim) -> Comparison:
    """A claim beside the same computed again: first its verdicts, then its numbers in words."""
    name = f"Claim {shipped.number}"
    if again.verdict == "not measured":
        return Comparison(name, "not computed", again.why)
    if (shipped.verdict, shipped.seeds) != (again.verdict, again.seeds):
        before, after = (", ".join([one.verdict, *one.seeds]) for one in (shipped, again))
        return Comparison(name, "differs", f"{before} is now {after}")
    if shipped.ours != again.ours:
        return Comparison(name, "differs", f"The verdict is the same; {shipped.ours!r} is now {again.ours!r}")
    return Comparison(name, "same")
