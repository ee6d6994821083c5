"""The jaw: its turn about the condyles, its slides, and how skin, lips, teeth and tongue follow."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .cage import Array
from .expr_tools import Stage, turned
from .points import smoothstep

OPEN = 19.0
"""Degrees at weight 1: an incisal opening of about 35 mm, short of the 45-50 mm of a full yawn."""
GLIDE = (0.0, -1.0, 2.5)
"""mm that the condyle itself slides down and forward as the mouth opens."""
CONDYLE_FROM_TRAGION = (0.0, -5.0, 12.0)
"""mm from the tragion to the axis: the condyle lies just in front of the ear canal."""
LOWER_PARTS = ("teeth_lower", "gums_lower", "tongue")


class Jaw:
    """How much of the jaw's motion each vertex takes."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @cached_property
    def axis_point(self) -> Array:
        """(3,) a point of the hinge axis, on the middle plane."""
        tragion = self.stage.vertices[234] * [0, 1, 1]
        return tragion + np.array(CONDYLE_FROM_TRAGION)

    @cached_property
    def weight(self) -> Array:
        """(N,) 1 on chin, lower lip and the floor of the mouth, 0 on the skull, harmonic between."""
        stage = self.stage
        one, zero = self._chin(), self._skull()
        lips, values = self._lips()
        fixed = np.r_[one, zero, lips]
        fixed, first = np.unique(fixed, return_index=True)
        target = np.r_[np.ones(len(one)), np.zeros(len(zero)), values][first]
        field = stage.harmonic(fixed, target)
        field = stage.smoothed(field, 8, lips)
        field = (field + field[stage.mirror]) / 2
        return np.clip(field, 0, 1)

    def _chin(self) -> Array:
        """Vertices on the mandible's body."""
        stage = self.stage
        points = stage.vertices
        lip = stage.vertices[17, 1]
        body = (points[:, 1] < lip - 9) & (np.abs(points[:, 0]) < 21) & (points[:, 2] > -14) & (points[:, 1] > -86)
        seeds = [148, 149, 176, 171, 150, 152, 377, 378, 400, 396, 379]
        return np.union1d(np.flatnonzero(body & (stage.outside > 0)), seeds)

    def _skull(self) -> Array:
        """Vertices that never follow: above the plane from the hinge to the corner of the mouth, back, lower neck."""
        stage = self.stage
        arm = stage.vertices - self.axis_point
        corner = stage.vertices[61] - self.axis_point
        rise = np.degrees(np.arctan2(arm[:, 1], arm[:, 2]) - np.arctan2(corner[1], corner[2]))
        above = (rise > 17) & (stage.vertices[:, 2] > self.axis_point[2] + 5)
        behind = stage.vertices[:, 2] < self.axis_point[2] - 12
        below = stage.vertices[:, 1] < stage.vertices[152, 1] - 42 - 0.25 * stage.vertices[:, 2]
        high = stage.vertices[:, 1] > self.axis_point[1] - 8
        return np.flatnonzero((above | behind | below | high) & (stage.outside > 0))

    def _lips(self) -> tuple[Array, Array]:
        """The lips' line and the bag behind it: the corners take 0.42, the lower lip all, the upper next to nothing."""
        stage = self.stage
        ids, values = [], []
        rings = sorted(k for k in stage.groups if k.startswith("mouth_") and k != "mouth_cap")
        share = self._ring_share()
        for depth, name in enumerate(rings):
            ids.append(stage.groups[name])
            sharp = np.where(share > 0.42, share + (1 - share) * 0.4 * min(depth, 2) / 2, share * (1 - 0.4 * min(depth, 2) / 2))
            values.append(np.where(np.isclose(share, 0.42), share, sharp))
        ids.append(stage.groups["mouth_cap"])
        values.append(np.full(len(stage.groups["mouth_cap"]), 0.45))
        return np.concatenate(ids), np.concatenate(values)

    def _ring_share(self) -> Array:
        """(40,) weight of each place of the mouth's loops."""
        stage = self.stage
        loop = stage.groups["mouth_0"]
        half = len(loop) // 2
        across = np.abs(stage.vertices[loop, 0]) / np.abs(stage.vertices[loop, 0]).max()
        upper = 0.42 * across**3.2
        lower = 1 - 0.58 * across**3.2
        share = np.where(np.arange(len(loop)) < half, upper, lower)
        share[[0, half]] = 0.42
        return share


def jaw_shapes(stage: Stage, jaw: Jaw) -> dict[str, Array]:
    """Motions by ARKit name; ``jawRight`` is the mirror image of ``jawLeft``."""
    right = slide_jaw(stage, jaw, (-7.0, -0.6, 0.8))
    return {
        "jawOpen": open_jaw(stage, jaw),
        "jawForward": slide_jaw(stage, jaw, (0, -0.8, 6.5)),
        "jawRight": right,
        "jawLeft": stage.mirrored(right),
    }


def open_jaw(stage: Stage, jaw: Jaw) -> Array:
    """Turn about the condyles' axis; cheeks hollow and the corners are drawn in as the lips stretch."""
    angle = np.radians(OPEN)
    motion = turned(stage.vertices, jaw.axis_point, np.array([1.0, 0, 0]), angle * jaw.weight)
    full = stage.skin(motion + jaw.weight[:, None] * np.array(GLIDE))
    for name in LOWER_PARTS:
        rows = stage.parts[name]
        full[rows] = turned(stage.head.controls[rows], jaw.axis_point, np.array([1.0, 0, 0]), angle) + GLIDE
    corner = stage.near([61], 2, 20) * stage.half()
    cheek = stage.blob(187, (14, 20, 22), (0, -4, 0))
    return full + stage.both(stage.push(corner, (-3.2, 0, -1.0)) + stage.push(cheek, (-1.8, 0, -0.6)))


def slide_jaw(stage: Stage, jaw: Jaw, vector: tuple[float, float, float]) -> Array:
    """Move the whole mandible; the upper lip is dragged along a little by the lower one."""
    drag = 0.12 * stage.near(stage.groups["lip_upper"], 1, 14) * smoothstep(-jaw.weight, -0.5, 0)
    full = stage.skin((jaw.weight + drag)[:, None] * np.array(vector))
    for name in LOWER_PARTS:
        full[stage.parts[name]] = vector
    return full
