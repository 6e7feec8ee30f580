"""The words of a language: entries, places for values, sentences and lists, part by part."""

import re
from pathlib import Path

import pytest

from dashboard.languages import FOLDER, LONGEST, Template, Words, catalogues, direction, entries, name_of

WORDS = {
    "one label": "1 つのラベル",
    "{n} runs": "{n} 本",
    "{n} runs of {what}": "{what}の {n} 本",
    "Stage": "ステージ",
    "stage": "ステージ",
    "It is busy.": "混雑しています。",
    "Ask again.": "もう一度どうぞ。",
    "own memory": "自身の記憶",
    "concept ‘{label}’": "概念「{label}」",
    "noise p": "ノイズp",
    "distance": "距離",
}
MADE = Words(WORDS)


def test_an_entry_a_template_and_what_has_neither():
    assert MADE("one label") == "1 つのラベル"
    assert MADE("300 runs") == "300 本"
    assert MADE("no entry") == "no entry"
    assert MADE("  one label: ") == "  one label: "
    assert MADE(" one label ") == " 1 つのラベル "
    assert (MADE.has("7 runs"), MADE.has("one label"), MADE.has("two labels")) == (True, True, False)


def test_what_stands_in_a_place_is_translated_too():
    assert MADE("3 runs of one label") == "1 つのラベルの 3 本"
    assert MADE("3 runs of two labels") == "two labelsの 3 本"


@pytest.mark.parametrize("order", [1, -1])
def test_the_template_with_the_longest_literal_text_wins(order: int):
    words = Words(dict([("{a} out of {b}", "b"), ("{a} runs out of {b}", "long"), ("{a} out", "c")][::order]))
    assert (words("3 runs out of six"), words("3 out of six")) == ("long", "b")


def test_sentences_one_after_the_other_are_translated_one_by_one():
    assert MADE("It is busy. Ask again.") == "混雑しています。もう一度どうぞ。"
    assert MADE("It is busy. Nobody knows.") == "混雑しています。Nobody knows."
    assert MADE("It is busy. ask again.") == "It is busy. ask again."


def test_a_translation_has_no_places_of_its_own():
    with pytest.raises(ValueError, match="other places"):
        Template.of("{n} runs", "{m} 本")
    assert Template.of("{n} runs of {what}", "{n} 本").names == ("n", "what")


def test_signs_of_a_regular_expression_are_letters_in_a_template():
    words = Words({"{n} (of 5) a+b?": "{n}"})
    assert (words("2 (of 5) a+b?"), words("2 (of 5) aab")) == ("2", "2 (of 5) aab")


def test_data_is_no_sentence():
    assert Words({"{a} runs": "x"})("y" * LONGEST + " runs") == "y" * LONGEST + " runs"
    assert Words({"{a}%": "x"})("5%") == "5%"


def test_what_languages_call_themselves_and_where_they_begin():
    assert [name_of(code) for code in ("en", "ja", "de")] == ["English", "日本語", "Deutsch"]
    assert [direction(code) for code in ("en", "ja", "ar", "he")] == ["ltr", "ltr", "rtl", "rtl"]


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.po")), ids=lambda file: file.stem)
def test_every_file_of_words_names_a_sentence_once_and_fills_its_places(file: Path):
    said = re.findall(r'^msgid ((?:".*"\n)+)', file.read_text("utf-8"), re.MULTILINE)
    joined = ["".join(re.findall(r'"(.*)"', text)) for text in said]
    assert [text for text in set(joined) if joined.count(text) > 1] == []
    for english, text in entries(file).items():
        assert set(re.findall(r"\{(\w+)\}", text)) <= set(re.findall(r"\{(\w+)\}", english)), english
    assert catalogues()[file.stem].entries


# sentences that are lists

ENTRIES = {
    "; ": "；", ", ": "、", ".": "。",
    "the share is {share}": "割合は{share}です", "the step is {step}": "ステップは{step}です",
    "t is {t}": "tは{t}です",
    "I to {noise}": "Iは{noise}まで", "II to {noise}": "IIは{noise}まで",
    "{stages} (not sure at {noises})": "{stages}（{noises}は未定）",
    "{n} hold": "成り立つ{n}件", "{n} hold in part": "一部成り立つ{n}件",
    "Pixels {kind}: {counts}": "画素の{kind}：{counts}",
    "Fig. {number}": "図{number}", "Supp. {letter}": "補足{letter}",
    "{value} (over {seeds} seeds)": "{value}（{seeds}シード）",
    "read at {ones}, other at {others}": "{ones}で、他は{others}で読まれる",
    "{n} of these": "これらのうち{n}個",
}  # fmt: skip


