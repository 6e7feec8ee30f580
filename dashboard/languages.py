"""The languages of the pages: one file of words each, whose keys are the English sentences of the program.

::

    words/ja.po   msgid "{n} runs of ‘{label}’"   msgstr "‘{label}’の試行 {n} 本"      (gettext's format)
    "300 runs of ‘6’" --> the msgid that it fits, n = 300, label = 6 --> "‘6’の試行 300 本"

A sentence is translated where it leaves the server (translation.py), so nothing that computes, draws or keeps results
knows of languages. What stands for a name in braces is translated too: it may be a phrase of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "words"
ENGLISH = "en"
HOLE = re.compile(r"\{(\w*)\}")
SENTENCES = re.compile(r"(?<=[.!?…]) (?=[A-Z‘“])")
LETTERS = re.compile(r"[A-Za-z]{2}|^[A-Za-z]$")
LONGEST = 2_000  # characters of a sentence; what is longer is data
KEPT = 5_000  # translations that are remembered


@dataclass(frozen=True)
class Template:
    """A sentence with places for values.

    Args:
        pattern: Fits the English sentence.
        names: Of its places, in order.
        text: The sentence in the other language, with the same names in braces.
    """

    pattern: re.Pattern[str]
    names: tuple[str, ...]
    text: str

    @staticmethod
    def of(english: str, text: str) -> "Template":
        """Of an entry of a catalogue.

        Raises:
            ValueError: The translation has a place that the English sentence lacks.
        """
        names = tuple(HOLE.findall(english))
        if not set(HOLE.findall(text)) <= set(names):
            raise ValueError(f"The translation of {english!r} has other places than it: {text!r}")
        literal = (re.escape(part) for part in HOLE.split(english)[::2])
        return Template(re.compile("(.+?)".join(literal), re.DOTALL), names, text)


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
        templates = (key for key in self.entries if HOLE.search(key))
        exact_first = sorted(templates, key=lambda key: len(HOLE.sub("", key)), reverse=True)
        self.templates = [Template.of(key, self.entries[key]) for key in exact_first]
        self._found = lru_cache(KEPT)(self._find)

    def __call__(self, english: str) -> str:
        """The sentence in this language; as it is where no entry fits."""
        if len(english) > LONGEST or not LETTERS.search(english):
            return english
        return self._found(english)

    def has(self, english: str) -> bool:
        """Whether there is a translation."""
        return self._entry(english.strip()) is not None

    def _find(self, english: str) -> str:
        core = english.strip()
        start, _, end = english.partition(core)
        whole = self._entry(core)
        if whole is None:
            sentences = SENTENCES.split(core)
            whole = self._joined(sentences) if len(sentences) > 1 else core
        return f"{start}{whole}{end}"

    def _entry(self, core: str) -> str | None:
        if core in self.entries:
            return self.entries[core]
        for template in self.templates:
            match = template.pattern.fullmatch(core)
            if match:
                values = {name: self(value) for name, value in zip(template.names, match.groups(), strict=True)}
                return HOLE.sub(lambda hole, values=values: values[hole[1]], template.text)
        return None

    def _joined(self, sentences: list[str]) -> str:
        """Sentences one after the other; behind an ideographic full stop stands no space."""
        return " ".join(map(self, sentences)).replace("。 ", "。")


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
