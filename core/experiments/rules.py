"""What a claim is made of: a function that finds numbers, and the rule that its verdict follows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.figure_results import Claim, Verdict
from core.library import Entry
from core.schema import RefusedError


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


def verdict(holds: bool, in_part: bool) -> Verdict:
    """The verdict of a rule.

    Example:
        >>> verdict(False, True)
        'holds in part'
    """
    return "holds" if holds else "holds in part" if in_part else "does not hold"


@dataclass(frozen=True)
class ClaimRule:
    """A claim of the paper, and the rule by which it is judged.

    Args:
        number: Its place in the list of claims, from 1 on.
        figure: Where the paper states it.
        paper: The paper's value, in words.
        rule: When it holds, and when in part, in words.
        find: Measures it; its docstring is the paper's statement.
    """

    number: int
    figure: str
    paper: str
    rule: str
    find: Find

    @property
    def statement(self) -> str:
        """What the paper states, in a sentence."""
        return " ".join((self.find.__doc__ or "").split())

    def check(self, evidence: Any) -> Claim:
        """The claim beside what is found; "not measured", and why, where something that it needs is not here."""
        stated = self.number, self.figure, self.statement, self.paper
        try:
            found = self.find(evidence)
        except RefusedError as error:
            return Claim(*stated, "", self.rule, "not measured", str(error), (), {}, ())
        by_seed: tuple[Verdict, ...] = tuple(verdict(*judged) for judged in found.judged)
        first = by_seed[0]
        why = "" if first == "holds" else found.why
        models = tuple(model.id for model in found.models)
        seeds = by_seed if len(by_seed) > 1 else ()
        return Claim(*stated, found.ours, self.rule, first, why, seeds, found.values, models)


def claim(number: int, figure: str, paper: str, rule: str) -> Callable[[Find], ClaimRule]:
    """Makes a claim of a function whose docstring is the paper's statement and that returns what we find."""
    return lambda find: ClaimRule(number, figure, paper, rule, find)
