"""Parts that ride on the lids: their motion follows from that of the lid's margin, turning with it about the eye."""

from __future__ import annotations

import numpy as np

from .cage import Array, Head
from .eyeball import EQUATOR_RING, EYE_SEGMENTS

SMALL = 0.02
"""Share of a mode at which its linear part is measured."""


def bound_modes(head: Head, fields: Array) -> Array:
    """Identity modes with the bound parts' rows made to follow the lids, linear in the mode.

    Args:
        head: the head.
        fields: (K, N', 3) mm offsets of the control vertices.
    """
    count = len(head.cage.vertices)
    skin = int(head.subdivision[:, :count].getnnz(1).nonzero()[0][-1]) + 1
    final = np.stack([head.subdivision @ field for field in fields])
    plus, minus = (bind(head, sign * SMALL * final) for sign in (1, -1))
    result = fields.copy()
    rows = np.flatnonzero(head.anchors >= 0)
    result[:, rows - skin + count] = (plus[:, rows] - minus[:, rows]) / (2 * SMALL)
    return result


def bound_shapes(head: Head, shapes: dict[str, Array]) -> dict[str, Array]:
    """Expressions (V, 3) mm by name with the bound parts following the lids as they stand at weight 1."""
    bound = bind(head, np.stack(list(shapes.values())))
    return {name: np.where(np.abs(offsets) < 1e-4, 0.0, offsets) for name, offsets in zip(shapes, bound, strict=True)}


def bind(head: Head, fields: Array) -> Array:
    """Offsets (K, V, 3) mm with the rows of bound parts replaced by the rigid motion of the margin they sit on.

    The margin's frame is the direction from the eyeball's centre and the line of the lid's edge; at the corners of
    the eye, where the edge turns back, the line between the corners.
    """
    result = fields.copy()
    for side in "RL":
        eye = head.groups[f"eye_{side}"]
        equator = eye[1 + EQUATOR_RING * EYE_SEGMENTS : 1 + (EQUATOR_RING + 1) * EYE_SEGMENTS]
        centre = head.cage.eye_centres[side]
        moved_centre = centre + fields[:, equator].mean(1)
        for lid in ("upper", "lower"):
            chain = head.cage.groups[f"lid_{lid}_{side}"]
            before = _frames(head.vertices[chain][None], centre[None])[0]
            moved = head.vertices[chain] + fields[:, chain]
            turn = np.einsum("kcij,clj->kcil", _frames(moved, moved_centre), before)
            for column, anchor in enumerate(chain):
                rows = np.flatnonzero(head.anchors == anchor)
                arm = head.vertices[rows] - head.vertices[anchor]
                result[:, rows] = moved[:, None, column] + np.einsum("kij,rj->kri", turn[:, column], arm)
                result[:, rows] -= head.vertices[rows]
    return result


def _frames(edge: Array, centre: Array) -> Array:
    """(K, C, 3, 3) rotations, axes in columns, at the edges (K, C, 3) of lids round ``centre`` (K, 3)."""
    normal = _unit(edge - centre[:, None])
    along = np.gradient(edge, axis=1)
    along[:, 0] = along[:, -1] = edge[:, -1] - edge[:, 0]
    along = _unit(along - (along * normal).sum(-1, keepdims=True) * normal)
    return np.stack([along, np.cross(normal, along), normal], -1)


def _unit(vectors: Array) -> Array:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
