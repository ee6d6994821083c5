"""The add-on's and the extension's tests on every supported Blender: ``python tests/matrix.py [4.2 4.5 ...] [--fast]``.

Each version gets an environment of its own, ``.venv-bpy-<version>``, made when it is first needed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("4.2", "4.5")
PACKAGES = ("numpy<2", "pytest>=8", "pytest-timeout>=2.3", "psutil>=6")


def python_of(version: str) -> Path:
    """The interpreter of a version's environment, made if need be."""
    folder = ROOT / f".venv-bpy-{version}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / "installed"
    if not done.exists():
        print(f"Setting up Blender {version} in {folder.name} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", f"bpy=={version}.*", *PACKAGES], check=True)
        done.touch()
    return python


def run(version: str, options: list[str]) -> bool:
    """Run the tests on one version with pytest's ``options``; whether all passed."""
    python = python_of(version)
    environment = {"RECONSTRUCT_FACE_PYTHON": sys.executable, **os.environ}
    passed = True
    for folder in ("tests/addon", "tests/extension"):
        print(f"Blender {version}: {folder}", flush=True)
        command = [str(python), "-m", "pytest", "-p", "tests.matrix", *options, folder]
        passed &= subprocess.call(command, cwd=ROOT, env=environment) == 0
    return passed


_status = 1


def pytest_sessionfinish(exitstatus: int) -> None:
    """As a plugin of pytest: remember how the tests ended."""
    global _status
    _status = int(exitstatus)


def pytest_unconfigure() -> None:
    """As a plugin of pytest: leave at once, because Blender 4.2's own glTF add-on crashes the interpreter's exit."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_status)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("versions", nargs="*", default=VERSIONS, help="such as 4.2")
    parser.add_argument("--fast", action="store_true", help="leave out the slow tests")
    arguments = parser.parse_args()
    options = ["-m", "not slow"] if arguments.fast else []
    results = {version: run(version, options) for version in arguments.versions}
    print(", ".join(f"Blender {version}: {'passed' if ok else 'FAILED'}" for version, ok in results.items()))
    sys.exit(not all(results.values()))
