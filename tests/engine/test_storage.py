"""The saved form of a FaceResult: nothing lost, nothing half-written, nothing trusted."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from engine import storage
from engine.contract import VERSION, Correctives, FaceResult
from engine.errors import FaceError, OutputUnwritable, ResultUnreadable
from tests.engine.samples import tiny_result


def assert_same(left, right):
    if isinstance(left, np.ndarray):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)
    elif dataclasses.is_dataclass(left):
        for field in dataclasses.fields(left):
            if field.name != "folder":
                assert_same(getattr(left, field.name), getattr(right, field.name))
    elif isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            assert_same(left[key], right[key])
    elif isinstance(left, tuple):
        assert isinstance(right, tuple) and len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
    else:
        assert left == right


@pytest.fixture
def saved(tmp_path):
    return tiny_result().save(tmp_path / "face 1 – ü").folder


def test_an_older_result_has_products_only(tmp_path):
    blank = np.full((2, 3), -1, np.int32)
    pairs = np.array([[0, 1], [1, 2]], np.int32)
    offsets = np.ones((2, len(tiny_result().mesh.vertices), 3), np.float32)
    correctives = Correctives(("one", "other"), offsets, pairs, blank, np.array([1], np.int32))
    folder = dataclasses.replace(tiny_result(), correctives=correctives).save(tmp_path / "face").folder
    assert FaceResult.load(folder).correctives.smaller.tolist() == [1]
    with np.load(folder / "face.npz") as archive:
        arrays = {name: archive[name] for name in archive.files if name != "correctives.smaller"}
    np.savez(folder / "face.npz", **arrays)
    edit_report(folder, version=1)
    loaded = FaceResult.load(folder).correctives
    assert loaded.smaller.tolist() == [] and loaded.pairs.tolist() == pairs.tolist()


def edit_report(folder, **changes):
    report = json.loads((folder / "report.json").read_text("utf-8"))
    (folder / "report.json").write_text(json.dumps(report | changes), "utf-8")


def assert_refused(folder, words):
    with pytest.raises(ResultUnreadable, match=words) as caught:
        FaceResult.load(folder)
    assert isinstance(caught.value, FaceError)
    assert str(caught.value).endswith(".") and str(folder) in str(caught.value)


def test_round_trip_keeps_everything(saved):
    loaded = FaceResult.load(saved)
    assert_same(tiny_result(), loaded)
    assert loaded.folder == saved
    assert loaded.warnings == ("Links ist geraten: ¾.",)
    assert not loaded.commercial


def test_folder_holds_the_promised_files(saved):
    assert {p.name for p in saved.iterdir()} == {
        "face.npz",
        "report.json",
        "albedo.png",
        "confidence.png",
        "photo.png",
    }
    assert json.loads((saved / "report.json").read_text("utf-8"))["report"]["psnr_textured"] == 31.5


def test_numpy_numbers_in_the_report_become_plain(tmp_path):
    result = dataclasses.replace(tiny_result(), report={"a": np.float32(0.5), "b": np.arange(2)})
    assert result.save(tmp_path / "r").load(tmp_path / "r").report == {"a": 0.5, "b": [0, 1]}


def test_newer_version_is_refused(saved):
    edit_report(saved, version=VERSION + 1)
    assert_refused(saved, "newer version")


@pytest.mark.parametrize("name", ["face.npz", "report.json", "albedo.png"])
def test_missing_file_is_named(saved, name):
    (saved / name).unlink()
    assert_refused(saved, name)


@pytest.mark.parametrize("name", ["face.npz", "report.json"])
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_truncated_file_is_refused(saved, name, keep):
    data = (saved / name).read_bytes()
    (saved / name).write_bytes(data[: int(len(data) * keep)])
    assert_refused(saved, "damaged")


def test_missing_folder_is_refused(tmp_path):
    assert_refused(tmp_path / "nowhere", "missing")


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd.png", "a/b.png", "..", "run.py", ".hidden.png"])
def test_names_that_leave_the_folder_are_refused(saved, name):
    edit_report(saved, images=[name])
    assert_refused(saved, "damaged")


def test_pickled_arrays_are_never_run(saved):
    with np.load(saved / "face.npz") as archive:
        arrays = dict(archive)
    arrays["mesh.vertices"] = np.array([{"an": "object"}], dtype=object)
    np.savez(saved / "face.npz", **arrays)
    assert_refused(saved, "damaged")


def test_bad_image_name_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="plain image file name"):
        dataclasses.replace(tiny_result(), images={"../out.png": b""}).save(tmp_path / "face")
    assert list(tmp_path.iterdir()) == []


def test_failure_in_mid_write_leaves_the_earlier_result(tmp_path, monkeypatch):
    folder = tiny_result().save(tmp_path / "face").folder

    def full_disk(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.np, "savez", full_disk)
    with pytest.raises(OutputUnwritable, match="No space left"):
        tiny_result(seed=1).save(folder)
    assert_same(tiny_result(), FaceResult.load(folder))
    assert [p.name for p in tmp_path.iterdir()] == ["face"]


def test_crash_in_mid_write_shows_no_folder(tmp_path, monkeypatch):
    def killed(*_args, **_kwargs):
        assert not (tmp_path / "face").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(storage.json, "dumps", killed)
    with pytest.raises(KeyboardInterrupt):
        tiny_result().save(tmp_path / "face")
    assert list(tmp_path.iterdir()) == []


def test_saving_again_replaces_the_result_and_keeps_the_users_files(tmp_path):
    tiny_result().save(tmp_path / "face")
    (tmp_path / "face" / "notes.txt").write_text("mine")
    (tmp_path / "face" / "own").mkdir()
    (tmp_path / "face" / "own" / "deep.txt").write_text("mine too")
    tiny_result(seed=1).save(tmp_path / "face")
    assert_same(tiny_result(seed=1), FaceResult.load(tmp_path / "face"))
    assert (tmp_path / "face" / "notes.txt").read_text() == "mine"
    assert (tmp_path / "face" / "own" / "deep.txt").read_text() == "mine too"
    assert [p.name for p in tmp_path.iterdir()] == ["face"]


def test_a_file_in_the_folders_place_stays(tmp_path):
    (tmp_path / "face").write_text("mine")
    with pytest.raises(OutputUnwritable, match="in the way"):
        tiny_result().save(tmp_path / "face")
    assert (tmp_path / "face").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["face"]


@pytest.mark.parametrize(
    ("photo", "expected"),
    [
        ("Zoë 顔.jpg", "Zoë 顔"),
        ("..jpg", "face"),
        ("...jpg", "face"),
        (".hidden.png", "hidden"),
        ("a. .jpg", "a"),
        ("con.jpg", "con_"),
        ("NUL.backup.jpg", "NUL.backup_"),
        ("a:b?.png", "a_b_"),
        ("not text \udcff.jpg", "not text _"),
        ("x" * 250 + ".jpg", "x" * 120),
        ("顔" * 80 + ".jpg", "顔" * 40),
    ],
)
def test_a_folder_is_named_after_the_photo_wherever_that_is_possible(photo, expected):
    assert storage.folder_name(Path("somewhere") / photo) == expected
    assert storage.folder_name(Path(photo), 1) == f"{expected}_2"


def test_output_below_a_file_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputUnwritable, match="choose another output folder"):
        tiny_result().save(tmp_path / "file" / "face")
