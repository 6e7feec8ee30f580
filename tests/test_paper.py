"""The page of the paper: its callbacks and files over HTTP, on a small model."""

import csv
import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from PIL import Image

from core import experiments
from core.paper.figures.registry import FIGURES
from core.paper.shipped import shipped_figure
from core.progress import Progress
from core.session import Session
from core.settings import Settings
from core.specs import FigureSpec
from dashboard.theme import THEMES
from tests.processes import until
from tests.served import Watched, create_app, own_cache, sentences


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def served(trained: tuple[Settings, str], tmp_path: Path, watched: Watched) -> tuple[Any, FigureSpec, Settings]:
    home, id = trained
    settings = own_cache(home, tmp_path / "cache")
    spec = FigureSpec(model=id, n_runs=12, n_steps=6, sample=3)
    return create_app(settings, computations=watched).server.test_client(), spec, settings


def post(http: Any, outputs: list[str], inputs: dict[str, Any], state: dict[str, Any], changed: str) -> Any:
    places = [dict(zip(("id", "property"), each.rsplit(".", 1), strict=True)) for each in outputs]

    def given(values: dict[str, Any]) -> list[Any]:
        """Of all that a pattern matches there is nothing."""
        plain = {k: dict(zip(("id", "property"), k.rsplit(".", 1), strict=True)) for k in values}
        return [[] if k.startswith("{") else plain[k] | {"value": v} for k, v in values.items()]

    body = {
        "output": f"..{'...'.join(outputs)}.." if len(outputs) > 1 else outputs[0],
        "outputs": places if len(outputs) > 1 else places[0],
        "inputs": given(inputs),
        "state": given(state),
        "changedPropIds": [changed],
    }
    response = http.post("/paper/_dash-update-component", json=body)
    assert response.status_code in (200, 204), response.get_data(as_text=True)
    return response


DRAWN = ["drawn.figure", "drawn-title.children", "drawn-note.children", "files.children"]
DRAWN += ["drawn-panel.hidden", "drawn.style"]
DRAWN += ["message.children"]

TOLD = ["far.children", "sketch.figure", "sketch.style", "sketched.data"]
UNSEEN = {"asked.data": None, "look.data": "light", "sketched.data": None}


def ask_for(http: Any, asked: object, client: object = "a", look: str = "light", changed: str = "asked.data") -> Any:
    return post(http, DRAWN, {"asked.data": asked, "look.data": look}, {"client.data": client}, changed)


def cancel(http: Any, client: str, asked: object) -> Any:
    """What the button Cancel asks."""
    return post(
        http, ["ended.data"], {"cancel.n_clicks": 1}, {"client.data": client, "asked.data": asked}, "cancel.n_clicks"
    )


def draw(http: Any, name: str, spec: FigureSpec, **options: Any) -> dict[str, Any]:
    response = ask_for(http, {"figure": name, "query": spec.to_query(), "turn": "t1"}, **options)
    answer = response.get_json()
    assert answer["sideUpdate"]["ended"]["data"] == "t1"
    assert "notice" not in answer["sideUpdate"], answer["sideUpdate"]
    return answer["response"]


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in ("stages", "stagesNz", "suppD", "suppB")])
def test_a_figure_is_drawn_with_links_to_its_files(served: tuple[Any, FigureSpec, Settings], name: str):
    http, spec, _ = served
    shown = draw(http, name, spec)
    assert shown["drawn"]["figure"]["data"]
    assert shown["drawn-panel"]["hidden"] is False
    assert shown["drawn"]["style"]["height"] == shown["drawn"]["figure"]["layout"]["height"] > 100
    assert f"data/{name}.npz" in json.dumps(shown["files"])


def test_the_theme_changes_the_colours_of_the_figure(served: tuple[Any, FigureSpec, Settings]):
    http, spec, _ = served
    figure = draw(http, "fig7b", spec, look="dark", changed="look.data")["drawn"]["figure"]
    assert figure["layout"]["template"]["layout"]["font"]["color"] == THEMES["dark"].quiet
    assert ask_for(http, None, changed="look.data").status_code == 204  # nothing was asked for yet


