"""The default detector: the networks inside MediaPipe's wheel, nothing to download."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..contract import Licence
from .crops import Square, cut
from .detector import Detection, Image, Layout
from .layouts import MIRROR, OUTER_EYE_CORNERS
from .mediapipe_graphs import CROP, FaceSearch, LandmarkNetwork
from .search import pyramid_scales, search_level, suppress

_POSSIBLE, _LIKELY = 0.4, 0.65
"""Search scores worth one look, and worth several; measured: faces 0.72 and more (turned in the plane 0.45), others up
to 0.7."""
_PRESENCE = 0.5
"""Least mean score of the landmark network."""
_STEADY, _SHAKY, _AGREE = 0.02, 0.04, 0.06
"""In face sides. The landmark network draws a face into anything, and an upright one into a face upside down, with full
confidence. Its points stay put from crop to crop only on a face (measured scatter: up to 1 % in front, 3.5 % at 68
degrees of yaw, 2.7 % and more on anything else), so a scatter up to the first is proof enough. Up to the second the
points must also lie within the third of the eyes, nose and mouth that the search network saw (5 % and 7 %)."""
_SMALLEST, _NEEDED = 24.0, 12.0
"""Faces of at least so many photo pixels are looked for; the search network needs so many across."""
_LEVELS, _TURNED_LEVELS = 4, 3
"""Pyramid levels that are always searched, and that are searched in a turned photo when those show no face."""
_MARGIN = 1.5
"""Crop side over face side: what the landmark network was trained with."""
_RESCUES = ((1.0, 0.0), (1.3, 0.0), (0.8, 0.0), (1.0, 25.0), (1.0, -25.0))
"""Scale and turn (degrees) of the crops tried, in order, until the network sees a face."""
_JITTER = (
    *((0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 1.0, 0.0), (-0.03, 0.02, 1.05, 4.0), (0.03, 0.02, 1.05, -4.0)),
    *((0.02, -0.03, 0.95, -2.5), (-0.02, -0.03, 0.95, 2.5), (0.035, 0.0, 1.02, 5.0), (-0.035, 0.0, 1.02, -5.0)),
)
"""Shift (crop sides), scale and turn (degrees) of the crops that are averaged; every second one is also mirrored.

Measured on seven photos cut, turned, scaled, blurred and compressed at random: the points' scatter falls from 0.37 %
of the outer-eye distance with one crop to 0.20 % with eight, for 30 ms.
"""

_SEARCH_POINTS = ((33, 133), (263, 362), (1,), (13, 14))
"""Landmarks whose means are the face search's right eye, left eye, nose tip and mouth."""
_SETTLING = 4
"""Most rounds of cutting a crop to the points found in the last one."""

Points = NDArray[np.float64]


