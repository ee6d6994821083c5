"""The two landmark layouts: mirror maps, regions, and the map from 478 to 68 points."""

import numpy as np
import pytest

from engine.detect.layouts import (
    FACE_OVAL,
    IBUG_FROM_MEDIAPIPE,
    INNER_EYE_CORNERS,
    IRIS_LEFT,
    IRIS_RIGHT,
    MIRROR,
    OUTER_EYE_CORNERS,
    REGIONS,
    mirrored,
    outer_eye_distance,
    to_68,
)


@pytest.mark.parametrize("layout", ["68", "478"])
def test_mirror_is_an_involution_with_a_midline(layout):
    mirror = MIRROR[layout]
    np.testing.assert_array_equal(mirror[mirror], np.arange(int(layout)))
    assert (mirror == np.arange(int(layout))).sum() == {"68": 10, "478": 28}[layout]


def test_mirror_of_478_maps_mediapipes_own_mesh_onto_itself():
    """An independent check: MediaPipe's edge lists are symmetric up to the diagonals of three pairs of quads."""
    from mediapipe.python.solutions import face_mesh_connections as mesh

    def swapped(edges):
        return {frozenset(int(MIRROR["478"][i]) for i in edge) for edge in edges}

    def undirected(edges):
        return {frozenset(edge) for edge in edges}

    assert len(undirected(mesh.FACEMESH_TESSELATION) - swapped(mesh.FACEMESH_TESSELATION)) <= 6
    for right, left in (
        (mesh.FACEMESH_RIGHT_EYE, mesh.FACEMESH_LEFT_EYE),
        (mesh.FACEMESH_RIGHT_EYEBROW, mesh.FACEMESH_LEFT_EYEBROW),
        (mesh.FACEMESH_FACE_OVAL, mesh.FACEMESH_FACE_OVAL),
        (mesh.FACEMESH_LIPS, mesh.FACEMESH_LIPS),
    ):
        assert swapped(right) == undirected(left)
    assert {int(MIRROR["478"][i]) for edge in mesh.FACEMESH_RIGHT_IRIS for i in edge} == {
        i for edge in mesh.FACEMESH_LEFT_IRIS for i in edge
    }


def test_regions_are_mediapipes():
    from mediapipe.python.solutions import face_mesh_connections as mesh

    def points(edges):
        return {i for edge in edges for i in edge}

    regions = {name: set(indices.tolist()) for name, indices in REGIONS["478"].items()}
    assert regions["lips"] == points(mesh.FACEMESH_LIPS)
    assert regions["eye_left"] == points(mesh.FACEMESH_LEFT_EYE)
    assert regions["brow_left"] == points(mesh.FACEMESH_LEFT_EYEBROW)
    assert regions["nose"] == points(mesh.FACEMESH_NOSE)
    assert regions["contour"] == points(mesh.FACEMESH_FACE_OVAL) == set(FACE_OVAL) and len(FACE_OVAL) == 36
    assert regions["iris_left"] == set(IRIS_LEFT) and regions["iris_right"] == set(IRIS_RIGHT)
    edges = {frozenset(edge) for edge in mesh.FACEMESH_FACE_OVAL}
    assert all(frozenset(pair) in edges for pair in zip(FACE_OVAL, (*FACE_OVAL[1:], FACE_OVAL[0]), strict=True))


@pytest.mark.parametrize("layout", ["68", "478"])
def test_regions_mirror_onto_each_other(layout):
    for name, indices in REGIONS[layout].items():
        other = name.replace("right", "_").replace("left", "right").replace("_" * 2, "_left")
        assert set(MIRROR[layout][indices].tolist()) == set(REGIONS[layout][other].tolist()), name
        assert len(set(indices.tolist())) == len(indices)


def test_regions_of_68_cover_it_once():
    parts = [REGIONS["68"][name] for name in REGIONS["68"] if name != "contour"]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(68))


def test_map_commutes_with_mirroring():
    """Taking 68 points and then the mirror image is the same as the other way round."""
    np.testing.assert_array_equal(MIRROR["478"][IBUG_FROM_MEDIAPIPE], IBUG_FROM_MEDIAPIPE[MIRROR["68"]])
    assert len(set(IBUG_FROM_MEDIAPIPE.tolist())) == 68


def test_map_keeps_the_regions_and_eye_corners():
    for name, indices in REGIONS["68"].items():
        mapped = set(IBUG_FROM_MEDIAPIPE[indices].tolist())
        assert mapped <= set(REGIONS["478"][name].tolist()), name
    for corners in (OUTER_EYE_CORNERS, INNER_EYE_CORNERS):
        np.testing.assert_array_equal(IBUG_FROM_MEDIAPIPE[list(corners["68"])], corners["478"])


def test_to_68_takes_any_leading_shape():
    points = np.random.default_rng(0).normal(size=(2, 3, 478, 3))
    np.testing.assert_array_equal(to_68(points)[1, 2, 33], points[1, 2, 2])
    np.testing.assert_array_equal(to_68(points[..., :468, :]), to_68(points))


def test_mirrored_twice_is_the_same():
    points = np.random.default_rng(0).uniform(0, 100, (68, 2))
    np.testing.assert_allclose(mirrored(mirrored(points, "68", 100.0), "68", 100.0), points)
    assert outer_eye_distance(mirrored(points, "68", 100.0), "68") == pytest.approx(outer_eye_distance(points, "68"))
