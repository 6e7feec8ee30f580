"""Foreign hosts, foreign pages, frames and redirects: what every request and response passes."""

import base64
import hashlib
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.settings import Settings
from dashboard.hosting import Hosting
from tests.served import create_app

PAGES = ("/", "/paper/", "/models/")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("doorway")
    return Settings(data=folder / "data", models=folder / "models", cache=folder / "cache", device="cpu")


@pytest.fixture(scope="module")
def http(home: Settings) -> FlaskClient:
    hosting = Hosting(hosts=("lab.example.org",), ancestors=("https://moodle.example.org",))
    return create_app(home, hosting).server.test_client()


def headers(host: str = "127.0.0.1:8050", **more: str) -> dict[str, str]:
    return {"Host": host} | {name.replace("_", "-"): value for name, value in more.items()}


OWN = ["127.0.0.1:8050", "192.168.1.20:8050", "[::1]:8050", "[fe80::1%25eth0]", "localhost", "LOCALHOST.:1"]
OWN += ["a.localhost", "lab.example.org", "Lab.Example.Org:443"]
FOREIGN = ["evil.example", "127.0.0.1.nip.io:8050", "localhost.evil.example", "lab.example.org.evil.example"]
FOREIGN += ["0x7f.1", "lab.example.org@evil.example", "[", "a b"]


@pytest.mark.parametrize("host", OWN)
def test_addresses_and_own_names_are_answered(http: FlaskClient, host: str):
    assert http.get("/health", headers=headers(host)).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/", "/health", "/_dash-layout", "/models/file/mnist-nz2-seed0", "/zzz"])
def test_a_name_that_points_here_unasked_is_refused_with_the_remedy(http: FlaskClient, host: str, path: str):
    response = http.get(path, headers=headers(host))
    assert response.status_code == 421
    assert "LT_HOSTS=" in response.get_data(as_text=True)
    assert response.mimetype == "text/plain"


ORIGINS: dict[str, tuple[dict[str, str], int]] = {
    "of a command line": ({}, 400),
    "its own page": ({"Origin": "http://127.0.0.1:8050", "Sec_Fetch_Site": "same-origin"}, 400),
    "its own page over HTTP": ({"Origin": "http://127.0.0.1:8050"}, 400),
    "its own page behind a proxy": ({"Origin": "https://lab.example.org"}, 400),
    "its own page behind a proxy of any name": ({"Origin": "https://x.y", "Sec_Fetch_Site": "same-origin"}, 400),
    "another page": ({"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}, 403),
    "another page, and an old browser": ({"Origin": "https://evil.example"}, 403),
    "another port": ({"Origin": "http://127.0.0.1:9999", "Sec_Fetch_Site": "same-site"}, 403),
    "another port over HTTP": ({"Origin": "http://127.0.0.1:9999"}, 403),
    "a frame without an origin": ({"Origin": "null"}, 403),
    "no origin at all": ({"Origin": ""}, 403),
    "a broken origin": ({"Origin": "http://["}, 403),
}


@pytest.mark.parametrize(("more", "status"), ORIGINS.values(), ids=list(ORIGINS))
@pytest.mark.parametrize("page", PAGES)
def test_only_own_pages_may_act(http: FlaskClient, page: str, more: dict[str, str], status: int):
    response = http.post(f"{page}_dash-update-component", json={}, headers=headers(**more))
    assert response.status_code == status  # 400: it was read, and is no question


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_its_scripts_and_who_may_frame_it(http: FlaskClient, page: str):
    response = http.get(page)
    text = response.get_data(as_text=True)
    rules = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "'unsafe-eval'" not in rules["script-src"]
    inline = re.findall(r"<script(?: type=.(?:application/javascript|importmap).)?>(.*?)</script>", text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    assert len(digests) > 1
    assert [digest for digest in digests if f"'sha256-{digest}'" not in rules["script-src"]] == []
    assert rules["frame-ancestors"] == "'self' https://moodle.example.org"
    assert rules["object-src"] == "'none'"


@pytest.mark.parametrize(
    "path", [*PAGES, "/health", "/_dash-layout", "/assets/styles/04-panels.css", "/models/file/none"]
)
def test_every_answer_is_taken_as_what_it_says_and_tells_no_other_site_the_address(http: FlaskClient, path: str):
    with http.get(path) as response:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("hosting", [Hosting(), Hosting(requests="/vae/"), Hosting(routes="/vae/", requests="/vae/"),
                                     Hosting(routes="/b/", requests="/a/b/")])  # fmt: skip
def test_every_page_lies_below_the_prefixes_and_redirects_are_relative(home: Settings, hosting: Hosting):
    http = create_app(home, hosting).server.test_client()
    for page in ("", "paper/", "models/"):
        content = http.get(f"{hosting.routes}{page}").get_data(as_text=True)
        assert f'src="{hosting.requests}{page}_dash-component-suites/' in content
        assert f'"requests_pathname_prefix":"{hosting.requests}{page}"' in content.replace("\\u002f", "/")
        assert http.get(f"{hosting.routes}{page}_dash-layout").status_code == 200
        assert http.post(f"{hosting.routes}{page}_dash-update-component", json={}).status_code == 400
    for page in ("paper", "models"):
        moved = http.get(f"{hosting.routes}{page}?theme=dark")
        assert moved.headers["Location"] == f"{hosting.requests}{page}/?theme=dark"
    with http.get(f"{hosting.routes}models/file/mnist-nz2-seed0.safetensors") as file:
        assert file.status_code == 200
    assert http.get(f"{hosting.routes}paper/data/fig7b.json").status_code == 400  # read: it names no model
    layout = http.get(f"{hosting.routes}_dash-layout").get_data(as_text=True)
    assert f'"href":"{hosting.requests}models/"' in layout.replace("\\u002f", "/")


@pytest.mark.parametrize("path", ["//evil.example/", "//evil.example", "///models", "/\\evil.example"])
def test_no_redirect_leads_to_another_host(http: FlaskClient, path: str):
    with http.get(path) as response:
        assert not response.headers.get("Location", "/").startswith(("//", "http", "/\\"))


def test_a_proxy_may_keep_its_own_name_to_itself(http: FlaskClient):
    """As nginx does unless it is told otherwise: the browser's name is in the origin, the server's in the host."""
    own: Any = headers("127.0.0.1:8050", Origin="https://vae.example.org", Sec_Fetch_Site="same-origin")
    assert http.post("/models/_dash-update-component", json={}, headers=own).status_code == 400
