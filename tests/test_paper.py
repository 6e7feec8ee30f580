"""The page of the paper: its callbacks and files over HTTP, on a small model."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import experiments
from core.config import InferenceSpec, Settings
from dashboard.pages import paper
from tests.served import create_app, own_cache


@pytest.fixture
def served(trained: tuple[Settings, str], tmp_path: Path) -> tuple[Any, InferenceSpec, Settings]:
    home, id = trained
    settings = own_cache(home, tmp_path / "cache")
    spec = InferenceSpec(model=id, n_runs=12, n_steps=6, sample=3)
    return create_app(settings).server.test_client(), spec, settings


def draw(http: Any, name: str, spec: InferenceSpec, *, update: str = "/paper/_dash-update-component") -> dict[str, Any]:
    places = [("drawn", "figure"), ("drawn-title", "children"), ("files", "children"), ("drawn-panel", "hidden")]
    body = {
        "output": f"..{'...'.join(f'{i}.{p}' for i, p in places)}..",
        "outputs": [{"id": i, "property": p} for i, p in places],
        "inputs": [{"id": "asked", "property": "data", "value": {"figure": name, "query": spec.to_query()}}],
        "state": [{"id": "look", "property": "data", "value": "light"}],
        "changedPropIds": ["asked.data"],
    }
    response = http.post(update, json=body)
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_json()["response"]


@pytest.mark.parametrize("name", ["fig1", "fig2", "fig3", "suppC", "suppF", "fig6", "fig7a", "fig7b", "suppE", "fig10"])
def test_a_figure_is_drawn_with_links_to_its_files(served: tuple[Any, InferenceSpec, Settings], name: str):
    http, spec, _ = served
    shown = draw(http, name, spec)
    assert shown["drawn"]["figure"]["data"]
    assert shown["drawn-panel"]["hidden"] is False
    assert f"data/{name}.npz" in json.dumps(shown["files"])


def test_equal_questions_are_computed_once(
    served: tuple[Any, InferenceSpec, Settings], monkeypatch: pytest.MonkeyPatch
):
    http, spec, _ = served
    computed: list[str] = []
    real = experiments.approach_curves
    monkeypatch.setattr(experiments, "approach_curves", lambda *a, **k: computed.append("x") or real(*a, **k))
    draw(http, "fig3", spec)
    draw(http, "suppF", spec)  # the same runs
    draw(http, "fig3", replace(spec, n_runs=11))
    assert len(computed) == 2


def test_the_files_hold_the_numbers_and_the_recipe(served: tuple[Any, InferenceSpec, Settings]):
    http, spec, settings = served
    query = spec.to_query()
    truth = experiments.run(spec, settings)
    with np.load(io.BytesIO(http.get(f"/paper/data/fig1.npz?{query}").data)) as found:
        np.testing.assert_array_equal(found["run.z"], truth.z)
        recipe = json.loads(str(found["recipe"]))
    assert InferenceSpec.from_dict(recipe["spec"]) == spec
    assert http.get(f"/paper/data/fig1.json?{query}").get_json() == recipe
    lines = http.get(f"/paper/data/fig1.csv?{query}").text.splitlines()
    assert f"run.z,2 1,{truth.z[2, 1]}" in lines
    assert http.get("/paper/data/nothing.npz").status_code == 404
    assert http.get("/paper/data/fig1.npz?model=nobody").status_code == 400
    assert http.get(f"/paper/data/fig1.npz?{query}&noise=7").status_code == 400


def test_a_cancelled_computation_gives_up_at_its_next_report(served: tuple[Any, InferenceSpec, Settings]):
    page = paper.PaperPage.__new__(paper.PaperPage)
    page.progress, page.stopped = {}, set()
    report = page.reporter("a")
    report(0.5, "half")
    page.stopped.add("a")
    with pytest.raises(paper.CancelledError):
        report(0.6, "more")
    page.reporter("a")(0.0, "again")  # a new attempt is not stopped by the old wish
