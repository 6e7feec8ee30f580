"""Lessons that are led live: state on a clock of the test's own, then the same over HTTP."""

import re
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
import segno
from flask.testing import FlaskClient

from core.schema import RefusedError, SpecError
from core.settings import Settings
from dashboard.hosting import Hosting
from dashboard.lesson import Frame, Lesson, packed
from dashboard.live_lessons import (
    DAY,
    IDLE,
    LETTERS,
    MOST_CLIENTS,
    MOST_LESSONS,
    PRESENT,
    AnsweredError,
    FullError,
    LiveLessons,
    UnknownCodeError,
    WrongKeyError,
)
from dashboard.pages.explore.live import HEADER
from tests.served import create_app
from tests.threads import together

LESSON = packed(Lesson("A", (Frame("p=0.1", "", "stage"), Frame("p=0.8", "", "label"), Frame("p=0.3"))))


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lessons(clock: Clock) -> LiveLessons:
    return LiveLessons(clock)


def client(i: int) -> str:
    return f"learner-{i:04}"


def test_a_code_can_be_read_from_the_last_row_and_typed_in_any_way(lessons: LiveLessons):
    begun = lessons.begin(LESSON)
    code, key = begun["code"], begun["key"]
    assert re.fullmatch(f"[{LETTERS}]{{6}}", code)
    assert not set("0O1IL2Z5S8B") & set(LETTERS)
    assert len(key) >= 20
    assert lessons.lesson(f" {code[:3].lower()}-{code[3:]} ")["lesson"] == LESSON


def test_what_the_presenter_does_is_what_learners_see(lessons: LiveLessons):
    code, key = lessons.begin(LESSON).values()

    def seen() -> dict[str, Any]:
        return lessons.state(code, client(1))

    assert seen() == {"frame": 0, "held": False, "revealed": False, "version": 0}
    lessons.control(code, key, {"held": True, "frame": 1})
    assert seen() == {"frame": 1, "held": True, "revealed": False, "version": 1}
    lessons.control(code, key, {"revealed": True})
    assert seen() == {"frame": 1, "held": True, "revealed": True, "version": 2}
    lessons.control(code, key, {"frame": 1})
    assert seen()["version"] == 2  # nothing has changed
    lessons.control(code, key, {"frame": 2})
    assert seen() == {"frame": 2, "held": True, "revealed": False, "version": 3}  # a new question is not revealed
    lessons.control(code, key, {"held": False})
    assert seen()["held"] is False


SENSELESS: list[dict[str, Any]] = [{"frame": frame} for frame in (3, -1, "1", True, 0.5)]
SENSELESS += [{"held": 1}, {"held": None}, {"revealed": "yes"}, {"frame": 1, "held": []}]


@pytest.mark.parametrize("changes", SENSELESS)
def test_a_change_that_makes_no_sense_changes_nothing(lessons: LiveLessons, changes: dict[str, Any]):
    code, key = lessons.begin(LESSON).values()
    with pytest.raises(SpecError):
        lessons.control(code, key, changes)
    assert lessons.state(code, client(1))["version"] == 0
    assert lessons.lesson(code)["frame"] == 0


def test_one_answer_of_a_client_counts(lessons: LiveLessons):
    code, key = lessons.begin(LESSON).values()
    for _ in range(2):
        lessons.answer(code, client(1), 0, "II")  # as when the first one was lost on its way back
    with pytest.raises(AnsweredError, match="was II"):
        lessons.answer(code, client(1), 0, "III")
    lessons.answer(code, client(2), 0, "I")
    lessons.answer(code, client(1), 1, "6")
    assert lessons.tally(code, key) == {"learners": 2, "frames": [{"I": 1, "II": 1}, {"6": 1}, {}]}


NO_ANSWERS: list[tuple[object, object]] = [(0, answer) for answer in ("IV", "1", 1, None, ["I"])]
NO_ANSWERS += [(1, answer) for answer in ("I", 6, "10", "")]
NO_ANSWERS += [(frame, "I") for frame in (2, 3, "0", None)] + [(-1, "6")]


