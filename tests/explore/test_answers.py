"""The explorer's callbacks as functions: what is settled, answered and given up."""

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
from dash import no_update
from dash.exceptions import PreventUpdate
from flask import Flask

from core import experiments
from core.computations import Computations, Reporter
from core.progress import Progress
from core.schema import SpecError, key_of
from core.settings import Settings
from core.specs import NOISES, EmbeddingSpec
from dashboard.cache import Replies
from dashboard.controls import ScreenState
from dashboard.pages.explore.callbacks import CHUNK, ExplorePage
from dashboard.pages.explore.models import model_in_use, model_of
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
        reply = page.open_model(question("d=digits&" + urlencode({key_of(FIELDS[name]): bad})))
        said = [note for note in reply["notes"] if note.startswith(f"{name} must be")]
        assert len(said) == 1, (bad, reply["notes"])
        ScreenState.from_dict(reply["state"])


def test_a_bad_data_set_in_a_link_is_replaced_and_said(page: ExplorePage, question: Question):
    for bad in bad_values("dataset"):
        reply = page.open_model(question(urlencode({"d": bad})))
        assert reply["state"]["dataset"] == "mnist"
        assert reply["notes"][0].startswith("dataset must be one of mnist, fashion, digits")


def test_the_default_link_is_settled_without_a_word_about_it(page: ExplorePage, question: Question):
    reply = page.open_model(question("d=digits&nz=4", changed="model"))
    assert reply["notes"] == []
    assert reply["offer"] is None
    assert reply["latents"] == [4, 6, 8]
    assert reply["labels"] == list("0123456789")


def test_what_is_settled_stays_settled(page: ExplorePage, question: Question):
    first = page.open_model(question("d=digits&nz=4&i=9999&runs=500&T=9", changed="x"))
    again = page.open_model(question(ScreenState.from_dict(first["state"]).to_query(), changed="x"))
    assert again["state"] == first["state"]
    assert again["notes"] == []


def test_missing_latent_units_give_the_nearest_and_an_offer(page: ExplorePage, question: Question):
    reply = page.open_model(question("d=digits&nz=5"))
    assert reply["state"]["n_latent"] == 4
    assert reply["offer"] == {"dataset": "digits", "n_latent": 5}
    assert any("N_z = 5" in note and "N_z = 4 is shown" in note for note in reply["notes"])
    assert page.open_model(question("d=digits&nz=100"))["state"]["n_latent"] == 8


def test_a_change_of_the_data_set_is_quiet(page: ExplorePage, question: Question):
    reply = page.open_model(question("d=digits&nz=100&i=0", changed="dataset"))
    assert reply["state"]["n_latent"] == 8
    assert reply["notes"] == []
    assert reply["offer"] is None


def test_a_data_set_without_a_model_is_refused_with_a_remedy(page: ExplorePage, question: Question):
    with pytest.raises(Exception, match=r"Fashion.*Choose another data set"):
        model_of(page.experiments, read_request(question("d=fashion")).state, quiet=False)


def test_an_unknown_model_is_said_and_replaced(page: ExplorePage, question: Question):
    reply = page.open_model(question("d=digits&nz=4&model=unknown"))
    assert reply["state"]["model"] == ""
    assert any("There is no model 'unknown' here" in note for note in reply["notes"])


def test_a_model_that_is_named_decides_on_everything_else(page: ExplorePage, question: Question):
    reply = page.open_model(question("d=mnist&nz=100&model=digits-nz8-b"))
    assert (reply["state"]["dataset"], reply["state"]["n_latent"]) == ("digits", 8)
    assert reply["state"]["model"] == "digits-nz8-b"
    assert set(reply["models"]) == {"digits-nz8-a", "digits-nz8-b"}


