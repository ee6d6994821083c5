"""What the calls written down by ``pickle_machine.py`` stand for: arrays, sparse matrices, tensors, containers.

Every size is checked against the data that is there before anything is allocated.
"""

from __future__ import annotations

import io
import math
import re
import struct
from typing import Any

import numpy as np
from scipy import sparse

from .pickle_machine import STORAGES, Call, Name, PickleDamaged, Refused, parse

MAX_DEPTH = 48
"""Deeper nesting is refused: no published file has it, and recursion must end."""

_PLAIN_DTYPE = re.compile(r"[|<>=]?([biufc](1|2|4|8|16)|[?bBhHiIlLqQefdgO]|O[48]|[SUa][1-9]\d{0,8})")
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C


class Values:
    """Turns parsed data into values; what is shared in the pickle stays shared."""

    def __init__(self) -> None:
        self._done: dict[int, Any] = {}

    def of(self, item: Any, depth: int = 0) -> Any:
        """The value of ``item``; raises :class:`PickleDamaged` or :class:`Refused`."""
        if isinstance(item, str | bytes | int | float | None):
            return item
        if depth > MAX_DEPTH:
            raise PickleDamaged("it is nested too deeply")
        if id(item) not in self._done:
            self._done[id(item)] = self._made(item, depth + 1)
        return self._done[id(item)]

    def _made(self, item: Any, depth: int) -> Any:
        if isinstance(item, dict):
            return {key: self.of(value, depth) for key, value in item.items()}
        if isinstance(item, list | tuple):
            return type(item)(self.of(value, depth) for value in item)
        if isinstance(item, Call):
            return self._called(item, depth)
        if isinstance(item, Name):
            return None
        raise PickleDamaged(f"it holds a {type(item).__name__}")

    def _called(self, call: Call, depth: int) -> Any:
        arguments = call.arguments if isinstance(call.arguments, tuple) else ()
        name = call.name
        if name == "copyreg._reconstructor" and len(arguments) == 3 and isinstance(arguments[0], Name):
            name = arguments[0].full
        if name.startswith("chumpy."):
            state = call.state if isinstance(call.state, dict) else {}
            return self.of(state.get("x"), depth)
        if name.startswith("scipy.sparse."):
            return _sparse(name, self.of(call.state, depth))
        if name == "numpy.core.multiarray._reconstruct":
            return self._array(call.state, depth)
        if name == "collections.OrderedDict":
            return self.of(call.state or {}, depth) if not arguments else dict(self.of(arguments[0], depth))
        return self._function(name, arguments, depth)

    def _function(self, name: str, arguments: tuple[Any, ...], depth: int) -> Any:
        values = tuple(
            argument if isinstance(argument, Call | Name) else self.of(argument, depth) for argument in arguments
        )
        match name, values:
            case "numpy.core.multiarray.scalar", (kind, data):
                return _numbers(dtype_of(kind), (), _bytes(self.of(data, depth)))[()]
            case "numpy.core.numeric._frombuffer", (data, kind, tuple(shape), order):
                return _numbers(dtype_of(kind), shape, _bytes(self.of(data, depth)), order)
            case "_codecs.encode", (str(text), "latin1" | "latin-1"):
                return text.encode("latin-1")
            case "builtins.bytes", ():
                return b""
            case "builtins.set" | "builtins.frozenset", ():
                return []
            case "builtins.set" | "builtins.frozenset", (list(items) | tuple(items),):
                return list(items)
            case "torch.storage._load_from_bytes", (data,):
                return storage_of(_bytes(self.of(data, depth)))
            case "torch._utils._rebuild_tensor_v2", (Call() as storage, int(offset), tuple(shape), tuple(stride), *_):
                return _tensor(self.of(storage, depth), offset, shape, stride)
            case _:
                raise Refused(name)

    def _array(self, state: Any, depth: int) -> np.ndarray:
        """The state of an array: (version,) shape, dtype, whether Fortran order, data."""
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise PickleDamaged("it holds an array without its data")
        shape, kind, fortran, data = state[-4:]
        dtype = dtype_of(kind)
        if dtype.hasobject:
            return self._objects(shape, data, depth)
        return _numbers(dtype, shape, _bytes(self.of(data, depth)), "F" if fortran else "C")

    def _objects(self, shape: Any, data: Any, depth: int) -> np.ndarray:
        if not isinstance(data, list) or _count(shape) != len(data):
            raise PickleDamaged("it holds an array of another size than it says")
        array = np.empty(len(data), object)
        for index, item in enumerate(data):
            array[index] = self.of(item, depth)
        return array.reshape(shape)


