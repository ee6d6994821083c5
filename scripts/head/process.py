"""The prior of the identity space: a mirror-symmetric Gaussian process and directions in which heads differ.

The process is the construction of Luethi et al., "Gaussian Process Morphable Models" (PAMI 2018), with the kernel sizes
that Gerig et al. (FG 2018) use for the Basel face model as a guide; the directions come from ``identity_traits``.
"""

from __future__ import annotations

import numpy as np

from .cage import Array, Head, Indices
from .identity_traits import amplitude, trait_fields

SCALES = ((90.0, 3.8), (45.0, 1.6), (22.0, 0.6))
"""(sigma, s) in mm of the kernels s^2 exp(-d^2 / sigma^2), per coordinate: proportions, features, forms."""
SYMMETRY = 0.94
"""Share of the variance that both halves of the face have in common."""
NODES = 210
"""Points on the right half that carry the process (Nystroem)."""
NODE_RANK = 110
"""Eigenfunctions kept per coordinate."""
LID_NEAR, LID_FAR = 14.6, 23.0
"""mm from the eyeball's centre: lids inside the first keep their distance to it, skin outside the second is free."""
BEHIND_LID = {"inner": 1.0, "back": 0.75, "pocket": 0.4, "rear": 0.0}
"""How far the rings behind a lid's margin slide with it on the eyeball."""
CARRIED_BY_LIPS = slice(5, -5)
"""Part of the lips' line, from corner to corner, whose mean motion is that of the teeth."""


def prior(head: Head) -> tuple[Array, dict[str, Array]]:
    """Fields at the carriers, rigid motion of the face taken out, lids sliding on their eyeballs.

    Carriers are the cage's N vertices, then the right eyeball, the left one and the mouth's inside: eyeballs go along
    with their lids' margins, teeth, gums and tongue with the line of the lips.

    Returns:
        (K, N + 3, 3) mm factor of the covariance, the sum of the rows' outer products; and the traits "sex" and
        "age", (N + 3, 3), which are no rows of it.
    """
    points = head.cage.vertices
    traits = trait_fields(points, head)
    apart = {name: traits.pop(name) for name in ("sex", "age")}
    factor = np.concatenate([_process(points, head), np.stack([*traits.values(), *apart.values()])])
    factor = _without_rigid_motion(factor, points, _vertex_areas(head) * _face_weight(points))
    factor = np.concatenate([factor, _carried(factor, head)], axis=1)
    factor[:, : len(points)] = _lids_on_eyes(factor, head)
    return factor[: -len(apart)], dict(zip(apart, factor[-len(apart) :], strict=True))


def _carried(fields: Array, head: Head) -> Array:
    """(K, 3, 3) motion of the eyeballs and of the mouth's inside."""
    groups = head.cage.groups
    leading = (groups["lid_margin_R"], groups["lid_margin_L"], groups["lip_upper"][CARRIED_BY_LIPS])
    return np.stack([fields[:, vertices].mean(1) for vertices in leading], axis=1)


def carrier_weight(head: Head) -> Array:
    """(N + 3,) mm^2 of cage surface that each vertex stands for, a quarter of it off the face; 0 for the parts."""
    share = 0.25 + 0.75 * _face_weight(head.cage.vertices)
    return np.r_[_vertex_areas(head) * share, 0, 0, 0]


def _process(points: Array, head: Head) -> Array:
    """(K, P, 3) factor of the Gaussian process' covariance: the covariance is the sum of the K outer products.

    With k_sym(x, y) = I k(x, y) + diag(-1, 1, 1) k(x, mirror of y) the coordinates are independent of each other,
    so each is a scalar process of its own.
    """
    nodes = _spread(head.cage.vertices, head.cage.mirror)
    scale, node_scale = amplitude(points, head), amplitude(nodes, head)
    columns = []
    for axis in range(3):
        sign = -1.0 if axis == 0 else 1.0
        kernel = _kernel(nodes, nodes, sign) * np.outer(node_scale[:, axis], node_scale[:, axis])
        values, vectors = np.linalg.eigh(kernel)
        keep = np.argsort(values)[::-1][:NODE_RANK]
        cross = _kernel(points, nodes, sign) * np.outer(scale[:, axis], node_scale[:, axis])
        part = np.zeros((NODE_RANK, len(points), 3))
        part[:, :, axis] = (cross @ (vectors[:, keep] / np.sqrt(values[keep]))).T
        columns.append(part)
    return np.concatenate(columns)


