"""The claims about models: what their number of latent units changes, and the geometry of their concepts."""

from itertools import pairwise

import numpy as np

from core.figure_results import ConceptDynamics
from core.library import Entry
from core.paper.claims.claim import Finding, claim
from core.paper.claims.evidence import Evidence
from core.paper.claims.measures import dimensions, rank_correlation
from core.paper.claims.wording import over_seeds, sentence, share, spread
from core.schema import SpecError

FEW_AND_MANY = "Models of one length with fewer than 14 and with 20 or more latent units are needed: python -m core zoo"


@claim(
    number=8,
    source="7",
    statement="At N_z = 100, 14 latents are active, 14 dimensions explain all the variance and nine explain 70 %.",
    paper="14 active, 14 dimensions, 9 for 70 %",
    rule=(
        "holds if all three numbers are within 2 of the paper's ('all the variance' is read as 99 %, active as a "
        "variance above 0.01) with the loss as the paper states it (beta = 1); in part if less than half of the "
        "units are active. Other weights of the KL term stand beside it"
    ),
)
def few_units_are_active(e: Evidence) -> Finding:
    models, variants = e.seeds("mnist"), e.betas("mnist")
    counts = np.array([dimensions(e.geometry(m)) for m in models])
    others = [
        f"{m.spec.beta:g}: {' / '.join(map(str, dimensions(e.geometry(m))))}" for m in variants if m not in models
    ]
    first, size = counts[0], models[0].spec.n_latent
    return Finding(
        f"beta = 1: {first[0]} active{over_seeds(counts[:, 0], '.0f')}, {first[1]} dimensions for 99 "
        f"%{over_seeds(counts[:, 1], '.0f')}, {first[2]} for 70 %{over_seeds(counts[:, 2], '.0f')}"
        + (f"; the same three for beta = {', '.join(others)} (a seed each)" if others else ""),
        [(bool((np.abs(n - (14, 14, 9)) <= 2).all()), bool(n[0] < size / 2)) for n in counts],
        f"With beta = 1 there are {first[0]} active units, {first[1]} and {first[2]} dimensions"
        + (f"; for beta = {', '.join(others)}." if others else "."),
        {
            "active_99_70": counts.tolist(),
            "threshold": 0.01,
            "beta": {f"{m.spec.beta:g}": dimensions(e.geometry(m)) for m in variants},
        },
        [*models, *(m for m in variants if m not in models)],
    )


@claim(
    number=9,
    source="8, E",
    statement="The orthogonality measure falls with N_z and levels off near zero from N_z about 10-20.",
    paper="near zero from N_z = 10-20",
    rule=(
        "holds if it falls (rank correlation with N_z at most -0.8) and from N_z = 20 on is below a tenth of its "
        "value at the smallest N_z; in part if one of these. Beside it: the least that ten vectors of zero mean can "
        "have (90 / 81 where nine dimensions are there), and what random directions in the active dimensions have"
    ),
)
def concepts_become_orthogonal(e: Evidence) -> Finding:
    models = e.one_per_n_latent("mnist")
    geometries = [e.geometry(m) for m in models]
    gaps = np.array([geometry.orthogonality_gap for geometry in geometries])
    sizes = np.array([m.spec.n_latent for m in models])
    if sizes[0] >= 20 or sizes[-1] < 20:
        raise SpecError(
            "Models of one length with fewer and with 20 or more latent units are needed: python -m core zoo"
        )
    many = sizes >= 20
    level, falls = gaps[many].mean(), rank_correlation(-gaps) >= 0.8
    low = level < 0.1 * gaps[0]
    largest = np.array([e.geometry(m).orthogonality_gap for m in e.seeds("mnist")])
    floors, random = (
        np.array([getattr(geometry, name) for geometry in geometries])
        for name in ("orthogonality_floor", "random_orthogonality_gap")
    )
    return Finding(
        "squared norm by N_z (least for zero mean; random directions): "
        + "; ".join(
            f"{n}: {gap:.1f} ({floor:.1f}; {by_chance:.1f})"
            for n, gap, floor, by_chance in zip(sizes, gaps, floors, random, strict=True)
        )
        + over_seeds(largest, ".1f"),
        [(bool(falls and low), bool(falls or low))],
        f"From N_z = 20 on it is {level:.1f}, {level / gaps[0]:.0%} of the {gaps[0]:.1f} at N_z = {sizes[0]} (rank "
        f"correlation with N_z {-rank_correlation(-gaps):.2f}); zero mean allows {floors[many].mean():.1f}, random "
        f"directions in the active dimensions have {random[many].mean():.1f}.",
        {
            "n_latent": sizes.tolist(),
            "orthogonality_gap": gaps.tolist(),
            "orthogonality_floor": floors.tolist(),
            "random_orthogonality_gap": random.tolist(),
        },
        models,
    )


