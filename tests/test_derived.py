"""What is computed of the shipped models once: the order, and what is left out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core import experiments
from core.session import Session
from core.settings import Settings
from core.specs import NoiseSweepSpec

NAMES = {
    "large": {"dataset": "mnist", "n_latent": 100},
    "other-seed": {"dataset": "mnist", "n_latent": 100, "seed": 1},
    "beta": {"dataset": "mnist", "n_latent": 100, "beta": 2.0},
    "of-digits": {"dataset": "digits", "n_latent": 100},
    "small": {"dataset": "mnist", "n_latent": 3},
}


@pytest.fixture
def models(settings: Settings, write_model: Callable[..., Path]) -> Settings:
    for name, changes in reversed(NAMES.items()):
        write_model(settings.models / f"{name}.safetensors", **changes)
    return settings


def specs_of(models: Settings) -> list[NoiseSweepSpec]:
    library = experiments.library_of(models)
    return experiments.sweeps_to_derive([library.entry(name) for name in NAMES], Session.open(models))


def test_what_is_looked_at_most_comes_first(models: Settings):
    specs = specs_of(models)
    assert len(specs) == len(set(specs)) == 4 * 20 + 40  # of MNIST without its images from decoded ones alone
    order = list(dict.fromkeys((spec.noise_kind, spec.source, spec.model) for spec in specs))
    hundred = ["large", "other-seed", "beta", "of-digits"]
    assert order == [
        ("permute", "original", "of-digits"),
        *(("permute", "decoded", name) for name in hundred),
        ("invert", "original", "of-digits"),
        *(("invert", "decoded", name) for name in hundred),
        ("permute", "decoded", "small"),
        ("invert", "decoded", "small"),
    ]
    assert [spec.label for spec in specs[:10]] == [6, 0, 1, 2, 3, 4, 5, 7, 8, 9]
    assert {spec.n_runs for spec in specs} == {12}


def test_what_is_there_is_not_computed_again(models: Settings):
    one = next(spec for spec in specs_of(models) if spec.source == "original")
    experiments.compute_sweeps([one], Session.open(models))
    rest = specs_of(models)
    assert len(rest) == 4 * 20 + 39
    assert one not in rest
