"""The claims on the page of the paper."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.library import Library
from core.paper.claims import CLAIM_FILES, CLAIMS, Claim, ClaimTable, stored_claims
from core.paper.figures.registry import FIGURES, figures_of_claim
from core.settings import Settings
from core.store import StoreError
from dashboard.pages.paper import claims
from dashboard.pages.paper.article import beside
from dashboard.terms import terms
from tests.served import create_app

CLAIM = Claim(
    4, "4b", "The step grows with p.", "20 to 30", "memory 0.0 ± 0.0 to 6.2 ± 2.8", "holds if it rises",
    "holds in part", "The concept's step is 31.2 ± 0.4.", ("holds in part", "holds"), {},
    ("mnist-nz100-seed0", "mnist-nz100-seed1"),
)  # fmt: skip
TABLE = ClaimTable(
    (CLAIM, replace(CLAIM, number=14, figure="D", verdict="does not hold", seeds=(), models=())),
    {"noise_kind": "invert", "runs": {"sweep": 500}, "source": {"mnist": "original"}, "files": {}, "versions": {}},
)


def plain(component: Any) -> Any:
    """A component tree as the browser gets it."""
    return json.loads(json.dumps(component, default=lambda part: part.to_plotly_json()))


def parts(tree: Any, kind: str) -> list[dict[str, Any]]:
    """The properties of all components of a kind, in order."""
    if isinstance(tree, list):
        return [found for each in tree for found in parts(each, kind)]
    if not isinstance(tree, dict):
        return []
    own = [tree["props"]] if tree.get("type") == kind else []
    return own + parts(tree.get("props", {}).get("children"), kind)


def texts(tree: Any) -> str:
    """What is to be read: terms stand within their sentence, everything else stands apart."""
    return " ".join(joined(tree).split())


def joined(tree: Any) -> str:
    if isinstance(tree, list):
        return "".join(map(joined, tree))
    if not isinstance(tree, dict):
        return str(tree or "")
    inner = joined(tree.get("props", {}).get("children", ""))
    return inner if tree.get("props", {}).get("className") == "term" else f" {inner} "


@pytest.fixture
def section(settings: Settings) -> Any:
    """Draws the scoreboard of two tables, or of what reading one raises."""

    def draw(invert: ClaimTable | Exception | None, permute: ClaimTable | Exception | None = None) -> Any:
        def read(_: Library, path: Path) -> ClaimTable | None:
            found = {"claims-invert.json": invert, "claims-permute.json": permute}[path.name]
            if isinstance(found, Exception):
                raise found
            return found

        return plain(claims.scoreboard(*claims.stored_tables(Library.of(settings.models), read)))

    return draw


def marks(tree: Any) -> list[str]:
    """The verdicts of a row, those of the seeds in brackets."""
    spans = [each for each in parts(tree, "Span") if "mark" in str(each.get("className")).split()]
    return [f"({each['title']})" if "small" in each["className"] else each["title"] for each in spans]


def test_a_row_has_marks_and_unfolds_to_numbers_rule_models_and_command(section: Any):
    row, other = parts(section(TABLE), "Details")
    assert row["id"] == "claim-4"
    assert marks(parts(row["children"], "Summary")[0]["children"]) == ["holds in part", "(holds in part)", "(holds)"]
    command = claims.COMMAND.format(kind="invert")
    seeds = "by seed: holds in part, holds"
    for word in (CLAIM.statement, "Fig. 4b", CLAIM.paper, CLAIM.ours, "Why:", CLAIM.why, CLAIM.rule, seeds, command):
        assert word in texts(row["children"]), word
    assert "Models: mnist-nz100-seed0, mnist-nz100-seed1" in texts(row["children"])
    assert "Supp. D" in texts(other["children"])
    assert "seed" not in texts(other["children"]).replace(CLAIM.ours, "")
    assert marks(parts(other["children"], "Summary")[0]["children"]) == ["does not hold"]


def test_seeds_that_agree_are_counted():
    assert claims.by_seed(replace(CLAIM, seeds=("holds", "holds", "holds"))) == "on all 3 seeds"
    assert claims.by_seed(CLAIM) == "by seed: holds in part, holds"


def test_a_row_leads_to_its_figures(section: Any):
    row, _ = parts(section(TABLE), "Details")
    assert [each["href"] for each in parts(row["children"], "A")] == ["#figure-fig4b"]


def test_the_claims_lead_only_to_figures_and_every_claim_to_one():
    shown = [figures_of_claim(rule.number) for rule in CLAIMS]
    assert all(shown)
    assert {number for figure in FIGURES.values() for number in figure.claims} == set(range(1, 20))
    assert shown[1] == ("fig3", "fig4b")


def test_verdicts_are_counted_and_the_recipe_is_told(section: Any):
    said = texts(section(TABLE))
    assert "Pixels inverted: 1 holds in part, 1 does not hold." in said
    assert "Runs: sweep 500. From original images of mnist." in said
    assert "other weights" not in said


def test_a_table_of_other_weights_says_so_where_it_matters(section: Any):
    shown = section(replace(TABLE, changed=("mnist-nz100-seed1",)))
    assert "Computed for other weights than those here (inverted): mnist-nz100-seed1" in texts(shown)
    assert "Models: mnist-nz100-seed0, mnist-nz100-seed1 (other weights here)" in texts(shown)


def test_both_readings_stand_side_by_side(section: Any):
    other = replace(TABLE, claims=(replace(CLAIM, verdict="holds", ours="another number", why=""),), changed=("x",))
    shown = section(TABLE, other)
    assert [each["children"] for each in parts(shown, "Span") if each.get("className") == "kind"][:2] == [
        "Permuted",
        "Inverted",
    ]
    row, lonely = (parts(each["children"], "Summary")[0]["children"] for each in parts(shown, "Details"))
    assert [each for each in marks(row) if "(" not in each] == ["holds", "holds in part"]
    assert marks(lonely) == ["does not hold"]  # the first table lacks it: its column is empty
    assert parts(shown, "Details")[1]["id"] == "claim-14"
    assert "Pixels permuted: 1 holds." in texts(shown)
    assert "(permuted): x" in texts(shown)


def test_a_damaged_table_leaves_the_other(section: Any):
    shown = section(StoreError("claims-invert.json is no table of claims."), TABLE)
    assert "is no table of claims" in texts(shown)
    assert len(parts(shown, "Details")) == 2


def test_without_a_table_the_page_says_how_to_compute_one(section: Any):
    shown = section(None)
    for kind, word in (("invert", "inverted"), ("permute", "permuted")):
        assert f"Not computed yet with pixels {word}" in texts(shown)
        assert claims.COMMAND.format(kind=kind) in texts(shown)
    assert parts(shown, "Details") == []


def test_beside_a_figure_stand_the_paper_s_number_and_ours(settings: Settings):
    """Of what does not hold the reason is said, of what holds the numbers."""
    other = replace(TABLE, claims=(replace(CLAIM, verdict="holds", ours="another number", why=""),))
    shown = plain(beside(4, {"permute": other, "invert": TABLE}, terms))
    assert marks(shown) == ["holds", "holds in part"]
    for word in (CLAIM.statement, CLAIM.paper, "another number", CLAIM.why):
        assert word in texts(shown)
    assert CLAIM.ours not in texts(shown)
    assert parts(shown, "A")[0]["href"] == "#claim-4"


def test_the_article_has_every_figure_once_with_its_claims(settings: Settings):
    layout = create_app(settings).server.test_client().get("/paper/_dash-layout").get_json()
    places = [each["id"].removeprefix("figure-") for each in parts(layout, "Figure")]
    assert sorted(places) == sorted(FIGURES)
    assert places[0] == "stages"
    shipped = stored_claims(Library.of(settings.models), CLAIM_FILES["permute"])
    assert shipped
    for claim in shipped.claims:
        assert texts(layout).count(claim.statement) >= 1 + len(figures_of_claim(claim.number)), claim.number
