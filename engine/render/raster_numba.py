"""The rasteriser as a numba kernel on the CPU. Bands of rows run on threads; importing this imports numba."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .fragments import LIMIT, SUBPIXEL_BITS

ONE = 1 << SUBPIXEL_BITS
HALF = ONE // 2
BANDS_PER_THREAD = 4
"""The head fills the middle of the picture, so more bands than threads share the work better."""


def rasterize(points: Tensor, triangles: Tensor, size: tuple[int, int], cull: bool) -> tuple[Tensor, Tensor]:
    """See :func:`engine.render.rasterizer.rasterize`: triangle (H, W) int64 and barycentric (H, W, 3)."""
    width, height = size
    positions = np.ascontiguousarray(points.numpy())
    corners = np.ascontiguousarray(triangles.numpy(), dtype=np.int64)
    triangle = np.full((height, width), -1, np.int64)
    weights = np.zeros((height, width, 3), positions.dtype)
    draw = partial(_draw_band, positions, *_snap(positions), corners, cull, triangle, weights)
    threads = torch.get_num_threads()
    if threads == 1:
        draw(0, height)
    else:
        edges = np.linspace(0, height, min(height, threads * BANDS_PER_THREAD) + 1).astype(int).tolist()
        list(_pool(threads).map(draw, edges[:-1], edges[1:]))
    return torch.from_numpy(triangle), torch.from_numpy(weights)


def _snap(points: NDArray[np.floating]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Corners in subpixels (V, 2) and 1/z (V,), which is 0 where a corner cannot be drawn."""
    depth = points[:, 2]
    sound = (np.abs(points[:, :2]) < LIMIT).all(-1) & (depth > 0) & np.isfinite(depth)
    snapped = np.floor(np.where(sound[:, None], points[:, :2], 0) * ONE + 0.5).astype(np.int32)
    return snapped, np.where(sound, 1 / np.where(sound, depth, 1).astype(np.float64), 0)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "rasterize")


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Numba's compiled form, kept on disk between runs where there is a folder to keep it in."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # neither __pycache__ nor the user's cache folder can be written
        return numba.njit(nogil=True)(function)


@_compiled
def _draw_band(
    points: NDArray[np.floating],
    snapped: NDArray[np.int32],
    inverse_depth: NDArray[np.float64],
    triangles: NDArray[np.int64],
    cull: bool,
    triangle: NDArray[np.int64],
    weights: NDArray[np.floating],
    first_row: int,
    end_row: int,
) -> None:
    """Fill rows first_row..end_row-1 of ``triangle`` (H, W) and ``weights`` (H, W, 3)."""
    width = triangle.shape[1]
    closest = np.zeros((end_row - first_row, width))
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ay, by, cy = int(snapped[a, 1]), int(snapped[b, 1]), int(snapped[c, 1])
        row = max(first_row, (min(ay, by, cy) + HALF - 1) >> SUBPIXEL_BITS)
        last_row = min(end_row - 1, (max(ay, by, cy) - HALF) >> SUBPIXEL_BITS)
        if row > last_row:
            continue
        ax, bx, cx = int(snapped[a, 0]), int(snapped[b, 0]), int(snapped[c, 0])
        column = max(0, (min(ax, bx, cx) + HALF - 1) >> SUBPIXEL_BITS)
        last_column = min(width - 1, (max(ax, bx, cx) - HALF) >> SUBPIXEL_BITS)
        undrawable = inverse_depth[a] <= 0 or inverse_depth[b] <= 0 or inverse_depth[c] <= 0
        if column > last_column or undrawable:
            continue
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0 or (cull and area > 0):
            continue
        if area < 0:  # counter-clockwise on the screen, where y points down: turn it so that inside is positive
            b, bx, by, c, cx, cy = c, cx, cy, b, bx, by
        # Twice the areas opposite a, b and c at the first pixel's centre, lowered by 1 where the edge is neither top
        # nor left, so that "not negative" is the top-left rule.
        x, y = column * ONE + HALF, row * ONE + HALF
        bias_a = int(not (cy < by or (cy == by and cx > bx)))
        bias_b = int(not (ay < cy or (ay == cy and ax > cx)))
        bias_c = int(not (by < ay or (by == ay and bx > ax)))
        row_a = (cx - bx) * (y - by) - (cy - by) * (x - bx) - bias_a
        row_b = (ax - cx) * (y - cy) - (ay - cy) * (x - cx) - bias_b
        row_c = (bx - ax) * (y - ay) - (by - ay) * (x - ax) - bias_c
        scale = 1.0 / abs(area)
        near_a, near_b, near_c = inverse_depth[a] * scale, inverse_depth[b] * scale, inverse_depth[c] * scale
        for j in range(row, last_row + 1):
            at_a, at_b, at_c = row_a, row_b, row_c
            for i in range(column, last_column + 1):
                if (at_a | at_b | at_c) >= 0:
                    close = (at_a + bias_a) * near_a + (at_b + bias_b) * near_b + (at_c + bias_c) * near_c
                    if close > closest[j - first_row, i]:
                        closest[j - first_row, i] = close
                        triangle[j, i] = t
                at_a -= (cy - by) * ONE
                at_b -= (ay - cy) * ONE
                at_c -= (by - ay) * ONE
            row_a += (cx - bx) * ONE
            row_b += (ax - cx) * ONE
            row_c += (bx - ax) * ONE
    _weigh_band(points, triangles, triangle, weights, first_row, end_row)


@_compiled
def _weigh_band(
    points: NDArray[np.floating],
    triangles: NDArray[np.int64],
    triangle: NDArray[np.int64],
    weights: NDArray[np.floating],
    first_row: int,
    end_row: int,
) -> None:
    """The weights of :func:`engine.render.interpolate.perspective_weights`, from corners that are not snapped."""
    for j in range(first_row, end_row):
        for i in range(triangle.shape[1]):
            t = triangle[j, i]
            if t < 0:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            ax, ay = points[a, 0] - (i + 0.5), points[a, 1] - (j + 0.5)
            bx, by = points[b, 0] - (i + 0.5), points[b, 1] - (j + 0.5)
            cx, cy = points[c, 0] - (i + 0.5), points[c, 1] - (j + 0.5)
            at_a = (bx * cy - by * cx) / points[a, 2]
            at_b = (cx * ay - cy * ax) / points[b, 2]
            at_c = (ax * by - ay * bx) / points[c, 2]
            total = at_a + at_b + at_c
            if total == 0:
                weights[j, i] = 1 / 3
            else:
                weights[j, i, 0], weights[j, i, 1], weights[j, i, 2] = at_a / total, at_b / total, at_c / total
