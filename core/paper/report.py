"""The replication report, the map of output files, and the cards of the models: texts made from what is shipped.

Report after the headings of ReScience C; `codecheck.yml` after the CODECHECK specification 1.0.
"""

import json
from collections.abc import Mapping, Sequence

from core.library import Entry
from core.paper.claims import Claim, ClaimTable
from core.paper.figures.figure import Figure

MODEL = "mnist-nz100-seed0"
NAMES = {"permute": "permuted", "invert": "inverted"}
SILENT = (
    ("batch size", "100"),
    ("epochs at which the learning rate drops", "after each third of the training"),
    ("initial weights", "Glorot uniform, zero biases: the default of the framework that the paper names"),
    ("binarisation of the images", "none: grey values as Bernoulli means"),
    ("what it means to swap the intensity of a selected pixel", "both readings: *permuted* and *inverted*"),
    ("number of steps T", "60"),
    ("values of p in Fig. 4", "0, 0.025, ..., 1: stage II can be narrow"),
    ("p and number of runs of Fig. 2; p of Fig. 3", "0.2 and 300; 0.2"),
    ("window of the PCA, and the sign of its axes", "five steps; the sign that agrees best with the step before"),
    ("when a latent unit is active", "variance of its mean over the training set above 0.01"),
    ("when a run approaches a concept", "nearest half way, and nearer than the straight line comes"),
    ("widths of the classifier of Fig. 5", "32 and 64 channels, 128 units"),
)
"""What the paper leaves open, and how it was decided here."""

SCOPE = """\
# Replication report

Made by `python -m core report` from the files in `models/`; every number in it is recomputed by the commands named
here.

**Paper.** Nagano, Karakida & Okada, *Collective dynamics of repeated inference in variational autoencoder rapidly
find cluster structure*, Scientific Reports 10:16001 (2020), doi:10.1038/s41598-020-72593-4.

## Scope

All figures of the paper and its supplement, and {count} statements: the fifteen that it makes of its results, and
those that its figures show. A statement has a rule that was written down before its result was known; it *holds*,
*holds in part* (a weaker statement, also written down, is true), or *does not hold*. The authors' code was not
available, and none of it was seen.

## Methods

Networks of one hidden layer of 1,024 tanh units in encoder and decoder, Gaussian latent units, Bernoulli means of
784 grey values; 1,500 epochs of Adam (0.9, 0.999, 1e-8) at 5e-4, 1e-4 and 5e-5, two samples of z per image. Seeds
{seeds} at N_z = 100; one seed for every other size. Runs start from the images of the training set; the noise of an
image is drawn by a counter-based generator, so it does not depend on the machine. Means and shares have two
standard errors over runs; ranges are over the models that are named on the page.

## What the paper is silent about

| left open | decided here |
| --- | --- |
"""

EASY = """
## What was easy

The networks train as described, and at the paper's length their stages, approach and order of landmarks follow from
them without any choice of ours but the reading of the noise.

## What was difficult

- "The image intensities of the selected pixels were swapped" can be read in two ways, which give other results;
  young networks show stages with both.
- At 150 epochs the claims look different from those at 1,500: a replication with a tenth of the training says
  little.
- The paper's numbers of active units and dimensions (14, nine for 70 %) are those of a KL term that weighs twice as
  much; with the loss as it is written there are 20 and 12. Why is not known.

## What is open

- Whether the authors permuted or inverted, and with which weight of the KL term they trained.
- The two branches of '1', which neither reading shows; how '1' is read at large p, where only *inverted* agrees.
- Whether concepts are saddles: along the noise they attract, across it only one direction repels, and a concept is
  no fixed point.

## Again

    python -m core reproduce             # figures and claims from the shipped models, and which numbers differ
    python -m dashboard figure NAME      # a figure: data, recipe, picture
    python -m core zoo                   # the models, from the images
"""


def replication_report(tables: Mapping[str, ClaimTable], seeds: Sequence[int]) -> str:
    """The report as Markdown.

    Args:
        tables: The claims by the kind of noise.
        seeds: Those of the models with the paper's settings.
    """
    first = next(iter(tables.values()))
    named = ", ".join(map(str, seeds[:-1])) + f" and {seeds[-1]}" if len(seeds) > 1 else str(seeds[0])
    parts = [SCOPE.format(count=len(first.claims), seeds=named)]
    parts += [f"| {left_open} | {decided} |\n" for left_open, decided in SILENT]
    parts += ["\n## Results\n\n", summary(tables), "\n"]
    parts += [one for claim in first.claims for one in result_of(claim.number, tables)]
    return "".join([*parts, EASY.lstrip("\n")])


