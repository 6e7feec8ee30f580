"""Two models beside each other: recipes, what was measured, concepts, stages, histories."""

from collections.abc import Mapping, Sequence
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
from dashboard.translation import translate

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
SAME = 0.05  # nats; less is not shown
Two = tuple[Entry, Entry]


def comparison(models: Sequence[str]) -> html.Section:
    """The place of a comparison: two lists to choose from (models.js fills them), and what is compared.

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
    named: dict[str, Entry] = dict(zip(NAMES, two, strict=True))
    cards = {name: entry.card for name, entry in named.items()}
    one_chart = [] if why_incomparable(two) else [history_view(cards, theme)]
    columns = [
        html.Div(
            [
                html.H3([f"{name}: ", html.A(entry.id, href=f"{explorer}?model={entry.id}")]),
                bands_view(entry, own, explorer),
                *([] if one_chart else [history_view({"test": entry.card}, theme)]),
            ],
            className="column",
        )
        for (name, entry), own in zip(named.items(), bands, strict=True)
    ]
    return [
        html.P(terms(differences(*(entry.spec for entry in two))), className="prose"),
        html.P(terms(better(two)), className="note"),
        metrics(two),
        *pictures_of(named, rows, alike=alike),
        html.Div(columns, className="two"),
        *one_chart,
    ]


def pictures_of(named: Mapping[str, Entry], rows: Sequence[str], *, alike: bool) -> list[html.Div]:
    """The pictures, label above label where both models have the same labels."""
    if len({entry.label_names for entry in named.values()}) == 1:
        return [pictures(named, rows, shared=alike)]
    return [pictures({name: entry}, rows) for name, entry in named.items()]


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
    apart = [
        f"{translate(name)} ({NAMES[0]} {translate(first)}, {NAMES[1]} {translate(second)})"
        for name, (first, second) in differing(a, b).items()
    ]
    if not apart:
        return "Their recipes are the same: what differs comes from the machines that trained them."
    listed = " and ".join(filter(None, [", ".join(apart[:-1]), apart[-1]]))
    return f"They differ in {listed}; all else in their recipes is the same."


def why_incomparable(two: Two) -> str:
    """Why the bounds of two models mean different things; empty where they can be compared."""
    a, b = (entry.spec for entry in two)
    if a.dataset != b.dataset:
        return "Their −ELBO cannot be compared: it is that of images of different data sets."
    if a.binarize != b.binarize:
        return "Their −ELBO cannot be compared: they learnt grey values and binarised images."
    return ""


def better(two: Two) -> str:
    """Which of two models has the better bound, as far as their cards tell."""
    bounds = [entry.card.test_negative_elbo for entry in two]
    if why_incomparable(two) or bounds[0] is None or bounds[1] is None:
        return why_incomparable(two) or "Their −ELBO cannot be compared: it is not on both of their cards."
    apart = bounds[1] - bounds[0]
    if abs(apart) < SAME:
        return "A test image costs both the same number of nats."
    near, far = NAMES if apart > 0 else NAMES[::-1]
    return f"A test image costs model {near} {abs(apart):.1f} nats less than model {far}."


def metrics(two: Two) -> html.Table:
    """What was measured of two models."""
    rows: list[tuple[str, list[Any]]] = [
        ("Test −ELBO, nats", [bound_of(e.card) for e in two]),
        ("KL term, nats", [value_of(e.card.test_kl, ".1f") for e in two]),
        ("Active units", [[value_of(e.card.active_units), " of ", str(e.spec.n_latent)] for e in two]),
        ("Directions with 99 % of the variance", [shared_by(e) for e in two]),
        ("Epochs", [f"{e.spec.epochs:,}" for e in two]),
        ("From", [e.origin for e in two]),
    ]
    heads = [html.Th(name, scope="col") for name in NAMES]
    body = [html.Tr([html.Th(terms(name), scope="row"), *map(html.Td, values)]) for name, values in rows]
    return html.Table([html.Thead(html.Tr([html.Td(), *heads])), html.Tbody(body)], className="metrics")


def shared_by(entry: Entry) -> str:
    """How many directions hold nearly all of the variance."""
    return str(dimensions(entry.card, 0.99)) if entry.card.contribution_ratio else "?"
