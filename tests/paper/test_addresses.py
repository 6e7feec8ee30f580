"""What the page of the paper asks for: by its address, by a choice, by a click."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from core.paper.shipped import shipped_figure
from core.session import Session
from core.settings import Settings
from core.specs import FigureSpec
from tests.paper.questions import asked_by, navigate, post, shipped_spec
from tests.served import sentences


def test_an_address_is_a_figure_with_its_settings(served: tuple[Any, FigureSpec, Settings]):
    http, spec, settings = served
    wanted = replace(spec, label=3, noise=0.4, source="decoded")
    found = navigate(http, "url.pathname", path="/paper/fig2", search=f"?{wanted.to_query()}")
    assert asked_by(found) == ("fig2", wanted)
    asked = found.get_json()["response"]["asked"]["data"]
    assert asked["choices"] == {
        "model": spec.model,
        "label": "3",
        "noise_kind": "permute",
        "noise": "0.4",
        "n_runs": "12",
    }
    by_hand = navigate(http, "url.pathname", path="/paper/fig2", search="?label=3&theme=dark")
    assert asked_by(by_hand) == ("fig2", replace(shipped_spec(settings, "fig2"), label=3, source="decoded"))
    assert "asked" not in navigate(http, "url.pathname").get_json()["response"]  # the article
    wrong = navigate(http, "url.pathname", path="/paper/fig2", search=f"?{wanted.to_query()}&noise=7")
    assert "noise" in " ".join(sentences(wrong))
    for path, search in (("/paper/fig99", ""), ("/paper/fig2", "?model=nobody"), (7, "")):
        assert sentences(navigate(http, "url.pathname", path=path, search=search))


def test_a_figure_without_settings_in_its_address_is_the_shipped_one(served: tuple[Any, FigureSpec, Settings]):
    http, _, settings = served
    shipped = shipped_figure("fig4a", Session.open(settings))
    assert shipped
    assert asked_by(navigate(http, "url.pathname", path="/paper/fig4a")) == ("fig4a", shipped.spec)


def test_what_is_chosen_is_asked_for(served: tuple[Any, FigureSpec, Settings]):
    http, spec, _ = served
    asked = {"figure": "fig4a", "query": spec.to_query(), "turn": "t1"}
    choices = {"model": spec.model, "label": "2", "noise_kind": "invert", "n_runs": "20", "noise": "0.9", "t": "3"}
    name, found = asked_by(navigate(http, "choices.data", asked=asked, choices=choices))
    assert (name, found.label, found.noise_kind, found.n_runs) == ("fig4a", 2, "invert", 20)
    assert found.noise == FigureSpec(model="a").noise  # which changes nothing in this figure
    for wrong in (None, {}, {"model": 7}, choices | {"label": "12"}):
        assert sentences(navigate(http, "choices.data", asked=asked, choices=wrong))


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
