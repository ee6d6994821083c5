"""The batch: every photo gets its files or a sentence, and the exit code tells."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from blender_addon import compat
from scripts import batch, batch_photos
from tests.addon import batch_worker, synthetic

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = batch_photos.Options(("blend",), {"apply_expression": True})


def run_engine(photo, folder, progress):
    progress(0.5, "Fitting")
    return batch_worker.reconstruct(photo, folder)


def report(output):
    return json.loads((output / "batch_report.json").read_text(encoding="utf-8"))["photos"]


def visible(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def output(tmp_path):
    made = tmp_path / "out"
    made.mkdir()
    return made


def test_one_photo(output, capsys):
    assert batch_photos.run(["photos/Zoë 顔.jpg"], output, OPTIONS, run_engine) == 0
    assert visible(output) == ["Zoë 顔", "batch_report.json"]
    assert visible(output / "Zoë 顔") == ["Zoë 顔.blend", "face"]
    (entry,) = report(output)
    assert entry["status"] == "done"
    assert entry["sentence"] == ""
    assert "Zoë 顔/Zoë 顔.blend" in entry["outputs"]
    assert entry["faces"][0]["reprojection_percent"] == 1.9
    assert "50% Fitting" in capsys.readouterr().out

    bpy.ops.wm.open_mainfile(filepath=str(output / "Zoë 顔" / "Zoë 顔.blend"))
    assert bpy.data.objects["Zoë 顔"].data.shape_keys.key_blocks["jawOpen"].value == pytest.approx(0.5)
    assert {o.type for o in bpy.data.objects} == {"MESH", "ARMATURE", "CAMERA"}


def test_a_bad_photo_does_not_stop_the_others(output):
    assert batch_photos.run(["a.jpg", "bad.jpg", "two.jpg"], output, OPTIONS, run_engine) == 1
    assert visible(output) == ["a", "batch_report.json", "two", "two_2"]
    assert [entry["status"] for entry in report(output)] == ["done", "failed", "done"]
    assert report(output)[1]["code"] == "FaceNotFound"
    assert report(output)[1]["sentence"].startswith("No face was found in")


def test_nothing_done(output):
    assert batch_photos.run(["bad.jpg"], output, OPTIONS, run_engine) == 2
    assert visible(output) == ["batch_report.json"]


def test_a_failure_in_blender_leaves_nothing_and_harms_nobody(output, monkeypatch, capsys):
    made = batch_photos.write_head

    def fail_second(result, folder, name, options):
        made(result, folder, name, options)
        if name == "b":
            raise ValueError("no more memory")

    monkeypatch.setattr(batch_photos, "write_head", fail_second)
    assert batch_photos.run(["a.jpg", "b.jpg", "c.jpg"], output, OPTIONS, run_engine) == 1
    assert visible(output) == ["a", "batch_report.json", "c"]
    assert "no more memory" in report(output)[1]["sentence"]
    assert "Traceback" in capsys.readouterr().err


def test_photos_of_one_name_do_not_overwrite_each_other(output):
    assert batch_photos.run(["x/a.jpg", "y/A.jpg", "y/a.png"], output, OPTIONS, run_engine) == 0
    assert visible(output) == ["A-2", "a", "a-3", "batch_report.json"]


def test_a_second_run_replaces_its_own_files_alone(output):
    assert batch_photos.run(["a.jpg"], output, OPTIONS, run_engine) == 0
    (output / "a" / "notes.txt").write_text("mine")
    before = (output / "a" / "a.blend").stat().st_mtime_ns
    assert batch_photos.run(["a.jpg"], output, OPTIONS, run_engine) == 0
    assert (output / "a" / "notes.txt").read_text() == "mine"
    assert (output / "a" / "a.blend").stat().st_mtime_ns > before


def test_folders_are_searched_and_an_empty_one_is_a_sentence(tmp_path):
    full, empty = tmp_path / "full", tmp_path / "empty"
    for folder in (full, empty):
        folder.mkdir()
        (folder / "notes.txt").touch()
    for name in ("b.JPG", "a.png", "c.webp"):
        (full / name).touch()
    found = batch_photos.photos_in([str(full), str(empty), "single.tif"])
    assert [Path(name).name for name, _ in found] == ["a.png", "b.JPG", "c.webp", "empty", "single.tif"]
    assert [type(error).__name__ for _, error in found if error] == ["NoPhotos"]


def test_an_output_that_cannot_be_written_is_a_sentence(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert batch.main(["a.jpg", "-o", str(tmp_path / "file" / "out")]) == 2
    assert "Nothing can be written to" in capsys.readouterr().err


def test_a_missing_engine_is_a_sentence(tmp_path, capsys):
    assert batch.main(["a.jpg", "-o", str(tmp_path), "--python", str(tmp_path / "nothing")]) == 2
    assert "no such file" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--format", "max"], ["--detector", "guess"], ["--seed", "x"]])
def test_bad_usage(tmp_path, wrong):
    with pytest.raises(SystemExit) as stopped:
        batch.main(["a.jpg", "-o", str(tmp_path), *wrong])
    assert stopped.value.code == 2


def test_a_setting_that_makes_no_sense_is_a_sentence(tmp_path, capsys):
    assert batch.main(["a.jpg", "-o", str(tmp_path), "--texture-size", "1000"]) == 2
    assert "power of two" in capsys.readouterr().err


def test_a_format_this_blender_lacks_is_a_sentence_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(compat, "missing_formats", lambda names: list(names))
    assert batch.main(["a.jpg", "-o", str(tmp_path), "--format", "blend", "usd"]) == 2
    assert "cannot write .usdz files" in capsys.readouterr().err


def test_the_engines_preview_comes_along(output):
    result = synthetic.face_result()
    sheet = result.images["albedo.png"]
    result = dataclasses.replace(result, images={**result.images, "preview.png": sheet})
    batch_photos.write_head(result, output, "egg", batch_photos.Options((), {"apply_expression": True}))
    assert (output / "preview.png").read_bytes() == sheet


def fake_python(folder):
    """An executable that has every package and is the fake engine."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\n[ "$1" = -c ] || exec "{sys.executable}" "{batch_worker.__file__}"\n')
    path.chmod(0o755)
    return path


