"""Square, possibly turned cut-outs of a photo for networks of a fixed input size, and the way back.

Every point is in pixels with the origin at the corner of the first pixel (``engine/camera/conventions.py``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .detector import Image


@dataclass(frozen=True)
class Square:
    """A square in the photo."""

    x: float
    """Centre, pixels."""
    y: float
    side: float
    """Pixels."""
    angle: float = 0.0
    """Radians, clockwise in the picture: the direction in the photo that becomes the crop's +x."""

    def to_photo(self, points: NDArray[np.floating], size: int, mirror: bool = False) -> NDArray[np.float64]:
        """(..., 2) photo pixels of points (..., 2) in the crop of ``size`` pixels."""
        unit = (np.asarray(points, np.float64) / size - 0.5) * self.side
        if mirror:
            unit[..., 0] *= -1
        c, s = math.cos(self.angle), math.sin(self.angle)
        x, y = unit[..., 0], unit[..., 1]
        return np.stack([self.x + c * x - s * y, self.y + s * x + c * y], -1)


def cut(image: Image, square: Square, size: int, mirror: bool = False) -> Image:
    """(size, size, 3) crop of ``square``, black outside the photo, low-pass filtered before it is made smaller.

    With ``mirror`` the crop is flipped left to right; :meth:`Square.to_photo` with the same flag undoes that.
    """
    image, square = _reduced(image, square, size)
    corners = square.to_photo(np.array([[0.0, 0], [size, 0], [0, size]]), size, mirror)
    target = np.array([[0.0, 0], [size, 0], [0, size]])
    # OpenCV counts from pixel centres.
    matrix = cv2.getAffineTransform((corners - 0.5).astype(np.float32), (target - 0.5).astype(np.float32))
    return np.asarray(cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR), np.uint8)


def _reduced(image: Image, square: Square, size: int) -> tuple[Image, Square]:
    """The surroundings of the square as mean values of whole blocks of pixels, when it is over twice too large."""
    block = int(square.side / size)
    if block < 2:
        return image, square
    half = square.side * 0.5 * (abs(math.cos(square.angle)) + abs(math.sin(square.angle))) + block
    left, top = (max(0, math.floor(c - half)) for c in (square.x, square.y))
    part = image[top : max(top, math.ceil(square.y + half)), left : max(left, math.ceil(square.x + half))]
    if min(part.shape[:2]) < block:
        return image, square
    height, width = (n // block for n in part.shape[:2])
    small = cv2.resize(part[: height * block, : width * block], (width, height), interpolation=cv2.INTER_AREA)
    moved = Square((square.x - left) / block, (square.y - top) / block, square.side / block, square.angle)
    return np.asarray(small, np.uint8), moved
