"""The tab "Face": operators from press to head, panels drawn by a recorder, everything registered."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest

import blender_addon
from blender_addon import door, job, scene, strings
from blender_addon import session as state
from blender_addon.operators import messages, reconstruct
from blender_addon.operators import setup_engine as setup_operator
from blender_addon.panels import expression, main, quality, shape, text
from blender_addon.properties import head_of, known_of, settings_of
from tests.addon.recorder import drawn

WORKER = Path(__file__).with_name("fake_worker.py")
ROOT = WORKER.parent.parent.parent


ASSET = ROOT / "engine" / "assets" / "builtin.npz"


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch, face_result):
    """A fake engine, a photo called "face", and what the engine will say it saved."""
    launch = job.Launch((sys.executable, "-u", str(WORKER)), ROOT, tmp_path / "engine.log", door.child_environment())
    monkeypatch.setattr(reconstruct, "launch", lambda: launch)
    monkeypatch.setattr(state, "data_folder", lambda: tmp_path)
    monkeypatch.setattr(reconstruct, "data_folder", lambda: tmp_path)
    monkeypatch.setattr(text, "_width", lambda words: 6.0 * len(words))
    monkeypatch.setenv(door.PYTHON_VARIABLE, sys.executable)
    face_result.save(tmp_path / "faces" / "face")
    choices().photo = str(tmp_path / "face.png")
    yield tmp_path
    state.session.shut_down()
    state.session.trouble = None


def choices():
    return bpy.context.scene.reconstruct_face


def press():
    return bpy.ops.reconstruct_face.reconstruct()


def test_a_photo_becomes_the_active_head(workplace):
    assert press() == {"FINISHED"}
    head = bpy.context.object
    assert head_of(head) is head
    assert head.reconstruct_face.photo_expression
    assert Path(head.reconstruct_face.folder) == workplace / "faces" / "face"
    assert known_of(head)["model"]


def test_without_the_photos_expression_the_face_is_neutral():
    choices().apply_expression = False
    press()
    assert all(key.value == 0 for key in bpy.context.object.data.shape_keys.key_blocks[1:])


def test_the_button_leaves_edit_mode():
    mesh = bpy.data.objects.new("cube", bpy.data.meshes.new("cube"))
    bpy.context.collection.objects.link(mesh)
    bpy.context.view_layer.objects.active = mesh
    bpy.ops.object.mode_set(mode="EDIT")
    press()
    assert bpy.context.object is not mesh and bpy.context.mode == "OBJECT"


def test_a_failure_is_reported_and_stays_in_the_panel_until_dismissed(workplace):
    choices().photo = str(workplace / "no_face.jpg")
    before = list(bpy.data.objects)
    with pytest.raises(RuntimeError, match="No face was found"):
        press()
    assert list(bpy.data.objects) == before
    assert state.session.trouble.code == "FaceNotFound"
    assert "No face was found" in " ".join(drawn(main.RECONSTRUCT_FACE_PT_main))
    bpy.ops.reconstruct_face.clear_error()
    assert state.session.trouble is None


def test_an_engine_that_dies_is_a_sentence_with_a_log_to_read(workplace):
    choices().photo = str(workplace / "die.jpg")
    with pytest.raises(RuntimeError, match="The engine stopped unexpectedly"):
        press()
    assert "reconstruct_face.show_log" in drawn(main.RECONSTRUCT_FACE_PT_main)


@pytest.mark.parametrize("code", sorted({*strings.REMEDIES, "FaceNotFound"}))
def test_every_trouble_can_be_drawn_and_dismissed(code):
    state.session.trouble = state.Trouble("Something happened; do this.", code)
    seen = drawn(main.RECONSTRUCT_FACE_PT_main)
    assert "Something happened; do this." in seen and "reconstruct_face.clear_error" in seen
    state.session.trouble = None


def test_without_an_engine_the_panel_says_what_to_do(monkeypatch):
    def missing():
        raise door.errors.EngineMissing

    monkeypatch.setattr(reconstruct, "launch", missing)
    monkeypatch.setattr(state, "engine_python", missing)
    with pytest.raises(RuntimeError, match="The engine is not set up yet"):
        press()
    seen = drawn(main.RECONSTRUCT_FACE_PT_main)
    assert "reconstruct_face.preferences" in seen and "reconstruct_face.reconstruct" not in seen


def test_the_button_says_why_it_is_grey():
    choices().photo = ""
    with pytest.raises(RuntimeError, match="poll"):
        press()
    assert reconstruct.why_not(bpy.context) == strings.NO_PHOTO


def test_a_running_job_shows_its_bar_and_its_cross(workplace):
    choices().photo = str(workplace / "slow.jpg")
    running = reconstruct.begin(choices())
    while not running.fraction:
        running.poll()
    shown = drawn(main.RECONSTRUCT_FACE_PT_main)
    assert "25% 0.25" in shown and "Looking for faces" in shown
    assert reconstruct.why_not(bpy.context) == strings.BUSY
    bpy.ops.reconstruct_face.cancel()
    assert running.wait() == "cancelled"
    assert not reconstruct.finish(running).success


def test_loading_a_file_ends_a_running_job(workplace):
    choices().photo = str(workplace / "slow.jpg")
    running = reconstruct.begin(choices())
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert running.poll() == "cancelled"


def test_relight_and_expression_act_on_the_active_head():
    press()
    head = bpy.context.object
    head.reconstruct_face.relight = 0.25
    assert scene.get_relight(head) == pytest.approx(0.25)
    assert head.reconstruct_face.relight == pytest.approx(0.25)
    keys = head.data.shape_keys.key_blocks
    shown = [key.value for key in keys[1:]]
    assert any(shown)
    keys["jawOpen"].value = 0.7
    bpy.ops.reconstruct_face.neutral()
    assert not any(key.value for key in keys[1:])
    head.reconstruct_face.photo_expression = True
    assert [key.value for key in keys[1:]] == shown


def test_the_rig_stands_for_its_head():
    press()
    head = bpy.context.object
    bpy.context.view_layer.objects.active = head.parent
    assert head_of(bpy.context.object) is head


def test_a_saved_face_is_opened_without_the_engine(workplace, monkeypatch):
    monkeypatch.setattr(reconstruct, "launch", None)
    bpy.ops.reconstruct_face.load(directory=str(workplace / "faces" / "face"))
    assert head_of(bpy.context.object)
    with pytest.raises(RuntimeError, match="cannot be opened"):
        bpy.ops.reconstruct_face.load(directory=str(workplace))


@pytest.mark.parametrize(("typed", "kind", "written"), [("me", ".glb", "me.glb"), ("me.v2.glb", ".fbx", "me.v2.fbx")])
def test_a_head_is_exported_with_its_keys(workplace, typed, kind, written):
    press()
    keys = [key.name for key in bpy.context.object.data.shape_keys.key_blocks[1:]]
    assert bpy.ops.reconstruct_face.export(filepath=str(workplace / typed), kind=kind) == {"FINISHED"}
    data = (workplace / written).read_bytes()
    assert all(name.encode() in data for name in keys)


def test_an_export_that_cannot_be_written_is_a_sentence(workplace):
    press()
    with pytest.raises(RuntimeError, match="Nothing can be written to"):
        bpy.ops.reconstruct_face.export(filepath=str(workplace / "missing" / "me.glb"), kind=".fbx")
    with pytest.raises(RuntimeError, match=strings.NO_FILE):
        bpy.ops.reconstruct_face.export()


def test_every_panel_draws_with_and_without_a_head():
    panels = [item for module in blender_addon.MODULES for item in module.CLASSES if issubclass(item, bpy.types.Panel)]
    assert len(panels) >= 8
    assert {panel.bl_category for panel in panels} == {"Face"}
    press()
    for panel in panels:
        if not hasattr(panel, "poll") or panel.poll(bpy.context):
            drawn(panel)
    bpy.context.view_layer.objects.active = None
    assert not quality.RECONSTRUCT_FACE_PT_quality.poll(bpy.context)
    assert "quality" in drawn(main.RECONSTRUCT_FACE_PT_main)


def test_sliders_are_the_heads_own_shape_keys():
    press()
    keys = bpy.context.object.data.shape_keys.key_blocks
    for _, rows in strings.EXPRESSION_GROUPS:
        for _, *names in rows:
            assert all(name in keys for name in names)


@pytest.mark.parametrize(("name", "key"), [("viseme_aa", "jawOpen"), ("happiness", "mouthSmileLeft")])
def test_a_preset_sets_every_expression_and_nothing_else(workplace, face_result, name, key):
    with_shape_slider(workplace, face_result)
    keys = bpy.context.object.data.shape_keys.key_blocks
    keys["shape_face_width"].value = keys["browDownLeft"].value = 0.7
    assert "reconstruct_face.preset" in drawn(expression.RECONSTRUCT_FACE_PT_expression)
    bpy.ops.reconstruct_face.preset(name=name)
    wanted = door.combinations()[name]
    assert wanted[key] > 0.3
    assert {k.name: round(k.value, 4) for k in keys[1:] if k.value} == {**wanted, "shape_face_width": 0.7}


def test_shape_sliders_change_the_person_and_survive_neutral(workplace, face_result):
    press()
    assert not shape.RECONSTRUCT_FACE_PT_shape.poll(bpy.context)
    with_shape_slider(workplace, face_result)
    assert shape.RECONSTRUCT_FACE_PT_shape.poll(bpy.context)
    assert drawn(shape.RECONSTRUCT_FACE_PT_shape) == ["Face Width"]
    keys = bpy.context.object.data.shape_keys.key_blocks
    keys["shape_face_width"].value = -2.0
    bpy.ops.reconstruct_face.neutral()
    assert {k.name: k.value for k in keys[1:] if k.value} == {"shape_face_width": -2.0}


def test_every_direction_of_the_built_in_head_has_a_slider():
    with np.load(ASSET) as asset:
        assert {f"shape_{name}" for name in asset["semantic_names"]} == {key for _, key in strings.SHAPES}


def with_shape_slider(workplace, face_result):
    """Build the head of the fake engine again, with one key that changes the person."""
    keys = face_result.shape_keys
    more = dataclasses.replace(
        keys,
        names=(*keys.names, "shape_face_width"),
        offsets=np.concatenate([keys.offsets, 0.1 * keys.offsets[:1]]),
        weights=np.r_[keys.weights, np.float32(0)],
        minimum=np.r_[keys.minimum, np.float32(-3)],
        maximum=np.r_[keys.maximum, np.float32(3)],
    )
    views = tuple(dataclasses.replace(v, expression=np.r_[v.expression, np.float32(0)]) for v in face_result.views)
    dataclasses.replace(face_result, shape_keys=more, views=views).save(workplace / "faces" / "face")
    press()


@pytest.mark.parametrize(
    ("figure", "value", "word"),
    [
        ("reprojection_percent", 1.9, "good"),
        ("reprojection_percent", 3.0, "fair"),
        ("reprojection_percent", 9.0, "poor"),
        ("psnr_textured", 31.0, "good"),
        ("psnr_relit", 10.0, "poor"),
    ],
)
def test_figures_are_judged_in_words(figure, value, word):
    assert strings.quality_word(figure, value) == word


def test_the_licence_line_says_what_is_allowed():
    facts = {"licences": [["head", "CC0-1.0", True], ["weights", "research only", False]]}
    assert quality.licence_line(facts) == "Not for commercial use: head (CC0-1.0), weights (research only)"


def test_sentences_wrap_at_words():
    lines = text.wrap("a photo with a long explanation", 10, len)
    assert lines == ["a photo", "with a", "long", "explanation"]


def test_every_setting_of_the_panel_is_one_of_the_engine():
    values = settings_of(choices())
    assert door.config.Settings.from_dict(values) == door.config.Settings()


def test_every_choice_has_words():
    for name, words in strings.CHOICES.items():
        assert set(door.setting_choices(name) or words) == set(words)


def test_offline_without_wheels_the_set_up_says_so(monkeypatch):
    monkeypatch.setattr(setup_operator, "online", lambda: False)
    assert setup_operator.why_not() == strings.OFFLINE
    monkeypatch.setattr(setup_operator, "wheels_folder", lambda: Path("wheels"))
    assert setup_operator.why_not() == ""


def test_a_failed_plan_of_the_set_up_is_reported(monkeypatch):
    def fail():
        raise door.errors.SetupFailed("no Python 3.11 was found", "install it")

    monkeypatch.setattr(setup_operator, "online", lambda: True)
    monkeypatch.setattr(setup_operator.setup_engine, "find_base_python", fail)
    with pytest.raises(RuntimeError, match=r"no Python 3\.11"):
        bpy.ops.reconstruct_face.setup_engine()


def test_a_log_becomes_a_text(tmp_path):
    (tmp_path / "engine.log").write_text("what happened")
    assert messages.show_log(tmp_path / "engine.log").as_string() == "what happened"


def test_registering_twice_and_back_leaves_nothing():
    blender_addon.unregister()
    assert not hasattr(bpy.types.Scene, "reconstruct_face")
    blender_addon.register()
    assert hasattr(bpy.types.Scene, "reconstruct_face")


def test_the_engines_python_is_looked_up_through_the_preferences(monkeypatch):
    assert state.engine_python() == Path(sys.executable)
    assert os.fspath(state.launch().folder) == str(ROOT)


def test_a_script_that_registers_and_ends_leaves_cleanly():
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import bpy, blender_addon; blender_addon.register()"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
