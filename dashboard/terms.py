"""Texts in which the terms of the glossary can be looked up.

::

    terms(text)  headings, labels, notes: the first occurrence of every term becomes a span that can be focused
    as_json()    in the HTML frame --> glossary.js: the popover, and the texts that the browser writes
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from dash import html

from dashboard.glossary import ENTRIES, Entry
from dashboard.languages import ENGLISH, catalogues
from dashboard.translation import language, translate

Mark = Callable[[str], list[str | html.Span]]
BEFORE, AFTER = r"(?<![A-Za-z0-9_’'-])", r"(?![A-Za-z0-9_-])"
"""No term is a part of a word, as the t of `isn't`. As in glossary.js."""
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
"""Kana and kanji, which stand beside one another without a space: there a word has no border to be seen."""


def with_capitals(forms: tuple[str, ...]) -> list[str]:
    """The forms, and as a sentence begins with them; a single letter is a symbol and stays as it is."""
    return list(dict.fromkeys(entry for form in forms for entry in (form, capital(form))))


def capital(form: str) -> str:
    """A form with its first letter large.

    Example:
        >>> capital("own memory"), capital("p"), capital("x(0)")
        ('Own memory', 'p', 'x(0)')
    """
    return form[:1].upper() + form[1:] if form[:2].isalpha() and len(form) > 1 else form


@lru_cache
def lexicon(language: str) -> tuple[Entry, ...]:
    """The entries of the glossary in a language."""
    words = catalogues()[language]
    return tuple(
        Entry(words(entry.name), words(entry.definition), tuple(dict.fromkeys(map(words, entry.forms))))
        for entry in ENTRIES
    )


@lru_cache
def forms_of(language: str) -> dict[str, Entry]:
    """Every way in which a term is written in a language."""
    return {form: entry for entry in lexicon(language) for form in with_capitals(entry.forms)}


@lru_cache
def pattern_of(language: str) -> re.Pattern[str]:
    """Finds terms. The longest form first: an `abstract concept` is not a `concept`."""
    forms = sorted(forms_of(language), key=len, reverse=True)
    bordered = {form: re.escape(form) + ("" if UNSPACED.match(form[-1]) else AFTER) for form in forms}
    spaced = "|".join(words for form, words in bordered.items() if not UNSPACED.match(form))
    unspaced = [words for form, words in bordered.items() if UNSPACED.match(form)]
    return re.compile("|".join([f"{BEFORE}(?:{spaced})", *unspaced]))


@lru_cache(maxsize=2000)
def parts(text: str, language: str = ENGLISH) -> tuple[tuple[str, str], ...]:
    """A text in pieces, each with the name of the term that it is; empty for what stands between terms.

    Only the first occurrence of a term counts.

    Example:
        >>> parts("Runs of a label")
        (('Runs', 'run'), (' of a ', ''), ('label', 'label'))
    """
    pieces, names, end = [], set(), 0
    for match in pattern_of(language).finditer(text):
        name = forms_of(language)[match[0]].name
        if name not in names:
            names.add(name)
            pieces += [(text[end : match.start()], ""), (match[0], name)]
            end = match.end()
    return tuple(piece for piece in [*pieces, (text[end:], "")] if piece[0])


def terms(text: str) -> list[str | html.Span]:
    """A text as children of a component, in which every term can be hovered, focused and tapped at its first place.

    In the language of the page that asks: the sentence is translated before it is cut.
    """
    return [term(words, name) if name else words for words, name in parts(translate(text), language())]


def terms_once() -> Mark:
    """The same for many texts below one another, where the tab key stops at the first place of a term alone."""
    seen: set[str] = set()

    def mark(text: str) -> list[str | html.Span]:
        pieces = parts(translate(text), language())
        spans = [term(words, name, is_stop=name not in seen) if name else words for words, name in pieces]
        seen.update(name for _, name in pieces)
        return spans

    return mark


def term(words: str, name: str, *, is_stop: bool = True) -> html.Span:
    """A term in a text; glossary.js makes the same element."""
    named: dict[str, Any] = {"data-term": name}
    return html.Span(words, className="term", role="term", tabIndex=0 if is_stop else -1, **named)


def as_json(entries: Sequence[Entry] | None = None) -> str:
    """The entries for the browser, in a form that may stand inside of a script element."""
    shown = lexicon(language()) if entries is None else entries
    glossary = [asdict(entry) | {"forms": with_capitals(entry.forms)} for entry in shown]
    return json.dumps(glossary, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
