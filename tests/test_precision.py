"""Products in bfloat16 only where the machine has them: emulated they are far slower than float32."""

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
    ("capabilities", "expected"),
    [
        ({"avx2": True, "amx_bf16": False, "avx512_bf16": False}, False),
        ({"avx2": True, "amx_bf16": True, "avx512_bf16": False}, True),
        ({"avx2": True, "amx_bf16": False, "avx512_bf16": True}, True),
        ({"neon": True}, False),
    ],
)
def test_a_cpu_has_it_with_its_instructions_only(
    capabilities: Mapping[str, bool], expected: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert precision.has_bfloat16.__wrapped__(CPU) == expected


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
