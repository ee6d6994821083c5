"""FLAME files as their owners publish them: keys, shapes, types and quirks; the head in them is made up."""

from functools import cache

import numpy as np
from scipy import sparse
from scipy.spatial import ConvexHull, Delaunay

from .python2 import CHUMPY, chumpy_pickle

SKIN, EYE = 3931, 546
VERTICES, TRIANGLES = 5023, 9976
IDENTITIES, EXPRESSIONS = 300, 100


def _spiral(count, radius=1.0):
    index = np.arange(count) + 0.5
    return np.stack([np.sqrt(index / count), index * np.pi * (3 - np.sqrt(5))], 1) * [radius, 1]


def _ball(count, centre, radius):
    index = np.arange(count) + 0.5
    y, angle = 1 - 2 * index / count, index * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(1 - y * y)
    points = np.stack([ring * np.cos(angle), y, ring * np.sin(angle)], 1)
    faces = outward(points, ConvexHull(points).simplices, np.zeros(3))
    return points * radius + centre, faces


def outward(vertices, faces, centre):
    """Triangles turned so that they look away from ``centre``."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    inside = np.einsum("ij,ij->i", np.cross(b - a, c - a), (a + b + c) / 3 - centre) < 0
    return np.where(inside[:, None], faces[:, ::-1], faces)


@cache
def flame_mesh():
    """Vertices (5023, 3), triangles (9976, 3), a plane position (5023, 2) of each: an egg with a nose, open below."""
    inner = _spiral(SKIN - 60, 0.975)
    rim = np.stack([np.ones(60), np.arange(60) / 60 * 2 * np.pi], 1)
    polar = np.concatenate([inner, rim])
    plane = polar[:, :1] * np.stack([np.sin(polar[:, 1]), np.cos(polar[:, 1])], 1)
    faces = Delaunay(plane).simplices
    tilt, around = polar[:, 0] * 2.55, polar[:, 1]
    skin = np.stack([np.sin(tilt) * np.sin(around), np.cos(tilt), np.sin(tilt) * np.cos(around)], 1) * [0.08, 0.16, 0.1]
    nose = np.exp(-((skin[:, 0] / 0.012) ** 2) - ((skin[:, 1] / 0.02) ** 2)) * (skin[:, 2] > 0)
    skin[:, 2] += 0.025 * nose
    faces = outward(skin, faces, np.zeros(3))
    left, eye_faces = _ball(EYE, [0.0317, 0.0214, 0.065], 0.012)
    right = left - [0.0632, 0, 0]
    vertices = np.concatenate([skin, left, right])
    faces = np.concatenate([faces, eye_faces + SKIN, eye_faces + SKIN + EYE])
    side = np.concatenate([plane, (left - left.mean(0))[:, :2] * 20, (right - right.mean(0))[:, :2] * 20])
    return vertices - vertices.mean(0), faces.astype(np.uint32), side


def waves(vertices, count, seed, amplitude=0.004):
    """(V, 3, count) smooth offsets, the first largest."""
    random = np.random.default_rng(seed)
    phase = vertices @ random.normal(0, 25, (3, count)) + random.uniform(0, 6, count)
    direction = random.normal(size=(3, count))
    direction /= np.linalg.norm(direction, axis=0)
    return np.sin(phase)[:, None] * direction * (amplitude / np.sqrt(np.arange(1, count + 1)))


@cache
def flame_arrays(seed=0, joints=5):
    """The dictionary of a FLAME pickle before chumpy wraps it: doubles, sparse regressor, unsigned tables."""
    vertices, faces, _ = flame_mesh()
    random = np.random.default_rng(seed)
    heads = np.array(
        [[0, -0.13, -0.02], [0, -0.06, -0.02], [0, -0.02, 0.0], [0.0317, 0.02, 0.06], [-0.0315, 0.02, 0.06]]
    )
    parents = [2**32 - 1, 0, 1, 1, 1]
    if joints == 4:
        heads, parents = np.delete(heads, 2, 0), parents[:4]
    weights, rows = np.zeros((VERTICES, joints)), []
    distance = np.linalg.norm(vertices[:, None] - heads, axis=2)[:, : joints - 2]
    weights[:, : joints - 2] = np.exp(-distance / 0.03) / np.exp(-distance / 0.03).sum(1, keepdims=True)
    for joint, head in enumerate(heads):
        near = np.argsort(np.linalg.norm(vertices - head, axis=1))[:200]
        if joint >= joints - 2:
            near = SKIN + EYE * (joint - joints + 2) + np.arange(EYE)
            weights[near] = np.eye(joints)[joint]
        share = random.uniform(0.5, 1.5, len(near))
        rows.append((near, share / share.sum()))
    regressor = np.zeros((joints, VERTICES))
    for joint, (near, share) in enumerate(rows):
        regressor[joint, near] = share
    return {
        "v_template": vertices + waves(vertices, 1, seed + 9, 0.0005 * min(seed, 1))[:, :, 0],
        "shapedirs": np.concatenate([waves(vertices, IDENTITIES, seed + 1), waves(vertices, EXPRESSIONS, seed + 2)], 2),
        "posedirs": waves(vertices, 9 * (joints - 1), seed + 3, 0.001),
        "J_regressor": sparse.csc_matrix(regressor),
        "kintree_table": np.array([parents, np.arange(joints)], np.uint32),
        "weights": weights,
        "f": faces,
        "J": None,
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }


def write_flame(path, protocol=2, seed=0, joints=5, **changes):
    """A FLAME pickle with chumpy arrays; returns its arrays."""
    arrays = flame_arrays(seed, joints) | changes
    wrapped = {"v_template", "shapedirs", "posedirs", "weights"}
    data = {key: CHUMPY(value) if key in wrapped or value is None else value for key, value in arrays.items()}
    path.write_bytes(chumpy_pickle(data, protocol))
    return arrays


def write_flame_npz(path, seed=0, **changes):
    """The npz that people convert the pickle to."""
    arrays = flame_arrays(seed) | changes
    arrays["J_regressor"] = arrays["J_regressor"].toarray()
    del arrays["J"]
    np.savez(path, **arrays)
    return arrays
