"""The explorer's callbacks as functions: what is settled, answered and given up."""

import base64
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import plotly.graph_objects as go
import pytest
import torch
from dash.exceptions import PreventUpdate
from flask import Flask

from core import experiments
from core.computations import Computations, Reporter
from core.config import EmbeddingSpec, EnsembleSpec, Progress, Settings
from core.spec import key_of
from dashboard.cache import Replies
from dashboard.controls import ScreenState
from dashboard.pages.explore import ExplorePage
from dashboard.requests import read_request
from dashboard.theme import DARK, LIGHT
from tests.explore.conftest import QUICK, Question, before_computing
from tests.processes import until
from tests.test_controls import FIELDS, bad_values

T = TypeVar("T")

# Settling


@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"dataset"}))
def test_a_bad_value_in_a_link_is_replaced_and_said(page: ExplorePage, question: Question, name: str):
    for bad in bad_values(name):
        reply = page.settle(question("d=digits&" + urlencode({key_of(FIELDS[name]): bad})))
        said = [note for note in reply["notes"] if note.startswith(f"{name} must be")]
        assert len(said) == 1, (bad, reply["notes"])
        ScreenState.from_dict(reply["state"])


def test_a_bad_data_set_in_a_link_is_replaced_and_said(page: ExplorePage, question: Question):
    for bad in bad_values("dataset"):
        reply = page.settle(question(urlencode({"d": bad})))
        assert reply["state"]["dataset"] == "mnist"
        assert reply["notes"][0].startswith("dataset must be one of mnist, fashion, digits")


