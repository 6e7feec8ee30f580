"""The languages of the pages: one file of words each, whose keys are the English sentences of the program.

::

    words/ja.po   msgid "{n} runs of ‘{label}’"   msgstr "「{label}」の試行{n}本"      (gettext's format)
    "300 runs of ‘6’" --> the msgid that it fits, n = 300, label = 6 --> "「6」の試行300本"

A sentence is translated where it leaves the server (translation.py), so nothing that computes, draws or keeps results
knows of languages. What stands for a name in braces is translated too: it may be a phrase of its own.

A sentence that is a list, as "the share is 0.1; the step is 3.", needs an entry for each kind of part alone, written as
within a sentence. The marks between the parts and behind them are entries too ("; ", ", ", ".").
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "words"
ENGLISH = "en"
HOLE = re.compile(r"\{(\w*)\}")
OUTSIDE = r"(?![^()]*\))"  # of brackets
SENTENCES = re.compile(r"(?<=[.!?…])(?<!Fig\.)(?<!Supp\.) (?=[A-Z0-9‘“])" + OUTSIDE)
LISTS = {mark: re.compile(mark + OUTSIDE) for mark in ("; ", ", ")}
SPACED = re.compile("([、。：；]) ")
LEAST = 3
"""Characters that an entry has besides its places and spaces; one with fewer, as "{n} of {all}", would fit nearly
anything, and is for the browser, which knows it by its English text."""
LETTERS = re.compile(r"[A-Za-z]{2}|^[A-Za-z]$")
LONGEST = 2_000  # characters of a sentence; what is longer is data
DEEPEST = 8  # sentences within each other; the program's own have four
KEPT = 5_000  # translations that are remembered


@dataclass(frozen=True)
class Template:
    """A sentence with places for values.

    Args:
        literals: What stands in the English sentence before, between and behind its places.
        names: Of its places, in order.
        text: The sentence in the other language, with the same names in braces.
    """

    literals: tuple[str, ...]
    names: tuple[str, ...]
    text: str

    @staticmethod
    def of(english: str, text: str) -> "Template":
        """Of an entry of a catalogue.

        Raises:
            ValueError: The translation has a place that the English sentence lacks, or two places touch.

        Example:
            >>> Template.of("{n} runs of {what}", "{what}: {n}").names
            ('n', 'what')
        """
        names, literals = tuple(HOLE.findall(english)), tuple(HOLE.split(english)[::2])
        if not set(HOLE.findall(text)) <= set(names):
            raise ValueError(f"The translation of {english!r} has other places than it: {text!r}")
        if not all(literals[1:-1]):
            raise ValueError(f"Between two places of {english!r} must be something that tells where one ends.")
        return Template(literals, names, text)

    @property
    def n_literal(self) -> int:
        """Characters of the English sentence outside of its places."""
        return sum(map(len, self.literals))

    def places(self, english: str) -> list[slice]:
        """Where the values of a sentence stand; none where it has another form.

        Every value ends where the text behind its place is found first: the time grows as the sentence does, whatever
        somebody has typed into it.

        Example:
            >>> Template.of("{n} runs of {what}.", "").places("3 runs of ‘6’.")
            [slice(0, 1, None), slice(10, 13, None)]
        """
        *before, last = self.literals
        if not (english.startswith(before[0]) and english.endswith(last)):
            return []
        places, start, stop = [], len(before[0]), len(english) - len(last)
        for literal in before[1:]:
            end = english.find(literal, start + 1, stop)
            if end < 0:
                return []
            places.append(slice(start, end))
            start = end + len(literal)
        return [*places, slice(start, stop)] if start < stop else []


@dataclass(frozen=True)
class Translation:
    """A text in the other language.

    Args:
        text: In the other language.
        n_literal: Characters of the English text that are fixed in the entries that fit.
    """

    text: str
    n_literal: int


class Words:
    """The words of one language.

    Args:
        entries: The translation of every English sentence.

    Example:
        >>> words = Words({"{n} runs of {what}": "{what}の試行 {n} 本", "one label": "1 つのラベル"})
        >>> words("3 runs of one label"), words(" one label: "), words("two labels")
        ('1 つのラベルの試行 3 本', ' one label: ', 'two labels')
    """

    def __init__(self, entries: Mapping[str, str]):
        self.entries = dict(entries)
        forms = (key for key in self.entries if HOLE.search(key) and len(re.sub(r"\s", "", HOLE.sub("", key))) >= LEAST)
        templates = [Template.of(key, self.entries[key]) for key in forms]
        self.templates = sorted(templates, key=lambda template: template.n_literal, reverse=True)
        self._remembered = lru_cache(KEPT)(self._text)

    def __call__(self, english: str) -> str:
        """The sentence in this language; as it is where no entry fits."""
        return self._value(english, DEEPEST).text

    def has(self, english: str) -> bool:
        """Whether there is a translation."""
        return self._by_entry(english.strip(), DEEPEST) is not None

    def _value(self, english: str, depth: int) -> Translation:
        """A sentence, or what stands in a place of another one.

        Args:
            english: The text.
            depth: So many sentences may still stand within each other.
        """
        if not depth or len(english) > LONGEST or not LETTERS.search(english):
            return Translation(english, 0)
        return self._remembered(english, depth)

    def _text(self, english: str, depth: int) -> Translation:
        core = english.strip()
        start, _, end = english.partition(core)
        best = self._best(core, depth)
        if not best:
            sentences = SENTENCES.split(core)
            several = len(sentences) > 1
            best = joined([self._value(each, depth) for each in sentences]) if several else Translation(core, 0)
        return Translation(closed(f"{start}{best.text}{end}"), best.n_literal)

    def _best(self, core: str, depth: int) -> Translation | None:
        """By the entry that fits, or by those that fit its parts where they say more of it."""
        entry = self._by_entry(core, depth)
        if entry and entry.n_literal == len(core):
            return entry
        ways = (entry, self._by_small_entry(core, depth), self._by_parts(core, depth))
        return max((way for way in ways if way), key=lambda way: way.n_literal, default=None)

    def _by_entry(self, core: str, depth: int) -> Translation | None:
        if core in self.entries:
            return Translation(self.entries[core], len(core))
        ends = [match.start() for match in SENTENCES.finditer(core)]
        for template in self.templates:
            places = template.places(core)
            if places and not any(place.start <= end < place.stop for place in places for end in ends):
                given = [self._value(core[place], depth - 1) for place in places]
                values = {name: value.text for name, value in zip(template.names, given, strict=True)}
                text = HOLE.sub(lambda hole, values=values: values[hole[1]], template.text)
                return Translation(text, template.n_literal + sum(value.n_literal for value in given))
        return None

    def _by_small_entry(self, core: str, depth: int) -> Translation | None:
        """By an entry that begins small."""
        small = core[:1].lower() + core[1:]
        entry = self._by_entry(small, depth) if small != core else None
        if entry and all(letter.islower() for letter in entry.text[:2]):  # a letter alone is a symbol
            return Translation(entry.text[:1].upper() + entry.text[1:], entry.n_literal)
        return entry

    def _by_parts(self, core: str, depth: int) -> Translation | None:
        """Sentences one by one, a list part by part, a part without its full stop; nothing where one has no entry."""
        sentences = SENTENCES.split(core)
        parts = self._all(sentences, depth) if len(sentences) > 1 else []
        if parts:
            return joined(parts)
        if core.endswith(".") and not core.endswith(".."):
            body = self._best(core[:-1], depth)
            return body and Translation(body.text + self.entries.get(".", "."), body.n_literal + 1)
        mark = next((mark for mark, pattern in LISTS.items() if pattern.search(core)), "")
        parts = self._all(LISTS[mark].split(core), depth) if mark else []
        if not parts:
            return None
        text = self.entries.get(mark, mark).join(part.text for part in parts)
        return Translation(text, sum(part.n_literal for part in parts) + len(mark) * (len(parts) - 1))

    def _all(self, parts: Sequence[str], depth: int) -> list[Translation]:
        """The translations of all parts; none where one has no entry."""
        translations = []
        for part in parts:
            best = self._best(part, depth)
            if not best:
                return []
            translations.append(best)
        return translations


def joined(sentences: Sequence[Translation]) -> Translation:
    """Sentences one after the other."""
    return Translation(" ".join(each.text for each in sentences), sum(each.n_literal for each in sentences))


def closed(text: str) -> str:
    """A text without spaces behind the marks of Japanese, which have their own."""
    return SPACED.sub(r"\1", text)


@cache
def catalogues() -> dict[str, Words]:
    """The words of every language by its code; those of English are the program's own."""
    files = sorted(FOLDER.glob("*.po"))
    return {ENGLISH: Words({}), **{file.stem: Words(entries(file)) for file in files}}


def entries(file: Path) -> dict[str, str]:
    """What a file of words holds, without what is not translated yet."""
    with file.open("rb") as stream:
        catalogue = read_po(stream)
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string}


def name_of(language: str) -> str:
    """What a language calls itself.

    Example:
        >>> name_of("en"), name_of("ja")
        ('English', '日本語')
    """
    return Locale.parse(language).get_display_name() or language


def direction(language: str) -> str:
    """The direction in which a language is written.

    Example:
        >>> direction("ja"), direction("ar")
        ('ltr', 'rtl')
    """
    return Locale.parse(language).text_direction
