"""Who may import whom: the contracts in pyproject.toml hold, and each is seen to break."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = {
    "the core draws": ("core", "core/experiments/runs.py", "import plotly.graph_objects as go"),
    "the core serves": ("core", "core/specs.py", "from dash import html"),
    "the core knows the dashboard": ("core", "core/store.py", "from dashboard import theme"),
    "an arrow up": ("core-floors", "core/data.py", "from core import train"),
    "an arrow up, inside a function": ("core-floors", "core/store.py", "def f():\n    import core.experiments"),
    "an experiment knows a figure": ("core-floors", "core/experiments/runs.py", "from core.paper import figures"),
    "the mathematics know a spec": ("core-floors", "core/analysis/concepts.py", "from core.specs import N_LABELS"),
    "a module without a floor": ("core-floors", "core/helpers.py", ""),
    "colours know a widget": ("dashboard-floors", "dashboard/theme.py", "from dashboard import controls"),
    "a panel knows a page": ("dashboard-floors", "dashboard/panels.py", "from dashboard.pages import explore"),
    "a circle": ("circles", "core/vae.py", "from core import gradient"),
    "a circle of experiments": ("circles", "core/experiments/runs.py", "from core.experiments import sweeps"),
    "a page knows another": ("pages", "dashboard/pages/models/callbacks.py", "from dashboard.pages import explore"),
    "a figure computes": ("figures", "dashboard/figures/runs.py", "import torch"),
    "a figure knows Dash": ("figures", "dashboard/figures/runs.py", "from dash import dcc"),
    "a figure asks": ("figures", "dashboard/figures/stages.py", "from core import experiments"),
    "the dashboard knows a network": ("doors", "dashboard/controls.py", "from core.vae import VAE"),
    "a page trains": ("doors", "dashboard/pages/models/callbacks.py", "from core import train"),
    "an experiment starts processes": ("processes", "core/experiments/runs.py", "from distributed import LocalCluster"),
}


def broken(folder: Path) -> str:
    """What the contracts say of a copy of the program; empty where all are kept."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    run = subprocess.run(command, cwd=folder, env={"PYTHONPATH": "."}, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr if run.returncode else ""


@pytest.fixture(scope="module")
def copy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for name in ("core", "dashboard"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", folder)
    return folder


def test_all_contracts_are_kept(copy: Path):
    assert broken(copy) == ""


@pytest.mark.parametrize(("contract", "file", "source"), FAULTS.values(), ids=list(FAULTS))
def test_a_forbidden_import_breaks_its_contract(root: Path, copy: Path, contract: str, file: str, source: str):
    path = copy / file
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{source}\n")
    try:
        says = broken(copy)
    finally:
        path.unlink() if before is None else path.write_text(before)
    name = re.search(rf'id = "{contract}"\nname = "(.*)"', (root / "pyproject.toml").read_text())
    assert name
    assert f"{name[1]} BROKEN" in says or "helpers" in says


def test_nothing_below_knows_the_application(root: Path):
    files = [*(root / "core").rglob("*.py"), *(root / "dashboard").rglob("*.py")]
    assert files
    assert not [file for file in files if re.search(r"^\s*(import app|from app)\b", file.read_text(), re.MULTILINE)]


def test_the_paths_of_the_architecture_page_are_there(root: Path):
    text = (root / "docs" / "architecture.md").read_text()
    table = text[text.index("## To change X, go to Y") :]
    paths = re.findall(r"`([\w./-]+)`", table)
    assert len(paths) > 20
    assert [path for path in paths if not (root / path).exists()] == []


def test_public_functions_with_more_than_one_argument_have_a_docstring(root: Path):
    without = []
    for file in [*(root / "core").rglob("*.py"), *(root / "dashboard").rglob("*.py")]:
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and len(node.args.args) > 1:
                without += [f"{file.name}: {node.name}"] * (ast.get_docstring(node) is None)
    assert without == []
