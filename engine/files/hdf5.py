"""Arrays out of HDF5 files that strangers made.

Only datasets that live in the file itself are seen: soft, external and virtual links could point anywhere on the disk.
Nothing is read before its declared size has been looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from .damage import FileDamaged

LARGEST = 1 << 30
"""Bytes that one array or one stored chunk may take."""
MOST_OBJECTS = 4096
"""Datasets and groups looked at; a face model has fewer than a hundred."""


def is_hdf5(path: Path) -> bool:
    """Whether the file carries HDF5's signature (MATLAB's 7.3 files do, behind 512 bytes of their own)."""
    try:
        return path.is_file() and bool(h5py.is_hdf5(path))
    except OSError:
        return False


def list_arrays(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of all datasets by their path in the file, without reading one.

    Raises ``FileDamaged``.
    """
    with _opened(path) as file:
        return {name: tuple(dataset.shape or ()) for name, dataset in _datasets(file).items()}


def read_arrays(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The numeric datasets ``names``, each as stored.

    Raises ``FileDamaged``: one is missing, not numeric, larger than ``LARGEST``, stored outside the file or damaged.
    """
    with _opened(path) as file:
        datasets = _datasets(file)
        return {name: _checked(datasets, name)[()] for name in names}


def read_text(path: Path, name: str) -> str | None:
    """The string dataset ``name``, or the first string of it; ``None`` where there is none.

    Raises ``FileDamaged``.
    """
    with _opened(path) as file:
        dataset = _datasets(file).get(name)
        if dataset is None or h5py.check_string_dtype(dataset.dtype) is None or dataset.size != 1:
            return None
        value = np.asarray(dataset[()]).reshape(-1)[0]
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError, RuntimeError, TypeError, MemoryError, UnicodeError) as error:
        raise FileDamaged(f"“{path.name}” is damaged or incomplete") from error


def _datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Datasets by path; ``visititems`` follows hard links only, and each object once."""
    found: dict[str, h5py.Dataset] = {}
    visit: Callable[[str, Any], bool | None] = _collector(found)
    if file.visititems(visit):
        raise FileDamaged(f"“{Path(file.filename).name}” holds more than {MOST_OBJECTS} objects")
    return found


def _collector(found: dict[str, h5py.Dataset]) -> Callable[[str, Any], bool | None]:
    seen = 0

    def visit(name: str, item: Any) -> bool | None:
        nonlocal seen
        seen += 1
        if isinstance(item, h5py.Dataset):
            found[name] = item
        return True if seen > MOST_OBJECTS else None

    return visit


def _checked(datasets: dict[str, h5py.Dataset], name: str) -> h5py.Dataset:
    dataset = datasets.get(name)
    if dataset is None:
        raise FileDamaged(f"it lacks “{name}”")
    if dataset.dtype.kind not in "iufb" or dataset.shape is None:
        raise FileDamaged(f"“{name}” in it is not numeric")
    if dataset.external or dataset.is_virtual:
        raise FileDamaged(f"“{name}” in it points to another file")
    chunk = int(np.prod(dataset.chunks or (1,), dtype=np.float64)) * dataset.dtype.itemsize
    if max(dataset.nbytes, chunk) > LARGEST:
        raise FileDamaged(f"“{name}” in it claims {max(dataset.nbytes, chunk) >> 20:,} MiB")
    return dataset
