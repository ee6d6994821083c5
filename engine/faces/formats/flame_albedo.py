"""Albedo spaces in FLAME's UV layout: converted from BFM, the Max Planck Institute's own, and AlbedoMM's.

All three hold 512 x 512 texels. The first two are in gamma space (sRGB), the third is linear; channels are stored blue
first. Here they become linear RGB, blocks of texels averaged to 256 x 256.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np

from ...contract import Licence
from ...files.arrays import ArrayHeader, ArraysDamaged, array_header, npz_headers, read_npz
from ...light.color import srgb_to_linear
from .published import PublishedAlbedo

SIZE = 256
"""Texels across after averaging; all that a vertex of FLAME's density can hold."""

COMPONENTS = 200
"""No published space has more."""

KINDS = ("albedo-mm", "mpi", "bfm")
"""From the most to the least physical."""

LICENCES = {
    "bfm": Licence(
        "FLAME albedo from BFM",
        "Basel Face Model licence (non-commercial)",
        False,
        "github.com/TimoBolkart/BFM_to_FLAME",
    ),
    "mpi": Licence("FLAME texture space", "CC-BY-NC-SA-4.0", False, "https://flame.is.tue.mpg.de"),
    "albedo-mm": Licence("AlbedoMM", "AlbedoMM licence (non-commercial)", False, "github.com/waps101/AlbedoMM"),
}


def kind_of(headers: dict[str, ArrayHeader]) -> str | None:
    """Which space an npz with these arrays holds, by its keys; ``None`` for other files."""
    names = set(headers)
    if {"MU", "PC", "specMU", "specPC"} <= names:
        return "albedo-mm"
    if {"mean", "tex_dir"} <= names:
        return "mpi"
    return "bfm" if {"MU", "PC"} <= names else None


def read_albedo(path: Path) -> PublishedAlbedo:
    """The space in ``path``.

    A gamma-space model is linearised at its mean: the mean goes through sRGB's curve, each offset is multiplied by the
    curve's slope there. Channels are put in order by the mean itself: skin is redder than blue.

    Raises:
        ArraysDamaged: another file, or a damaged one.
        OSError: it cannot be read.
    """
    headers = npz_headers(path)
    kind = kind_of(headers)
    mean_key, basis_key = ("mean", "tex_dir") if kind == "mpi" else ("MU", "PC")
    if kind is None or any(headers[key][2].kind not in "fiu" for key in (mean_key, basis_key)):
        raise ArraysDamaged("it holds no albedo space")
    scale = 255.0 if kind == "mpi" else 1.0
    stored = read_npz(path, (mean_key,))[mean_key].reshape(-1) / scale
    side = isqrt(len(stored) // 3)
    count = headers[basis_key][0][-1] if headers[basis_key][0] else 0
    if side * side * 3 != len(stored) or side % SIZE or not 0 < count <= COMPONENTS:
        raise ArraysDamaged("its texture has an unusual size")
    if _elements(headers[basis_key]) != len(stored) * count or not np.isfinite(stored).all():
        raise ArraysDamaged("its mean and its basis do not fit")
    texture = stored.reshape(side, side, 3)
    blue_first = texture[..., 0].mean() < texture[..., 2].mean()
    mean, slope = (texture, np.ones_like(texture)) if kind == "albedo-mm" else _linearised(texture)
    basis = np.empty((count, SIZE, SIZE, 3), np.float32)
    step = side // SIZE
    for row, block in enumerate(_rows(path, basis_key, side, step, count)):
        offsets = block / scale * slope[row * step : (row + 1) * step, ..., None]
        basis[:, row] = offsets.reshape(step, SIZE, step, 3, count).mean((0, 2)).transpose(2, 0, 1)
    small = mean.reshape(SIZE, step, SIZE, step, 3).mean((1, 3)).astype(np.float32)
    if not np.isfinite(basis).all():
        raise ArraysDamaged("it holds values that are no numbers")
    if blue_first:
        small, basis = np.ascontiguousarray(small[..., ::-1]), np.ascontiguousarray(basis[..., ::-1])
    return PublishedAlbedo(small, basis, LICENCES[kind].name)


def _linearised(texture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear values of an sRGB texture, and the curve's slope at each."""
    values = np.clip(texture, 0, 1)
    slope = np.where(values <= 0.04045, 1 / 12.92, 2.4 / 1.055 * ((values + 0.055) / 1.055) ** 1.4)
    return srgb_to_linear(values), slope


def _elements(header: ArrayHeader) -> int:
    count = 1
    for size in header[0]:
        count *= size
    return count


def _rows(path: Path, key: str, side: int, step: int, count: int) -> Iterator[np.ndarray]:
    """The basis, ``step`` rows of texels (step, side, 3, count) at a time: whole it would be over a gigabyte."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as file:
        _, fortran, dtype = array_header(file)
        if fortran:
            whole = read_npz(path, (key,))[key].reshape(side, side, 3, count)
            yield from whole.reshape(side // step, step, side, 3, count)
            return
        size = step * side * 3 * count * dtype.itemsize
        for _ in range(side // step):
            yield np.frombuffer(_exactly(file, size), dtype).reshape(step, side, 3, count)


def _exactly(file: Any, size: int) -> bytes:
    try:
        data: bytes = file.read(size)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ArraysDamaged("it is cut off or damaged") from error
    if len(data) < size:
        raise ArraysDamaged("it is cut off")
    return data
