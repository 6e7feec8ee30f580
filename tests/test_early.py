"""What the pages beside the explorer ask for before their scripts run."""

import re

import pytest

from core.settings import Settings
from dashboard.early import early
from dashboard.modules import ASSETS, FOLDER, imported
from tests.served import create_app


def test_a_module_is_imported_with_all_that_it_imports_each_once():
    names = imported("page")
    assert names[0] == "page"
    assert len(set(names)) == len(names)
    for name in names:
        text = (ASSETS / FOLDER / f"{name}.js").read_text()
        assert set(re.findall(r'from "#([\w-]+)"', text)) <= set(names)
    assert {"article", "requests", "state"} < set(names)
    assert "plane" not in names  # the explorer's


def test_the_import_map_stands_before_every_module_that_is_asked_for_early(settings: Settings):
    """A browser that reads a module before the map does not know its imports."""
    page = create_app(settings).server.test_client().get("/paper/").text
    assert page.index("importmap") < page.index("modulepreload")


@pytest.mark.parametrize("path", ["models/", "paper/"])
def test_what_is_asked_for_early_is_here(settings: Settings, path: str):
    http = create_app(settings).server.test_client()
    links = re.findall(r'<link rel="(?:module)?preload"[^>]* href="([^"]*)"', http.get(f"/{path}").text)
    assert [link for link in links if http.get(link, buffered=True).status_code != 200] == []
    assert {f"/{path}_dash-layout", f"/{path}_dash-dependencies"} < set(links)
    assert len(links) == len(imported("page")) + 2


def test_addresses_lie_below_the_path_of_the_explorer_and_pictures_only_in_the_article():
    assert 'href="/vae/assets/explorer/page.js' in early("/vae/", "paper/", ("stages",))
    assert 'href="/vae/paper/_dash-layout"' in early("/vae/", "paper/", ("stages",))
    assert "['stages']" in early("/vae/", "paper/", ("stages",))
    assert "<script>" not in early("/", "models/")
