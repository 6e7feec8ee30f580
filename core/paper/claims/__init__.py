"""The paper's claims, each with the rule by which it holds; no rule was chosen after its result was known.

The numbers are those of paper.md's list. A rule asks for the paper's statement, with a tolerance that is written in it;
"in part" means that the weaker statement, also written down, is true. The verdict is that on the model with the lowest
seed; where others were trained theirs and their range stand beside it. Means and shares come with 2 standard errors
over runs; those of differences between quantities of the same runs are paired. Where a claim does not hold, `why` says
with a number what keeps it from holding; no cause is named, since none was tested. From number 16 on: what the paper
states beside that list.
"""

from core.paper.claims.approach import (
    fashion_is_alike,
    runs_approach,
    runs_come_into_the_numeric_space,
    runs_gather_in_few_dimensions,
    wrong_concepts_do_not_attract,
)
from core.paper.claims.claim import Claim, ClaimRule, ClaimTable, Verdict
from core.paper.claims.evidence import Evidence
from core.paper.claims.file import CLAIM_FILES, save_claims, stored_claims
from core.paper.claims.images import (
    noisier_images_need_more_steps,
    runs_of_one_branch,
    six_is_read,
    the_window_of_one,
)
from core.paper.claims.models import (
    approach_gets_clearer,
    approach_goes_with_orthogonality,
    bound_is_best_at_fourteen,
    concepts_are_saddles,
    concepts_become_orthogonal,
    few_units_are_active,
)
from core.paper.claims.stages import (
    memory_comes_first,
    second_stage_needs_units,
    stages_come_in_order,
    steps_of_the_minima,
)
from core.progress import Progress, silent
from core.session import Session
from core.specs import ExperimentSpec

__all__ = [
    "CLAIMS",
    "CLAIM_FILES",
    "Claim",
    "ClaimRule",
    "ClaimTable",
    "Evidence",
    "Verdict",
    "check_claims",
    "check_evidence",
    "save_claims",
    "stored_claims",
]

CLAIMS: tuple[ClaimRule, ...] = (
    runs_approach,
    memory_comes_first,
    stages_come_in_order,
    steps_of_the_minima,
    six_is_read,
    the_window_of_one,
    runs_of_one_branch,
    few_units_are_active,
    concepts_become_orthogonal,
    approach_gets_clearer,
    second_stage_needs_units,
    bound_is_best_at_fourteen,
    wrong_concepts_do_not_attract,
    fashion_is_alike,
    concepts_are_saddles,
    runs_gather_in_few_dimensions,
    runs_come_into_the_numeric_space,
    noisier_images_need_more_steps,
    approach_goes_with_orthogonality,
)
"""The claims in the order of their numbers, 1 to 19."""


def check_claims(
    session: Session, *, noise_kind: str = "permute", n_runs: int = 0, progress: Progress = silent
) -> ClaimTable:
    """Check every claim on the shipped models.

    Args:
        session: Where models and images are.
        noise_kind: How the paper's "swapped" is understood: "permute" or "invert".
        n_runs: Fewer runs than the paper's, to try it out; 0 for as many as the paper has.
        progress: Called while it computes.

    Raises:
        SpecError: Too few or too many runs.
    """
    if n_runs:
        ExperimentSpec(model="any", noise_kind=noise_kind, n_runs=n_runs)  # refuses here, not claim by claim
    return check_evidence(Evidence(session, noise_kind, n_runs, progress))


def check_evidence(evidence: Evidence) -> ClaimTable:
    """Check every claim on some evidence, whose `progress` is called with the share of the claims that are done."""
    checked = []
    for i, rule in enumerate(CLAIMS):
        evidence.done = i / len(CLAIMS)
        evidence.progress(evidence.done, f"claim {rule.number} of {len(CLAIMS)}")
        checked.append(rule.check(evidence))
    evidence.progress(1.0, "done")
    models = {id for claim in checked for id in claim.models}
    return ClaimTable(tuple(checked), evidence.recipe(models))
