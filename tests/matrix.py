"""The add-on's and the extension's tests on every supported Blender: ``python tests/matrix.py [4.2 4.5 ...]``.

Each version gets an environment of its own, ``.venv-bpy-<version>``, made when it is first needed.
"""

from __future__ import annotations

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


def run(version: str) -> bool:
    """Run the tests on one version; whether all passed."""
    python = python_of(version)
    environment = {"RECONSTRUCT_FACE_PYTHON": sys.executable, **os.environ}
    passed = True
    for folder in ("tests/addon", "tests/extension"):
        print(f"Blender {version}: {folder}", flush=True)
        passed &= subprocess.call([str(python), "-m", "pytest", folder], cwd=ROOT, env=environment) == 0
    return passed


if __name__ == "__main__":
    results = {version: run(version) for version in sys.argv[1:] or VERSIONS}
    print(", ".join(f"Blender {version}: {'passed' if ok else 'FAILED'}" for version, ok in results.items()))
    sys.exit(not all(results.values()))
