"""Figures and warnings of a result, and how the parts are put together."""

import math

import numpy as np
import pytest
import torch

from engine import quality
from engine.assemble import assemble, person_keys
from engine.camera.camera import Camera
from engine.camera.conventions import frontal_rotation
from engine.config import Settings
from engine.detect.detector import Detection
from engine.detect.layouts import IRIS_LEFT, IRIS_RIGHT
from engine.faces.library import load_model
from engine.faces.model import split_polygons
from engine.files.photo import Photo
from engine.fit.state import Fit
from engine.light.color import linear_to_srgb
from engine.light.harmonics import ambient
from engine.render.shading import render
from engine.texture.bake import bake
from engine.texture.iris import TYPICAL, iris_color

WIDTH = 400


def about(axis, degrees):
    angle = math.radians(degrees)
    c, s = math.cos(angle), math.sin(angle)
    turns = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }
    return np.array(turns[axis])


def camera(rotation=None):
    turned = torch.from_numpy(frontal_rotation() @ (np.eye(3) if rotation is None else rotation)).float()
    intrinsics = torch.tensor([[WIDTH * 2.6, 0, WIDTH / 2], [0, WIDTH * 2.6, WIDTH / 2], [0, 0, 1.0]])
    return Camera(intrinsics, turned, torch.tensor([0.0, 0.0, 1.0]), (WIDTH, WIDTH))


def make_fit(model, layout="478", rotation=None, light=None):
    points = camera(rotation).project(model.landmarks[layout].points(model.mean))
    return Fit(
        identity=torch.zeros(2),
        expression=torch.zeros(len(model.expression_names)),
        albedo=torch.zeros(1),
        light=ambient() if light is None else light,
        camera=camera(rotation),
        layout=layout,
        landmarks=points,
        landmarks_fitted=points,
        landmark_weights=torch.ones(len(points)),
        noise=0.001,
    )


@pytest.fixture(scope="module")
def model():
    return load_model("builtin")


@pytest.fixture(scope="module")
def scene(model):
    """A fit, the photo it describes exactly, and the texture baked from it."""
    light = ambient() * 0.9
    light[3] = 0.4
    fit = make_fit(model, light=light)
    seen = render(fit.camera, model.mean, model.triangles, model.albedo_mean.clamp(0, 1), light)
    photo = (linear_to_srgb(seen.image.clamp(0, 1)) * 255).round().to(torch.uint8).numpy()
    return fit, photo, bake(model, fit, photo, 512)


def detection(fit):
    points = fit.landmarks.numpy()
    return Detection(np.r_[points.min(0), points.max(0)].astype(np.float32), 0.9, fit.layout, points)


@pytest.mark.parametrize("yaw, pitch", [(0, 0), (30, 0), (-20, 10), (5, -25)])
def test_angles_are_read_off_the_camera(yaw, pitch):
    rotation = frontal_rotation() @ about("x", -pitch) @ about("y", yaw)
    forward = rotation[:, 2]
    found = quality.head_angles(rotation)
    assert found[0] == pytest.approx(math.degrees(math.atan2(forward[0], -forward[2])), abs=1e-6)
    if pitch == 0:
        assert found == pytest.approx((yaw, 0, 0), abs=1e-6)
    if yaw == 0:
        assert found[1] == pytest.approx(pitch, abs=1e-6)


def test_a_head_turned_to_its_left_hides_its_left(model):
    words = quality.warnings(yaw=45, pitch=0, width=300, covered=0, error=1)
    assert words == ["Strong profile (45°): the left side is guessed."]
    rotation = about("y", 45)
    normals_out = torch.tensor([1.0, 0, 0])  # +X is the subject's left
    assert (torch.from_numpy(frontal_rotation() @ rotation).float() @ normals_out)[2] > 0  # away from the camera


@pytest.mark.parametrize(
    "values, words",
    [
        ({"width": 60}, "small (60 px)"),
        ({"covered": 0.4}, "covered"),
        ({"pitch": 40}, "up (40°): the forehead"),
        ({"pitch": -40}, "down (40°): the chin"),
        ({"error": 9}, "fit loosely"),
        ({"yaw": -50}, "right side"),
    ],
)
def test_each_doubt_has_its_sentence(values, words):
    plain = {"yaw": 0, "pitch": 0, "width": 300, "covered": 0, "error": 1}
    assert quality.warnings(**plain) == []
    found = quality.warnings(**(plain | values))
    assert len(found) == 1 and words in found[0] and found[0].endswith(".")


def test_an_exact_fit_has_exact_figures(model, scene):
    fit, photo, baked = scene
    report = quality.measure(model, fit, baked, photo, detection(fit))
    assert report["reprojection_percent"] == pytest.approx(0, abs=1e-4)
    assert set(report["reprojection_percent_by_region"]) == {"jaw", "brows", "nose", "eyes", "mouth"}
    assert report["psnr_model"] > 37
    assert report["psnr_relit"] > 32
    assert report["psnr_textured"] > 32
    assert report["covered_share"] < 0.05
    assert report["seen_share"] > 0.5
    assert not [w for w in report["warnings"] if "covered" in w or "Strong" in w]


