"""LT_ACCESS=visitor: who has opened no link looks at everything and changes nothing; a presenter leads lessons too."""

import base64
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import app
from core.settings import Settings
from dashboard.hosting import Hosting
from dashboard.lesson import Frame, Lesson, packed
from dashboard.roles import ACTING, COOKIE, COOKIES, LEAST, PRESENTING, ROLES, VISITOR
from tests.idle_jobs import StillJobs
from tests.served import Browser, sentences
from tests.test_models import Hand, texts

TOKEN, PRESENTER = "a-token-for-this-test", "another-for-presenters"
VISITED = Hosting(access="visitor", token=TOKEN, presenter_token=PRESENTER)
TOKENS = {"presenter": PRESENTER, "operator": TOKEN}
ACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "train": ("train", {"state": ("digits", "3", "2", "0")}),
    "cancel": ("do", {"of": {"do": "cancel", "key": "train-1"}}),
    "go on": ("do", {"of": {"do": "resume", "key": "x.training"}}),
    "discard": ("do", {"of": {"do": "discard", "key": "x.training"}}),
    "ask before deleting": ("delete", {"of": {"delete": "mine"}}),
    "delete": ("sure", {"state": ("mine",)}),
    "import": ("upload", {"state": ("new.safetensors",)}),
}


@pytest.fixture
def http(settings: Settings, write_model: Any) -> FlaskClient:
    write_model(settings.models / "mine.safetensors")
    return app.create_apps(VISITED, StillJobs(settings))[0].server.test_client()


def files(settings: Settings) -> list[str]:
    return sorted(str(path.relative_to(settings.models)) for path in settings.models.rglob("*"))


def enter(http: FlaskClient, token: str = TOKEN, page: str = "/models/", query: str = "&theme=dark") -> Any:
    return http.get(f"{page}?operator={token}{query}")


@pytest.mark.parametrize(("first", "options"), ACTS.values(), ids=list(ACTS))
def test_a_visitor_is_refused_with_a_sentence_whatever_is_posted(
    http: FlaskClient, settings: Settings, first: str, options: dict[str, Any]
):
    before = files(settings)
    hand = Hand(http)
    value = "data:x;base64," + base64.b64encode(b"nothing").decode() if first == "upload" else 1
    assert sentences(hand.post(first, value, **options)) == [ACTING]
    assert files(settings) == before
    assert "Nothing is being trained" in texts(hand.poll()["jobs"]["children"])
    enter(http)
    assert sentences(hand.post(first, value, **options)) != [ACTING]


@pytest.mark.parametrize("action", ["train", "download", "estimate", "cancel"])
def test_neither_does_the_explorer_act_for_a_visitor(http: FlaskClient, action: str):
    browser = Browser(http)
    asked = {"action": action, "key": "train-1", "dataset": "digits", "n_latent": 3}
    assert sentences(browser.post("ask-job", asked)) == [ACTING]
    assert browser.ask("settled", "d=digits&nz=7")["settled"]["data"]["offer"] is None
    enter(http)
    assert sentences(browser.post("ask-job", asked)) != [ACTING]


def test_a_visitor_still_looks_at_everything(http: FlaskClient):
    browser = Browser(http)
    query = "d=digits&nz=2&src=decoded&runs=10&T=5"
    for route in ("settled", "run", "runfilm", "ensemble", "film", "sweep", "image"):
        assert browser.ask(route, query)
    with http.get("/models/file/mine.safetensors") as file:
        assert file.status_code == 200


@pytest.mark.parametrize("page", ["/", "/paper/", "/models/"])
def test_every_page_says_who_acts_and_hides_what_acts(http: FlaskClient, page: str):
    seen = http.get(f"{page}_dash-layout").get_data(as_text=True)
    assert "shell visitor" in seen
    assert VISITOR in seen
    enter(http)
    seen = http.get(f"{page}_dash-layout").get_data(as_text=True)
    assert "shell visitor" not in seen
    assert VISITOR not in seen


@pytest.mark.parametrize("page", ["/", "/paper/", "/models/"])
def test_the_link_becomes_a_cookie_and_the_clean_address(http: FlaskClient, page: str):
    entered = enter(http, page=page)
    assert (entered.status_code, entered.headers["Location"]) == (303, "./?theme=dark")
    cookie = entered.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert TOKEN not in cookie
    assert enter(http, page=page, query="").headers["Location"] == "./"
    secure = http.get(f"/?operator={TOKEN}", base_url="https://localhost")
    assert "Secure" in secure.headers["Set-Cookie"]


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "é", "%00", "%ff"])
def test_a_wrong_link_opens_nothing_and_the_token_is_not_logged(
    http: FlaskClient, token: str, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.DEBUG):
        refused = enter(http, token)
        enter(http)
    assert refused.status_code == 403
    assert "Set-Cookie" not in refused.headers
    assert "operator's link" in refused.get_data(as_text=True)
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("value", ["", "1", TOKEN, "x" * 64, "é"])
def test_a_cookie_that_was_made_up_opens_nothing(http: FlaskClient, value: str):
    http.set_cookie(COOKIE, value)
    assert sentences(Hand(http).post("train", 1, state=("digits", "3", "2", "0"))) == [ACTING]


def test_a_large_body_is_not_read_for_a_visitor(http: FlaskClient):
    body = b"{" + b" " * 5_000_000
    update = "/models/_dash-update-component"
    assert http.post(update, data=body, content_type="application/json").status_code == 413
    enter(http)
    assert http.post(update, data=body, content_type="application/json").status_code == 400


