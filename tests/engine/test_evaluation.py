import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from engine.evaluation.alignment import Similarity, Surface, best_similarity, closest_on_triangles, icp
from engine.evaluation.heads import pose_rotation, random_subject
from engine.evaluation.images import psnr, reprojection_percent
from engine.evaluation.likeness import face_region, recovered, shape_error
from engine.evaluation.scan import SEVEN, Scan, scan_distance
from engine.faces.library import load_model

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model():
    return load_model("builtin")


def turned(seed=0):
    random = np.random.default_rng(seed)
    return Similarity(1.7, pose_rotation(0.4, -0.3, 0.2), random.normal(size=3))


def bumpy():
    """A closed mesh without symmetry."""
    mesh = trimesh.creation.icosphere(4, 0.1)
    vertices = np.asarray(mesh.vertices)
    factor = 1 + 0.15 * np.sin(vertices @ [40, 13, -25]) + 0.1 * np.cos(vertices @ [-20, 33, 18])
    return vertices * factor[:, None], np.asarray(mesh.faces)


def test_similarity_is_recovered_exactly():
    points = np.random.default_rng(1).normal(size=(30, 3))
    found = best_similarity(points, turned()(points))
    np.testing.assert_allclose(found(points), turned()(points), atol=1e-12)
    assert found.scale == pytest.approx(1.7)


def test_similarity_never_mirrors():
    points = np.random.default_rng(1).normal(size=(30, 3))
    assert np.linalg.det(best_similarity(points, points * [-1, 1, 1]).rotation) == pytest.approx(1)


@pytest.mark.parametrize(
    ("point", "nearest"),
    [
        ((0.2, 0.2, 3), (0.2, 0.2, 0)),
        ((-1, -1, 1), (0, 0, 0)),
        ((0.5, -2, 0), (0.5, 0, 0)),
        ((2, 2, 0), (0.5, 0.5, 0)),
        ((5, 0, 0), (1, 0, 0)),
    ],
)
def test_closest_point_of_a_triangle(point, nearest):
    triangle = np.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0]]], float)
    np.testing.assert_allclose(closest_on_triangles(np.array([point], float), triangle), [nearest], atol=1e-12)


def test_surface_distance_agrees_with_trimesh():
    vertices, faces = bumpy()
    # A huge triangle among small ones is the case that a search by middles can miss.
    vertices = np.r_[vertices, [[-5, -5, 0.3], [5, -5, 0.3], [0, 5, 0.3]]]
    faces = np.r_[faces, [[len(vertices) - 3, len(vertices) - 2, len(vertices) - 1]]]
    points = np.random.default_rng(2).normal(0, 0.15, (200, 3))
    expected = trimesh.proximity.closest_point_naive(trimesh.Trimesh(vertices, faces, process=False), points)[1]
    np.testing.assert_allclose(Surface(vertices, faces).closest(points)[0], expected, atol=1e-9)


def test_icp_finds_the_way_back():
    vertices, faces = bumpy()
    points = trimesh.sample.sample_surface(trimesh.Trimesh(vertices, faces), 400, seed=0)[0]
    off = Similarity(1.03, pose_rotation(0.06, 0.05, 0.04) @ np.diag([1, -1, -1]), np.array([0.004, -0.003, 0.002]))
    surface = Surface(vertices, faces)
    found = icp(points, surface, off)
    assert surface.closest(found(points))[0].max() < 1e-5


def test_scan_distance_ignores_place_and_size_but_not_shape(model):
    vertices = model.mean.numpy().astype(float)
    triangles = model.triangles[(model.skin_weight > 0.1)[model.triangles].all(1)].numpy()
    seven = model.landmarks["68"].points(model.mean).numpy()[list(SEVEN)].astype(float)
    face = vertices[face_region(model).vertices][::15]
    assert np.median(scan_distance(Scan(face, seven), turned()(vertices), triangles, turned()(seven))) < 1e-3
    other = model.shape(torch.tensor([0.0, 0, 2, -2, 2, 2])).numpy().astype(float)
    assert np.median(scan_distance(Scan(face, seven), other, triangles, seven)) > 0.3


def test_shape_error_and_slope_of_known_shapes(model):
    region, mean = face_region(model), model.mean.numpy().astype(float)
    coefficients = torch.tensor([0.0, 1, -1, 2])
    truth = model.shape(coefficients).numpy().astype(float)
    half = model.shape(0.5 * coefficients).numpy().astype(float)
    assert shape_error(turned()(truth), truth, region) < 1e-6
    assert shape_error(half, truth, region) == pytest.approx(0.5 * shape_error(mean, truth, region), rel=0.05)
    found, true = recovered(half, truth, mean, region)
    assert found / true == pytest.approx(0.5, abs=0.03)
    assert recovered(mean, truth, mean, region)[0] == pytest.approx(0, abs=1e-9)


def test_psnr():
    photo, mask = np.full((4, 4, 3), 0.5), np.zeros((4, 4))
    mask[1:3] = 1
    picture = photo + 0.1
    picture[0] = 9
    assert psnr(picture, photo, mask) == pytest.approx(20.0)


def test_reprojection_percent():
    observed = np.zeros((68, 2))
    observed[45] = [200, 0]
    fitted = observed.copy()
    fitted[48:68, 1] += 4
    found = reprojection_percent(fitted, observed)
    assert found["mouth"] == pytest.approx(2.0)
    assert found["jaw"] == 0
    assert found["all"] == pytest.approx(2.0 * 20 / 68)


def test_random_subjects_differ_and_repeat(model):
    first, again, other = (random_subject(model, np.random.default_rng(s)) for s in (1, 1, 2))
    torch.testing.assert_close(first.identity, again.identity)
    assert (first.identity - other.identity).norm() > 1
    inside = first.camera.project(model.landmarks["478"].points(model.shape(first.identity, first.expression)))
    assert inside.min() > 0 and inside.max() < first.size


@pytest.mark.slow
@pytest.mark.parametrize("what", ["synthetic", "scan"])
def test_evaluation_reaches_its_bars(what, tmp_path):
    if what == "scan" and not (ROOT.parent / "shared" / "data" / "leeperrysmith").is_dir():
        pytest.skip("needs the scan in ../shared/data/leeperrysmith")
    command = [sys.executable, str(ROOT / "scripts" / "evaluate.py"), what, "--quick", "--output", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    found = json.loads((tmp_path / "evaluation.json").read_text())[what]
    if what == "synthetic":
        assert found["relative_error"] < 0.75
        assert found["slope"] > 0.45
    else:
        assert found["own fit"] < min(found["mean face"], found["raw mesh"], found["astronaut's fit"])
