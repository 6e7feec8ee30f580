"""The addresses of lessons that are led live (live_lessons.py), and of the QR codes of their links.

::

    POST   lessons                {lesson}                 --> code, key          who may present
    GET    lessons/CODE                                    --> lesson, state
    GET    lessons/CODE/state     ?client                  --> state
    POST   lessons/CODE/answers   {client, frame, answer}  --> state
    POST   lessons/CODE/control   {key, frame, held, ...}  --> state              who has the key
    GET    lessons/CODE/tally     X-Lesson-Key             --> learners, frames   who has the key
    DELETE lessons/CODE           X-Lesson-Key                                    who has the key
    GET    lesson-qr.svg          ?link                    --> picture

The key travels in a body or a header: addresses are logged.
"""

import io
import re
import threading
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec
from urllib.parse import unquote, urlsplit

import segno
from flask import Flask, Response, current_app, jsonify, request

from core.schema import RefusedError, SpecError
from dashboard.doorway import leads_here
from dashboard.hosting import Hosting
from dashboard.live_lessons import AnsweredError, FullError, LiveLessons, UnknownCodeError, WrongKeyError
from dashboard.roles import KEY, RoleError, require
from dashboard.shell import posted

P = ParamSpec("P")

HEADER = "X-Lesson-Key"
LARGEST = 20_000  # bytes of a body: a lesson has 8,000 characters
LONGEST_LINK = 2_000  # characters; a QR code has room for 2,331 bytes
CHANGES = ("frame", "held", "revealed")
DRAWING = threading.Lock()  # a long link takes 0.4 s of Python: one at a time leaves the others their turns
STATUS = {UnknownCodeError: 404, WrongKeyError: 403, RoleError: 403, AnsweredError: 409, FullError: 409}
"""The status of a refusal; 400 of others. What is full is not "busy", which a page would ask again by itself."""


def with_status(view: Callable[P, Response]) -> Callable[P, Response]:
    """A view whose refusals are sentences with a status; nothing that it answers is kept by anybody."""

    @wraps(view)
    def respond(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            response = view(*args, **kwargs)
        except RefusedError as error:
            response = Response(str(error), STATUS.get(type(error), 400), mimetype="text/plain")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return respond


def body() -> dict[str, Any]:
    """The object that was posted.

    Raises:
        SpecError: It is none.
    """
    request.max_content_length = LARGEST
    values = posted()
    if not isinstance(values, dict):
        raise SpecError("The request must be an object. Reload the page.")
    return values


class LivePages:
    """The addresses, and the lessons behind them."""

    def __init__(self, lessons: LiveLessons | None = None):
        self.lessons = lessons or LiveLessons()

    def register(self, server: Flask, prefix: str) -> None:
        """Connect them."""
        one = f"{prefix}lessons/<code>"
        for rule, method, view in (
            (f"{prefix}lessons", "POST", self.begin),
            (one, "GET", self.lesson),
            (one, "DELETE", self.end),
            (f"{one}/state", "GET", self.state),
            (f"{one}/answers", "POST", self.answer),
            (f"{one}/control", "POST", self.control),
            (f"{one}/tally", "GET", self.tally),
            (f"{prefix}lesson-qr.svg", "GET", qr_code),
        ):
            server.add_url_rule(rule, f"live {view.__name__}", view, methods=[method])

    @with_status
    def begin(self) -> Response:
        """A new lesson."""
        require("present")
        response = jsonify(self.lessons.begin(body().get("lesson")))
        response.status_code = 201
        return response

    @with_status
    def lesson(self, code: str) -> Response:
        """A lesson, and what is shown of it."""
        return jsonify(self.lessons.lesson(code))

    @with_status
    def state(self, code: str) -> Response:
        """What is shown now, for a client."""
        return jsonify(self.lessons.state(code, request.args.get("client")))

    @with_status
    def answer(self, code: str) -> Response:
        """An answer of a client."""
        given = body()
        return jsonify(self.lessons.answer(code, *(given.get(name) for name in ("client", "frame", "answer"))))

    @with_status
    def control(self, code: str) -> Response:
        """Another frame, hold, release, reveal."""
        given = body()
        changes = {name: given[name] for name in CHANGES if name in given}
        return jsonify(self.lessons.control(code, given.get("key"), changes))

    @with_status
    def tally(self, code: str) -> Response:
        """Learners and answers, counted."""
        return jsonify(self.lessons.tally(code, request.headers.get(HEADER)))

    @with_status
    def end(self, code: str) -> Response:
        """The end of a lesson."""
        self.lessons.end(code, request.headers.get(HEADER))
        return Response(status=204)


@with_status
def qr_code() -> Response:
    """The QR code of a link of this server: black on white in both looks, which is what cameras read."""
    link = request.args.get("link", "")
    if not is_ours(link, request.host, current_app.config[KEY]):
        raise SpecError(
            f"A QR code is made of links of this server alone, of at most {LONGEST_LINK:,} characters. "
            "Copy the link of this page."
        )
    response = Response(drawn(link), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response


def is_ours(link: str, host: str, hosting: Hosting) -> bool:
    """Whether a link leads to a page of this server.

    Args:
        link: Anything.
        host: That was asked.
        hosting: Has the names of proxies, and the prefix that browsers ask for.
    """
    if len(link) > LONGEST_LINK or not re.fullmatch(r"[!-~]+", link):
        return False
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    path = unquote(parts.path)
    is_web = parts.scheme in ("http", "https") and "@" not in parts.netloc
    is_below = path.startswith(hosting.requests) and ".." not in re.split(r"[/\\]", path)
    return is_web and is_below and leads_here(parts, host, hosting.hosts)


@lru_cache(maxsize=64)
def drawn(link: str) -> bytes:
    """The QR code of a text, as SVG; with the margin of four modules that cameras need."""
    content = io.BytesIO()
    with DRAWING:
        code = segno.make(link, error="m", micro=False)
        code.save(content, kind="svg", border=4, dark="#000", light="#fff", omitsize=True)
    return content.getvalue()
