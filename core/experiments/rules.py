"""What a claim is made of: a function that finds numbers, and the rule that its verdict follows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.library import Entry
from core.results import Claim, Verdict
from core.spec import RefusedError


@dataclass(frozen=True)
class Finding:
    """What we find about a claim.

    Args:
        ours: Our numbers, in words.
        judged: Whether the claim holds, and whether it holds in part: for every seed, the lowest first.
        why: A sentence with the number that keeps the claim from holding; not shown where it holds.
        values: The numbers behind it.
        models: Those that were measured.
    """

    ours: str
    judged: Sequence[tuple[bool, bool]]
    why: str
    values: Mapping[str, Any]
    models: Sequence[Entry]


Find = Callable[..., Finding]
Check = Callable[[Any], Claim]
CHECKS: dict[int, Check] = {}
"""The claims by their numbers."""


def verdict(holds: bool, in_part: bool) -> Verdict:
    """The verdict of a rule.

    Example:
        >>> verdict(False, True)
        'holds in part'
    """
    return "holds" if holds else "holds in part" if in_part else "does not hold"


def claim(
    number: int, figure: str, paper: str, rule: str
) -> Callable[[Callable[..., Finding]], Callable[..., Finding]]:
    """Makes a claim of a function whose docstring is the paper's statement and that returns what we find."""

    def register(find: Find) -> Find:
        statement = " ".join((find.__doc__ or "").split())

        def check(evidence: Any) -> Claim:
            try:
                found = find(evidence)
            except RefusedError as error:
                return Claim(number, figure, statement, paper, "", rule, "not measured", str(error), (), {}, ())
            by_seed: tuple[Verdict, ...] = tuple(verdict(*judged) for judged in found.judged)
            first = by_seed[0]
            why = "" if first == "holds" else found.why
            models = tuple(model.id for model in found.models)
            seeds = by_seed if len(by_seed) > 1 else ()
            return Claim(number, figure, statement, paper, found.ours, rule, first, why, seeds, found.values, models)

        CHECKS[number] = check
        return find

    return register
