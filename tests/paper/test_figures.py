"""The page of the paper draws figures: its callbacks over HTTP, on a small model."""

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.paper.figures.registry import FIGURES
from core.paper.shipped import shipped_figure
from core.session import Session
from core.settings import Settings
from core.specs import FigureSpec
from dashboard.theme import THEMES
from tests.paper.questions import ask_for, draw, select
from tests.served import Watched, sentences


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
