"""Pixels in and out: the photo sampled in linear light, 8-bit sRGB written."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract import Floats
from ..light.color import srgb_to_linear

Image = NDArray[np.uint8]

_TO_LINEAR: Floats = srgb_to_linear(np.arange(256, dtype=np.float32) / 255)
_CODES = srgb_to_linear((np.arange(255, dtype=np.float64) + 0.5) / 255)
_TO_SRGB: Image = np.searchsorted(_CODES, np.linspace(0, 1, 16384)).astype(np.uint8)


def sample(photo: Image, positions: Floats, covered: NDArray[np.bool_]) -> Floats:
    """(S, S, 3) linear RGB of the photo (H, W, 3) at ``positions`` (S, S, 2), where ``covered`` (S, S) has surface.

    The photo is averaged down first where a texel spans several of its pixels.
    """
    both = covered[::4, 1::4] & covered[::4, :-1:4]
    steps = np.linalg.norm(positions[::4, 1::4] - positions[::4, :-1:4], axis=-1)[both]
    shrink = float(np.median(steps)) if len(steps) else 1.0
    if shrink > 1.3:
        side = (max(round(photo.shape[1] / shrink), 1), max(round(photo.shape[0] / shrink), 1))
        factors = np.array([side[0] / photo.shape[1], side[1] / photo.shape[0]], dtype=np.float32)
        photo, positions = cv2.resize(photo, side, interpolation=cv2.INTER_AREA).astype(np.uint8), positions * factors
    return _TO_LINEAR[look_up(photo, positions - np.float32(0.5), cv2.INTER_CUBIC, cv2.BORDER_REPLICATE)]


def look_up(
    image: NDArray[Any], places: Floats, method: int = cv2.INTER_LINEAR, border: int = cv2.BORDER_CONSTANT
) -> Any:
    """The image (H, W, ...) at ``places`` (h, w, 2), column and row counted from the first pixel's centre."""
    columns, rows = cv2.split(places.astype(np.float32, copy=False))
    return cv2.remap(image, columns, rows, method, borderMode=border)


def window(chosen: NDArray[np.bool_], margin: int = 0) -> tuple[slice, slice]:
    """Rows and columns that hold everything ``chosen`` (S, S), and ``margin`` more; all of it if there is none."""
    rows, columns = np.flatnonzero(chosen.any(1)), np.flatnonzero(chosen.any(0))
    if not len(rows):
        return np.s_[:, :]
    low, left = max(int(rows[0]) - margin, 0), max(int(columns[0]) - margin, 0)
    return np.s_[low : int(rows[-1]) + 1 + margin, left : int(columns[-1]) + 1 + margin]


def encode(linear: Floats) -> Image:
    """8-bit sRGB of linear values 0..1."""
    return _TO_SRGB[(np.clip(linear, 0, 1) * (len(_TO_SRGB) - 1) + 0.5).astype(np.uint16)]