@claim(
    number=10,
    source="8, 9",
    statement="The approach gets clearer with N_z (2, 20, 100), and with it the test ELBO gets better.",
    paper="both, for '6'",
    rule=(
        "holds if the share of runs that approach as in claim 1 and the test ELBO rise from model to model; in part "
        "if they do from the smallest to the largest N_z. Models of one length of training"
    ),
)
def approach_gets_clearer(e: Evidence) -> Finding:
    models = [m for m in e.one_per_n_latent("mnist") if m.spec.n_latent in (2, 20, 100)]
    if len(models) < 3:
        raise SpecError("Models with 2, 20 and 100 latent units and of one length are needed: python -m core zoo")
    shares = [float(e.approach(m).same_step_approach_share[6]) for m in models]
    anywhere = [float(e.approach(m).approach_share[6]) for m in models]
    bounds = [bound_of(m) for m in models]
    rising = [b > a for a, b in pairwise(shares)]
    falling = [b < a for a, b in pairwise(bounds)]
    sizes = [m.spec.n_latent for m in models]
    failed = [
        f"from N_z = {sizes[i]} to {sizes[i + 1]} the {name} goes from {a:{form}} to {b:{form}}"
        for name, values, holds, form in (("share", shares, rising, ".0%"), ("negative ELBO", bounds, falling, ".1f"))
        for i, (a, b) in enumerate(pairwise(values))
        if not holds[i]
    ]
    return Finding(
        "; ".join(
            f"N_z = {n}: {share(s, e.count('approach', m))} of the runs ({a:.0%} nearer than any point of the line), "
            f"{b:.1f} nats"
            for m, n, s, a, b in zip(models, sizes, shares, anywhere, bounds, strict=True)
        ),
        [(all(rising + falling), shares[-1] > shares[0] and bounds[-1] < bounds[0])],
        sentence(failed),
        {"same_step_approach_share": shares, "approach_share": anywhere, "test_negative_elbo": bounds},
        models,
    )


@claim(
    number=12,
    source="9",
    statement="The test ELBO is best near N_z = 14 and flat beyond.",
    paper="best near 14, flat beyond",
    rule=(
        "holds if the best N_z is 10 to 20 and those from 14 on differ by at most 2 nats; in part if one of these. "
        "On the grid of Fig. 9 (the best of its settings) where it has every N_z at one epoch, else on the shipped "
        "models of one length; the paper's grid has nine settings at epoch 100"
    ),
)
def bound_is_best_at_fourteen(e: Evidence) -> Finding:
    models, grid = e.one_per_n_latent("mnist"), e.grid()
    own = np.array([m.spec.n_latent for m in models]), np.array([bound_of(m) for m in models])
    length = models[-1].spec.epochs
    shipped = f"shipped models after {length} epochs: {by_size(*own)}"
    if grid:
        (sizes, bounds), epochs = (grid.n_latents, grid.best), int(grid.best_epochs[0])
        ours = f"best of the grid's settings after {epochs} epochs, nats by N_z: {by_size(sizes, bounds)}; {shipped}"
    else:
        (sizes, bounds), ours = own, f"nats by N_z, {shipped}"
        epochs = length
    if sizes[0] >= 14 or sizes[-1] < 20:
        raise SpecError(FEW_AND_MANY)
    best, beyond = int(sizes[bounds.argmin()]), bounds[sizes >= 14]
    near, flat = bool(10 <= best <= 20), bool(np.ptp(beyond) <= 2)
    return Finding(
        ours,
        [(near and flat, near or flat)],
        f"After {epochs} epochs N_z = {best} is the best with {bounds.min():.1f} nats, and from 14 on they differ by "
        f"{np.ptp(beyond):.1f} nats.",
        {
            "n_latent": sizes.tolist(),
            "test_negative_elbo": bounds.tolist(),
            "epochs": epochs,
            "shipped": dict(zip(map(str, own[0].tolist()), own[1].tolist(), strict=True)),
        },
        models,
    )


def by_size(sizes: np.ndarray, bounds: np.ndarray) -> str:
    """Bounds in words."""
    return ", ".join(f"{n}: {b:.1f}" for n, b in zip(sizes, bounds, strict=True))


