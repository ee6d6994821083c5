"""Bad input gets a sentence, and nothing is lost: the batch as a hostile or unlucky user starts it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import skimage
from PIL import Image

from engine import pipeline
from engine.contract import FaceResult, Request
from engine.errors import FaceNotFitted, PhotoUnreadable
from engine.files.photo import read_photo
from scripts import batch, batch_photos
from tests.addon import batch_worker

ROOT = Path(__file__).resolve().parents[2]
DRAFT = ("--quality", "draft", "--texture-size", "256")
COMMAND = (sys.executable, "-u", str(ROOT / "scripts" / "batch.py"))
ORIENTATION = 0x0112
TURNED = {  # what undoes each EXIF orientation, reversed
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def astronaut():
    return Image.open(Path(skimage.__file__).parent / "data" / "astronaut.png").convert("RGB")


def turned(image, orientation, path):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image.transpose(TURNED[orientation]).save(path, exif=exif)
    return path


def entries(output):
    return json.loads((output / "batch_report.json").read_text(encoding="utf-8"))["photos"]


def names(folder):
    """Everything in a folder, hidden things too."""
    return sorted(path.name for path in folder.iterdir())


def refused(arguments, capsys):
    """The only line that a command which makes no sense prints; its exit code must be 2."""
    assert batch.main([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


# One batch of good and bad photos


def write_bad(folder, astronaut):
    """Bad photos by name, with the code that each must get."""
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    astronaut.save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    (folder / "whole.jpg").unlink()
    small = Image.new("RGB", (300, 300), (90, 110, 90))
    small.paste(astronaut.resize((110, 110), Image.Resampling.LANCZOS), (100, 100))
    Image.fromarray(noise).save(folder / "no face.jpg")
    small.save(folder / "small face.png")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "letter.jpg").write_text("Dear reader, " * 50)
    (folder / "folder").mkdir()
    unreadable = dict.fromkeys(("empty.jpg", "half.jpg", "letter.jpg", "missing.jpg"), "PhotoUnreadable")
    return {"no face.jpg": "FaceNotFound", "small face.png": "FaceTooSmall", "folder": "NoPhotos", **unreadable}


def write_good(folder, astronaut):
    """Unusual photos of a face, and the name of the head that each must become."""
    astronaut.convert("CMYK").save(folder / "портрет नमस्ते 顔.jpg")
    Image.fromarray(np.asarray(astronaut.convert("L")).astype(np.uint16) * 257).save(folder / "..png", "PNG")
    rest = [Image.new("RGB", astronaut.size, "red")]
    astronaut.save(folder / f"{'x' * 240}.webp", save_all=True, append_images=rest)
    return {"портрет नमस्ते 顔.jpg": "портрет नमस्ते 顔", "..png": "face", f"{'x' * 240}.webp": "x" * 120}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, astronaut):
    """A batch of every kind: (process, output folder, bad names with codes, good names with heads)."""
    folder = tmp_path_factory.mktemp("mixed") / "Ordner mit Leerzeichen фото"
    folder.mkdir()
    bad, good = write_bad(folder, astronaut), write_good(folder, astronaut)
    photos = [str(folder / name) for name in sorted(bad | good)]
    output = folder / "out 出力"
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*COMMAND, *photos, "-o", str(output), *DRAFT],
        capture_output=True,
        text=True,
        env=ascii_only,
        timeout=300,
    )
    return done, output, bad, good


def test_a_mixed_batch_says_so_by_its_exit_code_and_without_traces(mixed):
    done = mixed[0]
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert f"{len(mixed[3])} of {len(mixed[2]) + len(mixed[3])} photos done" in done.stdout


def test_each_bad_photo_gets_its_own_sentence(mixed):
    _, output, bad, _ = mixed
    found = {Path(entry["photo"]).name: entry for entry in entries(output)}
    assert {name: found[name]["code"] for name in bad} == bad
    for name in bad:
        sentence = found[name]["sentence"]
        assert name in sentence and sentence.endswith(".") and "\n" not in sentence
        assert found[name]["status"] == "failed" and found[name]["outputs"] == []


def test_each_good_photo_becomes_a_whole_head_and_nothing_else_is_left(mixed):
    _, output, _, good = mixed
    assert names(output) == sorted([*good.values(), "batch_report.json"])
    found = {Path(entry["photo"]).name: entry for entry in entries(output)}
    for name, head in good.items():
        assert found[name]["status"] == "done"
        assert sorted(found[name]["outputs"]) == sorted(
            str(path.relative_to(output)) for path in (output / head).rglob("*") if path.is_file()
        )
        assert (output / head / f"{head}.blend").stat().st_size > 100_000
        assert FaceResult.load(output / head / "face").views[0].size == (512, 512)


# Places that cannot be written, engines that are not there


def test_places_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    assert "is a file" in refused(["a.jpg", "-o", tmp_path / "file"], capsys)
    assert "Not a directory" in refused(["a.jpg", "-o", tmp_path / "file" / "out"], capsys)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that nobody may write")
def test_a_system_that_forbids_writing(capsys):
    assert "Nothing can be written to" in refused(["a.jpg", "-o", "/proc/heads"], capsys)


def test_engines_that_are_not_there(tmp_path, capsys, monkeypatch):
    (tmp_path / "no program").write_text("x")
    bare = tmp_path / "bare python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o755)
    reasons = {tmp_path / "nowhere": "no such file", tmp_path / "no program": "denied", bare: "lacks torch"}
    for python, reason in reasons.items():
        monkeypatch.setenv("RECONSTRUCT_FACE_PYTHON", str(python))
        line = refused(["a.jpg", "-o", tmp_path / "out"], capsys)
        assert reason in line and str(python) in line
    assert names(tmp_path / "out") == []


# Folders and files of the user's


def run_fake(photos, output):
    output.mkdir(exist_ok=True)
    options = batch_photos.Options((), {"apply_expression": True})
    return batch_photos.run([str(p) for p in photos], output, options, lambda p, f, _: batch_worker.reconstruct(p, f))


def test_results_among_the_photos_are_not_taken_for_photos(tmp_path, astronaut):
    astronaut.resize((64, 64)).save(tmp_path / "a.png")
    (tmp_path / "._a.png").write_bytes(b"what another system leaves beside files")
    for _ in range(2):
        assert run_fake([tmp_path, tmp_path / "a.png"], tmp_path) == 0
        assert [entry["photo"] for entry in entries(tmp_path)] == [str(tmp_path / "a.png")]
    assert names(tmp_path) == ["._a.png", "a", "a.png", "batch_report.json"]


def test_files_of_the_users_stay_when_a_batch_is_run_again(tmp_path):
    place = tmp_path / "a"
    run_fake(["a.jpg"], tmp_path)
    (place / "notes.txt").write_text("mine")
    (place / "face" / "sketch.png").write_bytes(b"mine too")
    (tmp_path / "b").write_text("a file where a head should go")
    assert run_fake(["a.jpg", "b.jpg", "other/a.jpg"], tmp_path) == 1
    assert [entry["code"] for entry in entries(tmp_path)] == ["", "OutputUnwritable", ""]
    assert (place / "notes.txt").read_text() == "mine"
    assert (place / "face" / "sketch.png").read_bytes() == b"mine too"
    assert (tmp_path / "b").read_text() == "a file where a head should go"
    assert names(tmp_path) == ["a", "a-2", "b", "batch_report.json"]


def test_things_that_are_no_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "drawing.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    for name, reason in (("pipe.jpg", "not a file"), ("drawing.jpg", "not an image")):
        with pytest.raises(PhotoUnreadable, match=reason):
            read_photo(tmp_path / name)


# Several faces, turned photos, large photos


def two_faces(astronaut, path):
    both = Image.new("RGB", (900, 520), (60, 60, 60))
    both.paste(astronaut, (0, 0))
    both.paste(astronaut.resize((380, 380)), (515, 60))
    both.save(path)
    return path


def reconstruct(photo, output, **settings):
    values = {"quality": "draft", "texture_size": 256, "device": "cpu", **settings}
    return pipeline.reconstruct(Request((str(photo),), str(output), values))


@pytest.mark.slow
def test_all_faces_and_one_of_them_failing(tmp_path, astronaut, monkeypatch):
    photo = two_faces(astronaut, tmp_path / "two.png")
    both = reconstruct(photo, tmp_path / "both", faces="all")
    assert [result.folder.name for result in both] == ["two", "two_2"]
    assert both[0].views[0].landmarks[:, 0].mean() < 500 < both[1].views[0].landmarks[:, 0].mean()

    fit, calls = pipeline.fit_landmarks, []

    def fail_first(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise np.linalg.LinAlgError("Singular matrix")
        return fit(*arguments)

    monkeypatch.setattr(pipeline, "fit_landmarks", fail_first)
    (left,) = reconstruct(photo, tmp_path / "one", faces="all")
    assert names(tmp_path / "one") == ["two_2"]
    assert "1 of 2 faces could not be reconstructed." in FaceResult.load(left.folder).warnings
    calls.clear()
    with pytest.raises(FaceNotFitted, match=r"two\.png"):
        reconstruct(photo, tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_a_photo_is_the_same_however_the_camera_was_held(tmp_path, astronaut):
    astronaut.save(tmp_path / "upright.png")
    (upright,) = reconstruct(tmp_path / "upright.png", tmp_path / "out")
    for orientation in TURNED:
        (result,) = reconstruct(turned(astronaut, orientation, tmp_path / f"{orientation}.png"), tmp_path / "out")
        np.testing.assert_array_equal(result.mesh.vertices, upright.mesh.vertices)
        assert result.images["photo.jpg"] == upright.images["photo.jpg"]


@pytest.mark.slow
def test_twenty_thousand_pixels_a_side(tmp_path, astronaut):
    """In less memory than the 3 GB that a reconstruction may take."""
    astronaut.resize((20000, 20000), Image.Resampling.BILINEAR).save(tmp_path / "large.png", compress_level=1)
    peak, running = 0, start(tmp_path / "large.png", output=tmp_path / "out", settings=DRAFT)
    drain(running)
    while running.poll() is None:
        peak = max(peak, sum(memory(child) for child in children(running)))
        time.sleep(0.05)
    assert running.returncode == 0
    assert FaceResult.load(tmp_path / "out" / "large" / "face").views[0].size == (20000, 20000)
    print(f"{peak / 1e9:.2f} GB")
    assert 0 < peak < 3e9


# Kills and full disks


def start(*photos, output, settings=("--texture-size", "256")):
    command = [*COMMAND, *map(str, photos), "-o", str(output), *settings]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", start_new_session=True
    )


def drain(running):
    threading.Thread(target=running.stdout.read, daemon=True).start()


def children(running):
    try:
        return psutil.Process(running.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def memory(process):
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def wait_for(running, words):
    """Read until a line holds ``words``; return the engine's processes."""
    for line in running.stdout:
        if words in line:
            return [child for child in children(running) if "engine.worker" in " ".join(child.cmdline())]
    raise AssertionError(f"the batch ended before “{words}”")


