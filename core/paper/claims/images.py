"""The claims about decoded images: how they are read, in which clusters, and how clean they are (Fig. 5, Supp. B)."""

import numpy as np

from core.figure_results import Branches, LabelMap
from core.paper.claims.claim import Finding, claim
from core.paper.claims.evidence import Evidence
from core.paper.claims.measures import CONCEPT_STEPS, GENERATED, in_the_middle, rank_correlation, read_up_to
from core.paper.claims.wording import digits, over_seeds, reach, sentence, share, with_error
from core.schema import SpecError


@claim(
    number=5,
    source="5a",
    statement=(
        "'6' is read at every step for p < 0.4; in stage III first another digit, '6' around t = 20-30, then '0'."
    ),
    paper="p < 0.4; up to p = 0.7 at t = 20-30; '3' or '4' first, '0' at the end",
    rule=(
        "holds if read at every step up to p = 0.35 at least, at t = 20-30 up to 0.6 at least, and for p >= 0.5 "
        "mostly another digit first and '0' at the end; in part if one or two of these. The first image is x(1): "
        "x(0) is the input"
    ),
)
def six_is_read(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    maps, n_runs = [e.label_map(m, 6) for m in models], e.count("reading", models[0])
    label_map = maps[0]
    always = np.array([read_up_to((r.predicted_labels[:, GENERATED] == 6).all(1), r.noises) for r in maps])
    middle = np.array([read_up_to(in_the_middle(r, 6), r.noises) for r in maps])
    late = [late_labels(r) for r in maps]
    parts = [
        (a >= 0.35, m >= 0.6, (first != 6).mean() > 0.5 and (last == 0).mean() > 0.5)
        for a, m, (first, last) in zip(always, middle, late, strict=True)
    ]
    failed = (
        f"'6' is read at every step up to p = {always[0]:.3g} only",
        f"it is read at t = 20-30 up to p = {middle[0]:.3g} only",
        f"for p >= 0.5 the first image is read as {digits(late[0][0])}, the last as {digits(late[0][1])}",
    )
    return Finding(
        f"at every step from x(1) on {reach(label_map, float(always[0]), n_runs)}{over_seeds(always, '.3g')}; at t = "
        f"20-30 {reach(label_map, float(middle[0]), n_runs, CONCEPT_STEPS)}{over_seeds(middle, '.3g')}; for p >= 0.5 "
        f"x(1) is {digits(late[0][0])}, x(T) {digits(late[0][1])} (shares of these p); "
        f"{correctly(label_map, 0.4, 0.7, n_runs)}",
        [(all(checks), any(checks)) for checks in parts],
        sentence(words for words, holds in zip(failed, parts[0], strict=True) if not holds),
        {
            "noises": label_map.noises.tolist(),
            "first": [first.tolist() for first, _ in late],
            "last": [last.tolist() for _, last in late],
            "always": always.tolist(),
            "middle": middle.tolist(),
            "correct_share": label_map.correct_share[::4, ::10].round(3).tolist(),
        },
        models,
    )


def late_labels(label_map: LabelMap) -> tuple[np.ndarray, np.ndarray]:
    """How the first image that is generated and the last are read, for every p from 0.5 on."""
    labels = label_map.predicted_labels[label_map.noises >= 0.5]
    return labels[:, 1], labels[:, -1]


def correctly(label_map: LabelMap, low: float, high: float, n_runs: int) -> str:
    """The share of the runs that are read as their own label, first, in the middle and at the end, for some p."""
    some = label_map.correct_share[(label_map.noises > low) & (label_map.noises < high)]
    places = {"x(1)": some[:, 1], "t = 20-30": some[:, CONCEPT_STEPS], "x(T)": some[:, -1]}
    words = ", ".join(f"{share(float(values.mean()), n_runs)} at {name}" for name, values in places.items())
    return f"read correctly at {low} < p < {high}: {words}"


@claim(
    number=6,
    source="5b",
    statement="For '1' the window around t = 20-30 in which it is read shrinks or vanishes at 0.4 < p < 0.7.",
    paper="narrower than that of '6', or none",
    rule=(
        "holds if '1' is read there at none of these p: the window vanishes, as the paper says; in part if at fewer "
        "of them than '6': it shrinks"
    ),
)
def the_window_of_one(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    noises, n_runs = e.label_map(models[0], 6).noises, e.count("reading", models[0])
    inside = (noises > 0.4) & (noises < 0.7)
    read = {n: np.stack([in_the_middle(e.label_map(m, n), n)[inside] for m in models]) for n in (6, 1)}
    ones, sixes = (read[n].sum(1) for n in (1, 6))
    return Finding(
        f"read at t = 20-30 at {ones[0]} of these {inside.sum()} values of p{over_seeds(ones, '.0f')}, '6' at "
        f"{sixes[0]}{over_seeds(sixes, '.0f')}; {correctly(e.label_map(models[0], 1), 0.4, 0.7, n_runs)}",
        [(n_ones == 0, n_ones < n_sixes) for n_ones, n_sixes in zip(ones.tolist(), sixes.tolist(), strict=True)],
        f"'1' is read around t = 20-30 at {ones[0]} of the {inside.sum()} values of p, '6' at {sixes[0]}.",
        {"noises": noises[inside].tolist(), "read": {str(n): v.tolist() for n, v in read.items()}},
        models,
    )


@claim(
    number=7,
    source="2, B",
    statement=(
        "Runs of '1' branch by t = 10 into a string-like cluster read as '1' and a wide one of others, then contract."
    ),
    paper="two clusters, '1' and others",
    rule=(
        "p = 0.2. Holds if there are two clusters (the silhouette lies above that of each of 19 draws from one "
        "normal distribution of the same covariance: k-means always finds two); the narrow one is string-like (its "
        "variance along the first principal axis at least twice that along the second, and a larger ratio than the "
        "wide one's); at least 80 % of the narrow and at most 50 % of the wide one are read as '1'; both have less "
        "variance at T. In part if there are two clusters and one of the others holds"
    ),
)
def runs_of_one_branch(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    every = [e.branches(m) for m in models]
    first, parts = every[0], [branch_parts(branch) for branch in every]
    sizes = np.bincount(first.branch, minlength=2).tolist()
    variance, sem, null = first.variance, first.variance_sem, first.unimodal_silhouettes
    at, end = ([with_error(variance[k, t], sem[k, t], ".1f") for k in (0, 1)] for t in (first.t, -1))
    read = [share(float(first.predicted_share[k, 1]), sizes[k]) for k in (0, 1)]
    ranges = [over_seeds(np.array([f.predicted_share[k, 1] for f in every]), ".0%") for k in (0, 1)]
    failed = (
        f"the silhouette of two clusters is {first.silhouette:.3f}, in one normal distribution up to {null.max():.3f}",
        f"the ratio of the first two variances is {first.elongation[0]:.1f} in the narrow one, "
        f"{first.elongation[1]:.1f} in the wide one",
        f"{read[0]} of the narrow cluster are read as '1', {read[1]} of the wide one",
        f"the variances go from {at[0]} and {at[1]} to {end[0]} and {end[1]} at T",
    )
    return Finding(
        f"silhouette {first.silhouette:.2f}{over_seeds(np.array([f.silhouette for f in every]), '.2f')}, in one "
        f"normal distribution {null.min():.2f} to {null.max():.2f}; {sizes[0]} runs with variance {at[0]} (ratio "
        f"{first.elongation[0]:.1f}), {read[0]} read as '1'{ranges[0]}; {sizes[1]} with {at[1]} "
        f"({first.elongation[1]:.1f}), {read[1]}{ranges[1]}; at T the variances are {end[0]} and {end[1]}",
        [(all(checks), checks[0] and any(checks[1:])) for checks in parts],
        sentence(words for words, holds in zip(failed, parts[0], strict=True) if not holds),
        {
            "silhouette": [f.silhouette for f in every],
            "unimodal_silhouettes": null.round(4).tolist(),
            "elongation": [f.elongation.tolist() for f in every],
            "predicted_share": first.predicted_share.tolist(),
            "variance": variance[:, [first.t, -1]].tolist(),
            "sizes": sizes,
            "parts": parts,
        },
        models,
    )


def branch_parts(branches: Branches) -> list[bool]:
    """The four parts of claim 7: two clusters, a string, how they are read, contraction."""
    narrow, wide = branches.predicted_share[:, 1]
    string, other = branches.elongation
    return [
        bool(branches.silhouette > branches.unimodal_silhouettes.max(initial=-1)),
        bool(string >= 2 and string > other),
        bool(narrow >= 0.8 and wide <= 0.5),
        bool((branches.variance[:, -1] < branches.variance[:, branches.t]).all()),
    ]


@claim(
    number=18,
    source="5a",
    statement="The more noise, the more steps are needed for a noiseless reconstruction.",
    paper="more steps",
    rule=(
        "'6', p up to 0.4: holds if the mean step at which the image is nearest to the clean one rises with p (rank "
        "correlation at least 0.8) and is later at 0.4 than at 0 by more than 2 SEM of the difference; in part if "
        "one of these"
    ),
)
def noisier_images_need_more_steps(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    maps = [e.label_map(m, 6) for m in models]
    first = maps[0]
    inside = first.noises <= 0.4
    if inside.sum() < 3:
        raise SpecError("At least three values of p up to 0.4 are needed.")
    steps = np.stack([r.restored_step[inside] for r in maps])  # seeds, values of p, runs
    means, errors = steps.mean(2), steps.std(2, ddof=1) / steps.shape[2] ** 0.5
    apart = steps[:, -1] - steps[:, 0]
    later, error = apart.mean(1), apart.std(1, ddof=1) / apart.shape[1] ** 0.5
    ranks = np.array([rank_correlation(mean) for mean in means])
    parts = [(bool(rank >= 0.8), bool(late)) for rank, late in zip(ranks, later > 2 * error, strict=True)]
    ends = [with_error(means[0, k], errors[0, k], ".1f") for k in (0, -1)]
    return Finding(
        f"step {ends[0]} at p = 0, {ends[1]} at 0.4 (rank correlation {ranks[0]:.2f}), "
        f"{with_error(later[0], error[0], '.1f')} apart{over_seeds(later, '.1f')}; mean squared error of a pixel "
        f"{cleaned(first, 0.2)}; {cleaned(first, 0.4)}",
        [(all(checks), any(checks)) for checks in parts],
        f"The rank correlation of the step with p is {ranks[0]:.2f}, and it is "
        f"{with_error(later[0], error[0], '.1f')} later at p = 0.4 than at 0.",
        {
            "noises": first.noises[inside].tolist(),
            "restored_step": means.round(3).tolist(),
            "restored_step_sem": errors.round(4).tolist(),
            "later_by": later.tolist(),
            "later_by_sem": error.tolist(),
            "error": first.error[::4, ::10].round(5).tolist(),
        },
        models,
    )


def cleaned(label_map: LabelMap, noise: float) -> str:
    """The error of the input, of the best step and of the last one, for the p next to some."""
    error = label_map.error[int(np.abs(label_map.noises - noise).argmin())]
    return f"at p = {noise}: {error[0]:.3f} in x(0), {error[GENERATED].min():.3f} at best, {error[-1]:.3f} in x(T)"