def test_the_default_link_is_settled_without_a_word_about_it(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=4", changed="model"))
    assert reply["notes"] == []
    assert reply["offer"] is None
    assert reply["latents"] == [4, 6, 8]
    assert reply["labels"] == tuple("0123456789")


def test_what_is_settled_stays_settled(page: ExplorePage, question: Question):
    first = page.settle(question("d=digits&nz=4&i=9999&runs=500&T=9", changed="x"))
    again = page.settle(question(ScreenState.from_dict(first["state"]).to_query(), changed="x"))
    assert again["state"] == first["state"]
    assert again["notes"] == []


def test_missing_latent_units_give_the_nearest_and_an_offer(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=5"))
    assert reply["state"]["n_latent"] == 4
    assert reply["offer"] == {"dataset": "digits", "n_latent": 5}
    assert any("N_z = 5" in note and "N_z = 4 is shown" in note for note in reply["notes"])
    assert page.settle(question("d=digits&nz=100"))["state"]["n_latent"] == 8


def test_a_change_of_the_data_set_is_quiet(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=100&i=0", changed="dataset"))
    assert reply["state"]["n_latent"] == 8
    assert reply["notes"] == []
    assert reply["offer"] is None


def test_a_data_set_without_a_model_is_refused_with_a_remedy(page: ExplorePage, question: Question):
    with pytest.raises(Exception, match=r"Fashion.*Choose another data set"):
        page.model_of(read_request(question("d=fashion")).state, quiet=False)


def test_an_unknown_model_is_said_and_replaced(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=4&model=unknown"))
    assert reply["state"]["model"] == ""
    assert any("There is no model 'unknown' here" in note for note in reply["notes"])


def test_a_model_that_is_named_decides_on_everything_else(page: ExplorePage, question: Question):
    reply = page.settle(question("d=mnist&nz=100&model=digits-nz8-b"))
    assert (reply["state"]["dataset"], reply["state"]["n_latent"]) == ("digits", 8)
    assert reply["state"]["model"] == "digits-nz8-b"
    assert set(reply["models"]) == {"digits-nz8-a", "digits-nz8-b"}


def test_the_default_model_is_not_named_in_the_link(page: ExplorePage, question: Question):
    reply = page.settle(question("model=digits-nz8-a"))
    assert (reply["model"], reply["state"]["model"]) == ("digits-nz8-a", "")


@pytest.mark.parametrize(
    ("query", "model", "beta", "notes"),
    [
        ("", "digits-nz6-plain", 1, 0),
        ("&beta=2", "digits-nz6-most", 2, 0),
        ("&beta=1.5", "digits-nz6-weighted", 1.5, 0),
        ("&beta=1.6", "digits-nz6-weighted", 1.5, 1),
        ("&model=digits-nz6-most", "digits-nz6-most", 2, 0),
    ],
)
def test_beta_is_a_choice_where_models_differ_in_it(
    page: ExplorePage, question: Question, query: str, model: str, beta: float, notes: int
):
    reply = page.settle(question(f"d=digits&nz=6&i=0{query}", changed="x"))
    assert (reply["model"], reply["state"]["beta"], reply["state"]["model"]) == (model, beta, "")
    assert reply["betas"] == [1, 1.5, 2]
    assert list(reply["models"]) == [model]
    assert ("β" in reply["card"]) is (beta != 1)
    assert [f"β = {beta:g} is shown instead" in note for note in reply["notes"]] == [True] * notes


def test_without_another_beta_there_is_no_choice(page: ExplorePage, question: Question):
    assert page.settle(question("d=digits&nz=8&i=0"))["betas"] == [1]


def test_a_file_that_is_no_model_is_said_once(page: ExplorePage, question: Question):
    assert any("broken.safetensors" in note for note in page.settle(question("d=digits&nz=4"))["notes"])
    assert page.settle(question("d=digits&nz=4", changed="model"))["notes"] == []


def test_more_than_the_model_holds_is_cut_and_said(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=8&i=499&runs=400", changed="x"))
    assert (reply["state"]["sample"], reply["state"]["n_runs"]) == (11, 12)
    assert reply["limits"] == {"n_runs": 12, "sample": 11}
    assert [note for note in reply["notes"] if "12 runs are shown" in note]
    assert [note for note in reply["notes"] if "image 11 is shown" in note]


def test_the_reference_number_of_runs_is_cut_in_silence(page: ExplorePage, question: Question):
    reply = page.settle(question("d=digits&nz=8&i=3", changed="x"))
    assert reply["state"]["n_runs"] == 12
    assert reply["notes"] == []


def test_images_that_are_not_here_are_said(page: ExplorePage, question: Question):
    reply = page.settle(question("d=mnist&nz=3&src=original&i=0", changed="x"))
    assert reply["state"]["source"] == "decoded"
    assert reply["images_here"] is False
    assert len(reply["notes"]) == 1
    assert "not on this machine" in reply["notes"][0]
    digits = page.settle(question("d=digits&nz=4", changed="x"))
    assert (digits["state"]["source"], digits["images_here"]) == ("original", True)


def test_a_step_beyond_the_end_is_the_end(page: ExplorePage, question: Question):
    assert page.settle(question("d=digits&nz=4&T=10&t=60"))["state"]["t"] == 10


# Answers


def test_the_run(page: ExplorePage, question: Question):
    reply = page.run(question(QUICK + "&p=0.4&i=3"))
    assert reply["z"]["shape"] == [7, 4]
    assert reply["distances"]["shape"] == [3, 7]
    assert reply["shape"] == [8, 8]
    assert reply["noise"] == 0.4
    assert "image 3" in reply["caption"]


@pytest.mark.parametrize(("query", "grid", "title"), [("", LIGHT.grid, "PC 1"), ("&theme=dark", DARK.grid, "PC 1")])
def test_the_cloud(page: ExplorePage, question: Question, query: str, grid: str, title: str):
    reply = page.cloud(question(QUICK + query))
    assert reply["embedding"]["shape"] == [7, 20, 2]
    assert (reply["n_steps"], reply["noise"], reply["label"]) == (6, 0.2, 0)
    assert "20 runs of ‘0’ from images decoded from memories" in reply["caption"]
    assert "% of the runs approach" in reply["approach"]
    layout: Any = go.Figure(reply["figure"]).layout
    assert layout.template.layout.xaxis.gridcolor == grid
    assert layout.xaxis.title.text == title


def test_the_curves(page: ExplorePage, question: Question):
    assert len(page.curves(question(QUICK))["data"]) == 10  # line, and band, mean and minimum of three points
    lines = [trace for trace in page.curves(question(QUICK + "&curves=all"))["data"] if trace["mode"] == "lines"]
    assert len(lines) == 10


def test_the_sweep_has_a_sentence_for_every_noise(page: ExplorePage, question: Question):
    reply, figure = page.sweep(question("d=digits&nz=8&src=decoded&T=6&runs=10"))
    assert len(reply["noises"]) == len(reply["captions"]) == len(reply["minimum_distance"]) == 41
    assert "With 2.5 % of the pixels permuted, 12 runs" in reply["captions"][1]
    assert reply["note"].startswith("12 runs for each p, T = 60, seed 0")
    assert len(figure["data"]) == 6  # band and mean of three points


@pytest.mark.parametrize(
    ("route", "other"),
    [
        ("run", "&i=4"),
        ("cloud", "&theme=dark"),
        ("curves", "&curves=all"),
        ("curves", "&theme=dark"),
        ("sweep", "&kind=invert"),
    ],
)
def test_a_reply_is_built_once_for_each_look(page: ExplorePage, question: Question, route: str, other: str):
    class Counting(Replies):
        count = 0

        def get_or_build(self, key: str, build: Callable[[], T]) -> T:
            def counted() -> T:
                self.count += 1
                return build()

            return super().get_or_build(key, counted)

    replies = page.lab.replies = Counting(Flask("test"))
    ask = getattr(page, route)
    first, second = ask(question()), ask(question(QUICK + other))
    assert ask(question()) == first != second == ask(question(QUICK + other))
    assert replies.count == 2


def test_the_cloud_and_the_sweep_tell_the_same(page: ExplorePage, question: Question):
    query = "d=digits&nz=8&src=decoded&runs=12&p=0.5"
    cloud = page.cloud(question(query))
    sweep, _ = page.sweep(question(query))
    assert cloud["minimum_distance"] == pytest.approx(sweep["minimum_distance"][20], abs=2e-3)
    assert cloud["caption"] == sweep["captions"][20]
    assert cloud["rival"] == sweep["rivals"][20]


def test_the_image_of_a_run_that_is_pointed_at(page: ExplorePage, question: Question):
    reply = page.image(question(QUICK + "&i=5"))
    assert (reply["sample"], reply["shape"]) == (5, [8, 8])
    assert base64.urlsafe_b64decode(reply["tiles"]).startswith(b"\x89PNG")


def test_neighbours_are_computed_ahead_within_the_range(page: ExplorePage, question: Question):
    ahead: list[str] = []

    class Noting(Computations):
        def ahead(self, key: str, compute: Callable[[Reporter], Any]) -> None:
            ahead.append(key)

    page.lab.computations = Noting()
    for p in ("0", "0.5", "1"):
        page.cloud(question(QUICK + f"&p={p}"))
    spec = ScreenState.from_query(QUICK)[0].inference_spec(page.model_in_use(read_request(question())).id, "decoded")
    expected = []
    for p in (0.025, 0.475, 0.525, 0.975):
        near = replace(spec, noise=p)
        expected.append(page.lab.session.key(experiments.trajectories, near.part(EnsembleSpec)))
        expected.append(page.lab.session.key(experiments.embedding, near.part(EmbeddingSpec)))
    assert ahead == expected


# Damaged models


@pytest.fixture
def damaged(home: Settings, write_model: Callable[..., Path]) -> Iterator[Path]:
    """A model of digits, N_z = 9, of which only reading it tells that its values are not finite."""
    nothing = torch.full((10, 9), float("nan"))
    yield write_model(home.models / "a-damaged.safetensors", n_latent=9, replace={"concepts": nothing})
    (home.models / "a-damaged.safetensors").unlink()


@pytest.mark.parametrize("query", ["d=digits&model=a-damaged&nz=8", "d=digits&nz=9"])
def test_instead_of_a_damaged_model_another_is_shown_and_it_is_said(
    page: ExplorePage, question: Question, damaged: Path, query: str
):
    reply = page.settle(question(query))
    assert reply["model"] == "digits-nz8-a"
    assert [note for note in reply["notes"] if note.startswith("a-damaged.safetensors") and "not finite" in note]


def test_many_damaged_files_are_counted_and_each_is_named_once(page: ExplorePage, question: Question, home: Settings):
    files = [home.models / f"rubbish-{i}.safetensors" for i in range(9)]
    for file in files:
        file.write_bytes(b"rubbish")
    try:
        notes = page.settle(question("d=digits&nz=8&model=rubbish-0"))["notes"]
    finally:
        for file in files:
            file.unlink()
    assert len(notes) == len(set(notes)) <= 5
    assert notes[-1].startswith("7 more files")


# The newest question


@pytest.mark.parametrize("route", ["run", "cloud", "curves", "sweep", "image"])
def test_an_old_question_is_not_answered(page: ExplorePage, question: Question, route: str):
    old, new = question(), question()
    page.newest.note(route, read_request(new))
    with pytest.raises(PreventUpdate):
        getattr(page, route)(old)


@pytest.mark.parametrize("route", ["run", "cloud", "curves", "image"])
def test_another_tab_does_not_make_a_question_old(page: ExplorePage, question: Question, route: str):
    page.newest.note(route, read_request(question(sequence=10**6, client="other tab")))
    assert getattr(page, route)(question()) is not None


def test_a_computation_is_given_up_when_the_client_asks_for_another(page: ExplorePage, question: Question):
    old, new = question(), question(QUICK + "&p=0.3")
    before_computing(page.lab, lambda _: page.newest.note("cloud", read_request(new)))
    with pytest.raises(PreventUpdate):
        page.cloud(old)
    assert page.cloud(new)["noise"] == 0.3


def test_progress_is_told_to_who_waits(page: ExplorePage, question: Question):
    asked = question()
    assert page.report(None, asked) == {"fraction": 0.0, "text": ""}
    go = threading.Event()

    def half(progress: Progress) -> None:
        progress(0.5, "10 of 20 runs")
        assert go.wait(60)

    before_computing(page.lab, half)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(page.cloud, asked)
        until(lambda: page.report(None, asked) == {"fraction": 0.5, "text": "10 of 20 runs"}, "it is told")
        go.set()
        assert answer.result()["noise"] == 0.2
    assert page.report(None, asked) == {"fraction": 0.0, "text": ""}
    for garbage in (None, [], 3, {"client": [1]}, {"client": None}):
        assert page.report(None, garbage)["fraction"] == 0.0
