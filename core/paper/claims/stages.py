"""The claims about the minima over p, which are the stages, and about their steps (Fig. 4)."""

import numpy as np

from core.paper.claims.claim import Finding, claim
from core.paper.claims.evidence import Evidence
from core.paper.claims.measures import begin, counted, has, later_by, rank_correlation
from core.paper.claims.wording import bands, over_seeds, sentence, some, spread, undecided, with_error
from core.results import NoiseSweep, Stage


@claim(
    number=2,
    source="3b, 4b",
    statement="Runs of '6' are nearest to their own memory earlier than to the concept, in all stages.",
    paper="every p (their preprint, arXiv 1712.04195, states the opposite: first the concept, then a memory)",
    rule=(
        "holds if the mean step is earlier by more than 2 SEM of the difference (of the same runs) at every p; in "
        "part if at more than half of them"
    ),
)
def memory_comes_first(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    sweeps = [e.sweep(m) for m in models]
    later, error = (np.stack(values) for values in zip(*map(later_by, sweeps), strict=True))
    earlier, opposite = later > 2 * error, later < -2 * error
    first, at = sweeps[0], int(np.abs(sweeps[0].noises - 0.2).argmin())
    memory, concept = (with_error(first.minimum_step[i, at], first.minimum_step_sem[i, at], ".1f") for i in (0, 1))
    least = int((later[0] - 2 * error[0]).argmin())
    return Finding(
        f"at {earlier[0].sum()} of {earlier.shape[1]} values of p{over_seeds(earlier.sum(1), '.0f')}; the concept "
        f"first, as the preprint has it, at {opposite[0].sum()}; at p = 0.2 step {memory} (memory) and {concept} "
        f"(concept), {with_error(later[0, at], error[0, at], '.1f')} apart",
        [(bool(row.all()), bool(row.mean() > 0.5)) for row in earlier],
        f"Not so at p = {some(first.noises[~earlier[0]])}: at {first.noises[least]:.3g} the concept's step minus the "
        f"memory's is {with_error(later[0, least], error[0, least], '.1f')}.",
        {
            "noises": first.noises.tolist(),
            "minimum_step": [sweep.minimum_step[:2].tolist() for sweep in sweeps],
            "later_by": later.tolist(),
            "later_by_sem": error.tolist(),
        },
        models,
    )


@claim(
    number=3,
    source="4a",
    statement="As p grows the class that runs of '6' come nearest to goes memory, concept, abstract: I, II, III.",
    paper="I, II, III; III begins near p = 0.4",
    rule=(
        "holds if the stages are I, II, III in this order and III begins within 0.1 of 0.4; in part if the order "
        "holds. A stage counts from two decided p on (the two nearest points differ by more than 2 SEM of their "
        "difference), and begins at the first p behind the last decided one of the stage before"
    ),
)
def stages_come_in_order(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    sweeps = [e.sweep(m) for m in models]
    begins = [begin(sweep, Stage.ABSTRACT) for sweep in sweeps]
    order = [[band.stage for band in counted(sweep)] for sweep in sweeps]
    in_order = [stages == list(Stage) for stages in order]
    near = [first is not None and abs(first - 0.4) <= 0.1 + 1e-9 for first in begins]
    if in_order[0]:
        why = f"III begins at p = {some(begins[:1])}, the paper's near 0.4."
    else:
        why = f"The stages that count are {bands(sweeps[0])}."
    return Finding(
        f"{bands(sweeps[0])}{undecided(sweeps[0])}"
        + (f"; III begins at {some(begins)} over {len(begins)} seeds" if len(begins) > 1 else ""),
        [(a and b, a) for a, b in zip(in_order, near, strict=True)],
        why,
        {"stages": [[str(s) for s in sweep.stages] for sweep in sweeps], "third_begins": begins},
        models,
    )


@claim(
    number=4,
    source="4b",
    statement=(
        "The step nearest to the memory grows with p; that nearest to the concept is 20-30 and depends less on p."
    ),
    paper="grows; 20 to 30",
    rule=(
        "over all p: holds if the memory's step rises (rank correlation with p at least 0.8), the concept's is 20 "
        "to 30 on average and varies less than the memory's; in part if one or two of these"
    ),
)
def steps_of_the_minima(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    sweeps = [e.sweep(m) for m in models]
    parts = [step_parts(sweep) for sweep in sweeps]
    first, (memory, concept, abstract) = sweeps[0], sweeps[0].minimum_step
    error = float(first.minimum_step_sem[1].mean())  # of the same runs at every p: it does not average out
    ends = [with_error(memory[k], first.minimum_step_sem[0, k], ".1f") for k in (0, -1)]
    failed = (
        f"the rank correlation of the memory's step with p is {rank_correlation(memory):.2f}",
        f"the concept's step is {with_error(concept.mean(), error, '.1f')} on average",
        f"the concept's step varies by {np.ptp(concept):.1f}, the memory's by {np.ptp(memory):.1f}",
    )
    return Finding(
        f"over all p: memory {ends[0]} to {ends[1]} (rank correlation {rank_correlation(memory):.2f}), concept "
        f"{with_error(concept.mean(), error, '.1f')} on "
        f"average{over_seeds(np.array([s.minimum_step[1].mean() for s in sweeps]), '.1f')}, "
        f"{spread(concept, '.1f')}; abstract concept {abstract.mean():.1f} on average, {spread(abstract, '.1f')}",
        [(all(checks), any(checks)) for checks in parts],
        sentence(words for words, holds in zip(failed, parts[0], strict=True) if not holds),
        {"noises": first.noises.tolist(), "minimum_step": [s.minimum_step.tolist() for s in sweeps], "parts": parts},
        models,
    )


def step_parts(sweep: NoiseSweep) -> list[bool]:
    """The three parts of claim 4."""
    memory, concept, _ = sweep.minimum_step
    return [
        bool(rank_correlation(memory) >= 0.8),
        bool(20 <= concept.mean() <= 30),
        bool(np.ptp(concept) < np.ptp(memory)),
    ]


@claim(
    number=11,
    source="Discussion",
    statement="Stage II appears only when the number of latents is large enough.",
    paper="none at small N_z",
    rule=(
        "for '6': holds if the model with the most latent units has a stage II and the one with the fewest has "
        "none; in part if the one with the fewest has one whose concept half of the runs there, or less, approach. "
        "A stage counts from two decided p on; models of one length of training"
    ),
)
def second_stage_needs_units(e: Evidence) -> Finding:
    models = e.one_per_n_latent("mnist")
    sweeps = [e.map_sweep(m) for m in models]
    inside = [has(sweep, Stage.CONCEPT) for sweep in sweeps]
    is_present = [bool(row.any()) for row in inside]
    shares = [
        float(s.same_step_approach_share[row].mean()) if row.any() else 0.0
        for s, row in zip(sweeps, inside, strict=True)
    ]
    sizes = [m.spec.n_latent for m in models]
    several = len(models) > 1 and is_present[-1]
    if not is_present[-1]:
        why = f"The model with N_z = {sizes[-1]} has no stage II: {bands(sweeps[-1])}."
    else:
        why = (
            f"N_z = {sizes[0]} has a stage II too, at {inside[0].sum()} values of p, where {shares[0]:.0%} of the "
            "runs approach the concept."
        )
    return Finding(
        "; ".join(
            f"N_z = {n}: {bands(sweep)}" + (f" ({s:.0%} approach in II)" if present else "")
            for n, sweep, s, present in zip(sizes, sweeps, shares, is_present, strict=True)
        ),
        [(several and not is_present[0], several and shares[0] <= 0.5)],
        why,
        {"n_latent": sizes, "points": [int(row.sum()) for row in inside], "same_step_approach_share": shares},
        models,
    )
