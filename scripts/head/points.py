"""The mean face: 468 averaged points made neutral, symmetric and true in depth and size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .cage import SIDES, Array, Indices, smoothstep
from .centre import lower_brows, settle

AVERAGES = Path(__file__).with_name("mean_face.npz")
UPPER_LIP_CONTACT = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP_CONTACT = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)

UPPER_LID = {"R": (246, 161, 160, 159, 158, 157, 173), "L": (466, 388, 387, 386, 385, 384, 398)}
LOWER_LID = {"R": (7, 163, 144, 145, 153, 154, 155), "L": (249, 390, 373, 374, 380, 381, 382)}
LID_FOLD = {"R": (247, 30, 29, 27, 28, 56, 190), "L": (467, 260, 259, 257, 258, 286, 414)}
UNDER_BROW = {"R": (113, 225, 224, 223, 222, 221, 189), "L": (342, 445, 444, 443, 442, 441, 413)}
LOWER_ROLL = {"R": (25, 110, 24, 23, 22, 26, 112), "L": (255, 339, 254, 253, 252, 256, 341)}
"""Rows of points round the eyes, each from the outer to the inner side: the upper lid's fold, the skin between it and
the brow, the roll under the lower lid's edge."""
WING_RIM = (12.5, -6.0, 21.0)
"""Middle of the lower rim of the nose's left wing, mm."""
ROUNDING = (
    ((18.0, -9.5, 14.0), (3.6, 3.6, 6.0), -1.0, 0.7),
    ((18.8, -3.5, 12.5), (3.5, 3.0, 6.0), 0.5, 0.0),
    ((12.5, -8.0, 24.0), (4.0, 4.0, 4.5), 0.0, 0.9),
    ((9.0, -6.5, 29.0), (4.0, 4.5, 7.0), 0.0, 0.9),
    ((0.0, -9.5, 28.0), (5.0, 4.0, 6.0), 0.0, -1.1),
)
"""Left places on the nose's base, the breadths of the neighbourhoods that move, outward and upward shifts, all in mm:
corner of the wing, its side, the rim's arch, the tip's side, the lobule below the tip."""
MARGIN_ABOVE, MARGIN_BELOW = 4.4, 5.2
"""Heights in mm of the lids' edges above and below the middle of the iris."""


@dataclass(frozen=True)
class MeanFace:
    """The averaged points."""

    points: Array
    """(468, 3) mm."""
    iris: dict[str, Array]
    """(3,) middle of the iris on each side, mm."""
    mirror: Indices
    """(468,) index of each point's mirror image."""


def mean_face() -> MeanFace:
    """Blend of two neutral averages, scaled to a mean interpupillary distance of 64 mm.

    The detector's depth is a prior, not a measurement: from turned photos the inner face's depth is about right, the
    sides lie too far forward, the nose and the eyes are too flat against them; each is corrected here.
    """
    data = np.load(AVERAGES)
    points = 0.6 * data["regression_to_neutral"].astype(float) + 0.4 * data["most_neutral"]
    points = (points - points[:468].mean(0)) * 1.045
    mirror = data["mirror"].astype(np.int64)
    points = (points + (points * [-1, 1, 1])[mirror]) / 2
    points[:, 2] *= 1.04 + 0.08 * smoothstep(np.abs(points[:, 0]), 25, 70)
    iris = {"R": points[468], "L": points[473]}
    points[:, 2] += _profile(points) + _temples(points) + _eyes_forward(points, iris)
    settle(points)
    lower_brows(points, mirror)
    _narrow_nose(points)
    _widen_jaw(points)
    _lower_wings(points)
    _round_base(points)
    _open_eyes(points, iris)
    _fill_lids(points)
    _close_lips(points)
    points = (points + (points * [-1, 1, 1])[mirror]) / 2
    return MeanFace(points[:468], {"R": points[468], "L": points[473]}, mirror[:468])


def _profile(points: Array) -> Array:
    """Forward shift in mm that brings nose, lips, chin and brow to published profiles.

    Nose protrusion (tip to base, straight) 19-21 (NIOSH); soft chin 3-4 behind a vertical through the nose's base
    (Arnett and Bergman 1993), where the averages have 11. A forehead that rises to the hairline without leaning back.
    """
    nose = np.exp(-((points - points[1]) ** 2).sum(1) / 16**2)
    bridge = np.exp(-(((points - points[5]) / [14, 10, 20]) ** 2).sum(1))
    middle = (points[13] + points[14]) / 2
    lips = np.exp(-(((points - middle) / [26, 13, 20]) ** 2).sum(1))
    chin = np.exp(-(((points - points[199]) / [36, 20, 60]) ** 2).sum(1))
    forehead = 0.8 * smoothstep(points[:, 1], 36, 64) + 5.2 * smoothstep(points[:, 1], 54, 100)
    return -2.1 * nose - 1.2 * bridge + 1.9 * lips + 4.2 * chin + forehead


