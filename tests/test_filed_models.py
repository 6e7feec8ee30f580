"""What a worker has trained is filed if it is what was asked for, and can be had again until it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from core import experiments, store, train
from core.experiments import TrainedFiles
from core.settings import Settings
from core.specs import with_snapshots
from tests.conftest import settings_in
from tests.processes import QUICK, models_of


def test_what_is_no_model_of_the_recipe_is_not_filed(trained: tuple[Settings, str], settings: Settings):
    home, id = trained
    content = (home.models / f"{id}.safetensors").read_bytes()
    spec = store.read_metadata(home.models / f"{id}.safetensors")[0]
    broken = bytearray(content)
    broken[-100] ^= 1  # in the memories or weights: only the digest can tell
    for wrong, asked in ((content[:-10], spec), (b"nothing", spec), (content, replace(spec, seed=77))):
        with pytest.raises(store.StoreError, match=r"\.$"):
            experiments.file_model(TrainedFiles(wrong), asked, settings)
        assert list(settings.models.glob("*")) == []
    assert experiments.file_model(TrainedFiles(content), spec, settings) == id
    assert (settings.models / f"{id}.safetensors").read_bytes() == content
    assert [path.name for path in settings.models.iterdir()] == [f"{id}.safetensors"]


def test_snapshots_of_another_training_are_not_filed(settings: Settings, tmp_path: Path):
    files = [
        experiments.train_file(
            with_snapshots(replace(QUICK, epochs=2, seed=seed), (1,)), settings_in(tmp_path / f"{seed}")
        )
        for seed in (50, 51)
    ]
    for wrong in (files[1].snapshots, files[0].snapshots[:-10], files[0].model):
        mixed = replace(files[0], snapshots=wrong)
        with pytest.raises(store.StoreError, match=r"\.$"):
            experiments.file_model(mixed, replace(QUICK, epochs=2, seed=50), settings)
        assert not list(settings.models.glob("*"))


def test_contents_that_are_lost_on_their_way_can_be_had_again(settings: Settings):
    """The worker keeps its state, and what it kept on the way, until it is told that the model is filed."""

    def stop(share: float, text: str) -> None:
        if share == 0.5:
            raise train.CancelledError

    spec = with_snapshots(QUICK, (1, 3))
    with pytest.raises(train.CancelledError):
        experiments.train_file(spec, settings, progress=stop)
    first, second = (experiments.train_file(spec, settings) for _ in range(2))
    assert first.sweeps.keys() == second.sweeps.keys() == {1, 3, 4}
    assert {".training", ".epoch-1", ".epoch-3"} <= set(models_of(settings, QUICK))
    experiments.forget_state(spec, settings)
    assert not list(settings.models.iterdir())
