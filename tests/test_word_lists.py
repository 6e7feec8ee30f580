"""Sentences that are lists, in another language: part by part where each part has an entry."""

import pytest

from dashboard.languages import Words

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


def test_two_places_that_touch_are_refused():
    with pytest.raises(ValueError, match="tells where one ends"):
        Words({"some {a}{b}": "{a}{b}"})


def test_marks_without_an_entry_stay():
    entries = {english: text for english, text in ENTRIES.items() if english not in ("; ", ", ", ".")}
    assert Words(entries)("The share is 0.1; the step is 3.") == "割合は0.1です; ステップは3です."


def test_behind_the_marks_of_japanese_stands_no_space():
    assert Words({"Models:": "モデル："})("Models: ") == "モデル："
    assert Words({"One.": "一つ。", "Two.": "二つ。"})("One. Two.") == "一つ。二つ。"
