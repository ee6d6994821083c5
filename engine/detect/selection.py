"""Which of the faces found are reconstructed."""

from __future__ import annotations

from collections.abc import Sequence

from ..config import Faces
from ..errors import BadSetting, FaceNotFound, FaceTooSmall
from .detector import Detection

SMALLEST_FACE = 24.0
"""Pixels across. Measured on shrunken portraits: the points of a face of 40 px are off by 1-2 % of the outer-eye
distance, of 24 px by 2-3 %, of 18 px by 3-5 %, which is more than faces differ."""


def select_faces(detections: Sequence[Detection], faces: Faces, face_index: int, path: str) -> list[Detection]:
    """The faces asked for out of ``detections``, which are sorted from the largest.

    Args:
        detections: what a detector found in one photo.
        faces: ``Settings.faces``; with "all" those too small are left out while one is large enough.
        face_index: ``Settings.face_index``; 0 or more picks that one alone.
        path: the photo, for messages.

    Raises:
        FaceNotFound: there is no face.
        FaceTooSmall: every face asked for has too few pixels.
        BadSetting: ``face_index`` counts past the last face.
    """
    if not detections:
        raise FaceNotFound(path)
    if face_index >= len(detections):
        raise BadSetting("face_index", face_index, f"below {len(detections)}, the number of faces found in “{path}”")
    if faces == "all" and face_index < 0:
        chosen = [face for face in detections if face_pixels(face) >= SMALLEST_FACE] or [detections[0]]
    else:
        chosen = [detections[max(face_index, 0)]]
    check_size(chosen[0], path)
    return chosen


def face_pixels(detection: Detection) -> float:
    """How many pixels wide the face is, or would be if it looked at the camera: a face is 1.2 times as high as wide."""
    left, top, right, bottom = (float(v) for v in detection.box)
    return max(right - left, (bottom - top) / 1.2)


def check_size(detection: Detection, path: str) -> None:
    """Raise ``FaceTooSmall`` for a face of fewer than :data:`SMALLEST_FACE` pixels."""
    pixels = face_pixels(detection)
    if pixels < SMALLEST_FACE:
        raise FaceTooSmall(path, pixels, SMALLEST_FACE)
