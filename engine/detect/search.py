"""Face search from coarse to fine: one small network run on overlapping tiles of a pyramid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .detector import Image

Boxes = NDArray[np.float64]
Find = Callable[[Image], Boxes]
"""Takes a (tile, tile, 3) picture and gives rows of box (4), points (x, y pairs), score."""

OVERLAP = 32
"""Pixels shared by neighbouring tiles; a face larger than this is found whole on the level above."""


def pyramid_scales(width: int, height: int, tile: int, smallest: float, needed: float) -> list[float]:
    """Photo to level scale factors, coarse to fine.

    The first level leaves a wide margin for faces that fill or leave the frame; the second shows the whole photo in
    one tile; each further level takes twice the resolution, until a face of ``smallest`` photo pixels has ``needed``.
    """
    whole = tile / max(width, height)
    scales = [0.6 * whole, whole]
    step = (2 * tile - OVERLAP) / tile
    while scales[-1] * smallest < needed:
        scales.append(min(scales[-1] * step, max(1.0, whole)))
        if scales[-1] == scales[-2]:
            return scales[:-1]
        step = 2.0
    return scales


def pyramid(image: Image, scales: Sequence[float]) -> list[Image]:
    """The image at each of ``scales`` (coarse to fine), each made from the next finer one."""
    levels: list[Image] = []
    for scale in reversed(scales):
        width, height = (max(1, round(n * scale)) for n in image.shape[1::-1])
        finer = levels[-1] if levels else image
        method = cv2.INTER_AREA if width <= finer.shape[1] else cv2.INTER_LINEAR
        levels.append(np.asarray(cv2.resize(finer, (width, height), interpolation=method), np.uint8))
    return levels[::-1]


def search_level(level: Image, size: tuple[int, int], find: Find, tile: int, quarter: int = 0) -> Boxes:
    """Rows like ``find``'s, in photo pixels, of one pyramid level; the same face may come several times.

    Args:
        level: the photo at this level.
        size: (width, height) of the photo.
        find: the network.
        tile: side of its input.
        quarter: the level is searched after turning it anticlockwise by so many quarters of a turn.
    """
    turned = np.rot90(level, quarter)
    height, width = turned.shape[:2]
    found = []
    for left, top in _tiles(width, height, tile):
        rows = find(_tile(turned, left, top, tile)).copy()
        rows[:, 0:-1:2] += left
        rows[:, 1:-1:2] += top
        found.append(rows)
    rows = _turned_back(np.concatenate(found), (width, height), quarter)
    rows[:, 0:-1:2] *= size[0] / level.shape[1]
    rows[:, 1:-1:2] *= size[1] / level.shape[0]
    return rows


def _turned_back(rows: Boxes, size: tuple[int, int], quarter: int) -> Boxes:
    """Rows found in a picture (of ``size``) turned anticlockwise by quarters, in the picture before turning."""
    width, height = size
    for _ in range(quarter % 4):
        x, y = rows[:, 0:-1:2].copy(), rows[:, 1:-1:2].copy()
        rows[:, 0:-1:2], rows[:, 1:-1:2] = height - y, x
        width, height = height, width
    box = np.sort(rows[:, :4].reshape(-1, 2, 2), axis=1)
    rows[:, :4] = box.reshape(-1, 4)
    return rows


def _tiles(width: int, height: int, tile: int) -> Iterator[tuple[int, int]]:
    """Left and top corners; along a side shorter than a tile there is one tile, centred."""

    def starts(length: int) -> list[int]:
        if length <= tile:
            return [(length - tile) // 2]
        count = int(np.ceil((length - OVERLAP) / (tile - OVERLAP)))
        return [round(s) for s in np.linspace(0, length - tile, count)]

    return ((left, top) for top in starts(height) for left in starts(width))


def _tile(level: Image, left: int, top: int, tile: int) -> Image:
    """(tile, tile, 3), black outside the level."""
    inside = level[max(0, top) : top + tile, max(0, left) : left + tile]
    if inside.shape[:2] == (tile, tile):
        return inside
    result = np.zeros((tile, tile, 3), np.uint8)
    y, x = max(0, -top), max(0, -left)
    result[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return result


def suppress(boxes: NDArray[np.floating], scores: NDArray[np.floating], overlap: float = 0.35) -> list[int]:
    """Indices kept by greedy non-maximum suppression of boxes (N, 4), best score first.

    The overlap is the shared area over the smaller box's area, so a box inside another counts as the same face.
    """
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if all(_overlap(boxes[i], boxes[j]) < overlap for j in kept):
            kept.append(int(i))
    return kept


def _overlap(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    shared = np.clip(np.minimum(a[2:4], b[2:4]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    smaller = min((a[2:4] - a[:2]).prod(), (b[2:4] - b[:2]).prod())
    return float(shared / max(smaller, 1e-9))
