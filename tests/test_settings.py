from pathlib import Path

import pytest

from core.schema import SpecError
from core.settings import Settings


def test_settings_come_from_the_environment():
    found = Settings.from_environment({"LT_HOME": "/home/a", "LT_DATA": "/elsewhere", "LT_DEVICE": "cpu"})
    assert found == Settings(
        data=Path("/elsewhere"), models=Path("/home/a/models"), cache=Path("/home/a/cache"), device="cpu"
    )


def test_empty_variables_count_as_not_set():
    assert Settings.from_environment({"LT_HOME": "", "LT_DATA": "", "LT_DEVICE": ""}) == Settings.from_environment({})


def test_what_is_computed_ahead_is_a_choice():
    assert [Settings.from_environment({"LT_AHEAD": word}).ahead for word in ("yes", "no")] == [True, False]


def test_an_unknown_device_is_refused():
    with pytest.raises(SpecError, match="LT_DEVICE"):
        Settings.from_environment({"LT_DEVICE": "tpu"})