def test_the_default_model_is_not_named_in_the_link(page: ExplorePage, question: Question):
    reply = page.open_model(question("model=digits-nz8-a"))
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
    reply = page.open_model(question(f"d=digits&nz=6&i=0{query}", changed="x"))
    assert (reply["model"], reply["state"]["beta"], reply["state"]["model"]) == (model, beta, "")
    assert reply["betas"] == [1, 1.5, 2]
    assert list(reply["models"]) == [model]
    assert ("β" in reply["card"]) is (beta != 1)
    assert [f"β = {beta:g} is shown instead" in note for note in reply["notes"]] == [True] * notes


def test_without_another_beta_there_is_no_choice(page: ExplorePage, question: Question):
    assert page.open_model(question("d=digits&nz=8&i=0"))["betas"] == [1]


def test_a_file_that_is_no_model_is_said_once(page: ExplorePage, question: Question):
    assert any("broken.safetensors" in note for note in page.open_model(question("d=digits&nz=4"))["notes"])
    assert page.open_model(question("d=digits&nz=4", changed="model"))["notes"] == []


def test_more_than_the_model_holds_is_cut_and_said(page: ExplorePage, question: Question):
    reply = page.open_model(question("d=digits&nz=8&i=499&runs=400", changed="x"))
    assert (reply["state"]["sample"], reply["state"]["n_runs"]) == (11, 12)
    assert reply["limits"] == {"n_runs": 12, "sample": 11}
    assert [note for note in reply["notes"] if "12 runs are shown" in note]
    assert [note for note in reply["notes"] if "image 11 is shown" in note]


def test_the_reference_number_of_runs_is_cut_in_silence(page: ExplorePage, question: Question):
    reply = page.open_model(question("d=digits&nz=8&i=3", changed="x"))
    assert reply["state"]["n_runs"] == 12
    assert reply["notes"] == []


def test_images_that_are_not_here_are_said(page: ExplorePage, question: Question):
    reply = page.open_model(question("d=mnist&nz=3&src=original&i=0", changed="x"))
    assert reply["state"]["source"] == "decoded"
    assert reply["images_here"] is False
    assert len(reply["notes"]) == 1
    assert "not on this machine" in reply["notes"][0]
    digits = page.open_model(question("d=digits&nz=4", changed="x"))
    assert (digits["state"]["source"], digits["images_here"]) == ("original", True)


def test_a_step_beyond_the_end_is_the_end(page: ExplorePage, question: Question):
    assert page.open_model(question("d=digits&nz=4&T=10&t=60"))["state"]["t"] == 10


# Answers


def test_the_run(page: ExplorePage, question: Question):
    reply = page.run(question(QUICK + "&p=0.4&i=3"))
    assert (reply["noises"], reply["shape"]) == ([0.4], [8, 8])
    assert reply["distances"]["shape"] == [7, 1, 3]
    assert len(reply["images"]) == 64 * 7
    assert (reply["label"], reply["sample"]) == (0, 3)
    assert "image 3" in reply["captions"][0]


def test_the_film_of_the_run_is_its_single_runs(page: ExplorePage, question: Question):
    noises = [0.0, 0.2, 1.0]
    film = page.run_film(question(QUICK, noises=noises))
    assert film["noises"] == noises
    assert film["distances"]["shape"] == [7, 3, 3]
    single = [page.run(question(QUICK + f"&p={p}")) for p in noises]
    assert film["captions"] == [one["captions"][0] for one in single]
    assert film["minimum_step"] == [one["minimum_step"][0] for one in single]


def test_the_ensemble(page: ExplorePage, question: Question):
    (frame,) = page.ensemble(question())["frames"]
    assert len(frame["nearest"]) == 20 * 7
    assert frame["curves"]["shape"] == [7, 17]  # three means, their SEM, ten concepts, one line
    assert (frame["noise"], frame["label"]) == (0.2, 0)
    assert "20 runs of ‘0’ from images decoded from memories" in frame["caption"]
    assert "% of the runs approach" in frame["approach"]


def test_the_axes_come_with_a_frame_only_where_they_move(page: ExplorePage, question: Question):
    (fixed,) = page.ensemble(question())["frames"]
    (windowed,) = page.ensemble(question(QUICK + "&pca=windowed"))["frames"]
    assert "basis" not in fixed
    assert windowed["basis"]["shape"][-2:] == [4, 2] or windowed["basis"]["shape"][-2:] == [2, 4]
    settled = page.open_model(question())
    assert settled["fixed"]["basis"]["shape"] in ([4, 2], [2, 4])


