"""How the engine's environment is built: which Python, which build of torch, which pip commands. Nothing runs here
but two questions, to ``nvidia-smi`` and to each Python that might serve.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import door

PYTHON = (3, 11)
"""The Python that the engine and all its packages are tested on."""

TORCH_INDEX = "https://download.pytorch.org/whl/"

_ASK_PYTHON = "import sys, venv, ensurepip; print(*sys.version_info[:2], sys.executable, sep='|')"


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA card."""

    driver: int
    """Major version of its driver."""
    capability: float
    """Compute capability, e.g. 8.6."""


@dataclass(frozen=True)
class Machine:
    """What decides which build of torch fits."""

    system: str
    """``sys.platform``: win32, darwin, linux."""
    processor: str
    """``platform.machine()``, e.g. x86_64, AMD64, arm64."""
    gpus: tuple[Gpu, ...] = ()


@dataclass(frozen=True)
class Step:
    """One command of the set-up."""

    text: str
    """What it does, for the progress bar."""
    command: tuple[str, ...]
    share: float
    """Roughly its part of the whole time; the shares of a plan add up to 1."""


def this_machine() -> Machine:
    """The machine this runs on."""
    return Machine(sys.platform, platform.machine(), find_gpus())


def find_gpus() -> tuple[Gpu, ...]:
    """The NVIDIA cards the driver's own tool lists; none where there is no such tool."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    command = [tool, "--query-gpu=driver_version,compute_cap", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, creationflags=door.NO_WINDOW)
    except (OSError, subprocess.SubprocessError):
        return ()
    return parse_gpus(answer.stdout) if answer.returncode == 0 else ()


def parse_gpus(text: str) -> tuple[Gpu, ...]:
    """Cards from lines such as ``"550.54.15, 8.6"``."""
    found = (re.match(r"\s*(\d+)[\d.]*\s*,\s*(\d+\.\d+)", line) for line in text.splitlines())
    return tuple(Gpu(int(match[1]), float(match[2])) for match in found if match)


def cuda_build(gpus: Iterable[Gpu]) -> str | None:
    """The CUDA build of torch that all cards can run, as PyTorch names it, or None if there is none.

    Builds for CUDA 13.0 need a driver from 580 and a Turing card (7.5); those for 12.8 are the only earlier ones with
    Blackwell (10.0) and need its driver, 570; those for 12.6 reach from Maxwell (5.0) to Hopper and run on any driver
    of CUDA 12, from 525 (PyTorch's support matrix, NVIDIA's table of minor-version compatibility).
    """
    cards = list(gpus)
    if not cards:
        return None
    driver, oldest = min(card.driver for card in cards), min(card.capability for card in cards)
    newest = max(card.capability for card in cards)
    if driver >= 580 and oldest >= 7.5:
        return "cu130"
    if driver >= 570 and oldest >= 7.5 and newest >= 10.0:
        return "cu128"
    return "cu126" if driver >= 525 and oldest >= 5.0 and newest < 10.0 else None


def torch_options(machine: Machine) -> tuple[str, ...]:
    """Pip's options that choose the right build of torch.

    PyPI's torch is built for CUDA on Linux, for the CPU on Windows, for Metal on Apple silicon. A CUDA build comes
    from PyTorch's index alone, so that PyPI's CPU build cannot win by a newer version. The CPU build for Linux only
    saves 2 GB, so its index stands beside PyPI and may fail.
    """
    build = cuda_build(machine.gpus) if machine.system != "darwin" else None
    if build is not None:
        return ("--index-url", TORCH_INDEX + build)
    return ("--extra-index-url", TORCH_INDEX + "cpu") if machine.system == "linux" else ()


def plan(
    machine: Machine, base_python: Path, environment: Path, requirements: Path, wheels: Path | None = None
) -> list[Step]:
    """The commands that build ``environment``; offline from the folder ``wheels`` if one is given.

    Raises ``SetupFailed`` for a machine that torch has no builds for.
    """
    if machine.system == "darwin" and machine.processor == "x86_64":
        raise door.errors.SetupFailed("PyTorch no longer supports Intel Macs", "use another computer for the engine")
    python = str(door.environment_python(environment, machine.system))
    pip = (python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check")
    create = Step("Creating the environment", (str(base_python), "-m", "venv", "--clear", str(environment)), 0.05)
    if wheels is not None:
        offline = ("--no-index", "--find-links", str(wheels), "-r", str(requirements))
        return [create, Step("Installing the packages", (*pip, *offline), 0.95)]
    loud = (*pip, "--progress-bar", "raw")
    torch = _requirement("torch", requirements)
    fetch_torch = [Step("Fetching torch", (*loud, *torch_options(machine), torch), 0.6)] if torch else []
    rest = Step("Fetching the other packages", (*loud, "-r", str(requirements)), 0.3 if torch else 0.9)
    return [create, Step("Updating pip", (*pip, "--upgrade", "pip"), 0.05), *fetch_torch, rest]


def find_base_python() -> Path:
    """A Python that can make the environment: Blender's own where it fits, else one of the system.

    Raises ``SetupFailed``.
    """
    for command in _candidates():
        found = ask_python(command)
        if found is not None:
            return found
    version = ".".join(map(str, PYTHON))
    raise door.errors.SetupFailed(
        f"no Python {version} with venv and ensurepip was found",
        f"install Python {version} and press “Set up engine” again",
    )


@functools.lru_cache(maxsize=16)
def ask_python(command: tuple[str, ...]) -> Path | None:
    """The interpreter behind ``command`` if it runs, has the right version and can make environments."""
    try:
        answer = subprocess.run(
            [*command, "-c", _ASK_PYTHON],
            capture_output=True,
            text=True,
            timeout=20,
            env=door.child_environment(),
            creationflags=door.NO_WINDOW,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version, _, path = answer.stdout.strip().rpartition("|")
    fits = answer.returncode == 0 and version == "{}|{}".format(*PYTHON)
    return Path(path) if fits else None


def _candidates() -> Sequence[tuple[str, ...]]:
    """Commands that may start a fitting Python. A distribution's Blender shares the system's and its
    ``sys.executable`` may be anything on the path, so the prefix it was built for comes first.
    """
    name = "python{}.{}".format(*PYTHON)
    prefix = Path(sys.base_prefix)
    if os.name == "nt":
        paths = [prefix / "bin" / "python.exe", prefix / "python.exe"]
        system: list[tuple[str, ...]] = [("py", "-{}.{}".format(*PYTHON))]
    else:
        paths, system = [prefix / "bin" / name], []
    own = [Path(sys.executable)] if Path(sys.executable or "x").name.lower().startswith("python") else []
    on_path = shutil.which(name)
    return [*((str(path),) for path in [*paths, *own] if path.is_file()), *system, *([(on_path,)] if on_path else [])]


def _requirement(package: str, requirements: Path) -> str:
    """The line of a requirements file about one package, or nothing."""
    lines = (line.split("#")[0].strip() for line in requirements.read_text("utf-8").splitlines())
    return next((line for line in lines if re.split(r"[<>=!~ ;\[]", line)[0] == package), "")