def start(command, folder, *arguments):
    environment = {**os.environ, "RECONSTRUCT_FACE_PYTHON": str(fake_python(folder))}
    return subprocess.run(
        [*command, *arguments, "-o", str(folder / "out")],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        timeout=120,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the fake engine is a shell script")
def test_the_command_itself(tmp_path):
    """As a user starts it: own process, own engine; a crash of the engine costs one photo."""
    done = start(
        [sys.executable, str(ROOT / "scripts" / "batch.py")],
        tmp_path,
        *("crash.jpg", "a.jpg", "bad.jpg", "--format", "blend", "glb"),
    )
    assert done.returncode == 1, done.stderr
    assert [entry["status"] for entry in report(tmp_path / "out")] == ["failed", "done", "failed"]
    assert [entry["code"] for entry in report(tmp_path / "out")] == ["EngineStopped", "", "FaceNotFound"]
    assert visible(tmp_path / "out" / "a") == ["a.blend", "a.glb", "face"]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("blender"), reason="there is no blender program here")
def test_the_command_in_the_blender_program(tmp_path):
    command = ["blender", "-b", "-P", str(ROOT / "scripts" / "batch.py"), "--"]
    done = start(command, tmp_path, "a.jpg", "bad.jpg", "--format", "blend", "glb")
    assert done.returncode == 1, done.stdout + done.stderr
    assert visible(tmp_path / "out" / "a") == ["a.blend", "a.glb", "face"]
    bad = start(command, tmp_path, "a.jpg", "--format", "max")
    assert bad.returncode == 2