@claim(
    number=15,
    source="Discussion",
    statement="Concepts are saddles: attracting along the noise, repelling orthogonally (a conjecture of the authors).",
    paper="not tested",
    rule=(
        "of the active units: holds if at every concept what remains of a displacement u along the noise (u.Ju) is "
        "below 1 and above -1, and what remains of one orthogonal to it, on average over these directions, above 1; "
        "in part if the former and at least one orthogonal direction has more than 1. |Ju| counts rotation too, "
        "which is no repulsion"
    ),
)
def concepts_are_saddles(e: Evidence) -> Finding:
    models = e.seeds("mnist")
    dynamics = [e.dynamics(m) for m in models]
    first, parts = dynamics[0], [saddle_parts(result) for result in dynamics]
    along, largest = (
        np.stack([getattr(f, k) for f in dynamics]) for k in ("noise_stretch", "largest_orthogonal_stretch")
    )
    attracting, some_repel, all_repel = (int(labels.sum()) for labels in parts[0])
    return Finding(
        f"along the noise u.Ju {spread(first.noise_stretch, '.2f')}{over_seeds(along.mean(1), '.2f')} (|Ju| "
        f"{spread(first.noise_gain, '.2f')}); orthogonal to it v.Jv {spread(first.orthogonal_stretch, '.2f')} on "
        f"average (|Jv| {spread(first.orthogonal_gain, '.2f')}), at most "
        f"{spread(first.largest_orthogonal_stretch, '.2f')}{over_seeds(largest.mean(1), '.2f')}; "
        f"{spread(first.expanding, 'd')} eigenvalues beyond 1 (largest {first.moduli.max():.1f}); one step moves a "
        f"concept by {first.moved.mean():.1f}: it is no fixed point",
        [
            (bool((attracts & on_average).all()), bool((attracts & somewhere).all()))
            for attracts, somewhere, on_average in parts
        ],
        f"{attracting} of 10 concepts attract along the noise (u.Ju up to {first.noise_stretch.max():.2f}); "
        f"{all_repel} repel on average over the orthogonal directions (v.Jv up to "
        f"{first.orthogonal_stretch.max():.2f}), {some_repel} along one of them.",
        {
            name: [getattr(f, name).round(4).tolist() for f in dynamics]
            for name in (
                *("noise_stretch", "noise_gain", "orthogonal_stretch", "orthogonal_gain"),
                *("largest_orthogonal_stretch", "expanding"),
            )
        },
        models,
    )


def saddle_parts(dynamics: ConceptDynamics) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which concepts attract along the noise, repel along an orthogonal direction, and on average over all of them."""
    return np.abs(dynamics.noise_stretch) < 1, dynamics.largest_orthogonal_stretch > 1, dynamics.orthogonal_stretch > 1


@claim(
    number=19,
    source="8, 9, Discussion",
    statement=(
        "With more latent units the approach to a cluster's centre is enhanced, with orthogonality and generalisation."
    ),
    paper="all three go together",
    rule=(
        "p = 0.2, the mean over labels of the share that approaches as in claim 1, models of one length: holds if "
        "its rank correlations over N_z with the orthogonality measure and with the negative test ELBO are at most "
        "-0.8; in part if one of these is"
    ),
)
def approach_goes_with_orthogonality(e: Evidence) -> Finding:
    models = e.one_per_n_latent("mnist")
    if len(models) < 3:
        raise SpecError("At least three models of one length with different N_z are needed: python -m core zoo")
    shares = np.array([float(e.approach(m).same_step_approach_share.mean()) for m in models])
    gaps = np.array([e.geometry(m).orthogonality_gap for m in models])
    bounds = np.array([bound_of(m) for m in models])
    with_gap, with_bound = (rank_correlation(shares[np.argsort(v, kind="stable")]) for v in (gaps, bounds))
    return Finding(
        "; ".join(
            f"N_z = {m.spec.n_latent}: {s:.0%} approach, measure {g:.1f}, {b:.1f} nats"
            for m, s, g, b in zip(models, shares, gaps, bounds, strict=True)
        )
        + f"; rank correlations of the share: {with_gap:.2f} with the measure, {with_bound:.2f} with the negative ELBO",
        [(bool(with_gap <= -0.8 and with_bound <= -0.8), bool(with_gap <= -0.8 or with_bound <= -0.8))],
        f"The share has the rank correlation {with_gap:.2f} with the orthogonality measure and {with_bound:.2f} with "
        "the negative ELBO.",
        {
            "n_latent": [m.spec.n_latent for m in models],
            "same_step_approach_share": shares.tolist(),
            "orthogonality_gap": gaps.tolist(),
            "test_negative_elbo": bounds.tolist(),
        },
        models,
    )


def bound_of(model: Entry) -> float:
    """The test bound on a model's card, in nats.

    Raises:
        SpecError: Its card has none.
    """
    if model.card.test_negative_elbo is None:
        raise SpecError(f"The card of {model.id} has no test bound. Train it again: python -m core zoo")
    return model.card.test_negative_elbo
