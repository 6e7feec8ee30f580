"""Products in bfloat16 only where they are faster than those in float32."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core import classifier, data, precision, train
from core.specs import ClassifierSpec, ModelSpec

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("capabilities", "maker", "expected"),
    [
        ({"avx2": True, "amx_bf16": False, "avx512_bf16": False}, "AuthenticAMD", False),
        ({"avx2": True, "amx_bf16": True, "avx512_bf16": False}, "GenuineIntel", True),
        ({"avx2": True, "amx_bf16": False, "avx512_bf16": True}, "AuthenticAMD", True),
        ({"avx2": True, "amx_bf16": False, "avx512_bf16": True}, "GenuineIntel", False),
        ({"neon": True}, "", False),
    ],
)
def test_products_in_bfloat16_are_taken_where_they_are_the_faster_ones(
    capabilities: Mapping[str, bool], maker: str, expected: bool
):
    assert precision.pays(capabilities, maker) == expected


def test_the_maker_is_what_the_cpu_says(tmp_path: Path):
    text = tmp_path / "cpuinfo"
    text.write_text("processor : 0\nvendor_id\t: GenuineIntel\n")
    assert precision.vendor(text) == "GenuineIntel"
    text.write_text("processor : 0\nBogoMIPS : 50\n")
    assert precision.vendor(text) == ""
    assert isinstance(precision.vendor(tmp_path / "missing"), str)


def test_other_devices_do_without():
    assert not precision.has_bfloat16(torch.device("mps"))


@pytest.mark.parametrize("has", [False, True])
def test_a_machine_without_it_trains_in_float32(has: bool, monkeypatch: pytest.MonkeyPatch, request: Any):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": has})
    precision.has_bfloat16.cache_clear()
    request.addfinalizer(precision.has_bfloat16.cache_clear)
    digits = [data.load_dataset("digits", Path(), train=part) for part in (True, False)]

    def vae(kind: str) -> torch.Tensor:
        spec = ModelSpec(dataset="digits", n_latent=2, n_hidden=32, epochs=1, precision=kind)
        network, _ = train.train(spec, digits[0], digits[1], device=CPU)
        return network.decoder.output.weight

    def cnn(kind: str) -> torch.Tensor:
        few = replace(digits[0], images=digits[0].images[:128], labels=digits[0].labels[:128])
        spec = ClassifierSpec(dataset="digits", epochs=1, precision=kind)
        return classifier.train_classifier(spec, few, device=CPU).output.weight

    for made in (vae, cnn):
        assert torch.equal(made("bfloat16"), made("float32")) == (not has)
