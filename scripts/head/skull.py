"""The signed-distance body of skull, jaw, neck and shoulders onto which the grid behind the face is drawn."""

from __future__ import annotations

import numpy as np

from .cage import Array, smoothstep

DECIMALS = 6
"""Of a millimetre, to which points on the body are rounded."""


def distance(points: Array) -> Array:
    """Approximate signed distance (N,) in mm, negative inside; symmetric in x.

    Sizes follow published head measurements (NIOSH and Farkas, middle of men and women): breadth 151, length 194,
    vertex to tragion 128, between the tragions 141, neck girth 363.
    """
    x = np.abs(points[:, 0])
    half = np.column_stack([x, points[:, 1:]])
    body = _cranium(half)
    body = _union(body, _superellipsoid(half, (0, -18, -62), (59, 46, 46), 2.2), 30)
    body = _union(body, _superellipsoid(half, (0, 12, -82), (61, 46, 42), 2.3), 14)
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
    # Powers differ in the last bit with where an array lies in memory; rounded off, it cannot grow from step to step.
    return np.round(points, DECIMALS)


def cast(start: Array, towards: Array) -> Array:
    """Where the ray from ``start`` (3,), inside, through ``towards`` (3,) leaves the body."""
    direction = (towards - start) / np.linalg.norm(towards - start)
    along = np.arange(0.0, 260.0, 2.0)
    outside = np.flatnonzero(distance(start + along[:, None] * direction) > 0)
    low, high = along[outside[0]] - 2, along[outside[0]]
    for _ in range(24):
        middle = (low + high) / 2
        inside = distance((start + middle * direction)[None])[0] < 0
        low, high = (middle, high) if inside else (low, middle)
    return np.asarray(np.round(start + low * direction, DECIMALS))


def _gradient(points: Array) -> Array:
    step = 0.1
    return np.stack([(distance(points + e) - distance(points - e)) / (2 * step) for e in np.eye(3) * step], axis=1)


def _cranium(points: Array) -> Array:
    """Squarer seen from above than from the front: that is what gives heads their girth."""
    scaled = np.abs((points - [0, 50, -83.0]) / [73.5, 96.0, 96.5])
    level = (scaled[:, 0] ** 2.3 + scaled[:, 2] ** 2.3) ** (1 / 2.3)
    return ((level**2.4 + scaled[:, 1] ** 2.4) ** (1 / 2.4) - 1) * 73.5


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
    """Chest, trapezius from the nape to the shoulder, collarbones and the hollows above and below them."""
    chest = _superellipsoid(points, (0, -268, -100), (190, 100, 68), 2.3)
    nape = _capsule(points, (8, -40, -126), (14, -170, -140), 26)
    slope = _capsule(points, (26, -112, -134), (170, -196, -120), 21)
    shoulder = _superellipsoid(points, (150, -200, -112), (70, 42, 48), 2.0)
    trunk = _union(_union(chest, shoulder, 50), _union(slope, nape, 34), 40)
    collarbone = _capsule(points, (15, -173, -56), (70, -164, -72), 6)
    outer = _capsule(points, (70, -164, -72), (150, -166, -104), 7)
    return _union(trunk, _union(collarbone, outer, 12), 24)
