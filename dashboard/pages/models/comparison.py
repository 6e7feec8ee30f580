"""Two models beside each other: recipes, what was measured, concepts, stages, histories."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from dash import dcc, html

from core.library import Entry
from core.specs import ModelSpec
from dashboard.controls import attributes
from dashboard.pages.models.bands import Bands, bands_view
from dashboard.pages.models.table import bound_of, value_of
from dashboard.pages.models.views import dimensions, history_view, pictures
from dashboard.terms import terms
from dashboard.theme import TITLES, Theme

NAMES = ("A", "B")
ASKED = ("first", "second")  # the two lists, as the browser calls them
FIELDS = {
    "dataset": "data set",
    "n_latent": "N_z",
    "n_hidden": "hidden units",
    "epochs": "epochs",
    "batch_size": "batch size",
    "n_samples": "latent samples L",
    "learning_rates": "learning rates",
    "beta": "β",
    "binarize": "binarised images",
    "seed": "seed",
    "precision": "precision",
    "initialisation": "initial weights",
}  # what the fields of a recipe are called
CHOOSE = "Choose two models."
Two = tuple[Entry, Entry]


def comparison(models: Sequence[str]) -> html.Section:
    """The place of a comparison: two lists to choose from (comparison.js fills them), and what is compared.

    Args:
        models: The models that can be opened.
    """
    lists = [
        html.Label(
            [html.Span(f"Model {name}"), html.Select(id=f"compare-{asked}", **attributes(data_choice=asked))],
            className="field",
        )
        for name, asked in zip(NAMES, ASKED, strict=True)
    ]
    return html.Section(
        [
            html.H2("Compare two models"),
            dcc.Store(id="usable", data=list(models)),
            dcc.Store(id="choices"),
            dcc.Store(id="listed"),
            html.Div(lists, className="form"),
            html.Div(html.P(CHOOSE, className="note"), id="compared"),
        ],
        id="compare",
    )


def compared(
    two: Two, rows: Sequence[str], bands: tuple[list[Bands], list[Bands]], explorer: str, theme: Theme, *, alike: bool
) -> list[Any]:
    """What tells two models apart.

    Args:
        two: The models.
        rows: What can be shown of both in pictures.
        bands: What is computed of their stages.
        explorer: The address of the explorer.
        theme: Colours.
        alike: Whether their training images are the same: these are shown once.
    """
    a, b = two
    named: dict[str, Entry] = dict(zip(NAMES, two, strict=True))
    of_same_labels = a.label_names == b.label_names
    shown = (
        [pictures(named, rows, shared=alike)] if of_same_labels else [pictures({n: e}, rows) for n, e in named.items()]
    )
    return [
        html.P(terms(differences(a.spec, b.spec)), className="prose"),
        html.P(terms(comparable(two)), className="note"),
        html.Div(metrics(two, explorer), className="scroll"),
        *shown,
        html.Div(
            [
                html.Div([html.H3(f"Model {name}"), bands_view(entry, own, explorer)])
                for (name, entry), own in zip(named.items(), bands, strict=True)
            ],
            className="two",
        ),
        history_view({name: entry.card for name, entry in named.items()}, theme),
    ]


def differing(a: ModelSpec, b: ModelSpec) -> dict[str, tuple[str, str]]:
    """What two recipes differ in, by what it is called, as it reads."""
    values = {FIELDS[each.name]: (reads(a, each.name), reads(b, each.name)) for each in fields(ModelSpec)}
    return {name: pair for name, pair in values.items() if pair[0] != pair[1]}


def reads(spec: ModelSpec, name: str) -> str:
    """A value of a recipe in words."""
    value = getattr(spec, name)
    if name == "dataset":
        return TITLES[value]
    if isinstance(value, tuple):
        return " / ".join(f"{each:g}" for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def differences(a: ModelSpec, b: ModelSpec) -> str:
    """What two recipes differ in, in a sentence.

    Example:
        >>> differences(ModelSpec(n_latent=2), ModelSpec(n_latent=20))
        'They differ in N_z (A 2, B 20); all else in their recipes is the same.'
    """
    apart = [f"{name} ({NAMES[0]} {first}, {NAMES[1]} {second})" for name, (first, second) in differing(a, b).items()]
    if not apart:
        return "Their recipes are the same: what differs comes from the machines that trained them."
    listed = " and ".join(filter(None, [", ".join(apart[:-1]), apart[-1]]))
    return f"They differ in {listed}; all else in their recipes is the same."


def comparable(two: Two) -> str:
    """Whether the bounds of two models can be compared, and which is the better one."""
    a, b = two
    if a.spec.dataset != b.spec.dataset:
        return "Their −ELBO cannot be compared: it is that of images of different data sets."
    if a.spec.binarize != b.spec.binarize:
        return "Their −ELBO cannot be compared: one is that of grey values, the other that of binarised images."
    bounds = a.card.test_negative_elbo, b.card.test_negative_elbo
    if bounds[0] is None or bounds[1] is None:
        return "Their −ELBO cannot be compared: a card does not hold it."
    apart = bounds[1] - bounds[0]
    if abs(apart) < 0.05:
        return "A test image costs them the same number of nats."
    return f"A test image costs {NAMES[apart < 0]} {abs(apart):.1f} nats less than {NAMES[apart > 0]}."


def metrics(two: Two, explorer: str) -> html.Table:
    """What was measured of two models."""
    rows: list[tuple[str, list[Any]]] = [
        ("Test −ELBO, nats", [bound_of(e.card) for e in two]),
        ("KL term, nats", [value_of(e.card.test_kl, ".1f") for e in two]),
        ("Active units", [f"{value_of(e.card.active_units)} of {e.spec.n_latent}" for e in two]),
        ("Directions with 99 % of the variance", [shared_by(e) for e in two]),
        ("Epochs", [f"{e.spec.epochs:,}" for e in two]),
        ("From", [e.origin for e in two]),
    ]
    heads = [
        html.Th([f"{n}: ", html.A(e.id, href=f"{explorer}?model={e.id}")], scope="col")
        for n, e in zip(NAMES, two, strict=True)
    ]
    body = [html.Tr([html.Th(terms(name), scope="row"), *map(html.Td, values)]) for name, values in rows]
    return html.Table([html.Thead(html.Tr([html.Td(), *heads])), html.Tbody(body)], className="metrics")


def shared_by(entry: Entry) -> str:
    """How many directions hold nearly all of the variance."""
    return str(dimensions(entry.card, 0.99)) if entry.card.contribution_ratio else "?"
