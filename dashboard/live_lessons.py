"""Lessons that are led live: which frame is shown, whether the screens are held, and the tally of the answers.

::

    presenter --begin--> code, key --control--> frame, held, revealed
    learner   --code---> the lesson, then its state every second, one answer a frame --> tally (for the key alone)

All of it lies in the memory of the one web process that serve.py has, behind one lock: a restart forgets it, and a
lesson is forgotten a day after it was begun. Nobody is named: a client is a random word that its tab draws; neither
addresses nor cookies are read.
"""

import hmac
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.schema import Integer, RefusedError, SpecError, shown
from dashboard.lesson import Lesson, unpacked

DAY = 24 * 3600  # s after which a lesson is forgotten
IDLE = 3600  # s without any question after which a lesson may make room for another
PRESENT = 10  # s without a question after which a learner counts as gone; a tab asks every second
MOST_LESSONS, MOST_CLIENTS = 200, 500
LETTERS = "34679ACDEFGHJKMNPQRTUVWXY"  # no two look alike: none of 0 O, 1 I L, 2 Z, 5 S, 8 B
LENGTH = 6
ANSWERS = {"": (), "stage": ("I", "II", "III"), "label": tuple("0123456789")}
"""The answers to each question that a frame may ask."""


class UnknownCodeError(RefusedError):
    """No lesson has this code, or has it any more."""


class WrongKeyError(RefusedError):
    """Whoever asks does not lead this lesson."""


class AnsweredError(RefusedError):
    """A client has given another answer to the same question."""


class FullError(RefusedError):
    """There is no room for one more lesson, or one more learner."""


@dataclass
class Learner:
    """A client of a lesson: when it was last heard of (s), and what it answered, by frame."""

    seen: float
    answers: dict[int, str] = field(default_factory=dict)


@dataclass
class LiveLesson:
    """A lesson that is led.

    Args:
        packed: The lesson as text.
        lesson: The same.
        key: Of whoever leads it.
        begun: Moment, s.
        asked: When anybody last asked, s.
        version: Grows with every change of what is shown.
    """

    packed: str
    lesson: Lesson
    key: str
    begun: float
    asked: float
    frame: int = 0
    held: bool = False
    revealed: bool = False
    version: int = 0
    learners: dict[str, Learner] = field(default_factory=dict)

    def state(self) -> dict[str, Any]:
        """What every client asks for each second."""
        return {"frame": self.frame, "held": self.held, "revealed": self.revealed, "version": self.version}


