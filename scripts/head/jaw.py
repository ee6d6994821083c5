"""The jaw: its hinge and how far each point of the skin goes with it."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from .cage import Array, Cage
from .shell import laplacian

HINGE = np.array([0.0, 7.0, -76.0])
"""Middle of the line through both condyles, mm: 12 mm in front of the tragus, slightly below it."""


def jaw_field(cage: Cage) -> Array:
    """(N,) 0..1 on the cage: 1 moves with the lower jaw, 0 stays with the skull.

    Harmonic between the lower lip, the chin and the lower half of the mouth's bag (1) and everything above the line
    from hinge to upper lip, behind the jaw and on the neck (0); then smoothed, and symmetric by construction.
    """
    fixed = np.full(len(cage.vertices), np.nan)
    _pin_skin(fixed, cage)
    _pin_mouth(fixed, cage)
    operator = laplacian(len(cage.vertices), cage.faces)
    held = np.isfinite(fixed)
    field = np.where(held, fixed, 0.0)
    inner = operator[~held][:, ~held].tocsc() + 1e-12 * sparse.eye((~held).sum())
    field[~held] = linalg.spsolve(inner, -operator[~held][:, held] @ field[held])
    lips = np.zeros(len(field), bool)
    lips[np.concatenate([cage.groups["mouth_0"], cage.groups["mouth_1"]])] = True
    for _ in range(8):
        field -= np.where(lips, 0, 0.5 * (operator @ field))
    field = np.clip(field, 0, 1)
    return (field + field[cage.mirror]) / 2


def _pin_skin(fixed: Array, cage: Cage) -> None:
    x, y, z = cage.vertices.T
    lower = cage.vertices[cage.groups["lip_lower"], 1].mean()
    elevation = np.degrees(np.arctan2(y - HINGE[1], z - HINGE[2]))
    bone = elevation + 4 * np.clip(np.abs(x) / 60, 0, 1) > -17
    fixed[(y > -14) & bone] = 0
    fixed[(z < -100) | (y < -122)] = 0
    fixed[(z > -24) & (y < lower - 10) & (y > -86) & (np.abs(x) < 22)] = 1
    for side in "RL":
        fixed[cage.groups[f"ear_{side}"]] = 0


def _pin_mouth(fixed: Array, cage: Cage) -> None:
    """Upper and lower half of every ring; the rings' corners float between them."""
    half = len(cage.groups["mouth_0"]) // 2
    for number in range(7):
        ring = cage.groups[f"mouth_{number}"]
        clear = 1 if number < 3 else 2
        fixed[ring] = np.nan
        fixed[ring[clear : half - clear + 1]] = 0
        fixed[ring[half + clear : 2 * half - clear + 1]] = 1
    fixed[cage.groups["mouth_cap"]] = 0.5