def _kernel(first: Array, second: Array, sign: float) -> Array:
    """(P, Q) covariance of one coordinate; ``sign`` is -1 for x."""
    half = SYMMETRY / 2
    return (1 - half) * _radial(first, second) + sign * half * _radial(first, second * [-1, 1, 1])


def _radial(first: Array, second: Array) -> Array:
    squared = ((first[:, None] - second[None]) ** 2).sum(-1)
    return np.sum([s**2 * np.exp(-squared / sigma**2) for sigma, s in SCALES], axis=0)


def _spread(vertices: Array, mirror: Indices) -> Array:
    """(Q, 3) farthest-point sample of the right half together with its mirror image."""
    right = np.flatnonzero((vertices[:, 0] < -0.5) & (np.arange(len(vertices)) < mirror.max() + 1))
    chosen = [int(right[0])]
    distance = np.full(len(right), np.inf)
    for _ in range(NODES - 1):
        distance = np.minimum(distance, np.linalg.norm(vertices[right] - vertices[chosen[-1]], axis=1))
        chosen.append(int(right[distance.argmax()]))
    return np.vstack([vertices[chosen], vertices[mirror[chosen]]])


def _vertex_areas(head: Head) -> Array:
    """(N,) mm^2 of cage surface that belongs to each vertex."""
    faces = np.array(head.cage.faces)
    corner = head.cage.vertices[faces]
    area = np.linalg.norm(np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1]), axis=1) / 2
    areas = np.bincount(faces.ravel(), np.repeat(area / 4, 4), minlength=len(head.cage.vertices))
    return np.asarray(areas, np.float64)


def _face_weight(points: Array) -> Array:
    """(P,) 1 on the face, 0 on the back of the head and the neck."""
    front = np.clip((points[:, 2] + 75) / 40, 0, 1)
    return np.asarray(front * np.clip((points[:, 1] + 105) / 30, 0, 1), np.float64)


def _without_rigid_motion(factor: Array, points: Array, weight: Array) -> Array:
    """Subtract from each field its weighted least-squares translation and small rotation."""
    centre = np.average(points, axis=0, weights=weight)
    relative = points - centre
    turns = [np.cross(axis, relative) for axis in np.eye(3)]
    moves = [np.broadcast_to(axis, points.shape) for axis in np.eye(3)]
    basis = np.stack([*turns, *moves]).reshape(6, -1)
    weights = np.repeat(weight, 3)
    flat = factor.reshape(len(factor), -1)
    amount = np.linalg.solve((basis * weights) @ basis.T, (basis * weights) @ flat.T)
    return (flat - amount.T @ basis).reshape(factor.shape)


def _lids_on_eyes(factor: Array, head: Head) -> Array:
    """Fields on the cage alone, with the motion of the lids relative to the eyeball made tangential to it."""
    vertices, count = head.cage.vertices, len(head.cage.vertices)
    fields = factor[:, :count].copy()
    for column, side in ((count, "R"), (count + 1, "L")):
        arm = vertices - head.cage.eye_centres[side]
        distance = np.linalg.norm(arm, axis=1)
        near = 1 - np.clip((distance - LID_NEAR) / (LID_FAR - LID_NEAR), 0, 1)
        near = near**2 * (3 - 2 * near)
        direction = arm / distance[:, None]
        relative = fields - factor[:, column : column + 1]
        radial = np.einsum("kvc,vc->kv", relative, direction)
        fields -= (near * radial)[..., None] * direction
        margin = relative[:, head.cage.groups[f"lid_margin_{side}"]]
        for ring, share in BEHIND_LID.items():
            behind = head.cage.groups[f"lid_{ring}_{side}"]
            along = margin - np.einsum("kvc,vc->kv", margin, direction[behind])[..., None] * direction[behind]
            fields[:, behind] = factor[:, column : column + 1] + share * along
    return fields
