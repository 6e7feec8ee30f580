"""What the figures of the paper are drawn from."""

import io
from pathlib import Path

import numpy as np

from core.settings import Settings
from core.specs import FigureSpec
from tests.served import create_app, own_cache


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
