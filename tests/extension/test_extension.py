"""The zip as users get it: built by Blender's own tool, installed in an empty Blender, used."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.addon import synthetic

ROOT = Path(__file__).resolve().parent.parent.parent
INSIDE = Path(__file__).with_name("inside_blender.py")
FAKE = ROOT / "tests" / "addon" / "fake_worker.py"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The zip, built in a folder with spaces and other letters."""
    folder = tmp_path_factory.mktemp("mit Ü 空間")
    command = [sys.executable, str(ROOT / "scripts" / "build_extension.py"), "--output", str(folder)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.zip"))


def use(package, folder, python, photo, output):
    """Install and reconstruct in a Blender whose user folder is empty; return what it found."""
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(folder), "RECONSTRUCT_FACE_PYTHON": str(python)}
    command = [sys.executable, str(INSIDE), str(package), str(photo), str(output)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    lines = [line for line in answer.stdout.splitlines() if line.startswith("FACTS ")]
    assert lines and answer.returncode == 0, answer.stdout + answer.stderr
    return json.loads(lines[0].removeprefix("FACTS "))


def test_the_zip_holds_what_is_needed_and_nothing_else(package):
    names = set(zipfile.ZipFile(package).namelist())
    assets = {str(path.relative_to(ROOT)) for path in (ROOT / "engine" / "assets").glob("*.npz")}
    sources = {
        str(path.relative_to(ROOT)) for folder in ("engine", "blender_addon") for path in (ROOT / folder).rglob("*.py")
    }
    assert {"__init__.py", "blender_manifest.toml", "LICENSE", "engine/requirements.txt"} <= names
    assert assets <= names and sources <= names
    tops = {name.split("/")[0] for name in names}
    assert tops <= {"__init__.py", "blender_manifest.toml", "LICENSE", "README.md", "engine", "blender_addon"}
    assert not [name for name in names if name.endswith((".pyc", ".blend", ".zip")) or "__pycache__" in name]


def test_versions_agree():
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    entry = (ROOT / "__init__.py").read_text("utf-8")
    assert manifest["version"] == project["version"]
    assert f'"version": {tuple(map(int, manifest["version"].split(".")))}' in entry


def test_it_installs_and_reconstructs(package, tmp_path):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -u "{FAKE}"\n')
    python.chmod(0o755)
    synthetic.face_result().save(tmp_path / "out" / "face")
    facts = use(package, tmp_path / "blender", python, tmp_path / "face.png", tmp_path / "out")
    assert facts["enabled"] and facts["gone"] and not facts["torch"]
    assert facts["package"] == "bl_ext.user_default.reconstruct_face"
    assert Path(facts["data"]).is_relative_to(tmp_path / "blender")
    assert facts["keys"] == 1 + len(synthetic.ARKIT)
    installed = Path(facts["engine"])
    assert installed.is_relative_to(tmp_path / "blender")
    assert not [path for path in installed.rglob("__pycache__") if path.parent.name == "engine"]


@pytest.mark.slow
def test_the_real_engine_reconstructs_from_the_installed_zip(package, tmp_path):
    python = os.environ.get("RECONSTRUCT_FACE_PYTHON", sys.executable)
    probe = "import importlib.util as u, sys; sys.exit(not (u.find_spec('torch') and u.find_spec('skimage')))"
    if subprocess.run([python, "-c", probe]).returncode:
        pytest.skip("no Python with torch and scikit-image; set RECONSTRUCT_FACE_PYTHON")
    where = "import skimage, pathlib; print(pathlib.Path(skimage.__file__).parent / 'data' / 'astronaut.png')"
    photo = subprocess.run([python, "-c", where], capture_output=True, text=True).stdout.strip()
    facts = use(package, tmp_path / "blender", python, photo, tmp_path / "out")
    assert facts["head"] == "astronaut" and facts["keys"] >= 53 and not facts["torch"]
    assert (tmp_path / "out" / "astronaut" / "report.json").is_file()
