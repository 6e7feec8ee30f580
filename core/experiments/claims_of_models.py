"""The claims about models: what their number of latent units changes, and the geometry of their concepts."""

from itertools import pairwise

import numpy as np

from core.experiments.evidence import Evidence
from core.experiments.rules import Finding, claim
from core.experiments.statements import (
    bands,
    dimensions,
    over_seeds,
    rank_correlation,
    share,
)
from core.library import Entry
from core.results import Stage
from core.spec import SpecError


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
    bounds = [bound_of(m) for m in models]
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
        bounds, words = np.array([bound_of(m) for m in models]), "shipped models, "
        seeds = e.seeds("mnist")
        spread = over_seeds(np.array([bound_of(m) for m in seeds]), ".1f")
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


def bound_of(model: Entry) -> float:
    """The test bound on a model's card, in nats.

    Raises:
        SpecError: Its card has none.
    """
    if model.card.test_negative_elbo is None:
        raise SpecError(f"The card of {model.id} has no test bound. Train it again: python -m core zoo")
    return model.card.test_negative_elbo