def test_the_film_is_the_ensembles_of_its_noises(page: ExplorePage, question: Question):
    film = page.film(question(QUICK, noises=[0.1, 0.2]))["frames"]
    alone = [page.ensemble(question(QUICK + f"&p={p}"))["frames"][0] for p in (0.1, 0.2)]
    assert film == alone


def test_a_frame_is_built_once_for_screen_and_film(page: ExplorePage, question: Question):
    replies = page.experiments.replies = Counting(Flask("test"))
    page.ensemble(question())
    page.film(question(QUICK, noises=[0.1, 0.2, 0.3]))
    page.ensemble(question(QUICK + "&p=0.3"))
    page.ensemble(question(QUICK + "&theme=dark&curves=all&view=plane&i=7"))  # what none of them shows
    assert replies.count == 3


def test_a_film_that_finds_the_server_busy_gives_what_it_has(page: ExplorePage, question: Question):
    taken: list[float] = []

    def awaited(*args: Any) -> Any:
        taken.append(args[3].noise)
        return no_update if len(taken) > 2 else {"noise": args[3].noise}

    page.awaited = awaited
    assert page.film(question(QUICK, noises=[0.1, 0.2, 0.3, 0.4])) == {"frames": [{"noise": 0.1}, {"noise": 0.2}]}
    assert taken == [0.1, 0.2, 0.3]
    assert page.film(question(QUICK, noises=[0.5])) is no_update


@pytest.mark.parametrize("noises", [[], [2], [-0.1], ["a"], "0.1", [True], 7, {"a": 1}, [0.5] * 1000, [float("nan")]])
@pytest.mark.parametrize("route", ["run_film", "film"])
def test_noises_that_make_no_sense_are_refused(page: ExplorePage, question: Question, route: str, noises: object):
    with pytest.raises(SpecError, match="noises"):
        getattr(ExplorePage, route).__wrapped__(page, question(QUICK, noises=noises))


def test_the_sweep_has_a_sentence_for_every_noise(page: ExplorePage, question: Question):
    reply = page.sweep(question("d=digits&nz=8&src=decoded&T=6&runs=10"))
    assert len(reply["noises"]) == len(reply["captions"]) == len(reply["minimum_distance"]) == 41
    assert "With 2.5 % of the pixels permuted, 12 runs" in reply["captions"][1]
    assert reply["note"].startswith("12 runs for each p, T = 60, seed 0")
    assert len(reply["figure"]["data"]) == 6  # band and mean of three points


@pytest.mark.parametrize(("query", "grid"), [("", LIGHT.grid), ("&theme=dark", DARK.grid)])
def test_the_stage_chart_has_the_colours_of_the_theme(page: ExplorePage, question: Question, query: str, grid: str):
    layout: Any = go.Figure(page.sweep(question("d=digits&nz=8&src=decoded" + query))["figure"]).layout
    assert layout.template.layout.xaxis.gridcolor == grid


class Counting(Replies):
    """Counts what is built."""

    count = 0

    def get_or_build(self, key: str, build: Callable[[], T]) -> T:
        def counted() -> T:
            self.count += 1
            return build()

        return super().get_or_build(key, counted)


@pytest.mark.parametrize(
    ("route", "other"),
    [
        ("run", "&i=4"),
        ("run", "&p=0.3"),
        ("run_film", "&seed=1"),
        ("ensemble", "&p=0.3"),
        ("ensemble", "&pca=windowed"),
        ("film", "&label=1"),
        ("image", "&i=4"),
        ("sweep", "&kind=invert"),
        ("sweep", "&theme=dark"),
    ],
)
def test_a_reply_is_built_once_for_each_look(page: ExplorePage, question: Question, route: str, other: str):
    replies = page.experiments.replies = Counting(Flask("test"))
    ask = getattr(page, route)
    first, second = ask(question()), ask(question(QUICK + other))
    assert ask(question()) == first != second == ask(question(QUICK + other))
    assert replies.count == 2