class LiveLessons:
    """All lessons that are led on this server.

    Args:
        clock: Seconds; a test has its own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self._lessons: dict[str, LiveLesson] = {}
        self._lock = threading.Lock()

    def begin(self, packed: object) -> dict[str, str]:
        """Begin a lesson.

        Returns:
            Its `code`, for learners, and its `key`, for the tab that leads it.

        Raises:
            RefusedError: It is no lesson.
            FullError: All others are in use.
        """
        if not isinstance(packed, str):
            raise SpecError(f"The lesson must be a text, not {shown(packed)}. Reload the page.")
        lesson = unpacked(packed)
        with self._lock:
            now = self._forget()
            self._make_room(now)
            code = self._new_code()
            key = secrets.token_urlsafe(18)
            self._lessons[code] = LiveLesson(packed, lesson, key, begun=now, asked=now)
            return {"code": code, "key": key}

    def lesson(self, code: str) -> dict[str, Any]:
        """A lesson as it is shown now.

        Raises:
            UnknownCodeError: There is none of this code.
        """
        with self._lock:
            live = self._live(code)
            return {"lesson": live.packed, **live.state()}

    def state(self, code: str, client: object) -> dict[str, Any]:
        """What is shown now; whoever asks counts as present.

        Raises:
            UnknownCodeError: There is no lesson of this code.
            SpecError: That is no client.
            FullError: As many learners as there can be are present.
        """
        with self._lock:
            live = self._live(code)
            self._learner(live, client)
            return live.state()

    def answer(self, code: str, client: object, frame: object, answer: object) -> dict[str, Any]:
        """Count an answer; the same once more changes nothing, so that it can be sent again.

        Raises:
            UnknownCodeError: There is no lesson of this code.
            SpecError: That is no client, or no answer to the question of that frame.
            AnsweredError: The client has answered otherwise.
            FullError: As many learners as there can be are present.
        """
        with self._lock:
            live = self._live(code)
            place = frame_of(live, frame)
            possible = ANSWERS[live.lesson.frames[place].ask]
            if not isinstance(answer, str) or answer not in possible:
                asks = f"must be one of {', '.join(possible)}" if possible else "is not asked for on this frame"
                raise SpecError(f"An answer {asks}, not {shown(answer)}. Reload the page.")
            answers = self._learner(live, client).answers
            if answers.setdefault(place, answer) != answer:
                raise AnsweredError(f"Your answer to this question was {answers[place]}: the first one counts.")
            return live.state()

    def control(self, code: str, key: object, changes: dict[str, Any]) -> dict[str, Any]:
        """Change what is shown: `frame`, `held`, `revealed`; another frame is not revealed unless that is asked for.

        Raises:
            UnknownCodeError: There is no lesson of this code.
            WrongKeyError: Whoever asks does not lead it.
            SpecError: A change that cannot be made.
        """
        with self._lock:
            live = self._led(code, key)
            frame = frame_of(live, changes["frame"]) if "frame" in changes else live.frame
            held = switch("held", changes.get("held", live.held))
            revealed = switch("revealed", changes.get("revealed", live.revealed and frame == live.frame))
            if (frame, held, revealed) != (live.frame, live.held, live.revealed):
                live.version += 1
            live.frame, live.held, live.revealed = frame, held, revealed
            return live.state()

    def tally(self, code: str, key: object) -> dict[str, Any]:
        """How many learners are present, and how many gave which answer, frame by frame.

        Raises:
            UnknownCodeError: There is no lesson of this code.
            WrongKeyError: Whoever asks does not lead it.
        """
        with self._lock:
            live = self._led(code, key)
            counts = [Counter[str]() for _ in live.lesson.frames]
            for learner in live.learners.values():
                for frame, answer in learner.answers.items():
                    counts[frame][answer] += 1
            present = sum(live.asked - learner.seen < PRESENT for learner in live.learners.values())
            return {"learners": present, "frames": [dict(sorted(count.items())) for count in counts]}

    def end(self, code: str, key: object) -> None:
        """Forget a lesson.

        Raises:
            UnknownCodeError: There is no lesson of this code.
            WrongKeyError: Whoever asks does not lead it.
        """
        with self._lock:
            self._led(code, key)
            del self._lessons[canonical(code)]

    # all below: with the lock

    def _forget(self) -> float:
        """Forget what was begun a day ago; returns now."""
        now = self.clock()
        self._lessons = {code: live for code, live in self._lessons.items() if now - live.begun < DAY}
        return now

    def _make_room(self, now: float) -> None:
        """Let the lesson go that nobody has asked for longest, where there are as many as there can be."""
        if len(self._lessons) < MOST_LESSONS:
            return
        oldest = min(self._lessons, key=lambda code: self._lessons[code].asked)
        if now - self._lessons[oldest].asked < IDLE:
            raise FullError(f"This server leads {MOST_LESSONS} lessons, and all are in use. Begin in an hour.")
        del self._lessons[oldest]

    def _new_code(self) -> str:
        while True:
            code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
            if code not in self._lessons:
                return code

    def _live(self, code: str) -> LiveLesson:
        now = self._forget()
        live = self._lessons.get(canonical(code))
        if live is None:
            raise UnknownCodeError(
                "No lesson has this code. Codes are forgotten after a day: ask the presenter for the new one."
            )
        live.asked = now
        return live

    def _led(self, code: str, key: object) -> LiveLesson:
        live = self._live(code)
        given = key.encode("utf-8", "replace") if isinstance(key, str) else b""
        if not hmac.compare_digest(given, live.key.encode()):
            raise WrongKeyError("Another tab leads this lesson. Begin one of your own.")
        return live

    def _learner(self, live: LiveLesson, client: object) -> Learner:
        """The learner of a client, who is heard of now; a new one takes the place of who has left longest ago."""
        if not isinstance(client, str) or not re.fullmatch(r"[A-Za-z0-9_-]{8,40}", client):
            raise SpecError("A learner needs a name that its tab draws. Reload the page.")
        if client not in live.learners and len(live.learners) >= MOST_CLIENTS:
            oldest = min(live.learners, key=lambda name: live.learners[name].seen)
            if live.asked - live.learners[oldest].seen < PRESENT:
                raise FullError(f"{MOST_CLIENTS} learners are in this lesson; it has no room for more.")
            del live.learners[oldest]
        learner = live.learners.setdefault(client, Learner(live.asked))
        learner.seen = live.asked
        return learner


def canonical(code: str) -> str:
    """A code as it was drawn, however it was typed.

    Example:
        >>> canonical("c4f-7hk ")
        'C4F7HK'
    """
    return re.sub(r"[\s-]", "", code).upper()


def frame_of(live: LiveLesson, frame: object) -> int:
    """The place of a frame in a lesson.

    Raises:
        SpecError: It has no such frame.
    """
    return Integer(0, len(live.lesson.frames) - 1).check("The frame", frame)


def switch(name: str, value: object) -> bool:
    """On or off.

    Raises:
        SpecError: It is neither.
    """
    if isinstance(value, bool):
        return value
    raise SpecError(f"{name} must be true or false, not {shown(value)}. Reload the page.")
