"""The claims about runs of every label on their way: what they approach, and how they gather (Figs. 2, 3, 6)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.figure_results import ApproachCurves
from core.library import Entry
from core.paper.claims.claim import Finding, claim
from core.paper.claims.evidence import Evidence
from core.paper.claims.measures import share_error
from core.paper.claims.wording import of_labels, over_seeds, share, spread, with_error

SOON = 10  # the second of the steps that Fig. 2 shows: 0, 10, ...


def of_all_labels(holds: Sequence[np.ndarray]) -> list[tuple[bool, bool]]:
    """For every seed: whether something is so for all labels, and whether for half of them."""
    return [(bool(labels.all()), int(labels.sum()) >= 5) for labels in holds]


@claim(
    number=1,
    source="1, 3a",
    statement="From noisy images (p = 0.2) runs approach their concept, for every label.",
    paper="all ten labels",
    rule=(
        "holds if more than half of the runs of every label approach: nearest half way, and nearer then than the "
        "straight line at the same step. The paper: 'takes a minimum at a unique halfway point and is closer than "
        "its synthetic linear interpolation', which Fig. 3 draws over t beside the runs: so the two are compared "
        "step by step. In part if so for at least five labels. Nearer than any point of the line asks for more, and "
        "stands beside it"
    ),
)
def runs_approach(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    curves, names = [e.approach(m) for m in models], models[0].label_names
    same, anywhere = (
        np.stack([getattr(c, name) for c in curves]) for name in ("same_step_approach_share", "approach_share")
    )
    first, n_runs = curves[0], e.count("approach", models[0])
    many, least = int((same[0] > 0.5).sum()), int(same[0].argmin())
    single, error = float(first.strict_approach_share.mean()), share_error(anywhere[0], n_runs)
    return Finding(
        "nearer than the line at the same step "
        f"{of_labels(same[0], names, n_runs)}{over_seeds(same.mean(1), '.0%')}, more than half for {many} of 10 "
        "labels; nearer than any point of the line "
        f"{with_error(float(anywhere[0].mean()), error, '.0%')}{over_seeds(anywhere.mean(1), '.0%')}, more than half "
        f"for {(anywhere[0] > 0.5).sum()} labels, {single:.0%} with a single minimum as well; the mean position "
        f"approaches for {first.mean_path_approaches.sum()} labels, the mean curve for "
        f"{first.mean_curve_approaches.sum()}",
        of_all_labels([curve > 0.5 for curve in same]),
        f"Half of the runs or less approach for {10 - many} of 10 labels: {share(float(same[0, least]), n_runs)} of "
        f"those of '{names[least]}'.",
        {
            "same_step_approach_share": same.tolist(),
            "approach_share": anywhere.tolist(),
            "strict_approach_share": first.strict_approach_share.tolist(),
            "mean_path_approaches": first.mean_path_approaches.tolist(),
            "mean_curve_approaches": first.mean_curve_approaches.tolist(),
            "n_runs": n_runs,
        },
        models,
    )


@claim(
    number=13,
    source="F",
    statement="Runs are not drawn to the concept of a wrong label.",
    paper="every label",
    rule="holds if the own concept is the nearest one for the most runs of every label; in part if for at least five",
)
def wrong_concepts_do_not_attract(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    winners = np.stack([e.approach(m).winners for m in models])
    own, wins = winners.diagonal(axis1=1, axis2=2), winners.argmax(2) == np.arange(10)
    names, n_runs = models[0].label_names, e.count("approach", models[0])
    lost = [int(i) for i in np.flatnonzero(~wins[0])]
    worst = min(lost, key=lambda i: own[0, i], default=0)
    other = int(winners[0, worst].argmax())
    return Finding(
        "nearest to their own label's concept of all ten come "
        f"{of_labels(own[0], names, n_runs)}{over_seeds(own.mean(1), '.0%')}; it is the nearest one for the most "
        f"runs for {wins[0].sum()} of 10 labels" + (f", not for {', '.join(names[i] for i in lost)}" if lost else ""),
        of_all_labels(list(wins)),
        f"Of the runs of '{names[worst]}', {share(float(own[0, worst]), n_runs)} come nearest to their own concept "
        f"and {share(float(winners[0, worst, other]), n_runs)} to that of '{names[other]}'.",
        {"winners": winners[0].tolist(), "own": own.tolist()},
        models,
    )


@claim(
    number=14,
    source="D",
    statement="Fashion-MNIST behaves alike.",
    paper="as in Fig. 3",
    rule=(
        "Supplement D is Fig. 3 of Fashion-MNIST: holds if more than half of the runs of every label approach as in "
        "claim 1, and the mean step nearest to the memory is earlier than that nearest to the concept by more than "
        "2 SEM of their difference; in part if both are so for at least five labels"
    ),
)
def fashion_is_alike(e: Evidence) -> Finding:
    models = e.seeds("fashion")
    curves, names = [e.approach(m) for m in models], models[0].label_names
    first, n_runs = curves[0], e.count("approach", models[0])
    approach, earlier = zip(*(alike(curve) for curve in curves), strict=True)
    least = int(first.same_step_approach_share.argmin())
    later, error = later_in_labels(first)
    late = int((later - 2 * error).argmin())
    own = first.winners.diagonal()
    return Finding(
        f"nearer than the line at the same step {of_labels(first.same_step_approach_share, names, n_runs)}, more "
        f"than half for {approach[0].sum()} of 10 labels; nearest to the memory earlier than to the concept for "
        f"{earlier[0].sum()} labels, by {spread(later, '.1f')} steps; the own concept is nearest for "
        f"{own.mean():.0%} of the runs",
        of_all_labels([a & b for a, b in zip(approach, earlier, strict=True)]),
        f"{share(float(first.same_step_approach_share[least]), n_runs)} of the runs of '{names[least]}' approach, "
        f"and for '{names[late]}' the concept's step comes {with_error(later[late], error[late], '.1f')} after the "
        "memory's.",
        {
            "same_step_approach_share": [curve.same_step_approach_share.tolist() for curve in curves],
            "approach_share": [curve.approach_share.tolist() for curve in curves],
            "later_by": later.tolist(),
            "later_by_sem": error.tolist(),
            "winners": first.winners.tolist(),
        },
        models,
    )


def alike(curves: ApproachCurves) -> tuple[np.ndarray, np.ndarray]:
    """For which labels most runs approach, and for which the memory is nearest earlier."""
    later, error = later_in_labels(curves)
    return curves.same_step_approach_share > 0.5, later > 2 * error


def later_in_labels(curves: ApproachCurves) -> tuple[np.ndarray, np.ndarray]:
    """By how many steps the concept's minimum comes after the memory's, for every label, and the paired error."""
    return curves.minimum_step[:, 1] - curves.minimum_step[:, 0], curves.minimum_step_difference_sem


@claim(
    number=16,
    source="2",
    statement="The runs of a label, collectively, rapidly come into a space of fewer dimensions (from Fig. 2).",
    paper="falls",
    rule=(
        "p = 0.2; the participation ratio of the covariance of z(t) over runs. Holds if for every label it is "
        f"smaller at T than at t = 0, and half of the fall, or more, has happened by t = {SOON}; in part if so for "
        "at least five labels"
    ),
)
def runs_gather_in_few_dimensions(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    dimensions = np.stack([e.approach(m).effective_dimension for m in models])
    start, soon, end = dimensions[..., 0], dimensions[..., SOON], dimensions[..., -1]
    fall = [(e_ < s) & (s - q >= (s - e_) / 2) for s, q, e_ in zip(start, soon, end, strict=True)]
    names = models[0].label_names
    worst = int((start[0] - end[0]).argmin())
    return Finding(
        f"effective dimension at t = 0, {SOON} and T, mean of the labels: {start[0].mean():.1f}, "
        f"{soon[0].mean():.1f}, {end[0].mean():.1f}{over_seeds(end.mean(1), '.1f')}; so for {fall[0].sum()} of 10 "
        "labels",
        of_all_labels(fall),
        f"That of '{names[worst]}' goes from {start[0, worst]:.1f} by {soon[0, worst]:.1f} at t = {SOON} to "
        f"{end[0, worst]:.1f}; not so for {10 - fall[0].sum()} labels.",
        points_over_time(dimensions[0], models),
        models,
    )


@claim(
    number=17,
    source="6",
    statement="Noise leads out of the numeric space of a label, and repeated inference back into it.",
    paper="falls",
    rule=(
        "p = 0.2; distance from the subspace that holds nine tenths of the variance of the memories of the label. "
        f"Holds if for every label it is smaller at t = {SOON} than at t = 0 by more than 2 SEM of the difference; "
        "in part if so for at least five labels"
    ),
)
def runs_come_into_the_numeric_space(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    curves, names = [e.approach(m) for m in models], models[0].label_names
    fall = np.stack([c.subspace_distance[:, 0] - c.subspace_distance[:, SOON] for c in curves])
    error = np.stack([c.subspace_fall_sem[:, SOON] for c in curves])
    first, least = curves[0], int((fall[0] - 2 * error[0]).argmin())
    start, soon, end = (first.subspace_distance[:, t].mean() for t in (0, SOON, -1))
    falls = list(fall > 2 * error)
    return Finding(
        f"distance at t = 0, {SOON} and T, mean of the labels: {start:.2f}, {soon:.2f}, {end:.2f}; of the memories "
        f"themselves {first.memory_subspace_distance.mean():.2f}; falls for {falls[0].sum()} of 10 "
        f"labels{over_seeds(fall.mean(1), '.2f')}",
        of_all_labels(falls),
        f"From t = 0 to {SOON} the distance of '{names[least]}' falls by "
        f"{with_error(fall[0, least], error[0, least], '.2f')}; it does not fall beyond 2 SEM for "
        f"{10 - falls[0].sum()} of 10 labels.",
        points_over_time(first.subspace_distance, models) | {"dimensions": first.subspace_dimensions.tolist()},
        models,
    )


def points_over_time(values: np.ndarray, models: Sequence[Entry]) -> dict[str, Any]:
    """Every tenth step of a quantity, by the label's name."""
    names = models[0].label_names
    return {"every_tenth_step": {name: row[::10].round(3).tolist() for name, row in zip(names, values, strict=True)}}
