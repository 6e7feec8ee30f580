"""The floors of the house: who may import whom. Tests and benchmarks are free."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

FLOORS = {  # a module imports only modules of lower floors; `core.analysis` imports nothing of the house
    "core": 0,
    "core.analysis": 0,
    "core.code_version": 0,
    "core.result_bytes": 0,
    "core.schema": 0,
    "core.progress": 0,
    "core.cluster": 0,
    "core.cache": 1,
    "core.settings": 1,
    "core.specs": 1,
    "core.files": 1,
    "core.file_header": 1,
    "core.model_card": 1,
    "core.works": 1,
    "core.zoo": 2,
    "core.turns": 2,
    "core.results": 2,
    "core.figure_results": 2,
    "core.precision": 2,
    "core.vae": 2,
    "core.data": 2,
    "core.ahead": 3,
    "core.classifier": 3,
    "core.download": 3,
    "core.gradient": 3,
    "core.store": 3,
    "core.computations": 4,
    "core.snapshots": 4,
    "core.library": 5,
    "core.checkpoint": 3,
    "core.device_epoch": 4,
    "core.stack": 4,
    "core.device_stack": 5,
    "core.train": 6,
    "core.inference": 6,
    "core.session": 6,
    "core.experiments.machine": 7,
    "core.experiments.classifier": 8,
    "core.experiments.grid": 8,
    "core.experiments.runs": 8,
    "core.experiments.states": 8,
    "core.experiments.sweeps": 9,
    "core.experiments.training": 9,
    "core.experiments.approach": 9,
    "core.experiments.film": 9,
    "core.experiments.geometry": 9,
    "core.experiments.label_maps": 9,
    "core.experiments.derived": 10,
    "core.experiments.imports": 10,
    "core.experiments.trained_files": 10,
    "core.experiments.side_by_side": 10,
    "core.experiments": 11,
    "core.paper.claims.evidence": 12,
    "core.paper.claims.measures": 12,
    "core.paper.claims.claim": 13,
    "core.paper.claims.wording": 13,
    "core.paper.claims.approach": 14,
    "core.paper.claims.file": 14,
    "core.paper.claims.images": 14,
    "core.paper.claims.models": 14,
    "core.paper.claims.stages": 14,
    "core.paper.claims": 15,
    "core.paper.results": 12,
    "core.paper.figures.figure": 13,
    "core.paper.figures.approach": 14,
    "core.paper.figures.models": 14,
    "core.paper.figures.runs": 14,
    "core.paper.figures.stages": 14,
    "core.paper.figures.registry": 15,
    "core.paper.figures.questions": 16,
    "core.paper": 16,
    "core.commands.console": 17,
    "core.commands.options": 17,
    "core.commands": 18,
    "core.__main__": 19,
    "dashboard": 20,
    "app": 21,
}
DOORS = {"core.cache", "core.computations", "core.experiments", "core.library", "core.results", "core.figure_results"}
DOORS |= {"core.specs", "core.settings", "core.progress"}
DOORS |= {"core.paper", "core.commands"}
DOORS |= {"core.files"}  # a file is written whole, wherever it is written
DOORS |= {"core.model_card", "core.session", "core.schema", "core.store", "core.zoo"}
JOBS = {"dashboard.jobs", "dashboard.job_clients", "dashboard.job_status", "dashboard.worker_jobs"}
JOBS_DOORS = DOORS | {"core.train", "core.cluster"}
FIGURES_KNOW = {
    "core.specs",
    "core.results",
    "core.figure_results",
    "core.paper.results",
    "dashboard.figures",
    "dashboard.theme",
}
NOT_IN_CORE = {"dash", "plotly", "flask", "flask_caching", "flask_compress", "distributed"}
ON_DASK = {"core.cluster", "core.commands.grid"}  # the grid of Fig. 9 may be trained on workers elsewhere
NOT_IN_FIGURES = {"torch", "torchvision", "dash"}


def modules(root: Path) -> dict[str, Path]:
    """Every module of the house, by its dotted name."""
    files = [root / "app.py", *sorted((root / "core").rglob("*.py")), *sorted((root / "dashboard").rglob("*.py"))]
    names = {".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file for file in files}
    return {name: file for name, file in names.items() if file.exists()}


def imports(name: str, source: str, house: set[str], *, is_package: bool = False) -> set[str]:
    """The modules that a source imports, anywhere in it; of the house in full, of others as they are written."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = name.split(".") if is_package else name.split(".")[:-1]
            above = parents[: len(parents) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            inner = {f"{base}.{alias.name}" for alias in node.names} & house
            found |= inner if len(inner) == len(node.names) else inner | {base}
    return found


def is_in(name: str, packages: set[str]) -> bool:
    """Whether a module is one of these, or lies in one of them."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def floor_of(name: str) -> int:
    """The floor of the longest prefix that has one."""
    parts = name.split(".")
    if parts[0] == "core" and len(parts) > 1 and not is_in(name, set(FLOORS) - {"core"}):
        raise AssertionError(f"{name} has no floor: give it one in FLOORS.")
    return next(FLOORS[".".join(parts[:n])] for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in FLOORS)


def complaints(name: str, found: set[str]) -> list[str]:
    """What is wrong with the imports of a module, in sentences."""
    house = {other for other in found if is_in(other, {"core", "dashboard", "app"})} - {"core", name}
    in_core, wrong = is_in(name, {"core"}), []
    if in_core:
        forbidden = NOT_IN_CORE - {"distributed"} if name in ON_DASK else NOT_IN_CORE
        wrong += [f"{name} imports {other}." for other in found if is_in(other, forbidden)]
    if is_in(name, {"core.analysis"}):
        wrong += [f"{name} imports {other} of the house." for other in house if not is_in(other, {"core.analysis"})]
    elif in_core:
        others = {other for other in house if not is_in(other, {name})}  # a folder's door knows its own rooms
        wrong += [f"{name} imports {o}, which is no lower." for o in others if floor_of(o) >= floor_of(name)]
    elif is_in(name, {"dashboard"}):
        doors = JOBS_DOORS if name in JOBS else DOORS
        wrong += [f"{name} enters the core by {o}." for o in house if is_in(o, {"core"}) and not is_in(o, doors)]
        wrong += [f"{name} imports {other}." for other in house if is_in(other, {"app"})]
    if is_in(name, {"dashboard.figures"}):
        wrong += [f"{name} imports {other}." for other in found if is_in(other, NOT_IN_FIGURES)]
        wrong += [f"{name} knows {other}." for other in house if not is_in(other, FIGURES_KNOW)]
    return wrong


def graph(root: Path) -> dict[str, set[str]]:
    """What every module of the house imports."""
    files = modules(root)
    return {
        name: imports(name, file.read_text(), set(files), is_package=file.name == "__init__.py")
        for name, file in files.items()
    }


def test_nobody_imports_what_is_not_below(root: Path):
    assert [line for name, found in graph(root).items() for line in complaints(name, found)] == []


def test_there_are_no_circles(root: Path):
    whole = graph(root)
    house = {name: {other for other in found if other in whole and other != name} for name, found in whole.items()}
    assert len(list(TopologicalSorter(house).static_order())) == len(whole)


def test_the_whole_house_is_looked_at(root: Path):
    assert {"core.specs", "core.analysis.subspace", "core.experiments", "core.__main__"} <= set(modules(root))
    assert "core.analysis.concepts" in graph(root)["core.experiments.runs"]


HOUSE = {
    "core.cluster",
    "core.settings",
    "core.schema",
    "core.specs",
    "core.train",
    "core.vae",
    "core.experiments",
    "core.experiments.sweeps",
    "core.experiments.training",
    "core.inference",
    "dashboard.jobs",
    "dashboard.theme",
}
FORBIDDEN = {
    "analysis knows the house": ("core.analysis.concepts", "from core.specs import N_LABELS"),
    "analysis knows its neighbour": ("core.analysis.concepts", "from ..vae import VAE"),
    "an arrow up": ("core.data", "from core import train"),
    "a spec knows the specs": ("core.schema", "from core.specs import ModelSpec"),
    "an arrow up, inside a function": ("core.store", "def f():\n    import core.experiments"),
    "an arrow up, relative": ("core.vae", "from . import train"),
    "an arrow to the side": ("core.train", "from core.inference import swap"),
    "a room of a folder knows the folder": ("core.experiments.sweeps", "from core import experiments"),
    "a room of a folder knows its neighbour": (
        "core.experiments.sweeps",
        "from core.experiments.training import train_model",
    ),
    "core draws": ("core.experiments", "import plotly.graph_objects as go"),
    "core serves": ("core.specs", "from dash import html"),
    "the core's cluster draws": ("core.cluster", "import plotly.graph_objects as go"),
    "an experiment starts a cluster": ("core.experiments", "from distributed import LocalCluster"),
    "core knows the dashboard": ("core.store", "from dashboard import theme"),
    "a command draws": ("core.commands.paper", "def f():\n    from dashboard.figures.draw import DRAW"),
    "an experiment knows the paper": ("core.experiments", "from core.paper.figures.registry import FIGURES"),
    "the paper knows the commands": ("core.paper.figures.registry", "from core.commands.console import progress_bar"),
    "the dashboard enters by the window": ("dashboard.controls", "from core.vae import VAE"),
    "a page trains": ("dashboard.pages.training", "from core import train"),
    "the dashboard knows the app": ("dashboard.shell", "import app"),
    "figures compute": ("dashboard.figures", "import torch"),
    "figures of a folder compute": ("dashboard.figures.plane", "from torch import nn"),
    "figures know dash": ("dashboard.figures", "from dash import dcc"),
    "figures ask": ("dashboard.figures", "from core import experiments"),
    "figures of a folder ask": ("dashboard.figures.stages", "from core import experiments"),
}
ALLOWED = {
    "the door": ("dashboard.controls", "from core import experiments, specs"),
    "a drawing's command computes": ("dashboard.commands", "from core.paper.figures.registry import FIGURES"),
    "the core's cluster is Dask's": ("core.cluster", "def f():\n    from distributed import LocalCluster"),
    "jobs start a cluster": ("dashboard.jobs", "from core import cluster"),
    "jobs train": ("dashboard.jobs", "from core.train import train"),
    "a folder's door knows its rooms": ("core.experiments", "from core.experiments.sweeps import noise_sweep"),
    "training uses the network": ("core.train", "from core.vae import VAE\nimport torch"),
    "figures share marks": ("dashboard.figures.stages", "from dashboard.figures.marks import band"),
    "figures know colours": ("dashboard.figures", "import plotly.graph_objects as go\nfrom dashboard import theme"),
    "the app builds": ("app", "from dashboard import jobs\nfrom core.settings import Settings\nimport dash"),
    "a page is relative": ("dashboard.pages.training", "from ..jobs import submit"),
}


@pytest.mark.parametrize(("name", "source"), FORBIDDEN.values(), ids=list(FORBIDDEN))
def test_a_forbidden_import_is_found(name: str, source: str):
    assert complaints(name, imports(name, source, HOUSE)) != []


@pytest.mark.parametrize(("name", "source"), ALLOWED.values(), ids=list(ALLOWED))
def test_an_allowed_import_is_left_alone(name: str, source: str):
    assert complaints(name, imports(name, source, HOUSE)) == []


def test_a_new_room_of_the_core_needs_a_floor():
    with pytest.raises(AssertionError, match=r"core\.helpers"):
        complaints("core.helpers", {"core.specs"})