@pytest.mark.parametrize(("frame", "answer"), NO_ANSWERS)
def test_what_is_no_answer_to_the_question_of_the_frame_is_refused(lessons: LiveLessons, frame: object, answer: object):
    code, key = lessons.begin(LESSON).values()
    with pytest.raises(SpecError):
        lessons.answer(code, client(1), frame, answer)
    assert lessons.tally(code, key)["frames"] == [{}, {}, {}]


@pytest.mark.parametrize("name", [None, "", "short", "a" * 41, "with blank", "ümlauts-", 12345678, ["12345678"]])
def test_a_client_is_a_short_word(lessons: LiveLessons, name: object):
    code = lessons.begin(LESSON)["code"]
    for ask in (lambda: lessons.state(code, name), lambda: lessons.answer(code, name, 0, "I")):
        with pytest.raises(SpecError, match="Reload"):
            ask()


def test_only_the_key_leads_and_counts(lessons: LiveLessons):
    code, key = lessons.begin(LESSON).values()
    other = lessons.begin(LESSON)["key"]
    for wrong in (None, "", "x", other, key[:-1], "é", 1):
        for act in (
            lambda wrong=wrong: lessons.control(code, wrong, {"held": True}),
            lambda wrong=wrong: lessons.tally(code, wrong),
            lambda wrong=wrong: lessons.end(code, wrong),
        ):
            with pytest.raises(WrongKeyError):
                act()
    assert lessons.lesson(code)["held"] is False


def test_a_learner_who_has_left_is_not_present_and_still_counts(lessons: LiveLessons, clock: Clock):
    code, key = lessons.begin(LESSON).values()
    lessons.answer(code, client(1), 0, "I")
    clock.now += PRESENT / 2
    lessons.state(code, client(2))
    assert lessons.tally(code, key)["learners"] == 2
    clock.now += PRESENT / 2
    assert lessons.tally(code, key) == {"learners": 1, "frames": [{"I": 1}, {}, {}]}


def test_a_lesson_is_forgotten_after_a_day_whoever_asks_meanwhile(lessons: LiveLessons, clock: Clock):
    code, key = lessons.begin(LESSON).values()
    for _ in range(24):
        lessons.state(code, client(1))
        clock.now += DAY / 24
    for ask in (
        lambda: lessons.lesson(code),
        lambda: lessons.state(code, client(1)),
        lambda: lessons.answer(code, client(1), 0, "I"),
        lambda: lessons.control(code, key, {}),
        lambda: lessons.tally(code, key),
    ):
        with pytest.raises(UnknownCodeError, match="after a day"):
            ask()
    assert lessons._lessons == {}


def test_a_lesson_that_was_ended_is_forgotten_at_once(lessons: LiveLessons):
    code, key = lessons.begin(LESSON).values()
    lessons.end(code.lower(), key)
    with pytest.raises(UnknownCodeError):
        lessons.state(code, client(1))


def test_there_is_room_for_so_many_lessons_and_the_longest_idle_goes(lessons: LiveLessons, clock: Clock):
    codes = [lessons.begin(LESSON)["code"] for _ in range(MOST_LESSONS)]
    with pytest.raises(FullError, match="an hour"):
        lessons.begin(LESSON)
    clock.now += IDLE
    lessons.state(codes[0], client(1))
    lessons.begin(LESSON)
    lessons.lesson(codes[0])
    with pytest.raises(UnknownCodeError):
        lessons.lesson(codes[1])


def test_there_is_room_for_so_many_learners_and_who_left_first_goes(lessons: LiveLessons, clock: Clock):
    code, key = lessons.begin(LESSON).values()
    for i in range(MOST_CLIENTS):
        lessons.answer(code, client(i), 0, "I")
    with pytest.raises(FullError, match="no room"):
        lessons.state(code, "one-too-many")
    lessons.state(code, client(3))  # who is in it stays in it
    clock.now += PRESENT
    for i in range(MOST_CLIENTS):
        if i != 7:
            lessons.state(code, client(i))
    lessons.answer(code, "one-too-many", 0, "II")
    assert lessons.tally(code, key)["frames"][0] == {"I": MOST_CLIENTS - 1, "II": 1}