def test_the_ensemble_and_the_sweep_tell_the_same(page: ExplorePage, question: Question):
    query = "d=digits&nz=8&src=decoded&runs=12&p=0.5"
    (frame,) = page.ensemble(question(query))["frames"]
    sweep = page.sweep(question(query))
    assert frame["minimum_distance"] == pytest.approx(sweep["minimum_distance"][20], abs=2e-3)
    assert frame["caption"] == sweep["captions"][20]
    assert frame["runner_up"] == sweep["runners_up"][20]


SHOWN = "d=digits&nz=8&src=decoded&runs=12&p=0.5"  # the very runs of the stage chart, of which no bands are shipped


def test_the_film_behind_the_sweep_needs_no_run_again(page: ExplorePage, question: Question):
    page.sweep(question(SHOWN))
    computed: list[Progress] = []
    before_computing(page.experiments, computed.append)
    for i in range(0, 41, CHUNK):
        film = page.film(question(SHOWN, noises=list(NOISES[i : i + CHUNK])))
        assert len(film["frames"]) == len(NOISES[i : i + CHUNK])
    assert page.ensemble(question(SHOWN))["frames"]
    assert computed == []


def test_the_sweep_behind_the_film_needs_no_run_again(page: ExplorePage, question: Question):
    for i in range(0, 41, CHUNK):
        page.film(question(SHOWN, noises=list(NOISES[i : i + CHUNK])))
    reports: list[str] = []

    class Telling(Computations):
        def ask(self, question: Any, key: str, compute: Callable[[Any], T], **more: Any) -> T:
            def noted(report: Reporter) -> T:
                return compute(lambda fraction, text: reports.append(text))

            return super().ask(question, key, noted, **more)

    page.experiments.computations = Telling()
    assert len(page.sweep(question(SHOWN))["captions"]) == 41
    assert reports == ["done"]  # nothing was followed for it


def test_the_image_of_a_run_that_is_pointed_at(page: ExplorePage, question: Question):
    reply = page.image(question(QUICK + "&i=5"))
    assert (reply["sample"], reply["shape"]) == (5, [8, 8])
    assert reply["images"] == page.run(question(QUICK + "&i=5"))["images"]
    assert reply["images"] != page.run(question(QUICK + "&i=6"))["images"]


def test_neighbours_are_computed_ahead_within_the_range(page: ExplorePage, question: Question):
    ahead: list[str] = []

    class Noting(Computations):
        def ahead(self, key: str, compute: Callable[[Reporter], Any]) -> None:
            if not key.startswith("films"):
                ahead.append(key)

    page.experiments.computations = Noting()
    for p in ("0", "0.5", "1"):
        page.ensemble(question(QUICK + f"&p={p}"))
    spec = ScreenState.from_query(QUICK)[0].inference_spec(
        model_in_use(page.experiments, read_request(question())).id, "decoded"
    )
    near = [replace(spec, noise=p).part(EmbeddingSpec) for p in (0.025, 0.475, 0.525, 0.975)]
    assert ahead == [page.experiments.session.key(experiments.film_frame, each) for each in near]


def test_when_nobody_asks_the_films_of_the_other_labels_are_computed(page: ExplorePage, question: Question):
    ahead: dict[str, Callable[[Any], Any]] = {}

    class Noting(Computations):
        def ahead(self, key: str, compute: Callable[[Any], Any]) -> None:
            ahead[key] = compute

    page.experiments.computations = Noting()
    for route in (page.ensemble, page.run_film, page.film):
        ahead.clear()
        route(question(QUICK, noises=[0.2]))
        assert [key for key in ahead if key.startswith("films")] == [next(iter(ahead))]  # the newest is computed first
    ahead.popitem()[1](lambda fraction, text: None)
    computed: list[Progress] = []
    before_computing(page.experiments, computed.append)
    for label in range(1, 10):
        film = page.film(question(QUICK + f"&label={label}", noises=[0.0, 0.2, 0.975, 1.0]))
        assert {frame["label"] for frame in film["frames"]} == {label}
    assert computed == []


