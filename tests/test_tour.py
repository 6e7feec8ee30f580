"""The guided tour: its stops are screens that exist, and what its words state of the shipped models is so."""

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from dash import dcc
from dash.development.base_component import Component
from flask import Flask

from core import experiments
from core.library import Entry
from core.paper.figures.registry import FIGURES
from core.results import FilmFrame, Stage
from core.session import Session
from core.settings import Settings
from core.specs import EmbeddingSpec, NoiseSweepSpec
from dashboard.controls import ScreenState
from dashboard.first_minute import first_minute, presets, what_is_this
from dashboard.languages import catalogues
from dashboard.links import read_link
from dashboard.tour import BASE, IDS, STOPS, Stop, tour_data
from dashboard.translation import ATTRIBUTES, translated


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("tour")
    return Session.open(Settings(folder / "data", folder / "models", folder / "cache", device="cpu"))


def model_of(session: Session, id: str) -> Entry:
    """The model that a stop shows."""
    settings = BASE | next(stop.settings for stop in STOPS if stop.id == id)
    named, library = settings["model"], session.library
    return library.entry(named) if named else library.default(*(settings[n] for n in ("dataset", "n_latent", "beta")))


@pytest.mark.parametrize("stop", STOPS, ids=IDS)
def test_a_stop_is_a_screen_of_a_shipped_model_and_has_a_link(shipped: Session, stop: Stop):
    assert set(BASE) | set(stop.settings) <= {item.name for item in fields(ScreenState)}
    state = replace(ScreenState(), **(BASE | stop.settings), noise=stop.noise, tour=stop.id)
    assert read_link(state.to_query()) == (state, [])
    entry = model_of(shipped, stop.id)
    assert (entry.origin, entry.spec.n_latent, entry.spec.beta) == ("shipped", state.n_latent, state.beta)
    assert 60 <= len(stop.text) <= 260
    assert stop.text.endswith(".")


def test_every_stop_has_an_id_of_its_own():
    assert len(set(IDS)) == len(STOPS) == 8


def decided(session: Session, id: str, source: str = "decoded") -> list[str]:
    """The stage of '6' at every p where it is decided."""
    n_runs = min(300, session.n_memories(id))
    sweep = experiments.stored_noise_sweep(NoiseSweepSpec(model=id, source=source, label=6, n_runs=n_runs), session)
    assert sweep
    return ["" if other else stage for stage, other in zip(sweep.stages, sweep.runners_up, strict=True)]


@pytest.mark.parametrize("source", ["original", "decoded"])
def test_its_p_are_in_the_stage_that_they_stand_for(shipped: Session, source: str):
    stages = decided(shipped, "mnist-nz100-seed0", source)
    for stop in STOPS:
        if not stop.settings:
            assert stages[round(40 * stop.noise)] == tuple(Stage)[stop.stage], stop.id


@pytest.mark.parametrize("source", ["original", "decoded"])
def test_four_units_have_no_stage_two_and_a_heavier_kl_term_a_wider_one(shipped: Session, source: str):
    units, beta, usual = (model_of(shipped, stop) for stop in ("units", "beta", "concept"))
    width = {entry.id: decided(shipped, entry.id, source).count(Stage.CONCEPT) for entry in (units, beta, usual)}
    assert width[units.id] == 0
    assert width[beta.id] > width[usual.id] > 0
    assert (units.spec.n_latent, beta.card.active_units, usual.card.active_units) == (4, 12, 20)


def test_stage_two_is_learned_after_epoch_20_and_by_epoch_150(shipped: Session):
    young = model_of(shipped, "training")
    assert (young.epoch, young.spec.epochs) == (20, 1500)
    ages = dict(shipped.library.ages(young.id))
    width = {epoch: decided(shipped, ages[epoch]).count(Stage.CONCEPT) for epoch in (20, 150, 1500)}
    assert width[20] == 0 < width[150] < width[1500]


