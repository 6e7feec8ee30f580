"""Which code computed a result: a change that can change a number changes the version, and no other does."""

import shutil
from pathlib import Path

import pytest

from core.code_version import ROOT, _read, used_by, version_in, version_of
from tests.threads import together

RUNS = "core.experiments.runs"


@pytest.fixture
def copy(tmp_path: Path, root: Path) -> Path:
    """The code in another folder, to be changed."""
    shutil.copytree(root / "core", tmp_path / "core", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def changed(copy: Path, file: str, old: str, new: str, module: str = RUNS) -> bool:
    """Whether the version changes with a change of a file."""
    before, path = version_in(copy, module), copy / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    return version_in(copy, module) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("core/analysis/concepts.py", "vector_norm(z - point", "vector_norm(z + point"),
        ("core/inference.py", "selected, 1 - x, x", "selected, 0.9 - x, x"),
        ("core/vae.py", "0.5 *", "0.6 *"),
        ("core/results.py", "    mean_curve_approaches: bool\n", "    mean_curve_approaches: bool\n    more: float\n"),
        ("core/experiments/runs.py", "TRAIL = 4", "TRAIL = 5"),
        ("core/data.py", "DIGITS_TRAIN = 1437", "DIGITS_TRAIN = 1436"),
    ],
)  # fmt: skip
def test_a_formula_or_a_result_class_that_changes_is_another_version(copy: Path, file: str, old: str, new: str):
    assert changed(copy, file, old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("core/analysis/concepts.py", '"""', '"""Another docstring. '),
        ("core/inference.py", "\n\n\n", "\n\n\n# a comment\n\n\n"),
        ("core/settings.py", "max_jobs: int = 20", "max_jobs: int = 30"),
        ("core/library.py", "maxsize=512", "maxsize=513"),
        ("core/cache.py", "PATIENCE = 60", "PATIENCE = 61"),
        ("core/experiments/label_maps.py", "SAMPLES = 8", "SAMPLES = 9"),
    ],
)
def test_nothing_else_is(copy: Path, file: str, old: str, new: str):
    assert not changed(copy, file, old, new)


def test_every_experiment_has_a_version_of_what_it_uses(copy: Path):
    assert changed(copy, "core/experiments/label_maps.py", "SAMPLES = 8", "SAMPLES = 9", "core.experiments.label_maps")
    assert "core.classifier" in used_by(ROOT, "core.experiments.label_maps")
    assert "core.classifier" not in used_by(ROOT, RUNS)
    assert {"core.analysis.concepts", "core.inference", "core.vae", "core.results"} <= set(used_by(ROOT, RUNS))


def test_many_who_ask_at_once_read_the_code_once():
    """Else the first questions to a server would keep each other waiting for seconds."""
    _read.cache_clear()
    assert len(set(together(*[lambda: version_of(RUNS)] * 8))) == 1
    read = _read.cache_info()
    assert read.misses == read.currsize  # of another module, too, if another test's thread asks meanwhile


def test_other_libraries_are_another_version():
    assert version_in(ROOT, RUNS, "2.13.0", "2.5.2") != version_in(ROOT, RUNS, "2.13.1", "2.5.2")
    assert version_of(RUNS) == version_of(RUNS)
