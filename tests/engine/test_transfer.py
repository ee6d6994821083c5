"""Expressions carried to another topology."""

import numpy as np
import pytest
import torch

from engine.faces.adoption.lids import lid_pairs
from engine.faces.adoption.nearest import NearestOn, barycentric_of_nearest, border_vertices
from engine.faces.adoption.transfer import transfer
from engine.faces.arkit import NAMES
from engine.faces.builtin import load_builtin
from tests.engine.heads_to_adopt import at_the_lids, exact, published_builtin

SOME = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthSmileLeft", "mouthRollLower", "tongueOut")


@pytest.mark.parametrize("names", [SOME])
def test_builtin_to_itself_returns_the_shapes(names):
    builtin = load_builtin()
    shapes = builtin.expression_basis[[NAMES.index(name) for name in names]].numpy()
    moved = transfer(published_builtin(builtin), builtin, exact(builtin), shapes)
    error = np.linalg.norm(moved - shapes, axis=-1)[:, ~at_the_lids(builtin)]
    assert error.max() < 0.00005, dict(zip(names, error.max(1) * 1000, strict=True))


def test_nearest_point_tells_two_sides_apart():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, -0.01], [1, 0, -0.01], [0, 1, -0.01]], float)
    surface = NearestOn(vertices, np.array([[0, 1, 2], [3, 5, 4]]))
    point = np.array([[0.2, 0.2, 0.001]])
    assert surface(point).triangle[0] == 0
    below = surface(point, np.array([[0, 0, -1.0]]))
    assert below.triangle[0] == 1
    assert below.agrees[0]
    np.testing.assert_allclose(below.point[0], [0.2, 0.2, -0.01], atol=1e-12)


def test_nearest_weights_match_a_dense_search():
    random = np.random.default_rng(1)
    corners, points = random.normal(size=(50, 3, 3)), random.normal(size=(50, 3))
    found = (barycentric_of_nearest(points, corners)[..., None] * corners).sum(1)
    u, v = np.meshgrid(np.linspace(0, 1, 201), np.linspace(0, 1, 201))
    inside = u + v <= 1
    grid = np.stack([1 - u - v, u, v], -1)[inside]
    dense = np.einsum("gc,ncd->ngd", grid, corners)
    best = np.linalg.norm(dense - points[:, None], axis=-1).min(1)
    distance = np.linalg.norm(found - points, axis=1)
    assert (distance <= best + 1e-9).all()
    np.testing.assert_allclose(distance, best, atol=0.02)


def test_border_of_an_open_strip():
    border = border_vertices(np.array([[0, 1, 2], [1, 3, 2], [2, 3, 4]]), 6)
    assert border.tolist() == [True, True, True, True, True, False]


@pytest.mark.parametrize("name", ["eyeBlinkLeft", "eyeBlinkRight"])
def test_pairs_of_the_lids_edges_meet_when_an_eye_closes(name):
    builtin = load_builtin()
    mean, shape = builtin.mean.numpy(), builtin.expression_basis[NAMES.index(name)].numpy()
    pairs = lid_pairs(builtin)
    pairs = pairs[(mean[pairs[:, 0], 0] > 0) == name.endswith("Left")]
    before, after = (np.linalg.norm(p[pairs[:, 0]] - p[pairs[:, 1]], axis=1) for p in (mean, mean + shape))
    assert len(pairs) > 15
    assert before.max() > 0.008
    assert after.max() < 0.001, after.max() * 1000


def test_teeth_move_as_one_piece():
    builtin = load_builtin()
    twin = published_builtin(builtin)
    random = np.random.default_rng(2)
    shapes = 0.002 * random.normal(size=(1, len(builtin.mean), 3)).astype(np.float32)
    moved = transfer(twin, builtin, exact(builtin), shapes)[0]
    teeth = torch.from_numpy(twin.parts["teeth_lower"].astype(np.int64))
    before, after = builtin.mean[teeth], builtin.mean[teeth] + torch.from_numpy(moved)[teeth]
    np.testing.assert_allclose(torch.pdist(after), torch.pdist(before), atol=1e-6)
