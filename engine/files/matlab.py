"""Arrays out of MATLAB files that strangers made: format 5 (``savemat``'s and MATLAB's own) and 7.3, which is HDF5.

Shapes are in MATLAB's order in both. Format 4 is refused; no published model uses it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from . import matlab5
from .damage import FileDamaged
from .hdf5 import is_hdf5, list_arrays, read_arrays


def is_matlab(path: Path) -> bool:
    """Whether the file starts like a MATLAB file of format 5 or 7.3."""
    return matlab5.byte_order(path) is not None or (path.suffix.lower() == ".mat" and is_hdf5(path))


def list_variables(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes by variable name, without reading one; the fields of a 7.3 struct are listed as ``"struct/field"``.

    Raises ``FileDamaged``.
    """
    if is_hdf5(path):
        return {name: shape[::-1] for name, shape in list_arrays(path).items()}
    return matlab5.list_shapes(path)


def read_variables(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The numeric variables ``names``, with at least two dimensions as MATLAB has them.

    Raises ``FileDamaged``: one is missing, not a plain numeric array, larger than ``matlab5.LARGEST`` or damaged.
    """
    wanted = list(names)
    if is_hdf5(path):
        return {name: values.T for name, values in read_arrays(path, wanted).items()}
    return {name: _present(matlab5.read_array(path, name), name) for name in wanted}


def read_struct(path: Path, variable: str, required: Iterable[str], optional: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Numeric fields of the scalar struct ``variable``; missing optional ones are left out.

    Raises ``FileDamaged`` as :func:`read_variables` does.
    """
    if is_hdf5(path):
        present = list_arrays(path)
        names = [*required, *(name for name in optional if f"{variable}/{name}" in present)]
        values = read_variables(path, [f"{variable}/{name}" for name in names])
        return {name.rsplit("/", 1)[1]: array for name, array in values.items()}
    fields = matlab5.read_fields(path, variable)
    if fields is None:
        raise FileDamaged(f"“{path.name}” lacks the struct “{variable}”")
    names = [*required, *(name for name in optional if name in fields)]
    return {name: _present(fields.get(name), name) for name in names}


def _present(values: NDArray[Any] | None, name: str) -> NDArray[Any]:
    if values is None:
        raise FileDamaged(f"it lacks numbers called “{name}”")
    return values
