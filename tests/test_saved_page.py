"""The explorer as one HTML file: what stands in it, that nothing can end its scripts early, what is refused."""

import base64
import gzip
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.schema import RefusedError
from core.settings import Settings
from core.specs import NOISE_KINDS, NOISES
from dashboard import modules
from dashboard.pages.explore import saved_page as page
from dashboard.pages.explore.replies import begin_payload
from dashboard.pages.explore.saved_size import size_of_program
from tests.conftest import CommandLine, is_refused
from tests.served import Watched, create_app

QUICK = "d=digits&nz=10&runs=10&T=5"
HOSTILE = "</script></title></p><script>alert(1)</script><!--"


class Elements(HTMLParser):
    """All elements of a page with their attributes, and the content of those that have an id."""

    def __init__(self, text: str):
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.content: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        id = self.all[-1][1].get("id") if self.all else None
        if id:
            self.content[id] = self.content.get(id, "") + data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.all if name == tag]


def unpacked(text: str) -> Any:
    return json.loads(gzip.decompress(base64.urlsafe_b64decode(text)))


def file_of(answers: dict[str, Any], words: str = "‘6’") -> str:
    return page.saved_page(words, words, begin_payload(), answers, {"link": words})


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return create_app(settings).server.test_client()


def test_the_file_has_every_answer_at_every_p(client: FlaskClient):
    reply = client.get(f"/saved.html?{QUICK}&p=0.31")
    named = "attachment; filename=latent-trajectories-digits-nz10-seed0-label6-image40.html"
    assert (reply.status_code, reply.headers["Content-Disposition"]) == (200, named)
    found = Elements(reply.text).content
    answers = unpacked(found["answers"])
    assert answers["settled"]["state"]["noise"] == 0.31
    assert [frame["noise"] for frame in answers["frames"]] == sorted([*NOISES, 0.31])
    assert [film["noises"] for film in answers["runs"]] == [list(NOISES), [0.31]]
    assert set(answers["sweep"]) == {"light", "dark"}
    recipe = json.loads(found["saved"])["recipe"]
    assert recipe["spec"] | {"noise": 0.31, "n_runs": 10, "label": 6} == recipe["spec"]
    assert [len(sha256) for sha256 in recipe["weights"].values()] == [64]
    assert recipe["command"] == f"python -m dashboard html '{recipe['link']}'"
    assert set(recipe["versions"]) == {"torch", "numpy", "python"}


def test_a_file_of_a_screen_that_is_presented_is_the_page_itself(client: FlaskClient):
    plain, presented = (client.get(f"/saved.html?{QUICK}{more}").data for more in ("", "&show=li&tour=concept&a=v%3D3"))
    assert presented == plain


def test_the_command_writes_the_file_that_the_address_gives(client: FlaskClient, drawing: CommandLine, tmp_path: Path):
    status, answer, _, _ = drawing("html", f"http://localhost/?{QUICK}", "--output", str(tmp_path))
    assert status == 0
    assert Path(answer["file"]).read_bytes() == client.get(f"/saved.html?{QUICK}").data


def test_the_file_names_no_address_but_those_that_stand_in_it(client: FlaskClient):
    found = Elements(client.get(f"/saved.html?{QUICK}").text)
    sources = [attributes["src"] for _, attributes in found.all if "src" in attributes]
    assert len(sources) == 2
    assert all(source and source.startswith("data:text/javascript;") for source in sources)
    assert not [attributes for _, attributes in found.all if "href" in attributes]
    policy = next(each["content"] for each in found.of("meta") if "http-equiv" in each)
    assert policy
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy


