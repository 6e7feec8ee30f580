"""The guided tour as data: at each stop a few words, the settings of the screen, and what to wait for.

::

    stop --> settings of the screen (the page's own controls) --> p of a stage, for the digit at hand --> played
         `--> link: ?tour=<id>

The strip of the first minute is its first stop. What the words state of the shipped models, a test asks of them.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from dash import html

from dashboard.controls import attributes
from dashboard.translation import translate

BASE: dict[str, Any] = {
    "dataset": "mnist",
    "n_latent": 100,
    "beta": 1.0,
    "model": "",
    "label": 6,
    "noise_kind": "permute",
    "curves": "points",
    "basis": "fixed",
    "own": "",
    "covered": "",
    "damage_step": 0,
}
"""The settings of every stop, but for what it says itself; those that choose a model first."""


@dataclass(frozen=True)
class Stop:
    """A stop of the tour.

    Args:
        id: In links.
        title: Heading.
        text: What to look at, in two or three sentences.
        settings: Fields of the screen state that differ from `BASE`.
        stage: 0, 1 or 2: p is set for this stage, where the digit has it; else `noise`.
        noise: p.
        wait: What the stop is done with: the strip's four steps, the clock at its end, or the screen drawn.
        page: A link to a figure of the article, and its words.
    """

    id: str
    title: str
    text: str
    settings: dict[str, Any] = field(default_factory=dict)
    stage: int = 1
    noise: float = 0.3
    wait: Literal["strip", "played", "drawn"] = "played"
    page: tuple[str, str] = ("", "")


STOPS = (
    Stop(
        "minute",
        "The first minute",
        "An image is encoded, decoded, encoded again. Take the four steps above, which work the controls of this "
        "page, and go on from there.",
        wait="strip",
    ),
    Stop(
        "memory",
        "Noise and memory",
        "Little noise: runs of this ‘6’ begin close to their own memories, where the clean images lie, and on average "
        "come as near to nothing else: stage I. Then they drift towards the concept.",
        stage=0,
        noise=0.1,
    ),
    Stop(
        "concept",
        "Past the concept",
        "More noise, and the way back is lost. Runs come near the concept of ‘6’, the mean of the memories of all "
        "sixes, before they go on: stage II. Watch the orange share grow, and shrink again.",
    ),
    Stop(
        "abstract",
        "Too much noise",
        "Now few runs find their digit: from beginning to end most are nearest to the abstract concept, the mean of "
        "the ten concepts. Stage III.",
        stage=2,
        noise=0.8,
    ),
    Stop(
        "units",
        "Four latent units",
        "With four units instead of 100 the stage chart has no band II: from their memories runs go over to the "
        "abstract concept at once. Move N_z, and see from where on there is a concept to pass.",
        settings={"n_latent": 4},
        wait="drawn",
    ),
    Stop(
        "orthogonal",
        "Ten directions",
        "Seen from the abstract concept, the concepts lie in almost perpendicular directions: who comes near one of "
        "them makes no step towards the nine others. Of the ten curves that of ‘6’ is the lowest.",
        settings={"curves": "all"},
        page=("paper/fig8", "The angles between concepts, in the article"),
    ),
    Stop(
        "beta",
        "A heavier KL term",
        "The KL term counts three times: 12 units are active instead of 20, and stage II takes a wider range of p. Go "
        "back to β = 1 and compare the bands.",
        settings={"beta": 3.0},
        wait="drawn",
    ),
    Stop(
        "training",
        "Concepts are learned late",
        "This model has seen 20 of 1,500 epochs: it has memories, and no stage II yet. Move the slider Epochs of "
        "training: at 150 the band is there, and grows.",
        settings={"model": "mnist-nz100-seed3-epoch20"},
        wait="drawn",
    ),
)
IDS = tuple(stop.id for stop in STOPS)


def tour_data() -> dict[str, Any]:
    """What tour.js needs. The words of a link stand beside its address, where nobody would look for words."""
    stops = [asdict(stop) | {"page": (stop.page[0], translate(stop.page[1]))} for stop in STOPS]
    return {"base": BASE, "stops": stops}


def tour_panel() -> html.Section:
    """The words of a stop and the way to the others; tour.js fills it."""
    buttons = [
        html.Button("Back", id="tour-back", type="button", className="quiet"),
        html.Button("Show it", id="tour-show", type="button", className="quiet"),
        html.Button("Next", id="tour-next", type="button"),
    ]
    leave = html.Button(
        "✕", id="leave-tour", type="button", className="quiet", **attributes(aria_label="Leave the tour")
    )
    head = [html.Span(id="tour-place"), html.H2(id="tour-title", tabIndex=-1), html.Span(id="tour-done")]
    way = html.Div([*buttons, leave], className="row")
    words = html.P([html.Span(id="tour-text"), " ", html.A(id="tour-page", hidden=True)])
    return html.Section(
        [html.Div([*head, way], className="head"), words],
        id="tour",
        hidden=True,
        **attributes(aria_labelledby="tour-title"),
    )


def open_tour() -> html.Button:
    """Begins the tour, or takes it up again."""
    return html.Button("Tour", id="open-tour", type="button", className="quiet")
