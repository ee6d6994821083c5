"""scripts/reconstruct.py: what it leaves behind, and how it fails."""

import dataclasses
import json
from pathlib import Path

import pytest

from engine.contract import FaceResult, Progress
from engine.errors import FaceNotFound
from scripts import reconstruct as script
from tests.engine.samples import tiny_result


def fake(request, progress):
    """Stands for the engine: the tiny result, two faces in "group", none in "empty"."""
    progress(Progress("fit", 0.5, "Fitting"))
    stem = Path(request.photos[0]).stem
    if stem == "empty":
        raise FaceNotFound(request.photos[0])
    names = [stem, stem + "_2"] if stem == "group" else [stem]
    return [tiny_result().save(Path(request.output) / name) for name in names]


def run(tmp_path, *photos, **options):
    return script.main(script.Options(photos=tuple(photos), output=tmp_path / "out", **options), fake)


def report(tmp_path):
    return json.loads((tmp_path / "out" / script.REPORT).read_text("utf-8"))["photos"]


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "meine Photos ü"
    place.mkdir()
    for name in ("empty.jpg", "group.png", "one.jpg"):
        (place / name).write_bytes(b"x")
    return place


def test_each_face_gets_a_folder_with_everything(tmp_path, folder):
    assert run(tmp_path, folder) == 1
    assert [entry["status"] for entry in report(tmp_path)] == ["failed", "done", "done"]
    assert report(tmp_path)[0]["code"] == "FaceNotFound"
    for name in ("group", "group_2", "one"):
        files = {path.name for path in (tmp_path / "out" / name).iterdir()}
        assert {"face.npz", "report.json", "albedo.png", "head.obj", "head.mtl", "head.ply"} <= files
        assert FaceResult.load(tmp_path / "out" / name).model == "builtin 1.0"
    assert not [p for p in (tmp_path / "out").iterdir() if p.name.startswith(".")]


def test_same_name_twice_keeps_both(tmp_path, folder):
    other = tmp_path / "other"
    other.mkdir()
    (other / "ONE.jpg").write_bytes(b"x")
    assert run(tmp_path, folder / "one.jpg", other) == 0
    assert {p.name for p in (tmp_path / "out").iterdir() if p.is_dir()} == {"one", "ONE-2"}


def test_chosen_meshes_only(tmp_path, folder):
    assert run(tmp_path, folder / "one.jpg", meshes=("ply",)) == 0
    files = {path.name for path in (tmp_path / "out" / "one").iterdir()}
    assert "head.ply" in files and "head.obj" not in files


def test_missing_photo_and_empty_folder_are_sentences(tmp_path, capsys):
    (tmp_path / "nothing").mkdir()
    assert run(tmp_path, tmp_path / "no.jpg", tmp_path / "nothing") == 2
    sentences = [entry["sentence"] for entry in report(tmp_path)]
    assert "no such file" in sentences[0] and "no photo" in sentences[1]
    assert sentences[0] in capsys.readouterr().err


def test_no_photos_and_unwritable_output(tmp_path, capsys):
    assert run(tmp_path) == 2
    (tmp_path / "out").write_text("a file")
    assert run(tmp_path, tmp_path / "x.jpg") == 2
    assert "choose another output folder" in capsys.readouterr().err


def test_settings_reach_the_engine(tmp_path, folder):
    seen = {}

    def spy(request, progress):
        seen.update(request.settings)
        return fake(request, progress)

    settings = dataclasses.replace(script.Settings(), quality="draft", texture_size=256)
    options = script.Options(photos=(folder / "one.jpg",), output=tmp_path / "out", settings=settings)
    assert script.main(options, spy) == 0
    assert seen["quality"] == "draft" and seen["texture_size"] == 256