def test_what_needs_the_server_is_hidden_or_switched_off():
    text = page.markup(page.layout("why"))
    found = Elements(text)
    free = {each["data-field"] for each in found.of("div") if "data-field" in each} & set(page.FREE)
    assert free == {"noise", "speed", "curves", "view"}
    assert {(each["title"], "disabled" in each) for each in found.of("fieldset")} == {("why", True)}
    hidden = {each["id"] for _, each in found.all if "hidden" in each and "id" in each}
    assert hidden >= {"share", "pin", "copy-link", "save-all", "new-noise", "random-sample", "open-gallery", "fetch"}
    offered = {each["data-kind"] for each in found.of("button") if "data-kind" in each and "hidden" not in each}
    assert offered == {"png", "svg"}
    assert not found.of("nav")


def test_the_modules_are_those_that_the_explorer_loads_with_the_files_own_requests():
    found = page.scripts()
    assert found["requests"] == page.address((modules.ASSETS / "explorer" / "saved-requests.js").read_bytes())
    assert {"main", "film", "decode", "glossary"} <= set(found)
    assert not {"page", "dash-requests", "article"} & set(found)


def test_no_text_ends_a_script_or_begins_one():
    usual, hostile = Elements(file_of({"a": "6"})), Elements(file_of({"a": HOSTILE}, HOSTILE))
    assert [tag for tag, _ in hostile.all] == [tag for tag, _ in usual.all]
    assert json.loads(hostile.content["saved"])["sentence"] == HOSTILE
    assert unpacked(hostile.content["answers"]) == {"a": HOSTILE}


def test_a_file_that_would_be_too_large_is_refused():
    with pytest.raises(RefusedError, match=r"would have \d+\.\d MB; 8 MB are allowed. Choose fewer runs or steps"):
        file_of({"a": base64.b64encode(os.urandom(6_000_000)).decode()})


def foreseen(client: FlaskClient, query: str) -> int:
    """Bytes that a file is said to have at most."""
    return client.get(f"/saved-size.json?{query}").get_json()["bytes"]


LONG = "d=digits&nz=10&runs=100&T=40&p=0.31"


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_the_size_of_every_kind_of_noise_is_foreseen(client: FlaskClient, kind: str):
    query = f"{LONG}&kind={kind}"
    true = len(client.get(f"/saved.html?{query}").data)
    assert true <= foreseen(client, query) <= 1.4 * true


@pytest.mark.parametrize("query", [QUICK, LONG, "src=decoded"])
def test_the_size_that_is_foreseen_is_on_the_safe_side_and_near(client: FlaskClient, query: str):
    program, true = size_of_program(), len(client.get(f"/saved.html?{query}").data)
    assert true <= foreseen(client, query) <= 1.4 * true
    assert foreseen(client, query) - program <= 3 * (true - program)


def test_a_file_that_would_be_too_large_is_refused_before_anything_is_computed(settings: Settings):
    watched = Watched()
    client = create_app(settings, computations=watched).server.test_client()
    for address in ("saved-size.json", "saved.html"):
        reply = client.get(f"/{address}?src=decoded&runs=500&T=200")
        assert (reply.status_code, reply.mimetype) == (400, "text/plain")
    found = re.fullmatch(
        r"This file would have about (\d+) MB; 8 MB are allowed. Choose at most (\d+) runs or T = (\d+).", reply.text
    )
    assert found
    size, n_runs, n_steps = map(int, found.groups())
    assert 12 <= size <= 20
    assert watched.computed == []
    for few, many in (("runs={}&T=200", n_runs), ("runs=500&T={}", n_steps)):
        assert foreseen(client, f"src=decoded&{few.format(many)}") <= page.MOST
        assert client.get(f"/saved-size.json?src=decoded&{few.format(many + 1)}").status_code == 400


def test_the_command_refuses_it_too(drawing: CommandLine):
    assert is_refused(drawing("html", "?src=decoded&runs=500&T=200"), "This file would have about")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [("p=7", "noise must be a number from 0 to 1, not '7'"), ("d=letters", "dataset must be")],
)
def test_a_link_that_cannot_be_used_is_refused_with_a_sentence(client: FlaskClient, query: str, sentence: str):
    reply = client.get(f"/saved.html?{query}")
    assert (reply.status_code, reply.mimetype) == (400, "text/plain")
    assert sentence in reply.text
