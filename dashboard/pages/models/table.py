"""The table of models: a row for each, and below it a place for all that can be looked at of it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dash import html

from core.library import Entry
from core.model_card import ModelCard
from dashboard.controls import attributes
from dashboard.terms import terms
from dashboard.theme import TITLES

TURNED_UP = 0.1  # nats; less is the noise of the latent samples
COLUMNS = (
    "Model",
    "Data set",
    "N_z",
    "β",
    "Epochs",
    "Test −ELBO, grey-value Bernoulli",
    "Active units",
    "Size",
    "From",
    "Actions",
)


def table(
    entries: Iterable[Entry], explorer: str, views: Mapping[str, Any], skeleton_of: Callable[[Entry], Any]
) -> html.Table:
    """All models, usable or not.

    Args:
        entries: Of the library.
        explorer: The address of the explorer.
        views: What is unfolded, by the id of the model.
        skeleton_of: What stands in the row of any other model once it is unfolded, until its view is there.
    """
    rows = [line for entry in entries for line in lines(entry, explorer, views.get(entry.id), skeleton_of)]
    head = html.Thead(html.Tr([html.Th(terms(name), scope="col") for name in COLUMNS]))
    return html.Table([head, html.Tbody(rows)])


def lines(entry: Entry, explorer: str, view: Any | None, skeleton_of: Callable[[Entry], Any]) -> list[html.Tr]:
    """The row of a model, and that which unfolds below it."""
    if entry.problem:
        return [broken_row(entry)]
    shown = unfolded(view or skeleton_of(entry))
    place = html.Tr(shown, id={"view": entry.id}, hidden=view is None, className="unfolded")
    return [row(entry, explorer, is_open=view is not None), place]


def unfolded(view: Any) -> html.Td:
    """What stands in the row that unfolds."""
    return html.Td(view, colSpan=len(COLUMNS))


def broken_row(entry: Entry) -> html.Tr:
    """A file that cannot be used, and why."""
    actions = [] if entry.origin == "shipped" else [delete_button(entry)]
    return html.Tr([html.Td(entry.id), html.Td(entry.problem, colSpan=8), html.Td(actions)], className="broken")


def delete_button(entry: Entry) -> html.Button:
    """Asks before it deletes a model of this machine."""
    return html.Button("Delete", id={"delete": entry.id}, type="button", className="quiet acts")


def row(entry: Entry, explorer: str, *, is_open: bool) -> html.Tr:
    """One model."""
    card, spec = entry.card, entry.spec
    state = attributes(aria_expanded=str(is_open).lower(), aria_label=f"Look at {entry.id}")
    look = html.Button("Look", id={"unfold": entry.id}, type="button", className="quiet look", **state)
    file = html.A("Export", href=f"file/{entry.id}.safetensors", className="button quiet")
    actions = [look, file] if entry.origin == "shipped" else [look, file, delete_button(entry)]
    cells = (
        html.A(entry.id, href=f"{explorer}?model={entry.id}", title="Open in the explorer"),
        TITLES[spec.dataset], spec.n_latent, f"{spec.beta:g}", spec.epochs, bound_of(card),
        value_of(card.active_units), f"{entry.size / 1e6:.1f} MB", entry.origin, html.Div(actions, className="row"),
    )  # fmt: skip
    heads = [name.partition(",")[0] for name in COLUMNS]
    return html.Tr([html.Td(cell, **attributes(data_head=head)) for cell, head in zip(cells, heads, strict=True)])


def value_of(value: float | None, form: str = "") -> str:
    """A number of a card; an imported card may lack it."""
    return "?" if value is None else format(value, form)


def bound_of(card: ModelCard) -> str:
    """The test bound of a card, and the best epoch where the curve turned up again; an imported card may lack them."""
    bound, (epochs, curve) = card.test_negative_elbo, card.history
    if bound is None:
        return "?"
    if not curve or min(curve) > curve[-1] - TURNED_UP:
        return f"{bound:.1f}"
    return f"{bound:.1f} (lowest at epoch {epochs[curve.index(min(curve))]}: {min(curve):.1f})"
