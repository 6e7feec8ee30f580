import json
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save

from core import store
from core.library import Library
from core.model_card import ModelCard
from core.specs import ModelSpec
from core.store import StoreError
from core.sweep_files import save_sweeps

CPU = torch.device("cpu")
WriteModel = Callable[..., Path]


def test_a_model_comes_back_as_it_was_filed(tmp_path: Path, make_vae: Callable):
    spec = ModelSpec(dataset="digits", n_latent=3, n_hidden=5, seed=9, learning_rates=(1e-3, 1e-5))
    network, generator = make_vae(64, 5, 3), torch.Generator().manual_seed(1)
    tensors = {
        "concepts": torch.randn(10, 3, generator=generator),
        "memories": torch.randn(10, 12, 3, generator=generator),
        "memory_index": torch.arange(120).reshape(10, 12),
    }
    path = tmp_path / "new" / "model.safetensors"
    store.save_model(path, spec, ModelCard(active_units=3), network, tensors)
    model = store.load_model(path, CPU)
    assert model.spec == spec
    assert model.card == ModelCard(active_units=3)
    assert model.id == "model"
    assert model.sha256 == store.file_sha256(path)
    assert torch.equal(model.concepts, tensors["concepts"])
    assert torch.equal(model.memories, tensors["memories"].half().float())
    assert torch.equal(model.memory_index, tensors["memory_index"])
    for name, value in network.state_dict().items():
        assert torch.equal(model.vae.state_dict()[name], value.half().float())
    assert not any(parameter.requires_grad for parameter in model.vae.parameters())


def test_a_file_names_its_tensors_as_the_contract_does(tmp_path: Path, write_model: WriteModel):
    """The names that an imported model must have."""
    tensors = load_file(write_model(tmp_path / "a.safetensors"))
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    assert shapes == {
        "encoder.hidden.weight": (5, 64),
        "encoder.hidden.bias": (5,),
        "encoder.output.weight": (6, 5),
        "encoder.output.bias": (6,),
        "decoder.hidden.weight": (5, 3),
        "decoder.hidden.bias": (5,),
        "decoder.output.weight": (64, 5),
        "decoder.output.bias": (64,),
        "concepts": (10, 3),
        "memories": (10, 12, 3),
        "memory_index": (10, 12),
    }


def test_float32_weights_are_welcome(tmp_path: Path, write_model: WriteModel):
    half = write_model(tmp_path / "half.safetensors")
    spec, card = store.read_metadata(half)
    whole = {name: value.float() if value.is_floating_point() else value for name, value in load_file(half).items()}
    path = rewrite(
        tmp_path / "whole.safetensors", whole, {"spec": json.dumps(spec.to_dict()), "card": json.dumps(card.to_dict())}
    )
    x = torch.rand(4, 64)
    torch.testing.assert_close(store.load_model(path, CPU).vae.mean(x), store.load_model(half, CPU).vae.mean(x))


