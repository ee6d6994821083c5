"""The jaw's motions: its turn about the condyles and its slides, with skin, lips, teeth and tongue."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from .cage import Array
from .expr_tools import Stage, turned
from .jaw import HINGE, jaw_field

OPEN = 22.5
"""Degrees at weight 1: with the condyles' glide about 33 mm between the incisors, short of a yawn."""
GLIDE = (0.0, -2.0, 3.5)
"""mm that the condyle itself slides down and forward as the mouth opens."""
LOWER_PARTS = ("teeth_lower", "gums_lower", "tongue")
CUSPS = 3.2
"""mm that the lower teeth sink behind closed lips to clear the upper ones' cusps as they slide aside."""
FLATTENED = 2.4
"""mm by which the tongue's back sinks more, to pass below the upper teeth."""
CORNER = 0.40
"""Share of the jaw's motion at the corners of the mouth."""


def jaw_shapes(stage: Stage) -> dict[str, Array]:
    """Motions by ARKit name; ``jawLeft`` is the mirror image of ``jawRight``."""
    follow = lip_share(stage, jaw_field(stage.head.cage))
    right = _slid(stage, follow, (-11.0, -0.8, 0.8))
    return {
        "jawOpen": opened(stage, OPEN),
        "jawForward": _slid(stage, follow, (0, -1.6, 11.5)),
        "jawRight": right,
        "jawLeft": stage.mirrored(right),
    }


def turning_point() -> Array:
    """(3,) mm, the point about which the gliding mandible turns on the whole: the centre of ``jawOpen``'s motion.

    A turn R about the hinge h with the glide g is the turn R about the c where (I - R) (c - h) = g.
    """
    turn = Rotation.from_rotvec([np.radians(OPEN), 0, 0]).as_matrix()[1:, 1:]
    return HINGE + np.r_[0, np.linalg.solve(np.eye(2) - turn, np.array(GLIDE[1:]))]


def lip_share(stage: Stage, field: Array) -> Array:
    """The jaw's weights (N,) with the lips rounded off: towards the corners both lips approach ``CORNER``."""
    loop = stage.groups["mouth_0"]
    half = len(loop) // 2
    across = np.abs(stage.vertices[loop, 0]) / np.abs(stage.vertices[loop, 0]).max()
    upper = 0.02 + (CORNER - 0.02) * across**3.0
    lower = 1 - (1 - CORNER) * across**3.0
    wanted = np.where(np.arange(len(loop)) <= half, upper, lower)
    wanted[[0, half]] = CORNER
    fixed, change = [], []
    for name, share in (("mouth_0", 1.0), ("mouth_1", 1.0), ("mouth_2", 0.8), ("mouth_3", 0.4), ("mouth_4", 0.0)):
        fixed.append(stage.groups[name])
        change.append(share * (wanted - field[stage.groups[name]]))
    ring = np.concatenate(fixed)
    far = np.flatnonzero((stage.distance(loop) > 24) & (stage.outside > 0))
    inner = np.concatenate([stage.groups[k] for k in stage.groups if k in ("mouth_5", "mouth_6", "mouth_cap")])
    still = np.union1d(far, inner)
    spread = stage.harmonic(np.r_[ring, still], np.r_[np.concatenate(change), np.zeros(len(still))])
    result = stage.smoothed(np.clip(field + spread, 0, 1), 4, ring)
    return (result + result[stage.mirror]) / 2


def opened(stage: Stage, degrees: float) -> Array:
    """Turn about the condyles' axis, which glides along; the cheeks hollow and the corners give a little."""
    share = degrees / OPEN
    axis, angle, glide = np.array([1.0, 0, 0]), np.radians(degrees), share * np.array(GLIDE)
    follow = lip_share(stage, jaw_field(stage.head.cage))
    full = stage.skin(turned(stage.vertices, HINGE, axis, angle * follow) + follow[:, None] * glide)
    for name in LOWER_PARTS:
        rows = stage.parts[name]
        full[rows] = turned(stage.head.controls[rows], HINGE, axis, angle) + glide
    corner = stage.near([61], 2, 20) * stage.half()
    cheek = stage.blob(187, (14, 20, 22), (0, -4, 0))
    return full + share * stage.both(stage.push(corner, (-1.2, 0, 0.6)) + stage.push(cheek, (-1.8, 0, -0.6)))


def _slid(stage: Stage, follow: Array, vector: tuple[float, float, float]) -> Array:
    """Move the whole mandible; the upper lip is dragged along a little by the lower one."""
    drag = 0.14 * stage.near(stage.groups["lip_upper"], 1, 14) * np.clip(1 - 2 * follow, 0, 1)
    full = stage.skin((follow + drag)[:, None] * np.array(vector))
    aside = vector[0] != 0
    for name, share in (("mouth_3", 0.5), ("mouth_4", 1.0), ("mouth_5", 1.0), ("mouth_6", 1.0)):
        full[stage.groups[name], 1] -= CUSPS * aside * share * follow[stage.groups[name]]
    for name in LOWER_PARTS:
        full[stage.parts[name]] = vector + np.array([0, -CUSPS * aside, 0])
    tongue = stage.parts["tongue"]
    height = stage.head.controls[tongue, 1]
    full[tongue, 1] -= FLATTENED * aside * (height - height.min()) / np.ptp(height)
    return full