@pytest.mark.parametrize("text", [None, 1, "", "!", "x" * 9000, LESSON[:-3], ["a"]])
def test_what_is_no_lesson_cannot_be_begun(lessons: LiveLessons, text: object):
    with pytest.raises(RefusedError):
        lessons.begin(text)
    assert lessons._lessons == {}


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_thirty_at_once_count_as_thirty(lessons: LiveLessons, restless: None):
    code, key = lessons.begin(LESSON).values()

    def learn(i: int) -> str:
        for turn in range(20):
            lessons.state(code, client(i))
            lessons.answer(code, client(i), 0, "I")
            lessons.control(code, key, {"frame": (i + turn) % 3, "held": bool(turn % 2)})
        return lessons.begin(LESSON)["code"]

    codes = together(*(partial(learn, i) for i in range(30)))
    assert lessons.tally(code, key) == {"learners": 30, "frames": [{"I": 30}, {}, {}]}
    assert {*codes, code} == set(lessons._lessons)


# Over HTTP


@pytest.fixture
def http(settings: Settings) -> FlaskClient:
    return create_app(settings).server.test_client()


def begin(http: FlaskClient) -> tuple[str, str]:
    response = http.post("/lessons", json={"lesson": LESSON})
    assert response.status_code == 201
    return response.get_json()["code"], response.get_json()["key"]


def refusal(response: Any, status: int) -> str:
    """The sentence of a refusal."""
    assert response.status_code == status
    assert response.mimetype == "text/plain"
    text = response.get_data(as_text=True)
    assert re.fullmatch(r"[A-Z].{10,250}\.", text), text
    return text


def test_a_lesson_over_http(http: FlaskClient):
    code, key = begin(http)
    state = http.get(f"/lessons/{code}/state?client={client(1)}")
    assert state.headers["Cache-Control"] == "no-store"
    assert len(state.data) < 100
    assert state.get_json() == {"frame": 0, "held": False, "revealed": False, "version": 0}
    held = http.post(f"/lessons/{code}/control", json={"key": key, "held": True, "frame": 1})
    assert held.get_json() == {"frame": 1, "held": True, "revealed": False, "version": 1}
    assert http.get(f"/lessons/{code.lower()}").get_json() == {"lesson": LESSON, **held.get_json()}
    answer = {"client": client(1), "frame": 1, "answer": "6"}
    for _ in range(2):
        assert http.post(f"/lessons/{code}/answers", json=answer).status_code == 200
    assert "first one counts" in refusal(http.post(f"/lessons/{code}/answers", json=answer | {"answer": "7"}), 409)
    tally = http.get(f"/lessons/{code}/tally", headers={HEADER: key})
    assert tally.get_json() == {"learners": 1, "frames": [{}, {"6": 1}, {}]}
    assert http.delete(f"/lessons/{code}", headers={HEADER: key}).status_code == 204
    refusal(http.get(f"/lessons/{code}/state?client={client(1)}"), 404)


def test_who_has_not_the_key_leads_nothing(http: FlaskClient):
    code, _ = begin(http)
    _, other = begin(http)
    for key in ("", other):
        refusal(http.post(f"/lessons/{code}/control", json={"key": key, "held": True}), 403)
        refusal(http.get(f"/lessons/{code}/tally", headers={HEADER: key}), 403)
        refusal(http.delete(f"/lessons/{code}", headers={HEADER: key}), 403)
    refusal(http.get(f"/lessons/{code}/tally?key={other}"), 403)


@pytest.mark.parametrize("code", ["333333", "x", "%00", "a" * 5000, "é"])
def test_an_unknown_code_is_a_sentence(http: FlaskClient, code: str):
    for response in (
        http.get(f"/lessons/{code}"),
        http.get(f"/lessons/{code}/state?client={client(1)}"),
        http.get(f"/lessons/{code}/tally"),
        http.post(f"/lessons/{code}/answers", json={"client": client(1), "frame": 0, "answer": "I"}),
        http.post(f"/lessons/{code}/control", json={"key": "x"}),
    ):
        assert response.status_code == 404


