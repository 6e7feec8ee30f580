"""The replication: the report is that of the shipped results, and computing them again says what differs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.commands.replication import report_texts
from core.paper.claims import Claim, ClaimTable
from core.paper.figures.registry import FIGURES
from core.paper.report import SILENT, codecheck
from core.paper.reproduce import compare_claims, compare_figure, compare_table, difference
from core.session import Session
from tests.conftest import CommandLine, settings_in

CLAIM = Claim(4, "4b", "It grows.", "20", "19 to 21", "if it rises", "holds", "", ("holds", "holds"), {}, ())


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session.open(settings_in(tmp_path))


def test_report_manifest_and_cards_are_those_of_what_is_shipped(session: Session, root: Path):
    for path, text in report_texts(session).items():
        assert (root / path).read_text() == text, f"{path} is of other results. Write it: python -m core report"


def test_the_report_has_every_claim_with_both_readings_and_what_was_left_open(session: Session):
    report = next(iter(report_texts(session).values()))
    assert [line for line in report.splitlines() if line.startswith("### ")] == [f"### Claim {i}" for i in range(1, 20)]
    assert report.count("Here, permuted: **") == report.count("Here, inverted: **") == 19
    assert all(f"| {left_open} |" in report for left_open, _ in SILENT)
    assert "Seeds 0, 1, 2, 3 and 4 at" in " ".join(report.split())


def test_the_manifest_names_every_figure_with_its_command():
    text = codecheck(list(FIGURES.values()))
    for id in FIGURES:
        assert f"python -m dashboard figure {id} --" in text
    assert text.count("- file:") == len(FIGURES) + 2


def test_a_figure_computed_again_is_the_same_and_without_images_none(session: Session):
    assert compare_figure("fig7b", session).verdict == "same"
    assert compare_figure("fig1", session).verdict == "not computed"  # there are no original images here
    assert "images" in compare_figure("fig1", session).detail


def test_numbers_that_differ_are_named():
    shipped = {"a": np.linspace(0, 1, 200), "b": np.arange(4)}
    assert difference(shipped, {"a": shipped["a"] + 0.009, "b": shipped["b"]}) == ""
    far = shipped["a"].copy()
    far[:3] += 0.02
    assert difference(shipped, {"a": far, "b": shipped["b"]}).startswith("a: 1.5 % of the numbers")
    assert difference(shipped, shipped | {"b": np.array([0, 1, 2, 4])}).startswith("b: 25 %")
    assert difference(shipped, shipped | {"b": np.arange(5)}).startswith("b: 100 %")
    assert difference(shipped, {"a": shipped["a"]}) == "There are other arrays."
    assert difference({"a": np.array([np.nan, 1])}, {"a": np.array([np.nan, 1])}) == ""


def test_a_claim_of_another_verdict_or_of_other_numbers_differs():
    def compared(**changed: Any) -> tuple[str, str]:
        table = ClaimTable((CLAIM,), {})
        (found,) = compare_claims(table, replace(table, claims=(replace(CLAIM, **changed),)))
        return found.verdict, found.detail

    assert compared() == ("same", "")
    assert compared(verdict="holds in part")[1] == "holds, holds, holds is now holds in part, holds, holds"
    assert compared(seeds=("holds", "does not hold"))[0] == "differs"
    assert "'19 to 22'" in compared(ours="19 to 22")[1]
    assert compared(verdict="not measured", why="No images.") == ("not computed", "No images.")


def test_claims_of_images_that_are_not_here_are_not_computed_from_others(session: Session):
    """That takes an hour, and its numbers are those of another experiment."""
    table = ClaimTable((CLAIM,), {"noise_kind": "permute", "source": {"mnist": "original"}})
    (found,) = compare_table(table, session, progress=lambda _, text: pytest.fail(f"computed: {text}"))
    assert (found.name, found.verdict) == ("Claims, permute", "not computed")
    assert "python -m core download --dataset mnist" in found.detail


def test_the_command_says_it_line_by_line(command: CommandLine):
    status, answer, said, _ = command("reproduce", "--only", "fig7b", "fig1")
    assert status == 0
    assert answer == {"same": 1, "differs": 0, "not computed": 1}
    assert "same           Fig. 7b" in said
