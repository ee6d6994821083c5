"""The points of one face, averaged over several looks at it, and the judgement whether it is a face at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .crops import Square, cut
from .detector import Detection, Image
from .layouts import MIRROR, OUTER_EYE_CORNERS, outer_eye_distance

Points = NDArray[np.float64]

_LIKELY = 0.65
"""Search score worth several looks; measured: faces 0.72 and more (turned in the plane 0.45), others up to 0.7."""
_PRESENCE = 0.5
"""Least mean score of the landmark network."""
_STEADY, _SHAKY, _AGREE = (0.013, 0.022), (0.022, 0.04), 0.06
"""In face sides, the pairs for faces to the front and turned away. The landmark network draws a face into anything, and
an upright one into a face upside down, with full confidence. Its points stay put from crop to crop only on a face: the
measured scatter is 0.5-1 % in front, 1.5 % at 45 and 3.5 % at 68 degrees of yaw, and mostly above 2.6 % on anything
else. So a scatter up to the first is proof enough. Up to the second the points must also lie within the last of the
eyes, nose and mouth that the search network saw (measured: up to 6 % on faces that stand upright, 4 % on a button,
else 7 % and more)."""
_TURNED = 0.43
"""Outer-eye distance over face side below which a face counts as turned away: 0.55 in front, 0.39 at 45 degrees."""
_MARGIN = 1.5
"""Crop side over face side: what the landmark networks were trained with."""
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


@dataclass(frozen=True)
class Look:
    """What a landmark network saw in one crop."""

    points: Points
    """(478, 3) pixels of the crop; the third is relative depth in the same unit, larger is farther."""
    score: float
    """0..1: whether it is a face."""
    expression: dict[str, float] | None = None
    """ARKit expression scores 0..1."""


class LandmarkNetwork(Protocol):
    """A network that sees 478 points in a square crop where an upright face fills two thirds of the side."""

    size: int
    """Side of the crop in pixels."""

    def __call__(self, crop: Image) -> Look:
        """Look at a crop (size, size, 3)."""
        ...

    def close(self) -> None:
        """Free what the network holds."""
        ...


def read_face(network: LandmarkNetwork, image: Image, found: Points) -> Detection | None:
    """The face at a row of the face search (``FaceSearch.__call__``, photo pixels), or None if it is none."""
    square = _settled(network, image, found)
    if square is None:
        return None
    looks = [_look(network, image, _moved(square, *move), i % 2 == 1) for i, move in enumerate(_JITTER)]
    score = float(np.mean([look.score for look in looks]))
    if score < _PRESENCE:
        return None
    looks = [look for look in looks if look.score >= _PRESENCE]
    points = np.mean([look.points for look in looks], axis=0)
    spread = np.sqrt(np.var([look.points[:, :2] for look in looks], axis=0).sum(1))
    if not _is_face(found, points, spread.mean() / (square.side / _MARGIN)):
        return None
    return Detection(
        box=bounding_box(points[:468, :2]),
        score=score,
        layout="478",
        landmarks=points[:, :2].astype(np.float32),
        depth=points[:, 2].astype(np.float32),
        spread=spread.astype(np.float32),
        scores=_mean_expression(looks),
    )


def bounding_box(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """(4,) left, top, right, bottom of points (N, 2)."""
    return np.r_[points.min(0), points.max(0)].astype(np.float32)


def _settled(network: LandmarkNetwork, image: Image, found: Points) -> Square | None:
    """The crop that the points found in it would choose again; None where the network sees no face.

    The first crop follows the coarse search box, whose turn is poor for faces that do not stand upright.
    """
    square = _square_of_box(found)
    for scale, degrees in _RESCUES if found[-1] >= _LIKELY else _RESCUES[:1]:
        look = _look(network, image, _moved(square, 0, 0, scale, degrees))
        if look.score >= _PRESENCE:
            break
    for _ in range(_SETTLING):
        if look.score < _PRESENCE:
            return None
        previous, square = square, _square_of_points(look.points)
        if _close(previous, square):
            break
        look = _look(network, image, square)
    return square


def _look(network: LandmarkNetwork, image: Image, square: Square, mirror: bool = False) -> Look:
    """A look whose points are photo pixels; a mirrored look is turned back."""
    look = network(cut(image, square, network.size, mirror))
    points, expression = look.points, look.expression
    if mirror:
        points = points[MIRROR["478"]]
        expression = expression and {_other_side(name): score for name, score in expression.items()}
    depth = points[:, 2:] * (square.side / network.size)
    return Look(np.c_[square.to_photo(points[:, :2], network.size, mirror), depth], look.score, expression)


def _other_side(name: str) -> str:
    return name.replace("Left", "\0").replace("Right", "Left").replace("\0", "Right")


def _mean_expression(looks: list[Look]) -> dict[str, float] | None:
    scores = [look.expression for look in looks if look.expression]
    return {name: float(np.mean([s[name] for s in scores])) for name in scores[0]} if scores else None


def _is_face(found: Points, points: Points, scatter: float) -> bool:
    """Whether steady points, or fairly steady points and a face search that agrees with them, show a face."""
    turned = int(outer_eye_distance(points[:, :2], "478") < _TURNED * np.ptp(points[:468, :2], axis=0).max())
    if scatter <= _STEADY[turned]:
        return True
    here = [points[list(group), :2].mean(0) for group in _SEARCH_POINTS]
    apart = np.linalg.norm(found[4:12].reshape(4, 2) - here, axis=1).mean() / float((found[2:4] - found[:2]).max())
    return bool(scatter <= _SHAKY[turned] and found[-1] >= _LIKELY and apart <= _AGREE)


def _close(a: Square, b: Square) -> bool:
    """Whether two crops show the landmark network the same picture: within 2 % of their side and 2 degrees."""
    turn = abs(math.remainder(a.angle - b.angle, 2 * math.pi))
    return max(abs(a.x - b.x), abs(a.y - b.y), abs(a.side - b.side)) < 0.02 * b.side and turn < math.radians(2)


def _square_of_box(found: Points) -> Square:
    """Crop from a row of the face search, turned so that the eyes are level."""
    box, eyes = found[:4].reshape(2, 2), found[4:8].reshape(2, 2)
    across = eyes[1] - eyes[0]
    x, y = box.mean(0)
    return Square(float(x), float(y), _MARGIN * float((box[1] - box[0]).max()), math.atan2(across[1], across[0]))


def _square_of_points(points: Points) -> Square:
    """Crop from landmarks (478, 3): their upright bounding box and a margin."""
    right, left = OUTER_EYE_CORNERS["478"]
    across = points[left, :2] - points[right, :2]
    angle = math.atan2(across[1], across[0])
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
