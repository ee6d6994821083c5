"""The built-in head's spaces: do colours and expressions vary as people do?"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.camera.camera import Camera
from engine.camera.conventions import frontal_rotation
from engine.faces.arkit import NAMES
from engine.faces.builtin import load_builtin
from engine.render.rasterizer import rasterize
from engine.texture.eye import EXPONENT, eye_texture
from scripts.head.assembly import build_head
from scripts.head.expr_eyes import eye_shapes
from scripts.head.expr_tools import Stage
from scripts.head.eyes import eye_surface

TASK = Path(__file__).parents[3] / "shared/data/mediapipe_task/face_landmarker.task"

PAIRED = ("browDown", "browOuterUp", "cheekSquint", "eye", "mouthSmile", "mouthUpperUp", "mouthLowerDown", "noseSneer")


@cache
def model():
    return load_builtin()


@cache
def head():
    return build_head()[0]


def offsets(name):
    return model().expression_basis[NAMES.index(name)].numpy() * 1000


@pytest.mark.parametrize("color", [(0.19, 0.24, 0.29), (0.05, 0.03, 0.02)])
def test_eye_texture(color):
    image = eye_texture(color, 256)
    again = eye_texture(color, 256)
    assert image.shape == (256, 256, 3) and image.dtype == np.float32 and np.array_equal(image, again)
    rows, columns = np.indices((256, 256)) + 0.5
    radius = np.hypot(rows - 128, columns - 128) / 256

    def ring(low, high):
        near, far = (0.49 * (np.arcsin(r / 12) / np.pi) ** EXPONENT for r in (low, high))
        return image[(radius >= near) & (radius < far)].mean(0)

    assert ring(0, 1.6).max() < 0.02
    np.testing.assert_allclose(ring(2.2, 5.6), color, rtol=0.3)
    assert ring(5.4, 5.8).mean() < 0.75 * ring(3.5, 4.5).mean(), "limbal ring"
    assert ring(6.5, 8).min() > 0.5


@pytest.mark.parametrize("name", NAMES)
def test_every_expression_moves_something_and_not_everything(name):
    size = np.linalg.norm(offsets(name), axis=1)
    assert 1.5 < size.max() < 50
    assert (size > 0.05).mean() < 0.75
    assert size[model().groups["scalp"]].max() < 3, "the scalp rests"


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith(PAIRED) and n.endswith("Left")])
def test_a_left_shape_moves_the_subjects_left(name):
    size = (offsets(name) ** 2).sum(1)
    x = model().mean[:, 0].numpy()
    assert size[x > 0.004].sum() > 15 * size[x < -0.004].sum()


def test_jaw_carries_the_lower_teeth_and_leaves_the_upper():
    opened = offsets("jawOpen")
    assert np.abs(opened[model().groups["teeth_upper"]]).max() == 0
    assert 22 < -opened[model().groups["teeth_lower"], 1].min() < 45
    assert -opened[14, 1] - -opened[13, 1] > 20, "the lips part"
    assert np.abs(offsets("jawLeft")[model().groups["teeth_lower"], 0]).min() > 4


def test_mouth_close_brings_the_lips_of_the_open_jaw_together():
    rest = model().mean.numpy() * 1000
    lines = [(13, 14), (82, 87), (312, 317), (80, 88), (310, 318)]
    together = rest + offsets("jawOpen") + 1000 * model().folded()[NAMES.index("mouthClose")].numpy()
    for upper, lower in lines:
        assert abs(together[upper, 1] - together[lower, 1]) < 1.5


def test_gaze_turns_the_eyeball_about_its_centre():
    centre = model().joint_regressor[model().joint_names.index("eye_L")].numpy() @ model().mean.numpy() * 1000
    ball = model().groups["eye_L"]
    points = model().mean.numpy()[ball] * 1000
    pupil = int(np.argmax(points[:, 2]))
    for name, axis, sign in (("In", 0, -1), ("Out", 0, 1), ("Up", 1, 1), ("Down", 1, -1)):
        offset = offsets(f"eyeLook{name}Left")[ball]
        radius = np.linalg.norm(points + offset - centre, axis=1)
        np.testing.assert_allclose(radius, np.linalg.norm(points - centre, axis=1), atol=0.35)
        assert sign * offset[pupil, axis] > 4


def test_lids_close_over_the_cornea_and_never_enter_it():
    h = head()
    stage = Stage(h)
    shapes = eye_shapes(stage)
    near = stage.distance(h.cage.groups["lid_margin_R"]) < 14
    field = np.zeros(len(h.controls))
    field[: stage.count] = near * stage.outside
    skin = np.flatnonzero(h.subdivision @ field > 0.999)
    for name, weight in (
        ("eyeBlink", 0.5),
        ("eyeBlink", 1.0),
        ("eyeSquint", 1.0),
        ("eyeLookDown", 1.0),
        ("eyeWide", 1),
    ):
        moved = h.vertices[skin] + weight * (h.subdivision @ shapes[name])[skin] - h.cage.eye_centres["R"]
        radius = np.linalg.norm(moved, axis=1)
        assert (radius - eye_surface(moved / radius[:, None])).min() > 0.3, name
    closed = h.vertices + h.subdivision @ shapes["eyeBlink"]
    upper, lower = (closed[h.cage.groups[f"lid_{lid}_R"]] for lid in ("upper", "lower"))
    order = np.argsort(lower[:, 0])
    gap = upper[:, 1] - np.interp(upper[:, 0], lower[order, 0], lower[order, 1])
    # Thick lids touch with their rims, so their edges' middles stay apart and never pass each other; that no eye shows
    # between them is test_closed_lids_hide_the_eye's.
    assert gap.max() < 0.75 and gap.min() > -0.1


def portrait(weights, size=400):
    """(size, size, 3) uint8 frontal picture of the head with an expression."""
    m = model()
    vertices = m.mean.clone()
    for name, weight in weights.items():
        vertices += weight * m.expression_basis[NAMES.index(name)]
    intrinsics = torch.tensor([[1.9 * size, 0, size / 2], [0, 1.9 * size, size / 2], [0, 0, 1]])
    camera = Camera(intrinsics, frontal_rotation(), torch.tensor([0.0, 0.0, 0.6]), (size, size))
    seen = rasterize(camera.to_image(camera.to_camera(vertices)), m.triangles, (size, size))
    corner = vertices[m.triangles]
    across = torch.linalg.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    normal = torch.zeros_like(vertices)
    for k in range(3):
        normal.index_add_(0, m.triangles[:, k], across)
    normal = torch.nn.functional.normalize(normal, dim=1)
    shade = 0.32 + 0.85 * (normal @ torch.tensor([-0.44, 0.53, 0.73])).clamp_min(0)
    color = (m.albedo_mean * 1.2 * shade[:, None])[m.triangles[seen.pixel_triangles]]
    image = torch.full((size * size, 3), 0.5)
    share = seen.barycentric.reshape(-1, 3)[seen.pixels]
    image[seen.pixels] = (color * share[..., None]).sum(1).float()
    return (image.clamp(0, 1) ** (1 / 2.2) * 255).round().byte().view(size, size, 3).numpy()


@pytest.mark.slow
@pytest.mark.skipif(not TASK.exists(), reason=f"needs {TASK}")
def test_mediapipe_reads_the_shapes_as_what_they_are():
    mediapipe = pytest.importorskip("mediapipe")
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(BaseOptions(model_asset_path=str(TASK)), output_face_blendshapes=True)
    with vision.FaceLandmarker.create_from_options(options) as landmarker:

        def scores(**weights):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=portrait(weights))
            found = landmarker.detect(image).face_blendshapes
            assert found, f"no face with {weights}"
            return {c.category_name: c.score for c in found[0]}

        rest = scores()
        for name in ("jawOpen", "browInnerUp", "mouthPucker", "mouthLeft", "mouthRight"):
            assert scores(**{name: 1.0})[name] > rest[name] + 0.2, name
        for name in ("mouthSmile", "eyeBlink", "browOuterUp", "eyeLookIn", "eyeLookOut", "mouthStretch", "eyeSquint"):
            for side, other in (("Left", "Right"), ("Right", "Left")):
                seen = scores(**{name + side: 1.0})
                gain = seen[name + side] - rest[name + side]
                assert gain > 0.1, name + side
                assert gain > seen[name + other] - rest[name + other], f"{name}{side} reads as the other side"
