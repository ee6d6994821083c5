"""The two meshes of the built-in head: the control cage that the builders edit and the final head grown from it.

Axes while building: millimetres, x the subject's left, y up, z forward (``assembly.to_head_space`` moves the result to
head space). Vertex i < 468 of both meshes is point i of MediaPipe's face mesh.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.contract import Material

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Face = tuple[int, ...]

SIDES = {"R": -1.0, "L": 1.0}
"""Sign of x on the subject's right and left side."""


@dataclass(frozen=True)
class Cage:
    """Control net of the skin; one Catmull-Clark step makes it the final skin."""

    vertices: Array
    """(N, 3) mm."""
    faces: list[Face]
    """Counter-clockwise seen from outside; all quads."""
    mirror: Indices
    """(N,) index of the mirror image across x = 0."""
    groups: dict[str, Indices] = field(default_factory=dict)
    """Ordered vertex lists. ``_L[k]`` is the mirror image of ``_R[k]`` in every pair.

    ``lid_margin_R/L`` (32) the edge of the lids where skin turns inwards, closed loop, from the outer canthus over
    the upper lid to the inner canthus and back along the lower lid; ``lid_upper_*``, ``lid_lower_*`` its two halves,
    each from outer to inner canthus, both canthi included; ``lid_inner_*``, ``lid_back_*``, ``lid_pocket_*``,
    ``lid_rear_*`` (32) the next rings behind it, vertex by vertex in the same order.
    ``lip_upper``, ``lip_lower`` the line where the lips touch, from the right corner to the left one, both corners
    included; ``mouth_0`` (40) the loop of that line, from the right corner over the upper lip; ``mouth_1`` ... the
    rings behind it in the same order; ``mouth_cap`` the back of the mouth.
    ``ear_0_R/L`` (24) the ear's root on the skull, ``ear_1_*`` ... its rings outwards, over the rim and down to
    the concha; ``ear_R/L`` every vertex of an ear. ``nostril_0_R/L`` the rim of a nostril, ``nostril_1_*`` ... the
    rings inwards; ``nostril_R/L`` everything inside the rim. ``oval`` (72) MediaPipe's face oval; ``collar`` (72)
    the open lower edge; ``neck`` and ``skull`` the grid between them, ring by ring.
    """
    eye_centres: dict[str, Array] = field(default_factory=dict)
    """Centre of the eyeball of side ``"R"`` and ``"L"``, mm."""


@dataclass(frozen=True)
class Head:
    """The final mesh: the subdivided skin, then the separate parts (eyeballs, teeth, gums, tongue)."""

    vertices: Array
    """(V, 3) mm."""
    polygons: NDArray[np.int32]
    """(F, 4)."""
    uvs: Array
    """(F, 4, 2) per corner, 0..1 per material."""
    polygon_material: NDArray[np.int32]
    """(F,) index into ``materials``."""
    materials: tuple[Material, ...]
    groups: dict[str, Indices]
    """Vertex sets: face, scalp, neck, ears, lids, lips, mouth_bag, eye_L, eye_R, teeth_upper, teeth_lower,
    gums_upper, gums_lower, tongue, skin (everything that came from the cage), lashes_*, tears_*, caruncle_* and, of
    each eye_* (the eyeball with its cornea), iris_*, pupil_* and cornea_*."""
    mirror: Indices
    """(V,) index of the mirror image across x = 0."""
    cage: Cage
    subdivision: sparse.csr_matrix
    """(V, N') from the cage's N vertices, followed by the parts' own control vertices, to the final vertices."""
    controls: Array
    """(N', 3) those control vertices."""
    detail: Array
    """(V, 3) mm, fine relief such as the lid crease; ``vertices == subdivision @ controls + detail``."""
    anchors: Indices
    """(V,) the vertex of a lid's margin that a lash, tear or caruncle vertex rides on, -1 for all others."""
    eye_radius: float = 12.0
    """mm, sclera."""


def smoothstep(x: Array, low: float, high: float) -> Array:
    """0 below ``low``, 1 above ``high``, a cubic between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