def test_a_run_under_the_pointer_has_no_films_computed_ahead(page: ExplorePage, question: Question):
    class Refusing(Computations):
        def ahead(self, key: str, compute: Callable[[Any], Any]) -> None:
            pytest.fail("It is computed ahead.")

    page.experiments.computations = Refusing()
    page.run(question())
    page.image(question())


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
    reply = page.open_model(question(query))
    assert reply["model"] == "digits-nz8-a"
    assert [note for note in reply["notes"] if note.startswith("a-damaged.safetensors") and "not finite" in note]


def test_many_damaged_files_are_counted_and_each_is_named_once(page: ExplorePage, question: Question, home: Settings):
    files = [home.models / f"rubbish-{i}.safetensors" for i in range(9)]
    for file in files:
        file.write_bytes(b"rubbish")
    try:
        notes = page.open_model(question("d=digits&nz=8&model=rubbish-0"))["notes"]
    finally:
        for file in files:
            file.unlink()
    assert len(notes) == len(set(notes)) <= 5
    assert notes[-1].startswith("7 more files")


# The newest question


@pytest.mark.parametrize("route", ["run", "run_film", "ensemble", "film", "sweep", "image"])
def test_an_old_question_is_not_answered(page: ExplorePage, question: Question, route: str):
    old, new = question(), question()
    page.newest.note(route.replace("_", ""), read_request(new))
    with pytest.raises(PreventUpdate):
        getattr(page, route)(old)


@pytest.mark.parametrize("route", ["run", "run_film", "ensemble", "film", "image"])
def test_another_tab_does_not_make_a_question_old(page: ExplorePage, question: Question, route: str):
    page.newest.note(route.replace("_", ""), read_request(question(sequence=10**6, client="other tab")))
    assert getattr(page, route)(question()) is not None


def test_a_computation_is_given_up_when_the_client_asks_for_another(page: ExplorePage, question: Question):
    old, new = question(), question(QUICK + "&p=0.3")
    before_computing(page.experiments, lambda _: page.newest.note("ensemble", read_request(new)))
    with pytest.raises(PreventUpdate):
        page.ensemble(old)
    assert page.ensemble(new)["frames"][0]["noise"] == 0.3


def test_progress_is_told_to_who_waits(page: ExplorePage, question: Question):
    asked = question()
    assert page.report(asked) == {"fraction": 0.0, "text": ""}
    go = threading.Event()

    def half(progress: Progress) -> None:
        progress(0.5, "10 of 20 runs")
        assert go.wait(60)

    before_computing(page.experiments, half)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(page.ensemble, asked)
        until(lambda: page.report(asked) == {"fraction": 0.5, "text": "10 of 20 runs"}, "it is known")
        go.set()
        assert answer.result()["frames"][0]["noise"] == 0.2
    assert page.report(asked) == {"fraction": 0.0, "text": ""}
    for garbage in (None, [], 3, {"client": [1]}, {"client": None}):
        assert page.report(garbage)["fraction"] == 0.0


def test_other_axes_of_the_plane_need_no_run_again(page: ExplorePage, question: Question):
    asked: list[str] = []
    before = page.experiments.session.shared

    def noting(key: str, compute: Any, progress: Progress) -> Any:
        asked.append(key.partition(":")[0])
        return before(key, compute, progress)

    page.experiments.session = replace(page.experiments.session, shared=noting)
    fixed = page.ensemble(question(QUICK + "&pca=fixed"))
    assert asked == ["latent_activity"]
    windowed = page.ensemble(question(QUICK + "&pca=windowed"))
    assert asked == ["latent_activity"]
    assert fixed["frames"][0]["curves"] == windowed["frames"][0]["curves"]
    page.film(question(QUICK + "&pca=fixed", noises=[0.9]))
    assert asked == ["latent_activity"]  # a film leaves none behind
