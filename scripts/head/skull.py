"""The signed-distance body of skull, jaw, neck and shoulders onto which the grid behind the face is drawn."""

from __future__ import annotations

import numpy as np

from .cage import Array
from .points import smoothstep


def distance(points: Array) -> Array:
    """Approximate signed distance (N,) in mm, negative inside; symmetric in x.

    Sizes follow published head measurements (NIOSH and Farkas, middle of men and women): breadth 152, length 195,
    vertex to tragion 126, neck girth 363.
    """
    x = np.abs(points[:, 0])
    half = np.column_stack([x, points[:, 1:]])
    body = _cranium(half)
    body = _union(body, _superellipsoid(half, (0, -18, -62), (64, 46, 46), 2.2), 30)
    body = _union(body, _superellipsoid(half, (0, 12, -84), (71.5, 48, 44), 2.3), 14)
    body = _union(body, _superellipsoid(half, (0, -52, -44), (42, 33, 40), 2.2), 16)
    neck = _neck(half)
    neck = _union(neck, _capsule(half, (60, -14, -98), (13, -166, -60), 7.0), 14)
    neck = _union(neck, _superellipsoid(half, (0, -114, -65), (11, 18, 11), 2.0), 12)
    neck = _union(neck, _shoulders(half), 26)
    return _union(body, neck, 20)


def project(points: Array, steps: int = 4) -> Array:
    """Points (N, 3) moved onto the body's surface along its gradient."""
    points = points.copy()
    for _ in range(steps):
        gradient = _gradient(points)
        length = np.maximum((gradient**2).sum(1), 0.05)
        points -= 0.9 * (distance(points) / length)[:, None] * gradient
    return points


def _gradient(points: Array) -> Array:
    step = 0.1
    return np.stack([(distance(points + e) - distance(points - e)) / (2 * step) for e in np.eye(3) * step], axis=1)


def _cranium(points: Array) -> Array:
    """Squarer seen from above than from the front: that is what gives heads their girth."""
    scaled = np.abs((points - [0, 50, -85]) / [76, 91, 98.5])
    level = (scaled[:, 0] ** 2.45 + scaled[:, 2] ** 2.45) ** (1 / 2.45)
    return (np.sqrt(level**2 + scaled[:, 1] ** 2) - 1) * 76


def _superellipsoid(points: Array, centre: tuple, radii: tuple, power: float) -> Array:
    scaled = np.abs((points - np.array(centre)) / radii)
    return ((scaled**power).sum(1) ** (1 / power) - 1) * min(radii)


def _capsule(points: Array, start: tuple, end: tuple, radius: float) -> Array:
    a, b = np.array(start, float), np.array(end, float)
    t = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
    return np.linalg.norm(points - a - t[:, None] * (b - a), axis=1) - radius


def _union(a: Array, b: Array, radius: float) -> Array:
    """Smooth minimum: the two bodies flow together within ``radius`` mm."""
    h = np.clip(0.5 + 0.5 * (b - a) / radius, 0, 1)
    return b * (1 - h) + a * h - radius * h * (1 - h)


def _neck(points: Array) -> Array:
    """A tube that leans forward as it rises and ends inside the skull."""
    down = np.clip((-20 - points[:, 1]) / 140, -0.5, 1.5)
    middle = -93 - 22 * down
    width = 51 + 3 * smoothstep(-points[:, 1], 90, 170)
    tube = (np.hypot(points[:, 0] / width, (points[:, 2] - middle) / 52) - 1) * 50
    return np.maximum(tube, points[:, 1] - 10)


def _shoulders(points: Array) -> Array:
    """Trapezius, collarbones and the top of the chest."""
    chest = _superellipsoid(points, (0, -250, -98), (175, 78, 74), 2.2)
    nape = _capsule(points, (9, -40, -124), (12, -150, -142), 24)
    slope = _capsule(points, (34, -122, -134), (165, -184, -118), 19)
    collarbone = _capsule(points, (14, -176, -52), (150, -166, -95), 6)
    return _union(_union(_union(chest, slope, 30), nape, 30), collarbone, 16)
