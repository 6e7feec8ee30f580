"""What is sent, compressed once: scripts and styles as small as they get, replies quickly.

A class asks for the same few replies again and again. The smallest and the largest are left to flask-compress.
"""

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import lru_cache, partial

import brotli
from flask import Flask, Response, request
from flask_compress.compat import compression

from core.ahead import stand_last

STATIC = ("/assets/", "/_dash-component-suites/")
TYPES = ("text/javascript", "application/javascript", "text/css")
ENCODERS = {
    "zstd": lambda content: compression.zstd.compress(content, 12),  # 0.06 s for plotly; 19 is 7 % smaller in 0.4 s
    "gzip": lambda content: compression.gzip.compress(content, 9),
}
QUICK = {
    "zstd": lambda content: compression.zstd.compress(content, 6),
    "br": lambda content: brotli.compress(content, quality=4),
    "gzip": lambda content: compression.gzip.compress(content, 6),  # all that a browser takes without HTTPS
}
CACHED_SIZES = range(4_000, 600_000)  # bytes of a reply that is kept compressed: a cloud has 300,000
BEHIND = ThreadPoolExecutor(1, "brotli", stand_last)  # makes what is another 10 % smaller, but takes 3 s for plotly


def keep_compressed(server: Flask, *, behind: Executor = BEHIND) -> None:
    """Serve static files and most replies compressed, from memory; call it after flask-compress is set up."""
    server.after_request(partial(compress, behind=behind))


def compress(response: Response, behind: Executor) -> Response:
    """A static file's or a reply's response with a compressed body; any other as it is."""
    if response.status_code != 200:
        return response
    if any(folder in request.path for folder in STATIC) and response.mimetype in TYPES:
        response.direct_passthrough = False
        content = response.get_data()
        encodings = accepted("br", *ENCODERS)
        if "br" in encodings and not smallest(content, behind).done():
            encodings.remove("br")
        if encodings:
            encoding = encodings[0]
            small = smallest(content, behind).result() if encoding == "br" else encoded(content, encoding)
            return compressed(response, small, encoding)
    elif response.mimetype == "application/json" and response.content_length in CACHED_SIZES:
        for encoding in accepted(*QUICK)[:1]:
            return compressed(response, quickly(response.get_data(), encoding), encoding)
    return response


def accepted(*encodings: str) -> list[str]:
    """Those that the browser reads."""
    return [name for name in encodings if request.accept_encodings[name] > 0]


def compressed(response: Response, content: bytes, encoding: str) -> Response:
    """The response with its content in an encoding."""
    response.set_data(content)
    response.headers["Content-Encoding"] = encoding
    response.vary.add("Accept-Encoding")
    etag, _ = response.get_etag()
    if etag:  # it names the bytes, not the file
        response.set_etag(f"{etag}:{encoding}")
        response.make_conditional(request)
    return response


@lru_cache(maxsize=256)  # more than there are files: a page loads them all, one after the other
def smallest(content: bytes, behind: Executor) -> "Future[bytes]":
    """A file's content in Brotli, made behind the first answers: they go out in another encoding."""
    return behind.submit(brotli.compress, content)


@lru_cache(maxsize=256)
def encoded(content: bytes, encoding: str) -> bytes:
    """A file's content in an encoding."""
    return ENCODERS[encoding](content)


@lru_cache(maxsize=128)  # three replies for each p of the slider, 0.4 MB each at most
def quickly(content: bytes, encoding: str) -> bytes:
    """A reply in an encoding."""
    return QUICK[encoding](content)
