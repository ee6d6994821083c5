"""One photo through the whole engine, warm, on the CPU and the GPU, if there is one: the seconds of each stage."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable

import torch

from engine.config import Device, Settings
from engine.contract import Request
from engine.pipeline import preload, reconstruct

from . import Row
from .job import sample_photo

GPUS: dict[Device, Callable[[], bool]] = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}


def run(repeats: int = 3) -> list[Row]:
    """Median seconds from the photo's file to the saved FaceResult, after one run that does not count."""
    plain, stages = seconds("cpu", repeats)
    rows = [Row("photo to FaceResult, cpu", plain, "s", None, stages)]
    for device in (name for name, available in GPUS.items() if available()):
        fast, stages = seconds(device, repeats)
        bar = 2.0 if device == "cuda" else None
        name = torch.cuda.get_device_name() if device == "cuda" else device
        rows.append(Row(f"photo to FaceResult, {name}", fast, "s", bar, f"cpu {plain:.2f} s; {stages}"))
    return rows


def seconds(device: Device, repeats: int) -> tuple[float, str]:
    """The median run's seconds, and its stages in words."""
    preload(Settings(device=device))
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        request = Request((str(sample_photo()),), folder, {"device": device})
        for _ in range(repeats + 1):
            began = time.perf_counter()
            stages = reconstruct(request)[0].report["seconds"]
            runs.append((time.perf_counter() - began, stages))
    total, stages = sorted(runs[1:], key=lambda run: run[0])[repeats // 2]
    return total, ", ".join(f"{name} {value:.2f}" for name, value in stages.items())
