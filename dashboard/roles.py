"""Who may do what: one table of actions and roles, and the links that lift a browser above a visitor.

::

    ?operator=TOKEN, ?presenter=TOKEN --> cookie (HttpOnly, SameSite=Strict), and the clean address
    callback that acts --> needs(action) --> a sentence for who may not

With LT_ACCESS=open everybody is an operator.
"""

import hashlib
import hmac
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlencode

from flask import Flask, Response, current_app, has_request_context, request

from core.schema import RefusedError
from dashboard.hosting import LINKED, Hosting

P = ParamSpec("P")
R = TypeVar("R")

ROLES = ("visitor", *LINKED)
"""Each may do what those before it may."""
LEAST = {
    "look": "visitor",
    "answer": "visitor",
    "present": "presenter",
    "train": "operator",
    "import": "operator",
    "delete": "operator",
    "cancel": "operator",
    "fetch": "operator",
}
"""The least role of every action: README.md has the same table."""
KEY = "HOSTING"
COOKIES = {role: f"latent_trajectories_{role}" for role in LINKED}
COOKIE = COOKIES["operator"]
VISITOR = "Training, importing, deleting and fetching images are for the operator of this server."
ACTING = f"{VISITOR} Open the operator's link in this browser first."
PRESENTING = "Lessons are led by the presenter of this server. Open the presenter's link in this browser first."
REFUSALS = {"presenter": PRESENTING, "operator": ACTING}
WRONG_LINK = "This {role}'s link is not of this server, or of before its last start. Ask whoever started it."


class RoleError(RefusedError):
    """Whoever asks may not do this."""


def admit(server: Flask, hosting: Hosting) -> None:
    """Let the links of presenter and operator open every page."""
    server.config[KEY] = hosting
    server.before_request(enter)


def enter() -> Response | None:
    """Exchange the token in an address for a cookie; the clean address can be shown and shared."""
    role = next((role for role in LINKED if role in request.args), None)
    if request.method not in ("GET", "HEAD") or role is None:
        return None
    hosting = current_app.config[KEY]
    token = hosting.tokens[role]
    given = request.args[role].encode("utf-8", "replace")
    if hosting.access != "open" and not (token and hmac.compare_digest(given, token.encode())):
        return Response(WRONG_LINK.format(role=role), 403, mimetype="text/plain")
    query = urlencode([pair for pair in request.args.items(multi=True) if pair[0] != role])
    page = request.path.rpartition("/")[2] or "./"  # relative: a proxy may stand before this server
    response = Response(status=303, headers={"Location": f"{page}?{query}" if query else page})
    response.headers["Cache-Control"] = "no-store"
    if hosting.access != "open":
        response.set_cookie(
            COOKIES[role],
            proof_of(token, role),
            path=hosting.requests,
            httponly=True,
            samesite="Strict",
            secure=request.is_secure,
        )
    return response


def proof_of(token: str, role: str) -> str:
    """What a browser keeps instead of the token: of no use with another server's, or for another role."""
    return hmac.new(token.encode(), f"latent-trajectories {role}".encode(), hashlib.sha256).hexdigest()


def current_role() -> str:
    """The role of whoever asks; what this program itself does has no request."""
    if not has_request_context() or current_app.config[KEY].access == "open":
        return ROLES[-1]
    return next((role for role in reversed(LINKED) if is_proved(role)), ROLES[0])


def is_proved(role: str) -> bool:
    """Whether whoever asks has opened the link of a role."""
    token = current_app.config[KEY].tokens[role]
    given = request.cookies.get(COOKIES[role], "").encode("utf-8", "replace")
    return bool(token) and hmac.compare_digest(given, proof_of(token, role).encode())


def may(action: str) -> bool:
    """Whether whoever asks may do something.

    Args:
        action: Of `LEAST`.
    """
    return ROLES.index(current_role()) >= ROLES.index(LEAST[action])


def require(action: str) -> None:
    """Refuse who may not do something.

    Raises:
        RoleError: The role of whoever asks is below that of the action.
    """
    if not may(action):
        raise RoleError(REFUSALS[LEAST[action]])


def needs(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A callback that does something; put it below `answered`, which shows the sentence."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            require(action)
            return function(*args, **kwargs)

        return wrapped

    return decorate
