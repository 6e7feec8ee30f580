"""How this server is reached, and by whom: addresses, prefixes and roles, from environment variables.

::

    HOST, LT_HOSTS                   names by which it may be asked     (any IP address, localhost)
    LT_FRAME_ANCESTORS               pages that may show it in a frame  (its own)
    DASH_*_PREFIX, ..._BASE_PATHNAME paths below which it lies          (/)
    LT_ACCESS                        who may do what: roles.py          (everybody everything)
    LT_TOKEN, LT_PRESENTER_TOKEN     of the links of its roles          (drawn)
"""

import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.schema import Choice, SpecError, shown
from core.settings import read_variable

ORIGIN = r"https?://[A-Za-z0-9.*-]+(:\d{1,5})?"
PREFIXES = {  # what a proxy in front of this server asks for, and what a browser asks the proxy for
    "routes": "DASH_ROUTES_PATHNAME_PREFIX",
    "requests": "DASH_REQUESTS_PATHNAME_PREFIX",
}
BASE = "DASH_URL_BASE_PATHNAME"  # both
LINKED = ("presenter", "operator")
"""Roles that a link gives, the lower one first."""
TOKENS = {"presenter": "LT_PRESENTER_TOKEN", "operator": "LT_TOKEN"}


@dataclass(frozen=True)
class Hosting:
    """Addresses and roles of a server.

    Args:
        access: "open": everybody may do everything; "visitor": what roles.py allows.
        token: Of the operator's link.
        presenter_token: Of the presenter's link.
        hosts: Names by which the server may be asked, besides IP addresses and localhost; "*" allows any.
        ancestors: Origins whose pages may show this server's in a frame, besides its own.
        routes: Prefix of the paths that reach this server.
        requests: Prefix of the paths that browsers ask for; another one where a proxy takes a part of it away.
    """

    access: str = "open"
    token: str = field(default="", repr=False)
    presenter_token: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()
    ancestors: tuple[str, ...] = ()
    routes: str = "/"
    requests: str = "/"

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> "Hosting":
        """Read the variables; a token is drawn where one is needed and none is given.

        Raises:
            SpecError: A value that cannot be used.
        """
        access = read_variable(environ, "LT_ACCESS", Choice(("open", "visitor")), "open")
        routes, requests = prefixes(environ)
        tokens = tokens_of(environ, is_drawn=access == "visitor")
        return Hosting(
            access=access,
            token=tokens["operator"],
            presenter_token=tokens["presenter"],
            hosts=(*listed(environ, "LT_HOSTS", r"\*|[A-Za-z0-9._-]{1,253}", "lab.example.org"), *own_names(environ)),
            ancestors=listed(environ, "LT_FRAME_ANCESTORS", rf"\*|{ORIGIN}", "https://moodle.example.org"),
            routes=routes,
            requests=requests,
        )

    @property
    def tokens(self) -> dict[str, str]:
        """The token of every link; empty where it opens nothing."""
        return {"presenter": self.presenter_token, "operator": self.token}

    def dash_prefixes(self, path: str) -> dict[str, str]:
        """What Dash is told about a page; where the environment names one prefix, Dash takes no two."""
        if os.environ.get(BASE):
            return {"url_base_pathname": f"{self.routes}{path}"}
        return {
            "routes_pathname_prefix": f"{self.routes}{path}",
            "requests_pathname_prefix": f"{self.requests}{path}",
        }


def tokens_of(environ: Mapping[str, str], *, is_drawn: bool) -> dict[str, str]:
    """The tokens of all links: those that are given, and others drawn where they are needed."""
    tokens = {role: token_of(environ, variable) for role, variable in TOKENS.items()}
    if tokens["operator"] and tokens["operator"] == tokens["presenter"]:
        raise SpecError("LT_PRESENTER_TOKEN must be another than LT_TOKEN. Leave it out: one is drawn at start.")
    return {role: token or (secrets.token_urlsafe(18) if is_drawn else "") for role, token in tokens.items()}


def token_of(environ: Mapping[str, str], variable: str) -> str:
    """The token that is given; the value is a secret, and not repeated."""
    token = environ.get(variable, "")
    if token and not re.fullmatch(r"[A-Za-z0-9_-]{16,200}", token):
        raise SpecError(
            f"{variable} must be 16 to 200 letters, digits, '-' or '_'. Leave it out: one is drawn at start."
        )
    return token


def own_names(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names of this machine, which nobody elsewhere can let point to it: others in the room may use them."""
    bound, name = environ.get("HOST") or "", socket.gethostname().lower()
    return tuple(host for host in (bound.lower(), name, f"{name}.local") if re.fullmatch(r"[a-z0-9._-]+", host))


def listed(environ: Mapping[str, str], variable: str, pattern: str, example: str) -> tuple[str, ...]:
    """The parts of a list that is separated by commas or blanks."""
    parts = tuple(part.lower() for part in re.split(r"[,\s]+", environ.get(variable, "")) if part)
    for part in parts:
        if not re.fullmatch(pattern, part):
            raise SpecError(f"{variable} must be a list as {example}, separated by commas, not {shown(part)}.")
    return parts


def prefixes(environ: Mapping[str, str]) -> tuple[str, str]:
    """The prefixes of the paths that reach this server, and of those that browsers ask for."""
    given = {name: environ.get(variable) for name, variable in PREFIXES.items()}
    base = environ.get(BASE)
    if base and base != "/" and any(given.values()):
        raise SpecError(f"{BASE} sets both {' and '.join(PREFIXES.values())}. Set it, or these two.")
    for variable in (BASE, *PREFIXES.values()):
        value = environ.get(variable) or "/"
        if not re.fullmatch(r"/(?:[A-Za-z0-9._~-]+/)*", value):
            raise SpecError(f"{variable} must be a path between two slashes, not {shown(value)}. Try: {variable}=/vae/")
    routes = given["routes"] or base or "/"
    return routes, given["requests"] or routes