def _temples(points: Array) -> Array:
    """Forward shift in mm of the temples, which a detector that learnt from frontal pictures bends back."""
    return 4.5 * smoothstep(np.abs(points[:, 0]), 36, 64) * smoothstep(points[:, 1], 48, 84)


def _narrow_nose(points: Array) -> None:
    """Bring the nose's wings to a breadth of 36 mm; the averages, of smiling faces among others, give 40."""
    wing = np.array([19.0, -6.0, 12.0])
    aside = points * [0, 1, 1] + np.abs(points) * [1, 0, 0]
    near = np.exp(-(((aside - wing) / [14, 14, 16]) ** 2).sum(1))
    points[:, 0] *= 1 - 0.03 * near


def _widen_jaw(points: Array) -> None:
    """Bring the jaw's angles apart to a breadth of 116 mm (NIOSH); the averages, bent inwards, give 112."""
    aside = points * [0, 1, 1] + np.abs(points) * [1, 0, 0]
    angle = (aside[172] + aside[397]) / 2
    near = np.exp(-(((aside - angle) / [28, 26, 34]) ** 2).sum(1))
    points[:, 0] += 1.9 * near * np.sign(points[:, 0])


def _lower_wings(points: Array) -> None:
    """Bring the rim of the wings down to 2-3 mm above the columella; the averages let one look in from the side."""
    aside = points * [0, 1, 1] + np.abs(points) * [1, 0, 0]
    near = np.exp(-(((aside - WING_RIM) / [5.5, 4.5, 9]) ** 2).sum(1))
    front = np.exp(-(((aside - [9.0, -6.5, 29.0]) / [4.5, 4, 5]) ** 2).sum(1))
    points[:, 1] -= 2.3 * near + 1.0 * front
    points[:, 0] += 0.5 * near * np.sign(points[:, 0])


def _round_base(points: Array) -> None:
    """Give the nose's lower outline the sweep of a gull's wings: round wings, an arched rim, a lobule that hangs.

    The averages, blurred over many noses, leave one straight edge from wing to wing.
    """
    aside = points * [0, 1, 1] + np.abs(points) * [1, 0, 0]
    for place, width, out, up in ROUNDING:
        near = np.exp(-(((aside - place) / width) ** 2).sum(1))
        points[:, 0] += out * near * np.sign(points[:, 0])
        points[:, 1] += up * near


def _fill_lids(points: Array) -> None:
    """Let the skin below the brow hang over the fold, 7 mm above the edge in the averages and 4-5 in life.

    The lower lid's roll comes forward as well, so that the lid is 2 mm thick over the eyeball.
    """
    for side in SIDES:
        for ring, drop, forward in ((LID_FOLD, 1.7, 0.9), (UNDER_BROW, 0.9, 1.1), (LOWER_ROLL, 0.0, 1.2)):
            row = list(ring[side])
            share = np.array([0.5, 0.85, 1, 1, 1, 0.8, 0.4])
            points[row, 1] -= drop * share
            points[row, 2] += forward * share


def _eyes_forward(points: Array, iris: dict[str, Array]) -> Array:
    """Forward shift in mm of the lids, which the detector's prior sets 3-4 mm too deep behind the nose root."""
    shift = np.zeros(len(points))
    for side in SIDES:
        offset = (points - iris[side]) / [18, 13, 1e9]
        shift += 3.4 * np.exp(-(offset**2).sum(1))
    return shift


def _open_eyes(points: Array, iris: dict[str, Array]) -> None:
    """Lay the lids at rest: the upper one over the iris' top, the lower one at its lower edge.

    Margin to pupil distances at rest are 4-4.5 mm above and 5-5.5 below (oculoplastic norms); each lid's skin follows
    its margin and comes to rest at the brow and the cheek.
    """
    for side in SIDES:
        offset = points[:, :2] - iris[side][:2]
        for lid, wanted in ((UPPER_LID, MARGIN_ABOVE), (LOWER_LID, -MARGIN_BELOW)):
            edge = offset[list(lid[side])]
            peak = edge[np.abs(edge[:, 0]).argmin(), 1]
            along = np.clip(1 - (offset[:, 0] / 15.5) ** 2, 0, 1)
            beyond = (offset[:, 1] - peak) * np.sign(wanted)
            follow = np.where(beyond > 0, 1 - smoothstep(beyond, 1, 12), smoothstep(beyond, peak * -np.sign(wanted), 0))
            points[:, 1] += (wanted - peak) * along * follow


def _close_lips(points: Array) -> None:
    """Bring the inner contours of the lips together, leaving the hair's breadth that keeps two surfaces."""
    lift = np.array([0, 0.02, 0])
    for upper, lower in zip(UPPER_LIP_CONTACT[1:-1], LOWER_LIP_CONTACT[1:-1], strict=True):
        middle = (points[upper] + points[lower]) / 2
        points[upper] = middle + lift
        points[lower] = middle - lift
