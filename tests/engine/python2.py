"""Pickles as Python 2 wrote them: byte strings, scipy's old paths, chumpy's objects."""

import io
import pickle
import struct
import sys
import types
from contextlib import contextmanager

import numpy as np
from scipy import sparse


class CHUMPY:
    """Stands for ``chumpy.ch.Ch`` (an array under ``x``) or, without an array, an expression of chumpy's."""

    def __init__(self, array):
        self.array = array


ESCAPES = {byte: f"\\x{byte:02x}" for byte in range(256) if not 32 <= byte < 127 or byte in b"'\\"}


class Python2Pickler(pickle._Pickler):
    """Writes bytes and ASCII text as Python 2 strings, scipy's matrices under their old path."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_string(self, item):
        data = item if isinstance(item, bytes) else item.encode("ascii")
        if self.proto == 0:
            self.write(b"S'" + data.decode("latin-1").translate(ESCAPES).encode("ascii") + b"'\n")
        elif len(data) < 256:
            self.write(b"U" + bytes([len(data)]) + data)
        else:
            self.write(b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(item)

    def save_global(self, item, name=None):
        if item is sparse.csc_matrix:
            self.write(b"cscipy.sparse.csc\ncsc_matrix\n")
            self.memoize(item)
        else:
            super().save_global(item, name)

    dispatch[bytes] = save_string
    dispatch[str] = save_string
    dispatch[type] = save_global


@contextmanager
def chumpy_module():
    """``chumpy.ch`` with its two kinds of classes, there while a file is written."""
    module = types.ModuleType("chumpy.ch")

    class Ch:
        pass

    class MatVecMult:
        pass

    for kind in (Ch, MatVecMult):
        kind.__module__, kind.__qualname__ = "chumpy.ch", kind.__name__
        setattr(module, kind.__name__, kind)
    sys.modules.update({"chumpy": types.ModuleType("chumpy"), "chumpy.ch": module})
    try:
        yield module
    finally:
        del sys.modules["chumpy"], sys.modules["chumpy.ch"]


def chumpy_pickle(data, protocol=2):
    """``data`` as Python 2 wrote it, every :class:`CHUMPY` as an object of chumpy's."""
    with chumpy_module() as module:

        def holder(value):
            if not isinstance(value, CHUMPY):
                return value
            made = module.Ch() if value.array is not None else module.MatVecMult()
            made._dirty_vars, made._itr = set(), None
            if value.array is None:
                made.a, made.b = np.zeros((5, 3)), "weights"
            else:
                made.x = value.array
            return made

        buffer = io.BytesIO()
        Python2Pickler(buffer, protocol).dump({key: holder(value) for key, value in data.items()})
    return buffer.getvalue()
