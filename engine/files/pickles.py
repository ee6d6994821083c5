"""Pickles from strangers, read without running anything.

A pickle is a program: it names callables and calls them. Here no callable of the file is ever looked up.
``pickle_machine.py`` runs only the opcodes that build plain data and writes calls down; ``pickled_values.py`` turns
the few that scientific files need into values. Anything else is refused.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..errors import FileRefused
from .arrays import ArraysDamaged, array_header
from .pickle_machine import PickleDamaged, Refused, parse
from .pickled_values import Values

MAX_BYTES = 1 << 30
"""A larger pickle is not read; the published face models stay below 200 MB."""


def read_pickle(path: Path) -> Any:
    """The data in a pickle of any protocol: plain containers, numpy arrays, scipy sparse matrices.

    Python 2 strings are read as latin-1. A chumpy array becomes the numpy array it holds, a chumpy expression ``None``,
    a set a list, an ``OrderedDict`` a dict, a torch tensor a numpy array.

    Raises:
        FileRefused: it asks for anything else to be called; nothing was.
        PickleDamaged: it is no whole pickle, or over a gigabyte.
        OSError: it cannot be read.
    """
    return _value(path, _data(path))


def read_npy_object(path: Path) -> Any:
    """What a ``.npy`` file with a single Python object holds, e.g. a dict of arrays.

    Raises as :func:`read_pickle`; :class:`PickleDamaged` also where the file is a plain array.
    """
    return object_of_npy(path, io.BytesIO(_data(path)))


def object_of_npy(path: Path, file: BinaryIO) -> Any:
    """The object in a ``.npy`` stream; ``path`` is what messages name. Raises as :func:`read_npy_object`."""
    try:
        shape, _, dtype = array_header(file)
    except ArraysDamaged as error:
        raise PickleDamaged(str(error)) from error
    if not dtype.hasobject or shape != ():
        raise PickleDamaged("it holds no single object")
    value = _value(path, file.read())
    if not isinstance(value, np.ndarray) or value.dtype != object or value.shape != ():
        raise PickleDamaged("it holds no single object")
    return value.item()


def _data(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise PickleDamaged("it is too large")
    return path.read_bytes()


def _value(path: Path, data: bytes) -> Any:
    try:
        return Values().of(parse(io.BytesIO(data)))
    except Refused as error:
        raise FileRefused(path.name, str(error.args[0])) from error
    except PickleDamaged:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, MemoryError) as error:
        raise PickleDamaged("it is damaged") from error
