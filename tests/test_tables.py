"""Tables of results: every number once, under a heading that names it and its unit."""

import csv
import io
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

from core.computations import LeftError
from core.panel_data import PanelData
from core.paper import results
from core.paper.results import (
    EmbeddingInSpace,
    FigureResult,
    LatentSweepWithModels,
    NetworkSizes,
    RunInSpace,
    RunOfEveryLabel,
    SweepOfEveryLabel,
    arrays_of,
)
from core.table_words import LATENT, UNITS
from core.tables import columns_of, table_names, table_of, tables_of
from dashboard.files import SHORT, as_csv, table_elsewhere
from tests.processes import children, until
from tests.synthetic import LAGS, RUNS, STEPS, make_curves, make_plane, make_run, make_space, make_sweep

KINDS = (*get_args(FigureResult), *get_args(PanelData))


def rows_of(result: Any, name: str, **options: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table_of(result, name, **options).to_csv())))


def column(rows: list[dict[str, str]], heading: str, dtype: type = float) -> np.ndarray:
    return np.array([row[heading] for row in rows], dtype)


def test_a_sweep_is_one_row_for_each_p_with_named_columns_and_units():
    sweep = make_sweep("1223")
    rows = rows_of(sweep, "by-p")
    assert column(rows, "p") == pytest.approx(sweep.noises)
    np.testing.assert_array_equal(
        column(rows, "minimum_distance_to_concept [latent units]", np.float32), sweep.minimum_distance[1]
    )
    np.testing.assert_array_equal(column(rows, "minimum_step_abstract [steps]", np.float32), sweep.minimum_step[2])
    assert column(rows, "approach_share") == pytest.approx(sweep.approach_share)
    assert list(table_names(type(sweep))) == ["by-p"]


def test_two_axes_count_rows_the_last_of_them_fastest():
    curves = make_curves()
    rows = rows_of(curves, "by-label-t")
    assert [(row["label"], row["t"]) for row in rows[: STEPS + 1]] == [("0", str(t)) for t in range(STEPS)] + [
        ("1", "0")
    ]
    np.testing.assert_array_equal(
        column(rows, "distance_to_concept_3 [latent units]", np.float32), curves.all_concepts[:, 3].ravel()
    )
    plane = EmbeddingInSpace(make_plane(), make_space())
    positions = rows_of(plane, "by-t-steps-before-t-run")
    assert len(positions) == STEPS * LAGS * RUNS
    place = next(row for row in positions if (row["t"], row["steps_before_t"], row["run"]) == ("5", "2", "7"))
    assert np.float32(place["pc_2 [latent units]"]) == plane.embedding.embedding[5, 2, 7, 1]


def test_distances_have_the_unit_that_they_are_measured_in():
    rows = rows_of(make_curves(), "by-label-t", distance="standard deviations")
    assert "distance_to_memory [standard deviations]" in rows[0]
    assert "effective_dimension" in rows[0]


def test_a_mapping_adds_its_key_and_what_is_missing_has_no_rows():
    sweep = make_sweep("1223")
    rows = rows_of(SweepOfEveryLabel({"0": sweep, "1": None, "7, or 1": sweep}), "by-label-p")
    assert [row["label"] for row in rows] == ["0"] * 4 + ["7, or 1"] * 4
    assert column(rows, "p") == pytest.approx([*sweep.noises, *sweep.noises])


def test_rows_that_an_axis_and_a_mapping_count_are_joined():
    result = RunOfEveryLabel({2: make_run(), 5: make_run(1, approaches=True)}, make_space())
    rows = {row["label"]: row for row in rows_of(result, "by-label")}
    assert len(rows) == 10
    assert (rows["2"]["approaches"], rows["5"]["approaches"], rows["3"]["approaches"]) == ("False", "True", "")
    assert np.float32(rows["5"]["concepts_1 [latent units]"]) == result.space.concepts[5, 1]


def test_a_grid_is_counted_by_its_own_values():
    grid: Any = results.LatentSweep(
        np.array([2, 10]),
        np.array([0.01, 0.001]),
        np.array([50]),
        np.full((2, 2, 1), 5),
        np.arange(4.0).reshape(2, 2, 1),
    )
    rows = rows_of(LatentSweepWithModels(grid, {20: 97.5}), "by-n-latent-learning-rate-batch-size")
    assert [(row["n_latent"], row["learning_rate"], row["batch_size"]) for row in rows[1:3]] == [
        ("2", "0.001", "50"),
        ("10", "0.01", "50"),
    ]
    shipped = rows_of(LatentSweepWithModels(grid, {20: 97.5}), "by-n-latent")
    assert shipped == [{"n_latent": "20", "negative_elbo_shipped [nats]": "97.5"}]


@pytest.mark.parametrize(
    "result",
    [RunInSpace(make_run(), make_space()), make_curves(), make_sweep("112"), NetworkSizes(np.array([784, 1024, 9]))],
    ids=lambda result: type(result).__name__,
)
def test_every_number_of_a_result_is_in_one_of_its_tables(result: Any):
    cells = sum(len(block[heading]) for table in tables_of(result) for block in table.blocks for heading in block)
    index = sum(len(block[name]) for table in tables_of(result) for block in table.blocks for name in table.index)
    counted = sum(array.size for name, array in arrays_of(result).items() if name == "noises")
    assert cells - index == sum(array.size for array in arrays_of(result).values()) - counted


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_columns_of_every_kind_of_result_have_names_of_their_own(kind: type):
    found = [(each.index, each.name) for each in columns_of(kind, None)]
    assert len(set(found)) == len(found)
    assert all(name.isidentifier() for index, heading in found for name in (*index, heading))


def test_every_unit_is_of_a_field_that_there_is():
    nested = {kind for each in KINDS for kind in (each, *classes_in(each))}
    own = {item.name for kind in nested for item in fields(kind)}
    assert {name.partition(".")[2] or name for name in UNITS} <= own


def classes_in(kind: type) -> set[type]:
    """The results within a result."""
    inner = {each for hint in get_type_hints(kind).values() for each in (hint, *get_args(hint))}
    direct = {each for each in inner if isinstance(each, type) and hasattr(each, "__dataclass_fields__")}
    deeper = {part for hint in inner for part in get_args(hint) if hasattr(part, "__dataclass_fields__")}
    return {part for each in direct | deeper for part in (each, *classes_in(each))}


def test_a_long_table_is_written_by_another_process_and_is_the_same():
    result, before = NetworkSizes(np.arange(SHORT)), children()
    seen: set[int] = set()
    table = table_elsewhere(result, "by-layer", LATENT, lambda *_: seen.update(children() - before))
    assert table == as_csv(result, "by-layer", LATENT)
    assert len(table.splitlines()) == SHORT + 1
    assert seen

    def left(*_: object) -> None:
        raise LeftError

    with pytest.raises(LeftError):
        table_elsewhere(result, "by-layer", LATENT, left)
    until(lambda: children() == before, "no process is left")
