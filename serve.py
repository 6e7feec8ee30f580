"""Serves the dashboard: `python serve.py`, on every platform.

::

    this process: says what is wrong with HOST and PORT; starts the web process, starts it again when it dies
      `--> web process: reads whole requests, and only then gives them a thread

HOST and PORT come from the environment. stdout gets one line with the address once the page can be opened; everything
else goes to stderr as JSON, one object per line.
"""

import json
import logging
import logging.config
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from core.schema import SpecError
from core.settings import Settings
from dashboard.hosting import LINKED, TOKENS, Hosting

THREADS = 128  # 96 at most wait for computations (core/computations.py); the others answer at once
CONNECTIONS = 500  # held at once; on Windows one process can watch 512
IDLE = 60  # s after which a connection is closed on which nothing is sent or read
LARGEST = 90_000_000  # bytes of a request: a model of 64 MB, as base64
STOPPING = 8  # s; `docker stop` kills after 10
POLLED = re.compile(r"/lessons/[^/]+/(state|tally)$")  # by every tab, every second: logged where it goes wrong
WEB = "--web"  # the argument that says which of the two processes this is

log = logging.getLogger("serve")


class JsonLines(logging.Formatter):
    """One JSON object per line. Query strings are left out: they can hold what somebody drew."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname, "logger": record.name}
        line["message"] = re.sub(r"\?\S+", "?...", record.getMessage())
        line |= getattr(record, "request", {})
        if record.exc_info and record.levelno >= logging.ERROR:  # a full disk is a line, not a traceback
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {name: {"level": "INFO"} for name in ("serve", "app", "core", "dashboard")},
}
ENVIRONMENT = {
    # One 50-step run takes 5.6 ms on one thread of torch, 19-27 ms on two when other requests compute. Ensembles use
    # all cores nevertheless: core.experiments.machine.in_parts.
    "OMP_NUM_THREADS": "1",
    # Arrays of a megabyte go back to the system when they are done with. glibc would raise its threshold to 32 MB and
    # keep what forty threads have freed: 2.5 GB were seen after 33 films of runs, now 1.3, and no more after 66.
    # Other C libraries ignore it.
    "MALLOC_MMAP_THRESHOLD_": "1000000",
    # Dask brings log handlers of its own; these two make it log through the root logger, as JSON.
    "DASK_LOGGING__VERSION": "1",
    "DASK_LOGGING__INCREMENTAL": "True",
}


def address() -> tuple[str, int]:
    """HOST and PORT.

    Raises:
        SystemExit: PORT is none; with a sentence.
    """
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8050"
    if not (re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= 65535):
        sys.exit(f"PORT must be a whole number from 1 to 65535, not {port[:40]!r}. Try: make run PORT=8050")
    return host, int(port)


def named(host: str, port: int) -> str:
    """An address as it stands in a link."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def link(hosting: Hosting) -> str:
    """Where the page can be opened."""
    return f"http://{named(*address())}{hosting.requests}".rstrip("/")


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens: whoever connects now is answered when the app is loaded.

    Raises:
        SystemExit: The address cannot be had; with a sentence.
    """
    try:
        family, kind, _, _, name = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        if os.name != "nt":  # on Windows it would let two servers have one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(name)
        listener.listen(1024)
    except OSError as error:
        where = named(host, port)
        sys.exit(f"{where} cannot be served ({error.strerror}). Choose another: make run HOST=127.0.0.1 PORT=8051")
    return listener


def logged(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """A WSGI application that logs what it answers, when it begins to."""

    def respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        begin = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            took = round(1000 * (time.perf_counter() - begin), 3)
            request = {"method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"][:300]}
            request |= {"status": int(status[:3]), "ms": took, "bytes": dict(headers).get("Content-Length", "-")}
            if request["status"] >= 400 or not POLLED.search(request["path"]):
                log.info("request", extra={"request": request})
            return start_response(status, headers, *error)

        return app(environ, start)

    return respond


def web() -> None:
    """The web process: one for all, with one model in memory, one cache and one queue."""
    logging.config.dictConfig(LOGGING)
    logging.captureWarnings(True)
    host, port = address()
    listener = listening(host, port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    if os.name != "nt":  # Ctrl-C reaches both processes: the other one ends this one
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()

    from waitress.server import create_server

    from app import server

    serving = create_server(
        logged(server),
        sockets=[listener],
        threads=THREADS,
        connection_limit=CONNECTIONS,
        channel_timeout=IDLE,
        max_request_body_size=LARGEST,
        channel_request_lookahead=1,  # else nobody notices that a client has gone
        asyncore_use_poll=os.name != "nt",
        clear_untrusted_proxy_headers=True,
        ident="",
    )

    def stop(*_: object) -> None:
        for close in server.extensions["closing"]:
            close()
        sys.exit()

    signal.signal(signal.SIGTERM, stop)
    print(f"Latent Trajectories: {link(Hosting.from_environment())}", flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nobody reads more of it
    serving.run()
    os._exit(0)  # everything is closed; taking torch to pieces would take seconds


def checked() -> Hosting:
    """Addresses and roles, after a look at all settings: what is wrong is said once, before anything is loaded.

    Raises:
        SystemExit: One cannot be used; with a sentence.
    """
    address()
    try:
        Settings.from_environment()
        return Hosting.from_environment()
    except SpecError as error:
        sys.exit(str(error))


def end_with_parent() -> None:
    """End when the other process does, however it ended: it holds the other end of stdin."""
    os.read(sys.stdin.fileno(), 1)  # nothing is ever written
    signal.raise_signal(signal.SIGTERM)


def main() -> int:
    """Start the web process, and start it again when it dies; returns its status at the end."""
    logging.config.dictConfig(LOGGING)
    hosting = checked()
    drawn = [role for role in reversed(LINKED) if hosting.access == "visitor" and not os.environ.get(TOKENS[role])]
    for role, variable in TOKENS.items():
        os.environ[variable] = hosting.tokens[role]  # a web process that is started again has the same
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    while True:
        pipe = subprocess.PIPE
        with subprocess.Popen([sys.executable, __file__, WEB], stdin=pipe, stdout=pipe, text=True) as process:
            try:
                assert process.stdout
                line = process.stdout.readline()  # the address, once the page can be opened
                print(line, end="", flush=True)
                for role in drawn if line else ():  # a token that somebody chose is not shown
                    address = f"{link(hosting)}/?{role}={hosting.tokens[role]}"
                    print(f"{role.capitalize()}'s link: {address}", flush=True)
                status = process.wait()
            except (SystemExit, KeyboardInterrupt):
                ended(process)
                return 0
        if not line:  # it would end again: it has said why
            return status
        log.error("the web process ended with status %s; it is started again", status)


def ended(process: "subprocess.Popen[str]") -> None:
    """End the web process; it has some seconds for what it does."""
    assert process.stdin
    process.stdin.close()
    try:
        process.wait(STOPPING)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    if WEB in sys.argv:
        web()
    else:
        sys.exit(main())
