"""The app is made of what it is given: importing it makes nothing, and two of them do not meet."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import app
from core.settings import Settings
from tests.conftest import settings_in
from tests.served import Browser, create_app


def test_importing_the_app_makes_and_writes_nothing(root: Path, tmp_path: Path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LT_")} | {"LT_HOME": str(tmp_path / "home")}
    code = "import app, sys; print('server' in vars(app), [m for m in sys.modules if m.startswith('distributed')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "[]"]
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("ahead", [True, False])
def test_a_server_computes_ahead_unless_it_shall_not(settings: Settings, ahead: bool):
    close, *_ = app.create_app(replace(settings, ahead=ahead)).server.extensions["closing"]
    assert close.__self__.is_ahead is ahead


def test_a_server_of_wsgi_applications_finds_the_app(root: Path, tmp_path: Path):
    environment = os.environ | {"LT_HOME": str(tmp_path / "home"), "LT_DEVICE": "cpu"}
    code = "from app import server; print(server.test_client().get('/health').status_code)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == "200"
    assert not (tmp_path / "home").exists()  # nothing is written before somebody asks


def test_a_setting_that_cannot_be_used_is_a_sentence(root: Path, tmp_path: Path):
    for name, value in (("LT_DEVICE", "mps"), ("REDIS_URL", "nonsense"), ("LT_MAX_CACHE_MB", "x")):
        environment = os.environ | {"LT_HOME": str(tmp_path), name: value}
        done = subprocess.run(
            [sys.executable, "-c", "from app import server"], cwd=root, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_two_apps_in_one_process_do_not_meet(trained: tuple[Settings, str], tmp_path: Path):
    """Each has the models, the cache and the limits of its own settings."""
    full, empty = trained[0], settings_in(tmp_path / "empty")
    query = f"d=digits&model={trained[1]}&nz=4&src=decoded&runs=12&T=6"
    first, second = (Browser(create_app(home).server.test_client(), "tab") for home in (full, empty))
    assert first.ask("settled", query)["settled"]["data"]["model"] == trained[1]
    assert second.ask("settled", query)["settled"]["data"]["model"] != trained[1]


def test_two_tabs_that_are_opened_at_once_are_two_clients_of_the_paper_page(settings: Settings):
    """A browser that kept the layout for the second tab would let each tab supersede what the other asks."""
    http = create_app(settings).server.test_client()
    answers = [http.get("/paper/_dash-layout") for _ in range(2)]
    clients = [
        re.search(r'"data":"([0-9a-f]{16})","id":"client"|"id":"client"[^}]*"data":"([0-9a-f]{16})"', a.text)
        for a in answers
    ]
    assert len({match and match.group() for match in clients}) == 2
    assert all("max-age" not in answer.headers.get("Cache-Control", "") for answer in answers)
    assert "max-age" in http.get("/_dash-layout").headers["Cache-Control"]
