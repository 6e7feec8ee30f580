import json
from argparse import Namespace
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core import experiments, store
from core.__main__ import main
from core.commands.training import run_zoo
from core.packed_images import unpacked_image
from core.session import Session
from core.settings import Settings
from core.specs import ClassifierSpec, GridSpec, InferenceSpec, ModelSpec, NoiseSweepSpec
from tests.conftest import CommandLine, is_refused
from tests.test_own_image import drawn, png

SHORT = ("--runs", "20", "--steps", "6")


def test_train_files_a_model_with_the_options_given(command: CommandLine, settings: Settings):
    options = ["--dataset", "digits", "--n-latent", "2", "--n-hidden", "8", "--epochs", "2", "--precision", "float32"]
    status, answer, _, err = command("train", *options, "--learning-rates", "1e-3,1e-4", "--seed", "5")
    expected = ModelSpec(
        dataset="digits",
        n_latent=2,
        n_hidden=8,
        epochs=2,
        precision="float32",
        learning_rates=(1e-3, 1e-4),
        seed=5,
    )
    assert status == 0
    assert ModelSpec.from_dict(answer["spec"]) == expected
    assert Path(answer["file"]).parent == settings.models
    assert store.load_model(Path(answer["file"]), torch.device("cpu")).spec == expected
    assert "100%" in err


def test_train_writes_where_it_is_told(command: CommandLine, tmp_path: Path):
    options = ["--dataset", "digits", "--n-latent", "2", "--n-hidden", "8", "--epochs", "1", "--precision", "float32"]
    _, answer, _, _ = command("train", *options, "--output", str(tmp_path / "mine.safetensors"))
    assert answer["file"] == str(tmp_path / "mine.safetensors")
    assert Path(answer["file"]).exists()


def test_the_zoo_is_trained_once(session: Session, tiny_recipe: ModelSpec, tmp_path: Path):
    """A model that is missing or of another recipe is trained, any other left alone; its state is the zoo's own."""
    args = Namespace(only=None, processes=1, output=tmp_path)

    def trained(**epochs: int) -> dict[str, bytes]:
        zoo = {name: replace(tiny_recipe, epochs=n) for name, n in epochs.items()}
        assert run_zoo(args, session, zoo)["models"] == list(epochs)
        return {path.stem: path.read_bytes() for path in tmp_path.glob("*.safetensors")}

    files = trained(one=2, other=3)
    assert set(files) == {"one", "other"}
    assert experiments.unfinished(session.settings) == []
    again = trained(one=2, other=4)
    assert again["one"] == files["one"]
    assert again["other"] != files["other"]


def test_the_zoo_that_is_shipped_is_there(command: CommandLine):
    names = ["mnist-nz2-seed0", "digits-classifier"]
    files = [store.SHIPPED / f"{name}.safetensors" for name in names]
    before = [path.stat().st_mtime_ns for path in files]
    assert command("zoo", "--only", *names)[1] == {"folder": str(store.SHIPPED), "models": names}
    assert [path.stat().st_mtime_ns for path in files] == before


def test_models_are_listed_with_their_cards(command: CommandLine, trained: tuple[Settings, str]):
    home, id = trained
    _, answer, out, _ = command("models", home=home)
    (own,) = [row for row in answer if row["model"] == id]
    path = home.models / f"{id}.safetensors"
    assert own["sha256"] == store.file_sha256(path)
    assert own["card"] == json.loads(json.dumps(store.read_metadata(path)[1].to_dict()))
    assert own["origin"] == "trained here"
    (line,) = [line for line in out.splitlines() if line.startswith(id)]
    assert str(own["card"]["test_negative_elbo"]) in line


def test_infer_says_what_the_experiment_says(command: CommandLine, trained: tuple[Settings, str], tmp_path: Path):
    home, id = trained
    output = tmp_path / "runs.npz"
    options = ("--model", id, "--label", "3", "--noise", "0.3", "--noise-kind", "permute", "--sample", "4", *SHORT)
    status, answer, _, _ = command("infer", *options, "--output", str(output), home=home)
    spec = InferenceSpec(model=id, label=3, noise=0.3, noise_kind="permute", sample=4, n_runs=20, n_steps=6)
    session = Session.open(home)
    expected, plane = experiments.trajectories(spec, session), experiments.embedding(spec, session)
    assert status == 0
    assert InferenceSpec.from_dict(answer["spec"]) == spec
    assert answer["stage"] == expected.ensemble.stage
    assert list(answer["minimum_distance"].values()) == pytest.approx(expected.ensemble.minimum_distance.tolist())
    with np.load(output, allow_pickle=False) as arrays:
        assert InferenceSpec.from_dict(json.loads(str(arrays["recipe"]))) == spec
        np.testing.assert_array_equal(arrays["embedding"], plane.embedding)
        np.testing.assert_array_equal(arrays["run_z"], experiments.run(spec, Session.open(home)).z)