def dtype_of(call: Any) -> np.dtype[Any]:
    """The plain dtype that a pickled one stands for; structured and sub-array dtypes are refused."""
    match call:
        case Call("numpy.dtype", (str(text), *_), None | (int(), str(), None, None, None, *_) as state) if (
            _PLAIN_DTYPE.fullmatch(text)
        ):
            dtype = np.dtype(text)
            return dtype.newbyteorder(">") if state and state[1] == ">" else dtype
        case _:
            raise PickleDamaged("it holds an array of an unusual type")


def storage_of(data: bytes) -> np.ndarray:
    """The elements (N,) of a torch storage in torch's older format: header pickles, then counts and raw data.

    Raises :class:`PickleDamaged`, :class:`Refused`.
    """
    file = io.BytesIO(data)
    magic, _, system, item, keys = (parse(file, storages=True) for _ in range(5))
    match magic, system, item, keys:
        case int(), dict(), ("storage", Name(kind), str(key), str(), int(count), *_), [str(only)] if (
            magic == _TORCH_MAGIC and only == key and system.get("little_endian") and kind.startswith("torch.")
        ):
            dtype = np.dtype(STORAGES[kind.removeprefix("torch.")])
        case _:
            raise PickleDamaged("it holds a damaged tensor")
    header, payload = file.read(8), file.read()
    if len(header) < 8 or struct.unpack("<q", header)[0] != count:
        raise PickleDamaged("it holds a tensor of another size than it says")
    return _numbers(dtype, (count,), payload)


def _tensor(storage: Any, offset: int, shape: tuple[Any, ...], stride: tuple[Any, ...]) -> np.ndarray:
    """Part of a storage as an array; only row-major tensors are taken."""
    count = _count(shape)
    plain = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
    if not isinstance(storage, np.ndarray) or stride != plain or not 0 <= offset <= len(storage) - count:
        raise PickleDamaged("it holds a tensor of another size than it says")
    return storage[offset : offset + count].reshape(shape)


def _numbers(dtype: np.dtype[Any], shape: Any, data: bytes, order: Any = "C") -> np.ndarray:
    if dtype.hasobject or order not in ("C", "F") or _count(shape) * dtype.itemsize != len(data):
        raise PickleDamaged("it holds an array of another size than it says")
    return np.frombuffer(data, dtype).reshape(shape, order=order)


def _count(shape: Any) -> int:
    """Elements of an array of this shape, in integers that cannot overflow."""
    if not isinstance(shape, tuple) or len(shape) > 8 or any(type(n) is not int or n < 0 for n in shape):
        raise PickleDamaged("it holds an array of an impossible shape")
    return math.prod(shape)


def _bytes(data: Any) -> bytes:
    """Raw data; Python 2 wrote it as a string."""
    if isinstance(data, str):
        return data.encode("latin-1")
    if isinstance(data, bytes):
        return data
    raise PickleDamaged("it holds an array without its data")


def _sparse(name: str, state: Any) -> Any:
    """A sparse matrix from its object's attributes, its indices checked."""
    try:
        shape = state["_shape"] if "_shape" in state else state["shape"]
        if _count(shape) < 0 or len(shape) != 2:
            raise PickleDamaged("it holds a sparse matrix of an impossible shape")
        if name.split(".")[-1].startswith("coo"):
            row, column = state["coords"] if "coords" in state else (state["row"], state["col"])
            matrix = sparse.coo_matrix((state["data"], (row, column)), shape=shape)
        else:
            kind = sparse.csc_matrix if name.split(".")[-1].startswith("csc") else sparse.csr_matrix
            matrix = kind((state["data"], state["indices"], state["indptr"]), shape=shape)
            matrix.check_format(full_check=True)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise PickleDamaged("it holds a damaged sparse matrix") from error
    return matrix
