"""The numeric arrays and structs of a MATLAB 5 file, read without trusting a number in it.

SciPy's reader crashes the process on some damaged files, so files that strangers made do not go through it. Layout:
MathWorks' public description of the MAT-file format, level 5. A file is a header of 128 bytes and elements, each a tag
(type, size) and content; a variable is an element of elements (flags, dimensions, name, values), mostly compressed.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .damage import FileDamaged

LARGEST = 1 << 30
"""Bytes that one variable may take."""

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_STRUCT = 2
_NUMERIC = range(6, 16)
_COMPLEX = 0x0800
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_HEAD_BYTES = 1024
"""Enough for the flags, dimensions and name of any variable that is used."""


@dataclass(frozen=True)
class _Variable:
    """One matrix element: what it is, and where its values start in ``data``."""

    data: memoryview
    order: str
    kind: int
    is_complex: bool
    shape: tuple[int, ...]
    name: str
    start: int


def byte_order(path: Path) -> str | None:
    """``"<"`` or ``">"`` of a MATLAB 5 file, ``None`` for any other file."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except OSError:
        return None
    return {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}.get(header[124:128])


def list_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes by variable name; of each variable only the first kilobyte is read.

    Raises ``FileDamaged``.
    """
    return {variable.name: variable.shape for variable in _variables(path, None)}


def read_array(path: Path, name: str) -> NDArray[Any] | None:
    """The real numeric variable ``name`` in its stored type, column-major; ``None`` if there is none of that name.

    Raises ``FileDamaged``: it is of another kind, larger than ``LARGEST`` or damaged.
    """
    for variable in _variables(path, name):
        return _values(variable, name)
    return None


def read_fields(path: Path, name: str) -> dict[str, NDArray[Any] | None] | None:
    """The fields of the 1 × 1 struct ``name``, ``None`` for those that are not numeric; ``None`` if there is no struct.

    Raises ``FileDamaged``.
    """
    for variable in _variables(path, name):
        if variable.kind != _STRUCT or math.prod(variable.shape) != 1:
            return None
        return dict(_fields(variable))
    return None


def _variables(path: Path, wanted: str | None) -> Iterator[_Variable]:
    """Heads of all variables, or the one called ``wanted`` with its values."""
    order = byte_order(path)
    if order is None:
        raise FileDamaged(f"“{path.name}” is not a MATLAB file of format 5 or 7.3")
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(_HEADER)
        while tag := file.read(8):
            if len(tag) < 8:
                raise FileDamaged(f"“{path.name}” ends too early")
            kind, length = struct.unpack(f"{order}II", tag)
            begin = file.tell()
            if kind not in (_MATRIX, _COMPRESSED) or begin + length > size:
                raise FileDamaged(f"“{path.name}” is damaged or ends too early")
            head = _content(file.read(min(length, _HEAD_BYTES)), kind, order, _HEAD_BYTES)
            variable = _parsed(head, order)
            if wanted is None and variable.name:
                yield variable
            elif wanted is not None and variable.name == wanted:
                file.seek(begin)
                yield _parsed(_content(file.read(length), kind, order, LARGEST), order)
                return
            file.seek(begin + length)


def _content(raw: bytes, kind: int, order: str, limit: int) -> memoryview:
    """What a variable's element holds, unpacked if it is compressed, never more than ``limit`` bytes."""
    if kind == _MATRIX:
        if len(raw) > limit:
            raise FileDamaged(f"a variable in it takes {len(raw) >> 20:,} MiB")
        return memoryview(raw)
    unpacker = zlib.decompressobj()
    try:
        tag = unpacker.decompress(raw, 8)
        inner, length = struct.unpack(f"{order}II", tag)
        if inner != _MATRIX or (limit == LARGEST and length > limit):
            raise FileDamaged(f"a variable in it claims {length >> 20:,} MiB")
        return memoryview(unpacker.decompress(unpacker.unconsumed_tail, max(1, min(length, limit))))
    except (zlib.error, struct.error) as error:
        raise FileDamaged("a compressed variable in it is damaged") from error


def _element(data: memoryview, at: int, order: str) -> tuple[int, memoryview, int]:
    """Type and content of the element at ``at``, and where the next one starts."""
    if at + 8 > len(data):
        raise FileDamaged("a variable in it is cut off")
    kind, length = struct.unpack_from(f"{order}II", data, at)
    if kind >> 16:  # up to four bytes of content sit in the tag itself
        kind, length, begin, following = kind & 0xFFFF, kind >> 16, at + 4, at + 8
    else:
        begin = at + 8
        following = begin + length + -length % 8
    if begin + length > len(data) or (following == at + 8 and begin == at + 4 and length > 4):
        raise FileDamaged("a variable in it is cut off")
    return kind, data[begin : begin + length], following


def _parsed(data: memoryview, order: str) -> _Variable:
    """The head of a matrix element's content."""
    _, flags, at = _element(data, 0, order)
    if len(flags) != 8:
        raise FileDamaged("a variable in it is damaged")
    word = struct.unpack_from(f"{order}I", flags)[0]
    if word & 0xFF > _NUMERIC[-1]:  # functions and opaque objects have other heads; nothing of them is used
        return _Variable(data, order, word & 0xFF, False, (), "", 0)
    _, sizes, at = _element(data, at, order)
    _, name, at = _element(data, at, order)
    if len(sizes) % 4 or not 2 <= len(sizes) // 4 <= 32:
        raise FileDamaged("a variable in it is damaged")
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    if min(shape) < 0:
        raise FileDamaged("a variable in it is damaged")
    text = bytes(name).decode("latin-1")
    return _Variable(data, order, word & 0xFF, bool(word & _COMPLEX), shape, text, at)


def _values(variable: _Variable, name: str) -> NDArray[Any]:
    if variable.kind not in _NUMERIC or variable.is_complex:
        raise FileDamaged(f"“{name}” in it is not numeric")
    kind, content, _ = _element(variable.data, variable.start, variable.order)
    stored = np.dtype(variable.order + _TYPES[kind]) if kind in _TYPES else None
    if stored is None or len(content) != math.prod(variable.shape) * stored.itemsize:
        raise FileDamaged(f"“{name}” in it is damaged")
    flat = np.frombuffer(content, stored)
    return flat.astype(stored.newbyteorder("="), copy=False).reshape(variable.shape, order="F")


def _fields(variable: _Variable) -> Iterator[tuple[str, NDArray[Any] | None]]:
    order = variable.order
    _, width, at = _element(variable.data, variable.start, order)
    _, names, at = _element(variable.data, at, order)
    length = struct.unpack_from(f"{order}i", width)[0] if len(width) == 4 else 0
    if length < 1 or len(names) % length:
        raise FileDamaged(f"the struct “{variable.name}” in it is damaged")
    for begin in range(0, len(names), length):
        name = bytes(names[begin : begin + length]).split(b"\x00")[0].decode("latin-1")
        _, content, at = _element(variable.data, at, order)
        field = _parsed(content, order) if len(content) else None
        numeric = field is not None and field.kind in _NUMERIC and not field.is_complex
        yield name, _values(field, name) if field is not None and numeric else None