def test_the_parts_of_a_list_have_one_entry_each():
    ja = Words(ENTRIES)
    assert ja("the step is 3; the share is 0.1") == "ステップは3です；割合は0.1です"
    assert ja("I to 0.2, II to 1") == "Iは0.2まで、IIは1まで"
    assert ja("Fig. 2, Supp. B") == "図2、補足B"


def test_a_list_may_be_a_sentence_and_a_sentence_a_list_of_one():
    ja = Words(ENTRIES)
    assert ja("The share is 0.1; the step is 3.") == "割合は0.1です；ステップは3です。"
    assert ja("The step is 3. ") == "ステップは3です。"
    assert ja("T is 3; t is 4.") == "tは3です；tは4です。"  # a letter alone is a symbol: it gets no capital
    assert Words({"the step is {step}": "der Schritt ist {step}"})("The step is 3.") == "Der Schritt ist 3."


def test_nothing_is_cut_in_brackets():
    assert Words(ENTRIES)("I to 0.2, II to 1 (not sure at 0.3, 0.4)") == "Iは0.2まで、IIは1まで（0.3, 0.4は未定）"


def test_a_list_with_a_part_without_an_entry_stays():
    assert Words(ENTRIES)("the step is 3; the place is 4") == "ステップは3; the place is 4です"  # one that fits all
    assert Words(ENTRIES)("the place is 4; the step is 3") == "the place is 4; the step is 3"


def test_of_one_entry_and_several_those_win_that_say_more():
    ja = Words(ENTRIES)
    assert ja("9 hold, 8 hold in part") == "成り立つ9件、一部成り立つ8件"
    assert ja("Pixels old: 9 hold, 8 hold in part. Pixels new: 7 hold.") == (
        "画素のold：成り立つ9件、一部成り立つ8件。画素のnew：成り立つ7件。"
    )
    assert ja("read at 3 of these (over 2 seeds), other at 4 (over 2 seeds)") == (
        "これらのうち3個（2シード）で、他は4（2シード）で読まれる"
    )


def test_an_entry_that_fits_nearly_all_is_the_browsers():
    ja = Words(ENTRIES | {"{a} of {b}": "{a}/{b}", "the step of the image is {step}": "画像のステップは{step}です"})
    assert ja("The step of the image is 3.") == "画像のステップは3です。"
    assert ja("2 of 3") == "2 of 3"
    assert ja("{a} of {b}") == "{a}/{b}"


def test_what_somebody_typed_costs_no_time_that_explodes():
    """2,000 characters in which every place could end anywhere: looked at once for each entry, not in all ways."""
    ja = Words({"".join(f"{{{name}}} and " for name in "abcdefgh") + "so on": "{a}"})
    assert ja("x and " * 330) == "x and " * 330


@pytest.mark.parametrize("typed", ["no (" * 390 + "x" + ")" * 390, "ab" + "." * 1900], ids=["brackets", "stops"])
def test_what_somebody_typed_goes_no_deeper_than_sentences_of_ours(typed: str):
    ja = Words({"no ({why})": "否（{why}）", "ab": "あ", ".": "。"})
    assert typed[20:40] in ja(typed)


def test_two_places_that_touch_are_refused():
    with pytest.raises(ValueError, match="tells where one ends"):
        Words({"some {a}{b}": "{a}{b}"})


def test_marks_without_an_entry_stay():
    entries = {english: text for english, text in ENTRIES.items() if english not in ("; ", ", ", ".")}
    assert Words(entries)("The share is 0.1; the step is 3.") == "割合は0.1です; ステップは3です."


def test_behind_the_marks_of_japanese_stands_no_space():
    assert Words({"Models:": "モデル："})("Models: ") == "モデル："
    assert Words({"One.": "一つ。", "Two.": "二つ。"})("One. Two.") == "一つ。二つ。"
