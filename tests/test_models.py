"""The page of models: its callbacks over HTTP, as a browser asks them, and its file route."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import app
from core import experiments, train
from core.computations import Computations
from core.library import Library
from core.model_card import ModelCard
from core.settings import Settings
from core.specs import ModelSpec, SeriesSpec, with_snapshots
from core.zoo import recipe
from dashboard.hosting import Hosting
from dashboard.job_status import JobStatus
from dashboard.pages.models.job_rows import describe
from dashboard.pages.models.table import bound_of
from dashboard.pages.models.training_form import specs_of
from tests.idle_jobs import AskedJobs
from tests.served import NEVER, Site, sentences

UPDATE = "/models/_dash-update-component"


class Hand:
    """Presses buttons of the page."""

    def __init__(self, http: FlaskClient | Site):
        self.http: Any = http
        self.callbacks = http.get("/models/_dash-dependencies").get_json()

    def post(self, first: str, value: object, *, of: Any = None, state: tuple[object, ...] = ()) -> Any:
        """Answer the callback whose first input is `first` ("train", or "do" of a pattern)."""
        found = next(c for c in self.callbacks if first in c["inputs"][0]["id"] and not c["clientside_function"])
        places = [dict(zip(("id", "property"), o.rsplit(".", 1), strict=True)) for o in outputs(found)]
        own = {"id": of or first, "property": found["inputs"][0]["property"], "value": value}
        others = [i | {"value": None} for i in found["inputs"][1:]]
        name = json.dumps(of, separators=(",", ":"), sort_keys=True) if of else first
        given = zip(found["state"], [*state, *([None] * (len(found["state"]) - len(state)))], strict=True)
        body = {
            "output": found["output"],
            "outputs": places if found["output"].startswith("..") else places[0],
            "inputs": [[own] if of else own, *others],
            "state": [several(s, v) if s["id"].startswith("{") else s | {"value": v} for s, v in given],
            "changedPropIds": [f"{name}.{own['property']}"],
        }
        return self.http.post(UPDATE, json=body)

    def press(self, first: str, **more: Any) -> dict[str, Any]:
        response = self.post(first, 1, **more)
        assert response.status_code in (200, 204), response.get_data(as_text=True)
        return (response.get_json(silent=True) or {}).get("response", {})

    def poll(self) -> dict[str, Any]:
        """What the page is told at a tick, when it has seen nothing yet."""
        return self.press("second")


def several(state: dict[str, Any], ids: object) -> list[dict[str, Any]]:
    """What a page sends of many components with ids of a pattern, of which some say "true"."""
    some = ids if isinstance(ids, list) else []
    return [{"id": id, "property": state["property"], "value": "true"} for id in some]


def outputs(callback: dict[str, Any]) -> list[str]:
    return callback["output"].strip(".").split("...")


def texts(component: object) -> str:
    """All text in a component tree."""
    if isinstance(component, list):
        return " ".join(texts(child) for child in component)
    if isinstance(component, dict):
        return texts(component.get("props", {}).get("children", ""))
    return str(component or "")


@pytest.fixture
def jobs(settings: Settings) -> AskedJobs:
    return AskedJobs(settings, computations=Computations(calm=NEVER))


@pytest.fixture
def hand(jobs: AskedJobs) -> Hand:
    return Hand(app.create_apps(Hosting(), jobs)[0].server.test_client())


def test_the_form_asks_for_the_recipe_of_the_zoo(hand: Hand, jobs: AskedJobs):
    said = hand.press("train", state=("digits", " 7 ", "", "1", "3"))
    assert jobs.asked == [("train", ModelSpec(dataset="digits", n_latent=7, epochs=1500, seed=3))]
    assert "is being trained" in said["message"]["children"]
    assert specs_of("mnist", "20", "12", None, None) == [ModelSpec(n_latent=20, epochs=12)]
    assert specs_of("mnist", "20", "", None, None) == [ModelSpec(n_latent=20, epochs=60)]  # what people wait for
    assert specs_of("mnist", "20", "1500", " 1.5 ", "") == [recipe("mnist", 20, beta=1.5)]


@pytest.mark.parametrize("typed", ["1, 5,20", " 20,1,5 , 5,", "1,5,20"])
def test_the_form_asks_for_what_is_kept_on_the_way(hand: Hand, jobs: AskedJobs, typed: str):
    said = hand.press("train", state=("digits", "7", "30", "1", "3", typed))
    spec = ModelSpec(dataset="digits", n_latent=7, epochs=30, seed=3)
    assert jobs.asked == [("train", SeriesSpec(**spec.to_dict(), kept=(1, 5, 20)))]
    assert "kept after 1, 5, 20 is being trained" in said["message"]["children"]
    for nothing in ("", " ", None):
        assert specs_of("digits", "7", "30", "1", "3", nothing) == [spec]


def test_the_form_asks_for_several_models_at_once(hand: Hand, jobs: AskedJobs):
    said = hand.press("train", state=("digits", "7, 3,7,", "30", "", "5", "", "2"))
    asked = [ModelSpec(dataset="digits", n_latent=n, epochs=30, seed=seed) for n in (7, 3) for seed in (5, 6)]
    assert jobs.asked == [("train", spec) for spec in asked]
    assert said["message"]["children"] == (
        "4 models: 8×8 digits, N_z = 7, 3, 30 of the paper's 1,500 epochs, seeds 5, 6 are being trained. "
        "You can leave this page."
    )
    said = hand.post("train", 1, state=("digits", "3", "30", "", str(2**31 - 1), "", "2"))
    assert "must be" in sentences(said)[0]
    assert "more than 16 models" in sentences(hand.post("train", 1, state=("digits", "3,4,5", "", "", "", "", "8")))[0]
    assert "seeds must be 1, 2, 4, 8 in all" in sentences(hand.post("train", 1, state=("digits", "3", *"    ", "3")))[0]
    assert jobs.asked == [("train", spec) for spec in asked]


def test_a_stack_is_one_row_with_a_link_to_every_model_and_is_offered_again(
    hand: Hand, jobs: AskedJobs, settings: Settings
):
    stack = tuple(ModelSpec(dataset="digits", n_latent=n, epochs=30) for n in (3, 5))
    jobs.running = ("train-stack", stack, JobStatus("done", 1.0, "one two"))
    (row,) = hand.poll()["jobs"]["children"]
    assert (
        " ".join(texts(row).split())
        == "2 models: 8×8 digits, N_z = 3, 5, 30 of the paper's 1,500 epochs, seed 0 Done. one two"
    )
    jobs.running = None
    experiments.note_waiting(stack, settings)
    (note,) = settings.models.iterdir()
    said = hand.press("do", of={"do": "resume", "key": note.name})["message"]["children"]
    assert said == "2 models: 8×8 digits, N_z = 3, 5, 30 of the paper's 1,500 epochs, seed 0 are being trained."
    assert jobs.asked == [("train", stack)]
    jobs.running = ("train-stack", stack, JobStatus("running", 0.25, "epoch 2"))
    assert "waited for its turn" not in texts(hand.poll()["jobs"]["children"])


def test_beta_is_named_in_the_table_and_where_it_is_not_the_papers(
    hand: Hand, settings: Settings, write_model: Callable[..., Path]
):
    write_model(settings.models / "weighted.safetensors", beta=1.5)
    page = texts(hand.poll()["table"]["children"])
    assert "weighted 8×8 digits 3 1.5 " in page
    assert "mnist-nz100-seed0 MNIST 100 1 1500" in page
    assert describe(ModelSpec(beta=1.5)) == "MNIST, N_z = 100, β = 1.5, 90 of the paper's 1,500 epochs, seed 0"
    assert "β" not in describe(ModelSpec())


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (("mnist", "0", "", "", ""), "N_z must be a whole number from 1 to 512"),
        (("mnist", "many", "", "", ""), "N_z must be a whole number"),
        (("mnist", None, "", "", ""), "N_z must be a whole number"),
        (("mnist", "5", "9" * 10_000, "", ""), "The epochs must be a whole number"),
        (("mnist", "5", "10", "x", ""), "The beta must be a number"),
        (("mnist", "5", "10", "-1", ""), "The beta must be"),
        (("mnist", "5", "10", "", "-1"), "The seed must be a whole number"),
        (("mnist", "5", "10", "", "", "1, 10"), "must come before the last, 10: that is the model itself"),
        (("mnist", "5", "10", "", "", "11"), "must come before the last, 10"),
        (("mnist", "5", "", "", "", "60"), "must come before the last, 60"),
        (("mnist", "5", "10", "", "", "0"), "The epochs to keep must be a whole number from 1"),
        (("mnist", "5", "10", "", "", "1 5"), "The epochs to keep must be a whole number"),
        (("mnist", "5", "10", "", "", "some"), "The epochs to keep must be a whole number"),
        (("mnist", "5", "10", "", "", "1,,5"), "The epochs to keep must be a whole number"),
        (("mnist", "5", "100", "", "", ",".join(map(str, range(1, 60)))), "The epochs to keep must be 1 to 50"),
        (("mnist", "5", "10", "", "", [1]), "The epochs to keep must be"),
        (("cats", "5", "10", "1", "1"), "dataset must be one of"),
        (([1], {}, [], {}, {"a": 1}), "must be"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_with_a_sentence(
    hand: Hand, jobs: AskedJobs, typed: tuple[Any, ...], reason: str
):
    (said,) = sentences(hand.post("train", 1, state=typed))
    assert reason in said
    assert len(said) < 200
    assert not jobs.asked


def test_a_running_training_is_shown_with_its_course_and_can_be_cancelled(hand: Hand, jobs: AskedJobs):
    spec = ModelSpec(dataset="digits", n_latent=3)
    history = {"step": [1], "train": [30.0, 26.0], "test": [28.0, 25.0], "epochs": [1, 2]}
    status = JobStatus("running", 0.25, "epoch 2 of 8", history)
    jobs.running = ("train-1", spec, status)
    shown = hand.poll()
    assert "epoch 2 of 8" in texts(shown["jobs"]["children"])
    assert shown["history-panel"]["hidden"] is False
    assert [trace["y"] for trace in shown["history"]["figure"]["data"]] == [[30.0, 26.0], [28.0, 25.0]]
    assert shown["second"]["interval"] == 1000
    assert "stops after this epoch" in hand.press("do", of={"do": "cancel", "key": "train-1"})["message"]["children"]
    assert jobs.asked == [("cancel", "train-1")]
    again = hand.post("second", 2, state=(shown["seen"]["data"],))
    assert set(again.get_json(silent=True) or {"response": {}}) <= {"multi", "response"}
    assert not (again.get_json(silent=True) or {}).get("response")  # nothing changed: nothing is sent


def test_a_training_of_before_a_restart_is_offered_again_or_discarded(
    hand: Hand, jobs: AskedJobs, settings: Settings, tiny_recipe: ModelSpec
):
    def stop(share: float, text: str) -> None:
        raise train.CancelledError

    with pytest.raises(train.CancelledError):
        experiments.train_model(tiny_recipe, settings, progress=stop)
    (state,) = settings.models.iterdir()
    assert "its state holds epoch 1 of 25" in texts(hand.poll()["jobs"]["children"])
    assert "goes on from epoch 1" in hand.press("do", of={"do": "resume", "key": state.name})["message"]["children"]
    assert jobs.asked == [("train", tiny_recipe)]
    assert "discarded" in hand.press("do", of={"do": "discard", "key": state.name})["message"]["children"]
    assert not state.exists()
    assert "not there any more" in hand.press("do", of={"do": "resume", "key": "../../x"})["message"]["children"]


def test_a_training_that_keeps_weights_on_the_way_goes_on_with_them(
    hand: Hand, jobs: AskedJobs, settings: Settings, tiny_recipe: ModelSpec
):
    def stop(share: float, text: str) -> None:
        raise train.CancelledError

    with pytest.raises(train.CancelledError):
        experiments.train_model(tiny_recipe, settings, snapshots=(1, 20), progress=stop)
    name = f"{experiments.id_of(tiny_recipe)}.training"
    assert "kept after 1, 20 stopped; its state holds epoch 1" in texts(hand.poll()["jobs"]["children"])
    hand.press("do", of={"do": "resume", "key": name})
    assert jobs.asked == [("train", with_snapshots(tiny_recipe, (1, 20)))]
    jobs.running = (
        "train-1",
        tiny_recipe,
        JobStatus("running", 0.25, "epoch 2"),
    )  # whoever goes on, it is one training
    assert "its state holds" not in texts(hand.poll()["jobs"]["children"])


def test_a_training_that_waited_when_the_server_was_killed_is_offered_again(
    hand: Hand, jobs: AskedJobs, settings: Settings, tiny_recipe: ModelSpec
):
    experiments.note_waiting(tiny_recipe, settings)
    (note,) = settings.models.iterdir()
    assert "waited for its turn when the server stopped" in texts(hand.poll()["jobs"]["children"])
    assert "is being trained" in hand.press("do", of={"do": "resume", "key": note.name})["message"]["children"]
    assert jobs.asked == [("train", tiny_recipe)]
    assert "discarded" in hand.press("do", of={"do": "discard", "key": note.name})["message"]["children"]
    assert not note.exists()


def test_a_training_whose_state_a_worker_has_is_offered_once(
    hand: Hand, jobs: AskedJobs, settings: Settings, tiny_recipe: ModelSpec
):
    experiments.note_elsewhere(tiny_recipe, settings)
    (note,) = settings.models.iterdir()
    assert "its state lies with its worker" in texts(hand.poll()["jobs"]["children"])
    assert "where its worker left it" in hand.press("do", of={"do": "resume", "key": note.name})["message"]["children"]
    assert jobs.asked == [("train", tiny_recipe)]
    for broken in ("", "7", '{"dataset": "cats"}'):
        note.write_text(broken)
        assert f"The note {note.name} is damaged" in texts(hand.poll()["jobs"]["children"])
    experiments.forget_state(tiny_recipe, settings)
    assert not note.exists()


def test_models_are_listed_exported_and_deleted(trained: tuple[Settings, str], settings: Settings, hand: Hand):
    home, id = trained
    settings.models.mkdir(parents=True)
    (settings.models / f"{id}.safetensors").write_bytes((home.models / f"{id}.safetensors").read_bytes())
    (settings.models / "broken.safetensors").write_bytes(b"nothing")
    listed = texts(hand.poll()["table"]["children"])
    assert all(word in listed for word in (id, "trained here", "broken", "mnist-nz100-seed0", "shipped"))
    with hand.http.get(f"/models/file/{id}.safetensors") as exported:
        assert exported.data == (home.models / f"{id}.safetensors").read_bytes()
    assert hand.http.get("/models/file/app.py").status_code == 404
    assert b"create_app" not in hand.http.get("/models/file/..%2f..%2fapp.py").data
    asked = hand.press("delete", of={"delete": id})
    assert id in asked["sure"]["message"]
    assert asked["doomed"]["data"] == id
    assert (settings.models / f"{id}.safetensors").exists()  # only asked so far
    assert "is deleted" in hand.press("sure", state=(id,))["message"]["children"]
    assert not (settings.models / f"{id}.safetensors").exists()
    for name in ("mnist-nz100-seed0", "../../app", None):
        assert sentences(hand.post("sure", 1, state=(name,))), name
    assert Library.of(settings.models).entry("mnist-nz100-seed0")


def upload(path: Path) -> str:
    return "data:application/octet-stream;base64," + base64.b64encode(path.read_bytes()).decode()


def test_a_model_is_brought_once_and_verified(trained: tuple[Settings, str], settings: Settings, hand: Hand):
    home, id = trained
    content = upload(home.models / f"{id}.safetensors")
    said = hand.post("upload", content, state=("My model (1).safetensors",)).get_json()["response"]
    assert said["brought"]["children"] == "my-model-1 is here now."
    entry = Library.of(settings.models).entry("my-model-1")
    assert (entry.origin, entry.problem) == ("imported", "")
    assert "here already" in sentences(hand.post("upload", content, state=("my-model-1.safetensors",)))[0]
    for wrong in ("data:x;base64,AAAA", "no base64 at all", content[: len(content) // 2], 7, ["a"]):
        (sentence,) = sentences(hand.post("upload", wrong, state=("other.safetensors",)))
        assert len(sentence) < 400
    assert [e.id for e in Library.of(settings.models).entries() if e.origin == "imported"] == ["my-model-1"]
    assert not [p for p in (settings.models / "imported").iterdir() if p.suffix != ".safetensors"]


def test_a_model_larger_than_a_question_can_be_brought(hand: Hand):
    """The explorer's limit of 2 MB is not that of this page; far larger files are refused."""
    filler = "data:x;base64," + "A" * 8_000_000
    assert "not a model" in sentences(hand.post("upload", filler, state=("big.safetensors",)))[0]
    assert hand.http.post(UPDATE, data=b"{" + b" " * 90_000_000, content_type="application/json").status_code == 413


def test_a_bound_that_rose_again_is_named_with_the_lowest():
    card = ModelCard(test_negative_elbo=99.04, test_curve=(110.0, 98.2, 99.1), test_epochs=(1, 40, 90))
    assert bound_of(card) == "99.0 (lowest at epoch 40: 98.2)"
    assert bound_of(replace(card, test_curve=(110.0, 99.15, 99.1))) == "99.0"
    assert bound_of(replace(card, test_curve=(110.0,))) == "99.0"
    assert bound_of(ModelCard()) == "?"
