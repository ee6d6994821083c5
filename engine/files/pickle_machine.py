"""The pickle machine without its way to the outside: opcodes that build plain data, names and calls written down."""

from __future__ import annotations

import pickle
import pickletools
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from .damage import FileDamaged


class PickleDamaged(FileDamaged):
    """The file is no pickle, is cut off, or holds values that contradict each other."""


class Refused(Exception):
    """The pickle asks for a callable outside the list; ``args[0]`` is its name."""


@dataclass(eq=False)
class Name:
    """A global that the pickle named, ``module.attribute`` in today's spelling."""

    full: str


@dataclass(eq=False)
class Call:
    """An object that the pickle wants made: by which callable, of what, with what state."""

    name: str
    arguments: Any
    state: Any = None


NAMES = frozenset(
    (
        *("numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar", "numpy.core.numeric._frombuffer"),
        *("numpy.ndarray", "numpy.dtype"),
        *(f"scipy.sparse.{kind}_{form}" for kind in ("csc", "csr", "coo") for form in ("matrix", "array")),
        *("collections.OrderedDict", "_codecs.encode", "copyreg._reconstructor"),
        *("builtins.object", "builtins.set", "builtins.frozenset", "builtins.bytes"),
        *("torch._utils._rebuild_tensor_v2", "torch.storage._load_from_bytes"),
    )
)
"""What a pickle may name; nothing of it is ever imported or called. ``chumpy.*`` is admitted besides."""

STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
"""Torch's typed storages and numpy's name of their elements."""

_MOVED = (
    ("__builtin__.", "builtins."),
    ("copy_reg.", "copyreg."),
    ("numpy._core.", "numpy.core."),
    *((f"scipy.sparse.{line}{kind}.", "scipy.sparse.") for kind in ("csc", "csr", "coo") for line in ("", "_")),
)
"""Older and newer homes of the same names."""

