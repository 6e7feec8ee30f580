"""How the dashboard is served: one command, two processes, an address or a sentence on stdout, JSON on stderr."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from serve import logged
from tests.processes import alive, children, until
from tests.served import Site, free_port

Start = Callable[..., "Served"]


class Served:
    """The command, in a home of its own."""

    def __init__(self, root: Path, home: Path, **environment: str):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("LT_") and k != "REDIS_URL"}
        self.environment = {"LT_HOME": str(home), "HOST": "127.0.0.1", "PORT": str(free_port())} | environment
        self.log = home / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, root / "serve.py"], cwd=home, env=inherited | self.environment,
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        self.site = Site(f"http://127.0.0.1:{self.environment['PORT']}")

    def line(self) -> str:
        """The next line of stdout; empty at its end."""
        assert self.process.stdout
        return self.process.stdout.readline()

    def web(self) -> int:
        """The web process."""
        (pid,) = until(lambda: children(self.process.pid), "the web process")
        return pid


@pytest.fixture
def start(root: Path, tmp_path: Path) -> Iterator[Start]:
    started: list[Served] = []

    def serve(**environment: str) -> Served:
        started.append(Served(root, tmp_path, **environment))
        return started[-1]

    yield serve
    for one in started:
        one.process.kill()
        one.process.wait()
        assert one.process.stdout
        one.process.stdout.close()


def test_the_address_is_said_requests_are_logged_and_a_signal_ends_it(start: Start):
    served = start(DASH_URL_BASE_PATHNAME="/vae/")
    url = f"http://127.0.0.1:{served.environment['PORT']}/vae"
    assert served.line() == f"Latent Trajectories: {url}\n"
    assert served.site.session.get(f"{url}/health?secret=1", timeout=60).status_code == 200
    assert served.site.session.get(f"{url}/nothing", timeout=60).status_code in (200, 404)
    below = children(served.process.pid)
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(30) == 0
    assert not alive(below)
    assert served.line() == ""
    lines = [json.loads(line) for line in served.log.read_text().splitlines()]
    asked = [line for line in lines if line["message"] == "request"]
    assert [line["path"] for line in asked] == ["/vae/health", "/vae/nothing"]
    assert asked[0] | {"time": "", "ms": 0} == {
        "time": "", "level": "INFO", "logger": "serve", "message": "request",
        "method": "GET", "path": "/vae/health", "status": 200, "ms": 0, "bytes": "2",
    }  # fmt: skip
    assert "secret" not in served.log.read_text()


@pytest.mark.parametrize(
    ("path", "status", "is_logged"),
    [
        ("/lessons/C4F7HK/state", "200 OK", False),
        ("/vae/lessons/C4F7HK/tally", "200 OK", False),
        ("/lessons/C4F7HK/state", "404 NOT FOUND", True),
        ("/lessons/C4F7HK/answers", "200 OK", True),
        ("/lessons", "201 CREATED", True),
    ],
)
def test_what_tabs_ask_every_second_is_logged_where_it_goes_wrong(
    caplog: pytest.LogCaptureFixture, path: str, status: str, is_logged: bool
):
    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        start(status, [])
        return []

    with caplog.at_level(logging.INFO, "serve"):
        logged(answer)({"REQUEST_METHOD": "GET", "PATH_INFO": path}, lambda *_: None)
    assert [record.getMessage() for record in caplog.records] == ["request"] * is_logged


def test_a_web_process_that_dies_is_started_again_and_ends_with_the_other_one(start: Start):
    served = start()
    served.line()
    first = served.web()
    os.kill(first, signal.SIGKILL)
    assert "http://" in served.line()
    second = served.web()
    assert second != first
    assert served.site.is_up()
    served.process.kill()
    until(lambda: not alive({second}), "nobody is left who has the port")


WRONG = {
    "a port that is a word": ({"PORT": "web"}, "PORT must be a whole number from 1 to 65535, not 'web'."),
    "a port that is too high": ({"PORT": "70000"}, "PORT must be a whole number from 1 to 65535, not '70000'."),
    "a host that is none": ({"HOST": "no such host"}, "cannot be served"),
    "a device that is none": ({"LT_DEVICE": "abacus"}, "LT_DEVICE must be one of"),
    "an address that is none of Redis": ({"REDIS_URL": "http://x"}, "REDIS_URL is no address of a Redis server"),
}


@pytest.mark.parametrize(("environment", "sentence"), WRONG.values(), ids=list(WRONG))
def test_a_setting_that_cannot_be_used_is_one_sentence(start: Start, environment: dict[str, str], sentence: str):
    served = start(**environment)
    assert served.line() == ""
    assert served.process.wait(120) != 0
    (line,) = served.log.read_text().splitlines()
    assert sentence in line


def test_an_address_that_somebody_has_is_one_sentence(start: Start):
    with socket.create_server(("127.0.0.1", 0)) as other:
        served = start(PORT=str(other.getsockname()[1]))
        assert served.process.wait(120) == 1
        (line,) = served.log.read_text().splitlines()
    assert "cannot be served (Address already in use). Choose another" in line
