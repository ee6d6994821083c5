"""The two landmark layouts, iBUG 68 and MediaPipe 478: their regions, mirror maps, and the map between them.

"Left" and "right" are the subject's. Point counts and numbering are those of 300-W (Sagonas et al. 2013) and of
MediaPipe's face mesh with irises (468 mesh points, then five for each iris: centre, then around).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..contract import Ints
from .detector import Layout

IBUG_FROM_MEDIAPIPE: Ints = np.array(
    [
        *(127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356),  # jaw, right to left
        *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows
        *(168, 197, 5, 4, 98, 97, 2, 326, 327),  # nose: bridge, then base
        *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
        *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # lips, outer
        *(78, 82, 13, 312, 308, 317, 14, 87),  # lips, inner
    ],
    dtype=np.int32,
)
"""(68,) the MediaPipe point that lies nearest to each iBUG point.

The jaw was chosen by arc length along MediaPipe's mean oval from eye height to the chin, the nose bridge by even
spacing, the lips by the iBUG mean shape. Jaw points of both layouts slide along the visible contour.
"""

FACE_OVAL: tuple[int, ...] = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The 36 MediaPipe points of the face's outline, from the middle of the forehead round the subject's left side."""

IRIS_RIGHT: tuple[int, ...] = (468, 469, 470, 471, 472)
IRIS_LEFT: tuple[int, ...] = (473, 474, 475, 476, 477)
"""Centre first, then the four points on the rim; MediaPipe layout."""

OUTER_EYE_CORNERS: dict[Layout, tuple[int, int]] = {"68": (36, 45), "478": (33, 263)}
"""The outer corner of the right and of the left eye: the distance that errors are given in percent of."""

INNER_EYE_CORNERS: dict[Layout, tuple[int, int]] = {"68": (39, 42), "478": (133, 362)}

_MIDLINE = frozenset(
    (0, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 94, 151, 152, 164, 168, 175, 195, 197, 199, 200)
)
_FIRST_LEFT = 248


def _mediapipe_mirror() -> Ints:
    """MediaPipe numbers the left half like the right half, point for point, leaving out the midline."""
    mirror = np.arange(478, dtype=np.int32)
    right = [i for i in range(_FIRST_LEFT) if i not in _MIDLINE]
    left = np.arange(_FIRST_LEFT, 468)
    mirror[right], mirror[left] = left, right
    around = [0, 3, 2, 1, 4]  # an iris is numbered clockwise in the picture on both sides
    mirror[list(IRIS_RIGHT)] = np.array(IRIS_LEFT)[around]
    mirror[list(IRIS_LEFT)] = np.array(IRIS_RIGHT)[around]
    return mirror


def _ibug_mirror() -> Ints:
    """From the picture's symmetry: each run of points reads backwards on the other side."""
    runs: list[Sequence[int]] = [range(17), range(17, 27), range(31, 36), range(48, 55), range(55, 60)]
    runs += [range(60, 65), range(65, 68), (36, 37, 38, 39, 42, 43, 44, 45), (40, 41, 46, 47)]
    mirror = np.arange(68, dtype=np.int32)
    for run in runs:
        mirror[list(run)] = list(run)[::-1]
    return mirror


MIRROR: dict[Layout, Ints] = {"68": _ibug_mirror(), "478": _mediapipe_mirror()}
"""(L,) index of each point's mirror image."""

_RIGHT_478: dict[str, tuple[int, ...]] = {
    "brow": (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    "eye": (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    "iris": IRIS_RIGHT,
}


def _regions_478() -> dict[str, Ints]:
    nose = [168, 6, 197, 195, 5, 4, 1, 19, 94, 2, 45, 48, 64, 97, 98, 115, 220, 275, 278, 294, 326, 327, 344, 440]
    upper = [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308]
    lower = [375, 321, 405, 314, 17, 84, 181, 91, 146, 324, 318, 402, 317, 14, 87, 178, 88, 95]
    regions = {name + "_right": list(points) for name, points in _RIGHT_478.items()}
    regions |= {name + "_left": MIRROR["478"][list(points)].tolist() for name, points in _RIGHT_478.items()}
    regions |= {"nose": nose, "lips": upper + lower, "contour": list(FACE_OVAL)}
    regions["jaw"] = IBUG_FROM_MEDIAPIPE[:17].tolist()
    return {name: np.array(points, dtype=np.int32) for name, points in regions.items()}


def _regions_68() -> dict[str, Ints]:
    spans = {"jaw": (0, 17), "contour": (0, 17), "brow_right": (17, 22), "brow_left": (22, 27), "nose": (27, 36)}
    spans |= {"eye_right": (36, 42), "eye_left": (42, 48), "lips": (48, 68)}
    return {name: np.arange(*span, dtype=np.int32) for name, span in spans.items()}


REGIONS: dict[Layout, dict[str, Ints]] = {"68": _regions_68(), "478": _regions_478()}
"""Point indices by region: jaw, contour (the sliding outline), nose, lips, and brow, eye, iris with _left, _right."""


def to_68(points: NDArray[np.floating]) -> NDArray[np.floating]:
    """(..., 68, D) iBUG points out of (..., 478 or 468, D) MediaPipe points."""
    return points[..., IBUG_FROM_MEDIAPIPE, :]


def mirrored(points: NDArray[np.floating], layout: Layout, width: float) -> NDArray[np.floating]:
    """(L, 2) points of the photo flipped left to right: x becomes ``width - x`` and left points become right points."""
    flipped = points[MIRROR[layout]].copy()
    flipped[:, 0] = width - flipped[:, 0]
    return flipped


def outer_eye_distance(points: NDArray[np.floating], layout: Layout) -> float:
    """Distance between the outer eye corners, in the unit of ``points`` (L, D)."""
    right, left = OUTER_EYE_CORNERS[layout]
    return float(np.linalg.norm(points[right] - points[left]))
