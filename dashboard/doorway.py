"""What every request and response passes: which hosts and origins may ask, and what a browser is told about pages.

A name that points to this machine without this server's knowledge (DNS rebinding) and a page of another origin are
refused: they could train and delete in the name of whoever sits at the browser. An IP address cannot be rebound, so
a class room may use one as it is.
"""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from dash import Dash
from dash.exceptions import DependencyException, InvalidResourceError
from flask import Flask, Response, request

from dashboard.hosting import Hosting

INLINE = re.compile(r"<script(?: type=\"importmap\")?>(.*?)</script>", re.DOTALL)
READING = ("GET", "HEAD", "OPTIONS")
OTHER_HOST = (
    "This server does not answer to the name {name}. Open it by its IP address, or let whoever started it allow the "
    "name: LT_HOSTS={name}"
)
OTHER_ORIGIN = (
    "This question comes from a page of another address, and is refused. If a proxy stands between, let whoever "
    "started this server allow the proxy's name: LT_HOSTS=name"
)
NO_SUCH_FILE = "There is no such file here."
TOO_LARGE = "This is larger than the server takes. Choose a smaller file."
SOURCES = {  # Plotly and React set styles from scripts: only for styles is what stands in the page allowed
    "default-src": "'self'",
    "img-src": "'self' data: blob:",
    "style-src": "'self' 'unsafe-inline'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}


def guard(server: Flask, hosting: Hosting) -> None:
    """Refuse foreign hosts and origins, before anything else looks at a request; give 404 where Dash gives 500."""

    def check() -> Response | None:
        host = request.headers.get("Host", "")
        if host and not is_known(name_of(host), hosting.hosts):
            return Response(OTHER_HOST.format(name=name_of(host)[:100]), 421, mimetype="text/plain")
        if request.method not in READING and not is_own(host, hosting.hosts):
            return Response(OTHER_ORIGIN, 403, mimetype="text/plain")
        return None

    server.before_request(check)
    for error in (DependencyException, InvalidResourceError):
        server.register_error_handler(error, lambda _: Response(NO_SUCH_FILE, 404, mimetype="text/plain"))
    server.register_error_handler(413, lambda _: Response(TOO_LARGE, 413, mimetype="text/plain"))


def send_headers(server: Flask, apps: Sequence[Dash], hosting: Hosting) -> None:
    """Tell browsers what the pages may do; call it after all callbacks are registered, whose scripts are named here.

    The scripts of the HTML frame are named too.

    Pages of other origins may not show ours in a frame unless they are listed: they could lead a click of an
    operator to *Delete*.
    """
    framed = {script for app in apps for script in INLINE.findall(app.index_string)}
    digests = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in framed}
    hashes = sorted(
        {digest for app in apps for digest in app.csp_hashes()} | {f"'sha256-{digest}'" for digest in digests}
    )
    sources = {
        **SOURCES,
        "script-src": " ".join(["'self'", *hashes]),
        "frame-ancestors": " ".join(["'self'", *hosting.ancestors]),
    }
    policy = "; ".join(f"{name} {value}" for name, value in sources.items())

    def add(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"  # an address holds the whole screen
        if response.mimetype == "text/html":
            response.headers["Content-Security-Policy"] = policy
        if response.status_code in (301, 302, 307, 308):
            response.headers["Location"] = relative(response.headers["Location"], hosting)
        return response

    server.after_request(add)


def relative(location: str, hosting: Hosting) -> str:
    """Where a redirect leads, without scheme and host, which a proxy may have replaced, below the browser's prefix.

    Example:
        >>> relative("http://10.0.0.1/models/?a=1", Hosting(requests="/vae/"))
        '/vae/models/?a=1'
    """
    parts = urlsplit(location)
    path = "/" + parts.path.removeprefix(hosting.routes).lstrip("/")  # two slashes would name another host
    return hosting.requests + path[1:] + (f"?{parts.query}" if parts.query else "")


def name_of(host: str) -> str:
    """The name or IP address in a Host header or an origin; empty where it has none.

    Example:
        >>> name_of("Example.org.:8050"), name_of("[::1]:80"), name_of("[")
        ('example.org', '::1', '')
    """
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_known(name: str, hosts: tuple[str, ...]) -> bool:
    """Whether the server may be asked by a name."""
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name == "localhost" or name.endswith(".localhost") or name in hosts or "*" in hosts
    return True


def is_own(host: str, hosts: tuple[str, ...]) -> bool:
    """Whether a request that acts comes from a page of this server, or from no page.

    Browsers say so themselves where the connection is private; over plain HTTP the origin is compared.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site:
        return site in ("same-origin", "none")
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return leads_here(parts, host, hosts)


def leads_here(parts: SplitResult, host: str, hosts: tuple[str, ...]) -> bool:
    """Whether an address is of this server: of the host that was asked, or of a proxy whose name is allowed.

    Example:
        >>> leads_here(urlsplit("http://vae.example.org:80/x"), "vae.example.org", ())
        True
    """
    port = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    same = parts.netloc.lower().removesuffix(port) == host.lower().removesuffix(port)
    return bool(parts.netloc) and (same or name_of(parts.netloc) in hosts)