def test_the_file_that_infer_names_is_there(command: CommandLine, trained: tuple[Settings, str], tmp_path: Path):
    home, id = trained
    _, answer, _, _ = command("infer", "--model", id, *SHORT, "--output", str(tmp_path / "runs"), home=home)
    assert Path(answer["output"]).exists()


def test_stages_prints_a_table_and_a_line_of_json(command: CommandLine, trained: tuple[Settings, str]):
    home, id = trained
    _, answer, out, _ = command("stages", "--model", id, *SHORT, home=home)
    assert len(out.splitlines()) == 1 + 41 + 1
    expected = experiments.noise_sweep(NoiseSweepSpec(model=id, n_runs=20, n_steps=6), Session.open(home))
    assert answer["stages"] == list(expected.stages)
    assert answer["runners_up"] == list(expected.runners_up)
    either = f"{expected.stages[-1]} or {expected.runners_up[-1]}" if expected.runners_up[-1] else expected.stages[-1]
    assert out.splitlines()[-2].split("  ")[1].strip() == either
    assert answer["noises"] == expected.noises.tolist()
    np.testing.assert_allclose(answer["minimum_distance"]["concept"], expected.minimum_distance[1])


def test_stages_prints_json_alone_when_asked(command: CommandLine, trained: tuple[Settings, str]):
    home, id = trained
    _, answer, out, _ = command("stages", "--model", id, *SHORT, "--label", "1", "--json", home=home)
    assert len(out.splitlines()) == 1
    assert answer["spec"]["label"] == 1


def test_a_model_is_found_by_its_data_set_and_size(command: CommandLine, trained: tuple[Settings, str]):
    home, id = trained
    _, answer, _, _ = command("infer", "--dataset", "digits", "--n-latent", "4", *SHORT, home=home)
    assert answer["spec"]["model"] == id


def test_without_a_number_all_memories_run_that_there_are(
    command: CommandLine, settings: Settings, write_model: Callable[..., Path]
):
    write_model(settings.models / "a.safetensors")  # with 12 memories per label
    _, answer, _, _ = command("infer", "--model", "a", "--steps", "5", "--sample", "3")
    assert answer["spec"]["n_runs"] == 12


def test_sweeps_files_the_sweeps_of_a_model(command: CommandLine, settings: Settings, write_model: Callable[..., Path]):
    write_model(settings.models / "a.safetensors")
    _, answer, _, _ = command("sweeps", "--model", "a")
    assert answer["model"] == "a"
    assert Path(answer["file"]).exists()
    assert experiments.stored_noise_sweep(NoiseSweepSpec(model="a", n_runs=12), Session.open(settings)) is not None


def test_derive_computes_what_is_missing_of_some_models(
    command: CommandLine, settings: Settings, write_model: Callable[..., Path]
):
    for name in ("a", "b"):
        write_model(settings.models / f"{name}.safetensors")
    command("sweeps", "--model", "a", "--source", "decoded")
    _, answer, _, _ = command("derive", "--only", "a")
    assert answer == {"sweeps": 20, "claims": []}
    assert not (settings.models / "b.sweeps.safetensors").exists()
    assert command("derive", "--only", "a")[1] == {"sweeps": 0, "claims": []}
    assert is_refused(command("derive", "--only", "none"), "There is no model 'none'")


def test_digits_need_no_download(command: CommandLine, settings: Settings):
    status, answer, _, _ = command("download", "--dataset", "digits")
    assert status == 0
    assert answer == {"dataset": "digits", "folder": str(settings.data)}


def test_without_images_runs_start_from_decoded_memories(
    command: CommandLine, settings: Settings, write_model: Callable[..., Path]
):
    write_model(settings.models / "m.safetensors", dataset="mnist")
    options = ("infer", "--model", "m", "--runs", "10", "--steps", "5", "--sample", "3")
    _, answer, _, err = command(*options)
    assert answer["spec"]["source"] == "decoded"
    assert "--source decoded" in err
    assert is_refused(command(*options, "--source", "original"), "download --dataset mnist")