def test_the_branches_are_told_apart_at_the_step_that_is_asked_for(served: tuple[Any, FigureSpec, Settings]):
    http, spec, _ = served
    spec = replace(spec, n_steps=20)
    titles = [draw(http, "suppB", replace(spec, t=t))["drawn"]["figure"]["layout"]["annotations"][0] for t in (10, 4)]
    assert [title["text"] for title in titles] == ["t = 10", "t = 4"]
    late = {"figure": "suppB", "query": replace(spec, t=21).to_query(), "turn": "t1"}
    assert "t must not be above n_steps = 20" in " ".join(sentences(ask_for(http, late)))


def select(http: Any, spec: FigureSpec, selected: object) -> Any:
    """What happens when a line is drawn around points of the branches."""
    asked = {"figure": "suppB", "query": spec.to_query(), "turn": "t1"}
    return settle(http, "drawn.selectedData", asked=asked, selected=selected)


def settle(
    http: Any, changed: str, *, path: object = "/paper/", search: object = "", choices: object = None, **more: object
) -> Any:
    """What happens when the page is opened, a setting is chosen, or a line is drawn."""
    inputs = {"url.pathname": path, "choices.data": choices, "drawn.selectedData": more.get("selected")}
    return post(http, ["asked.data"], inputs, {"url.search": search, "asked.data": more.get("asked")}, changed)


def asked_by(answer: Any) -> tuple[str, FigureSpec]:
    """The figure and its settings that the page asks for then."""
    asked = answer.get_json()["response"]["asked"]["data"]
    return asked["figure"], FigureSpec.from_query(asked["query"])[0]


def shipped_spec(settings: Settings, id: str) -> FigureSpec:
    """The settings of a shipped figure."""
    found = shipped_figure(id, Session.open(settings))
    assert found
    return found.spec


def test_an_address_is_a_figure_with_its_settings(served: tuple[Any, FigureSpec, Settings]):
    http, spec, settings = served
    wanted = replace(spec, label=3, noise=0.4, source="decoded")
    found = settle(http, "url.pathname", path="/paper/fig2", search=f"?{wanted.to_query()}")
    assert asked_by(found) == ("fig2", wanted)
    asked = found.get_json()["response"]["asked"]["data"]
    assert asked["choices"] == {
        "model": spec.model,
        "label": "3",
        "noise_kind": "permute",
        "noise": "0.4",
        "n_runs": "12",
    }
    by_hand = settle(http, "url.pathname", path="/paper/fig2", search="?label=3&theme=dark")
    assert asked_by(by_hand) == ("fig2", replace(shipped_spec(settings, "fig2"), label=3, source="decoded"))
    assert "asked" not in settle(http, "url.pathname").get_json()["response"]  # the article
    wrong = settle(http, "url.pathname", path="/paper/fig2", search=f"?{wanted.to_query()}&noise=7")
    assert "noise" in " ".join(sentences(wrong))
    for path, search in (("/paper/fig99", ""), ("/paper/fig2", "?model=nobody"), (7, "")):
        assert sentences(settle(http, "url.pathname", path=path, search=search))


def test_a_figure_without_settings_in_its_address_is_the_shipped_one(served: tuple[Any, FigureSpec, Settings]):
    http, _, settings = served
    shipped = shipped_figure("fig4a", Session.open(settings))
    assert shipped
    assert asked_by(settle(http, "url.pathname", path="/paper/fig4a")) == ("fig4a", shipped.spec)


def test_what_is_chosen_is_asked_for(served: tuple[Any, FigureSpec, Settings]):
    http, spec, _ = served
    asked = {"figure": "fig4a", "query": spec.to_query(), "turn": "t1"}
    choices = {"model": spec.model, "label": "2", "noise_kind": "invert", "n_runs": "20", "noise": "0.9", "t": "3"}
    name, found = asked_by(settle(http, "choices.data", asked=asked, choices=choices))
    assert (name, found.label, found.noise_kind, found.n_runs) == ("fig4a", 2, "invert", 20)
    assert found.noise == FigureSpec(model="a").noise  # which changes nothing in this figure
    for wrong in (None, {}, {"model": 7}, choices | {"label": "12"}):
        assert sentences(settle(http, "choices.data", asked=asked, choices=wrong))


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_article_gets_its_pictures_without_computing(
    served: tuple[Any, FigureSpec, Settings], watched: Watched, look: str
):
    http, _, _ = served
    figure = http.get(f"/paper/drawn/fig4a.json?look={look}").get_json()
    assert figure["layout"]["template"]["layout"]["font"]["color"] == THEMES[look].quiet
    assert figure["layout"]["xaxis"]["fixedrange"]
    assert watched.computed == []
    assert http.get("/paper/drawn/nothing.json").status_code == 404


