"""What leaves the server in the language of the page that asks for it.

::

    layout, reply, figure, refusal (English) --> translated() --> in the language of the page
    the language: ?lang= of the address, else of the page that asks (Referer), else Accept-Language, else English

Identifiers, numbers and what somebody typed stay as they are: only attributes and keys that hold words are looked at.
"""

import json
from collections.abc import Mapping
from copy import copy
from typing import Any
from urllib.parse import parse_qs, urlsplit

import plotly.graph_objects as go
from dash.development.base_component import Component
from flask import Flask, Response, current_app, has_app_context, has_request_context, request

from dashboard import modules
from dashboard.languages import ENGLISH, Words, catalogues, direction

KEY = "lang"
"""Of the language in addresses."""
ATTRIBUTES = (
    "children", "title", "placeholder", "alt", "label", "aria-label", "aria-description", "data-head", "data-label",
    "data-waits",
)  # fmt: skip
"""Of components, those that hold words."""
WORDS = frozenset(
    {
        "approach", "caption", "captions", "card", "estimate", "hovertemplate", "images_note", "label", "labels",
        "name", "note", "notes", "sentences", "text", "ticktext", "title",
    }
)  # fmt: skip
"""Keys of figures and replies that hold words, or lists of them."""
NO_WORDS = frozenset({"fields", "recipe", "state"})
"""Keys of replies below which nothing is words: names of fields, settings."""
VERBATIM = ("Code", "Pre", "Script", "Style")
"""Elements whose text is none of a language."""


def languages() -> Mapping[str, Words]:
    """The words of every language of the server that is asked, by its code: those of words/ unless it has others."""
    return current_app.extensions.get("languages", catalogues()) if has_app_context() else catalogues()


def language() -> str:
    """The language of the page that asks."""
    if not has_request_context():
        return ENGLISH
    known = languages()
    for query in (request.query_string.decode("utf-8", "replace"), query_of(request.headers.get("Referer", ""))):
        asked = named_in(query)
        if asked in known:
            return asked
    wanted = (tag.lower() for tag, quality in request.accept_languages if quality > 0)  # the dearest first
    return next((code for tag in wanted for code in (tag, tag.partition("-")[0]) if code in known), ENGLISH)


def query_of(address: str) -> str:
    """The query of an address; empty where it is none.

    Example:
        >>> query_of("http://localhost/?lang=ja"), query_of("http://[/?lang=ja")
        ('lang=ja', '')
    """
    try:
        return urlsplit(address).query
    except ValueError:
        return ""


def named_in(query: str) -> str:
    """The language that an address names; empty where it names none.

    Example:
        >>> named_in("p=0.3&lang=ja"), named_in("p=0.3")
        ('ja', '')
    """
    try:
        return parse_qs(query[:20_000], max_num_fields=200).get(KEY, [""])[-1]
    except ValueError:
        return ""


def translate(english: str) -> str:
    """A sentence in the language of the page that asks."""
    return languages()[language()](english)


def translated(tree: Any) -> Any:
    """A component, a figure, a reply or a list of them in the language of the page that asks; what is given stays as
    it is, since it may be kept for others."""
    current = language()
    return tree if current == ENGLISH else _in(languages()[current], tree, isinstance(tree, str))


def _in(words: Words, tree: Any, is_text: bool) -> Any:
    """A part of it.

    Args:
        words: Of the language.
        tree: The part.
        is_text: Whether strings here are words.
    """
    if isinstance(tree, str):
        return words(tree) if is_text else tree
    if isinstance(tree, Component):
        return _component(words, tree)
    if isinstance(tree, go.Figure):
        return _in(words, tree.to_plotly_json(), False)
    if isinstance(tree, Mapping):
        return {key: value if key in NO_WORDS else _in(words, value, key in WORDS) for key, value in tree.items()}
    if isinstance(tree, list | tuple) and not (tree and isinstance(tree[0], int | float)):
        return type(tree)([_in(words, part, is_text) for part in tree])
    return tree


def _component(words: Words, given: Component) -> Component:
    if type(given).__name__ in VERBATIM or getattr(given, "lang", None):
        return given
    component = copy(given)
    for name in ATTRIBUTES:
        value = getattr(component, name, None)
        if value is not None:
            setattr(component, name, _in(words, value, True))
    for name in ("data", "figure", "options"):
        value = getattr(component, name, None)
        if value is not None:
            setattr(component, name, _in(words, value, False))
    return component


def language_attributes() -> str:
    """Language and direction of the page, as attributes of its root element."""
    current = language()
    return f'lang="{current}" dir="{direction(current)}"'


def browser_words() -> str:
    """The words that the browser's scripts write, in a form that may stand inside of a script element."""
    words = languages()[language()]
    found = {text: words(text) for text in modules.texts() if words.has(text)}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def translate_refusals(server: Flask) -> None:
    """Sentences that a server answers with instead of a page or a file."""

    def in_language(response: Response) -> Response:
        if response.mimetype == "text/plain" and response.status_code >= 400 and not response.is_streamed:
            response.set_data(translate(response.get_data(as_text=True)))
        return response

    server.after_request(in_language)
