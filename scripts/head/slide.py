"""Where a detector really sees its landmarks: the points of MediaPipe's mesh moved along the skin by what was learned.

The built-in head grows from MediaPipe's average face, but the detector, shown the head, does not put its points on the
very vertices that bear their numbers. ``scripts/learn_landmarks.py`` measures by how much on renders with known truth.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engine.detect.layouts import FACE_OVAL
from engine.evaluation.alignment import closest_on_triangles
from engine.faces.model import split_polygons

from .cage import Array, Head, Indices

LEARNED = Path(__file__).with_name("landmark_slide.csv")
"""(468, 2) mm to the subject's left and up, at which the detector sees each point of a head that faces it."""
FARTHEST = 6.0
"""mm that a landmark may move."""
NEAR = 48
"""Triangles looked at round a point."""
HIDDEN = ("mouth_bag", "nostrils")
SAME_LIP = 8.0
"""mm by which the skin under a landmark may follow the jaw more or less than the landmark's own vertex: closed lips
touch, and a point must not slide from one to the other."""


def learned_slide(path: Path = LEARNED) -> Array:
    """(468, 2) mm; zeros where nothing has been learned yet."""
    return np.loadtxt(path, delimiter=",") if path.exists() else np.zeros((468, 2))


def slid(head: Head, jaw_open: Array) -> tuple[Indices, Array]:
    """Vertices (468, 3) and barycentric weights (468, 3) of the learned places, mirror images of each other.

    ``jaw_open`` (V, 3) mm is the expression of that name.
    """
    follows = np.linalg.norm(jaw_open, axis=1)
    count = 468
    points, wanted = head.vertices[:count], learned_slide()
    wanted[list(FACE_OVAL)] = 0  # on a photo these follow hair and background, which renders lack
    aim = points + np.c_[wanted, np.zeros(count)]
    aim = (aim + _mirrored(aim, head)) / 2
    triangles = _front(head)
    apart = np.abs(follows[triangles].mean(1) - follows[:count, None]) > SAME_LIP
    place, triangle = _behind(aim, points, head.vertices[triangles], apart)
    vertices = triangles[triangle].copy()
    weights = _barycentric(place, head.vertices[vertices])
    left = points[:, 0] > 1e-6
    twin = head.mirror[:count]
    vertices[left], weights[left] = head.mirror[vertices[twin[left]]], weights[twin[left]]
    middle = np.abs(points[:, 0]) <= 1e-6
    vertices[middle], weights[middle] = _on_the_middle(head, place[middle], follows, follows[:count][middle])
    return vertices, weights


def _mirrored(points: Array, head: Head) -> Array:
    return points[head.mirror[: len(points)]] * [-1, 1, 1]


def _front(head: Head) -> Indices:
    """(T, 3) triangles of skin that can be seen from before."""
    triangles = split_polygons(head.polygons)[0]
    hidden = np.isin(np.arange(len(head.vertices)), np.concatenate([head.groups[name] for name in HIDDEN]))
    skin = (triangles < len(head.groups["skin"])).all(1) & ~hidden[triangles].all(1)
    a, b, c = (head.vertices[triangles[:, k]] for k in range(3))
    return triangles[skin & (np.cross(b - a, c - a)[:, 2] > 0)]


def _behind(aim: Array, start: Array, corners: Array, apart: NDArray[np.bool_]) -> tuple[Array, Indices]:
    """The point of some triangles (T, 3, 3) that a viewer in front sees at each ``aim`` (N, 3), and its triangle.

    Of several, the one nearest to ``start``; beside the silhouette or too far, the nearest point to ``aim`` there is.
    ``apart`` (N, T) are triangles that are none of a point's.
    """
    _, index = cKDTree(corners.mean(1)[:, :2]).query(aim[:, :2], k=NEAR)
    near = corners[index.ravel()]
    flat = near * [1, 1, 0]
    inside = _barycentric(np.repeat(aim * [1, 1, 0], NEAR, 0), flat, clip=False)
    spots = (inside[..., None] * near).sum(1).reshape(-1, NEAR, 3)
    gap = np.linalg.norm(spots - start[:, None], axis=-1)
    row = np.arange(len(aim))
    gap[(inside.min(1) < -1e-9).reshape(gap.shape) | (gap > FARTHEST) | apart[row[:, None], index]] = np.inf
    _, round_about = cKDTree(corners.mean(1)).query(aim, k=NEAR)
    closest = closest_on_triangles(np.repeat(aim, NEAR, 0), corners[round_about.ravel()]).reshape(-1, NEAR, 3)
    distance = np.linalg.norm(closest - aim[:, None], axis=-1)
    fallback = np.where(apart[row[:, None], round_about], np.inf, distance).argmin(1)
    best = gap.argmin(1)
    seen = np.isfinite(gap[row, best])
    place = np.where(seen[:, None], spots[row, best], closest[row, fallback])
    return place, np.where(seen, index[row, best], round_about[row, fallback])


def _barycentric(points: Array, corners: Array, clip: bool = True) -> Array:
    """(N, 3) weights of points in the plane of triangles (N, 3, 3); without ``clip`` negative outside."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normal = np.cross(b - a, c - a)
    area = (normal**2).sum(1)
    u = (np.cross(c - b, points - b) * normal).sum(1) / area
    v = (np.cross(a - c, points - c) * normal).sum(1) / area
    weights = np.stack([u, v, 1 - u - v], 1)
    if clip:
        weights = np.clip(weights, 0, 1)
        weights /= weights.sum(1, keepdims=True)
    return np.asarray(weights)


def _on_the_middle(head: Head, points: Array, follows: Array, own: Array) -> tuple[Indices, Array]:
    """Places on the middle line's own edges, so that they stay on it: the two vertices above and below.

    Of points (N, 3) whose vertices follow the jaw by ``own`` (N,) mm, of ``follows`` (V,) of all vertices.
    """
    line = np.flatnonzero((np.abs(head.vertices[:, 0]) < 1e-6) & (head.vertices[:, 2] > -40))
    line = line[line < len(head.groups["skin"])]
    line = line[~np.isin(line, np.concatenate([head.groups[name] for name in HIDDEN]))]
    apart = np.abs(follows[line] - own[:, None]) > SAME_LIP
    gap = np.linalg.norm(points[:, None] - head.vertices[line], axis=-1) + np.where(apart, np.inf, 0)
    first = gap.argmin(1)
    vertices, weights = np.zeros((len(points), 3), int), np.zeros((len(points), 3))
    for row, (point, near) in enumerate(zip(points, first, strict=True)):
        a = head.vertices[line[near]]
        toward = head.vertices[line] - a
        along = ((point - a) * toward).sum(1) / np.maximum((toward**2).sum(1), 1e-9)
        off = np.linalg.norm(a + np.clip(along, 0, 1)[:, None] * toward - point, axis=1)
        off[(np.linalg.norm(toward, axis=1) > 8) | (along <= 0) | apart[row]] = np.inf
        other = int(off.argmin()) if np.isfinite(off).any() else int(near)
        share = float(np.clip(along[other], 0, 1)) if np.isfinite(off).any() else 0.0
        vertices[row] = line[near], line[other], line[near]
        weights[row] = 1 - share, share, 0
    return vertices, weights
