"""What the page of models looks like: which to choose, the table, two compared, the form, the trainings, an import."""

from collections.abc import Callable, Sequence
from typing import Any

from dash import dcc, html

from core.library import Entry
from dashboard.controls import attributes
from dashboard.pages.models.comparison import comparison
from dashboard.pages.models.guide import guide
from dashboard.pages.models.table import table
from dashboard.pages.models.training_form import SEEDS, form
from dashboard.panels import GRAPH
from dashboard.terms import terms

QUICK = 1000  # ms between two looks while something is trained
BOUND = (
    "Test −ELBO in nats per image, of grey values taken as Bernoulli probabilities as in the paper: not comparable "
    "with binarised MNIST."
)
SECTIONS = {
    "guide": ("Which model?", ""),
    "models": ("Models", ""),
    "compare": ("Compare", ""),
    "train-models": ("Train", "acts"),
    "work": ("Trainings", ""),
    "import": ("Import", "acts"),
}  # by their ids: what they are called, and who sees them


def models_layout(
    entries: Sequence[Entry], explorer: str, largest: int, skeleton_of: Callable[[Entry], Any]
) -> html.Div:
    """The page; its table is there before anything is asked.

    Args:
        entries: Of the library.
        explorer: The address of the explorer.
        largest: Bytes that an imported file may have.
        skeleton_of: What stands below a model's row until its view is there.
    """
    return html.Div(
        [
            *(dcc.Store(id=name) for name in ("seen", "look", "doomed")),
            dcc.Store(id="unfolded"),
            dcc.Store(id="train-dataset", data="mnist"),
            dcc.Store(id="train-seeds", data=SEEDS[0]),
            dcc.Interval(id="second", interval=QUICK),
            dcc.ConfirmDialog(id="sure"),
            contents(),
            guide(entries, explorer),
            html.Section(
                [
                    html.H2("Models"),
                    html.Div(id="table", children=table(entries, explorer, {}, skeleton_of), className="scroll"),
                    html.P(terms(BOUND), className="note"),
                ],
                id="models",
            ),
            comparison(usable(entries)),
            form(),
            html.Section([html.H2("Trainings"), html.Div(id="jobs"), running()], id="work"),
            upload(largest),
        ],
        className="models",
    )


def contents() -> html.Nav:
    """The way to the sections."""
    items = [html.Li(html.A(name, href=f"#{id}"), className=of) for id, (name, of) in SECTIONS.items()]
    return html.Nav(html.Ol(items), **attributes(aria_label="Sections"), className="contents")


def usable(entries: Sequence[Entry]) -> list[str]:
    """The models that can be compared."""
    return [entry.id for entry in entries if not entry.problem]


def running() -> html.Div:
    """The history of the training that runs."""
    graph = dcc.Graph(id="history", config=GRAPH | {"staticPlot": True}, responsive=True)
    label = attributes(aria_label="Bounds over epochs")
    return html.Div(graph, id="history-panel", hidden=True, className="history", role="img", **label)


def upload(largest: int) -> html.Section:
    """Import a model.

    Args:
        largest: Bytes that a file may have.
    """
    words = ["Drop a .safetensors file here, or ", html.Span("choose one", className="link")]
    limits = attributes(data_largest=str(largest), data_ending=".safetensors")  # page.js says what is refused
    return html.Section(
        [
            html.H2("Import a model"),
            html.Div(dcc.Upload(words, id="upload", accept=".safetensors", className="drop"), **limits),
            html.P(id="brought", role="status", className="note"),
        ],
        id="import",
        className="acts",
    )
