"""What sits on the lids' margins and rides on them: lashes as cards, the line of tears, the caruncle."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from engine.texture.lashes import STRIPS

from .cage import Array, Indices
from .eyes import eye_surface
from .parts import MIRRORED, Part, bands, pole, sheet

UPPER_CURL, LOWER_CURL = (-27.0, 55.0), (-8.0, -58.0)
"""Degrees above the lid's outward normal in which lashes leave the margin and in which they end."""
FAN = 34.0
"""Degrees by which lashes lean towards the corner of the eye they are near."""
SHORTER = 0.74
"""Lashes' length beside the texture's strips, which are drawn as for made-up eyes: 7 mm above, 4 below."""
CARUNCLE = (2.6, 1.0, 0.95)
"""Half axes in mm: towards the nose, up, forward."""
TEAR_HEIGHT, TEAR_LIFT = 0.55, 0.04
"""mm by which the line of tears climbs the eyeball, and its thickness there."""


def lid_parts(side: str, margin: Array, inner: Array, loop: Indices, centre: Array) -> list[Part]:
    """Lashes, tears and caruncle of one eye.

    Args:
        side: "R" or "L".
        margin: (32, 3) mm, the edge of the lids on the final surface, in the order of ``lid_margin_*``.
        inner: (32, 3) mm, the ring behind it, where the lids meet the eyeball.
        loop: (32,) the margin's vertices.
        centre: (3,) mm, the eyeball's.
    """
    half = len(loop) // 2
    upper = np.arange(half + 1)
    lower = np.r_[0, np.arange(len(loop) - 1, half - 1, -1)]
    rows = [
        _lashes(side, "upper", margin, upper, centre),
        _lashes(side, "second", margin, upper, centre),
        _lashes(side, "lower", margin, lower, centre),
    ]
    parts = [_part(f"lashes_{side}", "lashes", side, rows, loop)]
    parts.append(_part(f"tears_{side}", "cornea", side, [_tears(side, margin, lower, centre)], loop))
    parts.append(_caruncle(side, margin, inner, loop))
    return parts


Strip = tuple[Array, Array, Indices]
"""Vertices (R, C, 3), their UVs (R, C, 2) and the column's place (C,) in the margin's loop."""


def _lashes(side: str, kind: str, margin: Array, chain: Indices, centre: Array) -> Strip:
    """A ribbon of lashes along a lid, from the outer to the inner corner."""
    strip = STRIPS[kind]
    column = np.arange(1, len(chain) - 3, 2 if kind == "second" else 1)
    place = chain[column]
    tangent = np.gradient(margin[chain], axis=0)[column]
    root = margin[place]
    normal = root - centre
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    tangent -= (tangent * normal).sum(1, keepdims=True) * normal
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    up = np.cross(normal, tangent)
    up *= np.sign(up[:, 1:2])
    along = np.linspace(0, 1, len(place))
    length = SHORTER * strip.length * np.interp(along, *strip.profile)
    fan = np.radians(FAN) * np.interp(along, [0, 0.2, 0.5, 0.8, 1], [-1, -0.85, -0.1, 0.35, 0.5])
    start, end = np.radians(LOWER_CURL if kind == "lower" else UPPER_CURL)
    outward = 0.25 if kind == "second" else 0.0
    rows = [root - 0.15 * normal + outward * up]
    share = np.linspace(0, 1, strip.rows)
    for a, b in pairwise(share):
        rise = start + (end - start) * ((a + b) / 2) ** 0.8
        flat = np.cos(rise) * normal + np.sin(rise) * up
        step = np.cos(fan)[:, None] * flat + np.sin(fan)[:, None] * tangent
        rows.append(rows[-1] + (b - a) * length[:, None] * step)
    u = np.broadcast_to(along, (strip.rows, len(place)))
    v = np.broadcast_to(share[:, None], u.shape)
    return np.stack(rows), strip.place(u, v, side), place


def _tears(side: str, margin: Array, chain: Indices, centre: Array) -> Strip:
    """The meniscus between the lower lid and the eyeball: from just behind the lid's edge up on to the ball."""
    place = chain[1:-1]
    offset = margin[place] - centre
    radius = np.linalg.norm(offset, axis=1, keepdims=True)
    rows = []
    for height, lift in ((-0.9, 0.45), (TEAR_HEIGHT, TEAR_LIFT)):
        direction = offset / radius + [0, height / 12.5, 0]
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        rows.append(centre + direction * (eye_surface(direction) + lift)[:, None])
    along = np.linspace(0.03, 0.47, len(place))
    across = np.array([0.06, 0.3])
    u, v = np.meshgrid(along if side == "R" else 1 - along, across)
    return np.stack(rows), np.stack([u, v], -1), place


def _part(name: str, material: str, side: str, strips: list[Strip], loop: Indices) -> Part:
    """Strips as one part; ``loop`` holds the margin's vertices."""
    polygons, first = [], 0
    for points, _, _ in strips:
        polygons.append(sheet(*points.shape[:2]) + first)
        first += points.shape[0] * points.shape[1]
    quads = np.vstack(polygons)
    uvs = np.vstack([uv.reshape(-1, 2) for _, uv, _ in strips])[quads]
    if side == "L":
        quads, uvs = quads[:, MIRRORED], uvs[:, MIRRORED]
    anchors = np.concatenate([np.broadcast_to(loop[place], points.shape[:2]).ravel() for points, _, place in strips])
    return Part(name, material, np.vstack([p.reshape(-1, 3) for p, _, _ in strips]), quads, uvs, anchors)


def _caruncle(side: str, margin: Array, inner: Array, loop: Indices) -> Part:
    """The pink mound in the inner corner, half sunk behind the lids."""
    rings, around = 3, 8
    middle = len(loop) // 2
    inward = np.array([1.0 if side == "R" else -1.0, 0, 0])
    seat = inner[middle] + 0.2 * (margin[middle] - inner[middle]) - 0.7 * inward
    turn = 2 * np.pi * np.arange(around) / around
    wide, high, deep = CARUNCLE
    points = [seat + np.array([0, 0, deep])]
    for k in range(1, rings + 1):
        a = np.pi / 2 * k / rings
        aside, rise = wide * np.sin(a) * np.cos(turn), high * np.sin(a) * np.sin(turn)
        points += list(seat + aside[:, None] * inward + rise[:, None] * [0, 1, 0] + [0, 0, deep * np.cos(a)])
    vertices = np.array(points)
    index = 1 + np.arange(rings * around).reshape(rings, around)
    quads = np.vstack([pole(index[0], 0), bands(index)])
    place = np.array([0.25, 0.5]) + 0.2 * _disc(rings, around)
    uvs = place[quads]
    if side == "L":
        quads, uvs = quads[:, MIRRORED], (place * [-1, 1] + [1, 0])[quads][:, MIRRORED]
    return Part(f"caruncle_{side}", "caruncle", vertices, quads, uvs, np.full(len(vertices), loop[middle]))


def _disc(rings: int, around: int) -> Array:
    turn = 2 * np.pi * np.arange(around) / around
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    return np.vstack([[[0, 0]], *(k / rings * circle for k in range(1, rings + 1))])