def test_a_shipped_figure_is_not_computed_for_its_page_and_its_files(
    served: tuple[Any, FigureSpec, Settings], watched: Watched
):
    http, _, settings = served
    shipped = shipped_figure("fig5a", Session.open(settings))
    assert shipped
    draw(http, "fig5a", shipped.spec)
    with np.load(io.BytesIO(http.get(f"/paper/data/fig5a.npz?{shipped.spec.to_query()}").data)) as found:
        assert found["map.noises"].shape == (41,)
    assert watched.computed == []


def test_runs_within_a_line_become_a_branch(served: tuple[Any, FigureSpec, Settings]):
    http, spec, _ = served
    spec = replace(spec, t=4)
    line = {"points": [{"curveNumber": k, "customdata": n} for k, n in ((1, 7), (0, 2), (0, 11))] + [{"x": 80}]}
    answer = select(http, spec, line).get_json()["response"]
    asked = FigureSpec.from_query(answer["asked"]["data"]["query"])[0]
    assert asked == replace(spec, chosen=(2, 7, 11))
    figure = draw(http, "suppB", asked)["drawn"]["figure"]
    assert figure["layout"]["dragmode"] == "lasso"
    titles = [note["text"].partition(":")[0] for note in figure["layout"]["annotations"][1::2]]
    assert titles == ["chosen, 3 runs", "others, 9 runs"]
    assert [trace["customdata"] for trace in figure["data"][:6:3]] == [[2, 7, 11], [0, 1, 3, 4, 5, 6, 8, 9, 10]]


def test_a_line_around_nothing_changes_nothing(served: tuple[Any, FigureSpec, Settings]):
    http, spec, _ = served
    for selected in (None, {"points": []}, {"points": [{"x": 80, "y": "6"}]}):
        assert not select(http, spec, selected).get_json()["response"]
    for nonsense in ("x", {"points": "x"}, {"points": [7]}):
        assert "Draw it again." in " ".join(sentences(select(http, spec, nonsense)))
    whole = replace(spec, t=4, chosen=tuple(range(12)))
    everything = {"figure": "suppB", "query": whole.to_query(), "turn": "t1"}
    assert "leave others" in " ".join(sentences(ask_for(http, everything)))


def test_only_the_branches_depend_on_their_step(served: tuple[Any, FigureSpec, Settings], watched: Watched):
    http, spec, _ = served
    first = draw(http, "fig2", spec)
    assert draw(http, "fig2", replace(spec, t=3))["drawn"] == first["drawn"]
    assert watched.computed == ["embedding", "latent_activity"]
    draw(http, "suppB", replace(spec, t=3))
    draw(http, "suppB", replace(spec, t=4))
    assert watched.computed.count("branches") == 2
    assert watched.computed.count("latent_activity") == 1  # the runs are those of Fig. 2


def test_equal_questions_are_computed_once(served: tuple[Any, FigureSpec, Settings], watched: Watched):
    http, spec, _ = served
    draw(http, "fig3", spec)
    draw(http, "suppF", spec)  # the same runs
    draw(http, "fig3", replace(spec, n_runs=11))
    assert watched.computed.count("approach_curves") == 2


def test_the_files_hold_the_numbers_and_the_recipe(served: tuple[Any, FigureSpec, Settings]):
    http, spec, settings = served
    query = spec.to_query()
    truth = experiments.run(spec, Session.open(settings))
    with np.load(io.BytesIO(http.get(f"/paper/data/fig1.npz?{query}").data)) as found:
        np.testing.assert_array_equal(found["run.z"], truth.z)
        recipe = json.loads(str(found["recipe"]))
    assert FigureSpec.from_dict(recipe["spec"]) == spec
    assert http.get(f"/paper/data/fig1.json?{query}").get_json() == recipe
    rows = list(csv.DictReader(io.StringIO(http.get(f"/paper/data/fig1.csv?{query}&table=by-t").text)))
    assert float(rows[2]["z_1 [latent units]"]) == pytest.approx(truth.z[2, 1])
    assert [row["t"] for row in rows] == [str(t) for t in range(7)]
    assert http.get(f"/paper/data/fig1.csv?{query}").status_code == 400  # which of its tables?
    assert http.get("/paper/data/nothing.npz").status_code == 404
    assert http.get("/paper/data/fig1.npz?model=nobody").status_code == 400
    assert http.get(f"/paper/data/fig1.npz?{query}&noise=7").status_code == 400


