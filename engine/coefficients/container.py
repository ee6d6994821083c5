"""The numeric arrays of a file in any container that people save dictionaries in; nothing of it is run."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import FileRefused
from ..files.arrays import array_header, npz_headers, read_npy, read_npz
from ..files.damage import FileDamaged
from ..files.matlab import is_matlab, list_variables, read_variables
from ..files.pickles import read_npy_object, read_pickle
from .vector import Content

LARGEST = 1 << 30
"""Bytes of a file, and of one array: a tracked hour fits, a bomb does not."""
_USED = 64 << 20
"""Bytes; larger arrays are textures and pictures and are not read."""
_TORCH_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9"
"""The first bytes of torch's older format."""
_DEEPEST = 4
_MOST_ENTRIES = 10_000


def read_content(path: Path) -> Content:
    """Arrays by name of an npz, npy, pickle, mat or torch file, told by content.

    Raises:
        FileDamaged: no such file, or damaged.
        FileRefused: it asks to run code; nothing was run.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise FileDamaged("it is missing or cannot be read") from error
    if size > LARGEST:
        raise FileDamaged("it is too large")
    try:
        if start[:2] == b"PK":
            return _torch(path) if _is_torch(path) else _npz(path)
        if start.startswith(b"\x93NUMPY"):
            return _npy(path)
        if start.startswith(_TORCH_MAGIC):
            return _torch(path)
        return _matlab(path) if is_matlab(path) else flat(read_pickle(path))
    except OSError as error:
        raise FileDamaged("it cannot be read") from error


def flat(value: Any) -> Content:
    """Arrays of nested dictionaries as ``outer/inner``; what is no number, or too large for coefficients, is left out.

    Raises ``FileDamaged``: more entries than any tool writes.
    """
    found: Content = {}
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    seen = 0
    while waiting:
        name, item, depth = waiting.pop()
        seen += 1
        if seen > _MOST_ENTRIES:
            raise FileDamaged("it holds more entries than any tool writes")
        if isinstance(item, dict):
            if depth < _DEEPEST:
                waiting += [(f"{name}/{key}" if name else str(key), inner, depth + 1) for key, inner in item.items()]
        elif (array := _numbers(item)) is not None:
            found[name] = array
    return found


def _numbers(item: Any) -> NDArray[Any] | None:
    """A number, a plain list of them, a tensor or an array as an array; None for anything else."""
    if isinstance(item, torch.Tensor):
        if item.is_sparse or item.is_quantized or item.numel() * 8 > _USED:
            return None
        item = item.detach().cpu().to(torch.float64).numpy()
    if isinstance(item, list | tuple):
        plain = len(item) < _MOST_ENTRIES and all(isinstance(x, int | float) for x in item)
        item = np.array(item, np.float64) if plain else None
    elif isinstance(item, int | float | np.generic):
        item = np.asarray(item)
    if not isinstance(item, np.ndarray) or item.dtype.kind not in "fiu" or not 0 < item.nbytes < _USED:
        return None
    return item


def _npy(path: Path) -> Content:
    with path.open("rb") as file:
        is_object = array_header(file)[2].hasobject
    return flat(read_npy_object(path)) if is_object else flat(read_npy(path))


def _npz(path: Path) -> Content:
    small = [name for name, (shape, _, dtype) in npz_headers(path).items() if _bytes(shape, dtype) < _USED]
    return flat(read_npz(path, tuple(small)))


def _matlab(path: Path) -> Content:
    """Numeric variables of at most two dimensions or small enough; others (pictures, structs) are passed over."""
    found: Content = {}
    for name, shape in list_variables(path).items():
        if len(shape) == 2 and _bytes(shape, np.dtype(np.float64)) < _USED:
            try:
                found |= flat(read_variables(path, [name]))
            except FileDamaged:  # a text or a struct; what is needed and missing is told by name later
                continue
    return found


def _is_torch(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False
    if sum(entry.file_size for entry in entries) > LARGEST:
        raise FileDamaged("it is too large")
    return any(entry.filename.endswith("/data.pkl") for entry in entries)


def _torch(path: Path) -> Content:
    """Tensors, numpy arrays and plain containers; ``weights_only`` admits nothing else."""
    kinds = {type(np.dtype(code)) for code in "?bBhHiIlLqQefd"}
    rebuild = np.core.multiarray._reconstruct  # type: ignore[attr-defined]
    scalar = np.core.multiarray.scalar  # type: ignore[attr-defined]
    admitted: list[Any] = [np.ndarray, np.dtype, *kinds]
    for home in ("numpy.core.multiarray", "numpy._core.multiarray"):
        admitted += [(rebuild, f"{home}._reconstruct"), (scalar, f"{home}.scalar")]
    try:
        with torch.serialization.safe_globals(admitted), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return flat(torch.load(path, map_location="cpu", weights_only=True))
    except pickle.UnpicklingError as error:
        raise FileRefused(path.name, _asked(str(error))) from error
    except (RuntimeError, ValueError, EOFError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise FileDamaged("it is no whole torch file") from error


def _asked(message: str) -> str:
    """The name that torch's refusal speaks of."""
    words = [word.strip(".,`'") for word in message.split("GLOBAL ", 1)[-1].split()]
    return words[0] if words and "GLOBAL " in message else "something else than numbers"


def _bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    count = dtype.itemsize
    for side in shape:
        count *= max(int(side), 0)
    return count
