"""The focal length of a photo: from EXIF where it says so, else a sensible start and bounds for estimating it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_EXIF_FOCAL_LENGTH = 0x920A
_EXIF_FOCAL_LENGTH_35MM = 0xA405
_EXIF_WIDTH, _EXIF_HEIGHT = 0xA002, 0xA003
_EXIF_PLANE_X_RESOLUTION, _EXIF_PLANE_UNIT = 0xA20E, 0xA210
_MILLIMETRES_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}

_FILM_DIAGONAL = math.hypot(36.0, 24.0)
"""Millimetres. "35 mm equivalent" compares diagonals (CIPA DCG-001)."""

_FACE_WIDTH = 0.145
"""Metres across an adult face where MediaPipe's outline is widest."""
_USUAL_DISTANCE = 1.2
"""Metres: selfies are taken from 0.5, photos of a group or in a studio from 1.5 to 4."""
_USUAL_FOCAL = 1.4
"""Times the long side: about 50 mm on film, between a phone (0.7) and a portrait lens (2.4)."""


def focal_from_exif(tags: Mapping[int, Any], width: int, height: int) -> float | None:
    """Focal length in pixels of a photo of ``width`` x ``height`` pixels, or None where EXIF does not tell.

    ``f = f35 * diagonal / 43.27 mm``, else ``f = f_mm * pixels per mm of the sensor``. A photo whose shape differs
    from the size that EXIF gives was cropped, and a focal length outside :func:`focal_bounds` is a mistake: both
    count as unknown.

    Args:
        tags: EXIF values by tag number, those of the base and the Exif directory together.
        width: pixels, before or after turning upright.
        height: pixels.
    """
    taken = (_number(tags, _EXIF_WIDTH), _number(tags, _EXIF_HEIGHT))
    if min(taken) > 0 and _cropped(taken, (width, height)):
        return None
    focal = _number(tags, _EXIF_FOCAL_LENGTH_35MM) * math.hypot(width, height) / _FILM_DIAGONAL
    if not focal and min(taken) > 0:
        unit = _MILLIMETRES_PER_UNIT.get(int(_number(tags, _EXIF_PLANE_UNIT)) or 2, 25.4)
        per_millimetre = _number(tags, _EXIF_PLANE_X_RESOLUTION) / unit
        focal = _number(tags, _EXIF_FOCAL_LENGTH) * per_millimetre * max(width, height) / max(taken)
    low, high = focal_bounds(width, height)
    return focal if low <= focal <= high else None


def default_focal(width: int, height: int, face_width: float | None = None) -> float:
    """A start, in pixels, for a photo whose focal length is unknown.

    Without a face: 1.4 times the long side. With ``face_width`` (pixels) the geometric mean of that and of the focal
    length that puts the face 1.2 m away, because a photo cropped to the face has a long focal length for its size:
    ``f = distance * face pixels / face metres``. Never outside :func:`focal_bounds`.
    """
    focal = _USUAL_FOCAL * max(width, height)
    if face_width:
        focal = math.sqrt(focal * _USUAL_DISTANCE * face_width / _FACE_WIDTH)
    low, high = focal_bounds(width, height)
    return min(max(focal, low), high)


def focal_bounds(width: int, height: int) -> tuple[float, float]:
    """Lowest and highest believable focal length in pixels: 0.45 to 10 times the long side (16 to 360 mm on film)."""
    side = max(width, height)
    return 0.45 * side, 10.0 * side


def _number(tags: Mapping[int, Any], tag: int) -> float:
    """A tag as a finite positive number, else 0; cameras write fractions with a zero below the line."""
    try:
        value = float(tags.get(tag, 0))
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0
    return value if math.isfinite(value) and value > 0 else 0.0


def _cropped(taken: tuple[float, float], now: tuple[int, int]) -> bool:
    """Whether the shape changed by more than 2 %, a turn by 90 degrees aside."""
    return abs(max(taken) / min(taken) - max(now) / min(now)) > 0.02 * max(taken) / min(taken)
