"""A result as tables for CSV: rows counted by step, p, run or label, columns with names and units.

One rule for all results. The axes of an array are those of its type, as in `Float[np.ndarray, "points steps"]`. Axes in
`INDEX` count rows; along the others the values stand side by side, a column each. An array that has none of `INDEX` is
counted by its first axis. Arrays of a result with the same index are columns of one table; a mapping adds its key to
the index of all that is in it.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from types import UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

import numpy as np

from core.table_words import AXES, CALLED, COUNTS, DISTANCE, FIRST, INDEX, LATENT, NAMES, UNITS

Block = dict[str, list[str]]
"""Columns of equal length by their headings, every cell as it is written."""


@dataclass(frozen=True)
class Column:
    """An array of a result on its way into a table.

    Args:
        name: Of its columns, before what stands along an axis.
        unit: Of its values; empty where they have none.
        axes: Of the array.
        keys: Those of the mappings that it stands in, each with the name of its column.
        values: The array; None where only the type of a result is looked at.
        counts: Where its axes are counted, as far as the result says so.
    """

    name: str
    unit: str
    axes: tuple[str, ...]
    keys: tuple[tuple[str, Any], ...]
    values: np.ndarray | None
    counts: Mapping[str, np.ndarray]

    @property
    def rows(self) -> tuple[int, ...]:
        """Which axes count rows: each kind of axis once."""
        found = tuple(i for i, axis in enumerate(self.axes) if axis in INDEX and axis not in self.axes[:i])
        return found or (0,) * bool(self.axes)

    @property
    def index(self) -> tuple[str, ...]:
        """The columns that count its rows."""
        axes = (self.axes[i] for i in self.rows)
        return (*(name for name, _ in self.keys), *(INDEX.get(axis) or FIRST.get(axis, axis) for axis in axes))


@dataclass(frozen=True)
class Table:
    """Rows of numbers and words under named columns.

    Args:
        index: The columns that count the rows.
        blocks: Columns by their headings, of some rows each; where a block has no such column its cells stay empty.
    """

    index: tuple[str, ...]
    blocks: tuple[Block, ...]

    def to_csv(self) -> str:
        """A line of headings, then a line for every row."""
        headings = list(dict.fromkeys(heading for block in self.blocks for heading in block))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(headings)
        for block in self.blocks:
            height = len(next(iter(block.values())))
            empty = [""] * height
            writer.writerows(zip(*(block.get(heading, empty) for heading in headings), strict=True))
        return text.getvalue()


def tables_of(result: Any, distance: str = LATENT) -> list[Table]:
    """All numbers of a result.

    Args:
        result: A frozen result, with others and mappings of others in it.
        distance: The unit of its distances.

    Example:
        >>> from core.paper.results import NetworkSizes
        >>> print(tables_of(NetworkSizes(np.array([784, 1024, 20])))[0].to_csv())
        layer,sizes
        pixels,784
        hidden,1024
        latent,20
        <BLANKLINE>
    """
    return [table_of(result, name, distance) for name in table_names(type(result)) if size_of(result, name)]


def table_of(result: Any, name: str, distance: str = LATENT) -> Table:
    """One of these tables, by its name.

    Raises:
        KeyError: A result of this kind has no such table.
    """
    index = table_names(type(result))[name]
    blocks: dict[tuple[Any, ...], Block] = {}
    for column in columns_of(type(result), result):
        if column.index == index:
            block = blocks.setdefault(tuple(value for _, value in column.keys), {})
            add(block, column, distance if column.unit == DISTANCE else column.unit)
    return Table(index, joined(index, blocks))


def size_of(result: Any, name: str) -> int:
    """How many numbers such a table has."""
    index = table_names(type(result))[name]
    return sum(np.asarray(column.values).size for column in columns_of(type(result), result) if column.index == index)


@lru_cache(maxsize=64)
def table_names(kind: type) -> dict[str, tuple[str, ...]]:
    """The tables of a kind of result: their names, and by what their rows are counted."""
    return {name_of(column.index): column.index for column in columns_of(kind, None)}


def name_of(index: tuple[str, ...]) -> str:
    """The name of a table.

    Example:
        >>> name_of(("n_latent", "t")), name_of(())
        ('by-n-latent-t', 'single-values')
    """
    return "-".join(("by", *index)).replace("_", "-") if index else "single-values"


def joined(index: tuple[str, ...], blocks: Mapping[tuple[Any, ...], Block]) -> tuple[Block, ...]:
    """Blocks of different rows; where some are counted by a mapping and some by an axis, each row once."""
    if len({len(keys) for keys in blocks}) < 2:
        return tuple(blocks.values())
    headings = list(dict.fromkeys(heading for block in blocks.values() for heading in block))
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for block in blocks.values():
        for i, place in enumerate(zip(*(block[name] for name in index), strict=True)):
            rows.setdefault(place, {}).update({heading: values[i] for heading, values in block.items()})
    return ({heading: [row.get(heading, "") for row in rows.values()] for heading in headings},)


def columns_of(kind: type, result: Any, keys: tuple[tuple[str, Any], ...] = ()) -> Iterator[Column]:
    """The arrays of a result, as far as it has them; of its type alone where it is None."""
    hints: Mapping[str, Any] = get_type_hints(kind)
    counts = {axis: getattr(result, name) for name, axis in COUNTS.items() if name in hints and result is not None}
    for item in fields(kind):
        hint, value = hints[item.name], getattr(result, item.name, None)
        if get_origin(hint) is Mapping:
            members: Mapping[Any, Any] = {None: None} if result is None else value or {}
            for key, each in members.items():
                if result is None or each is not None:  # what is not computed yet has no rows
                    below = (*keys, (item.metadata["key"], key))
                    yield from members_of(kind, item.name, plain(get_args(hint)[1]), each, below)
        elif is_dataclass(hint):
            yield from members_of(kind, item.name, hint, value, keys)
        elif item.name not in COUNTS and not item.metadata.get("only_npz"):
            yield column_of(kind, item.name, hint, value, keys, counts)


def members_of(kind: type, name: str, hint: Any, value: Any, keys: tuple[tuple[str, Any], ...]) -> Iterator[Column]:
    """What a field holds, or a value of the mapping that it is: a result, or a number."""
    if is_dataclass(hint):
        yield from columns_of(cast(type, hint), value, keys)
    else:
        yield column_of(kind, name, hint, value, keys, {})


def column_of(
    kind: type, name: str, hint: Any, value: Any, keys: tuple[tuple[str, Any], ...], counts: Mapping[str, np.ndarray]
) -> Column:
    """A field of a result."""
    own = f"{kind.__name__}.{name}"
    axes = tuple(AXES.get(name, getattr(hint, "dim_str", "")).split())
    unit = UNITS.get(own, UNITS.get(name, ""))
    return Column(called(own, called(name)), unit, axes, keys, None if value is None else np.asarray(value), counts)


def called(field: str, otherwise: str = "") -> str:
    """What the columns of a field are called."""
    return CALLED.get(field, otherwise or field)


def plain(hint: Any) -> Any:
    """A type without None."""
    return next(each for each in get_args(hint) if each is not type(None)) if isinstance(hint, UnionType) else hint


def add(block: Block, column: Column, unit: str) -> None:
    """Put an array into a block of rows, side by side what does not count them.

    Raises:
        ValueError: There is a column of this name, or it has other rows.
    """
    array, rows = np.asarray(column.values), column.rows
    beside = [i for i in range(array.ndim) if i not in rows]
    counted = [along(column, i) for i in rows]
    grids = np.meshgrid(*(np.arange(len(values)) for values in counted), indexing="ij")
    height = int(np.prod([len(values) for values in counted]))
    index = [[str(value)] * height for _, value in column.keys]
    index += [words(np.asarray(values)[grid.ravel()]) for values, grid in zip(counted, grids, strict=True)]
    for name, values in zip(column.index, index, strict=True):
        if block.setdefault(name, values) != values:
            raise ValueError(f"{column.name} has other rows than the columns before it")
    flat = array.transpose(*rows, *beside).reshape(height, -1)
    suffixes = [f"_{each}" for each in along(column, beside[0])] if beside else [""]
    for i in beside[1:]:
        suffixes = [f"{first}_{each}" for first in suffixes for each in along(column, i)]
    name = column.name if beside else column.name.removesuffix("_to")
    for suffix, values in zip(suffixes, flat.T, strict=True):
        heading = f"{name}{suffix}" + (f" [{unit}]" if unit else "")
        if heading in block:
            raise ValueError(f"there are two columns {heading}")
        block[heading] = words(values)


def along(column: Column, i: int) -> Any:
    """What stands along an axis: as the result counts it, names, or numbers from 0 on."""
    axis, size = column.axes[i], np.asarray(column.values).shape[i]
    names = NAMES.get(axis, ())
    return column.counts.get(axis, names if len(names) == size else range(size))


def words(values: np.ndarray) -> list[str]:
    """Numbers with as few digits as tell them apart from their neighbours."""
    return values.astype(str).tolist()
