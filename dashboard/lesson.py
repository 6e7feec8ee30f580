"""A lesson: screens in an order, with captions and questions, and what of the page is hidden; as text for a link.

::

    lesson --> to_dict --> JSON --> raw deflate --> base64url: ?lesson=...
                                    (assets/explorer/lesson-link.js does and reads the same)

A lesson comes from anybody's link: nothing of it is taken unchecked, and all of it is bounded.
"""

import base64
import binascii
import json
import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal
from urllib.parse import parse_qs

from core.schema import Choice, Integer, RefusedError, SpecError, shown
from dashboard.links import read_link

LONGEST_PACKED = 8_000  # characters: with the rest of the request line within the 8 kB that proxies take
LARGEST = 60_000  # bytes of JSON
LONGEST_SCREEN, LONGEST_CAPTION, LONGEST_TITLE = 2_000, 300, 80  # characters
MOST_FRAMES = 20
MOST_SECONDS = 600
ASKS = ("", "stage", "label")
NO_SCREEN = ("tour", "show", "lesson", "frame", "a")
"""What a frame's screen never holds: a tour excludes a lesson, whether it is presented is for whoever shows it, and a
screen beside it would give the answer away."""
HIDEABLE = (
    "sidebar", "dataset", "label", "sample", "noise", "noise_kind", "n_latent", "beta", "model", "source", "seed",
    "n_runs", "n_steps", "basis", "window", "badge", "stage", "header",
)  # fmt: skip
"""What can be hidden: the settings by their fields, and parts of the page: all settings, badge, stage chart, header."""
REMEDY = "Ask whoever sent it for the link once more."


@dataclass(frozen=True)
class Frame:
    """A screen of a lesson.

    Args:
        screen: The query of a link, read leniently as any link's.
        caption: Plain text.
        ask: What the learner answers before the runs are played: nothing, the stage of the runs, or the label of the
            highlighted run's last decoded image.

    Raises:
        SpecError: A value of the wrong type, too long, or a screen that names what `NO_SCREEN` has.
    """

    screen: str
    caption: str = ""
    ask: Literal["", "stage", "label"] = ""

    def __post_init__(self) -> None:
        one_line("The screen of a frame", self.screen, LONGEST_SCREEN)
        one_line("The caption of a frame", self.caption, LONGEST_CAPTION)
        if self.ask not in ASKS:
            raise SpecError(f"A frame asks for the stage, the label, or nothing; not for {shown(self.ask)}.")
        if named := [name for name in NO_SCREEN if name in settings_of(self.screen)]:
            raise SpecError(f"The screen of a frame cannot hold {named[0]}. Leave it out.")
        read_link(self.screen)


@dataclass(frozen=True)
class Lesson:
    """Frames in their order, and how they are shown.

    Args:
        title: Plain text.
        frames: 1 to `MOST_FRAMES`.
        hidden: Names of `HIDEABLE`, in its order.
        seconds: Kiosk: how long a frame stays after it has been played, until the next comes, round and round; 0 where
            frames are turned by hand.

    Raises:
        SpecError: A value of the wrong type or out of range.
    """

    title: str
    frames: tuple[Frame, ...]
    hidden: tuple[str, ...] = ()
    seconds: int = 0

    def __post_init__(self) -> None:
        one_line("The title of a lesson", self.title, LONGEST_TITLE)
        if not 1 <= len(self.frames) <= MOST_FRAMES:
            raise SpecError(f"A lesson has 1 to {MOST_FRAMES} frames. Add one, or make two lessons of it.")
        for name in self.hidden:
            Choice(HIDEABLE).check("What a lesson hides", name)
        object.__setattr__(self, "hidden", tuple(name for name in HIDEABLE if name in self.hidden))
        object.__setattr__(self, "seconds", Integer(0, MOST_SECONDS).check("The seconds of a frame", self.seconds))


def one_line(name: str, value: object, most: int) -> str:
    """A text that can be shown anywhere on a page: no control characters, no line breaks, no lone surrogates.

    Raises:
        SpecError: It is none, or too long.
    """
    if not isinstance(value, str):
        raise SpecError(f"{name} must be a text, not {shown(value)}.")
    if len(value) > most:
        raise SpecError(f"{name} has {len(value):,} characters; {most:,} is the most. Shorten it.")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in value):
        raise SpecError(f"{name} must be one line of plain text, without control characters. Write it anew.")
    return value


