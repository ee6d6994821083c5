"""What every tool's file becomes: coefficients of one person, frame by frame, and which model gives them meaning.

Shapes: I identity modes, E expressions of the model's own, T frames. Coefficients are the authors' own: standard
deviations of the model named, rotations of its joints against their parents in its axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ..contract import Floats, Licence
from ..files.damage import FileDamaged

Content = dict[str, NDArray[Any]]
"""A file's numeric arrays by name; of nested dictionaries ``outer/inner``; a lone array is called ``""``."""

LARGEST = 100.0
"""Standard deviations, radians, metres: no head has more, so such a file holds something else."""
MOST_FRAMES = 200_000

FLAME_2020 = "2020-generic"
FLAME_2023 = "2023-generic"
DEEP3D = "2009-deep3d"
"""Versions of models as their loaders name them, without a file's fingerprint."""


@dataclass(frozen=True)
class Coefficients:
    """One person in T frames."""

    tool: str
    """Who made them, e.g. ``"SMIRK"``."""
    family: Literal["flame", "bfm2009"]
    version: str
    """The one version of the family whose modes they count, e.g. ``"2020-generic"``."""
    licence: Licence
    """The tool's; the model's own comes on top."""
    identity: Floats
    """(I,), of the first frame."""
    expression: Floats
    """(T, E)."""
    rotations: dict[str, Floats] = field(default_factory=dict)
    """(T, 3, 3) by joint in the house's names; a joint that is not there rests."""
    eyelids: Floats | None = None
    """(T, 2) how far the subject's left and right lid close, 0..1."""
    offsets: Floats | None = None
    """(V, 3) metres, the person's own deviation from the model; V may exceed the model's (added teeth)."""
    albedo: Floats | None = None
    """(A,) of the model's own albedo space; None where the file does not say which space its numbers belong to."""
    others: dict[str, Floats] = field(default_factory=dict)
    """(T, ...) kept as the tool means it: ``camera`` (scale, x, y), ``translation``, ``camera_rotation`` ..."""
    notes: tuple[str, ...] = ()
    """Sentences for the user."""

    @property
    def frames(self) -> int:
        """T."""
        return len(self.expression)


def rows(content: Content, name: str, *widths: int, limit: float = LARGEST) -> NDArray[np.float64]:
    """The array ``name`` as (T, width), a plain vector as one row.

    Args:
        content: of a file.
        name: it must be there.
        widths: numbers in a row that the tool writes, any of them.
        limit: what no number may exceed.

    Raises:
        FileDamaged: another width, not numbers, or numbers that no head has.
    """
    values = np.asarray(content[name])
    shown = f"“{name}”" if name else "its array"
    if values.dtype.kind not in "fiu" or not values.size:
        raise FileDamaged(f"{shown} holds no numbers")
    width = values.shape[-1] if values.ndim else 1
    if width not in widths:
        expected = " or ".join(map(str, widths))
        raise FileDamaged(f"{shown} has {width} numbers a frame where {expected} are expected")
    if values.size // width > MOST_FRAMES:
        raise FileDamaged(f"{shown} has {values.size // width:,} frames")
    table = values.reshape(-1, width).astype(np.float64)
    if not np.isfinite(table).all() or np.abs(table).max() > limit:
        raise FileDamaged(f"{shown} holds numbers that no head has")
    return table


def frames_of(parts: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Tables (T, ...) of one length: those of a single row are repeated. Raises ``FileDamaged``."""
    count = max(len(table) for table in parts.values())
    for name, table in parts.items():
        if len(table) not in (1, count):
            raise FileDamaged(f"“{name}” has {len(table)} frames where others have {count}")
    return {name: np.repeat(table, count, 0) if len(table) < count else table for name, table in parts.items()}


def person(identities: NDArray[np.float64]) -> tuple[Floats, tuple[str, ...]]:
    """The first frame's identity (I,) of (T, I), and a note where frames differ."""
    first = identities[0].astype(np.float32)
    if np.abs(identities - identities[:1]).max() < 1e-5:
        return first, ()
    return first, ("Its identity differs from frame to frame; the first frame's was used.",)


def turns(axis_angle: NDArray[np.float64]) -> Floats:
    """Rotation matrices (T, 3, 3) of axis-angle vectors (T, 3), radians."""
    return Rotation.from_rotvec(axis_angle).as_matrix().astype(np.float32)


def turns_of_six(values: NDArray[np.float64]) -> Floats:
    """Rotation matrices (T, 3, 3) whose first two rows are (T, 6) made orthonormal (Zhou et al. 2019, by rows).

    Raises ``FileDamaged`` where the two are parallel.
    """
    first, second = values[:, :3], values[:, 3:]
    x = _unit(first)
    y = _unit(second - (x * second).sum(1, keepdims=True) * x)
    return np.stack([x, y, np.cross(x, y)], 1).astype(np.float32)


def float32(tables: dict[str, NDArray[np.float64]], names: Sequence[str]) -> dict[str, Floats]:
    """The tables of these names, those that are there."""
    return {name: tables[name].astype(np.float32) for name in names if name in tables}


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    if (length < 1e-8).any():
        raise FileDamaged("a rotation in it is none")
    return np.asarray(vectors / length)
