"""The whole app on a folder of its own, asked as a browser asks it, without a browser."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from dash import Dash
from flask.testing import FlaskClient

import app
from core.computations import Computations
from core.progress import Progress, silent
from core.settings import Settings
from dashboard.hosting import Hosting

NEVER = None  # the calm in which something is computed ahead


class Watched(Computations):
    """Notes which experiments were computed because the cache had not their result, and lets something happen first."""

    def __init__(
        self, before: Callable[[str, Progress], None] = lambda name, progress: None, *, calm: float | None = NEVER
    ):
        super().__init__(calm=calm)
        self.before = before
        self.computed: list[str] = []

    def once(self, key: str, compute: Callable[..., Any], *, progress: Progress = silent, **more: Any) -> Any:
        name = key.partition(":")[0]
        self.computed.append(name)
        self.before(name, progress)
        return super().once(key, compute, progress=progress, **more)


def create_app(settings: Settings, hosting: Hosting | None = None, **more: Any) -> Dash:
    """app.create_app, with nothing computed ahead unless it is given computations of its own."""
    given: dict[str, Any] = {"computations": Computations(calm=NEVER)} | more
    return app.create_app(settings, hosting, **given)


def own_cache(settings: Settings, folder: Path) -> Settings:
    """The same models with another cache."""
    return replace(settings, cache=folder)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(root: Path, home: Path, **environment: str) -> Iterator[str]:
    """The address of the dashboard as it is served: no images but the digits', a cache of its own, nothing ahead."""
    settings = {
        "LT_HOME": str(home),
        "HOST": "127.0.0.1",
        "PORT": str(free_port()),
        "LT_DEVICE": "cpu",
        "LT_AHEAD": "no",
    }
    settings |= environment
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("LT_") and k != "REDIS_URL"}
    with (home / "log").open("w") as log:
        command = [sys.executable, "serve.py"]
        process = subprocess.Popen(
            command, cwd=root, env=inherited | settings, stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdout
        try:
            line = process.stdout.readline()  # one line with the address, once the page can be opened
            assert "http://" in line, (home / "log").read_text()[-2000:]
            yield line.rpartition(" ")[2].strip()
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()
    assert '"level": "ERROR"' not in (home / "log").read_text()


@contextmanager
def required(program: str | None, what: str) -> Iterator[str]:
    """Skip where a program is missing, fail where LT_REQUIRE_ALL says that nothing may be missing."""
    if program is None:
        reason = f"There is no {what} on this machine."
        if os.environ.get("LT_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    yield program


class Reply:
    """An answer of a server elsewhere, read as Flask's own test client reads one."""

    def __init__(self, response: requests.Response):
        self.status_code, self.get_data, self._json = response.status_code, lambda as_text: response.text, response.json

    def get_json(self, silent: bool = False) -> Any:
        """The content; None where there is no JSON and that is no fault."""
        try:
            return self._json()
        except requests.JSONDecodeError:
            if silent:
                return None
            raise


class Site:
    """A web process elsewhere, asked as Flask's own test client asks."""

    def __init__(self, url: str):
        self.url, self.session = url, requests.Session()
        self.session.trust_env = False  # no proxy stands between processes of one machine

    def is_up(self) -> bool:
        try:
            return self.session.get(f"{self.url}/health", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def get(self, path: str) -> Reply:
        return Reply(self.session.get(self.url + path, timeout=60))

    def post(self, path: str, json: Any) -> Reply:
        return Reply(self.session.post(self.url + path, json=json, timeout=60))


class Browser:
    """Asks the callbacks of an app over HTTP."""

    def __init__(self, http: FlaskClient | Site, name: str = "tab"):
        self.http: Any = http
        self.name, self.sequence = name, 0
        self.callbacks = self.http.get("/_dash-dependencies").get_json()

    def question(self, query: str = "", **changes: Any) -> dict[str, Any]:
        """What questions.js sends."""
        self.sequence += 1
        return {"query": query, "client": self.name, "sequence": self.sequence} | changes

    def post(self, store: str, data: object) -> Any:
        """The raw response to a value of a store."""
        callback = next(c for c in self.callbacks if c["inputs"][0]["id"] == store and not c["clientside_function"])
        whole = callback["output"]
        places = [dict(zip(("id", "property"), o.rsplit(".", 1), strict=True)) for o in whole.strip(".").split("...")]
        body = {
            "output": whole,
            "outputs": places if whole.startswith("..") else places[0],
            "inputs": [{"id": store, "property": "data", "value": data}],
            "changedPropIds": [f"{store}.data"],
        }
        return self.http.post("/_dash-update-component", json=body)

    def ask(self, route: str, query: str = "", **changes: Any) -> dict[str, dict[str, Any]]:
        """The properties that an answer sets, by component."""
        response = self.post(f"ask-{route}", self.question(query, **changes))
        assert response.status_code == 200, (route, query, response.status_code)
        return response.get_json()["response"]


def sentences(response: Any) -> list[str]:
    """What a response shows as a notice; empty where it shows nothing."""
    content = response.get_json(silent=True) or {}
    return content.get("sideUpdate", {}).get("notice", {}).get("data", {}).get("sentences", [])