def settings_of(screen: str) -> dict[str, list[str]]:
    """The settings that the query of a link names, by their keys; none where it has too many to be read."""
    try:
        return parse_qs(screen.lstrip("?"), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return {}


def to_dict(lesson: Lesson) -> dict[str, Any]:
    """Plain values by field name, ready for JSON."""
    return asdict(lesson) | {"frames": [asdict(frame) for frame in lesson.frames], "hidden": list(lesson.hidden)}


def from_dict(values: object) -> Lesson:
    """The inverse, of what anybody may have sent.

    Raises:
        SpecError: It is no lesson; the message says what is wrong with it.
    """
    given: dict[str, Any] = {"title": None, **_known(values, Lesson, "A lesson")}
    frames = _entries(given.get("frames"), "The frames of a lesson")
    hidden = _entries(given.get("hidden", []), "What a lesson hides")
    screens = tuple(_frame(frame) for frame in frames[: MOST_FRAMES + 1])
    given |= {"frames": screens, "hidden": tuple(hidden)}
    return Lesson(**given)


def _frame(values: object) -> Frame:
    given: dict[str, Any] = {"screen": None, **_known(values, Frame, "A frame of a lesson")}
    return Frame(**given)


def _known(values: object, kind: type, name: str) -> dict[str, Any]:
    """An object's fields, as far as they are there: what they hold is the class's to judge."""
    if not isinstance(values, dict):
        raise SpecError(f"{name} must be an object with its fields, not {shown(values)}. {REMEDY}")
    unknown = set(values) - {item.name for item in fields(kind)}
    if unknown:
        raise SpecError(f"{name} has no field {shown(sorted(unknown)[0])}. Leave it out.")
    return values


def _entries(values: object, name: str) -> Sequence[Any]:
    if not isinstance(values, list):
        raise SpecError(f"{name} must be a list, not {shown(values)}. {REMEDY}")
    return values


def packed(lesson: Lesson) -> str:
    """A lesson as text for a link.

    Raises:
        RefusedError: It is too long for one.
    """
    content = json.dumps(to_dict(lesson), ensure_ascii=False, separators=(",", ":")).encode()
    result = base64.urlsafe_b64encode(zlib.compress(content, 9, -zlib.MAX_WBITS)).decode().rstrip("=")
    if len(content) > LARGEST or len(result) > LONGEST_PACKED:
        raise RefusedError(
            f"The lesson is too long for a link: {len(result):,} characters of at most {LONGEST_PACKED:,}. Leave out "
            "frames, above all those with drawn images, or shorten captions."
        )
    return result


def unpacked(link: str) -> Lesson:
    """The inverse, of what anybody may have written into a link.

    Raises:
        RefusedError: It is no lesson; with what to do.
    """
    if len(link) > LONGEST_PACKED:
        raise RefusedError(
            f"The lesson in this link has {len(link):,} characters; {LONGEST_PACKED:,} is the most. {REMEDY}"
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]+", link):
        raise RefusedError(f"The lesson in this link cannot be read: it is damaged. {REMEDY}")
    try:
        content = _inflated(base64.urlsafe_b64decode(link + "=" * (-len(link) % 4)))
        values = json.loads(content)
    except (binascii.Error, zlib.error, ValueError, RecursionError) as error:
        if isinstance(error, RefusedError):
            raise
        raise RefusedError(f"The lesson in this link cannot be read: it is damaged. {REMEDY}") from None
    return from_dict(values)


def _inflated(content: bytes) -> str:
    """What was deflated, and not a byte more than a lesson can have: a few bytes can inflate to gigabytes."""
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    result = reader.decompress(content, LARGEST + 1)
    if len(result) > LARGEST:
        raise RefusedError(f"The lesson in this link has more than {LARGEST:,} bytes. {REMEDY}")
    if not reader.eof or reader.unused_data:
        raise RefusedError(f"The lesson in this link cannot be read: it is cut off. {REMEDY}")
    return result.decode()
