"""The files of a figure, over HTTP."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core import experiments
from core.session import Session
from core.settings import Settings
from core.specs import FigureSpec
from tests.paper.questions import (
    post,
)
from tests.processes import until


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
