"""Dash's HTML components as text: for a page that is read without Dash."""

from html import escape
from typing import Any

from dash.development.base_component import Component

NAMES = {"className": "class", "htmlFor": "for", "tabIndex": "tabindex"}


def markup(node: Any) -> str:
    """A component, a text, or a list of them as HTML.

    Args:
        node: Components of `dash.html` alone, whose attributes are texts, numbers and switches.

    Raises:
        TypeError: A component that is no HTML element, or an attribute that has no text.

    Example:
        >>> from dash import html
        >>> markup(html.P(["1 < 2", html.Span("z", hidden=True)], className="note"))
        '<p class="note">1 &lt; 2<span hidden>z</span></p>'
    """
    if node is None:
        return ""
    if isinstance(node, list | tuple):
        return "".join(map(markup, node))
    if not isinstance(node, Component):
        return escape(str(node), quote=False)
    described = node.to_plotly_json()
    if described["namespace"] != "dash_html_components":
        raise TypeError(f"{described['type']} is no HTML element")
    tag = described["type"].lower()
    given = sorted((name, value) for name, value in described["props"].items() if name != "children")
    attributes = "".join(attribute(name, value) for name, value in given)  # Dash gives them in any order
    return f"<{tag}{attributes}>{markup(described['props'].get('children'))}</{tag}>"


def attribute(name: str, value: Any) -> str:
    """An attribute with a blank before it; nothing for one that is off."""
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name.lower()}"
    if not isinstance(value, str | int | float):
        raise TypeError(f"{name} is no text: {value!r}")
    return f' {NAMES.get(name, name)}="{escape(str(value))}"'
