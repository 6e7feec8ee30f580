"""Colours: legible, distinct, and never the only carrier of meaning."""

import itertools
import re
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs_version

from core.settings import Settings
from dashboard.theme import DARK, LIGHT, MARKERS, THEMES, Theme, css_variables, rgba, style_sheet
from tests.served import create_app

BOTH = pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
STAGE_TEXT = {"light": "#ffffff", "dark": "#101214"}  # of .stage in the style sheets


def sheets(root: Path) -> str:
    """The style sheets in the order in which a page loads them."""
    return "".join(path.read_text() for path in sorted((root / "assets" / "styles").glob("*.css")))


def channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def over(colour: str, paper: str, alpha: float) -> str:
    """A transparent colour on paper."""
    mixed = [a * alpha + b * (1 - alpha) for a, b in zip(channels(colour), channels(paper), strict=True)]
    return "#" + "".join(f"{round(255 * c):02x}" for c in mixed)


def test_the_formula_is_right():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@BOTH
def test_text_is_legible_on_paper(theme: Theme):
    texts = {"ink": theme.ink, "quiet": theme.quiet} | {f"point {i}": c for i, c in enumerate(theme.points)}
    texts |= {f"label {i}": c for i, c in enumerate(theme.labels)}  # names of concepts and curves are written in them
    low = {name: round(contrast(colour, theme.paper), 2) for name, colour in texts.items()}
    assert {name: value for name, value in low.items() if value < 4.5} == {}


@BOTH
def test_the_stage_is_legible_on_its_badge_and_its_band(theme: Theme):
    for colour in theme.points:
        assert contrast(STAGE_TEXT[theme.name], colour) >= 4.5
        assert contrast(colour, over(colour, theme.paper, 0.13)) >= 3  # large bold numerals on the band


def test_the_text_of_the_badge_is_that_of_the_style_sheet(root: Path):
    css = sheets(root)
    light = re.search(r"^\.stage \{[^}]*?\bcolor: (#\w+)", css, re.MULTILINE)
    dark = re.search(r"data-theme=\"dark\"\] \.stage \{\s*color: (#\w+)", css)
    assert light
    assert dark
    assert light[1] in (STAGE_TEXT["light"], "#fff")
    assert dark[1] == STAGE_TEXT["dark"]


@BOTH
def test_labels_and_points_can_be_told_apart(theme: Theme):
    for group in (theme.labels, theme.points):
        for one, two in itertools.combinations(group, 2):
            apart = sum((a - b) ** 2 for a, b in zip(channels(one), channels(two), strict=True)) ** 0.5
            assert apart > 0.12, (one, two)


def test_every_label_has_a_shape_of_its_own_that_the_script_can_draw(root: Path):
    script = (root / "assets" / "explorer" / "canvas.js").read_text()
    assert len(set(MARKERS)) == len(LIGHT.labels) == len(DARK.labels) == 10
    known = set(re.findall(r"(\w+): \[\d, -?\d+\]", script)) | set(re.findall(r'kind === "(\w+)"', script))
    assert set(MARKERS) <= known | {"circle"}


@BOTH
def test_the_style_sheet_has_every_colour(theme: Theme):
    css = css_variables(theme)
    assert all(colour in css for colour in (theme.paper, theme.ink, theme.quiet, theme.grid, *theme.labels))
    assert css in style_sheet()


def test_the_style_sheet_uses_only_colours_that_there_are(root: Path):
    css = sheets(root)
    defined = set(re.findall(r"--([\w-]+):", css_variables(LIGHT)))
    scripts = "".join(path.read_text() for path in (root / "assets" / "explorer").glob("*.js"))
    of_elements = set(re.findall(r'setProperty\(\s*"--([\w-]+)"', scripts)) | {"finger"}
    defined |= set(re.findall(r"^\s*--([\w-]+):", css, re.MULTILINE))
    assert set(re.findall(r"var\(--([\w-]+)", css)) - defined <= of_elements


@BOTH
def test_the_template_is_transparent_and_has_no_legend(theme: Theme):
    layout = theme.template().layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.showlegend is False
    assert layout.font.color == theme.quiet


def test_a_colour_with_an_opacity():
    assert rgba("#0067a5", 0.5) == "rgba(0,103,165,0.5)"


def test_the_plotly_bundle_of_the_page_is_the_one_that_plotly_draws_for():
    """assets/vendor holds the smaller cartesian bundle, of the version that this plotly writes figures for."""
    bundle = Path(__file__).parent.parent / "assets" / "vendor" / "plotly-cartesian.min.js"
    assert f"v{get_plotlyjs_version()}\n" in bundle.read_text()[:200]


def test_a_page_loads_the_style_sheets_in_the_order_of_their_numbers(root: Path, settings: Settings):
    frame = create_app(settings).server.test_client().get("/").get_data(as_text=True)
    loaded = re.findall(r'<link rel="stylesheet" href="/assets/styles/([^"?]+)', frame)
    assert loaded == sorted(path.name for path in (root / "assets" / "styles").iterdir())
    assert [name[:3] for name in loaded] == [f"{i:02}-" for i in range(1, len(loaded) + 1)]
