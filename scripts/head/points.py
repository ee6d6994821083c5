"""The mean face: 468 averaged points made neutral, symmetric and true in depth and size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .cage import SIDES, Array, Indices

AVERAGES = Path(__file__).with_name("mean_face.npz")
UPPER_LIP_CONTACT = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP_CONTACT = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)


@dataclass(frozen=True)
class MeanFace:
    """The averaged points."""

    points: Array
    """(468, 3) mm."""
    iris: dict[str, Array]
    """(3,) middle of the iris on each side, mm."""
    mirror: Indices
    """(468,) index of each point's mirror image."""


def smoothstep(x: Array, low: float, high: float) -> Array:
    """0 below ``low``, 1 above ``high``, a cubic between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


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
    points[:, 2] *= 1.04 + 0.12 * smoothstep(np.abs(points[:, 0]), 25, 70)
    iris = {"R": points[468], "L": points[473]}
    points[:, 2] += _profile(points) + _eyes_forward(points, iris)
    _narrow_nose(points)
    _close_lips(points)
    points = (points + (points * [-1, 1, 1])[mirror]) / 2
    return MeanFace(points[:468], {"R": points[468], "L": points[473]}, mirror[:468])


def _profile(points: Array) -> Array:
    """Forward shift in mm that brings nose, lips and chin to published profiles.

    Nose protrusion 19-21 (NIOSH); soft chin 3-4 behind a vertical through the nose's base (Arnett and Bergman 1993),
    where the averages have 11.
    """
    nose = np.exp(-((points - points[1]) ** 2).sum(1) / 16**2)
    middle = (points[13] + points[14]) / 2
    lips = np.exp(-(((points - middle) / [26, 13, 20]) ** 2).sum(1))
    chin = np.exp(-(((points - points[199]) / [36, 20, 60]) ** 2).sum(1))
    return 3.2 * nose + 2.2 * lips + 4.5 * chin


def _narrow_nose(points: Array) -> None:
    """Bring the nose's wings to a breadth of 36 mm; the averages, of smiling faces among others, give 40."""
    wing = np.array([19.0, -6.0, 12.0])
    aside = points * [0, 1, 1] + np.abs(points) * [1, 0, 0]
    near = np.exp(-(((aside - wing) / [14, 14, 16]) ** 2).sum(1))
    points[:, 0] *= 1 - 0.1 * near


def _eyes_forward(points: Array, iris: dict[str, Array]) -> Array:
    """Forward shift in mm of the lids, which the detector's prior sets 3-4 mm too deep behind the nose root."""
    shift = np.zeros(len(points))
    for side in SIDES:
        offset = (points - iris[side]) / [18, 13, 1e9]
        shift += 3.4 * np.exp(-(offset**2).sum(1))
    return shift


def _close_lips(points: Array) -> None:
    """Bring the inner contours of the lips together, leaving the hair's breadth that keeps two surfaces."""
    lift = np.array([0, 0.02, 0])
    for upper, lower in zip(UPPER_LIP_CONTACT[1:-1], LOWER_LIP_CONTACT[1:-1], strict=True):
        middle = (points[upper] + points[lower]) / 2
        points[upper] = middle + lift
        points[lower] = middle - lift
