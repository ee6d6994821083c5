"""The page of face models and the menu: a fake engine tells what is there, and fetches."""

import json
import sys
import types

import bpy
import pytest

from blender_addon import door, model_page, model_run, strings
from blender_addon import session as state
from blender_addon.operators import models
from blender_addon.panels import main
from tests.addon.recorder import Recorder, drawn

FAMILIES = [
    {
        "family": family,
        "title": title,
        "purpose": "animation",
        "files": "a file",
        "licence": licence,
        "commercial": commercial,
        "source": source,
        "download_mb": megabytes,
        "models": [{"name": name, "path": path} for name, path in found],
        "pretenders": ["/models/cut_short.pkl"] if family == "ict" else [],
    }
    for family, title, licence, commercial, source, megabytes, found in (
        ("builtin", "Built-in Head", "CC0-1.0", True, "", 0, [("builtin", "")]),
        ("ict", "ICT-FaceKit Light", "MIT", True, "https://example.org/ict", 395, []),
        (
            "flame",
            "FLAME",
            "research",
            False,
            "https://example.org/flame",
            0,
            [("flame-2020", "/a"), ("flame-2023", "/b")],
        ),
    )
]
SAYS = """
import json, sys, time
def say(**m): print(json.dumps(m), flush=True)
print_families = json.loads({families!r})
if sys.argv[1:2] == ["fetch"]:
    say(kind="progress", fraction=0.5, text="a.obj")
    if sys.argv[2] == "slow": time.sleep(60)
    if sys.argv[2] == "bad":
        say(kind="error", code="DownloadFailed", message="It could not be fetched.")
        sys.exit(1)
    if sys.argv[2] == "dies": sys.exit(3)
    say(kind="done")
else:
    say(kind="models", folder="/models", families=print_families)
"""


@pytest.fixture(autouse=True)
def engine(tmp_path, monkeypatch):
    """A stand-in for ``python -m engine.models``."""
    package = tmp_path / "engine"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "models.py").write_text(SAYS.format(families=json.dumps(FAMILIES)))
    monkeypatch.setattr(door, "engine_root", lambda: tmp_path)
    monkeypatch.setenv(door.PYTHON_VARIABLE, sys.executable)
    monkeypatch.setattr(state, "data_folder", lambda: tmp_path)
    monkeypatch.setattr(models, "online", lambda: True)
    yield tmp_path
    state.session.shut_down()
    state.session.fetch = None


def page():
    recorder = Recorder()
    folder = types.SimpleNamespace(bl_rna=types.SimpleNamespace(properties={"models_folder"}))
    model_page.draw(recorder, folder, bpy.context)
    return recorder.seen


def test_the_page_tells_found_and_missing():
    assert strings.LOOKING in page()
    state.session.listing.wait()
    seen = page()
    assert "Found: flame-2020, flame-2023" in seen
    assert "Copy into the folder: a file" in seen
    assert "/models/cut_short.pkl is damaged or another file of that name" in seen
    assert "MIT, commercial use allowed" in seen and "research, no commercial use" in seen
    assert seen.count("reconstruct_face.fetch_model") == 1


def test_the_menu_offers_what_is_there():
    assert main.known_models() == [("builtin", "Built-in Head")]
    state.session.listing.wait()
    assert main.known_models() == [
        ("builtin", "Built-in Head"),
        ("flame-2020", "FLAME (flame-2020)"),
        ("flame-2023", "FLAME (flame-2023)"),
    ]
    bpy.ops.reconstruct_face.choose_model(name="flame-2023")
    assert bpy.context.scene.reconstruct_face.model == "flame-2023"
    assert "FLAME (flame-2023)" in drawn(main.RECONSTRUCT_FACE_PT_main)
    bpy.context.scene.reconstruct_face.model = "gone"
    assert main.title_of("gone") == "gone"


def test_fetching_ends_and_the_list_is_asked_again():
    state.session.models(wait=True)
    assert bpy.ops.reconstruct_face.fetch_model(family="ict") == {"FINISHED"}
    assert state.session.fetch.state == "done"
    assert state.session.listing is None


@pytest.mark.parametrize(("family", "words"), [("bad", "could not be fetched"), ("dies", "code 3")])
def test_a_failed_fetch_is_a_sentence(family, words):
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.reconstruct_face.fetch_model(family=family)
    state.session.models(wait=True)
    assert words in " ".join(page())


def test_fetching_can_be_stopped():
    models.begin("slow")
    while not state.session.fetch.fraction:
        state.session.fetch.poll()
    state.session.models(wait=True)
    assert "a.obj 0.5" in page()
    assert models.why_not_fetch() == strings.FETCHING
    bpy.ops.reconstruct_face.cancel_fetch()
    assert state.session.fetch.state == "cancelled"
    assert not models.finish().success


def test_offline_nothing_is_fetched(monkeypatch):
    monkeypatch.setattr(models, "online", lambda: False)
    with pytest.raises(RuntimeError, match="poll"):
        bpy.ops.reconstruct_face.fetch_model(family="ict")
    assert models.why_not_fetch() == strings.MODELS_OFFLINE


def test_the_child_is_told_the_folder(engine):
    run = model_run.ModelRun(door.engine_python(), engine / "my models", "list")
    assert run.wait() == "done"
    assert door.child_environment(models=engine)[door.MODELS_VARIABLE] == str(engine)


def test_the_engine_gets_the_folder_too(engine, monkeypatch):
    monkeypatch.setenv(door.MODELS_VARIABLE, str(engine / "told"))
    assert state.launch().environment[door.MODELS_VARIABLE] == str(engine / "told")
