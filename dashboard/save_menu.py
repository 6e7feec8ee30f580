"""The menu of what can be taken along of a panel or a figure."""

from typing import Any

from dash import html

from dashboard.controls import attributes

KINDS = {"png": "PNG", "svg": "SVG", "csv": "CSV", "npz": "NPZ", "json": "Recipe (JSON)"}
SAVE_ALL = {
    "Explore": "All panels as pictures and data, with their recipes, in one ZIP",
    "Paper": "All of this page in one ZIP: every figure as picture and data, with its recipe",
}


def save_menu(name: str, *items: Any, word: str = "Save", **data: str) -> html.Details:
    """A small menu that opens over the page.

    Args:
        name: What is saved, for screen readers.
        items: What can be chosen: links and buttons.
        word: What opens it.
        data: The `data-` attributes of the menu.
    """
    named: dict[str, Any] = {f"data-{key}": value for key, value in data.items()}
    summary = html.Summary(word, **attributes(aria_label=f"{word} {name}"))
    return html.Details([summary, html.Div(items, className="menu")], className="save", **named)


def panel_menu(panel: str, title: str, file: str) -> html.Details:
    """The menu of a panel of the explorer: its picture, its numbers, their recipe.

    Args:
        panel: Its name.
        title: Its heading.
        file: What its files are called.
    """
    items = [html.Button(words, type="button", **attributes(data_kind=kind)) for kind, words in KINDS.items()]
    return save_menu(title, *items, panel=panel, file=file)


def save_all(page: str) -> html.Button:
    """The button that saves all of a page."""
    return html.Button("Save all", id="save-all", type="button", className="quiet", title=SAVE_ALL[page])
