"""The claims in Japanese: no English stays, and no number is lost."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from core.library import Library
from core.paper.claims import CLAIM_FILES, CLAIMS, Claim, ClaimTable, stored_claims
from core.paper.claims.models import FEW_AND_MANY
from core.settings import Settings
from core.store import StoreError
from dashboard.languages import catalogues
from dashboard.pages.paper import claims
from dashboard.translation import translated
from tests.evidence import Made, check
from tests.served import create_app
from tests.test_claim_thresholds import EDGES
from tests.test_claims import CASES
from tests.test_claims_page import CLAIM, parts, plain, texts

FIELDS = ("statement", "paper", "rule", "ours", "why")
NAMES = {
    *("ELBO", "III", "nats", "MNIST", "Fashion", "Agresti", "Coull", "arXiv", "mnist", "fashion"),
    *("Top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "shirt", "Sneaker", "Bag", "Boot"),
}
COMMAND = re.compile(r"python -m core claims [ \w./-]+\.json|python -m core \w+|claims-\w+\.json")
MODEL = re.compile(r"\b(mnist|fashion|digits)-nz\d+[a-z0-9-]*")
ENGLISH = re.compile(r"[A-Za-z]{3,}")
NUMBER = re.compile(r"(?<![\d.])-?\d+(?:\.\d+)?")
COMMAND_ANEW = "python -m core claims --noise-kind KIND --output claims-invert.json"
FIVE, TWO = ["5"], ["2"]
WRITTEN_OUT = {
    (1, "paper"): ["10"],
    (3, "rule"): TWO,
    (11, "rule"): TWO,
    **dict.fromkeys(((number, "rule") for number in (1, 13, 14, 16, 17)), FIVE),
}
"""Numbers that are words in English and digits in Japanese, by claim and field."""


def english_in(text: str) -> list[str]:
    """Words of three Latin letters and more that are no names."""
    text = MODEL.sub("", COMMAND.sub("", text))
    return [word for word in ENGLISH.findall(text) if word not in NAMES]


def faults(claim: Claim) -> list[str]:
    """What of a claim is still English, or has other numbers in Japanese."""
    ja, found = catalogues()["ja"], []
    for field in FIELDS:
        english = getattr(claim, field)
        japanese = ja(english)
        left = english_in(japanese)
        expected = Counter(NUMBER.findall(english)) + Counter(WRITTEN_OUT.get((claim.number, field), []))
        numbers = Counter(NUMBER.findall(japanese))
        if left or (numbers != expected and (claim.verdict, field) != ("not measured", "why")):  # a refusal
            found.append(f"{claim.number} {field}: {left} {numbers - expected} {expected - numbers}: {japanese}")
    return found


@pytest.mark.parametrize("kind", CLAIM_FILES)
def test_the_shipped_claims_are_in_japanese_with_the_same_numbers(settings: Settings, kind: str):
    table = stored_claims(Library.of(settings.models), CLAIM_FILES[kind])
    assert table
    assert [claim.number for claim in table.claims] == [rule.number for rule in CLAIMS]
    assert [fault for claim in table.claims for fault in faults(claim)] == []


MADE: list[tuple[int, Made]] = [
    *((number, made) for number, _, made in CASES),
    *((number, made) for number, _, *sides in EDGES for _, made in sides),
]


def test_so_is_all_that_the_rules_can_say():
    """Every case of every rule, with one seed and where something is missing too."""
    assert [fault for number, made in MADE for fault in faults(check(number, made))] == []


def test_the_check_of_words_and_numbers_finds_faults():
    claim = check(1, CASES[0][2])
    assert not faults(claim)
    assert faults(replace(claim, ours="nearer than nothing 3%"))
    assert faults(replace(claim, paper="10 labels of all"))
    assert english_in("python -m core zoo に mnist-nz2-seed0") == []
    assert english_in("ラベル label") == ["label"]


def test_the_scoreboard_and_what_stands_beside_figures_is_in_japanese(settings: Settings):
    client = create_app(settings).server.test_client()
    layouts = {code: client.get(f"/paper/_dash-layout?lang={code}").get_json() for code in ("en", "ja")}
    english, japanese = (
        [texts(part["children"]) for part in parts(layout, "Section") if part["id"] == "claims"]
        + [texts(part["children"]) for part in parts(layout, "Dl") if part.get("className") == "beside"]
        for layout in layouts.values()
    )
    assert len(english) == len(japanese) > len(CLAIMS)
    assert "does not hold" in english[0]
    assert english_in(" ".join(japanese)) == []
    for words in ("主張の検証", "成り立たない", "一部成り立つ", "理由：", "シードごと：", "画素の入れ替え："):
        assert words in japanese[0], words


def test_what_is_missing_damaged_or_changed_is_said_in_japanese(settings: Settings):
    library = Library.of(settings.models)
    shipped = stored_claims(library, CLAIM_FILES["permute"])
    assert shipped
    lost = replace(shipped.claims[0], verdict="not measured", ours="", why=FEW_AND_MANY, seeds=(), models=())
    changed = replace(shipped, claims=(lost, *shipped.claims[1:]), changed=("mnist-nz100-seed1",))
    damaged = StoreError("claims-invert.json is no table of claims (ValueError). Compute it anew: " + COMMAND_ANEW)

    def read(_: Library, path: Path) -> ClaimTable:
        if path.name == "claims-invert.json":
            raise damaged
        return changed

    with Flask(__name__).test_request_context("/paper/?lang=ja"):
        boards = [claims.scoreboard(*claims.stored_tables(library, each)) for each in (read, lambda *_: None)]
        said = texts(plain([translated(board) for board in boards]))
    assert [word for word in english_in(said) if word != "ValueError"] == []
    for words in (
        "未測定1件",
        "まだ計算されていません：",
        "主張の表ではありません",
        "（ここにあるものとは重みが異なります）",
    ):
        assert words in said, words


def test_verdicts_are_counted_in_japanese():
    ja = catalogues()["ja"]
    for verdict, words in (("holds", "成り立つ"), ("holds in part", "一部成り立つ"), ("not measured", "未測定")):
        assert ja(verdict) == words
    assert ja("Pixels permuted: 9 hold, 8 hold in part, 2 do not hold. Pixels inverted: 1 holds, 1 does not hold.") == (
        "画素の入れ替え：成り立つ9件、一部成り立つ8件、成り立たない2件。画素の反転：成り立つ1件、成り立たない1件。"
    )
    assert ja(claims.by_seed(replace(CLAIM, seeds=("does not hold", "holds in part", "not measured")))) == (
        "シードごと：成り立たない、一部成り立つ、未測定"
    )
    assert ja(claims.reference_of("8, E, Discussion")) == "図8、補足E、考察"