def test_where_everybody_acts_the_link_only_cleans_the_address(settings: Settings):
    http = app.create_app(settings).server.test_client()
    entered = enter(http)
    assert entered.status_code == 303
    assert "Set-Cookie" not in entered.headers


def test_imports_and_the_folder_of_models_have_limits(settings: Settings, write_model: Any):
    write_model(settings.models / "mine.safetensors")
    size = (settings.models / "mine.safetensors").stat().st_size
    content = "data:x;base64," + base64.b64encode((settings.models / "mine.safetensors").read_bytes()).decode()
    for narrow, reason in (
        (replace(settings, max_import=size - 1), "larger than"),
        (replace(settings, max_models=2 * size - 1), "LT_MAX_MODELS_MB"),
    ):
        hand = Hand(app.create_app(narrow).server.test_client())
        assert reason in sentences(hand.post("upload", content, state=("new.safetensors",)))[0]
    full = replace(settings, max_models=size - 1)
    hand = Hand(app.create_apps(Hosting(), StillJobs(full))[0].server.test_client())
    assert "LT_MAX_MODELS_MB" in sentences(hand.post("train", 1, state=("digits", "3", "2", "0")))[0]


# The table of roles


def refusal(http: FlaskClient, action: str) -> str:
    """The sentence by which an action is refused; empty where it is allowed, whatever else may be wrong with it."""
    if action == "look":
        return "" if http.get("/models/").status_code == 200 else "refused"
    if action in ("present", "answer"):
        asked = {
            "present": ("/lessons", {"lesson": packed(Lesson("A lesson", (Frame("p=0.3"),)))}),
            "answer": ("/lessons/333333/answers", {"client": "12345678", "frame": 0, "answer": "I"}),
        }
        response = http.post(asked[action][0], json=asked[action][1])
        assert response.status_code in (201, 403, 404)
        return response.get_data(as_text=True) if response.status_code == 403 else ""
    if action == "fetch":
        said = sentences(Browser(http).post("ask-job", {"action": "download", "dataset": "digits", "n_latent": 3}))
    else:
        acts = {"train": "train", "import": "import", "delete": "delete", "cancel": "cancel"}
        first, options = ACTS[acts[action]]
        value = "data:x;base64," + base64.b64encode(b"nothing").decode() if first == "upload" else 1
        said = sentences(Hand(http).post(first, value, **options))
    return next((sentence for sentence in said if sentence == ACTING), "")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", LEAST)
def test_every_action_is_refused_below_its_role_and_allowed_from_it_on(http: FlaskClient, action: str, role: str):
    if role in TOKENS:
        http.get(f"/?{role}={TOKENS[role]}")
    is_allowed = ROLES.index(role) >= ROLES.index(LEAST[action])
    expected = "" if is_allowed else {"presenter": PRESENTING, "operator": ACTING}[LEAST[action]]
    assert refusal(http, action) == expected


def test_the_table_of_the_readme_is_that_of_the_code(root: Path):
    rows = [
        line.strip("| ").split(" | ")
        for line in (root / "README.md").read_text().splitlines()
        if "| –" in line or "| yes" in line
    ]
    header = "| may | " + " | ".join(ROLES) + " |"
    assert header in (root / "README.md").read_text()
    table = {cells[0].split()[0].strip(":,"): cells[1:] for cells in rows if set(cells[1:]) <= {"yes", "–"}}
    assert table == {
        action: ["yes" if ROLES.index(role) >= ROLES.index(least) else "–" for role in ROLES]
        for action, least in LEAST.items()
    }


def test_the_presenters_link_opens_lessons_and_nothing_else(http: FlaskClient):
    entered = http.get(f"/?presenter={PRESENTER}&theme=dark")
    assert (entered.status_code, entered.headers["Location"]) == (303, "./?theme=dark")
    assert all(word in entered.headers["Set-Cookie"] for word in (COOKIES["presenter"], "HttpOnly", "SameSite=Strict"))
    assert PRESENTER not in entered.headers["Set-Cookie"]
    seen = http.get("/_dash-layout").get_data(as_text=True)
    assert "shell visitor" in seen
    assert '"data-role":"presenter"' in seen
    assert "lead lessons" in seen


@pytest.mark.parametrize("hosting", [VISITED, replace(VISITED, presenter_token="")])
@pytest.mark.parametrize("token", ["", "wrong", TOKEN, PRESENTER + "x"])
def test_a_wrong_presenters_link_opens_nothing(settings: Settings, hosting: Hosting, token: str):
    http = app.create_apps(hosting, StillJobs(settings))[0].server.test_client()
    refused = http.get(f"/?presenter={token}")
    assert refused.status_code == 403
    assert "presenter's link" in refused.get_data(as_text=True)
    assert "Set-Cookie" not in refused.headers
    assert refusal(http, "present") == PRESENTING


def test_the_cookie_of_one_role_is_of_no_use_for_another(http: FlaskClient):
    http.get(f"/?presenter={PRESENTER}")
    cookie = http.get_cookie(COOKIES["presenter"])
    assert cookie
    http.set_cookie(COOKIE, cookie.value)
    assert refusal(http, "train") == ACTING
    assert refusal(http, "present") == ""


def test_both_links_at_once_give_both(http: FlaskClient):
    one = http.get(f"/?presenter={PRESENTER}&operator={TOKEN}&theme=dark")
    other = http.get("/" + one.headers["Location"].removeprefix("./"))
    assert other.headers["Location"] == "./?theme=dark"
    assert {http.get_cookie(name) is not None for name in COOKIES.values()} == {True}
