"""`python -m dashboard figure`: the files of a figure, and the recipe from which it comes out again exactly."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core import experiments
from core.paper.figures.questions import figure_spec
from core.session import Session
from core.settings import Settings
from core.specs import FigureSpec
from core.zoo import FORMER_WEIGHTS
from tests.conftest import CommandLine, is_refused
from tests.served import create_app, own_cache

SHORT = ("--runs", "12", "--noise", "0.3", "--label", "1", "--noise-kind", "permute")


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pictures that cost no time; the names of those that were drawn."""
    drawn: list[str] = []

    def write(_: go.Figure, file: Path, **options: Any) -> None:
        drawn.append(file.name)
        file.write_bytes(b"picture")

    monkeypatch.setattr(go.Figure, "write_image", write)
    return drawn


def arrays(file: Path) -> dict[str, np.ndarray]:
    with np.load(file, allow_pickle=False) as found:
        return dict(found)


def test_a_figure_is_written_with_its_settings_and_the_papers_where_none_are_given(
    drawing: CommandLine, trained: tuple[Settings, str], tmp_path: Path, no_browser: list[str]
):
    home, id = trained
    status, answer, _, _ = drawing(
        "figure", "fig1", "--model", id, *SHORT, "--output", str(tmp_path / "new"), home=home
    )
    expected = FigureSpec(model=id, label=1, n_runs=12, noise=0.3, noise_kind="permute")
    assert status == 0
    assert FigureSpec.from_dict(answer["spec"]) == expected
    assert no_browser == ["fig1.png", "fig1.svg"]
    tables = {
        f"fig1_{name}.csv" for name in ("by-t", "by-pixel", "by-landmark", "by-unit", "by-label", "single-values")
    }
    assert {Path(file).name for file in answer["files"]} == {
        f"fig1.{e}" for e in ("npz", "json", "png", "svg")
    } | tables
    assert all(Path(file).exists() for file in answer["files"])
    found = arrays(tmp_path / "new" / "fig1.npz")
    np.testing.assert_array_equal(found["run.z"], experiments.run(expected, Session.open(home)).z)
    paper = drawing("figure", "fig2", "--model", id, "--output", str(tmp_path), home=home)[1]["spec"]
    assert (paper["label"], paper["noise"], paper["noise_kind"]) == (1, 0.2, "permute")


@pytest.mark.parametrize("name", ["fig2", "fig3", "fig8", "suppB"])
def test_the_recipe_of_the_page_gives_the_same_numbers_on_another_cache(
    drawing: CommandLine, trained: tuple[Settings, str], tmp_path: Path, name: str
):
    home, id = trained
    spec = FigureSpec(model="digits-nz10-seed0" if name == "fig8" else id, n_runs=12, noise=0.3, label=1)
    http = create_app(own_cache(home, tmp_path / "one")).server.test_client()
    recipe = tmp_path / "recipe.json"
    recipe.write_bytes(http.get(f"/paper/data/{name}.json?{spec.to_query()}").data)
    (tmp_path / "page.npz").write_bytes(http.get(f"/paper/data/{name}.npz?{spec.to_query()}").data)
    other = own_cache(home, tmp_path / "two")
    status, answer, _, _ = drawing("figure", "--recipe", str(recipe), "--output", str(tmp_path), home=other)
    assert status == 0
    assert answer["weights"] == json.loads(recipe.read_text())["weights"]
    one, two = arrays(tmp_path / "page.npz"), arrays(tmp_path / f"{name}.npz")
    assert set(one) == set(two)
    for key, value in one.items():
        np.testing.assert_array_equal(value, two[key], err_msg=key)


def test_a_recipe_names_all_files_that_the_figure_rests_on(
    drawing: CommandLine, trained: tuple[Settings, str], tmp_path: Path
):
    home, id = trained
    answer = drawing("figure", "fig8", "--model", id, "--runs", "10", "--output", str(tmp_path), home=home)[1]
    shipped = {f"digits-nz{n}-seed0.safetensors" for n in (2, 10)}
    assert set(answer["weights"]) == {f"{id}.safetensors", *shipped}
    answer = drawing("figure", "suppB", "--model", id, "--runs", "10", "--output", str(tmp_path), home=home)[1]
    assert set(answer["weights"]) == {f"{id}.safetensors", "digits-classifier.safetensors"}


def test_a_recipe_of_other_weights_or_none_at_all_is_refused(
    drawing: CommandLine, trained: tuple[Settings, str], tmp_path: Path
):
    home, id = trained
    drawing("figure", "fig10", "--model", id, "--output", str(tmp_path), home=home)
    file = tmp_path / "fig10.json"
    recipe = json.loads(file.read_text())
    for wrong, word in (
        (recipe | {"weights": {f"{id}.safetensors": "0" * 64}}, "other models"),
        (recipe | {"figure": "nothing"}, "no such figure"),
        (recipe | {"spec": {"model": id, "taste": 1}}, "taste"),
        ({"figure": "fig1"}, "no recipe"),
        ([1], "no recipe"),
    ):
        file.write_text(json.dumps(wrong))
        assert is_refused(drawing("figure", "--recipe", str(file), home=home), word)
    file.write_text("{")
    assert is_refused(drawing("figure", "--recipe", str(file), home=home), "no JSON")
    assert is_refused(drawing("figure", "--recipe", str(file), "--label", "3", home=home), "Leave out the options")
    assert is_refused(drawing("figure", "--recipe", str(tmp_path / "none.json"), home=home), "Name a recipe")


@pytest.mark.parametrize("sha256", FORMER_WEIGHTS["mnist-nz100-seed0"])
def test_a_recipe_of_a_model_that_was_trained_anew_is_refused_with_that_reason(
    drawing: CommandLine, trained: tuple[Settings, str], tmp_path: Path, sha256: str
):
    spec = FigureSpec(model="mnist-nz100-seed0", source="decoded", noise_kind="invert")
    weights = {"mnist-nz100-seed0.safetensors": sha256}
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps({"figure": "fig10", "spec": spec.to_dict(), "weights": weights}))
    answer = drawing("figure", "--recipe", str(file), home=trained[0])
    assert is_refused(answer, "mnist-nz100-seed0 was trained anew (1,500 epochs) since this recipe was made.")


def test_without_a_browser_the_figure_is_a_page_and_a_sentence_says_why(
    drawing: CommandLine, trained: tuple[Settings, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def no_chrome(*_: Any, **__: Any) -> None:
        raise RuntimeError("Kaleido requires Google Chrome to be installed.")

    monkeypatch.setattr(go.Figure, "write_image", no_chrome)
    home, id = trained
    status, answer, _, err = drawing("figure", "fig10", "--model", id, "--output", str(tmp_path), home=home)
    assert status == 0
    assert "need Chrome or Chromium" in err.strip().splitlines()[-1]
    assert str(tmp_path / "fig10.html") in answer["files"]
    assert "tanh" in (tmp_path / "fig10.html").read_text()


def test_fashion_has_a_figure_of_its_own(trained: tuple[Settings, str], tmp_path: Path):
    """Supplement D is about Fashion-MNIST, whatever model is at hand."""
    home, id = trained
    session = Session.open(own_cache(home, tmp_path))
    assert figure_spec(session, "suppD", {"model": id}).model == "fashion-nz100-seed0"
    assert figure_spec(session, "fig3", {"model": id}).model == id
    most = session.n_memories("digits-nz10-seed0")
    assert figure_spec(session, "fig4a", {"model": "digits-nz10-seed0"}).n_runs == most
