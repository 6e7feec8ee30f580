"""The words of the languages: what the browser writes is in every one of them, with the same places for values."""

import pytest

from dashboard import modules
from dashboard.languages import ENGLISH, HOLE, Words, catalogues

OTHERS = [name for name in catalogues() if name != ENGLISH]


def missing(words: Words, texts: tuple[str, ...]) -> list[str]:
    """The texts that a language lacks, or has with other places than the program's."""
    places = {text: set(HOLE.findall(text)) for text in texts}
    return [text for text in texts if set(HOLE.findall(words.entries.get(text, "{}"))) != places[text]]


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_the_browser_is_translated_with_its_places(language: str):
    assert len(modules.texts()) > 150
    assert missing(catalogues()[language], modules.texts()) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_that_is_gone_or_has_lost_a_place_is_found(language: str):
    text = "{n} learners, {given} answered"
    without = {key: value for key, value in catalogues()[language].entries.items() if key != text}
    assert missing(Words(without), modules.texts()) == [text]
    shortened = without | {text: catalogues()[language].entries[text].replace("{given}", "")}
    assert missing(Words(shortened), modules.texts()) == [text]
