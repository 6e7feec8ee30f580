"""Colours, marker shapes, titles and plotly templates, defined once and used everywhere.

A point (memory, concept, abstract concept) and the stage it stands for (I, II, III) share a colour; labels have a
colour, a marker shape and their name. Colours alone never carry meaning. The style sheets and the canvases get them
from here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go


@dataclass(frozen=True)
class Theme:
    """One look of the whole screen; text colours have a contrast of at least 4.5 on `paper`."""

    name: str
    paper: str
    ink: str
    quiet: str
    grid: str
    points: tuple[str, str, str]
    labels: tuple[str, ...]

    def template(self) -> go.layout.Template:
        """The plotly template: transparent paper, thin axes, direct labels instead of legends."""
        axis = {
            "gridcolor": self.grid,
            "linecolor": self.quiet,
            "zeroline": False,
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": self.grid,
            "title": {"standoff": 6, "font": {"size": 12}},
        }
        return go.layout.Template(
            layout={
                "font": {"family": FONT, "size": 12, "color": self.quiet},
                "paper_bgcolor": "rgba(0,0,0,0)",
                "plot_bgcolor": "rgba(0,0,0,0)",
                "margin": {"l": 46, "r": 12, "t": 8, "b": 40},
                "xaxis": axis,
                "yaxis": axis,
                "showlegend": False,
                "hovermode": False,
                "newselection": {"line": {"color": self.ink}},
            }
        )

    def text_on(self, colour: str, veil: float) -> str:
        """Paper or ink, whichever is easier to read on a colour under a veil of paper (0 none, 1 nothing else)."""
        ground = [c + veil * (p - c) for c, p in zip(channels(colour), channels(self.paper), strict=True)]
        distances = {
            text: abs(math.log((luminance(channels(text)) + 0.05) / (luminance(ground) + 0.05)))
            for text in (self.paper, self.ink)
        }
        return max(distances, key=distances.__getitem__)


FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"

LIGHT = Theme(
    name="light",
    paper="#ffffff",
    ink="#1c2024",
    quiet="#5b636c",
    grid="#e6e8ea",
    points=("#0067a5", "#b84a00", "#00735a"),
    labels=(
        *("#332288", "#a85b14", "#117733", "#1f7aa3", "#882255"),
        *("#7a7a1f", "#cc3311", "#aa4499", "#44806f", "#6b6b6b"),
    ),
)
DARK = Theme(
    name="dark",
    paper="#14171a",
    ink="#e8eaed",
    quiet="#a3abb3",
    grid="#2b3035",
    points=("#5fb2f0", "#f29a4f", "#4fcba5"),
    labels=(
        *("#9d8ff0", "#e0a36a", "#5fc27d", "#88ccee", "#e078a8"),
        *("#c9c75a", "#ff8a70", "#d98ccb", "#7fd0bb", "#b5b5b5"),
    ),
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}

TITLES = {"mnist": "MNIST", "fashion": "Fashion", "digits": "8×8 digits"}
"""What the data sets are called on the screen."""

MARKERS = ("circle", "square", "diamond", "triangle", "pentagon", "wedge", "hexagon", "cross", "hourglass", "plus")
"""Marker shape of every label, drawn by canvas.js."""


def css_variables(theme: Theme) -> str:
    """The theme as CSS custom properties."""
    named = {"paper": theme.paper, "ink": theme.ink, "quiet": theme.quiet, "grid": theme.grid}
    named |= {f"point-{i}": colour for i, colour in enumerate(theme.points)}
    named |= {f"label-{i}": colour for i, colour in enumerate(theme.labels)}
    return "".join(f"--{name}:{value};" for name, value in named.items())


def style_sheet() -> str:
    """Custom properties of both themes; dark where the page or, failing that, the system asks for it."""
    dark = css_variables(DARK)
    return (
        f":root{{color-scheme:light;{css_variables(LIGHT)}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}"
        f"@media(prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
    )


def rgba(colour: str, alpha: float) -> str:
    """A hexadecimal colour with an opacity."""
    red, green, blue = channels(colour)
    return f"rgba({red:.0f},{green:.0f},{blue:.0f},{alpha})"


def channels(colour: str) -> list[float]:
    """Red, green and blue of a hexadecimal colour, 0 to 255."""
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def luminance(rgb: Sequence[float]) -> float:
    """Relative luminance of a colour, 0 to 1 (WCAG 2.2)."""
    linear = [c / 3294.6 if c <= 10.31 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def theme_of(look: object) -> Theme:
    """The theme that a browser says it has; the light one where it says anything else."""
    return THEMES.get(look, LIGHT) if isinstance(look, str) else LIGHT
