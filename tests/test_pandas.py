"""Exported tables opened with pandas: columns with names and units, and the numbers of the NPZ beside them."""

import io
import re
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient

from core.panel_data import SPECS
from core.paper.exports import DISTANCES
from core.paper.figures.registry import FIGURES
from core.paper.shipped import result_type, shipped_figure
from core.session import Session
from core.settings import Settings
from core.table_words import COUNTS, LATENT, UNITS
from core.tables import table_names
from tests.conftest import settings_in
from tests.served import create_app, own_cache

QUERY = "v=3&d=digits&src=decoded&label=1&i=5&p=0.3&runs=20&T=6&seed=4"
LARGE = {"fig2", "movies", "fig6", "suppA"}  # ten seconds in all, and kinds of numbers that the others have too
PLACES = ["t", "run", "p"]  # columns that count rows
ONLY_NPZ = {"basis", "mean", "clean", "concept_image"}
NAMED = {
    "landmark": ["t", "run", "like_label", "like_own_image", "distance_from_plane [latent units]", "nearest"],
    "plane": ["t", "run", "pc_1 [latent units]", "pc_2 [latent units]", "nearest"],
    "nearest": ["t", "nearest_share_memory", "nearest_share_concept", "nearest_share_abstract"],
    "curves": ["t", "distance_to_memory [latent units]", "distance_sem_to_concept [latent units]"],
    "strip": ["t", "z_0 [latent units]", "pixel_0 [grey value 0-1]"],
    "stage": ["p", "stage", "minimum_distance_to_memory [latent units]", "minimum_step_abstract [steps]"],
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session.open(settings_in(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def http(session: Session) -> FlaskClient:
    return create_app(session.settings).server.test_client()


def opened(http: FlaskClient, address: str) -> pd.DataFrame:
    """The table of an address, as whoever downloads it opens it."""
    answer = http.get(address)
    assert answer.status_code == 200, answer.text
    table = pd.read_csv(io.BytesIO(answer.data))
    headings = [re.fullmatch(r"([a-z]\w*)(?: \[(.+)])?", str(heading)) for heading in table]
    assert all(headings), list(table)
    assert {match[2] for match in headings if match} <= {None, *UNITS.values(), LATENT, *DISTANCES.values()}
    return table


def stored(http: FlaskClient, address: str, left_out: Collection[str] = ()) -> list[np.ndarray]:
    """The numbers of an NPZ, without those that count rows."""
    archive = np.load(io.BytesIO(http.get(address).data))
    names = [name for name in archive.files if name.rpartition(".")[2] not in {*COUNTS, *left_out}]
    return [archive[name] for name in names if archive[name].dtype.kind in "biuf"]


def assert_same_numbers(tables: list[pd.DataFrame], arrays: list[np.ndarray]) -> None:
    """Every number of the arrays is in a table, as exactly as it is stored, and no other number."""
    columns = [table[name].dropna() for table in tables for name in table]
    cells = [column for column in columns if not pd.api.types.is_string_dtype(column)]
    exact = np.float16 if any(array.dtype == np.float16 for array in arrays) else np.float32
    found, wanted = (
        np.sort(np.concatenate([np.asarray(each, exact).ravel() for each in group])) for group in (cells, arrays)
    )
    np.testing.assert_array_equal(found, wanted[~np.isnan(wanted)])


def test_the_tables_of_all_panels_of_the_explorer(trained: tuple[Settings, str], tmp_path: Path):
    http = create_app(own_cache(trained[0], tmp_path)).server.test_client()
    for panel in SPECS:
        address = f"/data/{panel}.{{}}?{QUERY}&model={trained[1]}"
        table = opened(http, address.format("csv"))
        assert set(NAMED[panel]) <= set(table), panel
        numbers = table.drop(columns=[name for name in PLACES if name in table])
        assert_same_numbers([numbers], stored(http, address.format("npz"), ONLY_NPZ))


@pytest.mark.parametrize("id", [id for id in FIGURES if id not in LARGE])
def test_the_tables_of_a_figure_of_the_paper(http: FlaskClient, session: Session, id: str):
    shipped = shipped_figure(id, session)
    assert shipped
    query = shipped.spec.to_query()
    indices = table_names(result_type(shipped.figure))
    tables = [
        opened(http, f"/paper/data/{id}.csv?{query}&table={table}").drop(columns=list(index))
        for table, index in indices.items()
    ]
    assert_same_numbers(tables, stored(http, f"/paper/data/{id}.npz?{query}"))
