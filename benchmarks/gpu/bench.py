"""The run of this script: options, images, clock, results; and the engine with and without the compiler."""

import argparse
import gc
import json
import sys
import tarfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from core import train
from core.data import Dataset
from core.device_stack import DeviceStack
from core.specs import ModelSpec

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
TAR_BYTES = 15_000_000  # of one archive: what comes back from a lent machine is limited


@dataclass
class Bench:
    """The run of this script: its options, images, clock, and what was found."""

    args: argparse.Namespace
    training: Dataset
    test: Dataset
    started: float
    found: dict[str, Any] = field(default_factory=dict)
    packed: list[list[Path]] = field(default_factory=list)
    compiled: bool = DEVICE.type == "cuda"

    @property
    def left(self) -> float:
        """Seconds."""
        return self.args.seconds - (time.monotonic() - self.started)

    @property
    def pixels(self) -> int:
        """Of an image."""
        return self.training.images.shape[1]

    def say(self, text: str) -> None:
        """A line with the time, on stderr and in the log."""
        line = f"{time.monotonic() - self.started:6.1f} s  {text}"
        print(line, file=sys.stderr, flush=True)
        with (self.args.out / "log.txt").open("a") as log:
            log.write(line + "\n")

    def note(self, **found: Any) -> None:
        """Add to what was found, and write it."""
        self.found |= found
        versions = {"torch": torch.__version__, "device": name_of_device(), "seconds": round(self.args.seconds)}
        (self.args.out / "gpu.json").write_text(json.dumps(versions | self.found, indent=1) + "\n")

    def pack(self, path: Path) -> None:
        """Add a file to the last archive, or to a new one where that would become too large."""
        size = path.stat().st_size
        if not self.packed or sum(other.stat().st_size for other in self.packed[-1]) + size > TAR_BYTES:
            self.packed.append([])
        self.packed[-1].append(path)
        archive = self.args.out / f"models-{len(self.packed)}.tar"
        with tarfile.open(archive, "w") as tar:
            for member in self.packed[-1]:
                tar.add(member, member.name)

    @property
    def engine(self) -> type[DeviceStack]:
        """How to train."""
        return DeviceStack if self.compiled else Plain

    def stop_when_late(self, reserve: float = 0.0) -> Callable[[float, str], None]:
        """A progress that ends a training in time."""

        def progress(share: float, text: str) -> None:
            if self.left < reserve:
                raise train.CancelledError(f"stopped at {share:.0%}")

        return progress


class Plain(DeviceStack):
    """The engine without the compiler."""

    @staticmethod
    def begin(
        specs: Sequence[ModelSpec], n_pixels: int, device: torch.device, compiled: bool | None = None
    ) -> DeviceStack:
        """As `DeviceStack.begin`."""
        return DeviceStack.begin(specs, n_pixels, device, False)


def name_of_device() -> str:
    """The GPU's name, or cpu."""
    return torch.cuda.get_device_name() if DEVICE.type == "cuda" else "cpu"


def synchronize() -> None:
    """Wait for the GPU."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def freed() -> None:
    """Give memory back that nothing refers to any more."""
    gc.collect()
    if DEVICE.type == "cuda":
        torch.cuda.empty_cache()