def test_wrong_light_and_moved_landmarks_show(model, scene):
    fit, photo, baked = scene
    moved = Fit(**{**vars(fit), "light": fit.light * 0.5, "landmarks": fit.landmarks + 3})
    report = quality.measure(model, moved, baked, photo, detection(fit))
    assert report["psnr_relit"] < 25 and report["psnr_model"] < 25
    eyes = np.linalg.norm(fit.landmarks[33].numpy() - fit.landmarks[263].numpy())
    assert report["reprojection_percent"] == pytest.approx(100 * math.hypot(3, 3) / eyes, rel=1e-3)


def test_assembled_result_is_in_the_original_photos_pixels(model, scene, tmp_path):
    fit, photo, baked = scene
    reduced = Photo(tmp_path / "p.jpg", photo, (2 * WIDTH, 2 * WIDTH), None, 0.5)
    settings = Settings(texture_size=512, apply_expression=False)
    result = assemble(model, fit, baked, reduced, detection(fit), settings, {"fit": 0.25}, torch.device("cpu"))
    view = result.views[0]
    assert view.size == (2 * WIDTH, 2 * WIDTH)
    np.testing.assert_allclose(view.landmarks, 2 * fit.landmarks.numpy(), rtol=1e-6)
    points = model.landmarks["68"].points(torch.from_numpy(result.mesh.vertices)).numpy()
    projected = (points @ view.rotation.T + view.translation) @ view.intrinsics.T
    expected = 2 * fit.camera.project(torch.from_numpy(points)).numpy()
    np.testing.assert_allclose(projected[:, :2] / projected[:, 2:], expected, rtol=1e-4)
    assert result.report["seconds"] == {"fit": 0.25}
    assert result.shape_keys.weights.max() == 0
    assert {"albedo.png", "confidence.png", "photo.jpg"} <= set(result.images)
    assert all(not m.texture or m.texture in result.images for m in result.materials)
    used = split_polygons(result.mesh.polygons)[0]
    assert used.max() < len(result.mesh.vertices)
    assert result.save(tmp_path / "face").load(tmp_path / "face").model == "builtin " + model.version


@pytest.mark.parametrize("color", [(0.10, 0.20, 0.35), (0.20, 0.10, 0.05)])
def test_iris_colour_is_read_from_the_rings(model, color):
    """Two discs with pupils and a white highlight; the light is flat, so colour comes back up to the lid's shade."""
    points = torch.zeros(478, 2)
    photo = np.full((100, 200, 3), 200, np.uint8)
    y, x = np.mgrid[0:100, 0:200] + 0.5
    for (centre, *rim), middle in zip((IRIS_RIGHT, IRIS_LEFT), ((60, 50), (140, 50)), strict=True):
        points[centre] = torch.tensor(middle).float()
        for index, (dx, dy) in zip(rim, ((12, 0), (0, 12), (-12, 0), (0, -12)), strict=True):
            points[index] = points[centre] + torch.tensor([dx, dy]).float()
        distance = np.hypot(x - middle[0], y - middle[1])
        photo[distance < 12] = np.rint(linear_to_srgb(np.array(color) * 0.7) * 255)
        photo[distance < 4] = 5
        photo[np.hypot(x - middle[0] - 5, y - middle[1] + 5) < 2] = 255
    fit = Fit(**{**vars(make_fit(model)), "landmarks": points})
    assert iris_color(fit, photo) == pytest.approx(color, rel=0.12)


@pytest.mark.parametrize("seen, kept", [((0.40, 0.24, 0.16), 0.12), ((0.14, 0.06, 0.12), None)])
def test_what_no_iris_has_is_no_iris_colour(model, seen, kept):
    """Bright orange is lid skin, purple is a reflection."""
    points = torch.zeros(478, 2)
    for centre, *rim in (IRIS_RIGHT, IRIS_LEFT):
        points[centre] = torch.tensor([50.0, 50.0])
        points[rim] = points[centre] + torch.tensor([[12.0, 0], [0, 12], [-12, 0], [0, -12]])
    photo = np.full((100, 100, 3), np.rint(linear_to_srgb(np.array(seen) * 0.7) * 255)).astype(np.uint8)
    red, green, blue = iris_color(Fit(**{**vars(make_fit(model)), "landmarks": points}), photo)
    assert red > green >= blue
    assert kept is None or 0.2126 * red + 0.7152 * green + 0.0722 * blue <= kept + 1e-6


def test_iris_without_iris_points_is_typical(model):
    fit = make_fit(model, "68")
    assert iris_color(fit, np.zeros((WIDTH, WIDTH, 3), np.uint8)) == TYPICAL


def test_keys_of_the_person_move_the_mesh_as_the_model_does(model):
    keys = person_keys(model, Settings(identity_keys=2, shape_sliders=True))
    assert list(keys)[:2] == ["identity_000", "identity_001"]
    assert set(list(keys)[2:]) == {f"shape_{name}" for name in model.semantic_names} != set()
    along = model.semantic_directions[model.semantic_names.index("nose_width")]
    expected = (model.shape(along) - model.mean).numpy()
    np.testing.assert_allclose(keys["shape_nose_width"], expected, atol=1e-6)
    assert np.abs(keys["shape_nose_width"]).max() > 5e-4
    assert person_keys(model, Settings()) == {}
