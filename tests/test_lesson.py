"""Lessons in links: what is packed is what is unpacked, and nothing that anybody may write instead does harm."""

import base64
import json
import random
import zlib
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from core.packed_images import packed_image
from core.schema import RefusedError, SpecError
from dashboard.lesson import LARGEST, LONGEST_PACKED, REMEDY, Frame, Lesson, from_dict, packed, to_dict, unpacked
from tests.node import run_node

REFUSALS = [  # what inflates to no lesson, and the sentence about it here
    (b"[" * 50_000, "damaged"),
    (b"1" * 50_000, "damaged"),
    (b'{"title":"\xff","frames":[{"screen":""}]}', "damaged"),
    (b" " * 5_000_000, f"more than {LARGEST:,} bytes"),
    (b"null", "must be an object"),
    (b"{}", "frames of a lesson must be a list"),
]
LESSON = Lesson(
    "Gedächtnis, 記憶, 🧠",
    (Frame("v=3&p=0.1", "Little noise.", "stage"), Frame("v=3&label=3&p=0.8", "", "label"), Frame("")),
    ("header", "noise"),
    5,
)
DAMAGED = ["", "A", "%3Cscript%3E", "é", packed(LESSON)[:-4], packed(LESSON) + "AAAA"]
VALUES: dict[str, Any] = {"title": "A", "frames": [{"screen": "p=0.3"}]}


def deflated(content: bytes) -> str:
    """Any bytes as the text of a link."""
    return base64.urlsafe_b64encode(zlib.compress(content, 9, -15)).decode().rstrip("=")


def random_levels(seed: int) -> np.ndarray:
    """An image that nothing compresses."""
    return np.random.default_rng(seed).integers(0, 16, 784).astype(np.uint8)


def test_a_lesson_comes_back():
    assert unpacked(packed(LESSON)) == LESSON
    assert from_dict(to_dict(LESSON)) == LESSON
    assert LESSON.hidden == ("noise", "header")  # in one order: equal lessons are equal
    assert unpacked(deflated(json.dumps(VALUES).encode())) == Lesson("A", (Frame("p=0.3"),))


@pytest.mark.parametrize(
    ("content", "sentence"), REFUSALS, ids=["depth", "number", "no UTF-8", "bomb", "null", "empty"]
)
def test_what_inflates_to_no_lesson_is_refused(content: bytes, sentence: str):
    with pytest.raises(RefusedError, match=sentence):
        unpacked(deflated(content))


@pytest.mark.parametrize("text", DAMAGED)
def test_what_is_damaged_is_refused_with_a_remedy(text: str):
    with pytest.raises(RefusedError, match=r"cannot be read: it is .* Ask whoever sent it"):
        unpacked(text)


def test_what_is_too_long_for_a_link_is_refused_both_ways():
    with pytest.raises(RefusedError, match=f"{LONGEST_PACKED:,} is the most"):
        unpacked("A" * (LONGEST_PACKED + 1))
    drawn = [packed_image(random_levels(seed)) for seed in range(20)]
    with pytest.raises(RefusedError, match="Leave out frames"):
        packed(Lesson("Drawn", tuple(Frame(f"v=3&own={own}") for own in drawn)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"frames": []}, "1 to 20 frames"),
        ({"frames": [{"screen": ""}] * 21}, "1 to 20 frames"),
        ({"title": "a" * 81}, "80 is the most"),
        ({"title": 3}, "must be a text"),
        ({"title": "a\x1b[31m"}, "control characters"),
        ({"title": "\ud800"}, "control characters"),
        ({"hidden": ["footer"]}, "must be one of"),
        ({"hidden": [["header"]]}, "must be one of"),
        ({"seconds": 601}, "from 0 to 600"),
        ({"seconds": True}, "from 0 to 600"),
        ({"spoken": 1}, "no field 'spoken'"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(change: dict[str, Any], sentence: str):
    with pytest.raises(SpecError, match=sentence):
        from_dict(VALUES | change)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        ({"screen": None}, "must be a text"),
        ({"screen": "p=0.2&a=p=0.1"}, "cannot hold a"),
        ({"screen": "p=" + "0" * 2000}, "2,000 is the most"),
        ({"screen": "p=0.3&tour=units"}, "cannot hold tour"),
        ({"screen": "?show=li"}, "cannot hold show"),
        ({"screen": "lesson=AAAA"}, "cannot hold lesson"),
        ({"screen": "", "caption": "a" * 301}, "300 is the most"),
        ({"screen": "", "caption": "a\nb"}, "one line"),
        ({"screen": "", "ask": "anything"}, "the stage, the label, or nothing"),
        ({"screen": "", "ask": ["stage"]}, "the stage, the label, or nothing"),
        ({"screen": "", "html": "<b>"}, "no field 'html'"),
        ("p=0.3", "must be an object"),
    ],
)
def test_a_frame_that_cannot_be_used_is_refused(frame: Any, sentence: str):
    with pytest.raises(SpecError, match=sentence):
        from_dict(VALUES | {"frames": [frame]})


def test_any_text_is_read_or_refused():
    draw = random.Random(7)
    good = packed(LESSON)
    for _ in range(500):
        at = draw.randrange(len(good))
        with suppress(RefusedError):
            assert isinstance(unpacked(good[:at] + draw.choice("ABCabc019-_") + good[at + 1 :]), Lesson)


def in_browser(*calls: list[Any]) -> list[Any]:
    """What the page's own functions make of lessons and texts."""
    done = run_node("tests/js/lesson-link.js", given=json.dumps(calls))
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def test_the_browser_reads_and_writes_the_same():
    written, read, *refused = in_browser(
        ["pack", to_dict(LESSON)],
        ["unpack", packed(LESSON)],
        *(["unpack", deflated(content)] for content, _ in REFUSALS),
        *(["unpack", text] for text in DAMAGED),
    )
    assert unpacked(written) == LESSON
    assert read == to_dict(LESSON)
    assert all("refusal" in each for each in refused)
    assert f"more than {LARGEST} bytes" in refused[3]["refusal"]
    for each in refused[-len(DAMAGED) :]:
        assert each["refusal"] == "The lesson in this link cannot be read: it is damaged. " + REMEDY
