"""A published model becomes a full head: the built-in head's twin, and a shell of another topology."""

import dataclasses

import numpy as np
import pytest
import torch

from engine.errors import ModelUnavailable
from engine.faces.adoption.adopt import adopt
from engine.faces.adoption.correspondence import Correspondence, correspond
from engine.faces.adoption.registration import best_similarity
from engine.faces.adoption.unwrap import unwrapped
from engine.faces.arkit import NAMES
from engine.faces.builtin import load_builtin
from engine.faces.formats.published import PublishedModel
from engine.faces.model import FaceModel, split_polygons
from engine.texture.layout import layout
from tests.engine.heads_to_adopt import at_the_lids, exact, face_shell, published_builtin, with_joints

SHIFT = (0.0, 0.03, -0.05)


@pytest.fixture(scope="module")
def builtin() -> FaceModel:
    return load_builtin()


@pytest.fixture(scope="module")
def shell(builtin) -> PublishedModel:
    return face_shell(builtin, SHIFT)


@pytest.fixture(scope="module")
def found(shell, builtin, tmp_path_factory) -> Correspondence:
    """Kept in a file and read back, so every test below is one of the cache too."""
    path = tmp_path_factory.mktemp("cache") / "shell.npz"
    correspond(shell, builtin, path)
    return correspond(shell, builtin, path)


@pytest.fixture(scope="module")
def adopted(shell, builtin, found) -> FaceModel:
    return adopt(shell, builtin, found)


@pytest.mark.slow
def test_correspondence_finds_the_places_the_shell_was_sampled_from(builtin, shell, found):
    carried = found.carry(builtin.mean.numpy(), builtin) + SHIFT
    front = (shell.mean[:, 2] > 0.02) & (found.confidence > 0.5)
    error = np.linalg.norm(carried - shell.mean, axis=1)[front]
    assert front.mean() > 0.3
    assert np.median(error) < 0.0008
    assert np.quantile(error, 0.95) < 0.002


@pytest.mark.slow
def test_landmarks_of_mediapipe_lie_where_the_builtin_head_has_them(builtin, shell, found):
    vertices, weights = found.landmarks["478"]
    points = (shell.mean[vertices] * weights[..., None]).sum(1) - SHIFT
    error = np.linalg.norm(points - builtin.landmarks["478"].points(builtin.mean).numpy(), axis=1)[:468]
    assert np.median(error) < 0.001


@pytest.mark.slow
def test_origin_moves_between_the_ears_and_nothing_else_does(shell, adopted):
    np.testing.assert_allclose(adopted.origin, SHIFT, atol=0.002)
    identity = torch.tensor([1.5, -1, 0.5, 2])
    expected = shell.mean + np.tensordot(identity.numpy(), shell.identity_basis, 1)
    np.testing.assert_allclose(adopted.shape(identity).numpy() + np.array(adopted.origin), expected, atol=1e-6)


@pytest.mark.slow
def test_expressions_are_arkits_then_the_models_own(shell, adopted):
    assert adopted.expression_names == (*NAMES, "expression_000", "expression_001")
    np.testing.assert_array_equal(adopted.expression_basis[52:].numpy(), shell.expression_basis)
    assert adopted.expression_range[53].tolist() == [-3, 3]


@pytest.mark.slow
def test_a_borrowed_mouth_close_brings_what_closes_the_open_jaw(builtin, found, adopted):
    assert adopted.corrective_names == ("jawOpen_mouthClose", "tongueOut_tongueOut")
    pairs = [[NAMES.index(name) for name in names.split("_")] for names in adopted.corrective_names]
    assert adopted.corrective_smaller.tolist() == [0] and adopted.corrective_pairs.tolist() == pairs
    row = builtin.corrective_names.index("jawOpen_mouthClose")
    wanted = found.carry(builtin.corrective_basis[row].numpy(), builtin)
    gap = np.linalg.norm(adopted.corrective_basis[0].numpy() - wanted, axis=1)
    moved = np.linalg.norm(wanted, axis=1) > 0.005
    assert moved.sum() > 100 and np.median(gap[moved]) < 0.1 * np.median(np.linalg.norm(wanted[moved], axis=1))


@pytest.mark.slow
def test_own_shapes_of_arkits_names_stay_as_published(shell, builtin, found):
    own = dataclasses.replace(shell, expression_names=("jawOpen", "expression_001"))
    model = adopt(own, builtin, found)
    place = NAMES.index("jawOpen")
    np.testing.assert_array_equal(model.expression_basis[place].numpy(), shell.expression_basis[0])
    assert len(model.expression_names) == 53


@pytest.mark.slow
def test_closed_eyes_close_painted_ones_too(adopted):
    points = adopted.landmarks["478"]
    blink = adopted.expression_basis[NAMES.index("eyeBlinkLeft")]
    gap = points.points(adopted.mean)[386] - points.points(adopted.mean)[374]
    moved = points.points(blink)[386] - points.points(blink)[374]
    assert float(-(gap * moved).sum() / (gap * gap).sum()) > 0.6


@pytest.mark.slow
def test_skin_regions_and_trust_are_carried(adopted):
    assert {"face", "lips", "lids", "neck", "scalp", "skin"} <= set(adopted.groups)
    assert "eye_L" not in adopted.groups
    eyes = adopted.landmarks["478"].points(adopted.mean)[[468, 473]]
    near = torch.cdist(adopted.mean, eyes).amin(1) < 0.003
    assert adopted.skin_weight[near].max() == 0, "painted eyes are no skin"
    cheek = adopted.landmarks["478"].vertices[[50, 280]].flatten()
    assert adopted.skin_weight[cheek].min() > 0.8


