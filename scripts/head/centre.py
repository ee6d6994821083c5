"""Where the averaged face is off, and by how much: corrections in depth and breadth, and the brows' height.

A detector that learnt from frontal pictures knows little of depth. Three checks say where it errs: the surveys'
distances, the mean of ICT-FaceKit's identity space, and fits of this head to photos of real people. None of them is
copied: about two thirds of what stood out by more than half a millimetre is taken back, with soft bumps.
"""

from __future__ import annotations

import numpy as np

from .cage import Array, Indices, smoothstep

PLACES = (
    # left place (x, y), breadth of the bump (x, y), outward and forward shift; all in mm
    ((27.5, -36.0), (11.0, 9.0), (0.3, 2.9)),  # the mouth's corner and just outside it, which smiling faces draw in
    ((18.0, 33.0), (8.0, 8.0), (0.0, 1.3)),  # inner canthus
    ((8.5, 31.0), (4.5, 8.0), (-0.7, -1.0)),  # beside the nose's root, filled by the blur over many noses
    ((36.0, 44.5), (15.0, 7.0), (0.0, 0.9)),  # under the brow
    ((30.0, 52.5), (24.0, 6.5), (0.0, -0.9)),  # the brow itself: fits to seven people lie 0.9 +- 0.3 further back
    ((41.0, -14.0), (11.0, 14.0), (-0.2, -1.1)),  # the cheek's hollow beside the nose, fuller where people smile
    ((60.0, 15.0), (15.0, 13.0), (1.3, 0.7)),  # cheekbone and outer orbit, which the detector bends inwards
    ((0.0, -51.5), (13.0, 4.0), (0.0, -0.9)),  # the groove between lower lip and chin
    ((27.0, -66.0), (13.0, 11.0), (0.0, -0.7)),  # beside the chin
    ((16.0, -4.0), (6.5, 8.0), (-0.2, -1.4)),  # the nose's wings, which the blur over many noses draws to its tip
    ((14.5, 18.0), (5.5, 14.0), (-0.8, -0.8)),  # the nose's sides
    ((43.0, 57.0), (14.0, 7.0), (-0.2, -0.5)),  # the brow's outer half
    ((0.0, 61.5), (34.0, 9.0), (0.0, 1.3)),  # the shallow across the forehead
    ((12.0, 55.0), (12.0, 7.0), (0.0, 0.4)),  # the brow's head
)
BROW = ((12.0, 55.5), (28.0, 60.0), (43.0, 57.0), (54.0, 50.0))
"""Corners of the left brow's line, mm."""
REACH = 9.0
"""mm round a point in which the skin's slope is taken."""
BROW_DROP = 2.1
"""mm: fits to seven people put the brows 3.1 +- 1.2 mm below the averages, which are of lively faces; two thirds."""


def settle(points: Array) -> None:
    """Apply ``PLACES`` to the averaged ``points`` (P, 3), mm, in place; the temples come forward as a whole."""
    for (x, y), (width, height), (out, forward) in PLACES:
        near = np.exp(-(((np.abs(points[:, 0]) - x) / width) ** 2) - ((points[:, 1] - y) / height) ** 2)
        if x == 0:
            near = np.exp(-((points[:, 0] / width) ** 2) - ((points[:, 1] - y) / height) ** 2)
        front = 1 - smoothstep(-points[:, 2], 58, 72)
        points[:, 0] += out * near * front * np.sign(points[:, 0])
        points[:, 2] += forward * near * front


def lower_brows(points: Array, mirror: Indices) -> None:
    """Slide the brows down along the skin, in place: the bone under them stays."""
    aside = np.column_stack([np.abs(points[:, 0]), points[:, 1]])
    line = np.array(BROW)
    above = aside[:, 1] - np.interp(aside[:, 0], line[:, 0], line[:, 1])
    along = 1 / (1 + np.exp((aside[:, 0] - 54) / 3.5))
    follow = np.where(above > 0, np.exp(-((above / 15) ** 2)), np.exp(-((above / 5.5) ** 2)))
    front = points[:, 2] > -35
    shift = -BROW_DROP * follow * along * front
    slope = _slope(points[front], points)
    points[:, 1] += shift
    points[:, 2] += (slope + slope[mirror]) / 2 * shift


def _slope(skin: Array, points: Array) -> Array:
    """(P,) rise in z per mm of y of the planes that fit ``skin`` (Q, 3) best round each of ``points`` (P, 3)."""
    result = np.zeros(len(points))
    for row, point in enumerate(points):
        offset = skin - point
        weight = np.exp(-((offset[:, :2] / REACH) ** 2).sum(1))
        design = np.column_stack([offset[:, :2], np.ones(len(skin))])
        normal = (design * weight[:, None]).T @ design + 1e-6 * np.eye(3)
        result[row] = np.linalg.solve(normal, (design * weight[:, None]).T @ offset[:, 2])[1]
    return np.clip(result, -1.0, 1.0)
