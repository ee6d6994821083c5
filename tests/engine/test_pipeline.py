"""The main job as a whole: what it leaves, what it says, how it stops, and that it repeats itself."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import skimage
import torch
from PIL import Image

from engine import pipeline
from engine.contract import FaceResult, Request
from engine.errors import BadSetting, Cancelled, DeviceUnavailable, FaceNotFound, FaceTooSmall, PhotoUnreadable
from engine.faces import arkit

ASTRONAUT = Path(skimage.__file__).parent / "data" / "astronaut.png"
DRAFT = {"quality": "draft", "texture_size": 256, "device": "cpu"}


def request(photo, output, **settings):
    return Request((str(photo),), str(output), {**DRAFT, **settings})


@pytest.fixture(scope="module")
def draft(tmp_path_factory):
    """The astronaut in draft quality, and the progress that was reported."""
    steps = []
    results = pipeline.reconstruct(request(ASTRONAUT, tmp_path_factory.mktemp("draft")), steps.append)
    return results[0], steps


def test_the_result_is_saved_and_loads_again(draft):
    result, _ = draft
    again = FaceResult.load(result.folder)
    np.testing.assert_array_equal(again.mesh.vertices, result.mesh.vertices)
    assert again.shape_keys.names[:52] == tuple(arkit.NAMES)
    assert {"albedo.png", "confidence.png", "preview.png", "photo.jpg"} <= set(again.images)


def test_the_report_has_the_promised_figures(draft):
    report = json.loads((draft[0].folder / "report.json").read_text(encoding="utf-8"))["report"]
    for name in ("reprojection_percent", "psnr_textured", "psnr_relit", "seen_share"):
        assert np.isfinite(report[name]), name
    assert {"detect", "fit", "photometric", "texture"} <= set(report["seconds"])


def test_progress_only_grows_and_ends_at_one(draft):
    fractions = [step.fraction for step in draft[1]]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == pytest.approx(1.0)


def test_the_landmarks_lie_on_the_face(draft):
    view = draft[0].views[0]
    error = np.linalg.norm(view.landmarks - view.landmarks_fitted, axis=1).mean()
    eyes = np.linalg.norm(view.landmarks[33] - view.landmarks[263])
    assert error < 0.06 * eyes


def test_the_same_seed_gives_the_same_head(draft, tmp_path):
    again = pipeline.reconstruct(request(ASTRONAUT, tmp_path))[0]
    np.testing.assert_array_equal(again.mesh.vertices, draft[0].mesh.vertices)
    assert again.images["albedo.png"] == draft[0].images["albedo.png"]


def test_another_device_gives_the_same_head(device, tmp_path):
    if device.type == "cpu":
        pytest.skip("--device names no other device")
    plain, other = (
        pipeline.reconstruct(request(ASTRONAUT, tmp_path / name, device=name, quality="standard"))[0]
        for name in ("cpu", device.type)
    )
    assert other.report["device"].startswith(device.type)
    assert np.abs(other.mesh.vertices - plain.mesh.vertices).max() < 3e-4
    assert np.abs(other.views[0].landmarks_fitted - plain.views[0].landmarks_fitted).max() < 0.2


def test_a_cancelled_job_leaves_nothing(tmp_path):
    with pytest.raises(Cancelled):
        pipeline.reconstruct(request(ASTRONAUT, tmp_path / "out"), cancelled=lambda: True)
    assert not (tmp_path / "out").exists()


def test_a_photo_without_a_face_gets_a_sentence(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    with pytest.raises(FaceNotFound, match=r"No face was found in .*noise\.png"):
        pipeline.reconstruct(request(tmp_path / "noise.png", tmp_path / "out"))


def test_a_tiny_face_gets_a_sentence(tmp_path):
    small = Image.open(ASTRONAUT).convert("RGB").resize((96, 96), Image.Resampling.LANCZOS)
    small.save(tmp_path / "tiny.png")
    with pytest.raises((FaceTooSmall, FaceNotFound), match=r"tiny\.png"):
        pipeline.reconstruct(request(tmp_path / "tiny.png", tmp_path / "out"))


def test_an_empty_file_gets_a_sentence(tmp_path):
    (tmp_path / "leer ü 空.jpg").write_bytes(b"")
    with pytest.raises(PhotoUnreadable, match="leer ü 空"):
        pipeline.reconstruct(request(tmp_path / "leer ü 空.jpg", tmp_path / "out"))


def test_a_face_that_is_not_there_cannot_be_chosen(tmp_path):
    with pytest.raises(BadSetting, match="face_index"):
        pipeline.reconstruct(request(ASTRONAUT, tmp_path, face_index=7))


def test_a_missing_device_is_named():
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(DeviceUnavailable, match="cuda"):
        pipeline.choose_device("cuda")


def test_the_expression_stays_in_the_view_when_it_is_not_applied(draft, tmp_path):
    still = pipeline.reconstruct(request(ASTRONAUT, tmp_path, apply_expression=False))[0]
    assert not still.shape_keys.weights.any()
    np.testing.assert_array_equal(still.views[0].expression, draft[0].views[0].expression)


def test_every_value_of_the_result_is_finite(draft):
    def check(value):
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            assert np.isfinite(value).all()
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            for field in dataclasses.fields(value):
                check(getattr(value, field.name))
        elif isinstance(value, tuple | list):
            for item in value:
                check(item)
        elif isinstance(value, dict):
            for item in value.values():
                check(item)

    check(draft[0])
