"""The highlighted run from an image of one's own, covered, and damaged on its way, against plain NumPy."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from core import experiments, inference
from core.packed_images import LEVELS, packed_image, packed_mask
from core.schema import SpecError
from core.session import Session
from core.settings import Settings
from core.specs import NOISE_KINDS, RunFilmSpec, RunSpec

MODEL = "digits-nz10-seed0"
GREYS = np.random.default_rng(1).integers(0, LEVELS + 1, 64).astype(np.uint8)
OWN = packed_image(GREYS)
HALF = np.arange(64) < 32
RUN = RunSpec(model=MODEL, source="decoded", n_runs=30, n_steps=12, noise=0.3, label=6, sample=7)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("highlighted")
    return Session.open(Settings(folder / "data", folder / "models", folder / "cache", device="cpu"))


class Plain:
    """The network in NumPy."""

    def __init__(self, session: Session):
        self.w = {name: value.double().numpy() for name, value in session.model(MODEL).vae.state_dict().items()}

    def layer(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def mean(self, x: np.ndarray) -> np.ndarray:
        both = self.layer(np.tanh(self.layer(x, "encoder.hidden")), "encoder.output")
        return both[..., : both.shape[-1] // 2]

    def decode(self, z: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-self.layer(np.tanh(self.layer(z, "decoder.hidden")), "decoder.output")))


def swapped(x: np.ndarray, p: float, kind: str, index: int, split: str) -> np.ndarray:
    uniform, order = inference.pixel_noise(0, "digits", (index,), 64, split)
    given = (torch.from_numpy(values) for values in (uniform, order))
    return inference.swap(torch.from_numpy(x)[None], p, kind, *given)[0].numpy()


def test_a_run_from_an_image_of_ones_own_is_that_of_plain_numpy(home: Session):
    found, plain = experiments.run(replace(RUN, own=OWN), home), Plain(home)
    clean = GREYS / LEVELS
    x = swapped(clean, 0.3, "permute", 0, "own")
    np.testing.assert_allclose(found.clean, clean, atol=1e-6)
    np.testing.assert_allclose(found.memory, plain.mean(clean), atol=1e-4)
    for t in range(13):
        np.testing.assert_allclose(found.images[t], x, atol=1e-4)
        np.testing.assert_allclose(found.z[t], plain.mean(x), atol=1e-3)
        np.testing.assert_allclose(found.distances[0, t], np.linalg.norm(found.z[t] - found.memory), rtol=1e-4)
        x = plain.decode(plain.mean(x))


def test_its_label_decides_about_the_concept_alone(home: Session):
    one, other = (experiments.run(replace(RUN, own=OWN, label=label), home) for label in (6, 3))
    np.testing.assert_array_equal(one.z, other.z)
    np.testing.assert_array_equal(one.distances[0], other.distances[0])
    assert (one.distances[1] != other.distances[1]).all()


@pytest.mark.parametrize("own", ["", OWN])
def test_covered_pixels_are_black_in_the_first_image_and_there_alone(home: Session, own: str):
    free = experiments.run(replace(RUN, own=own), home)
    found = experiments.run(replace(RUN, own=own, covered=packed_mask(HALF)), home)
    assert (found.images[0, HALF] == 0).all()
    np.testing.assert_array_equal(found.images[0, ~HALF], free.images[0, ~HALF])
    assert (found.images[1, HALF] > 0).all()
    np.testing.assert_array_equal(found.clean, free.clean)
    np.testing.assert_array_equal(found.memory, free.memory)


@pytest.mark.parametrize("kind", NOISE_KINDS)
@pytest.mark.parametrize("own", ["", OWN])
def test_a_run_goes_on_from_its_damaged_image(home: Session, kind: str, own: str):
    spec = replace(RUN, noise_kind=kind, own=own)
    before, found = (experiments.run(each, home) for each in (spec, replace(spec, damage_step=5, damage_noise=0.4)))
    index = 0 if own else int(home.model(MODEL).memory_index[6, 7])
    np.testing.assert_array_equal(found.images[:5], before.images[:5])
    np.testing.assert_array_equal(found.z[:5], before.z[:5])
    split = "own/step 5" if own else "step 5"
    expected = swapped(before.images[5], 0.4, kind, index, split)
    np.testing.assert_allclose(found.images[5], expected, atol=1e-6)
    plain, x = Plain(home), expected.astype(float)
    for t in range(5, 13):
        np.testing.assert_allclose(found.z[t], plain.mean(x), atol=1e-3)
        x = plain.decode(plain.mean(x))
    assert found.z.shape == before.z.shape


def test_the_damage_of_another_step_is_another_one(home: Session):
    noisy = [experiments.run(replace(RUN, damage_step=t, damage_noise=0.4), home).images[t] for t in (4, 5)]
    before = experiments.run(RUN, home).images
    changed = [np.abs(image - before[t]) > 1e-6 for image, t in zip(noisy, (4, 5), strict=True)]
    assert (changed[0] != changed[1]).any()


@pytest.mark.parametrize(
    "change", [{"damage_step": 13, "damage_noise": 1.0}, {"damage_step": 5}, {"damage_noise": 1.0}]
)
def test_there_is_no_damage_after_the_last_step_nor_without_pixels(home: Session, change: dict[str, Any]):
    np.testing.assert_array_equal(experiments.run(replace(RUN, **change), home).z, experiments.run(RUN, home).z)


def test_the_film_is_the_run_at_every_p(home: Session):
    more: dict[str, Any] = {"own": OWN, "covered": packed_mask(HALF), "damage_step": 4, "damage_noise": 0.5}
    shared = {name: getattr(RUN, name) for name in ("model", "source", "n_runs", "n_steps", "label", "sample")}
    film = experiments.run_film(RunFilmSpec(**shared, **more, noises=(0.0, 0.35, 1.0)), home)
    for i, p in enumerate((0.0, 0.35, 1.0)):
        run = experiments.run(replace(RUN, noise=p, **more), home)
        for name in ("images", "distances", "minimum_distance"):
            np.testing.assert_allclose(getattr(film, name)[i], getattr(run, name), atol=1e-5, err_msg=name)
        np.testing.assert_array_equal(film.memory, run.memory)
        np.testing.assert_array_equal(film.clean, run.clean)


@pytest.mark.parametrize(
    "change", [{"own": packed_image(np.zeros(784, np.uint8))}, {"covered": packed_mask(np.ones(784, bool))}]
)
def test_an_image_of_another_size_is_refused(home: Session, change: dict[str, str]):
    with pytest.raises(SpecError, match="64 pixels of this model"):
        experiments.run(replace(RUN, **change), home)


def test_salt_and_pepper_sets_selected_pixels_to_white_or_black():
    uniform, order = (torch.from_numpy(v) for v in inference.pixel_noise(3, "mnist", (5, 6), 784))
    x = torch.full((2, 784), 0.5)
    for p in (0.0, 0.3, 1.0):
        found = inference.swap(x, p, "salt", uniform, order)
        selected = uniform < p
        assert (found[~selected] == 0.5).all()
        assert ((found[selected] == 0) | (found[selected] == 1)).all()
    white = inference.swap(x, 1.0, "salt", uniform, order)
    assert white.mean(1).tolist() == [0.5, 0.5]
    assert (white[0] != white[1]).any()
