"""The table of claims: computed by the command, filed, and compared with the models that are here."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import experiments, store
from core.config import NOISE_KINDS, BranchSpec, InferenceSpec, LabelMapSpec, Settings
from core.experiments import evidence
from core.experiments.claims import RULES
from core.experiments.evidence import Evidence
from core.experiments.runs import collective_runs
from core.library import Entry, Library
from core.results import Claim, ClaimTable, LabelMap
from core.spec import SpecError
from tests.conftest import CommandLine, is_refused
from tests.evidence import Made, approach, check, geometry
from tests.served import own_cache

RUNS = 10


class OnlyOne(Evidence):
    """As if the only model of a home were all that is shipped."""

    def shipped(self, dataset: str) -> list[Entry]:
        return [Library.of(self.settings.models).find(next(self.settings.models.glob("*.safetensors")).stem)]


@pytest.fixture
def shipped(trained: tuple[Settings, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with an empty cache whose one small model of the digits stands for all that are shipped."""
    home, id = trained

    def only(self: Evidence, dataset: str) -> list[Entry]:
        return [Library.of(self.settings.models).find(id)]

    monkeypatch.setattr(Evidence, "shipped", only)
    return own_cache(home, tmp_path / "cache")


def computations(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Notes every experiment that is computed from here on."""
    done: list[Any] = []

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def compute(spec: Any, *given: Any, **named: Any) -> Any:
            done.append((real.__name__, spec, named.get("noises")))
            return real(spec, *given, **named)

        return compute

    for name in ("approach_curves", "noise_sweep", "label_map", "branches"):
        monkeypatch.setattr(evidence, name, counted(getattr(evidence, name)))
    return done


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
    status, answer, out, _ = command(*given, home=shipped)
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
    stored = experiments.stored_claims(shipped, file)
    assert stored is not None
    assert [json.loads(json.dumps(asdict(claim))) for claim in stored.claims] == answer["claims"]
    assert stored.changed == ()
    _, again, line, _ = command(*given, "--json", home=shipped)
    assert again == answer
    assert len(line.splitlines()) == 1


def test_a_stopped_command_goes_on(shipped: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def killed(_: float, text: str) -> None:
        if "LabelMap" in text and "p = 0.5" in text:
            raise KeyboardInterrupt

    done = computations(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        experiments.claims(shipped, n_runs=RUNS, progress=killed)
    *finished, stopped = done
    assert {name for name, _, _ in finished} == {"approach_curves", "noise_sweep", "label_map"}
    done.clear()
    found = experiments.claims(shipped, n_runs=RUNS)
    assert done[0] == stopped
    assert not [each for each in done if each in finished]
    assert found == experiments.claims(replace(shipped, cache=tmp_path / "other"), n_runs=RUNS)


def test_other_weights_are_computed_anew(
    settings: Settings, write_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    done = computations(monkeypatch)
    for seed in (0, 1):
        write_model(settings.models / "a.safetensors", seed=seed)
        for _ in range(2):
            Evidence(settings, n_runs=RUNS).sweep(experiments.library_of(settings).find("a"))
        assert len(done) == seed + 1


def test_the_map_of_stages_takes_the_sweeps_that_lie_beside_the_model(
    settings: Settings, write_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    write_model(settings.models / "a.safetensors")  # with 12 memories, so that all of its sweeps have 12 runs
    experiments.store_noise_sweeps("a", settings)
    done = computations(monkeypatch)
    model = experiments.library_of(settings).find("a")
    filed = Evidence(settings).map_sweep(model)
    assert not done
    assert (filed.minimum_step == Evidence(settings).sweep(model).minimum_step).all()
    Evidence(settings, n_runs=RUNS).map_sweep(model)
    assert [spec.n_runs for _, spec, _ in done] == [12, RUNS]


def test_a_map_of_readings_in_parts_is_the_whole_one(trained: tuple[Settings, str], tmp_path: Path):
    home = own_cache(trained[0], tmp_path)
    made = OnlyOne(home, n_runs=RUNS)
    model = made.main("digits")
    parts = made.reading(model, 6)
    spec = LabelMapSpec(model=model.id, n_runs=RUNS, noise_kind=made.noise_kind)
    whole = experiments.label_map(spec, home)
    for name in LabelMap.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_the_variance_of_a_branch_has_the_error_of_a_mean(trained: tuple[Settings, str]):
    home, id = trained
    found = experiments.branches(BranchSpec(model=id, n_runs=40, n_steps=10), home)
    runs = InferenceSpec(model=id, n_runs=40, n_steps=10, label=1)
    z = collective_runs(experiments.open_model(id, home), runs, home, n_steps=10).numpy()
    for k in (0, 1):
        own = z[:, found.branch == k]
        squares = np.square(own - own.mean(1, keepdims=True)).sum(-1)
        np.testing.assert_allclose(found.variance[k], squares.mean(1), rtol=1e-3)
        np.testing.assert_allclose(found.variance_sem[k], squares.std(1, ddof=1) / own.shape[1] ** 0.5, rtol=1e-3)


def test_chosen_runs_are_a_branch_and_the_others_the_other(trained: tuple[Settings, str]):
    home, id = trained
    spec = BranchSpec(model=id, n_runs=20, n_steps=10, chosen=(3, 0, 19))
    found, automatic = experiments.branches(spec, home), experiments.branches(replace(spec, chosen=()), home)
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
    experiments.save_claims(example(a=store.file_sha256(path), gone="0" * 64), file)
    found = experiments.stored_claims(settings, file)
    assert found is not None
    assert found == replace(example(a=store.file_sha256(path), gone="0" * 64), changed=("gone",))
    write_model(path, seed=1)
    again = experiments.stored_claims(settings, file)
    assert again is not None
    assert again.changed == ("a", "gone")


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_a_shipped_table_has_the_rules_of_this_code_and_the_verdicts_that_they_give(kind: str):
    """Words for every claim; verdicts where the numbers that are shipped with the claim are all that its rule reads."""
    shipped = {claim["number"]: claim for claim in json.loads(experiments.CLAIMS[kind].read_text())["claims"]}
    assert list(shipped) == [rule.number for rule in RULES]
    for rule in RULES:
        for name in ("figure", "statement", "paper", "rule"):
            assert shipped[rule.number][name] == getattr(rule, name)
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
    assert experiments.stored_claims(settings, tmp_path / "claims.json") is None


@pytest.mark.parametrize("content", ["", "[]", '{"claims": []}', '{"recipe": {}, "claims": [{"number": 1}]}'])
def test_a_damaged_table_is_refused_in_a_sentence(settings: Settings, tmp_path: Path, content: str):
    (tmp_path / "claims.json").write_text(content)
    with pytest.raises(store.StoreError, match="python -m core claims"):
        experiments.stored_claims(settings, tmp_path / "claims.json")


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
    "an unknown reading": {"noise_kind": "shuffle"},
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
    experiments.save_claims(example(), file)
    content = json.loads(file.read_text())
    assert experiments.stored_claims(settings, file) == example()
    ((name, value),) = fault.items()
    if name == "claims":
        content["claims"] = content["claims"] * value if value else []
    elif name in content["recipe"]:
        content["recipe"][name] = value
    else:
        content["claims"][0][name] = value
    file.write_text(json.dumps(content))
    with pytest.raises(store.StoreError, match="no table of claims"):
        experiments.stored_claims(settings, file)


def test_the_number_of_runs_is_checked(command: CommandLine, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        command("claims", "--runs", "0")
    assert "whole number" in capsys.readouterr().err
    assert is_refused(command("claims", "--runs", "5"), "n_runs")
