"""What a claim is made of: a function that finds numbers, and the rule that its verdict follows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.library import Entry
from core.results import Claim
from core.spec import RefusedError


@dataclass(frozen=True)
class Finding:
    """What we find about a claim."""

    ours: str
    holds: bool
    in_part: bool
    values: Mapping[str, Any]
    models: Sequence[Entry]


Find = Callable[..., Finding]
Check = Callable[[Any], Claim]
CHECKS: dict[int, Check] = {}
"""The claims by their numbers."""


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
                return Claim(number, figure, statement, paper, str(error), rule, "not measured", {}, ())
            word = "holds" if found.holds else "holds in part" if found.in_part else "does not hold"
            models = tuple(model.id for model in found.models)
            return Claim(number, figure, statement, paper, found.ours, rule, word, found.values, models)

        CHECKS[number] = check
        return find

    return register
