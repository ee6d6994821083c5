"""The eyeball's texture: sclera with fine vessels, an iris with fibres in any colour, limbal ring and pupil.

The built-in head unrolls each eyeball about its axis: a point at the angle ``a`` from the axis lies
``0.49 (a / pi)^0.55`` from the image's middle, so that the visible front has most of the room.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract import Floats

EYE_RADIUS = 12.0
IRIS_RADIUS = 5.85
"""mm; nearly all adults' irises measure 11.7 mm across."""
PUPIL_RADIUS = 2.0
"""mm, in room light."""
EXPONENT = 0.55
SCLERA = (0.60, 0.555, 0.52)
DEEP_SCLERA = (0.50, 0.35, 0.30)
"""Towards the canthi and the back, where more vessels show."""
VESSEL = (0.42, 0.13, 0.10)
PUPIL = (0.004, 0.004, 0.004)
SEED = 5

Plane = NDArray[np.float64]


def eye_texture(iris_color: tuple[float, float, float] | Floats, size: int = 1024) -> Floats:
    """Colour of one eyeball; both eyes share it, the left one's UVs are mirrored.

    Args:
        iris_color: (3,) mean linear RGB of the iris.
        size: width and height in pixels.

    Returns:
        (size, size, 3) linear RGB float32, row 0 at the top (v = 1).
    """
    plain, iris = _patterns(size)
    return np.clip(plain + iris * np.asarray(iris_color, np.float32), 0, 1)


@cache
def _patterns(size: int) -> tuple[Floats, Floats]:
    """What of an eye is the same whatever its colour (size, size, 3), and what the iris' colour is multiplied by."""
    turn, millimetres, depth = _polar(size)
    generator = np.random.default_rng(SEED)
    sclera = _sclera(turn, depth, size, generator)
    iris = _iris(turn, millimetres, generator)
    pixel = _pixel(size)
    inside = _step(IRIS_RADIUS + 0.25 - millimetres, -0.30, 0.30)[..., None]
    pupil = _step(PUPIL_RADIUS - millimetres, -max(0.08, pixel), max(0.08, pixel))[..., None]
    plain = (1 - pupil) * (1 - inside) * sclera + pupil * np.array(PUPIL)
    return plain.astype(np.float32), ((1 - pupil) * inside * iris).astype(np.float32)


def _polar(size: int) -> tuple[Plane, Plane, Plane]:
    """Angle round the axis, distance from it in mm (grows on past the equator), and angle from the axis / pi."""
    centre = (np.arange(size) + 0.5) / size - 0.5
    u, v = np.meshgrid(centre, -centre)
    depth = np.clip(np.hypot(u, v) / 0.49, 0, 1) ** (1 / EXPONENT)
    angle = depth * np.pi
    millimetres = np.where(angle < np.pi / 2, EYE_RADIUS * np.sin(angle), EYE_RADIUS * (1 + angle - np.pi / 2))
    return np.arctan2(v, u), millimetres, depth


def _pixel(size: int) -> float:
    """Millimetres that one pixel covers at the pupil's edge."""
    depth = np.arcsin(PUPIL_RADIUS / EYE_RADIUS) / np.pi
    return EYE_RADIUS * np.pi * depth ** (1 - EXPONENT) / (EXPONENT * 0.49 * size)


def _step(x: Plane, low: float, high: float) -> Plane:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _noise(turn: Plane, radius: Plane, shape: tuple[int, int], generator: np.random.Generator) -> Plane:
    """Smooth noise of unit size, periodic in ``turn``: ``shape`` cells round the axis and along 0..1."""
    cells = generator.normal(size=shape)
    x = (turn / (2 * np.pi) % 1.0) * shape[0]
    y = np.clip(radius, 0, 1) * (shape[1] - 1)
    i, j = np.floor(x).astype(int), np.minimum(np.floor(y).astype(int), shape[1] - 2)
    fx, fy = x - i, y - j
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    i0, i1 = i % shape[0], (i + 1) % shape[0]
    low = cells[i0, j] * (1 - fx) + cells[i1, j] * fx
    high = cells[i0, j + 1] * (1 - fx) + cells[i1, j + 1] * fx
    return low * (1 - fy) + high * fy


def _iris(turn: Plane, millimetres: Plane, generator: np.random.Generator) -> NDArray[np.float64]:
    """Radial fibres, the lighter collarette round the pupil, and a dark limbal ring, as factors of mean 1."""
    across = (millimetres - PUPIL_RADIUS) / (IRIS_RADIUS - PUPIL_RADIUS)
    bent = turn + 0.05 * _noise(turn, across, (14, 5), generator)
    fibres = 0.30 * _noise(bent, across, (150, 4), generator) + 0.22 * _noise(bent, across, (64, 4), generator)
    crypts = -0.30 * _step(_noise(turn, across, (22, 5), generator), 0.7, 1.8) * _step(across, 0.3, 0.5)
    collarette = 0.35 * np.exp(-(((across - 0.30 - 0.05 * _noise(turn, across, (26, 2), generator)) / 0.13) ** 2))
    edge = 1 - 0.72 * _step(across, 0.80, 1.04) - 0.35 * _step(-across, -0.10, 0.02)
    value = np.exp(fibres + crypts + collarette) * edge
    visible = (across > 0) & (across < 1)
    value = value / max(value[visible].mean(), 1e-6)
    warm = np.array([1.16, 1.0, 0.80]) ** (0.9 * np.exp(-((across / 0.35) ** 2))[..., None])
    return value[..., None] * warm


def _sclera(turn: Plane, depth: Plane, size: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Off-white, pinker away from the iris, with vessels that thin out towards it."""
    white, deep = np.array(SCLERA), np.array(DEEP_SCLERA)
    back = _step(depth, 0.25, 0.52)[..., None]
    mottle = 1 + 0.02 * _noise(turn, depth, (40, 24), generator)[..., None]
    colour = (white + back * (deep - white)) * mottle
    vessels = _vessels(size, generator) * _step(depth, 0.17, 0.24)
    return colour + (0.45 * vessels)[..., None] * (np.array(VESSEL) - colour)


def _vessels(size: int, generator: np.random.Generator) -> Plane:
    """(size, size) 0..1, crooked branching lines from the equator towards the iris."""
    scale = 4
    canvas = np.zeros((size, size), np.uint8)
    for _ in range(40):
        turn, radius = generator.uniform(0, 2 * np.pi), 0.49 * 0.5**EXPONENT
        end = 0.49 * generator.uniform(0.20, 0.36) ** EXPONENT
        strength, bend, points = generator.uniform(0.3, 1.0), 0.0, []
        while radius > end:
            points.append((0.5 + radius * np.cos(turn), 0.5 - radius * np.sin(turn)))
            bend = 0.8 * bend + generator.normal(0, 0.008)
            turn += bend
            radius -= 0.006
        line = np.round(np.array(points) * size * scale).astype(np.int32)[:, None]
        layer = np.zeros_like(canvas)
        cv2.polylines(layer, [line], False, [int(255 * strength)], 1, cv2.LINE_AA, shift=2)
        canvas = np.maximum(canvas, layer)
    return cv2.GaussianBlur(canvas, (0, 0), size / 900).astype(float) / 255
