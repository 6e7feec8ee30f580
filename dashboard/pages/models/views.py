"""One model, looked at: what was measured, what its concepts decode to, its stages, the history of its training."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from dash import dcc, html

from core.library import Entry
from core.model_card import ModelCard
from dashboard import figures
from dashboard.captions import epochs_of
from dashboard.controls import attributes
from dashboard.pages.models.bands import Bands, bands_view
from dashboard.pages.models.pictures import ROWS, address_of
from dashboard.panels import GRAPH
from dashboard.terms import terms
from dashboard.theme import TITLES, Theme

HALF = 5  # labels that stand side by side on a phone
STATIC = GRAPH | {"staticPlot": True}
WAYS = "Open in the explorer", "Compare with another model"
NO_HISTORY = "holds no history of the training, but at most the test at its end."
ORIGIN = {
    False: "A training image of every label, and the image that the model decodes from its memory.",
    True: "The reconstructions are decoded from memories, of one training image for every label: the images themselves "
    "are not on this machine.",
}  # by whether the images are missing


def model_view(entry: Entry, rows: Sequence[str], bands: list[Bands], explorer: str, theme: Theme) -> html.Div:
    """All about a model.

    Args:
        entry: Of the library.
        rows: What can be shown in pictures, see `Pictures.rows`.
        bands: What is computed of its stages.
        explorer: The address of the explorer.
        theme: Colours.
    """
    ways = html.P(
        [
            html.A(WAYS[0], href=f"{explorer}?model={entry.id}"),
            html.A(WAYS[1], href="#compare", **attributes(data_compare=entry.id)),
        ],
        className="ways",
    )
    return html.Div(
        [
            html.P(terms(measured(entry)), className="prose"),
            pictures({"": entry}, rows),
            html.P(terms(ORIGIN["originals" not in rows]), className="note"),
            html.Div([bands_view(entry, bands, explorer), history_view({"test": entry.card}, theme)], className="two"),
            ways,
        ],
        className="view",
    )


def measured(entry: Entry) -> str:
    """What the card of a model says, in sentences; what it does not say is left out."""
    spec, card = entry.spec, entry.card
    sentences = [f"Trained on {TITLES[spec.dataset]} for {epochs_of(spec)} with β = {spec.beta:g}."]
    bound, kl = card.test_negative_elbo, card.test_kl
    if bound is not None and kl is not None:
        sentences.append(
            f"A test image costs {bound:.1f} nats (−ELBO): {bound - kl:.1f} for the errors of its reconstruction and "
            f"{kl:.1f} for what the latent units say about it (KL term)."
        )
    if card.active_units is not None:
        sentences.append(f"{card.active_units} of {spec.n_latent} latent units are active{variance_sentence(card)}.")
    return " ".join(sentences)


def variance_sentence(card: ModelCard) -> str:
    """In how many directions the memories vary, as a sentence goes on; nothing where the card does not say.

    Example:
        >>> variance_sentence(ModelCard(contribution_ratio=(0.8, 1.0))), variance_sentence(ModelCard())
        ('; 1 direction holds 70 % and 2 directions hold 99 % of the variance of the memories', '')
    """
    if not card.contribution_ratio:
        return ""
    shares = [f"{holding(dimensions(card, share))} {100 * share:.0f} %" for share in (0.7, 0.99)]
    return f"; {' and '.join(shares)} of the variance of the memories"


def holding(n: int) -> str:
    """So many directions hold something.

    Example:
        >>> holding(1), holding(2)
        ('1 direction holds', '2 directions hold')
    """
    return "1 direction holds" if n == 1 else f"{n} directions hold"


def dimensions(card: ModelCard, share: float) -> int:
    """How many principal components explain a share of the variance, as the card says.

    Example:
        >>> dimensions(ModelCard(contribution_ratio=(0.5, 0.8, 1.0)), 0.7)
        2
    """
    ratio = np.array(card.contribution_ratio)
    return int(min((ratio < share).sum() + 1, len(ratio)))


def pictures(entries: Mapping[str, Entry], rows: Sequence[str], *, shared: bool = False) -> html.Div:
    """The pictures of models of the same labels, label above label: two tables that stand side by side where both fit.

    Args:
        entries: By what they are called; the name of one that stands alone may be empty.
        rows: What the pictures show.
        shared: Whether the training images are those of all models, and are shown once.
    """
    names = next(iter(entries.values())).label_names
    labels = range(len(names))
    lines: list[tuple[str, str, Entry]] = []
    for row in rows:
        once = shared and row == "originals"
        named = [(f"{ROWS[row]}, {name}" if name else ROWS[row], row, entry) for name, entry in entries.items()]
        lines += [(ROWS[row], row, entry) for _, _, entry in named[:1]] if once else named
    halves = [picture_table(names, lines, labels[i : i + HALF]) for i in range(0, len(names), HALF)]
    return html.Div(halves, className="pictures")


def picture_table(names: Sequence[str], lines: Sequence[tuple[str, str, Entry]], labels: range) -> html.Table:
    """The pictures of some labels.

    Args:
        names: Of all labels.
        lines: Name, kind and model of every row.
        labels: Which.
    """
    head = html.Thead(html.Tr([html.Td(), *(html.Th(names[label], scope="col") for label in labels)]))
    body = [
        html.Tr([html.Th(name, scope="row"), *(html.Td(tile(entry, row, label)) for label in labels)])
        for name, row, entry in lines
    ]
    return html.Table([head, html.Tbody(body)])


def tile(entry: Entry, row: str, label: int) -> html.Img:
    """One image of a picture; the browser fetches the picture once for all of them."""
    names = entry.label_names
    place = f"{100 * label / (len(names) - 1):.4g}% 0"
    alt = f"{ROWS[row]} of ‘{names[label]}’, {entry.id}"
    return html.Img(src=address_of(entry, row), alt=alt, style={"objectPosition": place}, className="tile")


def history_view(cards: Mapping[str, ModelCard], theme: Theme) -> html.Div:
    """The histories of trainings in one chart, as far as the cards hold any."""
    shown = {name: card.history for name, card in cards.items() if len(card.history[1]) > 1}
    lacking = [name for name in cards if name not in shown]
    parts: list[Any] = [html.P(terms("Test −ELBO over epochs"), className="title")]
    if shown:
        graph = dcc.Graph(figure=figures.histories(shown, theme), config=STATIC, responsive=True)
        label = attributes(aria_label=f"Test −ELBO over epochs: {', '.join(map(in_words, shown.items()))}")
        parts.append(html.Div(graph, className="history", role="img", **label))
    if lacking:
        which = "Its card" if len(cards) == 1 else f"The card of {' and of '.join(lacking)}"
        parts.append(html.P(f"{which} {NO_HISTORY}", className="note"))
    return html.Div(parts)


def in_words(history: tuple[str, tuple[tuple[int, ...], tuple[float, ...]]]) -> str:
    """Where a curve begins and ends."""
    name, (epochs, bounds) = history
    return f"{name} from {bounds[0]:.1f} at epoch {epochs[0]} to {bounds[-1]:.1f} at epoch {epochs[-1]}"
