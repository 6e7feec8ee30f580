"""Scripts and styles, compressed once and as small as they get; replies are compressed quickly by flask-compress."""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import brotli
from flask import Flask, Response, request
from flask_compress.compat import compression

STATIC = ("/assets/", "/_dash-component-suites/")
TYPES = ("text/javascript", "application/javascript", "text/css")
ENCODERS = {
    "zstd": lambda content: compression.zstd.compress(content, 19),  # a tenth smaller than 3, and 0.3 s for plotly
    "gzip": lambda content: compression.gzip.compress(content, 9),
}
BEHIND = ThreadPoolExecutor(1, "brotli")  # makes what is another 6 % smaller, but takes 3 s for plotly


def keep_compressed(server: Flask) -> None:
    """Serve static files from memory, compressed; call it after flask-compress is set up."""
    server.after_request(compress)


def compress(response: Response) -> Response:
    """A static file's response with a compressed body; any other as it is."""
    encodings = [name for name in ("br", *ENCODERS) if request.accept_encodings[name] > 0]
    is_static = any(folder in request.path for folder in STATIC) and response.mimetype in TYPES
    if not encodings or not is_static or response.status_code != 200:
        return response
    response.direct_passthrough = False
    content = response.get_data()
    if "br" in encodings and not smallest(content).done():
        encodings.remove("br")
    if not encodings:
        return response
    encoding = encodings[0]
    response.set_data(smallest(content).result() if encoding == "br" else encoded(content, encoding))
    response.headers["Content-Encoding"] = encoding
    response.headers["Vary"] = "Accept-Encoding"
    etag, _ = response.get_etag()
    if etag:  # it names the bytes, not the file
        response.set_etag(f"{etag}:{encoding}")
        response.make_conditional(request)
    return response


@lru_cache(maxsize=64)
def smallest(content: bytes) -> "Future[bytes]":
    """A file's content in Brotli, made behind the first answers: they go out in another encoding."""
    return BEHIND.submit(brotli.compress, content)


@lru_cache(maxsize=64)
def encoded(content: bytes, encoding: str) -> bytes:
    """A file's content in an encoding."""
    return ENCODERS[encoding](content)
