"""The claims about runs: what they approach, in which order, and how their images are read."""

import numpy as np

from core.experiments.evidence import Evidence
from core.experiments.rules import Finding, claim
from core.experiments.statements import (
    CONCEPT_STEPS,
    bands,
    before_the_third,
    begin,
    compressed,
    digits,
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
from core.results import Stage
from core.spec import SpecError


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
