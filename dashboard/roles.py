"""Who may act: everybody, or only the browsers that were opened with the operator's link.

::

    ?operator=TOKEN --> cookie (HttpOnly, SameSite=Strict), and the clean address
    callback that acts --> operators_only --> a sentence for visitors
"""

import hashlib
import hmac
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlencode

from flask import Flask, Response, current_app, has_request_context, request

from core.schema import RefusedError
from dashboard.hosting import Hosting

P = ParamSpec("P")
R = TypeVar("R")

ARGUMENT, COOKIE, KEY = "operator", "latent_trajectories_operator", "HOSTING"
VISITOR = "Training, importing, deleting and fetching images are for the operator of this server."
ACTING = f"{VISITOR} Open the operator's link in this browser first."
WRONG_LINK = "This operator's link is not of this server, or of before its last start. Ask whoever started it."


def admit(server: Flask, hosting: Hosting) -> None:
    """Let the operator's link open every page."""
    server.config[KEY] = hosting
    server.before_request(enter)


def enter() -> Response | None:
    """Exchange the token in an address for a cookie; the clean address can be shown and shared."""
    if request.method not in ("GET", "HEAD") or ARGUMENT not in request.args:
        return None
    hosting = current_app.config[KEY]
    given = request.args[ARGUMENT].encode("utf-8", "replace")
    if hosting.access != "open" and not hmac.compare_digest(given, hosting.token.encode()):
        return Response(WRONG_LINK, 403, mimetype="text/plain")
    query = urlencode([pair for pair in request.args.items(multi=True) if pair[0] != ARGUMENT])
    page = request.path.rpartition("/")[2] or "./"  # relative: a proxy may stand before this server
    response = Response(status=303, headers={"Location": f"{page}?{query}" if query else page})
    response.headers["Cache-Control"] = "no-store"
    if hosting.access != "open":
        response.set_cookie(
            COOKIE,
            proof_of(hosting.token),
            path=hosting.requests,
            httponly=True,
            samesite="Strict",
            secure=request.is_secure,
        )
    return response


def proof_of(token: str) -> str:
    """What a browser keeps instead of the token: of no use with another server's."""
    return hmac.new(token.encode(), b"latent-trajectories operator", hashlib.sha256).hexdigest()


def is_operator() -> bool:
    """Whether whoever asks may act; what this program itself does has no request."""
    if not has_request_context():
        return True
    hosting = current_app.config[KEY]
    given = request.cookies.get(COOKIE, "").encode("utf-8", "replace")
    return hosting.access == "open" or hmac.compare_digest(given, proof_of(hosting.token).encode())


def require_operator() -> None:
    """Refuse visitors.

    Raises:
        RefusedError: Whoever asks may only look.
    """
    if not is_operator():
        raise RefusedError(ACTING)


def operators_only(function: Callable[P, R]) -> Callable[P, R]:
    """A callback that acts; put it below `answered`, which shows the sentence."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        require_operator()
        return function(*args, **kwargs)

    return wrapped
