"""The table of claims: computed by the command, filed, and compared with the models that are here."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import experiments, store
from core.experiments.runs import activity
from core.figure_results import LabelMap
from core.library import Entry, Library
from core.paper import claims
from core.paper.claims import CLAIMS, Claim, ClaimTable
from core.paper.claims.evidence import Evidence
from core.progress import Progress
from core.schema import SpecError
from core.session import Session
from core.settings import Settings
from core.specs import READINGS, BranchSpec, EnsembleSpec, LabelMapSpec
from tests.conftest import CommandLine, is_refused
from tests.evidence import Made, approach, check, geometry
from tests.served import own_cache

RUNS = 10


class OfEveryDataSet(Library):
    """Its models stand for those of every data set."""

    def usable(self, dataset: str | None = None) -> list[Entry]:
        return super().usable()


def as_shipped(home: Settings) -> Library:
    """As if the models of a home were all that is shipped."""
    return OfEveryDataSet([(home.models, "shipped"), (store.SHIPPED, "of the classifier")])


@pytest.fixture
def shipped(trained: tuple[Settings, str], tmp_path: Path) -> Settings:
    """A home with an empty cache whose one small model of the digits stands for all that are shipped."""
    return own_cache(trained[0], tmp_path / "cache")


def watched(home: Settings) -> tuple[Session, list[str]]:
    """A session, and the keys of what is computed in it."""
    done: list[str] = []

    def shared(key: str, compute: Callable[[Progress], Any], progress: Progress) -> Any:
        done.append(key)
        return compute(progress)

    return Session.open(home, library=as_shipped(home), shared=shared), done


def names(keys: list[str]) -> set[str]:
    return {key.partition(":")[0] for key in keys}


def example(**files: str) -> ClaimTable:
    claim = Claim(
        1, "3a", "Runs approach.", "all", "7 of 10", "half", "holds in part", "Only 7.", ("holds in part", "holds"),
        {"share": [0.5]}, ("a",),
    )  # fmt: skip
    return ClaimTable(
        (claim,), {"noise_kind": "invert", "runs": {"sweep": 500}, "source": {}, "files": files, "versions": {}}
    )


def test_the_command_prints_and_writes_the_table(command: CommandLine, shipped: Settings, tmp_path: Path):
    file = tmp_path / "claims.json"
    given = ("claims", "--runs", str(RUNS), "--noise-kind", "permute", "--output", str(file))
    status, answer, out, _ = command(*given, home=shipped, library=as_shipped(shipped))
    assert status == 0
    assert [claim["number"] for claim in answer["claims"]] == list(range(1, 20))
    assert all(claim["statement"] in out for claim in answer["claims"])
    assert json.loads(file.read_text()) == answer
    recipe, (model,) = answer["recipe"], answer["claims"][0]["models"]
    assert recipe["noise_kind"] == "permute"
    assert set(recipe["runs"].values()) == {RUNS}
    assert recipe["source"] == {"digits": "original"}
    assert recipe["files"][model] == store.file_sha256(shipped.models / f"{model}.safetensors")
    assert set(recipe["files"]) == {model, "digits-classifier", "elbo-grid"}
    assert "torch" in recipe["versions"]
    stored = claims.stored_claims(as_shipped(shipped), file)
    assert stored is not None
    assert [json.loads(json.dumps(asdict(claim))) for claim in stored.claims] == answer["claims"]
    assert stored.changed == ()
    _, again, line, _ = command(*given, "--json", home=shipped, library=as_shipped(shipped))
    assert again == answer
    assert len(line.splitlines()) == 1


def test_a_stopped_command_goes_on(shipped: Settings, tmp_path: Path):
    def killed(_: float, text: str) -> None:
        if "LabelMap" in text and "p = 0.5" in text:
            raise KeyboardInterrupt

    session, done = watched(shipped)
    with pytest.raises(KeyboardInterrupt):
        claims.check_claims(session, n_runs=RUNS, progress=killed)
    *finished, stopped = done
    assert names(finished) == {"approach_curves", "latent_activity", "noise_sweep", "label_map"}
    session, again = watched(shipped)
    found = claims.check_claims(session, n_runs=RUNS)
    assert again[0] == stopped
    assert not set(again) & set(finished)
    assert found == claims.check_claims(watched(replace(shipped, cache=tmp_path / "other"))[0], n_runs=RUNS)


def test_other_weights_are_computed_anew(settings: Settings, write_model: Callable[..., Path]):
    session, done = watched(settings)
    for seed in (0, 1):
        write_model(settings.models / "a.safetensors", seed=seed)
        for _ in range(2):
            Evidence(session, n_runs=RUNS).sweep(session.library.entry("a"))
        assert len(done) == seed + 1


def test_the_map_of_stages_takes_the_sweeps_that_lie_beside_the_model(
    settings: Settings, write_model: Callable[..., Path]
):
    write_model(settings.models / "a.safetensors")  # with 12 memories, so that all of its sweeps have 12 runs
    session, done = watched(settings)
    experiments.store_noise_sweeps("a", session)
    model = session.library.entry("a")
    filed = Evidence(session).map_sweep(model)
    assert not done
    assert (filed.minimum_step == Evidence(session).sweep(model).minimum_step).all()
    Evidence(session, n_runs=RUNS).map_sweep(model)
    assert names(done) == {"noise_sweep"}
    assert len(done) == 1


def test_a_label_map_in_parts_is_the_same_at_once(trained: tuple[Settings, str], tmp_path: Path):
    session, _ = watched(own_cache(trained[0], tmp_path))
    made = Evidence(session, n_runs=RUNS)
    model = made.main("digits")
    parts = made.label_map(model, 6)
    whole = experiments.label_map(LabelMapSpec(model=model.id, n_runs=RUNS, noise_kind=made.noise_kind), session)
    for name in LabelMap.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_the_variance_of_a_branch_has_the_error_of_a_mean(trained: tuple[Settings, str]):
    home, id = trained
    found = experiments.branches(BranchSpec(model=id, n_runs=40, n_steps=10), Session.open(home))
    runs = EnsembleSpec(model=id, n_runs=40, n_steps=10, label=1)
    z = activity(runs, Session.open(home)).numpy()
    for k in (0, 1):
        own = z[:, found.branch == k]
        squares = np.square(own - own.mean(1, keepdims=True)).sum(-1)
        np.testing.assert_allclose(found.variance[k], squares.mean(1), rtol=1e-3)
        np.testing.assert_allclose(found.variance_sem[k], squares.std(1, ddof=1) / own.shape[1] ** 0.5, rtol=1e-3)


def test_chosen_runs_are_a_branch_and_the_others_the_other(trained: tuple[Settings, str]):
    home, id = trained
    spec = BranchSpec(model=id, n_runs=20, n_steps=10, chosen=(3, 0, 19))
    found, automatic = (
        experiments.branches(spec, Session.open(home)),
        experiments.branches(replace(spec, chosen=()), Session.open(home)),
    )
    assert np.flatnonzero(found.branch == 0).tolist() == [0, 3, 19]
    np.testing.assert_array_equal(found.embedding, automatic.embedding)
    sizes = [np.bincount(each.branch)[:, None] for each in (found, automatic)]
    of_all = [(sizes_ * each.mean_images).sum(0) / 20 for sizes_, each in zip(sizes, (found, automatic), strict=True)]
    np.testing.assert_allclose(of_all[0], of_all[1], atol=1e-5)  # the same images, otherwise divided
    for chosen in ((20,), tuple(range(20)), (-1,), "all"):
        with pytest.raises(SpecError, match="chosen"):
            replace(spec, chosen=chosen)


def test_a_stored_table_says_which_files_are_others_now(
    settings: Settings, write_model: Callable[..., Path], tmp_path: Path
):
    path, file = write_model(settings.models / "a.safetensors"), tmp_path / "claims.json"
    claims.save_claims(example(a=store.file_sha256(path), gone="0" * 64), file)
    found = claims.stored_claims(Library.of(settings.models), file)
    assert found is not None
    assert found == replace(example(a=store.file_sha256(path), gone="0" * 64), changed=("gone",))
    write_model(path, seed=1)
    again = claims.stored_claims(Library.of(settings.models), file)
    assert again is not None
    assert again.changed == ("a", "gone")


@pytest.mark.parametrize("kind", READINGS)
def test_a_shipped_table_has_the_rules_of_this_code_and_the_verdicts_that_they_give(kind: str):
    """Words for every claim; verdicts where the numbers that are shipped with the claim are all that its rule reads."""
    shipped = {claim["number"]: claim for claim in json.loads(claims.CLAIM_FILES[kind].read_text())["claims"]}
    assert list(shipped) == [rule.number for rule in CLAIMS]
    for rule in CLAIMS:
        for name in ("statement", "paper", "rule"):
            assert shipped[rule.number][name] == getattr(rule, name)
        assert shipped[rule.number]["figure"] == rule.source
    for number in (9, 10, 12, 19):
        made = of_sizes(shipped[number]["values"], (2, 20, 100))
        assert check(number, made).verdict == shipped[number]["verdict"]


def of_sizes(values: dict[str, Any], few: tuple[int, ...]) -> Made:
    """Evidence from the numbers of a claim about several N_z; the claim of `few` does not name them."""
    sizes = tuple(values.get("n_latent", few))
    gaps, shares, bounds = (
        dict(zip(sizes, values.get(name, [1.0] * len(sizes)), strict=True))
        for name in ("orthogonality_gap", "same_step_approach_share", "test_negative_elbo")
    )
    made = {n: (geometry(gap=gaps[n]), approach(shares[n])) for n in sizes}
    return Made(
        {"geometry": lambda m, _: made[m.spec.n_latent][0], "approach": lambda m, _: made[m.spec.n_latent][1]},
        sizes,
        bounds,
    )


def test_without_a_file_there_is_no_table(settings: Settings, tmp_path: Path):
    assert claims.stored_claims(Library.of(settings.models), tmp_path / "claims.json") is None


@pytest.mark.parametrize("content", ["", "[]", '{"claims": []}', '{"recipe": {}, "claims": [{"number": 1}]}'])
def test_a_damaged_table_is_refused_in_a_sentence(settings: Settings, tmp_path: Path, content: str):
    (tmp_path / "claims.json").write_text(content)
    with pytest.raises(store.StoreError, match="python -m core claims"):
        claims.stored_claims(Library.of(settings.models), tmp_path / "claims.json")


FAULTS: dict[str, dict[str, Any]] = {
    "a number that is a word": {"number": "1"},
    "a number that is true": {"number": True},
    "a sentence that is a number": {"why": 3},
    "a sentence without end": {"ours": "x" * 5001},
    "an unknown verdict": {"verdict": "perhaps"},
    "an unknown verdict of a seed": {"seeds": ["perhaps"]},
    "models that are numbers": {"models": [1]},
    "values that are a list": {"values": [1]},
    "an unknown field": {"more": ""},
    "an unknown kind of noise": {"noise_kind": "shuffle"},
    "runs that are words": {"runs": {"sweep": "many"}},
    "a file without a hash": {"files": {"a": None}},
    "sources in a list": {"source": ["mnist"]},
    "no claims": {"claims": []},
    "too many claims": {"claims": 101},
    "a file too large": {"values": {"x": "x" * 2_000_001}},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_table_with_a_field_of_another_kind_is_refused(settings: Settings, tmp_path: Path, fault: dict[str, Any]):
    file = tmp_path / "claims.json"
    claims.save_claims(example(), file)
    content = json.loads(file.read_text())
    assert claims.stored_claims(Library.of(settings.models), file) == example()
    ((name, value),) = fault.items()
    if name == "claims":
        content["claims"] = content["claims"] * value if value else []
    elif name in content["recipe"]:
        content["recipe"][name] = value
    else:
        content["claims"][0][name] = value
    file.write_text(json.dumps(content))
    with pytest.raises(store.StoreError, match="no table of claims"):
        claims.stored_claims(Library.of(settings.models), file)


def test_the_number_of_runs_is_checked(command: CommandLine, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        command("claims", "--runs", "0")
    assert "whole number" in capsys.readouterr().err
    assert is_refused(command("claims", "--runs", "5"), "n_runs")
