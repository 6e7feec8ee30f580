"""The settings of a server: read, or refused in one sentence that says what to write instead."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.schema import SpecError
from core.settings import Settings
from dashboard.hosting import Hosting

WRONG = {
    "LT_ACCESS": "guests",
    "LT_TOKEN": "short",
    "LT_PRESENTER_TOKEN": "short",
    "LT_HOSTS": "lab.example.org;other",
    "LT_FRAME_ANCESTORS": "moodle example",
    "DASH_URL_BASE_PATHNAME": "vae",
    "DASH_ROUTES_PATHNAME_PREFIX": "/vae",
    "DASH_REQUESTS_PATHNAME_PREFIX": "vae/",
    "LT_DEVICE": "gpu",
    "LT_SCHEDULER": "host",
    "LT_AHEAD": "maybe",
    "LT_MAX_JOBS": "many",
    "LT_MAX_IMPORT_MB": "0",
    "LT_MAX_MODELS_MB": "-1",
    "LT_MODELS": __file__,
}


def both(environ: dict[str, str]) -> Hosting:
    Settings.from_environment(environ)
    return Hosting.from_environment(environ)


@pytest.mark.parametrize(("variable", "value"), WRONG.items(), ids=list(WRONG))
def test_a_wrong_value_is_one_sentence_with_a_remedy(variable: str, value: str):
    with pytest.raises(SpecError) as error:
        both({variable: value})
    text = str(error.value)
    assert text.startswith(f"{variable} must be")
    assert "\n" not in text
    assert len(text) < 300
    assert "TOKEN" not in variable or value not in text


def test_one_link_is_not_both():
    token = "a-token-of-my-own"
    with pytest.raises(SpecError, match="LT_PRESENTER_TOKEN must be another") as error:
        both({"LT_TOKEN": token, "LT_PRESENTER_TOKEN": token})
    assert token not in str(error.value)


def test_two_ways_to_name_a_prefix_exclude_each_other():
    with pytest.raises(SpecError, match="Set it, or these two"):
        both({"DASH_URL_BASE_PATHNAME": "/vae/", "DASH_REQUESTS_PATHNAME_PREFIX": "/vae/"})


def test_the_defaults_are_open_and_at_the_root():
    hosting = both({})
    assert (hosting.access, hosting.token, hosting.routes, hosting.requests) == ("open", "", "/", "/")
    settings = Settings.from_environment({})
    assert (settings.max_jobs, settings.max_import, settings.max_models) == (20, 64_000_000, 2_000_000_000)


def test_a_token_is_drawn_where_one_is_needed_and_is_not_printed():
    one, other = (both({"LT_ACCESS": "visitor"}) for _ in range(2))
    assert min(len(token) for token in one.tokens.values()) >= 20
    assert len({*one.tokens.values(), *other.tokens.values()}) == 4
    assert not [token for token in one.tokens.values() if token in repr(one)]
    assert both({"LT_ACCESS": "visitor", "LT_TOKEN": "a-token-of-my-own"}).token == "a-token-of-my-own"


@pytest.mark.parametrize(("variable", "value"), [("DASH_URL_BASE_PATHNAME", "vae"), ("LT_DEVICE", "gpu")])
def test_the_server_does_not_start_with_it(root: Path, tmp_path: Path, variable: str, value: str):
    command = [sys.executable, "serve.py"]
    environ = os.environ | {"LT_HOME": str(tmp_path), "PORT": "1", variable: value}
    found = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, timeout=120)
    assert found.returncode != 0
    assert found.stderr.startswith(f"{variable} must be")
    assert len(found.stderr.splitlines()) == 1