REFUSED = {
    "unknown model": (["infer", "--model", "none"], "'none'"),
    "no model of that size": (["infer", "--dataset", "digits", "--n-latent", "37"], "--n-latent 37"),
    "label out of range": (["infer", "--label", "10"], "label"),
    "noise is no number": (["infer", "--noise", "much"], "noise"),
    "noise is not finite": (["stages", "--noise-kind", "invert", "--seed", "nan"], "seed"),
    "kind of noise": (["stages", "--noise-kind", "swap"], "noise_kind"),
    "more runs than memories": (["infer", "--runs", "400"], "memories"),
    "training without images": (["train", "--dataset", "fashion"], "download --dataset fashion"),
    "training of nothing": (["train", "--epochs", "0"], "epochs"),
    "bad rates": (["train", "--learning-rates", "1e-3,fast"], "learning_rates"),
    "sweeps of no model": (["sweeps", "--model", "none"], "'none'"),
}


@pytest.mark.parametrize(("arguments", "word"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_done_is_refused_in_a_sentence(
    arguments: list[str], word: str, command: CommandLine, trained: tuple[Settings, str], settings: Settings
):
    home, id = trained
    named = "--model" in arguments or "--n-latent" in arguments or arguments[0] == "train"
    assert is_refused(
        command(*arguments, *([] if named else ["--model", id]), home=replace(home, data=settings.data)), word
    )


def test_an_unknown_device_is_refused_in_a_sentence(command: CommandLine, settings: Settings):
    assert is_refused(command("download", "--dataset", "digits", home=replace(settings, device="tpu")), "LT_DEVICE")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there_is_refused_in_a_sentence(command: CommandLine, trained: tuple[Settings, str]):
    assert is_refused(command("infer", "--model", trained[1], *SHORT, "--device", "cuda", home=trained[0]), "cuda")


def test_a_place_that_cannot_be_written_is_refused_in_a_sentence(
    command: CommandLine, trained: tuple[Settings, str], tmp_path: Path
):
    (tmp_path / "file").write_text("no folder")
    output = str(tmp_path / "file" / "runs.npz")
    assert is_refused(command("infer", "--model", trained[1], *SHORT, "--output", output, home=trained[0]), "runs.npz")


COMMANDS = {
    "train": ModelSpec,
    "classifier": ClassifierSpec,
    "grid": GridSpec,
    "infer": InferenceSpec,
    "stages": NoiseSweepSpec,
}


@pytest.mark.parametrize(("name", "spec"), COMMANDS.items())
def test_every_setting_is_an_option(name: str, spec: type, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    out = capsys.readouterr().out
    assert end.value.code == 0
    short = {"n_runs": "runs", "n_steps": "steps"}
    for item in fields(spec):
        assert f"--{short.get(item.name, item.name).replace('_', '-')} " in out


@pytest.mark.parametrize("arguments", [[], ["dance"], ["train", "--dances", "3"]])
def test_an_unknown_command_or_option_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: python -m core" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["fig4a"], ["fig4a", "--label", "1"], ["--recipe", "a.json"]])
def test_a_figure_is_refused_with_the_command_that_draws_it(words: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        main(["figure", *words])
    answer = capsys.readouterr().err
    assert end.value.code == 2
    assert answer.count("\n") == 1
    assert "`python -m dashboard figure NAME`" in answer
    assert {word for word in ("stages", "infer", "claims") if f"`python -m core {word}`" in answer} == {
        "stages",
        "infer",
        "claims",
    }


def test_a_picture_is_read_as_what_an_export_takes(command: CommandLine, tmp_path: Path):
    (tmp_path / "own.png").write_bytes(png(drawn()))
    status, answer, _, _ = command("own", str(tmp_path / "own.png"), "--dataset", "digits")
    assert status == 0
    assert answer["label"] == int(np.argmax(answer["label_probabilities"]))
    files = ["--output", str(tmp_path), "--steps", "5", "--source", "decoded", "--own", answer["own"]]
    status, export, _, _ = command("export", "strip", "--dataset", "digits", "--n-latent", "10", *files)
    assert status == 0
    assert export["spec"]["own"] == answer["own"]
    with np.load(next(file for file in export["files"] if file.endswith("npz"))) as arrays:
        np.testing.assert_allclose(arrays["clean"], unpacked_image(answer["own"], 64), atol=1e-6)


@pytest.mark.parametrize("name", ["missing.png", "words.txt"])
def test_a_picture_that_cannot_be_read_is_refused_in_a_sentence(command: CommandLine, tmp_path: Path, name: str):
    (tmp_path / "words.txt").write_text("words")
    status, _, _, err = command("own", str(tmp_path / name))
    assert status == 1
    assert "PNG" in err