@pytest.mark.slow
def test_unwrapped_skin_has_no_overlap_and_fills_the_texture(adopted):
    triangles, polygon, corners = split_polygons(adopted.polygons)
    a, b, c = np.moveaxis(adopted.uvs[polygon[:, None], corners].astype(np.float64), 1, 0)
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert len(area) == len(triangles)
    assert (area > 0).all(), "a triangle that turned over overlaps its neighbours"
    assert area.sum() / 2 > 0.7
    assert layout(adopted, 256).covered.mean() > 0.7


def test_unwrapping_keeps_pieces_apart(builtin):
    several = builtin.polygons[builtin.polygon_material != 0]
    uvs = unwrapped(builtin.mean.numpy(), several, np.zeros(3))
    assert uvs.min() >= 0
    assert uvs.max() <= 1


@pytest.mark.slow
def test_joints_are_carried_and_follow_identity(builtin, adopted):
    assert adopted.joint_names == builtin.joint_names
    expected = builtin.joint_regressor @ builtin.mean
    error = (adopted.joint_regressor @ adopted.mean - expected).norm(dim=-1)
    assert error[1:].max() < 0.004 and adopted.joint_names[0] == "chest"  # which a face has not: it is guessed
    assert error[adopted.joint_names.index("eye_L")] < 0.002
    moved = adopted.joint_regressor @ (adopted.mean + torch.tensor([0.0, 0.01, 0.0]))
    moved -= adopted.joint_regressor @ adopted.mean
    np.testing.assert_allclose(moved, np.tile([0, 0.01, 0], (len(moved), 1)), atol=1e-5)
    np.testing.assert_allclose(adopted.joint_weights.sum(1), 1, atol=1e-5)


@pytest.mark.slow
def test_published_joints_keep_their_motion_and_get_straight_bones(shell, builtin, found):
    published = with_joints(shell)
    model = adopt(published, builtin, found)
    assert model.joint_names == ("root", "neck", "jaw", "eye_L", "eye_R")
    identity = torch.tensor([1.0, -2, 0.5, 1])
    vertices = model.shape(identity)
    heads = model.joint_regressor @ vertices
    expected = published.joints.heads + np.tensordot(identity.numpy(), published.joints.identity_basis, 1)
    np.testing.assert_allclose(heads + np.array(model.origin), expected, atol=2e-5)
    np.testing.assert_allclose(model.tail_regressor @ vertices - heads, np.tile([0, 0, 0.03], (5, 1)), atol=2e-5)
    assert model.pose_joints.tolist() == [2]
    assert model.pose_basis.shape == (9, len(model.mean), 3)


def test_twin_is_the_builtin_head(builtin):
    twin = published_builtin(builtin)
    model = adopt(twin, builtin, exact(builtin))
    lid_parts = ("caruncle", "lashes", "cornea")  # the twin's authors do not tell them from eyes and skin
    theirs = [m.name for m in model.materials if m.name not in ("lashes", "film")]
    assert theirs == [m.name for m in builtin.materials if m.name not in lid_parts]
    told = ~np.isin([builtin.materials[m].name for m in builtin.polygon_material], lid_parts)
    names = [np.array([m.name for m in h.materials])[h.polygon_material][told] for h in (model, builtin)]
    assert (names[0] == names[1]).mean() > 0.99, "but for the rim of the mouth"
    gap = np.abs(model.uvs - builtin.uvs)[told].max(-1)
    assert np.quantile(gap, 0.95) < 1e-5
    assert np.quantile(gap, 0.99) < 5e-3, "eyeballs, unrolled anew but for the back pole"
    same = ~at_the_lids(builtin)
    np.testing.assert_allclose(model.albedo_mean[same], builtin.albedo_mean[same], atol=1e-5)
    tint = torch.linspace(-1, 1, len(builtin.albedo_basis))
    np.testing.assert_allclose(model.albedo(tint)[same], builtin.albedo(tint)[same], atol=1e-4)
    np.testing.assert_allclose(model.mean, builtin.mean, atol=2e-5)
    assert (model.mirror == builtin.mirror).mean() > 0.99


@pytest.mark.slow
def test_a_foreign_or_damaged_cache_is_written_anew(builtin, shell, found, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.faces.adoption.correspondence._find", lambda *_: found)
    path = tmp_path / "kept.npz"
    path.write_bytes(b"PK no archive")
    assert correspond(shell, builtin, path) is found
    assert len(correspond(shell, builtin, path).triangle) == len(shell.mean)
    other = dataclasses.replace(shell, mean=shell.mean * 1.01)
    monkeypatch.setattr("engine.faces.adoption.correspondence._find", lambda *_: "new")
    monkeypatch.setattr("engine.faces.adoption.correspondence._save", lambda *_: None)
    assert correspond(other, builtin, path) == "new"


def test_a_head_that_no_detector_sees_is_refused_with_a_sentence(builtin, shell):
    with pytest.raises(ModelUnavailable, match="no landmarks"):
        correspond(dataclasses.replace(shell, landmarks_68=None), builtin, detect=lambda picture: None)


def test_similarity_is_recovered():
    random = np.random.default_rng(0)
    points = random.normal(size=(20, 3))
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    found = best_similarity(points, 1.3 * points @ turn.T + [1, 2, 3])
    np.testing.assert_allclose(found.rotation, turn, atol=1e-12)
    np.testing.assert_allclose(found.back(found(points)), points, atol=1e-12)
    assert found.scale == pytest.approx(1.3)
