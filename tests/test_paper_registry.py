"""The registry of the paper's figures: what each is computed as and drawn by, and what its files name."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from core.paper.claims import CLAIMS
from core.paper.figures.figure import Figure
from core.paper.figures.registry import FIGURES
from core.paper.results import RunOfEveryLabel, SweepOfEveryNLatent, arrays_of
from core.settings import Settings
from core.specs import FigureSpec
from dashboard.figures.draw import DRAW
from tests.served import create_app, own_cache
from tests.synthetic import make_run, make_space, make_sweep


def test_every_figure_has_a_drawing_and_every_drawing_a_figure():
    assert list(DRAW) == list(FIGURES)


@pytest.mark.parametrize("figure", FIGURES.values(), ids=list(FIGURES))
def test_what_is_drawn_is_what_is_computed(figure: Figure):
    draws: Any = DRAW[figure.id]
    assert get_type_hints(draws)["result"] is get_type_hints(figure.compute)["return"]


def test_figures_name_claims_that_there_are():
    assert {number for figure in FIGURES.values() for number in figure.claims} == {rule.number for rule in CLAIMS}


def test_files_name_the_arrays_of_a_mapping_by_its_keys():
    run, sweep = make_run(), make_sweep("1223")
    names = list(arrays_of(RunOfEveryLabel({0: run, 1: replace(run)}, make_space())))
    assert [names[0], names[len(names) // 2]] == ["run_0.z", "run_1.images"]
    assert names[-1] == "space.abstract_image"
    assert next(iter(arrays_of(SweepOfEveryNLatent({2: sweep})))) == "2.noises"
    assert next(iter(arrays_of(sweep, "sweep"))) == "sweep.noises"


def test_beside_orthogonality_stand_the_runs_of_the_paper_s_sizes(settings: Settings, tmp_path: Path):
    """Of all sizes of the zoo the paper shows the runs of N_z = 2, 20 and 100; what is smaller and between has none."""
    spec = FigureSpec(model="mnist-nz100-seed0", source="decoded", n_runs=10, label=6, noise=0.2)
    http = create_app(own_cache(settings, tmp_path)).server.test_client()
    content = http.get(f"/paper/data/fig8.npz?{spec.to_query()}").data
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        names = [name.split(".") for name in found.files]
    sizes = {kind: {name[1] for name in names if name[0] == kind} for kind in ("geometry", "runs")}
    assert sizes["runs"] == {"2", "20", "100"}
    assert sizes["geometry"] == {"2", "4", "6", "8", "10", "14", "20", "50", "100"}
