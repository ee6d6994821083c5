"""The operator "Import Coefficients": file in, head out, with the real worker around an engine without torch."""

import dataclasses
import sys
from pathlib import Path

import bpy
import pytest

from blender_addon import door, job
from blender_addon import session as state
from blender_addon.operators import import_coefficients, reconstruct
from blender_addon.panels import main
from blender_addon.properties import head_of, known_of
from scripts import batch_photos
from tests.addon.recorder import drawn

WORKER = Path(__file__).with_name("fake_worker.py")


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch, face_result):
    """A fake engine that gives a head without a photo, as coefficients make it."""
    folder = tmp_path / "ready"
    dataclasses.replace(face_result, views=()).save(folder)
    monkeypatch.setenv("FAKE_RESULT", str(folder))
    monkeypatch.setenv(door.PYTHON_VARIABLE, sys.executable)
    command = (sys.executable, "-u", str(WORKER))
    launch = job.Launch(command, WORKER.parents[2], tmp_path / "engine.log", door.child_environment())
    monkeypatch.setattr(import_coefficients, "launch", lambda: launch)
    monkeypatch.setattr(reconstruct, "data_folder", lambda: tmp_path)
    yield tmp_path
    state.session.shut_down()
    state.session.trouble = None


def press(path):
    return bpy.ops.reconstruct_face.import_coefficients(filepath=str(path))


def test_a_file_becomes_the_active_head_with_its_expression(workplace, face_result):
    assert press(workplace / "codes.npz") == {"FINISHED"}
    head = bpy.context.object
    assert head_of(head) is head and head.name == "codes"
    assert Path(head.reconstruct_face.folder) == workplace / "faces" / "codes"
    assert known_of(head)["licences"]
    shown = [key.value for key in head.data.shape_keys.key_blocks[1 : 1 + len(face_result.shape_keys.names)]]
    assert shown == pytest.approx(face_result.shape_keys.weights.tolist(), abs=1e-6)
    assert not [item for item in bpy.data.objects if item.type == "CAMERA"]


def test_a_failure_is_a_sentence_in_the_panel(workplace):
    with pytest.raises(RuntimeError, match="No face was found"):
        press(workplace / "no_face.npz")
    assert "No face was found" in " ".join(drawn(main.RECONSTRUCT_FACE_PT_main))


def test_nothing_is_imported_while_a_job_runs(workplace):
    running = job.jobs.start_import(import_coefficients.launch(), str(workplace / "slow.npz"), str(workplace))
    assert import_coefficients.why_not()
    with pytest.raises(RuntimeError, match="poll"):
        press(workplace / "codes.npz")
    running.cancel()
    assert running.wait() == "cancelled"
    assert not import_coefficients.why_not()


def test_the_panel_offers_it():
    assert "reconstruct_face.import_coefficients" in drawn(main.RECONSTRUCT_FACE_PT_advanced)


def test_a_batch_takes_files_and_folders_of_frames(workplace, face_result):
    frames = workplace / "frames"
    frames.mkdir()
    asked = []

    def engine(file, folder, _progress):
        asked.append(Path(file).name)
        made = Path(folder) / Path(file).stem
        dataclasses.replace(face_result, views=()).save(made)
        return [made]

    options = batch_photos.Options(("blend",), {"apply_expression": True}, coefficients=True)
    output = workplace / "out"
    output.mkdir()
    assert batch_photos.run([str(workplace / "codes.npz"), str(frames)], output, options, engine) == 0
    assert asked == ["codes.npz", "frames"]
    assert (output / "frames" / "frames.blend").is_file()