def rewrite(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> Path:
    path.write_bytes(save(tensors, metadata))
    return path


def with_header(header: bytes, rest: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + rest


def with_spec(spec: object) -> bytes:
    """A well-formed safetensors file without tensors, whose metadata hold this recipe."""
    return save({"a": torch.zeros(1)}, {"spec": json.dumps(spec), "card": "{}"})


NOT_A_MODEL = {
    "empty": b"",
    "three bytes": b"abc",
    "random": random.Random(0).randbytes(5000),
    "a claim of 10 GB": struct.pack("<Q", 10_000_000_000) + b"{}",
    "a claim of 2^64 - 1 bytes": b"\xff" * 100,
    "a claim beyond its end": struct.pack("<Q", 5000) + b"{}",
    "header of a list": with_header(b"[]"),
    "header of a number": with_header(b"3"),
    "header that nests deeply": with_header(b"[" * 200_000),
    "header that is no UTF-8": with_header(b'{"\xff": 3}'),
    "metadata of a number": with_header(b'{"__metadata__": 3}'),
    "foreign": save({"weight": torch.zeros(3)}, {"format": "pt"}),
    "without metadata": save({"weight": torch.zeros(3)}),
    "a recipe that is no object": with_spec([1, 2]),
    "a recipe of null": with_spec(None),
    "a recipe with an unknown name": with_spec({"n_latents": 3}),
    "a recipe out of range": with_spec({"n_latent": 0}),
    "a recipe of the wrong type": with_spec({"n_latent": "three"}),
    "a recipe that is very long": with_spec({"dataset": "x" * 100_000}),
    "a card that is no object": save({"a": torch.zeros(1)}, {"spec": "{}", "card": "[]"}),
    "a card that is no JSON": save({"a": torch.zeros(1)}, {"spec": "{}", "card": "{"}),
}
NAN, INDEX = float("nan"), torch.arange(12).expand(10, 12)
BAD_TENSORS = {
    "no concepts": {"concepts": None},
    "no memories": {"memories": None},
    "no index": {"memory_index": None},
    "concepts of another size": {"concepts": torch.zeros(10, 4)},
    "concepts of nine labels": {"concepts": torch.zeros(9, 3)},
    "memories without an axis": {"memories": torch.zeros(10, 3)},
    "more memories than indices": {"memories": torch.zeros(10, 13, 3)},
    "an index without an axis": {"memory_index": torch.zeros(10, dtype=torch.int64)},
}
BAD_VALUES = {
    "concepts that are not finite": {"concepts": torch.full((10, 3), NAN)},
    "memories that are not finite": {"memories": torch.full((10, 12, 3), float("inf"))},
    "images before the first": {"memory_index": INDEX - 1},
    "images beyond the last": {"memory_index": INDEX + 1437},
}


def is_sentence(text: str, name: str) -> bool:
    return name in text and len(text) < 400 and "\n" not in text and text.endswith(".")


def refuses(path: Path) -> bool:
    """Whether a file is refused in a sentence, by the loader itself and by the library."""
    for load in (lambda: store.load_model(path, CPU), lambda: Library([(path.parent, "here")]).load(path.stem, CPU)):
        with pytest.raises(StoreError) as error:
            load()
        assert is_sentence(str(error.value), path.name), str(error.value)
    return True


def is_listed_with_its_problem(path: Path, write_model: WriteModel) -> bool:
    """Whether the library says what is wrong, and still opens the good model beside it."""
    write_model(path.with_name("good.safetensors"))
    library = Library([(path.parent, "here")])
    good, bad = library.entries()
    assert (good.id, good.problem) == ("good", "")
    assert bad.path == path
    assert is_sentence(bad.problem, path.name), bad.problem
    assert [entry.id for entry in library.usable()] == ["good"]
    assert library.load("good", CPU).id == "good"
    return True


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return tmp_path / "bad.safetensors"


@pytest.mark.parametrize("content", NOT_A_MODEL.values(), ids=list(NOT_A_MODEL))
def test_what_is_no_model_is_refused(content: bytes, bad: Path, write_model: WriteModel):
    bad.write_bytes(content)
    assert refuses(bad)
    assert is_listed_with_its_problem(bad, write_model)


def test_a_folder_with_the_name_of_a_model_is_refused(bad: Path, write_model: WriteModel):
    bad.mkdir()
    assert refuses(bad)
    assert is_listed_with_its_problem(bad, write_model)


def test_a_link_to_nowhere_is_refused(bad: Path, write_model: WriteModel):
    bad.symlink_to("nowhere")
    assert refuses(bad)
    assert is_listed_with_its_problem(bad, write_model)


def test_a_pipe_with_the_name_of_a_model_is_refused_at_once(bad: Path, write_model: WriteModel):
    os.mkfifo(bad)
    assert refuses(bad)
    assert is_listed_with_its_problem(bad, write_model)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_truncated_model_is_refused(share: float, bad: Path, write_model: WriteModel):
    write_model(bad)
    content = bad.read_bytes()
    bad.write_bytes(content[: int(share * len(content))])
    assert refuses(bad)


@pytest.mark.parametrize("replace", BAD_TENSORS.values(), ids=list(BAD_TENSORS))
def test_tensors_that_do_not_fit_are_refused(replace: dict, bad: Path, write_model: WriteModel):
    write_model(bad, replace=replace)
    assert refuses(bad)


@pytest.mark.parametrize("replace", BAD_VALUES.values(), ids=list(BAD_VALUES))
def test_values_that_cannot_be_are_refused(replace: dict, bad: Path, write_model: WriteModel):
    write_model(bad, replace=replace)
    assert refuses(bad)


@pytest.mark.parametrize(
    "change", [{"n_latent": 4}, {"n_hidden": 6}, {"dataset": "mnist"}, {"n_hidden": 8192, "n_latent": 512}]
)
def test_weights_of_another_recipe_are_refused(change: dict, bad: Path, write_model: WriteModel):
    spec, card = store.read_metadata(write_model(bad))
    metadata = {"spec": json.dumps(spec.to_dict() | change), "card": json.dumps(card.to_dict())}
    rewrite(bad, load_file(bad), metadata)
    assert refuses(bad)


@pytest.mark.parametrize("fault", ["truncated", "a tensor missing", "a tensor of another size", "another recipe"])
def test_what_the_header_betrays_is_listed_as_a_problem(fault: str, bad: Path, write_model: WriteModel):
    """Names, shapes and offsets stand in the header: such a file must not be offered, nor be a default."""
    replace = {"a tensor missing": {"concepts": None}, "a tensor of another size": {"concepts": torch.zeros(10, 4)}}
    spec, card = store.read_recipe(write_model(bad, replace=replace.get(fault)), ModelSpec)
    if fault == "truncated":
        bad.write_bytes(bad.read_bytes()[:-100])
    if fault == "another recipe":
        rewrite(
            bad,
            load_file(bad),
            {"spec": json.dumps(spec.to_dict() | {"n_hidden": 6}), "card": json.dumps(card.to_dict())},
        )
    assert is_listed_with_its_problem(bad, write_model)


@pytest.mark.parametrize("name", ["encoder.hidden.weight", "decoder.output.bias"])
def test_weights_that_are_missing_or_not_finite_are_refused(name: str, bad: Path, write_model: WriteModel):
    spec, card = store.read_metadata(write_model(bad))
    metadata = {"spec": json.dumps(spec.to_dict()), "card": json.dumps(card.to_dict())}
    tensors = load_file(bad)
    rewrite(bad, tensors | {name: torch.full_like(tensors[name], NAN)}, metadata)
    assert refuses(bad)
    rewrite(bad, {key: value for key, value in tensors.items() if key != name}, metadata)
    assert refuses(bad)


def test_a_replaced_file_is_read_again(tmp_path: Path, write_model: WriteModel):
    library = Library([(tmp_path, "here")])
    path = write_model(tmp_path / "a.safetensors")
    first = library.load("a", CPU)
    assert library.load("a", CPU) is first
    write_model(path, seed=1)
    os.utime(path, ns=(0, 0))  # however fast this test, the file is not of the same moment
    second = library.load("a", CPU)
    assert second.spec.seed == 1
    assert second.sha256 != first.sha256
    assert library.entry("a").spec.seed == 1


def test_a_removed_file_is_gone(tmp_path: Path, write_model: WriteModel):
    path = write_model(tmp_path / "a.safetensors")
    library = Library([(tmp_path, "here")])
    library.load("a", CPU)
    path.unlink()
    with pytest.raises(StoreError, match="'a'"):
        library.load("a", CPU)
    assert library.entries() == []


def test_folders_that_are_not_there_are_empty(tmp_path: Path):
    assert Library([(tmp_path / "none", "shipped"), (tmp_path / "nor", "here")]).entries() == []


@pytest.fixture
def two_folders(tmp_path: Path, write_model: WriteModel) -> Library:
    write_model(tmp_path / "shipped" / "b.safetensors")
    write_model(tmp_path / "here" / "a.safetensors", seed=1)
    write_model(tmp_path / "here" / "b.safetensors", seed=2)
    write_model(tmp_path / "here" / "c.safetensors", n_latent=2)
    write_model(tmp_path / "here" / "d.safetensors", n_latent=2)
    write_model(tmp_path / "here" / "m.safetensors", dataset="mnist")
    return Library([(tmp_path / "shipped", "shipped"), (tmp_path / "here", "trained here")])


def test_entries_are_sorted_and_of_two_equal_names_the_first_folder_wins(two_folders: Library):
    entries = two_folders.entries()
    assert [entry.id for entry in entries] == ["c", "d", "a", "b", "m"]
    assert [entry.origin for entry in entries] == ["trained here"] * 3 + ["shipped", "trained here"]
    assert [entry.id for entry in two_folders.usable("mnist")] == ["m"]
    assert two_folders.entry("b").spec.seed == 0


def test_the_default_is_a_shipped_model_then_the_first(two_folders: Library):
    assert two_folders.default("digits", 3).id == "b"
    assert two_folders.default("digits", 2).id == "c"
    with pytest.raises(StoreError, match="python -m core train --dataset fashion --n-latent 2"):
        two_folders.default("fashion", 2)


@pytest.mark.parametrize("id", ["", "none", "../shipped/b", "x" * 10_000, "a.safetensors"])
def test_an_unknown_id_is_refused_in_a_sentence(id: str, two_folders: Library):
    with pytest.raises(StoreError) as error:
        two_folders.load(id, CPU)
    assert is_sentence(str(error.value), "There is no model")


def test_the_papers_beta_comes_first_whatever_the_names_and_seeds(tmp_path: Path, write_model: WriteModel):
    for name, changes in (("a", {"beta": 2.0}), ("b", {"beta": 1.5}), ("c", {"seed": 4}), ("d", {"seed": 3})):
        write_model(tmp_path / f"{name}.safetensors", **changes)
    write_model(tmp_path / "e.safetensors", n_latent=9, beta=3.0)
    library = Library([(tmp_path, "shipped")])
    assert library.default("digits", 3).id == "c"
    assert [library.default("digits", 3, beta).id for beta in (1, 1.5, 2)] == ["c", "b", "a"]
    assert library.default("digits", 9).id == "e"
    assert [entry.id for entry in library.one_per_n_latent("digits")] == ["d", "e"]
    with pytest.raises(StoreError, match="no model of digits"):
        library.default("digits", 3, 3.0)


@pytest.fixture
def sweeps(tmp_path: Path, write_model: WriteModel) -> tuple[Library, Path, dict[str, np.ndarray]]:
    """A model with results beside it."""
    path = write_model(tmp_path / "a.safetensors")
    arrays = {"stages": np.arange(6, dtype=np.float32).reshape(2, 3).T}
    save_sweeps(tmp_path / "a.sweeps.safetensors", store.file_sha256(path), {"n_runs": 5}, arrays)
    return Library([(tmp_path, "here")]), path, arrays


def test_sweeps_come_back_as_they_were_filed(sweeps: tuple[Library, Path, dict[str, np.ndarray]]):
    library, _, arrays = sweeps
    recipe, found = library.load_sweeps("a")
    assert recipe == {"n_runs": 5}
    np.testing.assert_array_equal(found["stages"], arrays["stages"])


def test_sweeps_are_no_models(sweeps: tuple[Library, Path, dict[str, np.ndarray]]):
    assert [entry.id for entry in sweeps[0].entries()] == ["a"]


def test_sweeps_of_other_weights_are_ignored(
    sweeps: tuple[Library, Path, dict[str, np.ndarray]], write_model: WriteModel
):
    library, path, _ = sweeps
    write_model(path, seed=1)
    os.utime(path, ns=(0, 0))
    assert library.load_sweeps("a") == ({}, {})


@pytest.mark.parametrize("name", ["empty", "random", "foreign", "without metadata", "a claim of 10 GB"])
def test_damaged_sweeps_are_ignored(name: str, sweeps: tuple[Library, Path, dict[str, np.ndarray]]):
    library, path, _ = sweeps
    path.with_name("a.sweeps.safetensors").write_bytes(NOT_A_MODEL[name])
    assert library.load_sweeps("a") == ({}, {})
    assert library.load("a", CPU).id == "a"


def test_no_sweeps_are_no_error(tmp_path: Path, write_model: WriteModel):
    write_model(tmp_path / "a.safetensors")
    assert Library([(tmp_path, "here")]).load_sweeps("a") == ({}, {})
