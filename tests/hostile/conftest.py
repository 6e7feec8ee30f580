"""A server with a folder of models, and what is sent to it and read of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.settings import Settings
from tests.served import Browser, create_app, sentences
from tests.test_models import Hand, upload

WriteModel = Callable[..., Path]


@pytest.fixture
def good(tmp_path: Path, write_model: WriteModel) -> Path:
    return write_model(tmp_path / "good.safetensors")


@pytest.fixture
def http(settings: Settings) -> FlaskClient:
    settings.models.mkdir(parents=True, exist_ok=True)
    return create_app(settings).server.test_client()


def send(http: FlaskClient, content: bytes, name: str, folder: Path) -> str:
    """Upload a file; the sentence by which it is refused, empty where it is taken."""
    path = folder / "upload.bin"
    path.write_bytes(content)
    said = sentences(Hand(http).post("upload", upload(path), state=(name,)))
    assert len(said) <= 1
    assert not [sentence for sentence in said if "went wrong" in sentence or len(sentence) > 400]
    return said[0] if said else ""


def children_of(node: Any) -> Iterator[Any]:
    """Everything that stands in `children` somewhere below."""
    if isinstance(node, list):
        for each in node:
            yield from children_of(each)
    elif isinstance(node, dict):
        children = node.get("props", {}).get("children", [])
        yield from children if isinstance(children, list) else [children]
        yield from children_of(children)


def pages_are_whole(http: FlaskClient) -> str:
    """The text of the layout of all pages; each answers, and consists of components of the house and of plain text."""
    texts = []
    for page in ("", "models/", "paper/"):
        response = http.get(f"/{page}_dash-layout")
        assert response.status_code == 200
        texts.append(response.get_data(as_text=True))
        for child in children_of(response.get_json()):
            assert child is None or isinstance(child, str | int | float | list | dict)
            if isinstance(child, dict):
                assert child.get("namespace") in ("dash_html_components", "dash_core_components"), child
                assert child.get("type") != "Iframe"
    settled = Browser(http).ask("settled", "d=digits&nz=2")["settled"]["data"]
    assert isinstance(settled["card"], str)
    return " ".join(texts)
