"""The claims on the page of the paper."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.library import Library
from core.paper.claims import CLAIM_FILES, CLAIMS, Claim, ClaimTable, stored_claims
from core.paper.figures.registry import FIGURES as FIGURES_OF_THE_PAPER
from core.paper.figures.registry import figures_of_claim
from core.settings import Settings
from core.store import StoreError
from dashboard.pages.paper import claims
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
FIGURES = {"fig4b": "Fig. 4b", "fig4a": "Fig. 4a"}


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
    """Draws the section of two tables, or of what reading one raises."""

    def draw(
        invert: ClaimTable | Exception | None,
        permute: ClaimTable | Exception | None = None,
        figures: dict[str, str] = FIGURES,
    ) -> Any:
        def read(_: Library, path: Path) -> ClaimTable | None:
            found = {"claims-invert.json": invert, "claims-permute.json": permute}[path.name]
            if isinstance(found, Exception):
                raise found
            return found

        return plain(claims.claims_section(Library.of(settings.models), figures, stored=read))

    return draw


def test_a_row_has_statement_numbers_verdict_rule_and_models(section: Any):
    row, other = parts(section(TABLE), "Tr")[1:]
    assert row["id"] == "claim-4"
    for word in (
        CLAIM.statement,
        "Fig. 4b",
        CLAIM.paper,
        CLAIM.ours,
        "Why:",
        CLAIM.why,
        "by seed: holds in part, holds",
    ):
        assert word in texts(row["children"])
    folded = [texts(each["children"]) for each in parts(row["children"], "Details")]
    assert folded == ["Rule holds if it rises", "Models mnist-nz100-seed0, mnist-nz100-seed1"]
    (verdict,) = parts(row["children"], "Strong")
    assert (verdict["children"], verdict["className"]) == ("holds in part", "verdict verdict-1")
    assert "Supp. D" in texts(other["children"])
    assert "seed" not in texts(other["children"])
    assert parts(other["children"], "Strong")[0]["className"] == "verdict verdict-2"


def test_seeds_that_agree_are_counted():
    assert claims.by_seed(replace(CLAIM, seeds=("holds", "holds", "holds"))) == "on all 3 seeds"
    assert claims.by_seed(CLAIM) == "by seed: holds in part, holds"


def test_a_row_opens_the_figures_that_the_page_has(section: Any):
    row, other = parts(section(TABLE), "Tr")[1:]
    (button,) = parts(row["children"], "Button")
    assert button["id"] == {"claim": 4, "open": "fig4b"}
    assert button["children"] == "Fig. 4b"
    assert parts(other["children"], "Button") == []


def test_the_claims_lead_only_to_figures_and_every_claim_to_one():
    shown = [figures_of_claim(rule.number) for rule in CLAIMS]
    assert all(shown)
    assert {number for figure in FIGURES_OF_THE_PAPER.values() for number in figure.claims} == set(range(1, 20))
    assert shown[1] == ("fig3", "fig4b")


def test_verdicts_are_counted_and_the_recipe_is_told(section: Any):
    said = texts(section(TABLE))
    assert "Pixels inverted: 1 holds in part, 1 does not hold." in said
    assert "Runs: sweep 500. From original images of mnist." in said
    assert "other weights" not in said


def test_a_table_of_other_weights_says_so_where_it_matters(section: Any):
    shown = section(replace(TABLE, changed=("mnist-nz100-seed1",)))
    assert "Computed for other weights than those here (inverted): mnist-nz100-seed1" in texts(shown)
    assert claims.COMMAND.format(kind="invert") in texts(shown)
    models = texts(parts(parts(shown, "Tr")[1]["children"], "Details")[1]["children"])
    assert models == "Models mnist-nz100-seed0, mnist-nz100-seed1 (other weights here)"


def test_both_readings_stand_side_by_side(section: Any):
    other = replace(TABLE, claims=(replace(CLAIM, verdict="holds", ours="another number", why=""),), changed=("x",))
    shown = section(TABLE, other)
    assert [texts(each["children"]) for each in parts(shown, "Th")[:6]] == [
        *("Claim", "The paper states", "Paper", "Here, pixels permuted", "Here, pixels inverted", "Live")
    ]
    row, lonely = parts(shown, "Tr")[1:]
    assert [each["children"] for each in parts(row["children"], "Strong")] == ["holds", "holds in part"]
    assert [CLAIM.ours in texts(cell["children"]) for cell in parts(row["children"], "Td")] == [
        False,
        False,
        False,
        True,
        False,
    ]
    assert len(parts(lonely["children"], "Strong")) == 1
    assert lonely["id"] == "claim-14"  # that the first table lacks
    assert len(parts(lonely["children"], "Td")) == 5  # a reading without this claim has an empty cell
    assert "Pixels permuted: 1 holds." in texts(shown)
    assert "(permuted): x" in texts(shown)


def test_a_damaged_table_leaves_the_other(section: Any):
    shown = section(StoreError("claims-invert.json is no table of claims."), TABLE)
    assert "is no table of claims" in texts(shown)
    assert len(parts(shown, "Tr")) == 3


def test_without_a_table_the_page_says_how_to_compute_one(section: Any):
    shown = section(None)
    for kind, word in (("invert", "inverted"), ("permute", "permuted")):
        assert f"Not computed yet with pixels {word}" in texts(shown)
        assert claims.COMMAND.format(kind=kind) in texts(shown)
    assert parts(shown, "Table") == []


def test_a_damaged_table_is_a_sentence_on_the_page(section: Any):
    assert "is no table of claims" in texts(section(StoreError("claims.json is no table of claims.")))


def test_the_page_has_the_claims_and_listens_to_their_buttons(settings: Settings):
    http = create_app(settings).server.test_client()
    shipped = stored_claims(Library.of(settings.models), CLAIM_FILES["permute"])
    assert shipped
    assert shipped.claims[0].statement in texts(http.get("/paper/_dash-layout").get_json())
    listening = [each["inputs"][0]["id"] for each in http.get("/paper/_dash-dependencies").get_json()]
    assert '{"claim":["ALL"],"open":["ALL"]}' in listening