@pytest.fixture
def three(tmp_path, astronaut):
    for name in ("a", "b", "c"):
        astronaut.save(tmp_path / f"{name}.png")
    return [tmp_path / f"{name}.png" for name in ("a", "b", "c")]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_killed_engine_costs_one_photo(tmp_path, three):
    running = start(*three, output=tmp_path / "out", settings=DRAFT)
    (engine,) = wait_for(running, "a.png:  60%")
    engine.kill()
    said = running.communicate(timeout=200)[0]
    assert running.returncode == 1
    assert [entry["code"] for entry in entries(tmp_path / "out")] == ["EngineStopped", "", ""]
    assert names(tmp_path / "out") == ["b", "batch_report.json", "c"]
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_batch_leaves_whole_heads_only(tmp_path, three, number):
    running = start(*three, output=tmp_path / "out")
    engines = wait_for(running, "b.png:  20%")
    os.kill(running.pid, number)
    said = running.communicate(timeout=100)[0]
    assert running.returncode == 1
    assert "1 of 3 photos done; stopped by the user" in said and "Traceback" not in said
    assert [entry["code"] for entry in entries(tmp_path / "out")] == ["", "Cancelled", "Cancelled"]
    assert names(tmp_path / "out") == ["a", "batch_report.json"]
    assert engines and psutil.wait_procs(engines, timeout=5)[1] == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_killed_blender_leaves_no_process_and_nothing_that_looks_finished(tmp_path, three):
    running = start(*three, output=tmp_path / "out")
    engines = wait_for(running, "a.png:  20%")
    running.kill()
    running.communicate(timeout=20)
    assert engines and psutil.wait_procs(engines, timeout=5)[1] == []
    assert [name for name in names(tmp_path / "out") if not name.startswith(".")] == []


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a disk of so many megabytes; skips where that is not allowed."""
    mounted = []

    def mount(megabytes):
        place = tmp_path / f"disk {megabytes}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("a small disk cannot be mounted here")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [3, 18, 21])
def test_a_full_disk(tmp_path, three, small_disk, megabytes):
    """Full in the engine, while the .blend is saved, and (about) while the .glb is."""
    disk = small_disk(megabytes)
    running = start(three[0], output=disk, settings=(*DRAFT, "--format", "blend", "glb"))
    said = running.communicate(timeout=200)[0]
    assert running.returncode == 2, said
    (entry,) = entries(disk)
    assert entry["code"] == "OutputUnwritable"
    assert f"“{disk}" in entry["sentence"] and ".batch." not in entry["sentence"]
    assert names(disk) == ["batch_report.json"]
