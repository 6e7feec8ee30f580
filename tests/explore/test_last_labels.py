"""What an image becomes, for lessons that ask before they show."""

import json
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from core import experiments
from core.session import Session
from core.settings import Settings
from core.specs import RunSpec
from dashboard.links import read_link
from tests.explore.conftest import QUICK
from tests.served import own_cache


@pytest.fixture
def http(trained: tuple[Settings, str], tmp_path: Path) -> Any:
    return create_app(own_cache(trained[0], tmp_path)).server.test_client()


def test_it_is_the_label_of_the_last_image(http: Any, trained: tuple[Settings, str], tmp_path: Path):
    session = Session.open(own_cache(trained[0], tmp_path / "other"))
    last, first = [], []
    for query in (f"{QUICK}&label={label}&p={p}&i=3" for label in (0, 3, 7) for p in (0.4, 1)):
        state = read_link(query)[0]
        run = experiments.run(state.inference_spec(trained[1], "decoded").part(RunSpec), session)
        labels = experiments.predicted_labels("digits", run.images[[0, -1]], session)
        reply = json.loads(http.get(f"/last-label.json?{query}").data)
        assert reply == {"label": int(labels[1])}
        first.append(int(labels[0]))
        last.append(int(labels[1]))
    assert first != last


@pytest.mark.parametrize("query", ["p=2", "d=digits&nz=4&model=missing", "d=digits&nz=4&own=AAAAAAAAAAAA"])
def test_what_is_no_screen_is_refused_in_a_sentence(http: Any, query: str):
    reply = http.get(f"/last-label.json?{query}")
    assert reply.status_code == 400
    assert reply.mimetype == "text/plain"
