"""What a claim of the paper is: what it states, how it is measured, and the rule that its verdict follows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.library import Entry
from core.paper.claims.evidence import Evidence
from core.schema import RefusedError

Verdict = Literal["holds", "holds in part", "does not hold", "not measured"]


@dataclass(frozen=True)
class Claim:
    """A statement of the paper beside our numbers, and whether it holds by a rule that is written down.

    `figure` is where the paper states it; `verdict` is that on the model with the lowest seed, `seeds` those on all
    that differ in their seed alone; `why` says with a number what keeps the claim from holding, nothing where it holds;
    `values` are the numbers behind it.
    """

    number: int
    figure: str
    statement: str
    paper: str
    ours: str
    rule: str
    verdict: Verdict
    why: str
    seeds: tuple[Verdict, ...]
    values: Mapping[str, Any]
    models: tuple[str, ...]


@dataclass(frozen=True)
class ClaimTable:
    """The claims, and what they were computed from.

    `recipe` has noise_kind, runs and source, the SHA-256 of every file that was used (`files`), and versions; `changed`
    names those files that are missing here or have another content.
    """

    claims: tuple[Claim, ...]
    recipe: Mapping[str, Any]
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What was measured about a claim.

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


Compute = Callable[[Evidence], Finding]


@dataclass(frozen=True)
class ClaimRule:
    """A claim of the paper, and the rule by which it is judged.

    Args:
        number: Its place in the list of claims, from 1 on.
        source: Where the paper states it.
        statement: What the paper states, in a sentence.
        paper: The paper's value, in words.
        rule: When it holds, and when in part, in words.
        compute: Measures it.
    """

    number: int
    source: str
    statement: str
    paper: str
    rule: str
    compute: Compute

    def check(self, evidence: Evidence) -> Claim:
        """The claim beside our numbers; "not measured", and why, where something that it needs is not here.

        Args:
            evidence: The results that the claims rest on.
        """
        stated = self.number, self.source, self.statement, self.paper
        try:
            finding = self.compute(evidence)
        except RefusedError as error:
            return Claim(*stated, "", self.rule, "not measured", str(error), (), {}, ())
        by_seed: tuple[Verdict, ...] = tuple(verdict(*judged) for judged in finding.judged)
        first = by_seed[0]
        why = "" if first == "holds" else finding.why
        models = tuple(model.id for model in finding.models)
        seeds = by_seed if len(by_seed) > 1 else ()
        return Claim(*stated, finding.ours, self.rule, first, why, seeds, finding.values, models)


def claim(*, number: int, source: str, statement: str, paper: str, rule: str) -> Callable[[Compute], ClaimRule]:
    """Makes a claim of the function that measures it; the arguments are those of `ClaimRule`."""
    return lambda compute: ClaimRule(number, source, statement, paper, rule, compute)


def verdict(holds: bool, in_part: bool) -> Verdict:
    """The verdict of a rule.

    Example:
        >>> verdict(False, True)
        'holds in part'
    """
    return "holds" if holds else "holds in part" if in_part else "does not hold"
