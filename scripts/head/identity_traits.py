"""Directions in which heads are known to differ, as sums of smooth bumps at named face points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cage import Array, Head
from .ear_traits import ear_fields


@dataclass(frozen=True)
class Bump:
    """A Gaussian push round a point of MediaPipe's mesh on the right side, and its mirror image."""

    point: int
    radii: tuple[float, float, float]
    """mm at which it has fallen to 1/e along x, y, z."""
    push: tuple[float, float, float]
    """mm per standard deviation: outwards from the middle plane, up, forward."""
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """mm from the point to the bump's centre: outwards, up, forward."""


SIZE_BY_SEX = 0.0225
"""Half the relative difference of the sexes in the head's size, between ANSUR II's circumference (2.3 %) and head
length (5.2 %); a measured distance gets its own figure when the process is brought to the surveys."""

AGED = 1.5
"""What of the table's ageing, drawn for a decade or so, one standard deviation of adults' ages brings; ears grow by
0.2 mm a year (Heathcote, BMJ 1995)."""

TRAITS: dict[str, tuple[Bump, ...]] = {
    "sex": (
        Bump(66, (26, 10, 18), (0, -0.4, 1.1)),
        Bump(152, (24, 18, 25), (0, -1.4, 0.7)),
        Bump(172, (22, 26, 34), (1.0, -0.6, 0)),
        Bump(4, (13, 16, 18), (0, -0.2, 0.5)),
        Bump(152, (50, 60, 80), (2.6, 0, 0.6), (45, -75, -75)),
        Bump(123, (18, 14, 18), (-0.3, 0, -0.5)),
    ),
    "age": (
        Bump(4, (12, 11, 16), (0, -1.1, 0.2)),
        Bump(0, (22, 6, 12), (0, -0.6, -0.5)),
        Bump(17, (20, 6, 12), (0, 0.35, -0.5)),
        Bump(61, (10, 9, 14), (0, -0.7, -0.3)),
        Bump(172, (17, 15, 24), (0.7, -1.5, 0.4), (-8, -4, 10)),
        Bump(152, (34, 14, 30), (0, -1.3, 0.2), (0, -6, -28)),
        Bump(213, (14, 16, 18), (-0.6, -0.5, -0.8)),
        Bump(162, (18, 22, 26), (-1.1, 0, -0.2)),
        Bump(230, (10, 5, 12), (0, -0.4, 0.8)),
        Bump(229, (14, 5, 12), (0, 0, -0.6), (0, -9, 0)),
        Bump(223, (13, 5, 12), (0, -1.0, 0.3), (2, -1, 0)),
        Bump(46, (14, 9, 16), (0, -0.9, 0)),
        Bump(203, (8, 9, 12), (0.3, -0.4, 0.9)),
        Bump(206, (7, 8, 12), (0, 0, -0.8)),
    ),
    "weight": (
        Bump(205, (20, 24, 24), (1.9, -0.6, 1.2)),
        Bump(172, (28, 28, 38), (2.1, -0.6, 0.3)),
        Bump(152, (40, 18, 34), (0, -2.4, 0.4), (0, -8, -34)),
        Bump(152, (55, 60, 80), (4.0, 0, 1.5), (48, -70, -70)),
    ),
    "jaw_width": (
        Bump(172, (26, 26, 34), (2.4, -0.5, 0)),
        Bump(58, (22, 28, 34), (1.6, -0.3, 0)),
        Bump(149, (18, 18, 26), (0.9, 0, 0)),
    ),
    "jaw_drop": (Bump(172, (22, 22, 30), (0.2, -2.0, 0)),),
    "chin_width": (Bump(176, (16, 15, 22), (1.9, 0, 0.3)),),
    "chin": (Bump(152, (17, 14, 20), (0, -1.0, 2.0), (0, 4, 0)),),
    "chin_height": (Bump(152, (34, 22, 40), (0, -2.6, 0)),),
    "cheekbone": (Bump(117, (19, 13, 20), (1.3, 0.2, 1.2)), Bump(227, (15, 16, 26), (1.2, 0, 0.3))),
    "cheek_depth": (Bump(205, (22, 24, 30), (0, 0, 1.8)),),
    "mouth_depth": (Bump(13, (30, 15, 26), (0, 0, 1.6)), Bump(0, (22, 8, 16), (0, 0, 0.8))),
    "forehead_slope": (Bump(10, (60, 34, 40), (0, 0, -2.4)),),
    "brow_ridge": (Bump(66, (24, 8, 16), (0, -0.6, 1.3)), Bump(9, (12, 8, 14), (0, -0.3, 0.8))),
    "nose_width": (
        Bump(129, (7.5, 9, 11), (2.7, 0, 0)),
        Bump(64, (7, 8, 10), (1.3, 0, 0.2)),
        Bump(220, (7, 9, 10), (0.6, 0, -0.3)),
    ),
    "nose_tip": (Bump(4, (11, 10, 13), (0, -0.3, 2.7)),),
    "nose_tilt": (Bump(4, (12, 10, 16), (0, 1.6, 0.2)), Bump(2, (8, 6, 8), (0, 0.7, -0.2))),
    "dorsum": (Bump(195, (8, 10, 12), (0, 0, 1.3)), Bump(6, (8, 9, 12), (0, 0, 1.2))),
    "nose_root": (Bump(168, (9, 11, 13), (0, 0, 2.0)), Bump(6, (8, 9, 12), (0, 0, 1.0))),
    "wing_height": (Bump(64, (7, 6, 10), (0.3, 1.0, 0)), Bump(129, (6, 8, 9), (0.5, 0.5, 0.4))),
    "nose_bridge_width": (Bump(196, (8, 16, 12), (0.9, 0, 0)),),
    "upper_lip": (Bump(37, (16, 4.5, 12), (0, 1.2, 0.4)), Bump(11, (20, 5, 12), (0, 0, 1.1))),
    "lower_lip": (Bump(17, (18, 5, 12), (0, -1.3, 0.3)), Bump(16, (18, 5, 12), (0, 0, 1.1))),
    "mouth_width": (Bump(61, (14, 11, 16), (1.7, 0, -0.4)),),
    "mouth_corner": (Bump(61, (10, 8, 14), (0, 0.8, 0)),),
    "philtrum": (Bump(0, (24, 9, 16), (0, -1.2, 0)),),
    "eye_tilt": (Bump(33, (10, 8, 14), (0, 1.35, 0)), Bump(133, (7, 6, 14), (0, -0.55, 0))),
    "eye_opening": (Bump(159, (11, 4, 14), (0, 0.8, 0)), Bump(145, (11, 4, 14), (0, -0.45, 0))),
    "eye_length": (Bump(33, (7, 6, 12), (1.1, 0, -0.4)), Bump(133, (5, 5, 10), (-0.6, 0, 0))),
    "eye_arch": (Bump(158, (5, 4, 14), (0, 0.5, 0)), Bump(161, (5, 4, 14), (0, -0.5, 0))),
    "epicanthus": (Bump(190, (6, 5, 10), (-0.5, -1.1, 0.5)), Bump(243, (4, 5, 9), (-0.4, -0.3, 0.5))),
    "eye_depth": (Bump(223, (18, 8, 14), (0, 0, 1.3), (0, -3, 0)), Bump(189, (8, 8, 12), (0, 0, 0.8))),
    "hooded_lid": (Bump(223, (13, 5, 12), (0, -1.6, 1.0), (2, -2, 0)),),
    "brow_height": (Bump(52, (20, 9, 18), (0, 1.6, 0)),),
    "brow_slope": (Bump(46, (10, 8, 16), (0, 1.1, 0)), Bump(55, (9, 7, 14), (0, -0.7, 0))),
    "eye_bag": (Bump(230, (10, 5, 12), (0, -0.2, 0.8)),),
    "nasolabial": (Bump(203, (8, 9, 12), (0.2, 0, 0.8)), Bump(206, (7, 8, 12), (0, 0, -0.7))),
    "cheek_hollow": (Bump(213, (16, 18, 20), (-1.4, 0, -1.0)),),
    "temple": (Bump(162, (20, 22, 30), (1.2, 0, 0)),),
    "skull_height": (Bump(10, (120, 75, 120), (0, 3.2, 0), (0, 60, -80)),),
    "skull_length": (Bump(10, (80, 80, 60), (0, 0, -3.6), (0, 0, -170)),),
    "ear_set": (Bump(234, (16, 40, 26), (1.8, 0, 0.6), (8, 6, -22)),),
}


