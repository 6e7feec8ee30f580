"""What the explorer settles: the model and the state that a link asks for, within what is here."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import pytest
import torch

from core.schema import key_of
from core.settings import Settings
from dashboard.controls import ScreenState
from dashboard.pages.explore.callbacks import ExplorePage
from dashboard.pages.explore.models import model_of
from dashboard.requests import read_request
from tests.explore.conftest import Question
from tests.test_controls import FIELDS, bad_values

T = TypeVar("T")


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
    assert page.open_model(question("d=digits&nz=4&T=10&t=60&a=T%3D30"))["state"]["t"] == 30


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
