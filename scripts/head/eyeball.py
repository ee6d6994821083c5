"""Eyeballs: sclera with a recessed iris and pupil in one mesh, and a clear cornea over them."""

from __future__ import annotations

import numpy as np

from engine.texture.eye import EXPONENT

from .cage import Array
from .eyes import CORNEA_RADIUS, LIMBUS, RADIUS, eye_surface
from .parts import MIRRORED, Part, bands, pole

EYE_SEGMENTS = 24
IRIS = ((1.9, 9.72), (3.0, 9.80), (4.2, 9.93), (5.35, 10.12), (LIMBUS, 10.34))
"""(radius, depth) in mm of the rings from the pupil's edge to the limbus: a shallow dish, 3 mm behind the cornea."""
PUPIL_DEPTH = 9.1
SCLERA = (6.3, 7.2, 8.5, 9.9, 11.1)
"""Radii in mm of the rings between limbus and equator."""
BACK = (120.0, 150.0)
"""Degrees from the axis of the rings behind the equator."""
PUPIL_RING, LIMBUS_RING = 0, len(IRIS) - 1
EQUATOR_RING = len(IRIS) + len(SCLERA)
DOME = (1.6, 3.2, 4.7, 5.6)
"""Radii in mm of the cornea's rings."""
FILM = SCLERA
"""Radii of the rings by which the clear layer goes on over the white of the eye: the same, or facets would cross."""
FILM_LIFT = 0.05
"""mm of that layer above the white; the lids touch the eye farther out."""


def eyeball(side: str, centre: Array) -> Part:
    """Sclera, iris and pupil, closed; texture polar about the axis (``engine/texture/eye.py``)."""
    sclera = [RADIUS * np.array([np.sin(a), np.cos(a)]) for a in np.arcsin(np.array(SCLERA) / RADIUS)]
    rear = [RADIUS * np.array([np.sin(a), np.cos(a)]) for a in np.radians([90, *BACK])]
    rings = np.array([*IRIS, *sclera, *rear])
    angles = np.r_[np.arcsin(np.array([r for r, _ in IRIS] + list(SCLERA)) / RADIUS), np.radians([90, *BACK])]
    vertices = np.vstack([[[0, 0, PUPIL_DEPTH]], _turned(rings), [[0, 0, -RADIUS]]])
    index = 1 + np.arange(len(rings) * EYE_SEGMENTS).reshape(len(rings), -1)
    polygons = np.vstack([pole(index[0], 0), bands(index), pole(index[-1], len(vertices) - 1)[:, ::-1]])
    flat = np.column_stack([(angles / np.pi) ** EXPONENT, np.zeros(len(angles))])
    uvs = 0.5 + 0.49 * np.vstack([[[0, 0]], _turned(flat)[:, :2], [[0, 0]]])
    if side == "L":
        vertices, uvs, polygons = vertices * [-1, 1, 1], uvs * [-1, 1] + [1, 0], polygons[:, MIRRORED]
    corners = uvs[polygons]
    last = polygons == len(vertices) - 1
    beside = np.roll(last, 2, axis=1)
    # The rear pole is a point of the ball but the whole rim of the picture.
    corners[last] = 0.5 + (corners[beside] - 0.5) * 0.49 / np.linalg.norm(corners[beside] - 0.5, axis=1, keepdims=True)
    return Part(f"eye_{side}", f"eye_{side}", vertices + centre, polygons, corners)


def cornea(side: str, centre: Array) -> Part:
    """The clear dome over the iris, and the wet film over the rest of what the lids leave open; open behind."""
    angles = np.arcsin(np.array(DOME) / CORNEA_RADIUS)
    base = np.sqrt(RADIUS**2 - LIMBUS**2) - np.sqrt(CORNEA_RADIUS**2 - LIMBUS**2)
    dome = np.column_stack([DOME, base + CORNEA_RADIUS * np.cos(angles)])
    film = np.column_stack([FILM, np.sqrt((RADIUS + FILM_LIFT) ** 2 - np.array(FILM) ** 2)])
    rings = np.vstack([dome, film])
    apex = float(eye_surface(np.array([[0.0, 0, 1]]))[0])
    vertices = np.vstack([[[0, 0, apex]], _turned(rings)])
    index = 1 + np.arange(len(rings) * EYE_SEGMENTS).reshape(len(rings), -1)
    polygons = np.vstack([pole(index[0], 0), bands(index)])
    uvs = np.array([0.25, 0.6]) + 0.22 * vertices[:, :2] / FILM[-1]
    if side == "L":
        vertices, uvs, polygons = vertices * [-1, 1, 1], uvs * [-1, 1] + [1, 0], polygons[:, MIRRORED]
    return Part(f"cornea_{side}", "cornea", vertices + centre, polygons, uvs[polygons])


def _turned(profile: Array) -> Array:
    """(R * EYE_SEGMENTS, 3) rings round the z axis of the points (radius, depth) of a profile (R, 2)."""
    turn = 2 * np.pi * np.arange(EYE_SEGMENTS) / EYE_SEGMENTS
    axis = np.column_stack([np.cos(turn), np.sin(turn), np.zeros(EYE_SEGMENTS)])
    return np.vstack([radius * axis + [0, 0, depth] for radius, depth in profile])