def summary(tables: Mapping[str, ClaimTable]) -> str:
    """The verdicts of all claims as a table."""
    lines = [f"| claim | {' | '.join(NAMES[kind] for kind in tables)} |", f"| --- |{' --- |' * len(tables)}"]
    for claim in next(iter(tables.values())).claims:
        verdicts = [one.verdict if (one := claim_in(table, claim.number)) else "" for table in tables.values()]
        lines.append(f"| [{claim.number}](#claim-{claim.number}) {cell(claim.statement)} | {' | '.join(verdicts)} |")
    return "\n".join(lines) + "\n"


def result_of(number: int, tables: Mapping[str, ClaimTable]) -> list[str]:
    """A claim: what the paper states, the rule, and what was measured in each reading."""
    claims = {kind: claim for kind, table in tables.items() if (claim := claim_in(table, number))}
    first = next(iter(claims.values()))
    lines = [f"### Claim {number}\n\n{first.statement} (Figure or place: {first.figure}.)\n"]
    lines += [f"- Paper: {first.paper}.\n- Rule: {first.rule}.\n"]
    for kind, claim in claims.items():
        seeds = f" By seed: {', '.join(claim.seeds)}." if claim.seeds else ""
        why = f" Why: {claim.why}" if claim.why else ""
        lines.append(f"- Here, {NAMES[kind]}: **{claim.verdict}**.{seeds} {capital(claim.ours)}.{why}\n")
    return [*lines, "\n"]


def claim_in(table: ClaimTable, number: int) -> Claim | None:
    """A claim of a table by its number."""
    return next((claim for claim in table.claims if claim.number == number), None)


def capital(text: str) -> str:
    """A text as a sentence begins.

    Example:
        >>> capital("step 1.0")
        'Step 1.0'
    """
    return text[:1].upper() + text[1:]


def cell(text: str) -> str:
    """A text within a table of Markdown."""
    return text.replace("|", "\\|")


def codecheck(figures: Sequence[Figure]) -> str:
    """Which file holds which figure, and the command that makes it."""
    lines = ["---", "version: https://codecheck.org.uk/spec/config/1.0/", "", "paper:"]
    lines += [
        "  title: Collective dynamics of repeated inference in variational autoencoder rapidly find cluster structure",
        "  authors:",
        *(f"    - name: {name}" for name in ("Yoshihiro Nagano", "Ryo Karakida", "Masato Okada")),
        "  reference: https://doi.org/10.1038/s41598-020-72593-4",
        "",
        "manifest:",
    ]
    for figure in figures:
        if figure.id == "movies":  # files of their own, see below
            continue
        comment = f"{figure.number}: {figure.title}. python -m dashboard figure {figure.id} --output figures"
        lines += [f"  - file: figures/{figure.id}.npz", f"    comment: {json.dumps(comment, ensure_ascii=False)}"]
    film = f"windowed-pca_{MODEL}_1_p0.20_permute_seed0.mp4"
    comment = "A movie of S1-S10. python -m dashboard figure movies --label all --output figures"
    lines += [f"  - file: figures/{film}", f"    comment: {json.dumps(comment)}"]
    for kind, name in NAMES.items():
        command = f"python -m core claims --noise-kind {kind} --output models/claims-{kind}.json"
        comment = f"The claims, pixels {name}. {command}"
        lines += [f"  - file: models/claims-{kind}.json", f"    comment: {json.dumps(comment)}"]
    return "\n".join(lines) + "\n"


def model_cards(entries: Sequence[Entry]) -> str:
    """What the shipped models are, as a table and a paragraph for all."""
    lines = [
        "# The shipped models",
        "",
        "Made by `python -m core report`. Variational autoencoders of MNIST, Fashion-MNIST and the 8x8 digits of",
        "scikit-learn, for the study of repeated inference; nothing else should be expected of them. They were trained",
        "on the public training sets by the recipe of the paper, and know nothing of other handwriting. A file holds",
        "the weights as float16, the concepts, the memories of some images of each label with their places in the",
        "training set, the recipe and the card; `python -m core models` prints all of it.",
        "",
        "| model | data set | N_z | beta | seed | epochs | test -ELBO, nats | active units | trained on |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for entry in entries:
        spec, card = entry.spec, entry.card
        facts = (spec.dataset, spec.n_latent, f"{spec.beta:g}", spec.seed, spec.epochs)
        measured = (card.test_negative_elbo, card.active_units, card.machine or "")
        lines.append(f"| `{entry.id}` | {' | '.join('' if f is None else str(f) for f in (*facts, *measured))} |")
    return "\n".join(lines) + "\n"
