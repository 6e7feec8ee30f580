"""The paper's claims, each with the rule by which it holds; no rule was chosen after its result was known.

The numbers are those of paper.md's list. A rule asks for the paper's statement, with a tolerance that is written in it;
"in part" means that the weaker statement, also written down, is true. The verdict is that on the model with the lowest
seed; where others were trained their range stands beside it. Means and shares come with 2 standard errors over runs.
"""

from itertools import pairwise

import numpy as np

from core.config import EnsembleSpec, Progress, Settings, silent
from core.experiments.evidence import Evidence
from core.experiments.rules import CHECKS, Finding, claim
from core.experiments.statements import (
    CONCEPT_STEPS,
    bands,
    before_the_third,
    begin,
    compressed,
    digits,
    dimensions,
    in_the_middle,
    later_by,
    of_labels,
    over_seeds,
    rank_correlation,
    reach,
    read_up_to,
    share,
    some,
    undecided,
    with_error,
)
from core.results import ClaimTable, Stage
from core.spec import SpecError


def claims(
    settings: Settings, *, noise_kind: str = "invert", n_runs: int = 0, progress: Progress = silent
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
    for i, check in enumerate(CHECKS):
        evidence.done = i / len(CHECKS)
        progress(evidence.done, f"claim {i + 1} of {len(CHECKS)}")
        found.append(check(evidence))
    progress(1.0, "done")
    models = {id for claim in found for id in claim.models}
    return ClaimTable(tuple(found), evidence.recipe(models))


@claim(
    1,
    "1, 3a",
    "all ten labels",
    "holds if more than half of the runs of every label approach; in part if so for at least five labels",
)
def runs_approach(e: Evidence, dataset: str = "mnist") -> Finding:
    """From noisy images (p = 0.2) runs approach their concept, for every label."""
    models = e.seeds(dataset)
    shares = np.stack([e.approach(m).approach_share for m in models])
    strict, n_runs = e.approach(models[0]).strict_approach_share, e.count("approach", models[0])
    many = int((shares[0] > 0.5).sum())
    return Finding(
        f"{of_labels(shares[0], models[0].label_names, n_runs)}{over_seeds(shares.mean(1), '.0%')}; more than half for "
        f"{many} of 10 labels; {strict.mean():.0%} of the runs have a single minimum",
        many == 10,
        many >= 5,
        {"approach_share": shares.tolist(), "strict_approach_share": strict.tolist(), "n_runs": n_runs},
        models,
    )


@claim(
    2,
    "3b, 4b",
    "every p",
    "holds if the mean step is earlier by more than 2 SEM at every p; in part if at more than half of them",
)
def memory_comes_first(e: Evidence) -> Finding:
    """Runs of '6' are nearest to their own memory earlier than to the concept, in all stages."""
    models = e.seeds("mnist")
    sweeps = [e.sweep(m) for m in models]
    earlier = np.stack([later_by(sweep) > 0 for sweep in sweeps])
    first, at = sweeps[0], int(np.abs(sweeps[0].noises - 0.2).argmin())
    memory, concept = (with_error(first.minimum_step[i, at], first.minimum_step_sem[i, at], ".1f") for i in (0, 1))
    missing = first.noises[~earlier[0]]
    return Finding(
        f"at {earlier[0].sum()} of {earlier.shape[1]} values of p{over_seeds(earlier.sum(1), '.0f')}"
        + (f", not at p = {some(missing)}" if len(missing) else "")
        + f"; at p = 0.2 step {memory} (memory) and {concept} (concept)",
        bool(earlier[0].all()),
        bool(earlier[0].mean() > 0.5),
        {
            "noises": first.noises.tolist(),
            "minimum_step": [sweep.minimum_step[:2].tolist() for sweep in sweeps],
            "minimum_step_sem": [sweep.minimum_step_sem[:2].tolist() for sweep in sweeps],
        },
        models,
    )


@claim(
    3,
    "4a",
    "I, II, III; III begins near p = 0.4",
    "holds if the stages are I, II, III in this order and III begins within 0.1 of 0.4; in part if the order holds",
)
def stages_come_in_order(e: Evidence) -> Finding:
    """As p grows the class that runs of '6' come nearest to goes memory, concept, abstract: I, II, III."""
    models = e.seeds("mnist")
    sweeps = [e.sweep(m) for m in models]
    begins = [begin(sweep, Stage.ABSTRACT) for sweep in sweeps]
    near = begins[0] is not None and abs(begins[0] - 0.4) <= 0.1
    in_order = compressed(sweeps[0].stages) == list(Stage)
    return Finding(
        f"{bands(sweeps[0])}{undecided(sweeps[0])}"
        + (f"; III begins at {some(begins)} over {len(begins)} seeds" if len(begins) > 1 else ""),
        in_order and near,
        in_order,
        {"stages": [[str(s) for s in sweep.stages] for sweep in sweeps], "third_begins": begins},
        models,
    )


@claim(
    4,
    "4b",
    "grows; 20 to 30",
    "holds if, in stages I and II, the memory's step rises (rank correlation with p at least 0.8), the concept's "
    "is 20 to 30 on average and varies less than the memory's; in part if one or two of these",
)
def steps_of_the_minima(e: Evidence) -> Finding:
    """The step nearest to the memory grows with p; that nearest to the concept is 20-30 and depends less on p."""
    models = e.seeds("mnist")
    steps = [before_the_third(e.sweep(m)) for m in models]
    (memory, concept, _), sem = steps[0]
    if not memory.size:
        raise SpecError("There is no stage I or II of '6': stage III begins at p = 0.")
    mean = with_error(concept.mean(), np.sqrt((sem[1] ** 2).sum()) / len(concept), ".1f")
    parts = (rank_correlation(memory) >= 0.8, 20 <= concept.mean() <= 30, np.ptp(concept) < np.ptp(memory))
    seeds = np.array([each[1].mean() for each, _ in steps if each.size])
    return Finding(
        f"memory {with_error(memory[0], sem[0][0], '.1f')} to {with_error(memory[-1], sem[0][-1], '.1f')} (rank "
        f"correlation {rank_correlation(memory):.2f}), concept {mean} on average{over_seeds(seeds, '.1f')}, "
        f"{concept.min():.1f} to {concept.max():.1f}, over p in stages I and II",
        all(parts),
        any(parts),
        {"memory": memory.tolist(), "concept": concept.tolist(), "parts": [bool(p) for p in parts]},
        models,
    )


@claim(
    5,
    "5a",
    "p < 0.4; up to p = 0.7 at t = 20-30; '3' or '4' first, '0' at the end",
    "holds if read at every step up to p = 0.35 at least, at t = 20-30 up to 0.6 at least, and for p >= 0.5 mostly "
    "another digit first and '0' at the end; in part if one or two of these",
)
def six_is_read(e: Evidence) -> Finding:
    """'6' is read at every step for p < 0.4; in stage III first another digit, '6' around t = 20-30, then '0'."""
    models = e.seeds("mnist")
    readings, n_runs = [e.reading(m, 6) for m in models], e.count("reading", models[0])
    reading = readings[0]
    each_always = np.array([read_up_to((r.predicted_labels == 6).all(1), r.noises) for r in readings])
    each_middle = np.array([read_up_to(in_the_middle(r, 6), r.noises) for r in readings])
    always, middle = float(each_always[0]), float(each_middle[0])
    late = reading.predicted_labels[reading.noises >= 0.5]
    starts_elsewhere, ends_at_zero = (late[:, 0] != 6).mean(), (late[:, -1] == 0).mean()
    parts = (always >= 0.35, middle >= 0.6, starts_elsewhere > 0.5 and ends_at_zero > 0.5)
    return Finding(
        f"at every step {reach(reading, always, n_runs)}{over_seeds(each_always, '.3g')}; "
        f"at t = 20-30 {reach(reading, middle, n_runs, CONCEPT_STEPS)}{over_seeds(each_middle, '.3g')}; "
        f"for p >= 0.5 first {digits(late[:, 0])}, at the end {digits(late[:, -1])} (shares of these p)",
        all(parts),
        any(parts),
        {
            "noises": reading.noises.tolist(),
            "first": reading.predicted_labels[:, 0].tolist(),
            "last": reading.predicted_labels[:, -1].tolist(),
            "always": each_always.tolist(),
            "middle": each_middle.tolist(),
        },
        models,
    )


@claim(
    6,
    "5b",
    "narrower than that of '6', or none",
    "holds if '1' is read there for fewer p than '6'; in part if for as many, at least one and not all",
)
def the_window_of_one(e: Evidence) -> Finding:
    """For '1' the window around t = 20-30 in which it is read shrinks or vanishes at 0.4 < p < 0.7."""
    models = e.seeds("mnist")
    noises = e.reading(models[0], 6).noises
    inside = (noises > 0.4) & (noises < 0.7)
    read = {n: np.stack([in_the_middle(e.reading(m, n), n)[inside] for m in models]) for n in (6, 1)}
    ones, sixes = (read[n].sum(1) for n in (1, 6))
    one, six = int(ones[0]), int(sixes[0])
    agree = share(float(e.reading(models[0], 1).share[inside, CONCEPT_STEPS].mean()), e.count("reading", models[0]))
    return Finding(
        f"read at t = 20-30 at {one} of these {inside.sum()} values of p{over_seeds(ones, '.0f')}, '6' at {six}"
        f"{over_seeds(sixes, '.0f')}; on average {agree} of the runs of '1' agree with the label that most of them are "
        "given there",
        one < six,
        0 < one == six < int(inside.sum()),
        {"noises": noises[inside].tolist(), "read": {str(n): v.tolist() for n, v in read.items()}},
        models,
    )


@claim(
    7,
    "2, B",
    "two clusters, '1' and others",
    "holds if at least 80 % of the narrow and at most 50 % of the wide cluster are read as '1' and both have less "
    "variance at T; in part if one or two of these",
)
def runs_of_one_branch(e: Evidence) -> Finding:
    """Runs of '1' branch by t = 10 into a string-like cluster read as '1' and a wide one of others, then contract."""
    models = e.seeds("mnist")
    every = [e.branches(m) for m in models]
    found, sizes = every[0], np.bincount(every[0].branch, minlength=2).tolist()
    narrow, wide = found.predicted_share[:, 1]
    contracts = found.variance[:, -1] < found.variance[:, found.t]
    parts = (narrow >= 0.8, wide <= 0.5, bool(contracts.all()))
    variance, sem = found.variance, found.variance_sem
    at, end = ([with_error(variance[k, t], sem[k, t], ".1f") for k in (0, 1)] for t in (found.t, -1))
    ranges = [over_seeds(np.array([f.predicted_share[k, 1] for f in every]), ".0%") for k in (0, 1)]
    return Finding(
        f"{sizes[0]} runs with variance {at[0]}, {share(float(narrow), sizes[0])} read as '1'{ranges[0]}; "
        f"{sizes[1]} with {at[1]}, {share(float(wide), sizes[1])}{ranges[1]}; "
        f"at T the variances are {end[0]} and {end[1]}",
        all(parts),
        any(parts),
        {
            "sizes": sizes,
            "predicted_share": [f.predicted_share.tolist() for f in every],
            "variance": [f.variance.tolist() for f in every],
        },
        models,
    )


@claim(
    8,
    "7",
    "14 active, 14 dimensions, 9 for 70 %",
    "holds if all three numbers are within 2 of the paper's ('all the variance' is read as 99 %, active as a variance "
    "above 0.01); in part if less than half of the units are active",
)
def few_units_are_active(e: Evidence) -> Finding:
    """At N_z = 100, 14 latents are active, 14 dimensions explain all the variance and nine explain 70 %."""
    models = e.seeds("mnist")
    counts = np.array([dimensions(e.geometry(m)) for m in models])
    close = np.abs(counts[0] - (14, 14, 9)) <= 2
    return Finding(
        f"{counts[0, 0]} active{over_seeds(counts[:, 0], '.0f')}, {counts[0, 1]} dimensions for 99 %"
        f"{over_seeds(counts[:, 1], '.0f')}, {counts[0, 2]} for 70 %{over_seeds(counts[:, 2], '.0f')}",
        bool(close.all()),
        bool(counts[0, 0] < models[0].spec.n_latent / 2),
        {"active_99_70": counts.tolist(), "threshold": 0.01},
        models,
    )


@claim(
    9,
    "8, E",
    "near zero from N_z = 10-20",
    "holds if it falls (rank correlation with N_z at most -0.8) and from N_z = 20 on is below a tenth of its value "
    "at the smallest N_z; in part if one of these",
)
def concepts_become_orthogonal(e: Evidence) -> Finding:
    """The orthogonality measure falls with N_z and levels off near zero from N_z about 10-20."""
    models = e.ladder("mnist")
    gaps = np.array([e.geometry(m).orthogonality_gap for m in models])
    sizes = np.array([m.spec.n_latent for m in models])
    if sizes[0] >= 20 or sizes[-1] < 20:
        raise SpecError("Models with fewer and with more than 20 latent units are needed: python -m core zoo")
    level = gaps[sizes >= 20].mean() / gaps[0]
    falls = rank_correlation(-gaps) >= 0.8
    largest = np.array([e.geometry(m).orthogonality_gap for m in e.seeds("mnist")])
    return Finding(
        "squared norm by N_z: "
        + "; ".join(f"{n}: {gap:.1f}" for n, gap in zip(sizes, gaps, strict=True))
        + over_seeds(largest, ".1f"),
        bool(falls and level < 0.1),
        bool(falls or level < 0.1),
        {"n_latent": sizes.tolist(), "orthogonality_gap": gaps.tolist()},
        models,
    )


@claim(
    10,
    "8, 9",
    "both, for '6'",
    "holds if the share of runs that approach and the test ELBO rise from model to model; in part if they do from "
    "the smallest to the largest N_z",
)
def approach_gets_clearer(e: Evidence) -> Finding:
    """The approach gets clearer with N_z (2, 20, 100), and with it the test ELBO gets better."""
    models = [m for m in e.ladder("mnist") if m.spec.n_latent in (2, 20, 100)]
    if len(models) < 3:
        raise SpecError("Models with 2, 20 and 100 latent units are needed: python -m core zoo")
    shares = [float(e.approach(m).approach_share[6]) for m in models]
    bounds = [float(m.card["test_negative_elbo"]) for m in models]
    rising = [b > a for a, b in pairwise(shares)]
    falling = [b < a for a, b in pairwise(bounds)]
    return Finding(
        "; ".join(
            f"N_z = {m.spec.n_latent}: {share(s, e.count('approach', m))} of the runs, {b:.1f} nats"
            for m, s, b in zip(models, shares, bounds, strict=True)
        ),
        all(rising + falling),
        shares[-1] > shares[0] and bounds[-1] < bounds[0],
        {"approach_share": shares, "test_negative_elbo": bounds},
        models,
    )


@claim(
    11,
    "Discussion",
    "none at small N_z",
    "for '6': holds if there is an N_z below which no model has a stage II whose concept most runs approach at "
    "p = 0.2, and above which every one has; in part if the largest has one and the smallest has none (300 runs a p)",
)
def second_stage_needs_units(e: Evidence) -> Finding:
    """Stage II appears only when the number of latents is large enough."""
    models = e.ladder("mnist")
    sweeps = [e.map_sweep(m) for m in models]
    widths = np.array([np.mean([s == Stage.CONCEPT for s in sweep.stages]) for sweep in sweeps])
    shares = np.array([float(e.approach(m).approach_share[6]) for m in models])
    there = (widths > 0) & (shares > 0.5)
    first = int(there.argmax()) if there.any() else len(there)
    clean = bool(there.any() and there[first:].all() and first > 0)
    return Finding(
        "; ".join(
            f"N_z = {m.spec.n_latent}: {bands(sweep)}, {share(s, e.count('approach', m))} approach"
            for m, sweep, s in zip(models, sweeps, shares, strict=True)
        ),
        clean,
        bool(there[-1] and not there[0]),
        {"n_latent": [m.spec.n_latent for m in models], "width": widths.tolist(), "approach_share": shares.tolist()},
        models,
    )


@claim(
    12,
    "9",
    "best near 14, flat beyond",
    "holds if the best N_z is 10 to 20 and those from 14 on differ by at most 2 nats; in part if one of these. On the "
    "grid of Fig. 9, the best of nine settings at epoch 100 as in the paper, once all of it is trained; until then on "
    "the shipped models, of one setting and unequal epochs",
)
def bound_is_best_at_fourteen(e: Evidence) -> Finding:
    """The test ELBO is best near N_z = 14 and flat beyond."""
    models, grid, spread = e.ladder("mnist"), e.grid(), ""
    if grid:
        sizes, bounds, epochs = grid.n_latents, grid.best, grid.best_epochs
        words, models = "best of nine, ", []
    else:
        sizes, epochs = np.array([(m.spec.n_latent, m.spec.epochs) for m in models]).T
        bounds, words = np.array([float(m.card["test_negative_elbo"]) for m in models]), "shipped models, "
        seeds = e.seeds("mnist")
        spread = over_seeds(np.array([float(m.card["test_negative_elbo"]) for m in seeds]), ".1f")
        models = [*models, *(m for m in seeds if m not in models)]
    if sizes[0] >= 14 or sizes[-1] < 20:
        raise SpecError("Models with fewer than 14 and with 20 or more latent units are needed: python -m core zoo")
    best, beyond = sizes[bounds.argmin()], bounds[sizes >= 14]
    near, flat = bool(10 <= best <= 20), bool(np.ptp(beyond) <= 2)
    return Finding(
        f"{words}negative bound in nats by N_z: "
        + "; ".join(f"{n}: {b:.1f} ({many} epochs)" for n, b, many in zip(sizes, bounds, epochs, strict=True))
        + spread,
        near and flat,
        near or flat,
        {"n_latent": sizes.tolist(), "test_negative_elbo": bounds.tolist(), "epochs": epochs.tolist()},
        models,
    )


@claim(
    13,
    "F",
    "every label",
    "holds if the own concept is the nearest one for the most runs of every label; in part if for at least five",
)
def wrong_concepts_do_not_attract(e: Evidence, dataset: str = "mnist") -> Finding:
    """Runs are not drawn to the concept of a wrong label."""
    models = e.seeds(dataset)
    own = np.stack([np.diag(e.approach(m).winners) for m in models])
    first = e.approach(models[0]).winners
    wins, names = first.argmax(1) == np.arange(10), models[0].label_names
    most, lost = int(wins.sum()), [names[i] for i in np.flatnonzero(~wins)]
    return Finding(
        "nearest to their own label's concept of all ten come "
        f"{of_labels(own[0], names, e.count('approach', models[0]))}{over_seeds(own.mean(1), '.0%')}; "
        f"it wins for {most} of 10 labels" + (f", not for {', '.join(lost)}" if lost else ""),
        most == 10,
        most >= 5,
        {"winners": first.tolist()},
        models,
    )


@claim(
    14,
    "D",
    "as on MNIST",
    "holds if claims 1 and 13 get the same verdict as on MNIST, whatever that is; in part if one of them does",
)
def fashion_is_alike(e: Evidence) -> Finding:
    """Fashion-MNIST behaves alike."""
    checks = (runs_approach, wrong_concepts_do_not_attract)
    here, there = ([check(e, dataset) for check in checks] for dataset in ("fashion", "mnist"))
    alike = [(a.holds, a.in_part) == (b.holds, b.in_part) for a, b in zip(here, there, strict=True)]
    return Finding(
        f"approach: {here[0].ours}. Own concept: {here[1].ours}",
        all(alike),
        any(alike),
        {check.__name__: dict(found.values) for check, found in zip(checks, here, strict=True)},
        e.seeds("fashion"),
    )


@claim(
    15,
    "Discussion",
    "not tested",
    "holds if at every concept the gain along the noise is below 1 and that orthogonal to it (root mean square over "
    "all N_z - 1 directions, those of inactive units included) above 1; in part if every concept has "
    "an eigenvalue beyond 1 and most have a gain along the noise below 1",
)
def concepts_are_saddles(e: Evidence) -> Finding:
    """Concepts are saddles: attracting along the noise, repelling orthogonally (a conjecture of the authors)."""
    models = e.seeds("mnist")
    found = [e.dynamics(m) for m in models]
    first = found[0]
    attracts, repels = first.noise_gain < 1, first.orthogonal_gain > 1
    along, across = (np.stack([getattr(f, name) for f in found]) for name in ("noise_gain", "orthogonal_gain"))
    return Finding(
        f"{first.expanding.min()} to {first.expanding.max()} eigenvalues beyond 1 (largest {first.moduli.max():.1f}); "
        f"gain along the noise {first.noise_gain.min():.2f} to {first.noise_gain.max():.2f}"
        f"{over_seeds(along.mean(1), '.2f')}, "
        f"orthogonal to it {first.orthogonal_gain.min():.2f} to {first.orthogonal_gain.max():.2f} (rms)"
        f"{over_seeds(across.mean(1), '.2f')}; one step moves a concept by "
        f"{first.moved.mean():.1f}: it is no fixed point",
        bool((attracts & repels).all()),
        bool((first.expanding > 0).all() and attracts.mean() > 0.5),
        {
            "expanding": [f.expanding.tolist() for f in found],
            "noise_gain": [f.noise_gain.tolist() for f in found],
            "orthogonal_gain": [f.orthogonal_gain.tolist() for f in found],
        },
        models,
    )