class MediaPipeDetector:
    """Full-range face search on a pyramid of tiles, then 478 points averaged over several crops of each face."""

    name = "mediapipe"
    layout: Layout = "478"
    licence = Licence(
        "MediaPipe face detection and face mesh", "Apache-2.0", True, "https://github.com/google-ai-edge/mediapipe"
    )

    def __init__(self) -> None:
        """Start both networks, on the CPU. Raises ``DetectorUnavailable``."""
        self._search = FaceSearch(_POSSIBLE)
        self._network = LandmarkNetwork()

    def detect(self, image: Image) -> list[Detection]:
        """Every face in ``image`` (H, W, 3), the largest first; see :class:`engine.detect.detector.Detector`.

        A photo that lies on its side or stands on its head is tried when no upright face is found.
        """
        height, width = image.shape[:2]
        scales = pyramid_scales(width, height, CROP, _SMALLEST, _NEEDED)
        found = self._upright(image, scales[:_LEVELS])
        for quarter in (1, 3, 2):
            found = found or self._turned(image, scales[:_TURNED_LEVELS], quarter)
        for scale in scales[_LEVELS:]:
            found = found or self._upright(image, [scale])
        return sorted(found, key=lambda face: -face.size)

    def close(self) -> None:
        """Stop the networks' threads; the detector cannot be used afterwards."""
        self._search.close()
        self._network.close()

    def _upright(self, image: Image, scales: Iterable[float]) -> list[Detection]:
        """Faces found on these pyramid levels."""
        rows = np.concatenate([search_level(image, scale, self._search, CROP) for scale in scales])
        rows = rows[suppress(rows[:, :4], rows[:, -1])]
        faces = [face for face in (self._face(image, row) for row in rows) if face]
        boxes = np.array([face.box for face in faces]).reshape(-1, 4)
        return [faces[i] for i in suppress(boxes, np.array([face.score for face in faces]))]

    def _turned(self, image: Image, scales: Iterable[float], quarter: int) -> list[Detection]:
        """Faces found after turning the photo anticlockwise by quarters of a turn."""
        turned = np.ascontiguousarray(np.rot90(image, quarter))
        height, width = turned.shape[:2]
        back = Square(image.shape[1] / 2, image.shape[0] / 2, 1.0, quarter * math.pi / 2)

        def turn_back(face: Detection) -> Detection:
            points = back.to_photo((face.landmarks - (width / 2, height / 2)) + 0.5, 1)
            return replace(face, box=_box(points), landmarks=points.astype(np.float32))

        return [turn_back(face) for face in self._upright(turned, scales)]

    def _face(self, image: Image, row: Points) -> Detection | None:
        """The face in a row of the face search, or None when the landmark network sees none there."""
        square = self._settled(image, row)
        if square is None:
            return None
        looks = [self._points(image, _moved(square, *move), i % 2 == 1) for i, move in enumerate(_JITTER)]
        points, score = np.mean([look[0] for look in looks], axis=0), float(np.mean([look[1] for look in looks]))
        spread = np.sqrt(np.var([look[0][:, :2] for look in looks], axis=0).sum(1))
        if score < _PRESENCE or not _is_face(row, points, spread.mean() / (square.side / _MARGIN)):
            return None
        return Detection(
            box=_box(points[:468, :2]),
            score=score,
            layout=self.layout,
            landmarks=points[:, :2].astype(np.float32),
            depth=points[:, 2].astype(np.float32),
            spread=spread.astype(np.float32),
        )

    def _settled(self, image: Image, row: Points) -> Square | None:
        """The crop that the points found in it would choose again; None where the network sees no face.

        The first crop follows the coarse search box, whose turn is poor for faces that do not stand upright.
        """
        square = _square_of_box(row)
        for scale, degrees in _RESCUES if row[-1] >= _LIKELY else _RESCUES[:1]:
            points, score = self._points(image, _moved(square, 0, 0, scale, degrees))
            if score >= _PRESENCE:
                break
        else:
            return None
        for _ in range(_SETTLING):
            previous, square = square, _square_of_points(points)
            if _close(previous, square):
                break
            points, score = self._points(image, square)
        return square if score >= _PRESENCE else None

    def _points(self, image: Image, square: Square, mirror: bool = False) -> tuple[Points, float]:
        """(478, 3) photo pixels (and depth in pixels) of the face in a square, and the presence score."""
        found, score = self._network(cut(image, square, CROP, mirror))
        if mirror:
            found = found[MIRROR["478"]]
        depth = found[:, 2:] * (square.side / CROP)
        return np.c_[square.to_photo(found[:, :2], CROP, mirror), depth], score


def _is_face(row: Points, points: Points, scatter: float) -> bool:
    """Whether steady points, or fairly steady points and a face search that agrees with them, show a face."""
    if scatter <= _STEADY:
        return True
    here = [points[list(group), :2].mean(0) for group in _SEARCH_POINTS]
    apart = np.linalg.norm(row[4:12].reshape(4, 2) - here, axis=1).mean() / float((row[2:4] - row[:2]).max())
    return bool(scatter <= _SHAKY and row[-1] >= _LIKELY and apart <= _AGREE)


def _close(a: Square, b: Square) -> bool:
    """Whether two crops show the landmark network the same picture: within 2 % of their side and 2 degrees."""
    turn = abs(math.remainder(a.angle - b.angle, 2 * math.pi))
    return max(abs(a.x - b.x), abs(a.y - b.y), abs(a.side - b.side)) < 0.02 * b.side and turn < math.radians(2)


def _box(points: Points) -> NDArray[np.float32]:
    """(4,) left, top, right, bottom of points (N, 2)."""
    return np.r_[points.min(0), points.max(0)].astype(np.float32)


def _square_of_box(row: Points) -> Square:
    """Crop for the landmark network from a row of the face search, turned so that the eyes are level."""
    box, eyes = row[:4].reshape(2, 2), row[4:8].reshape(2, 2)
    across = eyes[1] - eyes[0]
    x, y = box.mean(0)
    return Square(float(x), float(y), _MARGIN * float((box[1] - box[0]).max()), math.atan2(across[1], across[0]))


def _square_of_points(points: Points) -> Square:
    """Crop for the landmark network from landmarks (478, 3): their upright bounding box and a margin."""
    right, left = OUTER_EYE_CORNERS["478"]
    angle = math.atan2(*(points[left, :2] - points[right, :2])[::-1])
    c, s = math.cos(angle), math.sin(angle)
    upright = np.array([[c, s], [-s, c]])
    turned = points[:468, :2] @ upright.T
    low, high = turned.min(0), turned.max(0)
    x, y = (low + high) / 2 @ upright
    return Square(float(x), float(y), _MARGIN * float((high - low).max()), angle)


def _moved(square: Square, right: float, down: float, scale: float, degrees: float) -> Square:
    """The square shifted by fractions of its side, scaled, and turned clockwise."""
    return Square(
        square.x + right * square.side,
        square.y + down * square.side,
        square.side * scale,
        square.angle + math.radians(degrees),
    )
