"""Wavefront OBJ as far as a morphable model needs it: positions fast, polygons and UVs once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..contract import Floats, Ints
from .damage import FileDamaged

LARGEST = 64 << 20
"""Bytes of one OBJ."""


def read_positions(path: Path) -> NDArray[np.float64]:
    """(V, 3) positions of the lines ``v x y z``, in file order.

    Raises ``FileDamaged``: the file is missing, too large or a line does not hold three finite numbers.
    """
    return _numbers(_lines(path), b"v ", 3, path)


def read_polygons(path: Path) -> tuple[NDArray[np.float64], Ints, Floats | None]:
    """Positions (V, 3), polygons (F, 4) with -1 ending a triangle, and UVs (F, 4, 2) per corner if every face has them.

    Raises ``FileDamaged``: as :func:`read_positions`, or a face has other than three or four corners, or one names a
    vertex or a UV pair that does not exist.
    """
    lines = _lines(path)
    positions = _numbers(lines, b"v ", 3, path)
    table = _numbers(lines, b"vt ", 2, path)
    corners = [line.split()[1:] for line in lines if line.startswith(b"f ")]
    polygons = _indices(corners, 0, len(positions), path)
    if not len(table) or not all(corner.count(b"/") and corner.split(b"/")[1] for face in corners for corner in face):
        return positions, polygons, None
    rows = _indices(corners, 1, len(table), path)
    uvs = np.where((rows >= 0)[..., None], table[rows.clip(0)], 0.0)
    return positions, polygons, uvs.astype(np.float32)


def _lines(path: Path) -> list[bytes]:
    try:
        if path.stat().st_size > LARGEST:
            raise FileDamaged(f"“{path.name}” is larger than {LARGEST >> 20} MiB")
        return path.read_bytes().splitlines()
    except OSError as error:
        raise FileDamaged(f"“{path.name}” is missing or cannot be read") from error


def _numbers(lines: list[bytes], mark: bytes, columns: int, path: Path) -> NDArray[np.float64]:
    """(N, columns) of the lines that start with ``mark``."""
    rows = [line[len(mark) :] for line in lines if line.startswith(mark)]
    try:
        # One call for all numbers: a float() for each would take ten times as long.
        values = np.array(b" ".join(rows).split(), dtype=np.float64)
    except ValueError as error:
        raise FileDamaged(f"“{path.name}” is damaged") from error
    if len(values) != columns * len(rows) or not np.isfinite(values).all():
        raise FileDamaged(f"“{path.name}” is damaged")
    return values.reshape(-1, columns)


def _indices(faces: list[list[bytes]], position: int, count: int, path: Path) -> Ints:
    """(F, 4) zero-based entries ``position`` of the corners ``a/b/c``; -1 after a triangle."""
    table = np.full((len(faces), 4), -1, np.int64)
    try:
        for row, face in enumerate(faces):
            if not 3 <= len(face) <= 4:
                raise FileDamaged(f"“{path.name}” has a face with {len(face)} corners")
            table[row, : len(face)] = [int(corner.split(b"/")[position]) - 1 for corner in face]
    except (ValueError, OverflowError, IndexError) as error:
        raise FileDamaged(f"“{path.name}” is damaged") from error
    if (table[:, :3] < 0).any() or (table >= count).any() or (table < -1).any():
        raise FileDamaged(f"“{path.name}” names vertices that it does not have")
    return table.astype(np.int32)
