"""The files of the explorer's panels: exact, and the same bytes by the command of their recipe."""

import csv
import io
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import create_app
from core import experiments
from core.panel_data import SPECS
from core.session import Session
from core.settings import Settings
from core.specs import EmbeddingSpec, EnsembleSpec, NoiseSweepSpec, RunSpec
from dashboard.controls import sweep_spec
from tests.conftest import CommandLine
from tests.served import own_cache

QUERY = "v=3&d=digits&src=decoded&label=1&i=5&p=0.3&runs=20&T=6&seed=4"


@pytest.fixture
def served(trained: tuple[Settings, str], tmp_path: Path) -> tuple[Any, str, Settings]:
    home, id = trained
    settings = own_cache(home, tmp_path / "one")
    return create_app(settings).server.test_client(), f"/data/{{}}.{{}}?{QUERY}&model={id}", settings


@pytest.mark.parametrize("panel", SPECS)
def test_the_command_of_the_recipe_writes_the_same_bytes(
    served: tuple[Any, str, Settings], trained: tuple[Settings, str], command: CommandLine, tmp_path: Path, panel: str
):
    http, address, _ = served
    pages = {kind: http.get(address.format(panel, kind)) for kind in ("csv", "npz", "json")}
    recipe = json.loads(pages["json"].data)
    words = shlex.split(recipe["command"])
    assert words[:4] == ["python", "-m", "core", "export"]
    home = own_cache(trained[0], tmp_path / "two")
    status, answer, _, _ = command(*words[3:], "--output", str(tmp_path / "files"), home=home)
    assert status == 0
    written = {Path(file).suffix[1:]: Path(file) for file in answer["files"]}
    for kind, page in pages.items():
        assert page.status_code == 200
        assert written[kind].name == page.headers["Content-Disposition"].partition("filename=")[2]
        assert written[kind].read_bytes() == page.data


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def numbers(rows: list[dict[str, str]], heading: str, dtype: type = np.float32) -> np.ndarray:
    return np.array([row[heading] for row in rows], dtype)


def test_the_numbers_are_those_of_the_experiments(served: tuple[Any, str, Settings], trained: tuple[Settings, str]):
    http, address, settings = served
    session = Session.open(settings)
    shared: dict[str, Any] = {"model": trained[1], "source": "decoded", "label": 1, "noise": 0.3, "seed": 4}
    shared |= {"n_runs": 20, "n_steps": 6}
    frame = experiments.film_frame(EmbeddingSpec(**shared, basis="fixed"), session)
    rows = rows_of(http.get(address.format("landmark", "csv")))
    assert [(row["t"], row["run"]) for row in rows[:21]] == [*(("0", str(i)) for i in range(20)), ("1", "0")]
    np.testing.assert_array_equal(numbers(rows, "like_own_image", np.float16), frame.landmark[..., 1].ravel())
    np.testing.assert_array_equal(
        numbers(rows_of(http.get(address.format("plane", "csv"))), "pc_1 [latent units]", np.float16),
        frame.embedding[..., 0].ravel(),
    )
    curves = rows_of(http.get(address.format("curves", "csv")))
    truth = experiments.trajectories(EnsembleSpec(**shared), session)
    run = experiments.run(RunSpec(**shared, sample=5), session)
    np.testing.assert_array_equal(numbers(curves, "distance_to_concept [latent units]"), truth.distances[1])
    np.testing.assert_array_equal(numbers(curves, "run_distance_to_memory [latent units]"), run.distances[0])
    images = rows_of(http.get(address.format("strip", "csv")))
    np.testing.assert_array_equal(numbers(images, "pixel_20 [grey value 0-1]"), run.images[:, 20])
    now = rows_of(http.get(address.format("nearest", "csv")))
    shares = sum(numbers(now, f"nearest_share_{point}") for point in ("memory", "concept", "abstract"))
    np.testing.assert_allclose(shares, 1)


def test_a_recipe_names_seed_weights_data_set_and_versions(served: tuple[Any, str, Settings]):
    http, address, _ = served
    recipe = http.get(address.format("landmark", "json")).get_json()
    assert recipe["seed"] == 4
    assert [len(sha256) for sha256 in recipe["weights"].values()] == [64]
    assert len(recipe["dataset"]["sha256"]) == 64
    assert set(recipe["versions"]) == {"torch", "numpy", "python"}
    assert EnsembleSpec.from_dict(recipe["spec"]).noise == 0.3


def test_the_stage_chart_is_that_of_the_reference_runs(
    served: tuple[Any, str, Settings], trained: tuple[Settings, str]
):
    http, address, settings = served
    n_runs = Session.open(settings).n_memories(trained[1])
    spec = NoiseSweepSpec.from_dict(http.get(address.format("stage", "json")).get_json()["spec"])
    assert spec == sweep_spec(spec, n_runs)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/data/nothing.csv?v=3&d=digits", 404),
        ("/data/landmark.exe?v=3&d=digits", 404),
        ("/data/landmark.csv?v=3&d=digits&p=7", 400),
        ("/data/landmark.json?v=3&d=digits&model=nobody", 400),
    ],
)
def test_what_makes_no_sense_is_refused(served: tuple[Any, str, Settings], path: str, status: int):
    assert served[0].get(path).status_code == status