_PLAIN = frozenset(
    (
        *("PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "DUP", "MEMOIZE"),
        *("NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT"),
        *("BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
        *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("EMPTY_LIST", "APPEND", "APPENDS", "LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
        *("EMPTY_DICT", "PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET", "GLOBAL", "STACK_GLOBAL"),
    )
)
"""Opcodes taken from the standard library as they are: they only build data."""


class _Machine(pickle._Unpickler):
    """The standard library's unpickler in Python, with its other opcodes replaced.

    The one in C is not used: it allocates memory for whatever memo index a file names.
    """

    stack: list[Any]
    read: Callable[[int], bytes]
    readline: Callable[[], bytes]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, file: BinaryIO, storages: bool) -> None:
        super().__init__(file, encoding="latin1")
        self.storages = storages

    def find_class(self, module: str, name: str) -> Any:
        """The name itself; raises :class:`Refused` where it is not on the list."""
        full = f"{module}.{name}"
        for old, new in _MOVED:
            if full.startswith(old):
                full = new + full[len(old) :]
        storage = self.storages and module == "torch" and name in STORAGES
        if full in NAMES or storage or (full.startswith("chumpy.") and full.replace(".", "").isidentifier()):
            return Name(full)
        raise Refused(full)

    def load_call(self) -> None:
        """REDUCE and NEWOBJ: callable and arguments become a :class:`Call`."""
        arguments = self.stack.pop()
        made = self.stack[-1]
        if not isinstance(made, Name):
            raise Refused(f"a {type(made).__name__}")
        self.stack[-1] = Call(made.full, arguments)

    def load_call_with_names(self) -> None:
        """NEWOBJ_EX: as :meth:`load_call`, named arguments must be none."""
        if self.stack.pop():
            raise Refused("a call with named arguments")
        self.load_call()

    def load_state(self) -> None:
        """BUILD: the state is kept beside the call, once."""
        state = self.stack.pop()
        made = self.stack[-1]
        if not isinstance(made, Call) or made.state is not None:
            raise Refused(f"__setstate__ of {made.full if isinstance(made, Name) else type(made).__name__}")
        made.state = state

    def load_old_instance(self) -> None:
        """INST: an object of a class named in place; published files have none."""
        module, name = (self.readline()[:-1].decode("ascii") for _ in range(2))
        raise Refused(f"{module}.{name}")

    def load_item(self) -> None:
        """SETITEM."""
        value, key = self.stack.pop(), self.stack.pop()
        _put(self.stack[-1], [key, value])

    def load_items(self) -> None:
        """SETITEMS."""
        items = self.pop_mark()
        _put(self.stack[-1], items)

    def load_mapping(self) -> None:
        """DICT."""
        items = self.pop_mark()
        self.stack.append({})
        _put(self.stack[-1], items)

    def load_empty_set(self) -> None:
        """EMPTY_SET, as a list: its elements need not be hashed."""
        self.stack.append([])

    def load_elements(self) -> None:
        """ADDITEMS, to what :meth:`load_empty_set` made."""
        items = self.pop_mark()
        self.stack[-1].extend(items)

    def load_frozen_set(self) -> None:
        """FROZENSET, as a list."""
        self.stack.append(self.pop_mark())

    def load_bytes_in_place(self) -> None:
        """BYTEARRAY8, as bytes: nothing is allocated before the data is there."""
        (size,) = struct.unpack("<Q", self.read(8))
        self.stack.append(self.read(size))

    def load_storage_id(self) -> None:
        """BINPERSID: torch's reference to a storage, as the tuple it is."""
        if not self.storages:
            raise Refused("a persistent id")


def _put(target: Any, items: list[Any]) -> None:
    """Add items to a dict, or to an ``OrderedDict`` being made; keys must be plain: hashing those cannot recurse."""
    if isinstance(target, Call) and target.name == "collections.OrderedDict":
        target.state = {} if target.state is None else target.state
        target = target.state
    if not isinstance(target, dict) or any(type(key) not in (str, int, bytes) for key in items[::2]):
        raise PickleDamaged("it holds an unusual dictionary")
    target.update(zip(items[::2], items[1::2], strict=True))


def _refusal(opcode: str) -> Callable[[_Machine], None]:
    def refuse(machine: _Machine) -> None:
        raise Refused(f"the opcode {opcode}")

    return refuse


_OWN: dict[str, Callable[[_Machine], None]] = {
    "REDUCE": _Machine.load_call,
    "NEWOBJ": _Machine.load_call,
    "NEWOBJ_EX": _Machine.load_call_with_names,
    "BUILD": _Machine.load_state,
    "INST": _Machine.load_old_instance,
    "SETITEM": _Machine.load_item,
    "SETITEMS": _Machine.load_items,
    "DICT": _Machine.load_mapping,
    "EMPTY_SET": _Machine.load_empty_set,
    "ADDITEMS": _Machine.load_elements,
    "FROZENSET": _Machine.load_frozen_set,
    "BYTEARRAY8": _Machine.load_bytes_in_place,
    "BINPERSID": _Machine.load_storage_id,
}


def _operation(opcode: pickletools.OpcodeInfo) -> Callable[[Any], None]:
    if opcode.name in _PLAIN:
        return pickle._Unpickler.dispatch[ord(opcode.code)]
    return _OWN.get(opcode.name) or _refusal(opcode.name)


_Machine.dispatch = {ord(opcode.code): _operation(opcode) for opcode in pickletools.opcodes}  # type: ignore[misc]


def parse(file: BinaryIO, storages: bool = False) -> Any:
    """One pickle from a stream held in memory, as plain data with :class:`Name` and :class:`Call` in it.

    Args:
        file: a ``BytesIO``, whose reads cannot be larger than it is.
        storages: admit torch's storages and references to them.

    Raises:
        Refused: an opcode or a name outside the lists.
        PickleDamaged: not a whole pickle.
    """
    try:
        return _Machine(file, storages).load()
    except FileDamaged:
        raise
    except (pickle.UnpicklingError, EOFError, MemoryError, RecursionError, struct.error) as error:
        raise PickleDamaged("it is cut off or damaged") from error
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise PickleDamaged("it is damaged") from error
