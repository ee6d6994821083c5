"""Plain numpy files from strangers: nothing unpickled, nothing allocated that the file does not hold."""

from __future__ import annotations

import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .damage import FileDamaged

MAX_BYTES = 4 << 30
"""All arrays of a file together; the largest published one (a texture space) unpacks to 1.3 GB."""

_CORRUPT = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, struct.error, RuntimeError)
"""What a broken or an encrypted archive raises once it is open (``NotImplementedError`` is a ``RuntimeError``)."""

ArrayHeader = tuple[tuple[int, ...], bool, "np.dtype[Any]"]


_UNREADABLE = (ValueError, EOFError, TypeError, SyntaxError, RecursionError, tokenize.TokenError, *_CORRUPT)


class ArraysDamaged(FileDamaged):
    """No numpy file, cut off, or an array of another size than it says."""


def read_npy(path: Path) -> np.ndarray:
    """The array in a ``.npy`` file.

    Raises:
        ArraysDamaged: not a whole file of plain numbers or strings.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        header = array_header(file)
        return _array(file, header, path.stat().st_size - file.tell())


def npz_headers(path: Path) -> dict[str, ArrayHeader]:
    """Shape, whether Fortran order, and dtype of each array in a ``.npz``. Raises as :func:`read_npy`."""
    with _Opened(path) as archive:
        headers = {}
        for entry in archive.infolist():
            if entry.filename.endswith(".npy"):
                with archive.open(entry) as file:
                    headers[entry.filename.removesuffix(".npy")] = array_header(file)
        return headers


def read_npz(path: Path, names: tuple[str, ...] | None = None) -> dict[str, np.ndarray]:
    """Arrays of a ``.npz`` by name; those that hold Python objects are left out. Raises as :func:`read_npy`.

    Args:
        path: the file.
        names: read only these, those that exist.
    """
    arrays: dict[str, np.ndarray] = {}
    with _Opened(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.removesuffix(".npy")
            if name == entry.filename or (names is not None and name not in names):
                continue
            with archive.open(entry) as file:
                header = array_header(file)
                if not header[2].hasobject:
                    arrays[name] = _array(file, header, entry.file_size - file.tell())
    return arrays


def array_header(file: Any) -> ArrayHeader:
    """Header of an ``.npy`` stream; raises :class:`ArraysDamaged`."""
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return read(file)
    except _UNREADABLE as error:
        raise ArraysDamaged("it holds no numpy arrays") from error


class _Opened:
    """A zip archive whose damage is an :class:`ArraysDamaged` and whose declared size is bearable."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> zipfile.ZipFile:
        self._file = self._path.open("rb")
        try:
            self._archive = zipfile.ZipFile(self._file)
            if sum(entry.file_size for entry in self._archive.infolist()) > MAX_BYTES:
                raise ArraysDamaged("it is too large")
        except (*_CORRUPT, ValueError) as error:
            self._file.close()
            raise error if isinstance(error, ArraysDamaged) else ArraysDamaged("it is no whole npz file") from error
        return self._archive

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._archive.close()
        self._file.close()
        if isinstance(error, _CORRUPT):
            raise ArraysDamaged("it is cut off or damaged") from error


def _array(file: Any, header: ArrayHeader, size: int) -> np.ndarray:
    """The data after a header, whose length must be ``size`` bytes."""
    shape, fortran, dtype = header
    if dtype.hasobject or any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize != size:
        raise ArraysDamaged("it holds an array of another size than it says")
    data = np.empty(size, np.uint8)
    filled = 0
    while filled < size and (count := file.readinto(data[filled : filled + (1 << 24)])):
        filled += count
    if filled < size:
        raise ArraysDamaged("it is cut off")
    return data.view(dtype).reshape(shape, order="F" if fortran else "C")
