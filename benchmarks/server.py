"""The dashboard on a free port of this machine, with a home of its own: nothing is cached, nothing kept."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core import data

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120  # seconds that a start or a reply may take before a benchmark gives up


@dataclass(frozen=True)
class Server:
    """A server that answers, and the moment (`time.perf_counter`) at which its process was started."""

    url: str
    started: float


@contextmanager
def serving(root: Path = ROOT) -> Iterator[Server]:
    """Start the program of a folder with an empty cache, and stop it; before serve.py it was served by gunicorn."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as home, (Path(home) / "log").open("w+") as log:
        port = free_port()
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *(["serve.py"] if (root / "serve.py").exists() else ["-m", "gunicorn", "app:server"])],
            cwd=root,
            env=environment(Path(home), port),
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        server = Server(f"http://127.0.0.1:{port}", started)
        try:
            wait_for(server, process, log.name)
            yield server
        finally:
            stop(process)


def images_here() -> Path | None:
    """The folder of LT_DATA if MNIST is in it."""
    folder = os.environ.get("LT_DATA")
    return Path(folder) if folder and data.is_available("mnist", Path(folder)) else None


def environment(home: Path, port: int) -> dict[str, str]:
    """Settings of the server: original images where LT_DATA has them, else runs start from decoded memories."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LT_", "DASH_", "REDIS_"))}
    folders = {"LT_HOME": str(home), "LT_CACHE": str(home / "cache"), "LT_DATA": str(images_here() or home / "data")}
    return kept | folders | {"HOST": "127.0.0.1", "PORT": str(port)}


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(server: Server, process: "subprocess.Popen[bytes]", log: str) -> None:
    """Return once the server answers.

    Raises:
        RuntimeError: It ended, or does not answer.
    """
    while time.perf_counter() - server.started < PATIENCE:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with status {process.returncode}:\n{Path(log).read_text()[-3000:]}")
        try:
            with urllib.request.urlopen(server.url + "/health", timeout=PATIENCE):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise RuntimeError(f"The server does not answer after {PATIENCE} s.")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server that was started here."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