def test_the_concepts_are_almost_perpendicular_and_a_run_is_as_far_from_nine(shipped: Session):
    space = experiments.latent_space("mnist-nz100-seed0", shipped)
    directions = space.concepts - space.abstract_concept
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    cosines = (directions @ directions.T)[~np.eye(10, dtype=bool)]
    assert np.abs(cosines).mean() < 0.2


def frame_at(session: Session, id: str) -> FilmFrame:
    """The runs of a stop of the first model, from decoded images."""
    noise = next(stop.noise for stop in STOPS if stop.id == id)
    spec = EmbeddingSpec(model="mnist-nz100-seed0", source="decoded", label=6, noise=noise, basis="fixed")
    return session.result(experiments.film_frame, spec)


def shares(frame: FilmFrame) -> np.ndarray:
    """Of the runs that are nearest to memory, concept and abstract concept: (points, steps)."""
    return np.stack([(frame.nearest == i).mean(1) for i in range(3)])


def test_with_little_noise_runs_begin_at_their_memories_and_drift_to_the_concept(shipped: Session):
    nearest = shares(frame_at(shipped, "memory"))
    assert nearest[0, 0] > 0.8
    assert nearest[1, -1] > 0.5 > nearest[0, -1]


def test_with_more_noise_the_share_of_the_concept_grows_and_shrinks_again(shipped: Session):
    frame = frame_at(shipped, "concept")
    concept = shares(frame)[1]
    assert 0 < concept.argmax() < 60
    assert concept.max() > concept[0] + 0.1
    assert concept.max() > concept[-1] + 0.03
    assert (frame.trajectories.concept_distances[:, 1:].argmin(0) == 6).all()


def test_with_too_much_noise_most_runs_are_nearest_to_the_abstract_concept_throughout(shipped: Session):
    assert (shares(frame_at(shipped, "abstract"))[2] > 0.7).all()


def test_the_page_it_leads_to_is_there():
    named: list[Any] = [stop.page[0] for stop in STOPS if stop.page[0]]
    assert [name.removeprefix("paper/") in FIGURES for name in named] == [True]


# in Japanese

ENGLISH = re.compile(r"(?!III)[A-Za-z]{3}")


def sent_in(language: str) -> dict[str, Any]:
    """What the browser gets of the tour."""
    with Flask("test").test_request_context(f"/?lang={language}"):
        store: Any = translated(dcc.Store(id="begin", data={"tour": tour_data()}))
    return store.data["tour"]


def test_of_a_stop_the_words_are_japanese_and_all_else_is_as_it_was():
    sent, given = sent_in("ja"), sent_in("en")
    assert sent["base"] == given["base"] == BASE
    assert len(sent["stops"]) == len(given["stops"]) == len(STOPS)
    for shown, stop in zip(sent["stops"], given["stops"], strict=True):
        same = {name for name in stop if name not in ("title", "text", "page")}
        assert {name: shown[name] for name in same} == {name: stop[name] for name in same}
        assert shown["page"][0] == stop["page"][0]
        words = [shown["title"], shown["text"], shown["page"][1]]
        assert [text for text in words if ENGLISH.search(text)] == []
        assert all(words[:2])
        assert bool(words[2]) == bool(stop["page"][1])
        assert shown["text"].endswith("。")


def test_a_stop_names_the_same_numbers_in_japanese():
    words = catalogues()["ja"]
    numbers = re.compile(r"\d[\d,]*\d|\d")
    for stop in STOPS:
        said = numbers.findall(words(stop.text))
        assert [number for number in numbers.findall(stop.text) if number not in said] == [], stop.id


def texts_of(node: Any) -> Iterator[str]:
    """What is read of a layout."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list | tuple):
        for part in node:
            yield from texts_of(part)
    elif isinstance(node, Component):
        for name in ATTRIBUTES:
            yield from texts_of(getattr(node, name, None))


def test_the_strip_says_nothing_in_english_to_who_asks_in_japanese():
    with Flask("test").test_request_context("/?lang=ja"):
        shown = translated([first_minute(), what_is_this(), presets()])
    texts = list(texts_of(shown))
    assert len(texts) > 40
    assert [text for text in texts if ENGLISH.search(text)] == []
