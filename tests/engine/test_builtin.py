"""The head that ships: symmetric, closed where it should be, well laid out, rigged, and what the code makes."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import ModelUnavailable
from engine.faces.arkit import NAMES, opposite
from engine.faces.builtin import ASSET, load_builtin, quantised, restored
from engine.faces.library import list_models, load_model
from engine.faces.subdivision import catmull_clark
from scripts.head.intersections import crossings

ROOT = Path(__file__).resolve().parents[2]
FLIP = torch.tensor([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def model():
    return load_builtin()


def test_library_finds_it_and_names_the_missing():
    assert "builtin" in list_models()
    assert load_model("builtin") is load_model("builtin")
    with pytest.raises(ModelUnavailable, match="no model of that name"):
        load_model("nobody")


@pytest.mark.parametrize("content", [None, b"", b"not a zip", "half"])
def test_a_missing_or_damaged_asset_gets_a_sentence(tmp_path, content):
    path = tmp_path / "builtin.npz"
    if content is not None:
        path.write_bytes(ASSET.read_bytes()[:100_000] if content == "half" else content)
    with pytest.raises(ModelUnavailable, match="builtin"):
        load_builtin(path)


def test_size_speed_and_vertex_budget(model):
    start = time.perf_counter()
    load_builtin()
    assert time.perf_counter() - start < 2.0
    assert ASSET.stat().st_size < 6e6
    assert 8_000 <= len(model.mean) <= 20_000
    assert (model.polygons[:, 3] >= 0).all()
    assert model.licence.commercial


def test_symmetric_to_the_micrometre(model):
    mirror = torch.from_numpy(model.mirror).long()
    assert (mirror[mirror] == torch.arange(len(mirror))).all()
    assert (model.mean * FLIP - model.mean[mirror]).abs().max() < 1e-6
    swapped = [model.joint_names.index({"eye_L": "eye_R", "eye_R": "eye_L"}.get(n, n)) for n in model.joint_names]
    assert (model.joint_weights[mirror][:, swapped] - model.joint_weights).abs().max() < 1e-4


def test_every_identity_mode_is_symmetric_or_antisymmetric(model):
    mirror = torch.from_numpy(model.mirror).long()
    image = model.identity_basis[:, mirror] * FLIP
    same = (image - model.identity_basis).abs().amax((1, 2))
    turned = (image + model.identity_basis).abs().amax((1, 2))
    assert torch.minimum(same, turned).max() < 5e-6


def test_expressions_mirror_each_other(model):
    mirror = torch.from_numpy(model.mirror).long()
    assert model.expression_names[:52] == NAMES
    special = {"jawLeft": "jawRight", "mouthLeft": "mouthRight"}
    pairs = {**{n: opposite(n) for n in NAMES}, **special, **{b: a for a, b in special.items()}}
    for k, name in enumerate(NAMES):
        image = model.expression_basis[NAMES.index(pairs[name])][mirror] * FLIP
        assert (model.expression_basis[k] - image).abs().max() < 1e-5, name
        assert model.expression_basis[k].abs().max() > 5e-4, name


def test_skin_is_one_oriented_surface_open_at_collar_and_eyes(model):
    skin = np.isin(model.polygons, model.groups["skin"]).all(1)
    border = _border(model.polygons[skin])
    follow = dict(border)
    loops, left = [], set(follow)
    while left:
        loop = [left.pop()]
        while follow[loop[-1]] in left:
            loop.append(follow[loop[-1]])
            left.discard(loop[-1])
        loops.append(len(loop))
    assert sorted(loops) == [64, 64, 144]


def test_parts_are_closed_and_outward(model):
    vertices = model.mean.numpy().astype(float)
    for name in ("eye_L", "eye_R", "teeth_upper", "teeth_lower", "gums_upper", "gums_lower", "tongue"):
        opaque = np.array([m.alpha == 1 for m in model.materials])[model.polygon_material]
        polygons = model.polygons[np.isin(model.polygons, model.groups[name]).all(1) & opaque]
        assert not _border(polygons), name
        assert _volume(vertices, polygons) > 0, name


def test_skin_does_not_pass_through_itself(model):
    skin = model.polygons[np.isin(model.polygons, model.groups["skin"]).all(1)]
    triangles = np.concatenate([skin[:, [0, 1, 2]], skin[:, [0, 2, 3]]]).astype(np.int64)
    vertices = model.mean.numpy().astype(float) * 1000
    pairs, depth = crossings(vertices, triangles)
    worst = [] if not len(pairs) else (depth.max(), vertices[triangles[pairs[0, 0]]])
    assert len(pairs) == 0, f"{len(pairs)} pairs cross; mm and place: {worst}"
    pressed = vertices.copy()
    pressed[model.groups["lips"], 1] -= 1.0
    assert len(crossings(pressed, triangles)[0]) > 0, "the search is blind"


def test_eyes_and_ears_are_of_human_size(model):
    mean = model.mean * 1000
    for side, upper, lower in (("R", 159, 145), ("L", 386, 374)):
        centre = model.joint_regressor[model.joint_names.index(f"eye_{side}")] @ mean
        assert 9.5 < mean[upper, 1] - mean[lower, 1] < 11, "palpebral fissure"
        assert 3.8 < mean[upper, 1] - centre[1] < 4.85, "the upper lid covers 1-2 mm of the iris"
        assert 5.0 < centre[1] - mean[lower, 1] < 5.9, "the lower lid reaches the iris' edge"
        ear = mean[model.groups[f"ear_{side}"]]
        assert 58 < ear[:, 1].max() - ear[:, 1].min() < 66
    assert 34.0 < mean[358, 0] - mean[129, 0] < 39.0, "nose breadth, NIOSH"
    assert 17.5 < (mean[4] - mean[2]).norm() < 22, "nose protrusion, NIOSH"


def test_landmarks_of_closed_lips_lie_on_their_own_lip(model):
    """The detector sees them elsewhere than where they were; sliding there must not lead to the other lip."""
    opened = model.expression_basis[model.expression_names.index("jawOpen")]
    moved = model.landmarks["478"].points(opened).norm(dim=1) * 1000
    lower, upper = moved[[14, 87, 317, 178, 402, 88, 318, 95, 324]], moved[[13, 82, 312, 81, 311, 80, 310, 191, 415]]
    assert lower.min() > 15 and lower[0] > 28
    assert upper.max() < 12 and upper[0] < 4


def test_no_degenerate_quads(model):
    corner = model.mean.numpy().astype(float)[model.polygons]
    area = np.linalg.norm(np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1]), axis=1) / 2
    assert area.min() > 1e-10, "a hundredth of a square millimetre would be 1e-8"
    assert np.percentile(area, 1) > 1e-8


def test_lids_touch_the_eyeballs_without_entering_them(model):
    for side in "LR":
        recessed = np.union1d(model.groups[f"iris_{side}"], model.groups[f"cornea_{side}"])
        ball = model.mean[np.setdiff1d(model.groups[f"eye_{side}"], recessed)]
        centre = model.mean.T @ model.joint_regressor[model.joint_names.index(f"eye_{side}")]
        lids = model.mean[model.groups[f"lids_{side}"]]
        gap = (lids - centre).norm(dim=1)
        assert gap.min() > 0.0119
        assert ((ball - centre).norm(dim=1) >= 0.01199).all()
        nearest = torch.cdist(lids, ball).min()
        assert nearest < 0.002


UNWRAPPED = ["skin", "eye_L", "eye_R", "teeth", "gums", "tongue", "mouth", "caruncle", "cornea", "lashes"]


@pytest.mark.parametrize("name", UNWRAPPED)
def test_uvs_are_inside_and_do_not_overlap(model, name):
    index = [m.name for m in model.materials].index(name)
    uvs = model.uvs[model.polygon_material == index].astype(float)
    assert uvs.min() > 0.001
    assert uvs.max() < 0.999
    doubly, covered = _overlap(uvs, 700)
    assert covered > 0.2
    assert doubly < 0.001 * covered


def test_face_has_the_largest_texture_scale(model):
    skin = model.polygon_material == 0
    face = np.isin(model.polygons, model.groups["face"]).all(1) & skin
    corner = model.mean.numpy().astype(float)[model.polygons]
    world = np.linalg.norm(np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1]), axis=1)
    flat = np.abs(_cross(model.uvs.astype(float)))
    scale = np.sqrt(flat / world)
    assert np.median(scale[face]) > 1.05 * np.median(scale[skin & ~face])


def test_landmarks_mirror(model):
    points = model.landmarks["478"].points(model.mean)
    slid = (points[:468] - model.mean[:468]).norm(dim=1)
    assert slid.max() < 0.0085 and 0.0003 < slid.median() < 0.003  # on the skin, where the detector sees them
    centres = points[[468, 473]]
    eyes = model.joint_regressor[[model.joint_names.index(name) for name in ("eye_R", "eye_L")]] @ model.mean
    assert torch.allclose(centres[:, :2], eyes[:, :2], atol=1e-6)
    assert (centres[:, 2] > eyes[:, 2] + 0.01).all()
    assert (points[[470, 475], 1] > centres[:, 1] + 0.005).all()
    assert (points[[469, 474], 0] > centres[:, 0] + 0.005).all()
    ibug = model.landmarks["68"].points(model.mean)
    order = [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    order += [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    order += [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
    assert (ibug * FLIP - ibug[order]).norm(dim=1).max() < 1e-5


def test_rig(model):
    assert model.joint_names == ("chest", "neck", "head", "jaw", "eye_L", "eye_R")
    assert list(model.joint_parents) == [-1, 0, 1, 2, 2, 2]
    assert (model.joint_weights.sum(1) - 1).abs().max() < 1e-6
    assert model.joint_weights.min() >= 0
    heads = model.joint_regressor @ model.mean
    assert heads[:4, 0].abs().max() < 1e-6
    for joint, part in ((4, "eye_L"), (5, "eye_R"), (3, "teeth_lower"), (3, "tongue"), (2, "teeth_upper")):
        assert (model.joint_weights[model.groups[part], joint] == 1).all(), part
    shifted = model.joint_regressor @ (model.mean + torch.tensor([0.01, -0.02, 0.03]))
    assert torch.allclose(shifted - heads, torch.tensor([0.01, -0.02, 0.03]).expand(6, 3), atol=1e-5)
    assert model.joint_weights[152, 3] > 0.9, "the chin follows the jaw"
    assert model.joint_weights[10, 3] == 0, "the forehead does not"


def test_eye_joints_stay_in_the_eyeballs_of_other_people(model):
    generator = torch.Generator().manual_seed(3)
    for _ in range(5):
        vertices = model.shape(torch.randn(len(model.identity_basis), generator=generator))
        for side in "LR":
            centre = model.joint_regressor[model.joint_names.index(f"eye_{side}")] @ vertices
            radius = (vertices[model.groups[f"eye_{side}"]] - centre).norm(dim=1)
            assert radius.min() > 0.0088
            assert radius.max() < 0.0135


def test_subdivision_of_a_cube_approaches_its_limit():
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    step = catmull_clark(8, quads)
    assert np.allclose(step.matrix.sum(1), 1)
    points = step.matrix @ corners
    assert np.allclose(points[:8], corners * 5 / 9)
    assert not _border(step.polygons)
    mirror = np.array([4, 5, 6, 7, 0, 1, 2, 3])
    image = step.carry_mirror(mirror, quads)
    assert np.allclose(points[image], points * [-1, 1, 1])


def test_quantisation_keeps_a_thirty_thousandth():
    values = np.random.default_rng(0).normal(size=(4, 50, 3)) * 0.003
    error = np.abs(restored(*quantised(values)) - values).max((1, 2))
    assert (error <= np.abs(values).max((1, 2)) / 60_000).all()


@pytest.mark.slow
def test_mediapipe_finds_the_face_where_the_landmarks_are(model):
    mediapipe = pytest.importorskip("mediapipe")
    image, project = _portrait(model)
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True) as mesh:
        found = mesh.process(image).multi_face_landmarks
    assert found, "no face in the render"
    points = np.array([[p.x, p.y] for p in found[0].landmark]) * image.shape[0]
    ours = project(model.landmarks["478"].points(model.mean).numpy())
    eye = np.linalg.norm(ours[33] - ours[263])
    error = np.linalg.norm(points - ours, axis=1) / eye
    assert np.median(error) < 0.04
    assert np.linalg.norm(points[[468, 473]] - ours[[468, 473]], axis=1).max() < 0.05 * eye
    assert np.abs(points[469:473] - ours[469:473]).max() < 0.06 * eye, "the order of the iris points"


@pytest.mark.slow
def test_the_asset_is_what_the_script_makes():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "build_head.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _border(polygons):
    directed = Counter((a, b) for quad in polygons.tolist() for a, b in zip(quad, quad[1:] + quad[:1], strict=True))
    assert max(directed.values()) == 1, "two polygons run along an edge in the same direction"
    return [(a, b) for a, b in directed if (b, a) not in directed]


def _volume(vertices, polygons):
    corner = vertices[polygons]
    first = np.einsum("fc,fc->f", corner[:, 0], np.cross(corner[:, 1], corner[:, 2]))
    second = np.einsum("fc,fc->f", corner[:, 0], np.cross(corner[:, 2], corner[:, 3]))
    return (first + second).sum() / 6


def _cross(quads):
    a, b = quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _overlap(uvs, size):
    """Share of pixels covered twice and once at least, by pixel centres."""
    count = np.zeros((size, size), np.int32)
    triangles = np.concatenate([uvs[:, [0, 1, 2]], uvs[:, [0, 2, 3]]]) * size
    for a, b, c in triangles:
        low = np.floor(np.minimum(np.minimum(a, b), c)).astype(int)
        high = np.ceil(np.maximum(np.maximum(a, b), c)).astype(int) + 1
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5003, np.arange(low[1], high[1]) + 0.5007)
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if area == 0:
            continue
        first = ((b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)) / area
        second = ((c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)) / area
        inside = (first > 0) & (second > 0) & (first + second < 1)
        count[low[1] : high[1], low[0] : high[0]] += inside
    return (count > 1).mean(), (count > 0).mean()


def _portrait(model, size=512):
    """A shaded frontal picture (size, size, 3) and the projection that made it, with a plain z-buffer."""
    import cv2

    vertices = model.mean.numpy().astype(float)

    def project(points):
        distance = 0.6 - points[:, 2]
        return size / 2 + 1.1 * size * np.column_stack([points[:, 0], -points[:, 1] - 0.03]) / distance[:, None]

    corner = vertices[model.polygons]
    normal = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    shade = 0.25 + 0.85 * np.clip(normal @ (np.array([-0.4, 0.5, 0.75]) / 0.985), 0, 1)
    color = np.clip(model.albedo_mean.numpy()[model.polygons].mean(1) * shade[:, None], 0, 1) ** (1 / 2.2)
    image = np.full((size, size, 3), 110, np.uint8)
    flat = project(vertices)
    for k in np.argsort(corner[:, :, 2].mean(1)):
        if normal[k] @ (np.array([0, 0, 0.6]) - corner[k].mean(0)) > 0:
            cv2.fillConvexPoly(image, np.int32(flat[model.polygons[k]] * 16), (255 * color[k]).tolist(), cv2.LINE_AA, 4)
    return image, project
