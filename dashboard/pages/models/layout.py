"""What the page of models looks like: the form, the trainings, the table, the place for a file to import."""

from collections.abc import Iterable

from dash import dcc, html

from core.library import Entry, Library
from core.model_card import ModelCard
from dashboard.controls import attributes
from dashboard.pages.models.training_form import SEEDS, form
from dashboard.panels import GRAPH
from dashboard.terms import terms
from dashboard.theme import TITLES

QUICK = 1000  # ms between two looks while something is trained
TURNED_UP = 0.1  # nats; less is the noise of the latent samples
BOUND = (
    "Test −ELBO in nats per image, of grey values taken as Bernoulli probabilities as in the paper: not comparable "
    "with binarised MNIST."
)
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


def models_layout(library: Library, explorer: str, largest: int) -> html.Div:
    """The page; its table is there before anything is asked.

    Args:
        library: The models.
        explorer: The address of the explorer.
        largest: Bytes that an imported file may have.
    """
    return html.Div(
        [
            *(dcc.Store(id=name) for name in ("seen", "look", "doomed")),
            dcc.Store(id="train-dataset", data="mnist"),
            dcc.Store(id="train-seeds", data=SEEDS[0]),
            dcc.Interval(id="second", interval=QUICK),
            dcc.ConfirmDialog(id="sure"),
            form(),
            html.Section([html.H2("Trainings"), html.Div(id="jobs"), history_panel("history")], id="work"),
            html.Section(
                [
                    html.H2("Models"),
                    html.Div(id="table", children=table(library.entries(), explorer), className="scroll"),
                    html.P(terms(BOUND), className="note"),
                    history_panel("past"),
                ]
            ),
            upload(largest),
        ],
        className="models",
    )


def table(entries: Iterable[Entry], explorer: str) -> html.Table:
    """All models, usable or not.

    Args:
        entries: Of the library.
        explorer: The address of the explorer.
    """
    rows = [row(entry, explorer) for entry in entries]
    head = html.Thead(html.Tr([html.Th(terms(name), scope="col") for name in COLUMNS]))
    return html.Table([head, html.Tbody(rows)])


def row(entry: Entry, explorer: str) -> html.Tr:
    """One model."""
    delete = html.Button("Delete", id={"delete": entry.id}, type="button", className="quiet acts")
    actions = [] if entry.origin == "shipped" else [delete]
    if entry.problem:
        return html.Tr([html.Td(entry.id), html.Td(entry.problem, colSpan=8), html.Td(actions)], className="broken")
    card, spec = entry.card, entry.spec
    curve = html.Button("Curve", id={"curve": entry.id}, type="button", className="quiet")
    file = html.A("Export", href=f"file/{entry.id}.safetensors", className="button quiet")
    cells = (
        html.A(entry.id, href=f"{explorer}?model={entry.id}", title="Open in the explorer"),
        TITLES[spec.dataset], spec.n_latent, f"{spec.beta:g}", spec.epochs, bound_of(card),
        "?" if card.active_units is None else card.active_units, f"{entry.size / 1e6:.1f} MB", entry.origin,
        html.Div([curve, file, *actions], className="row"),
    )  # fmt: skip
    heads = [name.partition(",")[0] for name in COLUMNS]
    return html.Tr([html.Td(cell, **attributes(data_head=head)) for cell, head in zip(cells, heads, strict=True)])


def bound_of(card: ModelCard) -> str:
    """The test bound of a card, and the best epoch where the curve turned up again; an imported card may lack them."""
    bound, (epochs, curve) = card.test_negative_elbo, card.history
    if bound is None:
        return "?"
    if not curve or min(curve) > curve[-1] - TURNED_UP:
        return f"{bound:.1f}"
    return f"{bound:.1f} (lowest at epoch {epochs[curve.index(min(curve))]}: {min(curve):.1f})"


def history_panel(name: str) -> html.Div:
    """A history of a training: of the one that runs, or of a model."""
    graph = dcc.Graph(id=name, config=GRAPH | {"staticPlot": True}, responsive=True)
    parts = [html.P(id=f"{name}-title", className="note"), graph]
    label = attributes(aria_label="Bounds over epochs")
    return html.Div(parts, id=f"{name}-panel", hidden=True, className="history", role="img", **label)


def upload(largest: int) -> html.Section:
    """Import a model.

    Args:
        largest: Bytes that a file may have.
    """
    words = ["Drop a .safetensors file here, or ", html.Span("choose one", className="link"), "."]
    limits = attributes(data_largest=str(largest), data_ending=".safetensors")  # page.js says what is refused
    return html.Section(
        [
            html.H2("Import a model"),
            html.Div(dcc.Upload(words, id="upload", accept=".safetensors", className="drop"), **limits),
            html.P(id="brought", role="status", className="note"),
        ],
        className="acts",
    )