@pytest.mark.parametrize("plane", ["windowed", "landmark"])
def test_the_movies_are_taken_along_as_such(served: tuple[Any, FigureSpec, Settings], plane: str):
    http, spec, _ = served
    answer = http.get(f"/paper/data/movies.gif?{spec.to_query()}&plane={plane}")
    with Image.open(io.BytesIO(answer.data)) as movie:
        assert (movie.n_frames, movie.size) == (1 + 6 * 5, (640, 360))  # type: ignore[attr-defined]
    assert plane in answer.headers["Content-Disposition"].replace("windowed-pca", "windowed")
    assert http.get(f"/paper/data/movies.gif?{spec.to_query()}&plane=none").status_code == 400
    assert http.get(f"/paper/data/fig1.gif?{spec.to_query()}").status_code == 404


def test_the_page_follows_a_movie_to_its_file_and_cancels_another(served: tuple[Any, FigureSpec, Settings]):
    http, spec, _ = served
    outputs = ["movie-bar.value", "movie-far.children", "movie-file.children", "filmed.data"]
    asked = {"figure": "movies", "query": spec.to_query(), "labels": "one", "plane": "windowed", "format": "gif"}

    def follow(number: int, **changes: Any) -> dict[str, Any]:
        inputs = {"movie.data": asked | {"number": number} | changes, "clock.n_intervals": 1}
        return post(http, outputs, inputs, {"client.data": "a"}, "clock.n_intervals").get_json()["response"]

    answers: list[dict[str, Any]] = []

    def has_ended() -> bool:
        answers.append(follow(1))
        return "filmed" in answers[-1]

    until(has_ended, "the movie is complete")
    link = answers[-1]["movie-file"]["children"][0]["props"]
    with Image.open(io.BytesIO(http.get(f"/paper/{link['href']}").data)) as movie:
        assert movie.n_frames == 1 + 6 * 5  # type: ignore[attr-defined]
    assert link["children"].startswith("Save windowed-pca_")
    follow(2, labels="all")
    state = {"movie.data": asked | {"number": 2}, "client.data": "a"}
    answer = post(http, ["clock.n_intervals"], {"cancel-movie.n_clicks": 1}, state, "cancel-movie.n_clicks")
    assert answer.get_json()["response"] == {"clock": {"n_intervals": 0}}
    assert follow(2)["movie-far"]["children"] == "Cancelled."


@pytest.mark.parametrize("asked", [7, {"figure": "fig1"}, {"figure": "nothing", "query": "model=a"}, {"query": "T=x"}])
def test_garbage_gets_a_sentence(served: tuple[Any, FigureSpec, Settings], asked: object):
    http, _, _ = served
    assert sentences(ask_for(http, asked))
    assert sentences(post(http, ["go.href"], {"drawn.clickData": {}}, {"asked.data": asked}, "drawn.clickData"))


@pytest.mark.parametrize("client", [None, 7, "", "x" * 65])
def test_who_does_not_say_who_asks_gets_a_sentence(served: tuple[Any, FigureSpec, Settings], client: object):
    http, spec, _ = served
    ticks = {"tick.n_intervals": 1}
    assert sentences(post(http, TOLD, ticks, {"client.data": client} | UNSEEN, "tick.n_intervals"))
    assert sentences(ask_for(http, {"figure": "fig1", "query": spec.to_query()}, client))


def test_cancel_lets_one_person_go_and_says_so(served: tuple[Any, FigureSpec, Settings], watched: Watched):
    """The other one who waits gets the figure."""
    http, spec, _ = served
    go = threading.Event()

    def slow(name: str, progress: Progress) -> None:
        while name == "embedding" and not go.wait(0.01):
            progress(0.25, "a quarter")

    watched.before = slow
    clients = {name: http.application.test_client() for name in "ab"}
    asked = {"figure": "fig2", "query": spec.to_query(), "turn": "t2"}

    def far(name: str) -> str:
        answer = post(http, TOLD, {"tick.n_intervals": 1}, {"client.data": name} | UNSEEN, "tick.n_intervals")
        return answer.get_json()["response"]["far"]["children"]

    with ThreadPoolExecutor(2) as pool:
        answers = {name: pool.submit(ask_for, client, asked, name) for name, client in clients.items()}
        until(lambda: far("a") == far("b") == "25 % a quarter", "both wait")
        assert cancel(http, "a", asked).status_code == 204
        assert far("a") == ""
        gone = answers["a"].result(10).get_json()
        assert gone["response"] == {"message": {"children": "Cancelled."}}
        assert gone["sideUpdate"]["ended"]["data"] == "t2"
        assert not answers["b"].done()
        go.set()
        assert answers["b"].result(10).get_json()["response"]["drawn"]["figure"]["data"]