def trait_fields(points: Array, head: Head) -> dict[str, Array]:
    """(P, 3) mm offset of one standard deviation of each trait at ``points`` (P, 3)."""
    ears = ear_fields(points, head)
    fields = {name: np.sum([_spread(bump, points, head) for bump in bumps], axis=0) for name, bumps in TRAITS.items()}
    fields["sex"] = fields["sex"] + SIZE_BY_SEX * points
    fields["age"] = AGED * fields["age"] + 0.75 * ears["ear_length"] + 0.3 * ears["ear_breadth"]
    return {**fields, **ears}


def amplitude(points: Array, head: Head) -> Array:
    """(P, 3) factor on the Gaussian process per coordinate: callipers vary less between the eyes than at the jaw."""
    factor = np.ones((len(points), 3))
    for centre in head.cage.eye_centres.values():
        near = np.exp(-(((points - centre) / [26, 20, 30]) ** 2).sum(1))
        factor *= 1 - near[:, None] * [0.32, 0.25, 0.25]
    inner = np.exp(-(((np.abs(points) * [1, 0, 0] + points * [0, 1, 1] - _abs(head, 133)) / [9, 9, 14]) ** 2).sum(1))
    factor[:, 0] *= 1 - 0.2 * inner
    neck = np.clip((-70 - points[:, 1]) / 50, 0, 1) * np.clip((-20 - points[:, 2]) / 30, 0, 1)
    scalp = np.clip((-60 - points[:, 2]) / 40, 0, 1) * np.clip((points[:, 1] + 20) / 60, 0, 1)
    return factor * (1 - 0.45 * neck - 0.55 * scalp)[:, None]


def _abs(head: Head, point: int) -> Array:
    """(3,) a cage vertex, on the left side."""
    return head.cage.vertices[point] * [np.sign(head.cage.vertices[point, 0]), 1, 1]


def _spread(bump: Bump, points: Array, head: Head) -> Array:
    """(P, 3) the bump and its mirror image at ``points``; one on the middle plane is counted once."""
    centre = head.cage.vertices[bump.point].copy()
    sign = 1.0 if centre[0] > 1 else -1.0
    centre = np.abs(centre) * [1, 0, 0] + centre * [0, 1, 1] + np.array(bump.offset)
    push = np.array(bump.push)
    total = np.zeros_like(points)
    sides = (1.0, -1.0) if centre[0] > 1 else (sign,)
    for side in sides:
        here = centre * [side, 1, 1]
        weight = np.exp(-(((points - here) / bump.radii) ** 2).sum(1))
        total += weight[:, None] * push * [side if len(sides) == 2 else 0, 1, 1]
    return total
