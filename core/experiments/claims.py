"""The paper's claims, each with the rule by which it holds; no rule was chosen after its result was known.

The numbers are those of paper.md's list. A rule asks for the paper's statement, with a tolerance that is written in it;
"in part" means that the weaker statement, also written down, is true. The verdict is that on the model with the lowest
seed; where others were trained theirs and their range stand beside it. Means and shares come with 2 standard errors
over runs; those of differences between quantities of the same runs are paired. Where a claim does not hold, `why` says
with a number what keeps it from holding; no cause is named, since none was tested. From number 16 on: what the paper
states beside that list.
"""

from core.experiments.claims_of_approach import (
    fashion_is_alike,
    runs_approach,
    runs_come_into_the_numeric_space,
    runs_gather_in_few_dimensions,
    wrong_concepts_do_not_attract,
)
from core.experiments.claims_of_images import (
    noisier_images_need_more_steps,
    runs_of_one_branch,
    six_is_read,
    the_window_of_one,
)
from core.experiments.claims_of_models import (
    approach_gets_clearer,
    approach_goes_with_orthogonality,
    bound_is_best_at_fourteen,
    concepts_are_saddles,
    concepts_become_orthogonal,
    few_units_are_active,
)
from core.experiments.claims_of_stages import (
    memory_comes_first,
    second_stage_needs_units,
    stages_come_in_order,
    steps_of_the_minima,
)
from core.experiments.evidence import Evidence
from core.experiments.rules import ClaimRule
from core.figure_results import ClaimTable
from core.progress import Progress, silent
from core.session import Session
from core.specs import ExperimentSpec

RULES: tuple[ClaimRule, ...] = (
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


def claims(
    session: Session, *, noise_kind: str = "permute", n_runs: int = 0, progress: Progress = silent
) -> ClaimTable:
    """Check every claim on the shipped models.

    Args:
        session: Where models and images are.
        noise_kind: How the paper's "swapped" is read.
        n_runs: Fewer runs than the paper's, to try it out; 0 for as many as the paper has.
        progress: Called while it computes.

    Raises:
        SpecError: Too few or too many runs.
    """
    if n_runs:
        ExperimentSpec(model="any", noise_kind=noise_kind, n_runs=n_runs)  # refuses here, not claim by claim
    return check_claims(Evidence(session, noise_kind, n_runs, progress))


def check_claims(evidence: Evidence) -> ClaimTable:
    """Check every claim on some evidence, whose `progress` is told the share of the claims that are done."""
    found = []
    for i, rule in enumerate(RULES):
        evidence.done = i / len(RULES)
        evidence.progress(evidence.done, f"claim {rule.number} of {len(RULES)}")
        found.append(rule.check(evidence))
    evidence.progress(1.0, "done")
    models = {id for claim in found for id in claim.models}
    return ClaimTable(tuple(found), evidence.recipe(models))
