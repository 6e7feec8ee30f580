"""Measures with their targets, as a Markdown table, as JSON and in the README."""

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

README = Path(__file__).parent / "README.md"
BUSY = 0.5  # load per core from which on a machine counts as busy


@dataclass(frozen=True)
class Measure:
    """Repetitions of one quantity, and what they should be.

    Args:
        what: What is measured, in words.
        unit: Of the values.
        values: One per repetition.
        limits: Target per statistic ("p50", "p95", "max", ...), an upper bound unless `at_least`.
        at_least: The limits are lower bounds.
        note: Said below the table.
    """

    what: str
    unit: str
    values: Sequence[float]
    limits: Mapping[str, float] = field(default_factory=dict)
    at_least: bool = False
    note: str = ""

    def statistic(self, name: str) -> float:
        """A percentile ("p95"), or "min", "max"."""
        share = {"min": 0.0, "max": 100.0}.get(name)
        return float(np.percentile(self.values, float(name[1:]) if share is None else share))

    @property
    def verdict(self) -> str:
        """Whether every limit is kept; empty without a target."""
        if not self.limits:
            return ""
        if not len(self.values):
            return "not measured"
        sign = -1 if self.at_least else 1
        return "pass" if all(sign * self.statistic(k) <= sign * v for k, v in self.limits.items()) else "miss"

    @property
    def target(self) -> str:
        """The limits in words."""
        word = "at least" if self.at_least else "at most"
        parts = [f"{name} {word} {number(limit)} {self.unit}".rstrip() for name, limit in self.limits.items()]
        return ", ".join(parts) or "–"

    def cells(self) -> list[str]:
        """The row of a table."""
        shown = [number(self.statistic(name)) if len(self.values) else "–" for name in ("p50", "p95", "p99")]
        return [self.what, self.unit, str(len(self.values)), *shown, self.target, self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """For JSON, the raw values included."""
        found = {name: self.statistic(name) for name in ("min", "p50", "p95", "p99", "max")} if len(self.values) else {}
        plain = {"what": self.what, "unit": self.unit, "limits": self.limits, "at_least": self.at_least}
        return plain | found | {"verdict": self.verdict, "note": self.note, "values": [float(v) for v in self.values]}


COLUMNS = ("what", "unit", "n", "p50", "p95", "p99", "target", "verdict")


def number(value: float) -> str:
    """Three digits that count."""
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def measures_table(measures: Sequence[Measure]) -> str:
    """Measures as a Markdown table, their notes below."""
    notes = [f"- {m.what}: {m.note}" for m in measures if m.note]
    return "\n".join([table(COLUMNS, [m.cells() for m in measures]), *([""] if notes else []), *notes])


def machine() -> str:
    """The date, the machine in words, and whether others worked on it when this script started."""
    gpu = "a GPU" if shutil.which("nvidia-smi") else "no GPU"
    load = START_LOAD / (os.cpu_count() or 1)
    busy = f"**the machine was busy** (load {load:.1f} per core at the start)" if load > BUSY else "quiet machine"
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {gpu}, {busy}"


START_LOAD = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks share."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", type=Path, metavar="FILE", help="write all values as JSON")
    options.add_argument("--readme", action="store_true", help="put the table into benchmarks/README.md")
    return options


def say(text: str) -> None:
    """Progress, on stderr: stdout is the table."""
    print(text, file=sys.stderr, flush=True)


def publish(name: str, text: str, values: dict[str, Any], args: argparse.Namespace) -> None:
    """Print the result as Markdown; write what the options ask for.

    Args:
        name: The README holds the result between `<!-- name -->` and `<!-- /name -->`.
        text: Markdown.
        values: The same as plain values.
        args: Read by `parser`.
    """
    whole = f"Measured {machine()}.\n\n{text}"
    print(whole)
    if args.json:
        args.json.write_text(json.dumps({"benchmark": name, "machine": machine()} | values, indent=1) + "\n")
    if args.readme:
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        block = f"{start}\n{whole}\n{end}"
        found = f"{re.escape(start)}.*?{re.escape(end)}"
        README.write_text(re.sub(found, lambda _: block, README.read_text(), flags=re.DOTALL))
