"""The paper's claims, each with the rule by which it holds; no rule was chosen after its result was known.

The numbers are those of paper.md's list. A rule asks for the paper's statement, with a tolerance that is written in it;
"in part" means that the weaker statement, also written down, is true. The verdict is that on the model with the lowest
seed; where others were trained theirs and their range stand beside it. Means and shares come with 2 standard errors
over runs; those of differences between quantities of the same runs are paired. Where a claim does not hold, `why` says
with a number what keeps it from holding; no cause is named, since none was tested. From number 16 on: what the paper
states beside that list.
"""

from core.config import EnsembleSpec, Progress, Settings, silent
from core.experiments import (  # noqa: F401 (their claims enter themselves in CHECKS)
    claims_of_approach,
    claims_of_images,
    claims_of_models,
    claims_of_stages,
)
from core.experiments.evidence import Evidence
from core.experiments.rules import CHECKS
from core.results import ClaimTable


def claims(
    settings: Settings, *, noise_kind: str = "permute", n_runs: int = 0, progress: Progress = silent
) -> ClaimTable:
    """Check every claim on the shipped models.

    Args:
        settings: Where models and images are.
        noise_kind: How the paper's "swapped" is read.
        n_runs: Fewer runs than the paper's, to try it out; 0 for as many as the paper has.
        progress: Called while it computes.

    Raises:
        SpecError: Too few or too many runs.
    """
    if n_runs:
        EnsembleSpec(model="any", noise_kind=noise_kind, n_runs=n_runs)  # refuses here, not claim by claim
    evidence, found = Evidence(settings, noise_kind, n_runs, progress), []
    for i, number in enumerate(sorted(CHECKS)):
        evidence.done = i / len(CHECKS)
        progress(evidence.done, f"claim {number} of {len(CHECKS)}")
        found.append(CHECKS[number](evidence))
    progress(1.0, "done")
    models = {id for claim in found for id in claim.models}
    return ClaimTable(tuple(found), evidence.recipe(models))
