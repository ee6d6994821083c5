"""What the loaders of published models share: modes out of matrices, colours, winding, checks, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...contract import Floats, Ints
from ...errors import ModelUnavailable
from ...files.damage import FileDamaged
from ...files.matlab import is_matlab, list_variables
from ...light.color import srgb_to_linear
from .published import PublishedAlbedo, PublishedModel

HEIGHT = (0.15, 0.5)
"""Metres from chin, neck or shoulders to the top of what a model covers."""
_LARGEST_OFFSET = 0.15
"""Metres that one standard deviation, or one full expression, may move a vertex."""
_COMPANION_BYTES = 64 << 20


@contextmanager
def loading(name: str, remedy: str) -> Iterator[None]:
    """Every way a strange file can fail, as ``ModelUnavailable(name, ..., remedy)``."""
    try:
        yield
    except FileDamaged as error:
        raise ModelUnavailable(name, str(error), remedy) from error
    except MemoryError as error:
        raise ModelUnavailable(name, "there is not enough memory to read it", remedy) from error
    except (OSError, ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise ModelUnavailable(name, f"its file is damaged ({error})", remedy) from error


def find_companion(folder: Path, name: str, fits: Callable[[Path], bool]) -> Path | None:
    """The file ``name`` (upper or lower case) of ``folder``, else the first of its suffix whose content ``fits``."""
    try:
        files = sorted(p for p in folder.iterdir() if p.is_file())
    except OSError:
        return None
    named = [p for p in files if p.name.lower() == name.lower()]
    alike = (p for p in files if p.suffix.lower() == Path(name).suffix.lower())
    return named[0] if named else next((p for p in alike if fits(p)), None)


def holds_variable(path: Path, variable: str) -> bool:
    """Whether ``path`` is a small MATLAB file (a companion, not a model) with that variable."""
    try:
        return path.stat().st_size < _COMPANION_BYTES and is_matlab(path) and variable in list_variables(path)
    except (OSError, FileDamaged):
        return False


def all_found(companions: dict[str, Path | None], beside: Path) -> dict[str, Path]:
    """``companions`` if none is missing.

    Raises ``FileDamaged`` naming those that are.
    """
    missing = [f"“{name}”" for name, path in companions.items() if path is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise FileDamaged(f"{', '.join(missing)} {verb} not beside “{beside.name}”")
    return {name: path for name, path in companions.items() if path is not None}


def expect_shape(values: NDArray[Any], shape: tuple[int, ...], name: str) -> None:
    """Raise ``FileDamaged`` unless ``values`` is finite and of ``shape``, where -1 stands for any size above 0."""
    agrees = len(shape) == values.ndim and all(
        have == want or (want < 0 < have) for have, want in zip(values.shape, shape, strict=True)
    )
    if not agrees:
        wanted = " × ".join("any" if size < 0 else str(size) for size in shape)
        raise FileDamaged(f"“{name}” in it is {' × '.join(map(str, values.shape))} where {wanted} is expected")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise FileDamaged(f"“{name}” in it holds numbers that are not finite")


def modes(basis: NDArray[Any], deviations: NDArray[Any], unit: float, rows: Ints | None = None) -> Floats:
    """(K, V', 3) offset of one standard deviation: columns of ``basis`` (3V, >= K), x y z interleaved.

    Args:
        basis: offsets by column.
        deviations: (K,) factor of each column.
        unit: metres of one unit of ``basis * deviations``.
        rows: (V',) the vertices to keep; all if ``None``.
    """
    count = len(deviations)
    columns = basis[:, :count].reshape(-1, 3, count)
    kept = columns if rows is None else columns[rows]
    scale = (deviations.astype(np.float64) * unit).astype(np.float32)
    offsets = np.empty((count, kept.shape[0], 3), np.float32)
    np.multiply(kept.transpose(2, 0, 1), scale[:, None, None], out=offsets, casting="same_kind")
    return offsets


def column_norms(basis: NDArray[Any]) -> NDArray[np.float64]:
    """(K,) Euclidean length of each column."""
    return np.sqrt(np.einsum("ij,ij->j", basis, basis, dtype=np.float64))


def gamma_albedo(mean: NDArray[Any], basis: Floats, name: str) -> PublishedAlbedo:
    """A colour model in sRGB, mean (V, 3) 0..1 and basis (A, V, 3), linearised at its mean.

    d linear / d sRGB is 1/12.92 on the straight part and 2.4/1.055 ((v + 0.055)/1.055)^1.4 on the curve. ``basis`` is
    overwritten.
    """
    middle = np.clip(mean, 0.0, 1.0).astype(np.float64)
    slope = np.where(middle <= 0.04045, 1 / 12.92, 2.4 / 1.055 * ((middle + 0.055) / 1.055) ** 1.4)
    basis *= slope.astype(np.float32)
    return PublishedAlbedo(srgb_to_linear(middle).astype(np.float32), basis, name)


def outward_polygons(triangles: NDArray[Any], vertices: NDArray[Any], name: str) -> Ints:
    """(F, 4) polygons of zero-based triangles (F, 3), all turned round if they look inward.

    Publishers disagree about the winding. Seen from the middle of the head, the normals' sum tells it.

    Raises ``FileDamaged``: an index is not a whole number of a vertex.
    """
    corners = np.asarray(triangles, np.float64)
    if corners.min() < 0 or corners.max() >= len(vertices) or (corners % 1).any():
        raise FileDamaged(f"“{name}” in it names vertices that it does not have")
    faces = corners.astype(np.int64)
    a, b, c = (vertices[faces[:, k]].astype(np.float64) for k in range(3))
    centre = (vertices.max(0) + vertices.min(0)) / 2
    if (np.cross(b - a, c - a) * (a + b + c - 3 * centre)).sum() < 0:
        faces = faces[:, ::-1]
    return np.pad(faces, ((0, 0), (0, 1)), constant_values=-1).astype(np.int32)


def indices(values: NDArray[Any], count: int, first: int, name: str) -> Ints:
    """Zero-based (N,) indices below ``count`` of a list that counts from ``first``.

    Raises ``FileDamaged``: one is out of range or not whole.
    """
    flat = np.asarray(values, np.float64).reshape(-1) - first
    if not np.isfinite(flat).all() or (flat < 0).any() or (flat >= count).any() or (flat % 1).any():
        raise FileDamaged(f"“{name}” in it is not a list of indices from {first} to {count - 1 + first}")
    return flat.astype(np.int32)


def pca_expressions(count: int) -> tuple[tuple[str, ...], Floats]:
    """Names and range (E, 2) of ``count`` components without names."""
    return tuple(f"expression_{k:03d}" for k in range(count)), np.tile(np.array([-3, 3], np.float32), (count, 1))


def single_vertices(vertices: Ints) -> tuple[Ints, Floats]:
    """Points that are vertices, as (L, 3) vertices and (L, 3) weights."""
    weights = np.zeros((len(vertices), 3), np.float32)
    weights[:, 0] = 1
    return np.repeat(vertices[:, None], 3, axis=1).astype(np.int32), weights


def checked_head(model: PublishedModel) -> PublishedModel:
    """``model`` itself if it is a face of human size that looks down +Z, with offsets of human size.

    Raises ``FileDamaged``.
    """
    height = float(np.ptp(model.mean[:, 1]))
    if not HEIGHT[0] <= height <= HEIGHT[1]:
        raise FileDamaged(f"its mean head is {height * 1000:.0f} mm tall, so its units are not the expected ones")
    if not _looks_forward(model):
        raise FileDamaged("its mean head does not look down +Z")
    for kind, basis in (("identity", model.identity_basis), ("expression", model.expression_basis)):
        largest = float(max(basis.max(initial=0), -basis.min(initial=0)))
        if not largest < _LARGEST_OFFSET:
            raise FileDamaged(f"its {kind} offsets reach {largest * 1000:.0f} mm, so they do not belong to it")
    if model.albedo is not None and not np.isfinite(model.albedo.basis).all():
        raise FileDamaged("its colours are not finite")
    return replace(model, mean=np.ascontiguousarray(model.mean, np.float32))


def _looks_forward(model: PublishedModel) -> bool:
    """Nose before eyes, chin below them, the right eye on the right; without landmarks, the foremost vertex central."""
    if model.landmarks_68 is None:
        low, high = model.mean.min(0), model.mean.max(0)
        x, y, _ = (model.mean[model.mean[:, 2].argmax()] - low) / (high - low)
        return bool(0.35 < x < 0.65 and 0.15 < y < 0.85)
    vertices, weights = model.landmarks_68
    points = (model.mean[vertices] * weights[..., None]).sum(1)
    right, left, tip, chin = points[36], points[45], points[30], points[8]
    apart = left[0] - right[0]
    return bool(0.06 < apart < 0.14 and tip[2] > max(right[2], left[2]) and chin[1] < min(right[1], left[1]))
