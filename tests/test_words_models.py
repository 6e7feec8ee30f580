"""The page of models in Japanese: its layout, its views, its jobs, and how far computations are."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flask import Flask

import app
from core import experiments, train
from core.checkpoint import Metrics
from core.computations import Computations
from core.data import LABEL_NAMES
from core.library import Library
from core.settings import Settings
from core.specs import ModelSpec, with_snapshots
from core.stack import Stack
from dashboard import figures
from dashboard.hosting import Hosting
from dashboard.job_status import JobStatus, ended, reported
from dashboard.jobs import Work
from dashboard.languages import Words, catalogues
from dashboard.theme import LIGHT
from dashboard.translation import translated
from tests.idle_jobs import AskedJobs
from tests.served import NEVER
from tests.synthetic import make_latent_sweep, make_map
from tests.test_models import UPDATE, Hand

SHOWN = {"children", "title", "placeholder", "alt", "label", "aria-label", "data-head", "message", "text"}
NAMES = re.compile(
    r"(mnist|fashion|digits)-nz[\w-]+|MNIST|Fashion|ELBO|\bnats\b|\bIII\b|GPU|\.safetensors|python -m core grid",
    re.ASCII,
)
ENGLISH = re.compile(r"[A-Za-z]{3}")
SPEC = ModelSpec(dataset="digits", n_latent=3, epochs=30)
REPORTS = re.compile(r'\b(?:progress|report)\([^\n]*?, (f?)"([^"\n]*)"')
"""A call that says how far something is."""
PRINTED = {"classifier.py", "evidence.py", "sweeps.py", "side_by_side.py", "reproduce.py"}
"""Whose reports the command line alone prints; of compute_sweeps those that are read are below."""
ROOT = Path(__file__).parent.parent


class AskedInJapanese(AskedJobs):
    """The same with any number of jobs."""

    every: tuple[tuple[str, Work, JobStatus], ...] = ()

    def all(self) -> list[tuple[str, Work, JobStatus]]:
        return list(self.every)


@pytest.fixture
def jobs(settings: Settings) -> AskedInJapanese:
    return AskedInJapanese(settings, Library.of(settings.models), Computations(calm=NEVER))


@pytest.fixture
def hand(jobs: AskedInJapanese) -> Hand:
    client = app.create_apps(Hosting(), jobs)[0].server.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ja"
    return Hand(client)


def shown(tree: Any, key: str = "") -> list[str]:
    """All that can be read or heard of a component, a figure or a reply."""
    if isinstance(tree, str):
        return [tree] if key in SHOWN else []
    if isinstance(tree, dict):
        if tree.get("type") in ("Store", "Code"):
            return []
        return [text for name, part in tree.items() for text in shown(part, name)]
    return [text for part in tree for text in shown(part, key)] if isinstance(tree, list) else []


def english(texts: list[str]) -> list[str]:
    assert texts
    return [text for text in texts if ENGLISH.search(NAMES.sub("", text))]


def page_of(tree: Any) -> dict[str, Any]:
    """What stands below the header."""
    parts = tree if isinstance(tree, list) else tree.values() if isinstance(tree, dict) else ()
    if isinstance(tree, dict) and tree.get("className") == "models":
        return tree
    return next(filter(None, map(page_of, parts)), {})


def answer_to(hand: Hand, first: str, **more: Any) -> list[str]:
    reply = hand.post(first, more.pop("value", 1), **more).get_json()
    return shown(reply["response"]) + shown(reply.get("sideUpdate", {}))


def estimate(hand: Hand, state: tuple[str, ...]) -> str:
    """What is answered to somebody who asks how long a training takes."""
    asked = next(c for c in hand.callbacks if [each["id"] for each in c["inputs"]] == ["train", "estimate"])
    values = zip(asked["state"], [*state, None][: len(asked["state"])], strict=True)
    body = {
        "output": asked["output"],
        "outputs": {"id": "message", "property": "children"},
        "inputs": [each | {"value": 1} for each in asked["inputs"]],
        "state": [each | {"value": value} for each, value in values],
        "changedPropIds": ["estimate.n_clicks"],
    }
    return hand.http.post(UPDATE, json=body).get_json()["response"]["message"]["children"]


def test_the_layout_has_no_english_in_it(hand: Hand):
    texts = shown(page_of(hand.http.get("/models/_dash-layout").get_json()))
    assert len(texts) > 500
    assert not english(texts)


@pytest.mark.parametrize("id", ["digits-nz10-seed0", "mnist-nz100-seed3", "fashion-nz10-seed0"])
def test_the_view_of_a_model_has_none(hand: Hand, id: str):
    reply = hand.post("unfold", 1, of={"unfold": id}, state=("light", [])).get_json()
    texts = shown(reply["sideUpdate"])
    assert any("ノイズp" in text for text in texts)
    assert len(texts) > 30
    assert not english(texts)


@pytest.mark.parametrize(
    "two",
    [
        ("digits-nz10-seed0", "digits-nz2-seed0"),
        ("digits-nz2-seed0", "fashion-nz10-seed0"),
        ("mnist-nz100-seed0", "mnist-nz100-seed0-beta2"),
        ("mnist-nz2-seed0", "mnist-nz100-seed4"),
        ("mnist-nz20-seed0", "mnist-nz20-seed0"),
    ],
)
def test_a_comparison_has_none(hand: Hand, two: tuple[str, str]):
    texts = answer_to(hand, "choices", value=dict(zip(("first", "second"), two, strict=True)))
    assert len(texts) > 30
    assert not english(texts)


def test_what_the_form_answers_has_none(hand: Hand, settings: Settings):
    one, many = ("digits", "3", "30", "2", "1", "1, 5"), ("digits", "3, 5", "1500", "", "", "", "2")
    answers = [answer_to(hand, "train", state=state)[0] for state in (one, many)]
    answers += [estimate(hand, state) for state in (one, many)]
    answers += answer_to(hand, "do", of={"do": "cancel", "key": "train-1"})
    experiments.note_waiting(SPEC, settings)
    (note,) = settings.models.iterdir()
    answers += answer_to(hand, "do", of={"do": "resume", "key": note.name})
    answers += answer_to(hand, "do", of={"do": "discard", "key": note.name})
    answers += answer_to(hand, "do", of={"do": "discard", "key": note.name})  # it is gone
    answers += answer_to(hand, "delete", of={"delete": "mnist-nz2-seed0"})
    assert len(answers) == 9
    assert not english(answers)


def test_the_rows_of_jobs_have_none(hand: Hand, jobs: AskedInJapanese, settings: Settings):
    history = {"step": [1], "train": [30.0, 26.0], "test": [28.0, 25.0], "epochs": [1, 2]}
    stack = tuple(replace(SPEC, n_latent=n, seed=n) for n in (3, 5))
    report = {"text": "epoch 3", "run": "b", "start": "goes on from epoch 2", "history": None, "fraction": 0.5}
    died = [
        reported(JobStatus("running", run="a"), report | {"text": text, "start": start})
        for text in ("fetching train.gz", sentence_of(1))
        for start in ("goes on from epoch 2", "starts from epoch 1")
    ]
    errors = (train.CancelledError(), OSError(28, "nothing left"), ValueError("bad. Worse"), TimeoutError())
    over = [ended(error) for error in errors]
    states = [
        JobStatus(),
        JobStatus("running", 0.25, sentence_of(1), history),
        *(JobStatus("running", 0.25, sentence_of(n)) for n in (0, 2)),
        *(replace(status, text=status.text.replace("train.gz", "1.gz")) for status in died),
        *(JobStatus(state, 0.5, re.sub(r"nothing left|ValueError|bad|Worse", "7", text)) for state, text in over),
        JobStatus("failed", 0.5, "digits-nz3-1 is here, without 1, 5 of the epochs to be kept: somebody else had asked "
                  "for it before. Train it again to have them. The others are here: digits-nz3-2."),
        JobStatus("running", 1.0, "stages of '6', digits-nz3-1: permute, decoded, label 6 (1 of 4)"),
        JobStatus("running", 1.0, "stages of '6', done"),
        JobStatus("done", 1.0, "digits-nz3-1"),
    ]  # fmt: skip
    works: list[Work] = [SPEC, with_snapshots(SPEC, (1, 5)), stack, "mnist", "fashion"]
    experiments.note_waiting(replace(SPEC, seed=7), settings)
    experiments.note_elsewhere(replace(SPEC, seed=8, beta=2), settings)
    for i, status in enumerate(states):
        jobs.every = tuple((f"train-{i}", work, status) for work in works if not (i and isinstance(work, str)))
        texts = answer_to(hand, "second")
        assert len(texts) > 3
        assert not english(texts)


def sentence_of(n: int) -> str:
    """How a training of so many models stands; of none is said what one has that was not tested yet."""
    specs = [replace(SPEC, seed=i, n_hidden=5) for i in range(max(1, n))]
    stack = Stack.begin(specs, 64, torch.device("cpu"))
    stack.epoch, stack.losses = 2, [[20.0 + i for i in range(len(specs))]]
    stack.test_metrics = {1: [Metrics(21.0 + i, 3.0 + i, 2 + i) for i in range(n)]} if n else {}
    return train.sentence(stack, 30, 7.0)


def calls() -> list[str]:
    """The texts with which functions say how far they are, with values in place of the names in braces."""
    files = [file for folder in ("core", "dashboard") for file in (ROOT / folder).rglob("*.py")]
    read = [file for file in files if file.name not in PRINTED and file.parent.name not in ("commands", "claims")]
    texts = [text for file in read for _, text in REPORTS.findall(file.read_text())]
    named = [re.sub(r"\{(text|words)\}", "done", text).replace("{name}", "label 7") for text in texts]
    return [re.sub(r"\{[^}]*\}", "7", text) for text in named if text]


@pytest.mark.parametrize(
    "text",
    [
        *dict.fromkeys(calls()),
        *(f"{part}, {text}" for part in ("label 7", "N_z = 10") for text in ("p = 0.300", "10 of 300 runs", "done")),
        *("label 7: frame 3 of 50", "label 7: images", "label 7", "timing a few steps", "writing", "starting"),
    ],
)
def test_how_far_a_computation_is_has_none(text: str):
    assert not english([catalogues()["ja"](text)])


@pytest.mark.parametrize("shipped", [(), ((2, 140.0), (10, 101.0))])
def test_the_figures_of_trainings_and_labels_have_none(shipped: tuple[tuple[int, float], ...]):
    names = LABEL_NAMES["fashion"]
    none = replace(make_latent_sweep(), epochs=np.zeros((3, 2, 1), int), negative_elbo=np.full((3, 2, 1), np.nan))
    drawn = [
        figures.label_map(make_map(), LIGHT, names=names),
        *(figures.elbo_over_latents(sweep, LIGHT, shipped=shipped) for sweep in (make_latent_sweep(), none)),
        figures.histories({"test": ((1, 2), (30.0, 26.0))}, LIGHT),
    ]
    with Flask(__name__).test_request_context("/?lang=ja"):
        texts = [texts_of(translated(figure)) for figure in drawn]
    assert all(texts)
    assert not [english(found) for found in texts if english(found)]


def texts_of(figure: Any) -> list[str]:
    """What is written in a figure; beside it the template has names of its own."""
    layout = figure["layout"]
    parts = [layout.get("annotations", ()), [axis["title"] for axis in layout.values() if is_titled(axis)]]
    bars = [trace["colorbar"] for trace in figure["data"] if "colorbar" in trace]
    return shown(json.loads(json.dumps([*parts, *bars], default=list)))


def is_titled(part: Any) -> bool:
    return isinstance(part, dict) and "title" in part


def test_what_is_reported_is_found():
    assert {"timing a few steps", "7 of 7 runs", "runs of label 7", "frame 7 of 7"} <= set(calls())


def test_a_value_in_a_sentence_reaches_over_no_full_stop():
    words = Words(
        {"Trained with {n}.": "{n}で学習。", "It costs {n}.": "{n}かかる。", "It failed ({why}).": "失敗（{why}）。"}
    )
    assert words("Trained with β = 1. It costs 3.5. It costs 4.") == "β = 1で学習。3.5かかる。4かかる。"
    assert words("It failed (one. Two).") == "失敗（one. Two）。"
    assert words("see Fig. 4 ") == "see Fig. 4 "