def test_no_cookie_and_no_address_is_kept(http: FlaskClient):
    code, key = begin(http)
    state = http.get(f"/lessons/{code}/state?client={client(1)}")
    tally = http.get(f"/lessons/{code}/tally", headers={HEADER: key})
    assert not [response for response in (state, tally) if "Set-Cookie" in response.headers]
    assert client(1) not in tally.get_data(as_text=True)


# QR codes


OWN = [
    "http://localhost/",
    "http://localhost:80/?join=C4F7HK",
    "http://LOCALHOST/?lesson=abc",
    "https://vae.example.org/",
]
FOREIGN = [
    "", "localhost", "//localhost/", "ftp://localhost/", "javascript:alert(1)", "http://evil.example/", "http://localhost:81/",
    "http://localhost@evil.example/", "http://evil.example@localhost/", "http://x@vae.example.org/", "http://[/",
    "http://localhost/\n", "http://localhost/ä", "http://localhost/" + "a" * 2000, "http://localhost.evil.example/",
]  # fmt: skip


@pytest.fixture
def named(settings: Settings) -> FlaskClient:
    return create_app(settings, Hosting(hosts=("vae.example.org",))).server.test_client()


@pytest.mark.parametrize("link", OWN)
def test_a_link_of_this_server_has_a_qr_code(named: FlaskClient, link: str):
    response = named.get(f"/lesson-qr.svg?link={quote(link, safe='')}")
    assert response.status_code == 200
    assert response.mimetype == "image/svg+xml"
    assert "max-age" in response.headers["Cache-Control"]
    assert response.headers["Content-Security-Policy"] == "default-src 'none'"
    svg = response.get_data(as_text=True)
    assert modules(svg) == [list(row) for row in segno.make(link, error="m", micro=False).matrix]
    assert not re.search(r"<script|href|style=", svg)


def modules(svg: str) -> list[list[int]]:
    """The dark modules (1) that a picture shows, by row; fails for a ground that is not white, or a small margin."""
    (side,) = re.findall(r'viewBox="0 0 (\d+) \d+"', svg)
    size = int(side)
    assert f'<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/>' in svg
    (dark,) = re.findall(r'stroke="#000" d="([^"]*)"', svg)
    grid = [[0] * size for _ in range(size)]
    x, y = 0, -0.5
    for name, first, second in re.findall(r"([Mmh])([-\d.]+)(?: ([-\d.]+))?", dark):
        if name == "h":
            for i in range(int(first)):
                grid[int(y)][x + i] = 1
            x += int(first)
        else:
            x, y = (int(first), float(second)) if name == "M" else (x + int(first), y + float(second))
    quiet = 4
    inner = [row[quiet:-quiet] for row in grid[quiet:-quiet]]
    assert sum(map(sum, grid)) == sum(map(sum, inner))
    return inner


@pytest.mark.parametrize("link", FOREIGN)
def test_another_link_has_none(named: FlaskClient, link: str):
    assert "this server alone" in refusal(named.get(f"/lesson-qr.svg?link={quote(link, safe='')}"), 400)


def test_a_link_lies_below_the_prefix_that_browsers_ask_for(settings: Settings):
    http = create_app(settings, Hosting(requests="/vae/")).server.test_client()
    statuses = {
        path: http.get("/lesson-qr.svg?link=" + quote(f"http://localhost{path}", safe="")).status_code
        for path in (
            "/vae/",
            "/vae/?join=C4F7HK",
            "/",
            "/vae",
            "/vae/../other/",
            "/vae/%2e%2e/other/",
            "/vae/..%5cother",
        )
    }
    assert [path for path, status in statuses.items() if status == 200] == ["/vae/", "/vae/?join=C4F7HK"]