def test_cancel_ends_what_was_to_be_asked_again(served: tuple[Any, FigureSpec, Settings]):
    http, spec, _ = served
    answer = cancel(http, "a", {"figure": "fig2", "query": spec.to_query(), "turn": "t2"}).get_json()
    assert answer["response"]["ended"]["data"] == "t2"
    assert answer["sideUpdate"] == {"retry": {"disabled": True}, "message": {"children": "Cancelled."}}


@pytest.mark.parametrize("name", ["stages", "fig5a"])
def test_a_long_figure_appears_piece_by_piece(served: tuple[Any, FigureSpec, Settings], watched: Watched, name: str):
    http, spec, _ = served
    go, calls = threading.Event(), list[str]()

    def held(what: str, _: Progress) -> None:
        calls.append(what)
        if len(calls) > 2 and not go.wait(20):
            raise TimeoutError

    watched.before = held
    asked = {"figure": name, "query": spec.to_query(), "turn": "t3"}

    def look(sketched: object) -> dict[str, Any]:
        state = {"client.data": "a", "asked.data": asked, "look.data": "dark", "sketched.data": sketched}
        ticks = {"tick.n_intervals": 1}
        return post(http.application.test_client(), TOLD, ticks, state, "tick.n_intervals").get_json()["response"]

    with ThreadPoolExecutor(1) as pool:
        whole = pool.submit(ask_for, http, asked, "a")
        until(lambda: len(calls) > 2 and "sketch" in look(None), "the third part waits")
        sketch = look(None)
        number = sketch["sketched"]["data"]
        assert number == ["t3", 2 if name == "stages" else 1]
        assert sketch["sketch"]["figure"]["layout"]["template"]["layout"]["font"]["color"] == THEMES["dark"].quiet
        assert "sketch" not in look(number)  # nothing new
        newer = asked | {"figure": "fig4a", "turn": "t4"}
        state = {"client.data": "a", "asked.data": newer, "look.data": "dark", "sketched.data": None}
        early = post(
            http.application.test_client(),
            TOLD,
            {"tick.n_intervals": 1},
            state,
            "tick.n_intervals",
        )
        assert "sketch" not in early.get_json()["response"]  # the newer question is not waited for yet
        go.set()
        final = whole.result(60).get_json()["response"]["drawn"]["figure"]
    partial = sketch["sketch"]["figure"]
    assert len(json.dumps(partial)) < len(json.dumps(final))
    assert partial["layout"]["height"] == final["layout"]["height"]
    assert "sketch" not in look(number)  # nobody waits any more


def test_a_click_on_a_cell_opens_its_run(served: tuple[Any, FigureSpec, Settings]):
    http, spec, _ = served

    def opened(name: str, x: object, y: object) -> dict[str, str]:
        asked = {"figure": name, "query": spec.to_query()}
        click = {"points": [{"x": x, "y": y}]}
        answer = post(http, ["go.href"], {"drawn.clickData": click}, {"asked.data": asked}, "drawn.clickData")
        if found := sentences(answer):
            return {"refused": found[0]}
        href = answer.get_json()["response"]["go"]["href"]
        return dict(parse_qsl(urlsplit(href).query))

    found = opened("fig5a", 4, 0.325)
    assert (found["t"], found["p"], found["model"]) == ("4", "0.325", spec.model)
    assert opened("stages", 0.4, "3") | {"label": "3", "p": "0.4"} == opened("stages", 0.4, "3")
    assert opened("stagesNz", 0.4, "2")["model"] == "digits-nz2-seed0"
    for wrong in (("fig5a", 900, 0.3), ("fig5a", "a", 0.3), ("fig5a", 3, 7), ("stages", 0.3, "x"), ("fig1", 1, 1)):
        assert "refused" in opened(*wrong), wrong
