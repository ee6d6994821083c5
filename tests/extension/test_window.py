"""The tab in a real Blender window, on a virtual screen: Debian's Blender 3.4 loads the add-on by its ``bl_info``."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.addon import synthetic

ROOT = Path(__file__).resolve().parent.parent.parent
FAKE = ROOT / "tests" / "addon" / "fake_worker.py"


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("blender") and shutil.which("xvfb-run")), reason="needs blender and xvfb")
def test_the_button_is_pressed_and_a_head_appears(tmp_path):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -u "{FAKE}"\n')
    python.chmod(0o755)
    synthetic.face_result().save(tmp_path / "result")
    photo = tmp_path / "face.png"
    photo.write_bytes((tmp_path / "result" / "photo.png").read_bytes())
    environment = {**os.environ, "RECONSTRUCT_FACE_PYTHON": str(python), "FAKE_RESULT": str(tmp_path / "result")}
    shots = tmp_path / "shots"
    command = [sys.executable, str(ROOT / "scripts" / "screenshots.py"), str(photo), "--output", str(shots)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Info: Built egg" in answer.stdout
    before, after = ((shots / name).read_bytes() for name in ("panel_start.png", "panel.png"))
    assert before != after
