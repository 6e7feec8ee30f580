"""Where bfloat16 products pay."""

from functools import lru_cache

import torch

ON_CPU = ("amx_bf16", "avx512_bf16")  # the instructions with which it was measured; without them torch emulates


@lru_cache
def has_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies in bfloat16: emulated products take 20 times as long as those in float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and any(torch.cpu.get_capabilities().get(name) for name in ON_CPU)


def is_half(precision: str, device: torch.device) -> bool:
    """Whether products are to be in bfloat16: where a recipe asks for it and the device has it, else in float32."""
    return precision == "bfloat16" and has_bfloat16(device)
